"""The command `w2v plan`: predict what a run needs, and compare the prediction with the run."""

from pathlib import Path
from typing import Annotated

import typer

from w2v_core.cli.commands.query import OptionalRunDir
from w2v_core.cli.commands.tokenize import settings_with_strict
from w2v_core.cli.options import (
    ConfigOption,
    FilesOption,
    JsonOption,
    MoreInputs,
    SetOption,
    StrictOption,
    print_json,
)
from w2v_core.console.plan_tables import print_comparison, print_prediction
from w2v_core.errors import UserError
from w2v_core.pipeline.plan import predict_run
from w2v_core.planning.predict import DEFAULT_SAMPLE_BYTES
from w2v_core.planning.prediction import Prediction, compare
from w2v_core.runs.run_directory import RunDir

WorkersOption = Annotated[
    int | None, typer.Option("--workers", min=1, help="Sets train.workers and executor.workers.")
]


SampleOption = Annotated[
    float, typer.Option("--sample-mb", min=0.01, help="The size of the sample in megabytes.")
]


SeedOption = Annotated[int, typer.Option("--sample-seed", min=0, help="The seed of the sample.")]


PredictionOption = Annotated[
    str | None,
    typer.Option(
        "--prediction", metavar="FILE", help="With --run-dir: a prediction to compare with that run."
    ),
]


def plan(
    input: FilesOption = None,  # noqa: A002
    more_inputs: MoreInputs = None,
    workers: WorkersOption = None,
    sample_mb: SampleOption = DEFAULT_SAMPLE_BYTES / 1e6,
    sample_seed: SeedOption = 1,
    run_dir: OptionalRunDir = None,
    prediction: PredictionOption = None,
    strict: StrictOption = False,
    json_: JsonOption = False,
    config: ConfigOption = None,
    set_: SetOption = None,
) -> None:
    """Predict words, rows, bytes and seconds of a run from a sample of its input, or compare with a run."""
    locations = [*(input or []), *(more_inputs or [])]
    if (run_dir is None) != (prediction is None) or (run_dir is not None and locations):
        raise UserError(
            "name either --input, to make a plan, or --run-dir with --prediction, to compare one with a run"
        )
    if run_dir is not None and prediction is not None:
        rows = compare(_read(prediction), RunDir.open(run_dir))
        print_comparison(rows)
        if json_:
            print_json([row.to_dict() for row in rows])
        return
    settings = settings_with_strict(config, [*(set_ or []), *_as_settings(workers)], strict)
    found = predict_run(locations, settings, round(sample_mb * 1e6), sample_seed)
    print_prediction(found)
    if json_:
        print_json(found.model_dump(mode="json"))


def _as_settings(workers: int | None) -> list[str]:
    return [] if workers is None else [f"train.workers={workers}", f"executor.workers={workers}"]


def _read(location: str) -> Prediction:
    try:
        data = Path(location).read_text(encoding="utf-8", errors="replace")
    except OSError as error:
        raise UserError(f"{location}: {error.strerror}; check --prediction") from None
    return Prediction.parse(data, location)

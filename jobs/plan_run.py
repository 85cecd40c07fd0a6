"""What a run will take, from a sample of its input, before anything is started; and afterwards, what it took."""

from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from jobs._log import show
from jobs._options import (
    ConfigOption,
    FilesOption,
    JsonOption,
    MoreInputs,
    SetOption,
    StrictOption,
    print_json,
    run_script,
    say,
)
from jobs._tables import PREFIX, tables_among
from jobs.query_vectors import OptionalRunDir
from jobs.tokenize_corpus import import_readers, load_packages, settings_with_strict
from w2v_core.config import Config
from w2v_core.errors import UserError
from w2v_core.plan.predict import DEFAULT_SAMPLE_BYTES, predict
from w2v_core.plan.prediction import Compared, Prediction, compare
from w2v_core.run_dir import RunDir
from w2v_core.text.inputs import find_files
from w2v_core.text.named_files import NamedFiles
from w2v_core.training.memory import available_bytes

WorkersOption = Annotated[
    int | None, typer.Option("--workers", min=1, help="As train.workers, and as cores of a local Spark.")
]
SampleOption = Annotated[
    float, typer.Option("--sample-mb", min=0.01, help="Megabytes of the input that are read.")
]
SeedOption = Annotated[int, typer.Option("--sample-seed", min=0, help="Chooses them.")]
PredictionOption = Annotated[
    str | None,
    typer.Option("--prediction", metavar="FILE", help="With --run-dir: a plan to hold against that run."),
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
    """Say from a sample of the input how many words, rows, bytes and seconds a run will be; or compare with a run."""
    locations = [*(input or []), *(more_inputs or [])]
    if (run_dir is None) != (prediction is None) or (run_dir is not None and locations):
        raise UserError(
            "name either --input, to make a plan, or --run-dir with --prediction, to compare one with a run"
        )
    if run_dir is not None and prediction is not None:
        rows = compare(_read(prediction), RunDir.open(run_dir))
        tell_comparison(rows)
        if json_:
            print_json([row.to_dict() for row in rows])
        return
    settings = settings_with_strict(config, [*(set_ or []), *_as_settings(workers)], strict)
    found = predict_run(locations, settings, round(sample_mb * 1e6), sample_seed)
    tell_prediction(found)
    if json_:
        print_json(found.model_dump(mode="json"))


def _as_settings(workers: int | None) -> list[str]:
    return [] if workers is None else [f"train.workers={workers}", f"spark.master=local[{workers}]"]


def predict_run(
    locations: list[str], config: Config, sample_bytes: int = DEFAULT_SAMPLE_BYTES, seed: int = 1
) -> Prediction:
    """The prediction of a run on what `locations` name. UserError for tables of a catalog, as for other input."""
    tables, files = tables_among(locations)
    if tables:
        raise UserError(
            f"input {PREFIX}{tables[0]}: a plan reads files, without Spark; name the table's own files, or leave it out"
        )
    found = find_files(files, config.tokenize.format, config.tokenize.column)
    import_readers(found)
    load_packages(config, NamedFiles.read(config.tokenize))
    say("plan: reading a sample")
    return predict(found, config, sample_bytes, seed)


def _read(location: str) -> Prediction:
    try:
        data = Path(location).read_text(encoding="utf-8", errors="replace")
    except OSError as error:
        raise UserError(f"{location}: {error.strerror}; check --prediction") from None
    return Prediction.parse(data, location)


def tell_prediction(found: Prediction) -> None:
    """The plan as a table, and what is short here."""
    table = Table("what", title="the run, as a sample promises it")
    table.add_column("", justify="right")
    for name, told in _lines(found):
        table.add_row(name, told)
    sample = found.sample
    say(
        f"plan: read {sample.bytes / 1e6:.1f} of {sample.total_bytes / 1e6:.1f} MB "
        f"({sample.bytes / sample.total_bytes:.1%}) in {sample.seconds:.1f} s"
    )
    show(table, f"plan: {found.seconds.total:,.0f} s", "plan", **found.model_dump(mode="json"))
    for note in found.notes:
        say(f"plan: {note}")
    if (free := available_bytes()) is not None and found.memory.training > free:
        say(
            f"plan: training needs {found.memory.training / 1e9:.1f} GB of memory and {free / 1e9:.1f} are free; lower "
            "train.vector_size, raise vocab.min_count, or set vocab.max_final_vocab",
            level="warning",
        )


def _lines(found: Prediction) -> list[tuple[str, str]]:
    counts = [(name.replace("_", " "), f"{number:,}") for name, number in found.counts]
    sizes = [(f"{name} on disk", _size(size)) for name, size in found.bytes if name != "disk"]
    memory = [(f"memory, {name.replace('_', ' ')}", _size(size)) for name, size in found.memory]
    seconds = [(f"{name.replace('_', ' ')}", f"{number:,.1f} s") for name, number in found.seconds]
    return [*counts, *sizes, ("disk, all", _size(found.bytes.disk)), *memory, *seconds]


def _size(num_bytes: int) -> str:
    return f"{num_bytes / 1e6:,.1f} MB"


def tell_comparison(rows: list[Compared]) -> None:
    """Predictions and facts beside each other."""
    if not rows:
        raise UserError("the run has no finished stage yet, and nothing to compare")
    table = Table("what")
    for heading in ("predicted", "actual", "ratio"):
        table.add_column(heading, justify="right")
    for row in rows:
        form = ",.1f" if row.what.startswith("seconds") else ",.0f"
        ratio = "" if row.ratio is None else f"{row.ratio:.3f}"
        table.add_row(row.what, format(row.predicted, form), format(row.actual, form), ratio)
    show(table, "plan: compared", "plan_compared", rows=[row.to_dict() for row in rows])


if __name__ == "__main__":
    run_script(plan)

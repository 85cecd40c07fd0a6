"""The command `w2v evaluate`: scores on similarity and analogy sets."""

from typing import Annotated

import typer

from w2v_core.cli.options import ConfigOption, JsonOption, RunDirOption, SetOption, print_json
from w2v_core.config import Config, load_config
from w2v_core.errors import UserError
from w2v_core.pipeline.evaluate import evaluate_vectors, has_sets
from w2v_core.pipeline.one_writer import writing
from w2v_core.pipeline.report import has_report, write_report
from w2v_core.runs.run_directory import RunDir

SimilarityOption = Annotated[
    list[str] | None,
    typer.Option(
        "--similarity", metavar="FILE", help="`word word score` lines, or a set's name; may be repeated."
    ),
]


AnalogiesOption = Annotated[
    list[str] | None,
    typer.Option(
        "--analogies",
        metavar="FILE",
        help="`: section` and `a b c d` lines, or a set's name; may be repeated.",
    ),
]


AgainstOption = Annotated[
    str | None,
    typer.Option("--against", metavar="DIR", help="Another run, or its vectors, to compare these with."),
]


def evaluate(
    run_dir: RunDirOption,
    similarity: SimilarityOption = None,
    analogies: AnalogiesOption = None,
    against: AgainstOption = None,
    json_: JsonOption = False,
    config: ConfigOption = None,
    set_: SetOption = None,
) -> None:
    """Score the vectors on word similarity and analogy sets, and compare them with another run's."""
    settings = with_sets(load_config(config, set_ or ()), similarity, analogies)
    if not has_sets(settings) and against is None:
        raise UserError("nothing to evaluate against; name files with --similarity or --analogies")
    with writing(RunDir.open(run_dir), "w2v evaluate") as run:
        had_page = has_report(run)
        report = evaluate_vectors(run, settings, against)
        if had_page:
            write_report(run, settings)
    if json_:
        print_json(report)


def with_sets(config: Config, similarity: list[str] | None, analogies: list[str] | None) -> Config:
    """Return the configuration with the sets that the command line names."""
    given = {"similarity": tuple(similarity or ()), "analogies": tuple(analogies or ())}
    update = {key: files for key, files in given.items() if files}
    return config.model_copy(update={"evaluate": config.evaluate.model_copy(update=update)})

"""The command `w2v track`: log a finished run to MLflow."""

from typing import Annotated

import typer

from w2v_core.cli.options import RunDirOption
from w2v_core.integrations.mlflow import import_client, log_run, reject_tracking
from w2v_core.runs.run_directory import RunDir

UriOption = Annotated[
    str, typer.Option("--uri", metavar="URI", envvar="MLFLOW_TRACKING_URI", help="The tracking server.")
]
ExperimentOption = Annotated[
    str, typer.Option("--experiment", metavar="NAME", help="The experiment, created if it does not exist.")
]
RequiredOption = Annotated[
    bool,
    typer.Option(
        "--required", help="Exit with status 2 if the server is unreachable, instead of logging a warning."
    ),
]


def track(
    run_dir: RunDirOption,
    uri: UriOption,
    experiment: ExperimentOption = "w2v",
    required: RequiredOption = False,
) -> None:
    """Log a finished run's settings, curves, scores and report to MLflow."""
    reject_tracking(uri)
    import_client()
    log_run(uri, experiment, RunDir.open(run_dir), required=required)

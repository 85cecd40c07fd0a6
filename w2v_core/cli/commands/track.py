"""A finished run to an MLflow tracking server."""

from typing import Annotated

import typer

from w2v_core.cli.options import RunDirOption
from w2v_core.integrations.mlflow import import_client, log_run, reject_tracking
from w2v_core.runs.run_directory import RunDir

UriOption = Annotated[
    str, typer.Option("--uri", metavar="URI", envvar="MLFLOW_TRACKING_URI", help="Of the tracking server.")
]
ExperimentOption = Annotated[
    str, typer.Option("--experiment", metavar="NAME", help="Made where it is not there.")
]
RequiredOption = Annotated[
    bool,
    typer.Option("--required", help="End with 2 where the server cannot be reached, instead of telling it."),
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

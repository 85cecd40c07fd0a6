"""The command `w2v nightly`: train on new input, evaluate the gate, and publish a version."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated

import typer

from w2v_core.cli.commands.evaluate import AnalogiesOption, SimilarityOption, with_sets
from w2v_core.cli.commands.publish import NameOption, StoreOption
from w2v_core.cli.commands.tokenize import all_inputs, settings_with_strict
from w2v_core.cli.executor import ExecutorOption, opened_executor
from w2v_core.cli.options import (
    ConfigOption,
    FilesOption,
    InputListOption,
    JsonOption,
    MoreInputs,
    SetOption,
    StrictOption,
    print_json,
)
from w2v_core.cli.training import watch_training
from w2v_core.errors import UserError
from w2v_core.locking.heartbeat import hold_lease
from w2v_core.locking.lease import Lease, acquire
from w2v_core.nightly.work import WorkFolder
from w2v_core.pipeline.nightly import NightlyRun
from w2v_core.pipeline.one_writer import log_waiting
from w2v_core.registry.store import ModelStore

WorkOption = Annotated[
    str,
    typer.Option(
        "--work", metavar="DIR", help="The work folder of this model's nightly runs: a folder or a URI."
    ),
]
OnlyOption = Annotated[
    str | None,
    typer.Option(
        "--only",
        metavar="begin|finish",
        help="Run only this part, for schedulers that run the stages in between; needs --owner.",
    ),
]
OwnerOption = Annotated[
    str | None,
    typer.Option(
        "--owner", metavar="TEXT", help="The owner of the nightly run between begin and finish: a run ID."
    ),
]
NightlyFreshOption = Annotated[
    bool, typer.Option("--fresh", help="Drop an unfinished nightly run, and start again.")
]
MetricsOption = Annotated[
    str | None,
    typer.Option("--metrics-file", metavar="FILE", help="A *.prom file for Prometheus' textfile collector."),
]
MlflowOption = Annotated[
    str | None,
    typer.Option(
        "--mlflow", metavar="URI", help="Log the nightly run to this tracking server, as `w2v track` does."
    ),
]


def nightly(
    store: StoreOption,
    name: NameOption,
    work: WorkOption,
    input: FilesOption = None,  # noqa: A002
    more_inputs: MoreInputs = None,
    input_list: InputListOption = None,
    only: OnlyOption = None,
    owner: OwnerOption = None,
    fresh: NightlyFreshOption = False,
    metrics_file: MetricsOption = None,
    mlflow: MlflowOption = None,
    similarity: SimilarityOption = None,
    analogies: AnalogiesOption = None,
    strict: StrictOption = False,
    json_: JsonOption = False,
    executor: ExecutorOption = None,
    config: ConfigOption = None,
    set_: SetOption = None,
) -> None:
    """Train on what arrived since the current version, and publish the result if it passes the gate.

    A killed command continues when it is run again. After success it does nothing. Exits with status 3 if the gate
    rejects the version, and with status 4 if another nightly run holds the lease.
    """
    settings = with_sets(settings_with_strict(config, set_, strict), similarity, analogies)
    folder = WorkFolder(work)
    nightly_run = NightlyRun(
        folder, ModelStore(store).model(name), settings, metrics_file, mlflow, watch_training
    )
    locations = all_inputs(input, more_inputs, input_list)
    purpose = f"a nightly run of {name}"
    if only is None:
        with (
            hold_lease(folder.lease, purpose, log_waiting) as lease,
            opened_executor(settings, executor) as tasks,
        ):
            done = nightly_run.run(locations, fresh, lease, tasks)
    elif only not in ("begin", "finish"):
        raise UserError(f"--only {only!r} is not allowed; give begin or finish, or leave it out")
    elif owner is None:
        raise UserError(
            "--only needs --owner, a text that begin and finish share, such as the scheduler's run id"
        )
    else:
        lease = acquire(folder.lease, purpose, settings.night.lease_hours * 3600, owner=owner)
        with _released_at_the_end(lease, nightly_run):
            done = nightly_run.prepare(locations, fresh) if only == "begin" else nightly_run.publish(lease)
    if json_:
        print_json(done.to_dict())


@contextmanager
def _released_at_the_end(lease: Lease, nightly_run: NightlyRun) -> Iterator[None]:
    """Release the lease after this block unless the nightly run is unfinished."""
    try:
        yield
    finally:
        if not nightly_run.is_under_way():
            lease.release()

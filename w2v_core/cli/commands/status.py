"""The command `w2v status`: the last nightly runs of a model."""

from typing import Annotated

import typer

from w2v_core.cli.commands.nightly import WorkOption
from w2v_core.cli.options import JsonOption, print_json
from w2v_core.console.log import speaks_json
from w2v_core.console.tables import print_rows
from w2v_core.io.events import log_event
from w2v_core.nightly.work import Record, WorkFolder

HEADINGS = (
    "night",
    "outcome",
    "version",
    "minutes",
    "files",
    "MB",
    "tokens",
    "words",
    "loss",
    "overlap",
    "scores",
)

NUM_LEFT = 3

NumRunsOption = Annotated[int, typer.Option("--nights", min=1, help="The number of nightly runs to show.")]


def status(work: WorkOption, num_runs: NumRunsOption = 10, json_: JsonOption = False) -> None:
    """Show the last nightly runs: input, outcome, and whether one is unfinished."""
    folder = WorkFolder(work)
    folder.require()
    records, plan = folder.records(num_runs), folder.plan()
    if json_:
        print_json(
            {
                "under_way": plan.model_dump(mode="json", exclude={"prediction"}) if plan else None,
                "nights": [record.model_dump(mode="json") for record in records],
            }
        )
        return
    if speaks_json():
        for record in records:
            log_event(f"{record.night}: {record.outcome}", "night", **record.model_dump(mode="json"))
    elif records:
        print_rows(HEADINGS, [_row(record) for record in records], num_left=NUM_LEFT)
    else:
        log_event(f"no nightly run has ended in {work}")
    for record in records[-1:]:
        for message in (*record.refused_by, *([record.error] if record.error else [])):
            log_event(f"{record.night} {record.outcome}: {message}")
    if plan is not None:
        log_event(
            f"{plan.night} is under way, or was stopped: files {len(plan.files)}, from {plan.based_on or 'nothing'}"
        )


def _row(record: Record) -> tuple[str, ...]:
    return (
        record.night,
        record.outcome,
        record.version or "",
        f"{record.seconds / 60:.1f}",
        # A nightly run that failed before it had its files has read none; show no zero.
        *((f"{record.files:,}", f"{record.input_bytes / 1e6:.1f}") if record.files else ("", "")),
        *("" if value is None else f"{value:,}" for value in (record.tokens, record.words)),
        *(
            "" if value is None else f"{value:.3f}"
            for value in (record.held_out_loss, record.neighbor_overlap)
        ),
        " ".join("–" if score is None else f"{score:.3f}" for score in record.scores.values()),
    )

"""A plan, and a plan held against a run, as tables."""

from rich.table import Table

from w2v_core.console.log import print_table
from w2v_core.errors import UserError
from w2v_core.io.events import log_event
from w2v_core.planning.prediction import Compared, Prediction
from w2v_core.training.memory import available_bytes


def print_prediction(found: Prediction) -> None:
    """The plan as a table, and what is short here."""
    table = Table("what", title="the run, as a sample promises it")
    table.add_column("", justify="right")
    for name, text in _lines(found):
        table.add_row(name, text)
    sample = found.sample
    log_event(
        f"plan: read {sample.bytes / 1e6:.1f} of {sample.total_bytes / 1e6:.1f} MB "
        f"({sample.bytes / sample.total_bytes:.1%}) in {sample.seconds:.1f} s"
    )
    print_table(table, f"plan: {found.seconds.total:,.0f} s", "plan", **found.model_dump(mode="json"))
    for note in found.notes:
        log_event(f"plan: {note}")
    if (free := available_bytes()) is not None and found.memory.training > free:
        log_event(
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


def print_comparison(rows: list[Compared]) -> None:
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
    print_table(table, "plan: compared", "plan_compared", rows=[row.to_dict() for row in rows])

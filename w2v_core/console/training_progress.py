"""How far training is: a bar on a terminal, and a line for every tenth of the way elsewhere."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager

from rich.progress import BarColumn, TextColumn, TimeRemainingColumn
from rich.progress import Progress as Bar

from w2v_core.console.log import console, say, speaks_json
from w2v_core.training.trainer import Progress


def training_progress() -> AbstractContextManager[Callable[[Progress], None]]:
    """A bar on a terminal, and a line for every tenth of the way elsewhere."""
    # Rich before 14.3 ends a bar that is not shown with an empty line.
    return _bar() if console.is_terminal and not speaks_json() else _lines()


@contextmanager
def _bar() -> Iterator[Callable[[Progress], None]]:
    columns = (
        TextColumn("vectors"),
        BarColumn(),
        TextColumn("{task.percentage:.0f}%  {task.fields[facts]}  left"),
        TimeRemainingColumn(),
    )
    with Bar(*columns, console=console, transient=True) as bar:
        task = bar.add_task("", total=None, facts="")
        yield lambda progress: bar.update(
            task, total=progress.total_rows, completed=progress.rows, facts=_facts(progress)
        )


@contextmanager
def _lines() -> Iterator[Callable[[Progress], None]]:
    last_told = -1

    def show(progress: Progress) -> None:
        nonlocal last_told
        tenth = progress.rows * 10 // progress.total_rows
        if tenth > last_told:
            told = f"vectors: {progress.rows / progress.total_rows:.0%}  {_facts(progress)}"
            say(told, "training_progress", **progress.to_dict())
            last_told = tenth

    yield show


def _facts(progress: Progress) -> str:
    losses = [
        f"{name} {loss:.4f}"
        for name, loss in (("loss", progress.loss), ("held out", progress.held_out_loss))
        if loss is not None
    ]
    rates = [f"{progress.rows_per_second:,.0f} rows/s"] if progress.rows else []
    return "  ".join([f"epoch {progress.epoch}", *losses, f"alpha {progress.alpha:.5f}", *rates])

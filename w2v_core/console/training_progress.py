"""How far training is: a bar on a terminal, and a line for every tenth of the way elsewhere."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager

from rich.progress import BarColumn, TextColumn, TimeRemainingColumn
from rich.progress import Progress as Bar

from w2v_core.console.log import console, speaks_json
from w2v_core.io.events import log_event
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
        TextColumn("{task.percentage:.0f}%  {task.fields[text]}  left"),
        TimeRemainingColumn(),
    )
    with Bar(*columns, console=console, transient=True) as bar:
        task = bar.add_task("", total=None, text="")
        yield lambda progress: bar.update(
            task, total=progress.total_rows, completed=progress.rows, text=progress_text(progress)
        )


@contextmanager
def _lines() -> Iterator[Callable[[Progress], None]]:
    last_logged = -1

    def log_progress(progress: Progress) -> None:
        nonlocal last_logged
        tenth = progress.rows * 10 // progress.total_rows
        if tenth > last_logged:
            message = f"vectors: {progress.rows / progress.total_rows:.0%}  {progress_text(progress)}"
            log_event(message, "training_progress", **progress.to_dict())
            last_logged = tenth

    yield log_progress


def progress_text(progress: Progress) -> str:
    """Return epoch, losses, learning rate and speed."""
    losses = [
        f"{name} {loss:.4f}"
        for name, loss in (("loss", progress.loss), ("held out", progress.held_out_loss))
        if loss is not None
    ]
    rates = [f"{progress.rows_per_second:,.0f} rows/s"] if progress.rows else []
    return "  ".join([f"epoch {progress.epoch}", *losses, f"alpha {progress.alpha:.5f}", *rates])

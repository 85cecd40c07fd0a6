"""Progress of a fit: the console's bars in a terminal, one line that changes in a notebook, and nothing elsewhere."""

import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any, NamedTuple

from w2v_core.executors.base import Tasks, Watch, unwatched
from w2v_core.pipeline.train import Report
from w2v_core.training.trainer import Progress


class Display(NamedTuple):
    """What shows the tasks of the stages, and the progress of training."""

    tasks: Watch
    training: Callable[[], AbstractContextManager[Report]]


def display_for(progress: bool | None) -> Display:
    """Return the display: for None one of the terminal or the notebook, if this process has either."""
    if progress is False:
        return _SILENT
    if (shell := _notebook_shell()) is not None:
        return _in_notebook(shell)
    return _in_terminal() if progress or sys.stderr.isatty() else _SILENT


_SILENT = Display(unwatched, lambda: nullcontext(lambda _: None))


def _notebook_shell() -> Any:
    """Return the shell of the notebook that this process is the kernel of, or None."""
    if "IPython" not in sys.modules:
        return None
    from IPython import get_ipython

    shell = get_ipython()
    return shell if hasattr(shell, "kernel") else None


def _in_terminal() -> Display:
    from w2v_core.console.progress import progress
    from w2v_core.console.training_progress import training_progress

    return Display(progress, training_progress)


def _in_notebook(shell: Any) -> Display:
    line = _Line(shell)

    @contextmanager
    def tasks(job: str, look: Callable[[], Tasks]) -> Iterator[None]:
        line.show(job)
        yield
        line.show(f"{job}: {look()}")

    @contextmanager
    def training() -> Iterator[Report]:
        from w2v_core.console.training_progress import progress_text

        def show(progress: Progress) -> None:
            line.show(f"vectors: {progress.rows / progress.total_rows:.0%}  {progress_text(progress)}")

        yield show

    return Display(tasks, training)


class _Line:
    """One line below the cell, which changes."""

    def __init__(self, shell: Any) -> None:
        self._publish = shell.display_pub.publish
        self._id = f"w2v-{id(self)}"
        self._is_shown = False

    def show(self, text: str) -> None:
        """Show the text in place of the one before."""
        self._publish({"text/plain": text}, {}, transient={"display_id": self._id}, update=self._is_shown)
        self._is_shown = True

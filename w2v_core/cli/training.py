"""Progress of training on the command line, and its interruption."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from w2v_core.cli.signals import stop_on_signals
from w2v_core.console.training_progress import training_progress
from w2v_core.pipeline.train import Report


@contextmanager
def watch_training() -> Iterator[tuple[Report, Callable[[], bool]]]:
    """Show progress; save and stop at Ctrl-C and SIGTERM."""
    with stop_on_signals() as should_stop, training_progress() as show:
        yield show, should_stop

"""One command at a time writes into a run directory; a second one exits with status 4 and names the first."""

import os
from collections.abc import Iterator
from contextlib import contextmanager

from w2v_core.io.events import log_event
from w2v_core.locking.heartbeat import hold_lease
from w2v_core.runs.run_directory import RunDir


@contextmanager
def writing(run: RunDir, purpose: str) -> Iterator[RunDir]:
    """Yield `run` while no other process may write there. Raises LeaseHeldError if another process does.

    A run that is published or read-only needs no lease, so that a command can still report what is up to date.
    """
    if run.is_published() or _is_read_only(run):
        yield run
        return
    with hold_lease(run.lease, purpose, log_waiting):
        yield run


def log_waiting(holder: str) -> None:
    """Log which process the command waits for."""
    log_event(f"waiting for a sign of life of {holder}", "lease_waiting")


def _is_read_only(run: RunDir) -> bool:
    return run.folder.is_local and not os.access(run.folder.path, os.W_OK)

"""Runs the tasks of a stage in this process, one after the other: what one core does, and how long it takes."""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from typing import Any

from w2v_core.executors.local import Calls, LocalExecutor


class InProcessExecutor(LocalExecutor):
    """The local executor without worker processes.

    Parameters
    ----------
    temp_dir : str or None
        Folder for the files of shuffles; None for the system's.

    Attributes
    ----------
    seconds : dict of str to float
        Seconds of each job so far, by its name.
    """

    def __init__(self, temp_dir: str | None = None) -> None:
        super().__init__(1, temp_dir)
        self.seconds: dict[str, float] = {}

    def _running(self, job: str, num_calls: int) -> AbstractContextManager[Calls]:  # noqa: ARG002
        self.start()
        return self._timed(job)

    @contextmanager
    def _timed(self, job: str) -> Iterator[Calls]:
        started = time.perf_counter()
        yield _call_all
        self.seconds[job] = self.seconds.get(job, 0.0) + time.perf_counter() - started


def _call_all(function: Callable[..., Any], calls: Sequence[tuple[Any, ...]]) -> list[Any]:
    return [function(*call) for call in calls]

"""The local executor without its processes: what a test changes in a module holds for the tasks too."""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any

from w2v_core.executors.local import LocalExecutor


class InlineExecutor(LocalExecutor):
    """Makes the calls of a job in this process, one after the other. A task that raises costs no restart."""

    def _running(self, job: str, num_calls: int) -> AbstractContextManager[Any]:
        self.start()
        return nullcontext(_call_all)


def _call_all(function: Callable[..., Any], calls: Sequence[tuple[Any, ...]]) -> list[Any]:
    return [function(*call) for call in calls]

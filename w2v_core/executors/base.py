"""What a stage needs of whatever runs its tasks.

A task is a picklable callable: a function of a module, a `functools.partial` of one, or a frozen dataclass. It gets
plain values, writes its own files and returns Arrow batches or task results.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import NamedTuple, Protocol, TypeAlias

import pyarrow as pa

from w2v_core.runs.task_output import TaskResult

Batches: TypeAlias = Iterable[pa.RecordBatch]


class Tasks(NamedTuple):
    """Progress of a job: finished tasks, and all tasks that the job has started so far."""

    done: int
    total: int
    has_executor: bool = True
    """False while a cluster has not yet given the job a machine"""

    def __str__(self) -> str:
        tasks = f"{self.done:,}/{self.total:,} tasks"
        return tasks if self.has_executor else f"{tasks}, {_NO_EXECUTOR}"


_NO_EXECUTOR = (
    "no executor yet: has a worker of the cluster free what spark.executor.memory and cores ask for?"
)

Watch: TypeAlias = Callable[[str, Callable[[], Tasks]], AbstractContextManager[None]]
"""`watch(job, look)` is entered while `job` runs; `look()` returns its progress."""


def unwatched(_job: str, _look: Callable[[], Tasks]) -> AbstractContextManager[None]:
    """Report no progress."""
    return nullcontext()


@dataclass(frozen=True)
class RowsOfParts:
    """The batches of `schema` that `task(part)` yields for each part from 0 to num_parts - 1."""

    num_parts: int
    task: Callable[[int], Iterable[pa.RecordBatch]]
    schema: pa.Schema


Source: TypeAlias = RowsOfParts | pa.RecordBatch
"""Rows that a shuffle reads: those of a stage's parts, or a few that the driver holds."""


class CatalogTable(Protocol):
    """A table of a catalog, open for reading."""

    @property
    def schema(self) -> pa.Schema:
        """All columns of the table."""

    @property
    def files(self) -> list[str]:
        """The files of the table, sorted; empty where the catalog names none."""

    def run(
        self, job: str, columns: Sequence[str], task: Callable[[Batches, int], Iterator[TaskResult]]
    ) -> list[TaskResult]:
        """Run `task(rows, part)` for each part of the table, with these columns."""


class Executor(Protocol):
    """Runs the tasks of stages.

    For the same input, settings and seed, every implementation gives the same bytes.
    A `UserError` that a task raises is raised here as that.
    """

    name: str

    def start(self, run_name: str = "") -> None:
        """Start what tasks run on, unless it runs already. Raises UserError where that is not possible."""

    def run_parts(self, job: str, num_parts: int, task: Callable[[int], TaskResult]) -> list[TaskResult]:
        """Run `task(part)` for each part from 0 to num_parts - 1. `job` names the work for people."""

    def run_shuffled(
        self,
        job: str,
        sources: list[Source],
        key: str,
        num_parts: int,
        task: Callable[[Batches, int], Iterator[TaskResult]],
    ) -> list[TaskResult]:
        """Run `task(rows, part)` for each part of the rows; rows of one key come to one part, in any order."""

    def shuffled(
        self,
        job: str,
        sources: list[Source],
        key: str,
        num_parts: int,
        task: Callable[[Batches, int], Iterator[pa.RecordBatch]],
        schema: pa.Schema,
    ) -> pa.Table:
        """Return the rows of `schema` that `task(rows, part)` yields, as for `run_shuffled`."""

    def read_table(self, name: str) -> CatalogTable:
        """Open a table of the catalog. Raises UserError where there is no catalog or no such table."""

    def stop(self) -> None:
        """Free processes and temporary files. The next call starts them again."""

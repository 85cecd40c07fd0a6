"""The stages in this process: what a test changes in a module holds for their tasks too."""

from collections.abc import Callable, Iterable, Iterator
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from w2v_core.executors.base import Batches, RowsOfParts, Source
from w2v_core.executors.partitioning import parts_of_keys
from w2v_core.runs.task_output import TaskResult


class InlineExecutor:
    """Runs a task after the other, and holds the rows of a shuffle in memory."""

    name = "inline"

    def start(self, run_name: str = "") -> None:
        """Nothing is started."""

    def stop(self) -> None:
        """Nothing is stopped."""

    def run_parts(self, job: str, num_parts: int, task: Callable[[int], TaskResult]) -> list[TaskResult]:
        """As `Executor.run_parts`."""
        return [task(part) for part in range(num_parts)]

    def run_shuffled(
        self,
        job: str,
        sources: list[Source],
        key: str,
        num_parts: int,
        task: Callable[[Batches, int], Iterator[TaskResult]],
    ) -> list[TaskResult]:
        """As `Executor.run_shuffled`."""
        return [result for results in _shuffle(sources, key, num_parts, task) for result in results]

    def shuffled(
        self,
        job: str,
        sources: list[Source],
        key: str,
        num_parts: int,
        task: Callable[[Batches, int], Iterator[pa.RecordBatch]],
        schema: pa.Schema,
    ) -> pa.Table:
        """As `Executor.shuffled`."""
        found = _shuffle(sources, key, num_parts, task)
        return pa.Table.from_batches([batch for batches in found for batch in batches], schema)


def _shuffle(
    sources: list[Source], key: str, num_parts: int, task: Callable[[Batches, int], Iterable[Any]]
) -> Iterator[Iterable[Any]]:
    rows = pa.Table.from_batches([batch for source in sources for batch in _batches_of(source)])
    parts = pa.array(parts_of_keys(rows[key].combine_chunks(), num_parts))
    for part in range(num_parts):
        yield list(task(rows.filter(pc.equal(parts, part)).to_batches(), part))


def _batches_of(source: Source) -> Iterator[pa.RecordBatch]:
    if isinstance(source, RowsOfParts):
        yield pa.RecordBatch.from_pylist([], source.schema)
        for part in range(source.num_parts):
            yield from source.task(part)
    else:
        yield source

"""Runs the tasks of a stage in processes of this machine. Needs neither Java nor a cluster.

A shuffle goes through files in a temporary folder (`shuffle_files`). The number of processes and the size of their
buffers bound the memory, not the size of the corpus. A task that raises ends the job with its error.
No task is retried.
"""

import os
import pickle
import shutil
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from multiprocessing.connection import wait
from pathlib import Path
from typing import Any, Self, TypeAlias
from uuid import uuid4

import pyarrow as pa

from w2v_core.config.section import usable_cores
from w2v_core.errors import InputError, UserError
from w2v_core.executors.base import Batches, CatalogTable, RowsOfParts, Source, Tasks, Watch, unwatched
from w2v_core.executors.catalog import PREFIX
from w2v_core.executors.shuffle_files import (
    ShuffleFile,
    files_of_part,
    read_part,
    remove_files,
    write_shuffle_file,
)
from w2v_core.executors.temporary_folder import make_folder
from w2v_core.executors.worker_process import WorkerDiedError, WorkerProcess
from w2v_core.runs.task_output import TaskResult

Calls: TypeAlias = Callable[[Callable[..., Any], Sequence[tuple[Any, ...]]], list[Any]]
"""Makes calls of one function, and returns the results in order."""


class LocalExecutor:
    """Worker processes of this machine.

    Parameters
    ----------
    workers : int or None
        Number of processes; None for one a core that this process may use.
    temp_dir : str or None
        Folder for the files of shuffles; None for the system's.
    watch : callable
        Entered while a job runs, to show its progress.
    """

    name = "local"

    def __init__(
        self, workers: int | None = None, temp_dir: str | None = None, watch: Watch = unwatched
    ) -> None:
        self._num_workers = workers or usable_cores()
        self._temp_dir = temp_dir
        self._watch = watch
        self._workers: list[WorkerProcess] = []
        self._folder: Path | None = None

    def start(self, run_name: str = "") -> None:  # noqa: ARG002
        """Make the folder for temporary files and remove stale ones. Workers start with the first job."""
        if self._folder is None:
            try:
                self._folder = make_folder(self._temp_dir)
            except OSError as error:
                raise UserError(
                    f"executor.temp_dir = {self._temp_dir or tempfile.gettempdir()}: {error.strerror}; "
                    "name a folder that can be written"
                ) from None

    def run_parts(self, job: str, num_parts: int, task: Callable[[int], TaskResult]) -> list[TaskResult]:
        """Run `task(part)` for each part, as `Executor.run_parts`."""
        with self._running(job, num_parts) as run:
            return run(task, [(part,) for part in range(num_parts)])

    def run_shuffled(
        self,
        job: str,
        sources: list[Source],
        key: str,
        num_parts: int,
        task: Callable[[Batches, int], Iterator[TaskResult]],
    ) -> list[TaskResult]:
        """Run `task(rows, part)` for each part of the rows, as `Executor.run_shuffled`."""
        found = self._shuffle(job, sources, key, num_parts, task)
        return [task_result for task_results in found for task_result in task_results]

    def shuffled(
        self,
        job: str,
        sources: list[Source],
        key: str,
        num_parts: int,
        task: Callable[[Batches, int], Iterator[pa.RecordBatch]],
        schema: pa.Schema,
    ) -> pa.Table:
        """Return what `task(rows, part)` yields, as `Executor.shuffled`."""
        found = self._shuffle(job, sources, key, num_parts, task)
        return pa.Table.from_batches([batch for batches in found for batch in batches], schema)

    def read_table(self, name: str) -> CatalogTable:
        """Raise InputError: only Spark has a catalog."""
        raise InputError(f"input {PREFIX}{name}: only Spark reads catalog tables; add --executor spark")

    def stop(self) -> None:
        """End the processes and remove temporary files."""
        workers, self._workers = self._workers, []
        for worker in workers:
            worker.kill()
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)
            self._folder = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def _shuffle(
        self,
        job: str,
        sources: Sequence[Source],
        key: str,
        num_parts: int,
        task: Callable[[Batches, int], Iterable[Any]],
    ) -> list[list[Any]]:
        """What `task` yields for each part, in the order of the parts."""
        parted = [source for source in sources if isinstance(source, RowsOfParts)]
        with self._running(job, sum(source.num_parts for source in parted) + num_parts) as run:
            assert self._folder is not None
            files: list[ShuffleFile] = [
                write_shuffle_file([source], source.schema, key, num_parts, self._new_path())
                for source in sources
                if isinstance(source, pa.RecordBatch)
            ]
            for source in parted:
                write = _MapTask(source, key, num_parts, str(self._folder))
                files += run(write, [(part,) for part in range(source.num_parts)])
            calls = [(part, files_of_part(files, part)) for part in range(num_parts)]
            found: list[list[Any]] = run(_ReduceTask(task), calls)
            remove_files(files)
            return found

    def _new_path(self) -> str:
        assert self._folder is not None
        return str(self._folder / uuid4().hex)

    def _running(self, job: str, num_calls: int) -> AbstractContextManager[Calls]:
        self.start()
        for _ in range(min(self._num_workers, num_calls) - len(self._workers)):
            self._workers.append(WorkerProcess())
        return _Job(self, job, num_calls)


@dataclass(frozen=True)
class _MapTask:
    source: RowsOfParts
    key: str
    num_parts: int
    folder: str

    def __call__(self, part: int) -> ShuffleFile:
        path = os.path.join(self.folder, uuid4().hex)  # noqa: PTH118 - a task names a file, and no more
        return write_shuffle_file(self.source.task(part), self.source.schema, self.key, self.num_parts, path)


@dataclass(frozen=True)
class _ReduceTask:
    task: Callable[[Batches, int], Iterable[Any]]

    def __call__(self, part: int, files: list[tuple[str, list[int]]]) -> list[Any]:
        return list(self.task(read_part(files), part))


class _Job:
    """The calls of one job, spread over the workers. Leaving the block by an exception ends all of them."""

    def __init__(self, executor: LocalExecutor, name: str, num_calls: int) -> None:
        self._executor = executor
        self._name = name
        self._num_calls = num_calls
        self._num_done = 0
        self._watched = executor._watch(name, lambda: Tasks(self._num_done, num_calls))

    def __enter__(self) -> "_Job":
        self._watched.__enter__()
        return self

    def __exit__(self, kind: type[BaseException] | None, *error: Any) -> None:
        if kind is not None:
            self._executor.stop()
        self._watched.__exit__(kind, *error)

    def __call__(self, function: Callable[..., Any], calls: Sequence[tuple[Any, ...]]) -> list[Any]:
        """The result of `function(*call)` for each of `calls`, in their order."""
        try:
            return self._spread(pickle.dumps(("load", function)), calls)
        except WorkerDiedError as error:
            raise UserError(f"{self._name}: a worker process {error.how}; {_FIX[error.was_killed]}") from None
        except MemoryError:
            raise UserError(f"{self._name}: a worker process is out of memory; {_LESS_MEMORY}") from None

    def _spread(self, function: bytes, calls: Sequence[tuple[Any, ...]]) -> list[Any]:
        results: list[Any] = [None] * len(calls)
        waiting = iter(enumerate(calls))
        busy: dict[Any, tuple[WorkerProcess, int]] = {}
        for worker in self._executor._workers[: len(calls)]:
            worker.load(function)
            self._start_next(worker, waiting, busy)
        while busy:
            for pipe in wait(list(busy)):
                worker, number = busy.pop(pipe)
                results[number] = worker.answer()
                self._num_done += 1
                self._start_next(worker, waiting, busy)
        return results

    def _start_next(
        self,
        worker: WorkerProcess,
        waiting: Iterator[tuple[int, tuple[Any, ...]]],
        busy: dict[Any, tuple[WorkerProcess, int]],
    ) -> None:
        if (following := next(waiting, None)) is not None:
            number, arguments = following
            worker.call(*arguments)
            busy[worker.pipe] = (worker, number)


_LESS_MEMORY = "lower executor.workers or shards.target_rows, and run again"
_FIX = {True: f"if memory was short, {_LESS_MEMORY}", False: "run again, and report it if it happens twice"}

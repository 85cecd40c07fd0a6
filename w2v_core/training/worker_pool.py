"""Workers that train at once over the same tables.

One worker runs in this process. More are processes of their own over shared memory, without locks (Hogwild:
Niu et al. 2011): two that write one row at one moment may lose a step, which training bears. Every worker
has its own blocks, computes with one BLAS thread, and tells after each block where it stands.
"""

import json
import multiprocessing
import os
import shutil
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from multiprocessing.shared_memory import SharedMemory
from multiprocessing.synchronize import Event as SharedEvent
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple, Protocol

import numpy as np

from w2v_core.errors import UserError
from w2v_core.training.engine.tables import Tables
from w2v_core.training.worker import TrainingJob, WorkerState, run_worker
from w2v_core.types import BoolArray, Int64Array

_BLAS_THREADS = ("OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "OMP_NUM_THREADS", "VECLIB_MAXIMUM_THREADS")
_POLL_SECONDS = 0.05


class Crew(Protocol):
    """Workers on their way. `tables` may be read at any time; between `pause` and `resume` nobody writes."""

    tables: Tables

    def worker_states(self) -> tuple[WorkerState, ...]:
        """Where every worker stands."""

    def work(self, seconds: float, until_epoch: int | None = None) -> bool:
        """Let the workers go on for about so long; False once all are done.

        No worker begins an epoch beyond `until_epoch`, counted from 1: once all have ended it, the call returns.
        """

    def pause(self) -> None:
        """Wait until every worker has ended its block."""

    def resume(self) -> None:
        """Let them go on."""


def has_ended(epoch: int | None, *worker_states: WorkerState) -> bool:
    """Return whether all workers have ended `epoch`, counted from 1; False for None."""
    return epoch is not None and all(worker_state.epoch >= epoch for worker_state in worker_states)


class InProcessWorker:
    """The one worker of this process. It is repeatable to the byte."""

    def __init__(self, tables: Tables, job: TrainingJob, start: WorkerState) -> None:
        self.tables = tables
        self._standing = start
        self._blocks = run_worker(tables, job, 0, 1, start)

    def worker_states(self) -> tuple[WorkerState, ...]:
        """Where it stands."""
        return (self._standing,)

    def work(self, seconds: float, until_epoch: int | None = None) -> bool:
        """Train block after block for `seconds`, one at least; False where there is none left."""
        until = time.monotonic() + seconds
        for worker_state in self._blocks:
            self._standing = worker_state
            if time.monotonic() >= until or has_ended(until_epoch, worker_state):
                return True
        return False

    def pause(self) -> None:
        """It is not working but in `work`."""

    def resume(self) -> None:
        """It goes on in `work`."""


_RUNNING, _PAUSED, _DONE = 0, 1, 2
_NO_LAST_EPOCH = 2**62


def _last_epoch(until_epoch: int | None) -> int:
    return _NO_LAST_EPOCH if until_epoch is None else until_epoch


class SharedArrays(NamedTuple):
    """What a process needs to find the arrays that all workers share."""

    names: tuple[str, ...]
    num_words: int
    vector_size: int
    world_size: int

    def attach(self) -> "Attached":
        """The arrays."""
        memory = [SharedMemory(name=name) for name in self.names]
        table = (self.num_words, self.vector_size)
        specs: list[tuple[tuple[int, ...], Any]] = [
            (table, np.float32),
            (table, np.float32),
            ((self.num_words,), np.int64),
            ((self.num_words,), np.bool_),
            ((self.world_size, 9), np.float64),
        ]
        inputs, outputs, counts, frozen, board = (
            np.ndarray(shape, dtype, buffer=block.buf)
            for (shape, dtype), block in zip(specs, memory, strict=True)
        )
        return Attached(memory, Tables(inputs, outputs), counts, frozen, StatusTable(board))


class Attached(NamedTuple):
    """Arrays of this process, and the memory that must be kept as long as they are used."""

    memory: list[SharedMemory]
    tables: Tables
    counts: Int64Array
    frozen: BoolArray
    board: "StatusTable"


class StatusTable:
    """Where the workers say what they do: a row each, its state and its standing. Whole numbers are exact to 2^53."""

    def __init__(self, rows: "np.ndarray[Any, np.dtype[np.float64]]") -> None:
        self._rows = rows

    def post(self, rank: int, state: int, worker_state: WorkerState) -> None:
        """Say where worker `rank` is."""
        self._rows[rank, 1:] = worker_state
        self._rows[rank, 0] = state

    def set_state(self, rank: int, state: int) -> None:
        """Say what worker `rank` does."""
        self._rows[rank, 0] = state

    def states(self) -> list[int]:
        """What each worker does."""
        return [int(state) for state in self._rows[:, 0]]

    def worker_states(self) -> tuple[WorkerState, ...]:
        """Where each worker stands."""
        return tuple(WorkerState.of_numbers(row) for row in self._rows[:, 1:].tolist())


class WorkerPool:
    """Workers in processes of their own. Use as a context; leaving it ends them."""

    def __init__(
        self,
        shared: SharedArrays,
        job: TrainingJob,
        starts: tuple[WorkerState, ...],
        until_epoch: int | None = None,
        start_method: str = "spawn",
    ) -> None:
        self._memory, self.tables, counts_V, frozen_V, self._board = shared.attach()
        # What is handed to a process must be little: starting it waits until it, hardly awake, has read that.
        counts_V[:] = job.counts
        frozen_V[:] = False if job.frozen is None else job.frozen
        job = replace(job, counts=job.counts[:0], frozen=None if job.frozen is None else job.frozen[:0])
        del counts_V, frozen_V
        context: Any = multiprocessing.get_context(start_method)
        self._pause = context.Event()
        self._last_epoch = context.Value("q", _last_epoch(until_epoch), lock=False)
        self._processes = []
        self._faults = []
        with _one_blas_thread(), _no_main_module():
            for rank, start in enumerate(starts):
                self._board.post(rank, _RUNNING, start)
                receiver, sender = context.Pipe(duplex=False)
                arguments = (shared, job, rank, start, self._pause, self._last_epoch, sender, os.getpid())
                process = context.Process(
                    target=_work, args=arguments, daemon=True, name=f"w2v worker {rank}"
                )
                process.start()
                sender.close()
                self._processes.append(process)
                self._faults.append(receiver)

    def __enter__(self) -> "WorkerPool":
        return self

    def __exit__(self, *fault: object) -> None:
        for process in self._processes:
            process.terminate()
            process.join()
        del self.tables, self._board

    def worker_states(self) -> tuple[WorkerState, ...]:
        """Where every worker stands."""
        return self._board.worker_states()

    def work(self, seconds: float, until_epoch: int | None = None) -> bool:
        """Let the workers go on for `seconds`; False once all are done. UserError where one has died."""
        self._last_epoch.value = _last_epoch(until_epoch)
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            self._require_alive()
            states = self._board.states()
            if all(state == _DONE for state in states):
                return False
            if _RUNNING not in states and has_ended(until_epoch, *self.worker_states()):
                return True
            time.sleep(_POLL_SECONDS)
        return True

    def pause(self) -> None:
        """Wait until every worker has ended its block."""
        self._pause.set()
        while any(state == _RUNNING for state in self._board.states()):
            self._require_alive()
            time.sleep(_POLL_SECONDS)

    def resume(self) -> None:
        """Let them go on."""
        self._pause.clear()

    def _require_alive(self) -> None:
        for rank, process in enumerate(self._processes):
            if process.exitcode in (None, 0) or self._board.states()[rank] == _DONE:
                continue
            with suppress(EOFError):  # it died without a word
                kind, message = json.loads(self._faults[rank].recv_bytes())
                raise UserError(message) if kind == UserError.__name__ else RuntimeError(message)
            cause = f"signal {-process.exitcode}" if process.exitcode < 0 else f"exit code {process.exitcode}"
            raise UserError(
                f"training worker {rank} (process {process.pid}) died by {cause}, which may mean that memory ran out; "
                "run the same command again to go on from the last checkpoint"
            )


def _work(
    shared: SharedArrays,
    job: TrainingJob,
    rank: int,
    start: WorkerState,
    pause: SharedEvent,
    last_epoch: Any,
    faults: Any,
    parent: int,
) -> None:
    """The life of a worker process. Ctrl-C is its parent's business; without a parent it ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    memory, tables, counts_V, frozen_V, board = shared.attach()
    worker_state = start
    try:
        job = replace(job, counts=counts_V.copy(), frozen=None if job.frozen is None else frozen_V.copy())
        del counts_V, frozen_V
        for worker_state in run_worker(tables, job, rank, shared.world_size, start):
            board.post(rank, _RUNNING, worker_state)
            while (pause.is_set() or worker_state.epoch >= last_epoch.value) and os.getppid() == parent:
                board.set_state(rank, _PAUSED)
                time.sleep(_POLL_SECONDS / 5)
            if os.getppid() != parent:
                return
            board.set_state(rank, _RUNNING)
        board.post(rank, _DONE, worker_state)
    except Exception as error:
        faults.send_bytes(json.dumps([type(error).__name__, str(error)]).encode())
        sys.exit(1)
    finally:
        del tables, board
        for block in memory:
            block.close()


@contextmanager
def _one_blas_thread() -> Iterator[None]:
    """Processes started here compute with one BLAS thread each: the workers are the threads."""
    before = {name: os.environ.get(name) for name in _BLAS_THREADS}
    os.environ.update(dict.fromkeys(_BLAS_THREADS, "1"))
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


@contextmanager
def _no_main_module() -> Iterator[None]:
    """A spawned process would first import the main module again: time lost, and without a main guard a loop."""
    main = sys.modules["__main__"]
    sys.modules["__main__"] = ModuleType("__main__")
    try:
        yield
    finally:
        sys.modules["__main__"] = main


@contextmanager
def shared_arrays(num_words: int, vector_size: int, world_size: int) -> Iterator[SharedArrays]:
    """Memory that processes share, all zero; gone when the context ends."""
    table_bytes = 4 * num_words * vector_size
    sizes = (table_bytes, table_bytes, 8 * num_words, num_words, 8 * 9 * world_size)
    _require_shared_memory(sum(sizes))
    blocks = [SharedMemory(create=True, size=size) for size in sizes]
    try:
        yield SharedArrays(tuple(block.name for block in blocks), num_words, vector_size, world_size)
    finally:
        for block in blocks:
            block.close()
            block.unlink()


def _require_shared_memory(needed: int) -> None:
    folder = Path("/dev/shm")  # noqa: S108
    if not folder.exists():
        return
    free = shutil.disk_usage(folder).free
    if needed > free:
        raise UserError(
            f"the tables need {needed:,} bytes of shared memory and {folder} has {free:,} free; "
            "give it more (docker run --shm-size), or train with train.workers=1"
        )

"""Workers that are threads of this process, for engines that release the GIL.

Without locks, as `worker_pool` has it: two threads that change one row at one moment may lose a change.
"""

import threading
import time

from w2v_core.training.engine.tables import Tables
from w2v_core.training.worker import TrainingJob, WorkerState, run_worker
from w2v_core.training.worker_pool import has_ended

_POLL_SECONDS = 0.2


class ThreadPool:
    """A `Crew`. Use as a context; leaving it ends the threads, each after its block."""

    def __init__(self, tables: Tables, job: TrainingJob, starts: tuple[WorkerState, ...]) -> None:
        self.tables = tables
        self._states = list(starts)
        self._changed = threading.Condition()
        self._is_pausing = self._is_ending = False
        self._num_waiting = self._num_done = 0
        self._until_epoch: int | None = None
        self._error: BaseException | None = None
        self._threads = [
            threading.Thread(target=self._work, args=(job, rank), name=f"w2v worker {rank}", daemon=True)
            for rank in range(len(starts))
        ]

    def __enter__(self) -> "ThreadPool":
        return self

    def __exit__(self, *fault: object) -> None:
        with self._changed:
            self._is_ending = True
            self._changed.notify_all()
        for thread in self._threads:
            if thread.ident is not None:  # it was started
                thread.join()

    def worker_states(self) -> tuple[WorkerState, ...]:
        """Where every worker stands."""
        return tuple(self._states)

    def work(self, seconds: float, until_epoch: int | None = None) -> bool:
        """Let the workers go on for `seconds`; False once all are done. Raises what a worker raised.

        The first call starts them, so that the tables can be looked at before.
        """
        with self._changed:
            self._until_epoch = until_epoch
            self._changed.notify_all()
        if self._threads[0].ident is None:
            for thread in self._threads:
                thread.start()
        until = time.monotonic() + seconds
        with self._changed:
            while (left := until - time.monotonic()) > 0:
                self._require_sound()
                if self._num_done == len(self._threads):
                    return False
                if self._num_waiting + self._num_done == len(self._threads) and has_ended(
                    until_epoch, *self._states
                ):
                    return True
                self._changed.wait(min(left, _POLL_SECONDS))
        return True

    def pause(self) -> None:
        """Wait until every worker has ended its block."""
        with self._changed:
            self._is_pausing = True
            while self._num_waiting + self._num_done < len(self._threads):
                self._changed.wait(_POLL_SECONDS)
                self._require_sound()

    def resume(self) -> None:
        """Let them go on."""
        with self._changed:
            self._is_pausing = False
            self._changed.notify_all()

    def _require_sound(self) -> None:
        if self._error is not None:
            raise self._error

    def _work(self, job: TrainingJob, rank: int) -> None:
        try:
            for state in run_worker(self.tables, job, rank, len(self._states), self._states[rank]):
                self._states[rank] = state
                if not self._may_go_on(state):
                    return
        except BaseException as error:
            with self._changed:
                self._error = error
                self._changed.notify_all()
            return
        with self._changed:
            self._num_done += 1
            self._changed.notify_all()

    def _may_go_on(self, state: WorkerState) -> bool:
        """Wait while others save or end the epoch; False where the pool ends."""
        with self._changed:
            self._num_waiting += 1
            self._changed.notify_all()
            while (self._is_pausing or has_ended(self._until_epoch, state)) and not self._is_ending:
                self._changed.wait()
            self._num_waiting -= 1
            return not self._is_ending

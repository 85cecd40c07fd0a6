"""Training from the first row, or from a checkpoint, to the last."""

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from w2v_core.errors import UserError
from w2v_core.training.checkpoint import Checkpoint, Checkpoints
from w2v_core.training.engine.choose import prepare_kernels
from w2v_core.training.engine.tables import Tables, fill_initial, require_finite
from w2v_core.training.held_out import HeldOut
from w2v_core.training.memory import require_memory
from w2v_core.training.thread_pool import ThreadPool
from w2v_core.training.worker import TrainingJob, WorkerState
from w2v_core.training.worker_pool import Crew, InProcessWorker, WorkerPool, has_ended, shared_arrays

_INITIAL_VECTORS = 0  # what this generator is for
REPORT_SECONDS = 2.0


@dataclass(frozen=True)
class Progress:
    """How far training is. Counts are over all epochs and workers."""

    step: int
    epoch: int
    """from 1: that of the worker least far"""
    rows: int
    total_rows: int
    pairs: int
    loss: float | None
    """mean over the pairs looked at since the last report; None where none was"""
    held_out_loss: float | None
    """mean over the pairs of the rows that nobody trains"""
    alpha: float
    rows_per_second: float
    """since the last report, or at the end of a short run since its start"""
    seconds: float
    """of training, those before an interruption too"""

    def to_dict(self) -> dict[str, Any]:
        """For metrics.jsonl."""
        return asdict(self)


@dataclass(frozen=True)
class EpochEnd:
    """All workers have ended an epoch, and none begins the next one before this has been handled."""

    epoch: int
    """from 1"""
    progress: Progress
    tables: Tables
    """not to be kept: the memory may be shared"""


class Interrupted(KeyboardInterrupt):
    """Training was asked to stop, and has saved where it stood."""


@contextmanager
def trained(
    job: TrainingJob,
    *,
    checkpoints: Checkpoints | None = None,
    settings: dict[str, Any] | None = None,
    fill: Callable[[Tables], None] | None = None,
    report: Callable[[Progress], None] = lambda _: None,
    should_stop: Callable[[], bool] = lambda: False,
    on_epoch: Callable[[EpochEnd], bool] | None = None,
) -> Iterator[Tables]:
    """The trained tables; with several processes they are gone when the context ends.

    Goes on from the latest of `checkpoints`, which must be one of this job; `settings` are saved in new ones.
    Otherwise it starts from random vectors, among which `fill` may put better ones.
    `on_epoch` is called at the end of each epoch, for which the workers wait; True ends training with those tables.
    With one worker the same job gives the same bytes, interrupted or not. Raises Interrupted once
    `should_stop` says so, and UserError where the tables do not fit into memory, a worker dies, a shard cannot
    be read or the loss is no longer a number.
    """
    num_words, size, workers = len(job.counts), job.config.vector_size, job.config.num_workers
    require_memory(num_words, size)
    if job.num_rows == 0:  # a later draw of shards.passes may have the only rows
        raise UserError(
            f"the shards have no row for train.epochs = {job.config.epochs}; give more text, a larger vocab.sample, or "
            "shards.passes=1"
        )
    if job.engine == "compiled":
        prepare_kernels(job.config)
    found = checkpoints.latest() if checkpoints else None
    starts = found.worker_states if found else (WorkerState(),) * workers
    first_epoch = None if on_epoch is None else 1 + min(start.epoch for start in starts)
    with ExitStack() as stack:
        if workers == 1 or job.engine == "compiled":
            tables = Tables(*(np.zeros((num_words, size), np.float32) for _ in range(2)))
            _fill(tables, job, found, fill)
            crew: Crew = (
                InProcessWorker(tables, job, starts[0])
                if workers == 1
                else stack.enter_context(ThreadPool(tables, job, starts))
            )
        else:
            shared = stack.enter_context(shared_arrays(num_words, size, workers))
            attached = shared.attach()
            tables = attached.tables
            for block in attached.memory:
                stack.callback(block.close)
            del attached
            _fill(tables, job, found, fill)
            crew = stack.enter_context(WorkerPool(shared, job, starts, first_epoch))
        _watch(crew, job, checkpoints, settings or {}, found, report, should_stop, on_epoch)
        require_finite(tables)
        yield tables
        del tables, crew


def _fill(
    tables: Tables, job: TrainingJob, found: Checkpoint | None, fill: Callable[[Tables], None] | None
) -> None:
    if found:
        found.load_into(tables)
        return
    fill_initial(tables, np.random.default_rng((job.config.seed, _INITIAL_VECTORS)))
    if fill:
        fill(tables)


def _watch(
    crew: Crew,
    job: TrainingJob,
    checkpoints: Checkpoints | None,
    settings: dict[str, Any],
    found: Checkpoint | None,
    report: Callable[[Progress], None],
    should_stop: Callable[[], bool],
    on_epoch: Callable[[EpochEnd], bool] | None,
) -> None:
    """Report and save while the crew works."""
    reporter = Reporter(job, crew.worker_states(), found.seconds if found else 0.0)
    saved_at, saved_epoch = time.monotonic(), reporter.epoch(crew.worker_states())
    until_epoch = None if on_epoch is None else saved_epoch + 1

    def save() -> None:
        nonlocal saved_at, saved_epoch
        if checkpoints is None:
            return
        crew.pause()
        worker_states = crew.worker_states()
        checkpoints.save(crew.tables, settings, worker_states, reporter.seconds())
        crew.resume()
        saved_at, saved_epoch = time.monotonic(), reporter.epoch(worker_states)

    if found is None:  # what the vectors to start from are worth
        report(reporter.progress(crew.worker_states(), crew.tables))
    while crew.work(REPORT_SECONDS, until_epoch):
        worker_states = crew.worker_states()
        report(progress := reporter.progress(worker_states, crew.tables))
        if on_epoch is not None and has_ended(until_epoch, *worker_states):
            assert until_epoch is not None
            if on_epoch(EpochEnd(until_epoch, progress, crew.tables)):
                return
            until_epoch += 1
        if should_stop():
            save()
            raise Interrupted
        is_due = time.monotonic() - saved_at > 60 * job.config.checkpoint_minutes
        if is_due or reporter.epoch(worker_states) > saved_epoch:
            save()
    report(progress := reporter.progress(crew.worker_states(), crew.tables))
    if on_epoch is not None:
        on_epoch(EpochEnd(job.config.epochs, progress, crew.tables))


class Reporter:
    """Turns standings into progress."""

    def __init__(
        self, job: TrainingJob, worker_states: tuple[WorkerState, ...], seconds_before: float
    ) -> None:
        self._held_out = HeldOut(job)
        self._total_rows = job.num_rows
        self._start_alpha = job.config.start_alpha
        self._started = time.monotonic() - seconds_before
        self._first = self._last = _sum(worker_states)
        self._first_at = self._last_at = time.monotonic()

    def seconds(self) -> float:
        """Of training so far."""
        return time.monotonic() - self._started

    def epoch(self, worker_states: tuple[WorkerState, ...]) -> int:
        """That of the worker least far, from 0."""
        return min(worker_state.epoch for worker_state in worker_states)

    def progress(self, worker_states: tuple[WorkerState, ...], tables: Tables) -> Progress:
        """What there is to tell since the last call."""
        total, now = _sum(worker_states), time.monotonic()
        pairs = total.loss_pairs - self._last.loss_pairs
        since = self._last, self._last_at
        if now - self._last_at < REPORT_SECONDS / 2:  # the last report; so short a time tells no rate
            since = self._first, self._first_at
        rate = (total.rows - since[0].rows) / max(now - since[1], 1e-9)
        loss = (total.loss - self._last.loss) / pairs if pairs else None
        self._last, self._last_at = total, now
        return Progress(
            step=total.steps,
            epoch=self.epoch(worker_states) + 1,
            rows=total.rows,
            total_rows=self._total_rows,
            pairs=total.pairs,
            loss=loss,
            held_out_loss=self._held_out.loss(tables),
            alpha=max(worker_state.alpha for worker_state in worker_states)
            if total.rows
            else self._start_alpha,
            rows_per_second=rate,
            seconds=self.seconds(),
        )


def _sum(worker_states: tuple[WorkerState, ...]) -> WorkerState:
    return WorkerState.of_numbers([sum(values) for values in zip(*worker_states, strict=True)])

"""What one worker trains: its blocks, batch by batch. B: rows, W: window."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import NamedTuple

import numpy as np

from w2v_core.config import TrainConfig
from w2v_core.errors import UserError
from w2v_core.reference.unigram_sampler import UnigramSampler
from w2v_core.shards.epoch_order import ROWS_PER_SPAN, BlockPlan, Unit, epoch_plan, units_of
from w2v_core.shards.read import Reader, Shards, prefetched
from w2v_core.training.engine.base import BlockResult, Engine
from w2v_core.training.engine.choose import EngineName
from w2v_core.training.engine.numpy_engine import NumpyEngine
from w2v_core.training.engine.tables import Tables
from w2v_core.types import BoolArray, Int64Array

_WINDOWS_AND_NOISE = 2  # what a block's generator is for, beside those in `shards`


@dataclass(frozen=True)
class TrainingJob:
    """What is trained, and how. Goes whole to every worker."""

    shards: Shards
    counts: Int64Array
    ns_exponent: float
    config: TrainConfig
    frozen: BoolArray | None = None
    """(V,) whose input vectors stay as they are; None for nobody's"""
    engine: EngineName = "numpy"
    """see `choose_engine`"""

    @property
    def num_held_out(self) -> int:
        """Rows that nobody trains: `heldout_rows`, but no more than a hundredth of all, nor a row group."""
        rows = self.shards.rows_by_shard
        first = next(num_rows for num_rows in rows if num_rows)
        most = min(self.config.heldout_rows, sum(rows) // 100, self.shards.row_group_rows // 2, first // 2)
        return most - most % ROWS_PER_SPAN

    @property
    def units(self) -> list[Unit]:
        """All row groups, less the rows held out."""
        return units_of(self.shards.rows_by_shard, self.shards.row_group_rows, self.num_held_out)

    def units_of_epoch(self, epoch: int) -> list[Unit]:
        """Those of the pass that `epoch` trains on."""
        wanted = epoch % self.shards.passes
        return [unit for unit in self.units if self.shards.pass_of(unit) == wanted]

    @property
    def num_rows(self) -> int:
        """Rows that all workers together train, in all epochs."""
        rows = [0] * self.shards.passes
        for unit in self.units:
            rows[self.shards.pass_of(unit)] += unit.num_rows
        return sum(rows[epoch % self.shards.passes] for epoch in range(self.config.epochs))

    def plan(self, epoch: int, rank: int, world_size: int) -> list[BlockPlan]:
        """The blocks of worker `rank` of `world_size` in `epoch`."""
        units_per_block = self.config.buffer_rows // self.shards.row_group_rows
        return epoch_plan(
            self.units_of_epoch(epoch), units_per_block, self.config.seed, epoch, rank, world_size
        )

    def reader(self, world_size: int) -> Reader:
        """What reads the blocks of one worker of `world_size`."""
        cache_bytes = (
            self.config.cache_mb * 2**20 // world_size if self.config.epochs > self.shards.passes else 0
        )
        return Reader(self.shards, self.config.seed, cache_bytes)


class WorkerState(NamedTuple):
    """Where a worker stands after a block. Counts are over all epochs, of this worker."""

    epoch: int = 0
    blocks: int = 0
    """blocks done in this epoch"""
    rows: int = 0
    pairs: int = 0
    steps: int = 0
    loss: float = 0.0
    """summed over the `loss_pairs` of the batches that were looked at"""
    loss_pairs: int = 0
    alpha: float = 0.0

    @classmethod
    def of_numbers(cls, numbers: Sequence[float]) -> "WorkerState":
        """The standing whose fields are `numbers`, whole ones as int."""
        epoch, blocks, rows, pairs, steps, loss, loss_pairs, alpha = numbers
        return cls(int(epoch), int(blocks), int(rows), int(pairs), int(steps), loss, int(loss_pairs), alpha)

    def after(self, block: BlockResult) -> "WorkerState":
        """Where the worker stands one block on."""
        return WorkerState(
            self.epoch,
            self.blocks + 1,
            self.rows + block.rows,
            self.pairs + block.pairs,
            self.steps + block.steps,
            self.loss + block.loss,
            self.loss_pairs + block.loss_pairs,
            block.alpha,
        )


def run_worker(
    tables: Tables, job: TrainingJob, rank: int, world_size: int, start: WorkerState
) -> Iterator[WorkerState]:
    """Trains the worker's blocks from `start` on, and tells after each where it stands.

    The tables after a block are a function of the tables at `start`, and of nothing else that is not in the
    arguments. UserError where the loss stops being a number, and for a shard that cannot be read.
    """
    config, worker_state = job.config, start
    engine, reader = make_engine(job), job.reader(world_size)
    for epoch in range(start.epoch, config.epochs):
        plans = job.plan(epoch, rank, world_size)
        skipped = start.blocks if epoch == start.epoch else 0
        worker_state = worker_state._replace(epoch=epoch, blocks=skipped)
        yield worker_state
        rows_before = sum(plan.num_rows for plan in plans[:skipped])
        rows_of_epoch = sum(plan.num_rows for plan in plans)
        for plan, block in prefetched(reader.read, plans[skipped:]):
            done = (epoch + rows_before / rows_of_epoch) / config.epochs
            row_fraction = 1 / rows_of_epoch / config.epochs
            alpha_after = partial(_alpha_after, config, done, row_fraction)
            rng = np.random.default_rng((config.seed, epoch, _WINDOWS_AND_NOISE, plan.number))
            result = engine.train(tables, block, alpha_after, rng, worker_state.steps)
            worker_state = worker_state.after(result)
            _require_finite(result.loss, job, plan, worker_state.steps - 1, result.alpha)
            rows_before += plan.num_rows
            yield worker_state


def make_engine(job: TrainingJob) -> Engine:
    """A new engine for one worker of the job."""
    sampler = UnigramSampler(job.counts, job.ns_exponent)
    if job.engine == "compiled":
        from w2v_core.training.engine.compiled import CompiledEngine

        return CompiledEngine(job.config, sampler, job.frozen)
    return NumpyEngine(job.config, sampler, job.frozen)


def _alpha_after(config: TrainConfig, done: float, row_fraction: float, num_rows: int) -> float:
    """The rate after `num_rows` of a block before which `done` of the way lies; a row is `row_fraction` of the way."""
    return learning_rate(config.start_alpha, config.min_alpha, done + num_rows * row_fraction)


def learning_rate(start: float, end: float, done: float) -> float:
    """start + (end - start) * done, where `done` in [0, 1] is the share of the rows of all epochs."""
    return start + (end - start) * done


def _require_finite(loss: float, job: TrainingJob, plan: BlockPlan, step: int, alpha: float) -> None:
    if math.isfinite(loss):
        return
    names = sorted({job.shards.files[unit.shard].name for unit in plan.units})
    raise UserError(
        f"the loss is {loss} at batch {step:,} (epoch {plan.epoch + 1}, block {plan.number}, of {', '.join(names)}, "
        f"alpha {alpha:.4g}); lower train.alpha or train.batch_size; the last checkpoint is from before"
    )

"""What one worker trains: its blocks, batch by batch. B: rows, W: window."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from types import ModuleType
from typing import NamedTuple

import numpy as np

from w2v_core.config import TrainConfig
from w2v_core.errors import UserError
from w2v_core.reference.unigram_sampler import UnigramSampler
from w2v_core.shards.epoch_order import ROWS_PER_STRETCH, BlockPlan, Unit, epoch_plan, units_of
from w2v_core.shards.read import Reader, Shards, prefetched
from w2v_core.shards.spans import Spans
from w2v_core.training.engine import cbow, skip_gram
from w2v_core.training.engine.negatives import SharedNegatives, draw_shared
from w2v_core.training.engine.rows import Rows, prepare
from w2v_core.training.engine.tables import Tables
from w2v_core.training.engine.workspace import Workspace
from w2v_core.types import BoolArray, Int64Array

"""(V,) how often each word came."""

_WINDOWS_AND_NOISE = 2  # what a block's generator is for, beside those in `shards`
LOSS_EVERY = 50  # batches; telling the loss costs about as much as half a step


@dataclass(frozen=True)
class TrainingJob:
    """What is trained, and how. Goes whole to every worker."""

    shards: Shards
    counts: Int64Array
    ns_exponent: float
    config: TrainConfig
    frozen: BoolArray | None = None
    """(V,) whose input vectors stay as they are; None for nobody's"""

    @property
    def num_held_out(self) -> int:
        """Rows that nobody trains: `heldout_rows`, but no more than a hundredth of all, nor a row group."""
        rows = self.shards.rows_by_shard
        first = next(num_rows for num_rows in rows if num_rows)
        most = min(self.config.heldout_rows, sum(rows) // 100, self.shards.row_group_rows // 2, first // 2)
        return most - most % ROWS_PER_STRETCH

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

    @property
    def model(self) -> ModuleType:
        """`engine.skip_gram` or `engine.cbow`."""
        return skip_gram if self.config.sg else cbow


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


def run_worker(
    tables: Tables, job: TrainingJob, rank: int, world_size: int, start: WorkerState
) -> Iterator[WorkerState]:
    """Trains the worker's blocks from `start` on, and tells after each where it stands.

    The tables after a block are a function of the tables at `start`, and of nothing else that is not in the
    arguments. UserError where the loss stops being a number, and for a shard that cannot be read.
    """
    config, worker_state = job.config, start
    sampler = UnigramSampler(job.counts, job.ns_exponent)
    workspace, reader = Workspace(len(job.counts), frozen_V=job.frozen), job.reader(world_size)
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
            worker_state = _train_block(
                tables, workspace, sampler, job, plan, block, worker_state, done, row_fraction
            )
            rows_before += plan.num_rows
            yield worker_state


def _train_block(
    tables: Tables,
    workspace: Workspace,
    sampler: UnigramSampler,
    job: TrainingJob,
    plan: BlockPlan,
    block: Spans,
    before: WorkerState,
    done: float,
    row_fraction: float,
) -> WorkerState:
    """One block. `done` of the worker's way lies behind it, and a row is `row_fraction` of the way."""
    config, model = job.config, job.model
    rows_done, pairs, steps, loss, loss_pairs, alpha = before.rows, before.pairs, before.steps, 0.0, 0, 0.0
    rng = np.random.default_rng((config.seed, plan.epoch, _WINDOWS_AND_NOISE, plan.number))
    for rows, noise in batches(block, model, sampler, config, rng):
        alpha = learning_rate(
            config.start_alpha, config.min_alpha, done + (rows_done - before.rows) * row_fraction
        )
        told = model.step(tables, workspace, rows, noise, alpha, with_loss=steps % LOSS_EVERY == 0)
        if told is not None:
            _require_finite(told.total, job, plan, steps, alpha)
            loss, loss_pairs = loss + told.total, loss_pairs + told.num_pairs
        num_rows = rows.num_rows
        rows_done, steps = rows_done + num_rows, steps + 1
        pairs += rows.num_pairs if config.sg else num_rows
    return WorkerState(
        plan.epoch,
        before.blocks + 1,
        rows_done,
        pairs,
        steps,
        before.loss + loss,
        before.loss_pairs + loss_pairs,
        alpha,
    )


def learning_rate(start: float, end: float, done: float) -> float:
    """start + (end - start) * done, where `done` in [0, 1] is the share of the rows of all epochs."""
    return start + (end - start) * done


def batches(
    block: Spans,
    model: ModuleType,
    sampler: UnigramSampler,
    config: TrainConfig,
    rng: np.random.Generator,
) -> Iterator[tuple[Rows, SharedNegatives]]:
    """The block's rows with their windows shrunk, batch by batch, each with its groups' noise."""
    rows = prepare(block, rng.integers(1, block.window + 1, len(block), dtype=np.int32))
    num_shared = max(model.NUM_SHARED, config.negative)
    batch_size = config.batch_size - config.batch_size % ROWS_PER_STRETCH
    plan = list(batch_plan(len(block), batch_size, model.ROWS_PER_GROUP))
    num_groups = sum(groups for _, _, groups in plan)
    noise = draw_shared(sampler, num_groups, num_shared, config.negative, rng)
    first = 0
    for begin, end, groups in plan:
        yield rows.part(begin, end), noise.part(first, first + groups)
        first += groups


def batch_plan(num_rows: int, batch_size: int, group_size: int) -> Iterator[tuple[int, int, int]]:
    """(begin, end, groups) of each batch; the rows of a batch fall into its groups evenly.

    What is left at the end of a block makes a batch of whole groups and one of a single, smaller group.
    """
    group_size = min(group_size, batch_size)
    batch_size -= batch_size % group_size
    begin = 0
    while begin < num_rows:
        num_groups = max(1, min(batch_size, num_rows - begin) // group_size)
        end = min(begin + num_groups * group_size, num_rows)
        yield begin, end, num_groups
        begin = end


def _require_finite(loss: float, job: TrainingJob, plan: BlockPlan, step: int, alpha: float) -> None:
    if math.isfinite(loss):
        return
    names = sorted({job.shards.files[unit.shard].name for unit in plan.units})
    raise UserError(
        f"the loss is {loss} at batch {step:,} (epoch {plan.epoch + 1}, block {plan.number}, of {', '.join(names)}, "
        f"alpha {alpha:.4g}); lower train.alpha or train.batch_size; the last checkpoint is from before"
    )

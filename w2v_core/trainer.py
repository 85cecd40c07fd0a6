"""Rows to vectors: the loop. B: rows, W: window, V: words."""

import math
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from types import ModuleType

import numpy as np

from w2v_core.config import TrainConfig
from w2v_core.engine import cbow, skip_gram
from w2v_core.engine.negatives import SharedNegatives, draw_shared
from w2v_core.engine.rows import Rows, prepare
from w2v_core.engine.scratch import Scratch
from w2v_core.engine.tables import Tables, initial_tables
from w2v_core.errors import UserError
from w2v_core.models.batch import BatchLoss
from w2v_core.sampler import UnigramSampler
from w2v_core.shards.read import Block, Shards
from w2v_core.windows import shrink_windows

_INITIAL_VECTORS, _EPOCH = 0, 1  # what a generator is for
_LOSS_EVERY = 50  # batches; telling the loss costs about as much as a step


@dataclass(frozen=True)
class Progress:
    """How far training is, told after every block of rows."""

    epoch: int
    """from 1"""
    rows: int
    """trained so far, over all epochs"""
    total_rows: int
    loss: float
    """mean over the pairs of the batches that were looked at in this block"""
    alpha: float
    seconds: float

    @property
    def rows_per_second(self) -> float:
        """Mean since the start."""
        return self.rows / self.seconds if self.seconds > 0 else 0.0


def train(
    shards: Shards, sampler: UnigramSampler, config: TrainConfig, report: Callable[[Progress], None]
) -> Tables:
    """Tables trained on every row of `shards`, `epochs` times. The same arguments give the same bytes.

    UserError where the loss stops being a number, and for a shard that cannot be read.
    """
    num_words = len(sampler.probabilities_V)
    rng = np.random.default_rng((config.seed, _INITIAL_VECTORS))
    tables = initial_tables(num_words, config.vector_size, rng)
    model, scratch = skip_gram if config.sg else cbow, Scratch(num_words)
    total_rows, rows_done, started = shards.num_rows * config.epochs, 0, time.monotonic()
    for epoch in range(config.epochs):
        epoch_rng = np.random.default_rng((config.seed, _EPOCH, epoch))
        for block in shards.epoch(config.seed, epoch, num_words):
            losses = []
            for number, (rows, noise) in enumerate(_batches(block, model, sampler, config, epoch_rng)):
                alpha = learning_rate(config.start_alpha, config.min_alpha, rows_done / total_rows)
                if loss := model.step(
                    tables, scratch, rows, noise, alpha, with_loss=number % _LOSS_EVERY == 0
                ):
                    losses.append(loss)
                rows_done += len(rows)
            mean_loss = _mean_loss(losses, epoch, rows_done, alpha)
            report(Progress(epoch + 1, rows_done, total_rows, mean_loss, alpha, time.monotonic() - started))
    return tables


def learning_rate(start: float, end: float, done: float) -> float:
    """start + (end - start) * done, where `done` in [0, 1] is the share of all rows of all epochs."""
    return start + (end - start) * done


def _batches(
    block: Block, model: ModuleType, sampler: UnigramSampler, config: TrainConfig, rng: np.random.Generator
) -> Iterator[tuple[Rows, SharedNegatives]]:
    """The block's rows with their windows shrunk, batch by batch, each with its groups' noise."""
    window = block.contexts_BW.shape[1] // 2
    reach_B = rng.integers(1, window + 1, len(block), dtype=np.int32)
    rows = prepare(block.target_B, block.contexts_BW, shrink_windows(block.contexts_BW, reach_B))
    num_shared = max(model.NUM_SHARED, config.negative)
    plan = list(batch_plan(len(block), config.rows_per_batch, model.ROWS_PER_GROUP))
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


def _mean_loss(losses: list[BatchLoss], epoch: int, rows: int, alpha: float) -> float:
    mean = sum(loss.total for loss in losses) / sum(loss.num_pairs for loss in losses)
    if not math.isfinite(mean):
        raise UserError(
            f"the loss is {mean} in epoch {epoch + 1} after {rows:,} rows at alpha {alpha:.4g}: "
            "the learning rate is too high for this text; lower train.alpha or train.batch_size"
        )
    return mean

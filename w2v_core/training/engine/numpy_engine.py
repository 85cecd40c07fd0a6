"""The NumPy engine: batches of rows, each computed at once at the tables as they stood before it."""

import math
from collections.abc import Iterator
from types import ModuleType

import numpy as np

from w2v_core.config import TrainConfig
from w2v_core.reference.unigram_sampler import UnigramSampler
from w2v_core.shards.epoch_order import ROWS_PER_SPAN
from w2v_core.shards.spans import Spans
from w2v_core.training.engine import cbow, skip_gram
from w2v_core.training.engine.base import BlockResult, LearningRate
from w2v_core.training.engine.negatives import SharedNegatives, draw_shared
from w2v_core.training.engine.rows import Rows, prepare
from w2v_core.training.engine.tables import Tables
from w2v_core.training.engine.workspace import Workspace
from w2v_core.types import BoolArray

LOSS_EVERY = 50
"""batches; the loss costs about as much as half a step"""


def model_of(config: TrainConfig) -> ModuleType:
    """`skip_gram` or `cbow`, whose `step` trains a batch."""
    return skip_gram if config.sg else cbow


class NumpyEngine:
    """Runs without Numba, and shows in NumPy's terms what the compiled engine does."""

    def __init__(self, config: TrainConfig, sampler: UnigramSampler, frozen: BoolArray | None) -> None:
        self._config, self._sampler = config, sampler
        self._workspace = Workspace(len(sampler.probabilities), frozen_V=frozen)

    def train(
        self,
        tables: Tables,
        block: Spans,
        learning_rate: LearningRate,
        rng: np.random.Generator,
        steps_before: int,
    ) -> BlockResult:
        """Move the tables by the block's rows, batch by batch. Stops at the first loss that is not finite."""
        config, model = self._config, model_of(self._config)
        num_rows, pairs, steps, loss, loss_pairs, alpha = 0, 0, 0, 0.0, 0, 0.0
        for rows, noise in batches(block, self._sampler, config, rng):
            alpha = learning_rate(num_rows)
            with_loss = (steps_before + steps) % LOSS_EVERY == 0
            found = model.step(tables, self._workspace, rows, noise, alpha, with_loss=with_loss)
            if found is not None:
                loss, loss_pairs = loss + found.total, loss_pairs + found.num_pairs
            num_rows, steps = num_rows + rows.num_rows, steps + 1
            pairs += rows.num_pairs if config.sg else rows.num_rows
            if not math.isfinite(loss):
                break
        return BlockResult(num_rows, pairs, steps, loss, loss_pairs, alpha)


def batches(
    block: Spans, sampler: UnigramSampler, config: TrainConfig, rng: np.random.Generator
) -> Iterator[tuple[Rows, SharedNegatives]]:
    """The block's rows with their windows shrunk, batch by batch, each with its groups' noise."""
    model = model_of(config)
    rows = prepare(block, rng.integers(1, block.window + 1, len(block), dtype=np.int32))
    num_shared = max(model.NUM_SHARED, config.negative)
    batch_size = config.batch_size - config.batch_size % ROWS_PER_SPAN
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

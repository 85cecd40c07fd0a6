"""What an engine does: it trains a worker's blocks of rows in place."""

from collections.abc import Callable
from typing import NamedTuple, Protocol

import numpy as np

from w2v_core.shards.spans import Spans
from w2v_core.training.engine.tables import Tables

LearningRate = Callable[[int], float]
"""The learning rate after so many rows of a block."""


class BlockResult(NamedTuple):
    """What came of a block. `loss` is summed over a sample of `loss_pairs` pairs, and NaN once training diverged."""

    rows: int
    pairs: int
    steps: int
    loss: float
    loss_pairs: int
    alpha: float
    """that of the last rows"""


class Engine(Protocol):
    """One a worker. The same tables, block, learning rate and generator give the same bytes on one processor."""

    def train(
        self,
        tables: Tables,
        block: Spans,
        learning_rate: LearningRate,
        rng: np.random.Generator,
        steps_before: int,
    ) -> BlockResult:
        """Move the tables by the block's rows."""

"""The compiled engine: rows one after the other, as in word2vec.c, by the loop in `kernels`. Needs Numba."""

import math
from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from w2v_core.config import TrainConfig
from w2v_core.reference.unigram_sampler import UnigramSampler
from w2v_core.shards.epoch_order import ROWS_PER_SPAN
from w2v_core.shards.spans import Spans
from w2v_core.training.engine.base import BlockResult, LearningRate
from w2v_core.training.engine.kernels import Kernel, block_kernel, noise_kernel
from w2v_core.training.engine.tables import Tables
from w2v_core.types import BoolArray, Int32Array

CBOW_SETS = 4
"""of noise words a span has: 4 rows share the `negative` words of a set"""
SKIP_GRAM_SETS = 2
SKIP_GRAM_SHARED = 16
"""noise words a skip-gram row uses instead of `negative` = 5 for each of its pairs"""


class Kernels(NamedTuple):
    """The compiled functions of a model and a vector length, and the shape of a span's noise."""

    train_block: Kernel
    draw_noise: Callable[..., None]
    num_sets: int
    set_size: int


def kernels_for(config: TrainConfig) -> Kernels:
    """Compiled, or loaded from where an earlier process has left them."""
    num_sets, set_size = CBOW_SETS, config.negative
    if config.sg:
        num_fours = math.ceil(
            config.negative * SKIP_GRAM_SHARED / 5 / 4
        )  # the loop takes noise words in fours
        num_sets, set_size = SKIP_GRAM_SETS, 4 * num_fours
    train_block = block_kernel(bool(config.sg), config.vector_size, set_size, num_sets)
    return Kernels(train_block, noise_kernel(), num_sets, set_size)


class CompiledEngine:
    """One a worker. The compiled functions release the GIL, so that workers are threads of one process."""

    def __init__(self, config: TrainConfig, sampler: UnigramSampler, frozen: BoolArray | None) -> None:
        self._config, self._sampler = config, sampler
        self._frozen = np.zeros(len(sampler.word_of_rank), np.bool_) if frozen is None else frozen
        self._kernels = kernels_for(config)

    def train(
        self,
        tables: Tables,
        block: Spans,
        learning_rate: LearningRate,
        rng: np.random.Generator,
        steps_before: int,  # noqa: ARG002
    ) -> BlockResult:
        """Move the tables by the block's rows, one after the other. A step is what `batch_size` rows are."""
        reach_B = rng.integers(1, block.window + 1, len(block), dtype=np.uint8)
        left_B, right_B = np.minimum(block.left, reach_B), np.minimum(block.right, reach_B)
        num_spans = len(block.words)
        noise = self._draw(num_spans, rng)
        num_rows = int(np.count_nonzero(left_B + right_B))
        first, last = learning_rate(0), learning_rate(num_rows)
        loss = np.zeros(2)
        pairs = self._kernels.train_block(
            tables.input.reshape(-1),
            tables.output.reshape(-1),
            block.words,
            left_B,
            right_B,
            noise,
            self._frozen,
            first,
            (last - first) / max(num_spans, 1),
            self._config.negative / self._kernels.set_size,
            loss,
        )
        steps = -(-num_spans * ROWS_PER_SPAN // self._config.batch_size)
        return BlockResult(num_rows, int(pairs), steps, float(loss[0]), int(loss[1]), last)

    def _draw(self, num_spans: int, rng: np.random.Generator) -> Int32Array:
        """Noise words (num_spans, num_sets * set_size), spread over the distribution as `draw_spread` has it."""
        _, draw_noise, num_sets, set_size = self._kernels
        noise = np.empty((num_spans * num_sets, set_size), np.int32)
        draw_noise(
            self._sampler.edges, self._sampler.word_of_rank, rng.integers(2**63, dtype=np.uint64), noise
        )
        return noise.reshape(num_spans, num_sets * set_size)

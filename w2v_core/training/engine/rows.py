"""Rows span by span, with the contexts that are within reach.

B: rows, W: window, S: spans (B = 16 * S), R: rows of a span (16), L: words of a span and around it
(W before it, its own 16, W after it), C: different sets of contexts that a row of a block has.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from w2v_core.shards.epoch_order import ROWS_PER_SPAN
from w2v_core.shards.spans import Spans
from w2v_core.training.engine.workspace import Workspace
from w2v_core.types import FloatArray, Int32Array


@dataclass(frozen=True)
class Rows:
    """Whole spans: targets (B,) and words (S, L) int32, and which of a span's words are a row's contexts.

    A row without a context fills a span up and trains nothing.
    """

    targets: Int32Array
    words: Int32Array
    num_contexts: npt.NDArray[np.uint8]
    masks: FloatArray
    """1 where a word is a context, else 0"""
    means: FloatArray
    """the same by the number of contexts, so that the products with words are means"""
    which: npt.NDArray[np.intp]
    """the place in C of each row's contexts"""

    def __len__(self) -> int:
        return len(self.targets)

    def part(self, begin: int, end: int) -> "Rows":
        """Rows begin to end (exclusive), whole spans."""
        words_SL = self.words[begin // ROWS_PER_SPAN : end // ROWS_PER_SPAN]
        rows = slice(begin, end)
        return Rows(
            self.targets[rows],
            words_SL,
            self.num_contexts[rows],
            self.masks,
            self.means,
            self.which[rows],
        )

    @property
    def num_rows(self) -> int:
        """Rows that have a context."""
        return int(np.count_nonzero(self.num_contexts))

    @property
    def num_pairs(self) -> int:
        """Contexts of all rows."""
        return int(self.num_contexts.sum())

    def mask(self, workspace: Workspace) -> FloatArray:
        """(S, R, L): 1 where a word is a context of a row, else 0."""
        return self._of_rows(workspace.take("mask", self.masks, self.which))

    def mean(self, workspace: Workspace) -> FloatArray:
        """(S, R, L): 1 / n where a word is one of the n contexts of a row, else 0."""
        return self._of_rows(workspace.take("mean", self.means, self.which))

    def _of_rows(self, rows_BL: FloatArray) -> FloatArray:
        return rows_BL.reshape(len(self.words), ROWS_PER_SPAN, -1)


def prepare(block: Spans, reach_B: npt.NDArray[np.integer], real: type[np.floating] = np.float32) -> Rows:
    """The rows with the contexts that are at most `reach` (B,) words away. Done once a block, for many batches.

    `real` is the type of the tables.
    """
    reach_B = reach_B.astype(np.uint8)
    left_B, right_B = np.minimum(block.left, reach_B), np.minimum(block.right, reach_B)
    # Rows differ little in which words of their span they see: a row of a table says it for all that are alike.
    place_B = np.tile(np.arange(ROWS_PER_SPAN), len(block.words))
    base = block.window + 1
    code_B = (place_B * base + left_B) * base + right_B
    code_C = np.flatnonzero(np.bincount(code_B))
    index = np.zeros(ROWS_PER_SPAN * base * base, np.intp)
    index[code_C] = np.arange(len(code_C))
    place_C, left_C, right_C = np.unravel_index(code_C, (ROWS_PER_SPAN, base, base))
    target_C = place_C + block.window
    word_L = np.arange(block.words.shape[1])
    seen_CL = (word_L >= (target_C - left_C)[:, None]) & (word_L <= (target_C + right_C)[:, None])
    masks_CL = (seen_CL & (word_L != target_C[:, None])).astype(real)
    means_CL = masks_CL / np.maximum(left_C + right_C, 1).astype(real)[:, None]
    return Rows(block.targets, block.words, left_B + right_B, masks_CL, means_CL, index.take(code_B))

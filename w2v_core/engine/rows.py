"""Rows stretch by stretch, with the contexts that are present.

B: rows, W: window, S: stretches (B = 16 * S), R: rows of a stretch (16), L: words of a stretch and around it
(W before it, its own 16, W after it).
"""

from dataclasses import dataclass
from functools import cache

import numpy as np
import numpy.typing as npt

from w2v_core.arrays import BoolArray, FloatArray, Int32Array
from w2v_core.engine.scratch import Scratch
from w2v_core.shards.order import ROWS_PER_STRETCH


@dataclass(frozen=True)
class Rows:
    """Whole stretches: targets (B,) int32, words (S, L) int32, which contexts are present (B, 2 * W) bool, and how
    many they are (B,) uint8.

    A stretch is cut from text, so the contexts of its rows are words of the stretch and around it: of row r,
    those at r to r + 2 * W but for its own at r + W. A row without a context fills a stretch up and trains nothing.
    """

    target_B: Int32Array
    words_SL: Int32Array
    present_BW: BoolArray
    num_contexts_B: npt.NDArray[np.uint8]

    def __len__(self) -> int:
        return len(self.target_B)

    def part(self, begin: int, end: int) -> "Rows":
        """Rows begin to end (exclusive), whole stretches."""
        words_SL = self.words_SL[begin // ROWS_PER_STRETCH : end // ROWS_PER_STRETCH]
        some = slice(begin, end)
        return Rows(self.target_B[some], words_SL, self.present_BW[some], self.num_contexts_B[some])

    @property
    def num_rows(self) -> int:
        """Rows that have a context."""
        return int(np.count_nonzero(self.num_contexts_B))

    @property
    def num_pairs(self) -> int:
        """Contexts of all rows."""
        return int(self.num_contexts_B.sum())

    def mask(self, scratch: Scratch) -> FloatArray:
        """(S, R, L): 1 where a word is a context of a row, else 0."""
        num_stretches, length = self.words_SL.shape
        mask_SRL = scratch.array("mask", (num_stretches, ROWS_PER_STRETCH, length))
        mask_SRL.fill(0)
        places = _places(length - ROWS_PER_STRETCH)
        mask_SRL.reshape(num_stretches, -1)[:, places] = self.present_BW.reshape(num_stretches, -1)
        return mask_SRL


@cache
def _places(width: int) -> npt.NDArray[np.intp]:
    """Where the contexts left 1, right 1, left 2, … of the rows of a stretch stand in (R, L), end to end."""
    distance_W = np.arange(width) // 2 + 1
    offset_W = np.where(np.arange(width) % 2 == 0, -distance_W, distance_W) + width // 2
    row_R1 = np.arange(ROWS_PER_STRETCH)[:, None]
    places: npt.NDArray[np.intp] = row_R1 * (ROWS_PER_STRETCH + width) + row_R1 + offset_W
    return places.ravel()


def prepare(target_B: Int32Array, contexts_BW: Int32Array, present_BW: BoolArray) -> Rows:
    """Whole stretches, whose contexts are those that `present_BW` marks. Done once a block, for many batches."""
    window = contexts_BW.shape[1] // 2
    contexts_SRW = contexts_BW.reshape(-1, ROWS_PER_STRETCH, 2 * window)
    words_SL = np.empty((len(contexts_SRW), ROWS_PER_STRETCH + 2 * window), np.int32)
    words_SL[:, :window] = contexts_SRW[:, 0, ::2][:, ::-1]
    words_SL[:, window:-window] = target_B.reshape(-1, ROWS_PER_STRETCH)
    words_SL[:, -window:] = contexts_SRW[:, -1, 1::2]
    np.maximum(words_SL, 0, out=words_SL)  # who is no word is nobody's context
    num_contexts_B: npt.NDArray[np.uint8] = np.einsum("bw->b", present_BW.view(np.uint8))  # the fastest sum
    return Rows(target_B, words_SL, present_BW, num_contexts_B)

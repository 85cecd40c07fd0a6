"""Rows as the spans of text they are: each word once, and how far to each side it has contexts.

B: rows, W: window, S: spans (B = 16 * S), L: words of a span and around it (W before it, its own 16, W after).
A fifth of the memory of the rows, and what the engine wants.
"""

from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np
import numpy.typing as npt

from w2v_core.errors import UserError
from w2v_core.shards.epoch_order import ROWS_PER_SPAN
from w2v_core.shards.windows import NO_WORD
from w2v_core.types import Int32Array

_CHUNK_ROWS = 8192  # whole spans; few enough to stay in a core's cache

Counts8 = npt.NDArray[np.uint8]


def offsets(window: int) -> npt.NDArray[np.intp]:
    """(2 * W,): how far from the target the contexts of a row stand in the text: -1, 1, -2, 2, …"""
    distance_W = np.arange(2 * window) // 2 + 1
    return np.where(np.arange(2 * window) % 2 == 0, -distance_W, distance_W)


@dataclass(frozen=True)
class Spans:
    """words (S, L) int32; left and right (B,) uint8: how many words before and after its target a row has as contexts.

    Row r of a span has the word at r + W for its target, and none of the others where left and right are 0: such
    a row fills a span up. A word that is nobody's context is 0.
    """

    words: Int32Array
    left: Counts8
    right: Counts8

    def __len__(self) -> int:
        return len(self.left)

    @property
    def nbytes(self) -> int:
        """Bytes of the arrays."""
        total: int = sum(getattr(self, field.name).nbytes for field in fields(self))
        return total

    @property
    def window(self) -> int:
        """W."""
        _, length = self.words.shape
        window: int = (length - ROWS_PER_SPAN) // 2
        return window

    @property
    def targets(self) -> Int32Array:
        """(B,), a copy."""
        return self.words[:, self.window : self.window + ROWS_PER_SPAN].reshape(-1)

    @property
    def contexts(self) -> Int32Array:
        """(B, 2 * W) as a shard holds them: left 1, right 1, left 2, right 2, …, and -1 for none."""
        window = self.window
        offset_W = offsets(window)
        places_RW = np.arange(ROWS_PER_SPAN)[:, None] + window + offset_W
        around_BW = self.words.take(places_RW.ravel(), axis=1).reshape(len(self), -1)
        # who sees how far is looked up, left by right: comparing short rows is slow
        sides = np.arange(window + 1)
        is_left_CW = -offset_W <= sides.repeat(window + 1)[:, None]
        is_right_CW = offset_W <= np.tile(sides, window + 1)[:, None]
        seen_CW = np.where(offset_W < 0, is_left_CW, is_right_CW)
        seen_BW = seen_CW.take(self.left.astype(np.intp) * (window + 1) + self.right, axis=0)
        return np.where(seen_BW, around_BW, np.int32(NO_WORD))

    def permuted(self, order_S: npt.NDArray[np.int64]) -> "Spans":
        """The spans in another order."""
        return Spans(
            self.words.take(order_S, axis=0),
            *(
                rows.reshape(-1, ROWS_PER_SPAN).take(order_S, axis=0).ravel()
                for rows in (self.left, self.right)
            ),
        )

    @classmethod
    def joined(cls, parts: Sequence["Spans"]) -> "Spans":
        """One after the other."""
        return cls(
            np.concatenate([part.words for part in parts]),
            np.concatenate([part.left for part in parts]),
            np.concatenate([part.right for part in parts]),
        )

    @classmethod
    def of_rows(
        cls,
        target_B: Int32Array,
        contexts_BW: Int32Array,
        num_words: int,
        path: str,
        compiled: bool = False,
    ) -> "Spans":
        """The rows of a shard, of which the first begins a span; rows without contexts fill the last one up.

        UserError, naming `path`, unless every id is one of `num_words` and the rows stand in spans of text.
        Other ids would have compiled code write beside the tables. `compiled` uses Numba.
        """
        if compiled:
            from w2v_core.shards.compiled_spans import compiled_spans

            if found := compiled_spans(target_B, contexts_BW, num_words):
                return cls(*found)
        chunks = [slice(begin, begin + _CHUNK_ROWS) for begin in range(0, len(target_B), _CHUNK_ROWS)]
        return cls.joined(
            [
                _spans_of_chunk(target_B[rows], contexts_BW[rows], num_words, path)
                for rows in chunks or [slice(0)]
            ]
        )


def _spans_of_chunk(target_B: Int32Array, contexts_BW: Int32Array, num_words: int, path: str) -> Spans:
    _require_known(target_B, contexts_BW, num_words, path)
    window, missing = contexts_BW.shape[1] // 2, -len(target_B) % ROWS_PER_SPAN
    if missing:
        target_B = np.append(target_B, np.zeros(missing, np.int32))
        contexts_BW = np.append(contexts_BW, np.full((missing, 2 * window), NO_WORD, np.int32), axis=0)
    words_SL = np.empty((len(target_B) // ROWS_PER_SPAN, ROWS_PER_SPAN + 2 * window), np.int32)
    contexts_SRW = contexts_BW.reshape(-1, ROWS_PER_SPAN, 2 * window)
    words_SL[:, :window] = contexts_SRW[:, 0, ::2][:, ::-1]
    words_SL[:, window:-window] = target_B.reshape(-1, ROWS_PER_SPAN)
    words_SL[:, -window:] = contexts_SRW[:, -1, 1::2]
    np.maximum(words_SL, 0, out=words_SL)
    present_BW = (contexts_BW != NO_WORD).view(np.uint8)
    # einsum is the fastest sum of short rows
    left_B, right_B = (np.einsum("bw->b", present_BW[:, side::2]) for side in (0, 1))
    found = Spans(words_SL, left_B, right_B)
    if not np.array_equal(found.contexts, contexts_BW):
        raise UserError(
            f"the rows of {path} are not in spans of {ROWS_PER_SPAN} that follow each other in the text; "
            "write the shards again"
        )
    return found


def _require_known(target_B: Int32Array, contexts_BW: Int32Array, num_words: int, path: str) -> None:
    if len(target_B) == 0:
        return
    lowest = min(target_B.min(), contexts_BW.min() - NO_WORD)
    highest = max(target_B.max(), contexts_BW.max())
    if lowest < 0 or highest >= num_words:
        raise UserError(
            f"{path} holds ids that are not of this vocabulary of {num_words:,}; write the shards again"
        )
    if (contexts_BW[:, :2] == NO_WORD).all(axis=1).any():  # nor has it farther ones
        raise UserError(f"{path} holds a row without a context; write the shards again")

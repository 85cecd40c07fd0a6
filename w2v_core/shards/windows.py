"""Sentences of ids to the words around each word."""

import numpy as np

from w2v_core.types import Int32Array, IntArray, UInt8Array

NO_WORD = -1


def reaches(lengths_S: IntArray, window: int) -> tuple[UInt8Array, UInt8Array]:
    """left (T,) and right (T,) uint8: how many words of its sentence stand before and after each, at most `window`.

    Sentence s has lengths_S[s] words; together they are the T tokens.
    """
    begins_S = np.cumsum(lengths_S) - lengths_S
    position_T = np.arange(int(np.sum(lengths_S))) - np.repeat(begins_S, lengths_S)
    after_T = np.repeat(lengths_S, lengths_S) - 1 - position_T
    return np.minimum(position_T, window).astype(np.uint8), np.minimum(after_T, window).astype(np.uint8)


def context_windows(
    ids_T: Int32Array, left_T: UInt8Array, right_T: UInt8Array, window: int, rows_B: IntArray | None = None
) -> Int32Array:
    """Return the contexts (B, W) int32 of the tokens `rows_B`, or of all: the ids left 1, right 1, left 2, right 2, …

    W is 2 * window. A token has left_T words before it and right_T after it; -1 stands where there is none.
    """
    rows_B = np.arange(len(ids_T)) if rows_B is None else rows_B
    contexts_BW = np.empty((len(rows_B), 2 * window), np.int32)
    left_B, right_B = left_T[rows_B], right_T[rows_B]
    for distance in range(1, window + 1):
        before_B = ids_T.take(rows_B - distance, mode="clip")
        after_B = ids_T.take(rows_B + distance, mode="clip")
        contexts_BW[:, 2 * distance - 2] = np.where(left_B >= distance, before_B, NO_WORD)
        contexts_BW[:, 2 * distance - 1] = np.where(right_B >= distance, after_B, NO_WORD)
    return contexts_BW

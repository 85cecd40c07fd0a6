"""Sentences of ids to the words around each word. B: rows, S: sentences, W: window, R: rows asked for."""

import numpy as np

from w2v_core.types import Int32Array, IntArray, UInt8Array

NO_WORD = -1


def reaches(lengths_S: IntArray, window: int) -> tuple[UInt8Array, UInt8Array]:
    """left (B,) and right (B,) uint8: how many words of its sentence stand before and after each, at most `window`.

    Sentence s has lengths_S[s] words; together they are the B rows.
    """
    begins_S = np.cumsum(lengths_S) - lengths_S
    place_B = np.arange(int(np.sum(lengths_S))) - np.repeat(begins_S, lengths_S)
    after_B = np.repeat(lengths_S, lengths_S) - 1 - place_B
    return np.minimum(place_B, window).astype(np.uint8), np.minimum(after_B, window).astype(np.uint8)


def context_windows(
    ids_B: Int32Array, left_B: UInt8Array, right_B: UInt8Array, window: int, rows_R: IntArray | None = None
) -> Int32Array:
    """contexts (R, 2 * window) int32 of some rows, or of all: the ids left 1, right 1, left 2, right 2, …

    A row has left_B words before it and right_B after it; -1 stands where there is none.
    """
    rows_R = np.arange(len(ids_B)) if rows_R is None else rows_R
    contexts_RW = np.empty((len(rows_R), 2 * window), np.int32)
    left_R, right_R = left_B[rows_R], right_B[rows_R]
    for distance in range(1, window + 1):
        before_R = ids_B.take(rows_R - distance, mode="clip")
        after_R = ids_B.take(rows_R + distance, mode="clip")
        contexts_RW[:, 2 * distance - 2] = np.where(left_R >= distance, before_R, NO_WORD)
        contexts_RW[:, 2 * distance - 1] = np.where(right_R >= distance, after_R, NO_WORD)
    return contexts_RW

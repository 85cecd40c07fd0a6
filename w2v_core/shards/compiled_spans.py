"""`spans.spans_of_rows` by Numba, ten times as fast; what it refuses, the NumPy version explains."""

from functools import cache

import numpy as np
from numba import njit

from w2v_core.shards.epoch_order import ROWS_PER_SPAN
from w2v_core.shards.windows import NO_WORD
from w2v_core.types import Int32Array, UInt8Array


def compiled_spans(
    target_B: Int32Array, contexts_BW: Int32Array, num_words: int
) -> tuple[Int32Array, UInt8Array, UInt8Array] | None:
    """The words (S, L), left (B,) and right (B,) of `Spans`; None where the rows are not those of a shard."""
    num_spans, window = -(-len(target_B) // ROWS_PER_SPAN), contexts_BW.shape[1] // 2
    words_SL = np.zeros((num_spans, ROWS_PER_SPAN + 2 * window), np.int32)
    left_B, right_B = np.zeros((2, num_spans * ROWS_PER_SPAN), np.uint8)
    is_sound = _kernel()(target_B, contexts_BW, num_words, words_SL, left_B, right_B)
    return (words_SL, left_B, right_B) if is_sound else None


@cache
def _kernel():  # type: ignore[no-untyped-def]
    try:
        return njit(nogil=True, cache=True)(_fill)
    except RuntimeError:  # there is no folder that could be written
        return njit(nogil=True)(_fill)


def _fill(target_B, contexts_BW, num_words, words_SL, left_B, right_B):  # type: ignore[no-untyped-def]
    num_rows, window = len(target_B), contexts_BW.shape[1] // 2
    for row in range(num_rows):
        word = target_B[row]
        if word < 0 or word >= num_words:
            return False
        words_SL[row // ROWS_PER_SPAN, window + row % ROWS_PER_SPAN] = word
    for row in range(num_rows):
        span, place = row // ROWS_PER_SPAN, row % ROWS_PER_SPAN
        for side in range(2):
            count, is_over = 0, False
            for distance in range(1, window + 1):
                word = contexts_BW[row, 2 * (distance - 1) + side]
                if word == NO_WORD:
                    is_over = True
                    continue
                if is_over or word < 0 or word >= num_words:
                    return False
                at = window + place + (distance if side else -distance)
                is_before = place == 0 and side == 0
                is_after = place == ROWS_PER_SPAN - 1 and side == 1
                if is_before or is_after:
                    words_SL[span, at] = word  # the first and the last row alone see all of these
                elif window <= at < window + ROWS_PER_SPAN and words_SL[span, at] != word:
                    return False
                count += 1
            if side:
                right_B[row] = count
            else:
                left_B[row] = count
        if left_B[row] + right_B[row] == 0:
            return False
    # the words around a span, seen by its other rows
    for row in range(num_rows):
        span, place = row // ROWS_PER_SPAN, row % ROWS_PER_SPAN
        for distance in range(place + 1, left_B[row] + 1):
            if words_SL[span, window + place - distance] != contexts_BW[row, 2 * (distance - 1)]:
                return False
        for distance in range(ROWS_PER_SPAN - place, right_B[row] + 1):
            if words_SL[span, window + place + distance] != contexts_BW[row, 2 * (distance - 1) + 1]:
                return False
    return True

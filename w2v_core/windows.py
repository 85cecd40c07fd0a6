"""Sentences of ids to the words around each word. B: rows, W: window."""

from typing import Any

import numpy as np
import numpy.typing as npt

Int32Array = npt.NDArray[np.int32]
NO_WORD = -1


def context_windows(ids_B: Int32Array, sentence_B: npt.NDArray[np.integer[Any]], window: int) -> Int32Array:
    """contexts (B, 2 * window) int32: the ids left 1, right 1, left 2, right 2, … of each word.

    `sentence_B` names each word's sentence and does not decrease. -1 stands where the sentence ends.
    """
    contexts_BW = np.full((len(ids_B), 2 * window), NO_WORD, np.int32)
    for distance in range(1, min(window, len(ids_B) - 1) + 1):
        same = sentence_B[distance:] == sentence_B[:-distance]
        contexts_BW[distance:, 2 * distance - 2] = np.where(same, ids_B[:-distance], NO_WORD)
        contexts_BW[:-distance, 2 * distance - 1] = np.where(same, ids_B[distance:], NO_WORD)
    return contexts_BW

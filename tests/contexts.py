"""The windows of words whose sentences are told by a number each."""

import numpy as np

from w2v_core.shards.windows import context_windows, reaches


def contexts_of(ids: np.ndarray, sentence: np.ndarray, window: int) -> np.ndarray:
    """(B, 2 * window), of words in sentences of which the numbers do not fall."""
    return context_windows(ids, *reaches(np.bincount(sentence), window), window)

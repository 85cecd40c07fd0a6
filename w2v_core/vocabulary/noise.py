"""The distribution that negative words are drawn from."""

import math
from typing import Any

import numpy as np
import numpy.typing as npt

from w2v_core.types import Float64Array


def noise_distribution(counts_V: npt.ArrayLike, power: float) -> Float64Array:
    """p[w] = counts[w]**power / sum over v of counts[v]**power.

    counts_V: (V,) integers, each at least 1. power: finite; 0.75 is the paper's choice, 1 follows the text,
    0 draws every word alike, and below 0 prefers rare words. Returns (V,) float64 that sums to 1. Odd: a
    probability below 1e-300, which only an outlandish power yields, comes out as 0.

    Raises ValueError for counts that are empty, not one-dimensional, not integers or below 1, and for a
    power that is not finite.

    Source: Mikolov et al. 2013, "Distributed Representations of Words and Phrases and their
    Compositionality", section 2.2.
    """
    counts = _checked_counts(counts_V)
    if not math.isfinite(power):
        raise ValueError(f"power must be finite, got {power}")
    # Divided by the likeliest word's count first: the powers are then at most 1 and cannot overflow.
    likeliest = counts.max() if power >= 0 else counts.min()
    weights_V: Float64Array = (counts / likeliest) ** power
    probabilities_V: Float64Array = weights_V / weights_V.sum()
    probabilities_V[probabilities_V < 1e-300] = 0.0  # below lie numbers too coarse to multiply by
    return probabilities_V


def _checked_counts(counts_V: npt.ArrayLike) -> npt.NDArray[np.integer[Any]]:
    counts: npt.NDArray[Any] = np.asarray(counts_V)
    if counts.ndim != 1 or counts.size == 0:
        raise ValueError(f"counts must be one row of at least one count, got shape {counts.shape}")
    if counts.dtype.kind not in "iu":
        raise ValueError(f"counts must be integers, got {counts.dtype} (first value {counts[0]})")
    if counts.min() < 1:
        word = int(counts.argmin())
        raise ValueError(f"counts must be at least 1, got {counts[word]} for word {word}")
    return counts

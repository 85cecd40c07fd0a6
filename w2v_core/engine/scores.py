"""Scores to gradients and loss."""

import numpy as np

from w2v_core.arrays import FloatArray


def sigmoid(score: FloatArray) -> FloatArray:
    """1 / (1 + exp(-x)), of the scores' type. exp may overflow to infinity, which gives 0, as it should."""
    out = np.negative(score)
    with np.errstate(over="ignore"):
        np.exp(out, out=out)
    out += 1
    np.reciprocal(out, out=out)
    return out


def softplus_sum(score: FloatArray, weight: FloatArray | float = 1.0) -> float:
    """Sum of weight * log(1 + exp(x)), in float64; NaN where a score is."""
    with np.errstate(invalid="ignore"):
        return float(np.sum(np.logaddexp(0.0, score.astype(np.float64)) * weight))

"""Scores to gradients and loss."""

import numpy as np

from w2v_core.types import FloatArray


def to_sigmoid(score: FloatArray) -> FloatArray:
    """1 / (1 + exp(-x)) in place of the scores. exp may overflow, which gives 0, as it should, and a warning."""
    np.negative(score, out=score)
    np.exp(score, out=score)
    score += 1
    return np.reciprocal(score, out=score)


def softplus_sum(score: FloatArray, weight: FloatArray | float = 1.0) -> float:
    """Sum of weight * log(1 + exp(x)), in float64; NaN where a score is."""
    with np.errstate(invalid="ignore"):
        return float(np.sum(np.logaddexp(0.0, score.astype(np.float64)) * weight))

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


def loss_of_pairs(positive: FloatArray, noise: FloatArray, noise_weight: FloatArray) -> float:
    """Sum of log(1 + exp(-x)) over positive scores and of weight * log(1 + exp(x)) over noise, in float64."""
    told_true = np.logaddexp(0.0, -positive.astype(np.float64)).sum()
    told_false = (np.logaddexp(0.0, noise.astype(np.float64)) * noise_weight).sum()
    return float(told_true + told_false)

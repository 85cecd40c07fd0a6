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


def curvature(score: FloatArray, probability: FloatArray) -> FloatArray:
    """(s(x) - 1/2) / x, which is 1/4 at x = 0: no parabola that touches log(1 + exp(x)) at x from above is flatter.

    probability: s(x), or 1 - s(x) with -x. Source: Jaakkola and Jordan 2000, "Bayesian parameter estimation
    via variational methods", section 2.
    """
    out = np.full_like(score, 0.25)
    np.divide(probability - score.dtype.type(0.5), score, out=out, where=np.abs(score) > 1e-2)
    return out


def loss_of_pairs(positive: FloatArray, noise: FloatArray, noise_weight: FloatArray) -> float:
    """Sum of log(1 + exp(-x)) over positive scores and of weight * log(1 + exp(x)) over noise, in float64."""
    with np.errstate(invalid="ignore"):  # a table that holds NaN is told by the loss being NaN
        told_true = np.logaddexp(0.0, -positive.astype(np.float64)).sum()
        told_false = (np.logaddexp(0.0, noise.astype(np.float64)) * noise_weight).sum()
    return float(told_true + told_false)

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


def softplus_sum(score: FloatArray, weight: FloatArray | float = 1.0) -> float:
    """Sum of weight * log(1 + exp(x)), in float64; NaN where a score is."""
    with np.errstate(invalid="ignore"):
        return float(np.sum(np.logaddexp(0.0, score.astype(np.float64)) * weight))

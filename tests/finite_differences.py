"""What a gradient is checked against: the slope of the loss itself, one number at a time, in float64."""

from collections.abc import Callable

import numpy as np

from w2v_core.reference.sparse_gradient import RowGradient
from w2v_core.types import FloatArray


def numeric_gradient(loss: Callable[[], float], array: FloatArray, step: float = 1e-5) -> FloatArray:
    """d loss() / d array by central differences; `loss` reads `array`, which is nudged in place."""
    gradient = np.zeros_like(array)
    for place in np.ndindex(array.shape):
        kept = array[place]
        array[place] = kept + step
        above = loss()
        array[place] = kept - step
        below = loss()
        array[place] = kept
        gradient[place] = (above - below) / (2 * step)
    return gradient


def dense(gradient: RowGradient, num_rows: int) -> FloatArray:
    """The whole table's gradient, summed by a loop: the oracle for repeated ids."""
    table = np.zeros((num_rows, gradient.rows.shape[1]), dtype=gradient.rows.dtype)
    for word, row in zip(gradient.ids.tolist(), gradient.rows, strict=True):
        assert 0 <= word < num_rows
        table[word] += row
    return table

"""Arrays that many modules take: names for them, and one way to make one."""

from typing import Any

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.floating[Any]]
IntArray = npt.NDArray[np.integer[Any]]
BoolArray = npt.NDArray[np.bool_]
Int32Array = npt.NDArray[np.int32]
"""Ids."""
Int64Array = npt.NDArray[np.int64]
"""Places and counts."""


def ranges(begins: Int64Array, lengths: Int64Array) -> Int64Array:
    """begins[0], begins[0] + 1, …, begins[0] + lengths[0] - 1, begins[1], …"""
    before = np.cumsum(lengths) - lengths
    return np.repeat(begins - before, lengths) + np.arange(int(np.sum(lengths)))

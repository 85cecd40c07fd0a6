"""Arrays that many modules take: names for them, and one way to make one."""

from typing import Any

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.floating[Any]]
Float32Array = npt.NDArray[np.float32]
"""Vectors, weights and cosines."""
Float64Array = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.integer[Any]]
BoolArray = npt.NDArray[np.bool_]
Int8Array = npt.NDArray[np.int8]
UInt8Array = npt.NDArray[np.uint8]
"""Bytes of text, and counts of a window's contexts."""
Int32Array = npt.NDArray[np.int32]
"""Ids."""
UInt32Array = npt.NDArray[np.uint32]
"""Code points."""
Int64Array = npt.NDArray[np.int64]
"""Positions and counts."""
UInt64Array = npt.NDArray[np.uint64]
"""Hashes and keys."""


def ranges(begins: Int64Array, lengths: Int64Array) -> Int64Array:
    """begins[0], begins[0] + 1, …, begins[0] + lengths[0] - 1, begins[1], …"""
    before = np.cumsum(lengths) - lengths
    return np.repeat(begins - before, lengths) + np.arange(int(np.sum(lengths)))

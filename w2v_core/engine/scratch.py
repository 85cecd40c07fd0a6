"""What a worker needs beside the tables: buffers that batches reuse, and sums by word. One a worker.

V: words, D: dimensions, N: rows taken.
"""

import numpy as np
import numpy.typing as npt

from w2v_core.arrays import FloatArray, Int32Array
from w2v_core.engine.bound import StepBound


class Scratch:
    """Nothing in here outlives a step but its memory.

    bound: see `bound`. is_noise_V: (V,) bool, all False between steps.
    """

    def __init__(self, num_words: int, real: type[np.floating] = np.float32) -> None:
        self.bound = StepBound(num_words)
        self.is_noise_V = np.zeros(num_words, np.bool_)
        self._real = real
        self._buffers: dict[str, FloatArray] = {}
        self._counting = np.arange(0, dtype=np.int32)

    def rows(self, name: str, num_rows: int, size: int) -> FloatArray:
        """(num_rows, size) of no particular content, in memory that the next call with `name` takes again."""
        found = self._buffers.get(name)
        if found is None or len(found) < num_rows:
            found = self._buffers[name] = np.empty((num_rows + num_rows // 4, size), self._real)
        return found[:num_rows]

    def take(self, name: str, table_VD: FloatArray, ids_N: npt.NDArray[np.integer]) -> FloatArray:
        """table[ids] (N, D), in the buffer `name`."""
        out = self.rows(name, len(ids_N), table_VD.shape[1])
        # mode="raise" would go through a buffer of its own, at twice the time
        return np.take(table_VD, ids_N, axis=0, out=out, mode="clip")

    def counting(self, stop: int) -> Int32Array:
        """0, 1, …, stop - 1."""
        if len(self._counting) < stop:
            self._counting = np.arange(stop + stop // 4, dtype=np.int32)
        return self._counting[:stop]

"""What a worker needs beside the tables: buffers that batches reuse, and sums by word. One a worker.

V: words, D: dimensions, N: rows taken.
"""

from math import prod

import numpy as np
import numpy.typing as npt

from w2v_core.training.engine.bound import StepBound
from w2v_core.types import BoolArray, FloatArray, Int32Array


class Workspace:
    """Nothing in here outlives a step but its memory.

    real: the type of the tables. bound: see `bound`. frozen_V: (V,) bool, whose input rows stay; None for nobody's.
    """

    def __init__(
        self, num_words: int, real: type[np.floating] = np.float32, frozen_V: BoolArray | None = None
    ) -> None:
        self.frozen = frozen_V
        self.bound = StepBound(num_words, real)
        self.real = real
        self._buffers: dict[str, FloatArray] = {}

    def array(self, name: str, shape: tuple[int, ...]) -> FloatArray:
        """An array of no particular content, in memory that the next call with `name` takes again."""
        size = prod(shape)
        found = self._buffers.get(name)
        if found is None or len(found) < size:
            found = self._buffers[name] = np.empty(size + size // 4, self.real)
        return found[:size].reshape(shape)

    def take(self, name: str, table_VD: FloatArray, ids_N: npt.NDArray[np.integer]) -> FloatArray:
        """table[ids] (N, D), in the buffer `name`."""
        out = self.array(name, (len(ids_N), table_VD.shape[1]))
        # mode="raise" would go through a buffer of its own, at twice the time
        return table_VD.take(ids_N, axis=0, out=out, mode="clip")

    def mask_frozen(self, ids_P: Int32Array, step_P: FloatArray) -> None:
        """Set the steps of words that are to stay to 0."""
        if self.frozen is not None:
            step_P[self.frozen.take(ids_P, mode="clip")] = 0

"""Rows with the contexts that are present, end to end. B: rows, W: window, P: contexts present."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from w2v_core.arrays import Int32Array


@dataclass(frozen=True)
class Rows:
    """target (B,); row b's contexts are ids_P[offsets[b]:offsets[b + 1]], at least one. All int32."""

    target_B: Int32Array
    ids_P: Int32Array
    offsets_B1: Int32Array

    def __len__(self) -> int:
        return len(self.target_B)

    def part(self, begin: int, end: int) -> "Rows":
        """Rows begin to end (exclusive)."""
        first, last = self.offsets_B1[begin], self.offsets_B1[end]
        return Rows(
            self.target_B[begin:end], self.ids_P[first:last], self.offsets_B1[begin : end + 1] - first
        )


def prepare(target_B: Int32Array, contexts_BW: Int32Array, present_BW: npt.NDArray[np.bool_]) -> Rows:
    """The rows of a block, whose contexts are those that `present_BW` marks. Done once for many batches."""
    offsets_B1 = np.zeros(len(target_B) + 1, np.int32)
    # of sums over short rows and of choices among many, NumPy's fastest
    np.cumsum(np.einsum("bw->b", present_BW.view(np.uint8)), out=offsets_B1[1:])
    return Rows(target_B, contexts_BW.ravel().compress(present_BW.ravel()), offsets_B1)

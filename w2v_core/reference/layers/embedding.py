"""Embedding: ids to the rows of a table."""

from collections.abc import Callable

import numpy as np

from w2v_core.reference.sparse_gradient import RowGradient
from w2v_core.shards.windows import NO_WORD
from w2v_core.types import FloatArray, IntArray


class Embedding:
    """out[s] = W[ids[s]], and zeros where the id is -1.

    weights_VD: (V, D) float32 or float64; kept, not copied, so that layers and threads share it.
    """

    def __init__(self, weights_VD: FloatArray) -> None:
        self.weights = weights_VD

    def forward(self, ids_N: IntArray) -> tuple[FloatArray, Callable[[FloatArray], RowGradient]]:
        """Looks up ids of any shape, here (N,), each -1 or in [0, V).

        Returns out (N, D) in the weights' type, and backward: dout (N, D) to the table's gradient, one
        row for each id that is not -1. Raises IndexError for an id of V or more.
        """
        present_N = ids_N != NO_WORD
        out_ND: FloatArray = np.where(present_N[..., np.newaxis], self.weights[ids_N], 0)

        def backward(dout_ND: FloatArray) -> RowGradient:
            return RowGradient(ids_N[present_N], dout_ND[present_N])

        return out_ND, backward

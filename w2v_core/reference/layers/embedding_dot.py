"""EmbeddingDot: one vector a row against the vectors of a few words."""

from collections.abc import Callable

import numpy as np

from w2v_core.reference.layers.embedding import Embedding
from w2v_core.reference.sparse_gradient import RowGradient
from w2v_core.types import FloatArray, IntArray


class EmbeddingDot:
    """score[b, n] = sum over d of W[ids[b, n], d] * h[b, d], and 0 where the id is -1.

    weights_VD: (V, D) float32 or float64; kept, not copied.
    """

    def __init__(self, weights_VD: FloatArray) -> None:
        self.embedding = Embedding(weights_VD)

    def forward(
        self, h_BD: FloatArray, ids_BN: IntArray
    ) -> tuple[FloatArray, Callable[[FloatArray], tuple[FloatArray, RowGradient]]]:
        """Scores the words ids_BN, each -1 or in [0, V), against h_BD, of the weights' type.

        Returns score (B, N), and backward: dscore (B, N) to dh (B, D) and the table's gradient.
        """
        words_BND, embedding_backward = self.embedding.forward(ids_BN)
        score_BN: FloatArray = np.einsum("bnd,bd->bn", words_BND, h_BD)

        def backward(dscore_BN: FloatArray) -> tuple[FloatArray, RowGradient]:
            dh_BD: FloatArray = np.einsum("bn,bnd->bd", dscore_BN, words_BND)
            dwords_BND: FloatArray = np.einsum("bn,bd->bnd", dscore_BN, h_BD)
            return dh_BD, embedding_backward(dwords_BND)

        return score_BN, backward

"""NegativeSamplingLoss: tell the word that was there from words that were not.

N = 1 + K words are scored in each row.
"""

import math
from collections.abc import Callable

import numpy as np

from w2v_core.reference.layers.embedding_dot import EmbeddingDot
from w2v_core.reference.layers.sigmoid_with_loss import SigmoidWithLoss
from w2v_core.reference.sparse_gradient import RowGradient
from w2v_core.shards.windows import NO_WORD
from w2v_core.types import FloatArray, IntArray


class NegativeSamplingLoss:
    """loss = -sum over b of (log sigmoid(W[t_b] . h_b) + weight * sum over k of log sigmoid(-W[n_bk] . h_b)).

    weights_VD: (V, D) float32 or float64, the output table; kept, not copied. negative_weight: how often
    each negative counts, finite and at least 0, or a ValueError; 1 is the paper's loss, and K words that
    stand for `negative` draws each carry negative / K.

    A sum over pairs, where the book takes the mean over the batch (see `SigmoidWithLoss`). The book's layer
    also draws the negatives; here they are handed in, because a layer owns weights and nothing else, and
    because a loss that is a function of its arguments can be checked.

    Source: Mikolov et al. 2013, "Distributed Representations of Words and Phrases and their
    Compositionality", equation 4.
    """

    def __init__(self, weights_VD: FloatArray, negative_weight: float = 1.0) -> None:
        if not (math.isfinite(negative_weight) and negative_weight >= 0):
            raise ValueError(f"negative_weight must be finite and at least 0, got {negative_weight}")
        self.dot = EmbeddingDot(weights_VD)
        self.sigmoid = SigmoidWithLoss()
        self.negative_weight = negative_weight

    def forward(
        self, h_BD: FloatArray, target_B: IntArray, negatives_BK: IntArray
    ) -> tuple[float, Callable[[float], tuple[FloatArray, RowGradient]]]:
        """Scores the positive word target_B and the negative words negatives_BK against h_BD.

        h_BD has the weights' type; ids are -1 or in [0, V). A negative of -1 adds nothing, and neither does
        a row whose target is -1, whatever its negatives. A negative equal to the target is not looked for:
        `UnigramSampler.get_negative_sample` returns none.

        Returns loss, float64, and backward: dloss to dh (B, D) and the table's gradient.
        """
        ids_BN = np.concatenate([target_B[:, np.newaxis], negatives_BK], axis=1)
        ids_BN[target_B == NO_WORD] = NO_WORD
        label_BN = np.zeros(ids_BN.shape, dtype=np.bool_)
        label_BN[:, 0] = True
        weight_BN = np.where(label_BN, 1.0, self.negative_weight) * (ids_BN != NO_WORD)

        score_BN, dot_backward = self.dot.forward(h_BD, ids_BN)
        loss, sigmoid_backward = self.sigmoid.forward(score_BN, label_BN, weight_BN)

        def backward(dloss: float) -> tuple[FloatArray, RowGradient]:
            return dot_backward(sigmoid_backward(dloss))

        return loss, backward

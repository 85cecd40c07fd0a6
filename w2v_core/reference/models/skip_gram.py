"""Skip-gram: the word in the middle predicts each of the words around."""

from collections.abc import Callable

import numpy as np

from w2v_core.reference.layers import Embedding, NegativeSamplingLoss
from w2v_core.reference.models.batch import BatchLoss, Gradients
from w2v_core.shards.windows import NO_WORD
from w2v_core.types import FloatArray, IntArray


class SkipGram:
    """h = the target's input vector; loss = sum over contexts of NegativeSamplingLoss(h, context, negatives).

    in_VD, out_VD: (V, D) of one type, float32 or float64; kept, not copied. negative_weight: see
    `NegativeSamplingLoss`.

    word2vec.c and gensim swap the two: there the context's input vector predicts the target. Being near is
    mutual, so over a text the pairs are the same; where the window shrinks at random they are the same on
    average.

    Source: Mikolov et al. 2013, "Distributed Representations of Words and Phrases and their
    Compositionality", equations 1 and 4.
    """

    def __init__(self, in_VD: FloatArray, out_VD: FloatArray, negative_weight: float = 1.0) -> None:
        self.embedding = Embedding(in_VD)
        self.loss = NegativeSamplingLoss(out_VD, negative_weight)

    def forward(
        self, target_B: IntArray, contexts_BW: IntArray, negatives_BWK: IntArray
    ) -> tuple[BatchLoss, Callable[[float], Gradients]]:
        """Every context of a row is one pair: the target, and that context.

        Ids are -1 or in [0, V); negatives_BWK belong to the contexts. A pair adds nothing if either of its
        words is -1. Returns the loss and its pairs, and backward: dloss to `Gradients`.
        """
        row_P, slot_P = np.nonzero((contexts_BW != NO_WORD) & (target_B != NO_WORD)[:, np.newaxis])
        h_PD, embedding_backward = self.embedding.forward(target_B[row_P])

        predicted_P = contexts_BW[row_P, slot_P]
        total, loss_backward = self.loss.forward(h_PD, predicted_P, negatives_BWK[row_P, slot_P])

        def backward(dloss: float) -> Gradients:
            dh_PD, output = loss_backward(dloss)
            return Gradients(embedding_backward(dh_PD), output)

        return BatchLoss(total, len(row_P)), backward

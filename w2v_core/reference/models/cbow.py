"""CBOW: the words around predict the word in the middle."""

from collections.abc import Callable

import numpy as np

from w2v_core.reference.layers import Embedding, NegativeSamplingLoss
from w2v_core.reference.models.batch import BatchLoss, Gradients
from w2v_core.shards.windows import NO_WORD
from w2v_core.types import FloatArray, IntArray


class CBOW:
    """h = mean of the contexts' input vectors; loss = NegativeSamplingLoss(h, target, negatives).

    in_VD, out_VD: (V, D) of one type, float32 or float64; kept, not copied. negative_weight: see
    `NegativeSamplingLoss`.

    The gradient is that of the loss, so each of c contexts gets 1 / c of h's. word2vec.c and gensim give
    each the whole of it, which is not the gradient of a mean: at one alpha their input table takes steps c
    times as long as this class's, and so does the engine's (docs/decisions/0002-cbow-step.md).
    İrsoy, Benton and Stratos 2021, "Corrected CBOW Performs as well as Skip-gram",
    compare the two.

    Source: Mikolov et al. 2013, "Efficient Estimation of Word Representations in Vector Space", section 3.1,
    with negative sampling in place of the hierarchical softmax.
    """

    def __init__(self, in_VD: FloatArray, out_VD: FloatArray, negative_weight: float = 1.0) -> None:
        self.embedding = Embedding(in_VD)
        self.loss = NegativeSamplingLoss(out_VD, negative_weight)

    def forward(
        self, target_B: IntArray, contexts_BW: IntArray, negatives_BK: IntArray
    ) -> tuple[BatchLoss, Callable[[float], Gradients]]:
        """Every row is one pair: the mean of its contexts, and its target.

        Ids are -1 or in [0, V); negatives_BK belong to the targets. A row adds nothing if its target is -1
        or all of its contexts are. Returns the loss and its pairs, and backward: dloss to `Gradients`.
        """
        contexts_BWD, embedding_backward = self.embedding.forward(contexts_BW)
        num_contexts_B = np.count_nonzero(contexts_BW != NO_WORD, axis=1)
        fraction_B1 = 1 / np.maximum(num_contexts_B, 1).astype(contexts_BWD.dtype)[:, np.newaxis]
        h_BD = contexts_BWD.sum(axis=1) * fraction_B1

        predicted_B = np.where(num_contexts_B > 0, target_B, NO_WORD)
        total, loss_backward = self.loss.forward(h_BD, predicted_B, negatives_BK)

        def backward(dloss: float) -> Gradients:
            dh_BD, output = loss_backward(dloss)
            dcontexts_BWD = np.broadcast_to((dh_BD * fraction_B1)[:, np.newaxis], contexts_BWD.shape)
            return Gradients(embedding_backward(dcontexts_BWD), output)

        return BatchLoss(total, int(np.count_nonzero(predicted_B != NO_WORD))), backward

"""The layers of word2vec, written to be read; the engine's fused steps are tested against them.

    h_BD ───────────────────────────┐
    target_B ────┐                  ▼
                 ├─▶ ids_BN ─▶ EmbeddingDot ─▶ score_BN ─▶ SigmoidWithLoss ─▶ loss
    negatives_BK ┘                  ▲
                          (Embedding of the ids)
    └─────────────────────── NegativeSamplingLoss ──────────────────────────────┘

Five lines that use it:

    loss_layer = NegativeSamplingLoss(weights_VD)
    negatives_BK = sampler.get_negative_sample(target_B, rng)
    loss, backward = loss_layer.forward(h_BD, target_B, negatives_BK)
    dh_BD, gradient = backward(1.0)
    add_rows(weights_VD, gradient, -alpha)

What all of them share: `forward` returns its value and a closure that turns the gradient of the loss by
that value into the gradients by the inputs; nothing is kept in `self` but weights, so a layer can be used
twice before going backward and by several threads. A table's gradient is a `RowGradient`. The id -1
(`NO_WORD`) adds nothing to loss or gradients. Weights are float32 or float64, and gradients come out in
the same type; losses are float64.
"""

from w2v_core.reference.layers.embedding import Embedding
from w2v_core.reference.layers.embedding_dot import EmbeddingDot
from w2v_core.reference.layers.negative_sampling_loss import NegativeSamplingLoss
from w2v_core.reference.layers.sigmoid_with_loss import SigmoidWithLoss

__all__ = ["Embedding", "EmbeddingDot", "NegativeSamplingLoss", "SigmoidWithLoss"]

"""CBOW and skip-gram: the layers assembled. Both have the same shape and differ only in who predicts whom.

    CBOW       contexts_BC ─▶ Embedding ─▶ mean over the contexts ─▶ h_BD ─▶ NegativeSamplingLoss
                                                     the target is the positive word ──▲

    SkipGram   target_B, once for every context ─▶ Embedding ─▶ h_PD ─▶ NegativeSamplingLoss
                                           the context is the positive word ──▲

Five lines that use it, on a row (target, contexts) of the shards:

    model = CBOW(in_VD, out_VD)
    negatives = sampler.get_negative_sample(target_B, rng)      # SkipGram: of contexts_BC
    loss, backward = model.forward(target_B, contexts_BC, negatives)
    gradients = backward(1.0)
    add_rows(in_VD, gradients.input, -alpha)                    # and the same with out_VD, gradients.output

A model owns its two tables and nothing of a batch. The word vectors one wants at the end are `in_VD`.
"""

from w2v_core.reference.models.batch import BatchLoss, Gradients
from w2v_core.reference.models.cbow import CBOW
from w2v_core.reference.models.skip_gram import SkipGram

__all__ = ["CBOW", "BatchLoss", "Gradients", "SkipGram"]

"""The skip-gram step: each target's vector scores its contexts, and the noise its group shares.

B: rows, P: their contexts, G: groups, R: rows a group, K: noise words a group shares, N = G * K,
D: dimensions.
"""

import numpy as np

from w2v_core.arrays import FloatArray, IntArray
from w2v_core.engine.negatives import SharedNegatives
from w2v_core.engine.noise import against_noise
from w2v_core.engine.rows import Rows
from w2v_core.engine.scores import sigmoid, softplus_sum
from w2v_core.engine.scratch import Scratch
from w2v_core.engine.tables import Tables
from w2v_core.models.batch import BatchLoss
from w2v_core.row_products import gather_rows, scatter_rows

ROWS_PER_GROUP = 64
NUM_SHARED = 16


def step(
    tables: Tables,
    scratch: Scratch,
    rows: Rows,
    negatives: SharedNegatives,
    alpha: float | None,
    with_loss: bool = False,
) -> BatchLoss | None:
    """Moves the tables by -alpha * the gradient of the rows' summed loss, and tells the loss where asked.

    An alpha of None moves nothing, and tells the loss.

    The rows fall into as many groups of equal length as `negatives` has. A noise word that is also the
    pair's context adds nothing to that pair. A word whose step would overshoot takes a shorter one; see
    `bound`.
    """
    input_VD, output_VD = tables
    num_rows, num_pairs = len(rows), len(rows.ids_P)
    ids_N = negatives.ids_GK.ravel()
    row_P = np.repeat(scratch.counting(num_rows), rows.num_contexts_B)
    each = scratch.counting(max(num_rows, num_pairs, len(ids_N)) + 1)

    h_BD = scratch.take("h", input_VD, rows.target_B)
    h2_B = np.vecdot(h_BD, h_BD)
    context_PD = scratch.take("contexts", output_VD, rows.ids_P)
    score_P = np.vecdot(scratch.take("h of pairs", h_BD, row_P), context_PD)
    grad_P = sigmoid(score_P) - 1

    weight_BK = _noise_weight(rows, row_P, negatives, scratch, score_P.dtype.type)
    weight_GRK = weight_BK.reshape(len(negatives.ids_GK), -1, weight_BK.shape[1])
    noise = against_noise(h_BD, h2_B, scratch.take("noise", output_VD, ids_N), weight_GRK)
    asked = with_loss or alpha is None
    loss = BatchLoss(softplus_sum(-score_P) + noise.loss, num_pairs) if asked else None
    if alpha is None:
        return loss

    dh_BD = gather_rows(context_PD, each[:num_pairs], grad_P, rows.offsets_B1)
    dh_BD += noise.dh_BD
    reach_B = np.add.reduceat(np.vecdot(context_PD, context_PD) * -grad_P, rows.offsets_B1[:-1])
    reach_B += noise.reach_B

    scale_P, scale_N = scratch.bound.step_scales(
        alpha, (rows.ids_P, h2_B[row_P] * -grad_P), (ids_N, noise.reach_N)
    )
    (scale_B,) = scratch.bound.step_scales(alpha, (rows.target_B, reach_B))
    scatter_rows(output_VD, rows.ids_P, -alpha * scale_P * grad_P, rows.offsets_B1, h_BD)
    scatter_rows(output_VD, ids_N, -alpha * scale_N, each[: len(ids_N) + 1], noise.drows_ND)
    scatter_rows(input_VD, rows.target_B, -alpha * scale_B, each[: num_rows + 1], dh_BD)
    return loss


def _noise_weight(
    rows: Rows, row_P: IntArray, negatives: SharedNegatives, scratch: Scratch, real: type[np.floating]
) -> FloatArray:
    """(B, K): the weight of the group's noise words, once for each context of the row that is another word."""
    group_B = np.repeat(scratch.counting(len(negatives.ids_GK)), len(rows) // len(negatives.ids_GK))
    weight_BK = rows.num_contexts_B.astype(real)[:, None] * negatives.weight_GK.astype(real)[group_B]
    # Few contexts are noise of any group: those are sought first.
    scratch.is_noise_V[negatives.ids_GK] = True
    maybe = np.flatnonzero(scratch.is_noise_V[rows.ids_P])
    scratch.is_noise_V[negatives.ids_GK] = False
    group = group_B[row_P[maybe]]
    own, slot = np.nonzero(negatives.ids_GK[group] == rows.ids_P[maybe, None])
    np.subtract.at(weight_BK, (row_P[maybe[own]], slot), negatives.weight_GK[group[own], slot])
    return weight_BK

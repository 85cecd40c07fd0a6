"""The CBOW step: the mean of a row's contexts scores the target, and the noise its group shares.

B: rows, P: their contexts, G: groups, R: rows a group, K: noise words a group shares, D: dimensions.
"""

import numpy as np

from w2v_core.engine.bound import StepBound
from w2v_core.engine.negatives import SharedNegatives
from w2v_core.engine.rows import Rows
from w2v_core.engine.scores import curvature, loss_of_pairs, sigmoid
from w2v_core.engine.tables import Tables
from w2v_core.models.batch import BatchLoss
from w2v_core.row_products import gather_rows, scatter_rows

ROWS_PER_GROUP = 64
NUM_SHARED = 16


def step(
    tables: Tables,
    bound: StepBound,
    rows: Rows,
    noise: SharedNegatives,
    alpha: float,
    with_loss: bool = False,
) -> BatchLoss | None:
    """Moves the tables by -alpha * the gradient of the rows' summed loss, and tells the loss where asked.

    The rows fall into as many groups of equal length as `noise` has. A noise word that is also the row's
    target adds nothing to that row. A word whose step would overshoot takes a shorter one; see `bound`.

    Each of a row's n contexts moves by the whole of the mean's gradient, which is n times its own: so do
    word2vec.c and gensim, and `alpha` means here what it means there. `docs/decisions/0002-cbow-step.md`
    has the measurements.
    """
    input_VD, output_VD = tables
    num_groups, num_rows, size = len(noise.ids_GK), len(rows), input_VD.shape[1]
    share_P = np.repeat(1 / rows.num_contexts_B.astype(input_VD.dtype), rows.num_contexts_B)
    noise_ids_N = noise.ids_GK.ravel()

    h_BD = gather_rows(input_VD, rows.ids_P, share_P, rows.offsets_B1)
    h_GRD = h_BD.reshape(num_groups, -1, size)
    target_BD = output_VD[rows.target_B]
    noise_GKD = output_VD[noise.ids_GK]
    score_B = np.vecdot(h_BD, target_BD)
    score_GRK = h_GRD @ noise_GKD.transpose(0, 2, 1)
    own_GRK = rows.target_B.reshape(num_groups, -1, 1) == noise.ids_GK[:, None, :]
    weight_GRK = np.where(own_GRK, 0, noise.weight_GK[:, None, :]).astype(input_VD.dtype)

    true_B, true_GRK = sigmoid(score_B), sigmoid(score_GRK)
    grad_B, grad_GRK = true_B - 1, true_GRK * weight_GRK
    dh_BD = (grad_GRK @ noise_GKD).reshape(num_rows, size)
    dh_BD += grad_B[:, None] * target_BD
    dnoise_GKD = grad_GRK.transpose(0, 2, 1) @ h_GRD

    curve_B, curve_GRK = curvature(score_B, true_B), curvature(score_GRK, true_GRK) * weight_GRK
    h2_B = np.vecdot(h_BD, h_BD)
    curve_GK = (h2_B.reshape(num_groups, 1, -1) @ curve_GRK)[:, 0]
    scale_B, scale_N = bound.step_scales(
        alpha, (rows.target_B, h2_B * curve_B), (noise_ids_N, curve_GK.ravel())
    )
    curve_B *= np.vecdot(target_BD, target_BD)
    curve_B += (curve_GRK @ np.vecdot(noise_GKD, noise_GKD)[:, :, None]).ravel()
    (scale_P,) = bound.step_scales(alpha, (rows.ids_P, np.repeat(curve_B, rows.num_contexts_B)))

    each = np.arange(max(num_rows, len(noise_ids_N)) + 1, dtype=np.int32)
    scatter_rows(output_VD, rows.target_B, -alpha * scale_B * grad_B, each[: num_rows + 1], h_BD)
    scatter_rows(
        output_VD, noise_ids_N, -alpha * scale_N, each[: len(noise_ids_N) + 1], dnoise_GKD.reshape(-1, size)
    )
    scatter_rows(input_VD, rows.ids_P, -alpha * scale_P, rows.offsets_B1, dh_BD)
    return BatchLoss(loss_of_pairs(score_B, score_GRK, weight_GRK), num_rows) if with_loss else None

"""The skip-gram step: each target's vector scores its contexts, and the noise its group shares.

B: rows, P: their contexts, G: groups, R: rows a group, K: noise words a group shares, D: dimensions.
"""

import numpy as np

from w2v_core.arrays import FloatArray
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

    The rows fall into as many groups of equal length as `noise` has. A noise word that is also the pair's
    context adds nothing to that pair. A word whose step would overshoot takes a shorter one; see `bound`.
    """
    input_VD, output_VD = tables
    num_groups, num_rows, size = len(noise.ids_GK), len(rows), input_VD.shape[1]
    row_P = np.repeat(np.arange(num_rows), rows.num_contexts_B)
    noise_ids_N = noise.ids_GK.ravel()

    h_BD = input_VD[rows.target_B]
    h_GRD = h_BD.reshape(num_groups, -1, size)
    context_PD = output_VD[rows.ids_P]
    noise_GKD = output_VD[noise.ids_GK]
    score_P = np.vecdot(h_BD[row_P], context_PD)
    score_GRK = h_GRD @ noise_GKD.transpose(0, 2, 1)
    weight_GRK = _noise_weight(rows, row_P, noise, input_VD.dtype.type).reshape(score_GRK.shape)

    true_P, true_GRK = sigmoid(score_P), sigmoid(score_GRK)
    grad_P, grad_GRK = true_P - 1, true_GRK * weight_GRK
    dh_BD = gather_rows(output_VD, rows.ids_P, grad_P, rows.offsets_B1)
    dh_BD += (grad_GRK @ noise_GKD).reshape(num_rows, size)
    dnoise_GKD = grad_GRK.transpose(0, 2, 1) @ h_GRD

    curve_P, curve_GRK = curvature(score_P, true_P), curvature(score_GRK, true_GRK) * weight_GRK
    h2_B = np.vecdot(h_BD, h_BD)
    curve_GK = (h2_B.reshape(num_groups, 1, -1) @ curve_GRK)[:, 0]
    scale_P, scale_N = bound.step_scales(
        alpha, (rows.ids_P, h2_B[row_P] * curve_P), (noise_ids_N, curve_GK.ravel())
    )
    curve_B = np.add.reduceat(np.vecdot(context_PD, context_PD) * curve_P, rows.offsets_B1[:-1])
    curve_B += (curve_GRK @ np.vecdot(noise_GKD, noise_GKD)[:, :, None]).ravel()
    (scale_B,) = bound.step_scales(alpha, (rows.target_B, curve_B))

    scatter_rows(output_VD, rows.ids_P, -alpha * scale_P * grad_P, rows.offsets_B1, h_BD)
    each = np.arange(max(num_rows, len(noise_ids_N)) + 1, dtype=np.int32)
    scatter_rows(
        output_VD, noise_ids_N, -alpha * scale_N, each[: len(noise_ids_N) + 1], dnoise_GKD.reshape(-1, size)
    )
    scatter_rows(input_VD, rows.target_B, -alpha * scale_B, each[: num_rows + 1], dh_BD)
    return BatchLoss(loss_of_pairs(score_P, score_GRK, weight_GRK), len(row_P)) if with_loss else None


def _noise_weight(rows: Rows, row_P: "np.ndarray", noise: SharedNegatives, real: type) -> FloatArray:
    """(B, K): the noise weight, once for each context of the row that is another word."""
    group_size = len(rows) // len(noise.ids_GK)
    group_B = np.arange(len(rows)) // group_size
    weight_BK = rows.num_contexts_B.astype(real)[:, None] * noise.weight_GK[group_B]
    own, slot = np.nonzero(noise.ids_GK[group_B[row_P]] == rows.ids_P[:, None])
    np.subtract.at(weight_BK, (row_P[own], slot), noise.weight_GK[group_B[row_P[own]], slot])
    return weight_BK

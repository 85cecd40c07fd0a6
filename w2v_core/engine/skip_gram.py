"""The skip-gram step: each target's vector scores its contexts, and the noise its group shares.

B: rows, P: their contexts, G: groups, R: rows a group, K: noise words a group shares, D: dimensions.
"""

import numpy as np

from w2v_core.arrays import FloatArray
from w2v_core.engine.negatives import SharedNegatives
from w2v_core.engine.rows import Rows
from w2v_core.engine.scores import loss_of_pairs, sigmoid
from w2v_core.engine.tables import Tables
from w2v_core.models.batch import BatchLoss
from w2v_core.row_gradient import RowGradient, add_rows
from w2v_core.row_products import gather_rows, scatter_rows

ROWS_PER_GROUP = 64
NUM_SHARED = 16


def step(
    tables: Tables, rows: Rows, noise: SharedNegatives, alpha: float, with_loss: bool = False
) -> BatchLoss | None:
    """Moves the tables by -alpha * the gradient of the rows' summed loss, and tells the loss where asked.

    The rows fall into as many groups of equal length as `noise` has. A noise word that is also the pair's
    context adds nothing to that pair.
    """
    input_VD, output_VD = tables
    num_groups, num_shared = noise.ids_GK.shape
    row_P = np.repeat(np.arange(len(rows)), rows.num_contexts_B)

    h_BD = input_VD[rows.target_B]
    h_GRD = h_BD.reshape(num_groups, -1, h_BD.shape[1])
    noise_GKD = output_VD[noise.ids_GK]
    score_P = np.vecdot(h_BD[row_P], output_VD[rows.ids_P])
    score_GRK = h_GRD @ noise_GKD.transpose(0, 2, 1)
    weight_GRK = _noise_weight(rows, row_P, noise, input_VD.dtype.type).reshape(score_GRK.shape)

    grad_P = sigmoid(score_P) - 1
    grad_GRK = sigmoid(score_GRK) * weight_GRK
    dh_BD = gather_rows(output_VD, rows.ids_P, grad_P, rows.offsets_B1)
    dh_BD += (grad_GRK @ noise_GKD).reshape(h_BD.shape)
    dnoise_GKD = grad_GRK.transpose(0, 2, 1) @ h_GRD

    scatter_rows(output_VD, rows.ids_P, -alpha * grad_P, rows.offsets_B1, h_BD)
    add_rows(output_VD, RowGradient(noise.ids_GK.ravel(), dnoise_GKD.reshape(-1, h_BD.shape[1])), -alpha)
    add_rows(input_VD, RowGradient(rows.target_B, dh_BD), -alpha)
    return BatchLoss(loss_of_pairs(score_P, score_GRK, weight_GRK), len(row_P)) if with_loss else None


def _noise_weight(rows: Rows, row_P: "np.ndarray", noise: SharedNegatives, real: type) -> FloatArray:
    """(B, K): the noise weight, once for each context of the row that is another word."""
    group_size = len(rows) // len(noise.ids_GK)
    group_B = np.arange(len(rows)) // group_size
    weight_BK = rows.num_contexts_B[:, None] * noise.weight_GK[group_B].astype(real)
    own, slot = np.nonzero(noise.ids_GK[group_B[row_P]] == rows.ids_P[:, None])
    np.subtract.at(weight_BK, (row_P[own], slot), noise.weight_GK[group_B[row_P[own]], slot])
    return weight_BK

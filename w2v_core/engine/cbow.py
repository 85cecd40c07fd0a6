"""The CBOW step: the mean of a row's contexts scores the target, and the noise its group shares.

B: rows, P: their contexts, G: groups, R: rows a group, K: noise words a group shares, D: dimensions.
"""

import numpy as np

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

    The rows fall into as many groups of equal length as `noise` has. A noise word that is also the row's
    target adds nothing to that row.
    """
    input_VD, output_VD = tables
    num_groups, num_shared = noise.ids_GK.shape
    share_P = np.repeat(1 / rows.num_contexts_B.astype(input_VD.dtype), rows.num_contexts_B)

    h_BD = gather_rows(input_VD, rows.ids_P, share_P, rows.offsets_B1)
    h_GRD = h_BD.reshape(num_groups, -1, h_BD.shape[1])
    noise_GKD = output_VD[noise.ids_GK]
    target_BD = output_VD[rows.target_B]
    score_B = np.vecdot(h_BD, target_BD)
    score_GRK = h_GRD @ noise_GKD.transpose(0, 2, 1)
    own_GRK = rows.target_B.reshape(num_groups, -1, 1) == noise.ids_GK[:, None, :]
    weight_GRK = np.where(own_GRK, 0, noise.weight_GK[:, None, :]).astype(input_VD.dtype)

    grad_B1 = (sigmoid(score_B) - 1)[:, None]
    grad_GRK = sigmoid(score_GRK) * weight_GRK
    dh_BD = (grad_GRK @ noise_GKD).reshape(h_BD.shape)
    dh_BD += grad_B1 * target_BD
    dnoise_GKD = grad_GRK.transpose(0, 2, 1) @ h_GRD

    add_rows(output_VD, RowGradient(rows.target_B, grad_B1 * h_BD), -alpha)
    add_rows(output_VD, RowGradient(noise.ids_GK.ravel(), dnoise_GKD.reshape(-1, h_BD.shape[1])), -alpha)
    scatter_rows(input_VD, rows.ids_P, -alpha * share_P, rows.offsets_B1, dh_BD)
    return BatchLoss(loss_of_pairs(score_B, score_GRK, weight_GRK), len(rows)) if with_loss else None

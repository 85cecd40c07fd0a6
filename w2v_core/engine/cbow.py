"""The CBOW step: the mean of a row's contexts scores the target, and the noise its group shares.

B: rows, P: their contexts, G: groups, R: rows a group, K: noise words a group shares, N = G * K,
D: dimensions.
"""

import numpy as np

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
    row's target adds nothing to that row. A word whose step would overshoot takes a shorter one; see
    `bound`.

    Each of a row's n contexts moves by the whole of the mean's gradient, which is n times its own: so do
    word2vec.c and gensim, and `alpha` means here what it means there. `docs/decisions/0002-cbow-step.md`
    has the measurements.
    """
    input_VD, output_VD = tables
    num_rows = len(rows)
    ids_N = negatives.ids_GK.ravel()
    row_P = np.repeat(scratch.counting(num_rows), rows.num_contexts_B)
    each = scratch.counting(max(num_rows, len(ids_N)) + 1)

    share_B = 1 / rows.num_contexts_B.astype(input_VD.dtype)
    h_BD = gather_rows(input_VD, rows.ids_P, share_B[row_P], rows.offsets_B1)
    h2_B = np.vecdot(h_BD, h_BD)
    target_BD = scratch.take("targets", output_VD, rows.target_B)
    score_B = np.vecdot(h_BD, target_BD)
    grad_B = sigmoid(score_B) - 1

    num_groups = len(negatives.ids_GK)
    own_GRK = rows.target_B.reshape(num_groups, -1, 1) == negatives.ids_GK[:, None, :]
    weight_GRK = np.where(own_GRK, 0, negatives.weight_GK[:, None, :].astype(score_B.dtype))
    noise = against_noise(h_BD, h2_B, scratch.take("noise", output_VD, ids_N), weight_GRK)
    asked = with_loss or alpha is None
    loss = BatchLoss(softplus_sum(-score_B) + noise.loss, num_rows) if asked else None
    if alpha is None:
        return loss

    dh_BD = noise.dh_BD
    dh_BD += grad_B[:, None] * target_BD

    scale_B, scale_N = scratch.bound.step_scales(
        alpha, (rows.target_B, h2_B * -grad_B), (ids_N, noise.reach_N)
    )
    reach_B = np.vecdot(target_BD, target_BD) * -grad_B + noise.reach_B
    (scale_P,) = scratch.bound.step_scales(alpha, (rows.ids_P, reach_B[row_P]))
    scatter_rows(output_VD, rows.target_B, -alpha * scale_B * grad_B, each[: num_rows + 1], h_BD)
    scatter_rows(output_VD, ids_N, -alpha * scale_N, each[: len(ids_N) + 1], noise.drows_ND)
    scatter_rows(input_VD, rows.ids_P, -alpha * scale_P, rows.offsets_B1, dh_BD)
    return loss

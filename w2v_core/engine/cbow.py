"""The CBOW step: the mean of a row's contexts scores the target, and the noise its group shares.

B: rows, P: their contexts, G: groups, R: rows a group, K: noise words a group shares, N = G * K,
D: dimensions.
"""

import numpy as np

from w2v_core.engine.bound import Terms
from w2v_core.engine.negatives import SharedNegatives
from w2v_core.engine.noise import against_noise
from w2v_core.engine.rows import Rows
from w2v_core.engine.scores import softplus_sum, to_sigmoid
from w2v_core.engine.scratch import Scratch
from w2v_core.engine.tables import Tables
from w2v_core.models.batch import BatchLoss
from w2v_core.row_products import gather_rows, scatter_rows

ROWS_PER_GROUP = 64
NUM_SHARED = 16


@np.errstate(over="ignore")
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

    The rows fall into as many groups of equal length as `negatives` has. A word whose step would overshoot
    takes a shorter one; see `bound`.

    Each of a row's n contexts moves by the whole of the mean's gradient, which is n times its own: so do
    word2vec.c and gensim, and `alpha` means here what it means there. `docs/decisions/0002-cbow-step.md`
    has the measurements.
    """
    input_VD, output_VD = tables
    num_rows = len(rows)
    is_dry = alpha is None
    each = scratch.counting(max(num_rows, negatives.ids_GK.size) + 1)
    each_B1 = each[: num_rows + 1]

    num_contexts_B = rows.offsets_B1[1:] - rows.offsets_B1[:-1]
    share_B = np.reciprocal(num_contexts_B, dtype=input_VD.dtype)
    h_BD = scratch.array("h", (num_rows, input_VD.shape[1]))
    h_BD.fill(0)
    gather_rows(input_VD, rows.ids_P, share_B.repeat(num_contexts_B), rows.offsets_B1, h_BD)
    h2_B = np.vecdot(h_BD, h_BD)
    target_BD = scratch.take("targets", output_VD, rows.target_B)
    grad_B = np.vecdot(h_BD, target_BD)
    loss = softplus_sum(-grad_B) if with_loss or is_dry else 0.0
    to_sigmoid(grad_B)
    grad_B -= 1

    noise = against_noise(output_VD, scratch, h_BD, h2_B, negatives, negatives.weight, with_loss or is_dry)
    told = BatchLoss(loss + noise.loss, num_rows) if with_loss or is_dry else None
    if alpha is None:
        return told

    gather_rows(target_BD, each_B1[:num_rows], grad_B, each_B1, noise.dh_BD)
    pull_B = -grad_B
    reach_B = np.vecdot(target_BD, target_BD)
    reach_B *= pull_B
    reach_B += noise.reach_B
    each_N1 = each[: len(noise.ids_N) + 1]
    step_B, step_N = scratch.bound.steps(
        alpha,
        Terms(rows.target_B, pull_B, each_B1, h2_B),
        Terms(noise.ids_N, scratch.ones(len(noise.ids_N)), each_N1, noise.reach_N),
    )
    step_B *= grad_B
    ones_P = scratch.ones(len(rows.ids_P))
    (step_P,) = scratch.bound.steps(alpha, Terms(rows.ids_P, ones_P, rows.offsets_B1, reach_B))
    scratch.hold_frozen(rows.ids_P, step_P)
    scatter_rows(output_VD, rows.target_B, step_B, each_B1, h_BD)
    scatter_rows(output_VD, noise.ids_N, step_N, each_N1, noise.drows_ND)
    scatter_rows(input_VD, rows.ids_P, step_P, rows.offsets_B1, noise.dh_BD)
    return told

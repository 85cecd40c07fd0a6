"""The skip-gram step: each target's vector scores its contexts, and the noise its group shares.

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
NUM_SHARED = 32


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
    """
    input_VD, output_VD = tables
    num_rows, num_pairs = len(rows), len(rows.ids_P)
    is_dry = alpha is None
    each = scratch.counting(max(num_rows, num_pairs, negatives.ids_GK.size) + 1)
    num_contexts_B = rows.offsets_B1[1:] - rows.offsets_B1[:-1]
    row_P = each[:num_rows].repeat(num_contexts_B)

    h_BD = scratch.take("h", input_VD, rows.target_B)
    h2_B = np.vecdot(h_BD, h_BD)
    context_PD = scratch.take("contexts", output_VD, rows.ids_P)
    grad_P = np.vecdot(scratch.take("h of pairs", h_BD, row_P), context_PD)
    loss = softplus_sum(-grad_P) if with_loss or is_dry else 0.0
    to_sigmoid(grad_P)
    grad_P -= 1

    weight_B = num_contexts_B.astype(scratch.real)
    weight_B *= negatives.weight
    weight_GR1 = weight_B.reshape(len(negatives.ids_GK), -1, 1)
    noise = against_noise(output_VD, scratch, h_BD, h2_B, negatives, weight_GR1, with_loss or is_dry)
    told = BatchLoss(loss + noise.loss, num_pairs) if with_loss or is_dry else None
    if alpha is None:
        return told

    gather_rows(context_PD, each[:num_pairs], grad_P, rows.offsets_B1, noise.dh_BD)
    pull_P = -grad_P
    context2_P = np.vecdot(context_PD, context_PD)
    context2_P *= pull_P
    reach_B = np.add.reduceat(context2_P, rows.offsets_B1[:-1])
    reach_B += noise.reach_B
    each_B1, each_N1 = each[: num_rows + 1], each[: len(noise.ids_N) + 1]
    step_P, step_N = scratch.bound.steps(
        alpha,
        Terms(rows.ids_P, pull_P, rows.offsets_B1, h2_B),
        Terms(noise.ids_N, scratch.ones(len(noise.ids_N)), each_N1, noise.reach_N),
    )
    step_P *= grad_P
    (step_B,) = scratch.bound.steps(alpha, Terms(rows.target_B, scratch.ones(num_rows), each_B1, reach_B))
    scratch.hold_frozen(rows.target_B, step_B)
    scatter_rows(output_VD, rows.ids_P, step_P, rows.offsets_B1, h_BD)
    scatter_rows(output_VD, noise.ids_N, step_N, each_N1, noise.drows_ND)
    scatter_rows(input_VD, rows.target_B, step_B, each_B1, noise.dh_BD)
    return told

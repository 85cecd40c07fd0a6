"""The skip-gram step: each target's vector scores its contexts, and the noise its group shares.

B: rows, S: spans, R: rows of a span, L: words of a span and around it, T: those of all
spans, G: groups, K: noise words a group shares, N: those of all groups, D: dimensions.
"""

import numpy as np

from w2v_core.reference.models.batch import BatchLoss
from w2v_core.reference.scatter_add import scatter_rows
from w2v_core.training.engine.bound import Terms
from w2v_core.training.engine.negatives import SharedNegatives
from w2v_core.training.engine.noise import against_noise, noise_weights
from w2v_core.training.engine.rows import Rows
from w2v_core.training.engine.scores import softplus_sum, to_sigmoid
from w2v_core.training.engine.tables import Tables
from w2v_core.training.engine.workspace import Workspace

ROWS_PER_GROUP = 64
NUM_SHARED = 48


@np.errstate(over="ignore")
def step(
    tables: Tables,
    workspace: Workspace,
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
    size = input_VD.shape[1]
    with_loss = with_loss or alpha is None
    words_T = rows.words.reshape(-1)

    mask_SRL = rows.mask(workspace)
    h_BD = workspace.take("h", input_VD, rows.targets)
    h_SRD = h_BD.reshape(*mask_SRL.shape[:2], size)
    h2_B = np.vecdot(h_BD, h_BD)
    words_TD = workspace.take("words", output_VD, words_T)
    words_SLD = words_TD.reshape(*rows.words.shape, size)
    grad_SRL = workspace.array("scores", mask_SRL.shape)
    np.matmul(h_SRD, words_SLD.transpose(0, 2, 1), out=grad_SRL)
    loss = softplus_sum(-grad_SRL, mask_SRL) if with_loss else 0.0
    to_sigmoid(grad_SRL)
    grad_SRL -= 1
    grad_SRL *= mask_SRL

    noise_weight = noise_weights(negatives, rows.num_contexts, workspace)
    noise = against_noise(output_VD, workspace, h_BD, h2_B, negatives, noise_weight, with_loss)
    told = BatchLoss(loss + noise.loss, rows.num_pairs) if with_loss else None
    if alpha is None:
        return told

    dh_SRD = workspace.array("dh of contexts", h_SRD.shape)
    np.matmul(grad_SRL, words_SLD, out=dh_SRD)
    dh_BD = noise.dh
    dh_BD += dh_SRD.reshape(h_BD.shape)
    words2_SL1 = np.vecdot(words_TD, words_TD).reshape(*rows.words.shape, 1)
    reach_B = noise.row_shifts - (grad_SRL @ words2_SL1).reshape(-1)
    grad_SLR = grad_SRL.transpose(0, 2, 1)
    reach_T = -(grad_SLR @ h2_B.reshape(*mask_SRL.shape[:2], 1)).reshape(-1)
    step_T, step_N = workspace.bound.steps(
        alpha, Terms(words_T, reach_T), Terms(noise.ids, noise.noise_shifts)
    )
    (step_B,) = workspace.bound.steps(alpha, Terms(rows.targets, reach_B))
    workspace.mask_frozen(rows.targets, step_B)
    # what the words held is read: their memory takes their gradients
    np.matmul(grad_SLR, h_SRD, out=words_SLD)
    scatter_rows(output_VD, words_T, step_T, words_TD)
    scatter_rows(output_VD, noise.ids, step_N, noise.drows)
    scatter_rows(input_VD, rows.targets, step_B, dh_BD)
    return told

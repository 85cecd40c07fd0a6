"""The CBOW step: the mean of a row's contexts scores the target, and the noise its group shares.

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
NUM_SHARED = 16


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

    Each of a row's n contexts moves by the whole of the mean's gradient, which is n times its own: so do
    word2vec.c and gensim, and `alpha` means here what it means there. `docs/decisions/0002-cbow-step.md`
    has the measurements.
    """
    input_VD, output_VD = tables
    num_rows, size = len(rows), input_VD.shape[1]
    with_loss = with_loss or alpha is None
    words_T = rows.words.reshape(-1)

    is_row_B = (rows.num_contexts > 0).astype(workspace.real)
    mean_SRL = rows.mean(workspace)
    words_SLD = workspace.take("words", input_VD, words_T).reshape(*rows.words.shape, size)
    h_BD = workspace.array("h", (num_rows, size))
    np.matmul(mean_SRL, words_SLD, out=h_BD.reshape(*mean_SRL.shape[:2], size))
    h2_B = np.vecdot(h_BD, h_BD)
    target_BD = workspace.take("targets", output_VD, rows.targets)
    grad_B = np.vecdot(h_BD, target_BD)
    loss = softplus_sum(-grad_B, is_row_B) if with_loss else 0.0
    to_sigmoid(grad_B)
    grad_B -= 1
    grad_B *= is_row_B

    noise_weight = noise_weights(negatives, is_row_B, workspace)
    noise = against_noise(output_VD, workspace, h_BD, h2_B, negatives, noise_weight, with_loss)
    told = BatchLoss(loss + noise.loss, rows.num_rows) if with_loss else None
    if alpha is None:
        return told

    pull_B = -grad_B
    reach_B = np.vecdot(target_BD, target_BD)
    reach_B *= pull_B
    reach_B += noise.row_shifts
    dh_BD = noise.dh
    scatter_rows(dh_BD, np.arange(num_rows, dtype=np.int32), grad_B, target_BD)
    step_B, step_N = workspace.bound.steps(
        alpha, Terms(rows.targets, pull_B * h2_B), Terms(noise.ids, noise.noise_shifts)
    )
    step_B *= grad_B
    mask_SLR = rows.mask(workspace).transpose(0, 2, 1)
    reach_T = (mask_SLR @ reach_B.reshape(*mean_SRL.shape[:2], 1)).reshape(-1)
    (step_T,) = workspace.bound.steps(alpha, Terms(words_T, reach_T))
    workspace.mask_frozen(words_T, step_T)
    # what the words held is read: their memory takes their gradients
    np.matmul(mask_SLR, dh_BD.reshape(*mean_SRL.shape[:2], size), out=words_SLD)
    scatter_rows(output_VD, rows.targets, step_B, h_BD)
    scatter_rows(output_VD, noise.ids, step_N, noise.drows)
    scatter_rows(input_VD, words_T, step_T, words_SLD.reshape(-1, size))
    return told

"""The noise half of a step, which both models share.

B: rows, G: groups, R: rows a group (B = G * R), K: noise words a group shares, N = G * K, D: dimensions.
"""

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from w2v_core.training.engine.negatives import SharedNegatives
from w2v_core.training.engine.scores import softplus_sum, to_sigmoid
from w2v_core.training.engine.workspace import Workspace
from w2v_core.types import FloatArray, Int32Array


class Noise(NamedTuple):
    """What the rows' vectors and the noise words' vectors say to each other.

    loss: the noise's part of the summed loss, 0 where it was not asked. dh (B, D): the gradient for the rows.
    ids (N,) and drows (N, D): the noise words and the gradient for each. row_shifts (B,) and noise_shifts (N,):
    the |g| |h|^2 that each adds, as `bound` takes it.
    """

    loss: float
    dh: FloatArray
    ids: Int32Array
    drows: FloatArray
    row_shifts: FloatArray
    noise_shifts: FloatArray


def noise_weights(negatives: SharedNegatives, pairs_B: npt.NDArray[Any], workspace: Workspace) -> FloatArray:
    """(G, R, 1): what a noise word weighs for each row, which makes so many pairs."""
    weight_B = pairs_B.astype(workspace.real)
    weight_B *= negatives.weight
    return weight_B.reshape(len(negatives.ids), -1, 1)


def against_noise(
    output_VD: FloatArray,
    workspace: Workspace,
    h_BD: FloatArray,
    h2_B: FloatArray,
    negatives: SharedNegatives,
    weight_GR1: FloatArray,
    with_loss: bool,
) -> Noise:
    """Scores h (B, D), of squared lengths h2 (B,), against the rows of the noise words.

    weight (G, R, 1): see `noise_weights`. The arrays of the result are good until the next call.
    """
    num_groups, num_shared, size = *negatives.ids.shape, h_BD.shape[1]
    ids_N = negatives.ids.reshape(-1)
    rows_ND = workspace.take("noise", output_VD, ids_N)
    h_GRD, rows_GKD = (rows.reshape(num_groups, -1, size) for rows in (h_BD, rows_ND))

    grad_GRK = workspace.array("noise scores", (*h_GRD.shape[:2], num_shared))
    np.matmul(h_GRD, rows_GKD.transpose(0, 2, 1), out=grad_GRK)
    loss = softplus_sum(grad_GRK, weight_GR1) if with_loss else 0.0
    to_sigmoid(grad_GRK)
    grad_GRK *= weight_GR1
    grad_GKR = grad_GRK.transpose(0, 2, 1)

    dh_GRD, drows_GKD = workspace.array("dh", h_GRD.shape), workspace.array("dnoise", rows_GKD.shape)
    np.matmul(grad_GRK, rows_GKD, out=dh_GRD)
    np.matmul(grad_GKR, h_GRD, out=drows_GKD)
    rows2_GK1 = np.vecdot(rows_ND, rows_ND).reshape(num_groups, num_shared, 1)
    return Noise(
        loss,
        dh_GRD.reshape(h_BD.shape),
        ids_N,
        drows_GKD.reshape(rows_ND.shape),
        np.matmul(grad_GRK, rows2_GK1).reshape(-1),
        np.matmul(grad_GKR, h2_B.reshape(num_groups, -1, 1)).reshape(-1),
    )

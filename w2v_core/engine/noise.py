"""The noise half of a step, which both models share.

B: rows, G: groups, R: rows a group (B = G * R), K: noise words a group shares, D: dimensions.
"""

from typing import NamedTuple

import numpy as np

from w2v_core.arrays import FloatArray
from w2v_core.engine.scores import sigmoid, softplus_sum


class Noise(NamedTuple):
    """What the rows' vectors and the noise words' vectors say to each other.

    score, weight: (G, R, K). dh (B, D): the gradient for the rows. drows (G * K, D): the gradient for the
    noise words. reach_B, reach_N (G * K,): the |g| |h|^2 that each adds, as `bound` wants it.
    """

    score_GRK: FloatArray
    weight_GRK: FloatArray
    dh_BD: FloatArray
    drows_ND: FloatArray
    reach_B: FloatArray
    reach_N: FloatArray

    @property
    def loss(self) -> float:
        """The noise's part of the summed loss."""
        return softplus_sum(self.score_GRK, self.weight_GRK)


def against_noise(h_BD: FloatArray, h2_B: FloatArray, rows_ND: FloatArray, weight_GRK: FloatArray) -> Noise:
    """Scores h (B, D), of squared lengths h2 (B,), against the noise words' rows (G * K, D)."""
    num_groups, _, num_shared = weight_GRK.shape
    h_GRD = h_BD.reshape(num_groups, -1, h_BD.shape[1])
    rows_GKD = rows_ND.reshape(num_groups, num_shared, -1)
    score_GRK = h_GRD @ rows_GKD.transpose(0, 2, 1)
    grad_GRK = sigmoid(score_GRK)
    grad_GRK *= weight_GRK
    rows2_GK1 = np.vecdot(rows_ND, rows_ND).reshape(num_groups, num_shared, 1)
    return Noise(
        score_GRK,
        weight_GRK,
        (grad_GRK @ rows_GKD).reshape(h_BD.shape),
        (grad_GRK.transpose(0, 2, 1) @ h_GRD).reshape(rows_ND.shape),
        (grad_GRK @ rows2_GK1).ravel(),
        (h2_B.reshape(num_groups, 1, -1) @ grad_GRK).ravel(),
    )

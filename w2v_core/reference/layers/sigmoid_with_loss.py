"""SigmoidWithLoss: binary cross-entropy of scores, each with a weight."""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
from scipy.special import expit

from w2v_core.types import FloatArray


class SigmoidWithLoss:
    """loss = -sum of weight * log(sigmoid(score) if label else 1 - sigmoid(score)). Owns no weights.

    A sum, where the book takes the mean over the batch: the step a pair takes is then the same at any
    batch size, and `alpha` means what it means in word2vec.c. Divide by the number of pairs to report it.
    """

    def forward(
        self, score_BN: FloatArray, label_BN: npt.NDArray[np.bool_], weight_BN: FloatArray
    ) -> tuple[float, Callable[[float], FloatArray]]:
        """Scores of any shape, here (B, N), with their labels, True for a positive, and how often each one counts.

        Returns loss, float64, and backward: dloss to dscore (B, N) in the scores' type. Right for every
        finite score: log(1 - sigmoid(x)) is taken as -log(1 + exp(x)), which neither overflows nor
        rounds to log(0).
        """
        wrongness_BN = np.where(label_BN, -score_BN, score_BN).astype(np.float64)
        loss = float(np.sum(weight_BN * np.logaddexp(0, wrongness_BN)))

        def backward(dloss: float) -> FloatArray:
            dscore_BN: FloatArray = dloss * weight_BN * (expit(score_BN) - label_BN)
            return dscore_BN.astype(score_BN.dtype)

        return loss, backward

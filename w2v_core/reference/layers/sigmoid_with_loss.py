"""SigmoidWithLoss: binary cross-entropy of scores, each with a weight.

Shapes: S any shape of scores.
"""

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
        self, score_S: FloatArray, label_S: npt.NDArray[np.bool_], weight_S: FloatArray
    ) -> tuple[float, Callable[[float], FloatArray]]:
        """Scores of any shape S with their labels, True for a positive, and how often each one counts.

        Returns loss, float64, and backward: dloss to dscore (*S) in the scores' type. Right for every
        finite score: log(1 - sigmoid(x)) is taken as -log(1 + exp(x)), which neither overflows nor
        rounds to log(0).
        """
        wrongness_S = np.where(label_S, -score_S, score_S).astype(np.float64)
        loss = float(np.sum(weight_S * np.logaddexp(0, wrongness_S)))

        def backward(dloss: float) -> FloatArray:
            dscore_S: FloatArray = dloss * weight_S * (expit(score_S) - label_S)
            return dscore_S.astype(score_S.dtype)

        return loss, backward

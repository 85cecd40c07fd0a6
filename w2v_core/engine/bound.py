"""The bound on a word's step. V: words, N: ids of a batch.

All gradients of a batch are taken at the tables as they stood before it and then summed. For a word that
comes once that is plain gradient descent; a word that comes a thousand times takes a thousand steps at once
along what may be one direction, overshoots, and the next batch overshoots further back, until the numbers
overflow. How far a word may go is told by its curvature. With every other word held still, the loss as a
function of the word's own row w lies under a parabola, which touches it where w stands, of curvature

    C_w = sum over the word's terms of weight * c(score) * |h|^2

along any line, where c is `scores.curvature`, at most 1/4. A step of alpha cannot raise the loss as long as
alpha * C_w <= 2; a longer one may. A word's summed step is therefore divided by max(1, alpha * C_w / 2).
In CBOW a row's contexts move together, and with them their mean, by as much as one of them: each of them counts with
the curvature of the mean.
"""

import numpy as np

from w2v_core.arrays import FloatArray, Int32Array

LIMIT = 2.0


class StepBound:
    """Sums curvature by word, in an array of the vocabulary's length that is zero between batches. One a worker."""

    def __init__(self, num_words: int) -> None:
        self._sum_V = np.zeros(num_words, np.float32)

    def step_scales(self, alpha: float, *terms: tuple[Int32Array, FloatArray]) -> list[FloatArray]:
        """For each (ids (N,), curvature (N,)) of one table, by how much (N,) the steps of its ids are scaled."""
        for ids, curvature in terms:
            np.add.at(self._sum_V, ids, curvature)
        scales = [1 / np.maximum(1, self._sum_V[ids] * (alpha / LIMIT)) for ids, _ in terms]
        for ids, _ in terms:
            self._sum_V[ids] = 0
        return scales

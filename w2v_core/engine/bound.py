"""The bound on a word's step. V: words, N: ids of a batch.

All gradients of a batch are taken at the tables as they stood before it and then summed. For a word that
comes once that is plain gradient descent; a word that comes a thousand times takes a thousand steps at once
along what may be one direction, overshoots, and the next batch overshoots further back, until the numbers
overflow. What matters is how far a step carries the word's scores. Of the terms that make it up, with
gradients g by score and vectors h, it moves a score along one common direction by

    r_w = alpha * sum over the word's terms of |g| |h|^2

at most, and a word's summed step is divided by max(1, r_w / 4). Why 4: where a word is at rest, pulled by p
terms as strongly as n push it, p (1 - s) = n s, the second derivative of their loss along the score is
(p + n) s (1 - s) = n s, which is half of sum |g|. Gradient descent overshoots further each time from where alpha
times the second derivative exceeds 2, and that is r_w = 4. Away from rest the bound keeps a saturated
score, however wrong, from being thrown further than that to the other side; a constant, so that it cannot
grow from batch to batch although both tables move at once.
"""

import numpy as np

from w2v_core.arrays import FloatArray, Int32Array

FARTHEST = 4.0


class StepBound:
    """Sums by word, in an array of the vocabulary's length that is zero between batches. One a worker."""

    def __init__(self, num_words: int) -> None:
        self._sum_V = np.zeros(num_words, np.float32)

    def step_scales(self, alpha: float, *terms: tuple[Int32Array, FloatArray]) -> list[FloatArray]:
        """For each (ids (N,), |g| |h|^2 (N,)) of one table, by how much (N,) the steps of its ids are scaled."""
        for ids, reaches in terms:
            np.add.at(self._sum_V, ids, reaches)
        scales = [1 / np.maximum(1, self._sum_V[ids] * (alpha / FARTHEST)) for ids, _ in terms]
        for ids, _ in terms:
            self._sum_V[ids] = 0
        return scales

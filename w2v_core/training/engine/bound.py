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

from typing import NamedTuple

import numpy as np

from w2v_core.types import FloatArray, Int32Array

MAX_SCORE_SHIFT = 4.0


class Terms(NamedTuple):
    """Terms of words' steps: whose each is (N,), and its |g| |h|^2 (N,), of the tables' type, none below zero."""

    ids: Int32Array
    shifts: FloatArray


class StepBound:
    """Sums by word, in an array of the vocabulary's length that is zero between batches. One a worker."""

    def __init__(self, num_words: int, real: type[np.floating] = np.float32) -> None:
        self._sum_V = np.zeros(num_words, real)

    def steps(self, alpha: float, *all_terms: Terms) -> list[FloatArray]:
        """For all the terms of one table, by how much (N,) each is multiplied: by -alpha, or less far."""
        sum_V = self._sum_V
        places = [
            ids_N.astype(np.intp) for ids_N, _ in all_terms
        ]  # what an index is, or each use would convert
        for place_N, (_, reach_N) in zip(places, all_terms, strict=True):
            np.add.at(sum_V, place_N, reach_N)
        sums = [sum_V.take(place_N, mode="clip") for place_N in places]
        for place_N in places:
            sum_V[place_N] = 0
        farthest = MAX_SCORE_SHIFT / alpha
        for sum_N in sums:
            if sum_N.max() <= farthest:
                sum_N.fill(-alpha)
            else:
                np.maximum(sum_N, farthest, out=sum_N)
                np.divide(-alpha * farthest, sum_N, out=sum_N)
        return sums

"""What differs between two trainings: scores of the same items, neighbourhoods, and the words that moved.

Scores are of the items that both cover: two coverages would make two scores of different questions. Both are
resampled together, so what makes an item hard for both does not widen the interval of their difference.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from w2v_core.evaluation.analogies import NOT_COVERED, RIGHT
from w2v_core.evaluation.bootstrap import (
    Interval,
    Resampling,
    accuracy_difference_interval,
    spearman_difference_interval,
)
from w2v_core.evaluation.word_pairs import WordPair, human_scores, spearman
from w2v_core.types import Float32Array, Int8Array, Int64Array
from w2v_core.vectors.alignment import SharedWords
from w2v_core.vectors.nearest import top_k

NEIGHBORS = 10
NUM_MOVED = 20
BATCH_WORDS = 512
"""Words whose neighbours are sought at a time; it bounds what they themselves take."""


@dataclass(frozen=True)
class ScoreDifference:
    """Two scores of the same items, Spearman's correlation or accuracy; None where one is not defined.

    total     items of the set
    covered   items that both cover
    interval  of score - against_score, 95 %, by the paired bootstrap
    """

    total: int
    covered: int
    score: float | None
    against_score: float | None
    interval: Interval | None

    @property
    def difference(self) -> float | None:
        """score - against_score."""
        if self.score is None or self.against_score is None:
            return None
        return self.score - self.against_score

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return {**asdict(self), "difference": self.difference}


@dataclass(frozen=True)
class MovedWord:
    """A word, 1 - cosine of its two vectors after alignment, and its counts in the two corpora."""

    word: str
    distance: float
    count: int
    against_count: int


@dataclass(frozen=True)
class Movement:
    """How far words moved.

    words        shared words that are frequent enough; by these the vectors are aligned
    mean_cosine  of their two vectors after alignment; None without such words
    top          those that moved most
    """

    words: int
    mean_cosine: float | None
    top: tuple[MovedWord, ...]

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return {
            "words": self.words,
            "mean_cosine": self.mean_cosine,
            "top": [asdict(word) for word in self.top],
        }


def compare_word_pairs(
    pairs: Sequence[WordPair], cosine_A: Float32Array, against_A: Float32Array, resampling: Resampling
) -> ScoreDifference:
    """Spearman's correlations of what `pair_cosines` gave for `pairs` and two trainings."""
    both_A = ~(np.isnan(cosine_A) | np.isnan(against_A))
    human_P, cosine_P, against_P = human_scores(pairs)[both_A], cosine_A[both_A], against_A[both_A]
    score, against_score = spearman(human_P, cosine_P), spearman(human_P, against_P)
    interval = spearman_difference_interval(human_P, cosine_P, against_P, resampling)
    return ScoreDifference(len(pairs), len(human_P), score, against_score, interval)


def compare_outcomes(outcome_A: Int8Array, against_A: Int8Array, resampling: Resampling) -> ScoreDifference:
    """Accuracies of what `analogy_outcomes` gave for the same questions and two trainings."""
    both_A = (outcome_A != NOT_COVERED) & (against_A != NOT_COVERED)
    covered = int(both_A.sum())
    is_right_A, is_against_A = both_A & (outcome_A == RIGHT), both_A & (against_A == RIGHT)
    only_first, only_second = int((is_right_A & ~is_against_A).sum()), int((is_against_A & ~is_right_A).sum())
    return ScoreDifference(
        len(outcome_A),
        covered,
        int(is_right_A.sum()) / covered if covered else None,
        int(is_against_A.sum()) / covered if covered else None,
        accuracy_difference_interval(only_first, only_second, covered, resampling),
    )


def neighbor_overlap(shared: SharedWords, topn: int = NEIGHBORS) -> float | None:
    """The mean share of a word's `topn` nearest that both trainings agree on, in [0, 1]; None for a single word.

    Neighbours are sought among the shared words alone, so a word that one run lacks is no disagreement. Chance
    would agree on topn / (S - 1).
    """
    topn = min(topn, len(shared) - 1)
    if topn < 1:
        return None
    first_NK = nearest(shared.first.unit_rows(shared.first_ids), topn)
    second_NK = nearest(shared.second.unit_rows(shared.second_ids), topn)
    agreed_NK = (first_NK[:, :, None] == second_NK[:, None, :]).any(axis=2)
    return float(agreed_NK.mean())


def nearest(table_ND: Float32Array, topn: int) -> Int64Array:
    """For each row of unit length the `topn` other rows of largest cosine, (N, K)."""
    batches = []
    for begin in range(0, len(table_ND), BATCH_WORDS):
        query_BD = table_ND[begin : begin + BATCH_WORDS]
        itself_B1 = np.arange(begin, begin + len(query_BD))[:, None]
        batches.append(top_k(table_ND, query_BD, topn, excluded_BX=itself_B1, are_cosines=True)[0])
    return np.concatenate(batches)


def moved_words(shared: SharedWords, num_words: int = NUM_MOVED) -> Movement:
    """How far the shared words are from each other once the first training is turned onto the second."""
    if not len(shared):
        return Movement(0, None, ())
    cosine_N = shared.aligned_cosines(shared.rotation())
    first_counts_N, second_counts_N = shared.first_counts, shared.second_counts
    top = [
        MovedWord(
            shared.first.tokens[shared.first_ids[s]],
            1 - float(cosine_N[s]),
            int(first_counts_N[s]),
            int(second_counts_N[s]),
        )
        for s in np.argsort(cosine_N, kind="stable")[:num_words]
    ]
    return Movement(len(shared), float(cosine_N.mean(dtype=np.float64)), tuple(top))

"""Scores in the form in which gensim's KeyedVectors returns them, for code that was written for gensim.

`WordVectors.evaluate_word_pairs` and `evaluate_word_analogies` call these functions, and import them when called: the
vectors are below this package.
"""

import numpy as np
from scipy.stats import pearsonr, spearmanr

from w2v_core.errors import InputError
from w2v_core.evaluation.analogies import (
    NOT_COVERED,
    RIGHT,
    AnalogySection,
    Question,
    analogy_outcomes,
    read_analogies,
)
from w2v_core.evaluation.word_pairs import human_scores, pair_cosines, read_word_pairs
from w2v_core.io.filesystem import Location
from w2v_core.types import Float64Array, Int8Array
from w2v_core.vectors.arguments import require_positive
from w2v_core.vectors.word_vectors import WordVectors

Correlation = tuple[float, float]
SectionDict = dict[str, str | list[Question]]


def word_pairs_tuple(
    vectors: WordVectors,
    location: Location,
    restrict_vocab: int | None,
    case_insensitive: bool,
    dummy4unknown: bool,
) -> tuple[Correlation, Correlation, float]:
    """Return Pearson's and Spearman's correlations with their p-values, and the percentage of unknown pairs."""
    require_positive("restrict_vocab", restrict_vocab)
    pairs = read_word_pairs(location)
    cosine_A = pair_cosines(
        vectors, pairs, case_insensitive=case_insensitive, restrict_vocab=restrict_vocab
    ).astype(np.float64)
    is_unknown_A = np.isnan(cosine_A)
    if is_unknown_A.sum() > len(pairs) - 2:
        raise InputError(
            f"{location}: expected two pairs whose words have vectors, got {int((~is_unknown_A).sum())} of "
            f"{len(pairs):,}. Use vectors of the same language and the same case."
        )
    cosine_A[is_unknown_A] = 0
    counted_A = np.ones(len(pairs), np.bool_) if dummy4unknown else ~is_unknown_A
    human_P, cosine_P = human_scores(pairs)[counted_A], cosine_A[counted_A]
    oov_ratio = 100 * float(is_unknown_A.mean())
    if (human_P == human_P[0]).all() or (cosine_P == cosine_P[0]).all():
        return (np.nan, np.nan), (np.nan, np.nan), oov_ratio
    return _plain(pearsonr(human_P, cosine_P)), _plain(spearmanr(human_P, cosine_P)), oov_ratio


def _plain(result: tuple[Float64Array, Float64Array]) -> Correlation:
    correlation, p_value = result
    return float(correlation), float(p_value)


def analogies_tuple(
    vectors: WordVectors,
    location: Location,
    restrict_vocab: int | None,
    case_insensitive: bool,
    dummy4unknown: bool,
) -> tuple[float, list[SectionDict]]:
    """Return the accuracy of all questions, and for each section and all together the questions by outcome."""
    sections = read_analogies(location)
    outcomes = analogy_outcomes(
        vectors, sections, restrict_vocab=restrict_vocab, case_insensitive=case_insensitive
    )
    by_outcome = [
        _by_outcome(section, outcome_A, case_insensitive, dummy4unknown)
        for section, outcome_A in zip(sections, outcomes, strict=True)
    ]
    correct = [question for right, _ in by_outcome for question in right]
    incorrect = [question for _, wrong in by_outcome for question in wrong]
    if all((outcome_A == NOT_COVERED).all() for outcome_A in outcomes):
        raise InputError(
            f"{location}: expected a question whose words have vectors, got none of "
            f"{sum(map(len, outcomes)):,}. Use vectors of the same language and the same case."
        )
    found = [_section(section.name, *each) for section, each in zip(sections, by_outcome, strict=True)]
    return len(correct) / (len(correct) + len(incorrect)), [
        *found,
        _section("Total accuracy", correct, incorrect),
    ]


def _by_outcome(
    section: AnalogySection, outcome_A: Int8Array, case_insensitive: bool, dummy4unknown: bool
) -> tuple[list[Question], list[Question]]:
    """Return the questions answered right and wrong, in upper case where case is ignored."""
    right: list[Question] = []
    wrong: list[Question] = []
    for question, outcome in zip(section.questions, outcome_A.tolist(), strict=True):
        if outcome == NOT_COVERED and not dummy4unknown:
            continue
        a, b, c, d = (word.upper() if case_insensitive else word for word in question)
        (right if outcome == RIGHT else wrong).append((a, b, c, d))
    return right, wrong


def _section(name: str, correct: list[Question], incorrect: list[Question]) -> SectionDict:
    return {"section": name, "correct": correct, "incorrect": incorrect}

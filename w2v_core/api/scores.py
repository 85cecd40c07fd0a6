"""Scores of vectors on similarity and analogy sets, and their comparison with other vectors."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from w2v_core.config import EvaluateConfig
from w2v_core.errors import UserError
from w2v_core.evaluation.analogies import AnalogiesResult, all_outcomes, analogies_result
from w2v_core.evaluation.answers import Sets, answer, resampling_of
from w2v_core.evaluation.comparison import (
    Movement,
    ScoreDifference,
    compare_outcomes,
    compare_word_pairs,
    moved_words,
    neighbor_overlap,
)
from w2v_core.evaluation.word_pairs import WordPairsResult, word_pairs_result
from w2v_core.io.filesystem import Location
from w2v_core.vectors.alignment import SharedWords
from w2v_core.vectors.word_vectors import WordVectors


class HasVectors(Protocol):
    """A trained model."""

    @property
    def wv(self) -> WordVectors:
        """Return its vectors."""


VectorsLike = WordVectors | HasVectors | Location
"""Vectors, a trained model, or the location of either."""


@dataclass(frozen=True)
class Evaluation:
    """Scores by the name of the set, as it was given."""

    word_pairs: dict[str, WordPairsResult]
    analogies: dict[str, AnalogiesResult]

    @property
    def scores(self) -> dict[str, float | None]:
        """Spearman's correlation or accuracy of every set; None where it is not defined."""
        correlations = {name: result.spearman for name, result in self.word_pairs.items()}
        return correlations | {name: result.overall.accuracy for name, result in self.analogies.items()}


@dataclass(frozen=True)
class Comparison:
    """Two scores of the same items by the name of the set, and how far the words of both vectors are apart."""

    word_pairs: dict[str, ScoreDifference]
    analogies: dict[str, ScoreDifference]
    shared_words: int
    """words that both have"""
    neighbor_overlap: float | None
    """mean share of a word's ten nearest that both agree on; None with too few shared words"""
    moved: Movement
    """the words that moved most, after alignment"""


def evaluate(
    vectors: VectorsLike,
    *,
    word_pairs: Location | Sequence[Location] = (),
    analogies: Location | Sequence[Location] = (),
    restrict_vocab: int = EvaluateConfig().restrict_vocab,
    case_insensitive: bool = EvaluateConfig().case_insensitive,
) -> Evaluation:
    """Return the scores of vectors, with 95 % intervals.

    Parameters
    ----------
    vectors : WordVectors, Word2Vec, path or URI
        The vectors, or where they are.
    word_pairs, analogies : path, str or sequence of these
        Files, or names of sets that gensim bundles.
    restrict_vocab : int
        Analogies are asked and answered within this many most frequent words.
    case_insensitive : bool
        Fold the case of questions and vocabulary.

    Raises
    ------
    UserError
        If no set is named, and if a set or the vectors cannot be read.

    Examples
    --------
    >>> result = evaluate(model, word_pairs=pairs_file)
    >>> result.word_pairs[pairs_file].covered
    2
    """
    config = _settings(word_pairs, analogies, restrict_vocab, case_insensitive)
    sets, resampling = Sets.read(config), resampling_of(config)
    if not sets.similarity and not sets.analogies:
        raise UserError("no set was named: expected word_pairs or analogies. Name a file or a set.")
    answers = answer(sets, as_vectors(vectors), config)
    return Evaluation(
        {
            name: word_pairs_result(pairs, cosine_A, resampling)
            for (name, pairs), cosine_A in zip(sets.similarity, answers.similarity, strict=True)
        },
        {
            name: analogies_result(sections, outcomes, resampling)
            for (name, sections), outcomes in zip(sets.analogies, answers.analogies, strict=True)
        },
    )


def compare(
    vectors: VectorsLike,
    against: VectorsLike,
    *,
    word_pairs: Location | Sequence[Location] = (),
    analogies: Location | Sequence[Location] = (),
    overlap_words: int = EvaluateConfig().overlap_words,
    moved_min_count: int = EvaluateConfig().moved_min_count,
) -> Comparison:
    """Return how two trainings differ: paired differences of scores, neighbours, and the words that moved.

    Parameters
    ----------
    vectors, against : WordVectors, Word2Vec, path or URI
        The vectors, or where they are.
    word_pairs, analogies : path, str or sequence of these
        Files, or names of sets that gensim bundles.
    overlap_words : int
        The most frequent shared words whose neighbours are compared.
    moved_min_count : int
        Rarer words are neither aligned by nor listed as moved.

    Raises
    ------
    UserError
        If the vectors share no word or differ in length, and if a set or the vectors cannot be read.

    Examples
    --------
    >>> compare(model, model).neighbor_overlap
    1.0
    """
    config = _settings(word_pairs, analogies)
    ours = as_vectors(vectors)
    shared = SharedWords.of(ours, as_vectors(against))
    sets, resampling = Sets.read(config), resampling_of(config)
    mine, theirs = answer(sets, ours, config), answer(sets, shared.second, config)
    return Comparison(
        {
            name: compare_word_pairs(pairs, mine_A, theirs_A, resampling)
            for (name, pairs), mine_A, theirs_A in zip(
                sets.similarity, mine.similarity, theirs.similarity, strict=True
            )
        },
        {
            name: compare_outcomes(all_outcomes(my_outcomes), all_outcomes(their_outcomes), resampling)
            for (name, _), my_outcomes, their_outcomes in zip(
                sets.analogies, mine.analogies, theirs.analogies, strict=True
            )
        },
        len(shared),
        neighbor_overlap(shared.top(overlap_words)),
        moved_words(shared.seen(moved_min_count)),
    )


def as_vectors(vectors: VectorsLike) -> WordVectors:
    """Return the vectors themselves. Raises UserError for an object without vectors."""
    if isinstance(vectors, WordVectors):
        return vectors
    if isinstance(vectors, str | os.PathLike):
        return WordVectors.load(vectors)
    if hasattr(type(vectors), "wv"):
        return vectors.wv
    raise UserError(
        f"vectors = {vectors!r}: expected WordVectors, a trained Word2Vec or a path, got a value of type "
        f"{type(vectors).__name__}. Give one of these."
    )


def as_locations(locations: Location | Sequence[Location]) -> tuple[str, ...]:
    """Return one location or several as text."""
    given = [locations] if isinstance(locations, str | os.PathLike) else locations
    return tuple(os.fspath(location) for location in given)


def _settings(
    word_pairs: Location | Sequence[Location],
    analogies: Location | Sequence[Location],
    restrict_vocab: int = EvaluateConfig().restrict_vocab,
    case_insensitive: bool = EvaluateConfig().case_insensitive,
) -> EvaluateConfig:
    if restrict_vocab < 1:
        raise UserError(
            f"restrict_vocab = {restrict_vocab}: expected an integer >= 1. Give a number of words."
        )
    values: dict[str, Any] = {"similarity": as_locations(word_pairs), "analogies": as_locations(analogies)}
    return EvaluateConfig(restrict_vocab=restrict_vocab, case_insensitive=case_insensitive, **values)

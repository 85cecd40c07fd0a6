"""What vectors answer to all sets, item by item: from it come scores, and comparisons of the same items.

sets = Sets.read(config)
scores(sets, answer(sets, vectors, config), config)    # what evaluation.json holds
"""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from w2v_core.config import EvaluateConfig
from w2v_core.evaluation.analogies import (
    AnalogySection,
    all_outcomes,
    analogies_result,
    analogy_outcomes,
    read_analogies,
)
from w2v_core.evaluation.bootstrap import Resampling
from w2v_core.evaluation.comparison import (
    NEIGHBORS,
    compare_outcomes,
    compare_word_pairs,
    moved_words,
    neighbor_overlap,
)
from w2v_core.evaluation.word_pairs import WordPair, pair_cosines, read_word_pairs, word_pairs_result
from w2v_core.types import Float32Array, Int8Array
from w2v_core.vectors.alignment import SharedWords
from w2v_core.vectors.word_vectors import WordVectors


@dataclass(frozen=True)
class Sets:
    """All sets with the names they were asked for by, in order."""

    similarity: tuple[tuple[str, list[WordPair]], ...]
    analogies: tuple[tuple[str, list[AnalogySection]], ...]

    @classmethod
    def read(cls, config: EvaluateConfig) -> "Sets":
        """The sets that the settings name. UserError for one that cannot be read."""
        return cls(
            tuple((path, read_word_pairs(path)) for path in config.similarity),
            tuple((path, read_analogies(path)) for path in config.analogies),
        )


@dataclass(frozen=True)
class Answers:
    """`pair_cosines` of every similarity set, and `analogy_outcomes` of every analogy set.

    other_forms holds the words of each set that the vocabulary has only in another form, by the set's name.
    """

    similarity: list[Float32Array]
    analogies: list[list[Int8Array]]
    other_forms: Mapping[str, set[str]]


def answer(sets: Sets, vectors: WordVectors, config: EvaluateConfig) -> Answers:
    """What `vectors` answer."""
    fold, forms = config.case_insensitive, defaultdict[str, set[str]](set)
    cosines = [
        pair_cosines(vectors, pairs, case_insensitive=fold, other_forms=forms[path])
        for path, pairs in sets.similarity
    ]
    outcomes = [
        analogy_outcomes(
            vectors,
            sections,
            restrict_vocab=config.restrict_vocab,
            case_insensitive=fold,
            other_forms=forms[path],
        )
        for path, sections in sets.analogies
    ]
    return Answers(cosines, outcomes, forms)


def scores(sets: Sets, answers: Answers, config: EvaluateConfig) -> dict[str, Any]:
    """Every set's score with its interval and coverage: what `evaluation.json` holds."""
    resampling = resampling_of(config)
    similarity = [
        {"file": path, **word_pairs_result(pairs, cosine_A, resampling).to_dict(), **_forms(path, answers)}
        for (path, pairs), cosine_A in zip(sets.similarity, answers.similarity, strict=True)
    ]
    analogies = [
        {"file": path, **analogies_result(sections, outcomes, resampling).to_dict(), **_forms(path, answers)}
        for (path, sections), outcomes in zip(sets.analogies, answers.analogies, strict=True)
    ]
    return {"similarity": similarity, "analogies": analogies, **resampling._asdict()}


def _forms(path: str, answers: Answers) -> dict[str, int]:
    """How many words were found only in another form, where any were."""
    found = answers.other_forms.get(path)
    return {"words_in_other_form": len(found)} if found else {}


def differences(sets: Sets, answers: Answers, against: Answers, config: EvaluateConfig) -> dict[str, Any]:
    """Every set's two scores of the same items, and the interval of their difference."""
    resampling = resampling_of(config)
    similarity = [
        {"file": path, **compare_word_pairs(pairs, ours_A, theirs_A, resampling).to_dict()}
        for (path, pairs), ours_A, theirs_A in zip(
            sets.similarity, answers.similarity, against.similarity, strict=True
        )
    ]
    analogies = [
        {
            "file": path,
            **compare_outcomes(all_outcomes(ours), all_outcomes(theirs), resampling).to_dict(),
            "sections": [
                {"name": section.name, **compare_outcomes(ours_A, theirs_A, resampling).to_dict()}
                for section, ours_A, theirs_A in zip(sections, ours, theirs, strict=True)
            ],
        }
        for (path, sections), ours, theirs in zip(
            sets.analogies, answers.analogies, against.analogies, strict=True
        )
    ]
    return {"similarity": similarity, "analogies": analogies, **resampling._asdict()}


def words_apart(shared: SharedWords, config: EvaluateConfig) -> dict[str, Any]:
    """How far the two trainings' words are from each other: neighbourhoods, and moves after alignment."""
    frequent = shared.top(config.overlap_words)
    moved = moved_words(shared.seen(config.moved_min_count))
    return {
        "words": {"ours": len(shared.first), "against": len(shared.second), "shared": len(shared)},
        "neighbors": {"words": len(frequent), "topn": NEIGHBORS, "overlap": neighbor_overlap(frequent)},
        "moved": {"min_count": config.moved_min_count, **moved.to_dict()},
    }


def resampling_of(config: EvaluateConfig) -> Resampling:
    """How these settings draw items again."""
    return Resampling(config.resamples, config.seed)

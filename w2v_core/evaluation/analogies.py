"""Analogies: is the word nearest to b - a + c the fourth of a : b :: c : d?

M rows may answer: the distinct spellings of the restricted vocabulary, by descending count. An axis of length 4 holds
the words a, b, c, d of a question.

Source: the 3CosAdd rule of Mikolov, Yih, Zweig 2013, "Linguistic Regularities in Continuous Space Word
Representations", over unit vectors; the file format is word2vec's `questions-words.txt`.
"""

import os
import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from w2v_core.errors import InputError
from w2v_core.evaluation.bootstrap import DEFAULT_RESAMPLING, Interval, Resampling, accuracy_interval
from w2v_core.evaluation.named_sets import located
from w2v_core.evaluation.question_words import QuestionWords
from w2v_core.evaluation.word_pairs import COMMENTS, fields_text, numbered_lines
from w2v_core.io.filesystem import Location
from w2v_core.types import Float32Array, Int8Array, Int64Array
from w2v_core.vectors.nearest import top_k
from w2v_core.vectors.word_vectors import WordVectors

BATCH_QUESTIONS = 512
"""Questions asked at a time; it bounds what they themselves take."""

RIGHT, WRONG, NOT_COVERED = 1, 0, -1
"""Outcomes of a question."""

Question = tuple[str, str, str, str]


@dataclass(frozen=True)
class AnalogySection:
    """The questions a : b :: c : d under one `: name` line; those before any such line have the name ""."""

    name: str
    questions: tuple[Question, ...]


@dataclass(frozen=True)
class AnalogyScore:
    """How a section, or all of them, went.

    correct   covered questions answered with d
    covered   questions whose four words are all in the restricted vocabulary
    total     questions asked
    interval  of the accuracy, 95 %, by the bootstrap; None where nothing is covered
    """

    correct: int
    covered: int
    total: int
    interval: Interval | None = field(default=None, compare=False)

    @classmethod
    def of(cls, outcome_A: Int8Array, resampling: Resampling) -> Self:
        """The score of these outcomes."""
        correct, covered = int((outcome_A == RIGHT).sum()), int((outcome_A != NOT_COVERED).sum())
        return cls(correct, covered, len(outcome_A), accuracy_interval(correct, covered, resampling))

    @property
    def accuracy(self) -> float | None:
        """correct / covered; None where nothing is covered."""
        return self.correct / self.covered if self.covered else None

    @property
    def coverage(self) -> float | None:
        """covered / total; None without questions."""
        return self.covered / self.total if self.total else None

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return {**asdict(self), "accuracy": self.accuracy, "coverage": self.coverage}


@dataclass(frozen=True)
class AnalogiesResult:
    """Every section's score in the file's order, and that of all questions, each counted once."""

    sections: tuple[tuple[str, AnalogyScore], ...]
    overall: AnalogyScore

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON: the overall score, and `sections` in order."""
        sections = [{"name": name, **score.to_dict()} for name, score in self.sections]
        return {**self.overall.to_dict(), "sections": sections}


def evaluate_analogies(
    vectors: WordVectors,
    path: Location,
    *,
    restrict_vocab: int | None = None,
    case_insensitive: bool = True,
    resampling: Resampling = DEFAULT_RESAMPLING,
) -> AnalogiesResult:
    """Score `vectors` on an analogy file, or set of that name; see `read_analogies` and `score_analogies`."""
    return score_analogies(
        vectors,
        read_analogies(path),
        restrict_vocab=restrict_vocab,
        case_insensitive=case_insensitive,
        resampling=resampling,
    )


def score_analogies(
    vectors: WordVectors,
    sections: Sequence[AnalogySection],
    *,
    restrict_vocab: int | None = None,
    case_insensitive: bool = True,
    resampling: Resampling = DEFAULT_RESAMPLING,
) -> AnalogiesResult:
    """How many questions are answered right, by section and over all; see `analogy_outcomes`."""
    outcomes = analogy_outcomes(
        vectors, sections, restrict_vocab=restrict_vocab, case_insensitive=case_insensitive
    )
    return analogies_result(sections, outcomes, resampling)


def analogies_result(
    sections: Sequence[AnalogySection], outcomes: Sequence[Int8Array], resampling: Resampling
) -> AnalogiesResult:
    """The result of what `analogy_outcomes` gave for `sections`."""
    scores = [
        (section.name, AnalogyScore.of(outcome_A, resampling))
        for section, outcome_A in zip(sections, outcomes, strict=True)
    ]
    return AnalogiesResult(tuple(scores), AnalogyScore.of(all_outcomes(outcomes), resampling))


def all_outcomes(outcomes: Sequence[Int8Array]) -> Int8Array:
    """Those of all sections, one after another."""
    return np.concatenate([np.empty(0, np.int8), *outcomes])


def analogy_outcomes(
    vectors: WordVectors,
    sections: Sequence[AnalogySection],
    *,
    restrict_vocab: int | None = None,
    case_insensitive: bool = True,
    other_forms: set[str] | None = None,
) -> list[Int8Array]:
    """RIGHT, WRONG or NOT_COVERED for every question, (A,) int8 a section.

    3CosAdd with the three question words excluded; the one nearest word must be d.

    restrict_vocab: questions and answers come from this many most frequent words; None for all.
    case_insensitive: questions and vocabulary are lower-cased; of the spellings that fall together, only the
    most frequent one takes part. gensim lets the rarer ones answer too, which differs only in a vocabulary
    of mixed case. Words that are not found so are normalized as the corpus was, see `QuestionWords`, and
    added to `other_forms`.

    Takes M * D float32 of memory for the unit vectors. Raises UserError for `restrict_vocab` below 1.
    """
    if restrict_vocab is not None and restrict_vocab < 1:
        raise InputError(f"restrict_vocab = {restrict_vocab}: expected an integer >= 1.")
    tokens = vectors.tokens_by_count(restrict_vocab)
    words = QuestionWords(tokens, vectors.rules, case_insensitive, other_forms)
    table_MD = vectors.unit_rows(vectors.most_frequent(restrict_vocab)[list(words.ranks.values())])
    return [_outcomes(table_MD, words, section) for section in sections]


def right_answers(table_MD: Float32Array, question_Q4: Int64Array) -> NDArray[np.bool_]:
    """Whether the row of largest cosine to b - a + c, other than a, b and c, is d; (Q,) bool.

    table_MD: unit vectors. question_Q4: rows a, b, c, d.
    """
    right_Q = np.zeros(len(question_Q4), dtype=np.bool_)
    for begin in range(0, len(question_Q4), BATCH_QUESTIONS):
        question_B4 = question_Q4[begin : begin + BATCH_QUESTIONS]
        a_B, b_B, c_B, d_B = question_B4.T
        query_BD = table_MD[b_B] - table_MD[a_B] + table_MD[c_B]
        answer_B1, score_B1 = top_k(table_MD, query_BD, 1, excluded_BX=question_B4[:, :3])
        # -inf: there was no fourth word to answer with.
        right_Q[begin : begin + BATCH_QUESTIONS] = (answer_B1[:, 0] == d_B) & (score_B1[:, 0] > -np.inf)
    return right_Q


def read_analogies(path: Location) -> list[AnalogySection]:
    """The sections of an analogy file: `: name` lines, each followed by lines of four words, in UTF-8.

    path: of a file, a URI, or the name of a set that an installed package ships; see `named_sets`.
    Words are separated by spaces or tabs. Blank lines and lines that begin with `#` or `//` are skipped. Raises
    InputError, with the line's number, where a line is neither, and where the file cannot be read or asks nothing.
    """
    path = os.fspath(path)
    sections: list[tuple[str, list[Question]]] = [("", [])]
    for number, line in numbered_lines(located(path, "analogies")):
        if line.startswith(COMMENTS):
            continue
        if line.startswith(":"):
            sections.append((line[1:].strip(), []))
        else:
            sections[-1][1].append(_question(path, number, line))
    if not any(questions for _, questions in sections):
        raise InputError(f"{path}: expected lines of four words, got no such line. Check the path.")
    return [AnalogySection(name, tuple(questions)) for name, questions in sections if name or questions]


def _question(path: str, line_number: int, line: str) -> Question:
    words = re.split("[ \t]+", line)
    if len(words) != 4:
        raise InputError(
            f"{path}, line {line_number}: expected four words or `: section`, got {fields_text(words)}. Correct the "
            "line."
        )
    return words[0], words[1], words[2], words[3]


def _outcomes(table_MD: Float32Array, words: QuestionWords, section: AnalogySection) -> Int8Array:
    rows = [[words.row(word) for word in question] for question in section.questions]
    asked_A4 = np.array(rows, dtype=np.int64).reshape(-1, 4)
    is_covered_A = (asked_A4 >= 0).all(axis=1)
    outcome_A = np.full(len(asked_A4), NOT_COVERED, dtype=np.int8)
    outcome_A[is_covered_A] = right_answers(table_MD, asked_A4[is_covered_A])
    return outcome_A

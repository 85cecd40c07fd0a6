"""Analogies: is the word nearest to b - a + c the fourth of a : b :: c : d?

Shape suffixes
    R  rows answered from: the distinct spellings of the restricted vocabulary, by descending count
    D  numbers in a vector
    A  questions asked
    Q  questions covered: all four words are among the rows
    4  the words a, b, c, d of a question
    B  questions of one batch

Source: the 3CosAdd rule of Mikolov, Yih, Zweig 2013, "Linguistic Regularities in Continuous Space Word
Representations", over unit vectors; the file format is word2vec's `questions-words.txt`.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from w2v_core.errors import UserError
from w2v_core.evaluation.word_pairs import numbered_lines
from w2v_core.vectors import Floats, Ints, WordVectors, first_ids, top_k

BATCH_QUESTIONS = 512
"""Questions asked at a time; with BLOCK_ROWS it bounds the scores held at once to 16 MiB."""

Question = tuple[str, str, str, str]


@dataclass(frozen=True)
class AnalogySection:
    """The questions a : b :: c : d under one `: name` line; those before any such line have the name ""."""

    name: str
    questions: tuple[Question, ...]


@dataclass(frozen=True)
class AnalogyScore:
    """How a section, or all of them, went.

    correct  covered questions answered with d
    covered  questions whose four words are all in the restricted vocabulary
    total    questions asked
    """

    correct: int
    covered: int
    total: int

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
    """Every section's score in the file's order, and their sum."""

    sections: tuple[tuple[str, AnalogyScore], ...]

    @property
    def overall(self) -> AnalogyScore:
        """All questions, each counted once."""
        scores = [score for _, score in self.sections]
        return AnalogyScore(
            sum(score.correct for score in scores),
            sum(score.covered for score in scores),
            sum(score.total for score in scores),
        )

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON: the overall score, and `sections` in order."""
        sections = [{"name": name, **score.to_dict()} for name, score in self.sections]
        return {**self.overall.to_dict(), "sections": sections}


def evaluate_analogies(
    vectors: WordVectors, path: str, *, restrict_vocab: int | None = None, case_insensitive: bool = True
) -> AnalogiesResult:
    """Score `vectors` on an analogy file; see `read_analogies` and `score_analogies`."""
    sections = read_analogies(path)
    return score_analogies(
        vectors, sections, restrict_vocab=restrict_vocab, case_insensitive=case_insensitive
    )


def score_analogies(
    vectors: WordVectors,
    sections: Sequence[AnalogySection],
    *,
    restrict_vocab: int | None = None,
    case_insensitive: bool = True,
) -> AnalogiesResult:
    """3CosAdd with the three question words excluded; the one nearest word must be d.

    restrict_vocab: questions and answers come from this many most frequent words; None for all.
    case_insensitive: questions and vocabulary are lower-cased; of the spellings that fall together, only the
    most frequent one takes part. gensim lets the rarer ones answer too, which differs only in a vocabulary
    of mixed case.

    Takes R * D float32 of memory for the unit vectors. Raises UserError for `restrict_vocab` below 1.
    """
    if restrict_vocab is not None and restrict_vocab < 1:
        raise UserError(f"restrict_vocab = {restrict_vocab} must be at least 1")
    fold: Callable[[str], str] = str.lower if case_insensitive else str
    ids = first_ids(map(fold, vectors.tokens[:restrict_vocab]))
    table_RD = vectors.unit_rows(np.array(list(ids.values()), dtype=np.int64))
    row_by_spelling = {spelling: row for row, spelling in enumerate(ids)}
    return AnalogiesResult(
        tuple((section.name, _score(table_RD, row_by_spelling, fold, section)) for section in sections)
    )


def right_answers(table_RD: Floats, question_Q4: Ints) -> NDArray[np.bool_]:
    """Whether the row of largest cosine to b - a + c, other than a, b and c, is d; (Q,) bool.

    table_RD: unit vectors. question_Q4: rows a, b, c, d.
    """
    right_Q = np.zeros(len(question_Q4), dtype=np.bool_)
    for begin in range(0, len(question_Q4), BATCH_QUESTIONS):
        question_B4 = question_Q4[begin : begin + BATCH_QUESTIONS]
        a_B, b_B, c_B, d_B = question_B4.T
        query_BD = table_RD[b_B] - table_RD[a_B] + table_RD[c_B]
        answer_B1, score_B1 = top_k(table_RD, query_BD, 1, excluded_BX=question_B4[:, :3])
        # -inf: there was no fourth word to answer with.
        right_Q[begin : begin + BATCH_QUESTIONS] = (answer_B1[:, 0] == d_B) & (score_B1[:, 0] > -np.inf)
    return right_Q


def read_analogies(path: str) -> list[AnalogySection]:
    """The sections of an analogy file: `: name` lines, each followed by lines of four words, in UTF-8.

    Words are separated by spaces or tabs; blank lines are skipped. Raises UserError, with the line's number,
    where a line is neither, and where the file cannot be read or asks nothing.
    """
    sections: list[tuple[str, list[Question]]] = [("", [])]
    for number, line in numbered_lines(path):
        if line.startswith(":"):
            sections.append((line[1:].strip(), []))
        else:
            sections[-1][1].append(_question(path, number, line))
    if not any(questions for _, questions in sections):
        raise UserError(f"{path} holds no analogy: give lines of four words")
    return [AnalogySection(name, tuple(questions)) for name, questions in sections if name or questions]


def _question(path: str, line_number: int, line: str) -> Question:
    words = re.split("[ \t]+", line)
    if len(words) != 4:
        raise UserError(f"{path}, line {line_number}: expected four words or `: section`, but found {words}")
    return words[0], words[1], words[2], words[3]


def _score(
    table_RD: Floats, row_by_spelling: dict[str, int], fold: Callable[[str], str], section: AnalogySection
) -> AnalogyScore:
    rows = [[row_by_spelling.get(fold(word), -1) for word in question] for question in section.questions]
    asked_A4 = np.array(rows, dtype=np.int64).reshape(-1, 4)
    covered_Q4 = asked_A4[(asked_A4 >= 0).all(axis=1)]
    correct = int(right_answers(table_RD, covered_Q4).sum())
    return AnalogyScore(correct, len(covered_Q4), len(section.questions))

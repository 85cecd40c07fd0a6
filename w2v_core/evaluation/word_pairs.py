"""Similarity of word pairs: do the vectors order them as people do?"""

import csv
import math
import os
import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from io import StringIO
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from w2v_core.errors import InputError
from w2v_core.evaluation.bootstrap import DEFAULT_RESAMPLING, Interval, Resampling, spearman_interval
from w2v_core.evaluation.named_sets import located
from w2v_core.evaluation.question_words import QuestionWords
from w2v_core.io.filesystem import Location, read_location
from w2v_core.types import Int64Array
from w2v_core.vectors.nearest import clip_cosines
from w2v_core.vectors.word_vectors import WordVectors

_LONGEST_FIELDS_TEXT = 200


class WordPair(NamedTuple):
    """Two words and how similar people find them, on the file's own scale."""

    word_a: str
    word_b: str
    score: float


@dataclass(frozen=True)
class WordPairsResult:
    """Spearman's rank correlation over the covered pairs.

    spearman  in [-1, 1]; None with fewer than two covered pairs, or where either side's scores are all equal
    pairs     lines of the file
    covered   pairs whose two words have vectors
    interval  of `spearman`, 95 %, by the bootstrap; None where it is not defined
    """

    spearman: float | None
    pairs: int
    covered: int
    interval: Interval | None = None

    @property
    def coverage(self) -> float | None:
        """covered / pairs; None without pairs."""
        return self.covered / self.pairs if self.pairs else None

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return {**asdict(self), "coverage": self.coverage}


def evaluate_word_pairs(
    vectors: WordVectors,
    path: Location,
    *,
    case_insensitive: bool = True,
    resampling: Resampling = DEFAULT_RESAMPLING,
) -> WordPairsResult:
    """Score `vectors` on a similarity file, or set of that name; see `read_word_pairs` and `score_word_pairs`."""
    return score_word_pairs(
        vectors, read_word_pairs(path), case_insensitive=case_insensitive, resampling=resampling
    )


def score_word_pairs(
    vectors: WordVectors,
    pairs: Sequence[WordPair],
    *,
    case_insensitive: bool = True,
    resampling: Resampling = DEFAULT_RESAMPLING,
) -> WordPairsResult:
    """Spearman's correlation of the people's scores with cos(a, b); see `pair_cosines`."""
    cosine_A = pair_cosines(vectors, pairs, case_insensitive=case_insensitive)
    return word_pairs_result(pairs, cosine_A, resampling)


def word_pairs_result(
    pairs: Sequence[WordPair], cosine_A: NDArray[np.float32], resampling: Resampling
) -> WordPairsResult:
    """The result of what `pair_cosines` gave for `pairs`."""
    is_covered_A = ~np.isnan(cosine_A)
    human_P, cosine_P = human_scores(pairs)[is_covered_A], cosine_A[is_covered_A]
    interval = spearman_interval(human_P, cosine_P, resampling)
    return WordPairsResult(spearman(human_P, cosine_P), len(pairs), len(cosine_P), interval)


def human_scores(pairs: Sequence[WordPair]) -> NDArray[np.float64]:
    """The people's scores, (A,)."""
    return np.array([pair.score for pair in pairs], dtype=np.float64)


def pair_cosines(
    vectors: WordVectors,
    pairs: Sequence[WordPair],
    *,
    case_insensitive: bool = True,
    other_forms: set[str] | None = None,
    restrict_vocab: int | None = None,
) -> NDArray[np.float32]:
    """cos(a, b) of every pair, (A,) float32; NaN where a word has no vector.

    case_insensitive: pairs and vocabulary are lower-cased; of the spellings that fall together, the most
    frequent one's vector counts. Words that are not found so are normalized as the corpus was, see `QuestionWords`, and
    added to `other_forms`.
    restrict_vocab: only this many most frequent words have vectors; None for all.
    """
    words = QuestionWords(
        vectors.tokens_by_count(restrict_vocab), vectors.rules, case_insensitive, other_forms
    )
    asked = [(words.row(pair.word_a), words.row(pair.word_b)) for pair in pairs]
    asked_A2 = np.array(asked, dtype=np.int64).reshape(-1, 2)
    is_covered_A = (asked_A2 >= 0).all(axis=1)
    cosine_A = np.full(len(pairs), np.nan, dtype=np.float32)
    rank_M = np.array(list(words.ranks.values()), dtype=np.int64)
    ids_P2 = vectors.most_frequent()[rank_M[asked_A2[is_covered_A]]]
    cosine_A[is_covered_A] = cosines(vectors, *ids_P2.T)
    return cosine_A


def cosines(vectors: WordVectors, ids_P: Int64Array, other_ids_P: Int64Array) -> NDArray[np.float32]:
    """cos(ids[p], other_ids[p]), (P,) float32; 0 where either vector is zero."""
    a_PD, b_PD = vectors.unit_rows(ids_P), vectors.unit_rows(other_ids_P)
    return clip_cosines(np.einsum("pd,pd->p", a_PD, b_PD))


def spearman(x_P: NDArray[np.floating], y_P: NDArray[np.floating]) -> float | None:
    """Correlation of the ranks, ties given their mean rank; None where it is not defined."""
    if len(x_P) < 2 or (x_P == x_P[0]).all() or (y_P == y_P[0]).all():
        return None
    from scipy.stats import spearmanr  # half a second, which no other command needs

    return float(spearmanr(x_P, y_P).statistic)


def read_word_pairs(path: Location) -> list[WordPair]:
    """The pairs of a similarity file: lines of `word word score`, in UTF-8 with or without a byte order mark.

    path: of a file, a URI, or the name of a set that an installed package ships; see `named_sets`.
    Fields are separated as in the first line: by tabs if it has one, else by commas, else by spaces. Blank
    lines and lines that begin with `#` or `//` are skipped, and a first line whose third field is a name is a
    header. Raises UserError, with the line's number, where any other line is not two words and a finite
    number, and where the file cannot be read or holds no pair.
    """
    path = os.fspath(path)
    lines = [
        (number, line)
        for number, line in numbered_lines(located(path, "similarity"))
        if not line.startswith(COMMENTS)
    ]
    separator = _separator(lines[0][1]) if lines else ""
    rows = [(number, split_fields(line, separator)) for number, line in lines]
    if rows and _is_header(rows[0][1]):
        del rows[0]
    if not rows:
        raise InputError(
            f"{path}: expected lines of two words and a score, got no such line. Check the path."
        )
    return [_word_pair(path, number, fields) for number, fields in rows]


def numbered_lines(path: str) -> list[tuple[int, str]]:
    """(number from 1, text without its outer blanks) of every line of a UTF-8 file that is not blank.

    Only line feeds and carriage returns end a line. Raises UserError where the file is missing, is not
    UTF-8, or has no such line.
    """
    try:
        text = StringIO(read_location(path).decode("utf-8-sig"), newline=None).read()
    except UnicodeDecodeError as error:
        raise InputError(f"{path} is not valid UTF-8 (byte {error.start}). Save it as UTF-8.") from error
    except OSError as error:
        raise InputError(f"{path} cannot be read ({error.strerror}). Name a text file.") from error
    stripped = enumerate((line.strip(" \t") for line in text.split("\n")), start=1)
    lines = [(number, line) for number, line in stripped if line]
    if not lines:
        raise InputError(f"{path} is empty. Name a file of questions.")
    return lines


COMMENTS = ("#", "//")
"""Beginnings of lines that are comments and not questions."""


def fields_text(fields: Sequence[str]) -> str:
    """Return the fields of a faulty line as text, cut: a file of another kind may be one long line."""
    text = str(fields)
    return text if len(text) <= _LONGEST_FIELDS_TEXT else f"{text[:_LONGEST_FIELDS_TEXT]} …"


def _separator(line: str) -> str:
    return next((mark for mark in "\t," if mark in line), " ")


_BLANKS = "".join(
    map(chr, (9, 32, 0xA0, 0x1680, *range(0x2000, 0x200C), 0x202F, 0x205F, 0x2060, 0x3000, 0xFEFF))
)
"""White space of any script, and what is invisible. It does not belong to a word that it surrounds."""


def split_fields(line: str, separator: str) -> list[str]:
    """Return the fields of a line, without quotes and outer blanks of any script."""
    if separator == " ":
        return re.split(" +", line)
    (fields,) = csv.reader([line], delimiter=separator, skipinitialspace=True)
    return [field.strip(_BLANKS) for field in fields]


def _number(text: str) -> float:
    """NaN where the text is no finite number."""
    try:
        number = float(text)
    except ValueError:
        return math.nan
    return number if math.isfinite(number) else math.nan


def _is_header(fields: list[str]) -> bool:
    """Whether the third field names a column. A score that is missing or has a decimal comma is a fault of line 1."""
    name = fields[2].strip().lower() if len(fields) >= 3 else ""
    return name[:1].isalpha() and name not in _NO_SCORES and math.isnan(_number(name))


_NO_SCORES = frozenset(("na", "n/a", "nan", "none", "null", "inf", "infinity"))


def _word_pair(path: str, line_number: int, fields: list[str]) -> WordPair:
    score = _number(fields[2]) if len(fields) == 3 else math.nan
    if math.isnan(score) or not (fields[0] and fields[1]):
        raise InputError(
            f"{path}, line {line_number}: expected two words and a number, separated as in the first line, "
            f"got {fields_text(fields)}. Correct the line."
        )
    return WordPair(fields[0], fields[1], score)

"""Word vectors: read them, look words up, and find the nearest by cosine.

Shape suffixes
    V  words of the vocabulary, by descending count
    N  words of one block of the vocabulary
    D  numbers in a vector
    B  rows of a batch: vectors or queries
    X  words excluded from a query's answer
    K  best answers kept for a query

Sources
    cosine of the mean of unit vectors, and 3CosAdd: Mikolov, Yih, Zweig 2013, "Linguistic Regularities in
    Continuous Space Word Representations", section 4; names and behaviour as in gensim's KeyedVectors.
"""

import difflib
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import cached_property
from typing import Any, Self

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from w2v_core.array_file import open_array
from w2v_core.errors import UserError
from w2v_core.schemas import VOCAB
from w2v_core.storage import Folder, access, open_folder

Floats = NDArray[np.float32]
Ints = NDArray[np.int64]

BLOCK_ROWS = 8192
"""Words scored at a time: top-k's scratch is about B * BLOCK_ROWS * 8 bytes, whatever V is."""

SPELLING_CANDIDATES = 100_000
"""Most frequent words among which an unknown word's nearest spellings are sought (0.2 s)."""

VOCAB_COLUMNS = ["id", "token", "count"]
"""What is read of `vocab.parquet`."""

_VOCAB, _VECTORS = "vocab.parquet", "input.npy"
_WAY_OUT = "train again, or give the RUN/vectors folder of a finished run"


class UnknownWordError(KeyError, UserError):
    """A word without a vector. The message suggests the nearest spellings, sought only when it is read."""

    def __init__(self, word: str, known: Sequence[str]):
        super().__init__(word)
        self.word = word
        self.known = known

    def __str__(self) -> str:
        near = nearest_spellings(self.word, self.known[:SPELLING_CANDIDATES])
        hint = f"did you mean {', '.join(near)}?" if near else "no word is spelt like it"
        return f"the vocabulary has no word {self.word!r}: {hint}"


class WordVectors:
    """Words, their counts and their vectors; a word's id is its row, and ids run by descending count.

    tokens      V distinct words, a list or an Arrow string array
    counts_V    int64, occurrences in the corpus
    vectors_VD  float32, may be memory-mapped; never copied whole

    Raises ValueError where the three disagree in length, shape or dtype.
    """

    def __init__(self, tokens: Sequence[str] | pa.ChunkedArray, counts_V: Ints, vectors_VD: Floats):
        if vectors_VD.ndim != 2 or vectors_VD.dtype != np.float32:
            raise ValueError(f"vectors must be float32 (V, D), not {vectors_VD.dtype} {vectors_VD.shape}")
        if not len(tokens) == len(counts_V) == len(vectors_VD):
            raise ValueError(f"{len(tokens)} tokens, {len(counts_V)} counts and {len(vectors_VD)} vectors")
        self._tokens = tokens
        self.counts_V = counts_V
        self.vectors_VD = np.asarray(vectors_VD)

    @classmethod
    def load(cls, folder: str) -> Self:
        """The input vectors of a finished training: `input.npy` and `vocab.parquet`.

        folder: RUN/vectors, a path or a URI. Vectors on a local disk are mapped into memory, others read into it.
        Neither file's content is turned into Python objects before it is asked for. Raises UserError where a file is
        missing, damaged or does not fit the other, and where the store is not reached.
        """
        return cls.read(open_folder(folder))

    @classmethod
    def read(cls, folder: Folder) -> Self:
        """As `load`, from a folder that is open."""
        vocab = _read_vocab(folder)
        vectors_VD = _map_vectors(folder.file(_VECTORS)) if folder.is_local else _read_vectors(folder)
        if len(vocab) != len(vectors_VD):
            raise UserError(
                f"{folder.file(_VECTORS)} has {len(vectors_VD)} rows but {folder.file(_VOCAB)} {len(vocab)} words: "
                f"{_WAY_OUT}"
            )
        return cls(vocab["token"], vocab["count"].to_numpy(), vectors_VD)

    @cached_property
    def tokens(self) -> list[str]:
        """V words in order of id."""
        if isinstance(self._tokens, (pa.Array, pa.ChunkedArray)):
            return list(self._tokens.to_pylist())
        return list(self._tokens)

    @cached_property
    def norms_V(self) -> Floats:
        """Euclidean length of every vector; reads the table once. Raises UserError as `row_norms`."""
        return row_norms(self.vectors_VD)

    @cached_property
    def _id_by_token(self) -> dict[str, int]:
        id_by_token = first_ids(self.tokens)
        if len(id_by_token) < len(self.tokens):
            raise UserError(f"the vocabulary holds a word twice: {_WAY_OUT}")
        return id_by_token

    def __len__(self) -> int:
        return len(self.vectors_VD)

    def __contains__(self, word: object) -> bool:
        return word in self._id_by_token

    def __getitem__(self, word: str) -> Floats:
        """A copy of the word's vector, (D,) float32. Raises UnknownWordError, a KeyError."""
        return np.array(self.vectors_VD[self.id_of(word)])

    def id_of(self, word: str) -> int:
        """The word's row. Raises UnknownWordError, a KeyError."""
        try:
            return self._id_by_token[word]
        except KeyError:
            raise UnknownWordError(word, self.tokens) from None

    def unit_rows(self, ids_B: Ints) -> Floats:
        """The vectors of `ids_B` scaled to length 1, (B, D) float32, a copy; a zero vector stays zero.

        Raises UserError as `row_norms`.
        """
        rows_BD: Floats = self.vectors_VD[ids_B]
        scale_to_unit(rows_BD)
        return rows_BD

    def similarity(self, word_a: str, word_b: str) -> float:
        """cos(a, b) in [-1, 1] up to rounding; 0 where either vector is zero. Raises UnknownWordError."""
        a_D, b_D = self.unit_rows(np.array([self.id_of(word_a), self.id_of(word_b)]))
        return float(a_D @ b_D)

    def most_similar(
        self,
        positive: str | Sequence[str],
        negative: str | Sequence[str] = (),
        topn: int = 10,
        restrict_vocab: int | None = None,
    ) -> list[tuple[str, float]]:
        """The `topn` words w of largest cos(w, mean(unit(positive), -unit(negative))), best first.

        The question's own words are never answers; fewer than `topn` come back where the vocabulary ends.
        restrict_vocab: answer only from this many most frequent words; the question may use any.
        Raises UnknownWordError for a word without a vector, UserError for a question without words and for
        `topn` or `restrict_vocab` below 1.
        """
        _require_positive("topn", topn)
        _require_positive("restrict_vocab", restrict_vocab)
        positive_ids, negative_ids = self._ids_of(positive), self._ids_of(negative)
        ids_X = np.concatenate([positive_ids, negative_ids])
        if len(ids_X) == 0:
            raise UserError("a question needs words: give at least one positive or negative word")
        sign_X = np.repeat(np.array([1, -1], dtype=np.float32), [len(positive_ids), len(negative_ids)])
        query_1D = sign_X[None] @ self.unit_rows(ids_X)
        scale_to_unit(query_1D)
        ids_1K, score_1K = top_k(
            self.vectors_VD[:restrict_vocab], query_1D, topn, ids_X[None], self.norms_V[:restrict_vocab]
        )
        return self._named(ids_1K[0], score_1K[0])

    def analogy(
        self, a: str, b: str, c: str, topn: int = 10, restrict_vocab: int | None = None
    ) -> list[tuple[str, float]]:
        """3CosAdd, a : b :: c : ?, the words of largest cos(w, b - a + c). Errors as `most_similar`."""
        return self.most_similar([b, c], [a], topn, restrict_vocab)

    def _ids_of(self, words: str | Sequence[str]) -> Ints:
        words = [words] if isinstance(words, str) else words
        return np.array([self.id_of(word) for word in words], dtype=np.int64)

    def _named(self, ids_K: Ints, score_K: Floats) -> list[tuple[str, float]]:
        answers = zip(ids_K.tolist(), score_K.tolist(), strict=True)
        return [(self.tokens[word_id], score) for word_id, score in answers if score > -np.inf]


def row_norms(rows_BD: Floats) -> Floats:
    """||row||, (B,) float32, summed in float64 so that long rows neither overflow nor vanish.

    Raises UserError where a row holds NaN or infinity: such a table ranks nothing.
    """
    squares_B = np.einsum("bd,bd->b", rows_BD, rows_BD, dtype=np.float64)
    with np.errstate(over="ignore"):
        norms_B: Floats = np.sqrt(squares_B).astype(np.float32)
    if not np.isfinite(norms_B).all():
        raise UserError("the vectors hold NaN or infinity: train again with a smaller alpha")
    return norms_B


def scale_to_unit(rows_BD: Floats) -> None:
    """row /= ||row||, in place; a zero row stays zero. Errors as `row_norms`."""
    rows_BD /= _divisors(row_norms(rows_BD))[:, None]


def top_k(
    vectors_VD: Floats,
    query_BD: Floats,
    k: int,
    excluded_BX: Ints | None = None,
    norms_V: Floats | None = None,
) -> tuple[Ints, Floats]:
    """For each query the k rows v of largest query . v / norm(v): ids int64, scores float32, (B, min(k, V)).

    Best first, equal scores by ascending id (but which of several equals at rank k stays is open). The score
    is the cosine where the queries are unit vectors.

    excluded_BX  ids that a query may not answer; ids outside 0..V-1 exclude nothing. They fill up the end
                 with score -inf where a query has fewer than k other rows.
    norms_V      None where the rows are unit vectors already.

    Works in blocks of BLOCK_ROWS rows, so neither a normalised table nor all B * V scores ever exist.
    """
    assert k >= 1, k
    best_ids = np.empty((len(query_BD), 0), dtype=np.int64)
    best_score = np.empty((len(query_BD), 0), dtype=np.float32)
    for begin, end in _blocks(len(vectors_VD)):
        score_BN = query_BD @ vectors_VD[begin:end].T
        if norms_V is not None:
            score_BN /= _divisors(norms_V[begin:end])
        if excluded_BX is not None:
            _exclude(score_BN, excluded_BX - begin)
        column_BK = _best_columns(score_BN, k)
        ids = np.concatenate([best_ids, column_BK + begin], axis=1)
        score = np.concatenate([best_score, np.take_along_axis(score_BN, column_BK, axis=1)], axis=1)
        order = np.argsort(-score, axis=1, kind="stable")[:, :k]
        best_ids = np.take_along_axis(ids, order, axis=1)
        best_score = np.take_along_axis(score, order, axis=1)
    return best_ids, best_score


def nearest_spellings(word: str, known: Sequence[str], count: int = 3) -> list[str]:
    """Up to `count` of the known words spelt most like `word`, by difflib's ratio, best first.

    Compared in decomposed form, so that two Hangul syllables may differ by one letter.
    """
    known_by_letters = {unicodedata.normalize("NFD", token): token for token in known}
    near = difflib.get_close_matches(unicodedata.normalize("NFD", word), known_by_letters, count)
    return [known_by_letters[letters] for letters in near]


def first_ids(spellings: Iterable[str]) -> dict[str, int]:
    """Every spelling's first place, in order of place: by descending count, its most frequent word's id."""
    first: dict[str, int] = {}
    for place, spelling in enumerate(spellings):
        first.setdefault(spelling, place)
    return first


def _blocks(num_rows: int) -> Iterator[tuple[int, int]]:
    for begin in range(0, num_rows, BLOCK_ROWS):
        yield begin, min(begin + BLOCK_ROWS, num_rows)


def _divisors(norms_B: Floats) -> Floats:
    """The norms with 1 for 0: a zero vector scores 0 instead of NaN."""
    return np.where(norms_B > 0, norms_B, np.float32(1))


def _exclude(score_BN: Floats, column_BX: Ints) -> None:
    """Scores of the excluded columns become -inf, in place; columns outside the block are skipped."""
    row, slot = np.nonzero((column_BX >= 0) & (column_BX < score_BN.shape[1]))
    score_BN[row, column_BX[row, slot]] = -np.inf


def _best_columns(score_BN: Floats, k: int) -> Ints:
    """Columns of each row's min(k, N) largest scores, ascending, so that a stable sort breaks ties by id."""
    if k == 1:
        column_BK: Ints = score_BN.argmax(axis=1)[:, None]
    else:
        column_BK = np.argpartition(score_BN, -min(k, score_BN.shape[1]), axis=1)[:, -k:]
        column_BK.sort(axis=1)
    return column_BK


def _require_positive(name: str, value: int | None) -> None:
    if value is not None and value < 1:
        raise UserError(f"{name} = {value} must be at least 1")


def _read_vocab(folder: Folder) -> pa.Table:
    """VOCAB_COLUMNS of the vocabulary, checked: valid text, no nulls, ids 0, 1, ... by descending count."""
    path = folder.file(_VOCAB)
    with _damage_told(path, "Parquet"):
        with folder.filesystem.open_input_file(path) as source, pq.ParquetFile(source) as file:
            vocab = file.read(columns=VOCAB_COLUMNS)
        vocab.validate(full=True)
    if not _is_vocab(vocab):
        raise UserError(f"{path} is no vocabulary (id, token, count by descending count): {_WAY_OUT}")
    return vocab


@contextmanager
def _damage_told(path: str, kind: str) -> Iterator[None]:
    """What is wrong with a file of ours, as a UserError."""
    try:
        with access(path):
            yield
    except UserError:
        raise
    except FileNotFoundError:
        raise UserError(f"{path} is missing: {_WAY_OUT}") from None
    except (OSError, ValueError, OverflowError, pa.ArrowException) as error:
        raise UserError(f"{path} cannot be read as {kind}: {_WAY_OUT}") from error


def _is_vocab(vocab: pa.Table) -> bool:
    types = {field.name: field.type for field in vocab.schema}
    if types != {name: VOCAB.field(name).type for name in VOCAB_COLUMNS}:
        return False
    if any(column.null_count for column in vocab.columns):
        return False
    ids_V, counts_V = vocab["id"].to_numpy(), vocab["count"].to_numpy()
    return bool((ids_V == np.arange(len(vocab))).all() and (np.diff(counts_V) <= 0).all())


def _map_vectors(path: str) -> Floats:
    """The npy file as a read-only memory map, float32 (V, D) in C order."""
    with _damage_told(path, "npy"):
        vectors_VD: np.memmap[Any, Any] = np.lib.format.open_memmap(path, mode="r")
    if vectors_VD.ndim != 2 or vectors_VD.dtype != np.float32 or not vectors_VD.flags.c_contiguous:
        raise UserError(
            f"{path} holds {vectors_VD.dtype} {vectors_VD.shape}, not float32 (V, D) in C order: {_WAY_OUT}"
        )
    return vectors_VD


def _read_vectors(folder: Folder) -> Floats:
    """The npy file of any file system in memory, float32 (V, D)."""
    with _damage_told(folder.file(_VECTORS), "npy"), open_array(folder, _VECTORS) as file:
        return file.read(file.shape[0])

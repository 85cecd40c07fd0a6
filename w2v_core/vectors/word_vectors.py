"""Word vectors: read them, look words up, and find the nearest by cosine.

Sources
    cosine of the mean of unit vectors, and 3CosAdd: Mikolov, Yih, Zweig 2013, "Linguistic Regularities in
    Continuous Space Word Representations", section 4; 3CosMul: Levy, Goldberg 2014, "Linguistic Regularities in Sparse
    and Explicit Word Representations", equation 4; names and behaviour as in gensim's KeyedVectors.
"""

import difflib
import os
import unicodedata
from collections.abc import Hashable, Iterable, Sequence
from functools import cached_property
from typing import Self, TypeVar

import numpy as np
import pyarrow as pa
from pyarrow import fs

from w2v_core.errors import UserError
from w2v_core.io.filesystem import Folder, Location, access, open_folder
from w2v_core.runs.model_reference import reject_model, resolved
from w2v_core.tokenization.normalize import Rules
from w2v_core.types import Float32Array, Int64Array
from w2v_core.vectors.formats.detect_format import table_at
from w2v_core.vectors.formats.table import VectorTable
from w2v_core.vectors.nearest import (
    Rows,
    best_rows,
    by_count,
    clip_cosines,
    comparable,
    divisors,
    row_norms,
    scale_to_unit,
    top_k,
)
from w2v_core.vectors.trained_vectors import HINT, folder_of_vectors, read_trained

__all__ = [
    "UnknownWordError",
    "WordVectors",
    "first_ids",
    "nearest_spellings",
    "row_norms",
    "scale_to_unit",
    "top_k",
]

SPELLING_CANDIDATES = 100_000
"""The number of most frequent words that are compared with an unknown word (0.2 s)."""

BATCH_QUESTIONS = 1024
"""Questions answered in one pass over the table."""

ANALOGY_METHODS = ("3cosadd", "3cosmul")

Key = TypeVar("Key", bound=Hashable)
Term = str | Float32Array
Terms = Term | Sequence[Term]
Answers = list[tuple[str, float]]

_EPSILON = np.float32(1e-6)  # Levy and Goldberg's, against a division by 0


class UnknownWordError(KeyError, UserError):
    """A word without a vector. The message suggests other forms or the nearest spellings, searched only when it is
    read.
    """

    def __init__(self, word: str, known: Sequence[str]):
        super().__init__(word)
        self.word = word
        self.known = known

    def __str__(self) -> str:
        if not self.word:
            return "word '' is empty: expected a word of the vocabulary. Give at least one character."
        return f"word {self.word!r} is not in the vocabulary; {self._hint()}"

    def _hint(self) -> str:
        candidates = self.known[:SPELLING_CANDIDATES]
        if (form := _form_among(self.word, frozenset(candidates))) is not None:
            return f"did you mean {form!r}? The vocabulary spells it in another case or Unicode form."
        near = nearest_spellings(self.word, candidates)
        if near:
            return f"did you mean {', '.join(map(repr, near))}?"
        return "none of its words is spelled like it. Ask for another word."


class WordVectors:
    """Words, their counts and their vectors; the id of a word is its row. The most frequent words come first,
    unless the vocabulary was extended.

    tokens      V distinct words, a list or an Arrow string array
    counts      int64, occurrences in the corpus
    vectors     float32, may be memory-mapped; never copied whole
    rules       how the corpus was normalized, None if that is not recorded. A word that is not in the vocabulary as
                given is looked up as normalized by these rules

    Raises ValueError if the first three disagree in length, shape or dtype.
    """

    def __init__(
        self,
        tokens: Sequence[str] | pa.ChunkedArray,
        counts_V: Int64Array,
        vectors_VD: Float32Array,
        rules: Rules | None = None,
    ):
        if vectors_VD.ndim != 2 or vectors_VD.dtype != np.float32:
            raise ValueError(f"vectors must be float32 (V, D), not {vectors_VD.dtype} {vectors_VD.shape}")
        if not len(tokens) == len(counts_V) == len(vectors_VD):
            raise ValueError(f"{len(tokens)} tokens, {len(counts_V)} counts and {len(vectors_VD)} vectors")
        self._tokens = tokens
        self.counts = counts_V
        self.vectors = np.asarray(vectors_VD)
        self.rules = rules

    @classmethod
    def load(cls, location: Location) -> Self:
        """Load the vectors at a path or a URI: a run, RUN/vectors, or a file or folder of another system.

        These are the formats of `w2v export` but the projector's: word2vec text and binary, GloVe (all perhaps packed),
        Parquet, safetensors, and a folder of npy; also Parquet and a Word2VecModel that Spark wrote. The content tells
        which one it is. RUN/vectors, npy and safetensors on a local disk are mapped into memory, others are read into
        it. STORE/NAME@current and STORE/NAME@v3 are versions of a published model. Raises UserError where a file is
        missing, damaged or does not fit the other, and where the store is not reached.
        """
        location = resolved(os.fspath(location))
        table = table_at(location)
        return cls.of(table) if table else cls.read(folder_of_vectors(_folder_at(location)))

    @classmethod
    def read(cls, folder: Folder) -> Self:
        """Load the input vectors of a finished training from an open folder. Raises as `read_trained`."""
        return cls.of(read_trained(folder))

    @classmethod
    def of(cls, table: VectorTable) -> Self:
        """Return the words of a table."""
        return cls(table.tokens, table.counts, table.vectors, table.rules)

    @property
    def table(self) -> VectorTable:
        """Return the words as a table for export."""
        tokens = self._tokens
        if not isinstance(tokens, pa.ChunkedArray):
            tokens = pa.chunked_array([pa.array(tokens, pa.string())])
        return VectorTable(tokens, self.counts, self.vectors, self.rules)

    @cached_property
    def tokens(self) -> list[str]:
        """Return the V words in order of id."""
        if isinstance(self._tokens, (pa.Array, pa.ChunkedArray)):
            return list(self._tokens.to_pylist())
        return list(self._tokens)

    @cached_property
    def norms(self) -> Float32Array:
        """Return the Euclidean length of every vector; reads the table once. Raises UserError as `row_norms`."""
        return row_norms(self.vectors)

    @cached_property
    def _id_by_token(self) -> dict[str, int]:
        id_by_token = first_ids(self.tokens)
        if len(id_by_token) < len(self.tokens):
            twice = next(
                token for position, token in enumerate(self.tokens) if id_by_token[token] != position
            )
            raise UserError(f"the vocabulary holds {twice!r} twice: {HINT}, or leave one of both out")
        return id_by_token

    def __len__(self) -> int:
        return len(self.vectors)

    def __contains__(self, word: object) -> bool:
        return isinstance(word, str) and self._found(word) is not None

    def _found(self, word: str) -> int | None:
        """Return the row of the word as given, else as normalized like the corpus."""
        row = self._id_by_token.get(word)
        if row is None and self.rules is not None:
            row = self._id_by_token.get(self.rules.apply(word))
        return row

    def most_frequent(self, num_words: int | None = None) -> Int64Array:
        """Return the ids of the `num_words` most frequent words, None for all, by descending count, then id."""
        if self._order_V is None:
            return np.arange(len(self))[:num_words]
        return self._order_V[:num_words]

    def tokens_by_count(self, num_words: int | None = None) -> list[str]:
        """Return the tokens of `most_frequent`."""
        if self._order_V is None:
            return self.tokens[:num_words]
        return [self.tokens[i] for i in self._order_V[:num_words].tolist()]

    @cached_property
    def ranks(self) -> Int64Array:
        """Return the rank of every word among `most_frequent`, (V,)."""
        ranks_V = np.empty(len(self), np.int64)
        ranks_V[self.most_frequent()] = np.arange(len(self))
        return ranks_V

    @cached_property
    def _order_V(self) -> Int64Array | None:
        """Return the ids by descending count; None if ids already have this order."""
        return by_count(self.counts)

    def _answering(self, restrict_vocab: int | None) -> Int64Array | int:
        """Return the rows of the most frequent words, ascending; their number if they are the first rows."""
        num_rows = len(self) if restrict_vocab is None else min(restrict_vocab, len(self))
        if self._order_V is None or num_rows == len(self):
            return num_rows
        return np.sort(self._order_V[:num_rows])

    @property
    def vector_size(self) -> int:
        """Return D."""
        vector_size: int = self.vectors.shape[1]
        return vector_size

    def __getitem__(self, words: str | Sequence[str]) -> Float32Array:
        """Return a copy of the vector of a word, (D,) float32, or of several words, (B, D).

        Raises UnknownWordError, a KeyError.
        """
        if isinstance(words, str | int | np.integer):
            return np.array(self.vectors[self.id_of(words)])
        return np.array(self.vectors[self._ids_of(words)])

    def id_of(self, word: str) -> int:
        """Return the row of the word, as given or normalized like the corpus. Raises UnknownWordError, a KeyError."""
        if not isinstance(word, str):
            raise _not_text(word)
        row = self._found(word)
        if row is None:
            raise UnknownWordError(word, self.tokens_by_count(SPELLING_CANDIDATES))
        return row

    def unit_rows(self, ids_B: Int64Array) -> Float32Array:
        """Return a copy of the vectors of `ids_B` at length 1, (B, D) float32; a zero vector stays zero.

        Raises UserError as `row_norms`.
        """
        rows_BD: Float32Array = self.vectors[ids_B]
        scale_to_unit(rows_BD)
        return rows_BD

    def similarity(self, word_a: str, word_b: str) -> float:
        """Return cos(a, b) in [-1, 1]; 0 where either vector is zero. Raises UnknownWordError."""
        a_D, b_D = self.unit_rows(np.array([self.id_of(word_a), self.id_of(word_b)]))
        return min(max(float(a_D @ b_D), -1.0), 1.0)

    def most_similar(
        self,
        positive: Terms = (),
        negative: Terms = (),
        topn: int = 10,
        restrict_vocab: int | None = None,
    ) -> Answers:
        """Return the `topn` words w of largest cos(w, mean(unit(positive), -unit(negative))), best first.

        A term is a word or a vector (D,), which is not normalized. The words of the question are never answers. A small
        vocabulary gives fewer than `topn` answers.
        restrict_vocab: answer only from this many most frequent words; the question may use any.
        Raises UnknownWordError for a word without a vector, UserError for a question without terms, for a vector of
        another length or not finite, for terms that add up to a zero vector, for `topn` or `restrict_vocab` below 1,
        and for `topn` None.
        """
        return self.most_similar_batch([positive], [negative], topn, restrict_vocab)[0]

    def most_similar_batch(
        self,
        positive: Sequence[Terms],
        negative: Sequence[Terms] | None = None,
        topn: int = 10,
        restrict_vocab: int | None = None,
    ) -> list[Answers]:
        """Return `most_similar` of many questions in one pass over the table: answer i for positive[i] and negative[i].

        A thousand questions take a tenth of the time of single calls. Raises as `most_similar`.
        """
        if isinstance(positive, str):
            raise _not_a_list("most_similar_batch", positive)
        require_topn(topn)
        _require_positive("restrict_vocab", restrict_vocab)
        negative = [()] * len(positive) if negative is None else negative
        questions = [self.question(*question) for question in zip(positive, negative, strict=True)]
        answers: list[Answers] = []
        for begin in range(0, len(questions), BATCH_QUESTIONS):
            answers += self._nearest(questions[begin : begin + BATCH_QUESTIONS], topn, restrict_vocab)
        return answers

    def most_similar_cosmul(
        self,
        positive: Terms = (),
        negative: Terms = (),
        topn: int = 10,
        restrict_vocab: int | None = None,
    ) -> Answers:
        """Return the `topn` words w of largest 3CosMul, best first.

        3CosMul is prod (1 + cos(w, p)) / 2 over prod (1 + cos(w, n)) / 2 + 1e-6: Levy, Goldberg 2014, equation 4.
        Vectors are normalized, and at least one positive term is required. Otherwise as `most_similar`, including
        `restrict_vocab`, which gensim ignores here.
        """
        require_topn(topn)
        _require_positive("restrict_vocab", restrict_vocab)
        positive_TD, positive_ids = self._rows_of(positive)
        negative_TD, negative_ids = self._rows_of(negative)
        if len(positive_TD) == 0:
            raise UserError("3CosMul requires a positive word or vector; give at least one")
        terms_TD = np.concatenate([positive_TD, negative_TD])
        if not terms_TD.any():
            raise _without_direction(positive, negative)
        scale_to_unit(terms_TD)

        def score(rows: Rows) -> Float32Array:
            rows_ND, divisors_N = comparable(self.vectors[rows], self.norms[rows])
            half_TN = (1 + clip_cosines(terms_TD @ rows_ND.T / divisors_N)) / 2
            closeness_N = half_TN[: len(positive_TD)].prod(axis=0)
            score_N: Float32Array = closeness_N / (half_TN[len(positive_TD) :].prod(axis=0) + _EPSILON)
            return score_N[None]

        ids_1X = np.concatenate([positive_ids, negative_ids])[None]
        ids_1K, score_1K = best_rows(score, 1, self._answering(restrict_vocab), topn, ids_1X)
        return self._to_answers(ids_1K[0], score_1K[0])

    def analogy(
        self,
        a: str,
        b: str,
        c: str,
        topn: int = 10,
        restrict_vocab: int | None = None,
        method: str = "3cosadd",
    ) -> Answers:
        """a : b :: c : ?, by "3cosadd", the words of largest cos(w, b - a + c), or by "3cosmul".

        Errors as `most_similar`, and UserError for another method.
        """
        if method not in ANALOGY_METHODS:
            raise UserError(f"method = {method!r} is not known; choose one of {', '.join(ANALOGY_METHODS)}")
        ask = self.most_similar if method == "3cosadd" else self.most_similar_cosmul
        return ask([b, c], [a], topn, restrict_vocab)

    def doesnt_match(self, words: Sequence[str]) -> str:
        """Return the word of smallest cosine with the mean of the unit vectors of all words. Unknown words are skipped.

        Raises UserError where no word is known.
        """
        if isinstance(words, str):
            raise _not_a_list("doesnt_match", words)
        known = [word for word in words if word in self]
        if not known:
            raise UserError(f"none of {len(words)} words is in the vocabulary; give at least one that is")
        unit_BD = self.unit_rows(self._ids_of(known))
        mean_D = self.get_mean_vector(list(unit_BD), post_normalize=True)
        cosine_B = np.einsum("bd,d->b", unit_BD, mean_D)
        return min(zip(cosine_B.tolist(), known, strict=True))[1]

    def get_mean_vector(
        self,
        keys: Sequence[Term],
        weights: Sequence[float] | None = None,
        pre_normalize: bool = True,
        post_normalize: bool = False,
        ignore_missing: bool = True,
    ) -> Float32Array:
        """sum(weight * vector) / sum(|weight|) over words, at length 1 with `pre_normalize`, and vectors; (D,) float32.

        post_normalize: scale the mean to length 1. ignore_missing: pass words without a vector over, else
        UnknownWordError. Zero where nothing counts. Raises UserError for no keys, and for weights of another number.
        """
        if isinstance(keys, str):
            raise _not_a_list("get_mean_vector", keys)
        weight_B = np.ones(len(keys), np.float32) if weights is None else np.asarray(weights, np.float32)
        if len(keys) == 0 or len(weight_B) != len(keys):
            raise UserError(
                f"expected at least one key and one weight for each, got {len(keys)} keys and {len(weight_B)} weights"
            )
        known = [
            position
            for position, key in enumerate(keys)
            if not (isinstance(key, str) and ignore_missing and key not in self)
        ]
        rows_BD, _ = self._rows_of([keys[position] for position in known], pre_normalize)
        mean_1D: Float32Array = weight_B[None, known] @ rows_BD
        mean_1D /= divisors(np.abs(weight_B[known]).sum(keepdims=True))
        if post_normalize:
            scale_to_unit(mean_1D)
        mean_D: Float32Array = mean_1D[0]
        return mean_D

    def vectors_for_all(self, words: Iterable[str]) -> "WordVectors":
        """Return the vectors of these words, each once, in the given order, without unknown words."""
        if isinstance(words, str):
            raise _not_a_list("vectors_for_all", words)
        found = first_ids(self.id_of(word) for word in words if word in self)
        ids = np.array(list(found), dtype=np.int64)
        tokens = [self.tokens[i] for i in found]
        return WordVectors(tokens, self.counts[ids], self.vectors[ids], self.rules)

    def question(self, positive: Terms, negative: Terms = ()) -> tuple[Float32Array, Int64Array]:
        """The direction of a question, (D,) at length 1, and the ids of its words. Errors as `most_similar`."""
        positive_TD, positive_ids = self._rows_of(positive)
        negative_TD, negative_ids = self._rows_of(negative)
        if len(positive_TD) + len(negative_TD) == 0:
            raise UserError("a question needs words: give at least one positive or negative word")
        query_1D = (positive_TD.sum(axis=0) - negative_TD.sum(axis=0))[None]
        if not query_1D.any():
            raise _without_direction(positive, negative)
        scale_to_unit(query_1D)
        return query_1D[0], np.concatenate([positive_ids, negative_ids])

    def _nearest(
        self, questions: Sequence[tuple[Float32Array, Int64Array]], topn: int, restrict_vocab: int | None
    ) -> list[Answers]:
        query_BD = np.stack([query_D for query_D, _ in questions])
        excluded_BX = np.full((len(questions), max(len(ids) for _, ids in questions)), -1, dtype=np.int64)
        for row, (_, ids) in enumerate(questions):
            excluded_BX[row, : len(ids)] = ids
        ids_BK, score_BK = top_k(
            self.vectors, query_BD, topn, excluded_BX, self.norms, self._answering(restrict_vocab), True
        )
        return [self._to_answers(*answer) for answer in zip(ids_BK, score_BK, strict=True)]

    def _rows_of(self, terms: Terms, unit: bool = True) -> tuple[Float32Array, Int64Array]:
        """Return the vectors of terms (B, D), of words at length 1 with `unit`, and the ids of the words."""
        terms = _listed(terms)
        rows_BD = np.empty((len(terms), self.vector_size), np.float32)
        positions = [position for position, term in enumerate(terms) if isinstance(term, str)]
        ids = self._ids_of([term for term in terms if isinstance(term, str)])
        rows_BD[positions] = self.unit_rows(ids) if unit else self.vectors[ids]
        for position, term in enumerate(terms):
            if not isinstance(term, str):
                rows_BD[position] = self._checked(term)
        return rows_BD, ids

    def _checked(self, vector_D: Float32Array) -> Float32Array:
        if np.ndim(vector_D) == 0:
            raise _not_text(vector_D)
        if np.shape(vector_D) != (self.vector_size,):
            raise UserError(f"expected a vector of shape ({self.vector_size},), got {np.shape(vector_D)}")
        if not np.isfinite(vector_D).all():
            raise UserError("the query vector holds NaN or infinity; give finite numbers")
        return vector_D

    def _ids_of(self, words: Sequence[str]) -> Int64Array:
        return np.array([self.id_of(word) for word in words], dtype=np.int64)

    def _to_answers(self, ids_K: Int64Array, score_K: Float32Array) -> Answers:
        answers = zip(ids_K.tolist(), score_K.tolist(), strict=True)
        return [(self.tokens[word_id], score) for word_id, score in answers if score > -np.inf]


def nearest_spellings(word: str, known: Sequence[str], count: int = 3) -> list[str]:
    """Return up to `count` known words with the spelling nearest to `word`, by difflib's ratio, best first.

    Compared in decomposed form, so that two Hangul syllables may differ by one letter.
    """
    known_by_letters = {unicodedata.normalize("NFD", token): token for token in known}
    near = difflib.get_close_matches(unicodedata.normalize("NFD", word), known_by_letters, count)
    return [known_by_letters[letters] for letters in near]


def _form_among(word: str, known: frozenset[str]) -> str | None:
    """Return the known word that differs from `word` only in case or Unicode form."""
    forms = (unicodedata.normalize(form, word) for form in ("NFC", "NFKC", "NFD"))
    return next((other for form in forms for other in (form, form.lower()) if other in known), None)


def first_ids(spellings: Iterable[Key]) -> dict[Key, int]:
    """Return the first position of every spelling, in order."""
    first: dict[Key, int] = {}
    for position, spelling in enumerate(spellings):
        first.setdefault(spelling, position)
    return first


def _folder_at(location: str) -> Folder:
    """Return the folder of a run or of vectors. Raises UserError if none exists, or for a model without a version."""
    folder = open_folder(location)
    with access(location):
        folder.require_bucket()
        if folder.filesystem.get_file_info(folder.path).type == fs.FileType.NotFound:
            raise UserError(
                f"{location} does not exist; name a run, a folder or a file of vectors, or a version as in "
                "STORE/NAME@current"
            )
        reject_model(folder, location)
    return folder


def _not_text(key: object) -> UserError:
    return UserError(f"words are text: expected a string, got {key!r}; ask for {str(key)!r}")


def _not_a_list(name: str, text: str) -> UserError:
    return UserError(f"{name}: expected a list of words, got the text {text!r}; give [{text!r}]")


def _listed(terms: Terms) -> Sequence[Term]:
    """Return one term as a list."""
    if isinstance(terms, int | np.integer):
        raise _not_text(terms)
    is_one = isinstance(terms, str) or (isinstance(terms, np.ndarray) and terms.ndim == 1)
    return [terms] if is_one else terms  # type: ignore[list-item, return-value]


def _without_direction(positive: Terms, negative: Terms) -> UserError:
    words = [term for term in (*_listed(positive), *_listed(negative)) if isinstance(term, str)]
    what = (
        f"the vector of {words[0]!r} is zero" if len(words) == 1 else f"the question {words} adds up to zero"
    )
    return UserError(f"{what}: expected a direction, which a zero vector does not have; ask for another word")


def require_topn(topn: int) -> None:
    """Raise UserError for None, for which gensim returns all similarities, and for a number below 1."""
    if topn is None:
        raise UserError("topn = None: expected an integer; give len(vectors) for all words")
    _require_positive("topn", topn)


def _require_positive(name: str, value: int | None) -> None:
    if value is not None and value < 1:
        raise UserError(f"{name} = {value} must be at least 1")

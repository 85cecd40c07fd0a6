"""Words, their ids and their counts."""

from collections.abc import Hashable, Iterable, Mapping, Sequence
from functools import cached_property
from types import MappingProxyType
from typing import TypeVar

import numpy as np
import pyarrow as pa

from w2v_core.errors import UserError
from w2v_core.tokenization.normalize import Rules
from w2v_core.types import Float32Array, Int64Array
from w2v_core.vectors.arguments import not_text
from w2v_core.vectors.nearest import by_count
from w2v_core.vectors.trained_vectors import HINT
from w2v_core.vectors.unknown_words import SPELLING_CANDIDATES, UnknownWordError

Key = TypeVar("Key", bound=Hashable)


class WordIds:
    """A table of words and vectors, and its words. `WordVectors` documents the parameters."""

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

    # Words

    @cached_property
    def tokens(self) -> list[str]:
        """Return the V words in order of id.

        Examples
        --------
        >>> wv.tokens
        ['king', 'queen', 'man', 'woman']
        """
        if isinstance(self._tokens, (pa.Array, pa.ChunkedArray)):
            return list(self._tokens.to_pylist())
        return list(self._tokens)

    @property
    def index_to_key(self) -> list[str]:
        """Return `tokens`, under gensim's name.

        Examples
        --------
        >>> wv.index_to_key[0]
        'king'
        """
        return self.tokens

    @property
    def key_to_index(self) -> Mapping[str, int]:
        """Return the id of every word, as a read-only mapping in order of id.

        Examples
        --------
        >>> wv.key_to_index["queen"]
        1
        """
        return MappingProxyType(self._id_by_token)

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

    def id_of(self, word: str) -> int:
        """Return the row of the word, as given or normalized like the corpus.

        Raises
        ------
        UnknownWordError
            A `KeyError`: the word has no vector.

        Examples
        --------
        >>> wv.id_of("man")
        2
        """
        if not isinstance(word, str):
            raise not_text(word)
        row = self._found(word)
        if row is None:
            raise UnknownWordError(word, self.tokens_by_count(SPELLING_CANDIDATES))
        return row

    def ids_of(self, words: Sequence[str]) -> Int64Array:
        """Return the rows of words, (B,). Raises as `id_of`.

        Examples
        --------
        >>> wv.ids_of(["man", "king"])
        array([2, 0])
        """
        return np.array([self.id_of(word) for word in words], dtype=np.int64)

    def get_index(self, key: str, default: int | None = None) -> int:
        """Return the row of a word, or `default` if the word has no vector.

        Raises
        ------
        UnknownWordError
            The word has no vector, and `default` is None.
        UserError
            The key is not a string. Unlike gensim, an integer is not a key: use `index_to_key`.

        Examples
        --------
        >>> wv.get_index("man"), wv.get_index("child", default=-1)
        (2, -1)
        """
        if default is None or not isinstance(key, str):
            return self.id_of(key)
        row = self._found(key)
        return default if row is None else row

    def has_index_for(self, key: str) -> bool:
        """Return whether the word has a vector, as `key in wv`.

        Examples
        --------
        >>> wv.has_index_for("man"), wv.has_index_for("child")
        (True, False)
        """
        return key in self

    # Counts

    def get_vecattr(self, key: str, attr: str) -> int:
        """Return an attribute of a word.

        Parameters
        ----------
        key : str
            A word.
        attr : str
            "count", the only attribute: the occurrences in the corpus, or V - id where the file had no counts.

        Raises
        ------
        UnknownWordError
            The word has no vector.
        UserError
            Another attribute.

        Examples
        --------
        >>> wv.get_vecattr("king", "count")
        40
        """
        if attr != "count":
            raise UserError(
                f"attr = {attr!r}: expected 'count', the only attribute of a word. Ask for 'count'."
            )
        return int(self.counts[self.id_of(key)])

    def most_frequent(self, num_words: int | None = None) -> Int64Array:
        """Return the ids of the `num_words` most frequent words, None for all, by descending count, then id.

        Examples
        --------
        >>> wv.most_frequent(2)
        array([0, 1])
        """
        if self._order_V is None:
            return np.arange(len(self))[:num_words]
        return self._order_V[:num_words]

    def tokens_by_count(self, num_words: int | None = None) -> list[str]:
        """Return the tokens of `most_frequent`.

        Examples
        --------
        >>> wv.tokens_by_count(2)
        ['king', 'queen']
        """
        if self._order_V is None:
            return self.tokens[:num_words]
        return [self.tokens[i] for i in self._order_V[:num_words].tolist()]

    @cached_property
    def ranks(self) -> Int64Array:
        """Return the rank of every word among `most_frequent`, (V,).

        Examples
        --------
        >>> wv.ranks
        array([0, 1, 2, 3])
        """
        ranks_V = np.empty(len(self), np.int64)
        ranks_V[self.most_frequent()] = np.arange(len(self))
        return ranks_V

    @cached_property
    def _order_V(self) -> Int64Array | None:
        """Return the ids by descending count; None if ids already have this order."""
        return by_count(self.counts)


def first_ids(spellings: Iterable[Key]) -> dict[Key, int]:
    """Return the first position of every spelling, in order."""
    first: dict[Key, int] = {}
    for position, spelling in enumerate(spellings):
        first.setdefault(spelling, position)
    return first

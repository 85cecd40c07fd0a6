"""New word vectors from old ones: fewer words, more words, or the words of two."""

from collections.abc import Iterable, Sequence
from typing import Literal, Self

import numpy as np
import numpy.typing as npt

from w2v_core.errors import UserError
from w2v_core.types import Float32Array, Int64Array
from w2v_core.vectors.arguments import none_known, not_text, reject_empty, reject_text, require_finite
from w2v_core.vectors.lookup import WordLookup
from w2v_core.vectors.stored_vectors import StoredVectors
from w2v_core.vectors.word_ids import first_ids


class DerivedVectors(StoredVectors):
    """Methods that return a new object and leave this one as it is."""

    def vectors_for_all(self, keys: Iterable[str]) -> Self:
        """Return the vectors of these words, each once, in the given order, without words that have no vector.

        Raises
        ------
        UserError
            `keys` is a text.

        Examples
        --------
        >>> wv.vectors_for_all(["woman", "child", "king"]).tokens
        ['woman', 'king']
        """
        reject_text("vectors_for_all", keys)
        found = first_ids(self.id_of(word) for word in keys if word in self)
        return self._taken(np.array(list(found), dtype=np.int64))

    def filter(self, words: Iterable[str]) -> Self:
        """Return the vectors of these words in the order of this object, without words that have no vector.

        Raises
        ------
        UserError
            `words` is a text or empty, or none of them has a vector.

        Examples
        --------
        >>> wv.filter({"woman", "child", "king"}).tokens
        ['king', 'woman']
        """
        reject_text("filter", words)
        words = list(words)
        reject_empty("words", words)
        known = [word for word in words if word in self]
        if not known:
            raise none_known(len(words))
        return self._taken(np.unique(self.ids_of(known)))

    def _taken(self, ids: Int64Array) -> Self:
        tokens = [self.tokens[i] for i in ids.tolist()]
        return type(self)(tokens, self.counts[ids], self.vectors[ids], self.rules)

    def add_vectors(
        self,
        keys: Sequence[str],
        vectors: npt.ArrayLike,
        counts: Sequence[int] | None = None,
        *,
        replace: bool = False,
    ) -> Self:
        """Return a new object with more words, which come last.

        Parameters
        ----------
        keys : sequence of str
            The words.
        vectors : array (B, D)
            A vector for each.
        counts : sequence of int, optional
            A count for each. By default a new word has the count 1, and a replaced one keeps its count.
        replace : bool
            Whether words that have a vector get the new one. Otherwise such a word is an error.

        Raises
        ------
        UserError
            `keys` is a text, is empty, or has a word twice or one that is there already. The vectors or the counts have
            another shape, or a number is not finite.

        Examples
        --------
        >>> more = wv.add_vectors(["child"], [[0, -1]])
        >>> more.tokens, len(wv)
        (['king', 'queen', 'man', 'woman', 'child'], 4)
        """
        reject_text("add_vectors", keys)
        reject_empty("keys", keys)
        self._reject_words(keys, replace)
        rows_BD = _matrix(vectors, len(keys), self.vector_size)
        counts_B = None if counts is None else np.asarray(counts, np.int64)
        if counts_B is not None and counts_B.shape != (len(keys),):
            raise UserError(
                f"counts: expected shape ({len(keys)},), got {counts_B.shape}. Give a count for each word."
            )
        return self._with_rows(keys, rows_BD, counts_B)

    def _reject_words(self, keys: Sequence[str], replace: bool) -> None:
        first = first_ids(keys)
        for position, key in enumerate(keys):
            if not isinstance(key, str):
                raise not_text(key)
            if first[key] != position:
                raise UserError(f"add_vectors: the word {key!r} comes twice. Give each word once.")
            if key in self._id_by_token and not replace:
                raise UserError(
                    f"add_vectors: the word {key!r} has a vector already; pass replace=True to replace it, or leave it "
                    "out"
                )

    def _with_rows(self, keys: Sequence[str], rows_BD: Float32Array, counts_B: Int64Array | None) -> Self:
        """Return a new object in which each word has the given row. New words come last."""
        is_new_B = np.array([key not in self._id_by_token for key in keys], np.bool_)
        ids = [self._id_by_token[key] for key in keys if key in self._id_by_token]
        tokens = self.tokens + [key for key in keys if key not in self._id_by_token]
        vectors_VD = np.concatenate([self.vectors, rows_BD[is_new_B]])
        vectors_VD[ids] = rows_BD[~is_new_B]
        added = np.ones(int(is_new_B.sum()), np.int64) if counts_B is None else counts_B[is_new_B]
        counts_V = np.concatenate([self.counts, added])
        if counts_B is not None:
            counts_V[ids] = counts_B[~is_new_B]
        return type(self)(tokens, counts_V, vectors_VD, self.rules)

    def merged_with(
        self, other: WordLookup, *, prefer: Literal["self", "other"] = "self", add_words: bool = True
    ) -> Self:
        """Return the words of both in one object; those of `other` that are new come last, with their counts.

        Parameters
        ----------
        other : WordVectors
            Vectors of the same size. They are useful together only if they come from one space, for example from one
            training or after `alignment`.
        prefer : {"self", "other"}
            Whose vector a word of both has. Its count stays that of `self`.
        add_words : bool
            Whether to add the new words. `prefer="other", add_words=False` is gensim's `intersect_word2vec_format`.

        Raises
        ------
        UserError
            The vectors have different sizes, or `prefer` is unknown.

        Examples
        --------
        >>> other = WordVectors(["child", "king"], np.array([7, 5]), np.array([[0, -1], [1, 1]], np.float32))
        >>> wv.merged_with(other).tokens
        ['king', 'queen', 'man', 'woman', 'child']
        >>> wv.merged_with(other, prefer="other", add_words=False)["king"]
        array([1., 1.], dtype=float32)
        """
        if prefer not in ("self", "other"):
            raise UserError(f"prefer = {prefer!r} is not known; choose one of self, other")
        if other.vector_size != self.vector_size:
            raise UserError(
                f"vectors of {self.vector_size} and of {other.vector_size} dimensions cannot be merged; give vectors "
                "of the same size"
            )
        mine = self._id_by_token
        taken = [token for token in other.tokens if (prefer == "other" if token in mine else add_words)]
        if not taken:
            return self
        ids = other.ids_of(taken)
        counts_N = np.array(other.counts[ids])
        for position, token in enumerate(taken):
            if token in mine:
                counts_N[position] = self.counts[mine[token]]
        return self._with_rows(taken, other.vectors[ids], counts_N)


def _matrix(vectors: npt.ArrayLike, num_rows: int, vector_size: int) -> Float32Array:
    """Return new vectors as (B, D) float32. Raises UserError for another shape, and for NaN or infinity."""
    try:
        rows_BD = np.asarray(vectors, np.float32)
    except ValueError:
        raise UserError(
            "vectors: expected rows of numbers of one length, got others. Give an array of shape (B, D)."
        ) from None
    if rows_BD.shape != (num_rows, vector_size):
        raise UserError(
            f"vectors: expected shape ({num_rows}, {vector_size}), got {rows_BD.shape}. Give a row for each word."
        )
    require_finite("vectors", rows_BD)
    return rows_BD

"""Vectors by word."""

from collections.abc import Sequence
from functools import cached_property

import numpy as np

from w2v_core.types import Float32Array, Int64Array
from w2v_core.vectors.nearest import row_norms, scale_to_unit
from w2v_core.vectors.word_ids import WordIds


class WordLookup(WordIds):
    """Vectors of one word, of several, and of all."""

    @property
    def vector_size(self) -> int:
        """Return D.

        Examples
        --------
        >>> wv.vector_size
        2
        """
        vector_size: int = self.vectors.shape[1]
        return vector_size

    @cached_property
    def norms(self) -> Float32Array:
        """Return the Euclidean length of every vector, (V,) float32; reads the table once.

        Raises
        ------
        UserError
            A vector holds NaN or infinity.

        Examples
        --------
        >>> wv.norms
        array([5., 5., 2., 2.], dtype=float32)
        """
        return row_norms(self.vectors)

    def __getitem__(self, words: str | Sequence[str]) -> Float32Array:
        """Return a copy of the vector of a word, (D,) float32, or of several words, (B, D).

        Raises UnknownWordError, a KeyError.
        """
        if isinstance(words, str | int | np.integer):
            return np.array(self.vectors[self.id_of(words)])
        return np.array(self.vectors[self.ids_of(words)])

    def get_vector(self, key: str, norm: bool = False) -> Float32Array:
        """Return a copy of the vector of a word, (D,) float32.

        Parameters
        ----------
        key : str
            A word.
        norm : bool
            Whether to scale the vector to length 1. A zero vector stays zero.

        Raises
        ------
        UnknownWordError
            The word has no vector.

        Examples
        --------
        >>> wv.get_vector("king")
        array([3., 4.], dtype=float32)
        >>> wv.get_vector("king", norm=True)
        array([0.6, 0.8], dtype=float32)
        """
        return self.unit_rows(np.array([self.id_of(key)]))[0] if norm else self[key]

    def unit_rows(self, ids_B: Int64Array) -> Float32Array:
        """Return a copy of the vectors of `ids_B` at length 1, (B, D) float32; a zero vector stays zero.

        Raises
        ------
        UserError
            A vector holds NaN or infinity.

        Examples
        --------
        >>> wv.unit_rows(np.array([0, 2]))
        array([[0.6, 0.8],
               [1. , 0. ]], dtype=float32)
        """
        rows_BD: Float32Array = self.vectors[ids_B]
        scale_to_unit(rows_BD)
        return rows_BD

    def get_normed_vectors(self) -> Float32Array:
        """Return a copy of all vectors at length 1, (V, D) float32; a zero vector stays zero.

        Queries do not need this copy of the table. Raises as `unit_rows`.

        Examples
        --------
        >>> wv.get_normed_vectors()[0]
        array([0.6, 0.8], dtype=float32)
        """
        rows_VD = np.array(self.vectors)
        scale_to_unit(rows_VD)
        return rows_VD

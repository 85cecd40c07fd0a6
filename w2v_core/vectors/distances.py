"""Cosines and distances of words, and the order that they give."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from w2v_core.errors import UserError
from w2v_core.io.events import log_event
from w2v_core.types import Float32Array, Float64Array, Int64Array
from w2v_core.vectors.arguments import reject_empty, reject_text
from w2v_core.vectors.means import WordMeans
from w2v_core.vectors.nearest import all_cosines, clip_cosines, scale_to_unit
from w2v_core.vectors.terms import Term, checked_vector, term_rows
from w2v_core.vectors.word_movers import transport_cost


class WordDistances(WordMeans):
    """Queries about the distance of words."""

    def similarity(self, w1: str, w2: str) -> float:
        """Return cos(w1, w2) in [-1, 1]; 0 where either vector is zero.

        Raises
        ------
        UnknownWordError
            A word has no vector.

        Examples
        --------
        >>> round(wv.similarity("king", "man"), 2)
        0.6
        """
        a_D, b_D = self.unit_rows(self.ids_of([w1, w2]))
        return min(max(float(a_D @ b_D), -1.0), 1.0)

    def distance(self, w1: str, w2: str) -> float:
        """Return 1 - cos(w1, w2), in [0, 2]. Raises as `similarity`.

        Examples
        --------
        >>> round(wv.distance("king", "man"), 2)
        0.4
        """
        return 1 - self.similarity(w1, w2)

    def distances(self, word_or_vector: Term, other_words: Sequence[str] | None = None) -> Float32Array:
        """Return 1 - cos from a word or vector to each of other words, (B,) float32.

        Parameters
        ----------
        word_or_vector : str or array (D,)
            The word or the vector.
        other_words : sequence of str, optional
            The other words; by default all words in order of id, (V,).

        Raises
        ------
        UnknownWordError
            A word has no vector.
        UserError
            `other_words` is a text or empty, or the vector has another length or is not finite.

        Examples
        --------
        >>> wv.distances("man", ["man", "queen"]).round(2)
        array([0. , 1.6], dtype=float32)
        """
        query_1D = term_rows(self, word_or_vector)[0]
        scale_to_unit(query_1D)
        if other_words is None:
            cosine_B = all_cosines(self.vectors, query_1D[0], self.norms)
        else:
            reject_text("other_words", other_words)
            reject_empty("other_words", other_words, "Leave it out for all words.")
            cosine_B = clip_cosines(self.unit_rows(self.ids_of(other_words)) @ query_1D[0])
        return 1 - cosine_B

    @staticmethod
    def cosine_similarities(vector_1: npt.ArrayLike, vectors_all: npt.ArrayLike) -> Float32Array:
        """Return the cosine of one vector with each row of a matrix; 0 where either is zero.

        Parameters
        ----------
        vector_1 : array (D,)
            The vector.
        vectors_all : array (B, D)
            The matrix.

        Returns
        -------
        array (B,) float32

        Raises
        ------
        UserError
            The shapes do not fit, or a number is NaN or infinite.

        Examples
        --------
        >>> wv.cosine_similarities([3, 4], [[1, 0], [0, 2], [0, 0]]).round(2)
        array([0.6, 0.8, 0. ], dtype=float32)
        """
        rows_BD = np.array(vectors_all, np.float32)
        if rows_BD.ndim != 2:
            raise UserError(f"expected a matrix of shape (B, D), got {rows_BD.shape}. Give [vector] for one.")
        query_1D = np.array(checked_vector(np.asarray(vector_1), rows_BD.shape[1]), np.float32)[None]
        scale_to_unit(rows_BD)
        scale_to_unit(query_1D)
        return clip_cosines(rows_BD @ query_1D[0])

    def most_similar_to_given(self, key1: str, keys_list: Sequence[str]) -> str:
        """Return the word of a list that is most similar to `key1`; of equals, the first.

        Raises
        ------
        UnknownWordError
            A word has no vector.
        UserError
            `keys_list` is a text or empty.

        Examples
        --------
        >>> wv.most_similar_to_given("king", ["woman", "man"])
        'man'
        """
        reject_text("keys_list", keys_list)
        reject_empty("keys_list", keys_list)
        return keys_list[int(self.distances(key1, keys_list).argmin())]

    def closer_than(self, key1: str, key2: str) -> list[str]:
        """Return the words that are closer to `key1` than `key2` is, in order of id.

        Raises
        ------
        UnknownWordError
            A word has no vector.

        Examples
        --------
        >>> wv.closer_than("king", "woman")
        ['queen', 'man']
        """
        return [self.tokens[i] for i in self._closer_ids(key1, key2).tolist()]

    def rank(self, key1: str, key2: str) -> int:
        """Return 1 + the number of words that are closer to `key1` than `key2` is. Raises as `closer_than`.

        Examples
        --------
        >>> wv.rank("king", "man")
        1
        """
        return len(self._closer_ids(key1, key2)) + 1

    def _closer_ids(self, key1: str, key2: str) -> Int64Array:
        first, second = self.ids_of([key1, key2])
        distance_V = self.distances(key1)
        closer = np.flatnonzero(distance_V < distance_V[second])
        others: Int64Array = closer[closer != first]
        return others

    def wmdistance(self, document1: Sequence[str], document2: Sequence[str], norm: bool = True) -> float:
        """Return the word mover's distance of two documents.

        It is the least cost of moving the words of one document to those of the other, by Kusner et al. 2015. A word
        weighs its share of the document, and the cost is the Euclidean distance.

        Parameters
        ----------
        document1, document2 : sequence of str
            The words of the documents; those without a vector are skipped.
        norm : bool
            Whether to scale vectors to length 1 first.

        Returns
        -------
        float
            Infinity, with a warning in the log, if no word of a document has a vector.

        Raises
        ------
        UserError
            A document is a text in place of a list of words.

        Notes
        -----
        POT computes the distance where it is installed (the extra `wmd`), else SciPy, more slowly. Both are exact.

        Examples
        --------
        >>> round(wv.wmdistance(["king", "man"], ["queen", "man"]), 2)
        0.6
        """
        masses, rows = [], []
        for name, document in (("document1", document1), ("document2", document2)):
            reject_text(name, document)
            mass_U, vectors_UD = self._distribution(document, norm)
            masses.append(mass_U)
            rows.append(vectors_UD)
        if not all(map(len, masses)):
            log_event("a document has no word with a vector, so its distance is infinite", level="warning")
            return float("inf")
        return transport_cost(masses[0], masses[1], _euclidean(*rows))

    def _distribution(self, document: Sequence[str], norm: bool) -> tuple[Float64Array, Float64Array]:
        """Return the share of each distinct word of a document, (U,), and its vector, (U, D)."""
        ids = self.ids_of([word for word in document if word in self])
        ids_U, counts_U = np.unique(ids, return_counts=True)
        rows_UD = self.unit_rows(ids_U) if norm else self.vectors[ids_U]
        return counts_U / max(len(ids), 1), rows_UD.astype(np.float64)


def _euclidean(rows_UD: Float64Array, other_rows_UD: Float64Array) -> Float64Array:
    """Return the Euclidean distance of each row from each other row."""
    from scipy.spatial.distance import cdist

    distances: Float64Array = cdist(rows_UD, other_rows_UD)
    return distances

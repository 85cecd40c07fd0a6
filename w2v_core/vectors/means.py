"""Means of words' vectors, and the words nearest to and farthest from their mean."""

from collections.abc import Sequence

import numpy as np

from w2v_core.errors import UserError
from w2v_core.types import Float32Array
from w2v_core.vectors.arguments import none_known, reject_empty, reject_text, require_finite
from w2v_core.vectors.lookup import WordLookup
from w2v_core.vectors.nearest import divisors, scale_to_unit
from w2v_core.vectors.terms import Term, term_rows


class WordMeans(WordLookup):
    """Queries about several words at once."""

    def get_mean_vector(
        self,
        keys: Sequence[Term],
        weights: Sequence[float] | None = None,
        pre_normalize: bool = True,
        post_normalize: bool = False,
        ignore_missing: bool = True,
    ) -> Float32Array:
        """Return sum(weight * vector) / sum(|weight|), (D,) float32.

        Parameters
        ----------
        keys : sequence of str or array (D,)
            Words and vectors. Vectors are not scaled.
        weights : sequence of float, optional
            A weight for each key, 1 by default.
        pre_normalize : bool
            Whether to scale the vectors of words to length 1 first.
        post_normalize : bool
            Whether to scale the mean to length 1.
        ignore_missing : bool
            Whether to skip words without a vector. If no key counts, the mean is zero.

        Raises
        ------
        UnknownWordError
            A word has no vector, and `ignore_missing` is false.
        UserError
            There are no keys, weights of another number or not finite, or a vector of another length or not finite.

        Examples
        --------
        >>> wv.get_mean_vector(["king", "queen"])
        array([0. , 0.8], dtype=float32)
        >>> wv.get_mean_vector(["king", "man"], weights=[3, 1], pre_normalize=False)
        array([2.75, 3.  ], dtype=float32)
        """
        reject_text("get_mean_vector", keys)
        weight_B = np.ones(len(keys), np.float32) if weights is None else np.asarray(weights, np.float32)
        if len(keys) == 0 or len(weight_B) != len(keys):
            raise UserError(
                f"expected at least one key and one weight for each, got {len(keys)} keys and {len(weight_B)} weights"
            )
        require_finite("weights", weight_B)
        known = [
            position
            for position, key in enumerate(keys)
            if not (isinstance(key, str) and ignore_missing and key not in self)
        ]
        rows_BD, _ = term_rows(self, [keys[position] for position in known], pre_normalize)
        mean_1D: Float32Array = weight_B[None, known] @ rows_BD
        mean_1D /= divisors(np.abs(weight_B[known]).sum(keepdims=True))
        if post_normalize:
            scale_to_unit(mean_1D)
        mean_D: Float32Array = mean_1D[0]
        return mean_D

    def n_similarity(self, ws1: Sequence[str], ws2: Sequence[str]) -> float:
        """Return the cosine of the means of two lists of words, in [-1, 1]; 0 where a mean is zero.

        Words without a vector are skipped. The means are of vectors at their own lengths.

        Raises
        ------
        UserError
            A list is empty, or none of its words has a vector.

        Examples
        --------
        >>> round(wv.n_similarity(["king", "man"], ["queen", "child"]), 2)
        0.03
        """
        mean_2D = np.stack([self._mean_of_known("ws1", ws1), self._mean_of_known("ws2", ws2)])
        scale_to_unit(mean_2D)
        return min(max(float(mean_2D[0] @ mean_2D[1]), -1.0), 1.0)

    def _mean_of_known(self, name: str, words: Sequence[str]) -> Float32Array:
        reject_text(name, words)
        reject_empty(name, words)
        return self.get_mean_vector(self._known(words), pre_normalize=False)

    def _known(self, words: Sequence[str]) -> list[str]:
        """Return the words that have vectors. Raises UserError if there are none."""
        known = [word for word in words if word in self]
        if not known:
            raise none_known(len(words))
        return known

    def rank_by_centrality(self, words: Sequence[str], use_norm: bool = True) -> list[tuple[float, str]]:
        """Return the similarity of each word to the mean of all, the most similar first.

        Parameters
        ----------
        words : sequence of str
            Words; those without a vector are skipped.
        use_norm : bool
            Whether to scale vectors to length 1 first. Without, the similarity is a product and not a cosine.

        Raises
        ------
        UserError
            `words` is a text, or none of the words has a vector.

        Examples
        --------
        >>> [word for _, word in wv.rank_by_centrality(["king", "queen", "man"])]
        ['king', 'man', 'queen']
        """
        reject_text("rank_by_centrality", words)
        known = self._known(words)
        ids = self.ids_of(known)
        rows_BD = self.unit_rows(ids) if use_norm else np.array(self.vectors[ids])
        mean_D = self.get_mean_vector(list(rows_BD), post_normalize=True)
        similarity_B = np.einsum("bd,d->b", rows_BD, mean_D)
        return sorted(zip(similarity_B.tolist(), known, strict=True), reverse=True)

    def doesnt_match(self, words: Sequence[str]) -> str:
        """Return the word of smallest cosine with the mean of the unit vectors of all words.

        Words without a vector are skipped.

        Raises
        ------
        UserError
            `words` is a text, or none of the words has a vector.

        Examples
        --------
        >>> wv.doesnt_match(["king", "queen", "woman"])
        'king'
        """
        reject_text("doesnt_match", words)
        return self.rank_by_centrality(words)[-1][1]

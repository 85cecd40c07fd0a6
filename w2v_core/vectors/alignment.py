"""Alignment of two trainings, whose axes differ by a rotation.

    shared = SharedWords.of(today, yesterday)
    rotated_VD = today.vectors @ shared.rotation()    # today's vectors along yesterday's axes

Source: Schönemann 1966, "A generalized solution of the orthogonal Procrustes problem"; for word vectors over time,
Hamilton, Leskovec, Jurafsky 2016, "Diachronic Word Embeddings Reveal Statistical Laws of Semantic Change".
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import svd

from w2v_core.errors import UserError
from w2v_core.types import Float32Array, Int64Array
from w2v_core.vectors.nearest import clip_cosines
from w2v_core.vectors.word_ids import first_ids
from w2v_core.vectors.word_vectors import WordVectors

BLOCK_WORDS = 8192
"""Words aligned at a time: two blocks of unit vectors are all that is held beside the tables."""


@dataclass(frozen=True)
class SharedWords:
    """The words that two vocabularies share, the most frequent first, and their ids in each, (N,).

    The order is by the larger of both ranks, so both vocabularies decide.
    """

    first: WordVectors
    second: WordVectors
    first_ids: Int64Array
    second_ids: Int64Array

    @classmethod
    def of(cls, first: WordVectors, second: WordVectors) -> Self:
        """Return all shared words. Raises UserError if there is none, and for vectors of different sizes."""
        sizes = first.vectors.shape[1], second.vectors.shape[1]
        if sizes[0] != sizes[1]:
            raise UserError(
                f"vectors of {sizes[0]} and of {sizes[1]} dimensions cannot be aligned; "
                "compare runs of the same train.vector_size"
            )
        id_by_token = first_ids(second.tokens)
        pairs = [(i, id_by_token[token]) for i, token in enumerate(first.tokens) if token in id_by_token]
        if not pairs:
            raise UserError(
                f"the {len(first):,} words of one run and the {len(second):,} of the other have none in common; "
                "compare vectors of the same language and the same case"
            )
        first_ids_N, second_ids_N = np.array(pairs, dtype=np.int64).T
        first_rank_N, second_rank_N = first.ranks[first_ids_N], second.ranks[second_ids_N]
        order_N = np.lexsort((first_rank_N, np.maximum(first_rank_N, second_rank_N)))
        return cls(first, second, first_ids_N[order_N], second_ids_N[order_N])

    def __len__(self) -> int:
        return len(self.first_ids)

    def top(self, num_words: int) -> "SharedWords":
        """Return the most frequent shared words."""
        return SharedWords(self.first, self.second, self.first_ids[:num_words], self.second_ids[:num_words])

    def seen(self, min_count: int) -> "SharedWords":
        """Return the words with at least `min_count` occurrences in both corpora."""
        kept_N = np.minimum(self.first_counts, self.second_counts) >= min_count
        return SharedWords(self.first, self.second, self.first_ids[kept_N], self.second_ids[kept_N])

    @property
    def first_counts(self) -> Int64Array:
        """Return the counts in the first vocabulary."""
        return self.first.counts[self.first_ids]

    @property
    def second_counts(self) -> Int64Array:
        """Return the counts in the second vocabulary."""
        return self.second.counts[self.second_ids]

    def rotation(self) -> NDArray[np.float64]:
        """Return the orthogonal R, (D, D), of least sum over words of ||unit(first) R - unit(second)||^2.

        With fewer words than D, R is not unique.
        """
        size = self.first.vectors.shape[1]
        product_DD = np.zeros((size, size))
        for first_BD, second_BD in self._unit_blocks():
            product_DD += first_BD.T @ second_BD
        left_DD, _, right_DD = svd(product_DD)
        rotation_DD: NDArray[np.float64] = left_DD @ right_DD
        return rotation_DD

    def aligned_cosines(self, rotation_DD: NDArray[np.float64]) -> Float32Array:
        """Return cos(first R, second) of every word, (N,) float32; 0 where either vector is zero."""
        rotated = rotation_DD.astype(np.float32)
        blocks = [
            clip_cosines(np.einsum("bd,bd->b", a_BD @ rotated, b_BD)) for a_BD, b_BD in self._unit_blocks()
        ]
        return np.concatenate([np.empty(0, np.float32), *blocks])

    def _unit_blocks(self) -> Iterator[tuple[Float32Array, Float32Array]]:
        for begin in range(0, len(self), BLOCK_WORDS):
            block = slice(begin, begin + BLOCK_WORDS)
            yield (
                self.first.unit_rows(self.first_ids[block]),
                self.second.unit_rows(self.second_ids[block]),
            )

"""Draws negative words: noise for a positive word to be told from.

counts ─▶ noise_distribution ─▶ p_V ─▶ running sum ─▶ binary search ─▶ ids
"""

import numpy as np
import numpy.typing as npt

from w2v_core.shards.windows import NO_WORD
from w2v_core.types import Float64Array, Int32Array, IntArray
from w2v_core.vocabulary.noise import noise_distribution


class UnigramSampler:
    """Draws words in proportion to count**power; `get_negative_sample` leaves a row's own positive word out, `draw` and
    `draw_spread`, which training uses, do not.

    counts: (V,) integers, each at least 1. power: see `noise_distribution`. sample_size: K, negatives for
    each positive word, at least 1; anything else is a ValueError. The draws of a row are independent, so a
    word may come twice, as in word2vec.c.

    Drawing inverts the running sum by binary search: O(log V) a draw, whatever the positive word is. The
    sampler never changes after it is made, and the generator is handed in, so threads can share one.

    Public attributes: `probabilities`, (V,) float64; `sample_size`; `word_of_rank`, (V,) int32, from the least to the
    most likely word; `edges`, (V + 1,) float64, the running sum in that order, from 0.
    """

    def __init__(self, counts: npt.ArrayLike, power: float = 0.75, sample_size: int = 5) -> None:
        if sample_size < 1:
            raise ValueError(f"sample_size must be at least 1, got {sample_size}")
        self.sample_size = sample_size
        self.probabilities = noise_distribution(counts, power)
        # From rare to frequent, so that the running sum does not swallow a rare word's share: summed the
        # other way, a word of probability 1e-17 would add nothing to the 1.0 it meets.
        self.word_of_rank: Int32Array = np.argsort(self.probabilities, kind="stable").astype(np.int32)
        self._rank_of_word: Int32Array = np.argsort(self.word_of_rank).astype(np.int32)
        # The word of rank r owns the interval [edges[r], edges[r + 1]).
        self.edges: Float64Array = np.append(0.0, np.cumsum(self.probabilities[self.word_of_rank]))

    def draw(self, size: int | tuple[int, ...], rng: np.random.Generator) -> Int32Array:
        """Words w with probability p[w], whatever the positive words are.

        Returns int32 ids of the shape `size`.
        """
        return self._word_at(rng.random(size) * self.edges[-1])

    def draw_spread(self, num_groups: int, num_shared: int, rng: np.random.Generator) -> Int32Array:
        """(num_groups, num_shared) words, each drawn with probability p[w], but not independently.

        The running sum is cut into num_shared strata, each stratum into num_groups pieces, and a word drawn from
        each piece. A group has one piece of every stratum, so its words are frequent and rare as the distribution
        is, and all groups together draw a word as often as they should, to within one or two.
        """
        pieces = np.arange(num_groups * num_shared)
        place = (pieces + rng.random(len(pieces))) * (self.edges[-1] / len(pieces))
        ids_KG = self._word_at(place).reshape(num_shared, num_groups)
        return np.ascontiguousarray(rng.permuted(ids_KG, axis=1).T)

    def get_negative_sample(self, target_B: IntArray, rng: np.random.Generator) -> Int32Array:
        """For every positive word t, K words w != t, each with probability p[w] / (1 - p[t]).

        target_B: integer ids of any shape: (B,) in CBOW, (B, W) in skip-gram. Returns int32 of that shape
        and one more axis, K. Where the target is -1, no word, its negatives are -1 too.

        Raises ValueError if a positive word is the only one that can be drawn, as in a vocabulary of one,
        and IndexError for an id of V or more.
        """
        target_B1 = np.asarray(target_B)[..., np.newaxis]
        rank_B1 = self._rank_of_word[target_B1]
        begin_B1, end_B1 = self.edges[rank_B1], self.edges[rank_B1 + 1]
        room_B1 = begin_B1 + (self.edges[-1] - end_B1)
        self._require_room(target_B1, room_B1)

        u_BK = rng.random((*target_B1.shape[:-1], self.sample_size)) * room_B1
        # Beyond the positive word's own interval the place is measured from its end, so that no rounding
        # can put it back inside.
        place_BK = np.where(u_BK < begin_B1, u_BK, end_B1 + (u_BK - begin_B1))
        return np.where(target_B1 == NO_WORD, np.int32(NO_WORD), self._word_at(place_BK))

    def _word_at(self, place: Float64Array) -> Int32Array:
        """The word whose interval holds each place; a word of probability 0 has an empty one."""
        rank = np.searchsorted(self.edges[1:], place, side="right")
        # A place can be rounded up to the very end, which belongs to the last, the likeliest word.
        ids: Int32Array = self.word_of_rank[np.minimum(rank, len(self.word_of_rank) - 1)]
        return ids

    def _require_room(self, target_B1: IntArray, room_B1: Float64Array) -> None:
        alone_B1 = (target_B1 != NO_WORD) & (room_B1 <= 0)
        if alone_B1.any():
            raise ValueError(
                f"word {target_B1[alone_B1][0]} has no negative: in this vocabulary of "
                f"{len(self.probabilities)} it is the only word that can be drawn"
            )

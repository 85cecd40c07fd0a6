"""Noise words that rows share. G: groups, K: words a group shares."""

from dataclasses import dataclass

import numpy as np

from w2v_core.reference.unigram_sampler import UnigramSampler
from w2v_core.types import Int32Array


@dataclass(frozen=True)
class SharedNegatives:
    """ids (G, K) int32, and how many draws of a row each stands for. A word may stand there twice."""

    ids: Int32Array
    weight: float

    def part(self, begin: int, end: int) -> "SharedNegatives":
        """Groups begin to end (exclusive)."""
        return SharedNegatives(self.ids[begin:end], self.weight)


def draw_shared(
    sampler: UnigramSampler, num_groups: int, num_shared: int, negative: int, rng: np.random.Generator
) -> SharedNegatives:
    """`num_shared` words for each group, which together weigh `negative`."""
    return SharedNegatives(sampler.draw_spread(num_groups, num_shared, rng), negative / num_shared)

"""Noise words that rows share. G: groups, K: words a group shares."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from w2v_core.arrays import FloatArray
from w2v_core.sampler import UnigramSampler


@dataclass(frozen=True)
class SharedNegatives:
    """ids (G, K) int32, ascending in a group, and weight (G, K): how many draws of a row each stands for.

    A word drawn twice in a group stands there twice; its first place carries the weight of both, the others 0.
    """

    ids_GK: npt.NDArray[np.int32]
    weight_GK: FloatArray

    def part(self, begin: int, end: int) -> "SharedNegatives":
        """Groups begin to end (exclusive)."""
        return SharedNegatives(self.ids_GK[begin:end], self.weight_GK[begin:end])


def draw_shared(
    sampler: UnigramSampler, num_groups: int, num_shared: int, negative: int, rng: np.random.Generator
) -> SharedNegatives:
    """`num_shared` words for each group, which together weigh `negative`."""
    ids_GK = np.sort(sampler.draw((num_groups, num_shared), rng), axis=1)
    return SharedNegatives(ids_GK, _weights(ids_GK, negative / num_shared))


def _weights(ids_GK: npt.NDArray[np.int32], weight: float) -> FloatArray:
    """`weight` times the length of the run of equal ids, at the run's first place."""
    first_GK = np.ones(ids_GK.shape, bool)
    first_GK[:, 1:] = ids_GK[:, 1:] != ids_GK[:, :-1]
    begins = np.flatnonzero(first_GK)
    weights = np.zeros(ids_GK.size, np.float32)
    weights[begins] = np.diff(begins, append=ids_GK.size) * np.float32(weight)
    return weights.reshape(ids_GK.shape)

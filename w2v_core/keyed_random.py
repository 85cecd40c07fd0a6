"""Random numbers that are functions of what they are for, not of when they are drawn.

A draw keyed by content comes out the same whichever worker makes it, in whatever order and however often.
The mixer is SplitMix64's finaliser (Steele, Lea and Flood 2014, "Fast splittable pseudorandom number
generators"), over uint64 arrays that wrap around.
"""

import numpy as np
import numpy.typing as npt

from w2v_core.types import UInt64Array

_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_FIRST = np.uint64(0xBF58476D1CE4E5B9)
_SECOND = np.uint64(0x94D049BB133111EB)


def mix(values: UInt64Array) -> UInt64Array:
    """A bijection on 64 bits that leaves no pattern of its input, element by element."""
    mixed = values + _GOLDEN
    mixed ^= mixed >> np.uint64(30)
    mixed *= _FIRST
    mixed ^= mixed >> np.uint64(27)
    mixed *= _SECOND
    mixed ^= mixed >> np.uint64(31)
    return mixed


def combine(keys: UInt64Array, numbers: UInt64Array) -> UInt64Array:
    """A key for each pair of a key and a number; shapes broadcast."""
    return mix(keys ^ mix(numbers))


def seed_key(seed: int, purpose: int) -> UInt64Array:
    """The key (1,) from which the draws of one purpose start: other seeds and other purposes are unrelated."""
    return combine(np.array([seed], np.uint64), np.array([purpose], np.uint64))


def uniform(keys: UInt64Array) -> npt.NDArray[np.float64]:
    """A number in [0, 1) for each key, with 53 random bits."""
    return (keys >> np.uint64(11)).astype(np.float64) * 2.0**-53

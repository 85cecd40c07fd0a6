"""One number for a set of rows, whatever their order and however they fall into shards.

    digest = sum over rows of mix(k_0 target + k_1 left_1 + k_2 right_1 + …)   modulo 2^64

The inner sum is a multilinear hash with fixed odd keys, `mix` takes its pattern away, and the outer sum forgets the
order but not how often a row comes. It finds damage and differences; it is no proof against someone who wants it to
be equal.
"""

import numpy as np

from w2v_core.keyed_random import combine, mix, seed_key
from w2v_core.types import Int32Array

_DIGEST = 4  # the purpose of these keys, for `seed_key`
_MODULUS = 2**64


def digest_of_rows(target_B: Int32Array, contexts_BW: Int32Array) -> int:
    """The digest of these rows, in [0, 2**64)."""
    positions = np.arange(1 + contexts_BW.shape[1], dtype=np.uint64)
    keys = combine(seed_key(0, _DIGEST), positions) | np.uint64(1)
    hashed_B = target_B.astype(np.uint64) * keys[0]
    hashed_B += contexts_BW.astype(np.uint64) @ keys[1:]
    return int(mix(hashed_B).sum(dtype=np.uint64))


def joined_digest(*digests: int) -> int:
    """The digest of all rows together."""
    return sum(digests) % _MODULUS

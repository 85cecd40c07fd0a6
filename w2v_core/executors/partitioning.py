"""The part that a shuffled row goes to: Spark's rule, so that every executor writes the same files.

Spark puts a row into part `pmod(murmur3(key, 42), num_parts)`. Murmur3 is the 32-bit variant for x86 by Austin Appleby
(public domain), over the key's 32-bit words, lowest first.
"""

import numpy as np
import numpy.typing as npt
import pyarrow as pa

_SEED = np.uint32(42)


def parts_of_keys(keys: pa.Array, num_parts: int) -> npt.NDArray[np.int32]:
    """The part (I,) of each row, from int32 or int64 keys without null. Raises ValueError for other types."""
    if pa.types.is_int32(keys.type):
        words = [keys.to_numpy().view(np.uint32)]
    elif pa.types.is_int64(keys.type):
        bits = keys.to_numpy().view(np.uint64)
        words = [bits.astype(np.uint32), (bits >> np.uint64(32)).astype(np.uint32)]
    else:
        raise ValueError(f"keys of a shuffle are int32 or int64, got {keys.type}")
    hash_I = _finished(_mixed(words), 4 * len(words)).view(np.int32)
    parts_I: npt.NDArray[np.int32] = np.mod(hash_I.astype(np.int64), num_parts).astype(np.int32)
    return parts_I


def _mixed(words: list[npt.NDArray[np.uint32]]) -> npt.NDArray[np.uint32]:
    hash_I = np.full(len(words[0]), _SEED)
    for word_I in words:
        scrambled_I = _rotated(word_I * np.uint32(0xCC9E2D51), 15) * np.uint32(0x1B873593)
        hash_I = _rotated(hash_I ^ scrambled_I, 13) * np.uint32(5) + np.uint32(0xE6546B64)
    return hash_I


def _finished(hash_I: npt.NDArray[np.uint32], num_bytes: int) -> npt.NDArray[np.uint32]:
    hash_I = hash_I ^ np.uint32(num_bytes)
    hash_I = (hash_I ^ (hash_I >> np.uint32(16))) * np.uint32(0x85EBCA6B)
    hash_I = (hash_I ^ (hash_I >> np.uint32(13))) * np.uint32(0xC2B2AE35)
    return hash_I ^ (hash_I >> np.uint32(16))


def _rotated(word_I: npt.NDArray[np.uint32], bits: int) -> npt.NDArray[np.uint32]:
    return (word_I << np.uint32(bits)) | (word_I >> np.uint32(32 - bits))

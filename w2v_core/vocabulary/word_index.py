"""From words to their ids, in tables that processes map into memory instead of building them.

A word's 64-bit hash names a bucket by its high bits; a bucket's entries hold the low 32 bits and the id. An entry that
fits is compared byte by byte, so the answer does not depend on the hash. Two arrays are all there is: where buckets
begin, and the entries. Opening them is a memory map, and a core looks up millions of tokens a second at any V.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from w2v_core.keyed_random import combine, mix
from w2v_core.types import Int32Array, UInt64Array

UNKNOWN = -1
_LOW, _SHIFT = np.uint64(0xFFFFFFFF), np.uint64(32)


@dataclass(frozen=True)
class Lookup:
    """The words (V,), and the tables over them; as `of` makes them."""

    tokens: pa.StringArray
    starts: npt.NDArray[np.uint32]
    """where each bucket's entries begin, and at the end V; 2 ** bits + 1 of them"""
    entries: UInt64Array

    @classmethod
    def of(cls, tokens: pa.StringArray) -> "Lookup":
        """For words of which none comes twice."""
        num_bits = max(1, int(np.ceil(np.log2(max(len(tokens), 1)))))
        hash_V = hashes(tokens)
        bucket_V = (hash_V >> np.uint64(64 - num_bits)).astype(np.int64)
        order = np.argsort(bucket_V, kind="stable")
        starts_B = np.zeros(2**num_bits + 1, np.uint32)
        np.cumsum(np.bincount(bucket_V, minlength=2**num_bits), out=starts_B[1:])
        entries_V = (hash_V[order] & _LOW) << _SHIFT | order.astype(np.uint64)
        return cls(tokens, starts_B, entries_V)

    @staticmethod
    def has_shape(starts: npt.NDArray[Any], entries: npt.NDArray[Any], num_words: int) -> bool:
        """Whether two arrays that were read can be the tables over so many words."""
        is_power = starts.ndim == 1 and len(starts) > 2 and (len(starts) - 1) & (len(starts) - 2) == 0
        types = starts.dtype == np.uint32 and entries.dtype == np.uint64
        return bool(is_power and types and entries.shape == (num_words,) and starts[-1] == num_words)

    def ids(self, tokens: pa.StringArray) -> Int32Array:
        """The id (T,) of each token, -1 for one that is no word."""
        ids_T = np.full(len(tokens), UNKNOWN, np.int32)
        hash_T = hashes(tokens)
        bucket_T = (hash_T >> np.uint64(64 - self._num_bits)).astype(np.int64)
        position, end = self.starts[bucket_T].astype(np.int64), self.starts[bucket_T + 1].astype(np.int64)
        low_T = hash_T & _LOW
        open_T = np.flatnonzero(position < end)
        while len(open_T):
            entries = self.entries[position[open_T]]
            fits = (entries >> _SHIFT) == low_T[open_T]
            found_T, found_ids = open_T[fits], (entries[fits] & _LOW).astype(np.int32)
            same = pc.equal(tokens.take(pa.array(found_T)), self.tokens.take(pa.array(found_ids)))
            same = same.to_numpy(zero_copy_only=False)
            ids_T[found_T[same]] = found_ids[same]
            position[open_T] += 1
            open_T = open_T[(ids_T[open_T] == UNKNOWN) & (position[open_T] < end[open_T])]
        return ids_T

    @property
    def _num_bits(self) -> int:
        return int(len(self.starts) - 1).bit_length() - 1


def hashes(strings: pa.StringArray) -> UInt64Array:
    """64 bits (T,) of each string's UTF-8 bytes; none is null."""
    offsets_T = np.frombuffer(strings.buffers()[1] or bytes(4), np.int32)
    offsets_T = offsets_T[strings.offset : strings.offset + len(strings) + 1].astype(np.int64)
    length_T = np.diff(offsets_T)
    # Eight bytes at a time; what is beyond the string's end is masked out.
    num_words_T = np.maximum(1, -(-length_T // 8))
    first_T = np.cumsum(num_words_T) - num_words_T
    number_O = np.arange(int(num_words_T.sum())) - np.repeat(first_T, num_words_T)
    begin_O = np.repeat(offsets_T[:-1], num_words_T) + 8 * number_O
    left_O = np.minimum(np.repeat(length_T, num_words_T) - 8 * number_O, 8)
    words_O = _words_at(strings.buffers()[2], begin_O) & _MASKS[left_O]
    placed_O = combine(words_O, number_O.astype(np.uint64))
    sums_T = np.add.reduceat(placed_O, first_T) if len(first_T) else placed_O
    return mix(sums_T + length_T.astype(np.uint64))


_MASKS = np.array([(1 << 8 * count) - 1 for count in range(9)], np.uint64)


def _words_at(data: pa.Buffer | None, begins_O: npt.NDArray[np.int64]) -> UInt64Array:
    """The eight bytes that begin at each place, little-endian; zeros beyond the end."""
    size = data.size if data is not None else 0
    if size < 8:
        data, size = (data.to_pybytes() if data is not None else b"").ljust(8, b"\0"), 8
    overlapping = np.ndarray((size - 7,), "<u8", buffer=data, strides=(1,))
    beyond_O = np.clip(begins_O - (size - 8), 0, 8)
    words_O: UInt64Array = overlapping[np.minimum(begins_O, size - 8)]
    return np.where(beyond_O < 8, words_O >> (8 * beyond_O).astype(np.uint64) % np.uint64(64), np.uint64(0))

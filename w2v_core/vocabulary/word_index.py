"""From words to their ids, in tables that processes map into memory instead of building them. V: words, N: tokens.

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
        """The id (N,) of each token, -1 for one that is no word."""
        ids_N = np.full(len(tokens), UNKNOWN, np.int32)
        hash_N = hashes(tokens)
        bucket_N = (hash_N >> np.uint64(64 - self._num_bits)).astype(np.int64)
        place, end = self.starts[bucket_N].astype(np.int64), self.starts[bucket_N + 1].astype(np.int64)
        low_N = hash_N & _LOW
        open_N = np.flatnonzero(place < end)
        while len(open_N):
            entries = self.entries[place[open_N]]
            fits = (entries >> _SHIFT) == low_N[open_N]
            found_N, found_ids = open_N[fits], (entries[fits] & _LOW).astype(np.int32)
            same = pc.equal(tokens.take(pa.array(found_N)), self.tokens.take(pa.array(found_ids)))
            same = same.to_numpy(zero_copy_only=False)
            ids_N[found_N[same]] = found_ids[same]
            place[open_N] += 1
            open_N = open_N[(ids_N[open_N] == UNKNOWN) & (place[open_N] < end[open_N])]
        return ids_N

    @property
    def _num_bits(self) -> int:
        return int(len(self.starts) - 1).bit_length() - 1


def hashes(strings: pa.StringArray) -> UInt64Array:
    """64 bits (N,) of each string's UTF-8 bytes; none is null."""
    offsets_N = np.frombuffer(strings.buffers()[1] or bytes(4), np.int32)
    offsets_N = offsets_N[strings.offset : strings.offset + len(strings) + 1].astype(np.int64)
    length_N = np.diff(offsets_N)
    # Eight bytes at a time; what is beyond the string's end is masked out.
    num_words_N = np.maximum(1, -(-length_N // 8))
    first_N = np.cumsum(num_words_N) - num_words_N
    number_W = np.arange(int(num_words_N.sum())) - np.repeat(first_N, num_words_N)
    begin_W = np.repeat(offsets_N[:-1], num_words_N) + 8 * number_W
    left_W = np.minimum(np.repeat(length_N, num_words_N) - 8 * number_W, 8)
    words_W = _words_at(strings.buffers()[2], begin_W) & _MASKS[left_W]
    placed_W = combine(words_W, number_W.astype(np.uint64))
    sums_N = np.add.reduceat(placed_W, first_N) if len(first_N) else placed_W
    return mix(sums_N + length_N.astype(np.uint64))


_MASKS = np.array([(1 << 8 * count) - 1 for count in range(9)], np.uint64)


def _words_at(data: pa.Buffer | None, begins_W: npt.NDArray[np.int64]) -> UInt64Array:
    """The eight bytes that begin at each place, little-endian; zeros beyond the end."""
    size = data.size if data is not None else 0
    if size < 8:
        data, size = (data.to_pybytes() if data is not None else b"").ljust(8, b"\0"), 8
    whole = np.ndarray((size - 7,), "<u8", buffer=data, strides=(1,))
    beyond_W = np.clip(begins_W - (size - 8), 0, 8)
    words_W: UInt64Array = whole[np.minimum(begins_W, size - 8)]
    return np.where(beyond_W < 8, words_W >> (8 * beyond_W).astype(np.uint64) % np.uint64(64), np.uint64(0))

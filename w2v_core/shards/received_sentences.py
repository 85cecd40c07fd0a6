"""The sentences that Spark's shuffle brings to a shard, in an order that depends on nothing but the sentences.

The same sentence comes once from each row group that holds it, with its number of copies. A shard that copies make too
large is cut into pieces, each with a share of the copies: a line that fills half the corpus fits into memory, too.
"""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from w2v_core import schemas
from w2v_core.keyed_random import combine
from w2v_core.types import Int32Array, Int64Array, UInt64Array, ranges


@dataclass(frozen=True)
class Sentences:
    """Sentences end to end: ids (T,), the length of each (S,), a key (S,) of its own for each, and weights (S,)."""

    ids: Int32Array
    lengths: Int64Array
    keys: UInt64Array
    weights: npt.NDArray[np.float32] | None = None

    def part(self, begin: int, end: int, begin_T: int, end_T: int) -> "Sentences":
        """Sentences begin to end (exclusive), whose tokens are begin_T to end_T."""
        weight_S = None if self.weights is None else self.weights[begin:end]
        return Sentences(self.ids[begin_T:end_T], self.lengths[begin:end], self.keys[begin:end], weight_S)


@dataclass(frozen=True)
class ReceivedSentences:
    """Distinct sentences, by key. `ranks` holds the number of copies of earlier ones that share the key."""

    sentences: Sentences
    copies: Int64Array
    ranks: Int64Array
    num_tokens: int
    """of all copies, unknown words included"""

    @property
    def num_known(self) -> int:
        """Tokens of all copies that the vocabulary knows."""
        return int(self.copies @ self.sentences.lengths)

    def num_pieces(self, keep_probability_V: npt.NDArray[np.float64], target_rows: int) -> int:
        """One, unless more than twice as many rows as aimed at are to be expected."""
        expected_T = keep_probability_V[self.sentences.ids]
        copies_T = np.repeat(self.copies, self.sentences.lengths)
        expected_rows = float(expected_T @ copies_T)
        return 1 if expected_rows <= 2 * target_rows else int(np.ceil(expected_rows / target_rows))

    def piece(self, number: int, num_pieces: int) -> Sentences:
        """The copies that belong to a piece, each with a key of its own, from its rank among all."""
        keys_S, copies_S = self.sentences.keys, self.copies
        position_S = (keys_S % np.uint64(num_pieces)).astype(np.int64) + number
        position_S %= num_pieces
        first_S, last_S = (copies_S * (position_S + more) // num_pieces for more in (0, 1))
        number_S = last_S - first_S
        copy_keys = ranges(first_S + self.ranks, number_S).astype(np.uint64)
        source_S = np.repeat(np.arange(len(keys_S)), number_S)
        return _taken(self.sentences, source_S, combine(keys_S[source_S], copy_keys))


def received_sentences(batches: Iterable[pa.RecordBatch], weighted: bool) -> ReceivedSentences:
    """The sentences of `schemas.encoded` batches, which may come in any order."""
    table = pa.Table.from_batches(batches, schema=schemas.encoded(weighted)).combine_chunks()
    num_tokens = pc.sum(table["num_tokens"]).as_py() or 0
    names = ["key", "ids", *(["weight"] if weighted else [])]
    table = table.sort_by([(name, "ascending") for name in names])
    content = table.select(names)
    copies_S = table["copies"].to_numpy()
    begins = _begins_of_runs(content)
    once = content.take(begins)
    summed_S = np.add.reduceat(copies_S, begins) if len(begins) else copies_S
    keys_S = once["key"].to_numpy().view(np.uint64)
    weight_S = once["weight"].to_numpy() if weighted else None
    return ReceivedSentences(
        _sentences(once["ids"], keys_S, weight_S), summed_S, _ranks(keys_S, summed_S), num_tokens
    )


def _begins_of_runs(rows: pa.Table) -> Int64Array:
    """Where rows differ from the one before."""
    differs = np.ones(len(rows), bool)
    if len(rows):
        differs[1:] = False
        for column in rows.combine_chunks().columns:
            values = column.combine_chunks()
            differs[1:] |= pc.not_equal(values[1:], values[:-1]).to_numpy(zero_copy_only=False)
    return np.flatnonzero(differs)


def _ranks(keys_S: UInt64Array, copies_S: Int64Array) -> Int64Array:
    """Copies of earlier sentences with the same key."""
    before_S = np.cumsum(copies_S) - copies_S
    begins_run = np.ones(len(keys_S), bool)
    begins_run[1:] = keys_S[1:] != keys_S[:-1]
    return before_S - np.maximum.accumulate(np.where(begins_run, before_S, 0))


def _sentences(
    ids: pa.ChunkedArray, keys_S: UInt64Array, weight_S: npt.NDArray[np.float32] | None
) -> Sentences:
    joined = ids.combine_chunks() if ids.num_chunks else pa.array([], pa.binary())
    offsets = np.frombuffer(joined.buffers()[1] or bytes(4), np.int32)
    offsets_S = offsets[joined.offset : joined.offset + len(joined) + 1].astype(np.int64) // 4
    ids_T = np.frombuffer(joined.buffers()[2] or b"", "<i4")[offsets_S[0] : offsets_S[-1]]
    return Sentences(ids_T.astype(np.int32, copy=False), np.diff(offsets_S), keys_S, weight_S)


def _taken(sentences: Sentences, source_S: Int64Array, keys_S: UInt64Array) -> Sentences:
    """The sentences at `source_S`, with these keys."""
    weight_S = None if sentences.weights is None else sentences.weights[source_S]
    if np.array_equal(source_S, np.arange(len(sentences.lengths))):
        return Sentences(sentences.ids, sentences.lengths, keys_S, weight_S)
    begins_S = np.cumsum(sentences.lengths) - sentences.lengths
    lengths_S = sentences.lengths[source_S]
    ids_T = sentences.ids[ranges(begins_S[source_S], lengths_S)]
    return Sentences(ids_T, lengths_S, keys_S, weight_S)

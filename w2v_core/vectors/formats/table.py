"""A table of words, counts and vectors, and the selection of its words for an export."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from w2v_core.errors import InputError
from w2v_core.tokenization.normalize import Rules
from w2v_core.types import Float32Array, Int64Array
from w2v_core.vectors.formats.vector_words import log_repeated
from w2v_core.vectors.nearest import by_count

FloatType = type[np.floating[Any]]

BLOCK_ROWS = 8192
"""Words written at a time: as text they take some 12 bytes a number."""


@dataclass(frozen=True)
class VectorTable:
    """Words by id: tokens (V,) strings, counts (V,) int64, in any order, vectors (V, D) float32, maybe mapped."""

    tokens: pa.ChunkedArray
    counts: Int64Array
    vectors: Float32Array
    rules: Rules | None = None
    """the spelling of the corpus, where it was recorded"""

    @classmethod
    def of(
        cls,
        tokens: pa.ChunkedArray,
        vectors_VD: Float32Array,
        counts_V: Int64Array | None = None,
        location: str = "vectors",
    ) -> "VectorTable":
        """Return a table of the words at `location`. Of repeated words the first is used, as in gensim, with a warning.

        Without counts they are `by_rank`, as in gensim, so that the order is kept.
        """
        first = first_positions(tokens)
        if len(first) < len(tokens):
            repeated = np.setdiff1d(np.arange(len(tokens)), first)
            log_repeated(location, len(repeated), tokens[int(repeated[0])].as_py())
            tokens, vectors_VD = tokens.take(pa.array(first)), vectors_VD[first]
            counts_V = None if counts_V is None else counts_V[first]
        return cls(tokens, by_rank(len(tokens)) if counts_V is None else counts_V, vectors_VD)


def joined(blocks: list[Float32Array]) -> Float32Array:
    """Return the blocks as one array. Each is freed once it is copied, so that memory holds the table once."""
    vectors_VD = np.empty((sum(map(len, blocks)), blocks[0].shape[1]), np.float32)
    end = len(vectors_VD)
    while blocks:
        block = blocks.pop()
        vectors_VD[end - len(block) : end] = block
        end -= len(block)
    return vectors_VD


def by_rank(num_words: int) -> Int64Array:
    """Return V - id, (V,): counts for words without counts."""
    return np.arange(num_words, 0, -1, dtype=np.int64)


def first_positions(tokens: pa.ChunkedArray) -> Int64Array:
    """Return the first position of each distinct token, ascending."""
    positions = pa.table({"token": tokens, "place": np.arange(len(tokens))})
    found = positions.group_by("token").aggregate([("place", "min")])["place_min"].to_numpy()
    return np.sort(found)


def reject_twice(tokens: pa.ChunkedArray) -> None:
    """Raise ValueError if a token is repeated: rows of a mapped table cannot be removed."""
    if pc.count_distinct(tokens).as_py() == len(tokens):
        return
    counted = pc.value_counts(tokens)
    twice = counted.filter(pc.greater(counted.field("counts"), 1))[0]["values"].as_py()
    raise ValueError(f"the word {twice!r} comes twice")


@dataclass(frozen=True)
class Block:
    """A block of words to write: ids, tokens, counts (N,) and vectors (N, D), all finite."""

    ids: Int64Array
    tokens: pa.StringArray
    counts: Int64Array
    vectors: Float32Array


@dataclass(frozen=True)
class ExportSelection:
    """The words of a table to write, by descending count, the type of their numbers, and how many words were skipped,
    with some of them.
    """

    table: VectorTable
    ids: Int64Array
    dtype: FloatType = np.float32
    skipped: tuple[str, ...] = ()
    num_skipped: int = 0

    @classmethod
    def of(
        cls, table: VectorTable, unfit: str | None, limit: int | None, dtype: FloatType = np.float32
    ) -> "ExportSelection":
        """Select the `limit` most frequent words, except those that match the pattern `unfit`.

        Readers such as gensim assume that words are sorted by frequency. Vectors are read block by block.
        """
        order_V = by_count(table.counts)
        ids = np.arange(len(table.tokens)) if order_V is None else order_V
        ids = ids[:limit]
        if unfit is None:
            return cls(table, ids, dtype)
        tokens = table.tokens[:limit] if order_V is None else table.tokens.take(pa.array(ids))
        is_unfit = pc.match_substring_regex(tokens, unfit)
        unfit_tokens = tokens.filter(is_unfit)
        return cls(
            table, ids[~is_unfit.to_numpy()], dtype, tuple(unfit_tokens[:3].to_pylist()), len(unfit_tokens)
        )

    def __len__(self) -> int:
        return len(self.ids)

    @property
    def vector_size(self) -> int:
        """Return D."""
        vector_size: int = self.table.vectors.shape[1]
        return vector_size

    @property
    def tokens(self) -> pa.ChunkedArray:
        """Return the tokens to write."""
        return self.table.tokens.take(pa.array(self.ids))

    @property
    def counts(self) -> Int64Array:
        """Return the counts of the words to write."""
        return self.table.counts[self.ids]

    def blocks(self) -> Iterator[Block]:
        """Yield the words to write in blocks of BLOCK_ROWS. Raises UserError for a vector that is not finite."""
        chosen = self.tokens
        for begin in range(0, len(self), BLOCK_ROWS):
            ids_N = self.ids[begin : begin + BLOCK_ROWS]
            tokens = chosen.slice(begin, len(ids_N)).cast(pa.string()).combine_chunks()
            vectors_ND = self.table.vectors[ids_N]
            finite_N = np.isfinite(vectors_ND).all(axis=1)
            if not finite_N.all():
                word = tokens[int(finite_N.argmin())].as_py()
                raise InputError(
                    f"the vector of {word!r} holds NaN or infinity: train again with a smaller alpha"
                )
            yield Block(ids_N, tokens, self.table.counts[ids_N], vectors_ND)

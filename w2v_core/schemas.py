"""The Arrow schema of every stage boundary, once."""

from typing import Any

import numpy.typing as npt
import pyarrow as pa

TOKENS = pa.schema(
    [pa.field("tokens", pa.list_(pa.field("element", pa.string(), nullable=False)), nullable=False)]
)
"""One sentence a row: its tokens in order, at least one."""

WEIGHT = pa.field("weight", pa.float32(), nullable=False)
"""The weight of the input's row, where `tokenize.weight_column` names one: the last column of sentences and of rows."""


def tokens(weighted: bool) -> pa.Schema:
    """TOKENS, with the weight of the row that the sentence came from where rows have one."""
    return TOKENS.append(WEIGHT) if weighted else TOKENS


PHRASES = pa.schema(
    [
        pa.field("phrase", pa.string(), nullable=False),
        pa.field("first", pa.string(), nullable=False),
        pa.field("last", pa.string(), nullable=False),
        pa.field("count", pa.int64(), nullable=False),
        pa.field("score", pa.float64(), nullable=False),
    ]
)
"""A phrase, its first and last word, how often the name occurs, and the score: by descending score, then by name."""

VOCAB = pa.schema(
    [
        pa.field("id", pa.int32(), nullable=False),
        pa.field("token", pa.string(), nullable=False),
        pa.field("count", pa.int64(), nullable=False),
        pa.field("keep_probability", pa.float64(), nullable=False),
        pa.field("noise_probability", pa.float64(), nullable=False),
    ]
)
"""One word a row, by id: descending count, equal counts by code point. Where a vocabulary was extended, the words that
it had before come first, with their ids, and counts are in no order."""

RARE = pa.schema(
    [pa.field("token", pa.string(), nullable=False), pa.field("count", pa.int64(), nullable=False)]
)
"""A word without an id and its count, where counts accumulate: by code point within a file."""


def vectors(rows_BD: npt.NDArray[Any]) -> pa.FixedSizeListArray:
    """The rows of a float32 array (B, D) as a column of lists."""
    size = rows_BD.shape[1]
    return pa.FixedSizeListArray.from_arrays(pa.array(rows_BD.ravel()), type=_vector(size))


def _vector(size: int) -> pa.DataType:
    return pa.list_(pa.field("element", pa.float32(), nullable=False), size)


def documents(size: int, has_id: bool) -> pa.Schema:
    """One document a row: which it is, its tokens, those with a vector among them, and the document's vector.

    It is known by its id where it has one, else by its file and its row there, from 0 on.
    """
    file_and_row = [
        pa.field("file", pa.string(), nullable=False),
        pa.field("row", pa.int64(), nullable=False),
    ]
    return pa.schema(
        [
            *([pa.field("id", pa.string())] if has_id else file_and_row),
            pa.field("tokens", pa.int64(), nullable=False),
            pa.field("known", pa.int64(), nullable=False),
            pa.field("vector", _vector(size), nullable=False),
        ]
    )


def encoded(weighted: bool) -> pa.Schema:
    """One sentence a row on its way through Spark's shuffle, with the number of its copies.

    A key drawn from its content, the little-endian int32 ids of its known words, and the tokens of all copies, unknown
    ones included.
    """
    schema = pa.schema(
        [
            pa.field("key", pa.int64(), nullable=False),
            pa.field("ids", pa.binary(), nullable=False),
            pa.field("num_tokens", pa.int64(), nullable=False),
            pa.field("copies", pa.int64(), nullable=False),
        ]
    )
    return schema.append(WEIGHT) if weighted else schema


def shards(window: int, weighted: bool = False) -> pa.Schema:
    """One row a word kept: its id, and the ids of the words around it, nearest first, -1 past the sentence.

    `contexts` is left 1, right 1, left 2, right 2, …, 2 * window in all.
    """
    context = pa.field("element", pa.int32(), nullable=False)
    schema = pa.schema(
        [
            pa.field("target", pa.int32(), nullable=False),
            pa.field("contexts", pa.list_(context, 2 * window), nullable=False),
        ]
    )
    return schema.append(WEIGHT) if weighted else schema

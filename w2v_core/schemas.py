"""The Arrow schema of every stage boundary, once."""

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
"""One word a row, by id: descending count, equal counts by code point."""


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

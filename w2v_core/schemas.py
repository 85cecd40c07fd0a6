"""The Arrow schema of every stage boundary, once."""

import pyarrow as pa

TOKENS = pa.schema(
    [pa.field("tokens", pa.list_(pa.field("element", pa.string(), nullable=False)), nullable=False)]
)
"""One sentence a row: its tokens in order, at least one."""

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

ENCODED = pa.schema(
    [
        pa.field("key", pa.int64(), nullable=False),
        pa.field("ids", pa.binary(), nullable=False),
        pa.field("num_tokens", pa.int64(), nullable=False),
    ]
)
"""One sentence a row on its way through Spark's shuffle: a key drawn from its content, the little-endian
int32 ids of its known words, and how many tokens it had, unknown ones included."""


def shards(window: int) -> pa.Schema:
    """One row a word kept: its id, and the ids of the words around it, nearest first, -1 past the sentence.

    `contexts` is left 1, right 1, left 2, right 2, …, 2 * window in all.
    """
    context = pa.field("element", pa.int32(), nullable=False)
    return pa.schema(
        [
            pa.field("target", pa.int32(), nullable=False),
            pa.field("contexts", pa.list_(context, 2 * window), nullable=False),
        ]
    )

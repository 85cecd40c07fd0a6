"""Tables of counts on their way through Spark's shuffle: Arrow IPC streams in a column of bytes, not a row a word.

Spark then moves some large values. A row's bucket comes from the hash of its token, so one token's rows meet.
"""

from collections.abc import Iterable, Sequence

import numpy as np
import pyarrow as pa

from w2v_core.vocabulary.word_index import hashes

BUCKETS = pa.schema(
    [pa.field("bucket", pa.int32(), nullable=False), pa.field("counts", pa.binary(), nullable=False)]
)
"""The rows of one bucket in one part."""

BUCKETS_A_TASK = 16  # few enough to be large, enough for tasks to be of one size
_MOST_UNSUMMED = 2_000_000  # rows that wait in memory to be summed


def partition_by_hash(counted: pa.Table, num_buckets: int) -> pa.RecordBatch:
    """BUCKETS of a table with a column `token`; buckets without a row are left out."""
    bucket_I = (hashes(counted["token"].combine_chunks()) % np.uint64(num_buckets)).astype(np.int32)
    order = np.argsort(bucket_I, kind="stable")
    ordered = counted.take(pa.array(order)).combine_chunks()
    buckets, begins, sizes = np.unique(bucket_I[order], return_index=True, return_counts=True)
    payloads = [packed(ordered.slice(begin, size)) for begin, size in zip(begins, sizes, strict=True)]
    return pa.record_batch([pa.array(buckets), pa.array(payloads, pa.binary())], schema=BUCKETS)


def summed(tables: Iterable[pa.Table], schema: pa.Schema, keys: Sequence[str]) -> pa.Table:
    """The tables as one, in which each combination of `keys` comes once and the other columns are summed."""
    waiting, num_rows = [schema.empty_table()], 0
    for table in tables:
        waiting.append(table)
        num_rows += len(table)
        if num_rows > _MOST_UNSUMMED:
            waiting, num_rows = [_add_up(waiting, schema, keys)], 0
    return _add_up(waiting, schema, keys)


def _add_up(tables: list[pa.Table], schema: pa.Schema, keys: Sequence[str]) -> pa.Table:
    sums = [name for name in schema.names if name not in keys]
    grouped = pa.concat_tables(tables).group_by(list(keys), use_threads=False)
    added = grouped.aggregate([(name, "sum") for name in sums])
    return added.rename_columns([*keys, *sums]).select(schema.names).cast(schema)


def packed(table: pa.Table) -> bytes:
    """A table as an Arrow IPC stream."""
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    data: bytes = sink.getvalue().to_pybytes()
    return data


def unpacked(value: pa.BinaryScalar) -> pa.Table:
    """What `packed` made."""
    return pa.ipc.open_stream(value.as_buffer()).read_all()


def received_tables(batches: Iterable[pa.RecordBatch]) -> Iterable[pa.Table]:
    """The tables in BUCKETS."""
    return (unpacked(value) for batch in batches for value in batch["counts"])

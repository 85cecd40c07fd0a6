"""A shuffle through Arrow IPC files on a local disk: bounded memory on both sides.

A map task sorts its rows by part, some megabytes at a time, and appends a record batch for each part to one file. A
reduce task reads the batches of its part from all files.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pyarrow as pa

from w2v_core.executors.partitioning import parts_of_keys

BUFFER_BYTES = 32 << 20
"""Rows that a map task holds before it sorts and writes them."""

_OPTIONS = pa.ipc.IpcWriteOptions(compression="lz4", unify_dictionaries=False)


@dataclass(frozen=True)
class ShuffleFile:
    """A file of one map task, and the numbers of the batches that belong to each part."""

    path: str
    batches: dict[int, list[int]] = field(default_factory=dict)


def write_shuffle_file(
    rows: Iterable[pa.RecordBatch], schema: pa.Schema, key: str, num_parts: int, path: str
) -> ShuffleFile:
    """Write the rows of one map task to `path`, in batches of one part each."""
    file, num_written = ShuffleFile(path), 0
    with pa.OSFile(path, "wb") as sink, pa.ipc.new_file(sink, schema, options=_OPTIONS) as writer:
        for table in _buffered(rows, schema):
            for part, batch in _by_part(table, key, num_parts):
                writer.write_batch(batch)
                file.batches.setdefault(part, []).append(num_written)
                num_written += 1
    return file


def read_part(files: Iterable[tuple[str, list[int]]]) -> Iterator[pa.RecordBatch]:
    """The batches of one part, file by file."""
    for path, numbers in files:
        with pa.memory_map(path) as source:
            reader = pa.ipc.open_file(source)
            for number in numbers:
                yield reader.get_batch(number)


def files_of_part(files: Iterable[ShuffleFile], part: int) -> list[tuple[str, list[int]]]:
    """What `read_part` reads for `part`."""
    return [(file.path, file.batches[part]) for file in files if part in file.batches]


def remove_files(files: Iterable[ShuffleFile]) -> None:
    """Remove the files of a shuffle that all tasks have read."""
    for file in files:
        Path(file.path).unlink(missing_ok=True)


def _buffered(rows: Iterable[pa.RecordBatch], schema: pa.Schema) -> Iterator[pa.Table]:
    waiting: list[pa.RecordBatch] = []
    num_bytes = 0
    for batch in rows:
        waiting.append(batch)
        num_bytes += batch.get_total_buffer_size()
        if num_bytes >= BUFFER_BYTES:
            yield pa.Table.from_batches(waiting, schema)
            waiting, num_bytes = [], 0
    if waiting:
        yield pa.Table.from_batches(waiting, schema)


def _by_part(table: pa.Table, key: str, num_parts: int) -> Iterator[tuple[int, pa.RecordBatch]]:
    rows = table.combine_chunks()
    part_I = np.concatenate([parts_of_keys(chunk, num_parts) for chunk in rows[key].chunks] or [_NONE])
    order_I = np.argsort(part_I, kind="stable")
    ordered = rows.take(pa.array(order_I)).combine_chunks()
    parts, begins, sizes = np.unique(part_I[order_I], return_index=True, return_counts=True)
    for part, begin, size in zip(parts.tolist(), begins.tolist(), sizes.tolist(), strict=True):
        for batch in ordered.slice(begin, size).to_batches():
            yield part, batch


_NONE = np.zeros(0, np.int32)

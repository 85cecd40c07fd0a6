"""One Parquet file: `id, token, count, vector`, a word a row, which Spark reads as a table."""

from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from w2v_core.errors import InputError, UserError
from w2v_core.io.filesystem import access, open_folder
from w2v_core.types import Float32Array, Int64Array
from w2v_core.vectors.formats.table import ExportSelection, VectorTable, joined


def schema(vector_size: int) -> pa.Schema:
    """Return the columns; `vector` is a list of fixed length to Arrow, and an array<float> to Spark."""
    number = pa.field("element", pa.float32(), nullable=False)
    return pa.schema(
        [
            pa.field("id", pa.int32(), nullable=False),
            pa.field("token", pa.string(), nullable=False),
            pa.field("count", pa.int64(), nullable=False),
            pa.field("vector", pa.list_(number, vector_size), nullable=False),
        ]
    )


def write(chosen: ExportSelection, streams: Sequence[pa.NativeFile]) -> None:
    """Write one row per word, in plain pages: Spark before 4.3 cannot read byte-stream-split pages."""
    (stream,) = streams
    columns = schema(chosen.vector_size)
    options = {"compression": "zstd", "use_dictionary": False, "write_page_checksum": True}
    with pq.ParquetWriter(stream, columns, **options) as writer:
        for block in chosen.blocks():
            vector = pa.FixedSizeListArray.from_arrays(
                pa.array(block.vectors.ravel()), type=columns.field("vector").type
            )
            row = [pa.array(block.ids, pa.int32()), block.tokens, pa.array(block.counts), vector]
            writer.write_table(pa.table(row, schema=columns))


def read(location: str) -> VectorTable:
    """Read the columns `token`, `vector` and, if it exists, `count`, also as Spark writes them.

    Raises UserError if a column is missing or of another type, or vectors differ in length.
    """
    file = open_folder(location)
    try:
        with (
            access(location),
            file.filesystem.open_input_file(file.path) as source,
            pq.ParquetFile(source, page_checksum_verification=True) as parquet,
        ):
            return _read(parquet, location)
    except UserError:
        raise
    except (pa.ArrowException, OSError, ValueError) as error:  # UnicodeDecodeError for a column's name
        raise InputError(f"{location} cannot be read as Parquet: {error}") from None


def _read(parquet: pq.ParquetFile, location: str) -> VectorTable:
    names = parquet.schema_arrow.names
    if missing := {"token", "vector"} - set(names):
        raise InputError(
            f"{location} has no column {min(missing)!r} among {', '.join(names)}; rename its columns"
        )
    columns = [name for name in ("token", "count", "vector") if name in names]
    if twice := [name for name in columns if names.count(name) > 1]:
        raise InputError(f"{location} has the column {twice[0]!r} twice; rename one")
    tokens, counts, blocks = [], [], []
    for index in range(parquet.num_row_groups):
        rows = parquet.read_row_group(index, columns=columns)
        rows.validate(full=True)
        tokens += rows["token"].cast(pa.string()).chunks
        if "count" in names:
            counts.append(_counts(rows["count"], location))
        vectors_ND = _vectors(rows["vector"], location)
        if len(rows):
            blocks.append(vectors_ND)
            if vectors_ND.shape[1] != blocks[0].shape[1]:
                raise InputError(_lengths_differ(location))
    column = pa.chunked_array(tokens, pa.string())
    if column.null_count:
        raise InputError(f"{location} has a row without a token; leave such rows out")
    counts_V = np.concatenate(counts) if counts else None
    return VectorTable.of(column, joined(blocks or [np.empty((0, 0), np.float32)]), counts_V, location)


def _lengths_differ(location: str) -> str:
    return f"{location} has vectors of different lengths; a word's must be as long as another's"


def _counts(column: pa.ChunkedArray, location: str) -> Int64Array:
    """Return integers as int64, also if they are stored as floats."""
    is_number = pa.types.is_integer(column.type) or pa.types.is_floating(column.type)
    try:
        if not is_number or column.null_count:
            raise ValueError("with nulls or no numbers")
        counts_N: Int64Array = column.cast(pa.int64()).to_numpy()
    except ValueError as error:
        raise InputError(
            f"{location}: column 'count' is {column.type}, and not integers ({error}); correct or remove it"
        ) from None
    return counts_N


_LISTS = (pa.ListArray, pa.LargeListArray, pa.FixedSizeListArray)


def _vectors(column: pa.ChunkedArray, location: str) -> Float32Array:
    """Return lists of equal length as (N, D) float32."""
    lists = column.combine_chunks()
    is_list = isinstance(lists, _LISTS) and not isinstance(lists, pa.MapArray)
    if not is_list or lists.null_count or not pa.types.is_floating(lists.type.value_type):
        raise InputError(
            f"{location}: column 'vector' is {column.type} with nulls or no numbers, not a list of float"
        )
    numbers = lists.flatten()
    vector_size = len(numbers) // max(len(lists), 1)
    lengths = pa.compute.list_value_length(lists).to_numpy(zero_copy_only=False)
    if (lengths != vector_size).any():
        raise InputError(_lengths_differ(location))
    with np.errstate(over="ignore"):
        vectors_ND: Float32Array = numbers.to_numpy(zero_copy_only=False).astype(np.float32, copy=False)
    if not np.isfinite(vectors_ND).all() or (len(lists) and not vector_size):
        raise InputError(f"{location}: column 'vector' holds a null, NaN, infinity, or no number at all")
    return vectors_ND.reshape(len(lists), vector_size)

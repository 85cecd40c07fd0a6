"""Parquet: `id, token, count, vector`, a word a row, which Spark reads as a table; and what Spark writes itself.

Spark's ML packages write vectors as `VectorUDT`, a struct of type, size, indices and values; type 1 is a dense vector.
"""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from pyarrow import fs

from w2v_core.errors import InputError, UserError
from w2v_core.io.filesystem import access, open_folder
from w2v_core.types import Float32Array, Int64Array
from w2v_core.vectors.formats.table import ExportSelection, VectorTable, joined

MAGIC = b"PAR1"


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


class Rows(NamedTuple):
    """Words of a row group, their vectors (N, D) and, where the file has them, their counts (N,)."""

    tokens: pa.ChunkedArray
    vectors: Float32Array
    counts: Int64Array | None


def read(location: str) -> VectorTable:
    """The columns `token` or `word`, `vector` and, where it is there, `count`, also as Spark writes them.

    Raises UserError if a column is missing or of another type, or vectors differ in length.
    """
    file = open_folder(location)
    return read_parts(file.filesystem, [file.path], location)


def read_parts(filesystem: fs.FileSystem, paths: Sequence[str], location: str) -> VectorTable:
    """As `read`, of a table in several files. `location` is what the user named."""
    groups = list(row_groups(filesystem, paths, location))
    tokens = pa.chunked_array([chunk for rows in groups for chunk in rows.tokens.chunks], pa.string())
    counts = [rows.counts for rows in groups if rows.counts is not None]
    counts_V = np.concatenate(counts) if counts and len(counts) == len(groups) else None
    blocks = [rows.vectors for rows in groups] or [np.empty((0, 0), np.float32)]
    groups.clear()
    return VectorTable.of(tokens, joined(blocks), counts_V, location)


def row_groups(filesystem: fs.FileSystem, paths: Sequence[str], location: str) -> Iterator[Rows]:
    """The row groups that have rows, file by file. Errors as for `read`."""
    vector_size = None
    try:
        for path in paths:
            with (
                access(location),
                filesystem.open_input_file(path) as source,
                pq.ParquetFile(source, page_checksum_verification=True) as parquet,
            ):
                for rows in _rows_of(parquet, location):
                    vector_size = vector_size or rows.vectors.shape[1]
                    if rows.vectors.shape[1] != vector_size:
                        raise InputError(_lengths_differ(location))
                    yield rows
    except UserError:
        raise
    except (pa.ArrowException, OSError, ValueError) as error:  # UnicodeDecodeError for a column's name
        raise InputError(f"{location} cannot be read as Parquet: {error}") from None


def _rows_of(parquet: pq.ParquetFile, location: str) -> Iterator[Rows]:
    names = parquet.schema_arrow.names
    token = "word" if "word" in names and "token" not in names else "token"
    if missing := {token, "vector"} - set(names):
        raise InputError(
            f"{location} has no column {min(missing)!r} among {', '.join(names)}; rename its columns"
        )
    columns = [name for name in (token, "count", "vector") if name in names]
    if twice := [name for name in columns if names.count(name) > 1]:
        raise InputError(f"{location} has the column {twice[0]!r} twice; rename one")
    for index in range(parquet.num_row_groups):
        rows = parquet.read_row_group(index, columns=columns)
        rows.validate(full=True)
        tokens = rows[token].cast(pa.string())
        if tokens.null_count:
            raise InputError(f"{location} has a row without a token; leave such rows out")
        counts_N = _counts(rows["count"], location) if "count" in names else None
        vectors_ND = _vectors(rows["vector"], location)
        if len(rows):
            yield Rows(tokens, vectors_ND, counts_N)


def _lengths_differ(location: str) -> str:
    return f"{location} has vectors of different lengths; a word's must be as long as another's"


def _counts(column: pa.ChunkedArray, location: str) -> Int64Array:
    """Whole numbers as int64, also where they were stored as floats."""
    try:
        if not _is_number(column.type) or column.null_count:
            raise ValueError("with nulls or no numbers")
        counts_N: Int64Array = column.cast(pa.int64()).to_numpy()
    except ValueError as error:
        raise InputError(
            f"{location}: column 'count' is {column.type}, and not integers ({error}); correct or remove it"
        ) from None
    return counts_N


_LISTS = (pa.ListArray, pa.LargeListArray, pa.FixedSizeListArray)


def _vectors(column: pa.ChunkedArray, location: str) -> Float32Array:
    """Lists of equal length as (N, D) float32."""
    lists = _values_of_structs(column.combine_chunks(), location)
    is_list = isinstance(lists, _LISTS) and not isinstance(lists, pa.MapArray)
    if not is_list or lists.null_count or not _is_number(lists.type.value_type):
        raise InputError(
            f"{location}: column 'vector' is {column.type} with nulls or no numbers, not a list of float"
        )
    numbers = lists.flatten()
    vector_size = len(numbers) // max(len(lists), 1)
    lengths = pc.list_value_length(lists).to_numpy(zero_copy_only=False)
    if (lengths != vector_size).any():
        raise InputError(_lengths_differ(location))
    with np.errstate(over="ignore"):
        vectors_ND: Float32Array = numbers.to_numpy(zero_copy_only=False).astype(np.float32, copy=False)
    if not np.isfinite(vectors_ND).all() or (len(lists) and not vector_size):
        raise InputError(f"{location}: column 'vector' holds a null, NaN, infinity, or no number at all")
    return vectors_ND.reshape(len(lists), vector_size)


def _is_number(kind: pa.DataType) -> bool:
    return bool(pa.types.is_integer(kind) or pa.types.is_floating(kind))


_DENSE = 1
"""a VectorUDT's type; 0 is sparse"""


def _values_of_structs(vectors: pa.Array, location: str) -> pa.Array:
    """The lists in dense VectorUDT structs; other arrays as they are. InputError for sparse ones."""
    if not pa.types.is_struct(vectors.type) or vectors.null_count:
        return vectors
    if not {"type", "size", "indices", "values"} <= {field.name for field in vectors.type}:
        return vectors
    kinds = pc.unique(pc.struct_field(vectors, "type")).to_pylist()
    if kinds not in ([], [_DENSE]):
        raise InputError(
            f"{location}: column 'vector' holds a sparse VectorUDT; expected dense vectors. Convert the column with "
            "pyspark.ml.functions.vector_to_array."
        )
    return pc.struct_field(vectors, "values")

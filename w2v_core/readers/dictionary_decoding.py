"""Dictionary-encoded columns of Parquet files, decoded in batches of bounded size.

A kilobyte of a file may decode to a gigabyte of rows, since a repeated text is stored once. The size of rows is known
before they are decoded, from the lengths in the dictionary.
"""

from collections.abc import Iterator

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from w2v_core.errors import InputError
from w2v_core.types import Int64Array

LARGEST_ROW = 256 * 1024 * 1024


def decoded_batches(rows: pa.RecordBatch, most_bytes: int, path: str) -> Iterator[pa.RecordBatch]:
    """Yield decoded rows in batches of about `most_bytes` of text, at least one row each.

    Raises UserError for a row of more than LARGEST_ROW bytes.
    """
    ends_I = np.cumsum(sum((_text_bytes(column) for column in rows.columns), np.zeros(len(rows), np.int64)))
    begin = 0
    while begin < len(rows):
        before = int(ends_I[begin - 1]) if begin else 0
        if ends_I[begin] - before > LARGEST_ROW:
            raise InputError(f"{path} has a row of more than {LARGEST_ROW:,} bytes; cut it into smaller ones")
        end = max(begin + 1, int(np.searchsorted(ends_I, before + most_bytes, side="right")))
        part = rows.slice(begin, end - begin)
        yield pa.RecordBatch.from_arrays([_decoded(column) for column in part.columns], rows.schema.names)
        begin = end


def _text_bytes(column: pa.Array) -> Int64Array:
    """Return the bytes of the decoded texts of each row, (I,); 0 for a column without a dictionary."""
    if isinstance(column, pa.DictionaryArray):
        return _value_bytes(column)
    if _holds_dictionary(column):
        ends_U = np.concatenate([[0], np.cumsum(_value_bytes(column.values))])
        offsets = column.offsets.to_numpy()
        bytes_I: Int64Array = ends_U[offsets[1:]] - ends_U[offsets[:-1]]
        return bytes_I
    return np.zeros(len(column), np.int64)


def _value_bytes(values: pa.DictionaryArray) -> Int64Array:
    lengths = pc.binary_length(values.dictionary).fill_null(0).to_numpy(zero_copy_only=False).astype(np.int64)
    position_U = values.indices.fill_null(-1).to_numpy(zero_copy_only=False)
    bytes_U: Int64Array = np.append(lengths, 0)[position_U]  # of a null, the 0 at the end
    return bytes_U


def _holds_dictionary(column: pa.Array) -> bool:
    return isinstance(column, pa.ListArray | pa.LargeListArray) and pa.types.is_dictionary(
        column.type.value_type
    )


def _decoded(column: pa.Array) -> pa.Array:
    if isinstance(column, pa.DictionaryArray):
        return column.dictionary_decode()
    if _holds_dictionary(column):
        offsets = column.offsets.to_numpy()
        values = column.values.slice(int(offsets[0]), int(offsets[-1] - offsets[0])).dictionary_decode()
        own = pa.array(offsets - offsets[0], column.offsets.type)
        return type(column).from_arrays(own, values, mask=column.is_null() if column.null_count else None)
    return column

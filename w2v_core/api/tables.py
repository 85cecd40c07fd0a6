"""Tables of a program as Arrow batches: PyArrow, pandas, polars, Hugging Face, and what exports an Arrow stream.

They are recognized by their type or methods, and no library but PyArrow is imported here.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import chain
from typing import Any

import pyarrow as pa

from w2v_core.config import TokenizeConfig
from w2v_core.errors import InputError
from w2v_core.readers.columns import check_columns, configured_columns

_ROWS_A_BATCH = 10_000


@dataclass(frozen=True)
class Rows:
    """Batches of one schema, which can be read once."""

    schema: pa.Schema
    batches: Iterable[pa.RecordBatch]

    @classmethod
    def of(cls, batches: Iterable[pa.RecordBatch]) -> "Rows | None":
        """Return the rows of some batches, of which the first is read; None without a batch."""
        iterator = iter(batches)
        first = next(iterator, None)
        return None if first is None else cls(first.schema, chain([first], iterator))


def rows_of_table(data: Any, config: TokenizeConfig) -> Rows | None:
    """Return the named columns of a table; None if `data` is not a table.

    Raises InputError if a column is missing, or holds neither text nor lists of tokens or ids.
    """
    if isinstance(data, pa.Array | pa.ChunkedArray):
        data = pa.table({config.column: data})
    data = _as_reader(data)
    columns = _column_names(data)
    if columns is None:
        return None
    if config.column not in columns and config.missing_column == "error":
        raise missing_column(config.column, columns)
    wanted = [name for name in configured_columns(config) if name in columns]
    try:
        rows = Rows.of(map(_without_views, _batches(data, wanted)))
    except (pa.ArrowException, TypeError, ValueError) as error:
        raise _mixed_types(config.column, error) from None
    if rows is None:
        raise InputError("the table has no row: expected one row or more. Check how it was made.")
    check_columns(rows.schema, config, "the table")
    return rows


def missing_column(column: str, columns: list[str]) -> InputError:
    """Return the error for a table without the column."""
    known = ", ".join(map(repr, columns)) or "none"
    return InputError(
        f"column = {column!r}: expected a column of the table, whose columns are {known}. Name the one that holds the "
        "text or the tokens by column=."
    )


def _mixed_types(column: str, error: Exception) -> InputError:
    reason = str(error).splitlines()[0]
    return InputError(
        f"column = {column!r} cannot be read as text or lists of tokens ({reason}). Give all rows one type."
    )


def _is_hugging_face(data: Any) -> bool:
    return hasattr(data, "features") and hasattr(data, "with_format") and hasattr(data, "select_columns")


def _is_of(data: Any, package: str) -> bool:
    return type(data).__module__.partition(".")[0] == package


def _as_reader(data: Any) -> Any:
    """Return a scanner, and an object of an unknown library that exports an Arrow stream, as a reader."""
    if _is_of(data, "pyarrow") and hasattr(data, "projected_schema"):
        return data.to_reader()
    if hasattr(data, "__arrow_c_stream__") and not any(map(data.__class__.__module__.startswith, _LIBRARIES)):
        try:
            return pa.RecordBatchReader.from_stream(data)
        except (pa.ArrowException, TypeError):  # a stream of an array
            return data
    return data


_LIBRARIES = ("pyarrow", "pandas", "polars", "datasets")


def _column_names(data: Any) -> list[str] | None:
    """Return the names of the columns of a table; None for other objects."""
    if _is_hugging_face(data):
        return list(data.features or data.column_names or ())
    if _is_of(data, "pyarrow") and hasattr(data, "schema"):
        return list(data.schema.names)
    if _is_of(data, "polars") and hasattr(data, "collect_schema"):
        return list(data.collect_schema().names())
    if _is_of(data, "pandas") and hasattr(data, "columns"):
        return list(data.columns)
    return None


def _batches(data: Any, columns: list[str]) -> Iterator[pa.RecordBatch]:
    """Yield these columns of a table."""
    if _is_hugging_face(data):
        for table in data.select_columns(columns).with_format("arrow").iter(batch_size=_ROWS_A_BATCH):
            yield from table.to_batches()
    elif isinstance(data, pa.RecordBatchReader):
        for batch in data:
            yield batch.select(columns)
    elif isinstance(data, pa.RecordBatch):
        yield data.select(columns)
    elif isinstance(data, pa.Table):
        yield from data.select(columns).to_batches()
    elif _is_of(data, "pyarrow"):
        yield from data.to_batches(columns=columns)
    elif _is_of(data, "polars"):
        frame = data.select(columns)
        yield from (frame.collect() if hasattr(frame, "collect") else frame).to_arrow().to_batches()
    else:
        yield from pa.Table.from_pandas(data[columns], preserve_index=False).to_batches()


def _without_views(batch: pa.RecordBatch) -> pa.RecordBatch:
    """Return string views as strings, also in lists: PyArrow 19 cannot write views to Parquet."""
    columns = [_cast(column) for column in batch.columns]
    return pa.RecordBatch.from_arrays(columns, names=batch.schema.names)


def _cast(column: pa.Array) -> pa.Array:
    kind = column.type
    if pa.types.is_string_view(kind):
        return column.cast(pa.large_string())
    is_list = pa.types.is_list(kind) or pa.types.is_large_list(kind)
    if is_list and pa.types.is_string_view(kind.value_type):
        return pa.array(column.to_pylist(), pa.large_list(pa.large_string()))
    return column

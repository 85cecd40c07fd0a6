"""Rows of a file that lacks a column which the settings name: rows without that value."""

from collections.abc import Sequence

import pyarrow as pa

from w2v_core.config import TokenizeConfig


def present(names: Sequence[str], schema: pa.Schema) -> list[str]:
    """The columns among `names` that the file has; where it has none of them its first, which counts the rows."""
    return [name for name in names if name in schema.names] or schema.names[:1]


def with_missing(rows: pa.RecordBatch, names: Sequence[str], config: TokenizeConfig) -> pa.RecordBatch:
    """The columns `names` of the rows; that of the text, or of the weight, as nulls where the file lacks it."""
    columns = {}
    for name in names:
        if name in rows.schema.names:
            columns[name] = rows.column(name)
        elif name in (config.column, config.weight_column):
            columns[name] = pa.nulls(rows.num_rows)
    return pa.RecordBatch.from_arrays(list(columns.values()), list(columns))

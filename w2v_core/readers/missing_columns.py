"""Files without a column that the settings name: their rows have no value."""

from collections.abc import Sequence

import pyarrow as pa

from w2v_core.config import TokenizeConfig


def present(names: Sequence[str], schema: pa.Schema) -> list[str]:
    """Return the columns among `names` that the file has; if it has none, its first column, to count the rows."""
    return [name for name in names if name in schema.names] or schema.names[:1]


def with_missing(rows: pa.RecordBatch, names: Sequence[str], config: TokenizeConfig) -> pa.RecordBatch:
    """Return the columns `names` of the rows, with nulls for a column that the file lacks."""
    columns = {}
    for name in names:
        if name in rows.schema.names:
            columns[name] = rows.column(name)
        elif name in (config.column, config.weight_column):
            columns[name] = pa.nulls(rows.num_rows)
    return pa.RecordBatch.from_arrays(list(columns.values()), list(columns))

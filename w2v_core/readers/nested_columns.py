"""Columns within columns, named by a path: `doc.text` is the field `text` of the column `doc`.

A column whose own name is `doc.text` comes first.
"""

from collections.abc import Sequence
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc


def with_nested(schema: pa.Schema, names: Sequence[str]) -> pa.Schema:
    """Return the schema with a field for each of `names` that is a path to a field of a struct."""
    for name in names:
        if name not in schema.names and (kind := _kind_at(schema, name)) is not None:
            schema = schema.append(pa.field(name, kind))
    return schema


def flattened(rows: pa.RecordBatch, names: Sequence[str]) -> pa.RecordBatch:
    """Return the columns `names` of the rows, in place of the structs that hold some of them."""
    if set(names) <= set(rows.schema.names):
        return rows
    columns = [
        rows.column(name) if name in rows.schema.names else _values_at(rows, name.split("."))
        for name in names
    ]
    return pa.RecordBatch.from_arrays(columns, list(names))


def value_at(row: dict[str, Any], name: str) -> Any:
    """Return what a JSON object holds under a key or a path of keys, None where it holds nothing."""
    if name in row:
        return row[name]
    value: Any = row
    for key in name.split("."):
        value = value.get(key) if isinstance(value, dict) else None
    return value


def is_of(path: str, name: str) -> bool:
    """Whether the Parquet column `path` is the column `name`, or a part of it."""
    return path == name or path.startswith(f"{name}.")


def _kind_at(schema: pa.Schema, name: str) -> pa.DataType | None:
    head, *steps = name.split(".")
    if schema.names.count(head) != 1:
        return None
    kind = schema.field(head).type
    for step in steps:
        if not pa.types.is_struct(kind) or kind.get_field_index(step) < 0:
            return None
        kind = kind.field(step).type
    return kind


def _values_at(rows: pa.RecordBatch, steps: list[str]) -> pa.Array:
    """The values of a field; null where a struct around it is null."""
    return pc.struct_field(rows.column(steps[0]), steps[1:])

"""A column of an Avro file, some rows at a time."""

import itertools
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

import pyarrow as pa

from w2v_core.config import TokenizeConfig
from w2v_core.errors import InputError
from w2v_core.io.filesystem import open_folder
from w2v_core.readers.block import Block
from w2v_core.readers.columns import block_of, check_columns, configured_columns, raise_if_unreadable
from w2v_core.readers.missing_columns import present, with_missing
from w2v_core.readers.splits import Split

_ROWS_A_BLOCK = 4_096
_KINDS = {
    "null": pa.null(),
    "string": pa.string(),
    "enum": pa.string(),
    "bytes": pa.binary(),
    "int": pa.int32(),
    "long": pa.int64(),
    "float": pa.float32(),
    "double": pa.float64(),
}
_OTHER = pa.struct([])


def read_avro(split: Split, config: TokenizeConfig, counters: Counter[str]) -> Iterator[Block]:
    """Yield the rows of the file. Raises UserError for a damaged file, a missing column, or without fastavro."""
    for batch in avro_batches(split, config, configured_columns(config), counters):
        yield block_of(batch, config, split.file.path, counters)


def avro_batches(
    split: Split, config: TokenizeConfig, names: Sequence[str], counters: Counter[str]
) -> Iterator[pa.RecordBatch]:
    """Yield the columns `names` of these rows. Raises as `read_avro`."""
    import_fastavro()
    import fastavro

    path = split.file.path
    with (
        raise_if_unreadable(path, Exception),  # fastavro, and the codecs below it, raise of all kinds
        open_folder(split.file.root).filesystem.open_input_file(path) as source,
    ):
        reader = fastavro.reader(source)
        _reject_endless(reader.writer_schema, path)
        schema = arrow_schema(reader.writer_schema)
        counters["input_bytes"] += split.end - split.begin
        wanted = pa.schema([schema.field(name) for name in present(names, schema)])
        rows = iter(reader)
        records: list[Any]
        while records := list(itertools.islice(rows, _ROWS_A_BLOCK)):
            check_columns(schema, config, path)
            yield with_missing(pa.RecordBatch.from_pylist(records, schema=wanted), names, config)


def import_fastavro() -> None:
    """Import fastavro. Raises UserError if it is not installed."""
    try:
        import fastavro  # noqa: F401
    except ImportError:
        raise InputError(
            "Avro files are read by fastavro; install it with `pip install 'w2v[avro]'`"
        ) from None


def arrow_schema(record: Any) -> pa.Schema:
    """Return the Arrow types of the fields of a record; types of no use here are empty structs."""
    fields = record["fields"] if isinstance(record, dict) and record.get("type") == "record" else []
    return pa.schema([pa.field(field["name"], _kind(field["type"])) for field in fields])


def _reject_endless(
    avro: Any, path: str, around: tuple[str, ...] = (), types: dict[str, Any] | None = None
) -> None:
    """Raise UserError for types of which a few bytes encode any number of values, or any depth.

    fastavro would build a list of a billion nulls, and would follow a recursive type until its stack is full.
    """
    types = {} if types is None else types
    if isinstance(avro, str) and _last(avro) in around:
        raise InputError(f"{path} has the recursive type {avro!r}; give a file without such types")
    kinds = avro if isinstance(avro, list) else []
    if isinstance(avro, dict):
        if "name" in avro:
            types[_last(avro["name"])] = avro
            around = (*around, _last(avro["name"]))
        if avro["type"] == "array" and _takes_no_byte(avro["items"], types):
            raise InputError(f"{path} has an array of values of zero bytes; give a file without such arrays")
        kinds = [each["type"] for each in avro.get("fields", [])]
        kinds += [avro[key] for key in ("items", "values") if key in avro]
        kinds += [] if isinstance(avro["type"], str) else [avro["type"]]
    for kind in kinds:
        _reject_endless(kind, path, around, types)


def _last(name: str) -> str:
    return name.rpartition(".")[2]


def _takes_no_byte(avro: Any, types: dict[str, Any]) -> bool:
    """Return whether values of this type can take zero bytes in the file."""
    if isinstance(avro, str):
        return avro == "null" or (_last(avro) in types and _takes_no_byte(types[_last(avro)], types))
    if isinstance(avro, list):  # a union tells which
        return False
    if "fields" in avro:
        return all(_takes_no_byte(each["type"], types) for each in avro["fields"])
    return bool(avro.get("size") == 0 or _takes_no_byte(avro["type"], types))


def _kind(avro: Any) -> pa.DataType:
    if isinstance(avro, list):  # a union
        others = [kind for kind in avro if kind != "null"]
        return _kind(others[0]) if len(others) == 1 else _OTHER if others else pa.null()
    if isinstance(avro, dict):
        if avro["type"] == "array":
            return pa.list_(_kind(avro["items"]))
        return _OTHER if "logicalType" in avro else _kind(avro["type"])
    return _KINDS.get(avro, _OTHER)

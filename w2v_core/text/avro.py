"""A column of an Avro file, some rows at a time."""

import itertools
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

import pyarrow as pa

from w2v_core.config import TokenizeConfig
from w2v_core.errors import UserError
from w2v_core.storage import open_folder
from w2v_core.text.block import Block
from w2v_core.text.columns import block_of, check_columns, named_columns, unreadable_told
from w2v_core.text.inputs import Split

_ROWS_A_BLOCK = 4_096
_KINDS = {
    "string": pa.string(),
    "int": pa.int32(),
    "long": pa.int64(),
    "float": pa.float32(),
    "double": pa.float64(),
}


def read_avro(split: Split, config: TokenizeConfig, counters: Counter[str]) -> Iterator[Block]:
    """The rows of the file. UserError for a damaged file or another column, and where fastavro is not installed."""
    for batch in avro_batches(split, config, named_columns(config), counters):
        yield block_of(batch, config, split.file.path, counters)


def avro_batches(
    split: Split, config: TokenizeConfig, names: Sequence[str], counters: Counter[str]
) -> Iterator[pa.RecordBatch]:
    """The columns `names` of these rows. Errors as for `read_avro`."""
    import_fastavro()
    import fastavro

    path = split.file.path
    with (
        unreadable_told(path, ValueError, EOFError, IndexError, KeyError, TypeError, StopIteration),
        open_folder(split.file.root).filesystem.open_input_file(path) as source,
    ):
        reader = fastavro.reader(source)
        schema = arrow_schema(reader.writer_schema)
        check_columns(schema, config, path)
        counters["input_bytes"] += split.end - split.begin
        wanted = pa.schema([schema.field(name) for name in names])
        rows = iter(reader)
        some: list[Any]
        while some := list(itertools.islice(rows, _ROWS_A_BLOCK)):
            yield pa.RecordBatch.from_pylist(some, schema=wanted)


def import_fastavro() -> None:
    """UserError where the package that reads Avro is not installed."""
    try:
        import fastavro  # noqa: F401
    except ImportError:
        raise UserError(
            "Avro files are read by fastavro; install it with `pip install 'w2v[avro]'`"
        ) from None


def arrow_schema(record: Any) -> pa.Schema:
    """The Arrow types of a record's fields; what can be no text, list of tokens or weight is binary."""
    fields = record["fields"] if isinstance(record, dict) and record.get("type") == "record" else []
    return pa.schema([pa.field(field["name"], _kind(field["type"])) for field in fields])


def _kind(avro: Any) -> pa.DataType:
    if isinstance(avro, list):  # a union
        others = [kind for kind in avro if kind != "null"]
        return _kind(others[0]) if len(others) == 1 else pa.binary()
    if isinstance(avro, dict):
        if avro["type"] == "array":
            return pa.list_(_kind(avro["items"]))
        return pa.binary() if "logicalType" in avro else _kind(avro["type"])
    return _KINDS.get(avro, pa.binary())

"""The same rows, cut into parts of any format and type, give the same sentences and counters as JSON lines."""

import csv
import json
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import fastavro
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pyarrow import orc

from w2v_core.config import TokenizeConfig
from w2v_core.errors import UserError
from w2v_core.io.filesystem import open_folder
from w2v_core.readers.splits import find_files, plan_splits
from w2v_core.schemas import TOKENS
from w2v_core.tokenization.task import tokenize_part
from w2v_core.tokenization.tokenizer_resources import TokenizerResources

Rows = list[Any]
COUNTED = (
    "rows",
    "rows_without_text",
    "bad_rows",
    "lines",
    "lines_without_token",
    "sentences",
    "empty_tokens",
)


def tokenized(folder: Path, **options: Any) -> tuple[list[list[str]], dict[str, int]]:
    """The sentences of all files in `folder`, in the order of their names, and what was counted."""
    out = folder.parent / "out"
    out.mkdir(exist_ok=True)
    config, sentences, counters = TokenizeConfig(**options), [], Counter()
    for number, splits in enumerate(plan_splits(find_files([str(folder)], config.format), 1 << 20)):
        task_result = tokenize_part(splits, config, TokenizerResources(), open_folder(str(out)), number)
        sentences += pq.read_table(out / task_result.temporary_name, schema=TOKENS)["tokens"].to_pylist()
        counters.update(task_result.counters)
    return sentences, {name: counters[name] for name in COUNTED}


def write_json_lines(path: Path, rows: Rows) -> None:
    path.write_text("".join(json.dumps({"text": row}) + "\n" for row in rows))


def write_csv(path: Path, rows: Rows) -> None:
    with path.open("w", newline="") as out:
        writer = csv.writer(out, quoting=csv.QUOTE_NONE if not rows else csv.QUOTE_ALL)
        out.write("id,text\n")
        for number, row in enumerate(rows):
            if row is None:
                out.write(f"{number},\n")
            else:
                writer.writerow([number, row])


def write_ipc(begin: Callable[..., Any]) -> Callable[[Path, pa.Array], None]:
    def write(path: Path, column: pa.Array) -> None:
        table = pa.table({"id": pa.array(range(len(column)), pa.int64()), "text": column})
        with path.open("wb") as out, begin(out, table.schema) as writer:
            writer.write_table(table, max_chunksize=2)

    return write


def without_views(kind: pa.DataType) -> pa.DataType:
    if pa.types.is_nested(kind):
        return pa.list_(without_views(kind.value_type))
    return pa.string() if pa.types.is_string_view(kind) else kind


def write_parquet(path: Path, column: pa.Array) -> None:
    table = pa.table({"id": pa.array(range(len(column)), pa.int64()), "text": column})
    try:
        pq.write_table(table.slice(0, 0), pa.BufferOutputStream())
    except pa.ArrowNotImplementedError:  # PyArrow 19 stores no views
        table = table.set_column(1, "text", pa.array(column.to_pylist(), without_views(column.type)))
    with pq.ParquetWriter(path, table.schema) as writer:
        writer.write_table(table.slice(0, 0))  # a row group of no rows
        if len(table):
            writer.write_table(table, row_group_size=3)


def write_avro(path: Path, rows: Rows) -> None:
    items = {"type": "array", "items": ["null", "string", "long"]}
    kind = "null" if all(row is None for row in rows) else ["null", "string"]
    if any(isinstance(row, list) for row in rows):
        names = {type(token) for row in rows if row for token in row}
        items["items"] = ["null", "long" if int in names else "string"]
        kind = ["null", items]
    schema = {"type": "record", "name": "Row", "fields": [{"name": "text", "type": kind}]}
    with path.open("wb") as out:
        fastavro.writer(out, schema, [{"text": row} for row in rows])


ROWS_ONLY = {"json lines": write_json_lines, "avro": write_avro}
TABLES = {
    "parquet": write_parquet,
    "arrow file": write_ipc(pa.ipc.new_file),
    "arrow stream": write_ipc(pa.ipc.new_stream),
    "orc": lambda path, column: orc.write_table(pa.table({"text": column}), path),
}
TEXTS = (
    *(pa.string(), pa.large_string(), pa.string_view(), pa.binary(), pa.large_binary()),
    pa.dictionary(pa.int32(), pa.string()),
)
TOKENS_TYPES = (
    *(
        pa.list_(pa.string()),
        pa.large_list(pa.large_string()),
        pa.list_(pa.dictionary(pa.int32(), pa.string())),
    ),
    pa.list_view(pa.string()),
)
IDS = (
    *(pa.list_(pa.int8()), pa.list_(pa.uint64()), pa.large_list(pa.int32()), pa.list_(pa.float64())),
    *(pa.list_(pa.float32()), pa.list_view(pa.int16())),
)


def write_part(path: Path, rows: Rows, form: str, kind: pa.DataType) -> None:
    """The rows in this format; where it cannot hold this type, in Parquet or as the plain type."""
    if form in ROWS_ONLY:
        ROWS_ONLY[form](path, rows)
        return
    if all(row is None for row in rows) and form != "orc":
        kind = pa.null()
    if form == "orc":
        plain = (
            pa.string() if kind in TEXTS else pa.list_(pa.string() if kind in TOKENS_TYPES else pa.int64())
        )
        kind = plain
    TABLES[form](path, array_of(rows, kind))


def array_of(rows: Rows, kind: pa.DataType) -> pa.Array:
    if pa.types.is_list(kind) and pa.types.is_dictionary(kind.value_type):
        plain = pa.array(rows, pa.list_(pa.string()))
        return pa.ListArray.from_arrays(
            plain.offsets, plain.flatten().dictionary_encode(), mask=plain.is_null()
        )
    if kind in (pa.list_view(pa.string()), pa.list_view(pa.int16())):
        return pa.array(rows, kind)
    if kind in (pa.binary(), pa.large_binary()):
        return pa.array([None if row is None else row.encode() for row in rows], kind)
    if pa.types.is_dictionary(kind):
        return pa.array(rows, pa.string()).dictionary_encode()
    return pa.array(rows, kind)


words = st.text("ab é한\n", max_size=8)
tokens = st.lists(st.none() | st.text("ab한", max_size=3), max_size=4)
ids = st.lists(st.none() | st.integers(0, 100), max_size=4)


@pytest.mark.parametrize(("values", "types"), [(words, TEXTS), (tokens, TOKENS_TYPES), (ids, IDS)])
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_parts_of_any_format_count_as_json_lines(tmp_path_factory, data, values, types):
    folder = tmp_path_factory.mktemp("parts")
    (folder / "mixed").mkdir()
    (folder / "json").mkdir()
    for number in range(data.draw(st.integers(1, 3))):
        rows = data.draw(st.lists(st.none() | values, max_size=6))
        form = data.draw(st.sampled_from([*ROWS_ONLY, *TABLES, *(["csv"] if types is TEXTS else [])]))
        name = f"part-{number:05}{data.draw(st.sampled_from(['', '.txt', '-c000']))}"
        if form == "csv":
            write_csv(folder / "mixed" / f"{name}.csv", rows)
        else:
            write_part(folder / "mixed" / name, rows, form, data.draw(st.sampled_from(types)))
        write_json_lines(folder / "json" / f"part-{number:05}.jsonl", rows)
    assert tokenized(folder / "mixed") == tokenized(folder / "json")


@pytest.mark.parametrize("form", TABLES)
def test_a_part_without_rows_needs_no_column(tmp_path, form):
    (tmp_path / "parts").mkdir()
    write_json_lines(tmp_path / "parts" / "a", ["one two"])
    TABLES[form](tmp_path / "parts" / "b", pa.array([], pa.string()))
    assert tokenized(tmp_path / "parts", column="body", missing_column="error")[1]["rows"] == 1


@pytest.mark.parametrize("form", [*TABLES, "avro"])
def test_a_column_that_old_parts_lack_is_an_error_or_null(tmp_path, form):
    parts = tmp_path / "parts"
    parts.mkdir()
    write_json_lines(parts / "a", ["one two"])
    if form == "avro":
        with (parts / "b").open("wb") as out:
            schema = {"type": "record", "name": "Row", "fields": [{"name": "old", "type": "string"}]}
            fastavro.writer(out, schema, [{"old": "x"}] * 3)
    else:
        table = pa.table({"old": ["x"] * 3})
        if form == "parquet":
            pq.write_table(table, parts / "b")
        elif form == "orc":
            orc.write_table(table, parts / "b")
        else:
            begin = pa.ipc.new_file if form == "arrow file" else pa.ipc.new_stream
            with (parts / "b").open("wb") as out, begin(out, table.schema) as writer:
                writer.write_table(table)
    with pytest.raises(
        UserError, match=r'b has no column .text. among .old.;.* tokenize.missing_column = "null"'
    ):
        tokenized(parts)
    sentences, counters = tokenized(parts, missing_column="null")
    assert sentences == [["one", "two"]]
    assert (counters["rows"], counters["rows_without_text"], counters["bad_rows"]) == (4, 3, 0)


@pytest.mark.parametrize("strict", [False, True])
def test_floats_are_ids_where_they_are_whole(tmp_path, strict):
    rows = [[1.0, 2.0], [3.0, None], [-0.0], [2.0**53], [0.5], None]
    for name, write in (("json", write_json_lines), ("parquet", None)):
        parts = tmp_path / f"{name}-{strict}"
        parts.mkdir()
        if write:
            write(parts / "a", rows)
        else:
            write_parquet(parts / "a", pa.array(rows, pa.list_(pa.float64())))
        if strict:
            with pytest.raises(UserError, match=r"strict"):
                tokenized(parts, strict=True)
            continue
        sentences, counters = tokenized(parts)
        assert sentences == [["1", "2"], ["3"], ["0"]]
        assert [counters[name] for name in ("rows", "rows_without_text", "bad_rows", "empty_tokens")] == [
            6,
            1,
            2,
            1,
        ]

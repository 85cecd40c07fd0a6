"""Parquet and JSON lines as input: every row once, and what a row lacks is counted."""

import gzip
import json
from collections import Counter
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from w2v_core.config import TokenizeConfig
from w2v_core.errors import UserError
from w2v_core.io.filesystem import open_folder
from w2v_core.pipeline.no_token import no_token
from w2v_core.readers.columns import BAD_ROWS
from w2v_core.readers.splits import find_files, plan_splits
from w2v_core.runs.token_account import TokenAccount
from w2v_core.schemas import TOKENS
from w2v_core.tokenization.task import tokenize_part
from w2v_core.tokenization.tokenizer_resources import TokenizerResources


def tokenized(path: Path, split_bytes: int = 1 << 20, **settings) -> tuple[list[list[str]], Counter[str]]:
    """The sentences of all tasks, in order, and what they counted."""
    out = path.parent / "out"
    out.mkdir(exist_ok=True)
    sentences, counters = [], Counter()
    for number, splits in enumerate(plan_splits(find_files([str(path)]), split_bytes)):
        task_result = tokenize_part(
            splits, TokenizeConfig(**settings), TokenizerResources(), open_folder(str(out)), number
        )
        sentences += pq.read_table(out / task_result.temporary_name, schema=TOKENS)["tokens"].to_pylist()
        counters.update(task_result.counters)
        assert (
            task_result.tokens.read == task_result.tokens.kept == sum(map(len, sentences)) - counters["seen"]
        )
        counters["seen"] = sum(map(len, sentences))
    assert (
        counters["lines"] == counters["doc_lines"] + counters["lines_without_token"] + counters["sentences"]
    )
    return sentences, +counters


def parquet(path: Path, column: pa.Array, rows_a_group: int = 3) -> Path:
    pq.write_table(
        pa.table({"id": pa.array(range(len(column))), "text": column}), path, row_group_size=rows_a_group
    )
    return path


@pytest.mark.parametrize("split_bytes", [1024, 1500, 1 << 20])
def test_every_row_group_is_read_by_one_split(tmp_path, split_bytes):
    texts = [f"줄 {number} " + "x" * (number % 7) for number in range(200)]
    path = parquet(tmp_path / "표 a.parquet", pa.array(texts))
    if split_bytes < 2000:
        assert len(plan_splits(find_files([str(path)]), split_bytes)) > 3
    sentences, counters = tokenized(path, split_bytes)
    assert sentences == [text.split() for text in texts]
    assert counters["rows"] == 200
    assert 0 < counters["input_bytes"] < path.stat().st_size


@pytest.mark.parametrize("kind", [pa.string(), pa.large_string(), pa.dictionary(pa.int32(), pa.string())])
def test_text_is_cut_into_lines_and_words(tmp_path, kind):
    column = pa.array(["One two.\r\nThree", None, "", "…", "<doc x>"]).cast(kind)
    sentences, counters = tokenized(parquet(tmp_path / "a.parquet", column))
    assert sentences == [["one", "two"], ["three"], ["doc", "x"]]
    assert (counters["rows"], counters["rows_without_text"], counters["lines"]) == (5, 1, 5)
    assert counters["lines_without_token"] == 2


@pytest.mark.parametrize(
    "kind",
    [
        pa.list_(pa.string()),
        pa.large_list(pa.large_string()),
    ],
)
def test_ready_tokens_stay_as_they_are(tmp_path, kind):
    rows = [["New York", "THE", "a\nb"], None, [], ["", None], [None, "서울", "서울"]]
    sentences, counters = tokenized(
        parquet(tmp_path / "a.parquet", pa.array(rows, pa.list_(pa.string())).cast(kind))
    )
    assert sentences == [["New York", "THE", "a\nb"], ["서울", "서울"]]
    assert (counters["rows"], counters["rows_without_text"], counters["empty_tokens"]) == (5, 1, 3)
    assert (counters["lines"], counters["lines_without_token"]) == (4, 2)


@pytest.mark.parametrize("kind", [pa.list_(pa.int64()), pa.list_(pa.int32(), 2)])
def test_ids_of_items_are_tokens(tmp_path, kind):
    try:
        path = parquet(tmp_path / "baskets.parquet", pa.array([[17, 4], None, [4, -1]], kind))
    except pa.ArrowNotImplementedError:
        pytest.skip(f"PyArrow {pa.__version__} writes no missing list of a fixed size")
    assert tokenized(path)[0] == [["17", "4"], ["4", "-1"]]


def test_bytes_that_are_not_utf8_are_replaced_and_counted_or_refused(tmp_path):
    broken = pa.Array.from_buffers(
        pa.string(), 2, pa.array([b"ok", b"b\xff d"], pa.binary()).buffers(), null_count=0
    )
    path = parquet(tmp_path / "a.parquet", broken)
    sentences, counters = tokenized(path, tokenizer="whitespace")
    assert sentences == [["ok"], ["b\ufffd", "d"]]
    assert counters["replaced_characters"] == 1
    with pytest.raises(UserError, match=r"a.parquet is not UTF-8"):
        tokenized(path, strict=True)
    lists = pa.ListArray.from_arrays([0, 2], broken)
    sentences, counters = tokenized(parquet(tmp_path / "b.parquet", lists))
    assert sentences == [["ok", "b\ufffd d"]]
    assert counters["replaced_characters"] == 1


def test_a_column_that_is_not_there_or_holds_something_else_is_named(tmp_path):
    path = parquet(tmp_path / "a.parquet", pa.array(["x"]))
    with pytest.raises(UserError, match=r"a.parquet .*'body' .*'id', 'text'; .*tokenize.column"):
        tokenized(path, column="body")
    with pytest.raises(UserError, match=r"'id' .*a.parquet is int64; tokenize.column"):
        tokenized(path, column="id")


@pytest.mark.parametrize("kept", [3, 40, -20])
def test_a_damaged_file_is_named(tmp_path, kept):
    path = parquet(tmp_path / "a.parquet", pa.array(["x y"] * 50))
    path.write_bytes(path.read_bytes()[:kept])
    with pytest.raises(UserError, match=r"a.parquet cannot be read"):
        tokenized(path)


def json_lines(path: Path, *rows: object) -> Path:
    data = "".join((row if isinstance(row, str) else json.dumps(row)) + "\n" for row in rows).encode()
    path.write_bytes(gzip.compress(data) if path.suffix == ".gz" else data)
    return path


@pytest.mark.parametrize("name", ["a.jsonl", "나.ndjson", "a.jsonl.gz", "A.JSONL"])
def test_json_lines_hold_text_or_tokens(tmp_path, name):
    path = json_lines(
        tmp_path / name,
        {"text": "One two.\nThree"},
        "",
        {"text": ["New York", 17, None, ""]},
        {"text": "서울 은"},
    )
    sentences, counters = tokenized(path)
    assert sorted(sentences) == sorted([["one", "two"], ["three"], ["New York", "17"], ["서울", "은"]])
    assert (counters["rows"], counters["lines"], counters["empty_tokens"]) == (3, 4, 2)


def test_rows_that_lack_the_column_or_are_no_object_are_counted_or_refused(tmp_path):
    bad = ["{", "[1]", '"x"', {"text": 1.5}, {"text": {"a": 1}}, {"text": [True]}, "[" * 100_000]
    path = json_lines(tmp_path / "a.jsonl", {"text": "x y"}, {"title": "z"}, {"text": None}, *bad)
    sentences, counters = tokenized(path)
    assert sentences == [["x", "y"]]
    assert (counters["rows"], counters["rows_without_text"], counters["bad_rows"]) == (10, 2, len(bad))
    with pytest.raises(UserError, match=r"a.jsonl .*JSON .*'text': '\{'"):
        tokenized(path, strict=True)


def test_half_characters_of_json_escapes_are_replaced_and_counted(tmp_path):
    path = json_lines(tmp_path / "a.jsonl", r'{"text": "a\ud800 b"}', r'{"text": ["\ud83d\ude00", "\udc00"]}')
    sentences, counters = tokenized(path, tokenizer="whitespace")
    assert sentences == [["a\ufffd", "b"], ["\U0001f600", "\ufffd"]]
    assert counters["replaced_characters"] == 2
    with pytest.raises(UserError, match="surrogate"):
        tokenized(path, tokenizer="whitespace", strict=True)


@pytest.mark.parametrize("split_bytes", [1024, 1 << 20])
def test_json_lines_are_cut_between_lines(tmp_path, split_bytes):
    path = json_lines(tmp_path / "a.jsonl", *({"text": f"w{number} x"} for number in range(500)))
    assert tokenized(path, split_bytes)[0] == [[f"w{number}", "x"] for number in range(500)]


def test_the_job_says_what_the_rows_lacked(tmp_path, make_run):
    path = json_lines(tmp_path / "a.jsonl", {"body": "x"}, "no json")
    with pytest.raises(
        UserError,
        match=r"2 rows 1 .*tokenize.column='text' .* 1 .*faulty: 1 not JSON",
    ):
        make_run(path)


def test_a_table_and_its_text_make_the_same_vectors(tmp_path, make_run, corpus):
    lines = (corpus / "a.txt").read_text(encoding="utf-8").split("\n")
    (tmp_path / "text").mkdir()
    (tmp_path / "text" / "a.txt").write_text("\n".join(lines), encoding="utf-8")
    table = parquet(tmp_path / "a.parquet", pa.array([line for line in lines if "doc>" not in line]), 50)
    bytes_of = [
        (Path(make_run(source, into=into).folder.path) / "vectors" / "input.npy").read_bytes()
        for source, into in ((tmp_path / "text", "from-text"), (table, "from-table"))
    ]
    assert bytes_of[0] == bytes_of[1]


@pytest.mark.parametrize(
    ("rows", "reason", "fix"),
    [
        (["no json"], "1 not JSON", "one JSON object a line"),
        (["3", '"a b"'], "2 JSON, but not an object", "each row as a JSON object"),
        ([{"text": 3}], "1 without text or a list of tokens", "by tokenize.column"),
        ([{"text": [1.5]}], "1 with floats that are not whole", "ids as integers"),
        ([{"body": "a"}], "1 have nothing", "name the column that holds the text by tokenize.column"),
        ([{"text": "..."}], "0 are faulty", "another tokenize.tokenizer or tokenize.column"),
    ],
)
def test_an_input_without_a_token_is_told_why(tmp_path, rows, reason, fix):
    _, counters = tokenized(json_lines(tmp_path / "a.jsonl", *rows))
    message = str(no_token("files 1", counters, TokenAccount(), TokenizeConfig()))
    assert reason in message
    assert message.endswith(fix) or fix in message.rpartition("; ")[2]
    assert counters["bad_rows"] == sum(counters[name] for name in BAD_ROWS)


NESTED = [
    {"id": 1, "doc": {"text": "One two", "more": {"ids": [1, 2], "weight": 2.0}}},
    {"id": 2, "doc": None},
    {"id": 3, "doc": {"text": None, "more": None}},
    {"id": 4, "doc": {"text": "three", "more": {"ids": [3], "weight": None}}},
]


def nested_file(folder: Path, ending: str, rows: list[dict] = NESTED) -> Path:
    path = folder / f"a.{ending}"
    if ending == "parquet":
        pq.write_table(pa.Table.from_pylist(rows), path, row_group_size=3)
    else:
        path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


@pytest.mark.parametrize("ending", ["parquet", "jsonl"])
def test_a_field_of_a_column_is_named_by_its_path(tmp_path, ending):
    path = nested_file(tmp_path, ending)
    sentences, counters = tokenized(path, column="doc.text")
    assert sentences == [["one", "two"], ["three"]]
    assert (counters["rows"], counters["rows_without_text"], counters["bad_rows"]) == (4, 2, 0)
    sentences, counters = tokenized(path, column="doc.more.ids")
    assert sentences == [["1", "2"], ["3"]]
    assert (counters["rows"], counters["rows_without_text"]) == (4, 2)


@pytest.mark.parametrize("ending", ["parquet", "jsonl"])
def test_a_column_whose_name_holds_a_point_comes_first(tmp_path, ending):
    rows = [{"doc.text": "own", "doc": {"text": "field"}}]
    assert tokenized(nested_file(tmp_path, ending, rows), column="doc.text")[0] == [["own"]]


def test_a_path_that_leads_nowhere_is_named_or_null(tmp_path):
    path = nested_file(tmp_path, "parquet")
    for column in ("doc.body", "text.doc", "id.text", "doc.text.more", "doc.", ".doc"):
        with pytest.raises(UserError, match=f"no column '{column}' among 'id', 'doc'"):
            tokenized(path, column=column)
    assert tokenized(path, column="doc.body", missing_column="null")[1]["rows_without_text"] == 4
    with pytest.raises(UserError, match="column 'doc.more' .* is struct"):
        tokenized(path, column="doc.more")
    path = nested_file(tmp_path, "jsonl", [{"doc": "text"}, {"doc": ["text"]}, {"doc": {"text": {}}}])
    counters = tokenized(path, column="doc.text")[1]
    assert (counters["rows_without_text"], counters["bad_rows_of_other_types"]) == (2, 1)


@pytest.mark.parametrize("limit", [1 << 20, 1000])  # the second makes the writer give up on its dictionary
def test_fields_that_are_dictionaries_are_read(tmp_path, limit):
    rows = [
        {"doc": {"text": f"word{number % 700} same", "items": [f"item{number % 9}"]}}
        for number in range(3000)
    ]
    path = tmp_path / "a.parquet"
    pq.write_table(
        pa.Table.from_pylist(rows),
        path,
        dictionary_pagesize_limit=limit,
        data_page_size=limit,
        row_group_size=1000,
    )
    assert tokenized(path, column="doc.text")[0] == [row["doc"]["text"].split() for row in rows]
    assert tokenized(path, column="doc.items")[0] == [row["doc"]["items"] for row in rows]

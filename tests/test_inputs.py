"""Kinds of input beside text, Parquet and JSON lines: ORC, Avro, MediaWiki dumps; and formats that are told."""

import bz2
import gzip
import sys
from collections import Counter
from html import escape
from pathlib import Path
from typing import Any

import fastavro
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from pyarrow import orc

from w2v_core.config import Config, TokenizeConfig, load_config
from w2v_core.errors import UserError
from w2v_core.executors.local import LocalExecutor
from w2v_core.io.filesystem import open_folder
from w2v_core.pipeline.tokenize import find_inputs, tokenize_corpus
from w2v_core.readers.avro import read_avro
from w2v_core.readers.mediawiki import plain_text
from w2v_core.readers.splits import detect_formats, find_files, plan_splits
from w2v_core.runs.run_directory import RunDir
from w2v_core.tokenization.task import COUNTERS, tokenize_part
from w2v_core.tokenization.tokenizer_resources import TokenizerResources

ROWS: list[dict[str, Any]] = [
    {"text": "The first row.\nIts second line", "weight": 2.0},
    {"text": None, "weight": 1.0},
    {"text": "서울은 수도이다", "weight": None},
]
SENTENCES = [["the", "first", "row"], ["its", "second", "line"], ["서울은", "수도이다"]]
SESSIONS = [{"text": [7, 8, 7]}, {"text": [9, None]}]
NO_LINES = Counter(dict.fromkeys(COUNTERS, 0))


def tokens_of(path: Path, split_bytes: int = 1 << 30, **settings: Any) -> tuple[pa.Table, dict[str, int]]:
    """The sentences of all splits, and the counters."""
    config = TokenizeConfig(**settings)
    out = path.parent / "out"
    out.mkdir(exist_ok=True)
    tables, counters = [], NO_LINES.copy()
    for number, splits in enumerate(plan_splits(find_files([str(path)], config.format), split_bytes)):
        task_result = tokenize_part(splits, config, TokenizerResources(), open_folder(str(out)), number)
        tables.append(pq.read_table(out / task_result.temporary_name))
        counters.update(task_result.counters)
    return pa.concat_tables(tables), counters


def write_orc(path: Path, rows: list[dict[str, Any]], **options: Any) -> Path:
    orc.write_table(pa.Table.from_pylist(rows), path, **options)
    return path


AVRO_TEXT = [
    {"name": "text", "type": ["null", "string"]},
    {"name": "weight", "type": ["double", "null"]},
]
AVRO_SESSIONS = [{"name": "text", "type": {"type": "array", "items": ["long", "null"]}}]


def write_avro(
    path: Path, rows: list[dict[str, Any]], fields: list[dict[str, Any]], codec: str = "deflate"
) -> Path:
    with path.open("wb") as out:
        fastavro.writer(out, {"type": "record", "name": "Row", "fields": fields}, rows, codec=codec)
    return path


# ORC and Avro


@pytest.mark.parametrize("kind", ["orc", "avro"])
def test_tables_give_lines_and_weights(tmp_path, kind):
    path = tmp_path / f"표.{kind}"
    write_orc(path, ROWS) if kind == "orc" else write_avro(path, ROWS, AVRO_TEXT)
    rows, counters = tokens_of(path, weight_column="weight")
    assert rows["tokens"].to_pylist() == SENTENCES
    assert rows["weight"].to_pylist() == [2.0, 2.0, 1.0]
    assert (counters["rows"], counters["rows_without_text"], counters["rows_without_weight"]) == (3, 1, 1)


@pytest.mark.parametrize("kind", ["orc", "avro"])
def test_tables_of_ids_stay_as_they_are(tmp_path, kind):
    path = tmp_path / f"x.{kind}"
    write_orc(path, SESSIONS) if kind == "orc" else write_avro(path, SESSIONS, AVRO_SESSIONS)
    rows, counters = tokens_of(path)
    assert rows["tokens"].to_pylist() == [["7", "8", "7"], ["9"]]
    assert counters["empty_tokens"] == 1


@pytest.mark.parametrize("kind", ["orc", "avro"])
def test_a_table_without_the_column_is_told_with_its_columns(tmp_path, kind):
    path = tmp_path / f"x.{kind}"
    write_orc(path, ROWS) if kind == "orc" else write_avro(path, ROWS, AVRO_TEXT)
    with pytest.raises(
        UserError, match=rf"x.{kind} has no column 'body' among 'text', 'weight'; .*tokenize.column"
    ):
        tokens_of(path, column="body")
    with pytest.raises(UserError, match=r"'weight' .*double; tokenize.column"):
        tokens_of(path, column="weight")


@pytest.mark.parametrize("kind", ["orc", "avro"])
@pytest.mark.parametrize("left", [0, 3, 60, -5])
def test_a_table_that_is_cut_short_is_named(tmp_path, kind, left):
    path = tmp_path / f"x.{kind}"
    write_orc(path, ROWS * 50) if kind == "orc" else write_avro(path, ROWS * 50, AVRO_TEXT)
    path.write_bytes(path.read_bytes()[:left])
    with pytest.raises(UserError, match=rf"x.{kind} (cannot be read|is empty)"):
        tokens_of(path)


def test_every_stripe_is_read_once_however_the_file_is_cut(tmp_path):
    rows = [{"text": " ".join(f"w{i}x{j}" for j in range(50))} for i in range(4000)]
    path = write_orc(tmp_path / "x.orc", rows, stripe_size=64 << 10, batch_size=128)
    assert orc.ORCFile(path).nstripes > 3
    for split_bytes in (1024, 10_000, 1 << 30):
        found, counters = tokens_of(path, split_bytes)
        assert found["tokens"].to_pylist() == [row["text"].split() for row in rows]
        assert counters["input_bytes"] == path.stat().st_size


@pytest.mark.parametrize("codec", ["null", "deflate", "snappy", "zstandard", "bzip2"])
def test_avros_codecs_are_read(tmp_path, codec):
    path = write_avro(tmp_path / "x.avro", ROWS, AVRO_TEXT, codec)
    assert tokens_of(path)[0]["tokens"].to_pylist() == SENTENCES


def test_a_packed_table_is_refused(tmp_path):
    table = write_orc(tmp_path / "x.orc", ROWS).read_bytes()
    (tmp_path / "x.orc").unlink()
    (tmp_path / "x.orc.gz").write_bytes(gzip.compress(table))
    with pytest.raises(UserError, match=r"x.orc.gz .*decompress"):
        detect_formats(find_files([str(tmp_path)]))


@pytest.mark.parametrize(
    ("package", "ending", "extra"),
    [("fastavro", "avro", "avro"), ("mwparserfromhell", "xml", "mediawiki")],
)
def test_an_absent_package_is_named_before_a_task_starts(tmp_path, monkeypatch, package, ending, extra):
    (tmp_path / f"x.{ending}").write_bytes(b"Obj\x01" if ending == "avro" else dump())
    monkeypatch.setitem(sys.modules, package, None)
    executor = LocalExecutor()
    monkeypatch.setattr(executor, "start", lambda *_: pytest.fail("tasks were started"))
    with pytest.raises(UserError, match=rf"{package}; install it with `pip install 'w2v\[{extra}\]'`"):
        tokenize_corpus(
            RunDir.create(str(tmp_path / "run")),
            find_files([str(tmp_path / f"x.{ending}")]),
            Config(),
            executor,
        )


# MediaWiki dumps


HEAD = """<mediawiki xmlns="http://www.mediawiki.org/xml/export-0.11/" xml:lang="ko"><siteinfo><namespaces>
<namespace key="0" case="first-letter" /><namespace key="6" case="first-letter">파일</namespace>
<namespace key="14" case="first-letter">분류</namespace></namespaces></siteinfo>
"""
WIKITEXT = """{{정보|이름=서울}}'''서울'''은 [[대한민국|한국]]의 [[수도]]이다.<ref>각주 글</ref> <page> 아님
[[파일:a.jpg|섬네일|설명 [[글]]]]
{| class="wikitable"
| 칸
|}
[[분류:도시]] [http://a.b 누리집]"""


def page(text: str, *, ns: int = 0, extra: str = "") -> str:
    return (
        f"  <page><title>t</title><ns>{ns}</ns>{extra}<revision><text bytes='1' xml:space=\"preserve\">"
        f"{escape(text, quote=False)}</text></revision></page>\n"
    )


def dump(*pages: str) -> bytes:
    return (HEAD + "".join(pages) + "</mediawiki>\n").encode()


def test_a_dump_gives_the_running_text_of_its_articles(tmp_path):
    pages = [
        page(WIKITEXT),
        page("a talk", ns=1),
        page("#REDIRECT [[x]]", extra='<redirect title="x" />'),
        page("Last article.\n\nIts second paragraph"),
    ]
    (tmp_path / "a.xml.bz2").write_bytes(bz2.compress(dump(*pages)))
    rows, counters = tokens_of(tmp_path / "a.xml.bz2")
    assert rows["tokens"].to_pylist() == [
        ["서울은", "한국의", "수도이다", "page", "아님"],
        ["누리집"],
        ["last", "article"],
        ["its", "second", "paragraph"],
    ]
    assert (counters["pages"], counters["pages_left_out"], counters["bad_rows"]) == (4, 2, 0)


def test_every_page_is_read_once_however_the_dump_is_cut(tmp_path):
    pages = [page(f"word{i} " * (i % 90)) for i in range(300)]
    path = tmp_path / "a.xml"
    path.write_bytes(dump(*pages))
    for split_bytes in (1024, 5_000, 1 << 30):
        rows, counters = tokens_of(path, split_bytes)
        assert rows["tokens"].to_pylist() == [[f"word{i}"] * (i % 90) for i in range(300) if i % 90]
        assert counters["pages"] == 300


def test_pages_longer_than_what_is_read_at_once_stay_whole(tmp_path):
    pages = [page("long " * 500_000), page("short")]
    (tmp_path / "a.xml").write_bytes(dump(*pages))
    rows, _ = tokens_of(tmp_path / "a.xml", 100_000)
    assert sum(map(len, rows["tokens"].to_pylist())) == 500_001


def test_what_is_no_dump_and_what_is_damaged_is_told(tmp_path):
    (tmp_path / "a.xml").write_text("<pages><page></page></pages>")
    with pytest.raises(UserError, match=r"a.xml .*MediaWiki.* tokenize.format = text"):
        tokens_of(tmp_path / "a.xml")
    assert tokens_of(tmp_path / "a.xml", format="text")[0]["tokens"].to_pylist() == [
        ["pages", "page", "page", "pages"]
    ]
    complete = dump(page("one"), page("two"))
    (tmp_path / "a.xml").write_bytes(complete[:-40])
    with pytest.raises(UserError, match=r"a.xml .*page has no end"):
        tokens_of(tmp_path / "a.xml")
    (tmp_path / "b.xml.bz2").write_bytes(bz2.compress(complete)[:-9])
    with pytest.raises(UserError, match=r"b.xml.bz2 cannot be read"):
        tokens_of(tmp_path / "b.xml.bz2")


def test_a_page_that_is_no_xml_is_counted_or_with_strict_told(tmp_path):
    (tmp_path / "a.xml").write_bytes(dump("<page><text>a & b</page>", page("fine")))
    rows, counters = tokens_of(tmp_path / "a.xml")
    assert rows["tokens"].to_pylist() == [["fine"]]
    assert counters["bad_rows"] == 1
    with pytest.raises(UserError, match=r"a.xml .*page .*XML"):
        tokens_of(tmp_path / "a.xml", strict=True)


@pytest.mark.parametrize("text", ["", "[[", "{{" * 500, "<ref>", "{|\n|", "[[파일:x", "\x00", "]]}}</ref>"])
def test_broken_wikitext_is_text(text):
    assert isinstance(plain_text(text, frozenset(["파일"])), str)


def test_avro_needs_a_record_and_not_another_union(tmp_path):
    fields = [{"name": "text", "type": ["string", "long"]}]
    path = write_avro(tmp_path / "x.avro", [{"text": "a"}], fields)
    (split,) = plan_splits(find_files([str(path)]), 1 << 30)[0]
    with pytest.raises(UserError, match=r"'text' .*x.avro is struct<>"):
        list(read_avro(split, TokenizeConfig(), Counter()))


# Formats that are told


def test_a_told_format_is_that_of_every_file(tmp_path):
    (tmp_path / "events.log").write_text('{"text": "a b"}\n')
    assert tokens_of(tmp_path / "events.log", format="json lines")[0]["tokens"].to_pylist() == [["a", "b"]]
    (tmp_path / "part-0").write_bytes(write_orc(tmp_path / "x.orc", ROWS).read_bytes())
    assert tokens_of(tmp_path / "part-0", format="orc")[0]["tokens"].to_pylist() == SENTENCES


# Tables of Spark's catalog


@pytest.fixture
def table(spark_executor, tmp_path):
    spark = spark_executor.session()
    frame = spark.createDataFrame(pa.Table.from_pylist(ROWS * 40)).repartition(3)
    frame.write.parquet(str(tmp_path / "rows"))
    spark.read.parquet(str(tmp_path / "rows")).createOrReplaceTempView("`문서`")
    yield "문서"
    spark.catalog.dropTempView("문서")


def tokenized(tmp_path: Path, executor, locations: list[str], *settings: str) -> RunDir:
    config = load_config(None, settings)
    run = RunDir.create(str(tmp_path / "run"))
    files, tables = find_inputs(locations, config)
    tokenize_corpus(run, files, config, executor, tables)
    return run


def test_a_table_is_read_beside_files(spark_executor, tmp_path, table):
    (tmp_path / "a.txt").write_text("a file")
    run = tokenized(tmp_path, spark_executor, [f"table:{table}", str(tmp_path / "a.txt")])
    parts = [pq.read_table(f"{run.folder.path}/tokens/{entry.name}") for entry in run.require("tokens").files]
    found = Counter(tuple(row) for part in parts for row in part["tokens"].to_pylist())
    assert found == {**{tuple(row): 40 for row in SENTENCES}, ("a", "file"): 1}
    assert run.require("tokens").counters["rows_without_text"] == 40


def test_weights_of_a_table_are_carried(spark_executor, tmp_path, table):
    run = tokenized(tmp_path, spark_executor, [f"table:{table}"], "tokenize.weight_column=weight")
    parts = [pq.read_table(f"{run.folder.path}/tokens/{entry.name}") for entry in run.require("tokens").files]
    assert Counter(pa.concat_tables(parts)["weight"].to_pylist()) == {2.0: 80, 1.0: 40}


def test_a_table_is_read_again_when_its_files_change_and_only_then(spark_executor, tmp_path, table):
    before = tokenized(tmp_path, spark_executor, [f"table:{table}"]).require("tokens").finished_at
    manifest = tmp_path / "run" / "tokens" / "manifest.json"
    written = manifest.stat().st_mtime_ns
    tokenized(tmp_path, spark_executor, [f"table:{table}"])
    assert manifest.stat().st_mtime_ns == written, before
    spark = spark_executor.session()
    spark.createDataFrame(pa.Table.from_pylist(ROWS)).write.mode("append").parquet(str(tmp_path / "rows"))
    spark.read.parquet(str(tmp_path / "rows")).createOrReplaceTempView("`문서`")
    assert tokenized(tmp_path, spark_executor, [f"table:{table}"]).require("tokens").counters["rows"] == 123


@pytest.mark.parametrize(
    ("name", "settings", "told"),
    [
        ("nowhere", (), r"table:nowhere cannot be opened"),
        ("`a b", (), r"table:`a b cannot be opened"),
        ("문서", ("tokenize.column=body",), r"table:문서 has no column 'body' among 'text', 'weight'"),
        ("문서", ("tokenize.column=weight",), r"column 'weight' of table:문서 is double"),
    ],
)
def test_a_table_that_cannot_be_read_is_named(spark_executor, tmp_path, table, name, settings, told):
    with pytest.raises(UserError, match=told):
        tokenized(tmp_path, spark_executor, [f"table:{name}"], *settings)

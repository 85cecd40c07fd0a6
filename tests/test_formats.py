"""Formats and compressions are recognized by content, under any name, or refused in one sentence."""

import bz2
import gzip
import io
import json
import lzma
import zipfile

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from pyarrow import orc
from test_columns import tokenized

from w2v_core.errors import UserError
from w2v_core.readers import compression as compression_module
from w2v_core.readers.compression import compression_of, open_compressed
from w2v_core.readers.detect_format import HEAD_BYTES, detect_format
from w2v_core.readers.json_shape import json_shape
from w2v_core.readers.splits import find_files

TABLE = pa.table({"text": ["one two", "three"]})
ROWS = b'{"text": "one two"}\n{"text": "three"}\n'
ARRAY = json.dumps([{"text": "one two"}, {"text": "x"}] * 3000, indent=1).encode()
OBJECT = json.dumps({"text": ["one " * 9] * 3000}, indent=1).encode()


def table_bytes(write) -> bytes:
    sink = pa.BufferOutputStream()
    write(sink)
    return sink.getvalue().to_pybytes()


def ipc(begin) -> bytes:
    def write(sink):
        with begin(sink, TABLE.schema) as writer:
            writer.write_table(TABLE)

    return table_bytes(write)


def zipped() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr(
            zipfile.ZipInfo("a.txt"), "text"
        )  # without the time: workers of pytest compare names
    return out.getvalue()


def saved(array) -> bytes:
    out = io.BytesIO()
    np.save(out, array)
    return out.getvalue()


def lz4(data: bytes) -> bytes:
    sink = pa.BufferOutputStream()
    with pa.CompressedOutputStream(sink, "lz4") as out:
        out.write(data)
    return sink.getvalue().to_pybytes()


def zstd(data: bytes) -> bytes:
    return pa.compress(data, "zstd", asbytes=True)


def lzma_alone(data: bytes) -> bytes:
    return lzma.compress(data, format=lzma.FORMAT_ALONE)


TABLES = {
    "parquet": table_bytes(lambda sink: pq.write_table(TABLE, sink)),
    "orc": table_bytes(lambda sink: orc.write_table(TABLE, sink)),
    "arrow": ipc(pa.ipc.new_file),
    "arrow stream": ipc(pa.ipc.new_stream),
}
PACK = {"gzip": gzip.compress, "bz2": bz2.compress, "xz": lzma.compress, "zstd": zstd, "lz4": lz4}
NAMES = ("part-00000", "wiki_00", "a.txt", "a.json", "a.csv", "a.gz", "b.parquet", "x.xml", "no.jsonl")


@pytest.mark.parametrize(
    ("head", "expected"),
    [
        (ROWS, "json lines"),
        (b"\n \r\n" + ROWS, "json lines"),
        (b"\xef\xbb\xbf" + ROWS, "json lines"),
        (ROWS.replace(b"\n", b"\r"), "json lines"),
        (b'{"text": "' + b"long " * HEAD_BYTES, "json lines"),
        (b'{"text": "a"}\nno json\n{"text": "b"}\n', "json lines"),
        (b"{{Infobox|name=x}}\ntext\n", "text"),
        (b"{hello} world\n", "text"),
        (b'{"hello" he said: "x"\n', "text"),
        (b"[1] A footnote.\n[2] Another.\n", "text"),
        (b'["Hello", he said.\nAnd left.\n', "text"),
        (b"[music]\n[applause]\n", "text"),
        (b"{}\n{ }\n...", "json lines"),
        (b"1 2 3\n4 5 6\n", "text"),
        (b'"quoted"\n"lines"\n', "text"),
        (b"<doc id='1' url='u' title='t'>\ntext\n</doc>\n", "text"),
        (b"< a b\n", "text"),
        (b"text,label\na b,1\nc d,0\n", "csv"),
        (b"id\ttext\n1\ta, b\n2\tc\n", "csv"),
        (b"id;text\n1;a, b\n2;c\n", "csv"),
        (b'text,label\n"a\nb, c",1\n', "csv"),
        (b"text, images and more\nfollow here\nin prose\n", "text"),
        (b"other,label\na b,1\n", "text"),
        (b"ORCHID and other words\n", "text"),
        (b"PARENTS and PAR1S\n", "text"),
        (b"SEQUENCE, BZh9 and PK\n", "text"),
        (b"<mediawiki xmlns='x'>\n<page>", "mediawiki"),
        (b"<?xml version='1.0'?>\n<mediawiki>", "mediawiki"),
        ("caf\u00e9 \u0441\u043b\u043e\u0432\u043e\n".encode("cp1251", "replace") * 99, "text"),
        (*(TABLES["parquet"], "parquet"),),
        (*(TABLES["orc"], "orc"),),
        (*(TABLES["arrow"], "arrow"),),
        (*(TABLES["arrow stream"], "arrow"),),
        (b"Obj\x01", "avro"),
    ],
    ids=lambda value: str(value)[:40],
)
def test_content_decides_under_a_name_that_says_nothing(head, expected):
    assert detect_format(head[:HEAD_BYTES], "part-00000", "text", len(head) < HEAD_BYTES)[0] == expected


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(
    ("head", "told"),
    [
        (ARRAY, "one JSON array of rows"),
        (b'["one", "two"]', "one JSON array of rows"),
        (b'[\n"one two",\n"three"\n]\n', "one JSON array of rows"),
        (b"[1, 2]\n[3, 4]\n", "lines that are JSON arrays"),
        (OBJECT, "a JSON object over several lines"),
        (b'{\n  "text": "one"\n}\n{\n  "text": "two"\n}\n', "a JSON object over several lines"),
        (b'{"text": "a"}{"text": "b"}', "a JSON object over several lines"),
        (b"<!DOCTYPE html>\n<p>x", "HTML"),
        (b"<HTML>\n<p>x", "HTML"),
        (b"<?xml version='1.0'?><rss/>", "not a MediaWiki dump|cannot be read"),
        (b"%PDF-1.7\n", "PDF"),
        (b"{\\rtf1 x", "RTF"),
        (b"WARC/1.0\r\nWARC-Type: conversion", "web archive"),
        (zipped(), "zip archive"),
        (b"7z\xbc\xaf\x27\x1c\0\4", "7z archive"),
        (b"Rar!\x1a\x07\x01\x00", "rar archive"),
        (b"a.txt" + bytes(252) + b"ustar\x00", "tar archive"),
        (b"SQLite format 3\x00", "SQLite"),
        (b"\x80\x04\x95\x10", "pickle"),
        (saved(np.zeros(3)), "NumPy"),
        (b"FEA1\x00\x00", "Feather version 1"),
        (b"SEQ\x06\x19org", "sequence file"),
        ("text\n".encode("utf-16"), "UTF-16"),
        ("text\n".encode("utf-32"), "UTF-32"),
        ("text\n".encode("utf-16-le"), "UTF-16"),
        (b"\xff\x06\x00\x00sNaPpY", "snappy"),
        (b"\x02\x21\x4c\x18", "lz4"),
        (bytes(range(256)) * 3, "binary"),
    ],
    ids=lambda value: str(value)[:40],
)
def test_what_is_not_read_is_refused_under_any_name(name, head, told):
    with pytest.raises(UserError, match=told):
        detect_format(head[:HEAD_BYTES], name, "text", len(head) < HEAD_BYTES)


@pytest.mark.parametrize("name", ["part-00000", "a.txt", "a.csv", "a.xml", "a.jsonl", "a.npy"])
@pytest.mark.parametrize(
    "data", [*TABLES.values(), ROWS, b"id,text\n1,one two\n2,three\n"], ids=lambda d: str(d)[:9]
)
def test_every_format_is_read_under_every_name(tmp_path, name, data):
    (tmp_path / name).write_bytes(data)
    assert tokenized(tmp_path / name)[0] == [["one", "two"], ["three"]]


@pytest.mark.parametrize("name", ["a.txt", "part-0", "a.gz", "a.zst", "a.jsonl.xz", "a.bz2"])
@pytest.mark.parametrize("pack", [bytes, *PACK.values(), lzma_alone])
@pytest.mark.parametrize("data", [b"one two\nthree\n", ROWS, b"text\tid\none two\t1\nthree\t2\n"])
def test_every_compression_is_read_under_every_name(tmp_path, name, pack, data):
    (tmp_path / name).write_bytes(pack(data))
    if name == "a.jsonl.xz" and data.startswith(b"one"):
        return
    assert tokenized(tmp_path / name)[0] == [["one", "two"], ["three"]]


def decompressed(data: bytes, codec: str) -> bytes:
    return open_compressed(pa.BufferReader(data), codec, "x").read()


@pytest.mark.parametrize("codec", PACK)
@pytest.mark.parametrize("chunk", [1, 7, 1 << 16])
def test_all_members_are_read_wherever_they_end(monkeypatch, codec, chunk):
    monkeypatch.setattr(compression_module, "_CHUNK_BYTES", chunk)
    members = [b"one\n", b"", b"two\n" * 999, b"", b"end"]
    data = b"".join(map(PACK[codec], members))
    assert decompressed(data, codec) == b"".join(members)
    if codec != "lz4":
        assert decompressed(data + bytes(1000), codec) == b"".join(members)
    if codec in ("zstd", "lz4"):
        frame = b"\x5a\x2a\x4d\x18\x03\0\0\0abc"
        assert decompressed(frame + data + frame, codec) == b"".join(members)
        assert compression_of(frame + data, "x") == codec


@pytest.mark.parametrize("codec", PACK)
def test_what_is_cut_short_or_followed_by_something_else_is_refused(tmp_path, codec):
    data = PACK[codec](np.random.default_rng(0).bytes(200_000).hex().encode())
    for cut in (1, 5, 9, 1000, 100_000):
        with pytest.raises(OSError, match="Truncated"):
            decompressed(data[:-cut], codec)
    with pytest.raises(OSError, match=r".") as fault:
        decompressed(data + b"something else", codec)
    assert not isinstance(fault.value, UserError)
    (tmp_path / "x").write_bytes(data[:-9])
    with pytest.raises(UserError, match="x .*read to its end"):
        tokenized(tmp_path / "x")


LONG_WINDOW = b"\x28\xb5\x2f\xfd\x00\xa8" + ((5 << 3) | 1).to_bytes(3, "little") + b"a b c"  # of 2 GiB


def test_a_long_window_of_zstd_is_read_or_refused_with_the_package_to_install(tmp_path, monkeypatch):
    (tmp_path / "x").write_bytes(LONG_WINDOW)
    if compression_module._long_window_zstd() is not None:
        assert tokenized(tmp_path / "x")[0] == [["a", "b", "c"]]
    monkeypatch.setattr(compression_module, "_long_window_zstd", lambda: None)
    with pytest.raises(UserError, match=r"x is zstd .* 128 MiB.*'w2v\[zstd\]'"):
        tokenized(tmp_path / "x")


def test_what_is_compressed_twice_or_not_as_its_name_says_is_refused(tmp_path):
    (tmp_path / "x").write_bytes(gzip.compress(gzip.compress(b"text")))
    with pytest.raises(UserError, match="compressed twice"):
        _ = find_files([str(tmp_path / "x")])[0].kind
    (tmp_path / "y.gz").write_bytes(np.random.default_rng(0).bytes(5000))
    with pytest.raises(UserError, match="y.gz is not gzip"):
        _ = find_files([str(tmp_path / "y.gz")])[0].kind


def test_no_file_is_read_before_its_kind_is_asked_for(tmp_path, monkeypatch):
    (tmp_path / "x").write_bytes(zipped())
    (file,) = find_files([str(tmp_path)])
    assert file.identity()["size"] == file.size
    with pytest.raises(UserError, match="zip"):
        _ = file.kind


def test_a_told_format_overrides_what_the_content_shows(tmp_path):
    (tmp_path / "x").write_bytes(ROWS)
    (file,) = find_files([str(tmp_path)], "text")
    assert file.format == "text"


@pytest.mark.parametrize(
    "layout", ["part-00000-c000.json.gz", "lang=en/part-0", "deep/er/part-00000-x.c000.gz"]
)
def test_layouts_of_spark_are_read(tmp_path, layout):
    path = tmp_path / "out" / layout
    path.parent.mkdir(parents=True)
    path.write_bytes(gzip.compress(ROWS))
    for name in ("_SUCCESS", f".{path.name}.crc", "_metadata"):
        (path.parent / name).write_bytes(b"\x00crc")
    (path.parent / "part-00001").write_bytes(b"")
    (file, empty) = find_files([str(tmp_path / "out")])
    assert (file.format, file.compression, empty.size) == ("json lines", "gzip", 0)


# CSV


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("delimiter", [",", "\t", ";", "|"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_csv_of_any_dialect_is_read(tmp_path, end, delimiter, mark):
    rows = ["id text weight", '1 "one two{end}three, four" 2', "2  1", '3 "" 1', "4 bad", '5 "a ""b""" ']
    data = end.join(row.replace(" ", delimiter) for row in rows).replace("{end}", end)
    data = data.replace(f"one{delimiter}two", "one two").replace(f"three,{delimiter}four", "three, four")
    data = data.replace(f'a{delimiter}""b', 'a ""b')
    (tmp_path / "x.csv").write_bytes((mark + data).encode())
    sentences, counters = tokenized(tmp_path / "x.csv")
    assert sentences == [["one", "two"], ["three", "four"], ["a", "b"]]
    assert [counters[name] for name in ("rows", "rows_without_text", "bad_rows", "lines_without_token")] == [
        5,
        1,
        1,
        1,
    ]
    with pytest.raises(UserError, match=r"x.csv .* 2 fields .* 3: .*bad.*--strict"):
        tokenized(tmp_path / "x.csv", strict=True)


@pytest.mark.parametrize("data", ["", "\n", "\ufeff", "id,text\n", "id,text", "id,text\n\n\n"])
def test_csv_without_rows_holds_nothing(tmp_path, data):
    (tmp_path / "x.csv").write_text(data)
    assert tokenized(tmp_path / "x.csv")[0] == []


def test_csv_without_the_column_names_those_that_it_has(tmp_path):
    (tmp_path / "x.csv").write_text("id,body\n1,x y\n")
    with pytest.raises(UserError, match=r"x.csv .*'text' .*'id', 'body'; .*tokenize.column"):
        tokenized(tmp_path / "x.csv")
    assert tokenized(tmp_path / "x.csv", missing_column="null")[1]["rows_without_text"] == 1


def test_weights_of_csv_are_numbers_or_named(tmp_path):
    (tmp_path / "x.csv").write_text("text,w\na b, 2.5\nc,\n")
    assert tokenized(tmp_path / "x.csv", weight_column="w")[1]["rows_without_weight"] == 1
    (tmp_path / "x.csv").write_text("text,w\na b,much\n")
    with pytest.raises(UserError, match=r"'w' .*x.csv holds 'much'"):
        tokenized(tmp_path / "x.csv", weight_column="w")


def test_a_csv_larger_than_a_block_is_read_whole(tmp_path):
    rows = "".join(f'{number},"w{number}\nx"\n' for number in range(900_000))
    (tmp_path / "x.csv").write_text("id,text\n" + rows)
    sentences, counters = tokenized(tmp_path / "x.csv", 1024)
    assert sentences == [word for number in range(900_000) for word in ([f"w{number}"], ["x"])]
    assert counters["rows"] == 900_000


def test_json_shape_reads_no_more_than_it_must():
    assert json_shape('{"a": 1}\n{"b"', False) == "lines"
    assert json_shape("", True) is None
    assert json_shape("[" * 100_000, False) is None

"""Corpora that a harsh user would give, each made from an integer.

    make(seed, folder) -> Corpus     writes files into the folder, and says with which settings they are to be read

Most files are whole, though odd; some are damaged or of the wrong kind. A whole file has a word of its own, `mark`, by
which a test sees that it was read. The same seed makes the same files.
"""

import bz2
import gzip
import io
import json
import os
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from html import escape
from pathlib import Path
from typing import Any

import fastavro
import pyarrow as pa
import pyarrow.parquet as pq
from pyarrow import orc

Rng = random.Random

KOREAN = ["서울", "대학교", "한국의", "수도이다", "ㅋㅋㅋ", "\u1109\u1165\u110b\u116e\u11af"]
RIGHT_TO_LEFT = ["שלום", "مرحبا", "سلام\u200cها", "\u202eabc\u202c", "\u2067x\u2069", "كِتَابٌ"]
EMOJI = ["👩‍👩‍👧‍👦", "❤️", "🇰🇷", "👍🏽", "1️⃣", "🏴\U000e0067\U000e0062\U000e007f", "\ufe0f"]
MARKS = [
    "e\u0301",
    "\u0301",
    "Z\u0351\u036b\u0343\u036a",
    "a" + "\u0308" * 40,
    "が\u3099",
    "\u0bbe",
    "ﷺ",
    "ﬁ",
    "İ",
    "ẞ",
]
MARKUP = [
    "<script>alert(1)</script>",
    "</script>",
    "<doc id=1>",
    "</doc>",
    "<!--",
    "&lt;",
    "<page>",
    "]]>",
    "{{x|y}}",
    "[[a|b]]",
]
FORMULAS = ["=cmd|'/C calc'!A0", "@SUM(1+1)", "+1-1", "-2+3", '=HYPERLINK("http://x")', "\t=1+1"]
TERMINAL = ["\x1b[31mred", "\x1b]0;title\x07", "\x1b]8;;http://x\x1b\\", "\x9b2J", "\x07", "\x08\x08", "\x7f"]
SPACES = [
    "\u00a0",
    "\u2028",
    "\u2029",
    "\u0085",
    "\u3000",
    "\u200b",
    "\ufeff",
    "\x0b",
    "\x0c",
    "\x1c",
    "\r",
    "\t",
    " ",
]
ODD = [
    "\x00",
    "\x00\x00",
    "\ufffd",
    "\ufffe",
    "\U0010ffff",
    "\ue000",
    "_",
    "__",
    "'",
    "０１２",
    "²",
    "½",
    "\U00020000",
]
ADDRESSES = ["http://example.com/a?b=c", "www.x.y", "a.b+c@d.example", "@", "://", "file:///etc/passwd"]
PLAIN = ["the", "king", "Queen", "a", "2007", "e.g.", "don't", "new_york", "ΟΔΟΣ", "Straße"]
EVERY = [
    *KOREAN,
    *RIGHT_TO_LEFT,
    *EMOJI,
    *MARKS,
    *MARKUP,
    *FORMULAS,
    *TERMINAL,
    *SPACES,
    *ODD,
    *ADDRESSES,
    *PLAIN,
]
BAD_BYTES = [
    b"\xff",
    b"\xc0\x80",
    b"\xed\xa0\x80",
    b"\xed\xa0\xbd\xed\xb8\x80",
    b"\xe9",
    b"\xf5\x80\x80\x80",
    b"\x80" * 9,
    b"\xe2\x82",
]


@dataclass(frozen=True)
class Corpus:
    """What was written, and how it is to be read."""

    seed: int
    locations: list[str]
    settings: dict[str, Any]
    marks: list[str]
    """words of their own that whole files hold; read as the default tokenizer does"""
    is_intact: bool
    """whether nothing is damaged, of a wrong type or a wrong name: then there is no reason to refuse it"""

    def options(self) -> list[str]:
        """The settings as `--set` takes them."""
        told = {True: "true", False: "false"}
        return [f"tokenize.{key}={told.get(value, value)}" for key, value in self.settings.items()]


@dataclass
class _Made:
    """A corpus while it is made."""

    rng: Rng
    folder: Path
    marks: list[str] = field(default_factory=list)
    is_intact: bool = True

    def mark(self) -> str:
        return f"mark{self.rng.randrange(10**9)}q{len(self.marks)}"


def make(seed: int, folder: Path) -> Corpus:
    """The corpus of this seed, in `folder`, which is empty."""
    rng = Rng(seed)
    made = _Made(rng, folder)
    settings = _settings(rng)
    for number in range(rng.choice([1, 1, 1, 2, 3, 5])):
        _file(made, number, settings)
    _around(made)
    return Corpus(seed, [str(folder)], settings, made.marks, made.is_intact)


def files_of(corpus: Corpus) -> set[str]:
    """The files that there are to read: those that are not hidden, each once."""
    found = set()
    for top in corpus.locations:
        for folder, folders, names in os.walk(top):
            folders[:] = [name for name in folders if name[0] not in "._"]
            paths = (Path(folder, name) for name in names if name[0] not in "._")
            found.update(str(path.resolve()) for path in paths if not path.is_symlink() and path.is_file())
    return found


def spelled(mark: str, settings: dict[str, Any]) -> str:
    """A mark as these settings spell it."""
    return "".join("0" if c.isdigit() else c for c in mark) if settings.get("digits_to_zero") else mark


def _settings(rng: Rng) -> dict[str, Any]:
    """Few spellings, since each takes a table of all characters."""
    settings: dict[str, Any] = rng.choice(
        [
            {},
            {},
            {},
            {"normal_form": "NFC", "strip_accents": True, "digits_to_zero": True},
            {"tokenizer": "whitespace"},
        ]
    ).copy()
    if rng.random() < 0.1:
        settings |= {"tokenizer": rng.choice(["regex", "char_ngrams"])}
    if rng.random() < 0.2:
        settings["sentences"] = rng.choice(["regex", "none"])
    if rng.random() < 0.1:
        settings |= {"url_token": "URL", "email_token": "EMAIL"}
    if rng.random() < 0.1:
        settings |= {"min_token_length": 2, "max_token_length": rng.choice([3, 60])}
    if rng.random() < 0.1:
        settings["strict"] = True
    return settings


# Lines


def text(rng: Rng) -> str:
    """Some lines."""
    return rng.choice(_TEXTS)(rng)


def _mixed(rng: Rng) -> str:
    return "\n".join(" ".join(rng.choices(EVERY, k=rng.randrange(12))) for _ in range(rng.randrange(1, 30)))


def _glued(rng: Rng) -> str:
    return "\n".join("".join(rng.choices(EVERY, k=rng.randrange(12))) for _ in range(rng.randrange(1, 30)))


def _any_characters(rng: Rng) -> str:
    codes = (
        rng.choice([rng.randrange(0x80), rng.randrange(0x3000), rng.randrange(0x110000)]) for _ in range(300)
    )
    return "".join(chr(code) for code in codes if not 0xD800 <= code < 0xE000)


def _of_one(rng: Rng, words: list[str]) -> str:
    return "\n".join(" ".join(rng.choices([*words, *PLAIN], k=8)) for _ in range(20))


_TEXTS: list[Callable[[Rng], str]] = [
    _mixed,
    _mixed,
    _glued,
    _any_characters,
    lambda rng: "",
    lambda rng: "\n" * rng.randrange(1, 200),
    lambda rng: "\n \t\n\r\n\n",
    lambda rng: "word",
    lambda rng: "word\n" * rng.randrange(1, 500),
    lambda rng: "one sentence of a few words",
    lambda rng: "fifteen letters\n" * rng.randrange(100, 1000),  # cuts fall between two lines
    lambda rng: "the same the same the same\n" * 300,
    lambda rng: "\n".join(f"unique{n} word{n} here{n}" for n in range(rng.randrange(1, 1500))),
    lambda rng: "x" * rng.choice([1, 1000, 70_000, 1_100_000]),
    lambda rng: rng.choice(["가", "👩‍👧", "e\u0301", "\u0301", "\u0308"]) * rng.choice([1, 1000, 40_000]),
    lambda rng: "word " * rng.choice([3000, 30_000]),
    lambda rng: rng.choice(["a b ", "가나 ", "가나다", "x"]) * rng.choice([20, 40, 800_000]),
    lambda rng: "\r".join(["old", "Macintosh", "lines"] * 30),
    lambda rng: "\r\n".join(["windows lines", "", "서울 은"] * 30),
    lambda rng: "\ufeff" + _mixed(rng),
    lambda rng: _of_one(rng, KOREAN),
    lambda rng: _of_one(rng, RIGHT_TO_LEFT),
    lambda rng: _of_one(rng, EMOJI),
    lambda rng: _of_one(rng, MARKS),
    lambda rng: _of_one(rng, MARKUP),
    lambda rng: _of_one(rng, FORMULAS),
    lambda rng: _of_one(rng, TERMINAL),
    lambda rng: _of_one(rng, SPACES),
    lambda rng: _of_one(rng, ODD),
    lambda rng: _of_one(rng, ADDRESSES),
]


def _encoded(rng: Rng, lines: str) -> tuple[bytes, bool]:
    """As bytes, and whether these are UTF-8."""
    chance = rng.random()
    if chance < 0.75:
        return lines.encode(), True
    if chance < 0.9:
        data = bytearray(lines.encode())
        for _ in range(rng.randrange(1, 6)):
            place = rng.randrange(len(data) + 1)
            data[place:place] = rng.choice(BAD_BYTES)
        return bytes(data), False
    encoding = rng.choice(["utf-16", "utf-16-le", "utf-16-be", "utf-32", "latin-1", "euc-kr", "utf-7"])
    return lines.encode(encoding, "replace"), False


# Rows


def row(rng: Rng) -> Any:
    """A value of a text column: perhaps null."""
    return None if rng.random() < 0.1 else text(rng)[:5000]


def session(rng: Rng) -> Any:
    """A value of a column of tokens."""
    if rng.random() < 0.1:
        return None
    return [rng.choice([None, "", *EVERY]) for _ in range(rng.randrange(8))]


def _json_lines(rng: Rng, mark: str) -> tuple[bytes, bool]:
    lines, is_intact = [json.dumps({"text": mark})], True
    for _ in range(rng.randrange(1, 30)):
        value = rng.choice([row, row, session])(rng)
        told = json.dumps({"text": value, "id": 7}, ensure_ascii=rng.random() < 0.5)
        if rng.random() < 0.1:
            told, is_intact = rng.choice(_ODD_JSON), False
        lines.append(told)
    return "\n".join(lines).encode(errors="surrogatepass"), is_intact


_ODD_JSON = [
    '{"text": "half \\ud800 of a pair"}',
    '{"text": "\\udc00\\ud83d\\ude00"}',
    '{"text": ["\\ud800", "x"]}',
    "{}",
    "[]",
    "null",
    "7",
    '"text"',
    "{",
    '{"text": 7}',
    '{"text": true}',
    '{"text": {"a": 1}}',
    '{"text": [1, 2.5]}',
    '{"text": [[1]]}',
    '{"text": [true]}',
    '{"text": [1, 2, null]}',
    '{"text": NaN}',
    '{"text": ' + "9" * 400 + "}",
    '{"text": [' + "9" * 400 + "]}",
    '{"text": [' + "9" * 5000 + "]}",
    '{"text": "a", "text": "b"}',
    '{"text": "\\u0000\\u2028\\n"}',
    "[" * 2000,
    '{"a":' * 2000,
    "\ufeff{}",
    "NaN",
    '{"text": "unclosed',
    "\x00",
]


def _table(rng: Rng, mark: str) -> tuple[pa.Table, bool]:
    """A table with a column `text`, and whether its type is one that is read."""
    if rng.random() < 0.2:
        wrong = rng.choice(_WRONG)
        return pa.table({"id": [1, 2], "text": wrong}), False
    if rng.random() < 0.4:
        values = [[mark], *(session(rng) for _ in range(rng.randrange(20)))]
        kind = rng.choice([pa.list_(pa.string()), pa.large_list(pa.string()), pa.list_(pa.large_string())])
        return pa.table({"text": pa.array(values, kind)}), True
    texts = pa.array(
        [mark, *(row(rng) for _ in range(rng.randrange(20)))], rng.choice([pa.string(), pa.large_string()])
    )
    return pa.table({"id": pa.array(range(len(texts))), "text": texts}), True


_WRONG = [
    pa.array([1, 2]),
    pa.array([1.5, None]),
    pa.array([True, False]),
    pa.array([b"a", b"\xff"]),
    pa.array([None, None]),
    pa.array([{"a": 1}, None]),
    pa.array([["a"], [None]], pa.list_(pa.binary())),
    pa.array([[1.5], []]),
    pa.array([[["a"]], []]),
    pa.array([[("k", "v")], []], pa.map_(pa.string(), pa.string())),
    pa.array([0, 1], pa.timestamp("us")),
    pa.array([0, 1], pa.date32()),
]

_BAD_STRINGS = pa.Array.from_buffers(
    pa.string(), 2, [None, pa.array([0, 3, 6], pa.int32()).buffers()[1], pa.py_buffer(b"a\xff b\xed\xa0")][:3]
)


def _parquet(rng: Rng, mark: str) -> tuple[bytes, bool]:
    table, is_intact = _table(rng, mark)
    if rng.random() < 0.1:
        table, is_intact = pa.table({"text": _BAD_STRINGS}), False
    if rng.random() < 0.05:
        table, is_intact = table.rename_columns(["body"] * len(table.schema.names)), False
    out = io.BytesIO()
    packing = rng.choice(["zstd", "snappy", "gzip", "brotli", "lz4", "none"])
    pq.write_table(table, out, compression=packing, row_group_size=rng.choice([1, 3, 1000]))
    return out.getvalue(), is_intact


def _orc(rng: Rng, mark: str) -> tuple[bytes, bool]:
    table, is_intact = _table(rng, mark)
    kinds = [field.type for field in table.schema]
    if any(pa.types.is_null(kind) or pa.types.is_large_list(kind) for kind in kinds):
        table, is_intact = pa.table({"text": [mark]}), True
    out = io.BytesIO()
    orc.write_table(table, out, compression=rng.choice(["zstd", "snappy", "zlib", "uncompressed"]))
    return out.getvalue(), is_intact


_AVRO_TYPES: list[tuple[Any, Callable[[Rng], Any], bool]] = [
    ("string", lambda rng: text(rng)[:5000], True),
    (["null", "string"], row, True),
    (["null", {"type": "array", "items": ["null", "string"]}], session, True),
    (
        {"type": "array", "items": "long"},
        lambda rng: [rng.randrange(-9, 9) for _ in range(rng.randrange(4))],
        True,
    ),
    ("long", lambda rng: 7, False),
    ("bytes", lambda rng: b"\xff", False),
    ("null", lambda rng: None, False),
    ("boolean", lambda rng: True, False),
    (["string", "long"], lambda rng: 3, False),
    ({"type": "enum", "name": "E", "symbols": ["A"]}, lambda rng: "A", False),
    ({"type": "fixed", "name": "F", "size": 2}, lambda rng: b"ab", False),
    ({"type": "map", "values": "string"}, lambda rng: {"a": "b"}, False),
    (
        {"type": "record", "name": "R", "fields": [{"name": "x", "type": "string"}]},
        lambda rng: {"x": "y"},
        False,
    ),
    ({"type": "int", "logicalType": "date"}, lambda rng: 3, False),
]


def _avro(rng: Rng, mark: str) -> tuple[bytes, bool]:
    kind, value, is_intact = rng.choice(_AVRO_TYPES)
    rows = [{"text": value(rng)} for _ in range(rng.randrange(1, 20))]
    if kind in ("string", ["null", "string"]):
        rows.append({"text": mark})
    else:
        is_intact = False  # without a mark
    schema = {"type": "record", "name": "Row", "fields": [{"name": "text", "type": kind}]}
    out = io.BytesIO()
    fastavro.writer(
        out,
        schema,
        rows,
        codec=rng.choice(["null", "deflate", "snappy", "zstandard", "bzip2"]),
        sync_marker=rng.randbytes(16),
    )
    return out.getvalue(), is_intact


_HEAD = (
    '<mediawiki><siteinfo><namespaces><namespace key="6" case="first-letter">파일</namespace>'
    '<namespace key="14">분류</namespace></namespaces></siteinfo>\n'
)


def _mediawiki(rng: Rng, mark: str) -> tuple[bytes, bool]:
    texts = [mark, *(text(rng)[:1500] for _ in range(rng.randrange(6)))]
    # XML knows no control characters: pages that hold them are faulty, and counted.
    pages = (
        f"<page><title>t</title><ns>{rng.choice([0, 0, 1]) if each != mark else 0}</ns><revision>"
        f"<text>{escape(each, quote=False)}</text></revision></page>\n"
        for each in texts
    )
    return (_HEAD + "".join(pages) + "</mediawiki>").encode(), True


# Files


_ENDINGS: dict[str, Callable[[Rng, str], tuple[bytes, bool]]] = {
    ".jsonl": _json_lines,
    ".ndjson": _json_lines,
    ".parquet": _parquet,
    ".orc": _orc,
    ".avro": _avro,
    ".xml": _mediawiki,
}
_PACKS: dict[str, Callable[[bytes], bytes]] = {
    ".gz": lambda data: gzip.compress(data, mtime=0),
    ".bz2": bz2.compress,
    ".zst": lambda data: bytes(pa.Codec("zstd").compress(data, asbytes=True)),
}
_NAMES = [
    "a",
    "서울 말뭉치",
    "줄\n바꿈",
    " lead and trail ",
    "#1%20?",
    "[x]",
    "=cmd|x",
    "<b>",
    "\x1b[31m",
    "\u202eabc",
    "é",
    "e\u0301",
    "q" * 200,
    "-rf",
    "a:b",
    "'\"",
    "😀",
]


def _file(made: _Made, number: int, settings: dict[str, Any]) -> None:
    rng, mark = made.rng, made.mark()
    ending = rng.choice(["", ".txt", ".txt", ".log", *_ENDINGS])
    data, is_intact = _text_file(rng, mark) if ending not in _ENDINGS else _ENDINGS[ending](rng, mark)
    if ending in ("", ".txt", ".log", ".jsonl", ".ndjson", ".xml") and rng.random() < 0.4:
        packing = rng.choice(list(_PACKS))
        ending += packing
        if rng.random() < 0.3:  # several members
            cut = rng.randrange(len(data) + 1)
            data = _PACKS[packing](data[:cut]) + _PACKS[packing](data[cut:])
        else:
            data = _PACKS[packing](data)
    if rng.random() < 0.25:
        data, is_intact = damaged(rng, data), False
    if rng.random() < 0.03:
        ending, is_intact = rng.choice([".txt", ".gz", ".bz2", ".zst", *_ENDINGS]), False
    if settings.get("strict"):
        is_intact = False  # what is whole may still hold what strict refuses
    (made.folder / f"{rng.choice(_NAMES)}{number}{ending}").write_bytes(data)
    made.is_intact &= is_intact
    if is_intact:
        made.marks.append(mark)


def _text_file(rng: Rng, mark: str) -> tuple[bytes, bool]:
    data, is_utf8 = _encoded(rng, text(rng))
    if not is_utf8:
        return data, False
    return data + b"\n" + mark.encode(), data.count(0) * 20 < len(data) + 20


def damaged(rng: Rng, data: bytes) -> bytes:
    """The bytes with one fault, or a few."""
    changed = bytearray(data)
    for _ in range(rng.choice([1, 1, 1, 4])):
        _DAMAGES[rng.randrange(len(_DAMAGES))](rng, changed)
    return bytes(changed)


def _place(rng: Rng, data: bytearray) -> int:
    """Anywhere, and often near the beginning or the end, where heads and footers are."""
    size = len(data)
    return min(
        size, rng.choice([rng.randrange(size + 1), rng.randrange(64), max(0, size - rng.randrange(1, 64))])
    )


def _cut(rng: Rng, data: bytearray) -> None:
    del data[_place(rng, data) :]


def _flip(rng: Rng, data: bytearray) -> None:
    for _ in range(rng.choice([1, 1, 5])):
        if data:
            data[_place(rng, data) % len(data)] ^= 1 << rng.randrange(8)


def _insert(rng: Rng, data: bytearray) -> None:
    place = _place(rng, data)
    data[place:place] = rng.randbytes(rng.randrange(1, 9))


def _remove(rng: Rng, data: bytearray) -> None:
    place = _place(rng, data)
    del data[place : place + rng.randrange(1, 9)]


def _repeat(rng: Rng, data: bytearray) -> None:
    begin = _place(rng, data)
    data[begin:begin] = data[begin : begin + rng.randrange(1, 2000)]


def _append(rng: Rng, data: bytearray) -> None:
    data += rng.choice(
        [b"\0" * 512, b"garbage", b"\n", rng.randbytes(100), bytes(data), b"\x1f\x8b", b"PAR1"]
    )


def _zero(rng: Rng, data: bytearray) -> None:
    begin = _place(rng, data)
    end = min(len(data), begin + rng.randrange(1, 600))
    data[begin:end] = bytes(end - begin)


_DAMAGES = [_cut, _flip, _insert, _remove, _repeat, _append, _zero]


def _around(made: _Made) -> None:
    """Folders, links and what is no file, beside the files."""
    rng, folder = made.rng, made.folder
    if rng.random() < 0.1:
        (folder / "둥근 고리").symlink_to(folder)
    if rng.random() < 0.1:
        (folder / "다시").symlink_to(rng.choice(sorted(folder.iterdir())).name)
    if rng.random() < 0.05:
        (folder / "nowhere").symlink_to("nowhere")
    if rng.random() < 0.05:
        (folder / "to nothing").symlink_to(folder / "is not there")
    if rng.random() < 0.1:
        deep = folder / "깊은\n곳" / "더"
        deep.mkdir(parents=True)
        mark = made.mark()
        (deep / "파일 이름.txt").write_text(f"{mark} word\n", encoding="utf-8")
        made.marks.append(mark)
    if rng.random() < 0.1:
        (folder / ".hidden").write_text("hidden\n")
        (folder / "_part").write_text("hidden\n")
        (folder / "빈 폴더").mkdir()

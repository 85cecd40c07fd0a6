"""Variants of text and binary vector files from public reports: what we make of each, and gensim beside it."""

import io
import logging
import re
import struct
import warnings
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from w2v_core.errors import UserError
from w2v_core.vectors.formats.detect_format import open_table
from w2v_core.vectors.formats.formats import export
from w2v_core.vectors.formats.table import VectorTable
from w2v_core.vectors.formats.word2vec_file import Word2VecFile
from w2v_core.vectors.word_vectors import WordVectors

DOCS = Path(__file__).parents[1] / "docs" / "vectors.md"
ROWS = {"king": (0.5, 0.25), "queen": (0.75, -2.0)}


class Variant(NamedTuple):
    """A file, and either its words with their vectors or the place and key words of the error."""

    data: bytes
    told: str | None = None
    rows: dict[str, tuple[float, ...]] = ROWS


def floats(*numbers: float) -> bytes:
    return struct.pack(f"<{len(numbers)}f", *numbers)


TEXT = b"2 2\nking 0.5 0.25\nqueen 0.75 -2.0\n"
GLOVE = TEXT[4:]
BINARY = b"2 2\nking " + floats(0.5, 0.25) + b"queen " + floats(0.75, -2.0)
BOM = b"\xef\xbb\xbf"
PRINTABLE = b"AAAABBBB"  # two float32, 12.08 and 48.56
VARIANTS = {
    "word2vec text": Variant(TEXT),
    "tabs": Variant(TEXT.replace(b" ", b"\t")),
    "a tab after the word": Variant(TEXT.replace(b"g ", b"g\t")),
    "two spaces": Variant(TEXT.replace(b" ", b"  ")),
    "a space at the end of lines": Variant(TEXT.replace(b"\n", b" \n")),
    "CRLF": Variant(TEXT.replace(b"\n", b"\r\n")),
    "CR alone": Variant(TEXT.replace(b"\n", b"\r")),
    "no last line end": Variant(TEXT[:-1]),
    "byte order mark": Variant(BOM + TEXT),
    "empty lines at the end": Variant(TEXT + b"\n \n"),
    "an empty line between": Variant(TEXT.replace(b"\nq", b"\n\nq"), "line 3: empty line"),
    "commas": Variant(TEXT[:4] + GLOVE.replace(b" ", b","), "line 2: commas spaces"),
    "semicolons": Variant(TEXT[:4] + GLOVE.replace(b" ", b";"), "line 2: semicolons spaces"),
    "non-breaking spaces": Variant(TEXT[:4] + GLOVE.replace(b" ", b"\xc2\xa0"), "line 2: non-breaking"),
    "decimal commas": Variant(TEXT.replace(b".", b","), "line 2: decimal comma"),
    "one dimension too many": Variant(b"2 3" + TEXT[3:], "line 2: 3 numbers got 2 numbers"),
    "one dimension too few": Variant(b"2 1" + TEXT[3:], "line 2: 1 number got 2 numbers"),
    "more words than declared": Variant(b"1" + TEXT[1:], "line 3: expected 1 words got another line"),
    "fewer words than declared": Variant(b"3" + TEXT[1:], "line 4: expected 3 words end of the file"),
    "a word with spaces": Variant(
        TEXT.replace(b"king", b"new york"), None, {"new york": (0.5, 0.25), "queen": (0.75, -2)}
    ),
    "a word that ends in a number": Variant(TEXT.replace(b"king", b"new york 1"), "line 2: got 3 numbers"),
    "a word that is a number": Variant(
        TEXT.replace(b"king", b"7"), None, {"7": (0.5, 0.25), "queen": (0.75, -2)}
    ),
    "the word nan": Variant(TEXT.replace(b"king", b"nan"), None, {"nan": (0.5, 0.25), "queen": (0.75, -2)}),
    "a word with U+00A0": Variant(
        TEXT.replace(b"king", "a\xa0b".encode()), None, {"a\xa0b": (0.5, 0.25), "queen": (0.75, -2)}
    ),
    "a word with U+0085": Variant(
        TEXT.replace(b"king", "a\x85b".encode()), None, {"a\x85b": (0.5, 0.25), "queen": (0.75, -2)}
    ),
    "an empty word": Variant(TEXT.replace(b"king", b""), "line 2: begins with a space"),
    "NaN as a number": Variant(TEXT.replace(b"0.75", b"NaN"), "line 3: 'NaN' not finite"),
    "a number beyond float32": Variant(TEXT.replace(b"0.75", b"1e39"), "line 3: '1e39' not finite"),
    "Fortran exponents": Variant(TEXT.replace(b"0.75", b"7.5D-01"), "line 3: '7.5D-01' exponents with E"),
    "hexadecimal": Variant(TEXT.replace(b"0.75", b"0x1p-1"), "line 3: '0x1p-1'"),
    "an underscore in a number": Variant(TEXT.replace(b"-2.0", b"1_0"), "line 3: '1_0'"),
    "+0.5, .25, 7.5E-1, -2.": Variant(b"2 2\nking +0.5 .25\nqueen 7.5E-1 -2.\n"),
    "Latin-1 words": Variant(
        TEXT.replace(b"king", b"caf\xe9").replace(b"queen", b"caf\xe8"),
        None,
        {"caf\\xe9": (0.5, 0.25), "caf\\xe8": (0.75, -2)},
    ),
    "base64 words, as Deeplearning4j's": Variant(
        TEXT.replace(b"king", b"B64:a2luZw==").replace(b"queen", b"B64:cXVlZW4=")
    ),
    "base64 words, a header of three numbers": Variant(
        b"2 2 9" + TEXT[3:].replace(b"king", b"B64:a2luZw==").replace(b"queen", b"B64:cXVlZW4=")
    ),
    "a word that begins with B64: and is not base64": Variant(
        TEXT.replace(b"king", b"B64:king?"), None, {"B64:king?": (0.5, 0.25), "queen": (0.75, -2)}
    ),
    "a later word that looks like base64": Variant(
        TEXT.replace(b"queen", b"B64:cXVlZW4="), None, {"king": (0.5, 0.25), "B64:cXVlZW4=": (0.75, -2)}
    ),
    "a word that is one space": Variant(
        TEXT.replace(b"king", b" "), None, {" ": (0.5, 0.25), "queen": (0.75, -2)}
    ),
    "a word that is one space, tabs": Variant(
        TEXT.replace(b"king", b"_").replace(b" ", b"\t").replace(b"_", b" "),
        None,
        {" ": (0.5, 0.25), "queen": (0.75, -2)},
    ),
    "two spaces before a word": Variant(TEXT.replace(b"king", b"  king"), "line 2: begins with a space"),
    "GloVe": Variant(GLOVE),
    "GloVe, a word that is one space": Variant(
        GLOVE.replace(b"king", b" "), None, {" ": (0.5, 0.25), "queen": (0.75, -2)}
    ),
    "GloVe, byte order mark": Variant(BOM + GLOVE),
    "GloVe, tabs": Variant(GLOVE.replace(b" ", b"\t")),
    "GloVe, CRLF": Variant(GLOVE.replace(b"\n", b"\r\n")),
    "GloVe, first word a number": Variant(
        GLOVE.replace(b"king", b"7"), None, {"7": (0.5, 0.25), "queen": (0.75, -2)}
    ),
    "GloVe, header of three numbers": Variant(
        b"2 2 1\n" + GLOVE.replace(b"\n", b" 1\n"), "line 2: got 3 numbers header"
    ),
    "GloVe of one dimension, first line two integers": Variant(
        b"7 5\n8 6\n", "line 2: 5 numbers got 1 number"
    ),
    "word2vec binary": Variant(BINARY),
    "binary, line feeds": Variant(
        b"2 2\nking " + floats(0.5, 0.25) + b"\nqueen " + floats(0.75, -2.0) + b"\n"
    ),
    "binary, a word that is one space": Variant(
        BINARY.replace(b"king", b" "), None, {" ": (0.5, 0.25), "queen": (0.75, -2)}
    ),
    "binary, a word that is one space, line feeds": Variant(
        b"2 2\nking " + floats(0.5, 0.25) + b"\n  " + floats(0.75, -2.0) + b"\n",
        None,
        {"king": (0.5, 0.25), " ": (0.75, -2)},
    ),
    "binary, byte order mark": Variant(BOM + BINARY),
    "binary, zeros": Variant(b"1 2\nking " + floats(0, 0), None, {"king": (0, 0)}),
    "binary, printable bytes": Variant(
        b"2 2\nking " + PRINTABLE + b"queen " + PRINTABLE,
        None,
        dict.fromkeys(ROWS, struct.unpack("<2f", PRINTABLE)),
    ),
    "binary, more words than declared": Variant(b"1" + BINARY[1:], "end of the file after 1 words"),
    "binary, fewer words than declared": Variant(b"3" + BINARY[1:], "word 3 of 3"),
    "binary, a word cut within a character": Variant(
        BINARY.replace(b"king", "é".encode()[:1]), None, {"\\xc3": (0.5, 0.25), "queen": (0.75, -2)}
    ),
    "fastText .bin": Variant(b"\xba\x16\x4f\x2f" + bytes(60), "fastText model .vec"),
    "zip": Variant(b"PK\x03\x04" + bytes(60), "archive Extract"),
    "pickle, as gensim's save()": Variant(b"\x80\x04\x95" + bytes(60), "pickle save_word2vec_format"),
    "UTF-16": Variant(GLOVE.decode().encode("utf-16"), "UTF-16 iconv"),
}


def read(path: Path) -> dict[str, tuple[float, ...]]:
    table = open_table(path)
    words = table.tokens.to_pylist()
    assert len(set(words)) == len(words)
    return dict(zip(words, map(tuple, table.vectors.tolist()), strict=True))


@pytest.mark.parametrize("name", VARIANTS)
def test_a_variant_is_read_as_meant_or_rejected_with_its_line(tmp_path, name):
    variant, path = VARIANTS[name], tmp_path / "v"
    path.write_bytes(variant.data)
    if variant.told is None:
        assert read(path) == {word: tuple(map(float, row)) for word, row in variant.rows.items()}
        return
    with pytest.raises(UserError) as caught:
        open_table(path)
    assert all(word in str(caught.value) for word in variant.told.split() if word != "got"), caught.value
    assert str(path) in str(caught.value)
    if variant.told.startswith("line"):
        assert ", ".join([str(path), variant.told.partition(": ")[0] + ":"]) in str(caught.value)


@pytest.mark.parametrize("name", [name for name, one in VARIANTS.items() if one.data[:1].isdigit()])
def test_a_warm_start_reads_a_variant_alike(tmp_path, name):
    variant, path = VARIANTS[name], tmp_path / "v"
    if name.startswith("GloVe"):
        return
    path.write_bytes(variant.data)
    if variant.told is None:
        words = [word for block, _ in Word2VecFile(path).blocks() for word in block]
        assert words == list(variant.rows)
    else:
        with pytest.raises(UserError):
            list(Word2VecFile(path).blocks())


def ours(variant: Variant) -> str:
    if variant.told is None:
        return "read"
    place, colon, _ = variant.told.partition(": ")
    return f"rejected, {place}" if colon else "rejected"


def gensims(name: str, variant: Variant, path: Path) -> str:
    """gensim's outcome: the same words and vectors, other ones, or an error."""
    from gensim.models import KeyedVectors

    path.write_bytes(variant.data)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            binary = "binary" in name or name.startswith("fastText")
            theirs = KeyedVectors.load_word2vec_format(
                str(path), binary=binary, no_header=name.startswith("GloVe")
            )
    except Exception as error:
        return type(error).__name__
    found = {word: tuple(theirs[word].tolist()) for word in theirs.index_to_key}
    meant = {word: tuple(map(float, row)) for word, row in variant.rows.items()}
    return (
        "read"
        if variant.told is None and found == meant
        else f"{len(found)} words, other than meant"
        if variant.told is None
        else f"{len(found)} words"
    )


def documented(folder: Path) -> str:
    out = io.StringIO()
    out.write("| variant | w2v | gensim 4.4 |\n|---|---|---|\n")
    for name, variant in VARIANTS.items():
        out.write(f"| {name} | {ours(variant)} | {gensims(name, variant, folder / 'v')} |\n")
    return out.getvalue()


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # gensim leaves files open
@pytest.mark.filterwarnings("ignore::ResourceWarning")
def test_the_table_of_variants_is_documented(tmp_path):
    gensim = pytest.importorskip("gensim")
    if not gensim.__version__.startswith("4.4"):
        pytest.skip("the table is of gensim 4.4")
    assert documented(tmp_path) in DOCS.read_text(encoding="utf-8")


def test_words_that_are_not_utf8_and_repeated_words_are_counted_once_a_file(tmp_path, caplog):
    (tmp_path / "v").write_bytes(b"a 1 2\ncaf\xe9 1 2\ncaf\xe8 3 4\na 5 6\n")
    with caplog.at_level(logging.WARNING, "w2v_core"):
        assert WordVectors.load(tmp_path / "v").tokens == ["a", "caf\\xe9", "caf\\xe8"]
    escaped, repeated = (record.getMessage() for record in caplog.records)
    assert "2 words are not in UTF-8, the first is 'caf\\xe9' in line 2" in escaped
    assert "left out 1 row whose word occurs in an earlier row, such as 'a'" in repeated


def held_in_text(word: str) -> bool:
    return not re.search(r"^$|[ \n\r]|\t[-+.\d]", word)


WORDS = st.lists(
    st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=6),
    min_size=1,
    max_size=6,
    unique=True,
)
NUMBERS = st.floats(width=32, allow_nan=False, allow_infinity=False)


@settings(deadline=None, max_examples=60)
@given(words=WORDS, size=st.integers(1, 4), data=st.data())
@pytest.mark.parametrize("form", ["word2vec-text", "word2vec-binary", "glove"])
def test_what_is_written_is_read_back(tmp_path_factory, form, words, size, data):
    import pyarrow as pa

    path = tmp_path_factory.mktemp("written") / "v"
    rows = data.draw(
        st.lists(st.lists(NUMBERS, min_size=size, max_size=size), min_size=len(words), max_size=len(words))
    )
    table = VectorTable(
        pa.chunked_array([pa.array(words)]), np.arange(len(words), 0, -1), np.array(rows, np.float32)
    )
    try:
        done = export(table, form, path)
    except UserError:
        assert not any(held_in_text(word) for word in words)
        return
    found = open_table(path)
    held = [
        (word, row) for word, row in zip(words, rows, strict=True) if word in set(found.tokens.to_pylist())
    ]
    assert len(held) == done.words == len(found.tokens)
    assert found.tokens.to_pylist() == [word for word, _ in held]
    np.testing.assert_array_equal(found.vectors, np.array([row for _, row in held], np.float32))


@settings(deadline=None, max_examples=200)
@given(
    place=st.integers(0, len(TEXT) - 1),
    byte=st.sampled_from(b" \t\n\r,;.-+eE0x\x00\xa0"),
    insert=st.booleans(),
)
@pytest.mark.parametrize("intact", [TEXT, GLOVE])
def test_one_changed_byte_never_makes_numbers_that_no_line_holds(
    tmp_path_factory, intact, place, byte, insert
):
    path = tmp_path_factory.mktemp("changed") / "v"
    data = intact[:place] + bytes([byte]) + intact[place + (not insert) :]
    path.write_bytes(data)
    try:
        found = read(path)
    except UserError:
        return
    held = {
        float(field)
        for field in data.split()
        if field.replace(b".", b"").strip(b"+-eE0123456789") == b"" and is_float(field)
    }
    assert {np.float32(number) for row in found.values() for number in row} <= {
        np.float32(number) for number in held
    }


def is_float(field: bytes) -> bool:
    try:
        float(field)
    except ValueError:
        return False
    return True

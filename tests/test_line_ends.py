"""A line feed, a carriage return, or both in this order end a line; nothing else does."""

import json
import re
from collections import Counter

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from test_columns import parquet, tokenized
from test_text import lines_of

from w2v_core.evaluation.word_pairs import numbered_lines
from w2v_core.io.line_ends import line_feeds, next_line
from w2v_core.io.word_list import read_word_list
from w2v_core.readers import lines as lines_module
from w2v_core.readers.lines import lines_of_rows

ENDS = ("\n", "\r\n", "\r", "\n\r", "\r\r\n")
TEXT = "The first line{0}the second{0}{0}and a third"
WORDS = [["the", "first", "line"], ["the", "second"], ["and", "a", "third"]]


def by_hand(text: str) -> list[str]:
    """The lines of a text, of which the last end begins no line."""
    lines = re.split("\r\n|\r|\n", text)
    return lines if lines[-1] else lines[:-1]


@settings(deadline=None, max_examples=400)
@given(
    st.lists(st.sampled_from(["a", "b c", "한", "\u2028", "\u0085", "\r", "\n", "\r\n"]), max_size=30),
    st.integers(1, 12),
    st.integers(1, 9),
)
def test_splits_share_nothing_and_lose_nothing_at_any_line_end(
    tmp_path_factory, pieces, split_bytes, chunk_bytes
):
    text = "".join(pieces)
    path = tmp_path_factory.mktemp("lines") / "x.txt"
    path.write_bytes(text.encode())
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(lines_module, "_CHUNK_BYTES", chunk_bytes)
        found, counters = lines_of(path, split_bytes)
    assert found == by_hand(text)
    assert counters["input_bytes"] == len(text.encode())


@given(st.lists(st.text("ab\r\n한", max_size=9), max_size=6))
def test_texts_of_columns_have_the_lines_that_line_feeds_give(texts):
    found, row_L = lines_of_rows(pa.array(texts, pa.string()), True, Counter())
    expected = [(line, row) for row, text in enumerate(texts) for line in re.split("\r\n|\r|\n", text)]
    assert list(zip(found.to_pylist(), row_L.tolist(), strict=True)) == expected


@given(
    st.binary(max_size=20).map(lambda data: bytes(b"\r\na"[byte % 3] for byte in data)), st.integers(0, 20)
)
def test_the_next_line_begins_after_the_first_end(data, begin):
    end = re.compile(rb"\r\n|\r|\n").search(data, begin)
    assert next_line(data, begin) == (end.end() if end else 0)
    assert line_feeds(data) == re.sub(rb"\r\n|\r", b"\n", data)


@pytest.mark.parametrize("end", ENDS)
def test_files_and_columns_give_the_same_sentences_at_every_line_end(tmp_path, end):
    text = TEXT.format(end)
    (tmp_path / "a.txt").write_bytes(text.encode())
    (tmp_path / "b.csv").write_bytes(f'id,text{end}1,"{text}"{end}'.encode())
    (tmp_path / "c.jsonl").write_bytes((end + json.dumps({"text": text}) + end).encode())
    parquet(tmp_path / "d.parquet", pa.array([text]))
    for name in ("a.txt", "b.csv", "c.jsonl", "d.parquet"):
        assert tokenized(tmp_path / name)[0] == WORDS, name


@pytest.mark.parametrize("end", ENDS)
def test_lists_of_words_and_pairs_have_the_same_line_ends(tmp_path, end):
    (tmp_path / "x").write_bytes(end.join(["b", "a a", "b"]).encode())
    assert read_word_list(str(tmp_path / "x"), "key") == ("a a", "b")
    assert [line for _, line in numbered_lines(str(tmp_path / "x"))] == ["b", "a a", "b"]

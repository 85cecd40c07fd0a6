"""What is large, unpacks to more than it is, or changes while it is read: memory is bounded, nothing is lost unseen.

Small sizes in `make test`, full ones under `make attack-input`. The bounds are the same.
"""

import bz2
import gzip
import io
import json
import os
import subprocess
import sys
import textwrap
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import fastavro
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from core_path import ONE_SPLIT, sharded, tokenized
from runs_by_hand import made_run
from test_inputs import HEAD, page

from w2v_core.config import TokenizeConfig
from w2v_core.errors import UserError
from w2v_core.readers import dictionary_decoding as decoded_batches
from w2v_core.readers import lines as lines_module
from w2v_core.readers import mediawiki
from w2v_core.readers.lines import read_lines
from w2v_core.readers.mediawiki import read_mediawiki
from w2v_core.readers.splits import find_files, plan_splits

MOST_MEMORY_MB = 200
"""What reading may take over what Python and its packages take, whatever the size of the input."""

_READ = """
    import resource, sys
    from w2v_core.config import TokenizeConfig
    from w2v_core.errors import UserError
    from w2v_core.io.filesystem import open_folder
    from w2v_core.readers.splits import find_files, plan_splits
    from w2v_core.tokenization.tokenizer_resources import TokenizerResources
    from w2v_core.tokenization.task import tokenize_part

    def read(path):
        for number, task in enumerate(plan_splits(find_files([path]), 1 << 40)):
            return tokenize_part(task, TokenizeConfig(), TokenizerResources(), open_folder(out), number).tokens.kept

    small, path, out = sys.argv[1:]
    read(small)  # tables of characters, which every task has
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    try:
        kept = read(path)
    except UserError as error:
        kept = str(error)
    print(kept)
    print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) // 1024)
"""


def read_elsewhere(path: Path, folder: Path) -> tuple[str, int]:
    """What reading the file in a process of its own gives, and how many MB it took."""
    small, out = folder / "small.txt", folder / "out"
    small.write_text("é ok\n" * 1000, encoding="utf-8")
    out.mkdir()
    command = [sys.executable, "-c", textwrap.dedent(_READ), str(small), str(path), str(out)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    told, megabytes = done.stdout.splitlines()
    return told, int(megabytes)


@pytest.fixture
def full(attacks) -> bool:
    return attacks >= 1000


@pytest.mark.parametrize("unit", ["word ", "서울 ", "가나다", "\u0301"], ids=ascii)
def test_a_long_line_takes_no_memory_of_its_length(tmp_path, full, unit):
    num_bytes = 200_000_000 if full else 5_000_000
    times = num_bytes // len(unit.encode())
    path = tmp_path / "line.txt"
    path.write_bytes(unit.encode() * times)
    told, megabytes = read_elsewhere(path, tmp_path)
    assert megabytes < MOST_MEMORY_MB
    if unit.endswith(" "):
        assert int(told) == times


def test_a_line_of_bytes_that_are_no_text_is_cut_in_the_time_of_others(tmp_path):
    (tmp_path / "x.txt").write_bytes(b"\x80" * (3 * lines_module.LONGEST_LINE))
    counters: Counter[str] = Counter()
    ((split,),) = plan_splits(find_files([str(tmp_path)]), ONE_SPLIT)
    pieces = [line for lines in read_lines(split, False, counters) for line in lines.to_pylist()]
    assert len("".join(pieces)) == counters["replaced_characters"] == 3 * lines_module.LONGEST_LINE
    assert counters["long_lines_cut"] == len(pieces) - 1 <= 3


def test_a_token_of_a_megabyte_goes_to_the_shards_and_to_the_page(tmp_path, w2v, inline):
    huge = "가" * 349_525
    (tmp_path / "in.txt").write_text(f"{huge} small\n" * 3, encoding="utf-8")
    found = tokenized(inline, [str(tmp_path / "in.txt")], {}, tmp_path / "out")
    assert found.account.kept == 6
    assert set(sharded(inline, found, sample=0).words["token"].to_pylist()) == {huge, "small"}
    run = made_run(tmp_path / "run", [huge, "small", "words"])
    assert w2v("report", "--run-dir", run.location)[0] == 0
    assert (tmp_path / "run" / "reports" / "report.html").stat().st_size < 200_000
    code, out, _ = w2v("neighbors", "--run-dir", run.location, "small")
    assert code == 0
    assert huge in out


# What unpacks to more than it is


def packed(path: Path, piece: bytes, times: int) -> None:
    opened = {".gz": gzip.open, ".bz2": bz2.open, ".zst": zstd_open}[path.suffix]
    with opened(path, "wb") as out:
        for _ in range(times):
            out.write(piece)


def zstd_open(path: Path, mode: str) -> pa.CompressedOutputStream:
    return pa.CompressedOutputStream(pa.OSFile(str(path), mode), "zstd")


@pytest.mark.parametrize("ending", [".gz", ".bz2", ".zst"])
@pytest.mark.parametrize("kind", ["lines", "one line"])
def test_a_packed_bomb_takes_no_memory_of_what_it_unpacks_to(tmp_path, full, ending, kind):
    unpacked = 1_000_000_000 if full else 20_000_000
    path = tmp_path / f"bomb{ending}"
    end = b"\n" if kind == "lines" else b" "
    piece = (b"." * 99_994 + b"word" + b" " + end) * 10
    packed(path, piece, unpacked // len(piece))
    assert path.stat().st_size < unpacked // 300
    told, megabytes = read_elsewhere(path, tmp_path)
    assert int(told) == unpacked // len(piece) * 10
    assert megabytes < MOST_MEMORY_MB


def test_a_packed_file_of_nothing_but_zeros_is_refused_at_once(tmp_path, full):
    path = tmp_path / "zeros.gz"
    packed(path, bytes(10_000_000), 1000 if full else 5)
    told, megabytes = read_elsewhere(path, tmp_path)
    assert "is binary" in told
    assert megabytes < MOST_MEMORY_MB


@pytest.mark.parametrize("kind", ["text", "tokens"])
def test_rows_of_one_text_take_no_memory_of_what_they_come_to(tmp_path, full, kind):
    times = 5_000 if full else 500
    text = "word " + "." * 199_995
    rows = pa.array([text] * times) if kind == "text" else pa.array([[text]] * times)
    pq.write_table(pa.table({"text": rows}), tmp_path / "bomb.parquet", compression="zstd")
    assert (tmp_path / "bomb.parquet").stat().st_size < 20_000
    told, megabytes = read_elsewhere(tmp_path / "bomb.parquet", tmp_path)
    assert int(told) == times
    # Of ready tokens what is read is also what is written, a row group of which is in memory.
    assert megabytes < MOST_MEMORY_MB or kind == "tokens"


def test_what_cannot_be_cut_and_is_too_large_is_refused(tmp_path, monkeypatch, inline):
    monkeypatch.setattr(lines_module, "LONGEST_UNCUT_LINE", 3_000_000)
    monkeypatch.setattr(mediawiki, "_LONGEST_PAGE", 2_000_000)
    monkeypatch.setattr(decoded_batches, "LARGEST_ROW", 3_000_000)
    (tmp_path / "a.jsonl").write_text('{"text": "' + "a " * 3_000_000 + '"}\n')
    (tmp_path / "a.xml").write_text(HEAD + "<page>" + "a " * 3_000_000)
    pq.write_table(pa.table({"text": [["a" * 1_000_000] * 4]}), tmp_path / "a.parquet")
    for name, told in (
        ("a.jsonl", "has a line of more than 3,000,000 bytes"),
        ("a.xml", "a page has no end within 2,000,000"),
        ("a.parquet", "has a row of more than 3,000,000"),
    ):
        assert told in tokenized(inline, [str(tmp_path / name)], {}, tmp_path / "out")


@pytest.mark.parametrize(
    "unit", ["<ref>", "<ref name=a ", "<b><i>", "[http://a ", "[[a|", "{{a|", "<!--", ";:*#", "{|\n"]
)
def test_markup_that_is_opened_without_end_takes_no_time(tmp_path, unit, inline):
    path = tmp_path / "a.xml"
    path.write_text(HEAD + page(unit * 100_000) + page("fine<br> " * 3000) + "</mediawiki>")
    found = tokenized(inline, [str(path)], {}, tmp_path / "out")
    assert found.counters["bad_rows"] == 1
    assert found.account.kept == 3000
    assert "tags or brackets that do not end" in tokenized(
        inline, [str(path)], {"strict": True}, tmp_path / "out"
    )


# Files that change while they are read


def split_of(path: Path) -> object:
    return plan_splits(find_files([str(path)]), ONE_SPLIT)[0][0]


def lines_while(split, change) -> Iterator[list[str]]:
    """The lines, block by block; after the first block `change` strikes."""
    for number, block in enumerate(read_lines(split, False, Counter())):
        if number == 0:
            change()
        yield block.to_pylist()


LINES = [f"line {number} of a file" for number in range(200_000)]


def test_a_file_that_grows_is_read_as_far_as_it_was(tmp_path):
    path = tmp_path / "a.txt"
    path.write_text("\n".join(LINES) + "\n")

    def grow():
        with path.open("a") as out:
            out.write("one more line\n" * 100_000)

    assert [line for block in lines_while(split_of(path), grow) for line in block] == LINES


@pytest.mark.parametrize("to", [0, 2_000_000])
def test_a_file_that_shrinks_is_named(tmp_path, to):
    path = tmp_path / "a.txt"
    path.write_text("\n".join(LINES) + "\n")
    split = split_of(path)
    with pytest.raises(UserError, match=r"a\.txt had [\d,]+ bytes .*shorter"):
        list(lines_while(split, lambda: os.truncate(path, to)))
    later = replace(split, begin=3_000_000)
    with pytest.raises(UserError, match="became shorter"):
        list(read_lines(later, False, Counter()))


def test_a_dump_that_shrinks_is_named(tmp_path):
    path = tmp_path / "a.xml"
    path.write_text(HEAD + page("one") * 100 + "</mediawiki>")
    split = split_of(path)
    path.write_text(HEAD + page("one") * 50)
    with pytest.raises(UserError, match="became shorter"):
        list(read_mediawiki(split, TokenizeConfig(), Counter()))


def test_a_file_that_is_replaced_is_read_as_the_one_that_was_opened(tmp_path):
    path = tmp_path / "a.txt"
    path.write_text("\n".join(LINES) + "\n")
    (tmp_path / "b.txt").write_text("other\n")
    found = lines_while(split_of(path), lambda: (tmp_path / "b.txt").rename(path))
    assert [line for block in found for line in block] == LINES


def test_a_file_that_is_gone_is_named(tmp_path):
    path = tmp_path / "a.txt"
    path.write_text("x\n")
    split = split_of(path)
    path.unlink()
    with pytest.raises(UserError, match=r"a\.txt cannot be read"):
        list(read_lines(split, False, Counter()))


def test_a_folder_that_cannot_be_entered_is_named(tmp_path, monkeypatch):
    """Tests run as root, too, who may enter any: the system's answer is put in its place."""
    (tmp_path / "inner").mkdir()
    (tmp_path / "a.txt").write_text("x\n")
    scandir = os.scandir

    def refusing(path):
        if str(path).endswith("inner"):
            raise PermissionError(13, "Permission denied", str(path))
        return scandir(path)

    monkeypatch.setattr(os, "scandir", refusing)
    with pytest.raises(UserError, match=r"inner .*Permission denied"):
        find_files([str(tmp_path)])


def test_a_file_that_may_not_be_read_is_named(tmp_path, monkeypatch):
    (tmp_path / "a.txt").write_text("x\n")
    split = split_of(tmp_path / "a.txt")

    def refusing(split):
        raise PermissionError(13, "Permission denied", split.file.path)

    monkeypatch.setattr(lines_module, "open_split", refusing)
    with pytest.raises(UserError, match=r"a\.txt .*Permission denied"):
        list(read_lines(split, False, Counter()))


def test_a_run_whose_name_holds_a_line_feed_is_told_on_one_line(tmp_path, w2v):
    run = made_run(tmp_path / "줄\n바꿈\x1b[2J", ["king", "queen", "man"])
    (Path(run.folder.path) / "vectors" / "input.npy").unlink()
    code, out, err = w2v("verify", "--run-dir", run.location, "--json")
    assert code == 2
    assert "input.npy is missing" in json.loads(out)[1]["problems"][0]
    told = [line for line in err.splitlines() if "is missing" in line]
    assert len(told) == 1
    assert "줄\\n바꿈\\x1b[2J" in told[0]
    assert "\x1b" not in err


# What a few bytes claim


def avro_of(path: Path, kind: object, value: bytes) -> Path:
    """A file of one row whose text is `a` and whose other field has these bytes."""
    fields = [{"name": "text", "type": "string"}, {"name": "other", "type": kind}]
    out = io.BytesIO()
    fastavro.writer(out, {"type": "record", "name": "Row", "fields": fields}, [])
    row = b"\x02a" + value
    path.write_bytes(out.getvalue() + zigzag(1) + zigzag(len(row)) + row + out.getvalue()[-16:])
    return path


def zigzag(number: int) -> bytes:
    """A number that is not negative, as Avro writes it."""
    number, out = number << 1, b""
    while number > 0x7F:
        out, number = out + bytes([number & 0x7F | 0x80]), number >> 7
    return out + bytes([number])


NODE = {"type": "record", "name": "Node", "fields": [{"name": "next", "type": ["null", "Node"]}]}
EMPTY = {"type": "record", "name": "Empty", "fields": [{"name": "x", "type": "null"}]}


@pytest.mark.parametrize(
    ("kind", "value", "told"),
    [
        (NODE, b"\x02" * 1_000_000 + b"\x00", "has the recursive type 'Node'"),
        ({"type": "array", "items": "null"}, zigzag(2**40) + b"\x00", "has an array of values of zero bytes"),
        ({"type": "array", "items": EMPTY}, zigzag(2**40) + b"\x00", "has an array of values of zero bytes"),
        (
            ["null", {"type": "array", "items": "null"}],
            b"\x02" + zigzag(2**40),
            "has an array of values of zero bytes",
        ),
        ({"type": "array", "items": "string"}, zigzag(2**40) + b"\x00", "cannot be read"),
        ("string", zigzag(2**60), "cannot be read"),
        ("bytes", b"\xff" * 9 + b"\x01", "cannot be read"),
    ],
)
def test_avro_that_claims_without_end_is_refused(tmp_path, kind, value, told, inline):
    path = avro_of(tmp_path / "a.avro", kind, value)
    assert told in tokenized(inline, [str(path)], {}, tmp_path / "out")


def test_avro_of_every_other_type_is_read(tmp_path, inline):
    ids = {"type": "array", "items": {"type": "enum", "name": "E", "symbols": ["A"]}}
    for kind, value in (
        (ids, b"\x02\x00\x00"),
        (EMPTY, b""),
        ({"type": "map", "values": "null"}, b"\x02\x02k\x00"),
    ):
        found = tokenized(inline, [str(avro_of(tmp_path / "a.avro", kind, value))], {}, tmp_path / "out")
        assert found.sentences["tokens"].to_pylist() == [["a"]]


# Names


def test_a_file_is_read_by_its_own_name_and_not_by_a_links(tmp_path, inline):
    (tmp_path / "in").mkdir()
    pq.write_table(pa.table({"text": ["words of a table"]}), tmp_path / "in" / "m.parquet")
    for name in ("a", "z.txt", "0.orc"):
        (tmp_path / "in" / name).symlink_to("m.parquet")
    found = tokenized(inline, [str(tmp_path / "in")], {}, tmp_path / "out")
    assert found.sentences["tokens"].to_pylist() == [["words", "of", "a", "table"]]
    assert [Path(path).name for path in found.files] == ["m.parquet"]


@pytest.mark.parametrize("ending", [".parquet", ".avro"])
def test_a_table_under_another_ending_is_read_as_a_table(tmp_path, ending):
    path = tmp_path / "table.txt"
    if ending == ".avro":
        avro_of(path, "null", b"")
    else:
        pq.write_table(pa.table({"text": ["a"]}), path)
    assert find_files([str(path)])[0].format == ending[1:]


def test_a_pipe_is_named_and_within_a_folder_passed_over(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "a.txt").write_text("x\n")
    with pytest.raises(UserError, match="pipe is a device"):
        find_files([str(tmp_path / "pipe")])
    assert [Path(file.path).name for file in find_files([str(tmp_path)])] == ["a.txt"]


def test_text_after_zeros_is_read_or_refused_however_it_is_cut(tmp_path, inline):
    """Bytes beyond the first split tell whether a file is text."""
    (tmp_path / "a.txt").write_bytes(b"\0" * 300 + b"\n" + b"words of text\n" * 1000)
    inputs = [str(tmp_path / "a.txt")]
    outcomes = [tokenized(inline, inputs, {}, tmp_path / "out", size) for size in (ONE_SPLIT, 1024)]
    assert [found.account.kept for found in outcomes] == [3000, 3000]

"""Lines, tokenizers and the first stage's task, without Spark."""

import bz2
import gzip
import tracemalloc
import unicodedata
from collections import Counter
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from words_by_hand import words_of

from w2v_core.config import TokenizeConfig
from w2v_core.errors import UserError
from w2v_core.io.filesystem import open_folder
from w2v_core.readers import lines as lines_module
from w2v_core.readers import splits as inputs_module
from w2v_core.readers.detect_format import Kind
from w2v_core.readers.lines import read_lines
from w2v_core.readers.splits import InputFile, detect_formats, find_files, plan_splits
from w2v_core.readers.wiki_extractor import is_doc_line, text_lines
from w2v_core.schemas import TOKENS
from w2v_core.tokenization.normalize import normalize
from w2v_core.tokenization.task import tokenize_part
from w2v_core.tokenization.tokenizer_resources import TokenizerResources
from w2v_core.tokenization.tokenizers import load_tokenizer, spelling, whitespace

PACK = {
    ".txt": bytes,
    ".gz": gzip.compress,
    ".bz2": bz2.compress,
    ".zst": lambda data: pa.Codec("zstd").compress(data, asbytes=True),
}


def lines_of(path: Path, split_bytes: int = 1 << 20, strict: bool = False) -> tuple[list[str], Counter[str]]:
    counters: Counter[str] = Counter()
    splits = [split for task in plan_splits(find_files([str(path)]), split_bytes) for split in task]
    return [
        line
        for split in splits
        for lines in read_lines(split, strict, counters)
        for line in lines.to_pylist()
    ], counters


# Tokenizers


def words(*lines: str) -> list[list[str]]:
    """What the default tokenizer makes of lines, spelled as it has them."""
    config = TokenizeConfig()
    spelled = normalize(pa.array(lines, pa.string()), spelling(config), Counter())
    lists = load_tokenizer(config)(spelled)
    lists.validate(full=True)
    return lists.to_pylist()


@pytest.mark.parametrize(
    ("line", "tokens"),
    [
        ("The Cat's 2nd hat_box, e.g. naïve!", ["the", "cat", "s", "2nd", "hat", "box", "e", "g", "naïve"]),
        ("서울은 한국의 수도이다.", ["서울은", "한국의", "수도이다"]),
        ("हिन्दी में लिखा", ["हिन्दी", "में", "लिखा"]),
        ("ที่ นี่", ["ที่", "นี่"]),
        ("東京タワー、高い。", ["東京タワー", "高い"]),
        ("ﬁnd ＡＢＣ１２ x²", ["find", "abc12", "x2"]),
        ("ΟΔΟΣ Straße", ["οδος", "straße"]),
        ("co\u00adop می\u200cخواهم", ["coop", "می\u200cخواهم"]),
        ("❤️ 👩‍👩‍👧 \u0301x", ["x"]),
        ("", []),
        ("...\x00 \u2028 ", []),
        ("a\x00b\u2028c\u00a0d", ["a", "b", "c", "d"]),
    ],
)
def test_unicode_words(line, tokens):
    assert words(line) == [tokens]


HARD = (
    "aZ9_éÉe\u0301\u0308ㄱㅏ가\u1100\u1161\u11a8Σσ ςİıßſ½"
    "…！ＡＢﬁ\u00ad\u200d\u0bbe\u0bd7が\u3099か\u00a0ȺⱥK\x00\U0001109a\U000110ba\U00020000"
)


@settings(max_examples=500)
@given(
    st.lists(st.text(st.one_of(st.sampled_from(HARD), st.characters(exclude_characters="\n", codec="utf-8"))))
)
def test_unicode_words_over_arrays_equal_those_over_strings(lines):
    assert words(*lines) == [words_of(line) for line in lines]


def test_every_character_beside_letters_and_marks_equals_the_strings():
    lines = [f"x{chr(code)}\u0301A{chr(code)}" for code in range(0x20000) if not 0xD800 <= code < 0xE000]
    assert words(*lines) == [words_of(line) for line in lines]


@given(st.text())
def test_unicode_words_are_normal_and_made_of_letters_digits_and_marks(line):
    for token in words(line)[0]:
        assert token == token.lower()
        assert unicodedata.category(token[0])[0] in "LN"
        assert {unicodedata.category(c)[0] for c in token if c not in "\u200c\u200d"} <= set("LNM")


@given(
    st.text(st.characters(categories=["L", "N"]), min_size=1), st.text(st.characters(categories=["P", "Z"]))
)
def test_every_letter_and_digit_of_the_line_is_in_a_word(word, noise):
    expected = unicodedata.normalize("NFKC", f"{noise}{word}{noise}").lower()
    kept = "".join(c for c in expected if unicodedata.category(c)[0] in "LN")
    found = "".join(words(f"{noise}{word}{noise}")[0])
    found = unicodedata.normalize("NFKC", found)
    assert "".join(c for c in found if unicodedata.category(c)[0] in "LN") == kept


def test_whitespace_leaves_tokens_alone():
    assert whitespace.tokenize(" Item_42  서울/NNP\u00a0the-CAT ") == ["Item_42", "서울/NNP", "the-CAT"]


@pytest.mark.parametrize(
    ("line", "is_doc"),
    [
        ('<doc id="1" url="u" title="가">', True),
        ("</doc>", True),
        ("  </doc> ", True),
        ("<doc>", False),
        ("<document x>", False),
        ("text </doc>", False),
    ],
)
def test_doc_lines(line, is_doc):
    assert is_doc_line(line) is is_doc


ENTITIES = "a &lt; b &gt; c &amp; d &quot;e&quot; f&#39;s g&nbsp;h &amp;lt; &copy;"
CHARACTERS = 'a < b > c & d "e" f\'s g\xa0h &lt; &copy;'
ARTICLE = (
    f'<doc id="1" url="https://x?id=1" title="Ein &quot;Titel&quot;">\n{ENTITIES}\n&lt;doc x&gt;\n</doc>\n'
)


@pytest.mark.parametrize("ends", ["\n", "\r\n"])
@pytest.mark.parametrize("begin", ["", "\ufeff"])
def test_entities_of_wiki_extractor_are_decoded_wherever_the_file_is_cut(tmp_path, begin, ends):
    data = (begin + 3 * ARTICLE).replace("\n", ends).encode()
    (tmp_path / "wiki_00").write_bytes(data)
    for split_bytes in (7, 50, len(data)):
        found = []
        for task in plan_splits(find_files([str(tmp_path / "wiki_00")]), split_bytes):
            for split in task:
                blocks = read_lines(split, True, Counter())
                for lines, is_doc in text_lines(split, blocks):
                    found += lines.filter(pc.invert(is_doc)).to_pylist()
        assert found == 3 * [CHARACTERS, "<doc x>"]


@pytest.mark.parametrize("first", ["", "text", "<doc>", '<doc id="1">', "\n" + ARTICLE.splitlines()[0]])
def test_entities_of_other_text_stay(tmp_path, first):
    (tmp_path / "x.txt").write_text(f"{first}\n{ENTITIES}\n{ARTICLE}", encoding="utf-8")
    for split_bytes in (7, 1 << 20):
        found = []
        for task in plan_splits(find_files([str(tmp_path / "x.txt")]), split_bytes):
            for split in task:
                for lines, _ in text_lines(split, read_lines(split, True, Counter())):
                    found += lines.to_pylist()
        assert found.count(ENTITIES) == 2


# Lines


CONTROL = {*map(chr, range(1, 32)), "\x7f"} - {*"\t\n\v\f\r\x1a\x1b"}


@settings(deadline=None, max_examples=200)
@given(
    st.lists(
        st.text(st.characters(exclude_characters="\n\r\0", exclude_categories=["Cs"]), max_size=12),
        max_size=30,
    ),
    st.integers(1, 40),
    st.integers(1, 9),
    st.sampled_from(["\n", "\r\n"]),
    st.booleans(),
)
def test_splits_share_nothing_and_lose_nothing(tmp_path_factory, lines, split_bytes, chunk_bytes, end, ends):
    path = tmp_path_factory.mktemp("lines") / "x.txt"
    data = end.join(lines) + (end if ends and lines and lines[-1] else "")
    control = sum(char in CONTROL for char in data)
    assume(data and (len(data.encode()) < 256 or control <= len(data.encode()) / 20))  # else it is binary
    path.write_bytes(data.encode())
    expected = data.replace("\r\n", "\n").removesuffix("\n").split("\n")
    before = lines_module._CHUNK_BYTES
    lines_module._CHUNK_BYTES = chunk_bytes
    try:
        assert lines_of(path, split_bytes)[0] == [
            line.removeprefix("\ufeff") if i == 0 else line for i, line in enumerate(expected)
        ]
    finally:
        lines_module._CHUNK_BYTES = before


@pytest.mark.parametrize("ending", [".txt", ".gz", ".bz2", ".zst", ".GZ"])
def test_every_compression_reads_the_same(tmp_path, ending):
    text = "한 줄\nsecond line\n" * 5000
    path = tmp_path / f"가나 다{ending}"
    path.write_bytes(PACK[ending.lower()](text.encode()))
    assert lines_of(path)[0] == text.splitlines()


@pytest.mark.parametrize("ending", [".gz", ".bz2", ".zst"])
def test_packed_files_end_to_end_read_on(tmp_path, ending):
    path = tmp_path / f"two{ending}"
    path.write_bytes(PACK[ending](b"one\n") + PACK[ending](b"two\n"))
    assert lines_of(path)[0] == ["one", "two"]


@pytest.mark.parametrize("ending", [".gz", ".bz2", ".zst"])
def test_a_packed_file_that_is_cut_short_is_named(tmp_path, ending):
    text = b"".join(b"%d\n" % (i * 7919 % 100_003) for i in range(50_000))
    path = tmp_path / f"cut{ending}"
    data = PACK[ending](text)
    path.write_bytes(data[: len(data) // 2])
    with pytest.raises(UserError, match=r"cut\.\w+ .*to its end"):
        lines_of(path)


def test_bad_bytes_are_replaced_and_counted(tmp_path):
    path = tmp_path / "latin1.txt"
    path.write_bytes(b"caf\xe9 ok \xff\xef\xbf\xbd\nplain\n")
    lines, counters = lines_of(path)
    assert lines == ["caf\ufffd ok \ufffd\ufffd", "plain"]
    assert counters["replaced_characters"] == 2


def test_strict_refuses_bad_bytes_and_names_the_file(tmp_path):
    path = tmp_path / "latin1.txt"
    path.write_bytes(b"caf\xe9\n")
    with pytest.raises(UserError, match=r"latin1.txt is not UTF-8 .*0xe9|latin1.txt is not UTF-8 .*xe9"):
        lines_of(path, strict=True)


def test_utf16_is_refused_with_the_way_out(tmp_path):
    path = tmp_path / "utf16.txt"
    path.write_bytes("hello\n".encode("utf-16"))
    with pytest.raises(UserError, match=r"utf16.txt is UTF-16"):
        lines_of(path)


@pytest.mark.parametrize(
    ("data", "told"),
    [
        ("text\n".encode("utf-16-le"), "is binary, or UTF-16 text"),
    ],
)
def test_what_is_no_text_is_refused(tmp_path, data, told):
    (tmp_path / "x.txt").write_bytes(data)
    with pytest.raises(UserError, match=told):
        lines_of(tmp_path / "x.txt")


def test_a_byte_order_mark_is_no_text(tmp_path):
    path = tmp_path / "bom.txt"
    path.write_bytes(b"\xef\xbb\xbfword\n")
    assert lines_of(path)[0] == ["word"]


# Inputs


def test_files_folders_and_globs(tmp_path):
    for name in ("a.txt", "b/c.txt", "b/[x] 가#1%.txt", ".hidden.txt", "_tmp/d.txt", "b/e.gz"):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(b"x\n")

    def names(*locations: str) -> list[str]:
        return [str(Path(file.path).relative_to(tmp_path)) for file in find_files(locations)]

    assert names(str(tmp_path)) == ["a.txt", "b/[x] 가#1%.txt", "b/c.txt", "b/e.gz"]
    assert names(f"{tmp_path}/a.txt", f"{tmp_path}/a.txt") == ["a.txt"]
    assert names(f"{tmp_path}/b/*.txt") == ["b/[x] 가#1%.txt", "b/c.txt"]
    assert names(f"{tmp_path}/**/*.txt") == ["a.txt", "b/[x] 가#1%.txt", "b/c.txt"]
    assert names(f"{tmp_path}/_tmp/*.txt") == ["_tmp/d.txt"]
    assert names(f"{tmp_path}/*/c.txt") == ["b/c.txt"]
    assert names(f"{tmp_path}/b/[x] 가#1%.txt") == ["b/[x] 가#1%.txt"]
    assert names(f"{tmp_path}/b") == names(f"{tmp_path}/?") == names((tmp_path / "b").as_uri())


def test_a_location_that_gives_nothing_is_named(tmp_path):
    (tmp_path / "empty").mkdir()
    for location, words in (
        (f"{tmp_path}/no.txt", "does not exist"),
        (f"{tmp_path}/empty", "holds no file"),
        (f"{tmp_path}/*.zst", "holds no file"),
    ):
        with pytest.raises(UserError, match=words) as fault:
            find_files([location])
        assert location in str(fault.value)
    for pattern in ("[z-a].txt", "a[!]]", "[\\]x"):
        with pytest.raises(UserError, match="nor a valid pattern|holds no file"):
            find_files([f"{tmp_path}/{pattern}"])
    with pytest.raises(UserError, match="--input"):
        find_files([])


def test_a_glob_looks_no_deeper_than_it_says(tmp_path, monkeypatch):
    (tmp_path / "a.txt").write_text("x")
    (tmp_path / "deep" / "er").mkdir(parents=True)
    (tmp_path / "deep" / "b.txt").write_text("x")
    listed = []
    selector = inputs_module.fs.FileSelector

    def listing(path, **options):
        listed.append((path, options))
        return selector(path, **options)

    monkeypatch.setattr(inputs_module.fs, "FileSelector", listing)
    assert [Path(file.path).name for file in find_files([f"{tmp_path}/*.txt"])] == ["a.txt"]
    assert [path for path, _ in listed] == [str(tmp_path)]
    assert not any(options.get("recursive") for _, options in listed)


def test_links_that_lead_round_in_circles_are_followed_once(tmp_path):
    (tmp_path / "a.txt").write_text("x\n")
    (tmp_path / "loop").symlink_to(tmp_path)
    (tmp_path / "again").symlink_to(tmp_path)
    assert len(find_files([str(tmp_path)])) == 1


def test_a_run_directory_among_the_input_is_no_input(tmp_path):
    (tmp_path / "a.txt").write_text("x\n")
    (tmp_path / "run" / "vectors").mkdir(parents=True)
    (tmp_path / "run" / "run.json").write_text("{}")
    (tmp_path / "run" / "vectors" / "input.npy").write_text("")
    assert [Path(file.path).name for file in find_files([str(tmp_path)])] == ["a.txt"]


@pytest.mark.parametrize("location", ["", " ", "caf\udce9"])
def test_a_name_that_is_none_is_refused(location):
    with pytest.raises(UserError, match="empty path|not UTF-8"):
        find_files([location])


def test_an_empty_packed_file_is_refused(tmp_path):
    (tmp_path / "a.txt").write_text("x\n")
    (tmp_path / "b.gz").write_bytes(b"")
    with pytest.raises(UserError, match=r"b.gz is empty"):
        find_files([str(tmp_path)])


def test_one_file_under_two_names_is_read_once(tmp_path, monkeypatch):
    (tmp_path / "a.txt").write_text("x\n")
    (tmp_path / "link.txt").symlink_to(tmp_path / "a.txt")
    monkeypatch.chdir(tmp_path)
    assert len(find_files(["a.txt", f"{tmp_path}/../{tmp_path.name}/a.txt", "link.txt"])) == 1


def test_a_file_that_is_plainly_no_text_is_refused(tmp_path):
    (tmp_path / "x.zip").write_bytes(b"PK")
    with pytest.raises(UserError, match=r"x.zip is neither .*tokenize.format"):
        detect_formats(find_files([str(tmp_path)]))


@given(st.lists(st.tuples(st.integers(0, 500), st.booleans()), max_size=20), st.integers(1, 200))
def test_a_plan_covers_every_byte_once_and_no_task_is_too_large(sizes, split_bytes):
    files = [
        InputFile(".", str(i), size, 0, known_kind=Kind("text", "gzip" if packed else None))
        for i, (size, packed) in enumerate(sizes)
    ]
    tasks = plan_splits(files, split_bytes)
    for file in files:
        parts = [(s.begin, s.end) for task in tasks for s in task if s.file == file]
        assert [begin for begin, _ in parts] == [0, *[end for _, end in parts]][: len(parts)]
        assert (parts[-1][1] if parts else 0) == file.size
        assert len(parts) <= 1 or file.compression is None
    for task in tasks:
        assert len(task) == 1 or sum(s.end - s.begin for s in task) <= split_bytes


# Long lines


def cut_by_hand(line: str, longest: int) -> list[str]:
    """The pieces of a line, each at most `longest` bytes."""
    data = line.encode()
    if len(data) <= longest:
        return [line]
    spaces = [place for place in range(longest // 2, longest) if data[place] in b" \t"]
    end = spaces[0] if spaces else max(n for n in range(1, longest + 1) if data[n] & 0xC0 != 0x80)
    rest = data[end + 1 :] if spaces else data[end:]
    return [data[:end].decode(), *cut_by_hand(rest.decode(), longest)]


@settings(deadline=None, max_examples=200)
@given(
    st.lists(st.text("ab 가\t", max_size=40), min_size=1, max_size=6),
    st.integers(1, 60),
    st.integers(1, 30),
    st.integers(8, 20),
)
def test_where_a_long_line_is_cut_depends_on_the_line_alone(
    tmp_path_factory, lines, split_bytes, chunk_bytes, longest
):
    path = tmp_path_factory.mktemp("long") / "x.txt"
    path.write_text("\n".join([*lines, "end"]), encoding="utf-8")
    expected = [piece for line in [*lines, "end"] for piece in cut_by_hand(line, longest)]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(lines_module, "_CHUNK_BYTES", chunk_bytes)
        patch.setattr(lines_module, "LONGEST_LINE", longest)
        found, counters = lines_of(path, split_bytes)
    assert found == expected
    assert counters["long_lines_cut"] == len(expected) - len(lines) - 1


@pytest.mark.slow
def test_a_document_without_line_breaks_fills_no_memory(tmp_path):
    words = 8_000_000
    with (tmp_path / "x.txt").open("w") as out:
        for _ in range(words // 1000):
            out.write("abcdefg " * 1000)
    counters: Counter[str] = Counter()
    (split,) = plan_splits(find_files([str(tmp_path / "x.txt")]), 1 << 40)[0]
    tracemalloc.start()
    found = sum(
        len(line.split()) for lines in read_lines(split, False, counters) for line in lines.to_pylist()
    )
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert found == words
    assert counters["long_lines_cut"] >= 30
    assert peak < 60e6 < (tmp_path / "x.txt").stat().st_size


# The task


def test_a_task_writes_sentences_and_accounts_for_every_line(tmp_path):
    text = '<doc id="1">\nTitle\n\nOne two. Three!\n...\n</doc>\n'
    (tmp_path / "w.txt").write_text(text)
    (tmp_path / "out").mkdir()
    splits = plan_splits(find_files([str(tmp_path / "w.txt")]), 1 << 20)[0]
    task_result = tokenize_part(
        splits, TokenizeConfig(), TokenizerResources(), open_folder(str(tmp_path / "out")), 7
    )
    table = pq.read_table(tmp_path / "out" / task_result.temporary_name, schema=TOKENS)
    assert table["tokens"].to_pylist() == [["title"], ["one", "two", "three"]]
    assert task_result.part == 7
    assert task_result.file is not None
    assert (task_result.file.name, task_result.file.rows) == (task_result.temporary_name, 2)
    assert task_result.tokens.read == task_result.tokens.kept == 4
    assert {
        name: count
        for name, count in task_result.counters.items()
        if "row" not in name and "page" not in name
    } == {
        "input_bytes": len(text),
        "lines": 6,
        "doc_lines": 2,
        "lines_without_token": 2,
        "replaced_characters": 0,
        "empty_tokens": 0,
        "token_lists": 0,
        "long_lines_cut": 0,
        "sentences": 2,
        "characters_normalized": 0,
        "accents_stripped": 0,
        "characters_lowered": 3,
        "digits_folded": 0,
        "urls_folded": 0,
        "emails_folded": 0,
    }


def test_a_task_that_fails_leaves_no_file(tmp_path):
    (tmp_path / "w.txt").write_bytes(b"ok\n\xff\n")
    (tmp_path / "out").mkdir()
    splits = plan_splits(find_files([str(tmp_path / "w.txt")]), 1 << 20)[0]
    with pytest.raises(UserError):
        tokenize_part(
            splits, TokenizeConfig(strict=True), TokenizerResources(), open_folder(str(tmp_path / "out")), 0
        )
    assert list((tmp_path / "out").iterdir()) == []

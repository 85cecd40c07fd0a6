"""Vectors written for other systems, which read them back with the same neighbours; and read back by us."""

import json
import os
import re
import warnings
from itertools import pairwise
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from w2v_core import WordVectors
from w2v_core.errors import UserError
from w2v_core.executors import spark as _spark
from w2v_core.runs.output_folder import OutputFolder
from w2v_core.runs.run_directory import RunDir
from w2v_core.vectors.formats import table as table_module
from w2v_core.vectors.formats.detect_format import open_table
from w2v_core.vectors.formats.formats import FORMATS, export
from w2v_core.vectors.formats.table import VectorTable
from w2v_core.vectors.formats.text_lines import numbers_between

TEXT = {"word2vec-text", "spacy", "glove"}
BINARY, PROJECTOR = {"word2vec-binary"}, {"projector"}

# Each token, and the formats that cannot hold it.
ODD = {
    "": TEXT | BINARY | PROJECTOR,
    " ": TEXT | BINARY,
    "New York": TEXT | BINARY,
    " lead": TEXT | BINARY,
    "trail ": TEXT | BINARY,
    "line\nfeed": TEXT | BINARY | PROJECTOR,
    "\nlead": TEXT | BINARY | PROJECTOR,
    "\n": TEXT | BINARY | PROJECTOR,
    "carriage\rreturn": TEXT | PROJECTOR,
    "end\r": TEXT | PROJECTOR,
    "tab\tbed": PROJECTOR,
    "\t": PROJECTOR,
    "no\u00a0break": set(),
    "\u00a0": set(),
    "next\u0085line": set(),
    "\u0085": set(),
    "line\u2028separator": set(),
    "\u2028": set(),
    "paragraph\u2029separator": set(),
    "wide\u3000space": set(),
    "\u200b": set(),
    "\u3164": set(),
    "\ufeffmark": set(),
    "vertical\x0btab": set(),
    "form\x0cfeed": set(),
    "file\x1cseparator": set(),
    '"': set(),
    '"quoted"': set(),
    "it's": set(),
    "a,b": set(),
    "back\\slash": set(),
    "\\n": set(),
    "#": set(),
    "</s>": set(),
    "2007": set(),
    "1": set(),
    "-0.5": set(),
    "nan": set(),
    "null": set(),
    "NA": set(),
    "{": set(),
    "서울": set(),
    "각": set(),
    "👩‍🔬": set(),
}
PLAIN = [f"word{number}" for number in range(20)]
WORDS = [*PLAIN[:10], *ODD, *PLAIN[10:]]
LOADED = [name for name in FORMATS if name != "projector"]
HELD = {name: [word for word in WORDS if name not in ODD.get(word, ())] for name in FORMATS}


def a_table(words=WORDS, vector_size=12, seed=0) -> VectorTable:
    rows = np.random.default_rng(seed).normal(size=(len(words), vector_size)).astype(np.float32)
    counts = 3 * np.arange(len(words), 0, -1, dtype=np.int64)
    return VectorTable(pa.chunked_array([pa.array(words, pa.string())]), counts, rows)


@pytest.fixture(autouse=True)
def small_blocks(monkeypatch):
    """Several blocks a file, so that what is between them is tested."""
    monkeypatch.setattr(table_module, "BLOCK_ROWS", 7)


@pytest.fixture
def gensim_models():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return pytest.importorskip("gensim.models", reason="the oracle is not installed")


def place(tmp_path: Path, name: str) -> str:
    return str(tmp_path / "out") if FORMATS[name].names else str(tmp_path / "out.file")


def slow_neighbors(words, rows, word, k=5):
    unit = rows / np.linalg.norm(rows, axis=1, keepdims=True)
    cosine = unit @ unit[words.index(word)]
    return [words[i] for i in np.argsort(-cosine) if words[i] != word][:k]


def expected_neighbors(table: VectorTable, held: list[str], word: str) -> list[str]:
    words = table.tokens.to_pylist()
    return slow_neighbors(held, table.vectors[[words.index(one) for one in held]], word)


# --- every format ---


@pytest.mark.parametrize("name", LOADED)
def test_what_is_written_is_read_back_to_the_bit(tmp_path, name):
    table = a_table()
    done = export(table, name, place(tmp_path, name))
    assert (done.words, done.num_skipped) == (len(HELD[name]), len(WORDS) - len(HELD[name]))
    loaded = WordVectors.load(place(tmp_path, name))
    assert loaded.tokens == HELD[name]
    ids = [WORDS.index(word) for word in HELD[name]]
    np.testing.assert_array_equal(loaded.vectors, table.vectors[ids])
    keeps_counts = name in {"parquet", "npy", "safetensors"}
    counts = table.counts[ids] if keeps_counts else np.arange(len(ids), 0, -1)
    np.testing.assert_array_equal(loaded.counts, counts)
    assert loaded.counts.dtype == np.int64
    for word in ("word3", "서울", "2007"):
        found = [near for near, _ in loaded.most_similar(word, topn=5)]
        assert found == expected_neighbors(table, HELD[name], word)


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize("odd", ODD, ids=ascii)
def test_an_odd_token_is_held_or_left_out_and_told(tmp_path, name, odd):
    table = a_table(["before", odd, "after"])
    done = export(table, name, place(tmp_path, name))
    held = name not in ODD[odd]
    assert done.skipped == (() if held else (odd,))
    if name in LOADED:
        words = ["before", odd, "after"] if held else ["before", "after"]
        assert open_table(place(tmp_path, name)).tokens.to_pylist() == words
    if held:
        export(table, name, place(tmp_path, name), strict=True)
    else:
        with pytest.raises(UserError, match=re.escape(f"{name} cannot hold 1 words ({odd!a}")):
            export(table, name, place(tmp_path, name), strict=True)


@pytest.mark.parametrize("name", FORMATS)
def test_an_odd_token_may_stand_first(tmp_path, name):
    for odd in HELD[name]:
        table = a_table([odd, "after"], vector_size=1)
        export(table, name, place(tmp_path, name))
        if name in LOADED:
            assert open_table(place(tmp_path, name)).tokens.to_pylist() == [odd, "after"]


@pytest.mark.parametrize("name", FORMATS)
def test_limit_takes_the_most_frequent(tmp_path, name):
    export(a_table(), name, place(tmp_path, name), limit=9)
    if name in LOADED:
        assert open_table(place(tmp_path, name)).tokens.to_pylist() == WORDS[:9]
    else:
        assert len((tmp_path / "out" / "vectors.tsv").read_text().splitlines()) == 9


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize("source", ["safetensors", "parquet", "npy", "glove"])
def test_what_was_loaded_is_written_again(tmp_path, source, name):
    export(a_table(PLAIN), source, str(tmp_path / "source"))
    export(open_table(str(tmp_path / "source")), name, place(tmp_path, name))
    if name in LOADED:
        assert open_table(place(tmp_path, name)).tokens.to_pylist() == PLAIN


@given(arrays(np.float32, (4, 3), elements=st.floats(width=32, allow_nan=False, allow_infinity=False)))
def test_numbers_as_text_are_the_same_float32_and_no_integers(vectors_ND):
    rows = [row.split(" ") for row in numbers_between(vectors_ND, " ").to_pylist()]
    assert np.array(rows).astype(np.float32).tobytes() == vectors_ND.tobytes()
    assert not any(re.fullmatch(r"[+-]?\d+", number) for row in rows for number in row)


# --- other systems ---


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("word2vec-text", {}),
        ("spacy", {}),
        ("word2vec-binary", {"binary": True}),
        ("glove", {"no_header": True}),
    ],
)
@pytest.mark.parametrize("ending", ["", ".gz", ".bz2"])
@pytest.mark.filterwarnings("ignore:.*FileIO:pytest.PytestUnraisableExceptionWarning")  # gensim's no_header
@pytest.mark.filterwarnings("ignore:.*BufferedReader:pytest.PytestUnraisableExceptionWarning")
@pytest.mark.filterwarnings("ignore::ResourceWarning")
def test_gensim_loads_it_with_the_same_neighbors(tmp_path, gensim_models, name, options, ending):
    table = a_table()
    export(table, name, str(tmp_path / f"v{ending}"))
    theirs = gensim_models.KeyedVectors.load_word2vec_format(str(tmp_path / f"v{ending}"), **options)
    assert theirs.index_to_key == HELD[name]
    ids = [WORDS.index(word) for word in HELD[name]]
    np.testing.assert_array_equal(theirs.vectors, table.vectors[ids])
    ours = WordVectors.load(str(tmp_path / f"v{ending}"))
    for word in ("word3", "서울", "\u00a0"):
        expected, found = theirs.most_similar(word), ours.most_similar(word)
        assert [near for near, _ in found] == [near for near, _ in expected]
        np.testing.assert_allclose([s for _, s in found], [s for _, s in expected], atol=1e-5)


def test_what_gensim_writes_is_loaded(tmp_path, gensim_models):
    theirs = gensim_models.KeyedVectors(12)
    table = a_table(HELD["word2vec-text"])
    theirs.add_vectors(HELD["word2vec-text"], table.vectors)
    for path, options in {"t.txt": {}, "b.bin": {"binary": True}, "g.txt": {"write_header": False}}.items():
        theirs.save_word2vec_format(str(tmp_path / path), **options)
        loaded = WordVectors.load(str(tmp_path / path))
        assert loaded.tokens == HELD["word2vec-text"]
        np.testing.assert_array_equal(loaded.vectors, table.vectors)


@pytest.mark.parametrize("ending", ["txt", "txt.gz"])
def test_spacy_loads_it_with_the_same_neighbors(tmp_path, ending):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        spacy = pytest.importorskip("spacy", reason="the oracle is not installed")
        from spacy.training.initialize import convert_vectors  # what `spacy init vectors` calls
    table = a_table()
    path = tmp_path / f"vectors.{ending}"
    export(table, "spacy", str(path))
    nlp = spacy.blank("en")
    convert_vectors(nlp, path, truncate=-1, prune=-1)
    theirs = nlp.vocab.vectors
    assert theirs.shape == (len(HELD["spacy"]), 12)
    for word in HELD["spacy"]:
        np.testing.assert_array_equal(nlp.vocab.get_vector(word), table.vectors[WORDS.index(word)])
    for word in ("word3", "서울"):
        keys, _, _ = theirs.most_similar(nlp.vocab.get_vector(word)[None], n=6)
        found = [nlp.vocab.strings[key] for key in keys[0]]
        assert found == [word, *expected_neighbors(table, HELD["spacy"], word)]


def test_spark_reads_parquet_as_a_table(tmp_path, spark_config):
    table = a_table()
    export(table, "parquet", str(tmp_path / "v.parquet"))
    frame = _spark.session(spark_config).read.parquet(str(tmp_path / "v.parquet"))
    assert frame.dtypes == [
        ("id", "int"),
        ("token", "string"),
        ("count", "bigint"),
        ("vector", "array<float>"),
    ]
    rows = frame.orderBy("id").collect()
    assert [row["token"] for row in rows] == WORDS
    assert [row["count"] for row in rows] == table.counts.tolist()
    vectors = np.array([row["vector"] for row in rows], np.float32)
    np.testing.assert_array_equal(vectors, table.vectors)
    frame.coalesce(1).write.parquet(str(tmp_path / "by_spark"))
    (part,) = (tmp_path / "by_spark").glob("*.parquet")
    ours = WordVectors.load(str(part))
    assert ours.tokens == WORDS
    assert [w for w, _ in ours.most_similar("서울", topn=5)] == slow_neighbors(WORDS, vectors, "서울")


@pytest.mark.parametrize("dtype", ["float32", "float16"])
def test_the_safetensors_package_reads_ours(tmp_path, dtype):
    safetensors = pytest.importorskip("safetensors.numpy", reason="the oracle is not installed")
    table = a_table()
    export(table, "safetensors", str(tmp_path / "v.safetensors"), dtype=dtype)
    tensors = safetensors.load_file(str(tmp_path / "v.safetensors"))
    assert tensors["vectors"].dtype == dtype
    np.testing.assert_array_equal(tensors["vectors"], table.vectors.astype(dtype))
    np.testing.assert_array_equal(tensors["counts"], table.counts)
    spelled, offsets = tensors["token_bytes"].tobytes(), tensors["token_offsets"]
    words = [spelled[begin:end].decode() for begin, end in pairwise(offsets)]
    assert words == WORDS
    rows = tensors["vectors"].astype(np.float32)
    ours = [w for w, _ in WordVectors.load(str(tmp_path / "v.safetensors")).most_similar("word3", topn=5)]
    assert slow_neighbors(words, rows, "word3") == ours


def test_a_file_of_the_safetensors_package_is_loaded(tmp_path):
    safetensors = pytest.importorskip("safetensors.numpy", reason="the oracle is not installed")
    rows = np.eye(3, dtype=np.float32)
    words = {"token_offsets": np.array([0, 1, 2, 5]), "token_bytes": np.frombuffer("ab한".encode(), np.uint8)}
    safetensors.save_file({"vectors": rows, **words}, str(tmp_path / "v"))
    loaded = WordVectors.load(str(tmp_path / "v"))
    assert (loaded.tokens, loaded.counts.tolist()) == (["a", "b", "한"], [3, 2, 1])
    np.testing.assert_array_equal(loaded.vectors, rows)
    safetensors.save_file({"weight": rows}, str(tmp_path / "v"))
    with pytest.raises(UserError, match="'token_bytes' .*weight"):
        WordVectors.load(str(tmp_path / "v"))


def test_numpy_reads_npy(tmp_path):
    table = a_table()
    export(table, "npy", str(tmp_path / "v"), dtype="float16")
    vectors = np.load(tmp_path / "v" / "vectors.npy")
    np.testing.assert_array_equal(vectors, table.vectors.astype(np.float16))
    assert json.loads((tmp_path / "v" / "tokens.json").read_text()) == WORDS
    np.testing.assert_array_equal(np.load(tmp_path / "v" / "counts.npy"), table.counts)
    assert slow_neighbors(WORDS, vectors.astype(np.float32), "서울") == [
        w for w, _ in WordVectors.load(str(tmp_path / "v")).most_similar("서울", topn=5)
    ]


def test_the_projector_gets_as_many_lines_as_words(tmp_path):
    table, held = a_table(), HELD["projector"]
    export(table, "projector", str(tmp_path / "v"))
    metadata, vectors = (
        [line.split("\t") for line in (tmp_path / "v" / name).read_bytes().decode().split("\n")[:-1]]
        for name in ("metadata.tsv", "vectors.tsv")
    )
    assert metadata[0] == ["token", "count"]
    assert [word for word, _ in metadata[1:]] == held
    ids = [WORDS.index(word) for word in held]
    assert [int(count) for _, count in metadata[1:]] == table.counts[ids].tolist()
    rows = np.array(vectors).astype(np.float32)
    np.testing.assert_array_equal(rows, table.vectors[ids])
    assert slow_neighbors(held, rows, "word3") == expected_neighbors(table, held, "word3")


# --- narrower numbers ---


def test_float16_tells_what_it_costs(tmp_path):
    # Rows of whole numbers below 2048 lose nothing; two that differ only beyond float16's 11 bits become one.
    same = VectorTable(
        pa.chunked_array([["a", "b", "c"]]), np.array([3, 2, 1]), np.eye(3, dtype=np.float32) * 2047
    )
    loss = export(same, "npy", str(tmp_path / "v"), dtype="float16").quantization_error
    assert (loss.words, loss.mean_cosine, loss.neighbor_overlap) == (3, 1, 1)
    rng = np.random.default_rng(0)
    close = (1 + rng.normal(size=(500, 4)) * 1e-4).astype(np.float32)
    words = [str(number) for number in range(500)]
    loss = export(a_table(words), "npy", str(tmp_path / "v"), dtype="float16").quantization_error
    assert 0.9999999 < loss.mean_cosine <= 1.0000001
    assert loss.neighbor_overlap > 0.95
    table = VectorTable(pa.chunked_array([words]), a_table(words).counts, close)
    lost = export(table, "npy", str(tmp_path / "v"), dtype="float16").quantization_error
    assert lost.neighbor_overlap < 0.5


def test_float32_costs_nothing_and_tells_nothing(tmp_path):
    assert export(a_table(), "npy", str(tmp_path / "v")).quantization_error is None


@pytest.mark.parametrize(
    ("name", "options", "told"),
    [
        ("word2vec", {}, "format = 'word2vec' is not known; choose one of word2vec-text"),
        ("npy", {"dtype": "float8"}, "dtype = 'float8' is not known; choose one of float32, float16"),
        ("parquet", {"dtype": "float16"}, "dtype = float16 is not for parquet; npy and safetensors take it"),
        ("glove", {"limit": 0}, "limit = 0 must be at least 1"),
    ],
)
def test_what_does_not_go_together_is_refused(tmp_path, name, options, told):
    with pytest.raises(UserError, match=re.escape(told)):
        export(a_table(), name, str(tmp_path / "v"), **options)
    assert list(tmp_path.iterdir()) == []


def test_numbers_beyond_float16_are_refused(tmp_path):
    table = VectorTable(pa.chunked_array([["a"]]), np.array([1]), np.array([[7e4]], np.float32))
    with pytest.raises(UserError, match="70000, .*float16"):
        export(table, "npy", str(tmp_path / "v"), dtype="float16")
    assert not (tmp_path / "v").exists()


# --- whole files only ---


def files_of(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize("name", FORMATS)
def test_an_export_that_fails_leaves_what_was_there(tmp_path, name):
    export(a_table(), name, place(tmp_path, name))
    before = files_of(tmp_path)
    broken = a_table(seed=1)
    broken.vectors[-1, 3] = np.nan
    with pytest.raises(UserError, match="'word19' holds NaN"):
        export(broken, name, place(tmp_path, name))
    assert files_of(tmp_path) == before
    export(a_table(seed=1), name, place(tmp_path, name))
    assert files_of(tmp_path).keys() == before.keys()
    assert files_of(tmp_path) != before


@pytest.mark.parametrize("name", FORMATS)
def test_a_file_system_of_pyarrow_is_written_to(tmp_path, name):
    folder = tmp_path / "한글 #1"
    done = export(a_table(), name, f"file://{folder}/deeper/v")
    assert done.words == len(HELD[name])
    if name in LOADED:
        assert WordVectors.load(f"file://{folder}/deeper/v").tokens == HELD[name]


def test_files_and_folders_are_not_mixed_up(tmp_path):
    (tmp_path / "file").write_text("mine")
    (tmp_path / "folder").mkdir()
    for name, path, told in (
        ("npy", "file", "is a file, and npy writes several"),
        ("glove", "folder", "is a folder, and glove writes one file"),
        ("glove", "new/", "is a folder, and glove writes one file"),
        ("parquet", "v.parquet.gz", "parquet files cannot be compressed"),
    ):
        with pytest.raises(UserError, match=told):
            export(a_table(), name, f"{tmp_path}/{path}")
    assert (tmp_path / "file").read_text() == "mine"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file", "folder"]


@pytest.mark.parametrize("name", FORMATS)
def test_what_is_no_file_is_not_replaced_by_one(tmp_path, name):
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "link").symlink_to(tmp_path / "pipe")
    for place in ("pipe", "link"):
        with pytest.raises(UserError, match="is a device"):
            export(a_table(), name, str(tmp_path / place))
        with pytest.raises(UserError, match="is a device"):
            WordVectors.load(str(tmp_path / place))
    assert (tmp_path / "pipe").is_fifo()
    assert (tmp_path / "link").is_symlink()


def test_a_link_stays_and_its_file_is_written(tmp_path):
    (tmp_path / "link").symlink_to(tmp_path / "file")
    for words in (["a"], ["b"]):
        export(a_table(words), "glove", str(tmp_path / "link"))
        assert (tmp_path / "link").is_symlink()
        assert open_table(str(tmp_path / "file")).tokens.to_pylist() == words


def test_a_file_that_cannot_be_written_is_named(tmp_path):
    (tmp_path / "file").write_text("mine")
    for name in ("glove", "npy"):
        path = tmp_path / "file" / "v"
        with pytest.raises(UserError, match=re.escape(f"{path} cannot be written: ")):
            export(a_table(), name, str(path))


def test_a_file_is_no_folder_for_documents(tmp_path):
    (tmp_path / "file").write_text("mine")
    os.mkfifo(tmp_path / "pipe")
    for name in ("file", "pipe"):
        with pytest.raises(UserError, match=f"--output .*{name} is no folder; name a new or an empty one"):
            OutputFolder(str(tmp_path / name), "documents")


def test_a_name_that_is_not_utf8_is_told(tmp_path):
    for fails in (
        lambda path: export(a_table(), "glove", path),
        WordVectors.load,
        RunDir.open,
        RunDir.create,
        lambda path: OutputFolder(path, "documents"),
    ):
        with pytest.raises(UserError, match=r"udcff' .*UTF-8; rename"):
            fails(f"{tmp_path}/\udcff")


# --- reading what others wrote ---


def test_of_a_word_that_comes_twice_the_first_counts_as_in_gensim(tmp_path, gensim_models):
    (tmp_path / "v").write_text("3 2\na 1 2\nb 3 4\na 5 6\n")
    theirs = gensim_models.KeyedVectors.load_word2vec_format(str(tmp_path / "v"))
    ours = WordVectors.load(str(tmp_path / "v"))
    assert ours.tokens == theirs.index_to_key[:2] == ["a", "b"]  # gensim keeps an empty third row
    np.testing.assert_array_equal(ours.vectors, theirs.vectors[:2])


def test_a_glove_word_may_hold_spaces_as_in_gloves_own_files(tmp_path):
    (tmp_path / "v").write_text("a 1 2\n. . . 3 4\nb\u00a0c 5 6\r\n")
    loaded = WordVectors.load(str(tmp_path / "v"))
    assert loaded.tokens == ["a", ". . .", "b\u00a0c"]
    assert loaded["b\u00a0c"].tolist() == [5, 6]


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"", "is empty"),
        (b"hello\n", "line 1: expected a word and numbers, got 'hello'"),
        (b"a 1 2\nb 3\n", "line 2: expected a word and 2 numbers, got 1 number."),
        (b"a 1 2\nb 3 x\n", "line 2: expected a word and 2 numbers, got 'x' in place of a number"),
        (b"a 1 nan\n", "not finite"),
        (b"3 2\na 1 2\n", "line 3: expected 3 words as line 1 says, got the end of the file"),
        (b"\x01\x00\x00\x00\x00\x00\x00\x00{", "is damaged"),
        (b"\x08\x00\x00\x00\x00\x00\x00\x00{}      ", "has no tensor"),
        (b"PAR1", "read as Parquet"),
        (b"\x93NUMPY\x01\x00", "an array without the words that its rows belong to"),
    ],
)
def test_what_is_no_file_of_vectors_is_one_sentence(tmp_path, content, told):
    (tmp_path / "v").write_bytes(content)
    with pytest.raises(UserError, match=re.escape(told)) as caught:
        WordVectors.load(str(tmp_path / "v"))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "sizes",
    [
        b"1000000000000000000 3",
        b"3 1000000000000000000",
        b"1000000000 1000000",
        b"4294967296 4294967296",
        b"9223372036854775808 1",
        b"9" * 90 + b" 3",
        b"3 " + b"9" * 90,
    ],
)
@pytest.mark.parametrize("rows", [b"a 1 2 3\nb 4 5 6\n", b"a " + np.ones(3, "<f4").tobytes()])
def test_a_first_line_of_absurd_sizes_is_named(tmp_path, sizes, rows):
    (tmp_path / "v").write_bytes(sizes + b"\n" + rows)
    with pytest.raises(UserError, match=re.escape(f"{tmp_path / 'v'} has a first line for")):
        WordVectors.load(str(tmp_path / "v"))


def test_a_table_that_does_not_fit_into_memory_is_named(tmp_path, monkeypatch):
    (tmp_path / "v").write_text("3 2\na 1 2\n")

    def full(*_):
        raise MemoryError

    monkeypatch.setattr("w2v_core.vectors.formats.word2vec_file.np.empty", full)
    with pytest.raises(UserError, match="3 words .*2 dimensions.*mem"):
        WordVectors.load(str(tmp_path / "v"))


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("number", ["1e39", "-1e39", "1e400"])
def test_a_number_beyond_float32_is_told_without_a_warning(tmp_path, number):
    (tmp_path / "v").write_text(f"1 2\na 1 {number}\n")
    with pytest.raises(UserError, match=f"line 2: .* got '{number}', which is not finite in float32"):
        WordVectors.load(str(tmp_path / "v"))


def test_a_byte_order_mark_before_the_sizes_is_no_word(tmp_path):
    (tmp_path / "v").write_bytes(b"\xef\xbb\xbf2 2\na 1 2\nb 3 4\n")
    assert WordVectors.load(str(tmp_path / "v")).tokens == ["a", "b"]


def test_a_line_without_an_end_is_not_read_into_memory(tmp_path, monkeypatch):
    monkeypatch.setattr("w2v_core.vectors.formats.glove._LONGEST_LINE", 1000)
    for start, told in (
        (b"", "line 1: expected a word and numbers, got a line of more than 1,000 bytes"),
        (b"a 1 2\n", "expected a word and numbers, got a line of more than 1,000 bytes"),
    ):
        (tmp_path / "v").write_bytes(start + b"b" + b"0" * 10_000 + b" 1 2\n")
        with pytest.raises(UserError, match=told):
            WordVectors.load(str(tmp_path / "v"))
    (tmp_path / "v").write_bytes(b"a 1 2\n" + b"b" * 996 + b" 1 2 3 4\n")  # cut after 1 2
    with pytest.raises(UserError, match="line .*1,000 bytes"):
        WordVectors.load(str(tmp_path / "v"))


def parquet_of(path: Path, **columns: object) -> None:
    given = {"token": ["a", "b"], "vector": pa.array([[1.0, 2.0]] * 2, pa.list_(pa.float32())), **columns}
    pq.write_table(pa.table(given), path)


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize(
    ("columns", "told"),
    [
        ({"count": ["x", "y"]}, "column 'count' is string, and not integers"),
        ({"count": [[1], [2]]}, "column 'count' is list<element: int64>, and not integers"),
        ({"count": [1, None]}, "column 'count' is int64, and not integers"),
        ({"count": [1.0, np.nan]}, "column 'count' is double, and not integers"),
        ({"count": [1.5, 2.0]}, "column 'count' is double, and not integers"),
        ({"count": pa.array([1, 2**64 - 1], pa.uint64())}, "column 'count' is uint64, and not integers"),
        ({"count": pa.array([1, 2], pa.timestamp("s"))}, "column 'count' is timestamp"),
        ({"vector": [{"x": 1.0}] * 2}, "column 'vector' is struct<x: double>"),
        (
            {"vector": pa.array([[("k", 1.0)]] * 2, pa.map_(pa.string(), pa.float32()))},
            "column 'vector' is map<",
        ),
        ({"vector": pa.array([[], []], pa.list_(pa.float32()))}, "column 'vector' holds a null, NaN"),
        ({"vector": [[1.0, None], [1.0, 2.0]]}, "column 'vector' holds a null, NaN"),
        ({"vector": [[1.0, np.inf], [1.0, 2.0]]}, "column 'vector' holds a null, NaN"),
        ({"vector": [[1.0, 1e39], [1.0, 2.0]]}, "column 'vector' holds a null, NaN"),
    ],
)
def test_a_parquet_column_of_another_kind_is_named(tmp_path, columns, told):
    parquet_of(tmp_path / "v", **columns)
    with pytest.raises(UserError, match=re.escape(told)):
        WordVectors.load(str(tmp_path / "v"))


def test_counts_that_pandas_made_floats_are_taken(tmp_path):
    parquet_of(tmp_path / "v", count=[7.0, 5.0])
    assert WordVectors.load(str(tmp_path / "v")).counts.tolist() == [7, 5]


@pytest.mark.parametrize("twice", ["token", "vector", "count"])
def test_a_parquet_column_that_comes_twice_is_named(tmp_path, twice):
    columns = {"token": ["a"], "vector": pa.array([[1.0]], pa.list_(pa.float32())), "count": [1]}
    names = [*columns, twice]
    pq.write_table(pa.table([columns[name] for name in names], names=names), tmp_path / "v")
    with pytest.raises(UserError, match=f"has the column '{twice}' twice"):
        WordVectors.load(str(tmp_path / "v"))


def test_a_parquet_column_whose_name_is_no_text_is_told(tmp_path):
    parquet_of(tmp_path / "v", other=["x", "y"])
    (tmp_path / "v").write_bytes((tmp_path / "v").read_bytes().replace(b"other", b"oth\xb4r"))
    with pytest.raises(UserError, match="read as Parquet"):
        WordVectors.load(str(tmp_path / "v"))


def safetensors_of(path: Path, **changed: dict[str, object]) -> None:
    """Words a, b, c of three numbers; `changed` are parts of what the header says of a tensor."""
    parts = {
        "counts": ("I64", np.array([3, 2, 1], "<i8")),
        "token_offsets": ("I64", np.array([0, 1, 2, 3], "<i8")),
        "vectors": ("F32", np.arange(9, dtype="<f4").reshape(3, 3)),
        "token_bytes": ("U8", np.frombuffer(b"abc", np.uint8)),
    }
    header, begin = {}, 0
    for name, (code, array) in parts.items():
        end = begin + array.nbytes
        header[name] = {
            "dtype": code,
            "shape": array.shape,
            "data_offsets": [begin, end],
            **changed.get(name, {}),
        }
        begin = end
    text = json.dumps(header).encode()
    data = b"".join(array.tobytes() for _, array in parts.values())
    path.write_bytes(len(text).to_bytes(8, "little") + text + data)


@pytest.mark.parametrize(
    "changed",
    [
        {"vectors": {"data_offsets": [0, 36]}},
        {"vectors": {"data_offsets": [-39, -3]}},
        {"vectors": {"data_offsets": [56, -3]}},
        {"vectors": {"data_offsets": [2**63, 2**63 + 36]}},
        {"vectors": {"shape": [-1, 3]}},
        {"vectors": {"shape": [3, -1]}},
        {"vectors": {"shape": [3, 0], "data_offsets": [56, 56]}},
        {"vectors": {"dtype": "U8", "shape": [3, 12]}},
        {"token_bytes": {"dtype": "F32", "shape": [3], "data_offsets": [80, 92]}},
    ],
)
def test_a_safetensors_header_that_lies_is_told(tmp_path, changed):
    safetensors_of(tmp_path / "v")
    assert WordVectors.load(str(tmp_path / "v")).tokens == ["a", "b", "c"]
    safetensors_of(tmp_path / "v", **changed)
    with pytest.raises(UserError, match="is damaged"):
        WordVectors.load(str(tmp_path / "v"))


def npy_header(shape: object, length: int | None = None) -> bytes:
    text = f"{{'descr': '<f4', 'fortran_order': False, 'shape': {shape}}}\n".encode()
    return b"\x93NUMPY\x02\x00" + (length or len(text)).to_bytes(4, "little") + text


class Touching:
    """What a pickle would do."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self):
        return Path.touch, (self.path,)


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"PK\x03\x04",
        b"\x80\x04pickle",
        npy_header((10**18, 3)),
        npy_header((10**18, 10**18)),
        npy_header((2**63, 2**63)),
        npy_header((-3, 3)),
        npy_header((True, 9)) + bytes(36),
        npy_header("(" * 9000),
        npy_header((3, 3), 2**32 - 1),
    ],
    ids=str,
)
@pytest.mark.parametrize("name", ["vectors.npy", "counts.npy"])
def test_a_damaged_array_is_told(tmp_path, name, content):
    export(a_table(), "npy", str(tmp_path))
    (tmp_path / name).write_bytes(content)
    with pytest.raises(UserError, match=r"that fit: .*; export again") as caught:
        WordVectors.load(str(tmp_path))
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 600


@pytest.mark.parametrize("name", ["vectors.npy", "counts.npy"])
def test_an_archive_or_objects_are_no_array(tmp_path, name):
    export(a_table(["a"]), "npy", str(tmp_path))
    np.savez(tmp_path / "archive.npz", np.ones(1))
    (tmp_path / "archive.npz").rename(tmp_path / name)
    with pytest.raises(UserError, match="that fit"):
        WordVectors.load(str(tmp_path))
    np.save(tmp_path / name, np.array([[Touching(tmp_path / "touched")]], object), allow_pickle=True)
    with pytest.raises(UserError, match="that fit"):
        WordVectors.load(str(tmp_path))
    assert not (tmp_path / "touched").exists()


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("counts", [[1.5], [np.nan], [1j], ["1"], [True], ["2026-01-01"]])
def test_counts_that_are_no_whole_numbers_are_told(tmp_path, counts):
    export(a_table(["a"]), "npy", str(tmp_path))
    is_date = counts == ["2026-01-01"]
    np.save(tmp_path / "counts.npy", np.array(counts, "datetime64[D]" if is_date else None))
    with pytest.raises(UserError, match=r"counts\.npy holds"):
        WordVectors.load(str(tmp_path))


@pytest.mark.filterwarnings("error")
def test_vectors_without_numbers_or_with_too_large_ones_are_told(tmp_path):
    export(a_table(["a"]), "npy", str(tmp_path))
    np.save(tmp_path / "vectors.npy", np.empty((1, 0), np.float32))
    with pytest.raises(UserError, match="vectors without a number"):
        WordVectors.load(str(tmp_path))
    np.save(tmp_path / "vectors.npy", np.array([[1e39]]))
    with pytest.raises(UserError, match="correct the file that they come from"):
        WordVectors.load(str(tmp_path)).most_similar("a")


@pytest.mark.parametrize("name", ["npy", "safetensors"])
def test_nesting_beyond_reason_is_told(tmp_path, name):
    deep = b'{"a":' * 100_000
    path = tmp_path / "v"
    if name == "npy":
        export(a_table(), "npy", str(path))
        (path / "tokens.json").write_bytes(deep)
    else:
        path.write_bytes(len(deep).to_bytes(8, "little") + deep)
    with pytest.raises(UserError, match=re.escape(str(path))):
        WordVectors.load(str(path))


def test_a_word_that_comes_twice_in_a_mapped_file_is_named(tmp_path):
    export(a_table(["a", "b"]), "npy", str(tmp_path))
    (tmp_path / "tokens.json").write_text('["b", "b"]')
    with pytest.raises(UserError, match="'b' comes twice"):
        WordVectors.load(str(tmp_path))


@pytest.mark.parametrize("name", ["glove", "word2vec-text"])
def test_a_packed_file_cut_short_is_named(tmp_path, name):
    path = tmp_path / "v.gz"
    export(a_table(), name, str(path))
    path.write_bytes(path.read_bytes()[:-300])
    with pytest.raises(UserError, match=re.escape(str(path))):
        WordVectors.load(str(path))


@pytest.mark.parametrize("name", ["parquet", "safetensors", "npy", "word2vec-binary", "word2vec-text"])
def test_a_file_cut_short_is_named(tmp_path, name):
    export(a_table(), name, place(tmp_path, name))
    path = tmp_path / "out" / "vectors.npy" if name == "npy" else tmp_path / "out.file"
    data = path.read_bytes()
    for keep in (len(data) - 20, len(data) // 2, 150):
        path.write_bytes(data[:keep])
        with pytest.raises(UserError, match=re.escape(str(tmp_path))):
            WordVectors.load(place(tmp_path, name))


@pytest.mark.parametrize(
    ("columns", "told"),
    [
        ({"text": ["a"], "vector": [[1.0]]}, "has no column 'token' among text, vector"),
        ({"token": ["a", None], "vector": [[1.0], [2.0]]}, "has a row without a token"),
        ({"token": ["a", "b"], "vector": [[1.0], [2.0, 3.0]]}, "has vectors of different lengths"),
        ({"token": ["a", "b"], "vector": [[1.0], None]}, "column 'vector' is list<"),
        ({"token": ["a", "b"], "vector": ["x", "y"]}, "column 'vector' is string"),
    ],
)
def test_a_parquet_file_of_another_form_is_named(tmp_path, columns, told):
    pq.write_table(pa.table(columns), tmp_path / "v")
    with pytest.raises(UserError, match=re.escape(told)):
        WordVectors.load(str(tmp_path / "v"))


def test_a_folder_of_npy_that_does_not_fit_is_named(tmp_path):
    export(a_table(), "npy", str(tmp_path))
    (tmp_path / "tokens.json").write_text('["a"]')
    with pytest.raises(UserError, match="1 tokens; export again"):
        WordVectors.load(str(tmp_path))
    (tmp_path / "tokens.json").unlink()
    with pytest.raises(UserError, match=r"tokens\.json .*list of strings"):
        WordVectors.load(str(tmp_path))


def test_nothing_is_named_with_both_ways_out(tmp_path):
    with pytest.raises(UserError, match="check the path"):
        open_table(str(tmp_path / "absent"))


@pytest.mark.parametrize("name", ["npy", "safetensors"])
def test_what_can_be_mapped_is_not_read(tmp_path, name):
    export(a_table(), name, place(tmp_path, name))
    base = WordVectors.load(place(tmp_path, name)).vectors
    assert base.flags.aligned
    while base is not None and not isinstance(base, np.memmap):
        base = base.base
    assert isinstance(base, np.memmap)

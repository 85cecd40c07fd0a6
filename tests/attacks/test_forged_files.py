"""Files that people hand over, each with a fault: read, or refused in one sentence that names the file."""

import json
import random
import shutil
import subprocess
import sys
import textwrap
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from forgeries import forged
from hypothesis import given, settings
from hypothesis import strategies as st
from runs_by_hand import COMPARISON, KOREAN, SCORES, made_run, score

from w2v_core.config import Config, load_config
from w2v_core.errors import UserError
from w2v_core.evaluation.analogies import read_analogies, score_analogies
from w2v_core.evaluation.word_pairs import read_word_pairs, score_word_pairs
from w2v_core.io.filesystem import open_folder
from w2v_core.io.word_list import read_word_list
from w2v_core.pipeline.report import write_report
from w2v_core.pipeline.verify import verify
from w2v_core.readers.splits import read_list
from w2v_core.runs.artifacts import STAGES
from w2v_core.runs.run_directory import RunDir
from w2v_core.vectors.formats.formats import export
from w2v_core.vectors.formats.table import VectorTable
from w2v_core.vectors.formats.word2vec_file import Word2VecFile
from w2v_core.vectors.word_vectors import WordVectors
from w2v_core.vocabulary.vocabulary import earlier_vocab

WORDS = ["king", "queen", "서울", "a b", "é", "man", "woman", "x\ny"]
PAIRS = "word1\tword2\tscore\n# a remark\nking\tqueen\t8.5\n서울\tking\t1e-1\nman\twoman\t7\n"
QUESTIONS = ": family\nman woman king queen\n: capitals\n한국 서울 france paris\n"
CONFIG = Path(__file__).parents[2] / "conf" / "default.toml"


@pytest.fixture(scope="module")
def intact(tmp_path_factory) -> Path:
    """A file, or a folder, of every kind, each as its writer makes it."""
    folder = tmp_path_factory.mktemp("온전한 files")
    vectors_VD = np.random.default_rng(1).normal(size=(len(WORDS), 6)).astype(np.float32)
    tokens = pa.chunked_array([pa.array(WORDS)])
    table = VectorTable(tokens, np.arange(len(WORDS), 0, -1, dtype=np.int64), vectors_VD)
    for name in ("word2vec-text", "word2vec-binary", "glove", "parquet", "safetensors", "npy"):
        export(table, name, folder / f"v.{name}")
    export(table, "word2vec-text", folder / "v.word2vec-text.gz")
    (folder / "pairs.tsv").write_text(PAIRS, encoding="utf-8")
    (folder / "pairs.csv").write_text(PAIRS.replace("\t", ","), encoding="utf-8")
    (folder / "questions.txt").write_text(QUESTIONS, encoding="utf-8")
    (folder / "words.txt").write_text("the\n서울\n of \n", encoding="utf-8")
    (folder / "list.json").write_text('["a.txt", "s3://b/c"]')
    shutil.copy(CONFIG, folder / "config.toml")
    written = json.loads(Config().model_dump_json(by_alias=True, exclude_none=True))
    (folder / "config.json").write_text(json.dumps(written))
    run = made_run(folder / "run", KOREAN)
    score(run, evaluation=SCORES, comparison=COMPARISON)
    return folder


def ask(path: str) -> None:
    """Whatever is asked of vectors that could be opened."""
    vectors = WordVectors.load(path)
    words = vectors.tokens
    if words:
        vectors.most_similar(words[0], topn=3)
        score_word_pairs(vectors, read_word_pairs(str(Path(path).parent / "pairs.tsv")))


def ask_run(path: str) -> None:
    """Whatever reads a run that is finished."""
    run = RunDir.open(path)
    list(verify(run))
    write_report(run, Config())
    WordVectors.load(path)


def blocks(path: str) -> None:
    for words, vectors_ND in Word2VecFile(path).blocks():
        assert len(words) == len(vectors_ND)
        assert np.isfinite(vectors_ND).all()


READERS: dict[str, tuple[Callable[[str], object], bool]] = {
    "v.word2vec-text": (ask, True),
    "v.word2vec-binary": (ask, True),
    "v.word2vec-text.gz": (blocks, False),
    "v.glove": (ask, True),
    "v.parquet": (ask, False),
    "v.safetensors": (ask, True),
    "v.npy/vectors.npy": (ask, True),
    "v.npy/counts.npy": (ask, True),
    "v.npy/tokens.json": (ask, True),
    "pairs.tsv": (read_word_pairs, True),
    "pairs.csv": (read_word_pairs, True),
    "questions.txt": (read_analogies, True),
    "words.txt": (lambda path: read_word_list(path, "tokenize.stop_words"), True),
    "list.json": (read_list, True),
    "config.toml": (load_config, True),
    "config.json": (load_config, True),
    "run/run.json": (ask_run, True),
    "run/vectors/manifest.json": (ask_run, True),
    "run/tokens/manifest.json": (ask_run, True),
    "run/reports/manifest.json": (ask_run, True),
    "run/vectors/vocab.parquet": (lambda path: earlier_vocab(f"{path}/vectors", "vocab.from"), False),
    "run/vectors/input.npy": (ask, True),
}


@pytest.mark.parametrize("name", READERS)
def test_a_forged_file_is_read_or_refused_in_a_sentence(intact, tmp_path, attacks, name):
    read, is_text = READERS[name]
    top = name.partition("/")[0]
    source, place = intact / top, tmp_path / top
    shutil.copytree(source, place) if source.is_dir() else shutil.copy(source, place)
    shutil.copy(intact / "pairs.tsv", tmp_path / "pairs.tsv")
    data = (intact / name).read_bytes()
    read(str(place))
    for seed in range(attacks):
        (tmp_path / name).write_bytes(forged(random.Random(f"{name} {seed}"), data, is_text))
        shutil.rmtree(tmp_path / "run" / "reports" / "report.html", ignore_errors=True)
        with read_or_refused(str(tmp_path), f"{name} {seed}"):
            read(str(place))


@contextmanager
def read_or_refused(path: str = "", seed: str = "") -> Iterator[None]:
    """No exception but a UserError, which names the file or the key in a sentence."""
    try:
        yield
    except UserError as error:
        assert_sentence(str(error), path)
    except Exception as error:
        raise AssertionError(f"what {seed!r} makes is not told") from error


def assert_sentence(told: str, path: str) -> None:
    assert len(told.splitlines()) == 1
    assert 10 < len(told) < 3000
    assert (
        path in told
        or "the vectors hold" in told
        or "is zero: " in told
        or "[" in told
        or "unknown key" in told
        or " = " in told
    ), told


# Numbers that a file merely claims


CLAIMS = {
    "words.vec": b"99999999999 5\nking 1 2 3 4 5\n",
    "dimensions.vec": b"1 999999999999\nking 1 2 3 4 5\n",
    "line.vec": b"1 2000000\nking " + b"1 " * 1_000_000,
    "table.vec": b"200000000 1000000\nking 1 2 3 4 5\n",
    "digits.vec": b"9" * 90 + b" 5\nking 1 2 3 4 5\n",
    "negative.vec": b"-5 5\nking 1 2 3 4 5\n",
    "header.safetensors": (99_999_999).to_bytes(8, "little") + b"{",
    "tensor.safetensors": b"\x50\0\0\0\0\0\0\0"
    + b'{"vectors":{"dtype":"F32","shape":[99999999999,4],"data_offsets":[0,16]}}'.ljust(80),
    "long.glove": b"king 1.5 " + b"1 " * 20_000_000,
}
_ASK = """
    import resource, sys
    from w2v_core.errors import UserError
    from w2v_core.vectors.word_vectors import WordVectors
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for path in sys.argv[1:]:
        try:
            vectors = WordVectors.load(path)
            raise SystemExit(f"{path} was read: {len(vectors)}")
        except UserError as error:
            assert path in str(error), error
            assert "line.vec" not in path or "correct the first line" in str(error), error
    after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    print((after - before) // 1024)
"""


def test_a_number_that_is_only_claimed_takes_no_memory(tmp_path):
    paths = []
    for name, data in CLAIMS.items():
        (tmp_path / name).write_bytes(data)
        paths.append(str(tmp_path / name))
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(_ASK), *paths], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) < 500


# Faults that are known by name


@pytest.mark.parametrize("kind", ["word2vec", "glove"])
@pytest.mark.parametrize("extra", [b"0.25", b"-1e-05", b"7", b".5"])
def test_a_number_too_many_is_named_with_its_line(tmp_path, kind, extra):
    lines = [b"king 1.0 2.0", b"queen 3.0 4.0", b"at last " + extra + b" 5.0 6.0", b"a b 1.0 1.0"]
    head = b"4 2\n" if kind == "word2vec" else b""
    path = tmp_path / "v"
    path.write_bytes(head + b"\n".join(lines) + b"\n")
    with pytest.raises(UserError, match="2 numbers, got 3") as told:
        WordVectors.load(path)
    assert str(path) in str(told.value)
    assert ("line 4" if kind == "word2vec" else "line 3") in str(told.value)
    path.write_bytes(head + b"\n".join(lines).replace(extra + b" 5.0", b"5.0") + b"\n")
    assert WordVectors.load(path).tokens == ["king", "queen", "at last", "a b"]


@pytest.mark.parametrize("name", ["npy", "safetensors"])
def test_a_word_that_comes_twice_is_refused_when_a_mapped_file_is_opened(tmp_path, name):
    tokens = pa.chunked_array([pa.array(["a", "서울", "서울"])])
    export(VectorTable(tokens, np.ones(3, np.int64), np.eye(3, dtype=np.float32)), name, tmp_path / "v")
    with pytest.raises(UserError, match=r"'서울' comes twice"):
        WordVectors.load(tmp_path / "v")


def test_a_path_may_be_one_of_pathlib(intact, tmp_path):
    for name in ("v.word2vec-text", "v.parquet", "v.npy", "run", "run/vectors"):
        assert len(WordVectors.load(intact / name)) == len(WordVectors.load(str(intact / name)))
    assert RunDir.open(intact / "run").location == str(intact / "run")
    assert RunDir.create(tmp_path / "new").location == str(tmp_path / "new")
    assert load_config(intact / "config.toml") == load_config(intact / "config.json") == Config()
    assert read_word_pairs(intact / "pairs.tsv") == read_word_pairs(str(intact / "pairs.csv"))
    assert (
        score_analogies(
            WordVectors.load(intact / "v.glove"), read_analogies(intact / "questions.txt")
        ).overall.total
        == 2
    )


def test_topn_none_gives_every_score_and_is_rejected_where_a_list_is_returned(intact):
    vectors = WordVectors.load(intact / "v.parquet")
    for ask_for in (vectors.most_similar, vectors.most_similar_cosmul):
        assert ask_for("king", topn=None).shape == (len(WORDS),)
    for ask_for in (vectors.most_similar_batch, lambda words, topn: vectors.analogy(*words * 3, topn=topn)):
        with pytest.raises(UserError, match=r"topn = None: .*len\(vectors\)"):
            ask_for(["king"], topn=None)
    assert len(vectors.most_similar("king", topn=len(vectors))) == len(WORDS) - 1


def test_finite_numbers_of_any_size_are_not_told_as_infinite():
    vectors = WordVectors(["a", "b"], np.ones(2, np.int64), np.full((2, 3), 3.4e38, np.float32))
    with pytest.raises(UserError, match="longer than float32's 3.4e38"):
        vectors.most_similar("a")
    vectors = WordVectors(["a", "b"], np.ones(2, np.int64), np.array([[np.nan], [1]], np.float32))
    with pytest.raises(UserError, match="NaN or infinity"):
        vectors.most_similar("a")


def forge_manifest(run: Path, stage: str, change: Callable[[dict], None]) -> None:
    path = run / stage / "manifest.json"
    manifest = json.loads(path.read_text(encoding="utf-8"))
    change(manifest)
    path.write_text(json.dumps(manifest), encoding="utf-8")


@pytest.mark.parametrize("value", [10**400, -1, 2**63, "seven", None, 1.5, [1]])
@pytest.mark.parametrize(
    "place",
    ["tokens.read", "tokens.dropped.too_short", "counters.lines", "files.0.bytes", "files.0.rows", "seconds"],
)
def test_a_forged_number_in_a_manifest_is_told_by_every_reader(intact, tmp_path, w2v, place, value):
    run = Path(shutil.copytree(intact / "run", tmp_path / "run"))
    stage = "vectors" if place.startswith(("files", "seconds")) else "tokens"

    def change(manifest):
        *keys, last = (int(key) if key.isdigit() else key for key in place.split("."))
        for key in keys:
            manifest = manifest[key]
        manifest[last] = value

    forge_manifest(run, stage, change)
    for command in ("report", "verify"):
        code, _, err = w2v(command, "--run-dir", str(run))
        assert "Traceback" not in err
        assert code in ((0, 2) if value is None or place == "seconds" else (2,)), (command, err)


# Settings


@settings(deadline=None, max_examples=150)
@given(
    st.text(max_size=40),
    st.sampled_from(["train.alpha=", "tokenize.pattern=", "spark.conf.", "", "train", "vocab.from="]),
)
def test_any_set_is_taken_or_refused_in_a_sentence(text, begin):
    with read_or_refused():
        load_config(None, [begin + text])


@settings(deadline=None, max_examples=100)
@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(["train", "alpha", "spark", "conf", "gate", "min_scores", "x"])
                | st.text(max_size=3),
                inner,
                max_size=3,
            )
        ),
        max_leaves=8,
    )
)
def test_any_json_is_settings_or_refused_in_a_sentence(tmp_path_factory, document):
    path = tmp_path_factory.mktemp("settings") / "c.json"
    path.write_text(json.dumps(document), encoding="utf-8", errors="surrogatepass")
    with read_or_refused(str(path)):
        load_config(path)


@settings(deadline=None, max_examples=150)
@given(st.binary(max_size=200) | st.text(max_size=200).map(lambda text: text.encode(errors="surrogatepass")))
@pytest.mark.parametrize("read", [read_word_pairs, read_analogies, load_config, WordVectors.load, read_list])
def test_any_bytes_are_read_or_refused_in_a_sentence(tmp_path_factory, read, data):
    path = tmp_path_factory.mktemp("bytes") / "file"
    path.write_bytes(data)
    with read_or_refused(str(path)):
        read(str(path))


def test_the_stages_that_are_read_are_all(intact):
    assert {name for name in STAGES if open_folder(str(intact / "run" / name)).read("manifest.json")} == {
        "tokens",
        "vectors",
        "reports",
    }

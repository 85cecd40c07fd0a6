"""Training that starts from vectors which exist, and the files that such vectors come in."""

import gzip
import logging
import struct
from pathlib import Path

import numpy as np
import pytest
from small_settings import small_config

from w2v_core.errors import UserError
from w2v_core.pipeline.train import train_vectors
from w2v_core.training.engine.tables import Tables
from w2v_core.vectors.formats.word2vec_file import Word2VecFile
from w2v_core.vectors.warm_start import InitialVectors
from w2v_core.vocabulary.vocabulary import Vocabulary

VECTORS = {"king": [0.5, -1.0, 2.0], "서울": [1e-9, 3.25, -4.0], "</s>": [0.0, 0.0, 0.0]}


def as_text(vectors: dict, end: str = "\n") -> bytes:
    lines = [f"{word} {' '.join(map(repr, numbers))}{end}" for word, numbers in vectors.items()]
    return f"{len(vectors)} 3\n{''.join(lines)}".encode()


def as_binary(vectors: dict, end: bytes = b"") -> bytes:
    rows = [word.encode() + b" " + struct.pack("<3f", *numbers) + end for word, numbers in vectors.items()]
    return f"{len(vectors)} 3\n".encode() + b"".join(rows)


@pytest.mark.parametrize(
    "data",
    [
        as_text(VECTORS),
        as_text(VECTORS, end=" \r\n"),  # word2vec.c ends a line with a space, Windows with two characters
        as_text(VECTORS).rstrip(b"\n"),
        as_binary(VECTORS),
        as_binary(VECTORS, end=b"\n"),
    ],
)
def test_text_and_binary_files_are_read_alike(tmp_path: Path, data: bytes):
    (tmp_path / "벡터.vec").write_bytes(data)
    (tmp_path / "벡터.vec.gz").write_bytes(gzip.compress(data))
    for name in ("벡터.vec", "벡터.vec.gz"):
        file = Word2VecFile(str(tmp_path / name))
        assert (file.num_words, file.vector_size) == (3, 3)
        blocks = list(file.blocks())
        vectors = np.concatenate([rows for _, rows in blocks])
        assert [word for words, _ in blocks for word in words] == list(VECTORS)
        np.testing.assert_array_equal(vectors, np.array(list(VECTORS.values()), np.float32))


def test_a_file_of_many_blocks_is_read_whole(tmp_path: Path, monkeypatch):
    monkeypatch.setattr("w2v_core.vectors.formats.word2vec_file.WORDS_PER_BLOCK", 7)
    monkeypatch.setattr("w2v_core.vectors.formats.word2vec_file._CHUNK", 5)
    many = {f"w{i}": [i, i + 0.5, -i] for i in range(40)}
    for data in (as_text(many), as_binary(many)):
        path = tmp_path / "file"
        path.write_bytes(data)
        blocks = list(Word2VecFile(str(path)).blocks())
        assert [word for words, _ in blocks for word in words] == list(many)
        np.testing.assert_array_equal(np.concatenate([rows for _, rows in blocks]), list(many.values()))


@pytest.mark.parametrize("binary", [False, True])
def test_gensims_files_are_read(tmp_path: Path, binary: bool):
    keyed_vectors = pytest.importorskip("gensim.models.keyedvectors")
    words, vectors = ["한", "b", "c"], np.random.default_rng(0).normal(size=(3, 20)).astype(np.float32)
    theirs = keyed_vectors.KeyedVectors(20)
    theirs.add_vectors(words, vectors)
    theirs.save_word2vec_format(str(tmp_path / "file"), binary=binary)
    file = Word2VecFile(str(tmp_path / "file"))
    assert file.is_binary == binary
    ((found, rows),) = file.blocks()
    assert found == words
    np.testing.assert_allclose(rows, vectors, rtol=1e-6)


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (b"", "is not a word2vec file"),
        (b"the 0.1 0.2 0.3\n", "GloVe"),
        (b"3 0\n", "0 dimensions"),
        (as_text(VECTORS)[:-5], "line 4: expected a word and 3 numbers, got 2 numbers"),
        (as_binary(VECTORS)[:-1], "word 3 of 3"),
        (as_text(VECTORS).replace(b"3.25", b"x"), "line 3: .*got 'x' in place of a number"),
        (as_text(VECTORS).replace(b"3.25", b"nan"), "line 3: .*got 'nan', which is not finite"),
        (as_binary(VECTORS | {"king": [0, np.inf, 0]}), "'king' is not finite"),
    ],
)
def test_a_faulty_file_is_named_with_its_fault(tmp_path: Path, data: bytes, told: str):
    path = tmp_path / "faulty.bin"
    path.write_bytes(data)
    with pytest.raises(UserError, match=told) as fault:
        list(Word2VecFile(str(path)).blocks())
    assert str(path) in str(fault.value)


def test_a_missing_file_is_named(tmp_path: Path):
    with pytest.raises(UserError, match=r"nowhere\.vec does not exist"):
        Word2VecFile(str(tmp_path / "nowhere.vec"))


# Training


def input_rows(run, *words: str) -> np.ndarray:
    ids = {token: i for i, token in enumerate(Vocabulary.read(run.stage("vocab")).tokens.to_pylist())}
    table = np.load(Path(run.stage("vectors").path, "input.npy"))
    return table[[ids[word] for word in words]]


@pytest.fixture
def trained_run(make_run, corpus):
    return make_run(corpus)


@pytest.mark.parametrize("workers", [1, 2])
@pytest.mark.parametrize("sg", [0, 1])
def test_frozen_words_keep_their_vectors_and_the_others_learn(trained_run, tmp_path, workers, sg, caplog):
    path = tmp_path / "given.vec"
    given = {word: [float(i)] * 8 for i, word in enumerate(("king", "서울", "unheard"))}
    path.write_bytes(as_text(given).replace(b"3 3\n", b"3 8\n"))
    settings = (f"train.init_vectors={path}", f"train.workers={workers}", f"train.sg={sg}")
    known, other = ("king", "서울"), ("queen",)
    before = input_rows(trained_run, *other)

    manifest = train_vectors(trained_run, small_config(*settings, "train.init_frozen=true"))
    assert manifest.counters["words_from_init_vectors"] == 2
    assert "2 of" in caplog.text
    np.testing.assert_array_equal(input_rows(trained_run, *known), [given[word] for word in known])
    assert (input_rows(trained_run, *other) != before).all()

    train_vectors(trained_run, small_config(*settings, "train.alpha=1e-4"))
    moved = input_rows(trained_run, *known) - [given[word] for word in known]
    assert 0 < np.abs(moved).max() < 0.5  # they started there


def test_our_own_vectors_are_taken_with_both_tables(trained_run, make_run, corpus):
    other = make_run(corpus, into="second")
    source = Path(trained_run.stage("vectors").path)
    tiny = "train.alpha=1e-6", "train.min_alpha=0", "train.epochs=1"
    for location in (str(source), trained_run.location):
        train_vectors(other, small_config(f"train.init_vectors={location}", *tiny))
        for name in ("input.npy", "output.npy"):
            now = np.load(Path(other.stage("vectors").path, name))
            np.testing.assert_allclose(now, np.load(source / name), atol=1e-3)
            assert np.abs(now).max() > 0.01


def test_other_vectors_under_the_same_name_are_trained_on_again(trained_run, tmp_path, caplog):
    path = tmp_path / "given.vec"
    config = small_config(f"train.init_vectors={path}")
    path.write_text("1 8\nking 1 1 1 1 1 1 1 1\n")
    train_vectors(trained_run, config)
    train_vectors(trained_run, config)
    assert "vectors: up to date" in caplog.text
    caplog.clear()
    path.write_text("1 8\nking 1 1 1 1 1 1 1 1.5\n")
    train_vectors(trained_run, config)
    assert "up to date" not in caplog.text


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("1 3\nking 1 1 1\n", "train.vector_size=3"),
        ("1 8\nKING 1 1 1 1 1 1 1 1\n", "none of the"),
        (None, "is no file"),
        ("", "is a folder without input.npy"),
    ],
)
def test_vectors_that_do_not_fit_are_refused(trained_run, tmp_path, text, told):
    path = tmp_path / "given.vec"
    if text:
        path.write_text(text)
    elif text is not None:
        path.mkdir()
    with pytest.raises(UserError, match=told):
        train_vectors(trained_run, small_config(f"train.init_vectors={path}"))
    assert trained_run.manifest("vectors") is not None  # what was trained before is not removed for that


@pytest.mark.parametrize("setting", ["vocab.keep", "train.init_vectors"])
def test_a_run_says_before_its_first_stage_that_a_named_file_is_not_there(w2v, tmp_path, setting):
    (tmp_path / "text.txt").write_text("a b\n" * 9)
    missing = ["--set", f"{setting}={tmp_path}/gone"]
    code, _, told = w2v(
        "run", "--run-dir", str(tmp_path / "run"), "--input", str(tmp_path / "text.txt"), *missing
    )
    assert code == 2
    assert f"{setting} = {tmp_path}/gone" in told
    assert not (tmp_path / "run").exists()


def test_the_vectors_that_would_be_written_over_are_refused(trained_run):
    for location in (trained_run.location, trained_run.stage("vectors").path):
        with pytest.raises(UserError, match="the folder that this training writes"):
            train_vectors(trained_run, small_config(f"train.init_vectors={location}"))


def test_freezing_needs_vectors():
    with pytest.raises(UserError, match="init_vectors"):
        small_config("train.init_frozen=true")


def test_words_that_come_twice_or_are_not_utf8_are_counted_once(trained_run, tmp_path, caplog):
    path = tmp_path / "given.vec"
    path.write_bytes(b"4 2\nking 1 1\ncaf\xe9 1 1\nking 2 2\nqueen 1 2\n")
    vocabulary = Vocabulary.read(trained_run.stage("vocab"))
    initial = InitialVectors(str(path))
    with caplog.at_level(logging.WARNING, "w2v_core"):
        assert initial.known(vocabulary, 2).sum() == 2
        tables = Tables(
            np.zeros((len(vocabulary), 2), np.float32), np.zeros((len(vocabulary), 2), np.float32)
        )
        initial.load_into(tables, vocabulary)
    escaped, repeated = (record.getMessage() for record in caplog.records)
    assert "1 word is not in UTF-8, the first is 'caf\\xe9' in line 3" in escaped
    assert "left out 1 row whose word occurs in an earlier row, such as 'king'" in repeated

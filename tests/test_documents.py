"""Documents are the weighted means of their known words, and every row and token is accounted for."""

import json
import subprocess
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st
from small_settings import small_config
from words_by_hand import words_of

from w2v_core.config import EmbedConfig
from w2v_core.documents.components import principal_components, second_moment, without
from w2v_core.documents.embed_part import WordTable
from w2v_core.documents.encode import Encoded
from w2v_core.errors import UserError
from w2v_core.pipeline.embed import embed_documents
from w2v_core.readers.splits import find_files
from w2v_core.runs.manifest import Manifest
from w2v_core.runs.run_directory import RunDir
from w2v_core.vectors.word_vectors import WordVectors

ROOT = Path(__file__).parents[1]
WEIGHTINGS = ("mean", "counts", "sif")


def by_hand(words: Sequence[str], vectors: WordVectors, weighting: str, a: float = 1e-3) -> np.ndarray:
    """The vector of one document, in a loop."""
    known = [word for word in words if word in vectors.tokens]
    if weighting == "mean":
        known = list(dict.fromkeys(known))
    total = np.zeros(vectors.vectors.shape[1])
    for word in known:
        share = vectors.counts[vectors.id_of(word)] / vectors.counts.sum()
        total += vectors[word].astype(np.float64) * (a / (a + share) if weighting == "sif" else 1)
    return total / len(known) if known else total


# Without Spark

LETTERS = [chr(ord("a") + number) for number in range(7)]
COUNTS = np.array([900, 400, 200, 90, 30, 5, 1])
TABLE = WordVectors(LETTERS, COUNTS, np.random.default_rng(5).normal(size=(7, 4)).astype(np.float32))
DOCUMENTS = st.lists(st.lists(st.integers(0, 6), max_size=12), max_size=9)


def encoded(documents: Sequence[Sequence[int]]) -> Encoded:
    ids = np.array([word for words in documents for word in words], np.int32)
    offsets = np.cumsum([0, *map(len, documents)], dtype=np.int64)
    return Encoded(ids, offsets, np.diff(offsets))


def table(weighting: str, a: float = 1e-3) -> WordTable:
    vocabulary: Any = type("Counts", (), {"counts": COUNTS})
    return WordTable.of(TABLE.vectors, vocabulary, EmbedConfig(weighting=weighting, sif_a=a))


@pytest.mark.parametrize("weighting", WEIGHTINGS)
@given(documents=DOCUMENTS, a=st.floats(1e-5, 1))
def test_a_document_is_the_mean_that_a_loop_finds(weighting, documents, a):
    found = [row for block in table(weighting, a).vectors_of(encoded(documents)) for row in block]
    expected = [by_hand([LETTERS[word] for word in words], TABLE, weighting, a) for words in documents]
    np.testing.assert_allclose(np.reshape(found, (-1, 4)), np.reshape(expected, (-1, 4)), atol=1e-5)


def test_many_documents_are_made_in_blocks(monkeypatch):
    documents = [[word % 7] * (word % 3) for word in range(50)]
    (together,) = table("counts").vectors_of(encoded(documents))
    monkeypatch.setattr("w2v_core.documents.embed_part._NUMBERS_A_BLOCK", 4 * 8)
    blocks = list(table("counts").vectors_of(encoded(documents)))
    assert [len(block) for block in blocks] == [8] * 6 + [2]
    np.testing.assert_array_equal(np.concatenate(blocks), together)


def test_a_document_does_not_depend_on_those_around_it():
    rng = np.random.default_rng(3)
    documents = [rng.integers(0, 7, size=rng.integers(0, 40)).tolist() for _ in range(30)]
    (together,) = table("sif").vectors_of(encoded(documents))
    alone = [next(table("sif").vectors_of(encoded([words])))[0] for words in documents]
    np.testing.assert_array_equal(together, alone)


def test_components_are_those_of_the_singular_value_decomposition():
    rows = np.random.default_rng(1).normal(size=(200, 6)).astype(np.float32) * [5, 3, 1, 1, 1, 1] + [
        2,
        0,
        0,
        0,
        0,
        0,
    ]
    rows = rows.astype(np.float32)
    moment = second_moment(rows[:90]) + second_moment(rows[90:])
    rest = without(rows, principal_components(moment, 2))
    u, s, v = np.linalg.svd(rows.astype(np.float64), full_matrices=False)
    np.testing.assert_allclose(rest, (u[:, 2:] * s[2:]) @ v[2:], atol=1e-4)


# As a job


@pytest.fixture(scope="module")
def made(corpus, executor, tmp_path_factory) -> RunDir:
    """One run for all tests that only read it."""
    from w2v_core.pipeline.run import run_pipeline

    run = RunDir.create(str(tmp_path_factory.mktemp("runs") / "run"))
    run_pipeline(run, find_files([str(corpus)]), small_config("vocab.min_count=80"), executor)
    return run


@pytest.fixture
def embed(made, executor, tmp_path):
    """embed(source, "section.key=value", …) gives the manifest and the rows."""

    def run(
        source: Path, *settings: str, into: str = "out", run: RunDir = made
    ) -> tuple[Manifest, list[dict]]:
        config = small_config(*settings)
        files = find_files([str(source)], config.tokenize.format)
        manifest = embed_documents(run, files, str(tmp_path / into), config, executor)
        parts = [entry.name for entry in manifest.files if entry.name.startswith("part-")]
        return manifest, [row for name in parts for row in pq.read_table(tmp_path / into / name).to_pylist()]

    return run


TEXTS = (
    "The king and the queen , the king",
    "",
    "unheard quaggas alone",
    "서울 은 한국 의 수도 이다 . 미지 의 낱말",
    "the Cat the CAT cat zebra",
)


@pytest.fixture
def text(tmp_path) -> Path:
    path = tmp_path / "글 text.txt"
    path.write_text("\n".join(TEXTS) + "\n", encoding="utf-8")
    return path


@pytest.mark.parametrize("weighting", WEIGHTINGS)
def test_every_line_has_a_row_and_every_token_is_accounted_for(embed, made, text, weighting):
    manifest, rows = embed(text, f"embed.weighting={weighting}")
    vectors = WordVectors.read(made.stage("vectors"))
    assert [(row["file"], row["row"]) for row in rows] == [(str(text), number) for number in range(5)]
    for row, line in zip(rows, TEXTS, strict=True):
        words = words_of(line)
        assert row["tokens"] == len(words)
        assert row["known"] == sum(word in vectors for word in words)
        np.testing.assert_allclose(row["vector"], by_hand(words, vectors, weighting), atol=1e-5)
    assert [row["known"] > 0 for row in rows] == [True, False, False, True, True]
    account = manifest.tokens
    assert account.balances()
    assert account.read == sum(row["tokens"] for row in rows)
    assert account.kept == sum(row["known"] for row in rows)
    assert account.out_of_vocabulary == account.read - account.kept > 0
    assert manifest.counters["documents"] == 5
    assert manifest.counters["documents_without_known_word"] == 2


def test_unknown_words_change_no_vector(embed, text):
    _, rows = embed(text)
    text.write_text("\n".join(f"zebra {line} quagga" for line in TEXTS) + "\n", encoding="utf-8")
    _, noisy = embed(text, into="noisy")
    assert [row["vector"] for row in rows] == [row["vector"] for row in noisy]
    assert [row["tokens"] + 2 for row in rows] == [row["tokens"] for row in noisy]


@pytest.mark.parametrize("ending", ["txt", "jsonl", "parquet", "orc"])
def test_the_cutting_of_files_changes_nothing(embed, tmp_path, ending):
    texts = [f"{TEXTS[number % 5]} the{number % 7}" for number in range(800)]
    source = tmp_path / f"many.{ending}"
    write(source, texts)
    manifest, rows = embed(source, "embed.weighting=sif", into="one")
    cut, others = embed(source, "embed.weighting=sif", "tokenize.split_bytes=3000", into="cut")
    assert len(cut.files) > len(manifest.files) == 1
    assert rows == others
    assert cut.tokens == manifest.tokens


def write(path: Path, texts: Sequence[Any], **columns: list[Any]) -> None:
    """`texts` as the column text of a file of the kind that its ending says."""
    content = pa.table({"text": texts, **columns})
    if path.suffix == ".txt":
        path.write_text("".join(f"{line}\n" for line in texts), encoding="utf-8")
    elif path.suffix == ".jsonl":
        path.write_text("".join(f"{json.dumps(row)}\n" for row in content.to_pylist()), encoding="utf-8")
    elif path.suffix == ".orc":
        from pyarrow import orc

        orc.write_table(content, path, stripe_size=1024)
    else:
        pq.write_table(content, path, row_group_size=50)


@pytest.mark.parametrize("ending", ["jsonl", "parquet", "orc"])
def test_token_lists_stay_as_they_are_and_ids_are_taken(embed, made, tmp_path, ending):
    lists = [["the", "king", "King"], [], None, ["서울", "x y"], ["queen"]]
    ids = ["a", "나", "c", None, "e"]
    write(tmp_path / f"lists.{ending}", lists, name=ids)
    _, rows = embed(tmp_path / f"lists.{ending}", "embed.id_column=name")
    vectors = WordVectors.read(made.stage("vectors"))
    assert [row["id"] for row in rows] == ids
    assert [(row["tokens"], row["known"]) for row in rows] == [(3, 2), (0, 0), (0, 0), (2, 1), (1, 1)]
    for row, words in zip(rows, lists, strict=True):
        np.testing.assert_allclose(row["vector"], by_hand(words or [], vectors, "counts"), atol=1e-6)


def test_json_lines_may_mix_texts_lists_and_faults(embed, made, tmp_path):
    path = tmp_path / "mixed.jsonl"
    values = ['{"text": ["king", "queen"]}', "", '{"text": "The king\\nqueen"}', "no json", '{"text": null}']
    path.write_text("\n".join(values), encoding="utf-8")
    manifest, rows = embed(path)
    assert [(row["row"], row["known"]) for row in rows] == [(0, 2), (2, 3), (3, 0), (4, 0)]
    vectors = WordVectors.read(made.stage("vectors"))
    np.testing.assert_allclose(
        rows[1]["vector"], by_hand(["the", "king", "queen"], vectors, "counts"), atol=1e-6
    )
    assert (manifest.counters["bad_rows"], manifest.counters["rows_without_text"]) == (1, 1)


def test_components_are_taken_out_of_all_parts(embed, tmp_path):
    texts = [f"{TEXTS[number % 5]} king{' queen' * (number % 3)}" for number in range(300)]
    write(tmp_path / "some.txt", texts)
    _, plain = embed(tmp_path / "some.txt", into="plain")
    settings = ("embed.remove_components=1", "tokenize.split_bytes=1024")
    manifest, rows = embed(tmp_path / "some.txt", *settings)
    before = np.array([row["vector"] for row in plain])
    u, s, v = np.linalg.svd(before.astype(np.float64), full_matrices=False)
    np.testing.assert_allclose([row["vector"] for row in rows], (u[:, 1:] * s[1:]) @ v[1:], atol=1e-5)
    assert [(row["row"], row["known"]) for row in rows] == [(row["row"], row["known"]) for row in plain]
    assert manifest.tokens.kept == sum(row["known"] for row in rows)
    assert np.load(tmp_path / "out" / "components.npy").shape == (1, 8)
    left = {path.name for path in (tmp_path / "out").iterdir()}
    assert left == {entry.name for entry in manifest.files} | {"manifest.json"}


def test_phrases_of_the_run_are_joined(make_run, embed, tmp_path):
    lines = (
        "new york times is a paper\nthe new york times says so\nwe read the new york times\na paper says\n"
        * 20
    )
    (tmp_path / "news.txt").write_text(lines)
    settings = ("phrases.passes=2", "phrases.min_count=2", "phrases.threshold=0.1", "vocab.min_count=1")
    run = make_run(tmp_path / "news.txt", *settings)
    (tmp_path / "new.txt").write_text("The New York Times says york\n")
    manifest, (row,) = embed(tmp_path / "new.txt", run=run)
    vectors = WordVectors.read(run.stage("vectors"))
    assert "the_new_york_times" in vectors
    assert row["tokens"] == 3
    np.testing.assert_allclose(
        row["vector"], by_hand(["the_new_york_times", "says", "york"], vectors, "counts"), atol=1e-6
    )
    assert manifest.tokens.dropped == {"joined": 3}


def test_words_that_the_run_left_out_are_left_out_and_told(make_run, corpus, embed, text, tmp_path):
    (tmp_path / "stop.txt").write_text("the\nand\n")
    run = make_run(corpus, f"tokenize.stop_words={tmp_path}/stop.txt", "tokenize.min_token_length=2")
    manifest, rows = embed(text, run=run)
    counted = Counter(word for line in TEXTS for word in words_of(line))
    assert manifest.tokens.dropped["stop_words"] == counted["the"] + counted["and"]
    assert manifest.tokens.dropped["too_short"] == sum(n for word, n in counted.items() if len(word) < 2)
    assert (
        manifest.tokens.read
        == counted.total()
        == manifest.tokens.kept + manifest.tokens.out_of_vocabulary + sum(manifest.tokens.dropped.values())
    )
    assert rows[0]["tokens"] == 3
    (tmp_path / "stop.txt").write_text("the\n")
    with pytest.raises(UserError, match=r"tokenize.stop_words = .*has changed since"):
        embed(text, run=run)


def test_settings_of_other_words_are_refused_and_the_runs_own_are_not(embed, text):
    with pytest.raises(UserError, match=r"tokenize.lower = False.* None;"):
        embed(text, "tokenize.lower=false")
    embed(text, "tokenize.tokenizer=unicode_words")


def test_what_is_up_to_date_is_not_made_again(embed, text, tmp_path):
    first, _ = embed(text)
    again, _ = embed(text)
    assert again.finished_at == first.finished_at
    assert again.seconds == first.seconds
    other, _ = embed(text, "embed.weighting=sif")
    assert other.fingerprint != first.fingerprint
    (tmp_path / "out" / "part-00000.parquet").unlink()
    mended, rows = embed(text, "embed.weighting=sif")
    assert len(rows) == 5
    assert mended.fingerprint == other.fingerprint


def test_what_cannot_be_done_is_told_and_nothing_is_touched(embed, made, text, tmp_path):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "letter.txt").write_text("dear")
    (tmp_path / "dump.xml").write_text("<mediawiki></mediawiki>")
    (tmp_path / "empty.txt").write_text("")
    write(tmp_path / "t.parquet", ["king"], number=[0.5])
    for source, settings, into, told in (
        (text, (), "mine", r"--output .*mine is not empty and holds no documents of w2v"),
        (text, (), f"{made.location}/vectors", "holds no documents of w2v"),
        (text, ("embed.id_column=id",), "out", "is text, and embed.id_column = id is a column of tables"),
        (tmp_path / "dump.xml", (), "out", "is a MediaWiki dump"),
        (tmp_path / "empty.txt", (), "out", "holds no document"),
        (
            tmp_path / "t.parquet",
            ("embed.id_column=number",),
            "out",
            "'number' of .* is double; embed.id_column must",
        ),
        (
            tmp_path / "t.parquet",
            ("embed.id_column=none",),
            "out",
            "no column 'none'; name another by embed.id_column",
        ),
    ):
        with pytest.raises(UserError, match=told):
            embed(source, *settings, into=into)
    assert (tmp_path / "mine" / "letter.txt").read_text() == "dear"
    assert not (tmp_path / "out").exists()
    assert made.require("vectors")


@pytest.mark.slow
def test_the_command_runs_as_a_script(made, text, tmp_path):
    command = [
        sys.executable,
        "-m",
        "w2v_core.cli",
        "embed",
        "--run-dir",
        made.location,
        "--output",
        f"{tmp_path}/out",
    ]
    done = subprocess.run([*command, str(text)], capture_output=True, text=True, check=False, cwd=ROOT)
    assert done.returncode == 0, done.stderr
    assert "documents: 2 have no word of the vocabulary" in done.stderr
    assert pq.read_table(tmp_path / "out" / "part-00000.parquet").num_rows == 5

"""Vectors to start from that are too large, too small, or no numbers."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from small_runs import run
from test_extreme_settings import TEXTS, config_of

from w2v_core.config import ReportConfig, VocabConfig
from w2v_core.errors import UserError
from w2v_core.report.word_map import word_map
from w2v_core.training.engine.tables import require_finite
from w2v_core.vectors.formats.formats import export
from w2v_core.vectors.formats.table import VectorTable
from w2v_core.vectors.word_vectors import WordVectors
from w2v_core.vocabulary.vocabulary import vocab_of

WORDS = [f"w{i}" for i in range(20)]


def given_vectors(folder: Path, kind: str, input_VD: np.ndarray) -> str:
    """As a word2vec file, or as a folder of ours whose output vectors are as large."""
    if kind == "text":
        lines = [
            f"{word} {' '.join(map(str, row))}\n" for word, row in zip(WORDS, input_VD.tolist(), strict=True)
        ]
        path = folder / "given.vec"
        path.write_text(f"{len(WORDS)} {input_VD.shape[1]}\n" + "".join(lines))
        return str(path)
    path = folder / "given"
    path.mkdir()
    pq.write_table(vocab_of(pa.array(WORDS), np.arange(20, 0, -1), VocabConfig()), path / "vocab.parquet")
    np.save(path / "input.npy", input_VD.astype(np.float32))
    np.save(path / "output.npy", input_VD[::-1].astype(np.float32))
    return str(path)


def signs(size: float) -> np.ndarray:
    return np.random.default_rng(1).choice([-size, size], (20, 8))


def but_one(value: float) -> np.ndarray:
    vectors = signs(0.1)
    vectors[3, 5] = value
    return vectors


@pytest.mark.parametrize("kind", ["text", "ours"])
@pytest.mark.parametrize(
    ("input_VD", "told"),
    [
        (signs(1e30), r"the vector of 'w\d+' holds 1e\+30; .* up to 1,000,000"),
        (signs(3e38), "up to 1,000,000"),
        (but_one(-1.1e6), r"the vector of 'w3' holds 1.1e\+06; .* up to 1,000,000"),
        (
            but_one(np.nan),
            "the vector of 'w3' (holds nan|is not finite)|line 5: .* got 'nan', which is not finite",
        ),
        (
            but_one(-np.inf),
            "the vector of 'w3' (holds inf|is not finite)|line 5: .* got '-inf', which is not finite",
        ),
        (np.zeros((20, 8)), "zeros cannot be trained"),
    ],
    ids=["1e30", "3e38", "one of 1.1e6", "one NaN", "one infinity", "zeros"],
)
def test_vectors_that_nothing_can_be_learnt_from_are_refused(kind, input_VD, told, tmp_path, inline):
    location = given_vectors(tmp_path, kind, input_VD)
    with pytest.raises(UserError, match=told):
        run(inline, TEXTS["20 words"], config_of(f"train.init_vectors={location}"), tmp_path)


@pytest.mark.parametrize("sg", [0, 1])
@pytest.mark.parametrize("kind", ["text", "ours"])
@pytest.mark.parametrize("input_VD", [signs(1e6), signs(1e3), signs(1e-40)], ids=["1e6", "1e3", "1e-40"])
def test_vectors_of_any_other_length_stay_finite(kind, input_VD, sg, tmp_path, inline):
    location = given_vectors(tmp_path, kind, input_VD)
    found = run(
        inline, TEXTS["20 words"], config_of(f"train.init_vectors={location}", f"train.sg={sg}"), tmp_path
    )
    require_finite(found.tables)
    assert np.abs(found.tables.input).max() < 2 * max(np.abs(input_VD).max(), 1)


def test_a_few_zero_vectors_learn_with_the_others(tmp_path, inline):
    vectors = signs(0.1)
    vectors[:5] = 0
    location = given_vectors(tmp_path, "ours", vectors)
    found = run(inline, TEXTS["20 words"], config_of(f"train.init_vectors={location}"), tmp_path)
    assert np.abs(found.tables.input[:5]).max(axis=1).min() > 1e-3


# Questions to vectors of any length


@pytest.mark.parametrize("size", [1e30, 1e-30, 1e18, 1.0])
def test_the_length_of_vectors_changes_no_answer(size):
    rows = np.random.default_rng(1).normal(size=(20, 8))
    expected = WordVectors(WORDS, np.arange(20, 0, -1), rows.astype(np.float32))
    found = WordVectors(WORDS, np.arange(20, 0, -1), (rows * size).astype(np.float32))
    for word in WORDS[:5]:
        answers, others = found.most_similar(word, topn=19), expected.most_similar(word, topn=19)
        assert [name for name, _ in answers] == [name for name, _ in others]
        np.testing.assert_allclose([s for _, s in answers], [s for _, s in others], atol=1e-5)
    same, other = word_map(found, ReportConfig()), word_map(expected, ReportConfig())
    assert same.neighbors.tolist() == other.neighbors.tolist()
    assert np.abs(same.positions.astype(int) - other.positions).max() <= 8  # of 65,535


def test_zero_vectors_are_like_nothing():
    vectors = WordVectors(WORDS, np.arange(20, 0, -1), np.zeros((20, 8), np.float32))
    assert {score for _, score in vectors.most_similar("w0")} == {0.0}
    assert word_map(vectors, ReportConfig()).positions.std() == 0


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_questions_to_what_is_no_number_are_refused(value):
    vectors = WordVectors(WORDS, np.arange(20, 0, -1), but_one(value).astype(np.float32))
    with pytest.raises(UserError, match="NaN or infinity"):
        vectors.most_similar("w0")
    with pytest.raises(UserError, match="NaN or infinity"):
        word_map(vectors, ReportConfig())


@pytest.mark.parametrize("value", [1e5, -1e5, np.inf, np.nan])
def test_what_float16_does_not_reach_is_refused(tmp_path, value):
    table = VectorTable.of(pa.chunked_array([WORDS]), but_one(value).astype(np.float32))
    with pytest.raises(UserError, match="out of range for float16|NaN|finite"):
        export(table, "npy", str(tmp_path / "out"), dtype="float16")
    assert not (tmp_path / "out").exists() or not any((tmp_path / "out").iterdir())

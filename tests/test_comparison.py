"""Two trainings: the same words along other axes, the same questions with other answers."""

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.linalg import orthogonal_procrustes
from scipy.stats import spearmanr
from small_settings import small_config

from w2v_core.cli.renderers import RENDERERS
from w2v_core.config import EvaluateConfig
from w2v_core.console.log import show_log
from w2v_core.errors import UserError
from w2v_core.evaluation import comparison
from w2v_core.evaluation.analogies import NOT_COVERED, RIGHT, WRONG
from w2v_core.evaluation.answers import words_apart
from w2v_core.evaluation.bootstrap import (
    Resampling,
    accuracy_difference_interval,
    spearman_difference_interval,
)
from w2v_core.evaluation.comparison import (
    compare_outcomes,
    compare_word_pairs,
    moved_words,
    nearest,
    neighbor_overlap,
)
from w2v_core.evaluation.other_vectors import OtherVectors
from w2v_core.evaluation.word_pairs import WordPair
from w2v_core.pipeline.evaluate import evaluate_vectors
from w2v_core.vectors import alignment
from w2v_core.vectors.alignment import SharedWords
from w2v_core.vectors.word_vectors import WordVectors

RESAMPLING = Resampling(200)


def word_vectors(tokens, rows_VD, counts_V=None) -> WordVectors:
    counts_V = np.arange(len(tokens), 0, -1) if counts_V is None else counts_V
    return WordVectors(list(tokens), np.asarray(counts_V, np.int64), np.asarray(rows_VD, np.float32))


def random_rotation(size: int, seed: int = 0):
    return np.linalg.qr(np.random.default_rng(seed).normal(size=(size, size)))[0]


def cloud(num_words: int = 60, size: int = 5, seed: int = 1) -> WordVectors:
    rows_VD = np.random.default_rng(seed).normal(size=(num_words, size))
    return word_vectors([f"말{word}" for word in range(num_words)], rows_VD)


# --- shared words ---


def test_shared_words_come_by_their_rank_where_they_are_rarer():
    first = word_vectors(["a", "b", "only", "c", "d"], np.eye(5))
    second = word_vectors(["d", "c", "other", "more", "a", "b"], np.eye(6, 5))
    shared = SharedWords.of(first, second)
    # Ranks: a 0 and 4, b 1 and 5, c 3 and 1, d 4 and 0.
    assert [first.tokens[i] for i in shared.first_ids] == ["c", "a", "d", "b"]
    assert [second.tokens[i] for i in shared.second_ids] == ["c", "a", "d", "b"]
    assert shared.top(2).first_ids.tolist() == [3, 0]


def test_words_are_seen_often_enough_only_in_both():
    first = word_vectors("abc", np.eye(3), [9, 8, 2])
    second = word_vectors("acb", np.eye(3), [9, 8, 2])
    assert SharedWords.of(first, second).seen(3).first_ids.tolist() == [0]
    assert len(SharedWords.of(first, second).seen(2)) == 3


def test_vectors_of_other_sizes_and_other_words_are_refused():
    with pytest.raises(UserError, match="2 .*3 dimensions .*train.vector_size"):
        SharedWords.of(word_vectors("ab", np.eye(2)), word_vectors("abc", np.eye(3)))
    with pytest.raises(UserError, match="2 words .* 3 .*none in common"):
        SharedWords.of(word_vectors("ab", np.eye(2)), word_vectors("ABC", np.eye(3, 2)))


# --- alignment ---


@pytest.mark.parametrize("block", [7, 8192])
def test_the_rotation_is_scipys(monkeypatch, block):
    monkeypatch.setattr(alignment, "BLOCK_WORDS", block)
    first, second = cloud(seed=1), cloud(seed=2)
    unit = [wv.unit_rows(np.arange(len(wv))).astype(np.float64) for wv in (first, second)]
    expected, _ = orthogonal_procrustes(*unit)
    shared = SharedWords.of(first, second)
    found = shared.rotation()
    np.testing.assert_allclose(found, expected, atol=1e-5)
    cosine_S = np.einsum("sd,sd->s", unit[0] @ expected, unit[1])
    np.testing.assert_allclose(shared.aligned_cosines(found), cosine_S, atol=1e-5)


def test_turned_and_stretched_vectors_have_not_moved():
    first = cloud()
    turned = first.vectors @ random_rotation(5) * np.linspace(0.5, 2, len(first))[:, None]
    shared = SharedWords.of(first, word_vectors(first.tokens, turned))
    rotation_DD = shared.rotation()
    np.testing.assert_allclose(rotation_DD @ rotation_DD.T, np.eye(5), atol=1e-9)
    np.testing.assert_allclose(rotation_DD, random_rotation(5), atol=1e-5)
    found = moved_words(shared)
    assert found.mean_cosine == pytest.approx(1, abs=1e-5)
    assert max(word.distance for word in found.top) == pytest.approx(0, abs=1e-5)


def test_the_words_that_moved_come_first_with_both_counts():
    first = cloud()
    rows_VD = first.vectors.copy()
    rows_VD[7] = -rows_VD[7]
    rows_VD[30] = np.roll(rows_VD[30], 1)
    second = word_vectors(first.tokens, rows_VD @ random_rotation(5), np.arange(600, 0, -10))
    found = moved_words(SharedWords.of(first, second), num_words=3)
    assert (found.words, len(found.top)) == (60, 3)
    assert found.top[0].word == "말7"
    assert found.top[0].distance == pytest.approx(2, abs=0.2)
    assert (found.top[0].count, found.top[0].against_count) == (53, 530)
    assert "말30" in {word.word for word in found.top[1:]}


def test_rare_words_are_not_listed_as_moved():
    first = cloud()
    rows_VD = first.vectors.copy()
    rows_VD[50] = -rows_VD[50]
    shared = SharedWords.of(first, word_vectors(first.tokens, rows_VD))
    assert words_apart(shared, EvaluateConfig(moved_min_count=10))["moved"]["top"][0]["word"] == "말50"
    guarded = words_apart(shared, EvaluateConfig(moved_min_count=11))["moved"]
    assert guarded["words"] == 50
    assert guarded["mean_cosine"] == pytest.approx(1, abs=1e-5)
    assert words_apart(shared, EvaluateConfig(moved_min_count=99))["moved"] == {
        "min_count": 99,
        "words": 0,
        "mean_cosine": None,
        "top": [],
    }


# --- neighbours ---


def slow_nearest(unit_SD, topn: int) -> list[set[int]]:
    cosine_SS = unit_SD @ unit_SD.T
    np.fill_diagonal(cosine_SS, -np.inf)
    return [set(np.argsort(-cosine_S)[:topn].tolist()) for cosine_S in cosine_SS]


@pytest.mark.parametrize("batch", [1, 7, 512])
def test_the_overlap_is_that_of_the_loop(monkeypatch, batch):
    monkeypatch.setattr(comparison, "BATCH_WORDS", batch)
    first, other = cloud(seed=1), cloud(seed=2)
    mixed = word_vectors(first.tokens, first.vectors + 0.7 * other.vectors)
    unit = [wv.unit_rows(np.arange(60)) for wv in (first, mixed)]
    slow = [slow_nearest(unit_SD, 10) for unit_SD in unit]
    assert [set(row) for row in nearest(unit[0], 10).tolist()] == slow[0]
    expected = np.mean([len(a & b) / 10 for a, b in zip(*slow, strict=True)])
    found = neighbor_overlap(SharedWords.of(first, mixed))
    assert found == pytest.approx(expected)
    assert 0.3 < found < 0.9


def test_turned_vectors_keep_all_neighbours_and_unrelated_ones_what_chance_leaves():
    first = cloud(400)
    turned = word_vectors(first.tokens, first.vectors @ random_rotation(5))
    assert neighbor_overlap(SharedWords.of(first, turned)) == pytest.approx(1, abs=0.002)
    assert neighbor_overlap(SharedWords.of(first, cloud(400, seed=9))) == pytest.approx(10 / 399, abs=0.01)


def test_few_words_have_fewer_neighbours():
    assert neighbor_overlap(SharedWords.of(cloud(3), cloud(3, seed=2))) == 1
    assert neighbor_overlap(SharedWords.of(cloud(1), cloud(1, seed=2))) is None


def test_neighbours_are_sought_among_shared_words_alone():
    first = cloud(30)
    # Twins of every word, which only the second has, would be all of its neighbours.
    twins = [f"twin{word}" for word in range(30)]
    second = word_vectors([*first.tokens, *twins], np.concatenate([first.vectors] * 2))
    assert neighbor_overlap(SharedWords.of(first, second)) == pytest.approx(1)


# --- scores ---


def test_scores_are_compared_on_what_both_cover():
    pairs = [WordPair("a", "b", score) for score in (1, 2, 3, 4, 5)]
    ours_A = np.array([0.1, 0.2, 0.3, np.nan, 0.2], np.float32)
    theirs_A = np.array([0.3, np.nan, 0.2, 0.9, 0.1], np.float32)
    found = compare_word_pairs(pairs, ours_A, theirs_A, RESAMPLING)
    # Both cover 1, 3, 5: ranks 1 3 2 and 3 2 1.
    assert (found.total, found.covered) == (5, 3)
    assert (found.score, found.against_score, found.difference) == pytest.approx((0.5, -1, 1.5))
    human_P = np.array([1.0, 3, 5])
    kept = [0, 2, 4]
    assert found.interval == spearman_difference_interval(human_P, ours_A[kept], theirs_A[kept], RESAMPLING)


def test_outcomes_are_compared_on_what_both_cover():
    ours_A = np.array([RIGHT, RIGHT, RIGHT, WRONG, WRONG, NOT_COVERED, RIGHT], np.int8)
    theirs_A = np.array([RIGHT, WRONG, WRONG, RIGHT, WRONG, RIGHT, NOT_COVERED], np.int8)
    found = compare_outcomes(ours_A, theirs_A, RESAMPLING)
    assert (found.total, found.covered) == (7, 5)
    assert (found.score, found.against_score, found.difference) == pytest.approx((0.6, 0.4, 0.2))
    assert found.interval == accuracy_difference_interval(2, 1, 5, RESAMPLING)


OUTCOMES = st.lists(st.tuples(*[st.sampled_from([RIGHT, WRONG, NOT_COVERED])] * 2), max_size=30)


@given(OUTCOMES)
def test_exchanging_the_runs_turns_the_difference_around(outcomes):
    ours_A, theirs_A = np.array(outcomes, np.int8).reshape(-1, 2).T
    there, back = (compare_outcomes(*pair, RESAMPLING) for pair in ((ours_A, theirs_A), (theirs_A, ours_A)))
    assert (there.score, there.against_score) == (back.against_score, back.score)
    if there.covered:
        assert there.difference == pytest.approx(-back.difference)
        assert there.interval.low - 1e-9 <= there.difference <= there.interval.high + 1e-9
    else:
        assert (there.difference, there.interval) == (None, None)


def test_a_score_that_is_not_defined_leaves_no_difference():
    pairs = [WordPair("a", "b", score) for score in (1, 2)]
    flat_A, steep_A = np.array([0.5, 0.5], np.float32), np.array([0.1, 0.2], np.float32)
    found = compare_word_pairs(pairs, flat_A, steep_A, RESAMPLING)
    assert (found.score, found.against_score, found.difference, found.interval) == (
        None,
        pytest.approx(1),
        None,
        None,
    )


# --- the stage ---


@pytest.fixture
def pairs(tmp_path) -> str:
    path = tmp_path / "쌍.tsv"
    path.write_text("king\tqueen\t9\nking\tmouse\t2\nking\tcat\t3\n서울\t수도\t8\n서울\tdog\t1\n")
    return str(path)


def read(run, name: str):
    return json.loads(Path(run.folder.path, "reports", name).read_text(encoding="utf-8"))


def test_two_runs_are_compared_and_told(make_run, corpus, pairs, capsys):
    run, other = make_run(corpus), make_run(corpus, "train.seed=2", into="other")
    config = small_config(f"evaluate.similarity=['{pairs}']", "evaluate.moved_min_count=2")
    alone = evaluate_vectors(run, config)
    show_log(RENDERERS)
    capsys.readouterr()
    report = evaluate_vectors(run, config, other.location)
    told = capsys.readouterr().err
    against = report.pop("against")
    assert report == alone == read(run, "evaluation.json")
    assert against == read(run, "comparison.json")
    ours, theirs = (WordVectors.read(each.stage("vectors")) for each in (run, other))
    rows = [line.split("\t") for line in Path(pairs).read_text().splitlines()]
    human_P = [float(row[2]) for row in rows]
    scores = [
        spearmanr(human_P, [wv.similarity(a, b) for a, b, _ in rows]).statistic for wv in (ours, theirs)
    ]
    (similarity,) = against["similarity"]
    assert (similarity["score"], similarity["against_score"]) == pytest.approx(scores)
    assert against["against"] == other.location
    assert against["words"]["shared"] == len(ours) == against["moved"]["words"]
    assert 0 < against["neighbors"]["overlap"] <= 1
    assert "difference" in told
    assert against["moved"]["top"][0]["word"] in told


def test_a_comparison_stands_until_either_run_changes(make_run, corpus, pairs):
    run, other = make_run(corpus), make_run(corpus, "train.seed=2", into="other")
    config = small_config(f"evaluate.similarity=['{pairs}']")
    manifests = []
    for against in (other.location, other.location, f"{other.location}/vectors"):
        evaluate_vectors(run, config, against)
        manifests.append(run.require("reports"))
    assert manifests[0] == manifests[1] != manifests[2]
    other = make_run(corpus, "train.seed=3", into="other")
    evaluate_vectors(run, config, f"{other.location}/vectors")
    assert run.require("reports").fingerprint != manifests[2].fingerprint
    # Without --against nothing of a comparison is left that could grow old unseen.
    evaluate_vectors(run, config)
    assert [entry.name for entry in run.require("reports").files] == ["evaluation.json"]
    assert not Path(run.folder.path, "reports", "comparison.json").exists()


def test_a_comparison_needs_no_sets(make_run, corpus):
    run = make_run(corpus)
    report = evaluate_vectors(run, small_config(), run.location)
    assert (report["similarity"], report["against"]["similarity"]) == ([], [])
    assert report["against"]["neighbors"]["overlap"] == 1


def test_what_cannot_be_compared_is_refused_and_the_old_reports_stay(make_run, corpus, pairs, tmp_path):
    run = make_run(corpus)
    config = small_config(f"evaluate.similarity=['{pairs}']")
    evaluate_vectors(run, config)
    before = run.require("reports")
    other = make_run(corpus, "train.vector_size=4", into="other")
    refused = {
        other.location: "vectors of 8 and of 4 dimensions",
        str(tmp_path / "absent"): "absent: expected a run directory or a folder with",
        __file__: "expected a run directory or a folder with",
        "\udcff": "the name is not valid UTF-8",
    }
    for against, message in refused.items():
        with pytest.raises(UserError, match=message):
            evaluate_vectors(run, config, against)
    other.remove("vectors")
    with pytest.raises(UserError, match="other .*vectors stage; .*`w2v train"):
        evaluate_vectors(run, config, other.location)
    assert run.require("reports") == before


def test_a_folder_copied_out_of_a_run_is_compared_too(make_run, corpus, tmp_path):
    run = make_run(corpus)
    (tmp_path / "kept").mkdir()
    for name in ("input.npy", "vocab.parquet"):
        (tmp_path / "kept" / name).write_bytes(Path(run.folder.path, "vectors", name).read_bytes())
    other = OtherVectors.find(str(tmp_path / "kept"))
    assert other.identity() != OtherVectors.find(run.location).identity()
    report = evaluate_vectors(run, small_config(), str(tmp_path / "kept"))
    assert report["against"]["neighbors"]["overlap"] == 1

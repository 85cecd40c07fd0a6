"""Intervals are SciPy's, and those of resamples laid out item by item."""

import time
from inspect import signature

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.stats import bootstrap, spearmanr

from w2v_core.evaluation import bootstrap as ours
from w2v_core.evaluation.bootstrap import (
    Interval,
    Resampling,
    accuracy_difference_interval,
    accuracy_interval,
    resampled_spearman,
    spearman_difference_interval,
    spearman_interval,
)

MANY = Resampling(resamples=20_000, seed=1)
GENERATOR = "rng" if "rng" in signature(bootstrap).parameters else "random_state"  # until SciPy 1.14


def scipys(samples, statistic) -> tuple[float, float]:
    found = bootstrap(
        samples,
        statistic,
        paired=True,
        vectorized=False,
        n_resamples=MANY.resamples,
        method="percentile",
        **{GENERATOR: np.random.default_rng(7)},
    )
    return tuple(found.confidence_interval)


def related(num_items: int = 40):
    """Scores of people with ties, and two scorings of which the first is closer to them."""
    rng = np.random.default_rng(3)
    human_P = rng.integers(0, 8, num_items).astype(float)
    return human_P, human_P + rng.normal(0, 2, num_items), human_P + rng.normal(0, 6, num_items)


def test_the_interval_of_an_accuracy_is_scipys():
    right_P = np.repeat([1.0, 0.0], [18, 32])
    expected = scipys((right_P,), np.mean)
    assert accuracy_interval(18, 50, MANY) == pytest.approx(expected, abs=0.021)  # a step is 1 / 50


def test_the_interval_of_two_accuracies_is_scipys():
    first_P, second_P = np.repeat([[1, 0], [0, 1], [1, 1], [0, 0]], [30, 10, 90, 70], axis=0).T
    expected = scipys((first_P, second_P), lambda a, b: np.mean(a) - np.mean(b))
    assert accuracy_difference_interval(30, 10, 200, MANY) == pytest.approx(expected, abs=0.006)


def test_the_interval_of_a_correlation_is_scipys():
    human_P, first_P, _ = related()
    resampling = Resampling(resamples=500, seed=5)
    expected = bootstrap(
        (human_P, first_P),
        lambda x, y: spearmanr(x, y).statistic,
        paired=True,
        vectorized=False,
        n_resamples=500,
        method="percentile",
        **{GENERATOR: np.random.default_rng(5)},
    )
    # From one seed SciPy draws the same items: to the last digits, not only in distribution.
    assert spearman_interval(human_P, first_P, resampling) == pytest.approx(
        tuple(expected.confidence_interval), abs=1e-12
    )


@given(
    st.lists(st.tuples(*[st.integers(0, 4)] * 3), min_size=1, max_size=12),
    st.integers(1, 30),
    st.integers(0, 99),
)
def test_resamples_score_as_if_laid_out(items, block_items, seed):
    x_P, *y_SP = np.array(items, dtype=float).T
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ours, "BLOCK_ITEMS", block_items)
        found_SR = resampled_spearman(x_P, np.stack(y_SP), Resampling(20, seed))
    drawn_RP = np.random.default_rng(seed).integers(len(x_P), size=(20, len(x_P)))
    for y_P, found_R in zip(y_SP, found_SR, strict=True):
        expected = [laid_out(x_P[drawn_P], y_P[drawn_P]) for drawn_P in drawn_RP]
        np.testing.assert_allclose(found_R, expected, atol=1e-12)


def laid_out(x_P, y_P) -> float:
    if len(set(x_P)) == 1 or len(set(y_P)) == 1:
        return np.nan
    return spearmanr(x_P, y_P).statistic


def test_both_scorings_meet_the_same_resamples():
    human_P, first_P, second_P = related()
    assert spearman_difference_interval(human_P, first_P, first_P, Resampling()) == Interval(0, 0)
    assert accuracy_difference_interval(0, 0, 50, Resampling()) == Interval(0, 0)
    low, high = spearman_difference_interval(human_P, first_P, second_P, Resampling())
    assert 0 < low < spearmanr(human_P, first_P).statistic - spearmanr(human_P, second_P).statistic < high


@given(st.integers(0, 60), st.integers(1, 60))
def test_an_accuracy_lies_in_its_interval(correct, covered):
    correct = min(correct, covered)
    low, high = accuracy_interval(correct, covered, Resampling(200))
    assert 0 <= low <= correct / covered <= high <= 1


def test_intervals_are_repeatable_and_of_their_seed():
    human_P, first_P, _ = related()
    intervals = [spearman_interval(human_P, first_P, Resampling(100, seed)) for seed in (1, 1, 2)]
    assert intervals[0] == intervals[1] != intervals[2]
    accuracies = [accuracy_interval(300, 1000, Resampling(100, seed)) for seed in (1, 1, 2)]
    assert accuracies[0] == accuracies[1] != accuracies[2]


def test_four_times_the_items_halve_the_interval():
    few, many = accuracy_interval(300, 1000, MANY), accuracy_interval(1200, 4000, MANY)
    assert (few.high - few.low) / (many.high - many.low) == pytest.approx(2, rel=0.05)


def test_95_of_100_intervals_hold_the_truth():
    correct_T = np.random.default_rng(0).binomial(500, 0.4, 1000)
    intervals = [accuracy_interval(int(correct), 500, Resampling(400)) for correct in correct_T]
    assert 0.93 < np.mean([low <= 0.4 <= high for low, high in intervals]) < 0.97


def test_nothing_covered_has_no_interval():
    none = np.empty(0)
    assert accuracy_interval(0, 0, Resampling()) is None
    assert accuracy_difference_interval(0, 0, 0, Resampling()) is None
    assert spearman_interval(none, none, Resampling()) is None
    assert spearman_interval(np.ones(5), np.arange(5.0), Resampling()) is None


def test_ten_thousand_items_take_less_than_a_few_seconds():
    rng = np.random.default_rng(0)
    began = time.process_time()
    accuracy_interval(7_000, 10_000, Resampling())
    assert time.process_time() - began < 0.5
    spearman_interval(rng.normal(size=10_000), rng.normal(size=10_000), Resampling())
    assert time.process_time() - began < 10


@given(
    arrays(np.int8, (2, 3), elements=st.integers(-2, 2))
    | arrays(np.int8, (2, 31), elements=st.integers(-99, 99))
)
def test_resampled_correlations_stay_in_range(values):
    x_P, y_P = values.astype(np.float64)
    for other_P in (x_P, -x_P, y_P):
        score_R = resampled_spearman(x_P, other_P[None], Resampling(resamples=50))[0]
        defined = score_R[~np.isnan(score_R)]
        assert (np.abs(defined) <= 1).all()

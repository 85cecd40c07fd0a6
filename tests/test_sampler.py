import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import chisquare

from w2v_core.reference.unigram_sampler import UnigramSampler, noise_distribution

COUNTS = np.array([50, 30, 10, 5, 4, 1], dtype=np.int64)


class Places:
    """Stands for a generator: hands out the given numbers of [0, 1), over and over."""

    def __init__(self, places):
        self.places = np.asarray(places, dtype=np.float64)

    def random(self, shape):
        return np.resize(self.places, shape)


def evenly(n):
    return Places((np.arange(n) + 0.5) / n)


def shares(ids, num_words):
    return np.bincount(ids.ravel(), minlength=num_words) / ids.size


# ── the distribution ────────────────────────────────────────────────────────────────────────────────────


def test_noise_distribution_worked_by_hand():
    # 16^0.75 = 8 and 1^0.75 = 1
    np.testing.assert_allclose(noise_distribution([16, 1, 1], 0.75), [0.8, 0.1, 0.1], rtol=1e-14)
    np.testing.assert_allclose(noise_distribution([3, 1], 1.0), [0.75, 0.25], rtol=1e-14)
    np.testing.assert_allclose(noise_distribution([9, 4, 1], 0.0), [1 / 3] * 3, rtol=1e-14)
    np.testing.assert_allclose(noise_distribution([3, 1], -1.0), [0.25, 0.75], rtol=1e-14)


@given(
    counts=st.lists(st.integers(1, 10**6), min_size=1, max_size=30),
    power=st.floats(-3, 3),
)
def test_noise_distribution_is_count_to_the_power_over_its_sum(counts, power):
    weights = [float(count) ** power for count in counts]
    expected = [weight / sum(weights) for weight in weights]
    probabilities = noise_distribution(np.array(counts), power)
    assert probabilities.dtype == np.float64
    np.testing.assert_allclose(probabilities, expected, rtol=1e-10)


def test_outlandish_powers_do_not_overflow():
    huge = np.array([2**62, 2**31, 1], dtype=np.int64)
    np.testing.assert_array_equal(noise_distribution(huge, 1000.0), [1, 0, 0])
    np.testing.assert_array_equal(noise_distribution(huge, -1000.0), [0, 0, 1])


@pytest.mark.parametrize(
    ("counts", "told"),
    [
        ([3, 0, 2], "got 0 for word 1"),
        ([3, 2, -7], "got -7 for word 2"),
        ([1.5, 2.0], "got float64 (first value 1.5)"),
        ([True, True], "got bool"),
        ([], r"got shape (0,)"),
        ([[1, 2]], r"got shape (1, 2)"),
    ],
)
def test_counts_that_are_no_counts_are_refused_by_value(counts, told):
    with pytest.raises(ValueError, match="counts must be") as refused:
        UnigramSampler(counts)
    assert told in str(refused.value)


@pytest.mark.parametrize("power", [float("nan"), float("inf"), -float("inf")])
def test_a_power_that_is_not_finite_is_refused(power):
    with pytest.raises(ValueError, match=f"power must be finite, got {power}"):
        noise_distribution(COUNTS, power)


@pytest.mark.parametrize("sample_size", [0, -1])
def test_a_sample_size_below_one_is_refused(sample_size):
    with pytest.raises(ValueError, match=f"sample_size must be at least 1, got {sample_size}"):
        UnigramSampler(COUNTS, sample_size=sample_size)


def test_a_sample_may_be_one_word():
    negatives = UnigramSampler(COUNTS, sample_size=1).get_negative_sample(
        np.arange(6), np.random.default_rng(3)
    )
    assert negatives.shape == (6, 1)
    assert (negatives[:, 0] != np.arange(6)).all()


# ── draws whatever the positive words are ───────────────────────────────────────────────────────────────


@pytest.mark.parametrize("power", [0.75, 1.0, 0.0, -0.5])
def test_draws_follow_count_to_the_power(power):
    ids = UnigramSampler(COUNTS, power).draw(200_000, np.random.default_rng(7))
    weights = COUNTS.astype(np.float64) ** power
    assert chisquare(np.bincount(ids, minlength=6), 200_000 * weights / weights.sum()).pvalue > 0.01


def test_draws_have_the_shape_asked_for_in_int32():
    sampler, rng = UnigramSampler(COUNTS), np.random.default_rng(0)
    for size, shape in [(7, (7,)), ((2, 3), (2, 3)), (0, (0,)), ((4, 0), (4, 0))]:
        ids = sampler.draw(size, rng)
        assert ids.shape == shape
        assert ids.dtype == np.int32


def test_one_seed_one_sample():
    sampler, target = UnigramSampler(COUNTS), np.array([0, 1, 2])
    first, second = (sampler.get_negative_sample(target, np.random.default_rng(3)) for _ in range(2))
    np.testing.assert_array_equal(first, second)


def test_spread_draws_come_as_often_as_they_should_and_are_shuffled():
    counts = np.array([5000, 900, 40, 3, 1])
    sampler = UnigramSampler(counts)
    drawn = sampler.draw_spread(1000, 16, np.random.default_rng(0))
    assert (drawn.shape, drawn.dtype, drawn.flags.c_contiguous) == ((1000, 16), np.int32, True)
    times = np.bincount(drawn.ravel(), minlength=5)
    assert np.abs(times - 16_000 * sampler.probabilities).max() <= 2
    # a group's words are as frequent and rare as all: independent draws would give 11 to 16 of the first word
    of_first = (drawn == 0).sum(axis=1)
    assert set(of_first.tolist()) <= {12, 13}
    # and which groups get a rare word is left to chance
    gaps = np.diff(np.flatnonzero((drawn == 2).any(axis=1)))
    assert len(gaps) > 100
    assert {1, 2, 5, 10} <= set(gaps.tolist())


def test_spread_draws_are_even_within_a_piece():
    sampler = UnigramSampler(np.array([2, 1, 1]), power=1.0)
    drawn = [sampler.draw_spread(1, 1, np.random.default_rng(seed))[0, 0] for seed in range(2000)]
    np.testing.assert_allclose(np.bincount(drawn) / 2000, [0.5, 0.25, 0.25], atol=0.04)


def test_a_word_of_probability_zero_is_never_drawn():
    sampler = UnigramSampler([10, 1, 10, 10, 1], power=1000.0)  # 0.1 ** 1000 is 0 in float64
    np.testing.assert_array_equal(sampler.probabilities == 0, [False, True, False, False, True])
    edges = Places([0.0, 1e-320, 0.5, 1 - 2**-53])
    assert set(sampler.draw(4, edges).tolist()) <= {0, 2, 3}
    negatives = sampler.get_negative_sample(np.arange(5).repeat(4), edges)
    assert set(negatives.ravel().tolist()) <= {0, 2, 3}


# ── draws for a positive word ───────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("power", [0.75, 0.0, -1.0])
@pytest.mark.parametrize("positive", range(6))
def test_conditional_distribution_is_exact(positive, power):
    """Evenly spaced places count each word's interval out, to one place at each of its two ends."""
    num_places = 200_000
    sampler = UnigramSampler(COUNTS, power, sample_size=num_places)
    negatives = sampler.get_negative_sample(np.array([positive]), evenly(num_places))

    weights = COUNTS.astype(np.float64) ** power
    weights[positive] = 0
    np.testing.assert_allclose(shares(negatives, 6), weights / weights.sum(), atol=2 / num_places)


def test_a_loop_that_renormalises_for_every_row_agrees():
    """The book's way: a copy of p without the positive word, renormalised, and a draw from it."""
    sampler, rng = UnigramSampler(COUNTS, sample_size=3), np.random.default_rng(11)
    target = rng.integers(0, 6, 20_000)
    drawn = np.zeros((6, 6))
    expected = np.zeros((6, 6))
    for positive, row in zip(target, sampler.get_negative_sample(target, rng), strict=True):
        p = COUNTS**0.75
        p[positive] = 0
        expected[positive] += 3 * p / p.sum()
        for negative in row:
            drawn[positive, negative] += 1
    off_diagonal = ~np.eye(6, dtype=bool)
    assert drawn[~off_diagonal].sum() == 0
    # Each of the six rows of counts has a total that is given, so six degrees of freedom are spent.
    assert chisquare(drawn[off_diagonal], expected[off_diagonal], ddof=5).pvalue > 0.01


@settings(deadline=None)
@given(
    counts=st.lists(st.integers(1, 2**62), min_size=2, max_size=40),
    power=st.floats(-2, 2),
    places=st.lists(st.floats(0, 1, exclude_max=True), max_size=20),
)
def test_a_row_never_gets_its_own_positive_word(counts, power, places):
    sampler = UnigramSampler(np.array(counts, dtype=np.int64), power, sample_size=20)
    target = np.arange(len(counts))
    for rng in (Places([0.0, 1 - 2**-53, *places]), np.random.default_rng(len(counts))):
        negatives = sampler.get_negative_sample(target, rng)
        assert negatives.shape == (len(counts), 20)
        assert ((negatives >= 0) & (negatives < len(counts))).all()
        assert (negatives != target[:, np.newaxis]).all()


@settings(deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_places_beside_the_seam_never_give_the_positive_word(seed):
    """The places that matter are those where the positive word's interval was cut out, give or take one."""
    rng = np.random.default_rng(seed)
    counts = rng.integers(1, 10 ** rng.integers(1, 12), rng.integers(2, 50))
    sampler = UnigramSampler(counts, power=rng.uniform(-1, 2), sample_size=5)
    order = np.argsort(sampler.probabilities, kind="stable")
    for rank, word in enumerate(order):
        before = sampler.probabilities[order[:rank]].sum()
        seam = before / (1 - sampler.probabilities[word])
        places = np.clip([np.nextafter(seam, 0), seam, np.nextafter(seam, 1), 0, 1 - 2**-53], 0, 1 - 2**-53)
        assert (sampler.get_negative_sample(np.array([word]), Places(places)) != word).all()


def test_a_rare_word_is_found_beside_an_overwhelming_one():
    """1e-36 beside 1 vanishes in a running sum; given that the positive word is 0, it is all there is."""
    sampler = UnigramSampler([10**18, 1, 1], power=2.0, sample_size=1000)
    negatives = sampler.get_negative_sample(np.array([0]), np.random.default_rng(0))
    np.testing.assert_allclose(shares(negatives, 3), [0, 0.5, 0.5], atol=0.05)


def test_any_shape_of_positive_words():
    target = np.array([[0, 1, -1], [5, -1, -1]], dtype=np.int32)
    negatives = UnigramSampler(COUNTS, sample_size=4).get_negative_sample(target, np.random.default_rng(0))
    assert negatives.shape == (2, 3, 4)
    assert negatives.dtype == np.int32
    np.testing.assert_array_equal((negatives == -1).all(axis=2), target == -1)
    assert (negatives[target >= 0] >= 0).all()


def test_an_empty_batch_and_a_batch_of_one():
    sampler, rng = UnigramSampler(COUNTS), np.random.default_rng(0)
    assert sampler.get_negative_sample(np.zeros(0, dtype=np.int32), rng).shape == (0, 5)
    assert sampler.get_negative_sample(np.array([3]), rng).shape == (1, 5)


def test_a_positive_word_that_is_alone_has_no_negative():
    rng = np.random.default_rng(0)
    with pytest.raises(ValueError, match="word 0 .*vocabulary of 1"):
        UnigramSampler([5]).get_negative_sample(np.array([0]), rng)
    lone = UnigramSampler([1, 10], power=1000.0)
    with pytest.raises(ValueError, match="word 1 .*vocabulary of 2"):
        lone.get_negative_sample(np.array([0, 1]), rng)
    np.testing.assert_array_equal(lone.get_negative_sample(np.array([0]), rng), [[1] * 5])
    assert (UnigramSampler([5]).get_negative_sample(np.array([-1]), rng) == -1).all()

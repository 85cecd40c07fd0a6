"""How sure is a score? Its 95 % interval by the bootstrap: the same number of items is drawn again and again.

    accuracy_interval(7_120, 10_000, Resampling())    # Interval(low=0.7033975, high=0.7208)

P stands for the items: the pairs that are covered. U are the distinct values among them, ascending.

A resample matters to a score only by how many copies of each item it holds. Of answers that are right or wrong even
the numbers of each are enough, and those are drawn at once: a binomial number, or for two scorings a multinomial one,
has exactly the distribution that drawing items has.

Source: Efron and Tibshirani 1993, "An Introduction to the Bootstrap", chapter 13, the percentile interval.
"""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from w2v_core.types import FloatArray, Int64Array

Float64s = NDArray[np.float64]

LEVEL = 0.95
BLOCK_ITEMS = 1 << 18
"""Copies counted at a time: a block's scratch is some ten arrays of so many numbers, 2 MiB each."""


class Resampling(NamedTuple):
    """How often items are drawn again, and the seed. Each score starts from the seed: none depends on another."""

    resamples: int = 1000
    seed: int = 1


DEFAULT_RESAMPLING = Resampling()


class Interval(NamedTuple):
    """The middle 95 % of the resamples' scores."""

    low: float
    high: float


def accuracy_interval(correct: int, covered: int, resampling: Resampling) -> Interval | None:
    """The interval of correct / covered; None where nothing is covered."""
    if covered == 0:
        return None
    rng = np.random.default_rng(resampling.seed)
    correct_Z = rng.binomial(covered, correct / covered, resampling.resamples)
    return _middle(correct_Z / covered)


def accuracy_difference_interval(
    only_first: int, only_second: int, covered: int, resampling: Resampling
) -> Interval | None:
    """The interval of (only_first - only_second) / covered, the difference of two accuracies on the same questions.

    only_first, only_second: questions that the one answers right and the other does not.
    """
    if covered == 0:
        return None
    rng = np.random.default_rng(resampling.seed)
    shares = np.array([only_first, only_second, covered - only_first - only_second]) / covered
    first_Z, second_Z, _ = rng.multinomial(covered, shares, resampling.resamples).T
    return _middle((first_Z - second_Z) / covered)


def spearman_interval(x_P: FloatArray, y_P: FloatArray, resampling: Resampling) -> Interval | None:
    """The interval of Spearman's correlation of x and y; None where no resample has one."""
    return _middle(resampled_spearman(x_P, y_P[None], resampling)[0])


def spearman_difference_interval(
    x_P: FloatArray, first_P: FloatArray, second_P: FloatArray, resampling: Resampling
) -> Interval | None:
    """The interval of spearman(x, first) - spearman(x, second), both of the same resampled items."""
    first_Z, second_Z = resampled_spearman(x_P, np.stack([first_P, second_P]), resampling)
    return _middle(first_Z - second_Z)


def resampled_spearman(x_P: FloatArray, scorings: FloatArray, resampling: Resampling) -> Float64s:
    """Spearman's correlation of x with each row of `scorings` in every resample, (len(scorings), Z).

    NaN where all values of a side are equal.

    Ties have their mean rank, also those between copies of one item: as if the resample had been laid out.
    """
    x, ys = _Ranks(x_P), [_Ranks(y_P) for y_P in scorings]
    blocks = [
        np.stack([_correlation(x, y, copies_ZP) for y in ys]) for copies_ZP in _copies(len(x_P), resampling)
    ]
    return np.concatenate(blocks, axis=1)


def _copies(num_items: int, resampling: Resampling) -> Iterator[Int64Array]:
    """How often each resample holds each item, (Z, P), in blocks of resamples; every row's sum is P."""
    rng = np.random.default_rng(resampling.seed)
    block = max(1, BLOCK_ITEMS // max(num_items, 1))
    for begin in range(0, resampling.resamples, block):
        num_rows = min(block, resampling.resamples - begin)
        drawn_ZP = rng.integers(max(num_items, 1), size=(num_rows, num_items))
        drawn_ZP += np.arange(num_rows)[:, None] * num_items
        yield np.bincount(drawn_ZP.ravel(), minlength=drawn_ZP.size).reshape(drawn_ZP.shape)


class _Ranks:
    """Values sorted once; their ranks in a resample follow from the copies alone."""

    def __init__(self, values_P: FloatArray) -> None:
        _, self.group_P, size_U = np.unique(values_P, return_inverse=True, return_counts=True)
        self.order_P = np.argsort(self.group_P, kind="stable")
        self.begin_U = np.cumsum(size_U) - size_U

    def centred(self, copies_ZP: Int64Array) -> Float64s:
        """Each item's mean rank among the copies, less the mean of all ranks, (Z, P)."""
        copies_ZU = np.add.reduceat(copies_ZP[:, self.order_P], self.begin_U, axis=1)
        rank_ZU = np.cumsum(copies_ZU, axis=1) - (copies_ZU - 1) / 2
        centred_ZP: Float64s = rank_ZU[:, self.group_P] - (copies_ZP.shape[1] + 1) / 2
        return centred_ZP


def _correlation(x: _Ranks, y: _Ranks, copies_ZP: Int64Array) -> Float64s:
    x_ZP, y_ZP = x.centred(copies_ZP), y.centred(copies_ZP)
    products_Z, x_Z, y_Z = (
        np.einsum("zp,zp,zp->z", copies_ZP, *pair) for pair in ((x_ZP, y_ZP), (x_ZP, x_ZP), (y_ZP, y_ZP))
    )
    square_Z = x_Z * y_Z
    score_Z: Float64s = np.full(len(square_Z), np.nan)
    np.divide(products_Z, np.sqrt(square_Z), out=score_Z, where=square_Z > 0)
    return np.clip(score_Z, -1, 1, out=score_Z)  # rounding


def _middle(score_Z: Float64s) -> Interval | None:
    """Between these lie LEVEL of the scores; resamples without a score are left out."""
    defined = score_Z[~np.isnan(score_Z)]
    if not len(defined):
        return None
    low, high = np.quantile(defined, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return Interval(float(low), float(high))

"""From the counts of a sample's parts to those of the whole: how words grow with the text.

A quantity Q(n) of n tokens (distinct words, words that reach a threshold, tokens of those that do not) is seen at
1/8, 1/4, 1/2 and 1 of the sample, each a mean over the parts that make so much. On the logarithms it goes on with a
slope that falls towards the slope of distinct words, which in running text is constant (Heaps' law):

    log2 Q(2n) - log2 Q(n) = slope + excess,   the excess shrinking by one factor at every doubling

The count spectrum of one sample predicts too few words (Good-Toulmin, Zipf-Mandelbrot): words come in bursts, so that
fewer were seen once than independent draws would give. The growth from part to part has the bursts in it.
"""

import math
from collections.abc import Callable, Sequence
from itertools import pairwise

import pyarrow as pa

from w2v_core.types import Int64Array
from w2v_core.vocabulary.hash_partition import summed
from w2v_core.vocabulary.word_counts import COUNTS

Curve = tuple[float, ...]
"""A quantity at each doubling, the last of the whole sample."""
_HEAPS = 0.6  # of running text, where the sample is too small to have parts
_STEADY = 0.95  # a slope that falls less than this at a doubling is taken as steady
_SURE_COUNT = 6  # of words that reach a threshold which is as large in the sample
_SURE_TOKENS = 20  # the same, of tokens of words that do not


def doublings(parts: Sequence[pa.Table]) -> list[list[pa.Table]]:
    """COUNTS of 1, 2, 4, … parts together: each level the unions of neighbours of the one before."""
    levels = [list(parts)]
    while len(levels[-1]) > 1:
        before = levels[-1]
        pairs = [
            summed(iter(before[position : position + 2]), COUNTS, ["token"])
            for position in range(0, len(before), 2)
        ]
        levels.append(pairs)
    return levels


def curve(levels: Sequence[Sequence[pa.Table]], quantity: Callable[[Int64Array], float]) -> Curve:
    """The mean of `quantity` of the counts (U,) at each level, from the first on of which no part is empty."""
    full = [level for level in levels if all(len(table) for table in level)]
    return tuple(_mean([quantity(table["count"].to_numpy()) for table in level]) for level in full)


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)


def extrapolate_growth(seen: Curve, words: Curve, scale: float) -> float:
    """The quantity of `scale` times the sample. `words` is the curve of distinct words, perhaps the same."""
    number = math.log2(scale)
    if number <= 0 or not seen or seen[-1] <= 0:
        return seen[-1] if seen else 0.0
    slopes, own = _slopes(words), _slopes(seen)
    fall = _fall(slopes)
    steps = [number - step if number - step < 1 else 1.0 for step in range(math.ceil(number))]
    if fall == 1:
        slopes = [_mean(slopes)] * len(slopes) if slopes else [_HEAPS]
    before, last = (own[-2] - slopes[-2], own[-1] - slopes[-1]) if len(own) > 1 else (0.0, 0.0)
    shrinks = min(max(last / before, 0.0), 0.9) if before else 0.0
    slope, excess, exponent = slopes[-1], 0.0 if seen is words else last, 0.0
    for step in steps:
        slope, excess = slope * fall, excess * shrinks
        exponent += step * (slope + excess)
    return seen[-1] * math.exp2(exponent)


def words_that_reach(
    levels: Sequence[Sequence[pa.Table]], words: Curve, threshold: int, scale: float
) -> float:
    """How many words are seen `threshold` times or more in the whole."""
    (all_words,) = levels[-1]
    in_sample = threshold / scale
    if in_sample >= _SURE_COUNT:
        return float((all_words["count"].to_numpy() >= in_sample).sum())
    found = curve(levels, lambda counts_U: float((counts_U >= threshold).sum()))
    if min(found) < 10:  # too few to see them grow: of words that reach it, all are seen often
        return float((all_words["count"].to_numpy() >= max(1.0, in_sample)).sum())
    most = float((all_words["count"].to_numpy() >= in_sample / 2).sum()) if in_sample >= 2 else math.inf
    return min(extrapolate_growth(found, words, scale), extrapolate_growth(words, words, scale), most)


def tokens_below(levels: Sequence[Sequence[pa.Table]], words: Curve, threshold: int, scale: float) -> float:
    """How many tokens of the whole are of words that do not reach the threshold."""
    (all_words,) = levels[-1]
    counts_U, in_sample = all_words["count"].to_numpy(), threshold / scale
    if in_sample >= _SURE_TOKENS:
        return float(counts_U[counts_U < in_sample].sum() * scale)
    below = curve(levels, lambda counts: float(counts[counts < threshold].sum()))
    most = counts_U[counts_U < 2 * in_sample] if in_sample >= 2 else counts_U
    return min(extrapolate_growth(below, words, scale), float(most.sum()) * scale)


def _slopes(seen: Curve) -> list[float]:
    return [
        math.log2(later / earlier) if earlier > 0 and later > 0 else 0.0 for earlier, later in pairwise(seen)
    ]


def _fall(slopes: Sequence[float]) -> float:
    """By what factor the slope of distinct words falls at a doubling; 1 in running text, less where words run out."""
    if len(slopes) < 2 or slopes[0] <= 0:
        return 1.0
    fall = max(slopes[-1] / slopes[0], 0.0) ** (1 / (len(slopes) - 1))
    return 1.0 if fall >= _STEADY else fall

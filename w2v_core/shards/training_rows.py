"""Sentences to training rows: subsampling, windows, and the order of the rows."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from w2v_core.keyed_random import combine, seed_key, uniform
from w2v_core.shards.epoch_order import ROWS_PER_SPAN
from w2v_core.shards.received_sentences import Sentences
from w2v_core.shards.windows import reaches
from w2v_core.types import Int32Array, UInt8Array, UInt64Array

_KEEP_TOKEN, _ORDER_OF_SPAN = 2, 3  # the purposes of these draws, for `seed_key`
_CHUNK_TOKENS = 1 << 17  # what a step works on stays in a core's cache


@dataclass(frozen=True)
class Rows:
    """The words that subsampling keeps and that have a context, end to end in the order of the sentences.

    `left` and `right` words before and after a row's own are its contexts. `keys` are for the order of spans.
    """

    targets: Int32Array
    left: UInt8Array
    right: UInt8Array
    keys: UInt64Array
    weights: npt.NDArray[np.float32]
    """empty where rows have no weights"""

    def __len__(self) -> int:
        return len(self.targets)

    def order(self) -> npt.NDArray[np.int64]:
        """A random order (B,) that moves spans whole; the key of its first row places a span."""
        num_full = len(self) // ROWS_PER_SPAN
        order = np.argsort(self.keys[::ROWS_PER_SPAN][:num_full], kind="stable")
        order = np.append(order, num_full)  # the rest, less than a span, stays at the end
        order_B = (order[:, None] * ROWS_PER_SPAN + np.arange(ROWS_PER_SPAN)).ravel()
        return order_B[order_B < len(self)]


@dataclass(frozen=True)
class Subsampled:
    """Rows, and how many tokens did not become one."""

    rows: Rows
    subsampled: int
    no_context: int


def subsample(
    sentences: Sentences, keep_probability_V: npt.NDArray[np.float64], window: int, seed: int, draw: int
) -> Subsampled:
    """The rows of the sentences. Each `draw` of a seed thins words out, and orders spans, independently.

    Words are dropped before windows are laid, as in word2vec.c, so a window reaches over the gaps.
    """
    keep_key, order_key = (_draw_key(seed, purpose, draw) for purpose in (_KEEP_TOKEN, _ORDER_OF_SPAN))
    parts, num_kept = [], 0
    for part in _parts(sentences):
        rows, kept = _rows(part, keep_probability_V, window, keep_key, order_key)
        parts.append(rows)
        num_kept += kept
    rows = _joined(parts)
    return Subsampled(rows, len(sentences.ids) - num_kept, num_kept - len(rows))


def _draw_key(seed: int, purpose: int, draw: int) -> UInt64Array:
    key = seed_key(seed, purpose)
    return combine(key, np.array([draw], np.uint64)) if draw else key


def _parts(sentences: Sentences) -> Iterator[Sentences]:
    """Some sentences at a time."""
    ends_S = np.cumsum(sentences.lengths)
    begin = begin_T = 0
    while begin < len(ends_S):
        end = int(np.searchsorted(ends_S, begin_T + _CHUNK_TOKENS, side="right"))
        end = max(end, begin + 1)
        end_T = int(ends_S[end - 1])
        yield sentences.part(begin, end, begin_T, end_T)
        begin, begin_T = end, end_T


def _rows(
    sentences: Sentences,
    keep_probability_V: npt.NDArray[np.float64],
    window: int,
    keep_key: UInt64Array,
    order_key: UInt64Array,
) -> tuple[Rows, int]:
    """The rows, and how many words subsampling kept."""
    lengths_S = sentences.lengths
    sentence_T = np.repeat(np.arange(len(lengths_S)), lengths_S)
    position_T = np.arange(len(sentences.ids)) - np.repeat(np.cumsum(lengths_S) - lengths_S, lengths_S)
    token_keys_T = combine(sentences.keys[sentence_T], position_T.astype(np.uint64))
    kept_T = uniform(combine(token_keys_T, keep_key)) < keep_probability_V[sentences.ids]
    kept_lengths_S = np.bincount(sentence_T[kept_T], minlength=len(lengths_S))
    left_B, right_B = reaches(kept_lengths_S, window)
    has_context_B = (left_B > 0) | (right_B > 0)
    chosen_B = np.flatnonzero(kept_T)[has_context_B]
    weight_B = np.zeros(0, np.float32)
    if sentences.weights is not None:
        weight_B = sentences.weights[sentence_T[chosen_B]]
    return Rows(
        sentences.ids[chosen_B],
        left_B[has_context_B],
        right_B[has_context_B],
        combine(token_keys_T[chosen_B], order_key),
        weight_B,
    ), len(left_B)


def _joined(parts: list[Rows]) -> Rows:
    """One after the other."""
    kinds: dict[str, Any] = {
        "targets": np.int32,
        "left": np.uint8,
        "right": np.uint8,
        "keys": np.uint64,
    }
    kinds["weights"] = np.float32
    columns: dict[str, Any] = {
        name: np.concatenate([np.zeros(0, kind), *(getattr(part, name) for part in parts)])
        for name, kind in kinds.items()
    }
    return Rows(**columns)

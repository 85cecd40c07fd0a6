"""Filters of tokens, for every tokenizer: stop words, and tokens that are too short or too long.

Tokens are removed before context windows are built, so words around a stop word become neighbors.
"""

from collections import Counter

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from w2v_core.schemas import TOKENS
from w2v_core.types import BoolArray

REASONS = ("stop_words", "too_short", "too_long")
"""A token is counted under the first reason that applies."""


def filter_tokens(
    lists: pa.ListArray,
    stop_words: pa.StringArray,
    min_length: int,
    max_length: int | None,
    dropped: Counter[str],
) -> pa.ListArray:
    """Return the lists without stop words and tokens that are too short or too long. Adds to `dropped` by REASONS."""
    tokens = lists.flatten()
    unwanted = {}
    if len(stop_words):
        unwanted["stop_words"] = pc.is_in(tokens, value_set=stop_words)
    if min_length > 1:
        unwanted["too_short"] = pc.less(pc.utf8_length(tokens), min_length)
    if max_length is not None:
        unwanted["too_long"] = pc.greater(pc.utf8_length(tokens), max_length)
    kept_T = np.ones(len(tokens), bool)
    for reason, mask in unwanted.items():
        gone_T = kept_T & mask.to_numpy(zero_copy_only=False)
        dropped[reason] += int(np.count_nonzero(gone_T))
        kept_T &= ~gone_T
    if kept_T.all():
        return lists
    return _only(lists, tokens, kept_T)


def _only(lists: pa.ListArray, tokens: pa.StringArray, kept_T: BoolArray) -> pa.ListArray:
    before_T = np.concatenate([[0], np.cumsum(kept_T)])
    offsets_I = lists.offsets.to_numpy() - lists.offsets[0].as_py()
    offsets = pa.array(before_T[offsets_I].astype(np.int32))
    return pa.ListArray.from_arrays(
        offsets, tokens.filter(pa.array(kept_T)), type=TOKENS.field("tokens").type
    )

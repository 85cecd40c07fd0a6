"""The protocol of tokenizers: an Arrow array of lines in, a list of tokens out for each."""

from collections.abc import Callable, Sequence
from itertools import chain
from typing import TypeAlias

import numpy as np
import pyarrow as pa

from w2v_core.schemas import TOKENS

Tokenizer: TypeAlias = Callable[[pa.StringArray], pa.ListArray]
"""(L,) lines without null ─▶ (L,) list<string>: the tokens of each line, in order, none empty."""


def each_line(tokens_of: Callable[[str], Sequence[str]]) -> Tokenizer:
    """Return a tokenizer that calls `tokens_of` for each line and drops empty tokens."""

    def tokenize(lines: pa.StringArray) -> pa.ListArray:
        return token_lists([[token for token in tokens_of(line) if token] for line in lines.to_pylist()])

    return tokenize


def token_lists(lists: Sequence[Sequence[str]]) -> pa.ListArray:
    """Return the lists as an Arrow array."""
    offsets = np.zeros(len(lists) + 1, np.int32)
    np.cumsum([len(tokens) for tokens in lists], out=offsets[1:])
    flat = pa.array(chain.from_iterable(lists), pa.string(), size=int(offsets[-1]))
    return pa.ListArray.from_arrays(offsets, flat, type=TOKENS.field("tokens").type)

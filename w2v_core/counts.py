"""Tokens to exact counts of words, in two steps: each part counts its own, each bucket of words adds them up.

Between the steps they travel as `buckets` has it. A task adds up whole buckets and gives back only the words that a
vocabulary can keep, with sums over all. D: distinct words.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from w2v_core.buckets import arrived_tables, packed, summed, unpacked
from w2v_core.storage import Folder
from w2v_core.token_files import sentence_groups, words_and_places

COUNTS = pa.schema(
    [
        pa.field("token", pa.string(), nullable=False),
        pa.field("count", pa.int64(), nullable=False),
        pa.field("seen", pa.int64(), nullable=False),
    ]
)
"""A word, its count, and how much of that was seen in this corpus and not brought along by an earlier one."""

SUMS = pa.schema(
    [
        *(pa.field(name, pa.int64(), nullable=False) for name in ("words", "tokens", "highest", "dropped")),
        pa.field("counts", pa.binary(), nullable=False),
    ]
)
"""Of all words of a task: how many, what was seen of them, the highest count, how many were left out by name; and those
that can be kept."""

_TOKENS_A_TASK = 50_000_000


def num_count_tasks(num_tokens: int) -> int:
    """Tasks that add counts up: what one has in memory stays the same, however large the corpus."""
    return 2 + num_tokens // _TOKENS_A_TASK


def count_tokens(folder: Folder, name: str, weighted: bool = False) -> pa.Table:
    """COUNTS of a tokens file, each word once. The counts are of tokens, whatever their sentences weigh."""
    counted = (
        _count(chunk)
        for sentences in sentence_groups(folder, name, weighted)
        for chunk in sentences["tokens"].chunks
    )
    return summed(counted, COUNTS, ["token"])


def _count(sentences: pa.ListArray) -> pa.Table:
    words, places_T = words_and_places(sentences)
    counts_D = np.bincount(places_T, minlength=len(words))
    return pa.table([words, counts_D, counts_D], schema=COUNTS).filter(pa.array(counts_D > 0))


@dataclass(frozen=True)
class Choice:
    """Which words can be kept."""

    min_count: int
    most: int | None = None
    """of the words that reach `min_count` come back the `most` + 1 of highest count"""
    keep: tuple[str, ...] = ()
    """words that come back whatever their count"""
    drop: tuple[str, ...] = ()
    """words that never do"""


def sum_buckets(batches: Iterable[pa.RecordBatch], choice: Choice) -> Iterator[pa.RecordBatch]:
    """One row of SUMS for all the BUCKETS that a task is given."""
    total = summed(arrived_tables(batches), COUNTS, ["token"])
    unwanted = _is_one_of(total, choice.drop)
    wanted = total.filter(pc.invert(unwanted))
    always = _is_one_of(wanted, choice.keep)
    frequent = wanted.filter(pc.and_(pc.greater_equal(wanted["count"], choice.min_count), pc.invert(always)))
    if choice.most is not None and len(frequent) > choice.most:
        places = pc.select_k_unstable(frequent, choice.most + 1, [("count", "descending")])
        frequent = frequent.take(places)
    kept = pa.concat_tables([wanted.filter(always), frequent])
    row = {
        "words": len(total),
        "tokens": pc.sum(total["seen"]).as_py() or 0,
        "highest": pc.max(total["count"]).as_py() or 0,
        "dropped": pc.sum(unwanted).as_py() or 0,
        "counts": packed(kept),
    }
    yield pa.RecordBatch.from_pylist([row], schema=SUMS)


def _is_one_of(counted: pa.Table, words: tuple[str, ...]) -> pa.ChunkedArray:
    return pc.is_in(counted["token"], value_set=pa.array(words, pa.string()))


@dataclass(frozen=True)
class Counted:
    """All tasks' SUMS together."""

    counts: pa.Table
    """COUNTS of the words that can be kept"""
    words: int
    tokens: int
    highest: int
    dropped: int


def joined(sums: pa.Table) -> Counted:
    """The rows of SUMS as one."""
    counts = pa.concat_tables([COUNTS.empty_table(), *map(unpacked, sums["counts"])])
    words, tokens, dropped = (pc.sum(sums[name]).as_py() or 0 for name in ("words", "tokens", "dropped"))
    return Counted(counts, words, tokens, pc.max(sums["highest"]).as_py() or 0, dropped)

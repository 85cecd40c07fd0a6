"""Tokens to exact counts of words, in two steps: each part counts its own, each bucket of words adds them up.

Between the steps they travel as `buckets` has it. A task adds up whole buckets and gives back only the words that a
vocabulary can keep, with sums over all; where counts accumulate it writes the counts of the other words to a file.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from w2v_core.io.filesystem import Folder
from w2v_core.runs.sentence_files import dictionary_and_codes, sentence_groups
from w2v_core.runs.task_output import PartWriter, TaskResult
from w2v_core.runs.token_account import TokenAccount
from w2v_core.schemas import RARE
from w2v_core.types import BoolArray
from w2v_core.vocabulary.hash_partition import packed, received_tables, summed, unpacked

COUNTS = pa.schema(
    [
        pa.field("token", pa.string(), nullable=False),
        pa.field("count", pa.int64(), nullable=False),
        pa.field("seen", pa.int64(), nullable=False),
        pa.field("known", pa.int64(), nullable=False),
    ]
)
"""A word, its count, and how much of that was seen in this corpus and not brought along by an earlier one; and the id
that it has already plus 1, or 0: a sum too, of which one row at most brings the id."""

SUMS = pa.schema(
    [
        *(
            pa.field(name, pa.int64(), nullable=False)
            for name in ("words", "tokens", "highest", "dropped", "seen", "first_seen")
        ),
        pa.field("counts", pa.binary(), nullable=False),
        pa.field("rare", pa.string()),
    ]
)
"""What a task returns: sums over its words, the words that can be kept, and the task result of the file of the others.

The sums are: the number of words, their occurrences, the highest count, the words dropped by name, the words of this
corpus, and those of them that no earlier vocabulary counted."""

_TOKENS_A_TASK = 50_000_000
_BROUGHT_A_TASK = 2_000_000  # words, each a row; tokens are far fewer rows by the time they are here
_RARE_GROUP_ROWS = 1 << 20


def num_count_tasks(num_tokens: int, num_brought: int = 0) -> int:
    """Tasks that add counts up: what one has in memory stays the same, however many the tokens and the words brought
    along from an earlier corpus."""
    return 2 + num_tokens // _TOKENS_A_TASK + num_brought // _BROUGHT_A_TASK


def count_tokens(folder: Folder, name: str, weighted: bool = False) -> pa.Table:
    """COUNTS of a tokens file, each word once. The counts are of tokens, whatever their sentences weigh."""
    counted = (
        count_sentences(chunk)
        for sentences in sentence_groups(folder, name, weighted)
        for chunk in sentences["tokens"].chunks
    )
    return summed(counted, COUNTS, ["token"])


def count_sentences(sentences: pa.ListArray) -> pa.Table:
    """COUNTS of an array of sentences, each word once."""
    words, codes_T = dictionary_and_codes(sentences)
    counts_U = np.bincount(codes_T, minlength=len(words))
    columns = [words, counts_U, counts_U, np.zeros_like(counts_U)]
    return pa.table(columns, schema=COUNTS).filter(pa.array(counts_U > 0))


@dataclass(frozen=True)
class Choice:
    """Which words can be kept: those that have an id, and of the others these."""

    min_count: int
    most: int | None = None
    """of the words that reach `min_count` come back the `most` + 1 of highest count"""
    keep: tuple[str, ...] = ()
    """words that come back whatever their count"""
    drop: tuple[str, ...] = ()
    """words that never do"""


def sum_buckets(
    batches: Iterable[pa.RecordBatch], choice: Choice, rare_folder: Folder | None = None, part: int = 0
) -> Iterator[pa.RecordBatch]:
    """One row of SUMS for all the BUCKETS that task `part` is given.

    The counts of the words that cannot be kept go to a file in `rare_folder`, where there is one.
    """
    total = summed(received_tables(batches), COUNTS, ["token"])
    unwanted = _is_one_of(total, choice.drop)
    can_be_kept = _can_be_kept(total, choice, unwanted.to_numpy())
    seen_U, count_U = total["seen"].to_numpy(), total["count"].to_numpy()
    task_result = None
    if rare_folder is not None:
        task_result = write_rare(rare_folder, total.filter(pa.array(~can_be_kept)), part)
    row = {
        "words": len(total),
        "tokens": pc.sum(total["seen"]).as_py() or 0,
        "highest": pc.max(total["count"]).as_py() or 0,
        "dropped": pc.sum(unwanted).as_py() or 0,
        "seen": int((seen_U > 0).sum()),
        "first_seen": int(((seen_U > 0) & (seen_U == count_U)).sum()),
        "counts": packed(total.filter(pa.array(can_be_kept))),
        "rare": task_result.model_dump_json() if task_result else None,
    }
    yield pa.RecordBatch.from_pylist([row], schema=SUMS)


def _can_be_kept(total: pa.Table, choice: Choice, unwanted_U: BoolArray) -> BoolArray:
    """Which words (U,) have an id or may get one. The same ones in whatever order the words have arrived."""
    always_U = (total["known"].to_numpy() > 0) | (_is_one_of(total, choice.keep).to_numpy() & ~unwanted_U)
    frequent_U = (total["count"].to_numpy() >= choice.min_count) & ~always_U & ~unwanted_U
    if choice.most is not None and frequent_U.sum() > choice.most:
        positions = np.flatnonzero(frequent_U)
        order = [("count", "descending"), ("token", "ascending")]
        chosen = pc.select_k_unstable(total.take(pa.array(positions)), choice.most + 1, order)
        frequent_U[:] = False
        frequent_U[positions[chosen.to_numpy()]] = True
    kept_U: BoolArray = always_U | frequent_U
    return kept_U


def write_rare(folder: Folder, counted: pa.Table, part: int) -> TaskResult:
    """Write the words and counts of `counted` as a file of RARE, by code point.

    Each word is stored as what differs from the one before it: of English, a third less than zstd makes of whole words.
    """
    rare = counted.select(RARE.names).sort_by("token")
    encoding = {"token": "DELTA_BYTE_ARRAY"}
    with PartWriter(folder, RARE, use_dictionary=["count"], column_encoding=encoding) as writer:
        for begin in range(0, max(len(rare), 1), _RARE_GROUP_ROWS):
            writer.write(rare.slice(begin, _RARE_GROUP_ROWS))
    return TaskResult.of(writer, TokenAccount(), {}, part=part)


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
    seen: int = 0
    """words of this corpus"""
    first_seen: int = 0
    """those of them that nothing was brought along of"""
    rare: tuple[TaskResult, ...] = ()
    """for the files of the words that cannot be kept, in the order of the tasks"""


def joined(sums: pa.Table) -> Counted:
    """The rows of SUMS as one."""
    names = ("words", "tokens", "dropped", "seen", "first_seen")
    total = {name: pc.sum(sums[name]).as_py() or 0 for name in names}
    rare = [TaskResult.model_validate_json(text) for text in sums["rare"].drop_null().to_pylist()]
    return Counted(
        pa.concat_tables([COUNTS.empty_table(), *map(unpacked, sums["counts"])]),
        highest=pc.max(sums["highest"]).as_py() or 0,
        rare=tuple(sorted(rare, key=lambda task_result: task_result.part)),
        **total,
    )

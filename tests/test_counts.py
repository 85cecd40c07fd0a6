"""Counting in parts and adding up in buckets: exact, whatever the parts."""

from collections import Counter

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from w2v_core.io.filesystem import open_folder
from w2v_core.runs.task_output import PartWriter
from w2v_core.schemas import TOKENS
from w2v_core.vocabulary import hash_partition as buckets_module
from w2v_core.vocabulary.hash_partition import partition_by_hash
from w2v_core.vocabulary.word_counts import COUNTS, SUMS, Choice, count_tokens, joined, sum_buckets

WORD = st.sampled_from(["a", "b", "서울", "c", "d", "é", "f", "g"])
PARTS = st.lists(st.lists(WORD, max_size=20), min_size=1, max_size=5)


def counted(words: list[str], seen: int = 1) -> pa.Table:
    counts = Counter(words)
    columns = [list(counts), list(counts.values()), [seen * n for n in counts.values()], [0] * len(counts)]
    return pa.table(columns, schema=COUNTS)


def added_up(parts: list[pa.Table], choice: Choice, num_buckets: int = 5, num_tasks: int = 3):
    """As Spark does it: each task gets all of some buckets."""
    batches = [partition_by_hash(part, num_buckets) for part in parts]
    rows = []
    for task in range(num_tasks):
        own = [
            batch.filter(pa.array([b % num_tasks == task for b in batch["bucket"].to_pylist()], pa.bool_()))
            for batch in batches
        ]
        rows += sum_buckets(own, choice)
    return joined(pa.Table.from_batches(rows, SUMS))


def as_dict(counts: pa.Table) -> dict[str, int]:
    return dict(zip(counts["token"].to_pylist(), counts["count"].to_pylist(), strict=True))


@given(PARTS, st.integers(1, 4), st.sets(WORD, max_size=2), st.sets(WORD, max_size=2))
def test_parts_add_up_to_the_whole(parts, min_count, keep, drop):
    every = Counter(word for part in parts for word in part)
    keep -= drop
    found = added_up([counted(part) for part in parts], Choice(min_count, keep=tuple(keep), drop=tuple(drop)))
    wanted = {w: n for w, n in every.items() if w not in drop and (n >= min_count or w in keep)}
    assert as_dict(found.counts) == wanted
    assert (found.words, found.tokens) == (len(every), every.total())
    assert found.highest == max(every.values(), default=0)
    assert found.dropped == len(drop & set(every))


@given(PARTS, st.integers(1, 4))
def test_of_too_many_words_the_most_frequent_come_back(parts, most):
    every = Counter(word for part in parts for word in part)
    found = as_dict(added_up([counted(part) for part in parts], Choice(1, most=most)).counts)
    assert found.items() <= every.items()
    largest = sorted(every.values(), reverse=True)[: most + 1]
    assert sorted(found.values(), reverse=True)[: most + 1] == largest


def test_counts_beyond_32_bits_add_up():
    columns = [["a"], [2**53], [0], [0]]
    found = added_up([pa.table(columns, schema=COUNTS), counted(["a"])], Choice(1))
    assert found.counts.to_pylist() == [{"token": "a", "count": 2**53 + 1, "seen": 1, "known": 0}]
    assert found.tokens == 1


@pytest.mark.parametrize("most_unsummed", [1, 1_000_000])
def test_a_file_is_counted_row_group_by_row_group(tmp_path, monkeypatch, most_unsummed):
    monkeypatch.setattr(buckets_module, "_MOST_UNSUMMED", most_unsummed)
    groups = [[["a", "b"], ["a"]], [["서울"]], [["b", "a"], ["서울", "c"]]]
    folder = open_folder(str(tmp_path))
    with PartWriter(folder, TOKENS) as writer:
        for sentences in groups:
            writer.write(pa.table([sentences], schema=TOKENS))
    expected = Counter(word for sentences in groups for tokens in sentences for word in tokens)
    found = count_tokens(folder, writer.temporary_name)
    assert as_dict(found) == expected
    assert found["seen"].equals(found["count"])

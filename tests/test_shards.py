"""Windows, draws, and sentences to shards and back, without Spark."""

import math
from collections import Counter
from dataclasses import replace
from itertools import pairwise
from types import SimpleNamespace

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from contexts import contexts_of
from hypothesis import given, settings
from hypothesis import strategies as st

from w2v_core import keyed_random as draws
from w2v_core import schemas
from w2v_core.config import ShardsConfig
from w2v_core.errors import UserError
from w2v_core.io.filesystem import Folder, open_folder
from w2v_core.pipeline.shards import _fix_for_no_row
from w2v_core.runs.task_output import PartWriter, TaskResult
from w2v_core.runs.token_account import TokenAccount
from w2v_core.shards import digest as digest_module
from w2v_core.shards import encode as encode_module
from w2v_core.shards import training_rows as rows_module
from w2v_core.shards.digest import joined_digest
from w2v_core.shards.encode import encode_sentences, sentence_keys
from w2v_core.shards.epoch_order import ROWS_PER_SPAN, BlockPlan, epoch_plan, share_of, units_of
from w2v_core.shards.read import Reader, Shards
from w2v_core.shards.received_sentences import Sentences, received_sentences
from w2v_core.shards.spans import Spans
from w2v_core.shards.write import ROW_GROUP_ROWS, num_shards, write_shard
from w2v_core.vocabulary.vocabulary import Vocabulary

sentences_strategy = st.lists(st.lists(st.integers(0, 6), min_size=1, max_size=9), min_size=1, max_size=12)


def windows_by_hand(sentences: list[list[int]], window: int) -> list[tuple[int, list[int]]]:
    rows = []
    for ids in sentences:
        for i, target in enumerate(ids):
            contexts = []
            for distance in range(1, window + 1):
                contexts.append(ids[i - distance] if i - distance >= 0 else -1)
                contexts.append(ids[i + distance] if i + distance < len(ids) else -1)
            rows.append((target, contexts))
    return rows


def as_arrays(sentences: list[list[int]]) -> tuple[np.ndarray, np.ndarray]:
    ids = np.array([i for ids in sentences for i in ids], np.int32)
    return ids, np.repeat(np.arange(len(sentences)), [len(ids) for ids in sentences])


# Windows


def test_a_window_by_hand():
    ids, sentence = as_arrays([[1, 2, 3], [4]])
    assert contexts_of(ids, sentence, 2).tolist() == [
        [-1, 2, -1, 3],
        [1, 3, -1, -1],
        [2, -1, 1, -1],
        [-1, -1, -1, -1],
    ]


@given(sentences_strategy, st.integers(1, 12))
def test_windows_equal_the_loop(sentences, window):
    ids, sentence = as_arrays(sentences)
    assert contexts_of(ids, sentence, window).tolist() == [c for _, c in windows_by_hand(sentences, window)]


# Draws


def test_mix_is_splitmix64():
    # The first outputs of SplitMix64 from seed 1234567, from its authors' published test vectors.
    state = np.array([1234567], np.uint64)
    assert int(draws.mix(state)[0]) == 6457827717110365317
    assert int(draws.mix(state + np.uint64(0x9E3779B97F4A7C15))[0]) == 3203168211198807973


def test_uniform_is_even_and_independent_of_its_neighbour():
    numbers = draws.uniform(draws.combine(draws.seed_key(1, 1), np.arange(100_000, dtype=np.uint64)))
    counts = np.bincount((numbers * 10).astype(int), minlength=10)
    assert 0 <= numbers.min() < numbers.max() < 1
    assert np.abs(counts - 10_000).max() < 4 * math.sqrt(10_000 * 0.9)
    assert abs(np.corrcoef(numbers[:-1], numbers[1:])[0, 1]) < 0.015


def test_other_seeds_and_purposes_draw_otherwise():
    keys = {int(draws.seed_key(seed, purpose)[0]) for seed in range(50) for purpose in range(4)}
    assert len(keys) == 200


@given(sentences_strategy)
def test_a_sentence_key_depends_on_the_sentence_alone(sentences):
    ids, _ = as_arrays(sentences)
    offsets = np.cumsum([0, *[len(ids) for ids in sentences]])
    together = sentence_keys(ids, offsets, 1)
    alone = [sentence_keys(np.array(ids, np.int32), np.array([0, len(ids)]), 1)[0] for ids in sentences]
    assert together.tolist() == [int(key) for key in alone]
    same = {tuple(ids): int(key) for ids, key in zip(sentences, together, strict=True)}
    assert len(set(same.values())) == len(same)
    assert set(sentence_keys(ids, offsets, 2).tolist()).isdisjoint(together.tolist())


# Sentences to shards


def a_vocabulary(size: int) -> Vocabulary:
    tokens = pa.array([f"w{i}" for i in range(size)])
    return Vocabulary(pa.table({}), tokens, np.arange(size, 0, -1), np.ones(size), np.full(size, 1 / size))


def encode(folder: Folder, sentences: list[list[int]], size: int = 7) -> list[pa.RecordBatch]:
    """Ids at or above `size` become words that the vocabulary does not have."""
    tokens = [[f"w{i}" for i in ids] for ids in sentences]
    with PartWriter(folder, schemas.TOKENS) as writer:
        for begin in range(0, len(tokens), 5):
            writer.write(pa.table([tokens[begin : begin + 5]], schema=schemas.TOKENS))
    return list(encode_sentences(folder, writer.temporary_name, a_vocabulary(size), seed=1))


def shards_of(folder: Folder, task_results: list[TaskResult], window: int, num_words: int = 1000) -> Shards:
    # as their manifest would list them, but under the names of the drafts
    files = [
        r.file.model_copy(update={"name": r.temporary_name}) for r in task_results if r.file and r.file.rows
    ]
    return Shards(folder, files, window, ROW_GROUP_ROWS, num_words)


def in_order(shards: Shards, seed: int, epoch: int) -> list[tuple[int, list[int]]]:
    """The rows of an epoch, as one worker trains them, less those that fill a span up."""
    units = units_of(shards.rows_by_shard, shards.row_group_rows, 0)
    reader = Reader(shards, seed, cache_bytes=0)
    blocks = [reader.read(plan) for plan in epoch_plan(units, 4, seed, epoch)]
    return [
        (int(target), contexts.tolist())
        for block in blocks
        for target, contexts in zip(block.targets, block.contexts, strict=True)
        if set(contexts.tolist()) != {-1}
    ]


def rows_of(folder: Folder, task_result: TaskResult, window: int) -> list[tuple[int, list[int]]]:
    return in_order(shards_of(folder, [task_result], window), 1, 0)


@settings(deadline=None)
@given(sentences_strategy, st.integers(1, 4), st.randoms())
def test_a_shard_holds_every_row_once_whatever_the_order_of_its_sentences(
    tmp_path_factory, sentences, window, rng
):
    folder = open_folder(str(tmp_path_factory.mktemp("shard")))
    config = ShardsConfig(window=window)
    shuffled = list(sentences)
    rng.shuffle(shuffled)
    written = []
    for order in (sentences, shuffled):
        (task_result,) = write_shard(encode(folder, order), np.ones(7), config, folder, 0)
        assert task_result.tokens.balances()
        written.append(task_result)
    expected = [row for row in windows_by_hand(sentences, window) if set(row[1]) != {-1}]
    found = rows_of(folder, written[0], window)
    assert Counter((t, tuple(c)) for t, c in found) == Counter((t, tuple(c)) for t, c in expected)
    assert written[0].tokens.kept == len(expected)
    assert written[0].tokens.dropped == {"no_context": sum(len(ids) == 1 for ids in sentences)}
    assert written[0].file.crc32 == written[1].file.crc32, (
        "the bytes depend on the order in which sentences arrive"
    )


def test_unknown_words_are_left_out_before_windows_and_counted(tmp_path):
    folder = open_folder(str(tmp_path))
    batches = encode(folder, [[0, 9, 1], [8, 9], [2, 3], [9]], size=4)
    (task_result,) = write_shard(batches, np.ones(4), ShardsConfig(window=1), folder, 0)
    assert sorted(rows_of(folder, task_result, 1)) == [
        (0, [-1, 1]),
        (1, [0, -1]),
        (2, [-1, 3]),
        (3, [2, -1]),
    ]
    assert (task_result.tokens.read, task_result.tokens.kept, task_result.tokens.out_of_vocabulary) == (
        8,
        4,
        4,
    )


def test_subsampling_keeps_the_share_it_should_and_comes_before_windows(tmp_path):
    folder = open_folder(str(tmp_path))
    batches = encode(folder, [[0, i % 6 + 1] * 10 for i in range(2000)])
    keep = np.array([0.25] + [1.0] * 6)
    (task_result,) = write_shard(batches, keep, ShardsConfig(window=1), folder, 0)
    rows = rows_of(folder, task_result, 1)
    kept_zeros = sum(target == 0 for target, _ in rows)
    assert abs(kept_zeros - 5000) < 4 * math.sqrt(20_000 * 0.25 * 0.75)
    assert task_result.tokens.subsampled == 40_000 - len(rows) - task_result.tokens.dropped["no_context"]
    # Were words dropped after windows were laid, no other word would ever stand beside its like.
    assert any(target == other for target, contexts in rows for other in contexts if target)


def test_identical_sentences_are_thinned_independently(tmp_path):
    folder = open_folder(str(tmp_path))
    (task_result,) = write_shard(
        encode(folder, [[0, 1, 2, 3]] * 500), np.full(7, 0.5), ShardsConfig(window=1), folder, 0
    )
    kept = task_result.tokens.kept + task_result.tokens.dropped["no_context"]
    assert kept % 500, "every copy lost the same words"
    assert abs(kept - 1000) < 4 * math.sqrt(2000 / 4)


def test_another_seed_gives_other_rows(tmp_path):
    folder = open_folder(str(tmp_path))
    batches = encode(folder, [[0, 1, 2, 3]] * 200)
    files = [
        [task_result.file.crc32 for task_result in write_shard(batches, np.full(7, 0.5), config, folder, 0)]
        for config in (ShardsConfig(window=1, seed=seed) for seed in (1, 1, 2))
    ]
    assert files[0] == files[1] != files[2]


def test_rows_are_shuffled(tmp_path):
    folder = open_folder(str(tmp_path))
    (task_result,) = write_shard(
        encode(folder, [[i % 7, (i + 1) % 7] for i in range(300)]),
        np.ones(7),
        ShardsConfig(window=1),
        folder,
        0,
    )
    targets = pq.read_table(tmp_path / task_result.temporary_name)["target"].to_pylist()
    assert targets != sorted(targets)
    assert sum(a == b for a, b in pairwise(targets)) < 80


def test_a_shard_moves_spans_of_text_whole(tmp_path):
    folder = open_folder(str(tmp_path))
    sentence = list(range(100))
    (task_result,) = write_shard(
        encode(folder, [sentence], 100), np.ones(100), ShardsConfig(window=1), folder, 0
    )
    targets = pq.read_table(tmp_path / task_result.temporary_name)["target"].to_pylist()
    assert sorted(targets) == sentence
    breaks = [after for before, after in pairwise(targets) if after != before + 1]
    assert len(breaks) >= 4
    assert all(word % ROWS_PER_SPAN == 0 for word in breaks)


def test_a_shard_without_sentences_is_a_file_without_rows(tmp_path):
    folder = open_folder(str(tmp_path))
    (task_result,) = write_shard([], np.ones(3), ShardsConfig(), folder, 4)
    assert task_result.file is not None
    assert (task_result.file.rows, task_result.tokens.read) == (0, 0)
    assert rows_of(folder, task_result, 5) == []


def test_sentences_stand_in_one_order_however_they_arrive(tmp_path):
    folder = open_folder(str(tmp_path))
    table = pa.Table.from_batches(encode(folder, [[1, 2], [3], [1, 2], [4, 5, 6], [1, 2], [0, 9]]))
    one, other = (
        received_sentences(table.to_batches(), False),
        received_sentences(table[::-1].to_batches(), False),
    )
    assert one.sentences.keys.tolist() == other.sentences.keys.tolist()
    assert one.sentences.ids.tolist() == other.sentences.ids.tolist()
    assert one.copies.tolist() == other.copies.tolist()
    assert (one.num_tokens, one.num_known) == (12, 11)


@given(st.lists(st.sampled_from([(0, 1), (1, 0), (2,), (3, 4, 5), (0, 9), (9,), ()]), max_size=60))
def test_copies_of_a_sentence_travel_as_one_with_their_number(tmp_path_factory, sentences):
    folder = open_folder(str(tmp_path_factory.mktemp("tokens")))
    batches = encode(folder, [list(ids) for ids in sentences if ids])
    known = Counter(tuple(i for i in ids if i < 7) for ids in sentences)
    del known[()]
    for batch in batches:  # a row group of five sentences, and a row for those without a known word
        rows = [row for row in batch.to_pylist() if row["ids"]]
        assert len({row["ids"] for row in rows}) == len(rows)
    found = received_sentences(batches, False)
    ids = np.split(found.sentences.ids, np.cumsum(found.sentences.lengths)[:-1])
    copies = zip(map(tuple, ids), found.copies.tolist(), strict=False)  # split makes one of nothing
    assert {sentence: number for sentence, number in copies if sentence} == known
    assert found.num_tokens == sum(map(len, sentences))


def test_sentences_that_share_a_key_stay_two(tmp_path, monkeypatch):
    monkeypatch.setattr(
        encode_module, "sentence_keys", lambda ids, offsets, seed: np.full(len(offsets) - 1, 7, np.uint64)
    )
    folder = open_folder(str(tmp_path))
    sentences = [[0, 1], [2, 3], [0, 1], [4, 5]]
    (task_result,) = write_shard(encode(folder, sentences), np.ones(7), ShardsConfig(window=1), folder, 0)
    expected = Counter((t, tuple(c)) for t, c in windows_by_hand(sentences, 1))
    assert Counter((t, tuple(c)) for t, c in rows_of(folder, task_result, 1)) == expected
    for numbers in [(3, 2, 1), (1, 2, 3)]:
        copies = [
            ids for ids, number in zip([[0, 1], [2, 3], [4, 5]], numbers, strict=True) for _ in range(number)
        ]
        found = received_sentences(encode(folder, copies), False)
        for num_pieces in (1, 2, 3):  # and each copy has a key of its own
            keys = [found.piece(number, num_pieces).keys for number in range(num_pieces)]
            assert len(set(np.concatenate(keys).tolist())) == found.copies.sum() >= len(copies)


def test_sentences_with_other_keys_do_not_change_the_keys_of_copies(tmp_path):
    folder = open_folder(str(tmp_path))
    texts = [[[0, 1]] * 3, [[2, 3]] * 2, [[4, 5]]]
    together = keys_of_copies(encode(folder, [ids for text in texts for ids in text]))
    assert together == sorted(key for text in texts for key in keys_of_copies(encode(folder, text)))


def keys_of_copies(batches: list[pa.RecordBatch]) -> list[int]:
    """Without those of the rows that have no ids: the number of these rows is that of the row groups."""
    found = received_sentences(batches, False).piece(0, 1)
    return sorted(found.keys[found.lengths > 0].tolist())


def test_a_line_that_fills_the_corpus_is_cut_into_pieces_that_hold_the_same_rows(tmp_path):
    folder, keep = open_folder(str(tmp_path)), np.full(7, 0.7)
    batches = encode(folder, [[0, 1, 2, 3]] * 3000 + [[i % 7, (i + 3) % 7] for i in range(200)])
    (uncut,) = write_shard(batches, keep, ShardsConfig(window=1), folder, 0)
    pieces = list(write_shard(batches, keep, ShardsConfig(window=1, target_rows=1000), folder, 0))
    assert [(piece.piece, piece.num_pieces) for piece in pieces] == [(n, 9) for n in range(9)]
    rows = [piece.file.rows for piece in pieces]
    assert sum(rows) == uncut.file.rows
    assert max(rows) < 1200
    assert joined_digest(*(piece.digest for piece in pieces)) == uncut.digest
    assert sum((piece.tokens for piece in pieces), TokenAccount()) == uncut.tokens


# Passes


def test_passes_are_independent_draws_of_which_the_first_is_the_only_one_of_one_pass(tmp_path):
    folder, keep = open_folder(str(tmp_path)), np.full(7, 0.5)
    batches = encode(folder, [[i % 7, (i * 3 + 1) % 7, (i * 5 + 2) % 7] for i in range(2000)])
    (only,) = write_shard(batches, keep, ShardsConfig(window=1), folder, 0)
    draws = list(write_shard(batches, keep, ShardsConfig(window=1, passes=3), folder, 0))
    assert [task_result.draw for task_result in draws] == [0, 1, 2]
    assert draws[0].file.crc32 == only.file.crc32
    assert len({task_result.digest for task_result in draws}) == 3
    for task_result in draws:
        kept = task_result.tokens.read - task_result.tokens.subsampled
        assert abs(kept - 3000) < 4 * math.sqrt(6000 / 4)


def test_an_epoch_reads_the_files_of_its_pass(three_shards):
    six = replace(three_shards, files=[*three_shards.files] * 2, passes=2)
    units = units_of(six.rows_by_shard, ROW_GROUP_ROWS, 0)
    assert [six.pass_of(unit) for unit in units] == [0, 0, 0, 1, 1, 1]


# Weights


def test_a_row_has_the_weight_of_its_sentence(tmp_path):
    folder = open_folder(str(tmp_path))
    sentences, weights = [["w0", "w1"], ["w0", "w1"], ["w2", "x", "w3"], ["w0", "w1"]], [1.0, 0.25, 3.0, 1.0]
    with PartWriter(folder, schemas.tokens(True)) as writer:
        writer.write(pa.table([sentences, pa.array(weights, pa.float32())], schema=schemas.tokens(True)))
    batches = list(encode_sentences(folder, writer.temporary_name, a_vocabulary(7), 1, weighted=True))
    assert sum(batch["copies"].to_numpy().sum() for batch in batches) == 5  # and the row of unheard tokens
    (task_result,) = write_shard(batches, np.ones(7), ShardsConfig(window=1), folder, 0, weighted=True)
    rows = pq.read_table(tmp_path / task_result.temporary_name)
    assert rows.schema == schemas.shards(1, weighted=True)
    found = Counter(zip(rows["target"].to_pylist(), rows["weight"].to_pylist(), strict=True))
    assert found == {(0, 1.0): 2, (1, 1.0): 2, (0, 0.25): 1, (1, 0.25): 1, (2, 3.0): 1, (3, 3.0): 1}


def test_the_number_of_shards_follows_the_rows_expected():
    assert num_shards(np.array([10_000, 4_000]), np.array([0.5, 1.0]), 14_000, 3_000) == 3
    assert num_shards(np.array([5]), np.array([1.0]), 5, 1_000) == 1


def test_the_number_of_shards_is_of_this_corpus_and_not_of_all_that_were_counted():
    counts, keep = np.array([10_000, 4_000]) * 100, np.array([0.5, 1.0])
    assert num_shards(counts, keep, 14_000, 3_000) == 3
    assert num_shards(counts, keep, 0, 3_000) == 1


# Reading


@pytest.fixture
def three_shards(tmp_path):
    folder = open_folder(str(tmp_path))
    task_results = [
        task_result
        for n in range(3)
        for task_result in write_shard(
            encode(folder, [[n, n + 1, n + 2]] * 20), np.ones(7), ShardsConfig(window=1), folder, n
        )
    ]
    return shards_of(folder, task_results, 1)


def test_an_epoch_is_every_row_once_in_an_order_that_seed_and_epoch_decide(three_shards):
    first = in_order(three_shards, 1, 0)
    assert len(first) == 180
    assert in_order(three_shards, 1, 0) == first
    for seed, epoch in ((1, 1), (2, 0)):
        other = in_order(three_shards, seed, epoch)
        assert other != first
        assert sorted(other) == sorted(first)


@pytest.mark.parametrize(("config", "passes"), [({"window": 3, "passes": 2}, 2), ({"window": 3}, 1)])
def test_shards_are_what_their_manifest_says(tmp_path, config, passes):
    manifest = SimpleNamespace(config=config, counters={"row_group_rows": 8}, files=())
    found = Shards.of(open_folder(str(tmp_path)), manifest, 7, compiled=True)
    assert (found.window, found.row_group_rows, found.num_words) == (3, 8, 7)
    assert (found.passes, found.weighted, found.compiled) == (passes, False, True)


def test_shards_without_the_size_of_a_row_group_are_rejected(tmp_path):
    with pytest.raises(UserError, match="earlier version"):
        Shards.of(open_folder(str(tmp_path)), SimpleNamespace(config={"window": 3}, counters={}), 7)


def as_columns(block: Spans) -> np.ndarray:
    return np.column_stack([block.targets, block.contexts])


def test_a_block_moves_spans_whole_and_fills_up_the_last_of_a_file(three_shards):
    units = units_of(three_shards.rows_by_shard, ROW_GROUP_ROWS, 0)
    plan, *_ = epoch_plan(units, 100, 1, 0)
    stood = [three_shards.read_unit(unit, unit.begin, unit.end) for unit in plan.units]
    assert any((rows.left + rows.right == 0).any() for rows in stood)
    before = np.concatenate([as_columns(rows) for rows in stood])
    assert np.count_nonzero((before[:, 1:] != -1).any(axis=1)) == plan.num_rows
    before = before.reshape(-1, ROWS_PER_SPAN, before.shape[1]).tolist()
    after = as_columns(Reader(three_shards, 1, cache_bytes=0).read(plan))
    after = after.reshape(-1, ROWS_PER_SPAN, after.shape[1]).tolist()
    assert after != before
    assert sorted(after) == sorted(before)


def test_what_a_reader_keeps_changes_nothing_but_the_reading(three_shards, monkeypatch):
    units = units_of(three_shards.rows_by_shard, ROW_GROUP_ROWS, 0)
    plan = BlockPlan(0, 0, tuple(units))
    sizes = [three_shards.read_unit(unit, unit.begin, unit.end).nbytes for unit in plan.units]
    real_read, times_read = Shards.read_unit, []
    monkeypatch.setattr(Shards, "read_unit", lambda *of: times_read.append(of[1]) or real_read(*of))
    num_units = len(sizes)
    for room, expected in ((0, 2 * num_units), (sizes[0], 2 * num_units - 1), (sum(sizes), num_units)):
        times_read.clear()
        reader = Reader(three_shards, 1, room)
        first, again = (as_columns(reader.read(plan)).tolist() for _ in range(2))
        assert first == again
        assert len(times_read) == expected


@pytest.mark.parametrize("world_size", [1, 2, 3, 16])
def test_workers_share_the_rows_evenly_and_between_spans(world_size):
    units = units_of([1000, 40], 600, 32)
    shares = [share_of(units, rank, world_size) for rank in range(world_size)]
    rows = [sum(unit.num_rows for unit in own) for own in shares]
    assert sum(rows) == 1040 - 32
    assert max(rows) - min(rows) <= 2 * ROWS_PER_SPAN
    assert [unit for own in shares for unit in own if unit.begin % ROWS_PER_SPAN] == []


@given(
    st.lists(st.lists(st.integers(0, 9), min_size=2, max_size=40), min_size=1, max_size=6), st.integers(1, 12)
)
def test_spans_tell_the_rows_they_were_made_of(sentences, window):
    ids, sentence = as_arrays(sentences)
    contexts = contexts_of(ids, sentence, window)
    block = Spans.of_rows(ids, contexts, 10, "file")
    assert (len(block), block.window) == (-(-len(ids) // 16) * 16, window)
    assert block.targets[: len(ids)].tolist() == ids.tolist()
    assert block.contexts[: len(ids)].tolist() == contexts.tolist()
    assert (block.contexts[len(ids) :] == -1).all()


def test_rows_that_are_not_spans_of_text_are_refused(three_shards):
    unit = units_of(three_shards.rows_by_shard, ROW_GROUP_ROWS, 0)[0]
    block = three_shards.read_unit(unit, unit.begin, unit.end)
    num_rows = np.count_nonzero(block.left + block.right)
    target, contexts = block.targets[:num_rows], block.contexts[:num_rows]
    shuffled = np.random.default_rng(0).permutation(num_rows)
    with pytest.raises(UserError, match="spans of 16"):
        Spans.of_rows(target[shuffled], contexts[shuffled], 1000, "file")
    farthest = np.flatnonzero(contexts[:, -1] >= 0)[3]  # one id wrong, far from its target
    contexts[farthest, -1] = (contexts[farthest, -1] + 1) % 1000
    with pytest.raises(UserError, match="file are not in spans of 16"):
        Spans.of_rows(target, contexts, 1000, "file")


def test_a_missing_damaged_or_foreign_shard_is_named(three_shards, tmp_path):
    path = tmp_path / three_shards.files[1].name
    data = path.read_bytes()
    chunk = pq.read_metadata(path).row_group(0).column(0)
    last_of_page = chunk.data_page_offset + chunk.total_compressed_size - 1
    flipped = bytearray(data)
    flipped[last_of_page] ^= 1
    for damage, words in (
        (data[: len(data) // 2], "is damaged"),
        (bytes(flipped), "is damaged"),
        (b"", "is damaged"),
        (b"hello", "is damaged"),
    ):
        path.write_bytes(damage)
        with pytest.raises(UserError, match=words) as fault:
            in_order(three_shards, 1, 0)
        assert three_shards.files[1].name in str(fault.value)
    pq.write_table(pa.table({"x": [1]}), path)
    with pytest.raises(UserError, match=r"columns \(x: int64\)"):
        in_order(three_shards, 1, 0)
    path.unlink()
    with pytest.raises(UserError, match="is missing"):
        in_order(three_shards, 1, 0)


def test_ids_that_are_not_of_the_vocabulary_are_refused(three_shards):
    with pytest.raises(UserError, match="ids .*vocabulary of 4"):
        in_order(replace(three_shards, num_words=4), 1, 0)


@pytest.mark.parametrize("row", range(16))
@pytest.mark.parametrize("place", range(3))
@pytest.mark.parametrize("wrong", [-2, 4, 2**31 - 1])
def test_one_id_that_is_not_of_the_vocabulary_is_refused_wherever_it_stands(place, wrong, row):
    ids = np.arange(16, dtype=np.int32) % 4
    rows = np.column_stack([ids, contexts_of(ids, np.zeros(16, int), 1)])
    Spans.of_rows(rows[:, 0].copy(), rows[:, 1:].copy(), 4, "file")
    rows[row, place] = wrong
    with pytest.raises(UserError, match="file .*ids .*vocabulary of 4"):
        Spans.of_rows(rows[:, 0].copy(), rows[:, 1:].copy(), 4, "file")


@pytest.mark.parametrize("world_size", [2, 4, 11])
def test_workers_that_share_a_row_group_read_each_row_of_it_once(three_shards, world_size):
    units = units_of(three_shards.rows_by_shard, ROW_GROUP_ROWS, 0)
    shares = [unit for rank in range(world_size) for unit in share_of(units, rank, world_size)]
    assert any(unit.begin for unit in shares)
    assert world_size < 11 or any(unit.begin and unit.end < 60 for unit in shares)
    read = [as_columns(three_shards.read_unit(unit, unit.begin, unit.end)) for unit in shares]
    for unit, rows in zip(shares, read, strict=True):
        assert np.count_nonzero((rows[:, 1:] != -1).any(axis=1)) == unit.num_rows
    uncut = [as_columns(three_shards.read_unit(unit, unit.begin, unit.end)) for unit in units]
    assert Counter(map(tuple, np.concatenate(read).tolist())) == Counter(
        map(tuple, np.concatenate(uncut).tolist())
    )


def test_no_two_draws_of_a_sentence_have_one_purpose():
    purposes = [encode_module._SHARD_OF_SENTENCE, rows_module._KEEP_TOKEN, rows_module._ORDER_OF_SPAN]
    assert len({*purposes, digest_module._DIGEST}) == 4


def test_one_row_without_a_context_among_others_is_refused():
    ids = np.arange(16, dtype=np.int32)
    contexts = contexts_of(ids, np.zeros(16, int), 1)
    contexts[7] = -1
    with pytest.raises(UserError, match="file .*row without a context"):
        Spans.of_rows(ids, contexts, 16, "file")


def test_a_blocks_bytes_are_those_of_all_its_arrays():
    ids = np.arange(32, dtype=np.int32)
    block = Spans.of_rows(ids, contexts_of(ids, np.zeros(32, int), 2), 32, "file")
    assert block.nbytes == 2 * 20 * 4 + 32 + 32


@pytest.mark.parametrize(
    ("account", "num_sentences", "min_count", "fix"),
    [
        (TokenAccount(30, dropped={"no_context": 30}), 30, 1, "every sentence has one token only"),
        (
            TokenAccount(30, out_of_vocabulary=25, dropped={"no_context": 5}),
            5,
            5,
            "lower vocab.min_count = 5",
        ),
        (TokenAccount(30, subsampled=20, dropped={"no_context": 10}), 5, 1, "raise vocab.sample = 0.001"),
        (TokenAccount(30, dropped={"no_context": 30}), 5, 1, "give more text"),
    ],
)
def test_the_real_cause_is_named_where_no_word_has_a_context(account, num_sentences, min_count, fix):
    sentences = SimpleNamespace(num_sentences=num_sentences, num_tokens=30)
    vocab = SimpleNamespace(config={"min_count": min_count, "sample": 0.001})
    assert fix in _fix_for_no_row(account, sentences, vocab)


def test_a_sentences_rows_do_not_depend_on_the_sentences_beside_it():
    rng = np.random.default_rng(3)
    lengths = rng.integers(1, 30, 40)
    sentences = Sentences(
        rng.integers(0, 20, lengths.sum()).astype(np.int32),
        lengths.astype(np.int64),
        rng.integers(2**63, size=40, dtype=np.uint64),
    )
    keep = np.full(20, 0.5)
    together = rows_module.subsample(sentences, keep, 3, seed=1, draw=0)
    ends = np.cumsum(lengths)
    alone = [
        rows_module.subsample(
            sentences.part(i, i + 1, ends[i] - lengths[i], ends[i]), keep, 3, seed=1, draw=0
        )
        for i in range(40)
    ]
    for name in ("targets", "left", "right", "keys"):
        expected = np.concatenate([getattr(part.rows, name) for part in alone])
        np.testing.assert_array_equal(getattr(together.rows, name), expected)
    assert together.subsampled == sum(part.subsampled for part in alone) > 100

"""Counts beyond 2**31 and up to 2**62, made up, through everything that counts, weighs, draws, plans or shows."""

import json
import math
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from w2v_core.config import ReportConfig, VocabConfig
from w2v_core.documents.weighting import weights_of_words
from w2v_core.errors import UserError
from w2v_core.evaluation.comparison import moved_words
from w2v_core.io.filesystem import open_folder
from w2v_core.pipeline.train import _overlap
from w2v_core.pipeline.vocabulary import VocabularyInputs
from w2v_core.planning.growth import curve, extrapolate_growth, tokens_below, words_that_reach
from w2v_core.reference.unigram_sampler import UnigramSampler, noise_distribution
from w2v_core.report.corpus import vocabulary_section
from w2v_core.report.explorer import explorer_data
from w2v_core.report.word_map import word_map
from w2v_core.runs.run_directory import RunDir
from w2v_core.runs.token_account import TokenAccount
from w2v_core.schemas import RARE
from w2v_core.shards.write import num_shards
from w2v_core.vectors.alignment import SharedWords
from w2v_core.vectors.formats.detect_format import open_table
from w2v_core.vectors.formats.formats import FORMATS, export
from w2v_core.vectors.formats.table import VectorTable
from w2v_core.vectors.word_vectors import WordVectors
from w2v_core.vocabulary.base_vocabulary import BaseVocabulary, decayed, rare_counts
from w2v_core.vocabulary.hash_partition import partition_by_hash
from w2v_core.vocabulary.vocabulary import (
    Vocabulary,
    build_vocab,
    earlier_vocab,
    keep_probability,
    vocab_of,
    write_vocab,
)
from w2v_core.vocabulary.word_counts import COUNTS, SUMS, Choice, joined, sum_buckets

COUNTS_V = np.array([2**62 - 2**33, 2**32 + 1, 2**31, 2**31 - 1, 5])
TOKENS = ["the", "서울", "of", "a", "rare"]
POWERS = [-0.5, 0.0, 0.75, 1.0]


def counted(counts: np.ndarray, seen: int = 1) -> pa.Table:
    nothing = np.zeros_like(counts)
    return pa.table([TOKENS[: len(counts)], counts, counts * seen, nothing], schema=COUNTS)


def the_vocabulary(counts: np.ndarray = COUNTS_V) -> pa.Table:
    return vocab_of(pa.array(TOKENS[: len(counts)]), counts, VocabConfig())


def as_fractions(counts: np.ndarray, power: float) -> list[float]:
    """In whole numbers of Python as far as they go."""
    weights = [math.exp(power * math.log(int(count))) for count in counts]
    return [weight / math.fsum(weights) for weight in weights]


# Vocabulary, noise, subsampling


def test_parts_add_up_exactly_and_the_vocabulary_holds_them():
    parts = [counted(COUNTS_V // 2), counted(COUNTS_V - COUNTS_V // 2)]
    batches = [partition_by_hash(part, 3) for part in parts]
    sums = joined(pa.Table.from_batches(sum_buckets(batches, Choice(5)), SUMS))
    table = build_vocab(sums, VocabConfig())
    assert table["count"].to_pylist() == COUNTS_V.tolist()
    assert (sums.tokens, sums.highest) == (sum(COUNTS_V.tolist()), COUNTS_V[0])
    np.testing.assert_allclose(table["noise_probability"], as_fractions(COUNTS_V, 0.75), rtol=1e-12)


@given(st.lists(st.integers(1, 2**62), min_size=1, max_size=20), st.sampled_from(POWERS))
def test_noise_is_the_counts_power_at_any_count(counts, power):
    found = noise_distribution(np.array(counts), power)
    np.testing.assert_allclose(found, as_fractions(np.array(counts), power), rtol=1e-9)
    assert found.sum() == pytest.approx(1)


@pytest.mark.parametrize("power", POWERS)
def test_draws_follow_it(power):
    sampler = UnigramSampler(COUNTS_V, power)
    drawn = sampler.draw_spread(1000, 100, np.random.default_rng(1)).ravel()
    share_V = np.bincount(drawn, minlength=5) / drawn.size
    np.testing.assert_allclose(share_V, as_fractions(COUNTS_V, power), atol=2e-5)


@given(st.lists(st.integers(1, 2**62), min_size=1, max_size=20), st.sampled_from([1e-5, 1e-3, 1.0]))
def test_words_are_kept_as_their_share_says_at_any_count(counts, sample):
    ratio = [sample * sum(counts) / count for count in counts]
    expected = [min(1.0, math.sqrt(r) + r) for r in ratio]
    np.testing.assert_allclose(keep_probability(np.array(counts), sample), expected, rtol=1e-9)


def test_as_many_shards_as_the_rows_need():
    counts, keep = np.array([2**62, 2**62, 2**62]), np.full(3, 0.5)
    assert num_shards(counts, keep, 2**33, 2**31 - 1) == 3
    assert num_shards(counts, keep, 4_000_000, 1_000_000) == 2


def test_words_of_other_vectors_are_told_by_their_share():
    vocabulary = Vocabulary(
        pa.table({}), pa.array(["a", "b", "c"]), np.full(3, 2**62), np.ones(3), np.ones(3)
    )
    assert _overlap(np.array([True, True, False]), vocabulary) == "2 of 3 words (66.7% of the tokens)"


# Earlier vocabularies


def written(folder: Path, counts: list[int]) -> str:
    table = the_vocabulary(np.array([7] * len(counts)))
    place = table.schema.get_field_index("count")
    pq.write_table(
        table.set_column(place, table.schema.field(place), pa.array(counts)), folder / "vocab.parquet"
    )
    return str(folder / "vocab.parquet")


@pytest.mark.parametrize("key", ["merge", "from"])
@pytest.mark.parametrize(
    "counts",
    [[2**63 - 1, 1], [2**62, 2**62, 2**62], [3, 0], [3, -1]],
    ids=["2**63-1", "3 * 2**62", "0", "-1"],
)
def test_counts_that_cannot_be_added_or_are_none_are_refused(tmp_path, key, counts):
    location = written(tmp_path, counts)
    with pytest.raises(
        UserError, match=rf"vocab.{key} = .* is not a valid vocabulary: .*4,611,686,018,427,387,904"
    ):
        VocabularyInputs.read(VocabConfig(**{key: location}))


def test_the_largest_counts_of_an_earlier_vocabulary_are_taken(tmp_path):
    assert earlier_vocab(written(tmp_path, [2**62 - 1, 1]), "vocab.merge")["count"].to_pylist() == [
        2**62 - 1,
        1,
    ]


@pytest.mark.parametrize("counts", [[2**62 + 1], [0], [-5]])
def test_counts_of_words_without_an_id_are_held_to_the_same(tmp_path, counts):
    pq.write_table(pa.table([["x"], counts], schema=RARE), tmp_path / "rare-00000.parquet")
    with pytest.raises(UserError, match="rare-00000.parquet .*counts"):
        list(rare_counts(open_folder(str(tmp_path)), "rare-00000.parquet", 1.0))


@given(st.integers(1, 2**62), st.integers(1, 1_000_000))
def test_counts_decay_in_whole_numbers(count, millionths):
    assert decayed(np.array([count]), millionths / 1_000_000).tolist() == [count * millionths // 1_000_000]


def test_a_vocabulary_that_grows_keeps_enormous_counts(tmp_path):
    run = RunDir.create(str(tmp_path / "run"))
    with run.rewrite("vocab") as stage_writer:
        stage_writer.finish(
            config=VocabConfig(), inputs={}, files=write_vocab(stage_writer, the_vocabulary()), counters={}
        )
    known = BaseVocabulary.read(run.location, rare_lost=True)
    assert known.counts(1.0)["count"].to_pylist() == COUNTS_V.tolist()
    assert known.counts(0.5)["count"].to_pylist() == [count // 2 for count in COUNTS_V.tolist()]


# Accounts


def test_accounts_add_up_and_are_written_beyond_64_bits():
    part = TokenAccount(2**63, 2**62, 2**61, 2**60, {"no_context": 2**60})
    total = sum([part] * 8, TokenAccount())
    assert total.balances()
    assert total.read == 2**66
    assert f"{2**66:,} read = {2**65:,} kept" in str(total)


# What reads the counts


@pytest.fixture
def vectors() -> WordVectors:
    rows = np.random.default_rng(1).normal(size=(5, 4)).astype(np.float32)
    return WordVectors(TOKENS, COUNTS_V, rows)


@pytest.mark.parametrize("name", FORMATS)
def test_exports_keep_counts_or_leave_them_out(vectors, tmp_path, name):
    location = str(tmp_path / "out")
    export(VectorTable.of(pa.chunked_array([TOKENS]), vectors.vectors, COUNTS_V), name, location)
    if name == "projector":
        assert "4611686009837453312" in (tmp_path / "out" / "metadata.tsv").read_text()
        return
    found = open_table(location)
    assert found.tokens.to_pylist() == TOKENS
    assert found.counts.tolist() in (COUNTS_V.tolist(), [5, 4, 3, 2, 1])
    assert found.counts.tolist() == COUNTS_V.tolist() or name not in ("parquet", "npy", "safetensors")


def test_the_page_shows_them(vectors):
    assert "4,611,686,009,837,453,312" in vocabulary_section(COUNTS_V)
    data = str(explorer_data(word_map(vectors, ReportConfig())))
    assert json.loads(data[data.index(">") + 1 : data.rindex("<")])["words"] == TOKENS


def test_words_that_moved_are_told_with_their_counts(vectors):
    shared = SharedWords.of(vectors, vectors).seen(2**31)
    assert {word.word for word in moved_words(shared).top} == set(TOKENS[:3])
    assert max(word.count for word in moved_words(shared).top) == COUNTS_V[0]


def test_rare_words_weigh_more_in_documents_at_any_count():
    weight_V = weights_of_words("sif", np.array([2**62, 2**62, 2**62, 1]), 1e-3)
    np.testing.assert_allclose(weight_V, [1e-3 / (1e-3 + 1 / 3)] * 3 + [1.0], rtol=1e-6)


@pytest.mark.parametrize("scale", [1.0, 2.0**31, 2.0**40])
def test_a_plan_of_a_corpus_beyond_any_is_finite_and_grows(scale):
    levels = [[counted(np.array([50, 9, 2, 1]))] * 2, [counted(np.array([100, 18, 4, 2, 1]))]]
    words = curve(levels, len)
    found = extrapolate_growth(words, words, scale)
    assert math.isfinite(found)
    assert found >= 5
    assert math.isfinite(words_that_reach(levels, words, 2**40, scale))
    assert 0 <= tokens_below(levels, words, 2**40, scale) <= 125 * scale

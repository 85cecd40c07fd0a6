"""Counting, thresholds and the two distributions, without Spark."""

from collections import Counter

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from w2v_core.config import VocabConfig
from w2v_core.errors import UserError
from w2v_core.schemas import VOCAB
from w2v_core.vocabulary.vocabulary import Vocabulary, build_vocab, effective_min_count, keep_probability
from w2v_core.vocabulary.word_counts import COUNTS, Counted


def counted(counts: dict[str, int], highest: int | None = None) -> Counted:
    numbers = list(counts.values())
    table = pa.table([list(counts), numbers, numbers, [0] * len(counts)], schema=COUNTS)
    return Counted(table, len(counts), sum(numbers), highest or max(numbers, default=0), 0)


def test_ids_run_by_descending_count_then_code_point():
    table = build_vocab(counted({"b": 5, "가": 7, "a": 5, "z": 1, "é": 5, "A": 5}), VocabConfig(min_count=2))
    assert table.schema == VOCAB
    assert table["token"].to_pylist() == ["가", "A", "a", "b", "é"]
    assert table["id"].to_pylist() == [0, 1, 2, 3, 4]
    assert table["count"].to_pylist() == [7, 5, 5, 5, 5]


def test_counts_beyond_32_bits_are_exact():
    table = build_vocab(counted({"a": 2**53 + 1, "b": 2**40}), VocabConfig())
    assert table["count"].to_pylist() == [2**53 + 1, 2**40]


def test_the_noise_column_is_counts_to_the_exponent():
    table = build_vocab(counted({"a": 16, "b": 1}), VocabConfig(min_count=1, ns_exponent=0.75))
    np.testing.assert_allclose(table["noise_probability"], [8 / 9, 1 / 9])


def test_keep_probability_by_hand():
    # f = 0.9 and 0.1, t = 0.1: sqrt(1/9) + 1/9 = 4/9; the rarer word is always kept
    np.testing.assert_allclose(keep_probability(np.array([90, 10]), 0.1), [4 / 9, 1.0])
    np.testing.assert_array_equal(keep_probability(np.array([90, 10]), 0.0), [1.0, 1.0])


@given(st.lists(st.integers(1, 20), min_size=1, max_size=30), st.integers(1, 10), st.integers(1, 30))
def test_max_final_vocab_is_the_lowest_threshold_that_fits(counts, min_count, most):
    threshold = effective_min_count(np.array(counts), min_count, most)
    left = sum(count >= threshold for count in counts)
    assert left <= most
    assert threshold == min_count or sum(count >= threshold - 1 for count in counts) > most
    largest = sorted(counts, reverse=True)[: most + 1]
    assert effective_min_count(np.array(largest), min_count, most) == threshold


def test_max_final_vocab_as_gensim_understands_it():
    utils = pytest.importorskip("gensim.models.word2vec")
    counts = Counter({"a": 9, "b": 7, "c": 7, "d": 3, "e": 1})
    model = utils.Word2Vec(min_count=1, max_final_vocab=2, vector_size=2)
    model.build_vocab_from_freq(dict(counts))
    ours = build_vocab(counted(counts), VocabConfig(min_count=1, max_final_vocab=2))
    assert ours["token"].to_pylist() == model.wv.index_to_key == ["a"]


def test_an_empty_vocabulary_says_which_setting_empties_it():
    with pytest.raises(UserError, match="vocab.min_count = 9 .*no word: .*5"):
        build_vocab(counted({}, 5), VocabConfig(min_count=9))
    with pytest.raises(UserError, match="vocab.drop = x.txt .*no word: .*list"):
        build_vocab(counted({}, 0), VocabConfig(min_count=1, drop="x.txt"))
    with pytest.raises(UserError, match="vocab.max_final_vocab = 1 .*no word"):
        build_vocab(counted({"a": 7, "b": 7}), VocabConfig(max_final_vocab=1))


def test_ids_of_tokens():
    tokens = pa.array(["the", "서울", "cat"])
    nothing = np.zeros(3)
    vocabulary = Vocabulary(pa.table({}), tokens, np.array([3, 2, 1]), nothing, nothing)
    text = pa.array(["cat", "dog", "the", "cat", "서울", "SEOUL"])
    assert vocabulary.ids(text).tolist() == [2, -1, 0, 2, 1, -1]
    assert vocabulary.ids(pa.array([], pa.string())).tolist() == []

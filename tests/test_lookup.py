"""Words to ids through tables: the same as a dict, whatever the words and their hashes."""

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from w2v_core.vocabulary import word_index as lookup_module
from w2v_core.vocabulary.word_index import Lookup, hashes

WORDS = st.text(st.sampled_from("ab\0é가😀") | st.characters(codec="utf-8"), max_size=20)


def strings(words: list[str]) -> pa.StringArray:
    return pa.array(words, pa.string())


@given(st.lists(WORDS, unique=True, max_size=40), st.lists(WORDS, max_size=20), st.randoms())
def test_ids_equal_a_dict(words, others, random):
    asked = [*words, *others]
    random.shuffle(asked)
    ids = {word: number for number, word in enumerate(words)}
    assert Lookup.of(strings(words)).ids(strings(asked)).tolist() == [ids.get(word, -1) for word in asked]


@given(st.lists(WORDS, unique=True, max_size=12), st.lists(WORDS, max_size=12))
def test_words_that_share_a_hash_keep_their_ids(words, others):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(lookup_module, "hashes", lambda tokens: np.full(len(tokens), 7 << 40, np.uint64))
        ids = {word: number for number, word in enumerate(words)}
        found = Lookup.of(strings(words)).ids(strings([*others, *words]))
    assert found.tolist() == [ids.get(word, -1) for word in [*others, *words]]


@given(st.lists(WORDS, max_size=30), st.integers(0, 5), st.integers(0, 5))
def test_a_hash_is_of_the_words_bytes_alone(words, before, after):
    alone = [int(hashes(strings([word]))[0]) for word in words]
    within = strings(["x" * 3] * before + words + ["yy"] * after).slice(before, len(words))
    assert hashes(within).tolist() == alone
    assert len(set(alone)) == len(set(words))


def test_a_long_word_among_short_ones():
    words = ["a" * 2_000_000, "a", "a" * 1_999_999, ""]
    assert Lookup.of(strings(words)).ids(strings(words[::-1])).tolist() == [3, 2, 1, 0]

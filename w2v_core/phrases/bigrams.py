"""Where sentences may hold a phrase of two words, and what it would be called.

Words of a list, the common terms, begin and end no phrase; any number of them may stand within one ("bank of america").
A pair (P) is two words with nothing but common terms between them. A bigram (J) is the name of a pair.
"""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from w2v_core.runs.sentence_files import dictionary_and_codes
from w2v_core.types import BoolArray, Int32Array, Int64Array, ranges


@dataclass(frozen=True)
class PhraseRules:
    """How words become phrases: what stands between them in the phrase, and the common terms."""

    delimiter: str
    common_terms: tuple[str, ...] = ()


@dataclass(frozen=True)
class Bigrams:
    """The pairs of some sentences, in their order. A gram may come more than once."""

    names: pa.StringArray
    """first word, delimiter, …, last word"""
    first_bytes: Int32Array
    last_bytes: Int32Array
    """bytes of the first and of the last word; with the name they tell which words these are"""
    of_pair: Int32Array
    """the bigram of each pair"""
    begins: Int64Array
    ends: Int64Array
    """which token is a pair's first word, and which its last"""


def grams_of(sentences: pa.ListArray, phrase_rules: PhraseRules) -> Bigrams:
    """The grams of `sentences`, lists of a dictionary's words."""
    words, codes_T = dictionary_and_codes(sentences)
    begin_P, end_P = _pairs(sentences, is_common(words, phrase_rules)[codes_T])
    near_P = end_P - begin_P == 1
    keys = codes_T[begin_P[near_P]].astype(np.int64) * len(words) + codes_T[end_P[near_P]]
    distinct = pa.array(keys).dictionary_encode()
    near_J = distinct.dictionary.to_numpy()
    begin_far, end_far = begin_P[~near_P], end_P[~near_P]
    names = [
        _joined_names(words, near_J, phrase_rules.delimiter),
        _spelled_out(words, codes_T, begin_far, end_far, phrase_rules.delimiter),
    ]
    bytes_U = pc.binary_length(words).to_numpy()
    gram_P = np.empty(len(begin_P), np.int32)
    gram_P[near_P] = distinct.indices.to_numpy()
    gram_P[~near_P] = len(near_J) + np.arange(len(begin_far))
    return Bigrams(
        pa.concat_arrays(names),
        bytes_U[np.concatenate([near_J // max(len(words), 1), codes_T[begin_far]])],
        bytes_U[np.concatenate([near_J % max(len(words), 1), codes_T[end_far]])],
        gram_P,
        begin_P,
        end_P,
    )


def is_common(words: pa.StringArray, phrase_rules: PhraseRules) -> BoolArray:
    """Which words are common terms (U,)."""
    listed = pc.is_in(words, value_set=pa.array(phrase_rules.common_terms, pa.string()))
    is_common_U: BoolArray = listed.to_numpy(zero_copy_only=False)
    return is_common_U


def _pairs(sentences: pa.ListArray, is_common_T: BoolArray) -> tuple[Int64Array, Int64Array]:
    """The tokens (P,) and (P,) at which a pair begins and ends."""
    sentence_T = np.repeat(np.arange(len(sentences)), np.diff(sentences.offsets.to_numpy()))
    token = np.flatnonzero(~is_common_T)
    begin, end = token[:-1], token[1:]
    same = sentence_T[begin] == sentence_T[end]
    return begin[same], end[same]


def _joined_names(words: pa.StringArray, near_J: Int64Array, delimiter: str) -> pa.StringArray:
    """Names of words that follow each other."""
    first, last = (words.take(pa.array(codes)) for codes in np.divmod(near_J, max(len(words), 1)))
    return pc.binary_join_element_wise(first, last, delimiter)


def _spelled_out(
    words: pa.StringArray, codes_T: Int32Array, begins: Int64Array, ends: Int64Array, delimiter: str
) -> pa.StringArray:
    """Names of pairs with common terms between them."""
    lengths = ends - begins + 1
    tokens = words.take(pa.array(codes_T[ranges(begins, lengths)]))
    offsets = pa.array(np.concatenate([[0], np.cumsum(lengths)]).astype(np.int32))
    return pc.binary_join(pa.ListArray.from_arrays(offsets, tokens), delimiter)

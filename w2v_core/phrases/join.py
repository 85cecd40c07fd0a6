"""Phrases in place of the words they are made of."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from w2v_core import schemas
from w2v_core.io.filesystem import Folder
from w2v_core.phrases.bigrams import Bigrams, PhraseRules, grams_of
from w2v_core.runs.sentence_files import dictionary_and_codes, sentence_groups, sentence_writer
from w2v_core.runs.task_output import TaskResult
from w2v_core.runs.token_account import TokenAccount
from w2v_core.types import BoolArray, ranges
from w2v_core.vocabulary.word_index import UNKNOWN, Lookup


@dataclass(frozen=True)
class Phrases:
    """Grams that are phrases, by their name and by what their first and last words are."""

    keys: Lookup

    @classmethod
    def of(cls, phrases: pa.Table) -> "Phrases":
        """From `schemas.PHRASES`."""
        first, last = (pc.binary_length(phrases[name].combine_chunks()) for name in ("first", "last"))
        return cls(Lookup.of(_keys(phrases["phrase"].combine_chunks(), first, last)))

    def among(self, bigrams: Bigrams) -> BoolArray:
        """Which of the grams (J,) are phrases."""
        keys = _keys(bigrams.names, pa.array(bigrams.first_bytes), pa.array(bigrams.last_bytes))
        is_phrase_J: BoolArray = self.keys.ids(keys) != UNKNOWN
        return is_phrase_J


def _keys(names: pa.StringArray, first: pa.Array, last: pa.Array) -> pa.StringArray:
    return pc.binary_join_element_wise(first.cast(pa.string()), last.cast(pa.string()), names, ":")


def join(sentences: pa.ListArray, phrases: Phrases, phrase_rules: PhraseRules) -> pa.ListArray:
    """`sentences` with phrases joined, from left to right: a word that ends a phrase does not begin the next one."""
    words, codes_T = dictionary_and_codes(sentences)
    bigrams = grams_of(sentences, phrase_rules)
    taken = np.flatnonzero(_every_other(phrases.among(bigrams)[bigrams.of_pair], bigrams))
    begin_P, end_P = bigrams.begins[taken], bigrams.ends[taken]
    codes_T = codes_T.copy()
    codes_T[begin_P] = len(words) + bigrams.of_pair[taken]
    stays_T = np.ones(len(codes_T), bool)
    stays_T[ranges(begin_P + 1, end_P - begin_P)] = False
    ends_T = np.concatenate([[0], np.cumsum(stays_T)]).astype(np.int32)
    offsets = sentences.offsets.to_numpy()
    used_U, code_T = np.unique(codes_T[stays_T], return_inverse=True)
    dictionary = pa.concat_arrays([words, bigrams.names]).take(pa.array(used_U))
    tokens = pa.DictionaryArray.from_arrays(pa.array(code_T.astype(np.int32)), dictionary)
    return pa.ListArray.from_arrays(pa.array(ends_T[offsets - offsets[0]]), tokens)


def _every_other(is_phrase_P: BoolArray, bigrams: Bigrams) -> BoolArray:
    """Of phrases that overlap in a row, the first, the third, and so on."""
    follows_P = np.zeros(len(is_phrase_P), bool)
    follows_P[1:] = is_phrase_P[:-1] & (bigrams.ends[:-1] == bigrams.begins[1:])
    position_P = np.arange(len(is_phrase_P))
    begin_of_row_P = np.maximum.accumulate(np.where(follows_P, 0, position_P))
    taken_P: BoolArray = is_phrase_P & ((position_P - begin_of_row_P) % 2 == 0)
    return taken_P


def joined(sentences: pa.ListArray, passes: Sequence[Phrases], phrase_rules: PhraseRules) -> pa.ListArray:
    """`sentences` with the phrases of each pass joined in turn."""
    for phrases in passes:
        sentences = join(sentences, phrases, phrase_rules)
    return sentences


def join_part(
    source: Folder,
    name: str,
    weighted: bool,
    passes: Sequence[Phrases],
    phrase_rules: PhraseRules,
    folder: Folder,
    part: int,
) -> TaskResult:
    """Write the sentences of the file `name` with all phrases joined as part `part` into `folder`."""
    num_read = num_kept = 0
    with sentence_writer(folder, weighted) as writer:
        for group in sentence_groups(source, name, weighted):
            read = group["tokens"].combine_chunks()
            kept = joined(read, passes, phrase_rules)
            num_read, num_kept = num_read + len(read.flatten()), num_kept + len(kept.flatten())
            writer.write(group.set_column(0, "tokens", kept).cast(schemas.tokens(weighted)))
    account = TokenAccount(read=num_read, kept=num_kept, dropped={"joined": num_read - num_kept})
    return TaskResult.of(writer, account, {}, part=part)

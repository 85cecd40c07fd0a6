"""Documents to the ids of their words, by the settings of the run whose vectors they get."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from w2v_core.config import TokenizeConfig
from w2v_core.documents.read import Documents
from w2v_core.phrases.bigrams import PhraseRules
from w2v_core.phrases.join import Phrases, joined
from w2v_core.readers.block import Block
from w2v_core.runs.sentence_files import dictionary_and_codes
from w2v_core.runs.token_account import TokenAccount
from w2v_core.tokenization.task import Task, cut_into_lines
from w2v_core.tokenization.tokenizer_resources import TokenizerResources
from w2v_core.types import Int32Array, Int64Array
from w2v_core.vocabulary.vocabulary import Vocabulary
from w2v_core.vocabulary.word_index import UNKNOWN


@dataclass(frozen=True)
class Encoded:
    """The known words of some documents, in order, and how many tokens each document has."""

    ids: Int32Array
    offsets: Int64Array
    num_tokens: Int64Array

    @property
    def num_known(self) -> Int64Array:
        """Known words of each document."""
        return np.diff(self.offsets)


class Encoder:
    """The way from texts to ids, and the counts of one task."""

    def __init__(
        self,
        config: TokenizeConfig,
        given: TokenizerResources,
        phrases: Sequence[Phrases],
        phrase_rules: PhraseRules,
        vocabulary: Vocabulary,
    ) -> None:
        self._task = Task(config, given)
        self._config = config
        self._phrases, self._joining, self._vocabulary = phrases, phrase_rules, vocabulary
        self._num_joined = self._num_known = 0

    @property
    def counters(self) -> Counter[str]:
        """What was met on the way, by name."""
        return self._task.counters

    def account(self) -> TokenAccount:
        """Where the tokens went so far: kept are those that have a vector."""
        cut = self._task.account()
        dropped = cut.dropped | ({"joined": self._num_joined} if self._phrases else {})
        unknown = cut.kept - self._num_joined - self._num_known
        return TokenAccount(cut.read, self._num_known, unknown, 0, dropped)

    def encode(self, documents: Documents) -> Encoded:
        """The words of `documents`."""
        found = [
            self._ids_of(block)
            for block in cut_into_lines(documents.blocks, self._config, self.counters)
            if len(block.values)
        ]
        none = (np.empty(0, np.int32), np.empty(0, np.int64))
        ids_T, document_T = (np.concatenate(parts) for parts in zip(none, *found, strict=True))
        if len(found) > 1:  # each document is in one of the blocks
            order = np.argsort(document_T, kind="stable")
            ids_T, document_T = ids_T[order], document_T[order]
        is_known_T = ids_T != UNKNOWN
        offsets = np.zeros(len(documents) + 1, np.int64)
        np.cumsum(np.bincount(document_T[is_known_T], minlength=len(documents)), out=offsets[1:])
        self._num_known += int(np.count_nonzero(is_known_T))
        return Encoded(ids_T[is_known_T], offsets, np.bincount(document_T, minlength=len(documents)))

    def _ids_of(self, block: Block) -> tuple[Int32Array, Int64Array]:
        """The id (T,) of each token, -1 where it has none, and its document's place (T,)."""
        sentences = self._task.sentences(block)
        assert sentences.documents is not None
        num_cut = len(sentences.values.flatten())
        lists = joined(_of_a_dictionary(sentences.values), self._phrases, self._joining)
        words, codes_T = dictionary_and_codes(lists)
        self._num_joined += num_cut - len(codes_T)
        length_I = np.diff(lists.offsets.to_numpy())
        return self._vocabulary.ids(words)[codes_T], np.repeat(sentences.documents, length_I)


def _of_a_dictionary(lists: pa.ListArray) -> pa.ListArray:
    offsets = lists.offsets.to_numpy()
    return pa.ListArray.from_arrays(pa.array(offsets - offsets[0]), lists.flatten().dictionary_encode())

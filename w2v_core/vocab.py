"""Counted words to ids, keep probabilities and the noise distribution."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from w2v_core.config import VocabConfig
from w2v_core.errors import UserError
from w2v_core.parquet import read_table
from w2v_core.sampler import noise_distribution
from w2v_core.schemas import VOCAB
from w2v_core.storage import Folder
from w2v_core.token_files import sentence_groups, words_and_places

FILE = "vocab.parquet"
COUNTS = pa.schema(
    [pa.field("token", pa.string(), nullable=False), pa.field("count", pa.int64(), nullable=False)]
)
"""A word and how often it was seen; a word may come again with a count to add."""

_MOST_UNSUMMED = 2_000_000  # words whose counts wait in memory to be summed
_COUNTS_A_BATCH = 65_536

Float64Array = npt.NDArray[np.float64]
Int64Array = npt.NDArray[np.int64]


def count_tokens(folder: Folder, name: str, weighted: bool = False) -> Iterator[pa.RecordBatch]:
    """COUNTS of a tokens file, each word once. The counts are of tokens, whatever their sentences weigh."""
    counted = [COUNTS.empty_table()]
    for sentences in sentence_groups(folder, name, weighted):
        counted += [_count(chunk) for chunk in sentences["tokens"].chunks]
        if sum(table.num_rows for table in counted) > _MOST_UNSUMMED:
            counted = [_summed(counted)]
    yield from _summed(counted).to_batches(_COUNTS_A_BATCH)


def _count(sentences: pa.ListArray) -> pa.Table:
    words, places_T = words_and_places(sentences)
    counts_D = np.bincount(places_T, minlength=len(words))
    return pa.table([words, counts_D], schema=COUNTS).filter(pa.array(counts_D > 0))


def _summed(counted: list[pa.Table]) -> pa.Table:
    summed = pa.concat_tables(counted).group_by("token", use_threads=False).aggregate([("count", "sum")])
    return summed.rename_columns(["token", "count"]).cast(COUNTS)


def effective_min_count(counts: Int64Array, min_count: int, max_final_vocab: int | None) -> int:
    """The smallest threshold, from `min_count` up, that leaves at most `max_final_vocab` of the words.

    `counts` need only hold the max_final_vocab + 1 largest. Words of one count stay or go together, as in
    gensim, so fewer than `max_final_vocab` may be left.
    """
    if max_final_vocab is None or len(counts) <= max_final_vocab:
        return min_count
    first_too_many = np.partition(counts, len(counts) - 1 - max_final_vocab)[
        len(counts) - 1 - max_final_vocab
    ]
    return max(min_count, int(first_too_many) + 1)


def keep_probability(counts: Int64Array, sample: float) -> Float64Array:
    """min(1, sqrt(t/f) + t/f) with f a word's share of `counts` and t = sample; 1 where sample is 0.

    This is word2vec.c's formula, not the 1 - sqrt(t/f) of Mikolov et al. 2013, "Distributed representations
    of words and phrases and their compositionality".
    """
    if sample == 0:
        return np.ones(len(counts))
    ratio = sample * counts.sum(dtype=np.float64) / counts
    keep: Float64Array = np.minimum(1.0, np.sqrt(ratio) + ratio)
    return keep


def build_vocab(counted: pa.Table, config: VocabConfig, highest_count: int) -> pa.Table:
    """The vocabulary (VOCAB) of the words in `counted` (COUNTS, each word once) that reach the threshold.

    UserError where no word does; `highest_count` is told in it, since `counted` may lack the rare words.
    """
    threshold = effective_min_count(counted["count"].to_numpy(), config.min_count, config.max_final_vocab)
    kept = counted.filter(pc.greater_equal(counted["count"], threshold))
    if kept.num_rows == 0:
        raise UserError(_explain_empty(config, threshold, highest_count))
    kept = kept.sort_by([("count", "descending"), ("token", "ascending")])
    counts = kept["count"].to_numpy()
    columns: list[Any] = [
        np.arange(len(counts), dtype=np.int32),
        kept["token"].combine_chunks(),
        counts,
        keep_probability(counts, config.sample),
        noise_distribution(counts, config.ns_exponent),
    ]
    return pa.table(columns, schema=VOCAB)


def _explain_empty(config: VocabConfig, threshold: int, highest_count: int) -> str:
    if threshold > config.min_count:
        return (
            f"vocab.max_final_vocab = {config.max_final_vocab} leaves no word: more words than that share the "
            "highest count; raise it"
        )
    return (
        f"vocab.min_count = {config.min_count} leaves no word: the most frequent word was seen {highest_count} times; "
        "lower vocab.min_count or give more text"
    )


@dataclass(frozen=True)
class Vocabulary:
    """A finished vocabulary; index i of every field is the word of id i. `table` holds them all, as VOCAB."""

    table: pa.Table
    tokens: pa.StringArray
    counts: Int64Array
    keep_probability: Float64Array
    noise_probability: Float64Array

    @classmethod
    def read(cls, folder: Folder) -> "Vocabulary":
        """The vocabulary in `folder`. UserError where its file is missing, damaged or foreign."""
        table = read_table(folder, FILE, VOCAB)
        return cls(
            table,
            table["token"].combine_chunks(),
            table["count"].to_numpy(),
            table["keep_probability"].to_numpy(),
            table["noise_probability"].to_numpy(),
        )

    def __len__(self) -> int:
        return len(self.counts)

    def ids(self, tokens: pa.StringArray) -> npt.NDArray[np.int32]:
        """The id of each token, -1 for a word that is not known.

        Each distinct word is looked up once, which is what makes it fast on text.
        """
        encoded = tokens.dictionary_encode()
        distinct = pc.fill_null(pc.index_in(encoded.dictionary, value_set=self.tokens), -1)
        ids: npt.NDArray[np.int32] = distinct.to_numpy(zero_copy_only=False)[encoded.indices.to_numpy()]
        return ids


_last_read: tuple[tuple[str, str], Vocabulary] | None = None


def cached_vocabulary(folder: Folder, fingerprint: str) -> Vocabulary:
    """The vocabulary in `folder`, read once a process for as long as its stage's fingerprint is the same."""
    global _last_read
    key = (folder.path, fingerprint)
    if _last_read is None or _last_read[0] != key:
        _last_read = (key, Vocabulary.read(folder))
    return _last_read[1]

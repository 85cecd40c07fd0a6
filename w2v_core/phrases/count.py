"""How often each word and each gram occurs: by part, and then by bucket."""

from collections.abc import Iterable, Iterator

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from w2v_core.phrases.bigrams import PhraseRules, grams_of, is_common
from w2v_core.runs.sentence_files import dictionary_and_codes
from w2v_core.vocabulary.hash_partition import packed, received_tables, summed

GRAMS = pa.schema(
    [
        pa.field("token", pa.string(), nullable=False),
        pa.field("first", pa.int32(), nullable=False),
        pa.field("last", pa.int32(), nullable=False),
        pa.field("count", pa.int64(), nullable=False),
    ]
)
"""A gram, with the bytes of its first and of its last word; or a word, with 0 of both, or -1 for a common term.

The same name may be a word and a gram, and a gram of several splits. Each is counted on its own.
"""

SUMS = pa.schema(
    [
        *(pa.field(name, pa.int64(), nullable=False) for name in ("names", "tokens")),
        pa.field("counts", pa.binary(), nullable=False),
    ]
)
"""Of a task: how many names it has seen but for common terms, how many tokens, and the frequent GRAMS."""

_KEYS = ("token", "first", "last")


def count_bigrams(sentences: Iterable[pa.ListArray], phrase_rules: PhraseRules) -> pa.Table:
    """GRAMS of all sentences, each row once."""
    return summed((_count(batch, phrase_rules) for batch in sentences), GRAMS, _KEYS)


def _count(sentences: pa.ListArray, phrase_rules: PhraseRules) -> pa.Table:
    words, codes_T = dictionary_and_codes(sentences)
    counts_U = np.bincount(codes_T, minlength=len(words))
    kind_U = -is_common(words, phrase_rules).astype(np.int32)
    bigrams = grams_of(sentences, phrase_rules)
    counts_J = np.bincount(bigrams.of_pair, minlength=len(bigrams.names))
    of_grams = [bigrams.names, bigrams.first_bytes, bigrams.last_bytes, counts_J]
    return pa.concat_tables(
        [
            pa.table([words, kind_U, kind_U, counts_U], schema=GRAMS).filter(pa.array(counts_U > 0)),
            pa.table(of_grams, schema=GRAMS),
        ]
    )


def sum_bigrams(batches: Iterable[pa.RecordBatch], min_count: int) -> Iterator[pa.RecordBatch]:
    """One row of SUMS for all the BUCKETS that a task is given."""
    counted = summed(received_tables(batches), GRAMS, _KEYS)
    num_tokens = pc.sum(counted.filter(pc.less_equal(counted["first"], 0))["count"]).as_py() or 0
    counted = counted.filter(pc.greater_equal(counted["first"], 0))
    frequent = counted.filter(pc.greater_equal(counted["count"], min_count))
    num_names = pc.count_distinct(counted["token"]).as_py()
    row = {"names": num_names, "tokens": num_tokens, "counts": packed(frequent)}
    yield pa.RecordBatch.from_pylist([row], schema=SUMS)

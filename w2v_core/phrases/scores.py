"""Which grams are phrases."""

from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from w2v_core.config import PhrasesConfig
from w2v_core.phrases.count import GRAMS
from w2v_core.schemas import PHRASES
from w2v_core.types import FloatArray, Int64Array, ranges
from w2v_core.vocabulary.hash_partition import unpacked
from w2v_core.vocabulary.word_index import UNKNOWN, Lookup


def find_phrases(sums: pa.Table, config: PhrasesConfig) -> pa.Table:
    """PHRASES in SUMS: the grams that score above the threshold."""
    num_names, num_tokens = (pc.sum(sums[name]).as_py() or 0 for name in ("names", "tokens"))
    counts = pa.concat_tables([GRAMS.empty_table(), *map(unpacked, sums["counts"])])
    is_gram = pc.greater(counts["first"], 0)
    words, bigrams = counts.filter(pc.invert(is_gram)), counts.filter(is_gram).combine_chunks()
    lookup, count_U = Lookup.of(words["token"].combine_chunks()), words["count"].to_numpy()
    first, last = words_of(bigrams)
    first_J, last_J = lookup.ids(first), lookup.ids(last)
    known = (first_J != UNKNOWN) & (last_J != UNKNOWN)
    count_J = bigrams["count"].to_numpy()
    score_J = np.full(len(bigrams), -np.inf)
    score_J[known] = _score(
        count_U[first_J[known]], count_U[last_J[known]], count_J[known], num_names, num_tokens, config
    )
    found = pa.table([bigrams["token"], first, last, count_J, score_J], schema=PHRASES)
    return found.filter(pa.array(score_J > config.threshold)).sort_by(
        [("score", "descending"), ("phrase", "ascending"), ("first", "ascending")]
    )


def words_of(bigrams: pa.Table) -> tuple[pa.StringArray, pa.StringArray]:
    """The first and the last word of each of GRAMS."""
    names = bigrams["token"].combine_chunks() if bigrams["token"].num_chunks else pa.array([], pa.string())
    offsets = np.frombuffer(names.buffers()[1] or bytes(4), np.int32)
    offsets = offsets[names.offset : names.offset + len(names) + 1]
    first_J, last_J = (bigrams[name].to_numpy().astype(np.int64) for name in ("first", "last"))
    data = np.frombuffer(names.buffers()[2] or b"", np.uint8)
    begins, ends = offsets[:-1].astype(np.int64), offsets[1:].astype(np.int64)
    return _cut_out(data, begins, first_J), _cut_out(data, ends - last_J, last_J)


def _cut_out(data: npt.NDArray[Any], begins: Int64Array, lengths: Int64Array) -> pa.StringArray:
    offsets = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int32)
    cut = data[ranges(begins, lengths)]
    return pa.StringArray.from_buffers(len(lengths), pa.py_buffer(offsets), pa.py_buffer(cut))


def _score(
    first_J: Int64Array,
    last_J: Int64Array,
    both_J: Int64Array,
    num_names: int,
    num_tokens: int,
    config: PhrasesConfig,
) -> FloatArray:
    """The score (J,) of grams, whose words and which themselves occur so often.

    default: Mikolov and others 2013, formula 6, times the number of names, as word2phrase has it;
    npmi: Bouma 2009, ln(p(ab) / (p(a) p(b))) / -ln p(ab), in [-1, 1], since a pair is at most as frequent as its words.
    """
    if config.scoring == "default":
        return (both_J - config.min_count) / (first_J.astype(np.float64) * last_J) * num_names
    fraction_J = both_J / num_tokens
    by_chance_J = first_J / num_tokens * (last_J / num_tokens)
    score_J: FloatArray = np.log(fraction_J / by_chance_J) / -np.log(fraction_J)
    return np.clip(score_J, -1, 1)  # but for rounding they are

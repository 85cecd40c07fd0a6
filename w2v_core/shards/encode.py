"""Tokens to ids, sentence by sentence, on their way to their shard. T: tokens, S: sentences."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from w2v_core import schemas
from w2v_core.io.filesystem import Folder
from w2v_core.keyed_random import combine, mix, seed_key
from w2v_core.runs.sentence_files import dictionary_and_codes, sentence_groups
from w2v_core.types import UInt64Array
from w2v_core.vocabulary.vocabulary import Vocabulary

_SHARD_OF_SENTENCE = 1  # the purpose of this key, for `seed_key`


def encode_sentences(
    folder: Folder, name: str, vocabulary: Vocabulary, seed: int, weighted: bool = False
) -> Iterator[pa.RecordBatch]:
    """`schemas.encoded` of a tokens file. Sentences of a row group that are the same travel as one, with their number.

    Sentences without a known word are told in one row a batch, without ids, that carries their tokens.
    """
    for sentences in sentence_groups(folder, name, weighted):
        weight = sentences["weight"].combine_chunks() if weighted else None
        yield _together(_encode(sentences["tokens"].combine_chunks(), weight, vocabulary, seed))


def _encode(
    sentences: pa.ListArray, weight: pa.FloatArray | None, vocabulary: Vocabulary, seed: int
) -> pa.RecordBatch:
    words, codes_T = dictionary_and_codes(sentences)
    ids_T = vocabulary.ids(words)[codes_T]
    num_tokens_S = np.diff(sentences.offsets.to_numpy())
    sentence_T = np.repeat(np.arange(len(sentences)), num_tokens_S)
    known_T = ids_T >= 0
    num_known_S = np.bincount(sentence_T[known_T], minlength=len(sentences))
    has_known_S = num_known_S > 0
    num_unheard = int(num_tokens_S[~has_known_S].sum())
    ends_S = np.cumsum(num_known_S[has_known_S])
    ids = _as_binary(ids_T[known_T], np.append(ends_S, ends_S[-1:] if len(ends_S) else 0))
    keys_S = sentence_keys(ids_T[known_T], np.concatenate([[0], ends_S]), seed)
    columns: list[Any] = [ids, np.append(num_tokens_S[has_known_S], num_unheard), np.ones(len(ids), np.int64)]
    if weight is not None:
        weight_S = weight.to_numpy()[has_known_S]
        keys_S = combine(keys_S, weight_S.view(np.uint32).astype(np.uint64))
        columns.append(np.append(weight_S, np.float32(0)))
    keys = np.append(keys_S, np.uint64(0)).view(np.int64)
    return pa.record_batch([keys, *columns], schema=schemas.encoded(weighted=weight is not None))


def _together(sentences: pa.RecordBatch) -> pa.RecordBatch:
    """Each of the sentences once, with the sum of copies and of tokens."""
    keys_S = sentences["key"].to_numpy()
    order_S = np.argsort(keys_S, kind="stable")
    begins = np.flatnonzero(np.diff(keys_S[order_S], prepend=keys_S[order_S[0]] - 1))
    if len(begins) == len(keys_S):
        return sentences
    first_S = np.repeat(order_S[begins], np.diff(begins, append=len(keys_S)))
    content = sentences.select(
        [name for name in sentences.schema.names if name not in ("num_tokens", "copies")]
    )
    if not content.take(order_S).equals(content.take(first_S)):
        return sentences  # two that differ share a key
    sums = {
        name: np.add.reduceat(sentences[name].to_numpy()[order_S], begins)
        for name in ("num_tokens", "copies")
    }
    once = sentences.take(order_S[begins])
    columns = [pa.array(sums[name]) if name in sums else once[name] for name in once.schema.names]
    return pa.RecordBatch.from_arrays(columns, schema=sentences.schema)


def _as_binary(ids_T: npt.NDArray[np.int32], ends_S: npt.NDArray[np.int64]) -> pa.BinaryArray:
    """Each sentence's ids as bytes; sentence s ends before ids_T[ends_S[s]]."""
    offsets = np.concatenate([[0], ends_S * 4]).astype(np.int32)
    data = np.ascontiguousarray(ids_T, "<i4")
    return pa.Array.from_buffers(pa.binary(), len(ends_S), [None, pa.py_buffer(offsets), pa.py_buffer(data)])


def sentence_keys(ids_T: npt.NDArray[np.int32], offsets_S: npt.NDArray[np.int64], seed: int) -> UInt64Array:
    """A key (S,) for each sentence, from the seed and its ids in their order; none is empty.

    Sentence s is ids_T[offsets_S[s]:offsets_S[s + 1]].
    """
    lengths_S = np.diff(offsets_S)
    position_T = np.arange(len(ids_T)) - np.repeat(offsets_S[:-1], lengths_S)
    placed_T = combine(position_T.astype(np.uint64), ids_T.astype(np.uint64))
    sums_S = np.add.reduceat(placed_T, offsets_S[:-1]) if len(lengths_S) else placed_T
    return mix(combine(sums_S, lengths_S.astype(np.uint64)) ^ seed_key(seed, _SHARD_OF_SENTENCE))

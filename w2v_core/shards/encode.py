"""Tokens to ids, sentence by sentence, on their way to their shard. T: tokens, S: sentences."""

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from w2v_core.draws import combine, mix, seed_key
from w2v_core.parquet import row_groups
from w2v_core.schemas import ENCODED, TOKENS
from w2v_core.storage import Folder
from w2v_core.vocab import Vocabulary

_SHARD_OF_SENTENCE = 1  # the purpose of this key, for `seed_key`


def encode_sentences(
    folder: Folder, name: str, vocabulary: Vocabulary, seed: int
) -> Iterator[pa.RecordBatch]:
    """ENCODED of a tokens file.

    Sentences without a known word are told in one row a batch, without ids, that carries their tokens.
    """
    for sentences in row_groups(folder, name, TOKENS):
        for chunk in sentences.column("tokens").chunks:
            yield _encode(chunk, vocabulary, seed)


def _encode(sentences: pa.ListArray, vocabulary: Vocabulary, seed: int) -> pa.RecordBatch:
    ids_T = vocabulary.ids(sentences.flatten())
    num_tokens_S = np.diff(sentences.offsets.to_numpy())
    sentence_T = np.repeat(np.arange(len(sentences)), num_tokens_S)
    known_T = ids_T >= 0
    num_known_S = np.bincount(sentence_T[known_T], minlength=len(sentences))
    has_known_S = num_known_S > 0
    num_unheard = int(num_tokens_S[~has_known_S].sum())
    ends_S = np.cumsum(num_known_S[has_known_S])
    ids = _as_binary(ids_T[known_T], np.append(ends_S, ends_S[-1:] if len(ends_S) else 0))
    keys = sentence_keys(ids_T[known_T], np.concatenate([[0], ends_S]), seed)
    columns = [
        pa.array(np.append(keys, np.uint64(0)).view(np.int64)),
        ids,
        pa.array(np.append(num_tokens_S[has_known_S], num_unheard).astype(np.int64)),
    ]
    return pa.RecordBatch.from_arrays(columns, schema=ENCODED)


def _as_binary(ids_T: npt.NDArray[np.int32], ends_S: npt.NDArray[np.int64]) -> pa.BinaryArray:
    """Each sentence's ids as bytes; sentence s ends before ids_T[ends_S[s]]."""
    offsets = np.concatenate([[0], ends_S * 4]).astype(np.int32)
    data = np.ascontiguousarray(ids_T, "<i4")
    return pa.Array.from_buffers(pa.binary(), len(ends_S), [None, pa.py_buffer(offsets), pa.py_buffer(data)])


def sentence_keys(
    ids_T: npt.NDArray[np.int32], offsets_S: npt.NDArray[np.int64], seed: int
) -> npt.NDArray[np.uint64]:
    """A key (S,) for each sentence, from the seed and its ids in their order; none is empty.

    Sentence s is ids_T[offsets_S[s]:offsets_S[s + 1]].
    """
    lengths_S = np.diff(offsets_S)
    place_T = np.arange(len(ids_T)) - np.repeat(offsets_S[:-1], lengths_S)
    placed_T = combine(place_T.astype(np.uint64), ids_T.astype(np.uint64))
    sums_S = np.add.reduceat(placed_T, offsets_S[:-1]) if len(lengths_S) else placed_T
    return mix(combine(sums_S, lengths_S.astype(np.uint64)) ^ seed_key(seed, _SHARD_OF_SENTENCE))

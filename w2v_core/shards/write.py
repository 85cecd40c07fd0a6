"""The sentences of one shard to its rows, in one file. S: sentences, T: tokens, B: rows, W: window."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from w2v_core import schemas
from w2v_core.accounting import TokenAccount
from w2v_core.config import ShardsConfig
from w2v_core.draws import UInt64Array, combine, seed_key, uniform
from w2v_core.parts import PartWriter, Receipt
from w2v_core.shards.digest import digest_of_rows, joined_digest
from w2v_core.shards.order import ROWS_PER_STRETCH
from w2v_core.storage import Folder
from w2v_core.windows import NO_WORD, context_windows

ROW_GROUP_ROWS = 65_536
_KEEP_TOKEN, _ORDER_OF_STRETCH = 2, 3  # the purposes of these draws, for `seed_key`


@dataclass(frozen=True)
class Sentences:
    """Sentences end to end: their ids (T,), the length of each (S,), and a key (S,) of its own for each."""

    ids_T: npt.NDArray[np.int32]
    lengths_S: npt.NDArray[np.int64]
    keys_S: UInt64Array


def num_shards(
    counts: npt.NDArray[np.int64], keep_probability: npt.NDArray[np.float64], target_rows: int
) -> int:
    """Shards that give each about `target_rows` rows, from the rows that the vocabulary promises."""
    expected_rows = float(counts @ keep_probability)
    return max(1, int(np.ceil(expected_rows / target_rows)))


def write_shard(
    batches: Iterable[pa.RecordBatch],
    keep_probability_V: npt.NDArray[np.float64],
    config: ShardsConfig,
    folder: Folder,
    part: int,
) -> Receipt:
    """Write all rows of `batches` (ENCODED, in any order) as shard `part` into `folder`."""
    arrived = pa.Table.from_batches(batches, schema=schemas.ENCODED)
    num_read = int(np.sum(arrived["num_tokens"].to_numpy()))
    sentences = sort_sentences(arrived)
    del arrived
    num_known = len(sentences.ids_T)
    target_B, contexts_BW, keys_B = _rows(sentences, keep_probability_V, config)
    num_kept = len(target_B)
    with_context_B = np.flatnonzero((contexts_BW[:, :2] != NO_WORD).any(axis=1))
    order_B = with_context_B[_order_of_stretches(keys_B[with_context_B])]
    with PartWriter(
        folder, schemas.shards(config.window), use_dictionary=False, use_byte_stream_split=True
    ) as writer:
        digest = 0
        for begin in range(0, len(order_B), ROW_GROUP_ROWS):
            rows = order_B[begin : begin + ROW_GROUP_ROWS]
            some_B, some_BW = target_B[rows], contexts_BW[rows]
            writer.write(_to_batch(some_B, some_BW))
            digest = joined_digest(digest, digest_of_rows(some_B, some_BW))
    account = TokenAccount(
        read=num_read,
        kept=len(order_B),
        out_of_vocabulary=num_read - num_known,
        subsampled=num_known - num_kept,
        dropped={"no_context": num_kept - len(order_B)},
    )
    return Receipt.of(part, writer, account, {}, digest)


def sort_sentences(arrived: pa.Table) -> Sentences:
    """The sentences of ENCODED rows in an order, and with keys, that depend on nothing but the sentences.

    Identical sentences get different keys, by their rank among themselves.
    """
    arrived = arrived.sort_by([("key", "ascending"), ("ids", "ascending")])
    ids = arrived["ids"].combine_chunks()
    offsets_S = np.frombuffer(ids.buffers()[1] or b"", np.int32)[: len(ids) + 1].astype(np.int64) // 4
    data = ids.buffers()[2]
    ids_T = np.frombuffer(data or b"", "<i4")[: offsets_S[-1] if len(ids) else 0]
    keys_S = arrived["key"].to_numpy().view(np.uint64)
    return Sentences(ids_T.astype(np.int32), np.diff(offsets_S), combine(keys_S, rank_among_equals(keys_S)))


def rank_among_equals(sorted_keys: UInt64Array) -> UInt64Array:
    """0, 1, 2, … within each run of equal keys."""
    place = np.arange(len(sorted_keys))
    begins_run = np.ones(len(sorted_keys), bool)
    begins_run[1:] = sorted_keys[1:] != sorted_keys[:-1]
    return (place - np.maximum.accumulate(np.where(begins_run, place, 0))).astype(np.uint64)


def _rows(
    sentences: Sentences, keep_probability_V: npt.NDArray[np.float64], config: ShardsConfig
) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.int32], UInt64Array]:
    """Target (B,) and contexts (B, 2 * W) of each token that subsampling keeps, and its key (B,).

    Words are dropped before windows are laid, as in word2vec.c, so a window reaches over the gaps.
    """
    sentence_T = np.repeat(np.arange(len(sentences.lengths_S)), sentences.lengths_S)
    begins_S = np.cumsum(sentences.lengths_S) - sentences.lengths_S
    place_T = np.arange(len(sentences.ids_T)) - begins_S[sentence_T]
    token_keys_T = combine(sentences.keys_S[sentence_T], place_T.astype(np.uint64))
    draws_T = uniform(combine(token_keys_T, seed_key(config.seed, _KEEP_TOKEN)))
    kept_T = draws_T < keep_probability_V[sentences.ids_T]
    target_B = sentences.ids_T[kept_T]
    contexts_BW = context_windows(target_B, sentence_T[kept_T], config.window)
    order_keys_B = combine(token_keys_T[kept_T], seed_key(config.seed, _ORDER_OF_STRETCH))
    return target_B, contexts_BW, order_keys_B


def _order_of_stretches(keys_B: UInt64Array) -> npt.NDArray[np.int64]:
    """A random order (B,) of rows that moves stretches whole; the key of its first row places a stretch."""
    whole = len(keys_B) // ROWS_PER_STRETCH
    order = np.argsort(keys_B[::ROWS_PER_STRETCH][:whole], kind="stable")
    order = np.append(order, whole)  # the rest, less than a stretch, stays at the end
    order_B = (order[:, None] * ROWS_PER_STRETCH + np.arange(ROWS_PER_STRETCH)).ravel()
    return order_B[order_B < len(keys_B)]


def _to_batch(target_B: npt.NDArray[np.int32], contexts_BW: npt.NDArray[np.int32]) -> pa.RecordBatch:
    schema = schemas.shards(contexts_BW.shape[1] // 2)
    contexts = pa.FixedSizeListArray.from_arrays(
        pa.array(contexts_BW.ravel()), type=schema.field("contexts").type
    )
    columns: list[Any] = [pa.array(target_B), contexts]
    return pa.RecordBatch.from_arrays(columns, schema=schema)

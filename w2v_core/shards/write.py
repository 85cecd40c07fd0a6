"""The rows of one shard to files."""

from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from w2v_core import schemas
from w2v_core.config import ShardsConfig
from w2v_core.io.filesystem import Folder
from w2v_core.runs.task_output import PartWriter, TaskResult
from w2v_core.runs.token_account import TokenAccount
from w2v_core.shards.digest import digest_of_rows, joined_digest
from w2v_core.shards.received_sentences import ReceivedSentences, received_sentences
from w2v_core.shards.training_rows import Rows, subsample
from w2v_core.shards.windows import context_windows
from w2v_core.types import Int32Array

ROW_GROUP_ROWS = 65_536


def num_shards(
    counts: npt.NDArray[np.int64],
    keep_probability: npt.NDArray[np.float64],
    num_tokens: int,
    target_rows: int,
) -> int:
    """Shards that give each about `target_rows` rows, from the rows that the vocabulary promises.

    num_tokens: those that it knows of this corpus; it may have counted other corpora too, or instead.
    """
    expected_rows = float(counts @ keep_probability) * (num_tokens / float(counts.sum(dtype=np.float64)))
    return max(1, int(np.ceil(expected_rows / target_rows)))


def write_shard(
    batches: Iterable[pa.RecordBatch],
    keep_probability_V: npt.NDArray[np.float64],
    config: ShardsConfig,
    folder: Folder,
    part: int,
    weighted: bool = False,
) -> Iterator[TaskResult]:
    """Write all rows of `batches` (`schemas.encoded`, in any order) as shard `part` into `folder`.

    There is a file for each of `config.passes` draws, or several where copies of a sentence make the shard too large.
    """
    sentences = received_sentences(batches, weighted)
    num_pieces = sentences.num_pieces(keep_probability_V, config.target_rows)
    for draw in range(config.passes):
        for piece in range(num_pieces):
            position = {"part": part, "draw": draw, "piece": piece, "num_pieces": num_pieces}
            yield _write_piece(sentences, keep_probability_V, config, folder, position)


def _write_piece(
    sentences: ReceivedSentences,
    keep_probability_V: npt.NDArray[np.float64],
    config: ShardsConfig,
    folder: Folder,
    position: dict[str, int],
) -> TaskResult:
    own = sentences.piece(position["piece"], position["num_pieces"])
    num_known = len(own.ids)
    subsampled = subsample(own, keep_probability_V, config.window, config.seed, position["draw"])
    del own
    rows, digest = subsampled.rows, 0
    weighted = sentences.sentences.weights is not None
    schema = schemas.shards(config.window, weighted)
    with PartWriter(folder, schema, use_dictionary=False, use_byte_stream_split=True) as writer:
        for target_B, contexts_BW, weight_B in _row_groups(rows, config.window):
            writer.write(_to_batch(target_B, contexts_BW, weight_B if weighted else None))
            digest = joined_digest(digest, digest_of_rows(target_B, contexts_BW))
    unknown = sentences.num_tokens - sentences.num_known if position["piece"] == 0 else 0
    account = TokenAccount(
        read=num_known + unknown,
        kept=len(rows),
        out_of_vocabulary=unknown,
        subsampled=subsampled.subsampled,
        dropped={"no_context": subsampled.no_context},
    )
    return TaskResult.of(writer, account, {}, digest, **position)


def _row_groups(rows: Rows, window: int) -> Iterator[tuple[Int32Array, Int32Array, npt.NDArray[np.float32]]]:
    """Target, contexts and weight of the rows in their random order, a row group at a time."""
    order_B = rows.order()
    for begin in range(0, len(order_B), ROW_GROUP_ROWS):
        group = order_B[begin : begin + ROW_GROUP_ROWS]
        contexts_BW = context_windows(rows.targets, rows.left, rows.right, window, group)
        weight_B = rows.weights[group] if len(rows.weights) else rows.weights
        yield rows.targets[group], contexts_BW, weight_B


def _to_batch(
    target_B: Int32Array, contexts_BW: Int32Array, weight_B: npt.NDArray[np.float32] | None
) -> pa.RecordBatch:
    schema = schemas.shards(contexts_BW.shape[1] // 2, weighted=weight_B is not None)
    contexts = pa.FixedSizeListArray.from_arrays(
        pa.array(contexts_BW.ravel()), type=schema.field("contexts").type
    )
    columns: list[Any] = [pa.array(target_B), contexts]
    if weight_B is not None:
        columns.append(pa.array(weight_B))
    return pa.RecordBatch.from_arrays(columns, schema=schema)

"""A vocabulary as large as the run's for the sample's words, and the speed of training with it."""

import time
from contextlib import suppress
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from w2v_core.config import Config
from w2v_core.planning.costs import table_bytes
from w2v_core.planning.sample import Sample
from w2v_core.training.trainer import Interrupted, Progress, trained
from w2v_core.training.worker import TrainingJob
from w2v_core.types import Int64Array
from w2v_core.vocabulary.vocabulary import keep_probability, vocab_of

LARGEST_CALIBRATION_BYTES = 1 << 30
"""of the tables that a calibration trains; processors' caches are far smaller"""


@dataclass(frozen=True)
class CalibrationShards:
    """What one pass over the sample writes as shards, and the seconds of one core that it takes."""

    rows: int
    bytes: int
    seconds: float


@dataclass(frozen=True)
class CalibrationVocabulary:
    """VOCAB of the sample's words among as many more as the whole corpus has, and the sample's tokens of its words."""

    table: pa.Table
    num_tokens: int


def calibration_vocabulary(
    sample: Sample, config: Config, num_words: int, kept_tokens: float, scale: float, seed: int
) -> CalibrationVocabulary:
    """Return the sample's most frequent words, as many as make its share of `kept_tokens`, among `num_words`.

    Words that the sample has more than twice have the first ids. It has too few of the rarer words, so these are
    spread over the other ids. All other ids are of words that do not occur in text, since they hold a line feed.
    """
    (all_words,) = sample.levels[-1]
    ordered = all_words.sort_by([("count", "descending"), ("token", "ascending")])
    counts = ordered["count"].to_numpy()
    wanted = kept_tokens / scale
    num_known = int(np.searchsorted(np.cumsum(counts), wanted)) + 1
    num_known = max(1, min(num_known, len(counts), num_words))
    counts_U = np.maximum(counts[:num_known] * scale, 1).astype(np.int64)
    num_sure = min(int((counts[:num_known] > 2).sum()), num_known)
    rng = np.random.default_rng(seed)
    rare = num_sure + np.sort(rng.permutation(num_words - num_sure)[: num_known - num_sure])
    id_U = np.concatenate([np.arange(num_sure), rare])
    counts_V = np.maximum(np.interp(np.arange(num_words), id_U, counts_U).astype(np.int64), 1)
    table = vocab_of(_spread(ordered["token"][:num_known], id_U, num_words), counts_V, config.vocab)
    short = kept_tokens - counts_U.sum()  # of words that the sample has not seen
    keep_V = np.ones(num_words)
    keep_V[id_U] = keep_probability(np.append(counts_U, max(int(short), 1)), config.vocab.sample)[:-1]
    column = table.schema.get_field_index("keep_probability")
    table = table.set_column(column, table.schema.field(column), pa.array(keep_V))
    return CalibrationVocabulary(table, int(counts[:num_known].sum()))


def _spread(tokens: pa.ChunkedArray, id_U: Int64Array, num_words: int) -> pa.Array:
    """Return `num_words` words of which those at `id_U` are `tokens`."""
    others = pc.binary_join_element_wise("\n", pa.array(np.arange(num_words)).cast(pa.string()), "")
    is_known_V = np.zeros(num_words, bool)
    is_known_V[id_U] = True
    return pc.replace_with_mask(others, pa.array(is_known_V), tokens.combine_chunks())


def rows_per_second(job: TrainingJob, seconds: float) -> float:
    """Return how many rows all workers of `job` together train in a second, from about so many seconds."""
    reports: list[Progress] = []
    started = 0.0

    def report(progress: Progress) -> None:
        nonlocal started
        if progress.rows and not reports:
            started = time.monotonic()
        if progress.rows:
            reports.append(progress)

    with (
        suppress(Interrupted),
        trained(
            job,
            report=report,
            should_stop=lambda: len(reports) > 1 and time.monotonic() - started >= seconds,
        ) as tables,
    ):
        del tables
    if len(reports) < 2:
        return reports[-1].rows_per_second if reports else 0.0
    first, last = reports[0], reports[-1]
    return (last.rows - first.rows) / (last.seconds - first.seconds)


def is_calibration_complete(num_words: int, config: Config) -> bool:
    """Return whether a calibration's tables are as large as the run's."""
    return table_bytes(num_words, config) <= LARGEST_CALIBRATION_BYTES

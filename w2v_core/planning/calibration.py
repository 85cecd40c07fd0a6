"""The sample through the shards stage and into training, timed."""

import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from w2v_core.config import Config, TrainConfig
from w2v_core.io.filesystem import Folder
from w2v_core.planning.costs import table_bytes
from w2v_core.planning.sample import Sample
from w2v_core.runs.task_output import TaskResult, total_account
from w2v_core.shards.encode import encode_sentences
from w2v_core.shards.read import Shards
from w2v_core.shards.write import ROW_GROUP_ROWS, write_shard
from w2v_core.training.engine.choose import choose_engine
from w2v_core.training.trainer import Interrupted, Progress, trained
from w2v_core.training.worker import TrainingJob
from w2v_core.types import Int32Array
from w2v_core.vocabulary.vocabulary import Vocabulary, keep_probability, vocab_of

LARGEST_TRIAL_BYTES = 1 << 30
"""of the tables that a trial trains; processors' caches are far smaller"""
TRIAL_SECONDS = 4.0


@dataclass(frozen=True)
class SpreadVocabulary(Vocabulary):
    """The words of a sample, with ids among the more words that the whole corpus has."""

    word_ids: Int32Array = field(kw_only=True)
    spread_keep: npt.NDArray[np.float64] = field(kw_only=True)
    spread_counts: npt.NDArray[np.int64] = field(kw_only=True)

    def ids(self, tokens: pa.StringArray) -> Int32Array:
        """The id (T,) in the large vocabulary of each token, -1 for a word that is not known."""
        found_T = super().ids(tokens)
        ids_T: Int32Array = np.where(found_T < 0, np.int32(-1), self.word_ids[found_T])
        return ids_T


def spread_vocabulary(
    sample: Sample, config: Config, num_words: int, kept_tokens: float, scale: float, seed: int
) -> SpreadVocabulary:
    """The sample's most frequent words, as many as make its share of `kept_tokens`, among `num_words`.

    Words that are seen twice or more in the sample have the first ids. Of rarer ones the sample knows too few: they are
    strewn over the others.
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
    id_U = np.concatenate([np.arange(num_sure), rare]).astype(np.int32)
    counts_V = np.interp(np.arange(num_words), id_U, counts_U).astype(np.int64)
    short = kept_tokens - counts_U.sum()  # of words that the sample has not seen
    keep_U = keep_probability(np.append(counts_U, max(int(short), 1)), config.vocab.sample)[:-1]
    keep_V = np.ones(num_words)
    keep_V[id_U] = keep_U
    table = vocab_of(ordered["token"].combine_chunks()[:num_known], counts_U, config.vocab)
    return SpreadVocabulary(
        table,
        table["token"].combine_chunks(),
        counts_U,
        keep_U,
        table["noise_probability"].to_numpy(),
        word_ids=id_U,
        spread_keep=keep_V,
        spread_counts=np.maximum(counts_V, 1),
    )


@dataclass(frozen=True)
class CalibrationShards:
    """Rows of the sample as the shards stage writes them."""

    task_results: Sequence[TaskResult]
    seconds: float
    """of one core, without Spark's shuffle"""

    @property
    def rows(self) -> int:
        """Of one pass."""
        return total_account(self.task_results).kept

    @property
    def bytes(self) -> int:
        """Of one pass."""
        return sum(task_result.file.bytes for task_result in self.task_results if task_result.file)


def calibration_shards(
    sample: Sample, vocabulary: SpreadVocabulary, config: Config, folder: Folder
) -> CalibrationShards:
    """Subsample, window and write the sample's sentences, in one pass."""
    once = config.shards.model_copy(update={"passes": 1, "target_rows": 2**31 - 1})
    started = time.perf_counter()
    encoded = encode_sentences(sample.folder, sample.name, vocabulary, once.seed, sample.weighted)
    task_results = list(write_shard(encoded, vocabulary.spread_keep, once, folder, 0, sample.weighted))
    return CalibrationShards(task_results, time.perf_counter() - started)


def calibrate_rows_per_second(
    shards: CalibrationShards,
    vocabulary: SpreadVocabulary,
    config: Config,
    folder: Folder,
    weighted: bool,
    seconds: float,
) -> float:
    """How fast all workers together train rows of the sample, with tables as large as the run's, or as a trial may."""
    files = [
        task_result.file.model_copy(update={"name": task_result.temporary_name})
        for task_result in shards.task_results
        if task_result.file
    ]
    counts_V = vocabulary.spread_counts
    rows = Shards(folder, files, config.shards.window, ROW_GROUP_ROWS, len(counts_V), weighted=weighted)
    engine = choose_engine(config.train.engine)
    job = TrainingJob(rows, counts_V, config.vocab.ns_exponent, _for_ever(config.train), engine=engine)
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


def _for_ever(train: TrainConfig) -> TrainConfig:
    """As the run trains, from random vectors, and until it is stopped."""
    return train.model_copy(update={"epochs": 100_000, "init_vectors": None, "init_frozen": False})


def is_calibration_complete(num_words: int, config: Config) -> bool:
    """Whether a trial's tables are as large as the run's."""
    return table_bytes(num_words, config) <= LARGEST_TRIAL_BYTES

"""From the input files to a prediction."""

import math
import re
import tempfile
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from w2v_core import __version__
from w2v_core.config import Config
from w2v_core.config.section import usable_cores
from w2v_core.io.filesystem import open_folder
from w2v_core.planning import costs
from w2v_core.planning.calibration import (
    LARGEST_TRIAL_BYTES,
    TRIAL_SECONDS,
    CalibrationShards,
    calibrate_rows_per_second,
    calibration_shards,
    is_calibration_complete,
    spread_vocabulary,
)
from w2v_core.planning.growth import curve, extrapolate_growth, tokens_below, words_that_reach
from w2v_core.planning.input_sample import choose
from w2v_core.planning.prediction import Bytes, Counts, Measured, Memory, Prediction, SampleFacts, Seconds
from w2v_core.planning.sample import Sample, read_sample
from w2v_core.readers.splits import InputFile, plan_splits
from w2v_core.tokenization.tokenizer_resources import TokenizerResources
from w2v_core.training.engine.choose import choose_engine

DEFAULT_SAMPLE_BYTES = 16_000_000


def predict(
    files: Sequence[InputFile],
    config: Config,
    sample_bytes: int = DEFAULT_SAMPLE_BYTES,
    seed: int = 1,
) -> Prediction:
    """What a run on `files` will be like, from a sample of them. Writes only into the system's temporary folder."""
    started = time.perf_counter()
    with tempfile.TemporaryDirectory(prefix="w2v-plan-") as work:
        folder = open_folder(work)
        pieces = choose(files, sample_bytes, seed, Path(work))
        sample = read_sample(pieces, config.tokenize, TokenizerResources.read(config.tokenize), folder)
        counts = _counts(sample, config, pieces.scale)
        fitting = counts.words
        if not is_calibration_complete(counts.words, config):
            fitting = LARGEST_TRIAL_BYTES // (8 * config.train.vector_size)
        vocabulary = spread_vocabulary(
            sample, config, max(fitting, 1), counts.known_tokens, pieces.scale, seed
        )
        shards = calibration_shards(sample, vocabulary, config, folder)
        rate = 0.0
        if shards.rows:
            rate = calibrate_rows_per_second(
                shards, vocabulary, config, folder, sample.weighted, TRIAL_SECONDS
            )
    rows = shards.rows * pieces.scale
    counts = counts.model_copy(update={"rows": round(rows * config.shards.passes)})
    measured = Measured(
        tokens_per_second=sample.sampled.tokens / max(sample.sampled.tokenize_seconds, 1e-9),
        rows_per_second=rate,
        spark_cores=executor_cores(config),
        train_workers=config.train.num_workers,
        train_engine=choose_engine(config.train.engine),
    )
    return Prediction(
        code_version=__version__,
        made_at=datetime.now(UTC).isoformat(timespec="seconds"),
        config=config.model_dump(mode="json", exclude={"spark"}),
        counts=counts,
        bytes=_bytes(sample, shards, counts, config, pieces.scale),
        memory=_memory(counts, rows, config),
        seconds=_seconds(files, sample, shards, counts, rows, measured, config, pieces.scale),
        measured=measured,
        notes=_notes(config, counts),
        sample=SampleFacts(
            bytes=pieces.sampled_bytes,
            total_bytes=pieces.total_bytes,
            seed=seed,
            seconds=round(time.perf_counter() - started, 1),
        ),
    )


def executor_cores(config: Config) -> int:
    """Return how many tasks run at a time, as far as the settings tell; one a core of this machine by default."""
    if config.spark.master is None:
        return config.executor.workers or usable_cores()
    if found := re.fullmatch(r"local(?:\[(\d+|\*)(?:,\d+)?\])?", config.spark.master):
        if found[1] is None:
            return 1
        return usable_cores() if found[1] == "*" else int(found[1])
    return int(config.spark.conf.get("spark.cores.max", usable_cores()))


def _counts(sample: Sample, config: Config, scale: float) -> Counts:
    levels, sampled = sample.levels, sample.sampled
    num_tokens = sampled.tokens * scale
    distinct = curve(levels, lambda counts_U: float(len(counts_U)))
    words = words_that_reach(levels, distinct, config.vocab.min_count, scale)
    unknown = tokens_below(levels, distinct, config.vocab.min_count, scale)
    most = config.vocab.max_final_vocab
    if most is not None and words > most:
        words, unknown = float(most), _tokens_beyond(sample, most, num_tokens)
    return Counts(
        sentences=round(sampled.sentences * scale),
        tokens=round(num_tokens),
        distinct_words=round(extrapolate_growth(distinct, distinct, scale)),
        words=max(1, round(words)),
        known_tokens=round(num_tokens - unknown),
        rows=0,  # not known yet
    )


def _tokens_beyond(sample: Sample, most: int, num_tokens: float) -> float:
    """Tokens of the whole that are of none of the `most` most frequent words."""
    (all_words,) = sample.levels[-1]
    counts_U = all_words["count"].to_numpy()
    counts_U = counts_U[counts_U.argsort()[::-1]]
    return float(counts_U[most:].sum() / counts_U.sum() * num_tokens)


def _bytes(sample: Sample, shards: CalibrationShards, counts: Counts, config: Config, scale: float) -> Bytes:
    tables = costs.table_bytes(counts.words, config)
    sizes = {
        "tokens": sample.sampled.stage_bytes * scale,
        "vocab": counts.words * costs.VOCAB_BYTES_A_WORD,
        "shards": shards.bytes * scale * config.shards.passes,
        "vectors": tables + counts.words * costs.VOCAB_FILE_BYTES_A_WORD,
        "checkpoints": 2 * tables,
    }
    return Bytes(**{name: round(size) for name, size in sizes.items()}, disk=round(sum(sizes.values())))


def _memory(counts: Counts, rows: float, config: Config) -> Memory:
    return Memory(
        training=round(costs.training_bytes(counts.words, rows, config)),
        tables=round(costs.table_bytes(counts.words, config)),
        spark_driver=costs.DRIVER_BYTES,
        spark_java=costs.JAVA_BYTES,
        spark_worker=round(costs.spark_worker_bytes(rows, config)),
    )


def _seconds(
    files: Sequence[InputFile],
    sample: Sample,
    shards: CalibrationShards,
    counts: Counts,
    rows: float,
    measured: Measured,
    config: Config,
    scale: float,
) -> Seconds:
    sampled, cores, fixed = sample.sampled, measured.spark_cores, costs.STAGE_SECONDS
    sizes = [
        sum(split.end - split.begin for split in task)
        for task in plan_splits(files, config.tokenize.split_bytes)
    ]
    longest = _longest_core(sizes, cores) / max(sum(sizes), 1)
    num_parts = max(1, math.ceil(rows / config.shards.target_rows))
    written = _longest_core([1.0] * num_parts, cores) / num_parts
    shuffled = costs.SHUFFLE_SECONDS_A_TOKEN * counts.tokens
    trained_rows = rows * config.train.epochs
    training = trained_rows / measured.rows_per_second if measured.rows_per_second else 0.0
    started = costs.start_seconds(config)
    saved = costs.table_bytes(counts.words, config) / costs.SAVE_BYTES_A_SECOND
    stages = {
        "tokens": costs.FIRST_JOB_SECONDS + fixed["tokens"] + sampled.tokenize_seconds * scale * longest,
        "vocab": fixed["vocab"] + sampled.count_seconds * scale * longest,
        "shards": fixed["shards"] + (shards.seconds * scale + shuffled) * config.shards.passes * written,
        "vectors": fixed["vectors"] + started + training + saved,
    }
    total = costs.SPARK_START_SECONDS + sum(stages.values())
    return Seconds(
        spark_start=costs.SPARK_START_SECONDS,
        **{name: round(seconds, 1) for name, seconds in stages.items()},
        total=round(total, 1),
    )


def _longest_core(sizes: Sequence[float], cores: int) -> float:
    """How much the core has to do that is done last, where each takes the next task when it is free."""
    busy = [0.0] * cores
    for size in sizes:
        busy[busy.index(min(busy))] += size
    return max(busy)


def _notes(config: Config, counts: Counts) -> tuple[str, ...]:
    notes = [
        f"vocab.{key.rstrip('_')} is not in the plan: its words are those of this input alone"
        for key in ("keep", "drop", "merge", "from_", "extend")
        if getattr(config.vocab, key, None) is not None
    ]
    if config.phrases.passes:
        notes.append("phrases are not in the plan: its words are those before any are joined")
    if not is_calibration_complete(counts.words, config):
        notes.append(
            "the training speed was measured with fewer words than the run will have, so that it fits a trial"
        )
    return tuple(notes)

"""From the figures of a sample to a prediction."""

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

from w2v_core import __version__
from w2v_core.config import Config
from w2v_core.config.section import usable_cores
from w2v_core.planning import costs
from w2v_core.planning.calibration import CalibrationShards, is_calibration_complete
from w2v_core.planning.growth import curve, extrapolate_growth, tokens_below, words_that_reach
from w2v_core.planning.prediction import Bytes, Counts, Measured, Memory, Prediction, SampleFacts, Seconds
from w2v_core.planning.sample import Sample
from w2v_core.training.engine.choose import choose_engine

DEFAULT_SAMPLE_BYTES = 16_000_000

ExecutorName = Literal["local", "spark"]


@dataclass(frozen=True)
class Observed:
    """What a sample of the input gave, from which a run is predicted.

    Parameters
    ----------
    sample : Sample
        The tokens stage of the sample.
    shards : CalibrationShards
        One pass over it.
    rows_per_second : float
        Of training, all workers together.
    scale : float
        How many times the sample the input is.
    task_bytes : sequence of int
        Bytes of the input that each task of the tokens stage reads.
    """

    sample: Sample
    shards: CalibrationShards
    rows_per_second: float
    scale: float
    task_bytes: Sequence[int]


def predict(
    observed: Observed, counts: Counts, facts: SampleFacts, config: Config, executor: ExecutorName
) -> Prediction:
    """Return what a run will need, with `counts` from `predicted_counts`, if `executor` runs its tasks."""
    sample, scale = observed.sample, observed.scale
    rows = observed.shards.rows * scale
    counts = counts.model_copy(update={"rows": round(rows * config.shards.passes)})
    measured = Measured(
        tokens_per_second=sample.tokens / max(sample.tokenize_seconds, 1e-9),
        rows_per_second=observed.rows_per_second,
        spark_cores=executor_cores(config, executor),
        train_workers=config.train.num_workers,
        train_engine=choose_engine(config.train.engine),
    )
    return Prediction(
        code_version=__version__,
        made_at=datetime.now(UTC).isoformat(timespec="seconds"),
        config=config.model_dump(mode="json", exclude={"spark"}),
        counts=counts,
        bytes=_bytes(observed, counts, config),
        memory=_memory(counts, rows, config, executor),
        seconds=_seconds(observed, counts, measured, config, executor),
        measured=measured,
        notes=_notes(config, counts),
        sample=facts,
    )


def executor_cores(config: Config, executor: ExecutorName) -> int:
    """Return how many tasks run at a time, as far as the settings tell; one a core of this machine by default."""
    if executor == "local":
        return config.executor.workers or usable_cores()
    if found := re.fullmatch(r"local(?:\[(\d+|\*)(?:,\d+)?\])?", config.spark.master or "local[*]"):
        if found[1] is None:
            return 1
        return usable_cores() if found[1] == "*" else int(found[1])
    return int(config.spark.conf.get("spark.cores.max", usable_cores()))


def predicted_counts(sample: Sample, config: Config, scale: float) -> Counts:
    """Return the counts of the whole input from those of the sample; rows are not known yet."""
    levels = sample.levels
    num_tokens = sample.tokens * scale
    distinct = curve(levels, lambda counts_U: float(len(counts_U)))
    words = words_that_reach(levels, distinct, config.vocab.min_count, scale)
    unknown = tokens_below(levels, distinct, config.vocab.min_count, scale)
    most = config.vocab.max_final_vocab
    if most is not None and words > most:
        words, unknown = float(most), _tokens_beyond(sample, most, num_tokens)
    return Counts(
        sentences=round(sample.sentences * scale),
        tokens=round(num_tokens),
        distinct_words=round(extrapolate_growth(distinct, distinct, scale)),
        words=max(1, round(words)),
        known_tokens=round(num_tokens - unknown),
        rows=0,
    )


def _tokens_beyond(sample: Sample, most: int, num_tokens: float) -> float:
    """Tokens of the whole that are of none of the `most` most frequent words."""
    (all_words,) = sample.levels[-1]
    counts_U = all_words["count"].to_numpy()
    counts_U = counts_U[counts_U.argsort()[::-1]]
    return float(counts_U[most:].sum() / counts_U.sum() * num_tokens)


def _bytes(observed: Observed, counts: Counts, config: Config) -> Bytes:
    tables = costs.table_bytes(counts.words, config)
    sizes = {
        "tokens": observed.sample.stage_bytes * observed.scale,
        "vocab": counts.words * costs.VOCAB_BYTES_A_WORD,
        "shards": observed.shards.bytes * observed.scale * config.shards.passes,
        "vectors": tables + counts.words * costs.VOCAB_FILE_BYTES_A_WORD,
        "checkpoints": 2 * tables,
    }
    return Bytes(**{name: round(size) for name, size in sizes.items()}, disk=round(sum(sizes.values())))


def _memory(counts: Counts, rows: float, config: Config, executor: ExecutorName) -> Memory:
    return Memory(
        training=round(costs.training_bytes(counts.words, rows, config)),
        tables=round(costs.table_bytes(counts.words, config)),
        spark_driver=costs.DRIVER_BYTES,
        spark_java=costs.JAVA_BYTES[executor],
        spark_worker=round(costs.spark_worker_bytes(rows, config)),
    )


def _seconds(
    observed: Observed, counts: Counts, measured: Measured, config: Config, executor: ExecutorName
) -> Seconds:
    sample, scale, cores, fixed = observed.sample, observed.scale, measured.spark_cores, costs.STAGE_SECONDS
    longest = _longest_core(observed.task_bytes, cores) / max(sum(observed.task_bytes), 1)
    rows_a_pass = counts.rows / config.shards.passes
    num_parts = max(1, math.ceil(rows_a_pass / config.shards.target_rows))
    written = _longest_core([1.0] * num_parts, cores) / num_parts
    shuffled = costs.SHUFFLE_SECONDS_A_TOKEN[executor] * counts.tokens
    trained_rows = rows_a_pass * config.train.epochs
    training = trained_rows / measured.rows_per_second if measured.rows_per_second else 0.0
    saved = costs.table_bytes(counts.words, config) / costs.SAVE_BYTES_A_SECOND
    first = costs.FIRST_JOB_SECONDS[executor]
    stages = {
        "tokens": first + fixed["tokens"] + sample.tokenize_seconds * scale * longest,
        "vocab": fixed["vocab"] + sample.count_seconds * scale * longest,
        "shards": fixed["shards"]
        + (observed.shards.seconds * scale + shuffled) * config.shards.passes * written,
        "vectors": fixed["vectors"] + costs.start_seconds(config) + training + saved,
    }
    started = costs.START_SECONDS[executor]
    return Seconds(
        spark_start=started,
        **{name: round(seconds, 1) for name, seconds in stages.items()},
        total=round(started + sum(stages.values()), 1),
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
            "the training speed was measured with fewer words than the run will have, to bound the plan's memory"
        )
    return tuple(notes)

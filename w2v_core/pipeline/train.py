"""The vectors stage: training, on one machine and without Spark."""

import json
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from functools import cache, partial
from typing import Any

import numpy as np

from w2v_core.config import Config
from w2v_core.errors import UserError
from w2v_core.io.events import log_event
from w2v_core.io.filesystem import open_folder
from w2v_core.pipeline.stage import StageResult, make_stage
from w2v_core.runs.artifacts import INPUT_VECTORS, METRICS, OUTPUT_VECTORS, VOCAB_FILE
from w2v_core.runs.manifest import FileEntry, Manifest
from w2v_core.runs.run_directory import RunDir
from w2v_core.runs.stage_writer import StageWriter
from w2v_core.runs.task_output import write_array, write_bytes, write_file
from w2v_core.shards.read import Shards
from w2v_core.tokenization import recorded_rules
from w2v_core.tokenization.recorded_rules import rules_of_run
from w2v_core.training.checkpoint import Checkpoint, Checkpoints
from w2v_core.training.engine.choose import choose_engine, processor_name, with_default_alpha
from w2v_core.training.memory import require_memory
from w2v_core.training.trainer import EpochEnd, Progress, trained
from w2v_core.training.worker import TrainingJob
from w2v_core.types import BoolArray
from w2v_core.vectors.warm_start import InitialVectors
from w2v_core.vectors.word_vectors import WordVectors
from w2v_core.vocabulary.vocabulary import Vocabulary

Report = Callable[[Progress], None]
WatchTraining = Callable[[], AbstractContextManager[tuple[Report, Callable[[], bool]]]]
"""Entered while training runs; yields a function that shows progress, and one that says whether to save and stop."""


def unwatched_training() -> AbstractContextManager[tuple[Report, Callable[[], bool]]]:
    """Show nothing, and never stop."""
    return nullcontext((lambda _: None, lambda: False))


@dataclass(frozen=True)
class EpochWatch:
    """What is called at the end of each epoch."""

    on_epoch: Callable[[int, Progress, Callable[[], WordVectors]], bool]
    """called with the epoch from 1, its progress, and a function that returns a copy of the vectors, which works only
    during the call; returns whether training ends here"""
    rule: Any = None
    """plain values that identify when it ends training; None if it never does. Part of the stage's fingerprint."""


def train_vectors(
    run: RunDir,
    config: Config,
    fresh: bool = False,
    watch: WatchTraining = unwatched_training,
    epoch_watch: EpochWatch | None = None,
) -> Manifest:
    """Write the vectors stage: input.npy and output.npy, (V, D) float32, their vocabulary, metrics and rules."""
    vocab, shards = run.require("vocab"), run.require("shards")
    inputs: dict[str, Any] = {"vocab": vocab.fingerprint, "shards": shards.fingerprint}
    initial = _initial_vectors(run, config)
    if initial:
        inputs["init_vectors"] = initial.identity()
    if epoch_watch is not None and epoch_watch.rule is not None:
        inputs["ends_by"] = epoch_watch.rule
    checkpoints = Checkpoints(run.checkpoints)
    settings = config.train.model_dump(mode="json", exclude=set(config.train.execution_only)) | inputs
    settings["workers"] = config.train.num_workers
    found = None if fresh else checkpoints.latest()
    started_with = found.settings.get("engine", "numpy") if found else None
    settings["engine"] = engine = choose_engine(config.train.engine, started_with)

    @cache
    def words() -> tuple[Vocabulary, BoolArray | None]:
        """Return the vocabulary, and which of its words have initial vectors."""
        vocabulary, size = Vocabulary.read(run.stage("vocab")), config.train.vector_size
        require_memory(len(vocabulary), size)
        return vocabulary, initial.known(vocabulary, size) if initial else None

    def prepare() -> None:
        if not fresh:
            _require_same(found, settings, run.location)
        words()
        if fresh:
            checkpoints.clear()

    def build(stage_writer: StageWriter) -> StageResult:
        vocabulary, known_V = words()
        rows = Shards.of(run.stage("shards"), shards, len(vocabulary), compiled=engine == "compiled")
        train = with_default_alpha(config.train, engine)
        job = TrainingJob(rows, vocabulary.counts, vocab.config["ns_exponent"], train, engine=engine)
        epochs = _Epochs(epoch_watch, vocabulary)
        return _build(
            stage_writer, run, job, vocabulary, initial, known_V, checkpoints, settings, watch, epochs
        )

    return make_stage(run, "vectors", config.train, inputs, build, prepare)


def _initial_vectors(run: RunDir, config: Config) -> InitialVectors | None:
    location = config.train.init_vectors
    if location is None:
        return None
    own = run.stage("vectors")
    if open_folder(location).path.rstrip("/") in (own.path, run.folder.path.rstrip("/")):
        raise UserError(
            f"train.init_vectors = {location} is the folder that this training writes; "
            "copy those vectors, or train in another run directory"
        )
    return InitialVectors(location)


def _require_same(found: Checkpoint | None, settings: dict[str, Any], location: str) -> None:
    """Raise UserError if an unfinished training was started with other settings."""
    if found is None:
        return
    before = {"engine": "numpy"} | found.settings  # the only one of earlier versions
    changed = [key for key in settings if before.get(key) != settings[key]]
    if changed:
        differences = ", ".join(
            f"train.{key} was {before.get(key)!r} and is {settings[key]!r}" for key in changed
        )
        raise UserError(
            f"training in {location} is not finished, and {differences}; give the same settings to go on, "
            f"or start over with w2v train --run-dir {location} --fresh"
        )


def _build(
    stage_writer: StageWriter,
    run: RunDir,
    job: TrainingJob,
    vocabulary: Vocabulary,
    initial: InitialVectors | None,
    known_V: BoolArray | None,
    checkpoints: Checkpoints,
    settings: dict[str, Any],
    watch: WatchTraining,
    epochs: "_Epochs",
) -> StageResult:
    counters = {}
    fill = None
    if initial and known_V is not None:
        counters["words_from_init_vectors"] = int(known_V.sum())
        log_event(f"vectors: {_overlap(known_V, vocabulary)} start from {initial.location}")
        fill = partial(initial.load_into, vocabulary=vocabulary)
        if job.config.init_frozen:
            job = replace(job, frozen=known_V)
    metrics = Metrics(run, checkpoints.latest())
    with (
        watch() as (show, should_stop),
        trained(
            job,
            checkpoints=checkpoints,
            settings=settings,
            fill=fill,
            report=partial(_report, metrics, show),
            should_stop=should_stop,
            on_epoch=epochs.handler,
        ) as tables,
    ):
        files = [
            write_array(stage_writer, INPUT_VECTORS, tables.input),
            write_array(stage_writer, OUTPUT_VECTORS, tables.output),
        ]
    files += [
        write_file(stage_writer, VOCAB_FILE, vocabulary.table),
        write_bytes(stage_writer, METRICS, lambda stream: stream.write(metrics.text())),
        *_rules_of(run, stage_writer),
    ]
    checkpoints.clear()
    counters = {
        "words": len(vocabulary),
        "rows": job.num_rows,
        "held_out_rows": job.num_held_out,
        "workers": job.config.num_workers,
    } | counters
    counters |= epochs.counters()
    environment = {"engine": job.engine, "processor": processor_name()}
    return StageResult(files, counters=counters, environment=environment)


class _Epochs:
    """Calls the epoch watch, and remembers where it ended training."""

    def __init__(self, watch: EpochWatch | None, vocabulary: Vocabulary) -> None:
        self._watch = watch
        self._vocabulary = vocabulary
        self._ended_by_watch: tuple[int, Progress] | None = None

    @property
    def handler(self) -> Callable[[EpochEnd], bool] | None:
        """Return what the trainer calls; None without a watch, so that no worker waits for others."""
        return None if self._watch is None else self._handle

    def counters(self) -> dict[str, int]:
        """Return the rows and epochs of a training that ended early; nothing for others."""
        if self._ended_by_watch is None:
            return {}
        epoch, progress = self._ended_by_watch
        return {"rows": progress.rows, "epochs_trained": epoch}

    def _handle(self, end: EpochEnd) -> bool:
        assert self._watch is not None
        tables = [end.tables]

        def vectors() -> WordVectors:
            if not tables:
                raise UserError(
                    "vectors() was called after the callback returned; call it within on_epoch_end"
                )
            copied_VD = np.array(tables[0].input, np.float32)
            return WordVectors(self._vocabulary.table["token"], self._vocabulary.counts, copied_VD)

        try:
            is_end = self._watch.on_epoch(end.epoch, end.progress, vectors)
        finally:
            tables.clear()
        if is_end and end.progress.rows < end.progress.total_rows:
            self._ended_by_watch = end.epoch, end.progress
            log_event(
                f"vectors: ended after epoch {end.epoch} by a callback",
                "training_ended_early",
                epoch=end.epoch,
            )
        return is_end


def _rules_of(run: RunDir, stage_writer: StageWriter) -> list[FileEntry]:
    """The spelling of the corpus, where the run still has its tokens, and they were not all given as tokens."""
    tokens = run.manifest("tokens")
    if tokens is None or 0 < tokens.counters.get("lines", 0) == tokens.counters.get("token_lists", 0):
        return []
    rules = rules_of_run(tokens.config)
    return [write_bytes(stage_writer, recorded_rules.FILE, lambda stream: stream.write(rules))]


def _overlap(known_V: BoolArray, vocabulary: Vocabulary) -> str:
    counts_V = vocabulary.counts.astype(np.float64)
    fraction = counts_V[known_V].sum() / counts_V.sum()
    return f"{known_V.sum():,} of {len(known_V):,} words ({fraction:.1%} of the tokens)"


def _report(metrics: "Metrics", show: Report, progress: Progress) -> None:
    metrics.add(progress)
    show(progress)


class Metrics:
    """metrics.jsonl: a line for every report. While training lasts it is RUN/checkpoints/metrics.jsonl."""

    def __init__(self, run: RunDir, found: Checkpoint | None) -> None:
        self._folder = run.checkpoints
        self._folder.create()
        before = (self._folder.read(METRICS) or b"").splitlines() if found else []
        rows = sum(worker_state.rows for worker_state in found.worker_states) if found else 0
        self._lines = [line for line in before if _rows_of(line) <= rows]

    def add(self, progress: Progress) -> None:
        """Append a line, also to the file."""
        self._lines.append(json.dumps(progress.to_dict()).encode())
        self._folder.write_atomically(METRICS, self.text())

    def text(self) -> bytes:
        """Return all lines."""
        return b"".join(line + b"\n" for line in self._lines)


def _rows_of(line: bytes) -> float:
    try:
        return float(json.loads(line)["rows"])
    except (ValueError, KeyError, TypeError):
        return float("inf")

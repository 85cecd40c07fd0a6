"""Rows to vectors, on one machine and without Spark."""

import json
import signal
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from functools import cache, partial
from typing import Annotated, Any

import numpy as np
import typer
from rich.progress import BarColumn, TextColumn, TimeRemainingColumn
from rich.progress import Progress as Bar

from jobs._log import console, speaks_json
from jobs._one_writer import writing
from jobs._options import ConfigOption, RunDirOption, SetOption, run_script, say
from jobs._stage import Made, make_stage
from w2v_core.arrays import BoolArray
from w2v_core.config import Config, load_config
from w2v_core.errors import UserError
from w2v_core.parts import write_array, write_bytes, write_file
from w2v_core.run_dir import Draft, FileEntry, Manifest, RunDir
from w2v_core.shards.read import Shards
from w2v_core.storage import open_folder
from w2v_core.text import recorded_rules
from w2v_core.text.recorded_rules import rules_of_run
from w2v_core.training.checkpoint import Checkpoint, Checkpoints
from w2v_core.training.initial import InitialVectors
from w2v_core.training.memory import require_memory
from w2v_core.training.share import Job
from w2v_core.training.trainer import Progress, trained
from w2v_core.vocab import FILE, Vocabulary

METRICS = "metrics.jsonl"

FreshOption = Annotated[
    bool, typer.Option("--fresh", help="Start over, where training was interrupted and left a checkpoint.")
]


def train(
    run_dir: RunDirOption,
    fresh: FreshOption = False,
    config: ConfigOption = None,
    set_: SetOption = None,
) -> None:
    """Train word vectors on the shards; goes on from a checkpoint where there is one."""
    settings = load_config(config, set_ or ())
    with writing(RunDir.open(run_dir), "w2v train") as run:
        train_vectors(run, settings, fresh)


def train_vectors(run: RunDir, config: Config, fresh: bool = False) -> Manifest:
    """The vectors stage: input.npy and output.npy, (V, D) float32, their vocabulary, metrics and rules."""
    vocab, shards = run.require("vocab"), run.require("shards")
    inputs: dict[str, Any] = {"vocab": vocab.fingerprint, "shards": shards.fingerprint}
    initial = _initial_vectors(run, config)
    if initial:
        inputs["init_vectors"] = initial.identity()
    checkpoints = Checkpoints(run.checkpoints)
    settings = config.train.model_dump(mode="json", exclude=config.train.without_effect) | inputs
    settings["workers"] = config.train.num_workers

    @cache
    def words() -> tuple[Vocabulary, BoolArray | None]:
        """The vocabulary, and which of its words have vectors to start from."""
        vocabulary, size = Vocabulary.read(run.stage("vocab")), config.train.vector_size
        require_memory(len(vocabulary), size)
        return vocabulary, initial.known(vocabulary, size) if initial else None

    def prepare() -> None:
        if not fresh:
            _require_same(checkpoints.latest(), settings, run.location)
        words()
        if fresh:
            checkpoints.clear()

    def build(draft: Draft) -> Made:
        vocabulary, known_V = words()
        rows = Shards.of(run.stage("shards"), shards, len(vocabulary))
        job = Job(rows, vocabulary.counts, vocab.config["ns_exponent"], config.train)
        return _build(draft, run, job, vocabulary, initial, known_V, checkpoints, settings)

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
    """UserError where an unfinished training was started with other settings."""
    if found is None:
        return
    changed = [key for key in settings if found.settings.get(key) != settings[key]]
    if changed:
        told = ", ".join(
            f"train.{key} was {found.settings.get(key)!r} and is {settings[key]!r}" for key in changed
        )
        raise UserError(
            f"training in {location} is not finished, and {told}; give the same settings to go on, "
            f"or start over with w2v train --run-dir {location} --fresh"
        )


def _build(
    draft: Draft,
    run: RunDir,
    job: Job,
    vocabulary: Vocabulary,
    initial: InitialVectors | None,
    known_V: BoolArray | None,
    checkpoints: Checkpoints,
    settings: dict[str, Any],
) -> Made:
    counters = {}
    fill = None
    if initial and known_V is not None:
        counters["words_from_init_vectors"] = int(known_V.sum())
        say(f"vectors: {_overlap(known_V, vocabulary)} start from {initial.location}")
        fill = partial(initial.load_into, vocabulary=vocabulary)
        if job.config.init_frozen:
            job = replace(job, frozen=known_V)
    metrics = Metrics(run, checkpoints.latest())
    with (
        _stop_on_signals() as should_stop,
        _progress_bar() as show,
        trained(
            job,
            checkpoints=checkpoints,
            settings=settings,
            fill=fill,
            report=lambda progress: (metrics.add(progress), show(progress)),
            should_stop=should_stop,
        ) as tables,
    ):
        files = [
            write_array(draft, "input.npy", tables.input_VD),
            write_array(draft, "output.npy", tables.output_VD),
        ]
    files += [
        write_file(draft, FILE, vocabulary.table),
        write_bytes(draft, METRICS, lambda stream: stream.write(metrics.text())),
        *_rules_of(run, draft),
    ]
    checkpoints.clear()
    counters = {
        "words": len(vocabulary),
        "rows": job.num_rows,
        "held_out_rows": job.num_held_out,
        "workers": job.config.num_workers,
    } | counters
    return Made(files, counters=counters)


def _rules_of(run: RunDir, draft: Draft) -> list[FileEntry]:
    """The spelling of the corpus, where the run still has its tokens."""
    tokens = run.manifest("tokens")
    if tokens is None:
        return []
    rules = rules_of_run(tokens.config)
    return [write_bytes(draft, recorded_rules.FILE, lambda stream: stream.write(rules))]


def _overlap(known_V: BoolArray, vocabulary: Vocabulary) -> str:
    counts_V = vocabulary.counts.astype(np.float64)
    share = counts_V[known_V].sum() / counts_V.sum()
    return f"{known_V.sum():,} of {len(known_V):,} words ({share:.1%} of the tokens)"


class Metrics:
    """metrics.jsonl: a line for every report. While training lasts it is RUN/checkpoints/metrics.jsonl."""

    def __init__(self, run: RunDir, found: Checkpoint | None) -> None:
        self._folder = run.checkpoints
        self._folder.create()
        before = (self._folder.read(METRICS) or b"").splitlines() if found else []
        rows = sum(standing.rows for standing in found.standings) if found else 0
        self._lines = [line for line in before if _rows_of(line) <= rows]

    def add(self, progress: Progress) -> None:
        """One more line, also in the file."""
        self._lines.append(json.dumps(progress.to_dict()).encode())
        self._folder.write_whole(METRICS, self.text())

    def text(self) -> bytes:
        """All lines."""
        return b"".join(line + b"\n" for line in self._lines)


def _rows_of(line: bytes) -> float:
    try:
        return float(json.loads(line)["rows"])
    except (ValueError, KeyError, TypeError):
        return float("inf")


@contextmanager
def _stop_on_signals() -> Iterator[Callable[[], bool]]:
    """Ctrl-C and SIGTERM ask training to save and stop; the second time they stop it at once."""
    asked = False

    def ask(*_: object) -> None:
        nonlocal asked
        if asked:
            raise KeyboardInterrupt
        asked = True
        say("vectors: stopping after this block, and saving")

    before = {number: signal.signal(number, ask) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield lambda: asked
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _progress_bar() -> AbstractContextManager[Callable[[Progress], None]]:
    """A bar on a terminal, and a line for every tenth of the way elsewhere."""
    # Rich before 14.3 ends a bar that is not shown with an empty line.
    return _bar() if console.is_terminal and not speaks_json() else _lines()


@contextmanager
def _bar() -> Iterator[Callable[[Progress], None]]:
    columns = (
        TextColumn("vectors"),
        BarColumn(),
        TextColumn("{task.percentage:.0f}%  {task.fields[facts]}  left"),
        TimeRemainingColumn(),
    )
    with Bar(*columns, console=console, transient=True) as bar:
        task = bar.add_task("", total=None, facts="")
        yield lambda progress: bar.update(
            task, total=progress.total_rows, completed=progress.rows, facts=_facts(progress)
        )


@contextmanager
def _lines() -> Iterator[Callable[[Progress], None]]:
    last_told = -1

    def show(progress: Progress) -> None:
        nonlocal last_told
        tenth = progress.rows * 10 // progress.total_rows
        if tenth > last_told:
            told = f"vectors: {progress.rows / progress.total_rows:.0%}  {_facts(progress)}"
            say(told, "training_progress", **progress.to_dict())
            last_told = tenth

    yield show


def _facts(progress: Progress) -> str:
    losses = [
        f"{name} {loss:.4f}"
        for name, loss in (("loss", progress.loss), ("held out", progress.held_out_loss))
        if loss is not None
    ]
    rates = [f"{progress.rows_per_second:,.0f} rows/s"] if progress.rows else []
    return "  ".join([f"epoch {progress.epoch}", *losses, f"alpha {progress.alpha:.5f}", *rates])


if __name__ == "__main__":
    run_script(train)

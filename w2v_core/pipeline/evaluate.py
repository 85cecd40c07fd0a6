"""The reports stage: scores of the vectors on similarity and analogy sets."""

import hashlib
import json
from functools import cached_property
from typing import Any

from w2v_core.config import Config, EvaluateConfig
from w2v_core.errors import UserError
from w2v_core.evaluation.answers import Sets, answer, differences, scores, words_apart
from w2v_core.evaluation.named_sets import Kind, located
from w2v_core.evaluation.other_vectors import OtherVectors
from w2v_core.io.events import log_event
from w2v_core.io.filesystem import read_location
from w2v_core.pipeline.stage import StageResult, make_stage
from w2v_core.runs.artifacts import COMPARISON, EVALUATION
from w2v_core.runs.manifest import FileEntry
from w2v_core.runs.run_directory import RunDir
from w2v_core.runs.stage_writer import StageWriter
from w2v_core.runs.task_output import write_bytes
from w2v_core.vectors.alignment import SharedWords
from w2v_core.vectors.word_vectors import WordVectors


def has_sets(config: Config) -> bool:
    """Return whether an evaluation set is configured."""
    return bool(config.evaluate.similarity or config.evaluate.analogies)


def check_sets(config: Config) -> Sets:
    """Read the sets before training. Raises UserError for a set that cannot be read."""
    for path in (*config.evaluate.similarity, *config.evaluate.analogies):
        if path != path.encode(errors="replace").decode():
            raise UserError(f"evaluation file {path!a} has a name that is not UTF-8; rename it")
    return Sets.read(config.evaluate)


def evaluate_vectors(run: RunDir, config: Config, against: str | None = None) -> dict[str, Any]:
    """Write and log every score, and under "against" the differences from another run."""
    vectors = run.require("vectors")
    sets = check_sets(config)
    work = _Work(run, config.evaluate, sets, None if against is None else OtherVectors.find(against))
    inputs = {"vectors": vectors.fingerprint, "sets": _digests(config.evaluate)}
    if work.other is not None:
        inputs["against"] = work.other.identity()
    make_stage(run, "reports", config.evaluate, inputs, work.build, work.prepare)
    report = _read_json(run, EVALUATION)
    log_event("reports: scores", "scores_report", report=report)
    if work.other is not None:
        report["against"] = _read_json(run, COMPARISON)
        log_event("reports: comparison", "comparison_report", against=report["against"])
    return report


class _Work:
    """The inputs and files of the stage. The comparison is one of the files, so that both are of the same vectors."""

    def __init__(self, run: RunDir, config: EvaluateConfig, sets: Sets, other: OtherVectors | None) -> None:
        self.run = run
        self.config = config
        self.sets = sets
        self.other = other

    @cached_property
    def vectors(self) -> WordVectors:
        return WordVectors.read(self.run.stage("vectors"))

    @cached_property
    def shared(self) -> SharedWords:
        assert self.other is not None
        return SharedWords.of(self.vectors, WordVectors.read(self.other.folder))

    def prepare(self) -> None:
        """Reject vectors that cannot be compared, while the old reports still exist."""
        if self.other is not None:
            _ = self.shared

    def build(self, stage_writer: StageWriter) -> StageResult:
        answers = answer(self.sets, self.vectors, self.config)
        files = [_write_json(stage_writer, EVALUATION, scores(self.sets, answers, self.config))]
        if self.other is not None:
            theirs = answer(self.sets, self.shared.second, self.config)
            compared = {
                "against": self.other.location,
                **differences(self.sets, answers, theirs, self.config),
                **words_apart(self.shared, self.config),
            }
            files.append(_write_json(stage_writer, COMPARISON, compared))
        return StageResult(files)


def _digests(config: EvaluateConfig) -> dict[str, str]:
    """Return the digest of every set, by its configured name."""
    kinds: dict[Kind, tuple[str, ...]] = {"similarity": config.similarity, "analogies": config.analogies}
    return {path: _digest(located(path, kind)) for kind, paths in kinds.items() for path in paths}


def _digest(path: str) -> str:
    return hashlib.sha256(read_location(path)).hexdigest()


def _write_json(stage_writer: StageWriter, name: str, document: dict[str, Any]) -> FileEntry:
    text = json.dumps(document, ensure_ascii=False, indent=2).encode()
    return write_bytes(stage_writer, name, lambda stream: stream.write(text))


def _read_json(run: RunDir, name: str) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(run.read_checked("reports", name))
    return document

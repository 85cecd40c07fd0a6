"""The nightly run, step by step; `jobs/run_night.py` holds its lease meanwhile."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from enum import Enum
from typing import Any

from pyarrow import fs
from pydantic import BaseModel, ConfigDict

from w2v_core.config import Config
from w2v_core.errors import UserError
from w2v_core.executors.base import Executor
from w2v_core.executors.catalog import PREFIX, tables_among
from w2v_core.integrations.mlflow import import_client, log_run, reject_tracking
from w2v_core.io.events import bind_run, log_event
from w2v_core.io.filesystem import open_folder
from w2v_core.locking.lease import Lease
from w2v_core.nightly.facts import gate_facts, recorded
from w2v_core.nightly.gate import GateRefused, GateResult, evaluate_gate, require_sets
from w2v_core.nightly.ledger import Ledger, ReadFile, SortedOut, fingerprints, location_of
from w2v_core.nightly.metrics import exposition
from w2v_core.nightly.work import (
    CONFIG,
    INPUTS,
    PLAN,
    RUN,
    Outcome,
    Plan,
    Record,
    WorkFolder,
    began_at,
    name_of,
)
from w2v_core.pipeline.evaluate import check_sets, has_sets
from w2v_core.pipeline.one_writer import writing
from w2v_core.pipeline.plan import predict_run
from w2v_core.pipeline.report import check_report
from w2v_core.pipeline.run import run_pipeline
from w2v_core.pipeline.train import WatchTraining, unwatched_training
from w2v_core.planning.prediction import Prediction, compare
from w2v_core.readers.splits import InputFile, detect_formats, find_files
from w2v_core.registry.store import Model, Version
from w2v_core.runs.artifacts import MARKER
from w2v_core.runs.run_directory import RunDir

LEDGER, GATE_RESULT, CREATED_BY = "inputs.json", "verdict.json", "night.json"
"""What a version holds beside its run: its input files, the gate's result, and the nightly run that made it."""

STAGES = ("tokenize", "phrases", "vocab", "shards", "train", "evaluate", "report")
"""The commands of a nightly run between `--only begin` and `--only finish`."""


_OF_FULL_VOCABULARY = {"counts.words", "counts.distinct_words", "bytes.vocab", "bytes.vectors"}


class CreatedBy(BaseModel):
    """The nightly run that made a version, with its files and settings."""

    model_config = ConfigDict(frozen=True)
    night: str
    files: tuple[ReadFile, ...]
    settings: dict[str, Any]


@dataclass(frozen=True)
class NightlyResult:
    """The result of a nightly run: its record if it ended, its location if prepared, neither if nothing is new."""

    record: Record | None = None
    prepared: dict[str, Any] | None = None
    version: str | None = None
    """the current version, where nothing is new"""

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for JSON."""
        if self.record is not None:
            return {"nothing_to_do": False, **self.record.model_dump(mode="json")}
        if self.prepared is not None:
            return {"nothing_to_do": False, **self.prepared}
        return {"nothing_to_do": True, "version": self.version}


class State(Enum):
    """How far a nightly run is. A transition leads from each to the next."""

    PREPARED = "the plan and the settings are written"
    TRAINED = "the stages are complete"
    PUBLISHED = "a version exists, accepted or rejected"
    ENDED = "the outcome is recorded"


@dataclass
class _Step:
    """The values that transitions read, and write for later transitions."""

    plan: Plan
    lease: Lease
    executor: Executor | None = None
    fresh: bool = False
    version: Version | None = None
    gate_result: GateResult | None = None
    record: Record | None = None


class NightlyRun:
    """The nightly runs of `model` in `work`, with these settings."""

    def __init__(
        self,
        work: WorkFolder,
        model: Model,
        config: Config,
        metrics_file: str | None = None,
        mlflow: str | None = None,
        watch_training: WatchTraining = unwatched_training,
    ) -> None:
        require_sets(config.gate, config.evaluate)
        _reject_own_settings(config)
        check_sets(config)
        check_report(config)
        if metrics_file is not None:
            _require_file(metrics_file)
        if mlflow is not None:
            reject_tracking(mlflow, "--mlflow")
            import_client()
        _reject_work_of_another(work, model.name)
        self._work = work
        self._model = model
        self._config = config
        self._metrics_file = metrics_file
        self._mlflow = mlflow
        self._watch_training = watch_training
        self._asked_at = datetime.now(UTC)
        bind_run(work.run_location)

    def run(self, locations: Sequence[str], fresh: bool, lease: Lease, executor: Executor) -> NightlyResult:
        """Take the nightly run from new files to a published version, in this process."""
        with self._failure_recorded():
            plan = self._prepared_plan(locations, fresh)
            if plan is None:
                return self._nothing_new()
            step = _Step(plan, lease, executor, fresh, self._version_of(plan))
            return self._carried_on(State.PUBLISHED if step.version else State.PREPARED, step)

    def prepare(self, locations: Sequence[str], fresh: bool) -> NightlyResult:
        """Write plan, settings and files for stages that a scheduler runs, and return where they are."""
        with self._failure_recorded():
            plan = self._prepared_plan(locations, fresh)
            if plan is None:
                return self._nothing_new()
            config = self._settings_for(plan)
            return NightlyResult(
                prepared={
                    "night": plan.night,
                    "run_dir": self._work.run_location,
                    "config": self._work.file(CONFIG),
                    "inputs": self._work.file(INPUTS),
                    "against": config.train.init_vectors,
                    "stages": stages_of(config),
                }
            )

    def publish(self, lease: Lease) -> NightlyResult:
        """Evaluate and publish the run whose stages a scheduler ran."""
        plan = self._work.plan()
        if plan is None:
            return self._last_result()
        with self._failure_recorded():
            step = _Step(plan, lease, version=self._version_of(plan))
            return self._carried_on(State.PUBLISHED if step.version else State.TRAINED, step)

    def _carried_on(self, state: State, step: "_Step") -> NightlyResult:
        """Make the transitions that are left, and return what came of them."""
        transitions = {
            State.PREPARED: self._train,
            State.TRAINED: self._publish,
            State.PUBLISHED: self._record_outcome,
        }
        while state is not State.ENDED:
            state = transitions[state](step)
        return NightlyResult(record=step.record)

    def _train(self, step: "_Step") -> State:
        assert step.executor is not None
        config = self._settings_for(step.plan)
        run = RunDir.create(self._work.run_location)
        files = self._files([file.location for file in step.plan.files])
        with writing(run, f"a nightly run of {self._model.name}"):
            run_pipeline(
                run,
                files,
                config,
                step.executor,
                against=config.train.init_vectors,
                fresh=step.fresh,
                watch_training=self._watch_training,
            )
        return State.TRAINED

    def is_under_way(self) -> bool:
        """Return whether a nightly run has begun and not ended. A run with a damaged plan has begun."""
        return PLAN in self._work.folder.sizes()

    def _last_result(self) -> NightlyResult:
        """Return how the last nightly run ended. Raises UserError where none was prepared."""
        records = self._work.records(1)
        if not records or records[-1].outcome == "failed":
            raise UserError(f"no nightly run has begun in {self._work.location}; start one with --only begin")
        (record,) = records
        if record.outcome == "refused":
            raise GateRefused(
                f"the gate rejected {record.version} of {record.night}: {'; '.join(record.refused_by)}"
            )
        log_event(f"nightly: {record.night} has already ended, with {record.version}")
        return NightlyResult(record=record)

    def _prepared_plan(self, locations: Sequence[str], fresh: bool) -> Plan | None:
        """Return the plan of the unfinished nightly run, or of a new one; None if nothing is new."""
        current = self._model.current()
        plan = self._work.plan()
        if plan is not None and not fresh:
            reason = self._why_anew(plan, current)
            if reason is None:
                log_event(f"nightly: {plan.night} continues, with {_files(plan.files)}")
                self._work.write_config(self._settings_for(plan))
                return plan
            log_event(f"nightly: {plan.night} is dropped, since {reason}")
        sorted_out = self._look(locations, current)
        added = [*sorted_out.new, *sorted_out.changed]
        if not added:
            return None
        if not fresh:
            self._reject_repeated(added, current)
        prediction = self._prediction(added) if self._config.night.predict else None
        plan = Plan(
            night=self._new_name(),
            model=self._model.name,
            based_on=current.name if current else None,
            files=tuple(added),
            copies=len(sorted_out.copies),
            prediction=prediction.model_dump(mode="json") if prediction else None,
        )
        self._work.begin(plan, self._settings_for(plan))
        log_event(f"nightly: {plan.night} begins with {_files(added)}, from {plan.based_on or 'nothing'}")
        return plan

    def _new_name(self) -> str:
        """Return the name of the current second, or of the second after the last nightly run if that is later.

        Nightly runs are sorted by name, and a clock may be set back.
        """
        taken = {record.night for record in self._work.records()}
        taken |= {
            created_by.night for version in self._model.versions() if (created_by := _created_by(version))
        }
        if not taken:
            return name_of(self._asked_at)
        return name_of(max(self._asked_at, began_at(max(taken)) + timedelta(seconds=1)))

    def _prediction(self, files: Sequence[ReadFile]) -> Prediction | None:
        """Return the predicted cost of the nightly run; log why and return None if there is none."""
        try:
            found = predict_run([file.location for file in files], self._config)
        except UserError as error:
            log_event(f"plan: none, since {error}", level="warning")
            return None
        log_event(f"plan: {found.seconds.total:,.0f} s", "plan_report", found=found)
        return found

    def _why_anew(self, plan: Plan, current: Version | None) -> str | None:
        """Return why `plan` cannot be continued, or None."""
        if self._version_of(plan) is not None:
            return None
        if plan.based_on != (current.name if current else None):
            now = current.name if current else "none"
            return f"it started from {plan.based_on or 'nothing'} and current is {now} now"
        return self._what_changed(plan)

    def _what_changed(self, plan: Plan) -> str | None:
        try:
            found = self._files([file.location for file in plan.files])
        except UserError as error:
            return str(error)
        known = Ledger(plan.files)
        now = {file.location: file for file in fingerprints(found, known)}
        for file in plan.files:
            if file.location not in now or now[file.location].sha256 != file.sha256:
                return f"{file.location} has changed since the nightly run began"
        return None

    def _look(self, locations: Sequence[str], current: Version | None) -> SortedOut:
        """Return the files of the input, compared with those that the current version has read."""
        tables, others = tables_among(locations)
        if tables:
            raise UserError(
                f"input {PREFIX}{tables[0]}: a nightly run reads files, since it cannot find the new rows of a table; "
                "write the new rows to files"
            )
        ledger = self._ledger(current)
        files = self._files(others)
        sorted_out = ledger.sort_out(fingerprints(files, ledger, reread=self._config.night.reread))
        for kind, reason in (
            (sorted_out.copies, "files of content that was read already"),
            (sorted_out.empty, "empty files"),
        ):
            if kind:
                log_event(f"nightly: {len(kind)} {reason} are skipped, first {kind[0].location}")
        added = {file.location for file in (*sorted_out.new, *sorted_out.changed)}
        detect_formats([file for file in files if location_of(file) in added])
        if sorted_out.changed:
            first = sorted_out.changed[0].location
            if self._config.night.changed_files == "refuse":
                raise UserError(
                    f"{len(sorted_out.changed)} files that {current and current.name} was trained on have changed, "
                    f"first {first}; restore them and write new text to new files, or count them again with --set "
                    "night.changed_files=add"
                )
            log_event(f"nightly: {len(sorted_out.changed)} changed files are read again, first {first}")
        return sorted_out

    def _files(self, locations: Sequence[str]) -> list[InputFile]:
        tokenize = self._config.tokenize
        return find_files(locations, tokenize.format, tokenize.column, may_be_none=True)

    def _ledger(self, version: Version | None) -> Ledger:
        if version is None:
            return Ledger()
        data = version.folder.read(LEDGER)
        if data is None:
            raise UserError(
                f"{version.location} has no {LEDGER}, the list of files it was trained on, so a nightly run cannot "
                "extend it; start another model with --name"
            )
        return Ledger.read(data, f"{version.location}/{LEDGER}")

    def _reject_repeated(self, added: Sequence[ReadFile], current: Version | None) -> None:
        """Raise GateRefused if the same files and settings already made a version from current that failed."""
        settings, contents = self._identity(), {file.sha256 for file in added}
        for version in self._model.versions():
            created_by = _created_by(version)
            if (
                created_by is None
                or version.record.based_on != (current.name if current else None)
                or created_by.settings != settings
                or {file.sha256 for file in created_by.files} != contents
            ):
                continue
            why = (
                "was rejected before"
                if version.record.state == "rejected"
                else "made a version that is not current"
            )
            raise GateRefused(
                f"this input ({_files(added)}) {why}, and nothing is new; see {version.location}, then remove the "
                "faulty files, change the settings, promote the version with `w2v models promote`, or train again "
                "with --fresh"
            )

    def _settings_for(self, plan: Plan) -> Config:
        """Return the settings of the stages, which start from the current version."""
        vocab: dict[str, Any] = {"accumulate": True}
        train: dict[str, Any] = {}
        if plan.based_on is not None:
            location = self._model.version(plan.based_on).location
            vocab["extend"] = train["init_vectors"] = location
        settings = self._config.model_dump(mode="json", by_alias=True, exclude_defaults=True)
        for section, values in (("vocab", vocab), ("train", train)):
            settings[section] = settings.get(section, {}) | values
        return Config.model_validate(settings)

    def _identity(self) -> dict[str, Any]:
        """Return the settings that decide the vectors of a nightly run and whether it passes the gate."""
        return self._config.model_dump(mode="json", by_alias=True, exclude={"executor", "spark", "night"})

    def _version_of(self, plan: Plan) -> Version | None:
        """Return the version that this nightly run has already published."""
        for version in reversed(self._model.versions()):
            created_by = _created_by(version)
            if created_by and created_by.night == plan.night:
                return version
        return None

    def _record_outcome(self, step: "_Step") -> State:
        plan, version = step.plan, step.version
        assert version is not None
        gate_result = step.gate_result or GateResult.from_json(version.folder.read(GATE_RESULT) or b"")
        refused_by = [f"{check.name}: {check.told}" for check in gate_result.checks if not check.passed]
        record = self._record("published" if gate_result.passed else "refused", plan)
        record = record.model_copy(update={"version": version.name, "refused_by": tuple(refused_by)})
        if gate_result.passed:
            self._model.prune(self._config.night.keep_versions)
        self._work.write_record(record)
        self._write_metrics()
        if self._mlflow is not None:
            tags = {"night": record.night, "outcome": record.outcome, "version": version.name}
            log_run(self._mlflow, self._model.name, RunDir.open(self._work.run_location), tags=tags)
        self._work.end(keep_run=not gate_result.passed)
        if not gate_result.passed:
            raise GateRefused(
                f"the gate refused {version.location}, and current stays {plan.based_on or 'none'}: "
                f"{'; '.join(refused_by)}"
            )
        log_event(
            f"nightly: {self._describe_current(version)}; {record.tokens:,} tokens, {record.words:,} words",
            "night_finished",
            **record.model_dump(mode="json"),
        )
        step.record = record
        return State.ENDED

    def _describe_current(self, version: Version) -> str:
        current = self._model.current()
        if current is None or current.name == version.name:
            return f"{version.name} is current"
        return (
            f"{version.name} holds the same already and was current before, so current stays {current.name} (take the "
            "files that are at fault away, change the settings, or choose it with `w2v models promote`)"
        )

    def _publish(self, step: "_Step") -> State:
        plan = step.plan
        if (self._work.folder / RUN).read(MARKER) is None:
            raise UserError(
                f"{self._work.run_location} is empty; run the stages that --only begin returned, then --only finish"
            )
        run = RunDir.open(self._work.run_location)
        for stage in ("tokens", "vocab", "shards", "vectors"):
            run.require(stage)
        if message := self._what_changed(plan):
            raise UserError(f"{message}; run `w2v nightly` again to start a new nightly run")
        current = self._model.current()
        gate_result = evaluate_gate(gate_facts(run, has_current=current is not None), self._config.gate)
        for check in gate_result.checks:
            message = "passed" if check.passed else "FAILED"
            log_event(
                f"gate: {message}  {check}", "gate", "info" if check.passed else "warning", **asdict(check)
            )
        ledger = self._ledger(current).extended(plan.files)
        created_by = CreatedBy(night=plan.night, files=plan.files, settings=self._identity())
        step.lease.renew()
        published = self._model.publish(
            run,
            attachments={
                LEDGER: ledger.to_json(),
                GATE_RESULT: gate_result.to_json(),
                CREATED_BY: created_by.model_dump_json(indent=1).encode(),
            },
            state="accepted" if gate_result.passed else "rejected",
            based_on=plan.based_on,
            align_to=current if self._config.night.align else None,
        )
        step.version, step.gate_result = published.version, gate_result
        return State.PUBLISHED

    def _record(self, outcome: Outcome, plan: Plan | None, error: str | None = None) -> Record:
        now = datetime.now(UTC)
        name = plan.night if plan else self._new_name()
        known: dict[str, Any] = {}
        if plan is not None:
            known = {
                "based_on": plan.based_on,
                "files": len(plan.files),
                "input_bytes": sum(file.size for file in plan.files),
            }
            if RUN in self._work.folder.folders():
                run = RunDir.open(self._work.run_location)
                known |= recorded(run)
                known["predicted"] = _compared(plan, run)
        return Record(
            night=name,
            model=self._model.name,
            outcome=outcome,
            finished_at=now,
            seconds=max(round((now - began_at(name)).total_seconds(), 1), 0.0),
            error=error,
            **known,
        )

    @contextmanager
    def _failure_recorded(self) -> Iterator[None]:
        """Record a nightly run that fails; an interrupted or killed run stays unfinished."""
        try:
            yield
        except GateRefused:
            raise
        except Exception as error:
            with suppress(Exception):  # the failure that counts is another
                self._work.write_record(self._record("failed", self._work.plan(), str(error)))
                self._write_metrics()
            raise

    def _nothing_new(self) -> NightlyResult:
        current = self._model.current()
        name = current.name if current else None
        log_event(
            f"nightly: nothing is new since {name}" if name else "nightly: there is nothing to read yet"
        )
        self._write_metrics()
        return NightlyResult(version=name)

    def _write_metrics(self) -> None:
        if self._metrics_file is None:
            return
        parent, _, name = self._metrics_file.rpartition("/")
        folder = open_folder(parent or ".")
        folder.create()
        folder.write_atomically(
            name, exposition(self._work.records(), self._model.name, self._asked_at).encode()
        )


def _reject_work_of_another(work: WorkFolder, name: str) -> None:
    plan = work.plan()
    models = [plan.model] if plan else [record.model for record in work.records(1)]
    if models and models[0] != name:
        raise UserError(
            f"{work.location} belongs to the model {models[0]}, not to {name}; set --work to a folder of its own for "
            "each model"
        )


def _require_file(location: str) -> None:
    """Raise UserError if the metrics would replace something other than a file."""
    target = open_folder(location)
    kind = target.filesystem.get_file_info(target.path).type
    if location.endswith("/") or kind not in (fs.FileType.File, fs.FileType.NotFound):
        raise UserError(
            f"--metrics-file {location} is a folder, a device or a pipe; name a file that ends in .prom"
        )


def stages_of(config: Config) -> list[str]:
    """Return the commands of a nightly run with these settings, in order."""
    evaluated = has_sets(config) or config.train.init_vectors is not None
    asked = {"phrases": config.phrases.passes > 0, "evaluate": evaluated}
    return [stage for stage in STAGES if asked.get(stage, True)]


def _reject_own_settings(config: Config) -> None:
    """Raise UserError for settings that each nightly run decides."""
    rejected = {
        "vocab.extend": config.vocab.extend,
        "vocab.merge": config.vocab.merge,
        "vocab.from": config.vocab.from_,
        "train.init_vectors": config.train.init_vectors,
    }
    for key, value in rejected.items():
        if value is not None:
            raise UserError(
                f"{key} = {value}: expected no value, since a nightly run starts from the current version; leave it "
                "out"
            )


def _created_by(version: Version) -> CreatedBy | None:
    """Return the nightly run that made the version; None if `w2v publish` did."""
    data = version.folder.read(CREATED_BY)
    return None if data is None else CreatedBy.model_validate_json(data)


def _compared(plan: Plan, run: RunDir) -> list[dict[str, Any]]:
    """Return predicted and measured values; for a vocabulary that grew, the plan covers only the new input."""
    if plan.prediction is None:
        return []
    rows = compare(Prediction.model_validate(plan.prediction), run)
    return [row.to_dict() for row in rows if plan.based_on is None or row.what not in _OF_FULL_VOCABULARY]


def _files(files: Sequence[ReadFile]) -> str:
    return f"{len(files)} {'file' if len(files) == 1 else 'files'} of {sum(file.size for file in files) / 1e6:.1f} MB"

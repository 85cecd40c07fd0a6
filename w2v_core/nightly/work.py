"""The work folder of the nightly runs of one model:

    WORK/lease/             keeps two nightly runs apart
    WORK/plan.json          the nightly run in progress: what it reads, what it starts from
    WORK/config.json        its settings, for the --config of each stage
    WORK/inputs.json        its files, for --input-list
    WORK/run/               its run directory
    WORK/nights/ID.json     a record of each nightly run that ended

A nightly run writes its plan last when it begins and removes it first when it ends. A killed run is therefore found by
its plan, with the same files, even if more files have arrived since.
"""

import json
from datetime import UTC, datetime
from typing import Annotated, Any, Literal

from pyarrow import fs
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from w2v_core.config import Config
from w2v_core.errors import UserError
from w2v_core.io.filesystem import Folder, access, open_folder
from w2v_core.nightly.ledger import ReadFile
from w2v_core.runs.artifacts import CHECKPOINTS, MARKER, STAGES

PLAN, CONFIG, INPUTS = "plan.json", "config.json", "inputs.json"
RUN, RECORDS, LEASE = "run", "nights", "lease"

_NAME = "%Y-%m-%dT%H-%M-%SZ"


def name_of(moment: datetime) -> str:
    """Return the name of a nightly run that began at `moment`."""
    return moment.astimezone(UTC).strftime(_NAME)


def began_at(name: str) -> datetime:
    """Return when the nightly run of that name began."""
    return datetime.strptime(name, _NAME).replace(tzinfo=UTC)


def _require_name(name: str) -> str:
    """Return a nightly run's name, which also names a file. ValueError for other text."""
    began_at(name)
    return name


RunName = Annotated[str, AfterValidator(_require_name)]


class Plan(BaseModel):
    """The plan of a nightly run in progress."""

    model_config = ConfigDict(frozen=True)
    night: RunName = Field(description="its name, from when it began: 2026-11-27T02-00-00Z")
    model: str
    based_on: str | None = Field(description="the version it starts from")
    files: tuple[ReadFile, ...] = Field(description="what it reads")
    copies: int = Field(description="files left out since their content is known under another name")
    prediction: dict[str, Any] | None = Field(None, description="of the planner")


Outcome = Literal["published", "refused", "failed"]


class Record(BaseModel):
    """The record of a nightly run that ended. Numbers of stages that it did not reach are None."""

    model_config = ConfigDict(frozen=True)
    night: RunName
    model: str
    outcome: Outcome
    finished_at: datetime
    seconds: float = Field(description="from its beginning, interruptions and waiting included")
    error: str | None = Field(None, description="why it failed")
    based_on: str | None = None
    version: str | None = Field(None, description="that it published, or as whose candidate it was kept")
    files: int = 0
    input_bytes: int = 0
    tokens: int | None = Field(None, description="that were read")
    words: int | None = Field(None, description="of the vocabulary")
    new_words: int | None = None
    known_tokens: float | None = Field(None, description="share of the tokens that had a word before")
    held_out_loss: float | None = None
    loss_before: float | None = Field(None, description="held-out loss before the first row")
    neighbor_overlap: float | None = Field(None, description="with the version before")
    scores: dict[str, float | None] = {}
    refused_by: tuple[str, ...] = Field((), description="the checks that said no, with their figures")
    stage_seconds: dict[str, float] = {}
    predicted: list[dict[str, Any]] = Field([], description="prediction and fact, of the planner")


def _is_record(name: str) -> bool:
    try:
        began_at(name.removesuffix(".json"))
    except ValueError:
        return False
    return True


def _without_temporary(names: set[str]) -> set[str]:
    """Return the names without those of temporary files, which begin with a dot."""
    return {name for name in names if not name.startswith(".")}


class WorkFolder:
    """The folder at `location`; it need not exist."""

    def __init__(self, location: str) -> None:
        self.location = location.rstrip("/") or "/"
        self.folder = open_folder(location)
        self.folder.reject_file(location)
        with access(location):
            self.folder.require_bucket()
            self._reject_foreign()

    def _reject_foreign(self) -> None:
        """Raise UserError for a folder of other files: a nightly run removes files of the run before it."""
        names = {*self.folder.sizes(), *self.folder.folders()}
        has_records = PLAN in names or any(map(_is_record, (self.folder / RECORDS).sizes()))
        if not has_records and _without_temporary(names) - {CONFIG, INPUTS, RUN, RECORDS, LEASE}:
            raise UserError(
                f"{self.location} is not empty and holds no records of nightly runs; set --work to a new or an empty "
                "folder"
            )
        run = self.folder / RUN
        if run.read(MARKER) is None and _without_temporary({*run.sizes(), *run.folders()}) - {
            *STAGES,
            CHECKPOINTS,
        }:
            raise UserError(
                f"{self.file(RUN)} is not a run directory, and a nightly run would replace it; set --work to a new or "
                "an empty folder"
            )

    def file(self, name: str) -> str:
        """The location of `name`."""
        return f"{self.location.rstrip('/')}/{name}"

    @property
    def run_location(self) -> str:
        """The location of the run directory."""
        return self.file(RUN)

    @property
    def lease(self) -> Folder:
        """The folder of the lease."""
        return self.folder / LEASE

    def require(self) -> None:
        """Raise UserError if the folder does not exist."""
        with access(self.location):
            info = self.folder.filesystem.get_file_info(self.folder.path)
        if info.type == fs.FileType.NotFound:
            raise UserError(f"{self.location} does not exist; set --work to the work folder of `w2v nightly`")

    def plan(self) -> Plan | None:
        """Return the plan of the nightly run in progress or killed; None if there is none."""
        data = self.folder.read(PLAN)
        if data is None:
            return None
        try:
            return Plan.model_validate_json(data)
        except ValidationError:
            raise UserError(
                f"{self.file(PLAN)} is damaged: it is not a valid plan of a nightly run; delete it to start a new "
                "nightly run"
            ) from None

    def begin(self, plan: Plan, config: Config) -> None:
        """Remove the last run, and write the plan of a new one."""
        self.end(keep_run=False)
        self.folder.create()
        self.write_config(config)
        locations = [file.location for file in plan.files]
        self.folder.write_atomically(INPUTS, json.dumps(locations, ensure_ascii=False, indent=1).encode())
        self.folder.write_atomically(PLAN, plan.model_dump_json(indent=1).encode())

    def write_config(self, config: Config) -> None:
        """Write the settings that differ from the defaults."""
        settings = config.model_dump(mode="json", by_alias=True, exclude_defaults=True)
        self.folder.write_atomically(CONFIG, json.dumps(settings, ensure_ascii=False, indent=1).encode())

    def end(self, *, keep_run: bool) -> None:
        """Remove the plan, and the run directory unless `keep_run`."""
        for name in (PLAN, CONFIG, INPUTS):
            if name in self.folder.sizes():
                self.folder.filesystem.delete_file(self.folder.file(name))
        if not keep_run:
            (self.folder / RUN).delete()

    def write_record(self, record: Record) -> None:
        """Write the record of a nightly run, over an earlier one of the same run."""
        records = self.folder / RECORDS
        records.create()
        records.write_atomically(f"{record.night}.json", record.model_dump_json(indent=1).encode())

    def records(self, newest: int | None = None) -> list[Record]:
        """Return the `newest` records, or all, oldest first. Raises UserError for a damaged record."""
        records = self.folder / RECORDS
        names = sorted(
            name for name in records.sizes() if name.endswith(".json") and not name.startswith(".")
        )
        return [self._record(records, name) for name in (names if newest is None else names[-newest:])]

    def _record(self, records: Folder, name: str) -> Record:
        try:
            return Record.model_validate_json(records.read(name) or b"")
        except ValidationError:
            raise UserError(
                f"{self.file(RECORDS)}/{name} is damaged: it is not a valid record of a nightly run; delete it"
            ) from None

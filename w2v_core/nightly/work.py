"""The folder that a night works in, of one model:

    WORK/lease/             keeps two nights apart
    WORK/plan.json          the night that is under way: what it reads, what it starts from
    WORK/config.json        its settings, for the --config of each stage
    WORK/inputs.json        its files, for --input-list
    WORK/run/               its run directory
    WORK/nights/ID.json     a record of each night that ended

The plan is written last of what begins a night and removed first of what ends it: a night that was killed is found by
it, with the same files, however many have arrived since.
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

PLAN, CONFIG, INPUTS, RUN, NIGHTS, LEASE = "plan.json", "config.json", "inputs.json", "run", "nights", "lease"


_NAME = "%Y-%m-%dT%H-%M-%SZ"


def name_of(moment: datetime) -> str:
    """A night's name, of when it began."""
    return moment.astimezone(UTC).strftime(_NAME)


def began_at(night: str) -> datetime:
    """When the night of that name began."""
    return datetime.strptime(night, _NAME).replace(tzinfo=UTC)


def _require_name(night: str) -> str:
    """A night's name, which names a file too. ValueError for another text."""
    began_at(night)
    return night


NightName = Annotated[str, AfterValidator(_require_name)]


class Plan(BaseModel):
    """A night that is under way."""

    model_config = ConfigDict(frozen=True)
    night: NightName = Field(description="its name, from when it began: 2026-11-27T02-00-00Z")
    model: str
    based_on: str | None = Field(description="the version it starts from")
    files: tuple[ReadFile, ...] = Field(description="what it reads")
    copies: int = Field(description="files left out since their content is known under another name")
    prediction: dict[str, Any] | None = Field(None, description="of the planner")


Outcome = Literal["published", "refused", "failed"]


class Record(BaseModel):
    """A night that ended. Numbers are None where the night did not come so far."""

    model_config = ConfigDict(frozen=True)
    night: NightName
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


def _without_drafts(names: set[str]) -> set[str]:
    """Names but those of drafts, which begin with a dot."""
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
        """UserError where other people's files stand: what nights made is removed before the next one begins."""
        names = {*self.folder.sizes(), *self.folder.folders()}
        has_nights = PLAN in names or any(map(_is_record, (self.folder / NIGHTS).sizes()))
        if not has_nights and _without_drafts(names) - {CONFIG, INPUTS, RUN, NIGHTS, LEASE}:
            raise UserError(
                f"{self.location} is not empty and holds no nights of w2v; name a new or an empty folder"
            )
        run = self.folder / RUN
        if run.read(MARKER) is None and _without_drafts({*run.sizes(), *run.folders()}) - {
            *STAGES,
            CHECKPOINTS,
        }:
            raise UserError(
                f"{self.file(RUN)} is no run directory, and a night would replace it; name a new or an empty folder"
            )

    def file(self, name: str) -> str:
        """The location of `name`."""
        return f"{self.location.rstrip('/')}/{name}"

    @property
    def run_location(self) -> str:
        """Where the night's run directory is."""
        return self.file(RUN)

    @property
    def lease(self) -> Folder:
        """The folder of claims."""
        return self.folder / LEASE

    def require(self) -> None:
        """UserError where there is no such folder."""
        with access(self.location):
            info = self.folder.filesystem.get_file_info(self.folder.path)
        if info.type == fs.FileType.NotFound:
            raise UserError(
                f"{self.location} does not exist; name the folder that `w2v nightly` was given as --work"
            )

    def plan(self) -> Plan | None:
        """The night that is under way, or was when it was killed."""
        data = self.folder.read(PLAN)
        if data is None:
            return None
        try:
            return Plan.model_validate_json(data)
        except ValidationError:
            raise UserError(
                f"{self.file(PLAN)} is damaged: it is not what this program writes; delete it, and the night "
                "begins anew"
            ) from None

    def begin(self, plan: Plan, config: Config) -> None:
        """Write a night's plan over an empty run."""
        self.end(keep_run=False)
        self.folder.create()
        self.write_config(config)
        locations = [file.location for file in plan.files]
        self.folder.write_whole(INPUTS, json.dumps(locations, ensure_ascii=False, indent=1).encode())
        self.folder.write_whole(PLAN, plan.model_dump_json(indent=1).encode())

    def write_config(self, config: Config) -> None:
        """The night's settings, those that are not the defaults."""
        settings = config.model_dump(mode="json", by_alias=True, exclude_defaults=True)
        self.folder.write_whole(CONFIG, json.dumps(settings, ensure_ascii=False, indent=1).encode())

    def end(self, *, keep_run: bool) -> None:
        """No night is under way; its run is gone, or stays until the next begins."""
        for name in (PLAN, CONFIG, INPUTS):
            if name in self.folder.sizes():
                self.folder.filesystem.delete_file(self.folder.file(name))
        if not keep_run:
            (self.folder / RUN).delete()

    def write_record(self, record: Record) -> None:
        """The record of a night; a later one of the same night takes its place."""
        nights = self.folder / NIGHTS
        nights.create()
        nights.write_whole(f"{record.night}.json", record.model_dump_json(indent=1).encode())

    def records(self, newest: int | None = None) -> list[Record]:
        """The records of the `newest` nights, or of all, oldest first. UserError for a damaged one."""
        nights = self.folder / NIGHTS
        names = sorted(name for name in nights.sizes() if name.endswith(".json") and not name.startswith("."))
        return [self._record(nights, name) for name in (names if newest is None else names[-newest:])]

    def _record(self, nights: Folder, name: str) -> Record:
        try:
            return Record.model_validate_json(nights.read(name) or b"")
        except ValidationError:
            raise UserError(
                f"{self.file(NIGHTS)}/{name} is damaged: it is no record of a night; delete it"
            ) from None

"""One folder a run: where each stage lives, and when it is finished.

    RUN/run.json                      marks the folder as ours, and of which format
    RUN/lease/                        which command is writing here now (`w2v_core.lease`)
    RUN/{tokens,phrases,vocab,shards,vectors,reports}/
        part-00000.parquet, …         what the stage made
        manifest.json                 written last: the stage is finished if and only if this exists
        _temporary/                   what tasks are writing now; nobody reads it

Starting a stage removes its old manifest, and those of every stage after it, before the first byte is
written: old and new files never stand side by side under a manifest.

On an object store the driver's own files are written to their names at once, and tasks' files are copied to theirs:
until the manifest is there, nobody reads them.
"""

import hashlib
import json
import os
import time
import zlib
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Any, NoReturn
from uuid import uuid4

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from w2v_core import __version__
from w2v_core.accounting import Count, TokenAccount
from w2v_core.errors import UserError
from w2v_core.storage import Folder, Location, access, open_folder, require_name, require_utf8
from w2v_core.store_reference import RECORD, refuse_model, refuse_published, refuse_reference

FORMAT_VERSION = 1
STAGES = ("tokens", "phrases", "vocab", "shards", "vectors", "reports")
COMMANDS = {
    "tokens": "tokenize --input PATH",
    "phrases": "phrases",
    "vocab": "vocab",
    "shards": "shards",
    "vectors": "train",
    "reports": "evaluate",
}
MANIFEST = "manifest.json"
MARKER = "run.json"
REVISION = {"tokens": 3, "phrases": 2, "vocab": 2, "shards": 6, "vectors": 1, "reports": 2, "documents": 1}
"""Of what a stage makes. Raised with a change of code after which the same inputs give another output."""
TEMPORARY = "_temporary"
COPIES_AT_ONCE = 16
_SECONDS_BEFORE_REMOVING = (0.0, 0.1, 0.5, 1.0)


class FileEntry(BaseModel):
    """A file that a stage made: its name in the stage's folder, rows where it has rows, bytes, CRC-32."""

    model_config = ConfigDict(frozen=True)
    name: Annotated[str, AfterValidator(require_name)]
    rows: Count | None
    bytes: Count
    crc32: Count


class Manifest(BaseModel):
    """What a finished stage says of itself."""

    model_config = ConfigDict(frozen=True)
    format_version: int
    stage: str
    code_version: str
    finished_at: str = Field(description="UTC, ISO 8601")
    seconds: float = Field(allow_inf_nan=False)
    fingerprint: str = Field(description="of the configuration and of everything that was read")
    config: dict[str, Any]
    inputs: Any = Field(description="the input files, or the fingerprints of the stages that were read")
    files: tuple[FileEntry, ...]
    tokens: TokenAccount | None = Field(description="the token account, where the stage handles tokens")
    counters: dict[str, Count]
    digest: str | None = Field(
        None, description="of the rows of all files, whatever their order, in hexadecimal"
    )


def fingerprint(stage: str, config: BaseModel, inputs: Any) -> str:
    """SHA-256 of what decides a stage's output: its settings, its inputs and the revision of its code."""
    facts = {
        "format_version": FORMAT_VERSION,
        "stage": stage,
        "revision": REVISION[stage],
        "config": config.model_dump(mode="json", exclude=getattr(config, "without_effect", None)),
        "inputs": inputs,
    }
    return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()


class RunDir:
    """A run directory that exists and is of the format this code writes."""

    def __init__(self, folder: Folder, location: str) -> None:
        self.folder = folder
        self.location = location

    @classmethod
    def open(cls, location: Location) -> "RunDir":
        """The run directory at `location`. UserError where there is none, or one of another format."""
        location = os.fspath(location)
        require_utf8(location)
        folder = open_folder(location)
        with access(location):
            marker = folder.read(MARKER)
            if marker is None:
                folder.require_bucket()
                refuse_reference(location)
                refuse_model(folder, location)
                _refuse_no_run(folder, location)
        assert marker is not None
        _check_format(marker, f"{location}/{MARKER}", location)
        return cls(folder, location)

    @classmethod
    def create(cls, location: Location) -> "RunDir":
        """The run directory at `location`, made where nothing is there yet."""
        location = os.fspath(location)
        require_utf8(location)
        folder = open_folder(location)
        folder.refuse_file(location)
        with access(location):
            if folder.read(MARKER) is None:
                refuse_reference(location)
                _refuse_foreign(folder, location)
                folder.create()
                folder.write_whole(MARKER, json.dumps({"format_version": FORMAT_VERSION}).encode())
        return cls.open(location)

    @property
    def name(self) -> str:
        """What the folder is called."""
        return self.folder.path.rstrip("/").rpartition("/")[2]

    def stage(self, name: str) -> Folder:
        """The folder of stage `name`."""
        assert name in STAGES
        return self.folder / name

    @property
    def checkpoints(self) -> Folder:
        """The folder of training that is not finished. Gone once a stage before it is made again."""
        return self.folder / "checkpoints"

    @property
    def lease(self) -> Folder:
        """The folder of claims to write here."""
        return self.folder / "lease"

    def is_published(self) -> bool:
        """Whether this is a version in a store, which nothing changes."""
        return self.folder.read(RECORD) is not None

    def manifest(self, name: str) -> Manifest | None:
        """The manifest of stage `name`, or None where the stage is not finished."""
        mend = f"delete {self.location}/{name} and run `w2v {COMMANDS[name]} --run-dir {self.location}` again"
        return read_manifest(self.stage(name), f"{self.location}/{name}", self.location, mend)

    def require(self, name: str) -> Manifest:
        """The manifest of stage `name`, whose files are all there."""
        manifest = self.manifest(name)
        if manifest is None:
            refuse_published(self.folder, self.location)
            raise UserError(
                f"{self.location} has no finished {name} stage; "
                f"run `w2v {COMMANDS[name]} --run-dir {self.location}` first"
            )
        for entry, found in self._sizes(name, manifest):
            if found != entry.bytes:
                state = "is missing" if found is None else f"has {found} bytes, not {entry.bytes}"
                raise UserError(
                    f"{self.location}/{name}/{entry.name} {state}; delete {self.location}/{name} "
                    f"and run `w2v {COMMANDS[name]}` again"
                )
        return manifest

    def read_checked(self, name: str, file: str) -> bytes:
        """The bytes of `file` of the finished stage `name`; none where it made no such file.

        UserError where they are not those that the manifest tells of.
        """
        manifest = self.require(name)
        entry = next((entry for entry in manifest.files if entry.name == file), None)
        if entry is None:
            return b""
        data = self.stage(name).read(file) or b""
        if zlib.crc32(data) != entry.crc32:
            raise UserError(
                f"{self.location}/{name}/{file} is damaged; delete the folder it is in and run `w2v {COMMANDS[name]}` "
                "again"
            )
        return data

    def is_current(self, name: str, wanted: str) -> bool:
        """Whether stage `name` is finished, whole, and made from what `wanted` is the fingerprint of."""
        manifest = self.manifest(name)
        if manifest is None or manifest.fingerprint != wanted:
            return False
        return all(found == entry.bytes for entry, found in self._sizes(name, manifest))

    def _sizes(self, name: str, manifest: Manifest) -> list[tuple[FileEntry, int | None]]:
        sizes = self.stage(name).sizes()
        return [(entry, sizes.get(entry.name)) for entry in manifest.files]

    def remove(self, name: str) -> None:
        """Remove stage `name` and all after it; every manifest goes before the first file."""
        later = STAGES[STAGES.index(name) :]
        for stage in later:
            manifest = self.stage(stage)
            if manifest.read(MANIFEST) is not None:
                manifest.filesystem.delete_file(manifest.file(MANIFEST))
        for stage in later:
            self.stage(stage).delete()
        if STAGES.index(name) < STAGES.index("vectors"):
            self.checkpoints.delete()

    @contextmanager
    def rewrite(self, name: str) -> Iterator["Draft"]:
        """Empty stage `name` and all after it, and hand out the draft of what will stand there.

        What the block leaves without `Draft.finish` is removed.
        """
        refuse_published(self.folder, self.location)
        self.remove(name)
        with drafted(name, self.stage(name)) as draft:
            yield draft


@dataclass(frozen=True)
class Draft:
    """A stage being written. Files go to `temporary`; `adopt` gives them their names; `finish` commits."""

    stage: str
    folder: Folder
    started: float

    @property
    def temporary(self) -> Folder:
        """Where tasks write; not read by anyone, gone when the stage ends."""
        return self.folder / TEMPORARY

    def place(self, name: str) -> tuple[Folder, str]:
        """Where the driver writes file `name`, as what, until it is adopted.

        A copy of a large table takes long, and is one request of at most `LARGEST_COPY`: an object store gets it under
        its name. Half a file may then stand there after a fault, in a stage that has no manifest.
        """
        return (self.temporary, uuid4().hex) if self.folder.renames else (self.folder, name)

    def adopt(self, draft_name: str, entry: FileEntry) -> FileEntry:
        """Give `draft_name`, which stands where `place` said or a task wrote it, its name in the stage's folder."""
        if draft_name != entry.name:
            self.temporary.hand_over(draft_name, self.folder, entry.name, entry.bytes)
        return entry

    def adopt_all(self, named: Sequence[tuple[str, FileEntry]]) -> list[FileEntry]:
        """As `adopt`, for many; several at once where each is a request to an object store."""
        if self.folder.renames:
            return [self.adopt(*each) for each in named]
        with ThreadPoolExecutor(COPIES_AT_ONCE) as pool:
            return list(pool.map(lambda each: self.adopt(*each), named))

    def finish(
        self,
        *,
        config: BaseModel,
        inputs: Any,
        files: Sequence[FileEntry],
        tokens: TokenAccount | None = None,
        counters: dict[str, int] | None = None,
        digest: str | None = None,
    ) -> Manifest:
        """Write the manifest, which makes the stage finished. The token account must balance."""
        manifest = Manifest(
            format_version=FORMAT_VERSION,
            stage=self.stage,
            code_version=__version__,
            finished_at=datetime.now(UTC).isoformat(timespec="seconds"),
            seconds=round(time.monotonic() - self.started, 3),
            fingerprint=fingerprint(self.stage, config, inputs),
            config=config.model_dump(mode="json"),
            inputs=inputs,
            files=tuple(files),
            tokens=tokens.checked() if tokens else None,
            counters=counters or {},
            digest=digest,
        )
        self.temporary.delete()
        self.folder.write_whole(MANIFEST, manifest.model_dump_json(indent=2).encode())
        return manifest


@contextmanager
def drafted(stage: str, folder: Folder) -> Iterator[Draft]:
    """The draft of what will stand in `folder`, which is empty. What the block leaves unfinished is removed."""
    draft = Draft(stage, folder, time.monotonic())
    draft.temporary.create()
    try:
        yield draft
    finally:
        remove_unfinished(folder)


def read_manifest(stage: Folder, path: str, location: str, mend: str) -> Manifest | None:
    """The manifest of the stage in a folder, of `location`, that people know as `path`; None where it is not finished.

    UserError, with how to `mend` it, where it is damaged.
    """
    data = stage.read(MANIFEST)
    if data is None:
        return None
    _check_format(data, f"{path}/{MANIFEST}", location, mend)
    try:
        return Manifest.model_validate_json(data)
    except ValidationError:
        raise UserError(f"{path}/{MANIFEST} is damaged; {mend}") from None


def _check_format(data: bytes, path: str, location: str, mend: str = "use a new --run-dir") -> None:
    try:
        version = json.loads(data)["format_version"]
    except (ValueError, KeyError, TypeError, RecursionError):
        raise UserError(f"{path} is damaged: it is not the JSON that this program writes; {mend}") from None
    if version != FORMAT_VERSION:
        raise UserError(
            f"{path} is of run-directory format {version!r} and this program writes format {FORMAT_VERSION}; "
            f"use a new --run-dir, or the version of w2v that made {location}"
        )


def _refuse_no_run(folder: Folder, location: str) -> NoReturn:
    above, _, name = folder.path.rstrip("/").rpartition("/")
    if name in STAGES and Folder(folder.filesystem, above).read(MARKER) is not None:
        raise UserError(
            f"{location} is not a run directory, but the {name} of one; name the folder that it is in with --run-dir"
        )
    why = f"it has no {MARKER}" if folder.exists() else "nothing is there"
    raise UserError(
        f"{location} is not a run directory ({why}); start one with `w2v run --input PATH --run-dir {location}`"
    )


def remove_unfinished(folder: Folder) -> None:
    """Remove a half stage, or leave it to the next start of the stage: the fault that counts is another."""
    for wait in _SECONDS_BEFORE_REMOVING:
        time.sleep(wait)
        with suppress(OSError):  # a task that still writes there may hinder it
            if folder.read(MANIFEST) is None:
                folder.delete()
            return


def _refuse_foreign(folder: Folder, location: str) -> None:
    """Stages are cleared before they are written, so a folder with other people's files is not taken."""
    leftover = folder.sizes().keys()
    if not folder.is_empty() and not (leftover and all(name.startswith(f".{MARKER}.") for name in leftover)):
        raise UserError(
            f"{location} is not empty and is not a run directory; name a new or an empty folder with --run-dir"
        )

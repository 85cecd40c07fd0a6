"""One folder a run: where each stage lives, and when it is finished.

    RUN/run.json                      marks the folder as ours, and of which format
    RUN/lease/                        which command is writing here now (`w2v_core.locking.lease`)
    RUN/{tokens,phrases,vocab,shards,vectors,reports}/
        part-00000.parquet, …         what the stage made
        manifest.json                 written last: the stage is finished if and only if this exists
        _temporary/                   what tasks are writing now; nobody reads it

Starting a stage removes its old manifest, and those of every stage after it, before the first byte is
written: old and new files never stand side by side under a manifest.

On an object store the driver's own files are written to their names at once, and tasks' files are copied to theirs:
until the manifest is there, nobody reads them.
"""

import json
import os
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NoReturn

from pyarrow import fs

from w2v_core.errors import RunError
from w2v_core.io.filesystem import Folder, Location, access, open_folder, require_utf8
from w2v_core.runs.artifacts import CHECKPOINTS, LEASE, MANIFEST, MARKER, STAGES
from w2v_core.runs.manifest import COMMANDS, FORMAT_VERSION, FileEntry, Manifest, _check_format, read_manifest
from w2v_core.runs.model_reference import RECORD, reject_model, reject_published, reject_reference
from w2v_core.runs.stage_writer import StageWriter, writing_stage


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
                reject_reference(location)
                reject_model(folder, location)
                _raise_no_run(folder, location)
        assert marker is not None
        _check_format(marker, f"{location}/{MARKER}", location)
        return cls(folder, location)

    @classmethod
    def create(cls, location: Location) -> "RunDir":
        """The run directory at `location`, made where nothing is there yet."""
        location = os.fspath(location)
        require_utf8(location)
        folder = open_folder(location)
        folder.reject_file(location)
        with access(location):
            if folder.read(MARKER) is None:
                reject_reference(location)
                _reject_foreign(folder, location)
                folder.create()
                folder.write_atomically(MARKER, json.dumps({"format_version": FORMAT_VERSION}).encode())
        return cls.open(location)

    @property
    def name(self) -> str:
        """What the folder is called."""
        return self.folder.path.rstrip("/").rpartition("/")[2]

    def stage(self, name: str) -> Folder:
        """The folder of stage `name`."""
        if name not in STAGES:
            raise RunError(f"stage {name!r}: expected one of {', '.join(STAGES)}")
        return self.folder / name

    @property
    def checkpoints(self) -> Folder:
        """The folder of training that is not finished. Gone once a stage before it is made again."""
        return self.folder / CHECKPOINTS

    @property
    def lease(self) -> Folder:
        """The folder of claims to write here."""
        return self.folder / LEASE

    def is_published(self) -> bool:
        """Whether this is a version in a store, which nothing changes."""
        return self.folder.read(RECORD) is not None

    def manifest(self, name: str) -> Manifest | None:
        """The manifest of stage `name`, or None where the stage is not finished."""
        fix = f"delete {self.location}/{name} and run `w2v {COMMANDS[name]} --run-dir {self.location}` again"
        return read_manifest(self.stage(name), f"{self.location}/{name}", self.location, fix)

    def require(self, name: str) -> Manifest:
        """The manifest of stage `name`, whose files are all there."""
        manifest = self.manifest(name)
        if manifest is None:
            reject_published(self.folder, self.location)
            raise RunError(
                f"{self.location} has no finished {name} stage; "
                f"run `w2v {COMMANDS[name]} --run-dir {self.location}` first"
            )
        for entry, found in self._sizes(name, manifest):
            if found != entry.bytes:
                state = "is missing" if found is None else f"has {found} bytes, not {entry.bytes}"
                raise RunError(
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
            raise RunError(
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
    def rewrite(self, name: str) -> Iterator["StageWriter"]:
        """Empty stage `name` and all after it, and hand out the draft of what will stand there.

        What the block leaves without `StageWriter.finish` is removed.
        """
        reject_published(self.folder, self.location)
        self.remove(name)
        with writing_stage(name, self.stage(name)) as stage_writer:
            yield stage_writer


def _raise_no_run(folder: Folder, location: str) -> NoReturn:
    above, _, name = folder.path.rstrip("/").rpartition("/")
    if name in STAGES and Folder(folder.filesystem, above).read(MARKER) is not None:
        raise RunError(
            f"{location} is not a run directory, but the {name} of one; name the folder that it is in with --run-dir"
        )
    if folder.filesystem.get_file_info(folder.path).type == fs.FileType.File:
        raise RunError(f"{location} is a file, not a run directory; name a file of vectors with --vectors")
    why = f"it has no {MARKER}" if folder.exists() else "nothing is there"
    raise RunError(
        f"{location} is not a run directory ({why}); start one with `w2v run --input PATH --run-dir {location}`"
    )


def _reject_foreign(folder: Folder, location: str) -> None:
    """Stages are cleared before they are written, so a folder with other people's files is not taken."""
    leftover = folder.sizes().keys()
    if not folder.is_empty() and not (leftover and all(name.startswith(f".{MARKER}.") for name in leftover)):
        raise RunError(
            f"{location} is not empty and is not a run directory; name a new or an empty folder with --run-dir"
        )

"""Publishing runs as versions of a model, and choosing the one that readers take."""

import hashlib
import json
import os
import unicodedata
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import Any

from pyarrow import fs

from w2v_core.errors import UserError
from w2v_core.io.filesystem import Folder, Location, access, open_folder
from w2v_core.locking.lease import Lease, LeaseLostError, acquired
from w2v_core.registry.copy import VersionWriter, problem_of
from w2v_core.registry.record import Record, Source, State
from w2v_core.registry.rotated import TABLES, copy_rotated, rotation_onto
from w2v_core.runs.artifacts import MANIFEST, MARKER, REPORT_PAGE
from w2v_core.runs.manifest import FileEntry, Manifest
from w2v_core.runs.model_reference import POINTER, RECORD, VERSION_NAME, Pointer, PromotionEvent
from w2v_core.runs.run_directory import RunDir

STAGES = ("vocab", "vectors", "reports")
"""What a version has of its run."""

"""In no manifest: it is made after everything else."""

LEASE_SECONDS = 600.0
WAIT_SECONDS = 60.0
"""How long whoever changes a model waits for another who does."""

MAX_TURNS = 1000
"""Changes of the current version that are remembered."""


@dataclass(frozen=True)
class Version:
    """A version, as it stands in the store. `location` may be given wherever a run directory, or its vectors, may."""

    location: str
    folder: Folder
    record: Record

    @property
    def name(self) -> str:
        """v1, v2, …"""
        return self.record.version

    @property
    def number(self) -> int:
        """1, 2, …"""
        return _number(self.name)


@dataclass(frozen=True)
class Published:
    """A version that holds what was to be published; it may have stood there before."""

    version: Version
    is_new: bool
    is_current: bool


class ModelStore:
    """The store at a path or a URI; it need not exist."""

    def __init__(self, location: Location) -> None:
        self.location = os.fspath(location)
        self.folder = open_folder(location)
        self.folder.reject_file(self.location)
        self._reject_model()

    def _reject_model(self) -> None:
        """UserError where this is a model, whose versions stand right here: a store is one level above."""
        with access(self.location):
            names = [name for name in self.folder.folders() if VERSION_NAME.fullmatch(name)]
            if any((self.folder / name).read(RECORD) is not None for name in names):
                raise UserError(
                    f"--store {self.location}: expected a store, got a model. Set --store to the folder that contains "
                    "it, and --name to the model."
                )

    def model(self, name: str) -> "Model":
        """The model of that name, which need not exist. UserError for a name that none may have."""
        check_name(name)
        return Model(self, name)

    def models(self) -> list["Model"]:
        """Those that have a version, by name."""
        with access(self.location):
            self.folder.require_bucket()
            names = [name for name in self.folder.folders() if _is_name(name)]
        return [model for name in names if (model := Model(self, name)).versions()]


class Model:
    """The versions of one model. Whatever changes them does so under the model's lease, one at a time."""

    def __init__(self, store: ModelStore, name: str) -> None:
        self.name = name
        self.folder = store.folder / name
        self._store = store

    @property
    def location(self) -> str:
        """Where its versions are."""
        return self._at("")

    def versions(self) -> list[Version]:
        """All that are whole, the oldest first."""
        with access(self.location):
            self.folder.require_bucket()
            names = [name for name in self.folder.folders() if VERSION_NAME.fullmatch(name)]
            found = [self._find(name) for name in sorted(names, key=_number)]
        return [version for version in found if version]

    def version(self, name: str) -> Version:
        """The version of that name. UserError where there is none."""
        with access(self.location):
            self.folder.require_bucket()
            found = self._find(name) if VERSION_NAME.fullmatch(name) else None
        if found is None:
            known = ", ".join(version.name for version in self.require())
            raise UserError(f"{self.location} has no version {name!r}; it has {known}. Check --version.")
        return found

    def require(self) -> list[Version]:
        """Its versions. UserError where it has none, which names the models that have."""
        found = self.versions()
        if not found:
            others = ", ".join(model.name for model in self._store.models()) or "none"
            raise UserError(
                f"{self._store.location} has no model {self.name!r} (it has {others}). Check --store and --name, or "
                "publish a model with `w2v publish`."
            )
        return found

    def current(self) -> Version | None:
        """The version that readers take, None where there is none yet."""
        with access(self.location):
            self.folder.require_bucket()
            pointer = Pointer.read(self.folder)
        return None if pointer is None else self.version(pointer.version)

    def publish(
        self,
        run: RunDir,
        *,
        attachments: Mapping[str, bytes] | None = None,
        state: State = "accepted",
        promote: bool = True,
        based_on: str | None = None,
        align_to: Version | None = None,
    ) -> Published:
        """The vocabulary, vectors and reports of a finished run as a version, new unless one holds them already.

        attachments: more files, by name
        state, promote: an accepted version becomes the current one where that is wanted
        based_on: the version that training started from
        align_to: a version along whose axes the vectors are laid; dot products stay the same

        What was published before is made the current version only if it never was: a rollback is not undone.
        Raises LeaseHeldError if another process is publishing for longer than WAIT_SECONDS, and UserError for a run
        that is not finished or is damaged.
        """
        manifests = {stage: run.require(stage) for stage in ("vocab", "vectors")}
        if reports := run.manifest("reports"):
            manifests["reports"] = reports
        attachments = attachments or {}
        _check_attachments(attachments)
        source = Source.of(run.location, manifests)
        is_promoted = promote and state == "accepted"
        with self._changing(f"publishing {run.location}") as lease:
            known = self._same(source, state, align_to)
            version = known or self._write(
                run, manifests, attachments, state, based_on, source, align_to, lease
            )
            pointer = Pointer.read(self.folder)
            was_current = {event.version for event in pointer.turns} if pointer else set()
            if is_promoted and version.name not in was_current:
                pointer = self._point(version, pointer, lease)
            return Published(version, known is None, pointer is not None and pointer.version == version.name)

    def promote(self, name: str) -> Version:
        """Make a version the current one."""
        with self._changing(f"promoting {name}") as lease:
            version, pointer = self.version(name), Pointer.read(self.folder)
            if pointer is None or pointer.version != name:
                self._point(version, pointer, lease)
            return version

    def rollback(self) -> Version:
        """Make the version the current one that was it before. UserError where there is none."""
        with self._changing("rolling back") as lease:
            pointer = Pointer.read(self.folder)
            before = self._before(pointer)
            if before is None:
                self.require()
                raise UserError(
                    f"{self.location} has no earlier current version. Choose a version with `w2v models promote`."
                )
            self._point(before, pointer, lease, is_rollback=True)
            return before

    def prune(self, keep: int) -> list[Version]:
        """Remove all but the newest `keep` versions, the current one and the one before it; and what was removed."""
        if keep < 1:
            raise UserError(
                f"keep = {keep}: expected an integer >= 1, since version numbers are never reused."
            )
        with self._changing(f"pruning to {keep} versions") as lease:
            pointer, versions = Pointer.read(self.folder), self.versions()
            before = self._before(pointer)
            kept = {version.name for version in versions[-keep:]}
            kept |= {pointer.version} if pointer else set()
            kept |= {before.name} if before else set()
            removed = [version for version in versions if version.name not in kept]
            for version in removed:
                lease.renew()
                with access(self.location):
                    version.folder.filesystem.delete_file(version.folder.file(RECORD))
                    version.folder.delete()
            return removed

    def verify(self, name: str) -> list[str]:
        """What of a version is not as its version.json says, after reading all of it; nothing where it is whole."""
        version = self.version(name)
        folder, files = version.folder, version.record.files
        found = [problem_of(folder, file, wanted) for file, wanted in files.items()]
        problems = [problem for problem in found if problem]
        with access(self.location):
            strangers = _files_below(folder) - files.keys() - {RECORD}
        return problems + [f"{folder.file(file)} is no file of this version" for file in sorted(strangers)]

    def _at(self, below: str) -> str:
        """The location of a file or a folder of this model."""
        path, question, query = self._store.location, "", ""
        if not self._store.folder.is_local:
            path, question, query = self._store.location.partition("?")
        return "/".join([path.rstrip("/"), self.name, *filter(None, [below])]) + question + query

    def _find(self, name: str) -> Version | None:
        record = Record.read(self.folder / name)
        return None if record is None else Version(self._at(name), self.folder / name, record)

    @contextmanager
    def _changing(self, purpose: str) -> Iterator[Lease]:
        with acquired(self.folder / "lease", purpose, LEASE_SECONDS, wait=WAIT_SECONDS) as lease:
            yield lease

    def _same(self, source: Source, state: State, align_to: Version | None) -> Version | None:
        """The newest version that was made from the same vectors in the same way."""
        aligned_to = align_to.name if align_to else None
        for version in reversed(self.versions()):
            record = version.record
            is_aligned_to = record.aligned_to["version"] if record.aligned_to else None
            # Vectors that became the current version would now be aligned to themselves.
            is_way = (is_aligned_to is None) == (aligned_to is None) or aligned_to == version.name
            if record.state == state and is_way and record.source.is_same(source):
                return version
        return None

    def _write(
        self,
        run: RunDir,
        manifests: Mapping[str, Manifest],
        attachments: Mapping[str, bytes],
        state: State,
        based_on: str | None,
        source: Source,
        align_to: Version | None,
        lease: Lease,
    ) -> Version:
        """A new version. What a fault leaves of it is removed, at once or by the next publisher."""
        self._remove_unfinished()
        number = max((version.number for version in self.versions()), default=0) + 1
        name, folder = f"v{number}", self.folder / f"v{number}"
        try:
            with access(self.location):
                writer = VersionWriter(folder, _renewer(lease))
                aligned_to = _copy_run(run, manifests, writer, align_to)
                for file, data in attachments.items():
                    writer.write(file, data)
                record = Record(
                    name=self.name,
                    version=name,
                    state=state,
                    based_on=based_on,
                    source=source,
                    aligned_to=aligned_to,
                    files=writer.files,
                ).sealed()
                lease.renew()
                folder.write_atomically(RECORD, record.model_dump_json(indent=2).encode())
        except LeaseLostError:
            raise  # another may be writing there
        except BaseException:
            with suppress(OSError):
                if folder.read(RECORD) is None:
                    folder.delete()
            raise
        return Version(self._at(name), folder, record)

    def _remove_unfinished(self) -> None:
        """What publishers that were killed had begun, and pruning had not ended."""
        with access(self.location):
            for name in self.folder.folders():
                if VERSION_NAME.fullmatch(name) and (self.folder / name).read(RECORD) is None:
                    (self.folder / name).delete()

    def _point(
        self, version: Version, pointer: Pointer | None, lease: Lease, *, is_rollback: bool = False
    ) -> Pointer:
        at = datetime.now(UTC).isoformat(timespec="seconds")
        event = PromotionEvent(version=version.name, at=at, is_rollback=is_rollback)
        turns = (*(pointer.turns if pointer else ()), event)[-MAX_TURNS:]
        new = Pointer(version=version.name, turns=turns)
        lease.renew()
        with access(self.location):
            self.folder.write_atomically(POINTER, new.model_dump_json(indent=2).encode())
        return new

    def _before(self, pointer: Pointer | None) -> Version | None:
        """The version that a rollback takes: what was the current one before, and still stands."""
        existing = {version.name: version for version in self.versions()}
        stack: list[str] = []
        for event in pointer.turns if pointer else ():
            if event.is_rollback:
                while stack and stack[-1] != event.version:
                    stack.pop()
            if not stack or stack[-1] != event.version:
                stack.append(event.version)
        return next((existing[name] for name in reversed(stack[:-1]) if name in existing), None)


def check_name(name: str) -> None:
    """UserError for what cannot be the name of a model: it is that of a folder, and part of references."""
    if not _is_name(name):
        raise UserError(
            f"--name {name!a} is not a valid name of a model: expected the name of one folder, without any of "
            '/ \\ @ % ? * : " < > | and without . or _ at its beginning. Choose another name.'
        )


def _is_name(name: str) -> bool:
    if not name or name != name.strip() or name[0] in "._" or set(name) & set('/\\@%?*:"<>|'):
        return False
    if any(unicodedata.category(character)[0] == "C" for character in name):
        return False
    return len(name.encode()) <= 200


def _check_attachments(attachments: Mapping[str, bytes]) -> None:
    for name in attachments:
        if not _is_name(name) or name in (*STAGES, MARKER, RECORD):
            raise UserError(
                f"{name!a} is not a valid name of an attachment. Use a plain file name that no other file has."
            )


def _number(version: str) -> int:
    return int(version[1:])


def _renewer(lease: Lease) -> Callable[[], None]:
    """What to call again and again: it renews the lease when half of its time is over."""

    def keep_alive() -> None:
        if datetime.now(UTC) > lease.claim.expires - lease.lifetime / 2:
            lease.renew()

    return keep_alive


def _copy_run(
    run: RunDir, manifests: Mapping[str, Manifest], writer: VersionWriter, align_to: Version | None
) -> dict[str, Any] | None:
    """Copy what a version has of its run; what it is aligned to, if anything."""
    writer.write(MARKER, run.folder.read(MARKER) or b"")
    aligned_to = None
    for stage, manifest in manifests.items():
        folder, entries = run.stage(stage), list(manifest.files)
        copy: Callable[[FileEntry, str], FileEntry] = partial(_copied, writer, folder)
        if stage == "vectors" and align_to is not None:
            rotation_DD, num_words = rotation_onto(folder, align_to.folder / "vectors")
            aligned_to = {"version": align_to.name, "words": num_words}
            entries = [
                copy_rotated(writer, folder, entry, f"{stage}/{entry.name}", rotation_DD)
                if entry.name in TABLES
                else copy(entry, f"{stage}/{entry.name}")
                for entry in entries
            ]
            manifest = _rotated(manifest, entries, aligned_to)
        else:
            for entry in entries:
                copy(entry, f"{stage}/{entry.name}")
        writer.write(f"{stage}/{MANIFEST}", manifest.model_dump_json(indent=2).encode())
    if (page := run.stage("reports").read(REPORT_PAGE)) is not None:
        writer.write(f"reports/{REPORT_PAGE}", page)
    return aligned_to


def _copied(writer: VersionWriter, folder: Folder, entry: FileEntry, name: str) -> FileEntry:
    writer.copy(folder, entry, name)
    return entry


def _rotated(manifest: Manifest, entries: list[FileEntry], aligned_to: dict[str, Any]) -> Manifest:
    """The manifest of vectors that were turned: other bytes, made from one thing more."""
    facts = json.dumps([manifest.fingerprint, aligned_to], sort_keys=True).encode()
    update = {
        "files": tuple(entries),
        "fingerprint": hashlib.sha256(facts).hexdigest(),
        "inputs": {**manifest.inputs, "aligned_to": aligned_to},
    }
    return manifest.model_copy(update=update)


def _files_below(folder: Folder) -> set[str]:
    found = folder.filesystem.get_file_info(fs.FileSelector(folder.path, recursive=True))
    begin = len(folder.path.rstrip("/")) + 1
    return {info.path[begin:] for info in found if info.is_file}

"""Writes a stage: files under temporary names, then their own names, and the manifest last."""

import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from pydantic import BaseModel

from w2v_core import __version__
from w2v_core.io.filesystem import Folder
from w2v_core.runs.artifacts import MANIFEST, TEMPORARY
from w2v_core.runs.manifest import FORMAT_VERSION, FileEntry, Manifest, fingerprint
from w2v_core.runs.token_account import TokenAccount

COPIES_AT_ONCE = 16


_SECONDS_BEFORE_REMOVING = (0.0, 0.1, 0.5, 1.0)


@dataclass(frozen=True)
class StageWriter:
    """A stage being written. Files go to `temporary`; `commit` gives them their names; `finish` commits."""

    stage: str
    folder: Folder
    started: float

    @property
    def temporary(self) -> Folder:
        """Where tasks write; not read by anyone, gone when the stage ends."""
        return self.folder / TEMPORARY

    def target(self, name: str) -> tuple[Folder, str]:
        """Return the folder and the name under which the driver writes file `name` until it is committed.

        A copy of a large table takes long, and is one request of at most `LARGEST_COPY`: an object store gets it under
        its name. Half a file may then stand there after a fault, in a stage that has no manifest.
        """
        return (self.temporary, uuid4().hex) if self.folder.supports_rename else (self.folder, name)

    def commit(self, temporary_name: str, entry: FileEntry) -> FileEntry:
        """Give `temporary_name`, which `target` named or a task wrote, its name in the stage's folder."""
        if temporary_name != entry.name:
            self.temporary.move_into(temporary_name, self.folder, entry.name, entry.bytes)
        return entry

    def commit_all(self, files: Sequence[tuple[str, FileEntry]]) -> list[FileEntry]:
        """As `commit`, for many; several at once where each is a request to an object store."""
        if self.folder.supports_rename:
            return [self.commit(*each) for each in files]
        with ThreadPoolExecutor(COPIES_AT_ONCE) as pool:
            return list(pool.map(lambda each: self.commit(*each), files))

    def finish(
        self,
        *,
        config: BaseModel,
        inputs: Any,
        files: Sequence[FileEntry],
        tokens: TokenAccount | None = None,
        counters: dict[str, int] | None = None,
        digest: str | None = None,
        environment: dict[str, str] | None = None,
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
            environment=environment or {},
            digest=digest,
        )
        self.temporary.delete()
        self.folder.write_atomically(MANIFEST, manifest.model_dump_json(indent=2).encode())
        return manifest


@contextmanager
def writing_stage(stage: str, folder: Folder) -> Iterator[StageWriter]:
    """The draft of what will stand in `folder`, which is empty. What the block leaves unfinished is removed."""
    stage_writer = StageWriter(stage, folder, time.monotonic())
    stage_writer.temporary.create()
    try:
        yield stage_writer
    finally:
        remove_unfinished(folder)


def remove_unfinished(folder: Folder) -> None:
    """Remove a half stage, or leave it to the next start of the stage: the fault that counts is another."""
    for wait in _SECONDS_BEFORE_REMOVING:
        time.sleep(wait)
        with suppress(OSError):  # a task that still writes there may hinder it
            if folder.read(MANIFEST) is None:
                folder.delete()
            return

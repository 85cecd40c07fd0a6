"""Files on their way into a version, with their SHA-256; and files that are read to have it again."""

import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from hashlib import sha256
from typing import Any

from w2v_core.errors import UserError
from w2v_core.io.filesystem import ChecksummedStream, Folder, access
from w2v_core.registry.record import StoredFile
from w2v_core.runs.manifest import FileEntry

_CHUNK_BYTES = 8 << 20


class Sink:
    """A file being written: counted, and summed by CRC-32 and SHA-256. `keep_alive` is called before every write."""

    def __init__(self, stream: ChecksummedStream, keep_alive: Callable[[], None]) -> None:
        self._stream = stream
        self._sha256 = sha256()
        self._keep_alive = keep_alive

    def write(self, data: Any) -> None:
        """Append `data`."""
        self._keep_alive()
        self._sha256.update(data)
        self._stream.write(data)

    @property
    def crc32(self) -> int:
        """Of what was written."""
        return self._stream.crc32

    @property
    def stored(self) -> StoredFile:
        """What was written."""
        return StoredFile(bytes=self._stream.num_bytes, sha256=self._sha256.hexdigest())


class VersionWriter:
    """The folder of a version that is being made, and what stands in it by now."""

    def __init__(self, folder: Folder, keep_alive: Callable[[], None]) -> None:
        self.folder = folder
        self.files: dict[str, StoredFile] = {}
        self._keep_alive = keep_alive

    @contextmanager
    def writing(self, name: str) -> Iterator[Sink]:
        """The file `name`, which may be in a folder within."""
        within, _, file = name.rpartition("/")
        folder = self.folder / within if within else self.folder
        self._keep_alive()
        folder.create()
        sink = folder.filesystem.open_output_stream(folder.file(file), compression=None)
        stream = ChecksummedStream(sink)
        written = Sink(stream, self._keep_alive)
        try:
            yield written
        finally:
            stream.close()
        self.files[name] = written.stored

    def write(self, name: str, data: bytes) -> None:
        """The file `name`, whole."""
        with self.writing(name) as sink:
            sink.write(data)

    def copy(self, stage: Folder, entry: FileEntry, name: str) -> None:
        """The file of a stage as `name`. UserError where it is not what the stage's manifest says."""
        with self.writing(name) as sink:
            for chunk in chunks(stage, entry.name):
                sink.write(chunk)
        _require(stage, entry, sink.stored.bytes, sink.crc32)


def require_intact(stage: Folder, entry: FileEntry) -> None:
    """UserError where the file of a stage is not what the stage's manifest says."""
    num_bytes = crc32 = 0
    for chunk in chunks(stage, entry.name):
        num_bytes, crc32 = num_bytes + len(chunk), zlib.crc32(chunk, crc32)
    _require(stage, entry, num_bytes, crc32)


def _require(stage: Folder, entry: FileEntry, num_bytes: int, crc32: int) -> None:
    if (num_bytes, crc32) != (entry.bytes, entry.crc32):
        raise UserError(
            f"{stage.file(entry.name)} is damaged: its content differs from its manifest, so nothing was published. "
            "Run `w2v verify`."
        )


def chunks(folder: Folder, name: str) -> Iterator[bytes]:
    """The bytes of a file, some at a time. UserError where it is missing."""
    path = folder.file(name)
    try:
        with access(path), folder.filesystem.open_input_stream(path, compression=None) as stream:
            while chunk := stream.read(_CHUNK_BYTES):
                yield chunk
    except FileNotFoundError:
        raise UserError(f"{path} is missing. Restore it from a copy.") from None


def problem_of(folder: Folder, name: str, wanted: StoredFile) -> str | None:
    """What is wrong with a file of a version, after reading all of it."""
    path, found, num_bytes = folder.file(name), sha256(), 0
    try:
        for chunk in chunks(folder, name):
            found.update(chunk)
            num_bytes += len(chunk)
    except UserError as error:
        return str(error)
    if num_bytes != wanted.bytes:
        return f"{path} has {num_bytes:,} bytes, not {wanted.bytes:,}"
    if found.hexdigest() != wanted.sha256:
        return f"{path} is damaged: its SHA-256 is {found.hexdigest()}, not {wanted.sha256}"
    return None

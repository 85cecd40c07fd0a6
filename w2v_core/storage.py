"""Folders on a local disk or an object store, behind `pyarrow.fs`.

A location is a path or a URI. A path never takes the way through a URI, so names with spaces, `#`, `%` or
Hangul mean what they say.
"""

import re
import zlib
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import pyarrow as pa
from pyarrow import fs

from w2v_core.errors import UserError


@dataclass(frozen=True)
class Folder:
    """A folder and the file system it is in; it need not exist."""

    filesystem: fs.FileSystem
    path: str

    def __truediv__(self, name: str) -> "Folder":
        return Folder(self.filesystem, self.file(name))

    def __str__(self) -> str:
        return self.path

    def file(self, name: str) -> str:
        """The path of `name` in this folder, for `filesystem`."""
        return f"{self.path.rstrip('/')}/{name}"

    def create(self) -> None:
        """Make the folder, and those above it, where they are missing."""
        self.filesystem.create_dir(self.path, recursive=True)

    @property
    def is_local(self) -> bool:
        """Whether `path` is one that the operating system knows."""
        return isinstance(self.filesystem, fs.LocalFileSystem)

    def delete(self) -> None:
        """Remove the folder and everything in it, where it exists."""
        if self.filesystem.get_file_info(self.path).type == fs.FileType.Directory:
            self.filesystem.delete_dir(self.path)

    def sizes(self) -> dict[str, int]:
        """Name and bytes of every file directly in this folder; none where the folder is missing."""
        selector = fs.FileSelector(self.path, allow_not_found=True)
        found = self.filesystem.get_file_info(selector)
        return {info.base_name: info.size for info in found if info.type == fs.FileType.File}

    def folders(self) -> list[str]:
        """Names of the folders directly in this one, sorted."""
        found = self.filesystem.get_file_info(fs.FileSelector(self.path, allow_not_found=True))
        return sorted(info.base_name for info in found if info.type == fs.FileType.Directory)

    def is_empty(self) -> bool:
        """Whether nothing, not even a folder, is in here."""
        return not self.filesystem.get_file_info(fs.FileSelector(self.path, allow_not_found=True))

    def read(self, name: str) -> bytes | None:
        """The bytes of `name`, or None where there is no such file."""
        try:
            with self.filesystem.open_input_stream(self.file(name), compression=None) as stream:
                return bytes(stream.read())
        except (FileNotFoundError, NotADirectoryError):
            return None

    def write_whole(self, name: str, data: bytes) -> None:
        """Make `name` hold `data`; a reader sees the old file or the new one, never a part."""
        draft = f".{name}.{uuid4().hex}"
        with self.filesystem.open_output_stream(self.file(draft), compression=None) as stream:
            stream.write(data)
        self.filesystem.move(self.file(draft), self.file(name))


_URI = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+:/")


def open_folder(location: str) -> Folder:
    """The folder at a local path or a URI (`file`, `s3`, `gs`, `hdfs`, …)."""
    if not location.strip():
        raise UserError("an empty path was given (is a shell variable unset?); name a folder or a file")
    if not _URI.match(location):
        path = Path(location)
        path = path.expanduser() if location == "~" or location.startswith("~/") else path
        return Folder(fs.LocalFileSystem(), str(path.absolute()))
    try:
        filesystem, inner_path = fs.FileSystem.from_uri(location)
    except (ValueError, OSError, NotImplementedError) as error:
        reason = str(error).splitlines()[0]
        raise UserError(f"{location} cannot be opened: {reason}") from None
    return Folder(filesystem, inner_path)


def read_file(location: str, key: str) -> bytes:
    """The bytes of the file at a path or a URI. UserError, naming the setting `key`, where it is missing."""
    parent, _, name = location.rpartition("/")
    data = open_folder(parent or ("/" if location.startswith("/") else ".")).read(name)
    if data is None:
        raise UserError(f"{key} = {location} does not exist; check the path")
    return data


class ChecksummedStream:
    """A binary file to write, which counts its bytes and their CRC-32 on the way."""

    def __init__(self, sink: pa.NativeFile) -> None:
        self._sink = sink
        self.closed = False
        self.num_bytes = 0
        self.crc32 = 0

    def write(self, data: bytes) -> int:
        """Append `data`."""
        self._sink.write(data)
        self.crc32 = zlib.crc32(data, self.crc32)
        self.num_bytes += len(data)
        return len(data)

    def tell(self) -> int:
        """Bytes written so far."""
        return self.num_bytes

    def flush(self) -> None:
        """Hand what is buffered to the file system."""
        self._sink.flush()

    def close(self) -> None:
        """Close the file; it is whole from here on."""
        self.closed = True
        self._sink.close()

    def writable(self) -> bool:
        """Yes."""
        return True

    def readable(self) -> bool:
        """No."""
        return False

    def seekable(self) -> bool:
        """No."""
        return False

"""Folders on a local disk or an object store, behind `pyarrow.fs`.

A location is a path or a URI. A path never takes the way through a URI, so names with spaces, `#`, `%` or
Hangul mean what they say. In a URI they do too, but for `%`, which begins an escape there.

Object stores have no rename and no folders: a file gets its name by a copy, and a folder is what names begin with.
"""

import os
import re
import shutil
import zlib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote
from uuid import uuid4

import pyarrow as pa
from pyarrow import fs

from w2v_core.errors import UserError
from w2v_core.io.credentials import reject_in_location

Location = str | os.PathLike[str]
"""A path or a URI, as people write it in Python: they have pathlib."""

_OBJECT_STORES = frozenset({"s3", "gcs", "abfs"})  # as PyArrow calls them
LARGEST_COPY = 5 * 2**30
"""Bytes that one request copies; S3 refuses more."""
_FAULTS = 3
"""Times that reading an object may fail until it is a fault of the store, and not of an object that went meanwhile."""


@dataclass(frozen=True)
class Folder:
    """A folder and the file system it is in; it need not exist."""

    filesystem: fs.FileSystem
    path: str

    def __truediv__(self, name: str) -> "Folder":
        return Folder(self.filesystem, self.file(name))

    def __str__(self) -> str:
        return self.path if self.is_local else f"{self.filesystem.type_name}://{self.path}"

    def file(self, name: str) -> str:
        """The path of `name` in this folder, for `filesystem`."""
        return f"{self.path.rstrip('/')}/{name}"

    def create(self) -> None:
        """Make the folder, and those above it, where they are missing; on an object store the first file does."""
        if self.supports_rename:
            self.filesystem.create_dir(self.path, recursive=True)

    @property
    def is_local(self) -> bool:
        """Whether `path` is one that the operating system knows."""
        return isinstance(self.filesystem, fs.LocalFileSystem)

    @property
    def supports_rename(self) -> bool:
        """Whether a file can be given another name, at once and whole; object stores can only copy it."""
        return self.filesystem.type_name not in _OBJECT_STORES

    def reject_file(self, location: str) -> None:
        """UserError where a file stands here, or where a folder above should be, on a local disk."""
        if self.is_local:
            for parent in (Path(self.path), *Path(self.path).parents):
                if os.path.isfile(parent):  # noqa: PTH113  # no error where a folder may not be entered
                    raise UserError(f"{location} cannot be used: {parent} is a file; name a folder")

    def require_bucket(self) -> None:
        """OSError where this is in a bucket that does not exist; PyArrow finds nothing there, and tells only here."""
        if not self.supports_rename:
            with suppress(FileNotFoundError):
                self.filesystem.get_file_info(fs.FileSelector(self.path))

    def exists(self) -> bool:
        """Whether there is a folder."""
        return bool(self.filesystem.get_file_info(self.path).type == fs.FileType.Directory)

    def delete(self) -> None:
        """Remove the folder and everything in it, where it exists."""
        if self.exists():
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
        """The bytes of `name`, or None where there is no such file; never a part of what
        `write_atomically` writes meanwhile.

        PyArrow asks an object store for the size of an object, and then for so many bytes of it, which by then may be
        another one's first bytes, or nobody's: it tells an object that went in between as a fault of the stream.
        """
        faults = 0
        while True:
            try:
                with self.filesystem.open_input_stream(self.file(name), compression=None) as stream:
                    data = bytes(stream.read())
            except (FileNotFoundError, NotADirectoryError):
                return None
            except OSError:
                faults += 1
                if self.supports_rename or faults == _FAULTS:
                    raise
                continue
            if self.supports_rename or self._size(name) == len(data):
                return data

    def _size(self, name: str) -> int | None:
        """Bytes of the file, None where there is none."""
        info = self.filesystem.get_file_info(self.file(name))
        return int(info.size) if info.is_file else None

    def write_atomically(self, name: str, data: bytes) -> None:
        """Write `data` to the file `name`; a reader sees the old content or the new, never a part.

        The data is written under a temporary name first, on object stores too: PyArrow cannot abandon a file, and an
        interrupt between opening and writing would leave an empty one.
        """
        temporary_name = f".{name}.{uuid4().hex}"
        with self.filesystem.open_output_stream(self.file(temporary_name), compression=None) as stream:
            stream.write(data)
        self.filesystem.move(self.file(temporary_name), self.file(name))

    def move_into(self, name: str, to: "Folder", new_name: str, num_bytes: int) -> None:
        """The file `name`, of so many bytes, appears whole as `new_name` in folder `to` of the same file system.

        It is moved, but copied on an object store, where this folder is to be deleted afterwards.
        """
        source, target = self.file(name), to.file(new_name)
        if self.supports_rename:
            self.filesystem.move(source, target)
        elif num_bytes <= LARGEST_COPY:
            self.filesystem.copy_file(source, target)
        else:
            self._copy_through_here(source, target)

    def _copy_through_here(self, source: str, target: str) -> None:
        with (
            self.filesystem.open_input_stream(source, compression=None) as reading,
            self.filesystem.open_output_stream(target, compression=None) as writing,
        ):
            shutil.copyfileobj(reading, writing, 16 << 20)


def require_utf8(location: str) -> None:
    """UserError for a name that is not UTF-8: PyArrow's file systems take no other."""
    if location != location.encode(errors="replace").decode():
        raise UserError(f"{location!a} is a name that is not UTF-8; rename it")


def require_name(name: str) -> str:
    """`name`, of a file in a folder, as a file that others may have written tells it. ValueError where it leads out."""
    if name in ("", ".", "..") or "/" in name or "\0" in name:
        raise ValueError(f"{name!a} is not the name of one file")
    return name


_URI = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+:/")
_BEFORE_NAMES = re.compile(r"[^/]*/+[^/?]*")


def is_uri(location: str) -> bool:
    """Return whether a location is a URI, and not a path."""
    return _URI.match(location) is not None


def open_folder(location: Location) -> Folder:
    """The folder at a local path or a URI (`file`, `s3`, `gs`, `hdfs`, …). UserError for credentials in a URI."""
    location = os.fspath(location)
    if not location.strip():
        raise UserError("an empty path was given (is a shell variable unset?); name a folder or a file")
    if not is_uri(location):
        path = Path(location)
        path = path.expanduser() if location == "~" or location.startswith("~/") else path
        return Folder(fs.LocalFileSystem(), str(path.absolute()))
    reject_in_location(location)
    try:
        filesystem, inner_path = fs.FileSystem.from_uri(_quoted(location))
    except (ValueError, OSError, NotImplementedError) as error:
        reason = refusal(str(error)) or f"cannot be opened: {str(error).splitlines()[0]}"
        if location.startswith(("s3a://", "s3n://")):
            reason = f"has Hadoop's scheme; write s3{location[3:]}"
        elif "Unrecognized filesystem type" in str(error):
            return _by_fsspec(location)
        raise UserError(f"{location} {reason}") from None
    return Folder(filesystem, inner_path)


def _by_fsspec(location: str) -> Folder:
    """Open a URI whose scheme PyArrow does not have. Raises UserError where fsspec does not have it either."""
    scheme = location.partition(":")[0]
    try:
        from fsspec.core import url_to_fs
    except ImportError:
        raise UserError(
            f"{location} cannot be opened: PyArrow has no filesystem {scheme!r}. Use file, s3, gs, hdfs or abfs, or "
            "`pip install fsspec` and its package for that filesystem."
        ) from None
    try:
        filesystem, path = url_to_fs(location)
    except (ValueError, ImportError, OSError) as error:
        raise UserError(
            f"{location} cannot be opened: neither PyArrow nor fsspec has a filesystem {scheme!r} here "
            f"({str(error).splitlines()[0]}). Check the scheme, or install its package for fsspec."
        ) from None
    return Folder(fs.PyFileSystem(fs.FSSpecHandler(filesystem)), path)


def _quoted(uri: str) -> str:
    """The URI with escapes for what the name of an object may hold and a URI may not."""
    found = _BEFORE_NAMES.match(uri)
    begin = found.end() if found else 0
    return uri[:begin] + quote(uri[begin:], safe="%:/?@!$&'()*+,;=~")


@contextmanager
def access(location: str) -> Iterator[None]:
    """A store that is not reached, or refuses, is told as a UserError about `location`, with the way out.

    What a local disk says stays as it is, and so does FileNotFoundError, which has a meaning wherever it is met.
    """
    try:
        yield
    except FileNotFoundError:
        raise
    except OSError as error:
        if reason := refusal(str(error)):
            raise UserError(f"{location} {reason}") from None
        raise


def refusal(message: str) -> str | None:
    """What an object store's error means and the way out, in words that follow a location; None for other errors."""
    found = _STORE_ERROR.search(message)
    if found is None:
        return None
    reason = found.group().removeprefix("AWS Error ")
    if found["kind"] == "NETWORK_CONNECTION":
        return f"cannot be reached ({reason}); check the network and AWS_ENDPOINT_URL"
    if found["kind"] == "NO_SUCH_BUCKET":
        return f"is in a bucket that does not exist ({reason}); make it, or check the name"
    if found["kind"] in _REFUSALS:
        return (
            f"is refused ({reason}); check AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY or the machine's role, and "
            "what they may do there"
        )
    return f"cannot be used ({reason}); check AWS_ENDPOINT_URL, AWS_DEFAULT_REGION and whether a session has expired"


_STORE_ERROR = re.compile(r"AWS Error (?P<kind>\w+)[^:]* during \w+")
_REFUSALS = frozenset(
    {
        "ACCESS_DENIED",
        "INVALID_ACCESS_KEY_ID",
        "INVALID_CLIENT_TOKEN_ID",
        "INVALID_SIGNATURE",
        "MISSING_AUTHENTICATION_TOKEN",
        "SIGNATURE_DOES_NOT_MATCH",
        "UNRECOGNIZED_CLIENT",
    }
)


def read_location(location: str) -> bytes:
    """The bytes of the file at a path or a URI. OSError where it cannot be read."""
    file = open_folder(location)
    if file.is_local:
        return Path(file.path).read_bytes()  # its errors have a number and a file name
    with access(location), file.filesystem.open_input_stream(file.path, compression=None) as stream:
        return bytes(stream.read())


def read_file(location: str, key: str) -> bytes:
    """The bytes of the file at a path or a URI. UserError, naming the setting `key`, where it is missing."""
    try:
        return read_location(location)
    except (FileNotFoundError, NotADirectoryError):
        raise UserError(f"{key} = {location} does not exist; check the path") from None


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

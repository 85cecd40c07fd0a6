"""Compressed files: detection by the first bytes, and decompression as a stream.

gzip, bzip2, xz and zstd files may hold many members, with zero bytes after the last one, as `cat` and tape archives
leave them. All members are read.
"""

import bz2
import lzma
import re
import zlib
from collections.abc import Callable
from importlib import import_module
from io import BufferedReader, RawIOBase
from pathlib import PurePosixPath
from typing import Any, BinaryIO, Protocol, cast

import pyarrow as pa

from w2v_core.errors import InputError

ENDINGS = {
    ".gz": "gzip",
    ".gzip": "gzip",
    ".bgz": "gzip",
    ".bz2": "bz2",
    ".zst": "zstd",
    ".zstd": "zstd",
    ".xz": "xz",
    ".lzma": "lzma",
    ".lz4": "lz4",
}
_MAGIC = (
    ("gzip", re.compile(rb"\x1f\x8b\x08")),
    ("bz2", re.compile(rb"BZh[1-9](?:\x31\x41\x59\x26\x53\x59|\x17\x72\x45\x38\x50\x90)")),
    ("xz", re.compile(rb"\xfd7zXZ\x00")),
    ("lzma", re.compile(rb"\x5d\x00\x00.{2}(?:\xff{8}|.{5}\x00{3})\x00", re.DOTALL)),
    ("zstd", re.compile(rb"\x28\xb5\x2f\xfd")),
    ("lz4", re.compile(rb"\x04\x22\x4d\x18")),
)
_SKIPPABLE = re.compile(rb"[\x50-\x5f]\x2a\x4d\x18(.{4})", re.DOTALL)  # frames of zstd and of lz4
_CHUNK_BYTES = 1 << 16
_LONGEST_WINDOW = 31
"""log2 of the bytes that a zstd frame may refer back to: `zstd --long=31`"""
_TRUNCATED = "Truncated compressed stream"


def compression_of(head: bytes, path: str) -> str | None:
    """Return the compression by the first bytes of a file, None for an uncompressed file."""
    while frame := _SKIPPABLE.match(head):
        rest = head[frame.end() + int.from_bytes(frame[1], "little") :]
        if not rest:  # what follows is beyond the head
            return ENDINGS.get(PurePosixPath(path).suffix.lower(), "zstd")
        head = rest
    return next((codec for codec, magic in _MAGIC if magic.match(head)), None)


def open_compressed(raw: pa.NativeFile, codec: str, path: str) -> BinaryIO:
    """Return the decompressed bytes of `raw` as a stream. Reading raises OSError for damaged and truncated files."""
    begin: Callable[[], _Decompressor] | None = {
        "gzip": _Gzip,
        "bz2": bz2.BZ2Decompressor,
        "xz": lzma.LZMADecompressor,
        "lzma": lzma.LZMADecompressor,
        "zstd": _long_window_zstd(),
    }.get(codec)
    if begin is None:
        return BufferedReader(_FromArrow(raw, codec, path))
    return BufferedReader(_Members(raw, begin), _CHUNK_BYTES)


class _Decompressor(Protocol):
    @property
    def eof(self) -> bool: ...
    @property
    def needs_input(self) -> bool: ...
    @property
    def unused_data(self) -> bytes: ...
    def decompress(self, data: bytes, max_length: int) -> bytes: ...


class _Gzip:
    """One member of a gzip file, with the interface of the other decompressors."""

    def __init__(self) -> None:
        self._inner = zlib.decompressobj(wbits=31)
        self.needs_input = True

    @property
    def eof(self) -> bool:
        return self._inner.eof

    @property
    def unused_data(self) -> bytes:
        return self._inner.unused_data

    def decompress(self, data: bytes, max_length: int) -> bytes:
        out = self._inner.decompress(self._inner.unconsumed_tail + data, max_length)
        self.needs_input = not self._inner.unconsumed_tail and len(out) < max_length
        return out


class _Members(RawIOBase):
    """The concatenated members of a compressed file."""

    def __init__(self, raw: pa.NativeFile, begin: Callable[[], _Decompressor]) -> None:
        self._raw = raw
        self._begin = begin
        self._decoder = begin()
        self._rest = b""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        try:
            data = self._more(len(buffer))
        except (zlib.error, lzma.LZMAError, OSError) as error:
            raise OSError(str(error)) from None
        except Exception as error:
            if type(error).__name__ != "ZstdError":
                raise
            raise OSError(str(error)) from None
        buffer[: len(data)] = data
        return len(data)

    def _more(self, most: int) -> bytes:
        while True:
            if self._decoder.eof and not self._next_member():
                return b""
            chunk = b""
            if self._decoder.needs_input:
                chunk, self._rest = self._rest or self._raw.read(_CHUNK_BYTES), b""
                if not chunk:
                    raise OSError(_TRUNCATED)
            if data := self._decoder.decompress(chunk, most):
                return data

    def _next_member(self) -> bool:
        """Return whether another member follows. Zero bytes between and after members are padding."""
        rest = self._decoder.unused_data.lstrip(b"\0")
        while not rest:
            chunk = self._raw.read(_CHUNK_BYTES)
            if not chunk:
                return False
            rest = chunk.lstrip(b"\0")
        self._rest, self._decoder = rest, self._begin()
        return True


class _FromArrow(RawIOBase):
    """The decompressor of PyArrow: for lz4, and for zstd if Python has none."""

    def __init__(self, raw: pa.NativeFile, codec: str, path: str) -> None:
        self._stream = pa.CompressedInputStream(raw, codec)
        self._path = path

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        try:
            data = self._stream.read(len(buffer))
        except OSError as error:
            if "too much memory" in str(error):
                raise InputError(
                    f"{self._path} is zstd with a window of more than 128 MiB, which PyArrow does not decompress; "
                    "install the zstd extra: `pip install 'w2v[zstd]'`"
                ) from None
            raise
        buffer[: len(data)] = data
        return len(data)


def _long_window_zstd() -> Callable[[], _Decompressor] | None:
    """Return a zstd decompressor for windows of any length, if Python or a package has one."""
    for name in ("compression.zstd", "backports.zstd"):
        try:
            zstd: Any = import_module(name)
        except ImportError:
            continue
        options = {zstd.DecompressionParameter.window_log_max: _LONGEST_WINDOW}
        return lambda: cast(_Decompressor, zstd.ZstdDecompressor(options=options))
    return None

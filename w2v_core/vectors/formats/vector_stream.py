"""A file of vectors as a stream of decompressed bytes, and rejection of files in other formats."""

from collections.abc import Iterator
from contextlib import contextmanager

import pyarrow as pa

from w2v_core.errors import InputError
from w2v_core.io.filesystem import Location, access, open_folder

START = 512
"""Bytes that decide the kind of a file: a tar archive is recognized at byte 257."""

_COMPRESSIONS = {
    b"\x1f\x8b": "gzip",
    b"\x28\xb5\x2f\xfd": "zstd",
    b"\x04\x22\x4d\x18": "lz4",
    **{b"BZh%d1AY&SY" % level: "bz2" for level in range(1, 10)},
}
_ARCHIVE = "an archive", "Extract it, and name the file of vectors in it."
_PICKLE = (
    "a Python pickle, as gensim's save() writes",
    "Load it with gensim, and write it with save_word2vec_format().",
)
_FOREIGN = {
    b"\xba\x16\x4f\x2f": (
        "a fastText model (.bin)",
        "Use the .vec file of the model, or write one with gensim's save_word2vec_format().",
    ),
    b"PK\x03\x04": _ARCHIVE,
    b"7z\xbc\xaf\x27\x1c": _ARCHIVE,
    b"Rar!\x1a\x07": _ARCHIVE,
    **{bytes([0x80, protocol]): _PICKLE for protocol in (2, 3, 4, 5)},
    b"\xfd7zXZ\x00": ("an xz-compressed file", "Decompress it with `xz -d`."),
    b"\xff\xfe": ("text in UTF-16", "Convert it with `iconv -f UTF-16 -t UTF-8`."),
    b"\xfe\xff": ("text in UTF-16", "Convert it with `iconv -f UTF-16 -t UTF-8`."),
    b"\x89HDF\r\n": ("an HDF5 file", "Write the vectors in the word2vec format."),
    b"SQLite format 3": ("an SQLite database", "Write the vectors in the word2vec format."),
    b"version https://git-lfs": ("a pointer of Git LFS", "Download the file with `git lfs pull`."),
    b"<!DOCTYPE": ("a web page", "Download the file again."),
    b"<html": ("a web page", "Download the file again."),
}


@contextmanager
def open_stream(location: Location) -> Iterator[pa.NativeFile]:
    """Open a file, decompressed if it begins as gzip, bzip2, Zstandard or LZ4, whatever its name.

    Raises UserError if the file is missing, cannot be read, or is compressed and damaged.
    """
    file = open_folder(location)
    try:
        with access(str(location)), file.filesystem.open_input_stream(file.path, compression=None) as raw:
            first = bytes(raw.read(10))
        with (
            access(str(location)),
            file.filesystem.open_input_stream(
                file.path, compression=_compression(first, file.path)
            ) as stream,
        ):
            yield stream
    except FileNotFoundError:
        raise InputError(f"{location} does not exist") from None
    except (pa.ArrowException, OSError) as error:
        raise InputError(f"{location} cannot be read: {error}") from None


def _compression(first: bytes, path: str) -> str | None:
    found = next((name for magic, name in _COMPRESSIONS.items() if first.startswith(magic)), None)
    return found or ("brotli" if path.endswith(".br") else None)


def start_of(location: Location) -> bytes:
    """Return the first START bytes. Raises UserError as `open_stream`, and for a file without readable vectors."""
    with open_stream(location) as stream:
        start = bytes(stream.read(START))
    reject_foreign(location, start)
    return start


def reject_foreign(location: Location, start: bytes) -> None:
    """Raise UserError for a file of another system, with its kind and a fix."""
    found = next((description for magic, description in _FOREIGN.items() if start.startswith(magic)), None)
    if start[257:262] == b"ustar":
        found = _ARCHIVE
    if found is not None:
        raise InputError(f"{location}: expected word vectors, got {found[0]}. {found[1]}")

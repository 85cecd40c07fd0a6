"""Unsupported formats that are detected by their first bytes: their names, and how to convert them."""

import re

from w2v_core.errors import InputError

_EXTRACT = "extract its files, and name those"
_PYTHON = "write it as Parquet or JSON lines from Python"
_TO_TEXT = "convert it to text"
_RECOMPRESS = "compress it with gzip or zstd instead"
_RECODE = "convert it, for example with `iconv -f {} -t UTF-8`"

_MAGIC: tuple[tuple[bytes, str, str], ...] = (
    (rb"\xff\xfe\x00\x00|\x00\x00\xfe\xff", "UTF-32", _RECODE.format("UTF-32")),
    (rb"\xff\xfe|\xfe\xff", "UTF-16", _RECODE.format("UTF-16")),
    (rb"PK(\x03\x04|\x05\x06)", "a zip archive, or a document in one", _EXTRACT),
    (rb"7z\xbc\xaf\x27\x1c", "a 7z archive", _EXTRACT),
    (rb"Rar!\x1a\x07", "a rar archive", _EXTRACT),
    (rb".{257}ustar", "a tar archive", _EXTRACT),
    (rb"\xff\x06\x00\x00sNaPpY", "compressed with snappy", _RECOMPRESS),
    (rb"\x89LZO\x00", "compressed with lzop", _RECOMPRESS),
    (rb"\x02\x21\x4c\x18", "compressed with the legacy format of lz4", _RECOMPRESS),
    (rb"\x1f\x9d", "compressed with compress (.Z)", _RECOMPRESS),
    (rb"\x37\xa4\x30\xec", "a zstd dictionary", "leave it out of --input"),
    (rb"PARE..[\x00-\x0f]\x00", "encrypted Parquet", "write it without encryption"),
    (rb"FEA1[\x00-\x1f\x80-\xff]", "Feather version 1", "write it as Feather version 2 or as Parquet"),
    (rb"SEQ[\x04-\x06]", "a Hadoop sequence file", "write it as Parquet or JSON lines with Spark"),
    (rb"RCF\x01", "an RCFile of Hadoop", "write it as Parquet or JSON lines with Spark"),
    (rb"WARC/\d", "a web archive (WARC, WET or WAT)", "extract its texts, one JSON object a line"),
    (rb"%PDF-", "a PDF document", _TO_TEXT),
    (rb"%!PS", "a PostScript document", _TO_TEXT),
    (rb"\{\\rtf", "an RTF document", _TO_TEXT),
    (rb"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "a document of Microsoft Office", _TO_TEXT),
    (
        rb"SQLite format 3\x00",
        "an SQLite database",
        "write the table as CSV, for example with `sqlite3 -csv -header`",
    ),
    (rb"\x80[\x02-\x05][\x00-\x1f\x28-\x7e\x80-\xff]", "a Python pickle", _PYTHON),
    (rb"\x93NUMPY", "a NumPy array", _PYTHON),
    (rb"\x89HDF\r\n\x1a\n", "an HDF5 file", _PYTHON),
    (
        rb"\x89PNG\r\n|\xff\xd8\xff|GIF8[79]a|RIFF.{4}(WAVE|WEBP|AVI )|OggS\x00|ID3[\x02-\x04]\x00|.{4}ftyp",
        "an image, a sound or a film",
        "leave it out of --input",
    ),
    (rb"\x7fELF|MZ.\x00|\xca\xfe\xba\xbe", "a program", "leave it out of --input"),
    (
        rb"(?i:(\xef\xbb\xbf)?\s*(<!DOCTYPE\s+html|<html[\s>]))",
        "HTML",
        "extract its text, or set tokenize.format = text to read the markup as words",
    ),
)
_PATTERNS = tuple((re.compile(magic, re.DOTALL), what, fix) for magic, what, fix in _MAGIC)
_CONTROL = bytes({*range(1, 32), 127} - {*b"\t\n\v\f\r\x1a\x1b"})
_MOST_NUL, _MOST_CONTROL = 0.1, 0.05
_LEAST_BYTES = 256  # of fewer bytes their share says little


def reject_foreign(head: bytes, path: str) -> None:
    """Raise UserError for a file in an unsupported format, and for other binary files."""
    for pattern, what, fix in _PATTERNS:
        if pattern.match(head):
            raise InputError(f"{path} is {what}; {fix}")
    reject_binary(head, path)


def reject_binary(head: bytes, path: str) -> None:
    """Raise UserError for bytes that are not text in UTF-8 or in any encoding that contains ASCII."""
    if head[:2] in (b"\xff\xfe", b"\xfe\xff"):
        raise InputError(f"{path} is UTF-16; {_RECODE.format('UTF-16')}")
    num_control = len(head) - len(head.translate(None, _CONTROL))
    if head.count(0) > _MOST_NUL * len(head) or (
        len(head) >= _LEAST_BYTES and num_control > _MOST_CONTROL * len(head)
    ):
        raise InputError(
            f"{path} is binary, or UTF-16 text; give UTF-8, for example by `iconv -f UTF-16 -t UTF-8`"
        )

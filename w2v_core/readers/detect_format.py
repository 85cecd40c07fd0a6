"""Format detection: by the first bytes of a file, and by its name if they are ambiguous."""

import re
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Literal, NoReturn

from pyarrow import fs

from w2v_core.errors import InputError, UserError
from w2v_core.io.filesystem import access
from w2v_core.readers.compression import ENDINGS, compression_of, open_compressed
from w2v_core.readers.csv_header import csv_delimiter, delimiter_of
from w2v_core.readers.foreign_formats import reject_foreign
from w2v_core.readers.json_shape import json_shape

Format = Literal["text", "json lines", "csv", "tsv", "parquet", "orc", "avro", "arrow", "mediawiki"]
TABLES = frozenset(("parquet", "orc", "avro", "arrow"))
"""binary formats, with compression of their own"""
HEAD_BYTES = 64 * 1024
_FORMATS: dict[str, Format] = {
    ".parquet": "parquet",
    ".orc": "orc",
    ".avro": "avro",
    ".arrow": "arrow",
    ".feather": "arrow",
    ".jsonl": "json lines",
    ".ndjson": "json lines",
    ".json": "json lines",
    ".csv": "csv",
    ".tsv": "tsv",
    ".tab": "tsv",
    ".xml": "mediawiki",
}
_BINARY = (
    rb"[^\x00-\x08\x0e-\x1f\x7f-\xff]{0,500}[\x00-\x08\x0e-\x1f\x7f-\xff]"  # beyond letters such as ORCHID
)
_MAGIC: tuple[tuple[re.Pattern[bytes], Format], ...] = (
    (re.compile(rb"PAR1" + _BINARY), "parquet"),
    (re.compile(rb"ORC" + _BINARY), "orc"),
    (re.compile(rb"Obj\x01"), "avro"),
    (re.compile(rb"ARROW1\x00\x00"), "arrow"),
    (re.compile(rb"\xff{4}.{3}\x00\x10\x00\x00\x00", re.DOTALL), "arrow"),  # a stream
)
_NOT_READ = frozenset(
    f".{ending}"
    for endings in (
        ("npy", "npz", "pkl", "db", "sqlite", "zip", "tar", "tgz", "7z", "rar", "html", "htm"),
        ("pdf", "docx", "xlsx", "png", "jpg", "jpeg", "gif", "mp3", "mp4", "exe", "so"),
        ("snappy", "lzo", "lzop", "br", "z"),
    )
    for ending in endings
)


@dataclass(frozen=True)
class Kind:
    """The format, compression and delimiter of a file."""

    format: Format
    compression: str | None = None
    delimiter: str = ","
    """of CSV and TSV"""


def format_of_name(path: str) -> Format | None:
    """Return the format of the extension of a file, None for an unknown extension."""
    endings = [ending.lower() for ending in PurePosixPath(path).suffixes[-2:]]
    if endings and endings[-1] in ENDINGS:
        endings.pop()
    return _FORMATS.get("".join(endings[-1:]))


def detect_kind(filesystem: fs.FileSystem, path: str, column: str, declared: Format | None) -> Kind:
    """Return how to read the file at `path`: as `declared`, or by its content. Raises UserError for other formats."""
    with access(path), filesystem.open_input_file(path) as raw:
        head = raw.read(HEAD_BYTES)
        compression = compression_of(head, path)
        is_complete = len(head) < HEAD_BYTES
        if compression is None:
            _reject_wrong_compression(head, path)
        else:
            raw.seek(0)
            head, is_complete = _decompressed_head(raw, compression, path)
            if not head and not is_complete:  # damaged from its beginning
                return Kind(declared or format_of_name(path) or "text", compression)
    if compression is not None and compression_of(head, path):
        raise InputError(f"{path} is compressed twice; decompress it once")
    form, delimiter = (
        detect_format(head, path, column, is_complete)
        if declared is None
        else _declared_format(declared, head, column)
    )
    if form in TABLES and compression is not None:
        raise InputError(
            f"{path} is a compressed {form} file; decompress it, since {form} files compress their own content"
        )
    return Kind(form, compression, delimiter)


def _decompressed_head(raw: object, compression: str, path: str) -> tuple[bytes, bool]:
    """Return the first bytes, and whether they are all. Damage ends them; the reader reports it later."""
    head = b""
    try:
        stream = open_compressed(raw, compression, path)
        while len(head) < HEAD_BYTES and (chunk := stream.read(min(4096, HEAD_BYTES - len(head)))):
            head += chunk
    except OSError:
        return head, False
    return head, len(head) < HEAD_BYTES


def _reject_wrong_compression(head: bytes, path: str) -> None:
    """Raise UserError for a file with the extension of a compression that is neither compressed nor text."""
    codec = ENDINGS.get(PurePosixPath(path).suffix.lower())
    if codec is not None and _table_of(head, None) is None:
        try:
            reject_foreign(head, path)
            head.decode(errors="strict" if len(head) < 64 else "ignore")
        except (UserError, UnicodeDecodeError):
            raise InputError(
                f"{path} is not {codec}, although its name says so; check that it is complete, or correct its name"
            ) from None


def _declared_format(declared: Format, head: bytes, column: str) -> tuple[Format, str]:
    if declared == "csv":
        return declared, delimiter_of(_text(head), column)
    return declared, "\t" if declared == "tsv" else ","


def detect_format(head: bytes, path: str, column: str, is_complete: bool) -> tuple[Format, str]:
    """Return the format of a file that begins with `head`, and for CSV the delimiter.

    `is_complete`: whether `head` is all of the file. Its name, the end of `path`, decides only between text, CSV and
    JSON lines. Raises UserError for unsupported formats, with a way to convert the file.
    """
    by_name = format_of_name(path)
    if form := _table_of(head, by_name):
        return form, ","
    reject_foreign(head, path)
    text = _text(head)
    if b"<mediawiki" in head[:4096] and head.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"<"):
        return "mediawiki", ","
    if (shape := json_shape(text, is_complete)) == "lines":
        return "json lines", ","
    if shape is not None:
        _reject_json(shape, path)
    if delimiter := csv_delimiter(text, column, is_complete):
        return "csv", delimiter
    _reject_contradiction(by_name, text, path)
    if by_name in ("csv", "tsv"):
        return by_name, delimiter_of(text, column)
    return by_name or "text", ","


def _table_of(head: bytes, by_name: Format | None) -> Format | None:
    """Return the table format of `head`; if the name has the same format, the magic letters suffice."""
    if by_name is not None and head.startswith({"parquet": b"PAR1", "orc": b"ORC"}.get(by_name, b"Obj\x01")):
        return by_name if by_name in ("parquet", "orc") else "avro"
    return next((form for magic, form in _MAGIC if magic.match(head)), None)


def _text(head: bytes) -> str:
    return head.decode(errors="replace").removeprefix("\ufeff")


def _reject_json(shape: str, path: str) -> NoReturn:
    what, fix = {
        "array": ("one JSON array of rows", "jq -c '.[]'"),
        "arrays": ("lines that are JSON arrays", "jq -c '{text: .}'"),
        "object": ("a JSON object over several lines", "jq -c ."),
    }[shape]
    raise InputError(
        f"{path} holds {what}, and JSON is read with one JSON object a line; convert it, for example with "
        f"`{fix} in.json > out.jsonl`"
    )


def _reject_contradiction(by_name: Format | None, text: str, path: str) -> None:
    """Raise UserError for text with the extension of another format, and for XML."""
    if by_name in TABLES:
        raise InputError(
            f"{path} cannot be read: it does not begin as a file in the {by_name} format; check that it is complete, "
            "or correct its name"
        )
    if by_name == "mediawiki" or text.lstrip().startswith("<?xml"):
        what = "XML, but" if text.lstrip().startswith("<") else "named as XML, but"
        raise InputError(
            f"{path} is {what} not a MediaWiki dump: it does not begin with <mediawiki>; extract its text, "
            "or set tokenize.format = text to read it as text"
        )
    if PurePosixPath(path).suffix.lower() in _NOT_READ:
        raise InputError(
            f"{path} is neither text, JSON lines (.jsonl), CSV nor a MediaWiki dump (.xml), plain or compressed, nor "
            "Parquet, ORC, Avro or Arrow; leave it out of --input, or set tokenize.format"
        )

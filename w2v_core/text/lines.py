"""A split to its lines, streamed.

A line ends at a line feed, or at carriage return and line feed. A split owns the lines that begin in it:
what it reads runs from after the first line feed at or after `begin - 1` to the first line feed at or after
`end - 1`. Neighbours therefore share nothing and lose nothing, wherever the cuts fall.

A line of more than `LONGEST_LINE` bytes is cut at white space, or where there is none between two characters, and
the cuts are counted: a document without line breaks must not fill the memory. Where a line is cut depends on the
line alone.
"""

import re
import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import BinaryIO, cast

from w2v_core.errors import UserError
from w2v_core.storage import open_folder
from w2v_core.text.inputs import Split

_CHUNK_BYTES = 4 * 1024 * 1024
LONGEST_LINE = 2 * 1024 * 1024
_REPLACEMENT = "\ufffd"


def read_lines(
    split: Split, strict: bool, counters: Counter[str], cut_long: bool = True
) -> Iterator[list[str]]:
    """Lists of lines without their ends, in order.

    Adds to counters["input_bytes"], ["replaced_characters"] and, unless `cut_long` is off, ["long_lines_cut"].

    UserError where the file cannot be opened or unpacked, is UTF-16, or, with `strict`, is not UTF-8.
    """
    path = split.file.path
    at_file_begin = split.begin == 0
    try:
        with _open(split) as stream:
            chunks = _counted(_owned(stream, split), counters)
            for block in _short_lines(chunks, counters) if cut_long else _whole_lines(chunks):
                text = decode(_without_mark(block, path) if at_file_begin else block, path, strict, counters)
                at_file_begin = False
                yield text.replace("\r\n", "\n").removesuffix("\r").split("\n")
    except OSError as error:
        raise UserError(f"{path} cannot be read to its end ({error}); is it damaged or cut short?") from None


def _open(split: Split) -> BinaryIO:
    filesystem = open_folder(split.file.root).filesystem
    if split.file.compression is None:
        return cast(BinaryIO, filesystem.open_input_file(split.file.path))
    return cast(BinaryIO, filesystem.open_input_stream(split.file.path, compression=split.file.compression))


def _owned(stream: BinaryIO, split: Split) -> Iterator[bytes]:
    """The bytes of the lines that begin in the split, chunk by chunk."""
    end = split.end if split.file.compression is None else sys.maxsize
    position = max(split.begin - 1, 0)
    in_earlier_line = split.begin > 0
    if in_earlier_line:
        stream.seek(position)
    while chunk := stream.read(_CHUNK_BYTES):
        start = 0
        if in_earlier_line:
            start = chunk.find(b"\n") + 1
            in_earlier_line = start == 0
            if position + (start or len(chunk)) >= end:
                return
        if not in_earlier_line:
            stop = chunk.find(b"\n", max(start, end - 1 - position)) + 1
            yield chunk[start : stop or None]
            if stop:
                return
        position += len(chunk)


def _counted(chunks: Iterable[bytes], counters: Counter[str]) -> Iterator[bytes]:
    for chunk in chunks:
        counters["input_bytes"] += len(chunk)
        yield chunk


def _whole_lines(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """The same bytes, cut only after line feeds; without the last line feed of a block."""
    pending: list[bytes] = []
    for chunk in chunks:
        cut = chunk.rfind(b"\n")
        if cut < 0:
            pending.append(chunk)
            continue
        yield b"".join([*pending, chunk[:cut]])
        pending = [chunk[cut + 1 :]]
    if rest := b"".join(pending):
        yield rest


def _short_lines(chunks: Iterable[bytes], counters: Counter[str]) -> Iterator[bytes]:
    """As `_whole_lines`, with long lines cut by line feeds."""
    pending = b""
    for chunk in chunks:
        whole, end, rest = (pending + chunk).rpartition(b"\n")
        if end:
            yield _cut(whole, counters)
        *pieces, pending = _cut(rest, counters).split(b"\n")
        yield from pieces
    if pending:
        yield pending


def _cut(block: bytes, counters: Counter[str]) -> bytes:
    """The block with line feeds where lines are too long."""
    parts, begin = [], 0
    while len(block) - begin > LONGEST_LINE:
        end = block.rfind(b"\n", begin, begin + LONGEST_LINE + 1)
        if end < 0:  # longer than it may be
            end = begin + LONGEST_LINE
            if space := _SPACE.search(block, begin + LONGEST_LINE // 2, end):
                parts.append(block[begin : space.start()])
                begin = space.end()
            else:
                while end > begin + 1 and block[end] & 0xC0 == 0x80:  # within a character
                    end -= 1
                parts.append(block[begin:end])
                begin = end
            counters["long_lines_cut"] += 1
        else:
            parts.append(block[begin:end])
            begin = end + 1
    return b"\n".join([*parts, block[begin:]])


_SPACE = re.compile(rb"[ \t]")


def decode(block: bytes, path: str, strict: bool, counters: Counter[str]) -> str:
    """UTF-8 as text. Bad bytes are replaced and counted, or with `strict` a UserError."""
    try:
        return block.decode()
    except UnicodeDecodeError as error:
        if strict:
            raise UserError(
                f"{path} is not UTF-8 ({error.reason}: {error.object[error.start : error.end]!r}); convert it, "
                "for example with iconv, or leave out --strict to have bad bytes replaced and counted"
            ) from None
    text = block.decode(errors="replace")
    counters["replaced_characters"] += text.count(_REPLACEMENT) - block.count(_REPLACEMENT.encode())
    return text


_PACKED = {b"\x1f\x8b": ".gz", b"BZh": ".bz2", b"\x28\xb5\x2f\xfd": ".zst"}


def _without_mark(first_block: bytes, path: str) -> bytes:
    """A file's first bytes without the UTF-8 byte order mark; UserError for UTF-16's, and for no text at all."""
    for magic, ending in _PACKED.items():
        if first_block.startswith(magic):
            raise UserError(f"{path} is a packed file; give it a name that ends in {ending}")
    if first_block[:2] in (b"\xff\xfe", b"\xfe\xff"):
        raise UserError(f"{path} is UTF-16; convert it, for example with `iconv -f UTF-16 -t UTF-8`")
    if first_block.count(0) * 10 > len(first_block):
        raise UserError(
            f"{path} is binary, or UTF-16 text; give UTF-8, for example by `iconv -f UTF-16 -t UTF-8`"
        )
    return first_block.removeprefix(b"\xef\xbb\xbf")

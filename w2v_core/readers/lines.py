"""The lines of a split, as a stream.

A line ends at a line feed, at a carriage return, or at both in this order. A split owns the lines that begin in it:
what it reads runs from after the first line end at or after `begin - 1` to the first line end at or after `end - 1`.
A pair of carriage return and line feed is one line end, also where the cut is within it. Each line therefore belongs to
exactly one split.

A line of more than `LONGEST_LINE` bytes is cut at white space, or where there is none between two characters, and
the cuts are counted: a document without line breaks must fit into memory. The position of a cut depends only on
the line.
"""

import re
import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import BinaryIO, NoReturn, cast

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from w2v_core.errors import InputError
from w2v_core.io.filesystem import access, open_folder
from w2v_core.io.line_ends import line_feeds, next_line
from w2v_core.readers.compression import open_compressed
from w2v_core.readers.foreign_formats import reject_binary
from w2v_core.readers.splits import Split
from w2v_core.readers.utf8 import split_lines

_CHUNK_BYTES = 1024 * 1024  # with what is made of it, about what a core's caches hold
LONGEST_LINE = 2 * 1024 * 1024
LONGEST_UNCUT_LINE = 256 * 1024 * 1024
"""Of JSON, whose lines cannot be cut."""
_REPLACEMENT = "\ufffd"


def read_lines(
    split: Split, strict: bool, counters: Counter[str], cut_long: bool = True
) -> Iterator[pa.StringArray]:
    """Yield blocks of lines without their ends, in order.

    Adds to counters["input_bytes"], ["replaced_characters"] and, unless `cut_long` is off, ["long_lines_cut"].

    Raises UserError for a file that cannot be opened or decompressed, is UTF-16, or, with `strict`, is not UTF-8.
    """
    path = split.file.path
    at_file_begin = split.begin == 0
    try:
        with access(path), open_split(split) as stream:
            chunks = map(line_feeds, _counted(_owned(stream, split), counters))
            for block in _short_lines(chunks, counters) if cut_long else _uncut_lines(chunks, path):
                text = utf8(block.removeprefix(_MARK) if at_file_begin else block, path, strict, counters)
                at_file_begin = False
                yield split_lines(text)
    except OSError as error:
        raise InputError(f"{path} cannot be read to its end ({error}); check that it is complete") from None


def lines_of_rows(
    rows: pa.StringArray, at_line_ends: bool, counters: Counter[str]
) -> tuple[pa.StringArray, npt.NDArray[np.int64]]:
    """Return the lines of texts (I,), and the index (I,) of the text of each.

    Texts are cut as files are; without `at_line_ends`, only where lines are too long. Adds to
    counters["long_lines_cut"].
    """
    row_I = np.arange(len(rows))
    if at_line_ends and len(rows):
        joined = b"\n".join(rows.cast(pa.binary()).to_pylist())
        if b"\r" in joined:
            rows = pc.replace_substring(pc.replace_substring(rows, "\r\n", "\n"), "\r", "\n")
            joined = b"\n".join(rows.cast(pa.binary()).to_pylist())
        row_I = np.repeat(row_I, pc.count_substring(rows, "\n").to_numpy() + 1)
        rows = split_lines(joined)
    num_bytes = pc.binary_length(rows).to_numpy()
    if num_bytes.max(initial=0) <= LONGEST_LINE:
        return rows, row_I
    pieces = [cut_long_line(line, counters) for line in rows.cast(pa.binary()).to_pylist()]
    flat = pa.array([piece for line in pieces for piece in line], pa.binary())
    return flat.cast(pa.string()), np.repeat(row_I, [len(line) for line in pieces])


def open_split(split: Split) -> BinaryIO:
    """Open the decompressed file of a split at its beginning."""
    filesystem = open_folder(split.file.root).filesystem
    raw = filesystem.open_input_file(split.file.path)
    if split.file.compression is None:
        return cast(BinaryIO, raw)
    return open_compressed(raw, split.file.compression, split.file.path)


def _owned(stream: BinaryIO, split: Split) -> Iterator[bytes]:
    """Yield chunks of the lines that begin in the split."""
    end = split.end if split.file.compression is None else sys.maxsize
    position = max(split.begin - 1, 0)
    in_earlier_line = split.begin > 0
    if in_earlier_line:
        stream.seek(position)
    while chunk := _read_chunk(stream):
        if position == 0:  # whatever of these bytes the split owns: where a file is cut must not decide
            reject_binary(chunk, split.file.path)
        start = 0
        if in_earlier_line:
            start = next_line(chunk, 0)
            in_earlier_line = start == 0
            if position + (start or len(chunk)) >= end:
                return
        if not in_earlier_line:
            stop = next_line(chunk, max(start, end - 1 - position))
            yield chunk[start : stop or None]
            if stop:
                return
        position += len(chunk)
    if split.file.compression is None and position < split.end:
        reject_shrunk(split)


def _read_chunk(stream: BinaryIO) -> bytes:
    """Return the next bytes, which do not end between a carriage return and a line feed."""
    chunk = stream.read(_CHUNK_BYTES)
    while chunk.endswith(b"\r") and (more := stream.read(1)):
        chunk += more
    return chunk


def reject_shrunk(split: Split) -> NoReturn:
    """Raise UserError for a file that has become shorter since it was found."""
    raise InputError(
        f"{split.file.path} had {split.file.size:,} bytes when it was found and became shorter before it was read; "
        "start again when nothing writes to it"
    )


def _counted(chunks: Iterable[bytes], counters: Counter[str]) -> Iterator[bytes]:
    for chunk in chunks:
        counters["input_bytes"] += len(chunk)
        yield chunk


def _uncut_lines(chunks: Iterable[bytes], path: str) -> Iterator[bytes]:
    """Yield blocks that end before a line feed."""
    pending: list[bytes] = []
    num_pending = 0
    for chunk in chunks:
        cut = chunk.rfind(b"\n")
        num_pending += len(chunk)
        if cut >= 0:
            yield b"".join([*pending, chunk[:cut]])
            pending, num_pending = [], len(chunk) - cut - 1
        if num_pending > LONGEST_UNCUT_LINE:
            raise InputError(
                f"{path} has a line of more than {LONGEST_UNCUT_LINE:,} bytes, which would fill the memory; cut its "
                "JSON into shorter lines"
            )
        pending.append(chunk[cut + 1 :])
    if rest := b"".join(pending):
        yield rest


def _short_lines(chunks: Iterable[bytes], counters: Counter[str]) -> Iterator[bytes]:
    """Yield blocks as `_uncut_lines`, with line feeds that cut long lines."""
    pending = b""
    for chunk in chunks:
        complete, end, rest = (pending + chunk).rpartition(b"\n")
        if end:
            yield _cut(complete, counters)
        *pieces, pending = _cut(rest, counters).split(b"\n")
        yield from pieces
    if pending:
        yield pending


def _cut(block: bytes, counters: Counter[str]) -> bytes:
    """Return the block with line feeds that cut long lines."""
    if len(block) <= LONGEST_LINE:
        return block
    return b"\n".join(piece for line in block.split(b"\n") for piece in cut_long_line(line, counters))


def cut_long_line(line: bytes, counters: Counter[str]) -> list[bytes]:
    """Return the line in pieces of at most LONGEST_LINE bytes. Adds the cuts to counters["long_lines_cut"]."""
    pieces, begin = [], 0
    while len(line) - begin > LONGEST_LINE:
        end = begin + LONGEST_LINE
        if space := _SPACE.search(line, begin + LONGEST_LINE // 2, end):
            pieces.append(line[begin : space.start()])
            begin = space.end()
        else:
            earliest = begin + LONGEST_LINE - _LONGEST_REST
            while end > earliest and line[end] & 0xC0 == 0x80:  # within a character
                end -= 1
            pieces.append(line[begin:end])
            begin = end
        counters["long_lines_cut"] += 1
    return [*pieces, line[begin:]]


_SPACE = re.compile(rb"[ \t]")
# Bytes of a character after its first; more of their kind are no UTF-8, and no reason to go back.
_LONGEST_REST = 3


def utf8(block: bytes, path: str, strict: bool, counters: Counter[str]) -> bytes:
    """Return the bytes as UTF-8, with bad bytes replaced and counted. With `strict`, raises UserError for bad bytes."""
    try:
        block.decode()
        return block
    except UnicodeDecodeError as error:
        if strict:
            raise InputError(
                f"{path} is not UTF-8 ({error.reason}: {error.object[error.start : error.end]!r}); convert it, "
                "for example with iconv, or leave out --strict to have bad bytes replaced and counted"
            ) from None
    text = block.decode(errors="replace")
    counters["replaced_characters"] += text.count(_REPLACEMENT) - block.count(_REPLACEMENT.encode())
    return text.encode()


_MARK = b"\xef\xbb\xbf"

"""Lines of text that hold a word and D numbers: split, and parsed in blocks.

Between the fields stands one space; several spaces and tabs are read too. A word may hold spaces and tabs, but does not
end in a number behind one, since such a line has more numbers than D. A word may be one space.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from w2v_core.errors import UserError
from w2v_core.types import FloatArray
from w2v_core.vectors.formats.vector_faults import NUMBER, Fault, count_of, diagnose

_ENDS_IN_NUMBER = re.compile(rb"[ \t](?:" + NUMBER.pattern + rb")$")


class LongLineError(Exception):
    """A line is longer than any line of a word and its numbers."""


class LineForm(NamedTuple):
    """The form of every line of a file, and the fix for a line with another number of numbers."""

    location: str
    vector_size: int
    fix: str

    def error(self, line_number: int, fault: Fault) -> UserError:
        """Return the error of one line: expected, got, and one fix."""
        numbers = "numbers" if not self.vector_size else count_of(self.vector_size, "number")
        return UserError(
            f"{self.location}, line {line_number:,}: expected a word and {numbers}, got {fault.got}. "
            f"{fault.fix or self.fix}"
        )


def line_blocks(chunks: Iterable[bytes], longest: int) -> Iterator[list[bytes]]:
    """Yield blocks of lines without their ends (LF, CRLF or CR) and without empty lines at the end of the file.

    Raises LongLineError for a line of more than `longest` bytes.
    """
    rest, carriage_return, passed_empty = b"", b"", False
    for chunk in chunks:
        data = rest + carriage_return + chunk
        carriage_return = b"\r" if data.endswith(b"\r") else b""  # the line feed of a CRLF may follow
        *lines, rest = _with_line_feeds(data[: len(data) - len(carriage_return)]).split(b"\n")
        if len(rest) > longest or max(map(len, lines), default=0) > longest:
            raise LongLineError(f"a line of more than {longest:,} bytes")
        given = len(lines)
        while lines and not lines[-1].strip():
            lines.pop()
        if lines:
            yield [b"", *lines] if passed_empty else lines
            passed_empty = False
        passed_empty |= len(lines) < given
    if rest.strip():
        yield [b"", rest] if passed_empty else [rest]


def _with_line_feeds(data: bytes) -> bytes:
    return data.replace(b"\r\n", b"\n").replace(b"\r", b"\n") if b"\r" in data else data


def parse_lines(lines: Sequence[bytes], form: LineForm, line_number: int) -> tuple[list[bytes], FloatArray]:
    """Return the words and their vectors (N, D) float32. `line_number` is the number of the first line.

    Raises UserError for the first line that is not a word and D finite numbers.
    """
    found = _parsed(lines, form.vector_size, _quick_split)
    if found is None:
        found = _parsed(lines, form.vector_size, split_line)
    if found is None:
        position = next(i for i, line in enumerate(lines) if split_line(line, form.vector_size) is None)
        raise form.error(line_number + position, diagnose(lines[position], form.vector_size))
    words, vectors_ND = found
    finite_N = np.isfinite(vectors_ND).all(axis=1)
    if not finite_N.all():
        position = int(finite_N.argmin())
        raise form.error(line_number + position, diagnose(lines[position], form.vector_size))
    return words, vectors_ND


def split_line(line: bytes, vector_size: int) -> tuple[bytes, bytes] | None:
    """Return the word, and the numbers joined by single spaces; None if the line is not a word and D numbers."""
    text = line.rstrip(b" ")
    if not text.strip():
        return None
    if text[:1] == b" " and text[1:2] in (b" ", b"\t"):  # the word " ", or no word
        numbers = text[2:].split(text[1:2])
        is_space = len(numbers) == vector_size and all(map(NUMBER.fullmatch, numbers))
        return (b" ", b" ".join(numbers)) if is_space else None
    for separator in (b" ", None):  # one space, or any spaces and tabs
        word, *numbers = text.rsplit(separator, vector_size)
        word = word.rstrip(b" ")
        if (
            len(numbers) == vector_size
            and is_word(word)
            and all(map(NUMBER.fullmatch, numbers))
            and not (separator is None and _holds_other_blanks(text[len(word) :]))
        ):
            return word, b" ".join(numbers)
    return None


def is_word(text: bytes) -> bool:
    """Return whether a word is valid before numbers: not empty, not after a space, and without a number at its end."""
    return text[:1] not in (b"", b" ") and not ends_in_number(text)


def ends_in_number(word: bytes) -> bool:
    """Return whether a space or tab and a number end the word: a number of a longer vector."""
    return (b" " in word or b"\t" in word) and _ENDS_IN_NUMBER.search(word) is not None


def _holds_other_blanks(text: bytes) -> bool:
    return b"\x0b" in text or b"\x0c" in text


def _quick_split(line: bytes, vector_size: int) -> tuple[bytes, bytes] | None:
    """As `split_line`, but without checking the numbers, which the parser checks."""
    if line.endswith(b" "):
        line = line.rstrip(b" ")
    if line.count(b" ") == vector_size:
        word, _, numbers = line.partition(b" ")
        return (word, numbers) if word and not (b"\t" in word and ends_in_number(word)) else None
    fields = line.split()
    if len(fields) == vector_size + 1 and line.startswith(fields[0]) and not _holds_other_blanks(line):
        return fields[0], b" ".join(fields[1:])
    return split_line(line, vector_size)


def _parsed(
    lines: Sequence[bytes], vector_size: int, split: Callable[[bytes, int], tuple[bytes, bytes] | None]
) -> tuple[list[bytes], FloatArray] | None:
    """Return the words and their vectors, which may hold infinity; None if a line does not fit."""
    words: list[bytes] = []
    numbers: list[bytes] = []
    for line in lines:
        row = split(line, vector_size)
        if row is None:
            return None
        words.append(row[0])
        numbers.append(row[1])
    try:
        fields = pc.split_pattern(pa.array([b" ".join(numbers)], pa.string()), " ").values
        vectors_ND: FloatArray = fields.cast(pa.float32()).to_numpy().reshape(len(lines), vector_size)
    except ValueError:
        return None
    return words, vectors_ND

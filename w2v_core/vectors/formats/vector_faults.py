"""Diagnosis of a line that is not a word and D numbers: what it holds instead, and the fix."""

import re
from typing import NamedTuple

NUMBER = re.compile(rb"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?")
_DECIMAL_COMMA = re.compile(rb"[-+]?\d*,\d+(?:[eE][-+]?\d+)?")
_NOT_FINITE = re.compile(rb"[-+]?(?:nan|inf|infinity)", re.IGNORECASE)
_FORTRAN = re.compile(rb"[-+]?(?:\d+\.?\d*|\.\d+)[dD][-+]?\d+")
_BLANKS = re.compile(rb"[ \t]+")
_SEPARATORS = {
    b";": "semicolons",
    b",": "commas",
    b"|": "vertical bars",
    b"\xc2\xa0": "non-breaking spaces",
    b"\xe3\x80\x80": "ideographic spaces",
}
_LARGEST = 3.4028235677973366e38  # rounds to infinity in float32, as does what is larger


class Fault(NamedTuple):
    """What a line holds, and its fix; None if only the number of numbers differs."""

    got: str
    fix: str | None = None


def diagnose(line: bytes, vector_size: int) -> Fault:
    """Return the fault of a line that is not a word and `vector_size` finite numbers."""
    if not line.strip():
        return Fault("an empty line", "Remove it.")
    if line.startswith(b" "):
        return Fault("a line that begins with a space", "Remove the spaces at the start of the line.")
    fields = _BLANKS.split(line.strip(b" \t"))
    fault = _separator_fault(line, fields[1:])
    return (
        fault
        or _number_fault(fields[1:][-vector_size:])
        or Fault(count_of(trailing_numbers(fields), "number"))
    )


def trailing_numbers(fields: list[bytes]) -> int:
    """Return how many of the last fields are numbers; the first field is the word."""
    count = 0
    while count < len(fields) - 1 and NUMBER.fullmatch(fields[-1 - count]):
        count += 1
    return count


def quoted(field: bytes) -> str:
    """Return the start of a field for a message."""
    text = repr(field[:40].decode("utf-8", "backslashreplace"))
    return text if len(field) <= 40 else f"{text[:-1]}…'"


def _separator_fault(line: bytes, fields: list[bytes]) -> Fault | None:
    if fields and _DECIMAL_COMMA.fullmatch(fields[-1]):
        return Fault("numbers with a decimal comma", "Write the numbers with a decimal point.")
    for mark, name in _SEPARATORS.items():
        pieces = [piece.strip(b" \t") for piece in line.rstrip(b" \t" + mark).split(mark)]
        if len(pieces) > 1 and all(map(_is_number, pieces[1:])):
            return Fault(f"numbers between {name}", "Separate the numbers with spaces.")
    return None


def _is_number(piece: bytes) -> bool:
    return bool(NUMBER.fullmatch(piece) or _DECIMAL_COMMA.fullmatch(piece) or _NOT_FINITE.fullmatch(piece))


def _number_fault(fields: list[bytes]) -> Fault | None:
    for field in fields:
        if _FORTRAN.fullmatch(field):
            return Fault(f"the number {quoted(field)}", "Write exponents with E instead of D.")
        if _NOT_FINITE.fullmatch(field) or (NUMBER.fullmatch(field) and abs(float(field)) >= _LARGEST):
            return Fault(
                f"{quoted(field)}, which is not finite in float32", "Correct the number, or remove the line."
            )
    odd = [field for field in fields if not NUMBER.fullmatch(field)]
    if odd and len(odd) < max(len(fields), 2):
        return Fault(f"{quoted(odd[0])} in place of a number", "Correct the line.")
    return None


def count_of(count: int, noun: str) -> str:
    """Return a number and its noun, as in "1 line" and "2 lines"."""
    return f"1 {noun}" if count == 1 else f"{count:,} {noun}s"

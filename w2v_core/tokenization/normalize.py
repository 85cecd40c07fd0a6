"""Normalization of lines: normal form, accents, case, digits.

Nearly every change maps one character to another, independent of its neighbors. A table over the code points holds
these changes, made by the functions that normalize a line, and is applied to the bytes of many lines at once. The
functions themselves normalize lines in which a character depends on its neighbors: it composes, it becomes several
characters, or it is the Greek capital sigma.
"""

import re
import unicodedata
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, reduce
from typing import Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from w2v_core.readers.utf8 import (
    NUM_CODE_POINTS,
    array_of,
    beyond_ascii,
    bytes_of,
    code_points,
    encoded,
    every_character,
    widths,
)
from w2v_core.tokenization.joiners import JOINER, NON_JOINER
from w2v_core.tokenization.lower_case import DOT_ABOVE, SIGMA, lower_case
from w2v_core.tokenization.normal_form import NIKHAHITS, normal_form
from w2v_core.types import BoolArray, Int32Array, UInt8Array, UInt32Array

NormalForm = Literal["NFC", "NFKC", "none"]
COUNTERS = ("characters_normalized", "accents_stripped", "characters_lowered", "digits_folded")
"""Characters of the input that a step changes, each step by itself."""

# The blocks of combining diacritical marks: what Latin, Greek and Cyrillic letters carry. The vowel signs and voice
# marks of other scripts are not accents: without them the word is another one.
_ACCENTS = re.compile("[\u0300-\u036f\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f]")
_DIGIT = re.compile(r"\d")
_HANGUL_VOWELS_AND_TAILS = (*range(0x1161, 0x1176), *range(0x11A8, 0x11C3))

Step = Callable[[str], str]


@dataclass(frozen=True)
class Rules:
    """The steps of `normalize`, in this order."""

    form: NormalForm = "none"
    """the normal form; NFC and NFKC also remove format characters that do not matter inside a word"""
    strip_accents: bool = False
    lower: bool = False
    digits_to_zero: bool = False

    def steps(self) -> dict[str, Step]:
        """Return the functions on a line, by the name of their counter."""
        steps: dict[str, Step] = {}
        if self.form != "none":
            steps["characters_normalized"] = lambda line: normal_form(line, self.form)
        if self.strip_accents:
            steps["accents_stripped"] = strip_accents
        if self.lower:
            steps["characters_lowered"] = lower_case if self.form == "none" else _lower_composed
        if self.digits_to_zero:
            steps["digits_folded"] = lambda line: _DIGIT.sub("0", line)
        return steps

    def apply(self, line: str) -> str:
        """Return the normalized line."""
        return reduce(lambda text, step: step(text), self.steps().values(), line)


def _lower_composed(line: str) -> str:
    """Return the line in lower case and NFC, since ǰ has a code point and its capital letter has none."""
    return unicodedata.normalize("NFC", lower_case(line))


def strip_accents(line: str) -> str:
    """Return the line in NFC, without diacritics on Latin, Greek and Cyrillic letters."""
    return unicodedata.normalize("NFC", _ACCENTS.sub("", unicodedata.normalize("NFD", line)))


def normalize(lines: pa.StringArray, rules: Rules, counters: Counter[str]) -> pa.StringArray:
    """Return the lines normalized by `rules`. Adds to `counters` by the names in COUNTERS."""
    steps = rules.steps()
    if not steps:
        return lines
    table = _table(rules)
    data, offsets_I = bytes_of(lines)
    for name, changes in table.changes_of.items():
        counters[name] += data.translate(changes[:0x80].tobytes() + bytes(0x80)).count(1)
    changed = data.translate(table.becomes[:0x80].astype(np.uint8).tobytes() + bytes(range(0x80, 0x100)))
    if data.isascii():
        return array_of(changed, offsets_I)
    begins_H, code_H = beyond_ascii(data)
    touched = np.flatnonzero(table.is_touched[code_H])
    begins_H, code_H = begins_H[touched], code_H[touched]
    for name, changes in table.changes_of.items():
        counters[name] += int(np.count_nonzero(changes[code_H]))
    slow_H = table.is_slow[code_H]
    quick = array_of(*_replaced(changed, offsets_I, begins_H[~slow_H], code_H[~slow_H], table.becomes))
    slow_I = np.zeros(len(lines), bool)
    slow_I[np.searchsorted(offsets_I, begins_H[slow_H], side="right") - 1] = True
    if not slow_I.any():
        return quick
    one_by_one = [rules.apply(line) for line in lines.filter(pa.array(slow_I)).to_pylist()]
    return pc.replace_with_mask(quick, pa.array(slow_I), pa.array(one_by_one, pa.string()))


def _replaced(
    data: bytes,
    offsets_I: Int32Array,
    begins_H: "np.ndarray[tuple[int], np.dtype[np.int64]]",
    code_H: UInt32Array,
    becomes: UInt32Array,
) -> tuple[UInt8Array, Int32Array]:
    """Return bytes and offsets with the characters at `begins_H` replaced by characters of at most the same width."""
    data_Y = np.frombuffer(bytearray(data), np.uint8)
    new_H = becomes[code_H]
    old_width_H, new_width_H = widths()[code_H], np.where(new_H == _NOTHING, 0, widths()[new_H])
    spelled = encoded(new_H[new_H != _NOTHING])
    spelled_at_H = np.cumsum(new_width_H, dtype=np.int64) - new_width_H
    superfluous = []
    for position in range(4):
        written = position < new_width_H
        data_Y[begins_H[written] + position] = spelled[spelled_at_H[written] + position]
        superfluous.append(begins_H[(position >= new_width_H) & (position < old_width_H)] + position)
    gone = np.sort(np.concatenate(superfluous))
    if len(gone) == 0:
        return data_Y, offsets_I
    kept_Y = np.ones(len(data_Y), bool)
    kept_Y[gone] = False
    return data_Y[kept_Y], (offsets_I - np.searchsorted(gone, offsets_I)).astype(np.int32)


_NOTHING = 0  # in `becomes`, of a character other than NUL: it is removed


@dataclass(frozen=True)
class _Table:
    """The changes of each code point."""

    becomes: UInt32Array
    """the character after all steps, unchanged if it is slow"""
    is_slow: BoolArray
    is_touched: BoolArray
    """whether it changes, or is slow"""
    changes_of: dict[str, UInt8Array]
    """1 if the step of this name changes the character"""


@cache
def _table(rules: Rules) -> _Table:
    """Return the table, with every step applied to each character on its own line."""
    characters = every_character()
    codes = code_points(characters)
    depends, before, changes_of = _neighbours_matter(rules), list(characters), {}
    meets = np.array([character in depends for character in characters])
    for name, step in rules.steps().items():
        after = step("\n".join(before)).split("\n")
        changes_of[name] = np.zeros(NUM_CODE_POINTS, np.uint8)
        changes_of[name][codes] = [a != b for a, b in zip(before, after, strict=True)]
        meets |= [text in depends for text in after]
        before = after
    becomes = np.arange(NUM_CODE_POINTS, dtype=np.uint32)
    is_slow = np.zeros(NUM_CODE_POINTS, bool)
    is_slow[codes] = meets | [len(text) > 1 for text in before]
    quick = ~is_slow[codes]
    becomes[codes[quick]] = [
        ord(text) if text else _NOTHING for text, q in zip(before, quick, strict=True) if q
    ]
    wider = (widths()[becomes] > widths()) & (becomes != _NOTHING)
    is_slow[wider] = True
    becomes[wider] = np.flatnonzero(wider)
    return _Table(becomes, is_slow, is_slow | (becomes != np.arange(NUM_CODE_POINTS)), changes_of)


def _neighbours_matter(rules: Rules) -> frozenset[str]:
    """Return the characters that depend on their neighbors."""
    found = {SIGMA, DOT_ABOVE} if rules.lower else set()
    if rules.form != "none":
        found.update(NON_JOINER, JOINER, NIKHAHITS)
    if rules.form != "none" or rules.strip_accents:
        found.update(map(chr, _HANGUL_VOWELS_AND_TAILS))
        for character in every_character():
            if unicodedata.combining(character):
                found.add(character)
            parts = unicodedata.decomposition(character).split()
            if len(parts) == 2 and not parts[0].startswith("<"):
                found.add(chr(int(parts[1], 16)))
    return frozenset(found)

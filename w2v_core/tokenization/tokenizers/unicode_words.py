"""Words of every script: runs of letters and digits with the marks that belong to them.

A word begins with a letter or a digit and goes on through letters, digits, combining marks and joiners, so that the
vowel signs of Hindi and Thai stay in their word. Scripts without spaces give the runs between
punctuation.

A table holds the kind of each character, so that lines are cut by array operations over their bytes.
"""

import re
import unicodedata
from functools import cache

import numpy as np
import pyarrow as pa

from w2v_core.readers.utf8 import (
    NUM_CODE_POINTS,
    array_of,
    beyond_ascii,
    bytes_of,
    code_points,
    every_character,
)
from w2v_core.tokenization.joiners import JOINER, NON_JOINER
from w2v_core.types import BoolArray, Int32Array, UInt8Array

_SEPARATOR, _LETTER, _MARK = 0, 1, 2
_LETTERS = re.compile(
    r"[^\W_]"
)  # in Python's `re`, \w is every letter and number of Unicode, and the underscore


def tokenize(lines: pa.StringArray) -> pa.ListArray:
    """Return the words of each line, in order, as list<string>."""
    data, offsets_I = bytes_of(lines)
    kind_Y = _kinds(data)
    inside_Y = kind_Y > _SEPARATOR
    begins_T, ends_T = _runs(inside_Y, offsets_I)
    if (kind_Y[begins_T] == _MARK).any():
        begins_T, ends_T = _without_leading_marks(kind_Y, begins_T, ends_T)
        inside_Y = _within(begins_T, ends_T, len(data))
    offsets_T = np.zeros(len(begins_T) + 1, np.int32)
    np.cumsum(ends_T - begins_T, out=offsets_T[1:])
    tokens = array_of(np.frombuffer(data, np.uint8)[inside_Y], offsets_T)
    return pa.ListArray.from_arrays(np.searchsorted(begins_T, offsets_I).astype(np.int32), tokens)


def _kinds(data: bytes) -> UInt8Array:
    """Return the kind of the character of each byte, (Y,): separator, letter or mark."""
    table = _kind_table()
    kind_Y = np.frombuffer(data.translate(table[:0x80].tobytes() + bytes(0x80)), np.uint8)
    if data.isascii():
        return kind_Y
    kind_Y = kind_Y.copy()
    begins_H, code_H = beyond_ascii(data)
    kind_H = table[code_H]
    for position, first_of_wider in enumerate((0, 0, 0x800, 0x10000)):
        wide_H = code_H >= first_of_wider
        kind_Y[begins_H[wide_H] + position] = kind_H[wide_H]
    return kind_Y


@cache
def _kind_table() -> UInt8Array:
    """Return the kind of each code point: separator, letter or mark."""
    table = np.zeros(NUM_CODE_POINTS, np.uint8)
    characters = every_character()
    table[code_points("".join(_LETTERS.findall(characters)))] = _LETTER
    marks = "".join(c for c in characters if unicodedata.category(c).startswith("M"))
    table[code_points(marks + NON_JOINER + JOINER)] = _MARK
    return table


def _runs(inside_Y: BoolArray, offsets_I: Int32Array) -> tuple[Int32Array, Int32Array]:
    """Return the begin and end (exclusive) of each run of true; runs end with their line."""
    if len(inside_Y) == 0:
        return np.zeros(0, np.int32), np.zeros(0, np.int32)
    edge_Y = np.empty(len(inside_Y) + 1, bool)
    edge_Y[0], edge_Y[-1] = inside_Y[0], inside_Y[-1]
    np.not_equal(inside_Y[1:], inside_Y[:-1], out=edge_Y[1:-1])
    edges = np.flatnonzero(edge_Y).astype(np.int32)
    breaks = np.unique(offsets_I[(offsets_I > 0) & (offsets_I < len(inside_Y))])
    breaks = breaks[inside_Y[breaks] & inside_Y[breaks - 1]]
    if len(breaks) == 0:
        return edges[::2], edges[1::2]
    return np.sort(np.concatenate([edges[::2], breaks])), np.sort(np.concatenate([edges[1::2], breaks]))


def _without_leading_marks(
    kind_Y: UInt8Array, begins_T: Int32Array, ends_T: Int32Array
) -> tuple[Int32Array, Int32Array]:
    """Return the runs from their first letter on, without runs that have none."""
    letters = np.append(np.flatnonzero(kind_Y == _LETTER), len(kind_Y)).astype(np.int32)
    begins_T = letters[np.searchsorted(letters, begins_T)]
    is_token_T = begins_T < ends_T
    return begins_T[is_token_T], ends_T[is_token_T]


def _within(begins_T: Int32Array, ends_T: Int32Array, length: int) -> BoolArray:
    """Return whether each of `length` bytes is in a run."""
    steps = np.zeros(length + 1, np.int8)
    steps[begins_T] = 1
    steps[ends_T] -= 1
    return np.cumsum(steps[:-1], dtype=np.int8).view(bool)

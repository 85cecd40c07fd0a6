"""Words of every script: runs of letters and digits with the marks that belong to them.

A word begins with a letter or a digit and goes on through letters, digits, combining marks and joiners, so that the
vowel signs of Hindi and Thai stay in their word. Scripts written without spaces come out as the runs between
punctuation.

What is a letter is looked up for each character in a table, so that a line is cut by array operations over its bytes.
L: lines, T: bytes, N: tokens, C: characters beyond ASCII.
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
    """The words of each line, in order, as list<string>."""
    data, offsets_L = bytes_of(lines)
    kind_T = _kinds(data)
    inside_T = kind_T > _SEPARATOR
    begins_N, ends_N = _runs(inside_T, offsets_L)
    if (kind_T[begins_N] == _MARK).any():
        begins_N, ends_N = _without_leading_marks(kind_T, begins_N, ends_N)
        inside_T = _within(begins_N, ends_N, len(data))
    offsets_N = np.zeros(len(begins_N) + 1, np.int32)
    np.cumsum(ends_N - begins_N, out=offsets_N[1:])
    tokens = array_of(np.frombuffer(data, np.uint8)[inside_T], offsets_N)
    return pa.ListArray.from_arrays(np.searchsorted(begins_N, offsets_L).astype(np.int32), tokens)


def _kinds(data: bytes) -> UInt8Array:
    """Separator, letter or mark (T,): what each byte's character is."""
    table = _kind_table()
    kind_T = np.frombuffer(data.translate(table[:0x80].tobytes() + bytes(0x80)), np.uint8)
    if data.isascii():
        return kind_T
    kind_T = kind_T.copy()
    begins_C, code_C = beyond_ascii(data)
    kind_C = table[code_C]
    for place, first_of_wider in enumerate((0, 0, 0x800, 0x10000)):
        wide_C = code_C >= first_of_wider
        kind_T[begins_C[wide_C] + place] = kind_C[wide_C]
    return kind_T


@cache
def _kind_table() -> UInt8Array:
    """Separator, letter or mark, by code point."""
    table = np.zeros(NUM_CODE_POINTS, np.uint8)
    characters = every_character()
    table[code_points("".join(_LETTERS.findall(characters)))] = _LETTER
    marks = "".join(c for c in characters if unicodedata.category(c).startswith("M"))
    table[code_points(marks + NON_JOINER + JOINER)] = _MARK
    return table


def _runs(inside_T: BoolArray, offsets_L: Int32Array) -> tuple[Int32Array, Int32Array]:
    """Where each run of true begins and ends (exclusive); runs end with their line."""
    if len(inside_T) == 0:
        return np.zeros(0, np.int32), np.zeros(0, np.int32)
    edge_T = np.empty(len(inside_T) + 1, bool)
    edge_T[0], edge_T[-1] = inside_T[0], inside_T[-1]
    np.not_equal(inside_T[1:], inside_T[:-1], out=edge_T[1:-1])
    edges = np.flatnonzero(edge_T).astype(np.int32)
    breaks = np.unique(offsets_L[(offsets_L > 0) & (offsets_L < len(inside_T))])
    breaks = breaks[inside_T[breaks] & inside_T[breaks - 1]]
    if len(breaks) == 0:
        return edges[::2], edges[1::2]
    return np.sort(np.concatenate([edges[::2], breaks])), np.sort(np.concatenate([edges[1::2], breaks]))


def _without_leading_marks(
    kind_T: UInt8Array, begins_N: Int32Array, ends_N: Int32Array
) -> tuple[Int32Array, Int32Array]:
    """The runs from their first letter on; those without one are left out."""
    letters = np.append(np.flatnonzero(kind_T == _LETTER), len(kind_T)).astype(np.int32)
    begins_N = letters[np.searchsorted(letters, begins_N)]
    some_N = begins_N < ends_N
    return begins_N[some_N], ends_N[some_N]


def _within(begins_N: Int32Array, ends_N: Int32Array, length: int) -> BoolArray:
    """Whether each of `length` bytes lies in a run."""
    steps = np.zeros(length + 1, np.int8)
    steps[begins_N] = 1
    steps[ends_N] -= 1
    return np.cumsum(steps[:-1], dtype=np.int8).view(bool)

"""Counts of words beside a word2vec file: a line "word count" each, as word2vec.c's `-save-vocab` writes them."""

import os

import numpy as np
import pyarrow as pa

from w2v_core.errors import InputError
from w2v_core.io.atomic_write import atomic_write
from w2v_core.io.filesystem import Folder, Location, open_folder, read_location
from w2v_core.types import Int64Array
from w2v_core.vectors.formats.table import ExportSelection


def write_counts(location: Location, chosen: ExportSelection) -> None:
    """Write the words and their counts atomically. Raises UserError if the file cannot be written."""
    target = open_folder(location)
    parent, _, name = target.path.rpartition("/")
    counted = zip(chosen.tokens.to_pylist(), chosen.counts.tolist(), strict=True)
    try:
        with atomic_write(Folder(target.filesystem, parent or "/"), (name,)) as (stream,):
            stream.write("".join(f"{word} {count}\n" for word, count in counted).encode())
    except OSError as error:
        raise InputError(f"{location} cannot be written: {error}") from None


def counts_of(tokens: pa.ChunkedArray, location: Location) -> Int64Array:
    """Return the counts of these words, (V,). Raises UserError for a damaged file, and for a word without a count."""
    count_by_word = _read_counts(location)
    words = tokens.to_pylist()
    if missing := [word for word in words if word not in count_by_word]:
        raise InputError(
            f"{location}: expected a count for each word, got none for {missing[0]!r}. Add the line "
            f"'{missing[0]} COUNT', or leave fvocab out."
        )
    return np.array([count_by_word[word] for word in words], np.int64)


def _read_counts(location: Location) -> dict[str, int]:
    try:
        lines = read_location(os.fspath(location)).decode().split("\n")
    except OSError as error:
        raise InputError(f"{location} cannot be read ({error.strerror}): give a file of counts") from None
    except UnicodeDecodeError as error:
        raise InputError(f"{location} is not UTF-8 text (byte {error.start}): save it as UTF-8") from None
    return dict(_counted(location, number, line) for number, line in enumerate(lines, 1) if line.strip())


def _counted(location: Location, number: int, line: str) -> tuple[str, int]:
    word, _, count = line.rstrip("\r\t ").rpartition(" ")
    if not word or not (count.isascii() and count.isdigit()):
        raise InputError(
            f"{location}, line {number:,}: expected a word and its count, got {line[:80]!r}. Correct it."
        )
    return word, int(count)

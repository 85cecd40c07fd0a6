"""GloVe's files: a line a word, without the first line that word2vec's have. Counts are not kept."""

import io
from collections.abc import Iterator, Sequence
from functools import partial
from itertools import islice

import pyarrow as pa

from w2v_core.errors import InputError
from w2v_core.io.filesystem import access, open_folder
from w2v_core.types import Float32Array
from w2v_core.vectors.formats.table import ExportSelection, VectorTable, joined
from w2v_core.vectors.formats.text_lines import lines, numbers_between, parsed
from w2v_core.vectors.formats.word2vec_file import ends_in_number

_LINES_PER_BLOCK = 4096
_READ_BYTES = 1 << 20
_KINDS = (
    "word vectors are read from word2vec's, GloVe's, Parquet and safetensors files, and from folders of npy"
)
_LONGEST_LINE = 1 << 24  # a word of a MB and a million numbers; what is longer is no file of vectors


def write(chosen: ExportSelection, streams: Sequence[pa.NativeFile]) -> None:
    """A line a word: the word and its numbers, between spaces."""
    (stream,) = streams
    for block in chosen.blocks():
        stream.write(lines(block.tokens, numbers_between(block.vectors_ND, " ")))


def read(location: str) -> VectorTable:
    """A file, perhaps packed. A word may hold spaces, as some of GloVe's own do, but not the first.

    UserError for a line that is not a word and as many finite numbers as the first has.
    """
    words, blocks = [], []
    try:
        for block, vectors_ND in _blocks(location):
            words.append(pa.array(block, pa.string()))
            blocks.append(vectors_ND)
    except OSError as error:
        raise InputError(f"{location} cannot be read: {error}") from None
    return VectorTable.of(pa.chunked_array(words), joined(blocks))


def _blocks(location: str) -> Iterator[tuple[list[str], Float32Array]]:
    file = open_folder(location)
    vector_size, begin = 0, 0
    with access(location), file.filesystem.open_input_stream(file.path, compression="detect") as stream:
        text = io.BufferedReader(stream, _READ_BYTES)
        lines_left = iter(partial(text.readline, _LONGEST_LINE), b"")
        while some := list(islice(lines_left, _LINES_PER_BLOCK if begin else 1)):
            vector_size = vector_size or some[0].rstrip(b" \r\n").count(b" ")
            if vector_size < 1:
                raise InputError(
                    f"{location} is no file of word vectors: its first line is no word with numbers; {_KINDS}"
                )
            yield _block(some, vector_size, f"{location}, lines {begin + 1:,} to {begin + len(some):,}")
            begin += len(some)
    if begin == 0:
        raise InputError(f"{location} is empty; name a file of word vectors")


def _block(some: list[bytes], vector_size: int, where: str) -> tuple[list[str], Float32Array]:
    rows = [line.rstrip(b" \r\n").rsplit(b" ", vector_size) for line in some]
    try:
        if any(len(row) != vector_size + 1 for row in rows):
            raise ValueError("a line has another length than the first")
        if any(len(line) == _LONGEST_LINE for line in some):
            raise ValueError(f"a line is longer than {_LONGEST_LINE:,} bytes")
        if longer := next((row[0] for row in rows if ends_in_number(row[0])), None):
            raise ValueError(f"{longer[-80:]!r} is no word, as it ends in a number")
        vectors_ND = parsed((row[1:] for row in rows), len(rows), vector_size)
    except ValueError as error:
        raise InputError(
            f"{where}: not a word and {vector_size} numbers on each line ({error}); {_KINDS}"
        ) from None
    return [row[0].decode("utf-8", errors="replace") for row in rows], vectors_ND

"""The GloVe format: one line per word, without the first line of word2vec files, and without counts."""

from collections.abc import Iterator, Sequence
from functools import partial

import pyarrow as pa

from w2v_core.errors import InputError
from w2v_core.types import Float32Array
from w2v_core.vectors.formats.table import ExportSelection, VectorTable, joined
from w2v_core.vectors.formats.text_lines import lines, numbers_between
from w2v_core.vectors.formats.vector_faults import Fault, diagnose, quoted, trailing_numbers
from w2v_core.vectors.formats.vector_lines import (
    LineForm,
    LongLineError,
    line_blocks,
    parse_lines,
    split_line,
)
from w2v_core.vectors.formats.vector_stream import open_stream
from w2v_core.vectors.formats.vector_words import WordDecoder
from w2v_core.vectors.formats.word2vec_file import BYTE_ORDER_MARK

_READ_BYTES = 1 << 20
_LONGEST_LINE = 1 << 24  # a word of a MB and a million numbers; what is longer is no file of vectors
_KINDS = "Name a word2vec, GloVe, Parquet or safetensors file, or a folder of npy files."


def write(chosen: ExportSelection, streams: Sequence[pa.NativeFile]) -> None:
    """Write one line per word: the word and its numbers, separated by spaces."""
    (stream,) = streams
    if chosen.tokens.slice(0, 1)[0].as_py().encode().startswith(BYTE_ORDER_MARK):
        stream.write(BYTE_ORDER_MARK)  # readers pass one over
    for block in chosen.blocks():
        stream.write(lines(block.tokens, numbers_between(block.vectors, " ")))


def read(location: str, limit: int | None = None) -> VectorTable:
    """Read the first `limit` words of a file, compressed or not. The first line decides the vector size.

    A word may contain spaces. Raises UserError for a line that is not a word and as many finite numbers as the first
    has.
    """
    words, blocks = [], []
    decoder = WordDecoder(location, "line")
    num_words = 0
    for block, vectors_ND in _blocks(location, decoder):
        room = None if limit is None else limit - num_words
        words.append(pa.array(block[:room], pa.string()))
        blocks.append(vectors_ND[:room])
        num_words += len(block)
        if limit is not None and num_words >= limit:
            break
    decoder.log()
    return VectorTable.of(pa.chunked_array(words), joined(blocks), location=location)


def _blocks(location: str, decoder: WordDecoder) -> Iterator[tuple[list[str], Float32Array]]:
    form, line_number = LineForm(location, 0, _KINDS), 1
    with open_stream(location) as stream:
        chunks = iter(partial(stream.read, _READ_BYTES), b"")
        try:
            for lines in line_blocks(chunks, _LONGEST_LINE):
                if line_number == 1:
                    lines[0] = lines[0].removeprefix(BYTE_ORDER_MARK)
                    form = _form_of(lines[0], location)
                words, vectors_ND = parse_lines(lines, form, line_number)
                yield decoder.decode(words, line_number), vectors_ND
                line_number += len(lines)
        except LongLineError as error:
            raise form.error(line_number, Fault(str(error))) from None
    if line_number == 1:
        raise InputError(f"{location} is empty; name a file of word vectors")


def _form_of(line: bytes, location: str) -> LineForm:
    """Return the form of every line, by the first line."""
    for fields in (line.rstrip(b" ").split(b" "), line.split()):
        vector_size = trailing_numbers(fields)
        if vector_size and split_line(line, vector_size) is not None:
            is_header = all(field.isdigit() for field in fields)
            fix = (
                "Correct line 1: a header holds two numbers, words and dimensions."
                if is_header
                else "Give each line as many numbers as line 1."
            )
            return LineForm(location, vector_size, fix)
    fault = diagnose(line, max(len(line.split()) - 1, 1))
    raise LineForm(location, 0, _KINDS).error(1, fault if fault.fix else Fault(quoted(line)))

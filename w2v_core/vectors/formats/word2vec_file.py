"""Files of word vectors as word2vec.c writes them and gensim, fastText and many others read and write.

    text      a line "words dimensions", then a line a word: the word and its numbers, between spaces
    binary    the same first line, then for each word its bytes, a space and its numbers as float32

Either may be compressed. The bytes of a file decide between both: see `_is_binary`.
"""

import os
import re
from collections.abc import Iterator
from functools import partial

import numpy as np

from w2v_core.errors import InputError, UserError
from w2v_core.io.filesystem import Location
from w2v_core.types import FloatArray
from w2v_core.vectors.formats.vector_faults import Fault
from w2v_core.vectors.formats.vector_lines import (
    LineForm,
    LongLineError,
    line_blocks,
    parse_lines,
    split_line,
)
from w2v_core.vectors.formats.vector_stream import START, open_stream, reject_foreign
from w2v_core.vectors.formats.vector_words import WordDecoder

WORDS_PER_BLOCK = 20_000
_CHUNK = 1 << 20
_LONGEST_HEADER = 100
_LONGEST_WORD = 1 << 20
_LARGEST_VECTOR = 1 << 20  # numbers; a line of more is no line of a word
_LARGEST_TABLE = 1 << 50  # bytes; a first line that tells of more is no header of a file that exists
_SAMPLE = 1 << 16
"""Bytes after the first line that decide between text and binary."""

BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_HEADER = re.compile(
    rb"(?:\xef\xbb\xbf)?[ \t]*(\d+)[ \t]+(\d+)(?:[ \t]+\d+(?=[ \t]*[\r\n]+B64:))?[ \t]*(?:\r\n|\n|\r|\Z)"
)
"""Deeplearning4j adds a third number, the documents that it read."""
_LINE_END = re.compile(rb"\r\n|\n|\r")
_CONTROLS = bytes([*range(9), *range(14, 32)])
"""Bytes that text does not hold, but for odd words; a tenth of the bytes of float32 are among them."""


def header_of(start: bytes) -> "re.Match[bytes] | None":
    """Return the match of a first line of two integers: groups 1 and 2 are words and dimensions."""
    return _HEADER.match(start[:_LONGEST_HEADER])


class Word2VecFile:
    """A file of word vectors. `num_words` and `vector_size` are the numbers of its first line.

    Raises UserError if the file is missing or does not begin with such a line.
    """

    def __init__(self, location: Location) -> None:
        self.location = location = os.fspath(location)
        with open_stream(location) as stream:
            start = bytes(stream.read(_LONGEST_HEADER + _SAMPLE))
        reject_foreign(location, start[:START])
        header = header_of(start)
        if header is None:
            raise InputError(
                f"{location} is not a word2vec file: expected two numbers in the first line, words and dimensions, "
                f'got {start[:40]!r}. In a GloVe file, add "WORDS DIMENSIONS" as the first line.'
            )
        self.num_words, self.vector_size = int(header[1]), int(header[2])
        if not self._is_likely:
            raise InputError(
                f"{location} has a first line for {self.num_words} words of {self.vector_size} dimensions, more than "
                "the file can hold; correct the first line"
            )
        self._header_bytes = header.end()
        is_all = len(start) < _LONGEST_HEADER + _SAMPLE
        self.is_binary = self.num_words > 0 and self._is_binary(start[header.end() :], is_all)
        self.decoder = WordDecoder(location, "word" if self.is_binary else "line")

    @property
    def _is_likely(self) -> bool:
        if not 1 <= self.vector_size <= _LARGEST_VECTOR:
            return False
        return 4 * self.num_words * self.vector_size <= _LARGEST_TABLE

    def _is_binary(self, sample: bytes, is_all: bool) -> bool:
        """Return whether the content after the first line is binary.

        It is text if the line of the first word parses. Otherwise it is binary if control characters are frequent, or
        if a small file, of which the sample `is_all`, has exactly the length of a binary file. Otherwise it is text
        with a fault.
        """
        if split_line(_LINE_END.split(sample, maxsplit=1)[0], self.vector_size) is not None:
            return False
        num_controls = len(sample) - len(sample.translate(None, _CONTROLS))
        return num_controls * 100 > len(sample) or (is_all and self._ends_as_binary(sample))

    def _ends_as_binary(self, rest: bytes) -> bool:
        source = _Reader(iter([rest]))
        try:
            for _ in range(self.num_words):
                self._skip_word(source)
        except (ValueError, EOFError):
            return False
        return not source.rest(2).strip(b"\r\n")

    def _skip_word(self, source: "_Reader") -> None:
        self._word(source)
        source.take(4 * self.vector_size)

    def _word(self, source: "_Reader") -> bytes:
        """The next word of a binary file. Two spaces are the word " ", since words are not empty."""
        word = source.until(b" ", _LONGEST_WORD).lstrip(
            b"\n"
        )  # word2vec.c ends a vector with one, gensim does not
        if not word and source.rest(1).startswith(b" "):
            return source.take(1)
        return word

    def blocks(self) -> Iterator[tuple[list[str], FloatArray]]:
        """Yield words and their vectors (N, D) float32, in file order; a word that is not UTF-8 has escapes.

        Raises UserError if the number of words differs from the first line, and for a word without D finite numbers.
        """
        self.decoder = WordDecoder(self.location, self.decoder.unit)
        with open_stream(self.location) as stream:
            chunks = iter(partial(stream.read, _CHUNK), b"")
            yield from self._binary_blocks(_Reader(chunks)) if self.is_binary else self._text_blocks(chunks)

    def room_for(self, num_words: int) -> FloatArray:
        """Allocate (num_words, D). Raises UserError if the first line claims more than fits in memory."""
        try:
            return np.empty((num_words, self.vector_size), np.float32)
        except MemoryError:
            raise InputError(
                f"{self.location} has a first line for {self.num_words:,} words of {self.vector_size:,} dimensions, "
                "more than fits in memory; correct the first line, or use a larger machine"
            ) from None

    # Text

    def _text_blocks(self, chunks: Iterator[bytes]) -> Iterator[tuple[list[str], FloatArray]]:
        form = LineForm(self.location, self.vector_size, "Correct this line or line 1.")
        line_number = 1  # of the next line
        try:
            for lines in line_blocks(chunks, _LONGEST_WORD + 64 * self.vector_size):
                words = lines if line_number > 1 else lines[1:]
                begin = max(line_number, 2)
                line_number += len(lines)
                room = self.num_words + 2 - begin
                if words[:room]:
                    found, vectors_ND = parse_lines(words[:room], form, begin)
                    yield self.decoder.decode(found, begin), vectors_ND
                if len(words) > room:
                    raise self._count_error(begin + room, "another line")
        except LongLineError as error:
            raise form.error(line_number, Fault(str(error))) from None
        if line_number < self.num_words + 2:
            raise self._count_error(line_number, "the end of the file")

    def _count_error(self, line_number: int, got: str) -> UserError:
        return UserError(
            f"{self.location}, line {line_number:,}: expected {self.num_words:,} words as line 1 says, got {got}. "
            f"{'Correct the number of words in line 1.' if got == 'another line' else 'Copy the whole file again.'}"
        )

    # Binary

    def _binary_blocks(self, source: "_Reader") -> Iterator[tuple[list[str], FloatArray]]:
        source.take(self._header_bytes)
        for begin in range(0, self.num_words, WORDS_PER_BLOCK):
            yield self._binary_block(source, begin, min(WORDS_PER_BLOCK, self.num_words - begin))
        if source.rest(2).strip(b"\r\n"):
            raise InputError(
                f"{self.location}: expected the end of the file after {self.num_words:,} words, got more bytes. "
                "Correct the words and the dimensions in the first line."
            )

    def _binary_block(self, source: "_Reader", begin: int, length: int) -> tuple[list[str], FloatArray]:
        words: list[bytes] = []
        vectors_ND = self.room_for(length)
        num_bytes = 4 * self.vector_size
        for position in range(length):
            try:
                word = self._word(source)
                vectors_ND[position] = np.frombuffer(source.take(num_bytes), "<f4")
            except (ValueError, EOFError) as error:
                raise InputError(
                    f"{self.location}: word {begin + position + 1:,} of {self.num_words:,} is not a word and "
                    f"{self.vector_size} numbers in float32 ({error}). Copy the whole file again."
                ) from None
            words.append(word)
        found = self.decoder.decode(words, begin + 1)
        finite_N = np.isfinite(vectors_ND).all(axis=1)
        if not finite_N.all():
            position = int(finite_N.argmin())
            raise InputError(
                f"{self.location}, word {begin + position + 1:,}: the vector of {found[position]!r} is not finite in "
                "float32. Correct the vector, or train again with a smaller alpha."
            )
        return found, vectors_ND


class _Reader:
    """A reader of bytes up to a mark, or of a number of bytes."""

    def __init__(self, chunks: Iterator[bytes]) -> None:
        self._chunks = chunks
        self._bytes = b""
        self._position = 0

    def until(self, mark: bytes, longest: int) -> bytes:
        """Return the bytes before `mark`, and skip it. Raises EOFError without a mark, ValueError beyond `longest`."""
        searched = self._position
        while (found := self._bytes.find(mark, searched)) < 0:
            searched = len(self._bytes) - self._position
            if searched > longest:
                raise ValueError(f"no {mark!r} within {longest:,} bytes")
            if not self._more():
                raise EOFError("the file ends here")
        taken = self._bytes[self._position : found]
        self._position = found + len(mark)
        return taken

    def take(self, length: int) -> bytes:
        """Return the next `length` bytes. Raises EOFError if there are fewer."""
        while len(self._bytes) - self._position < length:
            if not self._more():
                raise EOFError("the file ends here")
        taken = self._bytes[self._position : self._position + length]
        self._position += length
        return taken

    def rest(self, length: int) -> bytes:
        """Return the rest of the buffer, filled up to `length` bytes if there are as many."""
        while len(self._bytes) - self._position < length and self._more():
            pass
        return self._bytes[self._position :]

    def _more(self) -> bool:
        chunk = next(self._chunks, b"")
        self._bytes, self._position = self._bytes[self._position :] + chunk, 0
        return bool(chunk)

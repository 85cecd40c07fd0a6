"""Files of word vectors as word2vec.c writes them and gensim, fastText and many others read and write.

    text      a line "words dimensions", then a line a word: the word and its numbers, between spaces
    binary    the same first line, then for each word its bytes, a space and its numbers as float32

Either may be compressed (.gz, .bz2, .zst). N: words of a block, D: dimensions.
"""

import os
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import pyarrow as pa

from w2v_core.errors import InputError
from w2v_core.io.filesystem import Location, open_folder
from w2v_core.types import FloatArray

WORDS_PER_BLOCK = 20_000
_CHUNK = 1 << 20
_LONGEST_HEADER = 100
_LONGEST_WORD = 1 << 20
_LARGEST_VECTOR = 1 << 20  # numbers; a line of more is no line of a word
_LARGEST_TABLE = 1 << 50  # bytes; a first line that tells of more is no header of a file that exists
BYTE_ORDER_MARK = b"\xef\xbb\xbf"


class Word2VecFile:
    """A file of word vectors. `num_words` and `vector_size` are what its first line says.

    UserError where the file is missing or does not begin with such a line.
    """

    def __init__(self, location: Location) -> None:
        self.location = location = os.fspath(location)
        with _told(location), self._stream() as stream:
            start = _Reader(stream)
            header = b""
            try:
                header = start.until(b"\n", _LONGEST_HEADER)
                sizes = header.removeprefix(BYTE_ORDER_MARK).split()
                self.num_words, self.vector_size = (int(number) for number in sizes)
            except (ValueError, EOFError):
                raise InputError(
                    f"{location} is no word2vec file: it begins with {header[:40]!r} where that has two numbers, "
                    'words and dimensions (a GloVe file lacks this line: add "WORDS DIMENSIONS" as its first)'
                ) from None
            if not self._is_likely:
                raise InputError(
                    f"{location} says that it holds {self.num_words} words of {self.vector_size} dimensions; is its "
                    "first line damaged?"
                )
            self._header_bytes = len(header) + 1
            self.is_binary = self.num_words > 0 and not self._is_text(start)

    @property
    def _is_likely(self) -> bool:
        if not (self.num_words >= 0 and 1 <= self.vector_size <= _LARGEST_VECTOR):
            return False
        return 4 * self.num_words * self.vector_size <= _LARGEST_TABLE

    def blocks(self) -> Iterator[tuple[list[str], FloatArray]]:
        """Words and their vectors (N, D) float32, in the file's order; a word that is not UTF-8 has U+FFFD for it.

        UserError where the file ends too early, and for a word whose numbers are not D finite ones.
        """
        read = self._binary_vector if self.is_binary else self._text_vector
        with _told(self.location), self._stream() as stream:
            source = _Reader(stream)
            source.take(self._header_bytes)
            for begin in range(0, self.num_words, WORDS_PER_BLOCK):
                yield self._block(source, read, begin, min(WORDS_PER_BLOCK, self.num_words - begin))

    def room_for(self, num_words: int) -> FloatArray:
        """Vectors to fill, (num_words, D). UserError where the first line claims more than the memory here."""
        try:
            return np.empty((num_words, self.vector_size), np.float32)
        except MemoryError:
            raise InputError(
                f"{self.location} says that it holds {self.num_words:,} words of {self.vector_size:,} dimensions, "
                "which is more than the memory here; is its first line damaged?"
            ) from None

    def _block(
        self, source: "_Reader", read: "Callable[[_Reader], tuple[bytes, Any]]", begin: int, length: int
    ) -> tuple[list[str], FloatArray]:
        words: list[str] = []
        vectors_ND = self.room_for(length)
        for place in range(length):
            try:
                word, vectors_ND[place] = read(source)
            except (ValueError, EOFError) as error:
                raise InputError(
                    f"{self.location}: word {begin + place + 1:,} of {self.num_words:,} is not a word and "
                    f"{self.vector_size} numbers ({error}); was the file cut short?"
                ) from None
            if not self.is_binary and ends_in_number(word):
                raise InputError(
                    f"{self.location}, line {begin + place + 2:,}: {word[-80:]!r} is no word, as it ends in a number; "
                    f"are there more numbers on a line than the {self.vector_size} that the first line says?"
                )
            words.append(word.decode("utf-8", errors="replace"))
        finite_N = np.isfinite(vectors_ND).all(axis=1)
        if not finite_N.all():
            raise InputError(
                f"{self.location}: the vector of {words[int(finite_N.argmin())]!r} is not finite in float32"
            )
        return words, vectors_ND

    def _text_vector(self, source: "_Reader") -> tuple[bytes, Any]:
        line = source.until(b"\n", _LONGEST_WORD + 64 * self.vector_size, or_end=True)
        return self._parse(line)

    def _parse(self, line: bytes) -> tuple[bytes, Any]:
        word, *numbers = line.rstrip(b" \r").rsplit(b" ", self.vector_size)
        if len(numbers) != self.vector_size:
            raise ValueError(f"{len(numbers)} numbers after the word")
        with np.errstate(over="ignore"):  # told as not finite
            return word, np.array(numbers).astype(np.float32)

    def _binary_vector(self, source: "_Reader") -> tuple[bytes, Any]:
        word = source.until(b" ", _LONGEST_WORD)
        # word2vec.c ends a vector with a line feed, gensim does not
        return word.lstrip(b"\n"), np.frombuffer(source.take(4 * self.vector_size), "<f4")

    def _is_text(self, start: "_Reader") -> bool:
        """Whether the first word's line parses as text; 4 * D bytes of float32 hardly do."""
        try:
            self._parse(start.until(b"\n", _LONGEST_WORD + 64 * self.vector_size, or_end=True))
        except (ValueError, EOFError):
            return False
        return True

    def _stream(self) -> pa.NativeFile:
        file = open_folder(self.location)
        return file.filesystem.open_input_stream(file.path, compression="detect")


_ENDS_IN_NUMBER = re.compile(rb" [-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?$")


def ends_in_number(word: bytes) -> bool:
    """Whether a number stands behind a space at the end of what should be a word: one of a vector of another length."""
    return b" " in word and _ENDS_IN_NUMBER.search(word) is not None


@contextmanager
def _told(location: str) -> Iterator[None]:
    """What a file system says of a file that cannot be read, as a UserError."""
    try:
        yield
    except FileNotFoundError:
        raise InputError(f"{location} does not exist") from None
    except (pa.ArrowException, OSError) as error:
        raise InputError(f"{location} cannot be read: {error}") from None


class _Reader:
    """Bytes up to a mark, or so many of them."""

    def __init__(self, stream: pa.NativeFile) -> None:
        self._stream = stream
        self._bytes = b""
        self._place = 0

    def until(self, mark: bytes, longest: int, or_end: bool = False) -> bytes:
        """The bytes before `mark`, which is passed over. EOFError without one, ValueError beyond `longest`."""
        searched = self._place
        while (found := self._bytes.find(mark, searched)) < 0:
            searched = len(self._bytes) - self._place
            if searched > longest:
                raise ValueError(f"no {mark!r} within {longest:,} bytes")
            if not self._more():
                if or_end and self._place < len(self._bytes):
                    return self.take(len(self._bytes) - self._place)
                raise EOFError("the file ends here")
        taken = self._bytes[self._place : found]
        self._place = found + len(mark)
        return taken

    def take(self, length: int) -> bytes:
        """The next `length` bytes. EOFError where there are fewer."""
        while len(self._bytes) - self._place < length:
            if not self._more():
                raise EOFError("the file ends here")
        taken = self._bytes[self._place : self._place + length]
        self._place += length
        return taken

    def _more(self) -> bool:
        chunk = self._stream.read(_CHUNK)
        self._bytes, self._place = self._bytes[self._place :] + chunk, 0
        return bool(chunk)

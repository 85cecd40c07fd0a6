"""Words of vector files as text. Bytes that are not UTF-8 become escapes, which keep words distinct.

Deeplearning4j writes each word in base64 behind "B64:"; in a text file whose first word is of this form, such words are
decoded.
"""

import base64
import binascii
from collections.abc import Sequence

from w2v_core.io.events import log_event
from w2v_core.vectors.formats.vector_faults import count_of

BASE64_MARK = b"B64:"


class WordDecoder:
    """Decodes the words of one file. `num_escaped` counts the words that are not UTF-8.

    Parameters
    ----------
    location : str
        The file, for the warning.
    unit : str
        The unit of a position: "line" or "word".
    """

    def __init__(self, location: str, unit: str) -> None:
        self.num_escaped = 0
        self._location, self.unit = location, unit
        self._first = ""
        self._is_base64: bool | None = None if unit == "line" else False

    def decode(self, words: Sequence[bytes], first_position: int) -> list[str]:
        r"""Return the words as text, where b"caf\xe9" is the word "caf\\xe9". `first_position` is that of the first."""
        if self._is_base64 is None and words:
            self._is_base64 = _from_base64(words[0]) != words[0]
        if self._is_base64:
            words = list(map(_from_base64, words))
        try:
            return [word.decode() for word in words]
        except UnicodeDecodeError:
            return [self._escaped(word, position) for position, word in enumerate(words, first_position)]

    def _escaped(self, word: bytes, position: int) -> str:
        text = word.decode("utf-8", "backslashreplace")
        if "\\" in text and text.encode() != word:
            if not self.num_escaped:
                self._first = f"'{text[:80]}' in {self.unit} {position:,}"
            self.num_escaped += 1
        return text

    def log(self) -> None:
        """Log one warning if words were escaped."""
        if self.num_escaped:
            words = "1 word is" if self.num_escaped == 1 else f"{self.num_escaped:,} words are"
            log_event(
                f"{self._location}: {words} not in UTF-8, the first is {self._first}. Convert the words with iconv, "
                "else look them up with these escapes.",
                level="warning",
            )


def _from_base64(word: bytes) -> bytes:
    """The bytes that a word of Deeplearning4j stands for; other words as they are."""
    if not word.startswith(BASE64_MARK):
        return word
    try:
        return base64.b64decode(word.removeprefix(BASE64_MARK), validate=True) or word
    except binascii.Error:
        return word


def log_repeated(location: str, num_repeated: int, word: str) -> None:
    """Log one warning if rows were skipped because their word is repeated."""
    if num_repeated:
        log_event(
            f"{location}: left out {count_of(num_repeated, 'row')} whose word occurs in an earlier row, such as "
            f"{word!r}. Remove one of both rows.",
            level="warning",
        )

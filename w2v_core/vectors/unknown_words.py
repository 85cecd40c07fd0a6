"""The error for a word without a vector, and the words that its message suggests."""

import difflib
import unicodedata
from collections.abc import Sequence

from w2v_core.errors import UserError

SPELLING_CANDIDATES = 100_000
"""The number of most frequent words that are compared with an unknown word (0.2 s)."""


class UnknownWordError(KeyError, UserError):
    """A word without a vector. The message suggests other forms or the nearest spellings, searched only when it is
    read.
    """

    def __init__(self, word: str, known: Sequence[str]):
        super().__init__(word)
        self.word = word
        self.known = known

    def __str__(self) -> str:
        if not self.word:
            return "word '' is empty: expected a word of the vocabulary. Give at least one character."
        return f"word {self.word!r} is not in the vocabulary; {self._hint()}"

    def _hint(self) -> str:
        candidates = self.known[:SPELLING_CANDIDATES]
        if (form := _form_among(self.word, frozenset(candidates))) is not None:
            return f"did you mean {form!r}? The vocabulary spells it in another case or Unicode form."
        near = nearest_spellings(self.word, candidates)
        if near:
            return f"did you mean {', '.join(map(repr, near))}?"
        return "none of its words is spelled like it. Ask for another word."


def nearest_spellings(word: str, known: Sequence[str], count: int = 3) -> list[str]:
    """Return up to `count` known words with the spelling nearest to `word`, by difflib's ratio, best first.

    Compared in decomposed form, so that two Hangul syllables may differ by one letter.
    """
    known_by_letters = {unicodedata.normalize("NFD", token): token for token in known}
    near = difflib.get_close_matches(unicodedata.normalize("NFD", word), known_by_letters, count)
    return [known_by_letters[letters] for letters in near]


def _form_among(word: str, known: frozenset[str]) -> str | None:
    """Return the known word that differs from `word` only in case or Unicode form."""
    forms = (unicodedata.normalize(form, word) for form in ("NFC", "NFKC", "NFD"))
    return next((other for form in forms for other in (form, form.lower()) if other in known), None)

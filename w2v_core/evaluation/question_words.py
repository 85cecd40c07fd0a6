"""Which row of the vocabulary a word of an evaluation set names."""

import unicodedata
from collections.abc import Iterable
from functools import cached_property

from w2v_core.tokenization.normalize import Rules
from w2v_core.vectors.word_ids import first_ids

UNKNOWN = -1


class QuestionWords:
    """Look words up as they are given, then as the corpus was normalized, then in another Unicode form.

    Parameters
    ----------
    tokens : iterable of str
        The vocabulary, the most frequent word first.
    rules : Rules or None
        How the corpus was normalized, where that is recorded.
    case_insensitive : bool
        Whether words and vocabulary are compared in lower case.
    other_forms : set of str, optional
        Words that were found, but not as given, are added to it.
    """

    def __init__(
        self,
        tokens: Iterable[str],
        rules: Rules | None,
        case_insensitive: bool,
        other_forms: set[str] | None = None,
    ) -> None:
        self._rules = rules
        self._case_insensitive = case_insensitive
        self.ranks = first_ids(map(self._folded, tokens))
        """The place of the first token of every spelling, in order of place."""
        self._other_forms = set() if other_forms is None else other_forms

    def _folded(self, word: str) -> str:
        return word.lower() if self._case_insensitive else word

    @cached_property
    def _row_by_spelling(self) -> dict[str, int]:
        return {spelling: row for row, spelling in enumerate(self.ranks)}

    @cached_property
    def _row_by_canonical(self) -> dict[str, int]:
        return first_ids(unicodedata.normalize("NFC", spelling) for spelling in self.ranks)

    def row(self, word: str) -> int:
        """Return the place among `ranks` of the spelling that the word names, UNKNOWN for none."""
        row = self._row_by_spelling.get(self._folded(word), UNKNOWN)
        if row != UNKNOWN:
            return row
        row = self._row_in_other_form(word)
        if row != UNKNOWN:
            self._other_forms.add(word)
        return row

    def _row_in_other_form(self, word: str) -> int:
        if self._rules is not None:
            row = self._row_by_spelling.get(self._folded(self._rules.apply(word)), UNKNOWN)
            if row != UNKNOWN:
                return row
        if word.isascii():
            return UNKNOWN
        composed = unicodedata.normalize("NFC", self._folded(unicodedata.normalize("NFC", word)))
        return self._row_by_canonical.get(composed, UNKNOWN)

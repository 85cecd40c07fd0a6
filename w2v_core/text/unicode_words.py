"""Words of every script: NFKC, lower case, runs of letters and digits with the marks that belong to them.

A word begins with a letter or a digit and goes on through letters, digits and combining marks, so that the
vowel signs of Hindi and Thai stay in their word. Format characters that are invisible inside a word (soft
hyphen, joiners, variation selectors) are removed, as Unicode Standard Annex 29 does not break there.
Scripts written without spaces come out as the runs between punctuation.
"""

import re
import unicodedata

_LAST_MARK = 0x1FFFF  # beyond it only variation selectors, which are removed
_MARKS = "".join(chr(code) for code in range(_LAST_MARK) if unicodedata.category(chr(code)).startswith("M"))
# In Python's `re`, \w is every letter and number of Unicode, and the underscore, which `tokenize` removes.
_WORD = re.compile(rf"\w[\w{_MARKS}]*")
_IGNORABLE = re.compile("[\u00ad\u200c\u200d\u2060\ufeff\ufe00-\ufe0f\U000e0100-\U000e01ef]")


def tokenize(line: str) -> list[str]:
    """The words of `line`, in order, normalised."""
    if not line.isascii():
        line = unicodedata.normalize("NFKC", _IGNORABLE.sub("", line))
    return _WORD.findall(line.lower().replace("_", " "))

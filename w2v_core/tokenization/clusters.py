"""Grapheme clusters: a letter with its marks, a joined emoji, a flag.

Close to the extended grapheme clusters of Unicode Standard Annex 29, from the tables that Python has.
"""

import re
import unicodedata
from functools import cache

from w2v_core.readers.utf8 import every_character
from w2v_core.tokenization.joiners import JOINER, NON_JOINER

# Hangul vowels and finals, SARA AM of Thai and Lao, skin tones, and the letters of a flag's region.
_FOLLOWING = f"\u1160-\u11ff\u0e33\u0eb3{NON_JOINER}\U0001f3fb-\U0001f3ff\U000e0020-\U000e007f"
_REGION = "[\U0001f1e6-\U0001f1ff]"


def clusters(word: str) -> list[str]:
    """Cut a word into its clusters, in order. A character that nothing extends is one."""
    one, extending = _patterns()
    return list(word) if word.isascii() or not extending.search(word) else one.findall(word)


@cache
def _patterns() -> tuple[re.Pattern[str], re.Pattern[str]]:
    """Return two patterns: of a cluster, and of a character that may extend a cluster."""
    marks = "".join(c for c in every_character() if unicodedata.category(c).startswith("M"))
    follows = f"[{re.escape(marks)}{_FOLLOWING}]"
    one = rf"(?:{_REGION}{{2}}|.)(?:{follows}|{JOINER}.?)*"
    return re.compile(one, re.DOTALL), re.compile(f"{follows}|{JOINER}|{_REGION}")

"""Text of unknown origin, as people may see it."""

import re

LONGEST_WORD = 120
LONGEST_TEXT = 4000
"""Characters that are shown: a token or a setting may be a megabyte."""

# Control characters, line separators of every kind, lone surrogates, and what turns the direction of a line.
_ACTS = re.compile(
    "[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufffe\uffff]"
)


def escape_control_chars(text: str, longest: int = LONGEST_TEXT) -> str:
    """`text` with characters that act on a page or a line as escapes, cut after `longest` characters."""
    cut = text if len(text) <= longest else text[:longest] + "…"
    return _ACTS.sub(lambda found: found.group().encode("unicode_escape", "surrogatepass").decode(), cut)

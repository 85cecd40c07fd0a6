"""Lower case that is the same for a word alone and inside a line.

Two of Unicode's rules need care. The Greek capital sigma becomes ς at the end of a word, but Unicode looks across
apostrophes and full stops for that end. The Turkish capital İ becomes i and a combining dot, which is rarely written.
"""

import re

_BETWEEN_WORDS = re.compile(r"([^\w\u0300-\u036f\u1ab0-\u1aff\u1dc0-\u1dff]+)")

SIGMA, DOT_ABOVE = "\u03a3", "\u0307"
_DOTTED = re.compile(f"i{DOT_ABOVE}+")


def lower_case(line: str) -> str:
    """Return the line in lower case: İ and I are i, Σ is ς at the end of a run of letters and σ elsewhere."""
    lowered = "".join(map(str.lower, _BETWEEN_WORDS.split(line))) if SIGMA in line else line.lower()
    return _DOTTED.sub("i", lowered) if DOT_ABOVE in lowered else lowered

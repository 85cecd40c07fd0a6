"""Invisible format characters inside a word: which of them belong to its spelling.

Soft hyphens, byte order marks and variation selectors never do. The zero-width joiner and non-joiner do in the contexts
of Unicode Standard Annex 31, section 2.3: the non-joiner between letters of a script that joins them (Persian می‌خواهم),
either of them beside a virama (Sinhala ශ්‍රී, Bengali র‍্যাব), and the joiner between the parts of an emoji.
"""

import re
import unicodedata
from collections.abc import Iterable

NON_JOINER, JOINER = "\u200c", "\u200d"
IGNORABLE = "\u00ad\u200c\u200d\u2060\ufeff\ufe00-\ufe0f\U000e0100-\U000e01ef"
"""Unicode Standard Annex 29 does not break a word at these. A regular expression's set."""

_RUN = re.compile(f"[{IGNORABLE}]+")
_NEAR = 64  # characters on either side that are looked at
_VIRAMA_CLASS = 9
_EMOJI = range(0x1F000, 0x1FB00)  # also those that this Python does not know yet
# Arabic with its extensions, Syriac, N'Ko, Mandaic, Mongolian, Phags-pa, Manichaean, Hanifi Rohingya, Adlam.
_JOINING = re.compile(
    "[\u0620\u0622-\u063f\u0640-\u064a\u066e-\u0673\u0675-\u06d3\u06d5\u06ee\u06ef\u06fa-\u06fc\u06ff\u0710-\u074f"
    "\u0750-\u077f\u07ca-\u07ea\u0840-\u0858\u0860-\u0887\u0889-\u088e\u08a0-\u08ac\u08ae-\u08c9\u1807\u1820-\u18aa"
    "\ua840-\ua872\U00010ac0-\U00010ae4\U00010d00-\U00010d23\U0001e900-\U0001e943]"
)
# Arabic letters that do not join the next one, as alef and dal: a non-joiner after them changes nothing.
_ENDS_JOIN = re.compile(
    "[\u0622-\u0625\u0627\u0629\u062f-\u0632\u0648\u0671-\u0673\u0675-\u0677\u0688-\u0699\u06c0\u06c3-\u06cb\u06cd\u06cf"
    "\u06d2\u06d3\u06d5\u06ee\u06ef\u0759-\u075b\u076b\u076c\u0771\u0773\u0774\u0778\u0779\u0870-\u0882\u088e"
    "\u08aa-\u08ac\u08ae\u08b1\u08b2\u08b9]"
)


def remove_ignorable(line: str) -> str:
    """Remove the characters of IGNORABLE, but for joiners that matter."""
    return _RUN.sub(_kept_joiners, line)


def _kept_joiners(run: re.Match[str]) -> str:
    """Return the first joiner of the run that belongs to the spelling, else an empty text."""
    if NON_JOINER not in run[0] and JOINER not in run[0]:
        return ""
    begin, end = run.span()
    before, after = run.string[max(0, begin - _NEAR) : begin], run.string[end : end + _NEAR]
    return next((c for c in run[0] if c in (NON_JOINER, JOINER) and _matters(c, before, after)), "")


def _matters(joiner: str, before: str, after: str) -> bool:
    last, first = before[-1:], after[:1]
    if _is_virama(last) and _is_kind(before[-2:-1], "LM"):
        return _is_kind(first, "L") if joiner == NON_JOINER else not _is_kind(first, "M")
    if _is_virama(first):
        return _is_kind(last, "LM")
    if joiner == JOINER:
        return _is_pictograph(last) and _is_pictograph(first)
    left, right = _skip_marks(reversed(before)), _skip_marks(after)
    return bool(_JOINING.match(left) and not _ENDS_JOIN.match(left) and _JOINING.match(right))


def _is_virama(character: str) -> bool:
    return bool(character) and unicodedata.combining(character) == _VIRAMA_CLASS


def _is_kind(character: str, kinds: str) -> bool:
    return bool(character) and unicodedata.category(character)[0] in kinds


def _is_pictograph(character: str) -> bool:
    """Return whether it is a symbol, as in a joined emoji."""
    return bool(character) and (unicodedata.category(character)[0] == "S" or ord(character) in _EMOJI)


def _skip_marks(characters: Iterable[str]) -> str:
    """Return the first character that is not a combining mark."""
    return next((c for c in characters if unicodedata.category(c)[0] != "M"), "")

"""NFC and NFKC for words: letters stay as the keyboards of their language write them.

NFKC decomposes some letters into sequences that nobody writes. The letters of KEPT stay unchanged. All other
compatibility characters fold as in Unicode: full-width and half-width forms, ligatures, presentation forms.
"""

import re
import unicodedata

from w2v_core.errors import UserError
from w2v_core.tokenization.joiners import remove_ignorable

KEPT = {
    "Korean": ("\u3131-\u318e", "single letters, as in ㅋㅋ: NFKC makes syllables that nobody wrote"),
    "Thai": ("\u0e33", "SARA AM, as in น้ำ"),
    "Lao": ("\u0eb3\u0edc\u0edd", "AM, HO NO and HO MO, as in ນ້ຳ, ໜ and ໝ"),
    "Armenian": ("\u0587", "ECH YIWN, a letter of its own: և"),
}
"""By script, the letters that NFKC would take apart, as a regular expression's set, and why they stay."""

_KEPT = re.compile(f"([{''.join(letters for letters, _ in KEPT.values())}])")

_HANGUL_LETTERS = {
    unicodedata.decomposition(chr(code)).split()[1]: chr(code) for code in range(0x3131, 0x318F)
}
_FRAMED_HANGUL = {
    chr(code): "".join(
        _HANGUL_LETTERS.get(part, chr(int(part, 16)))
        for part in unicodedata.decomposition(chr(code)).split()[1:]
    )
    for code in (*range(0x3200, 0x320E), *range(0x3260, 0x326E), *range(0xFFA0, 0xFFDD))
    if unicodedata.decomposition(chr(code))
}
"""What parenthesized, circled and half-width letters hold: the letter that a keyboard writes."""
_FRAMED = re.compile(f"[{''.join(_FRAMED_HANGUL)}]")

NIKHAHITS = "\u0e4d\u0ecd"
"""The first half of SARA AM where it is spelled as two characters, in Thai and in Lao."""
_TONES = ("[\u0e48-\u0e4b]*", "[\u0ec8-\u0ecb]*")
_SPELLINGS_OF_AM = [
    (am, re.compile(f"(?:{first}({tones}){second}|{am})({tones})"))
    for am, first, second, tones in zip("\u0e33\u0eb3", NIKHAHITS, "\u0e32\u0eb2", _TONES, strict=True)
]


def normal_form(line: str, form: str) -> str:
    """Return the line in NFC or NFKC, with the letters of KEPT and without invisible format characters."""
    if form not in ("NFC", "NFKC"):
        raise UserError(f"form = {form!r}: expected 'NFC' or 'NFKC'")
    line = remove_ignorable(line)
    line = unicodedata.normalize("NFC", line) if form == "NFC" else _nfkc(line)
    for am, spellings in _SPELLINGS_OF_AM:
        line = spellings.sub(rf"\1\2{am}", line)  # the tone mark is typed first
    return line


def _nfkc(line: str) -> str:
    line = _FRAMED.sub(lambda found: _FRAMED_HANGUL[found[0]], line)
    parts = _KEPT.split(line)
    parts[::2] = (unicodedata.normalize("NFKC", part) for part in parts[::2])
    return "".join(parts)

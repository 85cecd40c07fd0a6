"""The default tokenizer as a few lines on strings: what the one on arrays is held against."""

import re
import unicodedata

from w2v_core.tokenization.normalize import Rules

MARKS = "".join(chr(code) for code in range(0x1FFFF) if unicodedata.category(chr(code)).startswith("M"))
WORD = re.compile(rf"\w[\w{MARKS}\u200c\u200d]*")
SPELLING = Rules(form="NFKC", lower=True)


def words_of(line: str) -> list[str]:
    return WORD.findall(SPELLING.apply(line).replace("_", " "))

"""The default tokenizer as a few lines on strings: what the one on arrays is held against."""

import re
import unicodedata

MARKS = "".join(chr(code) for code in range(0x1FFFF) if unicodedata.category(chr(code)).startswith("M"))
WORD = re.compile(rf"\w[\w{MARKS}]*")
IGNORABLE = re.compile("[\u00ad\u200c\u200d\u2060\ufeff\ufe00-\ufe0f\U000e0100-\U000e01ef]")


def words_of(line: str) -> list[str]:
    line = unicodedata.normalize("NFKC", IGNORABLE.sub("", line))
    return WORD.findall(line.lower().replace("_", " "))

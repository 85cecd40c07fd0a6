"""WikiExtractor's output: lines around an article, which are no text, and entities in the text.

Entities are decoded in files whose first line is `<doc id=… url=… title=…>`, since only there they are markup.
"""

import re
from collections.abc import Iterable, Iterator

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from w2v_core.readers.lines import open_split
from w2v_core.readers.splits import Split

_ENTITIES = {
    "&lt;": "<",
    "&gt;": ">",
    "&quot;": '"',
    "&#39;": "'",
    "&nbsp;": "\xa0",
    "&amp;": "&",  # last, so that &amp;lt; becomes &lt;
}
_FIRST_LINE = re.compile(r"<doc id=.* url=.* title=.*>\s*")
_LONGEST_FIRST_LINE = 4000
_START_BYTES = 4096
_LINE_END = re.compile(rb"[\r\n]")


def text_lines(
    split: Split, blocks: Iterable[pa.StringArray]
) -> Iterator[tuple[pa.StringArray, pa.BooleanArray]]:
    """Yield the lines of a split's `blocks`, with entities decoded in WikiExtractor's files, and which are no text."""
    is_wiki: bool | None = None
    for lines in blocks:
        is_doc = doc_lines(lines)
        if is_wiki is None and len(lines):
            is_wiki = _is_first_line(lines[0].as_py()) if split.begin == 0 else _begins_with_article(split)
        yield decode_entities(lines) if is_wiki else lines, is_doc


def decode_entities(lines: pa.StringArray) -> pa.StringArray:
    """Return the lines with the characters that WikiExtractor's entities stand for."""
    has_any = pc.match_substring(lines, "&")
    decoded = lines.filter(has_any)
    if len(decoded) == 0:
        return lines
    for entity, character in _ENTITIES.items():
        decoded = pc.replace_substring(decoded, entity, character)
    return pc.replace_with_mask(lines, has_any, decoded)


def _is_first_line(line: str) -> bool:
    return len(line) <= _LONGEST_FIRST_LINE and _FIRST_LINE.fullmatch(line) is not None


def _begins_with_article(split: Split) -> bool:
    """Whether the split's file begins with an article. False where it cannot be read, which its reader reports."""
    try:
        with open_split(split) as stream:
            start = bytes(stream.read(_START_BYTES))
    except OSError:
        return False
    line = _LINE_END.split(start.removeprefix(b"\xef\xbb\xbf"), maxsplit=1)[0]
    return _is_first_line(line.decode(errors="replace"))


def doc_lines(lines: pa.StringArray) -> pa.BooleanArray:
    """Return whether each line opens or closes an article."""
    perhaps = pc.match_substring(lines, "<doc ").to_numpy(zero_copy_only=False)
    perhaps |= pc.match_substring(lines, "</doc>").to_numpy(zero_copy_only=False)
    is_doc = np.zeros(len(lines), bool)
    is_doc[perhaps] = [is_doc_line(line) for line in lines.filter(pa.array(perhaps)).to_pylist()]
    return pa.array(is_doc)


def is_doc_line(line: str) -> bool:
    """Return whether `line` opens or closes an article: `<doc id=… url=… title=…>` or `</doc>`."""
    bare = line.strip()
    return bare == "</doc>" or (bare.startswith("<doc ") and bare.endswith(">"))

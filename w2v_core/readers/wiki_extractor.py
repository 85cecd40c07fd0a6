"""The lines that WikiExtractor writes around an article, which are not text."""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc


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

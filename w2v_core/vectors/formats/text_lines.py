"""Lines of words and numbers."""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from w2v_core.types import Float32Array
from w2v_core.vectors.formats.vector_faults import NUMBER

UNFIT = rf"^$|[ \n\r]|\t{NUMBER.pattern.decode()}$"
"""Words that no line between spaces can hold: the empty word, those with a space, a line feed or a carriage return, and
those that end in a tab and a number, which readers may take for a first number.

gensim cuts a line at every space and the file at line feeds; spaCy opens the file as Python's text, where a carriage
return ends a line too. Neither cuts at other white space (tab, U+00A0, U+0085, U+2028).
"""


def numbers_between(vectors_ND: Float32Array, mark: str) -> pa.StringArray:
    """Return the numbers of each row joined by `mark`, (N,), as the shortest decimals that are the same float32.

    Integers end in ".0", since a first line of two integers would be read as a header.
    """
    numbers = pa.array(vectors_ND.ravel()).cast(pa.string())
    is_integer = np.trunc(vectors_ND) == vectors_ND
    if is_integer.any():
        plain = pc.and_(pa.array(is_integer.ravel()), pc.invert(pc.match_substring(numbers, "e")))
        numbers = pc.if_else(plain, pc.binary_join_element_wise(numbers, "0", "."), numbers)
    begins = np.arange(0, vectors_ND.size + 1, vectors_ND.shape[1], dtype=np.int32)
    return pc.binary_join(pa.ListArray.from_arrays(pa.array(begins), numbers), mark)


def lines(*columns: pa.Array, mark: str = " ") -> bytes:
    """Return the columns as lines, with `mark` between fields and a line feed after each line."""
    texts = pc.binary_join_element_wise(*columns, mark)
    ended = pc.binary_join_element_wise(texts, "", "\n").cast(pa.large_string())
    begin_and_ends = np.frombuffer(ended.buffers()[1], np.int64)[: len(ended) + 1]
    return memoryview(ended.buffers()[2])[: begin_and_ends[-1]].tobytes() if len(ended) else b""

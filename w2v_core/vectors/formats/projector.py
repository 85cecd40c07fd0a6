"""TensorFlow's Embedding Projector: `vectors.tsv`, a word's numbers a line, and `metadata.tsv`, its token and count.

Both are read by cutting at line feeds and tabs; nothing is quoted or escaped.
"""

from collections.abc import Sequence

import pyarrow as pa

from w2v_core.vectors.formats.table import ExportSelection
from w2v_core.vectors.formats.text_lines import lines, numbers_between

NAMES = ("vectors.tsv", "metadata.tsv")

UNFIT = "^$|[\\t\\n\\r]"
"""Words that a cell cannot hold."""


def write(chosen: ExportSelection, streams: Sequence[pa.NativeFile]) -> None:
    """Write both files; metadata of two columns requires a first line with their names."""
    vectors, metadata = streams
    metadata.write(b"token\tcount\n")
    for block in chosen.blocks():
        vectors.write(lines(numbers_between(block.vectors, "\t")))
        metadata.write(lines(block.tokens, pa.array(block.counts).cast(pa.string()), mark="\t"))

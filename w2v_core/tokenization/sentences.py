"""A line to sentences: a window never reaches from one into the next. L: lines, S: sentences."""

import re

import numpy as np
import numpy.typing as npt
import pyarrow as pa


def split_sentences(
    lines: pa.StringArray, boundary: re.Pattern[str]
) -> tuple[pa.StringArray, npt.NDArray[np.int64]]:
    """The sentences (S,) between what `boundary` finds in each line, and the line (S,) of each.

    A line without a boundary is one sentence; an empty piece is none.
    """
    pieces, line_S = [], []
    for number, line in enumerate(lines.to_pylist()):
        for piece in cut(line, boundary):
            pieces.append(piece)
            line_S.append(number)
    return pa.array(pieces, pa.string()), np.array(line_S, np.int64)


def cut(line: str, boundary: re.Pattern[str]) -> list[str]:
    """The pieces of a line between boundaries, without empty ones."""
    begins, ends = [0], []
    for found in boundary.finditer(line):
        ends.append(found.start())
        begins.append(found.end())
    pieces = (line[begin:end] for begin, end in zip(begins, [*ends, len(line)], strict=True))
    return [piece for piece in pieces if piece]

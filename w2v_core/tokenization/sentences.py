"""Sentences of a line. Context windows do not cross the boundary of a sentence."""

import re

import numpy as np
import numpy.typing as npt
import pyarrow as pa


def split_sentences(
    lines: pa.StringArray, boundary: re.Pattern[str]
) -> tuple[pa.StringArray, npt.NDArray[np.int64]]:
    """Return the sentences (S,) between the matches of `boundary` in each line, and the index of the line (S,) of each.

    A line without a boundary is one sentence; empty pieces are dropped.
    """
    pieces, line_S = [], []
    for number, line in enumerate(lines.to_pylist()):
        for piece in cut(line, boundary):
            pieces.append(piece)
            line_S.append(number)
    return pa.array(pieces, pa.string()), np.array(line_S, np.int64)


def cut(line: str, boundary: re.Pattern[str]) -> list[str]:
    """Return the pieces of a line between boundaries that are not empty."""
    begins, ends = [0], []
    for found in boundary.finditer(line):
        ends.append(found.start())
        begins.append(found.end())
    pieces = (line[begin:end] for begin, end in zip(begins, [*ends, len(line)], strict=True))
    return [piece for piece in pieces if piece]

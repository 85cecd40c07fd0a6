"""The gradient of a table of rows, and the function that applies it.

A batch touches a few rows of a (V, D) table, so its gradient is the ids of those rows and one row of
numbers for each; nothing of the table's size is ever made. An id may repeat, and its rows add up: that is
what the derivative of a sum says, and `table[ids] += rows` gets it wrong (the last one wins).
"""

from typing import NamedTuple

import numpy as np

from w2v_core.reference.scatter_add import scatter_rows
from w2v_core.types import FloatArray, IntArray


class RowGradient(NamedTuple):
    """d loss / d table, as rows: ids (N,) integer, repeats allowed, and rows (N, D) float."""

    ids: IntArray
    rows: FloatArray


def add_rows(table_VD: FloatArray, gradient: RowGradient, scale: float) -> None:
    """table[ids[n]] += scale * rows[n] for every n, in place; repeated ids add up.

    IndexError for an id that is not in [0, V): compiled code would write beside the table.
    """
    num_rows = len(gradient.ids)
    if num_rows and not 0 <= gradient.ids.min() <= gradient.ids.max() < len(table_VD):
        raise IndexError(
            f"ids from {gradient.ids.min()} to {gradient.ids.max()} in a table of {len(table_VD)} rows"
        )
    weights = np.full(num_rows, scale, table_VD.dtype)
    rows = gradient.rows.astype(table_VD.dtype, copy=False)
    scatter_rows(table_VD, gradient.ids.astype(np.int32, copy=False), weights, rows)

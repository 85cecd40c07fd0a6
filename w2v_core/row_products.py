"""Sums of table rows, and sums into table rows: a sparse matrix times a dense one, without a copy of either.

Row b of a batch names some rows of a table, `ids[offsets[b]:offsets[b + 1]]`, each with a weight.

    gather_rows     out_b += sum over p of weight_p * table[id_p]
    scatter_rows    table[id_p] += weight_p * row_b        its transpose; repeated ids add up

Both are one pass of SciPy's compiled sparse product where its private module has it, and SciPy's public
sparse arrays where it has not; a test holds the two equal. B: rows, P: ids in all, V: table, D: dimensions.
"""

import numpy as np
from scipy.sparse import csr_array

from w2v_core.arrays import FloatArray, Int32Array

try:
    from scipy.sparse._sparsetools import csc_matvecs, csr_matvecs
except ImportError:  # pragma: no cover  (the public way is tested by name)
    csc_matvecs = csr_matvecs = None


def gather_rows(
    table_VD: FloatArray,
    ids_P: Int32Array,
    weights_P: FloatArray,
    offsets_B1: Int32Array,
    out_BD: FloatArray,
) -> None:
    """Adds to `out_BD` in place, which is C-contiguous. Ids are in [0, V); everything is of the table's type."""
    if csr_matvecs is None:
        gather_rows_publicly(table_VD, ids_P, weights_P, offsets_B1, out_BD)
        return
    assert out_BD.flags.c_contiguous, "ravel() must not copy what is added to"
    num_rows, (num_words, size) = len(out_BD), table_VD.shape
    csr_matvecs(num_rows, num_words, size, offsets_B1, ids_P, weights_P, table_VD.ravel(), out_BD.ravel())


def scatter_rows(
    table_VD: FloatArray,
    ids_P: Int32Array,
    weights_P: FloatArray,
    offsets_B1: Int32Array,
    rows_BD: FloatArray,
) -> None:
    """Adds to the C-contiguous table in place. Ids are in [0, V); everything is of the table's type."""
    if csc_matvecs is None:
        scatter_rows_publicly(table_VD, ids_P, weights_P, offsets_B1, rows_BD)
        return
    assert table_VD.flags.c_contiguous, "ravel() must not copy what is added to"
    num_rows, (num_words, size) = len(offsets_B1) - 1, table_VD.shape
    csc_matvecs(
        num_words,
        num_rows,
        size,
        offsets_B1,
        ids_P,
        weights_P,
        np.ascontiguousarray(rows_BD).ravel(),
        table_VD.ravel(),
    )


def gather_rows_publicly(
    table_VD: FloatArray,
    ids_P: Int32Array,
    weights_P: FloatArray,
    offsets_B1: Int32Array,
    out_BD: FloatArray,
) -> None:
    """`gather_rows` through `csr_array`."""
    out_BD += csr_array((weights_P, ids_P, offsets_B1), (len(out_BD), len(table_VD))) @ table_VD


def scatter_rows_publicly(
    table_VD: FloatArray,
    ids_P: Int32Array,
    weights_P: FloatArray,
    offsets_B1: Int32Array,
    rows_BD: FloatArray,
) -> None:
    """`scatter_rows` through `csr_array`: only the rows touched are summed."""
    touched, place_P = np.unique(ids_P, return_inverse=True)
    sums = csr_array((weights_P, place_P, offsets_B1), (len(rows_BD), len(touched))).T @ rows_BD
    table_VD[touched] += sums

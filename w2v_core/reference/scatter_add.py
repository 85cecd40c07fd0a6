"""Weighted rows summed into rows of a table: a sparse matrix times a dense one, without a copy of either.

    scatter_rows    table[id_n] += weight_n * row_n        repeated ids add up

It is one pass of SciPy's compiled sparse product where its private module has it, and SciPy's public sparse
arrays where it has not; a test holds the two equal.
"""

import numpy as np
from scipy.sparse import csr_array

from w2v_core.errors import UserError
from w2v_core.types import FloatArray, Int32Array

try:
    from scipy.sparse._sparsetools import csc_matvecs
except ImportError:  # pragma: no cover  (the public way is tested by name)
    csc_matvecs = None


def scatter_rows(table_VD: FloatArray, ids_N: Int32Array, weights_N: FloatArray, rows_ND: FloatArray) -> None:
    """Adds to the C-contiguous table in place. Ids are in [0, V); everything is of the table's type."""
    if csc_matvecs is None:
        scatter_rows_publicly(table_VD, ids_N, weights_N, rows_ND)
        return
    if not table_VD.flags.c_contiguous:  # ravel() would copy it, and the sum would be lost
        raise UserError("table_VD is not C-contiguous; pass np.ascontiguousarray(table_VD)")
    num_words, size = table_VD.shape
    csc_matvecs(
        num_words,
        len(ids_N),
        size,
        np.arange(len(ids_N) + 1, dtype=np.int32),  # each column of the sparse matrix holds one weight
        ids_N,
        weights_N,
        np.ascontiguousarray(rows_ND).ravel(),
        table_VD.ravel(),
    )


def scatter_rows_publicly(
    table_VD: FloatArray, ids_N: Int32Array, weights_N: FloatArray, rows_ND: FloatArray
) -> None:
    """`scatter_rows` through `csr_array`: only the rows touched are summed."""
    touched, position_N = np.unique(ids_N, return_inverse=True)
    each_N1 = np.arange(len(ids_N) + 1)
    table_VD[touched] += csr_array((weights_N, position_N, each_N1), (len(ids_N), len(touched))).T @ rows_ND

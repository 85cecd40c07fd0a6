"""The two tables that training moves. V: words, D: dimensions."""

from typing import NamedTuple

import numpy as np

from w2v_core.arrays import FloatArray
from w2v_core.errors import UserError


class Tables(NamedTuple):
    """input (V, D), the word vectors one wants, and output (V, D), what they are scored against."""

    input_VD: FloatArray
    output_VD: FloatArray


def initial_tables(num_words: int, vector_size: int, rng: np.random.Generator) -> Tables:
    """Input evenly in [-0.5, 0.5) / D, output zero, float32, as in word2vec.c."""
    input_VD = rng.random((num_words, vector_size), np.float32)
    input_VD -= np.float32(0.5)
    input_VD /= np.float32(vector_size)
    return Tables(input_VD, np.zeros((num_words, vector_size), np.float32))


def require_finite(tables: Tables) -> None:
    """UserError where a table holds NaN or infinity. Looks at a block of rows at a time."""
    for table_VD in tables:
        for begin in range(0, len(table_VD), 65_536):
            if not np.isfinite(table_VD[begin : begin + 65_536]).all():
                raise UserError(
                    "training diverged: the vectors are no longer finite; lower train.alpha or train.batch_size"
                )

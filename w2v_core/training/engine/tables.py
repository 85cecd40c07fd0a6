"""The two tables that training moves. V: words, D: dimensions."""

from typing import NamedTuple

import numpy as np

from w2v_core.errors import UserError
from w2v_core.types import FloatArray


class Tables(NamedTuple):
    """input (V, D), the word vectors one wants, and output (V, D), what they are scored against."""

    input: FloatArray
    output: FloatArray


def initial_tables(num_words: int, vector_size: int, rng: np.random.Generator) -> Tables:
    """New float32 tables as `fill_initial` fills them."""
    tables = Tables(*(np.empty((num_words, vector_size), np.float32) for _ in range(2)))
    fill_initial(tables, rng)
    return tables


def fill_initial(tables: Tables, rng: np.random.Generator) -> None:
    """Input evenly in [-0.5, 0.5) / D, output zero, as in word2vec.c; in place, for float32 tables."""
    input_VD, output_VD = tables
    rng.random(dtype=np.float32, out=input_VD)
    input_VD -= np.float32(0.5)
    input_VD /= np.float32(input_VD.shape[1])
    output_VD[:] = 0


def require_finite(tables: Tables) -> None:
    """UserError where a table holds NaN or infinity. Looks at a block of rows at a time."""
    for table_VD in tables:
        for begin in range(0, len(table_VD), 65_536):
            if not np.isfinite(table_VD[begin : begin + 65_536]).all():
                raise UserError(
                    "training diverged: the vectors are no longer finite; lower train.alpha or train.batch_size"
                )

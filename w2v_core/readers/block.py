"""Some rows of the input on their way to tokens."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from w2v_core.types import Float32Array, Int64Array


@dataclass(frozen=True)
class Block:
    """Texts, or lists of tokens that are ready, without null (I,), and where rows have weights these (I,)."""

    values: pa.StringArray | pa.ListArray
    weights: Float32Array | None = None
    documents: Int64Array | None = None
    """where it matters, the place of the document that each comes from"""

    @property
    def is_ready(self) -> bool:
        """Whether the values are lists of tokens."""
        return not pa.types.is_string(self.values.type)

    def of_rows(self, values: pa.StringArray | pa.ListArray, row_I: npt.NDArray[np.int64]) -> "Block":
        """The block of `values`, of which each comes from a row of this one and has its weight and document."""
        weight_I = None if self.weights is None else self.weights[row_I]
        return Block(values, weight_I, None if self.documents is None else self.documents[row_I])

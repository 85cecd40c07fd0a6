"""A block of input rows, before they are tokenized."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from w2v_core.types import Float32Array, Int64Array


@dataclass(frozen=True)
class Block:
    """Texts or token lists without null, (I,), and the weights of the rows, (I,), if they have any."""

    values: pa.StringArray | pa.ListArray
    weights: Float32Array | None = None
    documents: Int64Array | None = None
    """the index of the document that each value comes from, if documents are read"""

    @property
    def is_ready(self) -> bool:
        """Return whether the values are token lists."""
        return not pa.types.is_string(self.values.type)

    def of_rows(self, values: pa.StringArray | pa.ListArray, row_I: npt.NDArray[np.int64]) -> "Block":
        """Return a block of `values`, each with the weight and document of row `row_I` of this block."""
        weight_I = None if self.weights is None else self.weights[row_I]
        return Block(values, weight_I, None if self.documents is None else self.documents[row_I])

"""What a model says of one batch: its loss, and the gradients of its two tables."""

from typing import NamedTuple

from w2v_core.reference.sparse_gradient import RowGradient


class BatchLoss(NamedTuple):
    """Summed over pairs: a pair is one positive word with its negatives. Losses of batches can be added."""

    total: float
    num_pairs: int


class Gradients(NamedTuple):
    """d loss / d in_VD, and d loss / d out_VD."""

    input: RowGradient
    output: RowGradient

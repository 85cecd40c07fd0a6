"""The error of narrower numbers: the change of cosines and of nearest neighbors."""

from dataclasses import dataclass

import numpy as np

from w2v_core.types import Float32Array, Int64Array
from w2v_core.vectors.formats.table import ExportSelection
from w2v_core.vectors.nearest import clip_cosines, row_norms, scale_to_unit, top_k

_ROWS, _QUERIES, _NEAREST = 50_000, 1_000, 10


@dataclass(frozen=True)
class QuantizationReport:
    """The error for a sample of words: the mean cosine of a vector and its written form, and the overlap of its ten
    nearest neighbors before and after.
    """

    words: int
    mean_cosine: float
    neighbor_overlap: float


def measure_quantization(chosen: ExportSelection) -> QuantizationReport:
    """Return the error for 1,000 words drawn from the 50,000 most frequent, among which neighbors are searched."""
    rows_ND = chosen.table.vectors[chosen.ids[:_ROWS]]
    narrow_ND = rows_ND.astype(chosen.dtype).astype(np.float32)
    query_B = np.random.default_rng(0).permutation(len(rows_ND))[:_QUERIES]
    before, after = (_nearest(table_ND, query_B) for table_ND in (rows_ND, narrow_ND))
    overlaps = [
        len(np.intersect1d(*ids)) / len(ids[0]) for ids in zip(before, after, strict=True) if len(ids[0])
    ]
    cosine_B = clip_cosines((_unit(rows_ND[query_B]) * _unit(narrow_ND[query_B])).sum(axis=1))
    return QuantizationReport(
        len(query_B), float(cosine_B.mean()), float(np.mean(overlaps)) if overlaps else 1.0
    )


def _unit(rows_BD: Float32Array) -> Float32Array:
    scale_to_unit(rows_BD)
    return rows_BD


def _nearest(table_ND: Float32Array, query_B: Int64Array) -> Int64Array:
    """Return the ids of the nearest rows of each query, (B, min(10, N - 1)), without the query itself."""
    most = min(_NEAREST, len(table_ND) - 1)
    if most < 1:
        return np.empty((len(query_B), 0), np.int64)
    return top_k(table_ND, _unit(table_ND[query_B]), most, query_B[:, None], row_norms(table_ND))[0]

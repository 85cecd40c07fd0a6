"""The most frequent words, where each stands on a plane, and the nearest of each."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from w2v_core.config import ReportConfig
from w2v_core.report.projection import pca, umap
from w2v_core.types import Float32Array, Float64Array, Int64Array
from w2v_core.vectors.nearest import top_k
from w2v_core.vectors.word_vectors import WordVectors

_BATCH = 512
FEWEST_FOR_UMAP = 10
"""Words; with fewer its graph of neighbours is no graph, and PCA stands in."""


@dataclass(frozen=True)
class WordMap:
    """N words. Neighbours are by the cosine of the whole vectors, and from among the N."""

    tokens: list[str]
    counts: Int64Array
    positions: NDArray[np.uint16]
    neighbors: NDArray[np.uint16]
    cosines: Float32Array
    projection: str
    variance_shown: float | None
    """the share of PCA's two axes in the variance of the words"""
    num_words: int
    """in the whole vocabulary"""


def word_map(vectors: WordVectors, config: ReportConfig) -> WordMap:
    """The map of the `config.words` most frequent words, of their vectors at unit length. UserError without UMAP."""
    num = min(config.words, len(vectors))
    ids_N = vectors.most_frequent(num)
    units_ND = vectors.unit_rows(ids_N)
    neighbors_NK, cosines_NK = _neighbors(units_ND, config.neighbors)
    projection = config.projection if num >= FEWEST_FOR_UMAP else "pca"
    fraction = None
    if projection == "umap":
        positions_N2 = umap(units_ND, config.seed)
    else:
        positions_N2, fraction = pca(units_ND)
    return WordMap(
        vectors.tokens_by_count(num),
        vectors.counts[ids_N],
        _on_grid(positions_N2),
        neighbors_NK.astype(np.uint16),
        cosines_NK,
        projection,
        fraction,
        len(vectors),
    )


def _neighbors(units_ND: Float32Array, most: int) -> tuple[Int64Array, Float32Array]:
    """The K nearest of each row, itself left out: ids and cosines (N, K), best first."""
    ids_N, most = np.arange(len(units_ND)), min(most, len(units_ND) - 1)
    if most == 0:
        return np.empty((len(units_ND), 0), np.int64), np.empty((len(units_ND), 0), np.float32)
    found = [
        top_k(
            units_ND,
            units_ND[begin : begin + _BATCH],
            most,
            ids_N[begin : begin + _BATCH, None],
            are_cosines=True,
        )
        for begin in range(0, len(units_ND), _BATCH)
    ]
    return np.concatenate([ids for ids, _ in found]), np.concatenate([scores for _, scores in found])


def _on_grid(positions_N2: Float64Array) -> NDArray[np.uint16]:
    """The places in 0..65535, one scale for both axes, in the middle."""
    low_2, high_2 = positions_N2.min(axis=0), positions_N2.max(axis=0)
    extent = (high_2 - low_2).max()
    scaled_N2 = (positions_N2 - (low_2 + high_2) / 2) / (extent if extent > 0 else 1.0) + 0.5
    on_grid_N2: NDArray[np.uint16] = np.round(scaled_N2 * 65535).astype(np.uint16)
    return on_grid_N2

"""Vectors to places on a plane."""

import warnings

import numpy as np

from w2v_core.errors import UserError
from w2v_core.types import Float32Array, Float64Array


def pca(rows_ND: Float32Array) -> tuple[Float64Array, float]:
    """(rows - mean) W, (N, 2), W the two directions of largest variance; and their share of all variance.

    Exact: from the D x D covariance, in float64. A direction points to where its largest component is positive, as
    eigenvectors have no sign of their own. What has no second direction stays on a line.
    """
    centred_ND = rows_ND.astype(np.float64)
    centred_ND -= centred_ND.mean(axis=0)
    variances_D, directions_DD = np.linalg.eigh(centred_ND.T @ centred_ND)
    largest_D2 = directions_DD[:, ::-1][:, :2]
    signs_2 = np.sign(largest_D2[np.abs(largest_D2).argmax(axis=0), np.arange(largest_D2.shape[1])])
    positions_N2 = np.zeros((len(rows_ND), 2))
    positions_N2[:, : largest_D2.shape[1]] = centred_ND @ (largest_D2 * signs_2)
    total = variances_D.sum()
    return positions_N2, float(variances_D[-2:].sum() / total) if total > 0 else 1.0


def umap(rows_ND: Float32Array, seed: int) -> Float64Array:
    """UMAP's places by cosine, (N, 2). McInnes, Healy, Melville 2018. UserError where it is not installed."""
    require_umap()
    from umap import UMAP

    neighbors = max(2, min(15, len(rows_ND) - 1))
    fitted = UMAP(n_neighbors=neighbors, min_dist=0.1, metric="cosine", random_state=seed, n_jobs=1)
    positions_N2: Float64Array = np.asarray(fitted.fit_transform(rows_ND), dtype=np.float64)
    return positions_N2


def require_umap() -> None:
    """UserError where umap-learn cannot be imported. It warns that TensorFlow is missing, which nothing here needs."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            import umap  # noqa: F401
    except ImportError:
        raise UserError(
            "report.projection = umap needs umap-learn; pip install 'w2v[umap]', or take report.projection = pca"
        ) from None

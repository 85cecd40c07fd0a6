"""The rows of a table that answer a query best, found block by block. V: rows of the table, N: rows of a block,
D: numbers in a row, B: queries, X: rows excluded from an answer, K: best answers kept.
"""

from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import NDArray

from w2v_core.errors import UserError

Floats = NDArray[np.float32]
Ints = NDArray[np.int64]

BLOCK_SCORES = 1 << 21
"""Scores at a time, rows by queries: top-k's scratch is some 8 bytes for each, whatever V is."""

_SURE_SQUARES = (1e-20, 1e30)


def row_norms(rows_BD: Floats) -> Floats:
    """||row||, (B,) float32; summed in float64 where float32 would overflow or vanish, which takes five times as long.

    Raises UserError where a row holds NaN or infinity: such a table ranks nothing.
    """
    with np.errstate(over="ignore", invalid="ignore"):
        squares_B = np.einsum("bd,bd->b", rows_BD, rows_BD).astype(np.float64)
        unsure = np.flatnonzero(~((squares_B > _SURE_SQUARES[0]) & (squares_B < _SURE_SQUARES[1])))
        squares_B[unsure] = np.einsum("bd,bd->b", rows_BD[unsure], rows_BD[unsure], dtype=np.float64)
        norms_B: Floats = np.sqrt(squares_B).astype(np.float32)
    if not np.isfinite(norms_B).all():
        raise UserError("the vectors hold NaN or infinity: train again with a smaller alpha")
    return norms_B


def scale_to_unit(rows_BD: Floats) -> None:
    """row /= ||row||, in place; a zero row stays zero. Errors as `row_norms`."""
    rows_BD /= divisors(row_norms(rows_BD))[:, None]


def divisors(norms_B: Floats) -> Floats:
    """The norms with 1 for 0: a zero vector scores 0 instead of NaN."""
    return np.where(norms_B > 0, norms_B, np.float32(1))


def top_k(
    vectors_VD: Floats,
    query_BD: Floats,
    k: int,
    excluded_BX: Ints | None = None,
    norms_V: Floats | None = None,
) -> tuple[Ints, Floats]:
    """For each query the k rows v of largest query . v / norm(v): ids int64, scores float32, (B, min(k, V)).

    The score is the cosine where the queries are unit vectors. The order, and `excluded_BX`, as in `best_rows`.
    norms_V: None where the rows are unit vectors already.
    """

    def score(begin: int, end: int) -> Floats:
        rows_ND = vectors_VD[begin:end]
        if norms_V is None:
            return query_BD @ rows_ND.T
        divisor_N = divisors(norms_V[begin:end])
        if len(query_BD) > rows_ND.shape[1]:  # then a block's rows are fewer numbers than its scores
            return query_BD @ (rows_ND / divisor_N[:, None]).T
        score_BN: Floats = query_BD @ rows_ND.T
        score_BN /= divisor_N
        return score_BN

    return best_rows(score, len(query_BD), len(vectors_VD), k, excluded_BX)


def best_rows(
    score: Callable[[int, int], Floats],
    num_queries: int,
    num_rows: int,
    k: int,
    excluded_BX: Ints | None = None,
) -> tuple[Ints, Floats]:
    """For each query the k rows of largest score: ids int64, scores float32, (B, min(k, V)).

    Best first, equal scores by ascending id (but which of several equals at rank k stays is open).

    score        score(begin, end) is what rows begin..end-1 score, (B, N), and may be written to
    excluded_BX  ids that a query may not answer; ids outside 0..V-1 exclude nothing. They fill up the end
                 with score -inf where a query has fewer than k other rows.

    Works in blocks of BLOCK_SCORES / B rows, so neither a normalised table nor all B * V scores ever exist. Once k rows
    are known, a block's columns count only where they beat some query's worst; of a later block that is a few.
    """
    assert k >= 1, k
    best_ids = np.empty((num_queries, 0), dtype=np.int64)
    best_score = np.empty((num_queries, 0), dtype=np.float32)
    for begin, end in _blocks(num_rows, max(BLOCK_SCORES // max(num_queries, 1), 1)):
        score_BN = score(begin, end)
        if excluded_BX is not None:
            _exclude(score_BN, excluded_BX - begin)
        column_N = np.arange(end - begin)
        if best_score.shape[1] == k:
            column_N = np.flatnonzero((score_BN > best_score[:, -1:]).any(axis=0))
            if len(column_N) == 0:
                continue
            score_BN = score_BN[:, column_N]
        place_BK = _best_columns(score_BN, k)
        ids = np.concatenate([best_ids, column_N[place_BK] + begin], axis=1)
        kept_score = np.concatenate([best_score, np.take_along_axis(score_BN, place_BK, axis=1)], axis=1)
        order = np.argsort(-kept_score, axis=1, kind="stable")[:, :k]
        best_ids = np.take_along_axis(ids, order, axis=1)
        best_score = np.take_along_axis(kept_score, order, axis=1)
    return best_ids, best_score


def _blocks(num_rows: int, block_rows: int) -> Iterator[tuple[int, int]]:
    for begin in range(0, num_rows, block_rows):
        yield begin, min(begin + block_rows, num_rows)


def _exclude(score_BN: Floats, column_BX: Ints) -> None:
    """Scores of the excluded columns become -inf, in place; columns outside the block are skipped."""
    row, slot = np.nonzero((column_BX >= 0) & (column_BX < score_BN.shape[1]))
    score_BN[row, column_BX[row, slot]] = -np.inf


def _best_columns(score_BN: Floats, k: int) -> Ints:
    """Columns of each row's min(k, N) largest scores, ascending, so that a stable sort breaks ties by id."""
    if k == 1:
        column_BK: Ints = score_BN.argmax(axis=1)[:, None]
    else:
        column_BK = np.argpartition(score_BN, -min(k, score_BN.shape[1]), axis=1)[:, -k:]
        column_BK.sort(axis=1)
    return column_BK

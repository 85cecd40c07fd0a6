"""Exact nearest rows of a table, found block by block."""

from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import NDArray

from w2v_core.errors import UserError
from w2v_core.types import Float32Array, Int64Array

BLOCK_SCORES = 1 << 21
"""Scores at a time, rows by queries: top-k's scratch is some 8 bytes for each, whatever V is."""

GATHERED_ROWS = 1 << 14
"""Rows at a time where those that may answer lie here and there in the table: so many are copied."""

Rows = slice | Int64Array
"""Rows of a block: from one to another, or these, ascending."""

Score = Callable[[Rows], Float32Array]
"""score(rows) is the scores of these rows, (B, N), and may be written to."""

Candidates = Int64Array | range | int
"""The rows that may answer, ascending: their ids, a range of ids, or a number for so many first ones."""

_SURE_SQUARES = (1e-20, 1e30)
_TINY = 1e-30
"""Length below which a row is scaled in float64: its numbers are near those that float32 has few bits of."""


def row_norms(rows_BD: Float32Array) -> Float32Array:
    """Return ||row||, (B,) float32.

    Sums are float64 where float32 would overflow or underflow, which takes five times as long.

    Raises UserError if a row holds NaN or infinity.
    """
    with np.errstate(over="ignore", invalid="ignore"):
        squares_B = np.einsum("bd,bd->b", rows_BD, rows_BD).astype(np.float64)
        unsure = np.flatnonzero(~((squares_B > _SURE_SQUARES[0]) & (squares_B < _SURE_SQUARES[1])))
        squares_B[unsure] = np.einsum("bd,bd->b", rows_BD[unsure], rows_BD[unsure], dtype=np.float64)
        norms_B: Float32Array = np.sqrt(squares_B).astype(np.float32)
    if not np.isfinite(norms_B).all():
        beyond = np.isfinite(rows_BD[~np.isfinite(norms_B)]).all(axis=1).any()
        problem = "a vector that is longer than float32's 3.4e38" if beyond else "NaN or infinity"
        raise UserError(
            f"the vectors hold {problem}: train again with a smaller alpha, or correct the file that they come from"
        )
    return norms_B


def scale_to_unit(rows_BD: Float32Array) -> None:
    """row /= ||row||, in place; a zero row stays zero. Errors as `row_norms`."""
    norms_B = row_norms(rows_BD)
    tiny_B = _is_tiny(norms_B)
    unit_ND = _unit_in_float64(rows_BD[tiny_B])
    rows_BD /= divisors(norms_B)[:, None]
    rows_BD[tiny_B] = unit_ND


def comparable(rows_ND: Float32Array, norms_N: Float32Array) -> tuple[Float32Array, Float32Array]:
    """Return rows (N, D) and the divisors (N,) of their products.

    Tiny rows are scaled to length 1, since float32 has few bits for them. Other rows are not copied.
    """
    divisors_N = divisors(norms_N)
    tiny_N = _is_tiny(norms_N)
    if tiny_N.any():
        rows_ND, divisors_N = rows_ND.copy(), divisors_N.copy()
        rows_ND[tiny_N], divisors_N[tiny_N] = _unit_in_float64(rows_ND[tiny_N]), 1
    return rows_ND, divisors_N


def clip_cosines(cosines: Float32Array) -> Float32Array:
    """Clip cosines into [-1, 1] in place, since rounding may leave them slightly outside."""
    return np.clip(cosines, -1, 1, out=cosines)


def _is_tiny(norms_N: Float32Array) -> NDArray[np.bool_]:
    return (norms_N > 0) & (norms_N < _TINY)


def _unit_in_float64(rows_ND: Float32Array) -> Float32Array:
    rows = rows_ND.astype(np.float64)
    unit_ND: Float32Array = (rows / np.sqrt(np.einsum("nd,nd->n", rows, rows))[:, None]).astype(np.float32)
    return unit_ND


def divisors(norms_B: Float32Array) -> Float32Array:
    """Return the norms with 1 for 0, so that a zero vector scores 0 instead of NaN."""
    return np.where(norms_B > 0, norms_B, np.float32(1))


def top_k(
    vectors_VD: Float32Array,
    query_BD: Float32Array,
    k: int,
    excluded_BX: Int64Array | None = None,
    norms_V: Float32Array | None = None,
    rows_M: Candidates | None = None,
    are_cosines: bool = False,
) -> tuple[Int64Array, Float32Array]:
    """For each query the k rows v of largest query . v / norm(v): ids int64, scores float32, (B, min(k, M)).

    The order, `rows_M` and `excluded_BX`, as in `best_rows`; None for all rows. norms_V: None where the rows are unit
    vectors already. are_cosines: the queries are unit vectors too, so that scores are clipped into [-1, 1].
    """
    rows_M = len(vectors_VD) if rows_M is None else rows_M
    score = products(vectors_VD, query_BD, norms_V)
    return best_rows(score, len(query_BD), rows_M, k, excluded_BX, are_cosines)


def products(vectors_VD: Float32Array, query_BD: Float32Array, norms_V: Float32Array | None) -> Score:
    """Return the function of rows that scores them by query . v / norm(v)."""

    def score(rows: Rows) -> Float32Array:
        rows_ND = vectors_VD[rows]
        if norms_V is None:
            return query_BD @ rows_ND.T
        rows_ND, divisor_N = comparable(rows_ND, norms_V[rows])
        if len(query_BD) > rows_ND.shape[1]:  # then a block's rows are fewer numbers than its scores
            return query_BD @ (rows_ND / divisor_N[:, None]).T
        score_BN: Float32Array = query_BD @ rows_ND.T
        score_BN /= divisor_N
        return score_BN

    return score


def all_scores(score: Score, rows_M: Candidates) -> Float32Array:
    """Return the scores of one query for every row, (M,) float32, in order of id."""
    scores = [score(rows)[0] for rows, _ in _blocks(rows_M, BLOCK_SCORES)]
    return np.concatenate([np.empty(0, np.float32), *scores])


def all_cosines(
    vectors_VD: Float32Array, query_D: Float32Array, norms_V: Float32Array, rows_M: Candidates | None = None
) -> Float32Array:
    """Return cos(query, v) for every row, (M,) float32. The query has length 1; a zero vector scores 0."""
    score = products(vectors_VD, query_D[None], norms_V)
    return clip_cosines(all_scores(score, len(vectors_VD) if rows_M is None else rows_M))


def best_rows(
    score: Score,
    num_queries: int,
    rows_M: Candidates,
    k: int,
    excluded_BX: Int64Array | None = None,
    are_cosines: bool = False,
) -> tuple[Int64Array, Float32Array]:
    """For each query the k rows of largest score: ids int64, scores float32, (B, min(k, M)).

    Best first, equal scores by ascending id, so that the best of a smaller k are the first of a larger one.

    rows_M       the rows that may answer
    excluded_BX  ids that a query may not answer; ids of other rows exclude nothing. They fill up the end
                 with score -inf where a query has fewer than k other rows.
    are_cosines  scores are clipped into [-1, 1] before they are compared

    Works in blocks of BLOCK_SCORES / B rows, so neither a normalised table nor all B * V scores ever exist. Once k rows
    are known, a block's columns count only where they beat some query's worst; of a later block that is a few.
    """
    if k < 1:
        raise UserError(f"k = {k}: expected an integer >= 1")
    best_ids = np.empty((num_queries, 0), dtype=np.int64)
    best_score = np.empty((num_queries, 0), dtype=np.float32)
    for rows, ids_N in _blocks(rows_M, max(BLOCK_SCORES // max(num_queries, 1), 1)):
        score_BN = score(rows)
        if best_score.shape[1] == k:
            column_N = np.flatnonzero((score_BN > best_score[:, -1:]).any(axis=0))
            if len(column_N) == 0:
                continue
            score_BN, ids_N = score_BN[:, column_N], ids_N[column_N]
        if are_cosines:
            clip_cosines(score_BN)
        if excluded_BX is not None:
            _exclude(score_BN, excluded_BX, ids_N)
        position_BK = _best_columns(score_BN, k)
        ids = np.concatenate([best_ids, ids_N[position_BK]], axis=1)
        candidate_score = np.concatenate(
            [best_score, np.take_along_axis(score_BN, position_BK, axis=1)], axis=1
        )
        order = np.argsort(-candidate_score, axis=1, kind="stable")[:, :k]
        best_ids = np.take_along_axis(ids, order, axis=1)
        best_score = np.take_along_axis(candidate_score, order, axis=1)
    return best_ids, best_score


def _blocks(rows_M: Candidates, block_rows: int) -> Iterator[tuple[Rows, Int64Array]]:
    """Yield blocks of rows: an index into the table, a slice if possible, and ids (N,)."""
    if isinstance(rows_M, int):
        rows_M = range(rows_M)
    if isinstance(rows_M, range):
        for begin in range(rows_M.start, rows_M.stop, block_rows):
            end = min(begin + block_rows, rows_M.stop)
            yield slice(begin, end), np.arange(begin, end)
        return
    block_rows = min(block_rows, GATHERED_ROWS)
    for begin in range(0, len(rows_M), block_rows):
        ids_N = rows_M[begin : begin + block_rows]
        yield ids_N, ids_N


def _exclude(score_BN: Float32Array, excluded_BX: Int64Array, ids_N: Int64Array) -> None:
    """Set the scores of excluded ids to -inf, in place; ids outside the block are skipped."""
    column_BX = np.minimum(np.searchsorted(ids_N, excluded_BX), len(ids_N) - 1)
    row, slot = np.nonzero(ids_N[column_BX] == excluded_BX)
    score_BN[row, column_BX[row, slot]] = -np.inf


def by_count(counts_V: Int64Array) -> Int64Array | None:
    """Return rows (V,) by descending count, then ascending id; None if they have this order."""
    if (counts_V[1:] <= counts_V[:-1]).all():
        return None
    order_V: Int64Array = np.argsort(-counts_V, kind="stable")
    return order_V


def _best_columns(score_BN: Float32Array, k: int) -> Int64Array:
    """Return the columns of the min(k, N) largest scores of each row, ascending, so equal scores sort by id."""
    if k == 1:
        column_BK: Int64Array = score_BN.argmax(axis=1)[:, None]
        return column_BK
    k = min(k, score_BN.shape[1])
    column_BK = np.argpartition(score_BN, -k, axis=1)[:, -k:]
    column_BK.sort(axis=1)
    for row, least in enumerate(np.take_along_axis(score_BN, column_BK, axis=1).min(axis=1, initial=np.inf)):
        if np.count_nonzero(score_BN[row] == least) > 1:  # argpartition keeps any of equals
            above, equal = np.flatnonzero(score_BN[row] > least), np.flatnonzero(score_BN[row] == least)
            column_BK[row] = np.sort(np.concatenate([above, equal[: k - len(above)]]))
    return column_BK

"""Terms of a question: words and vectors, each with or without a weight."""

from collections.abc import Sequence

import numpy as np

from w2v_core.errors import UserError
from w2v_core.types import Float32Array, Int64Array
from w2v_core.vectors.arguments import not_text, require_finite
from w2v_core.vectors.lookup import WordLookup

Term = str | Float32Array
WeightedTerm = tuple[Term, float]
Terms = Term | Sequence[Term | WeightedTerm] | None

_NUMBERS = "biuf"  # kinds of dtype


def listed(terms: Terms) -> list[Term | WeightedTerm]:
    """Return one term as a list, None as an empty one, and the rows of a matrix as vectors."""
    if isinstance(terms, int | np.integer):
        raise not_text(terms)
    if terms is None:
        return []
    is_vector = isinstance(terms, np.ndarray) and terms.ndim == 1 and terms.dtype.kind in _NUMBERS
    is_one = isinstance(terms, str) or is_vector
    return [terms] if is_one else list(terms)  # type: ignore[list-item]


def split_weights(terms: Terms, weight: float) -> tuple[list[Term], Float32Array]:
    """Return the terms alone, and their weights (B,): `weight` for a term without a weight of its own."""
    pairs = [term if isinstance(term, tuple) else (term, weight) for term in listed(terms)]
    if odd := [pair for pair in pairs if len(pair) != 2 or not isinstance(pair[1], int | float | np.number)]:
        raise UserError(
            f"expected a pair of a word or a vector and its weight, got {odd[0]!r}. Give ('word', 2.0)."
        )
    weights_B = np.array([weight for _, weight in pairs], np.float32)
    require_finite("weights", weights_B)
    return [term for term, _ in pairs], weights_B


def term_rows(lookup: WordLookup, terms: Terms, unit: bool = True) -> tuple[Float32Array, Int64Array]:
    """Return the vectors of terms (B, D), of words at length 1 with `unit`, and the ids of the words."""
    terms = listed(terms)
    rows_BD = np.empty((len(terms), lookup.vector_size), np.float32)
    positions = [position for position, term in enumerate(terms) if isinstance(term, str)]
    ids = lookup.ids_of([term for term in terms if isinstance(term, str)])
    rows_BD[positions] = lookup.unit_rows(ids) if unit else lookup.vectors[ids]
    for position, term in enumerate(terms):
        if not isinstance(term, str):
            rows_BD[position] = checked_vector(term, lookup.vector_size)
    return rows_BD, ids


def checked_vector(vector: object, vector_size: int) -> Float32Array:
    """Return a query vector (D,). Raises UserError for another shape, and for NaN or infinity."""
    if isinstance(vector, tuple):
        raise UserError(
            f"expected a word or a vector, got the pair {vector!r}. Only most_similar takes weights."
        )
    if np.ndim(vector) == 0:  # type: ignore[arg-type]
        raise not_text(vector)
    vector_D = np.asarray(vector)
    if vector_D.shape != (vector_size,):
        raise UserError(f"expected a vector of shape ({vector_size},), got {vector_D.shape}")
    if vector_D.dtype.kind not in _NUMBERS:
        raise UserError(f"expected a vector of {vector_size} numbers, got {vector!r}; give numbers")
    if not np.isfinite(vector_D).all():
        raise UserError("the query vector holds NaN or infinity; give finite numbers")
    return vector_D


def without_direction(positive: Terms, negative: Terms) -> UserError:
    """Return the error for a question that adds up to zero."""
    terms = split_weights(positive, 1)[0] + split_weights(negative, -1)[0]
    words = [term for term in terms if isinstance(term, str)]
    what = (
        f"the vector of {words[0]!r} is zero" if len(words) == 1 else f"the question {words} adds up to zero"
    )
    return UserError(f"{what}: expected a direction, which a zero vector does not have; ask for another word")

"""Checks of the arguments of queries. Each error names the argument, what it expected and a fix."""

from collections.abc import Iterable

import numpy as np

from w2v_core.errors import UserError


def not_text(key: object) -> UserError:
    """Return the error for a key that is not a string."""
    return UserError(f"words are text: expected a string, got {key!r}; ask for {str(key)!r}")


def reject_text(name: str, words: object) -> None:
    """Raise UserError for one text where words belong: a list of its letters would be a list of words."""
    if isinstance(words, str):
        raise UserError(f"{name}: expected a list of words, got the text {words!r}; give [{words!r}]")


def reject_empty(name: str, words: Iterable[object], fix: str = "Give at least one word.") -> None:
    """Raise UserError for a list without words."""
    if not list(words):
        raise UserError(f"{name} is empty: expected a list of words. {fix}")


def none_known(num_words: int) -> UserError:
    """Return the error for words that are all without a vector."""
    return UserError(f"none of {num_words} words is in the vocabulary; give at least one that is")


def require_topn(topn: int | None) -> None:
    """Raise UserError for None, where a list of answers cannot be the array of all scores, and below 1."""
    if topn is None:
        raise UserError("topn = None: expected an integer; give len(vectors) for all words")
    require_positive("topn", topn)


def require_positive(name: str, value: int | None) -> None:
    """Raise UserError for a number below 1; None is allowed."""
    if value is not None and value < 1:
        raise UserError(f"{name} = {value} must be at least 1")


def require_finite(name: str, numbers: object) -> None:
    """Raise UserError if an array holds NaN or infinity."""
    if not np.isfinite(np.asarray(numbers, np.float64)).all():
        raise UserError(f"{name} hold NaN or infinity: expected finite numbers. Remove or correct them.")

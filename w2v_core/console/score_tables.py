"""Scores, and comparisons of two runs, as tables for people."""

from typing import Any

from rich.table import Table
from rich.text import Text

from w2v_core.console.log import escape_word, print_table
from w2v_core.io.events import log_event

NUM_MOVED = 10

_COMPARED = ("score", "against_score", "difference", "interval")


def print_scores(report: dict[str, Any]) -> None:
    """Every score with its interval and its coverage beside it."""
    for scores in report["similarity"]:
        score, interval = _numbers(scores, "spearman", "interval")
        log_event(
            f"{scores['file']}: Spearman {score} (95 %: {interval}), {scores['covered']:,} of {scores['pairs']:,} "
            "pairs covered",
            "scores",
            kind="similarity",
            **scores,
        )
        _log_other_forms(scores)
    for scores in report["analogies"]:
        table = _table("section", "right", "accuracy", "95 %", "covered", "questions", title=scores["file"])
        for section in _with_all(scores):
            right, *counts = (f"{section[key]:,}" for key in ("correct", "covered", "total"))
            shares = _shares(section, "accuracy", "interval")
            table.add_row(_text(section["name"]), right, *shares, *counts)
        accuracy, interval = _shares(scores, "accuracy", "interval")
        message = f"{scores['file']}: accuracy {accuracy} (95 %: {interval}), {scores['covered']:,} questions covered"
        print_table(table, message, "scores", kind="analogies", **scores)
        _log_other_forms(scores)


def _log_other_forms(scores: dict[str, Any]) -> None:
    """The words that the vocabulary has, but not as the set spells them."""
    if words := scores.get("words_in_other_form"):
        log_event(
            f"{scores['file']}: {words:,} words were found only in another Unicode form or in the corpus's spelling",
            "words_in_other_form",
            file=scores["file"],
            words=words,
        )


def print_comparison(against: dict[str, Any]) -> None:
    """Differences with their intervals, the neighbours' overlap, and the words that moved most."""
    _print_differences(against)
    words, neighbors = against["words"], against["neighbors"]
    overlap = "undefined" if neighbors["overlap"] is None else f"{neighbors['overlap']:.1%}"
    log_event(
        f"against {against['against']}: {words['shared']:,} words shared, of {words['ours']:,} and of "
        f"{words['against']:,}; of the {neighbors['topn']} nearest of the {neighbors['words']:,} most frequent, "
        f"{overlap} are the same",
        "comparison",
        **{key: against[key] for key in ("against", "words", "neighbors")},
    )
    _print_moved(against["moved"])


def _print_differences(against: dict[str, Any]) -> None:
    for scores in against["similarity"]:
        this, other, difference, interval = _numbers(scores, *_COMPARED)
        log_event(
            f"{scores['file']}: Spearman {this} here and {other} in {against['against']}, difference {difference} "
            f"(95 %: {interval}) over the {scores['covered']:,} pairs that both cover",
            "differences",
            kind="similarity",
            **scores,
        )
    for scores in against["analogies"]:
        table = _table("section", "this", "other", "difference", "95 %", "in both", title=scores["file"])
        for section in _with_all(scores):
            shares = _shares(section, *_COMPARED)
            table.add_row(_text(section["name"]), *shares, f"{section['covered']:,}")
        message = f"{scores['file']}: against {against['against']}"
        print_table(table, message, "differences", kind="analogies", **scores)


def _print_moved(moved: dict[str, Any]) -> None:
    if not moved["words"]:
        log_event(
            f"no shared word is seen {moved['min_count']:,} times in both; lower evaluate.moved_min_count"
        )
        return
    log_event(
        f"after alignment: mean cosine {moved['mean_cosine']:.3f} over {moved['words']:,} words seen "
        f"{moved['min_count']:,} times or more in both"
    )
    table = _table("moved most", "1 - cosine", "seen in this", "in the other")
    for word in moved["top"][:NUM_MOVED]:
        counts = [f"{word[key]:,}" for key in ("count", "against_count")]
        table.add_row(_text(word["word"]), f"{word['distance']:.3f}", *counts)
    print_table(table, "words that moved most", "moved", top=moved["top"][:NUM_MOVED])


def _with_all(scores: dict[str, Any]) -> list[dict[str, Any]]:
    return [*scores["sections"], {**scores, "name": "all"}]


def _numbers(scores: dict[str, Any], *keys: str) -> list[str]:
    return [_score_text(key, scores[key], ".3f") for key in keys]


def _shares(scores: dict[str, Any], *keys: str) -> list[str]:
    return [_score_text(key, scores[key], ".1%") for key in keys]


def _score_text(key: str, value: Any, form: str) -> str:
    """A score, a difference with its sign, or an interval."""
    sign = "+" if key == "difference" else ""
    if value is None:
        return "undefined"
    if isinstance(value, list):
        return " to ".join(format(bound, form) for bound in value)
    return format(value, sign + form)


def _table(first: str, *others: str, title: str | None = None) -> Table:
    table = Table(title=None if title is None else _text(title))
    table.add_column(first, overflow="fold")
    for heading in others:
        table.add_column(heading, justify="right", no_wrap=True)
    return table


def _text(text: str) -> Text:
    return Text(escape_word(text))

"""How the vectors score on questions that people have answered, with how sure that is."""

from collections.abc import Sequence
from typing import Any

from w2v_core.report.facts import RunFacts
from w2v_core.report.markup import Content, Markup, details, element, section, table


def scores_section(facts: RunFacts) -> Markup:
    """A table for similarity, one for analogies, and their sections folded away."""
    similarity, analogies = (facts.evaluation.get(kind, []) for kind in ("similarity", "analogies"))
    if not similarity and not analogies:
        return section("scores", "Evaluation", element("p", _NOT_SCORED))
    parts: list[Content] = []
    if similarity:
        parts.append(table("Word similarity", _HEADINGS["similarity"], map(_similarity_row, similarity)))
    if analogies:
        parts.append(table("Analogies", _HEADINGS["analogies"], map(_analogy_row, analogies)))
    parts += [_sections(scores) for scores in analogies]
    if text := _interval_text(facts.evaluation):
        parts.append(element("p", text))
    return section("scores", "Evaluation", *parts)


_NOT_SCORED = "The vectors were not scored; w2v evaluate does it, and writes this page again."
_HEADINGS = {
    "similarity": ("file", "Spearman’s ρ", "95 %", "from 0 to 1", "covered", "pairs"),
    "analogies": ("file", "accuracy", "95 %", "from 0 to 1", "right", "covered", "questions"),
}


def _similarity_row(scores: dict[str, Any]) -> Sequence[Content]:
    score = scores.get("spearman")
    text = "undefined" if score is None else f"{score:.3f}"
    counts = (f"{scores[key]:,}" for key in ("covered", "pairs"))
    return _file_name(scores), text, *_interval(scores, score, "{:.3f}"), *counts


def _analogy_row(scores: dict[str, Any]) -> Sequence[Content]:
    score = scores.get("accuracy")
    text = "undefined" if score is None else f"{score:.1%}"
    counts = (f"{scores[key]:,}" for key in ("correct", "covered", "total"))
    return _name(scores), text, *_interval(scores, score, "{:.1%}"), *counts


def _sections(scores: dict[str, Any]) -> Markup:
    headings = ("section", *_HEADINGS["analogies"][1:])
    return details(
        f"Sections of {_file_name(scores)}",
        table(f"Analogies of {_file_name(scores)}", headings, map(_analogy_row, scores.get("sections", []))),
    )


def _interval(scores: dict[str, Any], score: float | None, form: str) -> tuple[Content, Content]:
    """The interval in words and as a bar; both empty where none was computed."""
    interval = scores.get("interval")
    if not interval or score is None:
        return "", "" if score is None else _bar(score, score, score)
    low, high = interval
    return f"{form.format(low)} – {form.format(high)}", _bar(score, low, high)


def _bar(score: float, low: float, high: float) -> Markup:
    """0 to 1 as a line of 100, the interval on it, and the score."""
    left, right = (100 * min(max(value, 0.0), 1.0) for value in (low, high))
    return element(
        "svg",
        element("line", x1=0, x2=100, y1=8, y2=8, class_="grid"),
        element("line", x1=f"{left:.1f}", x2=f"{right:.1f}", y1=8, y2=8, class_="interval"),
        element("circle", cx=f"{100 * min(max(score, 0.0), 1.0):.1f}", cy=8, r=2, class_="fill-0"),
        viewBox="-5 0 110 16",
        aria_hidden="true",
        class_="range",
    )


def _interval_text(evaluation: dict[str, Any]) -> str:
    """How the intervals came about; nothing where there is none."""
    scores = [*evaluation.get("similarity", []), *evaluation.get("analogies", [])]
    if not any(found.get("interval") for found in scores):
        return ""
    drawn: dict[str, Any] = next((found for found in (evaluation, *scores) if "resamples" in found), {})
    times = f", {drawn['resamples']:,} resamples, seed {drawn.get('seed')}" if drawn else ""
    return f"95 % intervals: bootstrap over the questions{times}. They tell the chance of the set, not of training."


def _name(scores: dict[str, Any]) -> str:
    return str(scores["name"]) if "name" in scores else _file_name(scores)


def _file_name(scores: dict[str, Any]) -> str:
    """Without its folders, which belong to another machine than the reader's."""
    return str(scores.get("file", "")).rstrip("/").rpartition("/")[2]

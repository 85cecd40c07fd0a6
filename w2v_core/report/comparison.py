"""What differs from another run's vectors, where they were compared."""

from collections.abc import Iterator, Sequence
from typing import Any

from w2v_core.report.markup import Content, Markup, element, section, table

_FORMS = {"similarity": "{:.3f}", "analogies": "{:.1%}"}
_HEADINGS = ("set", "this", "other", "difference", "95 %", "in both")
_MOVED_HEADINGS = ("word", "1 − cosine", "seen in this", "seen in the other")


def comparison_section(against: dict[str, Any]) -> Markup:
    """Scores of the same items beside each other, how many neighbours are the same, and the words that moved most."""
    parts: list[Content] = [element("p", _overlap(against))]
    if rows := list(_differences(against)):
        parts.append(table("Scores of the items that both cover", _HEADINGS, rows))
    if moved := against.get("moved", {}).get("top", []):
        parts.append(table("Words that moved most, after alignment", _MOVED_HEADINGS, map(_moved_row, moved)))
    return section("comparison", "Against another run", *parts)


def _overlap(against: dict[str, Any]) -> str:
    words, neighbors = against.get("words", {}), against.get("neighbors", {})
    text = (
        f"Compared with {against.get('against', 'other vectors')}: {words.get('shared', 0):,} words shared."
    )
    if neighbors.get("overlap") is None:
        return text
    return (
        f"{text} Of the {neighbors['topn']} nearest of the {neighbors['words']:,} most frequent, "
        f"{neighbors['overlap']:.1%} are the same."
    )


def _differences(against: dict[str, Any]) -> Iterator[Sequence[Content]]:
    for kind, form in _FORMS.items():
        for scores in against.get(kind, []):
            name = str(scores["file"]).rpartition("/")[2]
            signed = form.replace(":", ":+")
            difference = _number_text(scores["difference"], signed)
            interval = [_number_text(bound, signed) for bound in scores["interval"] or ()]
            numbers = [*(_number_text(scores[key], form) for key in ("score", "against_score")), difference]
            yield name, *numbers, " – ".join(interval), f"{scores['covered']:,}"


def _moved_row(word: dict[str, Any]) -> Sequence[Content]:
    return word["word"], f"{word['distance']:.3f}", f"{word['count']:,}", f"{word['against_count']:,}"


def _number_text(value: float | None, form: str) -> str:
    return "undefined" if value is None else form.format(value)

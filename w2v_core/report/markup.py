"""HTML and SVG whose text is escaped where it enters: what is not Markup cannot become markup."""

import html
from collections.abc import Iterable, Sequence

from w2v_core.report.escape import escape_control_chars

_VOID = frozenset({"meta", "link", "input", "br"})


class Markup(str):
    """Finished HTML. Only this module and the page's own files make it."""

    __slots__ = ()


Content = Markup | str | int


def escaped(content: Content) -> Markup:
    """The content as HTML: Markup as it is, all else as text, isolated from the direction of its surroundings."""
    return content if isinstance(content, Markup) else Markup(html.escape(escape_control_chars(str(content))))


def element(name: str, /, *children: Content, **attributes: Content) -> Markup:
    """<name attributes>children</name>. `class_` stands for class, and `aria_label` for aria-label."""
    attributes_text = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{_attribute(value)}"' for key, value in attributes.items()
    )
    if name in _VOID:
        return Markup(f"<{name}{attributes_text}>")
    return Markup(f"<{name}{attributes_text}>{joined(children)}</{name}>")


def joined(parts: Iterable[Content]) -> Markup:
    """One after another."""
    return Markup("".join(map(escaped, parts)))


def section(identifier: str, heading: str, *children: Content) -> Markup:
    """A part of the page that its navigation leads to."""
    title = element("h2", heading, id=f"{identifier}-heading")
    return element("section", title, *children, id=identifier, aria_labelledby=f"{identifier}-heading")


def table(caption: str, headings: Sequence[str], rows: Iterable[Sequence[Content]]) -> Markup:
    """A table whose first column names its rows. It scrolls by itself where the page is narrow."""
    head = element("tr", *(element("th", heading, scope="col") for heading in headings))
    body = [
        element(
            "tr", element("th", element("bdi", first), scope="row"), *(element("td", cell) for cell in rest)
        )
        for first, *rest in rows
    ]
    table = element("table", element("caption", caption), element("thead", head), element("tbody", *body))
    return element("div", table, class_="scrolls", tabindex=0, role="region", aria_label=caption)


def details(summary: str, *children: Content) -> Markup:
    """What is folded away until somebody asks."""
    return element("details", element("summary", summary), *children)


def _attribute(value: Content) -> str:
    return html.escape(escape_control_chars(str(value), longest=100_000))

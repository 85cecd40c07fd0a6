"""The map, the search and the neighbours: their place on the page, and the data that its program reads.

Arrays are little-endian and in base64, a twentieth of what they are as JSON's numbers to parse.
"""

import base64
import json

import numpy as np
from numpy.typing import NDArray

from w2v_core.report.escape import LONGEST_WORD, escape_control_chars
from w2v_core.report.markup import Markup, element, section
from w2v_core.report.word_map import WordMap

_HINT = (
    "Drag or use the arrow keys to move; scroll, pinch or press + and − to zoom; 0 shows everything. Click a word, or "
    "press Enter for the one nearest to the middle. The wheel zooms once the map is chosen, or with Ctrl."
)


def explorer_section(words: WordMap) -> Markup:
    """Empty where the program will draw; what needs no program is told without it."""
    find = element(
        "div",
        element("label", "Find a word", for_="search"),
        element(
            "input", id="search", type="search", autocomplete="off", spellcheck="false", autocapitalize="none"
        ),
        element("p", id="found", role="status"),
        element("ul", id="results"),
        class_="find",
    )
    buttons = [
        element("button", sign, type="button", id=f"zoom-{name}", aria_label=label, title=label)
        for sign, name, label in (
            ("+", "in", "Zoom in"),
            ("−", "out", "Zoom out"),
            ("⤢", "all", "Show everything"),
        )
    ]
    canvas = element(
        "canvas",
        id="map",
        tabindex=0,
        role="application",
        aria_label=f"Map of {len(words.tokens):,} words",
        aria_describedby="map-hint",
    )
    drawn = element("div", canvas, element("div", *buttons, class_="zoom"), class_="drawn")
    return section(
        "explorer",
        "Words",
        element("p", _about(words)),
        element("noscript", element("p", "The map needs JavaScript, which this browser does not run.")),
        element("div", find, drawn, element("div", id="chosen"), class_="explorer"),
        element("p", _HINT, id="map-hint", class_="hint"),
    )


def explorer_data(words: WordMap) -> Markup:
    """The data as a block that no browser runs: `<` is escaped, so nothing in a word ends it."""
    data = {
        "words": [escape_control_chars(token, LONGEST_WORD) for token in words.tokens],
        "counts": _packed(np.minimum(words.counts, 2**53 - 1).astype("<f8")),
        "places": _packed(words.positions.astype("<u2")),
        "neighbors": _packed(words.neighbors.astype("<u2")),
        "cosines": _packed((np.clip(words.cosines, -1, 1) * 32767).round().astype("<i2")),
        "each": words.neighbors.shape[1],
    }
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":")).replace("<", "\\u003c")
    return element("script", Markup(text), type="application/json", id="data")


def _about(words: WordMap) -> str:
    which = "All" if len(words.tokens) == words.num_words else f"The {len(words.tokens):,} most frequent of"
    if words.projection == "umap":
        how = (
            "UMAP puts near each other what is near in the vectors; distances between far groups mean little."
        )
    else:
        part = words.variance_shown or 0.0
        how = f"PCA’s first two axes show {part:.1%} of their variance, so words that overlap here may be far apart."
    return (
        f"{which} {words.num_words:,} words. {how} Neighbours are by the cosine of the whole vectors, "
        "among the words of the map."
    )


def _packed(array: NDArray[np.generic]) -> str:
    return base64.b64encode(np.ascontiguousarray(array).tobytes()).decode()

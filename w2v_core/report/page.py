"""The page, put together."""

import base64
from hashlib import sha256
from importlib.resources import files

from w2v_core.report.comparison import comparison_section
from w2v_core.report.corpus import corpus_section, vocabulary_section
from w2v_core.report.explorer import explorer_data, explorer_section
from w2v_core.report.facts import RunFacts
from w2v_core.report.markup import Markup, element
from w2v_core.report.scores import scores_section
from w2v_core.report.settings import settings_section
from w2v_core.report.training import last, training_section
from w2v_core.report.word_map import WordMap
from w2v_core.types import Int64Array

_MARK = "w2v-fingerprint"
_END = b"</html>\n"
_HEAD_BYTES = 2048
_PARTS = {
    "explorer": "Words",
    "scores": "Evaluation",
    "comparison": "Against another run",
    "training": "Training",
    "corpus": "Corpus",
    "vocabulary": "Vocabulary",
    "settings": "Settings",
}


def page(facts: RunFacts, counts_V: Int64Array, words: WordMap, fingerprint: str) -> bytes:
    """report.html of these facts, the counts of all words, and the map. It carries what it was made from."""
    main = element(
        "main",
        explorer_section(words),
        scores_section(facts),
        comparison_section(facts.comparison) if facts.comparison else Markup(),
        training_section(facts),
        corpus_section(facts),
        vocabulary_section(counts_V),
        settings_section(facts),
        id="main",
    )
    body = element("body", _header(facts, len(counts_V)), main, explorer_data(words), _program())
    head = _head(facts.name, fingerprint)
    text = f"<!doctype html>\n{element('html', head, body, lang='en')}\n"
    return text.encode()


def is_page_of(data: bytes | None, fingerprint: str) -> bool:
    """Whether `data` is a whole page that was made from what `fingerprint` tells."""
    return (
        data is not None
        and data.endswith(_END)
        and str(_fingerprint_tag(fingerprint)).encode() in data[:_HEAD_BYTES]
    )


def _head(name: str, fingerprint: str) -> Markup:
    style, program = _asset("page.css"), _asset("page.js")
    policy = (
        f"default-src 'none'; style-src '{_hash(style)}'; script-src '{_hash(program)}'; img-src data:; "
        "base-uri 'none'; form-action 'none'"
    )
    return element(
        "head",
        element("meta", charset="utf-8"),
        Markup(f'<meta http-equiv="Content-Security-Policy" content="{policy}">'),
        _fingerprint_tag(fingerprint),
        element("meta", name="viewport", content="width=device-width, initial-scale=1"),
        element("meta", name="color-scheme", content="light dark"),
        element("meta", name="referrer", content="no-referrer"),
        element("link", rel="icon", href="data:,"),
        element("title", f"{name}: word vectors"),
        element("style", Markup(style)),
    )


def _fingerprint_tag(fingerprint: str) -> Markup:
    return element("meta", name=_MARK, content=fingerprint)


def _header(facts: RunFacts, num_words: int) -> Markup:
    skip = element("a", "To the content", href="#main", class_="skip")
    parts = {part: name for part, name in _PARTS.items() if facts.comparison or part != "comparison"}
    links = [element("li", element("a", name, href=f"#{part}")) for part, name in parts.items()]
    return element(
        "header",
        skip,
        element("h1", element("bdi", facts.name), " ", element("small", "word vectors")),
        _summary(facts, num_words),
        element("nav", element("ul", *links), aria_label="Parts of this page"),
    )


def _summary(facts: RunFacts, num_words: int) -> Markup:
    """The numbers that people ask for first."""
    training = facts.manifests["vectors"]
    tokens = facts.manifests.get("tokens")
    held_out = last(facts, "held_out_loss")
    entries = {
        "tokens read": f"{tokens.tokens.read:,}" if tokens and tokens.tokens else None,
        "words": f"{num_words:,}",
        "dimensions": str(training.config.get("vector_size", "")),
        "model": "skip-gram" if training.config.get("sg") else "CBOW",
        "epochs": str(training.config.get("epochs", "")),
        "held-out loss": None if held_out is None else f"{held_out:.4f}",
        "training": _duration(training.seconds),
        "finished": training.finished_at[:10],
    }
    pairs = [
        element("div", element("dt", name), element("dd", value)) for name, value in entries.items() if value
    ]
    return element("dl", *pairs, class_="summary")


def _duration(seconds: float) -> str:
    if seconds < 120:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 7200 else f"{seconds / 3600:.1f} h"


def _program() -> Markup:
    return element("script", Markup(_asset("page.js")))


def _asset(name: str) -> str:
    return files("w2v_core.report").joinpath(name).read_text(encoding="utf-8")


def _hash(text: str) -> str:
    """As a content security policy names a script or a style."""
    return "sha256-" + base64.b64encode(sha256(text.encode()).digest()).decode()

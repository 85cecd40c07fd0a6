"""From text to rows: where every token went, and how often words are."""

from collections.abc import Iterator

import numpy as np

from w2v_core.report.chart import Axis, Line, chart
from w2v_core.report.facts import RunFacts
from w2v_core.report.markup import Markup, details, element, section, table
from w2v_core.runs.token_account import TokenAccount
from w2v_core.types import Int64Array

STAGE_NAMES = {
    "tokens": "text → tokens",
    "phrases": "words → phrases",
    "vocab": "tokens → vocabulary",
    "shards": "tokens → rows",
    "vectors": "rows → vectors",
    "reports": "vectors → scores",
}
_FATES = ("kept", "out of vocabulary", "subsampled", "dropped")
_RANKS = 200
"""Points of the rank-frequency plot, in equal steps of the logarithm."""


def corpus_section(facts: RunFacts) -> Markup:
    """What each stage read, and what became of it."""
    accounts = {name: found.tokens for name, found in facts.manifests.items() if found.tokens}
    intro = element(
        "p",
        "Every token is accounted for: read = kept + out of vocabulary + subsampled + dropped for a stated reason.",
    )
    if not accounts:
        return section(
            "corpus", "Corpus", element("p", "The stages before training are not in this run directory.")
        )
    rows = [_account_row(name, account) for name, account in accounts.items()]
    headings = ("stage", "tokens read", "kept", "out of vocabulary", "subsampled", "dropped", "share kept")
    return section(
        "corpus",
        "Corpus",
        intro,
        _bars(accounts),
        table("Where every token went", headings, rows),
        details(
            "Everything that was counted", table("Counters", ("counter", "stage", "count"), _counters(facts))
        ),
    )


def vocabulary_section(counts_V: Int64Array) -> Markup:
    """How a word's count falls with its rank."""
    counts_V = np.sort(counts_V)[::-1]
    ranks = np.unique(np.geomspace(1, len(counts_V), _RANKS).round().astype(np.int64))
    measured = [(float(rank), float(counts_V[rank - 1])) for rank in ranks]
    zipf = [(rank, counts_V[0] / rank) for rank, _ in measured if counts_V[0] / rank >= counts_V[-1]]
    picture = chart(
        "Count of a word by its rank",
        f"Both axes in powers of ten. The most frequent of {len(counts_V):,} words was seen {counts_V[0]:,} times, the "
        f"rarest {counts_V[-1]:,} times.",
        Axis("rank", is_log=True),
        Axis(is_log=True),
        [Line("this vocabulary", measured), Line("Zipf’s law: first count ÷ rank", zipf)],
    )
    read_on = element(
        "p",
        "Natural language runs roughly along Zipf’s line. A step, or a long flat start, hints at repeated text or at a "
        "tokenizer that does not suit the language.",
    )
    return section("vocabulary", "Vocabulary", read_on, picture)


def _account_row(name: str, account: TokenAccount) -> tuple[str, ...]:
    reasons = {reason.replace("_", " "): count for reason, count in account.dropped.items() if count}
    dropped = ", ".join(f"{count:,} {reason}" for reason, count in reasons.items())
    fraction = f"{account.kept / account.read:.1%}" if account.read else "none read"
    numbers = (account.read, account.kept, account.out_of_vocabulary, account.subsampled)
    return (STAGE_NAMES[name], *(f"{number:,}" for number in numbers), dropped or "0", fraction)


def _counters(facts: RunFacts) -> Iterator[tuple[str, ...]]:
    for name, manifest in facts.manifests.items():
        for counter, count in manifest.counters.items():
            yield counter.replace("_", " "), STAGE_NAMES[name], f"{count:,}"


def _bars(accounts: dict[str, TokenAccount]) -> Markup:
    """A bar a stage, cut by what became of its tokens. The table below tells the same in numbers."""
    parts: list[Markup] = []
    for number, (name, account) in enumerate(accounts.items()):
        top, begin = 44 * number, 0.0
        parts.append(element("text", STAGE_NAMES[name], x=0, y=top + 14))
        fates = (account.kept, account.out_of_vocabulary, account.subsampled, sum(account.dropped.values()))
        for fate, count in enumerate(fates):
            width = 480 * count / max(account.read, 1)
            if count:
                position, drawn_width = f"{begin:.1f}", f"{max(width, 0.5):.1f}"
                parts.append(
                    element(
                        "rect", x=position, y=top + 20, width=drawn_width, height=16, class_=f"fill-{fate}"
                    )
                )
            begin += width
    keys = [
        element("li", element("span", class_=f"key block fill-{number}", aria_hidden="true"), fate)
        for number, fate in enumerate(_FATES)
    ]
    picture = element(
        "svg", *parts, viewBox=f"0 0 480 {44 * len(accounts)}", aria_hidden="true", class_="bars"
    )
    return element("figure", element("ul", *keys, class_="legend"), picture)

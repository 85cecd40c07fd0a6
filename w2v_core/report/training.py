"""How training went: losses, learning rate, speed."""

from typing import Any

from w2v_core.report.chart import Axis, Line, Point, chart
from w2v_core.report.facts import RunFacts
from w2v_core.report.markup import Markup, element, section

_NONE = float("nan")


def training_section(facts: RunFacts) -> Markup:
    """Three figures over epochs."""
    epochs = Axis("epochs trained")
    rows = element("p", "Losses are means over pairs, a positive word with its noise, in natural logarithms.")
    figures = element(
        "div",
        chart(
            "Loss",
            _ends(facts, "loss", "loss") + _ends(facts, "held_out_loss", "held-out loss"),
            epochs,
            Axis(),
            [
                Line("in training", _points(facts, "loss")),
                Line("of held-out rows", _points(facts, "held_out_loss")),
            ],
        ),
        chart(
            "Learning rate (alpha)",
            _ends(facts, "alpha", "alpha"),
            epochs,
            Axis(from_zero=True),
            [Line("alpha", _points(facts, "alpha"))],
        ),
        chart(
            "Speed (rows a second)",
            _ends(facts, "rows_per_second", "rows a second"),
            epochs,
            Axis(from_zero=True),
            [Line("rows/s", _points(facts, "rows_per_second"))],
        ),
        class_="figures",
    )
    return section("training", "Training", rows, figures)


def last(facts: RunFacts, key: str) -> float | None:
    """The last number that was recorded as `key`."""
    values = [value for line in facts.metrics if (value := _number(line.get(key))) == value]
    return values[-1] if values else None


def _points(facts: RunFacts, key: str) -> list[Point]:
    """What was reported, by epochs trained. Before the first row there is a held-out loss, and no rate of any kind."""
    num_epochs = _number(facts.manifests["vectors"].config.get("epochs"))
    lines = [line for line in facts.metrics if line.get("rows") or key == "held_out_loss"]
    rows = [_number(line.get("rows")) / max(_number(line.get("total_rows")), 1.0) for line in lines]
    return [
        (num_epochs * fraction, _number(line.get(key))) for fraction, line in zip(rows, lines, strict=True)
    ]


def _ends(facts: RunFacts, key: str, name: str) -> str:
    """What somebody who does not see the figure is told."""
    values = [value for _, value in _points(facts, key) if value == value]
    return f"From {values[0]:,.4g} to {values[-1]:,.4g} {name}. " if values else ""


def _number(value: Any) -> float:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return float(value) if is_number else _NONE

"""Lines over two axes, as an SVG in the page: its colours are the page's, in light and in dark."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from w2v_core.report.markup import Markup, element

WIDTH, HEIGHT = 480, 260
LEFT, RIGHT, TOP, BOTTOM = 58, 16, 12, 44
MOST_POINTS = 400
"""Points of a line: more than there are pixels to tell them apart would only make the file large."""

Point = tuple[float, float]


@dataclass(frozen=True)
class Line:
    """Points in order of x, and what the legend calls them."""

    name: str
    points: Sequence[Point]


@dataclass(frozen=True)
class Axis:
    """What stands along an axis, and whether its steps are powers of ten. The figure's title names what goes up."""

    label: str = ""
    is_log: bool = False
    from_zero: bool = False


def chart(title: str, description: str, x: Axis, y: Axis, lines: Sequence[Line]) -> Markup:
    """The lines, with a legend where there are several. Points that are not finite, or not above 0 where an axis has
    powers of ten, are left out; a figure without points says so."""
    drawn = [Line(line.name, _downsampled(_drawable(line.points, x, y))) for line in lines]
    drawn = [line for line in drawn if line.points]
    if not drawn:
        return element("figure", element("figcaption", title), element("p", "Nothing was recorded."))
    across = _Scale.of([point[0] for line in drawn for point in line.points], x, LEFT, WIDTH - RIGHT)
    up = _Scale.of([point[1] for line in drawn for point in line.points], y, HEIGHT - BOTTOM, TOP)
    picture = element(
        "svg",
        element("title", title),
        element("desc", description),
        *_grid(across, up),
        *(_path(number, line, across, up) for number, line in enumerate(drawn)),
        element("text", x.label, x=(LEFT + WIDTH - RIGHT) // 2, y=HEIGHT - 6, text_anchor="middle"),
        viewBox=f"0 0 {WIDTH} {HEIGHT}",
        role="img",
        aria_label=f"{title}. {description}",
    )
    return element("figure", element("figcaption", title), _legend(drawn), picture)


def axis_label(value: float) -> str:
    """A number as people write it on an axis: 0.025, 3, 12k, 4.5M."""
    for size, sign in ((1e12, "T"), (1e9, "G"), (1e6, "M"), (1e4, "k")):
        if abs(value) >= size:
            return f"{value / (1e3 if sign == 'k' else size):.3g}{sign}"
    return f"{value:.4g}"


@dataclass(frozen=True)
class _Scale:
    """Values to places along an axis: straight, or straight in their logarithms."""

    ticks: tuple[float, ...]
    transform: Callable[[float], float]
    low: float
    high: float
    begin: float
    end: float

    @classmethod
    def of(cls, values: Sequence[float], axis: Axis, begin: float, end: float) -> "_Scale":
        low, high = min(values), max(values)
        if axis.is_log:
            ticks = _powers(low, high)
            return cls(ticks, math.log10, math.log10(ticks[0]), math.log10(ticks[-1]), begin, end)
        ticks = _round_steps(0.0 if axis.from_zero else low, high)
        return cls(ticks, float, ticks[0], ticks[-1], begin, end)

    def position(self, value: float) -> float:
        fraction = (self.transform(value) - self.low) / (self.high - self.low)
        return round(self.begin + fraction * (self.end - self.begin), 1)


def _powers(low: float, high: float) -> tuple[float, ...]:
    """Powers of ten from the last below `low` to the first above `high`; at least two."""
    first = math.floor(math.log10(low))
    last = max(math.ceil(math.log10(high)), first + 1)
    return tuple(10.0**power for power in range(first, last + 1))


def _round_steps(low: float, high: float) -> tuple[float, ...]:
    """Round numbers in equal steps that enclose both; at least two."""
    if high <= low:
        low, high = low - (abs(low) / 2 or 1.0), high + (abs(high) / 2 or 1.0)
    rough = (high - low) / 5
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(size * power for size in (1, 2, 2.5, 5, 10) if size * power >= rough)
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    return tuple(number * step for number in range(first, last + 1))


def _drawable(points: Sequence[Point], x: Axis, y: Axis) -> list[Point]:
    def is_drawable(value: float, axis: Axis) -> bool:
        return math.isfinite(value) and (value > 0 or not axis.is_log)

    return [point for point in points if is_drawable(point[0], x) and is_drawable(point[1], y)]


def _downsampled(points: Sequence[Point]) -> Sequence[Point]:
    """At most MOST_POINTS, the first and the last among them."""
    if len(points) <= MOST_POINTS:
        return points
    last = len(points) - 1
    return [points[position * last // (MOST_POINTS - 1)] for position in range(MOST_POINTS)]


def _grid(across: _Scale, up: _Scale) -> list[Markup]:
    """A line and a number for every tick; of many powers of ten, every other or so."""
    bottom, parts = HEIGHT - BOTTOM, []
    for value in across.ticks[:: 1 + len(across.ticks) // 10]:
        position = across.position(value)
        parts.append(element("line", x1=str(position), x2=str(position), y1=TOP, y2=bottom, class_="grid"))
        parts.append(element("text", axis_label(value), x=str(position), y=bottom + 16, text_anchor="middle"))
    for value in up.ticks[:: 1 + len(up.ticks) // 10]:
        position = up.position(value)
        parts.append(
            element("line", x1=LEFT, x2=WIDTH - RIGHT, y1=str(position), y2=str(position), class_="grid")
        )
        parts.append(element("text", axis_label(value), x=LEFT - 6, y=str(position + 4), text_anchor="end"))
    return parts


def _path(number: int, line: Line, across: _Scale, up: _Scale) -> Markup:
    positions = [(across.position(x), up.position(y)) for x, y in line.points]
    if len(positions) == 1:
        ((x, y),) = positions
        return element("circle", cx=str(x), cy=str(y), r=3, class_=f"dot line-{number}")
    return element(
        "polyline", points=" ".join(f"{x},{y}" for x, y in positions), class_=f"line line-{number}"
    )


def _legend(lines: Sequence[Line]) -> Markup:
    if len(lines) == 1:
        return Markup()
    keys = [
        element("li", element("span", class_=f"key key-{number}", aria_hidden="true"), line.name)
        for number, line in enumerate(lines)
    ]
    return element("ul", *keys, class_="legend")

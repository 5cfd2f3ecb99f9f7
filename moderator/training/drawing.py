"""Charts as inline SVG: no script, no font, no address outside; colours come from the page's style sheet.

Every chart is 360 × 250 units, so that its letters are as large as the page's on a phone.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

WIDTH, HEIGHT = 360, 250
LEFT, RIGHT, TOP, BOTTOM = 44, 12, 14, 40

Point = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Axis:
    """From where to where, in which words, and at which values a line is drawn."""

    low: float
    high: float
    title: str
    ticks: tuple[tuple[float, str], ...]
    log: bool = False

    def share(self, value: float) -> float:
        """Where a value stands from 0 to 1; what lies beyond the axis stands at its end."""
        value = min(max(value, self.low), self.high)
        if self.log:
            return math.log(value / self.low) / math.log(self.high / self.low)
        return (value - self.low) / (self.high - self.low)


@dataclass(frozen=True, slots=True)
class Plane:
    """Two axes: from values to places on the drawing."""

    across: Axis
    up: Axis

    def x(self, value: float) -> float:
        """The place across."""
        return round(LEFT + self.across.share(value) * (WIDTH - LEFT - RIGHT), 1)

    def y(self, value: float) -> float:
        """The place down from the top."""
        return round(HEIGHT - BOTTOM - self.up.share(value) * (HEIGHT - TOP - BOTTOM), 1)


def percents(*values: float) -> tuple[tuple[float, str], ...]:
    """Ticks at shares, written as percentages."""
    return tuple((value, f"{value * 100:g} %") for value in values)


SHARE = (0.0, 0.25, 0.5, 0.75, 1.0)


def chart(label: str, plane: Plane, *parts: str) -> str:
    """A whole drawing; ``label`` is what a reader who sees no drawing is told."""
    return (
        f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{escape(label)}">{_grid(plane)}'
        f"{''.join(parts)}</svg>"
    )


def _grid(plane: Plane) -> str:
    right, bottom = WIDTH - RIGHT, HEIGHT - BOTTOM
    parts = []
    for value, text in plane.up.ticks:
        y = plane.y(value)
        parts.append(f'<path class="grid" d="M{LEFT} {y}H{right}"/>')
        parts.append(f'<text x="{LEFT - 6}" y="{y + 3.5}" text-anchor="end">{escape(text)}</text>')
    for value, text in plane.across.ticks:
        x = plane.x(value)
        parts.append(f'<path class="grid" d="M{x} {TOP}V{bottom}"/>')
        parts.append(f'<text x="{x}" y="{bottom + 14}" text-anchor="middle">{escape(text)}</text>')
    parts.append(f'<path class="axis" d="M{LEFT} {TOP}V{bottom}H{right}"/>')
    middle = (LEFT + right) / 2
    parts.append(
        f'<text class="title" x="{middle}" y="{HEIGHT - 8}" text-anchor="middle">{escape(plane.across.title)}</text>'
    )
    parts.append(f'<text class="title" x="{LEFT}" y="{TOP - 5}" text-anchor="start">{escape(plane.up.title)}</text>')
    return "".join(parts)


def line(plane: Plane, points: Sequence[Point], kind: str) -> str:
    """A line through points."""
    if not points:
        return ""
    path = "L".join(f"{plane.x(across)} {plane.y(up)}" for across, up in points)
    return f'<path class="line {kind}" d="M{path}"/>'


def stairs(plane: Plane, points: Sequence[Point], kind: str) -> str:
    """A line of steps: between two points there is no threshold, so nothing is on the way."""
    if not points:
        return ""
    path = f"M{plane.x(points[0][0])} {plane.y(points[0][1])}"
    for across, up in points[1:]:
        path += f"H{plane.x(across)}V{plane.y(up)}"
    return f'<path class="line {kind}" d="{path}"/>'


def dots(plane: Plane, points: Sequence[Point], kind: str) -> str:
    """A dot at each point."""
    return "".join(
        f'<circle class="dot {kind}" cx="{plane.x(across)}" cy="{plane.y(up)}" r="3.2"/>' for across, up in points
    )


def whiskers(plane: Plane, spans: Sequence[tuple[float, float, float]], kind: str) -> str:
    """An upright line for each (across, low, high)."""
    return "".join(
        f'<path class="whisker {kind}" d="M{plane.x(x)} {plane.y(low)}V{plane.y(high)}"/>' for x, low, high in spans
    )


def upright(plane: Plane, value: float, text: str, *, row: int = 0) -> str:
    """A dashed line at a value across, with its name beside; ``row`` puts names below each other."""
    x = plane.x(value)
    late = x > WIDTH * 0.7
    anchor, beside = ("end", x - 4) if late else ("start", x + 4)
    return (
        f'<path class="mark" d="M{x} {TOP}V{HEIGHT - BOTTOM}"/>'
        f'<text class="marked" x="{beside}" y="{TOP + 10 + 13 * row}" text-anchor="{anchor}">{escape(text)}</text>'
    )


def level(plane: Plane, value: float) -> str:
    """A plain line across, at a value."""
    return f'<path class="axis" d="M{LEFT} {plane.y(value)}H{WIDTH - RIGHT}"/>'


def columns(plane: Plane, heights: Sequence[float], kind: str) -> str:
    """Bars from nought, side by side over the whole axis; heights may be negative."""
    size = 1.0 / max(len(heights), 1)
    base = plane.y(0.0)
    parts = []
    for i, height in enumerate(heights):
        if height:
            left, right = plane.x(i * size), plane.x((i + 1) * size)
            top = plane.y(height)
            parts.append(
                f'<rect class="bar {kind}" x="{left + 0.4:.1f}" y="{min(top, base):.1f}" '
                f'width="{max(right - left - 0.8, 0.5):.1f}" height="{max(abs(base - top), 1.0):.1f}"/>'
            )
    return "".join(parts)


def crowd(label: str, marked: int, kind: str, *, of: int = 1_000) -> str:
    """``of`` little squares, so many of them marked: a share as people, not as a percentage."""
    across, step = 50, 7
    down = math.ceil(of / across)
    marked = min(max(marked, 0), of)

    def squares(first: int, last: int) -> str:
        return "".join(f"M{i % across * step} {i // across * step}h5v5h-5z" for i in range(first, last))

    box = f"0 0 {across * step - 2} {down * step - 2}"
    return (
        f'<svg class="crowd" viewBox="{box}" role="img" aria-label="{escape(label)}">'
        f'<path class="{kind}" d="{squares(0, marked)}"/><path class="others" d="{squares(marked, of)}"/></svg>'
    )

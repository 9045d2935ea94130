"""Small plots as inline SVG: lines with bands, bars, a grid of counts. They take their colours from the page.

Only what the evaluation's report needs, and no more: a plotting library would be a large dependency for four
figures, and its pictures do not follow the reader's light or dark page.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

_WIDTH, _HEIGHT = 560, 300
_LEFT, _RIGHT, _TOP, _BOTTOM = 58, 16, 16, 46
_TICKS = 5
_COLOURS = 6
"""Classes `c0` ... `c5` of the page's style sheet."""


@dataclass(frozen=True, slots=True)
class Line:
    """One curve."""

    name: str
    points: Sequence[tuple[float, float]]
    spread: Sequence[float] = ()
    """Half the height of the band around each point."""
    dashed: bool = False
    dots: bool = True


@dataclass(frozen=True, slots=True)
class Axis:
    """What an axis says and how far it goes."""

    label: str
    low: float
    high: float
    logarithmic: bool = False
    percent: bool = False
    ticks: Sequence[float] = ()
    """Where its marks are; evenly spread if none are given."""

    def place(self, value: float) -> float:
        """0 at `low`, 1 at `high`."""
        low, high = self.low, self.high
        if self.logarithmic:
            value, low, high = math.log(max(value, low)), math.log(low), math.log(high)
        return (value - low) / (high - low) if high > low else 0.5

    def marks(self) -> Sequence[float]:
        return self.ticks or [self.low + (self.high - self.low) * step / _TICKS for step in range(_TICKS + 1)]

    def text(self, value: float) -> str:
        return f"{value:.0%}" if self.percent else f"{value:g}" if abs(value) < 1000 else f"{value:,.0f}"


def lines(title: str, x: Axis, y: Axis, curves: Sequence[Line]) -> str:
    """Curves over a common axis, each with its band, and a legend where there is more than one."""
    parts = [*_frame(x, y)]
    for number, curve in enumerate(curves):
        colour = f"c{number % _COLOURS}"
        places = [(_x(x, a), _y(y, b)) for a, b in curve.points]
        if curve.spread:
            upper = [
                (_x(x, a), _y(y, min(b + s, y.high))) for (a, b), s in zip(curve.points, curve.spread, strict=True)
            ]
            lower = [(_x(x, a), _y(y, max(b - s, y.low))) for (a, b), s in zip(curve.points, curve.spread, strict=True)]
            parts.append(f'<polygon class="band {colour}" points="{_points([*upper, *reversed(lower)])}"/>')
        dash = ' stroke-dasharray="5 4"' if curve.dashed else ""
        parts.append(f'<polyline class="line {colour}" points="{_points(places)}"{dash}/>')
        if curve.dots:
            parts += [
                f'<circle class="dot {colour}" cx="{a:.1f}" cy="{b:.1f}" r="3.5">'
                f"<title>{escape(f'{curve.name}: {x.text(at)}, {value:.3f}')}</title></circle>"
                for (a, b), (at, value) in zip(places, curve.points, strict=True)
            ]
    if len(curves) > 1:
        parts += _legend([curve.name for curve in curves])
    return _svg(title, parts)


def bars(title: str, values: Sequence[tuple[str, float]], *, percent: bool = True) -> str:
    """Lying bars, a row a name, with the value at the end."""
    row, left = 22, 210
    height = row * len(values) + 12
    longest = 1.0 if percent else max((value for _, value in values), default=1.0) or 1.0
    parts = []
    for number, (name, value) in enumerate(values):
        top = 6 + row * number
        length = max(value / longest, 0.0) * (_WIDTH - left - 70)
        shown = f"{value:.1%}" if percent else f"{value:,.4g}"
        parts += [
            f'<text class="label" x="{left - 8}" y="{top + 15}" text-anchor="end">{escape(name)}</text>',
            f'<rect class="bar c0" x="{left}" y="{top + 3}" width="{length:.1f}" height="{row - 7}" rx="2"/>',
            f'<text class="label" x="{left + length + 6:.1f}" y="{top + 15}">{shown}</text>',
        ]
    return _svg(title, parts, height=height)


def grid(title: str, rows: Sequence[str], names: Sequence[str], counts: Sequence[Sequence[int]]) -> str:
    """Counts as shaded cells, each row shaded by its share; rows are what was wanted, columns what was found."""
    cell, left, top = 84, 140, 40
    height, width = top + 34 * len(rows) + 10, left + cell * len(names) + 10
    parts = [
        f'<text class="label" x="{left + cell * (at + 0.5):.0f}" y="{top - 12}" text-anchor="middle">'
        f"{escape(_short(name, 13))}</text>"
        for at, name in enumerate(names)
    ]
    for number, (name, row) in enumerate(zip(rows, counts, strict=True)):
        y = top + 34 * number
        total = sum(row) or 1
        label = escape(_short(name, 20))
        parts.append(f'<text class="label" x="{left - 8}" y="{y + 21}" text-anchor="end">{label}</text>')
        for at, count in enumerate(row):
            x = left + cell * at
            parts += [
                f'<rect class="cell" x="{x + 1}" y="{y + 1}" width="{cell - 2}" height="32" '
                f'fill-opacity="{0.65 * count / total:.3f}"/>',
                f'<text class="label" x="{x + cell / 2:.0f}" y="{y + 21}" text-anchor="middle">{count}</text>',
            ]
    return _svg(title, parts, width=width, height=height)


def _frame(x: Axis, y: Axis) -> list[str]:
    bottom, right = _HEIGHT - _BOTTOM, _WIDTH - _RIGHT
    parts = []
    for mark in y.marks():
        at = _y(y, mark)
        parts += [
            f'<line class="rule" x1="{_LEFT}" x2="{right}" y1="{at:.1f}" y2="{at:.1f}"/>',
            f'<text class="label" x="{_LEFT - 6}" y="{at + 4:.1f}" text-anchor="end">{y.text(mark)}</text>',
        ]
    for mark in x.marks():
        at = _x(x, mark)
        parts.append(f'<text class="label" x="{at:.1f}" y="{bottom + 16}" text-anchor="middle">{x.text(mark)}</text>')
    middle = (_TOP + bottom) / 2
    parts += [
        f'<line class="axis" x1="{_LEFT}" x2="{right}" y1="{bottom}" y2="{bottom}"/>',
        f'<text class="label" x="{(_LEFT + right) / 2}" y="{_HEIGHT - 8}" text-anchor="middle">'
        f"{escape(x.label)}</text>",
        f'<text class="label" x="14" y="{middle}" text-anchor="middle" transform="rotate(-90 14 {middle})">'
        f"{escape(y.label)}</text>",
    ]
    return parts


def _legend(names: Sequence[str]) -> list[str]:
    parts = []
    for number, name in enumerate(names):
        y = _TOP + 14 + 18 * number
        parts += [
            f'<line class="line c{number % _COLOURS}" x1="{_LEFT + 10}" x2="{_LEFT + 34}" y1="{y}" y2="{y}"/>',
            f'<text class="label" x="{_LEFT + 40}" y="{y + 4}">{escape(name)}</text>',
        ]
    return parts


def _svg(title: str, parts: Sequence[str], *, width: int = _WIDTH, height: int = _HEIGHT) -> str:
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" role="img" viewBox="0 0 {width} {height}" '
        f'style="max-width:{width}px"><title>{escape(title)}</title>{"".join(parts)}</svg>'
    )


def _x(axis: Axis, value: float) -> float:
    return _LEFT + axis.place(value) * (_WIDTH - _LEFT - _RIGHT)


def _y(axis: Axis, value: float) -> float:
    return _HEIGHT - _BOTTOM - axis.place(value) * (_HEIGHT - _TOP - _BOTTOM)


def _points(places: Sequence[tuple[float, float]]) -> str:
    return " ".join(f"{a:.1f},{b:.1f}" for a, b in places)


def _short(text: str, longest: int) -> str:
    text = text.replace("_", " ")
    return text if len(text) <= longest else text[: longest - 1] + "…"

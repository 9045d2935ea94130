"""A plot of how figures grow, as an SVG file: both axes logarithmic, a line a figure. It measures nothing."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from xml.sax.saxutils import escape

_WIDTH, _HEIGHT = 760, 460
_LEFT, _RIGHT, _TOP, _BOTTOM = 70, 210, 50, 60
_COLOURS = ("#2c6fbb", "#d1495b", "#3a8f5c", "#9a5fb5", "#b8860b", "#555555")


def growth_plot(title: str, lines: Mapping[str, Sequence[tuple[float, float]]]) -> str:
    """Lines of (size, value) points, by name; values and sizes are above 0."""
    points = [point for line in lines.values() for point in line]
    if not points:
        return _svg([_text(_LEFT, 30, title, size=16)])
    x_from, x_to = _decades([x for x, _ in points])
    y_from, y_to = _decades([y for _, y in points])

    def place(x: float, y: float) -> tuple[float, float]:
        across = (math.log10(x) - x_from) / (x_to - x_from)
        up = (math.log10(max(y, 10**y_from)) - y_from) / (y_to - y_from)
        return _LEFT + across * (_WIDTH - _LEFT - _RIGHT), _HEIGHT - _BOTTOM - up * (_HEIGHT - _TOP - _BOTTOM)

    parts = [_text(_LEFT, 30, title, size=16)]
    for power in range(x_from, x_to + 1):
        x, _ = place(10**power, 10**y_from)
        parts += [_line(x, _TOP, x, _HEIGHT - _BOTTOM), _text(x, _HEIGHT - _BOTTOM + 20, f"{10**power:,}", "middle")]
    for power in range(y_from, y_to + 1):
        _, y = place(10**x_from, 10**power)
        parts += [_line(_LEFT, y, _WIDTH - _RIGHT, y), _text(_LEFT - 8, y + 4, f"{10.0**power:g}", "end")]
    ends: list[float] = []
    for number, (name, line) in enumerate(lines.items()):
        colour = _COLOURS[number % len(_COLOURS)]
        placed = [place(x, y) for x, y in line]
        path = " ".join(f"{x:.1f},{y:.1f}" for x, y in placed)
        parts.append(f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2"/>')
        parts += [f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3.5" fill="{colour}"/>' for x, y in placed]
        label_y = placed[-1][1] + 4
        while any(abs(label_y - other) < 15 for other in ends):
            label_y += 3
        ends.append(label_y)
        parts.append(_text(placed[-1][0] + 10, label_y, f"{name}: {line[-1][1]:.1f}", colour=colour))
    return _svg(parts)


def _decades(values: Sequence[float]) -> tuple[int, int]:
    low, high = math.floor(math.log10(min(values))), math.ceil(math.log10(max(values)))
    return low, max(high, low + 1)


def _line(x1: float, y1: float, x2: float, y2: float) -> str:
    return f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" stroke="#dddddd"/>'


def _text(x: float, y: float, text: str, anchor: str = "start", colour: str = "#222222", size: int = 12) -> str:
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" fill="{colour}" font-size="{size}" '
        f'font-family="sans-serif">{escape(text)}</text>'
    )


def _svg(parts: Sequence[str]) -> str:
    body = "\n".join(parts)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{_WIDTH}" height="{_HEIGHT}" '
        f'viewBox="0 0 {_WIDTH} {_HEIGHT}">\n<rect width="100%" height="100%" fill="white"/>\n{body}\n</svg>\n'
    )

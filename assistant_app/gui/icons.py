"""Outline icons, drawn from SVG in the colour asked for.

Loads `resources/icons/NAME.svg` and replaces its `currentColor`. Knows no theme: callers pass colours
and ask again when the look changes.
"""

from __future__ import annotations

from functools import lru_cache

from PySide6.QtCore import QByteArray, QRectF, QSize, Qt
from PySide6.QtGui import QIcon, QPainter, QPixmap
from PySide6.QtSvg import QSvgRenderer

from assistant_app.paths import resources_dir


@lru_cache(maxsize=256)
def _svg(name: str) -> str:
    return (resources_dir() / "icons" / f"{name}.svg").read_text(encoding="utf-8")


@lru_cache(maxsize=256)
def _renderer(name: str, colour: str) -> QSvgRenderer:
    return QSvgRenderer(QByteArray(_svg(name).replace("currentColor", colour).encode()))


def draw_icon(painter: QPainter, name: str, rect: QRectF, colour: str) -> None:
    """Draw an icon into `rect`."""
    _renderer(name, colour).render(painter, rect)


def icon_pixmap(name: str, colour: str, size: int = 20, *, ratio: float = 2.0) -> QPixmap:
    """An icon as a pixmap of `size` logical pixels."""
    pixmap = QPixmap(QSize(round(size * ratio), round(size * ratio)))
    pixmap.setDevicePixelRatio(ratio)
    pixmap.fill(Qt.GlobalColor.transparent)
    painter = QPainter(pixmap)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    draw_icon(painter, name, QRectF(0, 0, size, size), colour)
    painter.end()
    return pixmap


def icon(name: str, colour: str, size: int = 20, *, disabled: str | None = None) -> QIcon:
    """An icon for a button."""
    result = QIcon(icon_pixmap(name, colour, size))
    if disabled:
        result.addPixmap(icon_pixmap(name, disabled, size), QIcon.Mode.Disabled)
    return result


def application_icon() -> QIcon:
    """The program's own mark."""
    result = QIcon()
    for size in (16, 24, 32, 48, 64, 128, 256):
        result.addPixmap(icon_pixmap("assistant", "", size, ratio=1.0))
    return result

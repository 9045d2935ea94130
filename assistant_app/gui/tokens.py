"""Colours, sizes and type of the window; the one file with colour values.

Turns a theme and an accent into `Tokens`, and those into a QPalette and a style sheet. It knows no
widget of ours by class: widgets ask for a look through the `kind`, `role` and `tone` properties.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from string import Template
from typing import Literal

from PySide6.QtGui import QColor, QPalette

from assistant_app.paths import resources_dir

Accent = Literal["blue", "teal"]


@dataclass(frozen=True, slots=True)
class EventColour:
    """One calendar's colour: a strong bar and a soft fill under text."""

    bar: str
    fill: str


@dataclass(frozen=True, slots=True)
class Tokens:
    """Every colour of one theme."""

    dark: bool
    window: str
    surface: str
    sunken: str
    raised: str
    hover: str
    text: str
    text_2: str
    text_3: str
    border: str
    """Decoration."""
    edge: str
    """Edges of controls: at least 3:1 on every ground."""
    accent: str
    on_accent: str
    link: str
    """Also the accent while hovered."""
    accent_soft: str
    ok: str
    ok_soft: str
    warning: str
    warning_soft: str
    error: str
    error_soft: str
    recording: str
    """Means "microphone open" or "now", nothing else."""
    on_recording: str
    voice: str
    """Thinking and speaking."""
    voice_soft: str
    toast: str
    toast_text: str
    toast_action: str
    shadow: str
    events: tuple[EventColour, ...]


_LIGHT_ACCENTS: dict[Accent, tuple[str, str, str, str]] = {
    "blue": ("#1F5FD0", "#FFFFFF", "#194EAC", "#E3EDFD"),
    "teal": ("#0B6E6E", "#FFFFFF", "#075757", "#DDF1F0"),
}
_DARK_ACCENTS: dict[Accent, tuple[str, str, str, str]] = {
    "blue": ("#8AB4FF", "#0B1B38", "#A9C8FF", "#223555"),
    "teal": ("#6FD3CF", "#04211F", "#98E3E0", "#12383A"),
}
_LIGHT_EVENTS = tuple(
    EventColour(*pair.split("/"))
    for pair in [
        "#1F5FD0/#E3EDFD",
        "#0B6E6E/#DDF1F0",
        "#2E7031/#E2F2E1",
        "#6B6400/#F3F0D2",
        "#8A5300/#FDF0DA",
        "#B0255E/#FCE4EE",
        "#6D3FC4/#EEE7FB",
        "#4D5666/#E8EBF0",
    ]
)
_DARK_EVENTS = tuple(
    EventColour(*pair.split("/"))
    for pair in [
        "#8AB4FF/#223555",
        "#6FD3CF/#12383A",
        "#8FD48F/#1E3A20",
        "#D3C95C/#37340F",
        "#F2BD68/#3D2E12",
        "#FF9DC0/#47202F",
        "#C4A8FF/#352A4F",
        "#B4BECF/#2C323D",
    ]
)


def tokens_for(*, dark: bool, accent: Accent) -> Tokens:
    """The colours of a theme with an accent."""
    if dark:
        colour, on, link, soft = _DARK_ACCENTS[accent]
        return Tokens(
            dark=True,
            window="#16181D",
            surface="#1E2127",
            sunken="#111317",
            raised="#272B33",
            hover="#30353F",
            text="#ECEEF2",
            text_2="#B3B9C5",
            text_3="#A3A9B6",
            border="#3A404B",
            edge="#808896",
            accent=colour,
            on_accent=on,
            link=link,
            accent_soft=soft,
            ok="#7BD6A0",
            ok_soft="#183626",
            warning="#F2BD68",
            warning_soft="#3D2E12",
            error="#FF9A92",
            error_soft="#47211F",
            recording="#FF7A7A",
            on_recording="#2B0B0B",
            voice="#C4A8FF",
            voice_soft="#352A4F",
            toast="#E4E7ED",
            toast_text="#16181D",
            toast_action="#194EAC",
            shadow="#000000",
            events=_DARK_EVENTS,
        )
    colour, on, link, soft = _LIGHT_ACCENTS[accent]
    return Tokens(
        dark=False,
        window="#F6F6F8",
        surface="#FFFFFF",
        sunken="#ECEDF1",
        raised="#FFFFFF",
        hover="#E6E8ED",
        text="#1B1D22",
        text_2="#4A4F5B",
        text_3="#5E6370",
        border="#D5D8DF",
        edge="#7A808D",
        accent=colour,
        on_accent=on,
        link=link,
        accent_soft=soft,
        ok="#1A7340",
        ok_soft="#E1F3E8",
        warning="#8A5300",
        warning_soft="#FDF0DA",
        error="#B3261E",
        error_soft="#FCE8E6",
        recording="#C4242B",
        on_recording="#FFFFFF",
        voice="#6D3FC4",
        voice_soft="#EEE7FB",
        toast="#2A2D34",
        toast_text="#F6F6F8",
        toast_action="#A9C8FF",
        shadow="#000000",
        events=_LIGHT_EVENTS,
    )


TextRole = Literal["caption", "body", "message", "strong", "subtitle", "title", "hero"]

TYPE: dict[TextRole, tuple[int, int, int]] = {
    "caption": (12, 16, 400),
    "body": (14, 20, 400),
    "message": (15, 24, 400),
    "strong": (14, 20, 600),
    "subtitle": (18, 24, 600),
    "title": (22, 28, 600),
    "hero": (28, 36, 600),
}
"""Size and line height in pixels at 100 %, and weight."""

CHINESE_FAMILIES = (
    "Noto Sans CJK SC",
    "Source Han Sans SC",
    "Microsoft YaHei UI",
    "PingFang SC",
    "WenQuanYi Micro Hei",
)
"""Tried in this order after the system's own family, so that Chinese glyph forms win over Japanese ones."""


def palette_for(t: Tokens) -> QPalette:
    """The palette for what the style sheet leaves to the Fusion style."""
    palette = QPalette()
    role = QPalette.ColorRole
    for name, colour in (
        (role.Window, t.window),
        (role.WindowText, t.text),
        (role.Base, t.surface),
        (role.AlternateBase, t.window),
        (role.ToolTipBase, t.raised),
        (role.ToolTipText, t.text),
        (role.PlaceholderText, t.text_3),
        (role.Text, t.text),
        (role.Button, t.surface),
        (role.ButtonText, t.text),
        (role.BrightText, t.error),
        (role.Light, t.hover),
        (role.Midlight, t.border),
        (role.Mid, t.border),
        (role.Dark, t.edge),
        (role.Shadow, t.sunken),
        (role.Highlight, t.accent),
        (role.HighlightedText, t.on_accent),
        (role.Accent, t.accent),
        (role.Link, t.link),
        (role.LinkVisited, t.link),
    ):
        palette.setColor(name, QColor(colour))
    for name in (role.WindowText, role.Text, role.ButtonText):
        palette.setColor(QPalette.ColorGroup.Disabled, name, QColor(t.text_3))
    return palette


def style_sheet_for(t: Tokens, scale: float) -> str:
    """The style sheet `resources/style/window.qss` in these colours; `scale` is the text size, 1.0 at 100 %."""

    def px(size: float) -> str:
        return f"{max(1, round(size * scale))}px"

    types = "\n".join(
        f'*[role="{name}"] {{ font-size: {px(size)}; font-weight: {weight}; }}'
        for name, (size, _line, weight) in TYPE.items()
    )
    values = {name: str(value) for name, value in asdict(t).items()}
    values |= {f"px{size}": px(size) for size in (12, 14, 15)}
    values |= {"types": types, "segment": t.hover if t.dark else t.surface}
    sheet = (resources_dir() / "style" / "window.qss").read_text(encoding="utf-8")
    return Template(sheet).substitute(values)

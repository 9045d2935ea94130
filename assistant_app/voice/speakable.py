"""Written text as it is read aloud: no Markdown, links by their host, numbers and short forms in words.

    spoken_text("It costs **$5**.").text  ->  "It costs five dollars."

Every spoken word knows its place in the text that is shown, so that it can be marked while it is said.
"""

from __future__ import annotations

import re
import unicodedata

from assistant_app.voice.addresses import say_addresses
from assistant_app.voice.chinese_reading import read_chinese
from assistant_app.voice.english_reading import read_english
from assistant_app.voice.markup import strip_markup
from assistant_app.voice.traced_text import SpokenWord, TracedText

__all__ = ["SpokenWord", "TracedText", "speakable", "spoken_text"]

_COMPOSED = re.compile(r"[^\W\d_][\u0300-\u036f\u3099\u309a]+")
_WIDE_GAPS = re.compile(r"[ \t]{2,}|\n{2,}")
_GAPS = re.compile(r"\s+")
_GAP_BEFORE_MARK = re.compile(r" +(?=[,.!?;:，。！？；：、](?![\w.]))")
_EDGES = re.compile(r"^\s+|\s+$")
_MARKS_IN_A_ROW = re.compile(r"(?<=[,;:，；：])[,，.](?= |$)")


def speakable(text: str, language: str = "en") -> str:
    """`text` (a sentence or more) as it should be said; empty if there is nothing to say."""
    return spoken_text(text, language).text


def spoken_text(text: str, language: str = "en") -> TracedText:
    """The same with the places of its characters in `text`. `language`: ISO 639-1; all but "zh" is read as English."""
    traced = TracedText(text)
    chinese = language == "zh"
    traced.sub(_COMPOSED, lambda found: unicodedata.normalize("NFC", found[0]))
    traced.sub(_WIDE_GAPS, lambda found: found[0][0])
    strip_markup(traced, chinese=chinese)
    say_addresses(traced, chinese=chinese)
    traced.sub(_GAPS, " ")
    if chinese:
        read_chinese(traced)
    else:
        read_english(traced)
    traced.sub(_GAPS, " ")
    traced.sub(_EDGES, "")
    traced.sub(_GAP_BEFORE_MARK, "")
    traced.sub(_MARKS_IN_A_ROW, "")
    return traced if any(character.isalnum() for character in traced.text) else TracedText("")

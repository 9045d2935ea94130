"""Markdown, HTML and pictures taken out of a text that will be said; lists and tables get their pauses."""

from __future__ import annotations

import html
import re

from assistant_app.voice.traced_text import TracedText

_CODE_BLOCK = re.compile(r"```.*?(?:```|$)|~~~.*?(?:~~~|$)", re.DOTALL)
_COMMENT = re.compile(r"<!--.*?(?:-->|$)", re.DOTALL)
_TAG = re.compile(
    r"</?(?:a|b|i|u|em|strong|br|p|div|span|ul|ol|li|code|pre|su[bp]|table|t[rdh]|h[1-6r]|img|small|mark|del|ins|kbd)"
    r"(?:\s[^<>]*)?/?>",
    re.IGNORECASE,
)
_AUTO_LINK = re.compile(r"<((?:https?://|mailto:)?(?:[^\s<>@/]+@)?[^\s<>@/]+\.[^\s<>]*)>")
_PLACEHOLDER = re.compile(r"<([A-Za-z][\w -]*)>")
_ENTITY = re.compile(r"&(?:#\d{1,7}|#x[0-9a-f]{1,6}|[a-z][a-z0-9]{1,20});", re.IGNORECASE)
_IMAGE = re.compile(r"!\[([^\]\n]*)\]\([^)\n]*\)")
_LINK = re.compile(r"(?<!!)\[([^\]\n]+)\](?:\([^)\n]*\)|\[[^\]\n]*\])")
_FOOTNOTE = re.compile(r"(?<=[\w.,;:!?，。；！？])(?:\[\^?\d{1,3}\])+")
_INLINE_CODE = re.compile(r"(?<!`)`{1,2}(?!`)([^`\n]+)`{1,2}(?!`)")
_RULE = re.compile(r"^[ \t]*(?:[-*_=][ \t]*){3,}$", re.MULTILINE)
_TABLE_RULE = re.compile(r"^[ \t]*\|?[ \t:|-]*-[ \t:|-]*\|[ \t:|-]*$\n?", re.MULTILINE)
_TABLE_ROW = re.compile(r"^[ \t]*\|[ \t]*(.*?)[ \t]*\|[ \t]*$", re.MULTILINE)
_CELL = re.compile(r"(?<=\S)[ \t]+\|[ \t]+(?=\S)")
_BOX_DONE = re.compile(r"^([ \t]*[-*+•][ \t]+)\[[xX]\][ \t]+", re.MULTILINE)
_BOX_OPEN = re.compile(r"(?<=[-*+•] )\[ \][ \t]+")
_HEADING = re.compile(r"^[ \t]*#{1,6}[ \t]+(.*?)[ \t]*#*$", re.MULTILINE)
_QUOTE = re.compile(r"^[ \t]*(?:>[ \t]?)+", re.MULTILINE)
_BULLET = re.compile(r"^[ \t]*[-*+•◦▪‣·][ \t]+", re.MULTILINE)
_NUMBERED = re.compile(r"^([ \t]*(?:\d{1,3}|\(\d{1,2}(?=\))))[.)、](?=[ \t]+\S)", re.MULTILINE)
_EMPHASIS = re.compile(r"(\*{1,3}|(?<!\w)_{1,3}|~~)(?=\S)([^*~\n]+?)(?<=\S)\1(?!\w)")
_EMPHASIS_MARKS = re.compile(r"\*{2,}|~~")
_ESCAPE = re.compile(r"\\([\\`*_{}\[\]()#+.!|>~-])(?![A-Za-z])")
_LINE_END = re.compile(r"(?<=[^\s.,;:!?。，；：！？、…])(?=[ \t]*\n+[ \t]*\S)")
_PICTURES = re.compile(
    # Emoji and dingbats with their selectors and joiners; control and format characters, lone surrogates.
    "[\U0001f000-\U0001faff\u2600-\u27bf\u2b00-\u2bff\ufe00-\ufe0f\U000e0000-\U000e007f\u200b-\u200f\u202a-\u202e"
    "\u2060-\u206f\u20e3\u00ad\ufeff\ufffd\ud800-\udfff\x00-\x08\x0b-\x1f\x7f-\x9f]+"
)


def strip_markup(text: TracedText, *, chinese: bool) -> None:
    """Leave the words; a line that ends without a mark gets a full stop, so that the voice pauses."""
    text.sub(_CODE_BLOCK, " ")
    text.sub(_COMMENT, " ")
    text.keep(_AUTO_LINK)
    text.sub(_TAG, " ")
    text.keep(_PLACEHOLDER)
    text.sub(_ENTITY, lambda found: html.unescape(found[0]))
    text.keep(_IMAGE)
    text.keep(_LINK)
    text.sub(_FOOTNOTE, "")
    text.keep(_INLINE_CODE)
    text.sub(_RULE, "")
    text.sub(_TABLE_RULE, "")
    text.keep(_TABLE_ROW)
    text.sub(_CELL, "，" if chinese else ", ")
    text.sub(_BOX_DONE, lambda found: f"{found[1]}{'完成：' if chinese else 'done: '}")
    text.sub(_BOX_OPEN, "")
    text.keep(_HEADING)
    text.sub(_QUOTE, "")
    text.sub(_BULLET, "")
    text.sub(_NUMBERED, lambda found: f"{found[1].strip(' (')}{'，' if chinese else ','}")
    text.keep(_EMPHASIS, 2)
    text.sub(_EMPHASIS_MARKS, "")
    text.keep(_ESCAPE)
    text.sub(_PICTURES, "")
    text.sub(_LINE_END, "。" if chinese else ".")

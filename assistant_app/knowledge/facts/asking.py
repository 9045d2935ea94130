"""What a question is about once its politeness is taken off: "could you tell me what 2 + 2 is?" -> "2 + 2".

Words of asking only; what is asked is for the grammars of this package.
"""

from __future__ import annotations

import re
import unicodedata

_POLITE = re.compile(
    r"^(?:(?:hey|ok|okay|so|well|please|quick question|assistant)\b[\s,]*)*"
    r"(?:i (?:would|'d) (?:like|love) to know\b[\s,]*|i (?:want|need|wanna) (?:to )?know\b[\s,]*|do you know\b[\s,]*"
    r"|(?:(?:can|could|would|will) (?:you|u|i) (?:please )?)?"
    r"(?:(?:please )?(?:tell|give|show|read|get|find|provide)(?: me| us)?(?: about)?\b[\s,:]*"
    r"|find out\b\s*|let me know\b\s*)?)"
    r"(?:please )?",
    re.IGNORECASE,
)
_POLITE_END = re.compile(r"(?:[\s,]*\b(?:please|thanks|thank you|for me|do you know|now))*[\s?.!:=]*$", re.IGNORECASE)
_WHATS = re.compile(r"^(what|where|who)s\b", re.IGNORECASE)
_POLITE_ZH = re.compile(r"^(?:你好|请问|请|麻烦|帮我|告诉我|你知道|我想知道|算一下|算算|计算一下|计算|查一下|[，, ])*")
_POLITE_END_ZH = re.compile(r"(?:[吗呢呀啊吧]|谢谢)?[\s？?。！!，,]*$")


def plain(text: str) -> str:
    """The question without politeness, mark and doubled gaps."""
    text = unicodedata.normalize("NFKC", text).replace("’", "'").replace("‘", "'")
    text = " ".join(text.split())
    text = _POLITE_END.sub("", _POLITE.sub("", text, count=1), count=1).strip()
    return _WHATS.sub(r"\1's", text)


def plain_chinese(text: str) -> str:
    """The same for Chinese."""
    text = unicodedata.normalize("NFKC", text).strip()
    return _POLITE_END_ZH.sub("", _POLITE_ZH.sub("", text, count=1), count=1).strip()


def fold(name: str) -> str:
    """Case, accents, marks and gaps set aside: "São Tomé & Príncipe" -> "sao tome and principe"."""
    letters = unicodedata.normalize("NFKD", name.casefold().replace("&", " and "))
    return " ".join(re.sub(r"[^\w]+", " ", "".join(c for c in letters if not unicodedata.combining(c))).split())

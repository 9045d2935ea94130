"""Links, e-mail addresses and file paths as people say them: "example dot org", "ann at example dot org".

A link is said by its host alone: the rest is for the eye and the mouse.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from assistant_app.voice.reading_words import reading_words
from assistant_app.voice.traced_text import TracedText

_URL = re.compile(
    r"(?<![A-Za-z0-9])(?:[a-z][a-z0-9+.-]{1,9}://|www\.)([^\s/<>()\]}\"”’，。；！？、）】》]+)"
    r"(?:\([^\s()]*\)|[^\s<>()\]}\"”’，。；！？、）】》])*",
    re.IGNORECASE,
)
_FILE_SCHEME = re.compile(r"\bfile://(?=/)", re.IGNORECASE)
_EMAIL = re.compile(r"(?:mailto:)?(?<![\w.+-])([\w.+-]+@[\w-]+(?:\.[\w-]+)+)", re.IGNORECASE | re.ASCII)
_HOST = re.compile(
    r"(?<![\w.@/\\-])((?:[a-z0-9-]+\.)+(?:com|org|net|edu|gov|io|ai|dev|app|cn|uk|de|fr|eu|info|co))(?:/[\w./?=&%#-]*)?"
    r"(?![\w@-]|\.\w)",
    re.IGNORECASE | re.ASCII,
)
_PATH = re.compile(
    r"(?<![\w/\\.~:])((?:~|\.{1,2})?/(?!/)[\w.+-]+(?:/[\w.+-]+)+/?|(?:~|\.{1,2})/[\w.+-]+/?|/(?:etc|home|tmp|usr|var|opt|mnt|dev)/?"
    r"|[A-Za-z]:\\(?:[\w.+-]+(?: [\w.+-]+)*\\)*[\w.+-]*|(?:[\w+-]+/)+[\w+-]+\.[A-Za-z]\w{0,4})(?![\w/\\])",
    re.ASCII,
)
_FILE = re.compile(
    r"(?<![\w/\\.@])(\.?[A-Za-z_][\w+-]*(?:\.[\w+-]+)*\.(?=[a-z])[a-z][a-z0-9]{1,4})(?![\w/\\@(]|\.\w)", re.ASCII
)
_SIGN = re.compile(r"[^\W_]+|[^\s]", re.ASCII)


def say_addresses(text: TracedText, *, chinese: bool) -> None:
    """Put every address in the text into words."""
    known = reading_words()
    words = {sign: names[chinese] for sign, names in known.address_signs.items()}

    def spelled(address: str) -> str:
        return " ".join(words.get(sign, sign) for part in _SIGN.findall(address) for sign in [_letters(part)])

    def bare(prepare: Callable[[str], str]) -> Callable[[re.Match[str]], str]:
        def said(found: re.Match[str]) -> str:
            end = re.search(r"[.,;:!?]*$", found[0])
            return spelled(prepare(found[1])) + (end[0] if end else "")

        return said

    text.sub(_EMAIL, bare(lambda address: address.rstrip(".-")))
    text.sub(_FILE_SCHEME, "")
    text.sub(_URL, bare(_host))
    text.sub(_HOST, bare(_host))
    text.sub(_PATH, bare(lambda path: path.rstrip("/\\.") or path))
    text.sub(_FILE, lambda found: spelled(found[1]) if found[1].rpartition(".")[2] in known.file_endings else None)


def _host(address: str) -> str:
    host = address.lower().rsplit("@", 1)[-1]
    return re.split(r"[:?#]", host)[0].removeprefix("www.").rstrip(".,;!?")


def _letters(part: str) -> str:
    """What cannot be pronounced as a word is said letter by letter: "pdf" as "P D F"."""
    short = len(part) <= 4 and part.isascii() and part.isalpha() and part.islower()
    return " ".join(part.upper()) if short and not re.search("[aeiouy]", part) and len(part) > 1 else part

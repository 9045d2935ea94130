"""Text that arrives in pieces, cut into sentences as soon as each is complete.

    stream = SentenceStream()
    stream.feed("It is at 3.30. Do")  -> ["It is at 3.30."]
    stream.finish()                   -> ["Do"]

English and Chinese. How a sentence is read aloud is the business of `speakable`.
"""

from __future__ import annotations

import re

_CHINESE_ENDS = "。！？；…"
_CLOSERS = "\"'”’)]}」』》）】*_"
_LONGEST = 240
"""Characters after which a sentence without an end is cut at a comma, else at a space."""
_CLAUSE_END = re.compile(r"[,;:，、：—](?=\s|[\u4e00-\u9fff])")
_TITLES = frozenset(
    re.findall(
        r"\S+",
        "mr mrs ms dr prof sr jr vs approx dept fig vol pp gen col capt lt sgt rev hon jan feb apr jun jul aug sep "
        "ca cf nos mt sept oct nov dec tue tues wed thu thur thurs fri ave blvd rd e.g i.e",
    )
)
"""Short forms that more words always follow."""
_PERHAPS_LAST = frozenset(
    (
        "max",
        "min",
        "sec",
        "art",
        "ext",
        "ed",
        "ch",
        "ft",
        "incl",
        "excl",
        "no",
        "sat",
        "sun",
        "mar",
        "mon",
        "co",
        "st",
        "etc",
        "inc",
        "ltd",
        "corp",
        "est",
    )
)
"""Short forms, and words, that can end a sentence: the next word's capital decides."""
_DOTTED = re.compile(r"(?:^|[\s(])(?:[A-Za-z]\.)+$")
"""e.g., i.e., a.m., U.S., an initial."""
_FENCE = re.compile(r"\s*(```|~~~)")
"""A block of code is one sentence, whatever is in it."""
_LIST_NUMBER = re.compile(r"^\s*\d{1,3}\.$")
_END = re.compile(rf"[.!?]+|[{_CHINESE_ENDS}]+|\n")


class SentenceStream:
    """Pieces in, sentences out. Not for two threads at once."""

    def __init__(self) -> None:
        self._rest = ""
        self._looked = 0
        """Where in the rest to look on: nothing before it ends a sentence."""

    def feed(self, piece: str) -> list[str]:
        """The sentences that `piece` completes."""
        self._rest += piece
        return self._cut(last=False)

    def finish(self) -> list[str]:
        """What is left: the text is over."""
        sentences = self._cut(last=True)
        rest, self._rest, self._looked = self._rest.strip(), "", 0
        return [*sentences, rest] if has_words(rest) else sentences

    def _cut(self, *, last: bool) -> list[str]:
        text = self._rest
        sentences: list[str] = []
        begin, look = 0, self._looked
        while True:
            end, look = self._next_end(text, begin, look, last=last)
            if end is None:
                break
            sentence = text[begin:end].strip()
            if has_words(sentence):
                sentences.append(sentence)
            begin = look = end
        self._rest, self._looked = text[begin:], look - begin
        return sentences

    @staticmethod
    def _next_end(text: str, begin: int, look: int, *, last: bool) -> tuple[int | None, int]:
        """Where the sentence from `begin` ends, else None and where to look on when more text is there."""
        if fence := _FENCE.match(text, begin):
            closed = text.find(fence[1], fence.end())
            return (None, begin) if closed < 0 else (closed + len(fence[1]), begin)
        while True:
            found = _END.search(text, look)
            limit = begin + _LONGEST
            if (found.start() if found else len(text)) > limit:
                return _clause_cut(text, begin, limit), begin
            if found is None:
                # A run of marks may go on in the next piece; it was not found, so nothing is pending.
                return None, len(text)
            end = found.end()
            mark = found.group()
            if mark == "\n":
                return end, end
            while end < len(text) and text[end] in _CLOSERS:
                end += 1
            if mark[0] in _CHINESE_ENDS:
                if mark[0] != "…" or end < len(text) or last:
                    return end, end
                return None, found.start()
            verdict = _ends_sentence(text, begin, found.end(), end, last=last)
            if verdict is None:
                return None, found.start()
            if verdict:
                return end, end
            look = found.end()


def _ends_sentence(text: str, begin: int, mark_end: int, end: int, *, last: bool) -> bool | None:
    """Whether the dot, ! or ? before `mark_end` ends the sentence; None: only the next characters can tell."""
    if end >= len(text):
        return True if last else None
    if not text[end].isspace():
        # 3.30, example.org, 3.30pm - but "Done.好" ends.
        return "\u4e00" <= text[end] <= "\u9fff"
    if text[mark_end - 1] != ".":
        return True
    before = text[max(begin, mark_end - 30) : mark_end]
    if _LIST_NUMBER.match(text[begin:mark_end]):
        return False
    word = re.split(r"[\s(\"'“]", before)[-1].rstrip(".").lower()
    if word in _TITLES:
        return False
    if word in _PERHAPS_LAST or _DOTTED.search(before):
        following = text[end:].lstrip()
        if not following:
            return True if last else None
        # A single letter is the initial of a name; "St. Mary" is a saint.
        return following[0].isupper() and len(word) > 1 and word != "st"
    return True


def _clause_cut(text: str, begin: int, limit: int) -> int:
    cut = None
    for found in _CLAUSE_END.finditer(text, begin, limit):
        cut = found.end()
    if cut is None or cut - begin < _LONGEST // 4:
        space = text.rfind(" ", begin + 1, limit)
        cut = space + 1 if space > begin else limit
    return cut


def has_words(text: str) -> bool:
    """Whether there is anything to say in it."""
    return any(character.isalnum() for character in text)


def language_of(text: str) -> str:
    """ "zh" where Chinese characters carry the sentence, else "en"."""
    chinese = sum("\u4e00" <= character <= "\u9fff" for character in text)
    latin_words = len(re.findall(r"[A-Za-z]+", text))
    return "zh" if chinese and chinese * 2 >= latin_words else "en"

"""What small talk must not say: that something was done, or will be, which no skill did.

The dialogue decoder acts on nothing, but a language model trained on assistants likes to say "I've added it to your
calendar". Its sentences are held back where one may become such a claim, and a claim is replaced by the truth.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

NOTHING_DONE = "I have not done anything so far. Ask me for it in one sentence, and I will see whether I can."
_ACTS = (
    "add arrange book buy cancel change check contact create delete download email enable disable forward install "
    "mail message move notify open order pay phone play post print purchase put remind remove rename reschedule "
    "reserve save schedule search send set share start stop submit switch text transfer turn update upload write"
)
_IRREGULAR = {
    "buy": "bought", "pay": "paid", "put": "put", "send": "sent", "set": "set", "write": "(?:wrote|written)",
    "cancel": "cancell?ed", "stop": "stopped", "transfer": "transferred", "submit": "submitted", "notify": "notified",
}  # fmt: skip
_DOUBLED = {"cancel": "cancell?ing", "put": "putting", "set": "setting", "stop": "stopping", "submit": "submitting"}


def _past(verb: str) -> str:
    return _IRREGULAR.get(verb, f"{verb.removesuffix('e')}ed")


def _going_on(verb: str) -> str:
    return _DOUBLED.get(verb, f"{verb.removesuffix('e')}ing")


_BASE = "|".join(_ACTS.split())
_PAST = "|".join(_past(verb) for verb in _ACTS.split())
_GOING_ON = "|".join(_going_on(verb) for verb in _ACTS.split())
_FILLERS = r"(?:(?:just|now|already|also|gladly|happily|successfully|gone ahead and)\s+)*"
_CLAIMS = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        rf"\bi(?:['’]ve|\s+have)?\s+{_FILLERS}(?:{_PAST})\b",
        rf"\bi(?:['’]ll|\s+will|\s+am going to|['’]m going to)\s+{_FILLERS}(?:{_BASE})\b",
        rf"\bi(?:['’]m|\s+am)\s+{_FILLERS}(?:{_GOING_ON})\b",
        rf"\b(?:your|the)\s+(?:\w+\s+){{1,3}}(?:has|have|is|was|are)\s+(?:{_FILLERS}been\s+){_FILLERS}(?:{_PAST})\b",
        r"^\s*(?:done|all set|consider it done)\b",
        r"我(?:已经|已|刚刚|会|将|马上)?(?:帮|为|给|替)(?:您|你)[^。！？]{0,12}(?:好了|完成|添加|设置|预订|取消|发送|提醒|安排)",
        r"已(?:经)?(?:为|帮|替)(?:您|你)",
    )
)
_MAY_BECOME = re.compile(r"\b(?:i|your|the)\b|^\s*(?:d|a|c|done|all|consider)\b|[我已]", re.IGNORECASE)
_END = re.compile(r"[.!?](?=\s)|[。！？]|\n")


def claims_action(sentence: str) -> bool:
    """Whether a sentence says that the speaker has done, or will do, what only a skill can do."""
    return not sentence.rstrip().endswith(("?", "？")) and any(pattern.search(sentence) for pattern in _CLAIMS)


def without_claims(pieces: Iterable[str]) -> Iterator[str]:
    """A reply's pieces as they come; from its first claim on, `NOTHING_DONE` in place of the rest.

    A sentence is held back from the word that may begin a claim until it ends.
    """
    sentence, shown = "", 0
    for piece in pieces:
        sentence += piece
        while found := _END.search(sentence):
            whole, sentence = sentence[: found.end()], sentence[found.end() :]
            if claims_action(whole):
                yield _truth(whole[shown:])
                return
            if whole[shown:]:
                yield whole[shown:]
            shown = 0
        if not _MAY_BECOME.search(sentence):
            # Up to the last space: the word after it may still grow into one that matters.
            safe = sentence.rfind(" ") + 1
            if safe > shown:
                yield sentence[shown:safe]
                shown = safe
    if claims_action(sentence):
        yield _truth(sentence[shown:])
    elif sentence[shown:]:
        yield sentence[shown:]


def _truth(claim: str) -> str:
    """What is said in place of a claim, set off by the space that it began with."""
    return f" {NOTHING_DONE}" if claim[:1].isspace() else NOTHING_DONE

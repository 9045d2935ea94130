"""What an utterance is made of beside the times in it: does it correct, does it point back, is it a whole request?

"No, Thursday", "make it an hour" and "actually cancel that" name nothing: all their words are
expressions of time and words of closed classes (pronouns, auxiliaries, prepositions, the verbs of
changing). Such a sentence is said of what was talked about last. This file tells the classes apart
and knows no skill, no event and no conversation.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from assistant_app.agenda.when import find_times, parse_when
from assistant_app.agenda.when.reading import WhenReading


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


CORRECTING = _words(
    "no nope nah not don't actually sorry oops wait rather instead mean meant correction hmm hm uh um changed mind "
    "wrong thought 不 不是 不对 不要 错了 其实 等等 等一下 抱歉 我是说 还是 应该是 我说错了"
)
POINTING = _words("it its it's that that's this them those these one same 它 这个 那个 这 那 该")
THINGS = _words(
    "event events appointment appointments meeting meetings reminder alarm timer entry booking "
    "日程 会议 提醒 闹钟 计时器"
)
"""Nouns for what is scheduled, with no more meaning than "it" has."""
CHANGING = _words(
    "make change move set put push shift reschedule postpone delay bring have take do adjust correct fix update switch "
    "schedule 改成 改到 改为 改在 换成 换到 挪到 推迟 提前 调到 移到 设为 变成 改"
)
ENDING = _words("end ends ending finish finishes finishing until till over through 结束 到")
LENGTH = _words(
    "long lasts last lasting length duration longer shorter extend extended lengthen shorten cut 长 延长 缩短 时长"
)
LONGER = _words("longer extend extended lengthen more extra 延长")
SHORTER = _words("shorter shorten cut less 缩短")
SHIFTING = _words(
    "later earlier sooner back forward ahead postpone delay push bring shift move by "
    "推迟 提前 晚 早 晚点 早点 往后 往前"
)
DROPPING = _words("cancel delete remove scratch forget drop nevermind undo 取消 删掉 删除 算了 不要了 撤销 别 不用了")
ASKING = _words(
    "when when's what what's whats where where's who how which why is does did do am are any anything "
    "什么 几点 哪里 多久 吗 谁 哪"
)
_GLUE = _words(
    "i i'd i'll i'm i've you we me my our the to for at on in of be being is was are were should would could can will "
    "shall please let let's lets so and but ok okay yes yeah yep well just now then need needs want wants like "
    "supposed said say saying from by maybe also too as better s d ll m re t time day date go goes up out works "
    "work good great thanks thank perfect fine sure right start starts starting started begin begins beginning with "
    "all second on oh ah hey more extra less about around everything never mind nevermind a an take place happen "
    "start's than does do did whole only again "
    "吧 的 了 在 是 把 就 请 我 想 要 给 也 呢 啊 嗯 好 好的 对 开始 时间 从 每"
)
_ALL = CORRECTING | POINTING | THINGS | CHANGING | ENDING | LENGTH | LONGER | SHORTER | SHIFTING | DROPPING | _GLUE
_HAN = sorted((word for word in _ALL | ASKING if not word.isascii()), key=len, reverse=True)
_TOKEN = re.compile(rf"{'|'.join(_HAN)}|[\u3400-\u9fff]|[^\W_\u3400-\u9fff]+(?:['’][^\W_]+)?", re.IGNORECASE)
_LEAD_IN = re.compile(
    r"^(?:\s|[,.;:!…—，。！、-]|\b(?:no|nope|nah|not that|actually|sorry|oops|wait|hang on|hold on|hm+|uh+|um+|oh|well|"
    r"ok|okay|yes|yeah|great|good|thanks|thank you|on second thoughts?|i changed my mind|i mean|i meant(?: to)?|i said|"
    r"rather|but|and|please|(?:could|can|would) (?:you|we)|let's|let us|i(?:'d| would) like to|i want to)\b|"
    r"不对|不是|不要|不，|其实|等一下|等等|抱歉|我是说|还是|请|嗯|好的)+",
    re.IGNORECASE,
)
_NEW_THING = re.compile(
    r"\b(?:a|an|another|new|second|additional)\s+(?:\w+\s+){0,2}?(?:event|appointment|meeting|reminder|alarm|timer|entry)\b"
    r"|\b(?:create|book|remind|wake)\b",
    re.IGNORECASE,
)
_NOT_THIS = re.compile(r"\b(?:not|instead of|rather than|and not)\s*(?:on|at|for|the)?\s*$|不是\s*$", re.IGNORECASE)
_PROPOSAL = re.compile(r"\b(?:how|what) about\b|怎么样|呢\W*$", re.IGNORECASE)
_MANY = _words("everything all both events meetings appointments alarms timers reminders 所有 全部")
_LOOSE_NUMBER = re.compile(
    r"^(?:at|to|for|on|it|is)?\s*(?P<number>\d{1,2}|one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|"
    r"fifteen|twenty|thirty|forty|fifty|sixty|ninety)$",
    re.IGNORECASE,
)

_LASTS = re.compile(
    r"(?<!the )(?<!in )\b(?:last|lasts|lasting)\b"
    r"(?=\s+(?:an?|half|\d+(?:\.\d+)?|[a-z]{3,9}(?:[ -]five)?)(?: and a half| an?)?"
    r"\s+(?:minutes?|mins?|hours?|hrs?|days?)\b)",
    re.IGNORECASE,
)
_ONE = re.compile(
    r"(?:(?P<before>\b(?:the|this|that|which|other)\s+)|\b(?:first|second|third|fourth|fifth|sixth|last)\s+)one\b"
    r"(?!\s*(?:o'?clock|thirty|fifteen|forty|[ap]\.?m|:|hour|minute))",
    re.IGNORECASE,
)
_NOW_THEN = re.compile(
    r"\bnow\b(?=[ ,]+(?:please|can|could|would|let|let's|i|make|book|set|schedule|add|put|create|look|find)\b)",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Fragment:
    """The parts of an utterance."""

    text: str
    """Without the words at its beginning that only say that something else was meant."""
    times: tuple[WhenReading, ...]
    """What is wanted, in reading order; a time that is named to be denied ("not Tuesday") is left out. Offsets count
    in the whole utterance."""
    words: frozenset[str]
    """Those of closed classes."""
    content: tuple[str, ...]
    """The others, in order."""
    number: str = ""
    """A number that may be a clock time or a length: "make it TEN"."""
    opens_with: str = ""
    """The first word of `text`."""
    proposes: bool = False
    """ "What about Friday", "how about five"."""
    many: bool = False
    """It is said of several things: "all my meetings"."""
    whole: bool = False
    """It names something new to be made: "set another alarm for seven"."""

    def has(self, *classes: frozenset[str]) -> bool:
        return any(self.words & words for words in classes)

    @property
    def asks(self) -> bool:
        """It is a question, and no proposal ("how about Friday?")."""
        return self.opens_with in ASKING and not self.proposes

    @property
    def corrects(self) -> bool:
        return self.has(CORRECTING)

    @property
    def points_back(self) -> bool:
        return self.has(POINTING, THINGS)


def fragment_of(text: str, now: datetime, language: str) -> Fragment:
    """Take an utterance apart; `now` and `language` are for the times in it."""
    readings = sorted(
        find_times(without_seeming_times(text), now=now, language=language),
        key=lambda r: r.spans[0][0] if r.spans else 0,
    )
    wanted = [reading for reading in readings if not _denied(text, reading)]
    tokens = tokens_of(_blanked(text, readings))
    known = [token for token in tokens if token in _ALL or token in ASKING]
    content = [token for token in tokens if token not in _ALL and token not in ASKING]
    number = ""
    if not readings and len(content) == 1 and (found := _LOOSE_NUMBER.match(content[0])):
        number, content = found["number"], []
    rest = without_lead_in(text)
    return Fragment(
        text=rest,
        times=tuple(wanted),
        words=frozenset(known),
        content=tuple(content),
        number=number,
        opens_with=next(iter(tokens_of(rest)), ""),
        proposes=bool(_PROPOSAL.search(text)),
        many=not _MANY.isdisjoint(tokens),
        whole=bool(_NEW_THING.search(text)),
    )


def tokens_of(text: str) -> list[str]:
    """Lower-case words; of Chinese the longest words that are known here, else single characters."""
    return [token.replace("’", "'") for token in _TOKEN.findall(text.casefold())]


def without_lead_in(text: str) -> str:
    """ "no, sorry, Thursday" is "Thursday"; a text that is nothing else stays as it is."""
    rest = _LEAD_IN.sub("", text).strip()
    return rest if rest.strip(" ,.!?。！？") else text.strip()


def without_seeming_times(text: str) -> str:
    """ "That should last 2 hours" names no stretch of the past, "now please book" and "the second one" no time; the
    other words keep their places."""
    text = _LASTS.sub(lambda found: "for".ljust(len(found[0])), text)
    text = _ONE.sub(lambda found: f"{found['before'] or ''}it".ljust(len(found[0])), text)
    return _NOW_THEN.sub(lambda found: " " * len(found[0]), text)


def drops(text: str, now: datetime, language: str) -> bool:
    """Whether the words only break off or take back: "never mind", "actually cancel that", "forget it", "算了"."""
    lowered = text.casefold().replace("’", "'")
    tokens = set(tokens_of(lowered))
    backs_out = tokens & DROPPING or "never mind" in lowered or lowered.strip(" .!").endswith("don't")
    if not backs_out or "undo" in tokens or "撤销" in tokens or tokens & {"yes", "yeah", "yep"}:
        return False
    fragment = fragment_of(text, now, language)
    return not (fragment.times or fragment.content or fragment.whole or fragment.many)


def clock_of(fragment: Fragment, now: datetime, language: str) -> WhenReading | None:
    """The one time that a fragment names; a bare number is an hour. None where there is none, or more than one."""
    if fragment.number and language == "en":
        return parse_when(f"at {fragment.number}", now=now, language=language)
    return joined(fragment.times, now, language)


def joined(times: Sequence[WhenReading], now: datetime, language: str) -> WhenReading | None:
    """Several expressions as the one time they make together: "Thursday" and "at five for an hour"."""
    if len(times) <= 1:
        return times[0] if times else None
    together = parse_when(" ".join(reading.text for reading in times), now=now, language=language)
    return together or times[-1]


def _denied(text: str, reading: WhenReading) -> bool:
    return bool(reading.spans) and bool(_NOT_THIS.search(text[: reading.spans[0][0]]))


def _blanked(text: str, readings: Iterable[WhenReading]) -> str:
    characters = list(text)
    for start, end in (span for reading in readings for span in reading.spans):
        characters[start:end] = " " * (end - start)
    return "".join(characters)

"""What a recogniser mis-hears, and how often: learned from real recogniser output beside the words that were said.

Source: Topical-Chat ASR, aligned word by word (Levenshtein, jiwer). Learned anew wherever it is used; no text of
the set is kept. Without the set, rates measured on it and a short list of English words that sound alike remain.
"""

from __future__ import annotations

import itertools
import random
import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import SequenceMatcher
from pathlib import Path

from assistant_app.agenda.when.english_words import FUNCTION_WORDS
from assistant_app.training.examples import read_rows
from assistant_app.training.splits import topical_chat_held_out
from assistant_app.training.spoken_numbers import spoken_form

SET = "topical_chat_asr"

_SOUND_ALIKE = """
two to too|four for|eight ate|one won|week weak|meet meat|our hour are|know no|right write|sun son|mail male
by buy bye|there their they're|your you're|its it's|weather whether|see sea|be bee|hear here|new knew|wait weight
due do dew|date debt|time dime|ten then|nine mine|six sicks|five fine|seven heaven|noon new|call cool|lunch launch
dinner diner|tea tee|bread bred|flour flower|plane plain|mum mom|dad that|add at|set sit|list least|alarm a lamp
timer time are|remind rewind|cancel counsel|move mood|friday fried day|tuesday to stay|sunday some day|may made
june soon|march much|doctor dock|dentist densest|gym jim|meeting meting|appointment a point meant|off of|in and an
than then|this these|was were|has as|his is|him them|on an|ask us|book look|note not|mark marked|snooze snows
today to day|tonight to night|tomorrow to morrow|someone some one|birthday birth day|weekend week end|haircut hair cut
"""

Counted = tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True)
class Rates:
    """Shares of words of a class that are heard as others, or not at all."""

    wrong: float
    dropped: float


CLASSES = ("function", "number", "name", "short", "long")
MEASURED: Mapping[str, Rates] = {
    "function": Rates(0.106, 0.008),
    "number": Rates(0.264, 0.0),
    "name": Rates(0.324, 0.005),
    "short": Rates(0.188, 0.005),
    "long": Rates(0.176, 0.001),
}
"""Of Topical-Chat ASR, both recognisers together; spellings and number forms not counted as errors."""
MEASURED_INSERTED = 0.007
"""Words heard that nobody said, a word said."""


@dataclass(frozen=True, slots=True)
class Confusions:
    """Words and pairs of words, and what they were heard as."""

    heard: Mapping[str, Counted] = field(default_factory=dict)
    """One or two words in lower case -> what was heard instead (one to three words), with counts."""
    own_rate: Mapping[str, float] = field(default_factory=dict)
    """Words said often enough for a rate of their own."""
    rates: Mapping[str, Rates] = field(default_factory=lambda: dict(MEASURED))
    inserted_rate: float = MEASURED_INSERTED
    inserted: Counted = (("the", 4), ("a", 3), ("and", 2), ("of", 1), ("i", 1), ("it", 1), ("in", 1), ("that", 1))
    vocabulary: frozenset[str] = frozenset()
    by_sound: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Sound key -> words of the vocabulary."""

    @staticmethod
    def learn(data: Path) -> Confusions:
        """From those conversations of `data/topical_chat_asr` that are not held out; the built-in ones without them."""
        heard: dict[str, Counter[str]] = defaultdict(Counter)
        for group in _SOUND_ALIKE.replace("\n", "|").split("|"):
            _learn_group(group.split(), heard)
        pairs = list(_said_and_heard(data / SET))
        if not pairs:
            return Confusions({said: tuple(counts.most_common()) for said, counts in heard.items()})
        said_count, wrong_count = Counter[str](), Counter[str]()
        by_class = {name: Counter[str]() for name in CLASSES}
        inserted, vocabulary = Counter[str](), set[str]()
        names = _names(text for text, _ in pairs)
        words_said = 0
        for said, told in _aligned(pairs):
            vocabulary.update(said, told)
            words_said += len(said)
            right = said == told
            for word in said:
                said_count[word] += 1
                by_class[word_class(word, names)]["said"] += 1
            if right or spoken_form(" ".join(said)) == spoken_form(" ".join(told)):
                continue
            if not said:
                inserted.update(told)
                continue
            for word in said:
                wrong_count[word] += 1
                by_class[word_class(word, names)]["wrong" if told else "dropped"] += 1
            if told and len(said) <= 2 and len(told) <= 3 and not any(word.isdigit() for word in said + told):
                heard[" ".join(said)][" ".join(told)] += 1
        rates = {
            name: Rates(counts["wrong"] / max(1, counts["said"]), counts["dropped"] / max(1, counts["said"]))
            for name, counts in by_class.items()
        }
        # A word's own rate, drawn towards its class's as by five more times it was said.
        own = {
            word: (wrong_count[word] + 5 * rates[word_class(word, names)].wrong) / (count + 5)
            for word, count in said_count.items()
            if count >= 5
        }
        sounds: dict[str, list[str]] = defaultdict(list)
        for word in sorted(vocabulary):
            sounds[sound_key(word)].append(word)
        return Confusions(
            {words: alike for words, counts in sorted(heard.items()) if (alike := _alike(words, counts))},
            own,
            rates,
            sum(inserted.values()) / words_said,
            tuple((word, count) for word, count in inserted.most_common() if word in FUNCTION_WORDS),
            frozenset(vocabulary),
            {key: tuple(words) for key, words in sounds.items() if len(words) > 1 and len(key) > 1},
        )

    def wrong_rate(self, word: str) -> float:
        """How often a word, in lower case, is heard as something else."""
        return self.own_rate.get(word, self.rates[word_class(word)].wrong)

    def mishear(self, words: str, rng: random.Random) -> str | None:
        """What one or two words in lower case are heard as; None if nothing is known that sounds like them."""
        known = self.heard.get(words)
        if known:
            return rng.choices([told for told, _ in known], [count for _, count in known])[0]
        if " " in words:
            joined = words.replace(" ", "")
            return joined if joined in self.vocabulary else None
        options = [word for word in self.by_sound.get(sound_key(words), ()) if word != words]
        options += [
            f"{words[:cut]} {words[cut:]}"
            for cut in range(3, len(words) - 2)
            if words[:cut] in self.vocabulary and words[cut:] in self.vocabulary
        ]
        ending = words[:-1] if words.endswith("s") else f"{words}s"
        if ending in self.vocabulary:
            options.append(ending)
        return rng.choice(options) if options else None


def word_class(word: str, names: frozenset[str] = frozenset()) -> str:
    """One of `CLASSES`."""
    if word in FUNCTION_WORDS:
        return "function"
    if any(character.isdigit() for character in word) or spoken_form(word) in _NUMBERS:
        return "number"
    if word in names:
        return "name"
    return "short" if len(word) <= 4 else "long"


_NUMBERS = frozenset(spoken_form(str(number)) for number in (*range(21), *range(30, 100, 10))) | {"hundred", "thousand"}

_SOUNDS = (
    (r"ph|v", "f"), (r"ght", "t"), (r"^kn|^gn", "n"), (r"^wr", "r"), (r"sh|ch|j|tion|sion|dge", "#"), (r"th|d", "t"),
    (r"ck|q|g|x", "k"), (r"c(?=[eiy])|z", "s"), (r"c", "k"), (r"b", "p"), (r"^[aeiouhwy]+", "a"),
)  # fmt: skip


def sound_key(word: str) -> str:
    """Words with one key sound much alike: consonants by where they are made, vowels left out but a first one."""
    key = word.lower().replace("'", "")
    for pattern, sound in _SOUNDS:
        key = re.sub(pattern, sound, key)
    first, rest = key[:1], re.sub(r"[aeiouhwy]", "", key[1:])
    return re.sub(r"(.)\1+", r"\1", first + rest)


def _alike(said: str, counts: Counter[str]) -> Counted:
    """What was heard for a word more than twice or sounds like it; what else stands there came of a wrong alignment."""
    key = sound_key(said.replace(" ", ""))
    return tuple(
        (told, count)
        for told, count in counts.most_common()
        if count > 2 or SequenceMatcher(None, key, sound_key(told.replace(" ", ""))).ratio() >= 0.6
    )


def _learn_group(words: Sequence[str], heard: Mapping[str, Counter[str]]) -> None:
    """Words that sound alike; a second member of several words is written as they are heard."""
    if not words:
        return
    if len(words) > 2 and len(words[0]) > sum(map(len, words[1:])) - 3 and len(words[0]) > 4:
        heard[words[0]][" ".join(words[1:])] += 1
        return
    for one, other in itertools.permutations(words, 2):
        heard[one][other] += 1


def _said_and_heard(folder: Path) -> Iterator[tuple[str, str]]:
    for file in sorted(folder.glob("*.jsonl.gz")):
        for row in read_rows(file):
            if not topical_chat_held_out(row["id"]):
                for turn in row["turns"]:
                    for key in ("asr_a", "asr_b"):
                        if turn.get("t") and turn.get(key):
                            yield turn["t"], turn[key]


def _names(texts: Iterator[str]) -> frozenset[str]:
    """Words written with a capital in the middle of sentences, and hardly ever without."""
    capital, small = Counter[str](), Counter[str]()
    for text in texts:
        for match in re.finditer(r"(?<=[a-z,] )([A-Za-z]['A-Za-z]+)", text):
            (capital if match[1][0].isupper() else small)[match[1].lower()] += 1
    return frozenset(word for word, count in capital.items() if count > small[word])


def _aligned(pairs: Sequence[tuple[str, str]]) -> Iterator[tuple[list[str], list[str]]]:
    """Runs of words that were heard right, one by one, and of words that were not, together."""
    import jiwer

    plain = [(_plain_words(said), _plain_words(told)) for said, told in pairs]
    plain = [(said, told) for said, told in plain if said and told]
    result = jiwer.process_words([" ".join(said) for said, _ in plain], [" ".join(told) for _, told in plain])
    for (said, told), chunks in zip(plain, result.alignments, strict=True):
        for equal, members in itertools.groupby(chunks, key=lambda chunk: chunk.type == "equal"):
            run = list(members)
            left = said[run[0].ref_start_idx : run[-1].ref_end_idx]
            right = told[run[0].hyp_start_idx : run[-1].hyp_end_idx]
            if equal:
                yield from (([word], [word]) for word in left)
            else:
                yield left, right


def _plain_words(text: str) -> list[str]:
    return re.sub(r"[^a-z0-9' ]", " ", text.lower().replace("’", "'")).split()

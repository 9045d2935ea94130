"""Words that could be a time and are none where they stand: parts of longer numbers, amounts, names.

It looks at the tokens around a finished expression; what stands inside is the grammar's to judge.
"""

from __future__ import annotations

from collections.abc import Sequence

from assistant_app.agenda.when.chart import Item
from assistant_app.agenda.when.english_words import FUNCTION_WORDS
from assistant_app.agenda.when.tokens import Token
from assistant_app.agenda.when.values import Day, Part

_CURRENCY = frozenset("$£€¥#")
_QUANTITIES = frozenset(("percent", "%", "degrees", "dollars", "euros", "pounds", "people", "times", "°", "kg", "km"))
_ANY = frozenset(("one", "another", "any", "every", "some", "free"))
_SUMS = frozenset(("plus", "minus", "times", "divided", "multiplied", "x", "*", "+", "="))
_YEAR_CUES = frozenset(("in", "of", "since", "year", "before", "after", "until", "till", "from", "during", "by"))


def is_doubtful(item: Item, tokens: Sequence[Token]) -> bool:
    return _cuts_a_number(item, tokens) or _is_amount(item, tokens) or _is_noun(item, tokens)


def _text(tokens: Sequence[Token], place: int) -> str:
    return tokens[place].text if 0 <= place < len(tokens) else ""


def _cuts_a_number(item: Item, tokens: Sequence[Token]) -> bool:
    """A time does not begin or end inside a longer number, sum or quantity: 37.1, 1:1, $12, 6 percent, 18th."""
    first, last = item.start, item.end
    full_date = isinstance(item.value, Day) and item.value.year and item.value.day and tokens[first].text.isdecimal()
    if tokens[first].text.isdecimal() and first > 0:
        before = tokens[first - 1]
        if before.text in _CURRENCY:
            return True
        if not tokens[first].after_space and before.text in "-/.:_" and first > 1 and not before.after_space:
            joined = tokens[first - 2].text
            return joined.isalnum() and not (full_date and joined.isalpha())
    if tokens[last - 1].text.isdecimal() and last < len(tokens):
        after = tokens[last]
        if after.text in _QUANTITIES or (not after.after_space and after.text.isalpha() and after.text.isascii()):
            return True
        joined_on = not after.after_space and after.text in "-/.:" and _text(tokens, last + 1) != ""
        if joined_on and full_date and not _text(tokens, last + 1).isdecimal():
            return False
        return joined_on and not tokens[last + 1].after_space and tokens[last + 1].text.isdecimal()
    return False


def _is_amount(item: Item, tokens: Sequence[Token]) -> bool:
    """A bare number that is counted with: "1785 minus 334", "deliver 2000 pieces"."""
    if item.kind != "D" or item.end - item.start != 1 or not tokens[item.start].text.isdecimal():
        return False
    before, after = _text(tokens, item.start - 1), _text(tokens, item.end)
    if before in _SUMS or after in _SUMS:
        return True
    is_round = int(tokens[item.start].text) % 100 == 0
    return is_round and before not in _YEAR_CUES and item.end - item.start < len(tokens)


def _is_noun(item: Item, tokens: Sequence[Token]) -> bool:
    """ "date night", "it is a beautiful morning" """
    if not isinstance(item.value, Part) or item.end - item.start != 1:
        return False
    before = _text(tokens, item.start - 1)
    return before.isalpha() and before.isascii() and before not in FUNCTION_WORDS and before not in _ANY

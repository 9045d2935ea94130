"""Words that share context: "the 22nd, 23rd or 31st of March", "Monday or Tuesday next week", "9 or 10 am".

In a list, what one member names and the others leave open holds for them all: the month of the last,
the week of the first, the hours behind. It knows no language beyond the signs and words of a list.
"""

from __future__ import annotations

from typing import NamedTuple

from assistant_app.agenda.when.tokens import Token


class Piece(NamedTuple):
    """A meaning and its tokens."""

    start: int
    end: int
    """Exclusive."""
    value: object


def share_context(pieces: list[Piece], tokens: list[Token]) -> list[Piece]:
    return pieces

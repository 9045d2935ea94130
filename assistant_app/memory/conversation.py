"""The conversation so far: the last exchanges, in memory only.

It knows no skill and no model, and writes nothing: closing the program forgets it.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

from assistant_app.turn import Route, SkillReply

LIMIT = 50
"""Exchanges kept: far more than a reply can use, far less than memory minds."""


@dataclass(frozen=True, slots=True)
class Exchange:
    """One earlier turn of the conversation."""

    user: str
    assistant: str
    route: Route | None = None
    reply: SkillReply | None = None


class Conversation:
    """A bounded history, oldest first."""

    def __init__(self, limit: int = LIMIT) -> None:
        self._exchanges: deque[Exchange] = deque(maxlen=limit)

    def add(self, exchange: Exchange) -> None:
        self._exchanges.append(exchange)

    def recent(self, limit: int | None = None) -> tuple[Exchange, ...]:
        """The last `limit` exchanges (all of them without a limit), oldest first."""
        exchanges = tuple(self._exchanges)
        return exchanges if limit is None else exchanges[max(len(exchanges) - limit, 0) :]

    def clear(self) -> None:
        self._exchanges.clear()

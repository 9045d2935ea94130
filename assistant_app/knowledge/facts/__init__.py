"""Knowledge in the box: computed or looked up in tables that come with the program, never generated."""

from __future__ import annotations

from assistant_app.knowledge.facts.answer import FactAnswer
from assistant_app.knowledge.facts.base import FactBase

__all__ = ["FactAnswer", "FactBase"]

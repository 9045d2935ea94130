"""Fixtures for conversations about time."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.skills.conversation import Conversation
from tests.skills.test_scheduling import at


@pytest.fixture
def say(tmp_path: Path) -> Iterator[Conversation]:
    made = Conversation(tmp_path)
    yield made
    made.close()


@pytest.fixture
def booked(say: Conversation) -> Conversation:
    say("book yoga on Friday at six pm", "create_event", title="yoga")
    assert say.event.start == at(27, 18)
    return say

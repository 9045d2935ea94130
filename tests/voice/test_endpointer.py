"""When an utterance ends."""

from __future__ import annotations

import pytest

from assistant_app.voice.endpointer import Endpointer
from assistant_app.voice.vad import BLOCK_SECONDS


def feed(endpointer: Endpointer, *parts: tuple[float, float]) -> list[tuple[str, float]]:
    """Pairs of seconds and probability; returns the changes of verdict with their time."""
    changes: list[tuple[str, float]] = []
    now = 0.0
    for seconds, probability in parts:
        for _ in range(round(seconds / BLOCK_SECONDS)):
            now += BLOCK_SECONDS
            verdict = endpointer.feed(probability, BLOCK_SECONDS)
            if not changes or changes[-1][0] != verdict:
                changes.append((verdict, now))
            if verdict in ("ended", "nothing", "limit"):
                return changes
    return changes


def endpointer(*, hold: bool = False, silence: float = 0.9, limit: float = 60.0) -> Endpointer:
    return Endpointer(silence_seconds=silence, limit_seconds=limit, no_speech_seconds=6.0, hold=hold)


def test_silence_after_speech_ends_the_utterance() -> None:
    changes = feed(endpointer(), (1.0, 0.0), (2.0, 0.9), (3.0, 0.0))
    assert [verdict for verdict, _ in changes] == ["waiting", "speech", "ended"]
    assert changes[-1][1] == pytest.approx(3.9, abs=2 * BLOCK_SECONDS)


def test_a_pause_shorter_than_the_silence_does_not_end_it() -> None:
    changes = feed(endpointer(), (1.0, 0.9), (0.7, 0.0), (1.0, 0.9))
    assert [verdict for verdict, _ in changes] == ["waiting", "speech"]


def test_no_speech_for_six_seconds_is_nothing() -> None:
    changes = feed(endpointer(), (10.0, 0.1))
    assert changes[-1][0] == "nothing"
    assert changes[-1][1] == pytest.approx(6.0, abs=2 * BLOCK_SECONDS)


def test_yes_is_long_enough_to_count_as_speech() -> None:
    changes = feed(endpointer(), (0.5, 0.0), (0.2, 0.9), (2.0, 0.0))
    assert changes[-1][0] == "ended"


def test_a_click_is_not_speech() -> None:
    changes = feed(endpointer(), (1.0, 0.0), (0.032, 0.99), (1.0, 0.0), (0.032, 0.99), (6.0, 0.0))
    assert [verdict for verdict, _ in changes] == ["waiting", "nothing"]


def test_the_limit_ends_a_speech_without_pauses() -> None:
    changes = feed(endpointer(limit=5.0), (20.0, 0.9))
    assert changes[-1][0] == "limit"
    assert changes[-1][1] == pytest.approx(5.0, abs=2 * BLOCK_SECONDS)


def test_waiting_does_not_count_towards_the_limit() -> None:
    changes = feed(endpointer(limit=5.0), (4.0, 0.0), (4.0, 0.9))
    assert changes[-1][0] == "speech"


def test_holding_outlasts_silence_and_ends_only_at_the_limit() -> None:
    held = endpointer(hold=True, limit=20.0)
    assert feed(held, (7.0, 0.0), (1.0, 0.9), (5.0, 0.0))[-1][0] == "speech"
    assert feed(held, (10.0, 0.0))[-1][0] == "limit"


def test_it_knows_where_the_speech_was() -> None:
    part = endpointer()
    feed(part, (1.0, 0.0), (2.0, 0.9), (0.5, 0.0))
    assert part.speech_started_at == pytest.approx(1.0, abs=2 * BLOCK_SECONDS)
    assert part.speech_ended_at == pytest.approx(3.0, abs=2 * BLOCK_SECONDS)

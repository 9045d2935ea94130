"""Written text as it is read aloud."""

from __future__ import annotations

import pytest

from assistant_app.voice.speakable import speakable


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("It is **done**, _really_.", "It is done, really."),
        ("## Today\n- Lunch\n- Dentist", "Today Lunch Dentist"),
        ("See [the page](https://example.org/x?y=1).", "See the page."),
        ("See https://www.example.org/deep/page?x=1#top for more.", "See example.org for more."),
        ("Run `ls -l` now.", "Run ls -l now."),
        ("Before ```x = 1\ny = 2``` after", "Before after"),
        ("Great! 🎉👍🏽", "Great!"),
        ("🎉", ""),
        ("...", ""),
        ("| a | b |\n|---|---|\n| 1 | 2 |", "a, b 1, 2"),
        ("my_file_name stays, 2 * 3 * 4 too", "my_file_name stays, 2 * 3 * 4 too"),
        ("It is at 15:30.", "It is at 3:30 PM."),
        ("From 9:05 to 00:00", "From 9:05 AM to midnight"),
        ("At 12:00 or 12:15", "At noon or 12:15 PM"),
        ("15:00–15:45", "3 to 3:45 PM"),
        ("11:30-12:30", "11:30 AM to 12:30 PM"),
        ("3:30 PM stays", "3:30 PM stays"),
        ("25:99 is no time", "25:99 is no time"),
        ("on 2026-11-26, all day", "on November 26, 2026, all day"),
        ("on 2026-11-26 15:30", "on November 26, 2026 3:30 PM"),
        ("2026-13-45 is no date", "2026-13-45 is no date"),
        ("pages 3–5", "pages 3 to 5"),
        ("It costs 3.30 dollars", "It costs 3.30 dollars"),
    ],
)
def test_english_is_said_naturally(written: str, said: str) -> None:
    assert speakable(written) == said


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("会议在 15:30。", "会议在 下午3点半。"),
        ("会议在 09:05。", "会议在 上午9点5分。"),
        ("15:00–15:45 开会", "下午3点到下午3点45分 开会"),
        ("2026-11-26 有会", "2026年11月26日 有会"),
        ("**好的**，已添加👌", "好的，已添加"),
        ("00:30 出发", "凌晨0点半 出发"),
        ("22:00 睡觉", "晚上10点 睡觉"),
    ],
)
def test_chinese_is_said_naturally(written: str, said: str) -> None:
    assert speakable(written, "zh") == said

"""Chinese words for times, read on Tuesday 24 November 2026 at ten in the morning."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from assistant_app.agenda.when import find_times, parse_when

NOW = datetime(2026, 11, 24, 10, 0, tzinfo=ZoneInfo("Asia/Shanghai"))


@pytest.mark.parametrize(
    ("text", "start", "end"),
    [
        ("明天下午三点半", "2026-11-25 15:30", None),
        ("下周五", "2026-12-04", None),
        ("下下周五", "2026-12-11", None),
        ("周四上午九点一刻开会", "2026-11-26 09:15", None),
        ("后天晚上8点", "2026-11-26 20:00", None),
        ("11月26号", "2026-11-26", None),
        ("下午三点到五点", "2026-11-24 15:00", "2026-11-24 17:00"),
        ("明天三点到五点", "2026-11-25 15:00", "2026-11-25 17:00"),
        ("两小时后", "2026-11-24 12:00", None),
        ("三天后", "2026-11-27", None),
        ("下个月", "2026-12-01", "2027-01-01"),
        ("今晚", "2026-11-24 16:00", "2026-11-24 20:00"),
        ("2027年3月5日之前", None, "2027-03-05"),
        ("下午三点半", "2026-11-24 15:30", None),
        ("四月的最后一个星期一", "2027-04-26", None),
        ("明年第九个月", "2027-09-01", "2027-10-01"),
        ("去年的前10天", "2025-01-01", "2025-01-11"),
        ("明年第一季度", "2027-01-01", "2027-04-01"),
        ("上半月", "2026-11-01", "2026-11-16"),
        ("三月上旬", "2027-03-01", "2027-03-11"),
        ("明年春天", "2027-03-01", "2027-06-01"),
        ("九十年代", "1990-01-01", "2000-01-01"),
        ("民国三年", "1914-01-01", "1915-01-01"),
        ("过去5分钟", "2026-11-24 09:55", "2026-11-24 10:00"),
        ("过去十年", "2016-11-24", "2026-11-24"),
        ("从10月到明年2月", "2026-10-01", "2027-02-01"),
        ("下周一或周三", "2026-11-30", None),
    ],
)
def test_a_time_is_read(text: str, start: str | None, end: str | None) -> None:
    reading = parse_when(text, now=NOW, language="zh")
    assert reading is not None
    for found, wanted in ((reading.start, start), (reading.end, end)):
        assert found == (datetime.fromisoformat(wanted).replace(tzinfo=NOW.tzinfo) if wanted else None)


def test_every_monday_is_a_rule() -> None:
    reading = parse_when("每周一早上9点", now=NOW, language="zh")
    assert reading is not None
    assert reading.recurrence == "FREQ=WEEKLY;BYDAY=MO"
    assert reading.start == datetime(2026, 11, 30, 9, 0, tzinfo=NOW.tzinfo)


def test_a_length_sets_the_end() -> None:
    reading = parse_when("明天下午三点开会,45分钟", now=NOW, language="zh")
    assert reading is not None
    assert reading.end == datetime(2026, 11, 25, 15, 45, tzinfo=NOW.tzinfo)


@pytest.mark.parametrize("text", ["你好", "我想问一个问题", "给小明打电话", "第一个", "他18周岁"])
def test_nothing_is_found_where_no_time_is_meant(text: str) -> None:
    assert find_times(text, now=NOW, language="zh") == []

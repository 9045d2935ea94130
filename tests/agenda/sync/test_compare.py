"""Which versions of an event say the same."""

from __future__ import annotations

import pytest

from assistant_app.agenda.sync.compare import differences, same, split_calendar, title_of, uids_of, with_uid
from tests.agenda.sync.conftest import event

ONE = event("a", "Lunch", extra=b"DESCRIPTION:One\\, two\r\nX-OTHER;X-A=1;X-B=2:value\r\n")


@pytest.mark.parametrize(
    ("change", "by"),
    [
        (b"\r\n", b"\n"),
        (b"DESCRIPTION:One\\, two\r\n", b"DESCRIPTION:One\\,\r\n  two\r\n"),
        (b"DTSTAMP:20260101T000000Z", b"DTSTAMP:20261124T090000Z"),
        (b"X-OTHER;X-A=1;X-B=2:value\r\n", b"X-OTHER;X-B=2;X-A=1:value\r\n"),
        (b"SUMMARY:Lunch\r\n", b""),
    ],
)
def test_order_folding_line_ends_and_stamps_are_no_difference(change: bytes, by: bytes) -> None:
    other = ONE.replace(change, by)
    if change.startswith(b"SUMMARY"):
        other = other.replace(b"END:VEVENT", b"SUMMARY:Lunch\r\nEND:VEVENT")
    assert other != ONE
    assert same(ONE, other)


@pytest.mark.parametrize(
    ("change", "by"),
    [(b"Lunch", b"lunch"), (b"X-OTHER", b"X-OTHERS"), (b"X-A=1", b"X-A=3"), (b"T090000Z", b"T091500Z")],
)
def test_any_other_change_is_one(change: bytes, by: bytes) -> None:
    assert not same(ONE, ONE.replace(change, by))


def test_an_occasion_that_swaps_its_words_with_another_is_a_difference() -> None:
    def series(first: bytes, second: bytes) -> bytes:
        parts = [
            b"BEGIN:VEVENT\r\nUID:a\r\nRECURRENCE-ID:" + day + b"\r\nSUMMARY:" + word + b"\r\nEND:VEVENT\r\n"
            for day, word in ((b"20261126", first), (b"20261127", second))
        ]
        return b"BEGIN:VCALENDAR\r\n" + b"".join(parts) + b"END:VCALENDAR\r\n"

    assert same(series(b"x", b"y"), series(b"x", b"y"))
    assert not same(series(b"x", b"y"), series(b"y", b"x"))


def test_differences_are_told_as_plain_text() -> None:
    other = ONE.replace(b"Lunch", b"Dinner").replace(b"X-OTHER;X-A=1;X-B=2:value\r\n", b"")
    found = {d.name: (d.mine, d.theirs) for d in differences(ONE, other)}
    assert found == {"SUMMARY": ("Lunch", "Dinner"), "X-OTHER": ("value", "")}
    assert title_of(ONE) == "Lunch"


def test_a_new_uid_changes_nothing_else() -> None:
    other = with_uid(ONE, "a", "b")
    assert uids_of(other) == ("b",)
    assert other.replace(b"UID:b", b"UID:a") == ONE


def test_an_event_without_a_uid_gets_one_that_stays() -> None:
    data = event("a", "Lunch").replace(b"UID:a\r\n", b"")
    assert uids_of(data) == ()
    ((uid, file),) = split_calendar(data).items()
    assert uids_of(file) == (uid,)
    assert split_calendar(data) == {uid: file}

"""Where sentences end, whatever the pieces they come in."""

from __future__ import annotations

import pytest

from assistant_app.voice.sentences import SentenceStream, language_of

CASES = {
    "It is done. The dentist is on Thursday.": ["It is done.", "The dentist is on Thursday."],
    "At 3.30 you meet Dr. Patel. Then it costs $4.50!": ["At 3.30 you meet Dr. Patel.", "Then it costs $4.50!"],
    "See J. K. Miller, e.g. tomorrow. Fine?": ["See J. K. Miller, e.g. tomorrow.", "Fine?"],
    "It starts at 3 p.m. on Monday.": ["It starts at 3 p.m. on Monday."],
    "It starts at 3 p.m. Then you are free.": ["It starts at 3 p.m.", "Then you are free."],
    "You have two:\n1. Dentist\n2. Lunch\n": ["You have two:", "1. Dentist", "2. Lunch"],
    'He said "Go." And went.': ['He said "Go."', "And went."],
    "Look at www.example.org/a.html today. Good.": ["Look at www.example.org/a.html today.", "Good."],
    "已经加好了。明天下午三点，对吗？好！": ["已经加好了。", "明天下午三点，对吗？", "好！"],
    "他说“走吧。”然后走了。": ["他说“走吧。”", "然后走了。"],
    "Done!!! Really?! Yes...": ["Done!!!", "Really?!", "Yes..."],
    "No. I did not find it.": ["No.", "I did not find it."],
    "no end at all": ["no end at all"],
    "👍 🎉": [],
    "": [],
}


@pytest.mark.parametrize("text", CASES)
def test_whole_text_is_cut_into_its_sentences(text: str) -> None:
    stream = SentenceStream()
    assert stream.feed(text) + stream.finish() == CASES[text]


@pytest.mark.parametrize("text", [text for text in CASES if "”" not in text])
def test_the_size_of_the_pieces_does_not_matter(text: str) -> None:
    stream = SentenceStream()
    cut = [sentence for character in text for sentence in stream.feed(character)]
    assert cut + stream.finish() == CASES[text]


def test_a_sentence_comes_out_as_soon_as_the_next_begins() -> None:
    stream = SentenceStream()
    assert stream.feed("It is done.") == []
    assert stream.feed(" T") == ["It is done."]


def test_a_chinese_sentence_comes_out_with_its_mark() -> None:
    assert SentenceStream().feed("已经加好了。") == ["已经加好了。"]


def test_a_sentence_without_end_is_cut_at_a_comma() -> None:
    stream = SentenceStream()
    text = "and so it went on, " * 40
    cut = stream.feed(text) + stream.finish()
    assert all(len(sentence) <= 260 for sentence in cut)
    assert all(sentence.endswith(",") for sentence in cut)
    assert " ".join(cut).split() == text.split()


def test_a_hundred_thousand_characters_lose_no_word() -> None:
    text = "This is number 3.14 of many. " * 3450
    assert len(text) > 100_000
    stream = SentenceStream()
    cut = [sentence for begin in range(0, len(text), 7) for sentence in stream.feed(text[begin : begin + 7])]
    assert cut + stream.finish() == ["This is number 3.14 of many."] * 3450


def test_a_text_without_any_space_is_cut_all_the_same() -> None:
    stream = SentenceStream()
    cut = stream.feed("a" * 100_000) + stream.finish()
    assert "".join(cut) == "a" * 100_000
    assert max(map(len, cut)) <= 260


@pytest.mark.parametrize(
    ("sentence", "language"),
    [
        ("Lunch with Ann.", "en"),
        ("今天下午有会议。", "zh"),
        ("我用 Python 写程序。", "zh"),
        ("I added the event 会议 to your calendar for Thursday.", "en"),
        ("123", "en"),
    ],
)
def test_the_language_of_a_sentence(sentence: str, language: str) -> None:
    assert language_of(sentence) == language

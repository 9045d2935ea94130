"""Written text as people say it: what is shown, and what the voice gets."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assistant_app.voice.sentences import SentenceStream
from assistant_app.voice.speakable import speakable, spoken_text

ENGLISH = {
    "numbers": [
        ("We have 7 chairs and 342 books.", "We have seven chairs and three hundred forty two books."),
        ("1,234,567 people", "one million two hundred thirty four thousand five hundred sixty seven people"),
        ("pi is 3.14", "pi is three point one four"),
        ("0.5 or .25", "zero point five or point two five"),
        ("agent 007", "agent zero zero seven"),
        ("It was -3, from -5 to 5.", "It was minus three, from minus five to five."),
        ("−12 is colder", "minus twelve is colder"),
        ("the 1st, 2nd, 3rd, 21st and 100th", "the first, second, third, twenty first and one hundredth"),
        ("in 1905, 1984, 2007 and 2026", "in nineteen oh five, nineteen eighty four, two thousand seven and twenty "
         "twenty six"),
        ("the 1990s and the '80s", "the nineteen nineties and the eighties"),
        ("pages 3–5", "pages three to five"),
        ("ages 5-10", "ages five to ten"),
        ("from 1990-1995", "from nineteen ninety to nineteen ninety five"),
        ("they won 3:2", "they won three to two"),
        ("10k users, 2M views, 5bn stars", "ten thousand users, two million views, five billion stars"),
        ("1.5 million people", "one point five million people"),
        ("1/2 cup, 3/4 full, 2 1/2 hours", "one half cup, three quarters full, two and a half hours"),
        ("½ or 1½", "one half or one and a half"),
        ("Article 19(2)", "Article nineteen (two)"),
        ("9/11 and 24/7", "nine slash eleven and twenty four seven"),
        ("12.5% of 5-10%", "twelve point five percent of five to ten percent"),
        ("version 3.11.2, v2.0.1", "version three point eleven point two, version two point zero point one"),
        ("Ask 192.168.0.1.", "Ask one nine two dot one six eight dot zero dot one."),
        ("6.02e23", "six point zero two times ten to the twenty third"),
        ("1234567890123456", "one two three four five six seven eight nine zero one two three four five six"),
        ("ISBN 978-3-16-148410-0", "ISBN nine seven eight, three, one six, one four eight four one zero, zero"),
    ],
    "money": [
        ("$3.50", "three dollars and fifty cents"),
        ("$1 or $0.99", "one dollar or ninety nine cents"),
        ("£2.01", "two pounds and one penny"),
        ("€1,234.56", "one thousand two hundred thirty four euros and fifty six cents"),
        ("$3.5 million, $2bn", "three point five million dollars, two billion dollars"),
        ("-$5 and 20 USD", "minus five dollars and twenty US dollars"),
        ("$5–10", "five to ten dollars"),
        ("¥500 or 5 €", "five hundred yen or five euros"),
        ("€3/kg, $20/month", "three euros per kilogram, twenty dollars per month"),
    ],
    "units": [
        ("1 km, 5 km, 60 km/h", "one kilometer, five kilometers, sixty kilometers per hour"),
        ("5 m² and 3 m^3", "five square meters and three cubic meters"),
        ("9.8 m/s²", "nine point eight meters per second squared"),
        ("16GB of 2 TB at 3.5 GHz", "sixteen gigabytes of two terabytes at three point five gigahertz"),
        ("-5°C, 72 °F, 45°", "minus five degrees Celsius, seventy two degrees Fahrenheit, forty five degrees"),
        ("a 5-km run", "a five kilometer run"),
        ("c ≈ 3×10^8 m/s", "c is about three times ten to the eighth meters per second"),
        ("5'10\" tall", "five feet ten inches tall"),
        ("2h 15min", "two hours fifteen minutes"),
        ("~10 km, <5 min, ±0.5 mm", "about ten kilometers, less than five minutes, plus or minus zero point "
         "five millimeters"),
        ("3 ft, 1 ft, 10 lbs", "three feet, one foot, ten pounds"),
        ("10–12 kg", "ten to twelve kilograms"),
    ],
    "dates and times": [
        ("It is at 15:30.", "It is at three thirty PM."),
        ("From 09:05 to 00:00", "From nine oh five AM to midnight"),
        ("At 12:00 or 12:15", "At noon or twelve fifteen PM"),
        ("15:00–15:45", "three to three forty five PM"),
        ("11:30-12:30", "eleven thirty AM to twelve thirty PM"),
        ("Say 9:05 or 9:00 if it is not said which half of the day", "Say nine oh five or nine o'clock if it is not "
         "said which half of the day"),
        ("3:30 PM, 3:30 p.m. too, 5pm", "three thirty PM, three thirty PM too, five PM"),
        ("5-6pm, then at 8 a.m.", "five to six PM, then at eight AM."),
        ("on 2026-11-26, all day", "on November twenty sixth, twenty twenty six, all day"),
        ("on 2026-11-26 15:30", "on November twenty sixth, twenty twenty six at three thirty PM"),
        ("2026-11-26T15:30:00Z", "November twenty sixth, twenty twenty six at three thirty PM UTC"),
        ("2026-13-45 is no date", "twenty twenty six thirteen forty five is no date"),
        ("26 November 2026", "the twenty sixth of November, twenty twenty six"),
        ("Nov 26 and Oct 5-7", "November twenty sixth and October fifth to seventh"),
        ("Thu 26 Nov, Mon–Fri", "Thursday the twenty sixth of November, Monday to Friday"),
        ("the 3rd of May", "the third of May"),
        ("Tue: gym. Sat: rest. Sun is out.", "Tuesday: gym. Saturday: rest. Sun is out."),
        ("6 a.m.–9 p.m., 00:05:10 left", "six AM to nine PM, five minutes and ten seconds left"),
        ("26/11/2026", "November twenty sixth, twenty twenty six"),
        ("26.11.2026", "November twenty sixth, twenty twenty six"),
        ("3/4/2026 may be either", "three slash four slash twenty twenty six may be either"),
        ("I may sit in the sun, we wed in march", "I may sit in the sun, we wed in march"),
    ],
    "names and addresses": [
        ("Call +1 555-867-5309", "Call plus one, five five five, eight six seven, five three zero nine"),
        ("(555) 867-5309", "five five five, eight six seven, five three zero nine"),
        ("dial 911", "dial nine one one"),
        ("See https://www.example.org/deep/page?x=1#top for more.", "See example dot org for more."),
        ("See example.com/page.", "See example dot com."),
        ("Write to ann.lee@example.org.", "Write to ann dot lee at example dot org."),
        ("It is ~/notes/plan_final.txt", "It is tilde slash notes slash plan underscore final dot T X T"),
        (r"C:\Users\ann", "C colon backslash Users backslash ann"),
        ("Open main.py", "Open main dot py"),
        (r"C:\Program Files\App\a.exe", "C colon backslash Program Files backslash App backslash a dot exe"),
        ("(see https://a.example/b_(c))", "(see a dot example)"),
        ("file:///home/ann, a Boeing 747-400", "slash home slash ann, a Boeing seven hundred forty seven four hundred"),
        ("Flight BA117, seat 14C, 4K, Class C", "Flight BA one one seven, seat fourteen C, four K, Class C"),
        ("GPT-4, MP3, B12, H2O, 5G", "GPT four, MP three, B twelve, H two O, five G"),
        ("The API speaks HTTP and JSON; NASA knows.", "The API speaks HTTP and JSON; NASA knows."),
        ("Henry VIII and Louis XIV", "Henry the eighth and Louis the fourteenth"),
        ("Elizabeth II's dog; Charles I think", "Elizabeth the second's dog; Charles I think"),
        ("Chapter IV of World War II", "Chapter four of World War two"),
        ("Rocky II, an IV drip, the part I like", "Rocky two, an IV drip, the part I like"),
    ],
    "short forms and signs": [
        ("Dr. Smith of Main St. near St. Mary", "Doctor Smith of Main Street near Saint Mary"),
        ("e.g. apples, i.e. fruit, etc.", "for example apples, that is fruit, et cetera."),
        ("Mr. and Mrs. Lee vs. Prof. Day Jr.", "Mister and Missus Lee versus Professor Day Junior."),
        ("No. 5 is alive. No. That is all.", "number five is alive. No. That is all."),
        ("vol. 3, pp. 5-7, approx. 20", "volume three, pages five to seven, approximately twenty"),
        ("AT&T, rock & roll", "A T and T, rock and roll"),
        ("2 + 2 = 4, 5 - 3 = 2", "two plus two equals four, five minus three equals two"),
        ("2 * 3, 10 / 2, 3 x 4", "two times three, ten divided by two, three by four"),
        ("x^2, 10⁵, a != b", "x squared, ten to the fifth, a is not equal to b"),
        ("x >= 3", "x greater than or equal to three"),
        ("A → B, C++, C#, A+", "A to B, C plus plus, C sharp, A plus"),
        ("#1 in #news, ~5 people", "number one in hashtag news, about five people"),
        ("and/or, TCP/IP, 50/50", "and or, TCP IP, fifty fifty"),
    ],
    "markup": [
        ("It is **done**, _really_.", "It is done, really."),
        ("## Today\n- Lunch\n- Dentist", "Today. Lunch. Dentist"),
        ("1. Buy milk\n2. Call Ann", "one, Buy milk. two, Call Ann"),
        ("- [ ] milk\n- [x] eggs", "milk. done: eggs"),
        ("See [the page](https://example.org/x?y=1).", "See the page."),
        ("![a cat](cat.png) sleeps[1]", "a cat sleeps"),
        ("Run `ls -l` now.", "Run ls -l now."),
        ("Before ```x = 1\ny = 2``` after", "Before after"),
        ("| a | b |\n|---|---|\n| 1 | 2 |", "a, b. one, two"),
        ("<b>bold</b> &amp; <name>", "bold and name"),
        ("> quoted\n\n---\n\nend", "quoted. end"),
        ("my_file_name stays", "my_file_name stays"),
        ("Great! 🎉👍🏽", "Great!"),
        ("🎉", ""),
        ("...", ""),
    ],
}  # fmt: skip
CHINESE = {
    "numbers": [
        ("有12个人，102本书", "有十二个人，一百零二本书"),
        ("2个，第2个，2号，22个", "两个，第二个，二号，二十二个"),
        ("No.1，#2", "第一，第二"),
        ("20000人，3万，1.5亿", "两万人，三万，一点五亿"),
        ("-3到5", "负三到五"),
        ("3-5个", "三到五个"),
        ("比分3:2", "比分三比二"),
        ("3/4，½", "四分之三，二分之一"),
        ("50%，12%~15%", "百分之五十，百分之十二到百分之十五"),
        ("圆周率是3.14", "圆周率是三点一四"),
        ("版本3.11.2", "版本三点十一点二"),
        ("1+1=2，5>3，x²", "一加一等于二，五大于三，x的平方"),
        ("第IV章", "第四章"),
    ],
    "money and units": [
        ("价格是¥20.50，$5", "价格是二十点五元，五美元"),
        ("50元-100元，-5元", "五十元到一百元，负五元"),
        ("3.5万元，100元/月，3元/kg，$5/h", "三点五万元，一百元每月，三元每公斤，五美元每小时"),
        ("气温-5°C，20℃", "气温零下五摄氏度，二十摄氏度"),
        ("60 km/h，5 m²，2km", "六十公里每小时，五平方米，两公里"),
    ],
    "dates and times": [
        ("会议在 15:30。", "会议在 下午三点半。"),
        ("安排：09:00 晨会，00:05:00", "安排：上午九点 晨会，五分钟"),
        ("会议在 09:05。", "会议在 上午九点零五分。"),
        ("15:00–15:45 开会", "下午三点到下午三点四十五分 开会"),
        ("下午3:05，3:30 PM", "下午三点零五分，下午三点半"),
        ("2:30以后，周一~周五", "两点半以后，周一到周五"),
        ("00:30 出发，2小时", "凌晨零点半 出发，两小时"),
        ("2026-11-26 有会", "二零二六年十一月二十六日 有会"),
        ("2026年11月26日，2月2日", "二零二六年十一月二十六日，二月二日"),
        ("1998-2003年，90年代", "一九九八到二零零三年，九零年代"),
    ],
    "addresses and markup": [
        ("电话13800138000，拨110", "电话幺三八，零零幺三，八零零零，拨幺幺零"),
        ("写信到ann@example.org", "写信到ann 艾特 example 点 org"),
        ("访问 https://example.org/a 吧", "访问 example 点 org 吧"),
        ("GPT-4，5G，CA1234", "GPT 四，五G，CA一二三四"),
        ("**好的**，已添加👌", "好的，已添加"),
        ("- 牛奶\n- 鸡蛋", "牛奶。 鸡蛋"),
        ("| 名字 | 年龄 |\n|---|---|\n| 小明 | 12 |", "名字，年龄。 小明，十二"),
    ],
}


@pytest.mark.parametrize(("shown", "said"), [row for rows in ENGLISH.values() for row in rows])
def test_english_is_said_as_people_say_it(shown: str, said: str) -> None:
    assert speakable(shown) == said


@pytest.mark.parametrize(("shown", "said"), [row for rows in CHINESE.values() for row in rows])
def test_chinese_is_said_as_people_say_it(shown: str, said: str) -> None:
    assert speakable(shown, "zh") == said


@pytest.mark.parametrize(
    ("language", "shown"),
    [
        ("en", "Nothing changes here, does it? It's a well-known (and quiet) truth: words stay words."),
        ("en", "\"Yes,\" she said; 'no' — he didn't… I was first. The U.S. may march on."),
        ("zh", "这句话里没有数字，也没有符号。是吗？（是的！）"),
    ],
)
def test_plain_words_stay_as_they_are_and_where_they_are(language: str, shown: str) -> None:
    traced = spoken_text(shown, language)
    assert traced.text == shown
    assert traced.places == [(at, at + 1) for at in range(len(shown))]


def test_every_spoken_word_knows_its_place_in_the_shown_text() -> None:
    shown = "Pay **$3.50** to Dr. Lee on [Thursday](https://example.org) 👍 now."
    said = [(word.text, shown[word.start : word.end]) for word in spoken_text(shown).words()]
    assert said == [
        ("Pay", "Pay"),
        *((word, "$3.50") for word in ("three", "dollars", "and", "fifty", "cents")),
        ("to", "to"),
        ("Doctor", "Dr."),
        ("Lee", "Lee"),
        ("on", "on"),
        ("Thursday", "Thursday"),
        ("now.", "now."),
    ]


MARKS = st.text(
    st.sampled_from("0123456789 .,:-–/$€%°~+*=^_#[]()|`'\"\\<>&@xXIVmkghpa第年月日元个点万至的\n½²⁵"), max_size=40
)


@settings(max_examples=400, deadline=None)
@given(shown=st.one_of(MARKS, st.text(max_size=60)), language=st.sampled_from(["en", "zh"]))
def test_any_text_can_be_said_and_no_digit_is_left_to_the_voice(shown: str, language: str) -> None:
    traced = spoken_text(shown, language)
    assert not any(character.isdecimal() for character in traced.text)
    assert len(traced.places) == len(traced.text)
    assert all(0 <= start <= end <= len(shown) for start, end in traced.places)
    assert [start for start, _ in traced.places] == sorted(start for start, _ in traced.places)
    for word in traced.words():
        assert 0 <= word.start <= word.end <= len(shown)


@settings(max_examples=100, deadline=None)
@given(st.lists(st.from_regex(re.compile("[a-z]{5,9}", re.ASCII), fullmatch=True), min_size=1))
def test_words_alone_are_never_changed(words: list[str]) -> None:
    shown = " ".join(words)
    assert speakable(shown) == shown


def test_a_block_of_code_is_passed_over_in_a_reply_that_streams() -> None:
    stream = SentenceStream()
    pieces = ["Do this:\n``", "`python\nprint(1)", "\nx = 2. Y\n``", "`\nThen go on. "]
    sentences = [sentence for piece in pieces for sentence in stream.feed(piece)] + stream.finish()
    assert [said for sentence in sentences if (said := speakable(sentence))] == ["Do this:", "Then go on."]

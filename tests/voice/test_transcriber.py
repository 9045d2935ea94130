"""What reaches Whisper, in which pieces, and what comes of missing models. No weights here."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from assistant_app.errors import InputError, ModelError
from assistant_app.turn import AudioClip, Cancel
from assistant_app.voice.transcriber import WhisperTranscriber, packed, quiet_cuts
from assistant_app.voice.vad import SileroVad, spans_of
from assistant_app.voice.whisper_decoding import choose_language, simplified
from tests.voice.fakes import LoudnessVad, blocks


def clip(*parts: tuple[float, float]) -> AudioClip:
    return AudioClip(np.concatenate(blocks(*parts)), 16_000)


def test_sound_without_speech_never_reaches_whisper(tmp_path: Path) -> None:
    transcriber = WhisperTranscriber(tmp_path / "absent.pt", vad=LoudnessVad())
    transcript = transcriber.transcribe(clip((3.0, 0.05)))
    assert transcript.text == ""
    assert transcriber.hear(clip((3.0, 0.0)), lambda _text: None, Cancel()) is None


@pytest.mark.parametrize("samples", [0, 1, 100, 1599])
def test_a_clip_of_next_to_nothing_is_nothing(tmp_path: Path, samples: int) -> None:
    transcriber = WhisperTranscriber(tmp_path / "absent.pt")
    assert transcriber.transcribe(AudioClip(np.ones(samples, np.float32), 16_000)).text == ""


def test_a_missing_checkpoint_names_the_command_that_fetches_it(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="assistant models fetch whisper-base") as caught:
        WhisperTranscriber(tmp_path / "absent.pt", vad=LoudnessVad()).transcribe(clip((1.0, 0.5)))
    assert caught.value.code == "model_missing"


def test_a_damaged_checkpoint_says_so(tmp_path: Path) -> None:
    damaged = tmp_path / "base.pt"
    damaged.write_bytes(b"not a checkpoint")
    with pytest.raises(ModelError, match="damaged") as caught:
        WhisperTranscriber(damaged, device="cpu").load()
    assert caught.value.code == "model_damaged"


def test_a_missing_or_damaged_detector_says_so(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="assistant models fetch silero-vad") as caught:
        SileroVad(tmp_path / "absent.onnx").load()
    assert caught.value.code == "model_missing"
    damaged = tmp_path / "silero_vad.onnx"
    damaged.write_bytes(b"not a network")
    with pytest.raises(ModelError, match="damaged") as caught:
        SileroVad(damaged).load()
    assert caught.value.code == "model_damaged"


def test_an_unknown_language_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="auto, en, zh"):
        WhisperTranscriber(tmp_path / "absent.pt").transcribe(clip((1.0, 0.5)), language="xx")


def test_neighbouring_speech_shares_a_piece_and_long_silence_is_left_out() -> None:
    pieces = packed([(1.0, 3.0), (4.0, 6.0), (300.0, 302.0)], 600.0)
    assert pieces == [pytest.approx((0.6, 6.4)), pytest.approx((299.6, 302.4))]


def test_pieces_fit_the_window_and_hold_all_speech() -> None:
    spans = [(float(start), start + 6.5) for start in range(0, 590, 7)]
    pieces = packed(spans, 600.0)
    assert all(end - start <= 28.0 for start, end in pieces)
    for start, end in spans:
        assert any(begin <= start and end <= until for begin, until in pieces)
    assert all(before[1] <= after[0] + 1e-9 for before, after in pairwise(pieces))


def test_a_cut_between_close_words_takes_nothing_from_either() -> None:
    spans = [(0.0, 20.0), (20.3, 40.0)]
    assert packed(spans, 40.0) == [pytest.approx((0.0, 20.15)), pytest.approx((20.15, 40.0))]


def test_someone_who_never_pauses_is_cut_at_the_window() -> None:
    pieces = packed([(0.0, 100.0)], 100.0)
    assert [round(end - start) for start, end in pieces] == [28, 28, 28, 16]


def test_without_a_detector_cuts_fall_into_quiet() -> None:
    pieces = quiet_cuts(clip((25.0, 0.5), (1.0, 0.0), (25.0, 0.5)))
    assert len(pieces) == 2
    assert 25.0 <= pieces[0][1] <= 26.0
    assert pieces[0][1] == pieces[1][0]


def test_spans_bridge_short_gaps_and_drop_clicks() -> None:
    def seconds(number: float) -> int:
        return round(number / 0.032)

    chances = [0.0] * seconds(1) + [0.9] * seconds(1) + [0.1] * seconds(0.2) + [0.4] * 2 + [0.9] * seconds(1)
    chances += [0.0] * seconds(1) + [0.9] * 2 + [0.0] * seconds(1)
    spans = spans_of(chances)
    assert len(spans) == 1
    assert spans[0] == pytest.approx((1.0, 3.25), abs=0.1)


@pytest.mark.parametrize(
    ("chances", "language"),
    [
        ({"en": 0.5, "zh": 0.1, "de": 0.4}, "en"),
        ({"en": 0.1, "zh": 0.3, "ja": 0.6}, "zh"),
        ({"en": 0.03, "zh": 0.01, "de": 0.96}, "de"),
    ],
)
def test_the_users_languages_are_preferred_unless_it_is_plainly_another(
    chances: dict[str, float], language: str
) -> None:
    assert choose_language(chances) == language


def test_traditional_characters_become_simplified() -> None:
    assert simplified("《廣州市的樹葉漸漸變紅》") == "广州市的树叶渐渐变红"
    assert simplified("他在看《紅樓夢》") == "他在看《红楼梦》"

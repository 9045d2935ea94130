"""Real speech through a virtual microphone, real replies through a virtual loudspeaker.

A PulseAudio server of the test's own stands in for the hardware; everything else is real.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from assistant_app.errors import DeviceError
from assistant_app.turn import AudioClip, Cancel
from assistant_app.voice import devices
from assistant_app.voice.audio_file import read_audio, write_wav
from assistant_app.voice.microphone import SoundDeviceMicrophone
from assistant_app.voice.neural_voice import HibariVoice
from assistant_app.voice.player import Player
from assistant_app.voice.recorder import MicrophoneLost, Recorder
from assistant_app.voice.resampling import resample
from assistant_app.voice.speaker import Speaker
from assistant_app.voice.transcriber import WhisperTranscriber
from assistant_app.voice.vad import SileroVad
from tests.data_folder import data_folder, manifest
from tests.end_to_end.pulse import RATE, PulseServer, pulse, pulse_server
from tests.voice.fakes import LoudnessVad
from tests.voice.scoring import word_errors
from tests.voice.weights import silero, whisper_base

__all__ = ["pulse"]

pytestmark = pytest.mark.audio

PATIENCE = 30.0


@pytest.fixture(scope="module")
def transcriber() -> WhisperTranscriber:
    return whisper_base()


@pytest.fixture
def vad() -> SileroVad:
    return silero()


class Listening(threading.Thread):
    """A recorder at work, and what came of it."""

    def __init__(self, recorder: Recorder) -> None:
        super().__init__(daemon=True)
        self.recorder = recorder
        self.states: list[str] = []
        self.listens = threading.Event()
        self.finish = threading.Event()
        self.clip: AudioClip | None = None
        self.error: DeviceError | None = None
        self.start()
        assert self.listens.wait(PATIENCE), "the microphone never opened"

    def run(self) -> None:
        try:
            self.clip = self.recorder.record(
                mode="tap", on_state=self._on_state, on_level=lambda _level: None, finish=self.finish, cancel=Cancel()
            )
        except DeviceError as error:
            self.error = error
            self.listens.set()

    def _on_state(self, state: str) -> None:
        self.states.append(state)
        if state == "listening":
            self.listens.set()

    def result(self) -> AudioClip | None:
        self.join(PATIENCE)
        assert not self.is_alive(), "the recorder did not stop"
        return self.clip


@pytest.mark.weights
@pytest.mark.data
@pytest.mark.parametrize("name", ["1089-134691-0000.flac", "librivox-austen-0890.flac", "jfk.flac"])
def test_real_speech_into_the_microphone_becomes_the_right_text(
    pulse: PulseServer, vad: SileroVad, transcriber: WhisperTranscriber, name: str
) -> None:
    row = next(row for row in manifest("speech_misc") if row["path"].name == name)
    listening = Listening(Recorder(SoundDeviceMicrophone(), vad, silence_seconds=1.6))
    pulse.say(row["path"], wait=False)
    clip = listening.result()
    assert listening.states == ["opening", "listening", "hearing"]
    assert clip is not None
    assert clip.seconds < row["seconds"] + 1.0  # it stopped on silence, and left the silence out
    utterance = transcriber.hear(clip, lambda _text: None, Cancel())
    assert utterance is not None
    assert word_errors(row["text"], utterance.text) <= 0.15


@pytest.mark.weights
def test_a_silent_microphone_is_heard_as_nothing(pulse: PulseServer, vad: SileroVad) -> None:
    listening = Listening(Recorder(SoundDeviceMicrophone(), vad, no_speech_seconds=1.0))
    assert listening.result() is None
    assert listening.error is None


@pytest.mark.weights
@pytest.mark.data
def test_household_noise_at_the_microphone_is_heard_as_nothing(pulse: PulseServer, vad: SileroVad) -> None:
    listening = Listening(Recorder(SoundDeviceMicrophone(), vad, no_speech_seconds=4.0))
    pulse.say(data_folder("noise") / "clips" / "doing_the_dishes.flac", wait=False)
    assert listening.result() is None


@pytest.mark.weights
def test_a_spoken_reply_transcribes_back_to_its_words(pulse: PulseServer, transcriber: WhisperTranscriber) -> None:
    reply = "I have added the dentist to your calendar. It is on Thursday at 15:30. Do you need a reminder?"
    told: list[str] = []
    speaker = Speaker([HibariVoice()], Player())
    try:
        with pulse.listening() as heard:
            speech = speaker.start(told.append, Cancel())
            for word in reply.split(" "):
                speech.feed(word + " ")
            speech.finish()
            assert speech.wait(PATIENCE)
            time.sleep(0.3)  # what is still in the loudspeaker's buffer
            sound = heard.samples
    finally:
        speaker.close()
    assert speech.problem is None
    assert speech.first_sound_at is not None
    assert len(told) == 3
    transcript = transcriber.transcribe(AudioClip(resample(sound, RATE, 16_000), 16_000), language="en")
    spoken = "I have added the dentist to your calendar. It is on Thursday at 3:30 PM. Do you need a reminder?"
    assert word_errors(spoken, transcript.text) <= 0.15


def test_stopping_silences_the_loudspeaker_within_bounded_frames(pulse: PulseServer) -> None:
    player = Player()
    started = threading.Event()
    ends: list[bool] = []
    tone = (0.5 * np.sin(2 * np.pi * 440 * np.arange(24_000 * 20) / 24_000)).astype(np.float32)
    try:
        with pulse.listening() as heard:
            player.play(tone, 24_000, on_start=lambda _at: started.set(), on_end=ends.append)
            assert started.wait(PATIENCE)
            while not np.any(np.abs(heard.samples) > 0.1):
                time.sleep(0.02)
            before = len(heard.samples)
            player.stop()
            while len(heard.samples) < before + RATE:
                time.sleep(0.05)
            sound = heard.samples
    finally:
        player.close()
    loud = np.flatnonzero(np.abs(sound) > 0.01)
    # Device buffer, the server's own, and the recorder's: 0.25 s of frames at the very most.
    assert loud[-1] - before < RATE // 4
    assert ends == [False]


def test_the_player_starts_again_after_it_went_idle(pulse: PulseServer) -> None:
    player = Player()
    tone = (0.5 * np.sin(2 * np.pi * 440 * np.arange(2_400) / 24_000)).astype(np.float32)
    try:
        for _ in range(3):
            over = threading.Event()
            player.play(tone, 24_000, on_end=lambda _played, over=over: over.set())
            assert over.wait(PATIENCE)
            deadline = time.monotonic() + PATIENCE
            while player.is_running and time.monotonic() < deadline:
                time.sleep(0.05)
            assert not player.is_running
    finally:
        player.close()


def test_devices_are_listed_by_name(pulse: PulseServer) -> None:
    assert "pulse" in [device.name for device in devices.list_microphones()]
    assert "pulse" in [device.name for device in devices.list_loudspeakers()]


def test_a_microphone_that_is_gone_from_the_settings_falls_back_to_the_default(pulse: PulseServer) -> None:
    microphone = SoundDeviceMicrophone("a headset sold long ago")
    microphone.open()
    try:
        assert microphone.read(PATIENCE) is not None
        assert microphone.title == devices.list_microphones()[0].name
    finally:
        microphone.close()


def test_a_sound_server_that_dies_mid_sentence_keeps_the_words_so_far(pulse: PulseServer, tmp_path: Path) -> None:
    tone = (0.5 * np.sin(2 * np.pi * 440 * np.arange(16_000 * 10) / 16_000)).astype(np.float32)
    write_wav(tmp_path / "tone.wav", AudioClip(tone, 16_000))
    listening = Listening(Recorder(SoundDeviceMicrophone(), LoudnessVad()))
    pulse.say(tmp_path / "tone.wav", wait=False)
    deadline = time.monotonic() + PATIENCE
    while "hearing" not in listening.states and time.monotonic() < deadline:
        time.sleep(0.05)
    time.sleep(0.5)
    pulse.kill()
    listening.join(PATIENCE)
    assert isinstance(listening.error, MicrophoneLost)
    assert listening.error.code == "microphone_lost"
    assert listening.error.clip is not None
    assert listening.error.clip.seconds > 0.4


def test_a_microphone_that_falls_silent_is_noticed(pulse: PulseServer) -> None:
    microphone = SoundDeviceMicrophone()
    microphone.open()
    try:
        assert microphone.read(PATIENCE) is not None
        pulse.suspend_microphone()
        with pytest.raises(DeviceError) as caught:
            read_on(microphone)
        assert caught.value.code == "microphone_lost"
        assert not microphone.is_open
    finally:
        microphone.close()


def read_on(microphone: SoundDeviceMicrophone) -> None:
    for _ in range(1000):
        microphone.read(1.0)


@pytest.fixture
def no_sound() -> Iterator[None]:
    """A computer without any sound server."""
    with pulse_server() as server:
        server.kill()
        devices.rescan()
        yield


def test_without_a_microphone_it_says_what_to_do(no_sound: None) -> None:
    with pytest.raises(DeviceError, match="typing always works") as caught:
        SoundDeviceMicrophone().open()
    assert caught.value.code in ("microphone_missing", "microphone_refused")


def test_without_a_loudspeaker_the_reply_has_one_notice(no_sound: None) -> None:
    speaker = Speaker([HibariVoice()], Player())
    try:
        speech = speaker.start(lambda _sentence: None, Cancel())
        speech.feed("It is done. It is on Thursday.")
        speech.finish()
        assert speech.wait(PATIENCE)
    finally:
        speaker.close()
    assert speech.problem is not None
    assert "no loudspeaker" in speech.problem


def test_a_recording_reads_back_as_it_was_played(pulse: PulseServer, tmp_path: Path) -> None:
    noise = np.random.default_rng(3).normal(0, 0.1, 16_000 * 2).astype(np.float32)
    noise = np.convolve(noise, np.ones(8, np.float32) / 4, "same").astype(np.float32)  # of the band speech has
    write_wav(tmp_path / "noise.wav", AudioClip(noise, 16_000))
    microphone = SoundDeviceMicrophone()
    microphone.open()
    heard: list[np.ndarray] = []
    try:
        pulse.say(tmp_path / "noise.wav", wait=False)
        while sum(map(len, heard)) < 16_000 * 4:
            block = microphone.read(PATIENCE)
            assert block is not None
            heard.append(block)
    finally:
        microphone.close()
    sound = np.concatenate(heard)
    played = read_audio(tmp_path / "noise.wav").samples[:16_000]
    correlation = np.correlate(sound, played, "valid")
    at = int(correlation.argmax())
    assert np.corrcoef(sound[at : at + 16_000], played)[0, 1] > 0.95

"""Makes chime.flac: what is heard when an alarm, a timer or a reminder rings.

    python resources/sounds/make_chime.py

Three struck bars (523, 659 and 784 Hz: C, E and G), each a few partials that die away at their own
pace, as a bar of metal sounds; no recording and no one else's work is in it.
"""

from pathlib import Path

import numpy as np
import soundfile

RATE = 24000
SECONDS = 1.7
NOTES = ((0.0, 523.25), (0.18, 659.26), (0.36, 783.99))
"""Start in seconds, frequency in hertz."""
PARTIALS = ((1.0, 1.0, 3.2), (2.76, 0.35, 6.0), (5.40, 0.12, 10.0))
"""Frequency ratio of a free bar's modes, loudness, decay per second."""
LOUDEST = 0.6


def struck_bar(frequency: float, seconds: float) -> np.ndarray:
    time = np.arange(int(seconds * RATE)) / RATE
    tone = sum(
        loudness * np.sin(2 * np.pi * frequency * ratio * time) * np.exp(-decay * time)
        for ratio, loudness, decay in PARTIALS
    )
    return tone * np.minimum(1.0, time / 0.004)


def chime() -> np.ndarray:
    sound = np.zeros(int(SECONDS * RATE))
    for start, frequency in NOTES:
        tone = struck_bar(frequency, SECONDS - start)
        sound[-len(tone) :] += tone
    fade = np.minimum(1.0, (len(sound) - np.arange(len(sound))) / (0.05 * RATE))
    return sound * fade * LOUDEST / np.abs(sound).max()


if __name__ == "__main__":
    soundfile.write(Path(__file__).with_name("chime.flac"), chime().astype(np.float32), RATE, subtype="PCM_16")

"""One window of up to 30 s through Whisper: encoder on the real length, checks, fall-backs.

Sources: openai-whisper's `decoding.py` (its decoding task is used as it is) and `transcribe.py` (the
checks: text that compresses too well is a loop, a low mean log-probability is a guess). New here: the
encoder runs on the sound plus a margin of silence, with the positional embedding cut to match. On 2-7 s
commands that saves two thirds of the time; when it fails it loops, which the checks see.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from assistant_app.errors import ModelError
from assistant_app.turn import Cancel
from assistant_app.voice.audio_file import SAMPLE_RATE

MARGIN_SECONDS = 4.0
"""Silence the encoder sees after the sound. With less, the decoder sometimes misses the end and loops."""
_SAMPLES_PER_FRAME = 160
_FULL_FRAMES = 3000

_MOST_COMPRESSION = 2.4
_LEAST_LOG_PROBABILITY = -1.0
_NO_SPEECH = 0.6
_MOST_CHARACTERS_PER_SECOND = 30.0
"""Nobody speaks faster; a loop does."""
_TEMPERATURES = (0.0, 0.2, 0.4, 0.6, 0.8)
_TOKENS_PER_SECOND = 12
_FEWEST_TOKENS = 40

_OTHER_LANGUAGE = 0.85
"""Probability from which a language other than the user's own is believed."""
_LANGUAGES = ("en", "zh")
_SIMPLIFIED_CHINESE = "以下是普通话的句子，请使用简体中文和标点符号。"
_MOST_NAMES = 40


@dataclass(frozen=True, slots=True)
class Decoded:
    """The text of one window and how sure the model is."""

    text: str
    language: str
    no_speech_probability: float
    average_log_probability: float
    trustworthy: bool
    """Passed every check at temperature 0: fit to be the context of the next window."""


class WindowDecoder:
    """The loaded model. One call at a time: its caller holds the lock."""

    def __init__(self, checkpoint: Path, device: str) -> None:
        import torch
        import whisper

        if device == "cuda" and not torch.cuda.is_available():
            raise ModelError(
                "cuda_missing", "There is no CUDA device here. Choose Automatic or CPU in Settings > Models."
            )
        if device == "auto":
            device = "cuda" if torch.cuda.is_available() else "cpu"
        self._half = device == "cuda"
        self._model = whisper.load_model(str(checkpoint), device=device)
        self._model.eval()
        with warnings.catch_warnings():
            # It leaves its vocabulary file open for the garbage collector; it is read here, once.
            warnings.simplefilter("ignore", ResourceWarning)
            whisper.tokenizer.get_tokenizer(self._model.is_multilingual, num_languages=self._model.num_languages)

    def decode(
        self,
        samples: NDArray[np.float32],
        *,
        language: str | None,
        names: Sequence[str] = (),
        context: str = "",
        cancel: Cancel | None = None,
    ) -> Decoded:
        """Text of `samples` (16 kHz, 30 s at most); `language` None finds it out."""
        import torch

        cancel = cancel or Cancel()
        seconds = len(samples) / SAMPLE_RATE
        frames = min(_FULL_FRAMES, _even(int((seconds + MARGIN_SECONDS) * SAMPLE_RATE / _SAMPLES_PER_FRAME)))
        result: Any = None
        with torch.inference_mode():
            features = self._encode(samples, frames)
            cancel.check()
            if language is None:
                language = self._language_of(features)
            prompt = self._prompt(language, names, context)
            for temperature in _TEMPERATURES:
                attempts = [True, False] if temperature == 0.0 and frames < _FULL_FRAMES else [False]
                for short in attempts:
                    if not short and frames < _FULL_FRAMES:
                        frames = _FULL_FRAMES
                        features = self._encode(samples, frames)
                        cancel.check()
                    result = self._run(features, language, prompt, temperature, seconds, cancel)
                    if _good(result, seconds):
                        return _decoded(result, language, trustworthy=temperature == 0.0)
                    if _silent(result):
                        break
                if _silent(result):
                    break
                # A prompt is the likeliest cause of a loop.
                prompt = self._prompt(language, (), "")
        if _silent(result) or not _plausible(result, seconds):
            return Decoded("", language, float(result.no_speech_prob), float(result.avg_logprob), trustworthy=False)
        return _decoded(result, language, trustworthy=False)

    def _encode(self, samples: NDArray[np.float32], frames: int) -> Any:
        import torch
        import whisper
        from torch.nn import functional

        model = self._model
        padded = whisper.pad_or_trim(np.ascontiguousarray(samples, np.float32), frames * _SAMPLES_PER_FRAME)
        mel = whisper.log_mel_spectrogram(padded, model.dims.n_mels).to(model.device)[None]
        if self._half:
            mel = mel.half()
        encoder = model.encoder
        if frames == _FULL_FRAMES:
            return encoder(mel)
        states = functional.gelu(encoder.conv1(mel))
        states = functional.gelu(encoder.conv2(states)).permute(0, 2, 1)
        states = (states + encoder.positional_embedding[: states.shape[1]]).to(states.dtype)
        for block in encoder.blocks:
            states = block(states)
        states = encoder.ln_post(states)
        assert isinstance(states, torch.Tensor)
        return states

    def _language_of(self, features: Any) -> str:
        import torch
        from whisper.tokenizer import get_tokenizer

        model = self._model
        if not model.is_multilingual:
            return "en"
        tokenizer = get_tokenizer(True, num_languages=model.num_languages)
        start = torch.tensor([[tokenizer.sot]], device=model.device)
        logits = model.logits(start, features)[0, 0]
        chances = logits[list(tokenizer.all_language_tokens)].float().softmax(dim=-1).tolist()
        return choose_language(dict(zip(tokenizer.all_language_codes, chances, strict=True)))

    def _prompt(self, language: str, names: Sequence[str], context: str) -> str | None:
        parts = [_SIMPLIFIED_CHINESE] if language == "zh" else []
        if names:
            listed = list(dict.fromkeys(names))[:_MOST_NAMES]
            parts.append(("、".join(listed) + "。") if language == "zh" else (", ".join(listed) + "."))
        if context:
            parts.append(context)
        return " ".join(parts) or None

    def _run(
        self, features: Any, language: str, prompt: str | None, temperature: float, seconds: float, cancel: Cancel
    ) -> Any:
        import torch
        from whisper.decoding import DecodingOptions

        options = DecodingOptions(
            language=language,
            temperature=temperature,
            prompt=prompt,
            without_timestamps=True,
            sample_len=min(224, max(_FEWEST_TOKENS, int(seconds * _TOKENS_PER_SECOND))),
            fp16=self._half,
        )
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(0)  # the same clip gives the same text
            return _task_type()(self._model, options, cancel).run(features)[0]


@lru_cache(maxsize=1)
def _task_type() -> Any:
    """openai-whisper's decoding task on sound that is already encoded, stopping when asked to."""
    from whisper.decoding import DecodingTask, LogitFilter

    class StopWhenAsked(LogitFilter):  # type: ignore[misc]
        """No filter at all: the one place that is called for every token."""

        def __init__(self, cancel: Cancel) -> None:
            self._cancel = cancel

        def apply(self, logits: Any, tokens: Any) -> None:
            self._cancel.check()

    class EncodedTask(DecodingTask):  # type: ignore[misc]
        def __init__(self, model: Any, options: Any, cancel: Cancel) -> None:
            super().__init__(model, options)
            self.logit_filters.append(StopWhenAsked(cancel))

        def _get_audio_features(self, mel: Any) -> Any:
            return mel

    return EncodedTask


@lru_cache(maxsize=1)
def _simplifier() -> Any:
    import opencc

    return opencc.OpenCC("t2s")


def simplified(text: str) -> str:
    """Chinese in simplified characters, without the title marks that the model sometimes puts around a sentence."""
    text = str(_simplifier().convert(text))
    whole = text.startswith("《") and text.endswith("》") and text.count("《") == 1
    return text[1:-1] if whole else text


def choose_language(chances: dict[str, float]) -> str:
    """The user's likeliest language, unless it is plainly another one."""
    best = max(chances, key=lambda code: chances[code])
    if best in _LANGUAGES or chances[best] < _OTHER_LANGUAGE:
        return max(_LANGUAGES, key=lambda code: chances.get(code, 0.0))
    return best


def _even(number: int) -> int:
    return number + number % 2


def _silent(result: Any) -> bool:
    return bool(result.no_speech_prob > _NO_SPEECH and result.avg_logprob < _LEAST_LOG_PROBABILITY)


def _plausible(result: Any, seconds: float) -> bool:
    """Not a loop: neither too repetitive nor faster than anybody speaks."""
    return bool(
        result.compression_ratio <= _MOST_COMPRESSION and len(result.text) <= 10 + _MOST_CHARACTERS_PER_SECOND * seconds
    )


def _good(result: Any, seconds: float) -> bool:
    return bool(result.text) and result.avg_logprob >= _LEAST_LOG_PROBABILITY and _plausible(result, seconds)


def _decoded(result: Any, language: str, *, trustworthy: bool) -> Decoded:
    text = " ".join(result.text.split())
    return Decoded(
        text=simplified(text) if language == "zh" else text,
        language=language,
        no_speech_probability=float(result.no_speech_prob),
        average_log_probability=float(result.avg_logprob),
        trustworthy=trustworthy,
    )

"""How far heard words are from spoken ones."""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable
from functools import lru_cache


def word_errors(spoken: str, heard: str) -> float:
    """Word error rate after Whisper's own normalisation of English."""
    import jiwer

    normalise = _english()
    return float(jiwer.wer(normalise(spoken), normalise(heard)))


@lru_cache(maxsize=1)
def _english() -> Callable[[str], str]:
    from whisper.normalizers import EnglishTextNormalizer

    with warnings.catch_warnings():
        # It leaves its word list open for the garbage collector.
        warnings.simplefilter("ignore", ResourceWarning)
        normalise: Callable[[str], str] = EnglishTextNormalizer()
    return normalise


def character_errors(spoken: str, heard: str) -> float:
    """Character error rate without punctuation and spaces, for Chinese."""
    import jiwer

    return float(jiwer.cer(re.sub(r"\W", "", spoken), re.sub(r"\W", "", heard)))

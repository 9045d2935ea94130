"""The child process of `system_voice`: one pyttsx3 engine that renders sentences to files.

Run as a script of its own, by path, so that it loads nothing of the program. It reads one JSON request
a line from standard input and answers one line each; it ends when standard input closes.
"""

from __future__ import annotations

import json
import os
from typing import Any, TextIO


def main() -> None:
    """Serve requests until there are no more."""
    # pyttsx3 and its drivers print; only answers may go to the parent.
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    silent = os.open(os.devnull, os.O_WRONLY)
    os.dup2(silent, 1)
    os.dup2(silent, 2)
    try:
        import pyttsx3

        engine = pyttsx3.init()
        rows = [voice_row(voice.id, voice.name, voice.languages) for voice in engine.getProperty("voices")]
    except Exception as error:  # noqa: BLE001 - whatever a driver raises means: no voice
        _answer(answers, {"error": repr(error)})
        return
    _answer(answers, {"voices": [row for row in rows if row is not None]})
    requests = os.fdopen(0, encoding="utf-8", closefd=False)
    for line in requests:
        request = json.loads(line)
        try:
            engine.setProperty("voice", request["voice"])
            engine.setProperty("rate", request["words_per_minute"])
            engine.save_to_file(request["text"], request["file"])
            engine.runAndWait()
            _answer(answers, {"done": True})
        except Exception as error:  # noqa: BLE001 - told to the parent, which knows what to say
            _answer(answers, {"error": repr(error)})


def _answer(answers: TextIO, answer: dict[str, Any]) -> None:
    answers.write(json.dumps(answer) + "\n")
    answers.flush()


def voice_row(identifier: str, title: str, languages: list[str | bytes] | None) -> tuple[str, str, str] | None:
    """Name, title and language of a pyttsx3 voice; None if it has no language we can tell."""
    tags = [tag.decode("utf-8", "ignore") if isinstance(tag, bytes) else str(tag) for tag in languages or []]
    if tags:
        tag = tags[0]
    elif "\\" in identifier:  # SAPI5: ...\\TTS_MS_EN-US_ZIRA_11.0
        parts = identifier.rsplit("\\", 1)[-1].split("_")
        tag = next((part for part in parts if len(part) == 5 and part[2] == "-"), "")
    else:  # eSpeak: gmw/en-us
        tag = identifier.rsplit("/", 1)[-1]
    tag = tag.strip("\x05\x02 ").lower().replace("_", "-")
    if "pinyin" in tag:
        return None
    language = "zh" if tag.startswith(("cmn", "zh")) else tag.partition("-")[0]
    return (identifier, f"{title} [{tag}]", language) if language else None


if __name__ == "__main__":
    main()

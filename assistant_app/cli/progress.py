"""A progress bar on standard error for work that reports itself step by step."""

from __future__ import annotations

from typing import Any

from assistant_app.cli.invocation import say


class ProgressBar:
    """One bar for the part of the run that is under way, with the time left."""

    def __init__(self, *, shown: bool) -> None:
        self._shown = shown
        self._bar: Any = None
        self._name = ""

    def __call__(self, name: str, done: int, total: int, note: str) -> None:
        if not self._shown:
            return
        from tqdm import tqdm

        if name != self._name or self._bar is None:
            self.close()
            self._name = name
            # What an earlier run did must not make the rest look fast.
            self._bar = tqdm(total=total, initial=done - 1, desc=name, unit="", smoothing=0.05)
        self._bar.set_postfix_str(note, refresh=False)
        self._bar.update(done - self._bar.n)

    def say(self, text: str) -> None:
        """A line above the bar."""
        if self._shown:
            self.close()
            say(text)

    def close(self) -> None:
        if self._bar is not None:
            self._bar.close()
            self._bar = None

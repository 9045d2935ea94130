"""Every test has folders of its own, no window on the screen, and no warning it did not expect."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from assistant_app.paths import MODELS_ENVIRONMENT_VARIABLE, find_paths

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
# As the program itself does: threads that spin make Whisper many times slower where other programs run.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
_REAL_WEIGHTS = find_paths().weights_dir


@pytest.fixture(autouse=True)
def _own_folders(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The user's folders lie in a temporary one; fetched weights stay where they are."""
    home = tmp_path_factory.mktemp("home")
    for variable, name in {
        "XDG_CONFIG_HOME": "config",
        "XDG_DATA_HOME": "data",
        "XDG_CACHE_HOME": "cache",
        "XDG_STATE_HOME": "state",
    }.items():
        monkeypatch.setenv(variable, str(home / name))
    monkeypatch.setenv(MODELS_ENVIRONMENT_VARIABLE, str(_REAL_WEIGHTS))
    return home


@pytest.fixture(autouse=True)
def expected_warnings() -> Iterator[list[str]]:
    """Fails a test in which the package logs a warning; a test that expects one adds a part of it to this list."""
    make_record = logging.getLogRecordFactory()
    messages: list[str] = []

    def seen(*args: Any, **kwargs: Any) -> logging.LogRecord:
        record = make_record(*args, **kwargs)
        if record.levelno >= logging.WARNING and record.name.startswith("assistant_app"):
            messages.append(record.getMessage())
        return record

    logger = logging.getLogger("assistant_app")
    handlers, propagate, level = list(logger.handlers), logger.propagate, logger.level
    logging.setLogRecordFactory(seen)
    expected: list[str] = []
    yield expected
    logging.setLogRecordFactory(make_record)
    for handler in list(logger.handlers):
        if handler not in handlers:
            logger.removeHandler(handler)
            handler.close()
    logger.propagate, logger.level = propagate, level
    stray = [message for message in messages if not any(part in message for part in expected)]
    assert not stray, f"unexpected in the log: {stray}"
    unseen = [part for part in expected if not any(part in message for message in messages)]
    assert not unseen, f"expected in the log, but absent: {unseen}"

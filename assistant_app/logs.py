"""Logging: one rotating file in the log folder. What the user said is logged at DEBUG only.

Set up by the entry points, never on import.
"""

from __future__ import annotations

import logging
import logging.handlers
from pathlib import Path

_FORMAT = "%(asctime)s %(levelname)s %(name)s: %(message)s"


def set_up_logging(log_dir: Path, *, level: int = logging.INFO) -> None:
    """Send the package's log to `log_dir/assistant.log`; a folder that cannot be written is no reason to stop."""
    logger = logging.getLogger("assistant_app")
    for old in list(logger.handlers):
        logger.removeHandler(old)
        old.close()
    logger.setLevel(level)
    logger.propagate = False
    handler: logging.Handler
    try:
        log_dir.mkdir(parents=True, exist_ok=True)
        handler = logging.handlers.RotatingFileHandler(
            log_dir / "assistant.log", maxBytes=1_000_000, backupCount=3, encoding="utf-8"
        )
    except OSError:
        handler = logging.NullHandler()
    handler.setFormatter(logging.Formatter(_FORMAT))
    logger.addHandler(handler)

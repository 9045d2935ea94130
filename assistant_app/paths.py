"""Where everything lies. The one place that knows folders; it reads and writes nothing.

`platformdirs` decides, `--profile DIR` redirects what belongs to the user. Shipped files
(manifest, trained decoders, icons) are found beside the package: in a checkout at its top,
in an installed or frozen program under `assistant_app/_data`.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

import platformdirs

APP_NAME = "assistant"
MODELS_ENVIRONMENT_VARIABLE = "ASSISTANT_MODELS_DIR"

_PACKAGE = Path(__file__).resolve().parent


def checkout_root() -> Path | None:
    """The top of the source tree this package runs from, or None when it is installed."""
    root = _PACKAGE.parent
    return root if (root / "models" / "manifest.toml").is_file() else None


def _shipped(name: str) -> Path:
    root = checkout_root()
    return root / name if root else _PACKAGE / "_data" / name


def resources_dir() -> Path:
    """Icons, sounds, style sheets, translations, starter knowledge."""
    return _shipped("resources")


def shipped_models_dir() -> Path:
    """`manifest.toml`, model cards, recipes and the decoders we trained."""
    return _shipped("models")


@dataclass(frozen=True, slots=True)
class Paths:
    """The user's folders. None of them need exist yet."""

    config_dir: Path
    data_dir: Path
    """Calendars, knowledge, memory: what must not be lost."""
    cache_dir: Path
    """What can be rebuilt: indexes."""
    log_dir: Path
    weights_dir: Path
    """Where fetched weights are written."""

    @property
    def settings_file(self) -> Path:
        return self.config_dir / "settings.toml"

    @property
    def calendars_dir(self) -> Path:
        return self.data_dir / "calendars"

    @property
    def calendar_index_file(self) -> Path:
        return self.cache_dir / "calendar-index.sqlite3"

    @property
    def calendar_journal_file(self) -> Path:
        return self.data_dir / "calendar-journal.sqlite3"

    @property
    def calendar_sync_file(self) -> Path:
        """What calendar servers were last known to have."""
        return self.data_dir / "calendar-sync.sqlite3"

    @property
    def reminders_file(self) -> Path:
        """Timers, and what rang, was snoozed or dismissed."""
        return self.data_dir / "reminders.sqlite3"

    @property
    def ringing_lock_file(self) -> Path:
        """Held by the one process that rings."""
        return self.data_dir / "ringing.lock"

    @property
    def knowledge_dir(self) -> Path:
        return self.data_dir / "knowledge"

    @property
    def corrections_file(self) -> Path:
        """What the user put right, one JSON object a line."""
        return self.data_dir / "memory" / "corrections.jsonl"

    @property
    def personal_dir(self) -> Path:
        """The personal adapter."""
        return self.data_dir / "personal"

    @property
    def lock_file(self) -> Path:
        return self.data_dir / "running.lock"

    def weights_search_path(self) -> tuple[Path, ...]:
        """Folders that may hold fetched weights, first match wins."""
        root = checkout_root()
        places = [self.weights_dir]
        if root:
            places.append(root / "models" / "weights")
        places.append(_PACKAGE / "_data" / "models" / "weights")
        places.append(_user_weights_dir())
        return tuple(dict.fromkeys(places))


def weights_cache_dir() -> Path:
    """What is computed from weights once; shared between profiles, as they are."""
    return Path(platformdirs.user_cache_dir(APP_NAME, appauthor=False)) / "weights"


def _user_weights_dir() -> Path:
    return Path(platformdirs.user_data_dir(APP_NAME, appauthor=False)) / "models"


def find_paths(profile: Path | None = None) -> Paths:
    """The user's folders: the platform's own, or all of them inside `profile`.

    Weights are shared between profiles (they are large and hold nothing of the user's);
    `ASSISTANT_MODELS_DIR` moves them.
    """
    override = os.environ.get(MODELS_ENVIRONMENT_VARIABLE)
    weights = Path(override).expanduser() if override else _user_weights_dir()
    if profile is not None:
        base = profile.expanduser().resolve()
        return Paths(base / "config", base / "data", base / "cache", base / "logs", weights)
    return Paths(
        config_dir=Path(platformdirs.user_config_dir(APP_NAME, appauthor=False)),
        data_dir=Path(platformdirs.user_data_dir(APP_NAME, appauthor=False)),
        cache_dir=Path(platformdirs.user_cache_dir(APP_NAME, appauthor=False)),
        log_dir=Path(platformdirs.user_log_dir(APP_NAME, appauthor=False)),
        weights_dir=weights,
    )

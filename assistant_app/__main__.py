"""Picks the face: a command of the terminal, the window, or a conversation where there is no display."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path


def main(argv: Sequence[str] | None = None) -> int:
    """The console script `assistant`."""
    # Threads that wait by spinning take the cores from each other: Whisper was four times slower on a busy
    # machine. Read when torch is loaded, so it must be set before.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    from assistant_app.cli import main as run_command
    from assistant_app.cli import split_profile

    profile, command = split_profile(sys.argv[1:] if argv is None else argv)
    if command:
        return run_command([*profile, *command])
    if not has_display():
        return run_command([*profile, "chat"])
    return _open_window(Path(profile[-1].removeprefix("--profile=")) if profile else None)


def has_display() -> bool:
    """Whether a window can be shown here. X11 and Wayland say so; macOS and Windows always have one."""
    if not sys.platform.startswith("linux"):
        return True
    return bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))


def _open_window(profile: Path | None) -> int:
    from assistant_app.gui.application import run
    from assistant_app.logs import set_up_logging
    from assistant_app.paths import find_paths
    from assistant_app.settings import load_settings

    paths = find_paths(profile)
    set_up_logging(paths.log_dir)
    loaded = load_settings(paths.settings_file)
    return run(loaded.settings, paths, settings_problem=loaded.problem)


if __name__ == "__main__":
    sys.exit(main())

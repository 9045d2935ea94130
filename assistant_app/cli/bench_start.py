"""`assistant bench start`: from starting the program to the first frame of its window."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import time
from typing import Any

from assistant_app.cli.bench_run import BenchRun
from assistant_app.cli.invocation import say
from assistant_app.errors import DeviceError

_WINDOW_SECONDS = 60

FIRST_FRAME = """
import sys, time
from pathlib import Path
started = float(sys.argv[1])
from PySide6.QtCore import QEvent, QObject, QTimer
from PySide6.QtWidgets import QApplication
app = QApplication(sys.argv[:1])
class FirstFrame(QObject):
    def eventFilter(self, watched, event):
        if event.type() == QEvent.Type.Paint and watched.isWidgetType() and watched.isWindow():
            app.removeEventFilter(self)
            print(f"first frame {time.time() - started:.3f}", flush=True)
            QTimer.singleShot(0, app.quit)
        return False
watcher = FirstFrame()
app.installEventFilter(watcher)
from assistant_app.gui.application import run
from assistant_app.paths import find_paths
from assistant_app.settings import Settings
run(Settings(), find_paths(Path(sys.argv[2])))
"""


def measure(bench: BenchRun) -> dict[str, Any]:
    """The window is painted offscreen."""
    repeat, profile = bench.repeat, bench.place / "window"
    seconds = []
    for number in range(max(repeat, 1)):
        say(f"Window {number + 1} of {repeat}")
        shown = subprocess.run(
            [sys.executable, "-c", FIRST_FRAME, repr(time.time()), str(profile)],
            capture_output=True,
            text=True,
            timeout=_WINDOW_SECONDS,
            env={**os.environ, "QT_QPA_PLATFORM": "offscreen"},
            check=False,
        )
        found = [line.split()[-1] for line in shown.stdout.splitlines() if line.startswith("first frame")]
        if not found:
            reason = (shown.stderr.strip().splitlines() or ["no frame was painted"])[-1]
            raise DeviceError("window_not_shown", f"The window did not open: {reason}")
        seconds.append(float(found[0]))
    return {"first_frame_seconds": round(statistics.median(seconds), 3), "runs": seconds}


def print_table(results: dict[str, Any]) -> None:
    print(f"start to first frame        {results['first_frame_seconds']:.2f} s")

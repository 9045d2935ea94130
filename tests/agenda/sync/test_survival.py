"""A sync that is killed in the middle, again and again, ends with both sides whole."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from tests.agenda.sync.conftest import Desk, Radicale, event

SYNC = """
import sys
from datetime import datetime
from pathlib import Path
from tests.agenda.sync.conftest import Desk, account_for
desk = Desk(Path(sys.argv[1]), account_for(sys.argv[2]))
print("ready", flush=True)
desk.sync()
"""


def test_a_sync_killed_at_any_moment_loses_and_doubles_nothing(
    radicale: Radicale, new_desk: Callable[..., Desk]
) -> None:
    calendar = radicale.new_calendar_of(120)
    desk = new_desk(calendar)
    for number in range(12):
        desk.store.import_ics(event(f"ours{number}", f"Ours {number}"))
    killed = 0
    for delay_s in (0.0, 0.05, 0.15, 0.3, 0.6):
        process = subprocess.Popen(
            [sys.executable, "-c", SYNC, str(desk.folder), calendar],
            stdout=subprocess.PIPE,
            cwd=Path(__file__).parents[3],
        )
        assert process.stdout is not None
        assert process.stdout.readline() == b"ready\n"
        time.sleep(delay_s)
        killed += process.poll() is None
        process.kill()
        process.stdout.close()
        process.wait()
    assert killed
    desk.synced()
    tally = desk.synced().tally
    assert (tally.fetched, tally.sent, tally.removed, tally.deleted, tally.conflicts) == (0, 0, 0, 0, 0)
    expected = {f"e{number}" for number in range(120)} | {f"ours{number}" for number in range(12)}
    assert {desk.store.get(uid).uid for uid in expected} == expected
    assert len(desk.files()) == len(radicale.names(calendar)) == len(expected)
    assert desk.store.problems() == ()

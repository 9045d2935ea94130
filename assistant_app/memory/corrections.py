"""What the user put right: requests that were understood wrongly, and how they were meant.

One JSON object a line, in one file that only the user can read; it stays on this machine. A line that cannot be
read is passed over and kept. It knows no skill and no model, and learns nothing: that is `assistant train --personal`.
"""

from __future__ import annotations

import json
import logging
import uuid
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from assistant_app.errors import StorageError
from assistant_app.turn import Slot

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Correction:
    """One request that was understood wrongly."""

    id: str
    """Short, for the command line."""
    at: datetime
    """Aware."""
    text: str
    """The request, as it was said or typed."""
    was: str
    """The "skill/intent" it was taken for; empty where that is not known."""
    meant: str | None = None
    """The "skill/intent" it should have been; None: only that `was` is wrong."""
    slots: tuple[Slot, ...] | None = None
    """All slots of the text; None: nothing is known about them."""


class Corrections:
    """The corrections in a file, oldest first."""

    def __init__(self, file: Path) -> None:
        self.file = file

    def add(
        self,
        text: str,
        *,
        was: str,
        meant: str | None,
        at: datetime,
        slots: Sequence[Slot] | None = None,
    ) -> Correction:
        """Keep one more. Raises `StorageError`."""
        at = at.replace(microsecond=0)
        found = Correction(uuid.uuid4().hex[:8], at, text, was, meant, None if slots is None else tuple(slots))
        try:
            self.file.parent.mkdir(parents=True, exist_ok=True)
            if not self.file.exists():
                self.file.touch(mode=0o600)
            with self.file.open("a", encoding="utf-8") as out:
                out.write(json.dumps(_to_json(found), ensure_ascii=False) + "\n")
        except OSError as error:
            raise self._unwritable(error) from error
        return found

    def all(self) -> tuple[Correction, ...]:
        """Every correction, also several of one text."""
        return tuple(found for _, found in self._lines() if found is not None)

    def newest(self) -> tuple[Correction, ...]:
        """Of each text what was said last; of intent and slots each the last that is known."""
        merged: dict[str, Correction] = {}
        for one in self.all():
            key = " ".join(one.text.casefold().split())
            before = merged.pop(key, None)
            if before and one.meant == before.meant and one.slots is None:
                one = Correction(one.id, one.at, one.text, one.was, one.meant, before.slots)
            merged[key] = one
        return tuple(merged.values())

    def delete(self, ids: Collection[str]) -> int:
        """Forget those; how many there were."""
        return self._keep(lambda found: found is None or found.id not in ids)

    def clear(self) -> int:
        """Forget all of them, unreadable lines too; how many there were."""
        return self._keep(lambda _found: False)

    def _keep(self, keep: Callable[[Correction | None], bool]) -> int:
        lines = self._lines()
        kept = [line for line, found in lines if keep(found)]
        if len(kept) == len(lines):
            return 0
        try:
            temporary = self.file.with_name(f".{self.file.name}.new")
            temporary.touch(mode=0o600)
            temporary.write_text("".join(f"{line}\n" for line in kept), encoding="utf-8")
            temporary.replace(self.file)
        except OSError as error:
            raise self._unwritable(error) from error
        return len(lines) - len(kept)

    def _lines(self) -> list[tuple[str, Correction | None]]:
        try:
            lines = self.file.read_text(encoding="utf-8").splitlines()
        except FileNotFoundError:
            return []
        except (OSError, UnicodeDecodeError) as error:
            raise StorageError(
                "corrections_unreadable",
                f"{self.file} cannot be read. Change its permissions, or move it away to begin a new one.",
            ) from error
        found: list[tuple[str, Correction | None]] = []
        for number, line in enumerate(lines, start=1):
            if not line.strip():
                continue
            try:
                found.append((line, _from_json(json.loads(line))))
            except (ValueError, KeyError, TypeError):
                log.warning("line %d of %s is no correction and is passed over", number, self.file)
                found.append((line, None))
        return found

    def _unwritable(self, error: OSError) -> StorageError:
        return StorageError(
            "corrections_unwritable",
            f"{self.file} cannot be written ({error.strerror}). Change its permissions, or make room on the disk.",
        )


def edited_slots(text: str, slots: Sequence[Slot], edited: Mapping[str, str]) -> tuple[Slot, ...] | None:
    """The slots of a request after the user edited what was made of it: slot name -> the new words.

    None where nothing of it can be found among the words that were said.
    """
    found = list(slots)
    for name, words in edited.items():
        start = text.casefold().find(words.casefold()) if words.strip() else -1
        if start < 0:
            continue
        new = Slot(name, text[start : start + len(words)], start, start + len(words))
        if all(one.name != name or (one.start, one.end) != (new.start, new.end) for one in slots):
            found = [one for one in found if one.name != name and (one.end <= new.start or new.end <= one.start)]
            found.append(new)
    found.sort(key=lambda one: one.start)
    return None if found == list(slots) else tuple(found)


def _to_json(correction: Correction) -> dict[str, Any]:
    slots = correction.slots
    return {
        "id": correction.id,
        "at": correction.at.isoformat(timespec="seconds"),
        "text": correction.text,
        "was": correction.was,
        "meant": correction.meant,
        "slots": None if slots is None else [[slot.start, slot.end, slot.name] for slot in slots],
    }


def _from_json(raw: dict[str, Any]) -> Correction:
    text, meant, slots = raw["text"], raw["meant"], raw["slots"]
    if not isinstance(text, str) or not (meant is None or isinstance(meant, str)):
        raise TypeError(text)
    spans = None
    if slots is not None:
        spans = tuple(Slot(str(name), text[start:end], start, end) for start, end, name in slots)
    return Correction(str(raw["id"]), datetime.fromisoformat(raw["at"]), text, str(raw["was"]), meant, spans)

"""The errors a person may see.

    AssistantError(code, message)
    |-- InputError        what was given cannot be used (wrong file, wrong time, empty text)
    |-- DeviceError       microphone, loudspeaker or display is missing or failed
    |-- ModelError        weights are missing, damaged, or made for another trunk
    |-- StorageError      a file or folder cannot be read or written
    |-- NetworkError      a server the user connected is away, refuses, or answers nonsense
    `-- SettingsError     the settings file does not hold what it should

Raised anywhere below, caught once: in `Assistant.run_turn`, at the command line's outermost
function, and in the window's worker. "Heard nothing" and "not sure" are values, not errors.
"""

from __future__ import annotations


class AssistantError(Exception):
    """Something the user can act on.

    `code` is stable and meant for programs (`microphone_missing`); `message` is one sentence or
    two for the person: what happened, and what to do next.
    """

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


class InputError(AssistantError):
    """What was given cannot be used."""


class DeviceError(AssistantError):
    """A microphone, loudspeaker or display is missing or failed."""


class ModelError(AssistantError):
    """Weights are missing, damaged, or were made for another trunk."""


class StorageError(AssistantError):
    """A file or folder cannot be read or written."""


class NetworkError(AssistantError):
    """A server that the user connected is away, refuses, or answers what cannot be understood."""


class SettingsError(AssistantError):
    """The settings file does not hold what it should."""


class TurnCancelled(Exception):
    """The user stopped the turn. Not an error: never shown, never logged above DEBUG."""

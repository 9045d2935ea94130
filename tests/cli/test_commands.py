"""The commands of the terminal, in process: what they print, where, and how they end."""

from __future__ import annotations

import io
import json
import subprocess
import sys
import wave
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from assistant_app import app
from assistant_app.__main__ import has_display
from assistant_app.__main__ import main as start
from assistant_app.cli import COMMANDS, main, split_profile
from assistant_app.errors import ModelError
from assistant_app.turn import Route, Slot
from tests.fakes import FakeBrain, FakeEncoder, FakeTranscriber

NOW = ("--now", "2026-11-24T09:30", "--tz", "Europe/Berlin")
BOOKING = "book the dentist tomorrow at half past three"
ROUTES = {
    BOOKING: Route("scheduling", "create_event", 0.97, (Slot("title", "dentist", 9, 16),)),
    "cancel the dentist": Route("scheduling", "cancel_event", 0.97, (Slot("title", "dentist", 11, 18),)),
    "undo": Route("scheduling", "undo", 0.97),
    "who leads": Route("question_answering", "question", 0.97),
}


class Terminal:
    """Runs commands in a profile of their own and keeps what they print."""

    def __init__(self, profile: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
        self.profile = profile
        self._capsys = capsys
        self._monkeypatch = monkeypatch
        self.out = self.err = ""

    def __call__(self, *argv: str, typed: str = "") -> int:
        self._monkeypatch.setattr(sys, "stdin", io.StringIO(typed))
        status = main([*argv, "--profile", str(self.profile)])
        self.out, self.err = self._capsys.readouterr()
        return status

    def json(self, *argv: str, status: int = 0) -> Any:
        assert self(*argv, "--json") == status, self.err
        return json.loads(self.out)

    def lines(self) -> list[Any]:
        return [json.loads(line) for line in self.out.splitlines()]


@pytest.fixture
def terminal(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Terminal:
    return Terminal(tmp_path / "profile", capsys, monkeypatch)


@pytest.fixture
def use_brain(monkeypatch: pytest.MonkeyPatch) -> Callable[[FakeBrain], None]:
    def use(brain: FakeBrain) -> None:
        monkeypatch.setattr(app, "build_brain", lambda _settings, _paths: brain)

    use(FakeBrain(ROUTES, answers={"who leads": "Rollo"}))
    return use


def test_each_command_explains_itself(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--help"]) == 0
    text = capsys.readouterr().out
    assert all(command in text for command in COMMANDS)


@pytest.mark.parametrize(
    "argv",
    [
        ["nonsense"],
        ["ask"],
        ["when"],
        ["when", "tomorrow", "--now", "soon"],
        ["when", "tomorrow", "--tz", "Mars/Olympus"],
        ["calendar"],
        ["knowledge", "add"],
        ["bench", "everything"],
        ["bench", "--repeat", "0"],
        ["calendar", "add", "x", "--start", "now", "--minutes", "-3"],
        ["listen", "a.wav", "b.wav", "--say", "c.wav"],
    ],
)
def test_wrong_usage_ends_with_2(argv: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    try:
        status = main(argv)
    except SystemExit as leaving:
        status = int(leaving.code or 0)
    assert status == 2
    assert "usage:" in capsys.readouterr().err


def test_profile_may_stand_anywhere() -> None:
    assert split_profile(["--profile", "a", "when", "x"]) == (["--profile", "a"], ["when", "x"])
    assert split_profile(["when", "x", "--profile=a"]) == (["--profile=a"], ["when", "x"])
    assert split_profile(["ask", "--", "--profile", "a"]) == ([], ["ask", "--", "--profile", "a"])


@pytest.mark.usefixtures("use_brain")
def test_ask_prints_the_object_of_the_contract(terminal: Terminal) -> None:
    turn = terminal.json("ask", BOOKING, *NOW)
    assert set(turn) == {"utterance", "route", "reply", "actions", "timings_ms"}
    assert turn["utterance"] == {"text": BOOKING, "language": "en", "source": "typed"}
    assert turn["route"]["skill"] == "scheduling"
    assert turn["route"]["slots"] == [{"name": "title", "text": "dentist", "start": 9, "end": 16, "value": None}]
    assert set(turn["reply"]) == {"text", "speech", "sources", "pending"}
    (action,) = turn["actions"]
    assert (action["kind"], action["title"], action["start"]) == ("event_added", "Dentist", "2026-11-25T15:30")
    assert set(turn["timings_ms"]) == {"hear", "route", "act", "speak", "total"}
    (event,) = terminal.json("calendar", "list", *NOW)["events"]
    assert event["uid"] == action["uid"]


@pytest.mark.usefixtures("use_brain")
def test_confirmation_is_left_open_or_answered_by_yes(terminal: Terminal) -> None:
    terminal.json("ask", BOOKING, *NOW)
    asked = terminal.json("ask", "cancel the dentist", *NOW)
    assert [choice["value"] for choice in asked["reply"]["pending"]["choices"]] == ["yes", "no"]
    assert len(terminal.json("calendar", "list", *NOW)["events"]) == 1
    done = terminal.json("ask", "cancel the dentist", "--yes", *NOW)
    assert done["actions"][0]["kind"] == "event_deleted"
    assert done["route"]["intent"] == "cancel_event"
    assert terminal.json("calendar", "list", *NOW)["events"] == []
    assert terminal.json("ask", "undo", *NOW)["actions"][0]["kind"] == "undone"


@pytest.mark.usefixtures("use_brain")
def test_ask_streams_to_people(terminal: Terminal) -> None:
    assert terminal("ask", "hello") == 0
    assert terminal.out == "Good morning.\n"
    assert terminal.err == ""


@pytest.mark.parametrize(
    ("text", "code"), [("", "heard_nothing"), ("  ", "heard_nothing"), ("x" * 100_000, "text_too_long")]
)
@pytest.mark.usefixtures("use_brain")
def test_text_that_is_no_request_gives_an_error_object(terminal: Terminal, text: str, code: str) -> None:
    error = terminal.json("ask", text, status=1)["error"]
    assert error["code"] == code
    assert error["message"] in terminal.err


@pytest.mark.parametrize("text", ["🙂🎉", "明天天气怎么样", "\u202eevil", "a\x00b", "-"])
@pytest.mark.usefixtures("use_brain")
def test_odd_text_is_answered(terminal: Terminal, text: str) -> None:
    assert terminal.json("ask", text)["reply"]["text"] == "Good morning."


def test_missing_weights_say_how_to_get_them(terminal: Terminal, use_brain: Callable[[FakeBrain], None]) -> None:
    use_brain(FakeBrain(fails=ModelError("model_missing", "Run: assistant models fetch qwen")))
    for command in (("ask", "hello"), ("route", "hello"), ("reply", "hello"), ("answer", "who", "--context", "Rollo")):
        error = terminal.json(*command, status=1)["error"]
        assert error == {"code": "model_missing", "message": "Run: assistant models fetch qwen"}


def test_missing_weights_folder_is_met_with_the_fetch_command(
    terminal: Terminal, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(app, "build_model_store", lambda paths: _empty_store(tmp_path))
    error = terminal.json("ask", "hello", status=1)["error"]
    assert error["code"] == "model_missing"
    assert "assistant models fetch" in error["message"]
    assert terminal.json("calendar", "list")["events"] == []


def _empty_store(folder: Path) -> Any:
    from assistant_app.model_store import Manifest, ModelStore
    from assistant_app.paths import shipped_models_dir

    return ModelStore(Manifest.load(shipped_models_dir() / "manifest.toml"), [folder / "none"], folder / "none")


def test_unexpected_failure_shows_no_traceback(
    terminal: Terminal, monkeypatch: pytest.MonkeyPatch, expected_warnings: list[str]
) -> None:
    def broken(*_args: object, **_kwargs: object) -> None:
        raise ZeroDivisionError("hidden detail")

    expected_warnings.append("command calendar failed")
    monkeypatch.setattr(app, "build_calendar", broken)
    error = terminal.json("calendar", "list", status=1)["error"]
    assert error["code"] == "internal"
    assert "hidden detail" not in terminal.out + terminal.err
    assert "ZeroDivisionError: hidden detail" in (terminal.profile / "logs" / "assistant.log").read_text()


@pytest.mark.usefixtures("use_brain")
def test_route_answers_line_by_line_and_survives_a_bad_one(terminal: Terminal) -> None:
    status = terminal(
        "route",
        "--jsonl",
        typed=json.dumps({"id": "a", "text": BOOKING}) + '\nnot json\n[1]\n\n{"id": 4}\n{"id": 5, "text": "hi"}',
    )
    first, second, third, fourth, fifth = terminal.lines()
    assert status == 1
    assert (first["id"], first["skill"], first["intent"]) == ("a", "scheduling", "create_event")
    assert set(first) == {"id", "skill", "intent", "confidence", "slots"}
    assert [line["error"]["code"] for line in (second, third, fourth)] == ["bad_line"] * 3
    assert (fourth["id"], fifth["id"], fifth["skill"]) == (4, 5, "dialogue")


def test_lines_are_read_one_at_a_time(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    answered: list[str] = []

    class Pipe(io.StringIO):
        def readline(self, size: int | None = -1, /) -> str:
            answered.append(capsys.readouterr().out)
            return super().readline() if size is None else super().readline(size)

    monkeypatch.setattr(sys, "stdin", Pipe('{"id":1,"text":"today"}\n{"id":2,"text":"x"}\n'))
    assert main(["when", "--jsonl", *NOW]) == 0
    assert answered[0] == ""
    assert json.loads(answered[1])["id"] == 1
    assert json.loads(answered[2])["id"] == 2


def test_when_gives_local_iso_times_and_nulls(terminal: Terminal) -> None:
    lines = ["tomorrow at half past four", "hello", "every Monday at nine", "next week"]
    terminal("when", "--jsonl", *NOW, typed="\n".join(json.dumps({"id": n, "text": t}) for n, t in enumerate(lines)))
    point, nothing, repeated, week = terminal.lines()
    assert (point["start"], point["end"], point["all_day"]) == ("2026-11-25T16:30:00", None, False)
    assert set(nothing.values()) == {1, None}
    assert repeated["recurrence"] == "FREQ=WEEKLY;BYDAY=MO"
    assert (week["start"], week["end"], week["grain"]) == ("2026-11-30T00:00:00", "2026-12-07T00:00:00", "week")


@pytest.mark.usefixtures("use_brain")
def test_answer_is_a_span_of_the_context_or_empty(terminal: Terminal) -> None:
    lines = [
        {"id": 1, "question": "who leads", "context": "The leader was Rollo."},
        {"id": 2, "question": "who leads", "context": "Nobody knows."},
        {"id": 3, "question": "who leads"},
        {"id": 4, "question": 7},
    ]
    assert terminal("answer", "--jsonl", typed="\n".join(map(json.dumps, lines))) == 1
    span, empty, without, bad = terminal.lines()
    assert (span["answer"], span["sources"][0]["quote"]) == ("Rollo", "The leader was Rollo.")
    assert (empty["answer"], empty["sources"]) == ("", [])
    assert without["answer"] == ""
    assert bad["error"]["code"] == "bad_line"


@pytest.mark.parametrize(
    "history",
    [
        ["Hello"],
        ["Hello", "Hi.", "How are you?"],
        [{"role": "user", "content": "Hello"}],
        [
            {"speaker": "user", "text": "Hello"},
            {"speaker": "assistant", "text": "Hi"},
            {"speaker": "user", "text": "So?"},
        ],
    ],
)
@pytest.mark.usefixtures("use_brain")
def test_reply_reads_a_history_in_either_form(terminal: Terminal, history: list[Any]) -> None:
    assert terminal("reply", "--jsonl", typed=json.dumps({"id": 1, "history": history})) == 0
    assert terminal.lines() == [{"id": 1, "reply": "Good morning."}]


@pytest.mark.parametrize("history", [None, [], "text", [1], [{"role": "assistant", "content": "Hi"}]])
@pytest.mark.usefixtures("use_brain")
def test_reply_refuses_a_history_without_a_last_word_of_the_user(terminal: Terminal, history: Any) -> None:
    assert terminal("reply", "--jsonl", typed=json.dumps({"id": 1, "history": history})) == 1
    assert terminal.lines()[0]["error"]["code"] == "bad_line"


def test_calendar_from_adding_to_undoing(terminal: Terminal, tmp_path: Path) -> None:
    added = terminal.json("calendar", "add", "Dentist", "tomorrow", "at", "noon", "--minutes", "45", *NOW)
    uid = added["event"]["uid"]
    assert (added["event"]["start"], added["event"]["end"]) == ("2026-11-25T12:00", "2026-11-25T12:45")
    clash = terminal.json("calendar", "add", "Lunch", "--start", "2026-11-25T12:30", "--location", "Roma", *NOW)
    assert [other["uid"] for other in clash["conflicts"]] == [uid]
    assert terminal.json("calendar", "show", uid)["event"]["title"] == "Dentist"
    edited = terminal.json("calendar", "edit", uid, "--title", "Doctor", "--remind", "10", *NOW)["event"]
    assert (edited["title"], edited["reminder_minutes"]) == ("Doctor", [10])
    assert terminal.json("calendar", "move", uid, "2026-11-26T08:00", *NOW)["event"]["end"] == "2026-11-26T08:45"
    found = terminal.json("calendar", "list", "--search", "doctor", *NOW)["events"]
    assert [event["uid"] for event in found] == [uid]
    free = terminal.json("calendar", "free", "2026-11-26", "--minutes", "60", *NOW)["free"]
    assert free[0] == {"start": "2026-11-26T08:45", "end": "2026-11-26T18:00"}
    assert terminal.json("calendar", "delete", uid, "--yes", *NOW)["deleted"][0]["uid"] == uid
    assert terminal.json("calendar", "undo", *NOW)["event"]["title"] == "Doctor"
    file = tmp_path / "all.ics"
    assert terminal.json("calendar", "export", str(file), *NOW)["events"] == 2
    other = Terminal(tmp_path / "other", terminal._capsys, terminal._monkeypatch)
    assert {event["title"] for event in other.json("calendar", "import", str(file), *NOW)["events"]} == {
        "Doctor",
        "Lunch",
    }


def test_programs_that_write_at_once_lose_nothing(terminal: Terminal) -> None:
    titles = [f"Event {number}" for number in range(4)]
    command = [sys.executable, "-m", "assistant_app", "--profile", str(terminal.profile), "calendar", "add"]
    started = [
        subprocess.Popen([*command, title, "--start", "2026-11-25T12:00", "--json"], stdout=subprocess.PIPE)
        for title in titles
    ]
    for program in started:
        output, _ = program.communicate(timeout=120)
        assert program.returncode == 0, output
    assert sorted(event["title"] for event in terminal.json("calendar", "list", *NOW)["events"]) == titles


def test_deleting_without_anyone_to_ask_changes_nothing(terminal: Terminal) -> None:
    uid = terminal.json("calendar", "add", "Dentist", "--start", "2026-11-25T12:00", *NOW)["event"]["uid"]
    assert terminal.json("calendar", "delete", uid, status=1)["error"]["code"] == "confirmation_needed"
    assert terminal.json("calendar", "show", uid)["event"]["uid"] == uid


@pytest.mark.parametrize(
    ("argv", "code"),
    [
        (["show", "nothing"], "event_unknown"),
        (["add", "x"], "time_missing"),
        (["add", "x", "--start", "whenever"], "time_unknown"),
        (["add", "x", "--start", "2026-11-25T12:00", "--end", "2026-11-25T11:00"], "event_times"),
        (["list", "--from", "2026-11-25", "--to", "2026-11-24"], "interval_empty"),
        (["edit", "nothing"], "nothing_to_change"),
        (["undo"], "nothing_to_undo"),
        (["import", "/nowhere/at/all.ics"], "file_unreadable"),
    ],
)
def test_calendar_request_that_cannot_be_done_says_why(terminal: Terminal, argv: list[str], code: str) -> None:
    error = terminal.json("calendar", *argv, status=1)["error"]
    assert error["code"] == code
    assert error["message"] in terminal.err


def test_corrupt_event_file_is_named_and_the_others_are_listed(terminal: Terminal) -> None:
    terminal.json("calendar", "add", "Dentist", "--start", "2026-11-25T12:00", *NOW)
    bad = terminal.profile / "data" / "calendars" / "personal" / "bad.ics"
    bad.write_text("BEGIN:VCALENDAR\nnonsense")
    listed = terminal.json("calendar", "list", *NOW)
    assert [event["title"] for event in listed["events"]] == ["Dentist"]
    assert [problem["file"] for problem in listed["problems"]] == [str(bad)]
    assert bad.read_text() == "BEGIN:VCALENDAR\nnonsense"


def test_knowledge_is_added_found_and_forgotten(
    terminal: Terminal, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(app, "LazyEncoder", lambda _store: FakeEncoder())
    notes = tmp_path / "notes.md"
    notes.write_text("# Notes\nThe leader was Rollo.\n")
    assert terminal.json("knowledge", "add", str(notes))["documents"][0]["title"] == "Notes"
    assert terminal.json("knowledge", "list")["documents"][0]["path"] == str(notes)
    (passage,) = terminal.json("knowledge", "search", "who was the leader")["passages"]
    assert passage["text"] == "The leader was Rollo."
    assert terminal.json("knowledge", "remove", "Notes")["removed"]["title"] == "Notes"
    assert terminal.json("knowledge", "list")["documents"] == []
    assert terminal.json("knowledge", "add", "--starter")["documents"][0]["title"] == "Using the assistant"
    picture = tmp_path / "picture.md"
    picture.write_bytes(b"\xff\xd8\xff\x00")
    assert terminal.json("knowledge", "add", str(picture), status=1)["error"]["code"] == "document_not_text"


def _sound(file: Path) -> Path:
    with wave.open(str(file), "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(16000)
        out.writeframes(np.zeros(16000, dtype=np.int16).tobytes())
    return file


@pytest.mark.usefixtures("use_brain")
def test_each_sound_file_is_a_turn(terminal: Terminal, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(app, "build_transcriber", lambda *_: FakeTranscriber("hello", None))
    files = [str(_sound(tmp_path / name)) for name in ("a.wav", "b.wav")]
    assert terminal("listen", *files, "--json", *NOW) == 1
    heard, nothing = terminal.lines()
    assert heard["utterance"] == {"text": "hello", "language": "en", "source": "spoken"}
    assert nothing["error"]["code"] == "heard_nothing"


@pytest.mark.usefixtures("use_brain")
def test_file_that_is_no_sound_is_refused(terminal: Terminal, tmp_path: Path) -> None:
    text = tmp_path / "text.wav"
    text.write_text("no sound")
    error = terminal.json("listen", str(text), status=1)["error"]
    assert str(text.name) in error["message"]


@pytest.mark.usefixtures("use_brain")
def test_conversation_reads_lines_and_takes_a_number_for_a_choice(terminal: Terminal) -> None:
    assert terminal("chat", *NOW, typed=f"{BOOKING}\ncancel the dentist\n1\n\nundo\n") == 0
    assert "[1] Yes, delete it" in terminal.out
    assert "Deleted: Dentist" in terminal.out
    assert "is back" in terminal.out


def test_conversation_goes_on_after_a_failure(terminal: Terminal, use_brain: Callable[[FakeBrain], None]) -> None:
    use_brain(FakeBrain(fails=ModelError("model_missing", "Run: assistant models fetch qwen")))
    assert terminal("chat", *NOW, typed="hello\nhello again\n") == 0
    assert terminal.err.count("Run: assistant models fetch qwen") == 3


def test_doctor_names_each_problem_and_what_to_do(terminal: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    from assistant_app.voice import devices

    monkeypatch.setattr(devices, "list_microphones", lambda: [])
    monkeypatch.setenv("DISPLAY", ":9")
    checks = {check["name"]: check for check in terminal.json("doctor", status=1)["checks"]}
    assert checks["Python"]["ok"]
    assert not checks["Microphone"]["ok"]
    assert "Connect one" in checks["Microphone"]["advice"]
    assert checks["Display"] == {"name": "Display", "ok": True, "what": ":9", "advice": ""}
    assert {"Disk", "Loudspeaker", "Calendar folder", "Model whisper-base", "Neural voice"} <= set(checks)


def test_doctor_survives_a_check_that_breaks(terminal: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    from assistant_app.voice import devices

    def broken() -> None:
        raise OSError("PortAudio library not found")

    monkeypatch.setattr(devices, "list_microphones", broken)
    checks = {check["name"]: check for check in terminal.json("doctor", status=1)["checks"]}
    assert "PortAudio library not found" in checks["Microphone"]["what"]


def test_corrupt_settings_are_kept_aside_and_told(terminal: Terminal) -> None:
    file = terminal.profile / "config" / "settings.toml"
    file.parent.mkdir(parents=True)
    file.write_text("[calendar]\nevent_minutes = 'many'\n")
    assert terminal("calendar", "list") == 0
    assert "Line 2" in terminal.err
    assert file.read_text().startswith("[calendar]")


def test_without_a_display_the_conversation_starts(
    terminal: Terminal, monkeypatch: pytest.MonkeyPatch, use_brain: Callable[[FakeBrain], None]
) -> None:
    monkeypatch.delenv("DISPLAY", raising=False)
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setattr(sys, "stdin", io.StringIO("hello\n"))
    assert not has_display()
    assert start(["--profile", str(terminal.profile)]) == 0
    assert "Good morning." in terminal._capsys.readouterr().out


def test_message_says_what_to_do_where_the_profile_cannot_be_made(terminal: Terminal, tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("in the way")
    terminal.profile = blocked / "profile"
    error = terminal.json("calendar", "list", status=1)["error"]
    assert error["code"] == "folder_unwritable"
    assert "--profile" in error["message"]

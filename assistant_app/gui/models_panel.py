"""The models on this machine: state, size, licence, and Fetch or Verify with progress and Cancel."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QProgressBar, QVBoxLayout, QWidget

from assistant_app.errors import AssistantError
from assistant_app.gui.bridge import Bridge
from assistant_app.gui.controls import button, rule, set_property, text_label
from assistant_app.gui.look import Look
from assistant_app.gui.messages import IconLabel
from assistant_app.model_store import ModelEntry, ModelStatus, ModelStore, Progress
from assistant_app.turn import Cancel


class ModelRow(QWidget):
    """One model."""

    def __init__(self, look: Look, entry: ModelEntry) -> None:
        super().__init__()
        self.entry = entry
        self._look = look
        column = QVBoxLayout(self)
        column.setContentsMargins(16, 12, 16, 12)
        column.setSpacing(4)
        row = QHBoxLayout()
        row.setSpacing(12)
        self._icon_place = QHBoxLayout()
        row.addLayout(self._icon_place)
        words = QVBoxLayout()
        words.setSpacing(0)
        words.addWidget(text_label(entry.title, "strong", wrap=True))
        size = self.tr("comes with the program") if entry.bundled else self._bytes(entry.installed_bytes)
        words.addWidget(text_label(f"{entry.purpose} · {size} · {entry.licence}", "caption", tone="2", wrap=True))
        row.addLayout(words, 1)
        self.state = text_label("", "caption", tone="2")
        row.addWidget(self.state)
        self.fetch = button(self.tr("Fetch"), name=self.tr("Fetch {title}").format(title=entry.title))
        self.verify = button(self.tr("Verify"), name=self.tr("Verify {title}").format(title=entry.title))
        self.cancel = button(self.tr("Cancel"), name=self.tr("Cancel {title}").format(title=entry.title))
        self.cancel.hide()
        for item in (self.fetch, self.verify, self.cancel):
            row.addWidget(item)
        column.addLayout(row)
        self.bar = QProgressBar()
        self.bar.setTextVisible(False)
        self.bar.setAccessibleName(entry.title)
        self.bar.hide()
        self.told = text_label("", "caption", tone="2", wrap=True)
        self.told.hide()
        column.addWidget(self.bar)
        column.addWidget(self.told)

    def show_status(self, status: ModelStatus) -> None:
        words = {
            "ready": self.tr("Ready"),
            "missing": self.tr("Not here yet"),
            "damaged": self.tr("Damaged"),
            "outdated": self.tr("Another edition"),
        }
        tones = {"ready": ("check", "ok"), "missing": ("download", "text_2"), "damaged": ("error", "error")}
        self.state.setText(words[status.state])
        while (item := self._icon_place.takeAt(0)) is not None:
            if (old := item.widget()) is not None:
                old.deleteLater()
        name, tone = tones.get(status.state, ("warning", "warning"))
        self._icon_place.addWidget(IconLabel(self._look, name, tone, words[status.state]))
        self.fetch.setVisible(status.state != "ready" and not self.entry.bundled)
        self.fetch.setText(self.tr("Fetch, {size}").format(size=self._bytes(self.entry.download_bytes)))
        self.verify.setVisible(status.state == "ready")
        self.tell(status.problem if status.state in ("damaged", "outdated") else "", problem=True)

    def show_progress(self, progress: Progress) -> None:
        words = {
            "connecting": self.tr("Connecting"),
            "downloading": self.tr("Fetching"),
            "verifying": self.tr("Checking"),
            "converting": self.tr("Converting"),
            "done": self.tr("Done"),
        }
        self.bar.show()
        if progress.total_bytes:
            self.bar.setRange(0, 1000)
            self.bar.setValue(round(1000 * progress.done_bytes / progress.total_bytes))
            done, total = self._bytes(progress.done_bytes), self._bytes(progress.total_bytes)
            self.tell(self.tr("{stage}: {done} of {total}").format(stage=words[progress.stage], done=done, total=total))
        else:
            self.bar.setRange(0, 0)
            self.tell(words[progress.stage])

    def working(self, working: bool) -> None:
        self.cancel.setVisible(working)
        if working:
            self.fetch.hide()
            self.verify.hide()
        else:
            self.bar.hide()

    def tell(self, words: str, *, problem: bool = False) -> None:
        self.told.setText(words)
        self.told.setVisible(bool(words))
        set_property(self.told, "tone", "error" if problem and words else "2")

    def _bytes(self, size: int) -> str:
        return self.locale().formattedDataSize(
            size, 0 if size < 10**9 else 1, self.locale().DataSizeFormat.DataSizeSIFormat
        )


class ModelsPanel(QFrame):
    """The manifest's models; nothing is fetched unless its button is pressed."""

    fetched = Signal()
    """A model arrived: the assistant can be built again."""

    def __init__(self, look: Look, bridge: Bridge, store: ModelStore) -> None:
        super().__init__()
        self.setProperty("kind", "card")
        self._bridge, self._store = bridge, store
        self._cancel: Cancel | None = None
        self._working: ModelRow | None = None
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        self.rows: dict[str, ModelRow] = {}
        for number, entry in enumerate(store.manifest.models):
            if number:
                column.addWidget(rule())
            row = ModelRow(look, entry)
            row.fetch.clicked.connect(lambda _c=False, r=row: self._start(r, fetch=True))
            row.verify.clicked.connect(lambda _c=False, r=row: self._start(r, fetch=False))
            row.cancel.clicked.connect(self._stop)
            self.rows[entry.name] = row
            column.addWidget(row)

    def showEvent(self, event: object) -> None:
        super().showEvent(event)  # type: ignore[arg-type]
        self.look_again()

    def look_again(self) -> None:
        """Ask for the state of every model."""
        store = self._store
        names = list(self.rows)
        self._bridge.in_background(lambda: [store.status(name) for name in names], self._show, lambda _error: None)

    def _show(self, statuses: Sequence[ModelStatus]) -> None:
        for status in statuses:
            row = self.rows[status.name]
            if row is not self._working:
                row.show_status(status)

    def _start(self, row: ModelRow, *, fetch: bool) -> None:
        if self._working is not None:
            row.tell(self.tr("Another model is being worked on. Wait until it is done, or cancel it."))
            return
        self._working = row
        cancel = self._cancel = Cancel()
        row.working(True)
        store, name, bridge = self._store, row.entry.name, self._bridge
        shown = [-1.0]

        def on_progress(progress: Progress) -> None:
            share = progress.done_bytes / progress.total_bytes if progress.total_bytes else -1.0
            if share < 0 or abs(share - shown[0]) >= 0.005:
                shown[0] = share
                bridge.tell(lambda: row.show_progress(progress) if self._working is row else None)

        def work() -> ModelStatus:
            if fetch:
                store.fetch([name], on_progress, cancel)
                return store.status(name)
            return store.verify([name], on_progress, cancel)[0]

        self._bridge.at_length(
            work, lambda status: self._done(row, status, fetch=fetch), lambda e: self._failed(row, e)
        )

    def _stop(self) -> None:
        if self._cancel is not None:
            self._cancel.set()

    def close_work(self) -> None:
        """The window closes: stop a running fetch. What has arrived is kept for the next time."""
        self._stop()

    def _done(self, row: ModelRow, status: ModelStatus, *, fetch: bool) -> None:
        self._end(row)
        row.show_status(status)
        if status.state == "ready":
            row.tell(self.tr("Fetched and checked.") if fetch else self.tr("Every file is what it should be."))
            if fetch:
                self.fetched.emit()

    def _failed(self, row: ModelRow, error: AssistantError) -> None:
        self._end(row)
        row.show_status(self._store.status(row.entry.name))
        if error.code == "cancelled":
            row.tell(self.tr("Stopped. What has arrived is kept for the next time."))
        else:
            row.tell(error.message, problem=True)

    def _end(self, row: ModelRow) -> None:
        self._working = None
        self._cancel = None
        row.working(False)

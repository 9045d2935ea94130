"""Why?: how a request was understood, for a person to read."""

from __future__ import annotations

from PySide6.QtCore import QLocale, Qt
from PySide6.QtWidgets import QFrame, QGridLayout, QVBoxLayout, QWidget

from assistant_app.gui.controls import FlowLayout, text_label
from assistant_app.gui.look import Look
from assistant_app.gui.words import confidence_word, intent_words, milliseconds_words, skill_words
from assistant_app.turn import Route, Timings

_MOST_READINGS = 4


class WhyPanel(QFrame):
    """Expands under a reply."""

    def __init__(self, look: Look, route: Route, timings: Timings) -> None:
        super().__init__()
        self._look = look
        self.setProperty("kind", "panel")
        self.setAccessibleName(self.tr("Why this answer"))
        column = QVBoxLayout(self)
        column.setContentsMargins(12, 12, 12, 12)
        column.setSpacing(8)
        self._grid = QGridLayout()
        self._grid.setHorizontalSpacing(16)
        self._grid.setVerticalSpacing(8)
        self._grid.setColumnStretch(1, 1)
        column.addLayout(self._grid)
        understood = skill_words(route.skill)
        if route.intent:
            understood = f"{understood}: {intent_words(route.intent)}"
        self._row(self.tr("Understood"), self._text(f"{understood} · {confidence_word(route)}"))
        percent = QLocale()
        chosen = (route.skill, route.intent)
        others = [c for c in route.why.candidates if (c.skill, c.intent) != chosen and c.probability >= 0.005]
        if others:
            words = "\n".join(
                f"{skill_words(c.skill)}: {intent_words(c.intent)} · {percent.toString(c.probability * 100, 'f', 0)} %"
                for c in others[:_MOST_READINGS]
            )
            self._row(self.tr("Other readings"), self._text(words))
        if route.why.words:
            self._row(self.tr("Words that decided"), self._chips([word for word, _weight in route.why.words[:6]]))
        if route.why.examples:
            words = "\n".join(
                f"“{one.text}” → {skill_words(one.skill)}" + (f": {intent_words(one.intent)}" if one.intent else "")
                for one in route.why.examples
            )
            self._row(self.tr("Sentences like it"), self._text(words))
        if route.slots:
            words = "\n".join(
                f"“{slot.text}” → {intent_words(slot.name)}" + (f" = {slot.value}" if slot.value else "")
                for slot in route.slots
            )
            self._row(self.tr("Words to values"), self._text(words))
        stages = [
            (self.tr("hear"), timings.hear),
            (self.tr("understand"), timings.route),
            (self.tr("act"), timings.act),
            (self.tr("speak"), timings.speak),
            (self.tr("in all"), timings.total),
        ]
        told = " · ".join(f"{name} {milliseconds_words(value)}" for name, value in stages if value and value >= 0.5)
        if told:
            self._row(self.tr("Time"), self._text(told))
        self._row(self.tr("Confidence"), self._text(f"{percent.toString(route.confidence * 100, 'f', 1)} %"))
        column.addWidget(text_label(self.tr("Nothing left this computer."), "caption", tone="2", wrap=True))

    def _text(self, words: str) -> QWidget:
        label = text_label(words, wrap=True)
        label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        return label

    def _chips(self, words: list[str]) -> QWidget:
        row = QWidget()
        flow = FlowLayout(spacing=8)
        row.setLayout(flow)
        for word in words:
            flow.addWidget(text_label(word, "strong"))
        return row

    def _row(self, name: str, value: QWidget) -> None:
        index = self._grid.rowCount()
        self._grid.addWidget(text_label(name, "caption", tone="2"), index, 0, Qt.AlignmentFlag.AlignTop)
        self._grid.addWidget(value, index, 1)

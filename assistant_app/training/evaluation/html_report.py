"""The evaluation as one page: tables and plots in a single HTML file that needs nothing else.

No script, no font and no picture from elsewhere; light or dark as the reader's system is. The page is well
formed as XML, so that other programs can read its tables. It knows the report's keys and measures nothing.
"""

from __future__ import annotations

import importlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from html import escape
from pathlib import Path
from typing import Any

from assistant_app.training.evaluation.plots import Axis, Line, bars, grid, lines

Report = Mapping[str, Any]

_TASK_COLUMNS = (
    "intent_accuracy",
    "skill_accuracy",
    "slot_f1",
    "in_scope_accuracy",
    "out_of_scope_recall",
    "f1",
    "f1_answerable",
    "exact",
    "joint_goal_accuracy",
    "calibration_error",
)
_CARRY_OVER_COLUMNS = ("new_skill", "new_skill_deviation", "built_in", "built_in_deviation")
_STYLE = """
:root { color-scheme: light dark; --ink: #1d1d22; --soft: #66666f; --page: #fcfcfa; --rule: #dcdcd8;
  --c0: #2f6db5; --c1: #c2571a; --c2: #3b8a4d; --c3: #8a4fa8; --c4: #a8872a; --c5: #b03a5b; }
@media (prefers-color-scheme: dark) { :root { --ink: #e9e9ee; --soft: #a0a0aa; --page: #17181b; --rule: #37383d;
  --c0: #74aef0; --c1: #f0965c; --c2: #7fcb90; --c3: #c79be0; --c4: #d9bd6a; --c5: #ee88a4; } }
body { background: var(--page); color: var(--ink); font: 16px/1.5 system-ui, sans-serif; margin: 0 auto;
  max-width: 64rem; padding: 1.5rem; }
h1 { font-size: 1.7rem; } h2 { font-size: 1.3rem; margin-top: 2.5rem; } h3 { font-size: 1.05rem; }
p.note, figcaption, footer { color: var(--soft); font-size: 0.9rem; }
.wide { overflow-x: auto; } table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
th, td { border-bottom: 1px solid var(--rule); padding: 0.25rem 0.7rem; text-align: right; }
th:first-child, td:first-child { text-align: left; } th { font-weight: 600; vertical-align: bottom; }
pre { white-space: pre-wrap; font-size: 0.85rem; color: var(--soft); } summary { cursor: pointer; }
figure { margin: 1.5rem 0; } svg { display: block; height: auto; width: 100%; }
.label { fill: var(--ink); font-size: 12px; } .rule { stroke: var(--rule); } .axis { stroke: var(--soft); }
.line { fill: none; stroke-width: 2; } .band { fill-opacity: 0.18; } .cell { fill: var(--c0); stroke: var(--rule); }
"""
_COLOURS = "".join(
    f".line.c{n} {{ stroke: var(--c{n}); }} .dot.c{n}, .bar.c{n}, .band.c{n} {{ fill: var(--c{n}); }}\n"
    for n in range(6)
)


def write_report(
    report: Report, folder: Path, *, title: str, about: Sequence[tuple[str, str]] = ()
) -> tuple[Path, Path]:
    """`report.html` and `figures.json` in `folder`; `about` is what the page says of the run."""
    folder.mkdir(parents=True, exist_ok=True)
    page, figures = folder / "report.html", folder / "figures.json"
    figures.write_text(json.dumps(report, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    page.write_text(html(report, title=title, about=about), encoding="utf-8")
    return page, figures


def html(report: Report, *, title: str, about: Sequence[tuple[str, str]] = ()) -> str:
    """The page."""
    carry_over = report["carry_over"]
    sides: Sequence[tuple[str, Iterable[str], Sequence[str]]] = (
        ("Each task", _tasks(report), ("each_task", "heard")),
        ("Carry-over to new skills", [*_carry_over(carry_over), *_left_out(carry_over)], ("carry_over", "left_out")),
        (
            "Experience",
            _experience(report["experience"]),
            ("conversations", "sgd_conversations", "sgd_state", "smcalflow_conversations"),
        ),
        ("Resources", _resources(report["resources"]), ("resources",)),
        ("Explanations", _explainability(report["explainability"]), ("explainability",)),
    )
    body = []
    for heading, parts, measured_by in sides:
        inside = "\n".join(parts)
        inside = inside + _how(measured_by) if inside else '<p class="note">Not measured in this run.</p>'
        body.append(f"<section><h2>{heading}</h2>\n{inside}</section>")
    if report.get("skipped"):
        rows = [[name.replace("_", " "), reason] for name, reason in report["skipped"].items()]
        body.append(f"<section><h2>Not measured</h2>\n{_table(['', 'because'], rows)}</section>")
    facts = "".join(f"<tr><td>{escape(name)}</td><td>{escape(value)}</td></tr>" for name, value in about)
    return (
        "<!DOCTYPE html>\n"
        '<html xmlns="http://www.w3.org/1999/xhtml" lang="en"><head><meta charset="utf-8"/>'
        '<meta name="viewport" content="width=device-width, initial-scale=1"/>'
        f"<title>{escape(title)}</title><style>{_STYLE}{_COLOURS}</style></head>\n"
        f"<body><h1>{escape(title)}</h1>\n"
        f"{f'<table>{facts}</table>' if facts else ''}\n{chr(10).join(body)}\n"
        "<footer><p>Fractions from 0 to 1 unless a unit is given. All figures are in figures.json beside this page."
        "</p></footer></body></html>\n"
    )


def _tasks(report: Report) -> Iterator[str]:
    tasks: Mapping[str, Mapping[str, float]] = report["tasks"]
    if not tasks:
        return
    columns = [name for name in _TASK_COLUMNS if any(name in figures for figures in tasks.values())]
    rows = [
        [name, f"{figures.get('texts', figures.get('questions', 0)):,.0f}", *(_shown(figures.get(c)) for c in columns)]
        for name, figures in tasks.items()
        if any(column in figures for column in columns)
    ]
    if rows:
        yield _table(["set", "texts", *(name.replace("_", " ") for name in columns)], rows)
        yield (
            '<p class="note">Intent accuracy and slot F1 are those of the set’s own head where the model has one '
            "(SLURP: the HWU64 head), else in our own labels. Skill accuracy is the router’s, without the threshold "
            "below which it asks.</p>"
        )
    accuracies = [
        (name, value)
        for name, figures in tasks.items()
        if (value := figures.get("intent_accuracy", figures.get("f1"))) is not None
    ]
    if accuracies:
        yield _figure(bars("Intent accuracy by set", accuracies), "Intent accuracy by set (answers: token F1).")
    times = tasks.get("datetime_specs")
    if times:
        yield "<h3>Words to times</h3>"
        yield _table(["table", "right"], [[name, _shown(value)] for name, value in times.items() if "/" not in name])
    over_all = report.get("over_all", {})
    calibration = over_all.get("calibration")
    if calibration:
        share = Axis("confidence", 0, 1, percent=True)
        yield "<h3>Calibration of the skill’s confidence</h3>"
        yield _figure(
            lines(
                "Reliability diagram",
                share,
                Axis("right", 0, 1, percent=True),
                [
                    Line("router", [(point["confidence"], point["accuracy"]) for point in calibration["bins"]]),
                    Line("perfect", [(0, 0), (1, 1)], dashed=True, dots=False),
                ],
            ),
            f"Expected calibration error {calibration['error']:.4f} over {over_all['texts']:,} texts, 15 bins.",
        )
    yield from _heard(over_all.get("heard", {}))
    confusion = over_all.get("confusion", {})
    if confusion.get("wanted"):
        yield "<h3>Confusion of skills</h3>"
        yield _figure(
            grid("Confusion of skills", confusion["wanted"], confusion["found"], confusion["counts"]),
            "Rows: what was wanted. Columns: what the router chose, or that it asks.",
        )


def _heard(figures: Report) -> Iterator[str]:
    if not figures:
        return
    keys = ("texts", "slot_f1", "slot_f1_heard", "lost")
    yield "<h3>Slots of sentences that are spoken and heard</h3>"
    yield _table(
        ["head", "texts", "slot F1 read", "slot F1 heard", "lost"],
        [[name, *(_shown(head[key]) for key in keys)] for name, head in figures["heads"].items()],
    )
    also = ", ".join(
        f"{name.replace('_', ' ')} {_shown(figures[name])} read, {_shown(figures[f'{name}_heard'])} heard"
        for name in ("skill_accuracy", "intent_accuracy")
        if name in figures
    )
    yield (
        f'<p class="note">{figures["sentences"]} sentences, spoken by the program’s own voice and transcribed by its '
        f"own recogniser; word error rate {_shown(figures['word_error_rate'])}. {escape(also)}.</p>"
    )


def _carry_over(figures: Report) -> Iterator[str]:
    curve = figures.get("curve")
    if not curve:
        return
    yield _table(
        ["sentences given", "new skill found", "spread", "built-ins kept", "spread"],
        [
            [
                str(point["examples"]),
                *(
                    _shown(point.get(key))
                    for key in ("new_skill", "new_skill_deviation", "built_in", "built_in_deviation")
                ),
            ]
            for point in curve
        ],
    )
    x = Axis(
        "sentences given (logarithmic)",
        min(point["examples"] for point in curve),
        max(max(point["examples"] for point in curve), 2),
        logarithmic=True,
        ticks=[point["examples"] for point in curve],
    )
    yield _figure(
        lines(
            "Few-shot curve",
            x,
            Axis("right", 0, 1, percent=True),
            [
                Line(
                    name,
                    [(point["examples"], point[key]) for point in curve],
                    [point[f"{key}_deviation"] for point in curve],
                )
                for name, key in (("new skill", "new_skill"), ("built-in skills", "built_in"))
            ],
        ),
        f"Mean and standard deviation over {figures['draws']} draws. Built-in skills before anything was added: "
        f"{_shown(figures.get('built_in_before'))}.",
    )
    yield f'<p class="note">{escape(figures.get("how", ""))}</p>'


def _left_out(carry_over: Report) -> Iterator[str]:
    figures = carry_over.get("left_out")
    if not figures:
        return
    keys = ("before", "found", "found_deviation", "trained", "built_in_before", "built_in")
    rows = {**figures["domains"], "mean": figures["mean"]}
    yield "<h3>One domain left out of training, then added</h3>"
    yield _table(
        ["domain", "not known before", "found once added", "spread", "if trained on", "built-ins before", "after"],
        [[name, *(_shown(domain.get(key)) for key in keys)] for name, domain in rows.items()],
    )
    yield _figure(
        bars("Left out, then added", [(name, domain["found"]) for name, domain in rows.items()]),
        f"Share of a domain’s requests that go to it. {figures['how']}",
    )


def _experience(figures: Report) -> Iterator[str]:
    sets = {name: value for name, value in figures.items() if isinstance(value, Mapping)}
    if not sets:
        return
    keys = (
        "conversations", "turns", "task_completion", "task_completion_all", "joint_goal_accuracy", "right_action",
        "asked_instead", "clarification_rate", "failed_rate",
    )  # fmt: skip
    yield _table(
        ["", *sets],
        [
            [key.replace("_", " "), *(_shown(value.get(key)) for value in sets.values())]
            for key in keys
            if any(value.get(key) is not None for value in sets.values())
        ]
        + [
            [f"{key.replace('_', ' ')}, median / 95 %", *(_pair(value.get(key)) for value in sets.values())]
            for key in ("reply_words", "route_ms", "turn_ms")
        ],
    )
    for name, parts, share in (("sgd", "by_method", "done"), ("smcalflow", "by_act", "right")):
        kinds = sets.get(name, {}).get(parts, {})
        if kinds:
            count = "tasks" if parts == "by_method" else "turns"
            values = [(f"{kind} ({value[count]})", value[share]) for kind, value in kinds.items()]
            yield _figure(bars(f"{name}: {share}", values), f"{name}: share that is {share}, by {parts[3:]}.")
    curves = [
        Line(name, [(max(ms, 1.0), percent / 100) for percent, ms in value["turn_ms_by_percent"]], dots=False)
        for name, value in sets.items()
        if value.get("turn_ms_by_percent")
    ]
    if curves:
        slowest = max(x for curve in curves for x, _ in curve.points)
        ticks = [mark for mark in (1, 3, 10, 30, 100, 300, 1000, 3000, 10000) if mark <= slowest]
        yield _figure(
            lines(
                "Latency of a turn",
                Axis("milliseconds of a whole turn (logarithmic)", 1, max(slowest, 2), logarithmic=True, ticks=ticks),
                Axis("share of turns", 0, 1, percent=True),
                curves,
            ),
            "Share of turns that are complete within a time, from the typed text to the whole reply.",
        )


def _resources(figures: Report) -> Iterator[str]:
    if not figures:
        return
    rows = []
    for group in ("machine", "parameters", "bytes_on_disk", "memory_mb", "route", "reply"):
        for key, value in figures.get(group, {}).items():
            shown = _pair(value) if isinstance(value, Mapping) else value if isinstance(value, str) else _shown(value)
            rows.append([f"{group.replace('_', ' ')}: {key.replace('_', ' ')}", shown])
    rows.append(["energy", str(figures.get("energy", ""))])
    yield _table(["", ""], rows)
    parameters = [(name, count / 1e6) for name, count in figures.get("parameters", {}).items() if name != "total"]
    if parameters:
        yield _figure(bars("Parameters", parameters, percent=False), "Parameters in millions.")


def _explainability(figures: Report) -> Iterator[str]:
    curve = figures.get("curve")
    if not curve:
        return
    yield _table(
        ["words taken out", "texts", "those shown as the reason", "random words", "spread"],
        [
            [
                str(point["removed"]),
                f"{point['texts']:,}",
                *(_shown(point[key]) for key in ("shown_words", "random_words", "random_deviation")),
            ]
            for point in curve
        ],
    )
    removed = [point["removed"] for point in curve]
    yield _figure(
        lines(
            "Deletion test",
            Axis("words taken out", 0, max(removed), ticks=[0, *removed]),
            Axis("decisions changed", 0, 1, percent=True),
            [
                Line("shown as the reason", [(0, 0), *((point["removed"], point["shown_words"]) for point in curve)]),
                Line(
                    "random words",
                    [(0, 0), *((point["removed"], point["random_words"]) for point in curve)],
                    [0, *(point["random_deviation"] for point in curve)],
                ),
            ],
        ),
        f"How often the decision (skill and intent) changes, on {figures['texts']:,} texts; random words: "
        f"{figures['draws']} draws.",
    )


def _how(modules: Sequence[str]) -> str:
    """How a side is measured and judged, in the words of the modules that do it."""
    docs = (importlib.import_module(f"{__package__}.{name}").__doc__ or "" for name in modules)
    texts = "".join(f"<pre>{escape(doc.strip())}</pre>" for doc in docs)
    return f"<details><summary>How it is measured and judged</summary>{texts}</details>"


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    top = "".join(f"<th>{escape(name)}</th>" for name in head)
    lines_ = "".join("<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>" for row in rows)
    return f'<div class="wide"><table><thead><tr>{top}</tr></thead><tbody>{lines_}</tbody></table></div>'


def _figure(svg: str, caption: str) -> str:
    return f"<figure>{svg}<figcaption>{escape(caption)}</figcaption></figure>"


def _shown(value: Any) -> str:
    if value is None:
        return "–"
    if isinstance(value, int):
        return f"{value:,}"
    return f"{value:.3f}" if abs(value) <= 1 else f"{value:,.1f}" if abs(value) < 1e5 else f"{value:,.0f}"


def _pair(value: Mapping[str, float] | None) -> str:
    return f"{_shown(value['p50'])} / {_shown(value['p95'])}" if value else "–"

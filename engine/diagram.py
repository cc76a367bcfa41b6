"""A definition as a picture: Mermaid text for documents, and an SVG that stands by itself.

Boxes carry the Chinese title, who answers for it and how long; steps are plain arrows, moves of a clock are dashed and
red, settled and final states green. Clocks of the whole case are told above the picture: they lead away from everywhere.
"""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from html import escape

from engine.certificate.lengths import rows_of, weight
from engine.definition import Definition, Parallel, State
from engine.layout import Box, Line, Picture, Point, Tie, arrange
from engine.spelling import Limit

LINE_HEIGHT = 17.0
MARGIN = 24.0
MANY = 4  # more arrows of one name to one end are told in words
_LABEL_WIDTH = 16  # characters of a label's line, an ideograph counted as two


@dataclass(frozen=True, slots=True)
class _Arrow:
    """All ways of one kind between two states, in one arrow."""

    source: str
    to: str
    kind: str  # "step", "clock" or "join"
    labels: tuple[str, ...]


def mermaid(definition: Definition) -> str:
    """A Mermaid `stateDiagram-v2`: https://mermaid.js.org/syntax/stateDiagram.html."""
    return "\n".join(_mermaid_lines(definition)) + "\n"


def _mermaid_lines(definition: Definition) -> Iterator[str]:
    yield from ("---", f"title: {_plain(str(definition.title))}", "---", "stateDiagram-v2", "  direction TB")
    yield "  classDef ended fill:#e3f4e6,stroke:#2e7d32,color:#1b5e20"
    for line in _notes(definition):
        yield f"  %% {_plain(line)}"
    yield from (f"  {line}" for line in _mermaid_chart(definition, ""))
    for name, lane in definition.lanes.items():
        yield f'  state "并行线：{_plain(str(lane.title))}" as lane_{name} {{'
        yield from (f"    {line}" for line in _mermaid_chart(definition, name))
        yield "  }"


def _mermaid_chart(definition: Definition, chart: str) -> Iterator[str]:
    states = definition.chart(chart)
    for state_id, state in states.items():
        words = "<br/>".join(map(_plain, _words(definition, state)))
        yield f'state "{words}" as {_mermaid_id(chart, state_id)}'
    yield f"[*] --> {_mermaid_id(chart, _start(definition, chart))}"
    for arrow in _arrows(definition, chart):
        ends = f"{_mermaid_id(chart, arrow.source)} --> {_mermaid_id(chart, arrow.to)}"
        mark = "⏰ " if arrow.kind == "clock" else "汇合 " if arrow.kind == "join" else ""
        yield f"{ends} : {mark}{_plain('、'.join(arrow.labels))}"
    for state_id, state in states.items():
        if state.final:
            yield f"{_mermaid_id(chart, state_id)} --> [*]"
    if ended := [_mermaid_id(chart, s) for s, state in states.items() if state.final or state.settled]:
        yield f"class {','.join(ended)} ended"


def _mermaid_id(chart: str, state: str) -> str:
    """Never one of Mermaid's own words, such as `end` or `note`."""
    return f"{chart}__{state}" if chart else f"s_{state}"


def _plain(text: str) -> str:
    """Without the characters that end a label in Mermaid."""
    return text.translate(_PLAIN)


_PLAIN = str.maketrans(':;"#\n%{}', "：；”＃ ％（）")


# What is written


def _start(definition: Definition, chart: str) -> str:
    return definition.lanes[chart].start if chart else definition.start


def _words(definition: Definition, state: State) -> list[str]:
    """The lines in a state's box."""
    lines = [str(state.title)]
    if state.owner:
        due = _limit_words(definition, state.due.longest) if state.due else ""
        lines.append(" · ".join(filter(None, (str(definition.roles[state.owner].title), due))))
    if state.pauses:
        lines.append(f"停走：{'、'.join(_clock_title(definition, clock) for clock in state.pauses)}")
    if state.parallel:
        lines.append(f"并行：{_lanes_words(definition, state.parallel)}")
    return lines


def _limit_words(definition: Definition, limit: Limit) -> str:
    lengths = sorted({length for length in rows_of(limit, definition.limits).values() if length}, key=weight)
    if not lengths:
        return ""
    return lengths[0].zh if len(lengths) == 1 else f"{lengths[0].zh}至{lengths[-1].zh}"


def _clock_title(definition: Definition, clock: str) -> str:
    if clock in definition.clocks:
        return str(definition.clocks[clock].title)
    due = definition.case_due
    return str(due.title) if due and due.title else "全程时限"


def _lanes_words(definition: Definition, parallel: Parallel) -> str:
    title = definition.lanes[parallel.lane].title
    if parallel.each:
        return f"{title}（每个{definition.fields[parallel.each].title}一条）"
    return f"{title}（{'、'.join(map(str, parallel.lanes.values()))}）"


def _notes(definition: Definition) -> Iterator[str]:
    """What is told above the picture: clocks that span states, and ways that nearly every state has."""
    if due := definition.case_due:
        target = definition.states[due.to].title
        yield f"{_clock_title(definition, 'case')} {_limit_words(definition, due.within)}，到期转“{target}”"
    for spec in definition.clocks.values():
        moves = [str(definition.states[rung.to].title) for rung in spec.overdue if rung.to]
        after = f"，超期转“{moves[0]}”" if moves else ""
        yield f"{spec.title} {_limit_words(definition, spec.due.longest)}{after}"
    for (label, to), count in _common(definition, "").items():
        yield f"共有 {count} 个环节可以“{label}”，到“{definition.states[to].title}”（图中只画一处）"


def _arrows(definition: Definition, chart: str) -> list[_Arrow]:
    """One for each pair and kind. Of a way to the same end from many states, only the first is drawn."""
    found: dict[tuple[str, str, str], list[str]] = {}
    common = _common(definition, chart)
    drawn: set[tuple[str, str]] = set()
    for source, to, kind, label in _ways(definition, chart):
        if (label, to) in common and (label, to) in drawn:
            continue
        drawn.add((label, to))
        labels = found.setdefault((source, to, kind), [])
        if label not in labels:
            labels.append(label)
    return [_Arrow(source, to, kind, tuple(labels)) for (source, to, kind), labels in found.items()]


def _common(definition: Definition, chart: str) -> dict[tuple[str, str], int]:
    """(label, end) of the ways that so many states share that the arrows would hide the picture, and how many do."""
    states = definition.chart(chart)
    ways = {(source, to, label) for source, to, kind, label in _ways(definition, chart) if kind == "step"}
    counts = Counter((label, to) for _, to, label in ways if states[to].final)
    return {way: count for way, count in counts.items() if count > MANY}


def _ways(definition: Definition, chart: str) -> Iterator[tuple[str, str, str, str]]:
    for state_id, state in definition.chart(chart).items():
        for step in state.steps.values():
            for route in step.to:
                yield state_id, route.to, "step", f"{step.title}（视条件）" if route.when else str(step.title)
            if step.then:
                yield state_id, step.then, "step", f"{step.title}（第{step.at_most}次）"
        for rung in state.overdue:
            if rung.to:
                yield state_id, rung.to, "clock", f"超期{rung.after.zh}" if rung.after else "超期"
        for route in state.parallel.then if state.parallel else ():
            yield state_id, route.to, "join", "并行线办完（视条件）" if route.when else "并行线办完"


# SVG

_STYLE = """
text{font:13px "Noto Sans SC","Source Han Sans SC","PingFang SC","Microsoft YaHei",sans-serif;fill:#1f2933}
.title{font-size:18px;font-weight:600}.chart{font-size:15px;font-weight:600}.small{font-size:12px;fill:#52606d}
.name{font-weight:600}rect.state{fill:#fff;stroke:#486581;stroke-width:1.2}rect.start{stroke-width:2.6}
rect.ended{fill:#e3f4e6;stroke:#2e7d32}.label{fill:#fff;fill-opacity:.92}
path{fill:none;stroke:#486581;stroke-width:1.3}path.clock{stroke:#c62828;stroke-dasharray:6 4}path.join{stroke:#6b4fa0}
text.clock{fill:#c62828;font-size:12px}text.step{font-size:12px}text.join{fill:#6b4fa0;font-size:12px}
marker path{stroke:none;stroke-dasharray:none}
""".strip()
_COLOURS = {"step": "#486581", "clock": "#c62828", "join": "#6b4fa0"}


def svg(definition: Definition) -> str:
    """A self-contained SVG with `title` and `desc`: no script, no font, no link."""
    charts = [_Chart(definition, name) for name, _ in definition.charts()]
    notes = list(_notes(definition))
    top = MARGIN + 30 + 18 * len(notes)
    widest = max([c.picture.width for c in charts] + [_width(n) for n in (*notes, str(definition.title))])
    height = top + sum(chart.height + 28 for chart in charts) + MARGIN
    return "\n".join(_svg_lines(definition, charts, notes, (widest + 2 * MARGIN, height), top)) + "\n"


def _svg_lines(
    definition: Definition, charts: list[_Chart], notes: list[str], size: Point, top: float
) -> Iterator[str]:
    width, height = map(round, size)
    yield (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}" '
        'role="img" aria-labelledby="t d">'
    )
    title = f"{definition.title}（第 {definition.version} 版）"
    yield f'<title id="t">{escape(title)}</title>'
    yield f'<desc id="d">{escape(_description(definition))}</desc>'
    yield f"<style>{_STYLE}</style>"
    yield f"<defs>{''.join(_marker(kind, colour) for kind, colour in _COLOURS.items())}</defs>"
    yield f'<rect width="{width}" height="{height}" fill="#fff"/>'
    yield _text(MARGIN, MARGIN + 12, title, "title", anchor="start")
    for n, note in enumerate(notes):
        yield _text(MARGIN, MARGIN + 36 + 18 * n, note, "small", anchor="start")
    for chart in charts:
        yield f'<g transform="translate({MARGIN:g} {top:g})">'
        yield from chart.lines()
        yield "</g>"
        top += chart.height + 28
    yield "</svg>"


def _description(definition: Definition) -> str:
    """For those who hear the picture: every way, in words."""
    states = definition.states
    ways = (
        f"{states[a.source].title} → {states[a.to].title}（{'、'.join(a.labels)}）"
        for a in _arrows(definition, "")
    )
    return "；".join(ways)


def _marker(kind: str, colour: str) -> str:
    return (
        f'<marker id="{kind}" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="8" markerHeight="8" '
        f'orient="auto-start-reverse"><path d="M0 0 8 4 0 8Z" style="fill:{colour}"/></marker>'
    )


def _text(x: float, y: float, words: str, kind: str, *, anchor: str = "middle") -> str:
    return f'<text class="{kind}" x="{x:.0f}" y="{y:.0f}" text-anchor="{anchor}">{escape(words)}</text>'


class _Chart:
    """One chart, laid out. `height` includes its heading."""

    def __init__(self, definition: Definition, chart: str) -> None:
        self.definition = definition
        self.chart = chart
        self.states = definition.chart(chart)
        self.start = _start(definition, chart)
        self.arrows = [arrow for arrow in _arrows(definition, chart) if arrow.source != arrow.to]
        self.labels = [_wrapped(arrow.labels) for arrow in self.arrows]
        self.picture: Picture = arrange(self._boxes(), self._ties())
        self.top = 26.0 if chart else 0.0
        self.height = self.picture.height + self.top

    def _boxes(self) -> list[Box]:
        names = [self.start, *(name for name in self.states if name != self.start)]
        return [_box(name, _words(self.definition, self.states[name])) for name in names]

    def _ties(self) -> list[Tie]:
        return [
            Tie(arrow.source, arrow.to, max(map(_width, lines)) * 12 / 13 + 6, 15.0 * len(lines) + 4)
            for arrow, lines in zip(self.arrows, self.labels, strict=True)
        ]

    def lines(self) -> Iterator[str]:
        if self.chart:
            yield _text(0, 12, f"并行线：{self.definition.lanes[self.chart].title}", "chart", anchor="start")
        yield f'<g transform="translate(0 {self.top:g})">'
        for arrow, line in zip(self.arrows, self.picture.lines, strict=True):
            yield f'<path class="{arrow.kind}" d="{_curve(line)}" marker-end="url(#{arrow.kind})"/>'
        for arrow, line, words in zip(self.arrows, self.picture.lines, self.labels, strict=True):
            yield from _label(arrow.kind, line.label, words)
        for name, box in self.picture.boxes.items():
            yield from self._state(name, box)
        yield "</g>"

    def _state(self, name: str, box: Box) -> Iterator[str]:
        state = self.states[name]
        kinds = [
            "state",
            *(["ended"] if state.final or state.settled else []),
            *(["start"] if name == self.start else []),
        ]
        left, top = box.x - box.width / 2, box.y - box.height / 2
        yield f"<g><title>{escape(self._tooltip(state))}</title>"
        yield (
            f'<rect class="{" ".join(kinds)}" x="{left:.0f}" y="{top:.0f}" width="{box.width:.0f}" '
            f'height="{box.height:.0f}" rx="{16 if state.final else 6}"/>'
        )
        for n, words in enumerate(_words(self.definition, state)):
            yield _text(box.x, top + 19 + LINE_HEIGHT * n, words, "small" if n else "name")
        yield "</g>"

    def _tooltip(self, state: State) -> str:
        roles: Mapping[str, object] = {role: spec.title for role, spec in self.definition.roles.items()}
        steps = (
            f"{step.title}：{'、'.join(str(roles[r]) for r in step.by)}" for step in state.steps.values()
        )
        return "\n".join((str(state.title), *steps))


def _box(name: str, words: list[str]) -> Box:
    return Box(name, max(map(_width, words)) + 26, 14 + LINE_HEIGHT * len(words))


def _width(words: str) -> float:
    """In pixels at 13px: an ideograph is a square, other characters about half."""
    return sum(13.0 if unicodedata.east_asian_width(c) in "WF" else 7.4 for c in words)


def _wrapped(labels: tuple[str, ...]) -> list[str]:
    """A line for each label; a long one is broken."""
    size = _LABEL_WIDTH // 2 + 4
    return [label[n : n + size] for label in labels for n in range(0, len(label), size)]


def _curve(line: Line) -> str:
    """Smooth, upright at every row."""
    (x, y), *rest = line.points
    parts = [f"M{x:.0f} {y:.0f}"]
    for to_x, to_y in rest:
        middle = (y + to_y) / 2
        parts.append(f"C{x:.0f} {middle:.0f} {to_x:.0f} {middle:.0f} {to_x:.0f} {to_y:.0f}")
        x, y = to_x, to_y
    return " ".join(parts)


def _label(kind: str, at: Point, lines: list[str]) -> Iterator[str]:
    width = max(map(_width, lines)) * 12 / 13 + 4
    top = at[1] - 15 * len(lines) / 2
    yield (
        f'<rect class="label" x="{at[0] - width / 2:.0f}" y="{top:.0f}" width="{width:.0f}" '
        f'height="{15 * len(lines)}"/>'
    )
    for n, words in enumerate(lines):
        yield _text(at[0], top + 12 + 15 * n, words, kind)

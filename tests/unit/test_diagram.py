"""The pictures of a definition: complete, self-contained, and laid out without collisions."""

from __future__ import annotations

import random
import re
from pathlib import Path
from xml.etree import ElementTree

import pytest

from engine.definition import Definition
from engine.diagram import mermaid, svg
from engine.layout import Box, Tie, arrange
from engine.loading import load
from workflows import shipped

ROOT = Path(__file__).parents[2]
FILES = sorted(
    [
        *(ROOT / "tests/workflows/samples").glob("*.yaml"),
        *(ROOT / "workflows" / name for name, _ in shipped()),
    ]
)
NS = {"s": "http://www.w3.org/2000/svg"}


def read(path: Path) -> Definition:
    return load(path.read_bytes(), name=path.name).definition


def sample() -> Definition:
    return read(ROOT / "tests/workflows/samples/minimal.yaml")


def texts(root: ElementTree.Element) -> list[str]:
    return [element.text or "" for element in root.iterfind(".//s:text", NS)]


@pytest.mark.parametrize("path", FILES, ids=lambda p: p.stem)
def test_the_picture_is_one_file_with_a_title_a_description_and_every_state(path: Path) -> None:
    definition = read(path)
    text = svg(definition)
    root = ElementTree.fromstring(text)
    assert root.find("s:title", NS) is not None
    assert root.find("s:desc", NS) is not None
    written = texts(root)
    for _, states in definition.charts():
        assert all(str(state.title) in written for state in states.values())
    # nothing is fetched and nothing runs; the namespace is a name, not a link
    assert not re.search(r"https?://(?!www\.w3\.org/2000/svg)|<script|@import|<image|<foreignObject", text)


def test_ended_states_are_green_and_moves_of_a_clock_red_and_dashed() -> None:
    root = ElementTree.fromstring(svg(sample()))
    ended = [e for e in root.iterfind(".//s:rect", NS) if "ended" in e.get("class", "")]
    moved = [e for e in root.iterfind(".//s:path", NS) if e.get("class") == "clock"]
    style = root.findtext("s:style", "", NS)
    assert (len(ended), len(moved)) == (1, 1)
    assert re.search(r"rect\.ended\{fill:#e3f4e6;stroke:#2e7d32\}", style)
    assert re.search(r"path\.clock\{stroke:#c62828;stroke-dasharray", style)


def test_a_box_says_who_answers_and_how_long() -> None:
    assert "窗口人员 · 3个工作日" in texts(ElementTree.fromstring(svg(sample())))


def test_words_of_a_definition_cannot_become_markup() -> None:
    text = (ROOT / "tests/workflows/samples/minimal.yaml").read_text(encoding="utf-8")
    hostile = text.replace("title: 待答复", "title: '<script>x</script>\" & 待答复'")
    definition = load(hostile.encode(), name="hostile.yaml").definition
    picture = svg(definition)
    assert "<script" not in picture
    assert '<script>x</script>" & 待答复' in texts(ElementTree.fromstring(picture))
    assert '" & ' not in mermaid(definition)


def test_the_mermaid_text_has_a_line_for_each_state_and_each_way() -> None:
    assert mermaid(sample()) == (
        "---\n"
        "title: 咨询答复（示例）\n"
        "---\n"
        "stateDiagram-v2\n"
        "  direction TB\n"
        "  classDef ended fill:#e3f4e6,stroke:#2e7d32,color:#1b5e20\n"
        '  state "待答复<br/>窗口人员 · 3个工作日" as s_received\n'
        '  state "主任处理<br/>科室主任 · 2个工作日" as s_with_head\n'
        '  state "已答复" as s_answered\n'
        "  [*] --> s_received\n"
        "  s_received --> s_answered : 答复\n"
        "  s_received --> s_with_head : ⏰ 超期\n"
        "  s_with_head --> s_answered : 主任答复\n"
        "  s_answered --> [*]\n"
        "  class s_answered ended\n"
    )


@pytest.mark.parametrize("path", FILES, ids=lambda p: p.stem)
def test_every_line_of_mermaid_is_of_a_known_form(path: Path) -> None:
    form = re.compile(
        r"---|title: .+|stateDiagram-v2|direction TB|classDef \S+ \S+|%% .+|\}"
        r'|state "[^":;#]+" as \w+( \{)?|(\[\*\]|\w+) --> (\[\*\]|\w+)( : [^:;#"]+)?|class [\w,]+ ended'
    )
    for line in mermaid(read(path)).splitlines():
        assert form.fullmatch(
            line.strip().replace("#e3f4e6", "").replace("#2e7d32", "").replace("#1b5e20", "")
        ), line


@pytest.mark.parametrize("seed", range(40))
def test_boxes_and_labels_never_overlap(seed: int) -> None:
    dice = random.Random(seed)
    boxes = [Box(f"b{n}", dice.randint(40, 200), dice.randint(20, 60)) for n in range(dice.randint(2, 12))]
    ties = []
    for _ in range(dice.randint(1, 30)):
        one, other = dice.sample(boxes, 2)
        ties.append(Tie(one.id, other.id, dice.randint(20, 120), dice.randint(10, 40)))
    picture = arrange(boxes, ties)
    labels = [Box("", t.width, t.height, *line.label) for t, line in zip(ties, picture.lines, strict=True)]
    placed = [*picture.boxes.values(), *labels]
    for n, a in enumerate(placed):
        for b in placed[n + 1 :]:
            apart = abs(a.x - b.x) >= (a.width + b.width) / 2 or abs(a.y - b.y) >= (a.height + b.height) / 2
            assert apart, (a, b)


@pytest.mark.parametrize("seed", range(20))
def test_every_line_begins_at_its_source_and_ends_at_its_target(seed: int) -> None:
    dice = random.Random(seed)
    boxes = [Box(f"b{n}", 100, 40) for n in range(6)]
    pairs = [dice.sample([box.id for box in boxes], 2) for _ in range(12)]
    picture = arrange(boxes, [Tie(one, other, 30, 15) for one, other in pairs])
    for (source, to), line in zip(pairs, picture.lines, strict=True):
        for box, (x, y) in ((picture.boxes[source], line.points[0]), (picture.boxes[to], line.points[-1])):
            assert abs(x - box.x) < box.width / 2
            assert abs(abs(y - box.y) - box.height / 2) < 1e-6

"""What the certificate finds, what it leaves in peace, and the bounds that it states."""

from __future__ import annotations

import re
from datetime import date
from functools import cache
from pathlib import Path

import pytest

from adapters.calendars import load_calendar
from engine.certificate import Certificate, certify, describe
from engine.findings import Finding, Refused
from engine.loading import Source, load
from workflows import shipped

TODAY = date(2026, 11, 23)
ROOT = Path(__file__).parents[2]
DEFECTS = sorted((ROOT / "tests/workflows/defects").glob("*.yaml"))
SOUND = sorted(
    [
        *(ROOT / "tests/workflows/samples").glob("*.yaml"),
        *(ROOT / "workflows" / name for name, _ in shipped()),
    ]
)

ORDERS = """\
language: 1
workflow: orders
version: 2
effective: "2026-12-01"
title: 报修（示例）
{extra}roles:
  clerk: {{title: 受理员}}
  head: {{title: 科长, accountable: true}}
opening: {{by: [clerk]}}
start: received
states:
  received:
    title: 待办
    owner: clerk
    due: {due}
    overdue: {{to: with_head}}
    steps:
      finish: {{title: 办结, by: [clerk], to: done}}
      refer: {{title: 上报, by: [clerk], to: with_head}}
  with_head:
    title: 科长处理
    owner: head
    due: 2 working days
    overdue: {{stay: true, every: 1 working day, notify: [head]}}
    steps:
      decide: {{title: 批示, by: [head], {decide}to: {back}}}
  done: {{title: 已办结, final: true}}
"""


def an_order(*, due: str = "3 working days", extra: str = "", decide: str = "", back: str = "done") -> Source:
    text = ORDERS.format(due=due, extra=extra, decide=decide, back=back)
    return load(text.encode(), name="orders.yaml")


def read(path: Path) -> Source:
    return load(path.read_bytes(), name=path.name)


@cache
def found_in(path: Path) -> tuple[Finding, ...]:
    try:
        return certify(read(path), today=TODAY).findings
    except Refused as refused:
        return refused.findings


def expected_of(path: Path) -> tuple[str, int]:
    first = path.read_text(encoding="utf-8").partition("\n")[0]
    match = re.fullmatch(r"# expect: (\w+) (\d+)", first)
    assert match, f"{path.name}: the first line says `# expect: <code> <line>`"
    return match[1], int(match[2])


# The corpus of seeded defects


@pytest.mark.parametrize("path", DEFECTS, ids=lambda p: p.stem)
def test_a_seeded_defect_is_found_where_it_is_written(path: Path) -> None:
    code, line = expected_of(path)
    findings = found_in(path)
    assert (code, line) in {(f.code, f.line) for f in findings}, "\n".join(map(str, findings))


def test_the_corpus_is_large_and_its_detection_rate_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    found = [path for path in DEFECTS if expected_of(path) in {(f.code, f.line) for f in found_in(path)}]
    codes = {expected_of(path)[0] for path in DEFECTS}
    with capsys.disabled():
        print(f"\nseeded defects: {len(found)}/{len(DEFECTS)} found, {len(codes)} kinds")
    assert len(DEFECTS) >= 60
    assert len(found) == len(DEFECTS)


@pytest.mark.parametrize("path", SOUND, ids=lambda p: p.stem)
def test_a_sound_workflow_has_no_finding_at_all(path: Path) -> None:
    certificate = certify(read(path), today=TODAY)
    assert certificate.findings == ()
    assert certificate.ok
    assert certificate.sound
    assert not certificate.capped
    assert certificate.bounds.nobody_acts.is_known
    assert certificate.bounds.last_moment.is_known


def test_every_error_about_a_state_shows_the_way_into_it() -> None:
    finding = next(f for f in found_in(ROOT / "tests/workflows/defects/dead_after_the_lanes.yaml"))
    assert finding.example == (
        "open --> received",
        "received --assign--> working",
        "working --汇合--> checking",
        "checking --chase--> ✗",
    )


# Versions


def test_a_state_that_is_gone_needs_a_place_to_move_to() -> None:
    before = load(
        ORDERS.format(due="3 working days", extra="", decide="", back="done")
        .replace("version: 2", "version: 1")
        .replace("received", "waiting")
        .encode(),
        name="before.yaml",
    ).definition
    moving = "replaces: {version: 1, move: {waiting: received}}\n"
    assert [f.code for f in certify(an_order(), today=TODAY, previous=before).findings] == ["removed_state"]
    assert certify(an_order(extra=moving), today=TODAY, previous=before).ok


# Bounds


def a_bound(source: Source, today: date) -> Certificate:
    return certify(source, calendar=load_calendar("cn"), today=today)


@pytest.mark.parametrize(
    ("due", "days"),
    # the longest spans found with chinese-calendar over all starts in 2024 to 2026: notes on the kernel, 4.3
    [("1 working day", 10), ("3 working days", 12), ("5 working days", 15), ("10 working days", 21)],
)
def test_a_limit_in_working_days_is_also_told_in_the_days_it_can_take(due: str, days: int) -> None:
    bound = a_bound(an_order(due=due), date(2024, 1, 1)).bounds.nobody_acts
    assert bound.calendar is not None
    assert bound.calendar.days == days


def test_if_nobody_acts_the_leader_has_it_after_the_limit() -> None:
    bound = certify(an_order(), today=TODAY).bounds.nobody_acts
    assert (bound.words, [leg.state for leg in bound.legs]) == ("3个工作日", ["received"])


def test_at_the_last_moment_every_counted_return_is_used_up() -> None:
    """3 + 2 days, twice more round by the leader's two returns: 3 + (2 + 3) + (2 + 3) + 2, and then the end."""
    back = an_order(decide="at_most: 3, then: done, ", back="received")
    bound = certify(back, today=TODAY).bounds.last_moment
    assert bound.words == "15个工作日"
    assert [leg.state for leg in bound.legs] == ["received", "with_head"] * 3


def test_a_loop_without_a_count_has_no_bound_and_says_so() -> None:
    certificate = certify(an_order(back="received"), today=TODAY)
    assert not certificate.bounds.last_moment.is_known
    assert [f.code for f in certificate.findings] == ["endless_loop"]


def test_the_limit_of_the_whole_case_bounds_a_loop_without_a_count() -> None:
    whole = "case_due: {within: 30 working days, to: with_head}\n"
    certificate = certify(an_order(back="received", extra=whole), today=TODAY)
    assert certificate.ok
    assert certificate.bounds.last_moment.words == "32个工作日"


def test_extensions_count_at_the_last_moment_and_not_when_nobody_acts() -> None:
    text = ORDERS.format(due="3 working days", extra="", decide="", back="done").replace(
        "    overdue: {to: with_head}\n",
        "    overdue: {to: with_head}\n"
        "    extension: {at_most: 2, by: 4 working days, asked_by: [clerk], approved_by: [head]}\n",
    )
    bounds = certify(load(text.encode(), name="orders.yaml"), today=TODAY).bounds
    assert bounds.nobody_acts.words == "3个工作日"
    assert bounds.last_moment.words == "13个工作日"


def test_the_worst_row_of_the_limits_table_counts() -> None:
    path = ROOT / "tests/workflows/defects/reminder_in_one_row.yaml"
    assert certify(read(path), today=TODAY).bounds.nobody_acts.words == "3个工作日"


def test_a_year_without_published_holidays_is_named_as_such() -> None:
    certificate = a_bound(an_order(), TODAY)
    calendar = certificate.bounds.last_moment.calendar
    assert calendar is not None
    assert calendar.status in ("official", "provisional", "missing")
    assert calendar.starts >= TODAY


# What people see


def test_the_description_names_the_workflow_its_bounds_and_each_finding_with_its_line() -> None:
    text = describe(certify(an_order(back="received"), today=TODAY))
    assert text.splitlines()[0].startswith("报修（示例）（orders 第 2 版")
    assert "环节 3 · 动作 3" in text
    assert "无人办理：到最终负责人手里或办结，最长3个工作日" in text
    assert "人人拖到最后一刻：无上限：可以无限循环" in text
    assert "✗ orders.yaml:19: endless_loop" in text


def test_a_loop_of_clocks_is_told_in_titles_and_not_beside_a_word_that_all_is_complete() -> None:
    text = describe(certify(read(ROOT / "tests/workflows/defects/timeouts_go_round.yaml"), today=TODAY))
    assert "不通过" in text
    assert "完备" not in text
    assert "有人办理时总能办结" in text
    assert re.search("时钟让事项无休止地转：[\u4e00-\u9fff]+ → [\u4e00-\u9fff]+", text)


def test_the_certificate_as_data_is_plain_and_complete() -> None:
    data = a_bound(an_order(), TODAY).as_data()
    assert (data["workflow"], data["version"], data["ok"], data["sound"]) == ("orders", 2, True, True)
    assert data["bounds"]["nobody_acts"]["path"][0]["lengths"] == ["3 working days"]
    assert data["findings"] == []

"""The stories of `bihuan demo`: what happens in each, and that everything they leave behind verifies.

The dates are counted by hand on the State Council's notices. Line by line the stories are checked in `tests/workflows/`, on the
pure core; here they run through the real engine and a database.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

import pytest

from api.demo.telling import Told, performance
from tests.support.commandline import CommandLine, in_folder

MONEY = "［合肥市蜀山区金融管理局］"


@pytest.fixture(scope="module")
def told() -> dict[str, Told]:
    """Each story by its letter, told once."""
    with performance() as play:
        return {story.letter: story for story in play.stories()}


@pytest.fixture
def bihuan(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> CommandLine:
    return in_folder(tmp_path, monkeypatch, capsys)


def deeds(told: Told, case: int = 0) -> list[str]:
    """`02-13 17:30 时钟: …` of one case."""
    _, lines = told.cases[case]
    return [f"{line.when[5:10]} {line.when[-5:]} {line.who.partition('·')[0]}: {line.what}" for line in lines]


def in_order(wanted: Sequence[str], found: Sequence[str]) -> list[str]:
    """Those of `wanted` that do not come in `found`, after one another."""
    rest = iter(found)
    return [want for want in wanted if not any(want in line for line in rest)]


def test_an_issue_is_fixed_on_the_spot(told: dict[str, Told]) -> None:
    assert deeds(told["a"]) == [
        "03-02 09:30 示例联络员: 登记 企业问题限时闭环办理 → 待受理",
        "03-02 09:40 示例联络员: ✗ 当场办结",
        "03-02 09:45 示例联络员: 当场办结 → 办结",
        "03-23 17:30 时钟: 归档 → 归档",
    ]


def test_a_silent_department_is_reminded_is_late_and_comes_before_the_leader(told: dict[str, Told]) -> None:
    """Seven working days from 09-22 end on 10-09: 09-25 to 09-27 and 10-01 to 10-07 are off. 10-10 is worked."""
    story = [
        "09-21 14:00 示例联络员: 交办 → 待签收",
        f"09-22 17:30 时钟: {MONEY}逾期视同签收 → 协办中",
        "09-29 10:00 示例承办人: ✗ 答复",
        f"时钟: {MONEY}提醒：协办中",
        f"10-09 17:30 时钟: {MONEY}协办超期",
        f"10-10 17:30 时钟: {MONEY}协办超期，报分管领导 → 分管领导协调",
        f"示例分管领导: {MONEY}批示限期办理 → 协办中",
        f"示例责任部门经办: {MONEY}提交协办意见 → 协办完成",
        "示例承办人: 答复 → 待审核",
        "示例单位负责人: 审核通过 → 待回访",
        "示例回访员: 不满意，重办 → 办理中",
        "示例承办人: 答复 → 待审核",
        "示例回访员: 回访满意，办结 → 办结",
    ]
    assert in_order(story, deeds(told["b"])) == []


def test_the_leader_is_told_and_has_three_working_days(told: dict[str, Told]) -> None:
    """From Saturday 10-10, which is worked, to Wednesday 10-14."""
    [line] = [
        line for _, lines in told["b"].cases for line in lines if "报分管领导 → 分管领导协调" in line.what
    ]
    assert any("分管领导协调”至10-14 17:30" in clock for clock in line.clocks)
    assert any("示例分管领导" in person for person in line.told)


def test_each_line_of_the_clock_names_the_clock_and_its_end(told: dict[str, Told]) -> None:
    fired = [
        line for story in told.values() for _, lines in story.cases for line in lines if line.who == "时钟"
    ]
    assert len(fired) > 10
    assert [line.why for line in fired if not re.match(r"“.+”\d+个(工作日|月).* 止$", line.why)] == []
    [money] = [line for line in fired if line.what == f"{MONEY}协办超期"]
    assert money.why == "“合肥市蜀山区金融管理局·协办中”7个工作日，10-09 17:30 止"


def test_an_extension_in_time_is_approved_and_one_too_late_is_refused(told: dict[str, Told]) -> None:
    story = [
        "示例承办人: 申请延期",
        "示例联络员: 同意延期",
        "04-23 17:30 时钟: 超期（红灯）",
        "示例承办人: ✗ 申请延期",
    ]
    assert in_order([*story, "回访满意，办结 → 办结"], deeds(told["c"])) == []
    # ten working days from 04-01 end on 04-16, since 04-04 to 04-06 are off; five more end on 04-23
    approved = next(line for line in told["c"].cases[0][1] if line.what == "同意延期")
    assert approved.clocks == ("延长“答复时限”至04-23 17:30",)


def test_while_the_enterprise_gathers_what_is_missing_the_clock_stands_still(told: dict[str, Told]) -> None:
    lines = told["d"].cases[0][1]
    asked = next(line for line in lines if line.what.startswith("一次性告知补正"))
    assert "暂停“答复时限”" in asked.clocks
    supplied = next(line for line in lines if line.what.startswith("补正"))
    assert any(clock.startswith("恢复“答复时限”至") for clock in supplied.clocks)
    assert any(line.seq == 0 and line.what == "✗ 一次性告知补正" for line in lines)


def test_an_institution_is_built_up_verified_looked_after_and_relapses(told: dict[str, Told]) -> None:
    story = [
        "示例分管领导: 批准方案 → 建设",
        "示例协调处室: ［研发经费］退回补充 → 待落实",
        "示例协调处室: ［研发经费］核实 → 已核实",
        "示例企业联系人: ✗ 申报验收",
        "示例企业联系人: 申报验收 → 现场核验",
        "示例审核员: ✗ 核验通过",
        "05-07 10:00 示例审核员: 核验通过 → 建成销号",
        "08-07 17:30 时钟: 三个月回头看 → 回头看",
        "时钟: 六个月回头看 → 回头看",
        "时钟: 十二个月回头看 → 回头看",
        "示例协调处室: 反弹 → 筛出（无研发机构） → 第2轮",
        "示例分管领导: 批准方案 → 建设",
    ]
    found = deeds(told["e"])
    assert in_order(story, found) == []
    have = [
        name
        for name in ("场地", "设施", "经费", "人员", "活动")
        if any(f"［研发{name}］核实" in d for d in found)
    ]
    assert len(have) == 5


def test_the_demo_verifies_every_history_and_leaves_nothing_behind(
    bihuan: CommandLine, tmp_path: Path
) -> None:
    ran = bihuan("demo")
    assert ran.code == 0
    assert ran.out.splitlines()[-1].endswith("5 chains intact, 0 divergences between live and replay")
    assert list(tmp_path.iterdir()) == []


def test_two_runs_tell_the_same_in_json(bihuan: CommandLine) -> None:
    first, second = bihuan("demo", "--json"), bihuan("demo", "--json")
    assert first.out == second.out
    data = first.json()
    assert [story["letter"] for story in data["stories"]] == ["a", "b", "c", "d", "e"]
    assert data["verified"]["faults"] == []

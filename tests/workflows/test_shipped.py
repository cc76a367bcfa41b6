"""What ships is certified, and says of its numbers that they are defaults."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from engine.certificate import certify
from engine.loading import load
from tests.support.story_office import StoryOffice, calendar
from workflows import shipped

FILES = dict(shipped())
ORDER = {"matter": "示例事项超期五个工作日", "unit": "u-340104-science"}
REPORT: dict[str, Any] = {"report": "已补办并答复企业", "proof": ["示例-1"]}


@pytest.mark.parametrize("name", sorted(FILES))
def test_a_shipped_workflow_has_no_finding(name: str) -> None:
    certificate = certify(load(FILES[name], name=name), calendar=calendar(), today=date(2026, 11, 23))

    assert certificate.findings == ()
    assert certificate.sound


@pytest.mark.parametrize("name", sorted(FILES))
def test_a_shipped_workflow_says_that_its_limits_are_defaults(name: str) -> None:
    definition = load(FILES[name], name=name).definition

    assert definition.note is not None
    assert "默认值，可配置" in definition.note


def test_a_supervision_order_is_given_back_twice_and_then_goes_to_the_provincial_leader() -> None:
    office = StoryOffice()
    case = office.open("supervision", by="supervisor", at="2026-03-02 09:00", **ORDER)
    for day in ("02", "03", "04"):
        office.step("sign", by="handler", at=f"2026-03-{day} 10:00")
        office.step("reply", by="handler", at=f"2026-03-{day} 14:00", **REPORT)
        office.step("again", by="supervisor", at=f"2026-03-{day} 15:00", opinion="整改不到位")
    office.step("decide", by="top_leader", at="2026-03-05 09:00", decision="限三日整改到位")
    office.step("reply", by="handler", at="2026-03-05 14:00", **REPORT)
    office.step("pass", by="supervisor", at="2026-03-05 15:00", opinion="整改到位")

    who_what = [(line.who, line.what) for line in office.lines(case)]
    science, city = "示例承办人·合肥市蜀山区", "示例督办员·合肥市"
    assert who_what == [
        (city, "登记 红牌督办单 → 待签收"),
        *[(science, "签收 → 整改中"), (science, "报告整改情况 → 复核"), (city, "再督办 → 待签收")] * 2,
        (science, "签收 → 整改中"),
        (science, "报告整改情况 → 复核"),
        (city, "再督办 → 报分管厅领导"),
        ("示例分管领导·安徽省", "批示整改 → 整改中"),
        (science, "报告整改情况 → 复核"),
        (city, "销号 → 销号"),
    ]

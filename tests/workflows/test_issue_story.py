# ruff: noqa: E501 (a line of a timeline is one event)
"""Stories of an enterprise's problem, each told whole: who, when, what, why, which clock.

The expected days are counted by hand on the State Council's notices for 2026: off are 04-04 to 04-06, 05-01 to 05-05, 06-19 to
06-21, 09-25 to 09-27 and 10-01 to 10-07; worked are the Saturdays 05-09 and 10-10 and the Sunday 09-20. The day
of the start does not count (民法典 第二百零一条); a working day has 3 and 4 hours. Limits are the default profile of requirements §3.3;
the yellow light comes when a fifth of the working time is left.
"""

from __future__ import annotations

from typing import Any

import pytest

from api.demo.stories import (
    BANKING,
    FINANCE,
    SCIENCE,
    STORIES,
    TAX,
    fixed_on_the_spot,
    three_departments,
    two_extensions,
    waiting_for_material,
)
from engine.case import CaseId
from engine.errors import BihuanError
from engine.replay import replay
from tests.support.story_office import StoryOffice, calendar

REPLY: dict[str, Any] = {"answer": "已解决，详见附件", "basis": "示例依据", "proof": ["示例-1"]}
RETURN: dict[str, Any] = {
    "return_reason": "不属本单位职责",
    "return_basis": "三定方案第三条",
    "proposed_owner": FINANCE,
}


@pytest.fixture
def office() -> StoryOffice:
    return StoryOffice()


def handling(office: StoryOffice, *, category: str = "general", co_units: tuple[str, ...] = ()) -> str:
    """An issue of Monday 2026-03-02, dispatched and signed by 10:30 that day."""
    case = office.open("issue", by="client", at="2026-03-02 09:00", summary="示例问题一件", source="self")
    office.step("accept", by="liaison", at="2026-03-02 09:30", category=category)
    office.step("dispatch", by="liaison", at="2026-03-02 10:00", lead_unit=SCIENCE, co_units=list(co_units))
    office.step("sign", by="handler", at="2026-03-02 10:30")
    office.step("contact", by="handler", at="2026-03-02 10:40", contact_note="已联系")
    return case


def calling_back(office: StoryOffice) -> str:
    case = handling(office)
    office.step("answer", by="handler", at="2026-03-03 10:00", **REPLY)
    office.step("approve", by="head", at="2026-03-03 15:00")
    return case


def test_a_simple_problem_is_closed_on_the_spot_once_the_enterprise_confirms(office: StoryOffice) -> None:
    case = fixed_on_the_spot(office)

    assert (
        office.timeline(case)
        == """\
2026-03-02 周一 09:30｜0分｜示例联络员·合肥市蜀山区｜登记 企业问题限时闭环办理 → 待受理｜问题摘要：不会设置研发费用辅助账；问题来源：走访调研｜起算“全程时限”至07-10 17:30，起算“待受理”至03-03 17:30
2026-03-02 周一 09:40｜10分｜示例联络员·合肥市蜀山区｜✗ 当场办结｜当场办结须经企业当场确认
2026-03-02 周一 09:45｜15分｜示例联络员·合肥市蜀山区｜当场办结 → 办结｜答复意见：现场讲解辅助账格式，企业已按样表建账；企业已当场确认：是｜按时停“全程时限”，起算“办结”至03-23 17:30
2026-03-23 周一 17:30｜15日6时30分｜时钟｜归档 → 归档｜“办结”15个工作日，03-23 17:30 止，告知示例协调处室·合肥市蜀山区"""
    )


def test_a_silent_department_is_taken_to_the_leader_and_an_unsatisfied_enterprise_gets_a_second_answer(
    office: StoryOffice,
) -> None:
    case = three_departments(office)

    assert (
        office.timeline(case)
        == """\
2026-09-21 周一 10:00｜0分｜示例企业联系人·91340100MA2DD272X5｜登记 企业问题限时闭环办理 → 待受理｜问题摘要：高新技术企业优惠和贷款贴息未落实；问题来源：企业自报｜起算“全程时限”至2027-02-02 17:30（暂定），起算“待受理”至09-22 17:30
2026-09-21 周一 11:00｜1时｜示例联络员·合肥市蜀山区｜受理 → 已受理｜办理类型：复杂事项（多部门）｜起算“已受理”至09-22 17:30
2026-09-21 周一 14:00｜2时30分｜示例联络员·合肥市蜀山区｜交办 → 待签收｜主办单位：合肥市蜀山区科技局；协办单位：合肥市蜀山区财政局、合肥市蜀山区税务局、合肥市蜀山区金融管理局｜起算“答复时限”至10-19 17:30，起算“首次联系时限”至09-22 17:30，起算“待签收”至09-22 17:30，起算“合肥市蜀山区财政局·协办待签收”至09-22 17:30，起算“合肥市蜀山区税务局·协办待签收”至09-22 17:30，起算“合肥市蜀山区金融管理局·协办待签收”至09-22 17:30
2026-09-21 周一 15:00｜3时30分｜示例承办人·合肥市蜀山区｜签收 → 办理中｜｜起算“办理中”至11-16 17:30
2026-09-21 周一 15:10｜3时40分｜示例责任部门经办·合肥市蜀山区财政局｜［合肥市蜀山区财政局］签收 → 协办中｜｜起算“合肥市蜀山区财政局·协办中”至10-08 17:30
2026-09-21 周一 16:00｜4时30分｜示例承办人·合肥市蜀山区｜联系企业｜联系情况：已电话核对诉求｜按时停“首次联系时限”
2026-09-22 周二 09:30｜6时30分｜示例责任部门经办·合肥市蜀山区税务局｜［合肥市蜀山区税务局］签收 → 协办中｜｜起算“合肥市蜀山区税务局·协办中”至10-09 17:30
2026-09-22 周二 17:30｜1日6时｜时钟｜［合肥市蜀山区金融管理局］逾期视同签收 → 协办中｜“合肥市蜀山区金融管理局·协办待签收”1个工作日，09-22 17:30 止，告知示例责任部门经办·合肥市蜀山区金融管理局、示例单位负责人·合肥市蜀山区金融管理局｜起算“合肥市蜀山区金融管理局·协办中”至10-09 17:30
2026-09-24 周四 10:00｜3日｜示例责任部门经办·合肥市蜀山区财政局｜［合肥市蜀山区财政局］提交协办意见 → 协办完成｜协办意见：贴息资金已列入预算
2026-09-28 周一 16:00｜4日4时30分｜示例责任部门经办·合肥市蜀山区税务局｜［合肥市蜀山区税务局］提交协办意见 → 协办完成｜协办意见：优惠可在汇算清缴时享受
2026-09-29 周二 10:00｜5日｜示例承办人·合肥市蜀山区｜✗ 答复｜协办单位尚未办结；须等协办意见，或由分管领导同意先行答复
2026-10-08 周四 14:42｜7日3时12分｜时钟｜［合肥市蜀山区金融管理局］提醒：协办中｜“合肥市蜀山区金融管理局·协办中”7个工作日，10-09 17:30 止，告知示例责任部门经办·合肥市蜀山区金融管理局、示例单位负责人·合肥市蜀山区金融管理局
2026-10-09 周五 17:30｜8日6时｜时钟｜［合肥市蜀山区金融管理局］协办超期｜“合肥市蜀山区金融管理局·协办中”7个工作日，10-09 17:30 止，告知示例责任部门经办·合肥市蜀山区金融管理局、示例单位负责人·合肥市蜀山区金融管理局
2026-10-10 周六 17:30｜9日6时｜时钟｜［合肥市蜀山区金融管理局］协办超期，报分管领导 → 分管领导协调｜“合肥市蜀山区金融管理局·协办中”7个工作日，10-09 17:30 止，告知示例责任部门经办·合肥市蜀山区金融管理局、示例分管领导·合肥市蜀山区｜起算“合肥市蜀山区金融管理局·分管领导协调”至10-14 17:30
2026-10-12 周一 10:00｜10日｜示例分管领导·合肥市蜀山区｜［合肥市蜀山区金融管理局］批示限期办理 → 协办中｜对协办的批示意见：请金融管理局三日内提出意见｜起算“合肥市蜀山区金融管理局·协办中”至10-21 17:30
2026-10-14 周三 16:48｜12日5时18分｜时钟｜提醒：答复时限｜“答复时限”15个工作日，10-19 17:30 止，告知示例承办人·合肥市蜀山区、示例单位负责人·合肥市蜀山区科技局、示例联络员·合肥市蜀山区
2026-10-16 周五 09:30｜13日6时30分｜示例责任部门经办·合肥市蜀山区金融管理局｜［合肥市蜀山区金融管理局］提交协办意见 → 协办完成｜协办意见：已协调银行受理贴息申请
2026-10-16 周五 15:00｜14日3时30分｜示例承办人·合肥市蜀山区｜答复 → 待审核｜答复意见：优惠和贴息均已明确办理路径；政策或法律依据：企业所得税法第二十八条｜暂停“答复时限”，起算“待审核”至10-19 17:30
2026-10-16 周五 16:30｜14日5时｜示例单位负责人·合肥市蜀山区科技局｜审核通过 → 待回访｜｜按时停“答复时限”，起算“待回访”至10-21 17:30
2026-10-19 周一 10:00｜15日｜示例回访员·合肥市蜀山区｜不满意，重办 → 办理中｜是否解决：部分解决；企业评价：不满意；诉求合法合理：是；回访情况：银行要求重复提交材料｜起算“答复时限”至11-09 17:30，起算“办理中”至12-07 17:30
2026-10-23 周五 10:00｜19日｜示例承办人·合肥市蜀山区｜答复 → 待审核｜答复意见：银行已受理，不再要求重复提交材料；政策或法律依据：贴息办法第六条（示例）｜暂停“答复时限”，起算“待审核”至10-26 17:30
2026-10-23 周五 15:00｜19日3时30分｜示例单位负责人·合肥市蜀山区科技局｜审核通过 → 待回访｜｜按时停“答复时限”，起算“待回访”至10-28 17:30
2026-10-26 周一 11:00｜20日1时｜示例回访员·合肥市蜀山区｜回访满意，办结 → 办结｜是否解决：已解决；企业评价：满意；回访情况：贴息已到账｜按时停“全程时限”，起算“办结”至11-16 17:30
2026-11-16 周一 17:30｜35日6时｜时钟｜归档 → 归档｜“办结”15个工作日，11-16 17:30 止，告知示例协调处室·合肥市蜀山区"""
    )


def test_an_extension_is_granted_before_the_end_and_refused_after_it(office: StoryOffice) -> None:
    case = two_extensions(office)

    assert (
        office.timeline(case)
        == """\
2026-04-01 周三 09:00｜0分｜示例企业联系人·91340100MA2DD272X5｜登记 企业问题限时闭环办理 → 待受理｜问题摘要：申请研发场地规划许可受阻；问题来源：企业自报｜起算“全程时限”至08-11 17:30，起算“待受理”至04-02 17:30
2026-04-01 周三 10:00｜1时｜示例联络员·合肥市蜀山区｜受理 → 已受理｜办理类型：一般事项（单一部门）｜起算“已受理”至04-02 17:30
2026-04-01 周三 10:30｜1时30分｜示例联络员·合肥市蜀山区｜交办 → 待签收｜主办单位：合肥市蜀山区科技局｜起算“答复时限”至04-16 17:30，起算“首次联系时限”至04-02 17:30，起算“待签收”至04-02 17:30
2026-04-01 周三 11:00｜2时｜示例承办人·合肥市蜀山区｜签收 → 办理中｜｜起算“办理中”至05-11 17:30
2026-04-01 周三 11:30｜2时30分｜示例承办人·合肥市蜀山区｜联系企业｜联系情况：已上门了解情况｜按时停“首次联系时限”
2026-04-14 周二 16:24｜8日5时54分｜时钟｜提醒：答复时限｜“答复时限”10个工作日，04-16 17:30 止，告知示例承办人·合肥市蜀山区、示例单位负责人·合肥市蜀山区科技局、示例联络员·合肥市蜀山区
2026-04-15 周三 10:00｜9日1时｜示例承办人·合肥市蜀山区｜申请延期｜需现场踏勘｜申请延长“答复时限”
2026-04-15 周三 15:00｜9日4时30分｜示例联络员·合肥市｜同意延期｜｜延长“答复时限”至04-23 17:30
2026-04-20 周一 16:24｜12日5时54分｜时钟｜提醒：答复时限｜“答复时限”10个工作日，延长5个工作日，04-23 17:30 止，告知示例承办人·合肥市蜀山区、示例单位负责人·合肥市蜀山区科技局、示例联络员·合肥市蜀山区
2026-04-23 周四 17:30｜16日｜时钟｜超期（红灯）｜“答复时限”10个工作日，延长5个工作日，04-23 17:30 止，告知示例承办人·合肥市蜀山区、示例单位负责人·合肥市蜀山区科技局
2026-04-24 周五 09:30｜16日30分｜示例承办人·合肥市蜀山区｜✗ 申请延期｜时限已过，延期应当在到期前申请
2026-04-24 周五 17:30｜17日｜时钟｜催办｜“答复时限”10个工作日，延长5个工作日，04-23 17:30 止，告知示例承办人·合肥市蜀山区、示例单位负责人·合肥市蜀山区科技局、示例联络员·合肥市
2026-04-27 周一 10:00｜17日1时｜示例承办人·合肥市蜀山区｜答复 → 待审核｜答复意见：规划许可已补办；政策或法律依据：城乡规划法第四十条｜暂停“答复时限”，起算“待审核”至04-28 17:30
2026-04-27 周一 14:00｜17日3时30分｜示例单位负责人·合肥市蜀山区科技局｜审核通过 → 待回访｜｜超期停“答复时限”，起算“待回访”至04-30 17:30
2026-04-28 周二 10:00｜18日1时｜示例回访员·合肥市蜀山区｜回访满意，办结 → 办结｜是否解决：已解决；企业评价：满意；回访情况：企业已开工｜按时停“全程时限”，起算“办结”至05-21 17:30
2026-05-21 周四 17:30｜34日｜时钟｜归档 → 归档｜“办结”15个工作日，05-21 17:30 止，告知示例协调处室·合肥市蜀山区"""
    )


def test_while_the_enterprise_gathers_material_its_clocks_stand_still(office: StoryOffice) -> None:
    case = waiting_for_material(office)

    # Paused from Friday 17:00 to the next Friday 09:00: what was left on 05-08, half an hour, is left over after 05-26.
    assert (
        office.timeline(case)
        == """\
2026-05-06 周三 09:00｜0分｜示例企业联系人·91340100MA2DD272X5｜登记 企业问题限时闭环办理 → 待受理｜问题摘要：加计扣除申报被退回；问题来源：企业自报｜起算“全程时限”至09-09 17:30，起算“待受理”至05-07 17:30
2026-05-06 周三 09:30｜30分｜示例联络员·合肥市蜀山区｜受理 → 已受理｜办理类型：一般事项（单一部门）｜起算“已受理”至05-07 17:30
2026-05-06 周三 10:00｜1时｜示例联络员·合肥市蜀山区｜交办 → 待签收｜主办单位：合肥市蜀山区科技局｜起算“答复时限”至05-19 17:30，起算“首次联系时限”至05-07 17:30，起算“待签收”至05-07 17:30
2026-05-06 周三 10:30｜1时30分｜示例承办人·合肥市蜀山区｜签收 → 办理中｜｜起算“办理中”至06-09 17:30
2026-05-06 周三 16:00｜5时30分｜示例承办人·合肥市蜀山区｜联系企业｜联系情况：已说明申报口径｜按时停“首次联系时限”
2026-05-08 周五 17:00｜2日6时30分｜示例承办人·合肥市蜀山区｜一次性告知补正 → 待企业补正｜需补正的材料（一次性告知）：立项决议、研发费用辅助账｜暂停“答复时限”，暂停“全程时限”，起算“待企业补正”至05-21 17:30
2026-05-14 周四 17:30｜8日｜时钟｜提醒：待企业补正｜“待企业补正”10个工作日，05-21 17:30 止，告知示例企业联系人·91340100MA2DD272X5
2026-05-15 周五 09:00｜8日｜示例企业联系人·91340100MA2DD272X5｜补正 → 办理中｜｜恢复“答复时限”至05-27 09:30，恢复“全程时限”至09-17 09:30，起算“办理中”至06-22 17:30
2026-05-15 周五 10:00｜8日1时｜示例承办人·合肥市蜀山区｜✗ 一次性告知补正｜本轮已用满1次
2026-05-22 周五 10:00｜13日1时｜示例承办人·合肥市蜀山区｜答复 → 待审核｜答复意见：更正申报已受理；政策或法律依据：财税〔2015〕119号｜暂停“答复时限”，起算“待审核”至05-25 17:30
2026-05-22 周五 15:00｜13日4时30分｜示例单位负责人·合肥市蜀山区科技局｜审核通过 → 待回访｜｜按时停“答复时限”，起算“待回访”至05-27 17:30
2026-05-25 周一 10:00｜14日1时｜示例回访员·合肥市蜀山区｜回访满意，办结 → 办结｜是否解决：已解决；企业评价：基本满意；回访情况：更正申报已通过｜按时停“全程时限”，起算“办结”至06-15 17:30
2026-06-15 周一 17:30｜30日｜时钟｜归档 → 归档｜“办结”15个工作日，06-15 17:30 止，告知示例协调处室·合肥市蜀山区"""
    )


# Nobody acts


def test_an_issue_that_nobody_accepts_climbs_to_the_provincial_leader_and_stays_there(
    office: StoryOffice,
) -> None:
    case = office.open("issue", by="client", at="2026-03-02 09:00", summary="示例问题一件", source="self")

    office.until("2026-03-06 09:00")

    # 1 working day each: 03-03, 03-04; the provincial leader's own ends on 03-05 and is repeated from then on.
    assert (
        office.timeline(case)
        == """\
2026-03-02 周一 09:00｜0分｜示例企业联系人·91340100MA2DD272X5｜登记 企业问题限时闭环办理 → 待受理｜问题摘要：示例问题一件；问题来源：企业自报｜起算“全程时限”至07-10 17:30，起算“待受理”至03-03 17:30
2026-03-03 周二 17:30｜2日｜时钟｜受理超期 → 上级代为交办｜“待受理”1个工作日，03-03 17:30 止，告知示例联络员·合肥市蜀山区、示例分管领导·合肥市蜀山区、示例联络员·合肥市｜起算“上级代为交办”至03-04 17:30
2026-03-04 周三 17:30｜3日｜时钟｜代为交办超期 → 分管厅领导交办｜“上级代为交办”1个工作日，03-04 17:30 止，告知示例联络员·合肥市、示例分管领导·合肥市、示例分管领导·安徽省｜起算“分管厅领导交办”至03-05 17:30
2026-03-05 周四 17:30｜4日｜时钟｜分管厅领导交办到期｜“分管厅领导交办”1个工作日，03-05 17:30 止，告知示例分管领导·安徽省"""
    )


def test_a_late_answer_climbs_rung_by_rung_and_opens_a_supervision_order(office: StoryOffice) -> None:
    case = handling(office)
    before = len(office.lines(case))

    office.until("2026-03-23 18:00")

    # Ten working days from 03-02 end on 03-16; one, three and five later are 03-17, 03-19 and 03-23.
    handler, head = "示例承办人·合肥市蜀山区", "示例单位负责人·合肥市蜀山区科技局"
    liaison = "示例联络员·合肥市蜀山区"
    assert [(line.when, line.who, line.what, line.told) for line in office.lines(case)[before:]] == [
        ("2026-03-12 周四 16:18", "时钟", "提醒：答复时限", (handler, head, liaison)),
        ("2026-03-16 周一 17:30", "时钟", "超期（红灯）", (handler, head)),
        ("2026-03-17 周二 17:30", "时钟", "催办", (handler, head, "示例联络员·合肥市")),
        ("2026-03-19 周四 17:30", "时钟", "提级督促", (handler, "示例分管领导·合肥市")),
        ("2026-03-23 周一 17:30", "时钟", "红牌督办", (handler, "示例分管领导·安徽省")),
        ("2026-03-23 周一 17:30", "系统", "关联事项有变化", ()),
    ]
    order = office.cases[office.opened_from(case)]
    assert (order.workflow, order.state, order.holder.unit) == ("supervision", "issued", SCIENCE)


def test_material_that_never_comes_costs_ten_working_days_of_pause_and_no_more(office: StoryOffice) -> None:
    case = handling(office)
    office.step("need_material", by="handler", at="2026-03-03 09:00", missing_items=["立项决议"])

    office.until("2026-04-01 09:00")

    # Ten working days from 03-03 end on 03-17, ten more on 03-31.
    told = [(line.when, line.who, line.what) for line in office.lines(case)]
    assert ("2026-03-17 周二 17:30", "时钟", "逾期未补正，恢复计时 → 办理中（企业未补正）") in told
    assert ("2026-03-31 周二 17:30", "时钟", "满二十个工作日未补正，送审 → 待审核") in told


# Returning


def test_a_unit_may_return_an_issue_twice_and_the_second_time_it_is_sent_back(office: StoryOffice) -> None:
    office.open("issue", by="client", at="2026-03-02 09:00", summary="示例问题一件", source="self")
    office.step("accept", by="liaison", at="2026-03-02 09:10", category="general")
    office.step("dispatch", by="liaison", at="2026-03-02 09:20", lead_unit=SCIENCE)
    office.step("hand_back", by="handler", at="2026-03-02 09:30", **RETURN)
    assert office.case.state == "return_review"
    office.step("refuse", by="upper_liaison", at="2026-03-02 09:40", review_opinion="属你局职责")
    office.step("hand_back", by="handler", at="2026-03-02 09:50", **RETURN)
    assert office.case.state == "return_final"

    assert office.blockers("uphold", by="upper_liaison", review_opinion="同意退回") == ["wrong_state"]
    office.step("refuse", by="upper_liaison", at="2026-03-02 10:00", review_opinion="维持交办")

    assert office.blockers("hand_back", by="handler", **RETURN) == ["limit"]


def test_a_return_needs_reason_basis_and_the_proposed_owner(office: StoryOffice) -> None:
    office.open("issue", by="client", at="2026-03-02 09:00", summary="示例问题一件", source="self")
    office.step("accept", by="liaison", at="2026-03-02 09:10", category="general")
    office.step("dispatch", by="liaison", at="2026-03-02 09:20", lead_unit=SCIENCE)

    assert office.blockers("hand_back", by="handler", return_reason="不属本单位职责") == ["missing_field"] * 2


def test_the_answer_clock_runs_from_dispatch_whenever_the_unit_signs(office: StoryOffice) -> None:
    office.open("issue", by="client", at="2026-03-02 09:00", summary="示例问题一件", source="self")
    office.step("accept", by="liaison", at="2026-03-02 09:10", category="general")
    office.step("dispatch", by="liaison", at="2026-03-02 09:20", lead_unit=SCIENCE)
    dispatched = office.case.clocks["answer"]

    office.step("sign", by="handler", at="2026-03-03 17:00")

    assert office.case.clocks["answer"] == dispatched


# Reporting


@pytest.mark.parametrize("missing", ["solution", "advice"])
def test_a_report_to_the_leader_without_solution_or_advice_is_refused(
    office: StoryOffice, missing: str
) -> None:
    handling(office)
    brought: dict[str, Any] = {"solution": "由两部门会商解决", "advice": "请分管领导召集会商"}
    del brought[missing]

    assert office.blockers("report_leader", by="liaison", **brought) == ["missing_field"]


def test_the_leader_may_let_the_lead_unit_answer_before_a_department_does(office: StoryOffice) -> None:
    handling(office, category="complex", co_units=(TAX, BANKING))
    assert office.blockers("answer", by="handler", **REPLY) == ["guard"]

    office.step(
        "report_leader", by="liaison", at="2026-03-03 09:00", solution="先行答复企业", advice="同意先行答复"
    )
    office.step("decide", by="leader", at="2026-03-03 10:00", decision="同意先行答复", answer_first=True)
    office.step("answer", by="handler", at="2026-03-03 11:00", **REPLY)

    assert {lane.outcome for lane in office.case.lanes.values()} == {"withdrawn"}


# Reviewing and calling back


def test_an_answer_sent_back_continues_on_what_was_left_of_its_time(office: StoryOffice) -> None:
    handling(office)
    office.step("answer", by="handler", at="2026-03-16 16:30", **REPLY)
    office.step("send_back", by="head", at="2026-03-17 10:00", review_opinion="依据不足")

    clock = office.case.clocks["answer"]

    # An hour was left on the last day, 03-16; it runs again from 10:00 on 03-17.
    assert (clock.status, clock.due_at.isoformat()) == ("running", "2026-03-17T03:00:00+00:00")


def test_nobody_calls_back_about_an_answer_that_they_gave(office: StoryOffice) -> None:
    calling_back(office)
    handler = "p-340104-handler-1"

    codes = office.blockers(
        "satisfied", by=handler, solved="solved", rating="satisfied", callback_note="满意"
    )

    assert "separation" in codes


def test_three_calls_on_three_days_close_an_issue_whose_enterprise_cannot_be_reached(
    office: StoryOffice,
) -> None:
    calling_back(office)
    office.step("unreachable", by="caller", at="2026-03-04 09:30", callback_note="无人接听")
    assert office.blockers("unreachable", by="caller", callback_note="无人接听") == ["too_soon"]
    office.step("unreachable", by="caller", at="2026-03-05 09:30", callback_note="无人接听")
    office.step("unreachable", by="caller", at="2026-03-06 09:30", callback_note="无人接听")

    assert (office.case.state, office.case.ended) == ("unreachable", "final")


def test_after_two_redos_only_an_explanation_signed_by_the_leader_closes_the_issue(
    office: StoryOffice,
) -> None:
    unsatisfied: dict[str, Any] = {"rating": "unsatisfied", "reasonable": True, "callback_note": "仍不满意"}
    calling_back(office)
    for day in ("04", "06"):
        office.step("redo", by="caller", at=f"2026-03-{day} 10:00", **unsatisfied)
        office.step("answer", by="handler", at=f"2026-03-{day} 15:00", **REPLY)
        office.step("approve", by="head", at=f"2026-03-{day} 16:00")
    assert office.blockers("redo", by="caller", **unsatisfied) == ["limit"]

    office.step(
        "propose_explaining",
        by="caller",
        at="2026-03-09 10:00",
        rating="unsatisfied",
        callback_note="已当面说明",
        explanation="现行政策不支持",
        basis="示例办法第三条",
    )
    assert office.blockers("explain", by="caller", decision="同意", proof=["示例-2"]) == ["role_missing"]
    office.step("explain", by="leader", at="2026-03-10 10:00", decision="同意", proof=["示例-2"])

    assert (office.case.state, office.case.ended) == ("explained", "final")


# Parking, withdrawing, reopening, merging


def parked(office: StoryOffice, *, review_date: str) -> None:
    handling(office, category="policy")
    office.step(
        "ask_parking",
        by="handler",
        at="2026-03-03 09:00",
        progress="待上位政策出台",
        plan="每季度跟踪",
        review_date=review_date,
    )
    office.step("park", by="leader", at="2026-03-04 09:00", decision="同意挂账")


@pytest.mark.parametrize(
    ("review_date", "wakes"),
    # Parked on Wednesday 4 March: at most three months, to Thursday 4 June.
    [("2026-04-15", "2026-04-15 17:30"), ("2026-12-01", "2026-06-04 17:30")],
)
def test_a_parked_issue_wakes_on_its_review_date_and_after_three_months_at_the_latest(
    office: StoryOffice, review_date: str, wakes: str
) -> None:
    parked(office, review_date=review_date)
    assert {office.case.clocks[c].status for c in ("answer", "case", "interim")} == {"paused"}

    office.until(f"{wakes[:-5]}17:29")
    assert office.case.state == "parked"
    office.until(wakes)

    assert office.case.state == "with_leader"


def test_the_enterprise_may_withdraw_from_every_open_state() -> None:
    states = StoryOffice().workflows["issue"].definition.states

    assert [
        s for s, spec in states.items() if not (spec.final or spec.settled or "withdraw" in spec.steps)
    ] == []


def test_a_closed_issue_is_reopened_within_fifteen_working_days_and_not_after(office: StoryOffice) -> None:
    calling_back(office)
    office.step(
        "satisfied",
        by="caller",
        at="2026-03-04 10:00",
        solved="solved",
        rating="satisfied",
        callback_note="满意",
    )
    assert office.blockers("reopen", by="client", reopen_reason="问题复发") == []

    office.until("2026-03-25 18:00")  # the fifteenth working day after 03-04

    assert office.blockers("reopen", by="client", reopen_reason="问题复发") == ["wrong_state"]


def test_a_reopened_issue_starts_round_two_with_a_new_answer_clock(office: StoryOffice) -> None:
    calling_back(office)
    office.step(
        "satisfied",
        by="caller",
        at="2026-03-04 10:00",
        solved="solved",
        rating="satisfied",
        callback_note="满意",
    )

    office.step("reopen", by="client", at="2026-03-10 10:00", reopen_reason="问题复发")

    clock = office.case.clocks["answer"]
    assert (office.case.round, office.case.state, clock.cycle, clock.status) == (2, "handling", 2, "running")
    assert clock.due_at.isoformat() == "2026-03-24T09:30:00+00:00"  # ten working days after 03-10


def test_an_issue_merged_into_another_hands_over_the_earlier_clock(office: StoryOffice) -> None:
    first = office.open("issue", by="client", at="2026-03-02 09:00", summary="示例问题一件", source="self")
    second = office.open("issue", by="client", at="2026-03-03 09:00", summary="示例问题又一件", source="self")
    office.turn_to(first)

    office.step("merge", by="coordinator", at="2026-03-03 10:00", merged_into=second, merge_reason="同一诉求")

    assert office.case.state == "merged"
    office.turn_to(second)
    assert office.case.clocks["case"].due_at.isoformat() == "2026-07-10T09:30:00+00:00"  # of the first


def test_every_end_carries_words_for_the_enterprise_or_a_recorded_reason() -> None:
    """[S] 件件有交代、事事有落实: no way into an end without an answer, an explanation or a reason."""
    definition = StoryOffice().workflows["issue"].definition
    words = {"answer", "explanation", "merge_reason", "withdraw_reason", "callback_note", "decision"}
    ends = {s for s, spec in definition.states.items() if spec.final} - {"archived"} | {"closed"}

    for _, _, _, step_id, step in definition.steps():
        leads = {route.to for route in step.to} | {step.then}
        if leads & ends:
            assert words & set(step.needs), step_id


@pytest.mark.parametrize("story", sorted(STORIES))
def test_every_story_replays_to_the_same_bytes(office: StoryOffice, story: str) -> None:
    case = CaseId(STORIES[story](office))
    by_digest = {program.digest: program for program in office.workflows.values()}

    replayed = replay(
        [event.data for event in office.histories[case]], by_digest.__getitem__, lambda _: calendar()
    )

    assert (replayed.divergences, replayed.case and replayed.case.head) == ((), office.cases[case].head)


def test_an_unknown_step_is_refused_by_name(office: StoryOffice) -> None:
    handling(office)

    with pytest.raises(BihuanError):
        office.step("no_such_step", by="handler")


def test_who_was_helped_on_the_spot_may_be_called_back_once_as_a_sample(office: StoryOffice) -> None:
    sample = {"solved": "solved", "rating": "satisfied", "callback_note": "企业确认已会建账"}
    office.open("issue", by="liaison", at="2026-03-02 09:30", summary="示例问题一件", source="visit")
    office.step("close_on_site", by="liaison", answer="现场讲解", confirmed=True)
    office.step("sample", by="caller", at="2026-03-09 10:00", **sample)

    assert office.case.state == "closed"
    assert office.blockers("sample", by="caller", **sample) == ["limit"]


def test_what_was_called_back_before_it_was_closed_is_no_sample(office: StoryOffice) -> None:
    calling_back(office)
    called = {"solved": "solved", "rating": "satisfied", "callback_note": "企业满意"}
    office.step("satisfied", by="caller", at="2026-03-04 10:00", **called)

    assert office.blockers("sample", by="caller", **called) == ["guard"]


def test_a_service_team_registers_what_it_hears_and_reports_to_the_leader_with_a_proposal(
    office: StoryOffice,
) -> None:
    office.open("issue", by="team", at="2026-03-02 09:00", summary="示例问题一件", source="meeting")
    office.step("accept", by="liaison", at="2026-03-02 09:30", category="complex")
    office.step("dispatch", by="liaison", at="2026-03-02 10:00", lead_unit=SCIENCE)
    office.step("sign", by="handler", at="2026-03-02 10:30")

    assert office.blockers("report_leader", by="team", solution="由三部门会商") == ["missing_field"]
    office.step("report_leader", by="team", solution="由三部门会商", advice="请分管领导召集")
    assert office.case.state == "with_leader"

"""The five main stories as steps at a desk; who tells them (the tests' pure core, the demo's engine) is not known here.

Fixed days on the real calendar: 2024 to 2026, with the holidays and make-up days of those years. Everything in them is
invented; units and people are those of the sample organisation.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from api.demo.desk import Desk

SCIENCE, FINANCE, TAX, BANKING = (f"u-340104-{name}" for name in ("science", "finance", "tax", "banking"))
HANDLER = "p-340104-handler-1"
ITEMS: Mapping[str, str] = {
    "site": "研发楼三层，320平方米",
    "facility": "检测设备14台套",
    "fund": "年度研发预算480万元",
    "staff": "专职研发人员22人",
    "activity": "在研项目3项",
}


def fixed_on_the_spot(desk: Desk) -> str:
    """(a) A simple problem, registered and closed in one visit."""
    summary = "不会设置研发费用辅助账"
    case = desk.open("issue", by="liaison", at="2026-03-02 09:30", summary=summary, source="visit")
    answer = "现场讲解辅助账格式，企业已按样表建账"
    desk.refused(
        "guard", "close_on_site", by="liaison", at="2026-03-02 09:40", answer=answer, confirmed=False
    )
    desk.step(
        "close_on_site", by="liaison", at="2026-03-02 09:45", answer=answer, confirmed=True, proof=["示例-1"]
    )
    desk.until("2026-03-24 09:00")
    return case


def three_departments(desk: Desk) -> str:
    """(b) Three departments, one of them silent; the leader decides; the first answer does not satisfy."""
    case = desk.open(
        "issue", by="client", at="2026-09-21 10:00", summary="高新技术企业优惠和贷款贴息未落实", source="self"
    )
    desk.step("accept", by="liaison", at="2026-09-21 11:00", category="complex")
    desk.step(
        "dispatch",
        by="liaison",
        at="2026-09-21 14:00",
        lead_unit=SCIENCE,
        co_units=[FINANCE, TAX, BANKING],
    )
    desk.step("sign", by="handler", at="2026-09-21 15:00")
    desk.step("sign", by="department", lane=FINANCE, at="2026-09-21 15:10")
    desk.step("contact", by="handler", at="2026-09-21 16:00", contact_note="已电话核对诉求")
    desk.step("sign", by="department", lane=TAX, at="2026-09-22 09:30")
    desk.step(
        "finish", by="department", lane=FINANCE, at="2026-09-24 10:00", share_opinion="贴息资金已列入预算"
    )
    desk.step(
        "finish", by="department", lane=TAX, at="2026-09-28 16:00", share_opinion="优惠可在汇算清缴时享受"
    )
    early: dict[str, Any] = {
        "answer": "税收优惠已明确，贴息另行答复",
        "basis": "企业所得税法第二十八条",
        "proof": ["示例-2"],
    }
    desk.refused("guard", "answer", by="handler", at="2026-09-29 10:00", **early)
    desk.step(
        "urge", by="leader", lane=BANKING, at="2026-10-12 10:00", lane_decision="请金融管理局三日内提出意见"
    )
    desk.step(
        "finish", by="department", lane=BANKING, at="2026-10-16 09:30", share_opinion="已协调银行受理贴息申请"
    )
    desk.step(
        "answer",
        by="handler",
        at="2026-10-16 15:00",
        answer="优惠和贴息均已明确办理路径",
        basis="企业所得税法第二十八条",
        proof=["示例-3"],
    )
    desk.step("approve", by="head", at="2026-10-16 16:30")
    _dissatisfied_then_satisfied(desk)
    desk.until("2026-11-17 09:00")
    return case


def _dissatisfied_then_satisfied(desk: Desk) -> None:
    """Story (b) from the first call-back on."""
    desk.step(
        "redo",
        by="caller",
        at="2026-10-19 10:00",
        solved="partly",
        rating="unsatisfied",
        reasonable=True,
        callback_note="银行要求重复提交材料",
    )
    desk.step(
        "answer",
        by="handler",
        at="2026-10-23 10:00",
        answer="银行已受理，不再要求重复提交材料",
        basis="贴息办法第六条（示例）",
        proof=["示例-4"],
    )
    desk.step("approve", by="head", at="2026-10-23 15:00")
    desk.step(
        "satisfied",
        by="caller",
        at="2026-10-26 11:00",
        solved="solved",
        rating="satisfied",
        callback_note="贴息已到账",
    )


def two_extensions(desk: Desk) -> str:
    """(c) One extension asked for in time and approved; another asked for too late and refused."""
    case = desk.open(
        "issue", by="client", at="2026-04-01 09:00", summary="申请研发场地规划许可受阻", source="self"
    )
    desk.step("accept", by="liaison", at="2026-04-01 10:00", category="general")
    desk.step("dispatch", by="liaison", at="2026-04-01 10:30", lead_unit=SCIENCE)
    desk.step("sign", by="handler", at="2026-04-01 11:00")
    desk.step("contact", by="handler", at="2026-04-01 11:30", contact_note="已上门了解情况")
    desk.ask_extension(
        "answer", by="handler", at="2026-04-15 10:00", reason="需现场踏勘", amount="5 working days"
    )
    desk.answer_extension("answer", by="upper_liaison", approve=True, at="2026-04-15 15:00")
    desk.refused_extension(
        "extension_too_late", "answer", by="handler", at="2026-04-24 09:30", reason="踏勘未完成"
    )
    desk.step(
        "answer",
        by="handler",
        at="2026-04-27 10:00",
        answer="规划许可已补办",
        basis="城乡规划法第四十条",
        proof=["示例-5"],
    )
    desk.step("approve", by="head", at="2026-04-27 14:00")
    desk.step(
        "satisfied",
        by="caller",
        at="2026-04-28 10:00",
        solved="solved",
        rating="satisfied",
        callback_note="企业已开工",
    )
    desk.until("2026-05-22 09:00")
    return case


def waiting_for_material(desk: Desk) -> str:
    """(d) A pause with a list of missing material that may be asked for once."""
    case = desk.open("issue", by="client", at="2026-05-06 09:00", summary="加计扣除申报被退回", source="self")
    desk.step("accept", by="liaison", at="2026-05-06 09:30", category="general")
    desk.step("dispatch", by="liaison", at="2026-05-06 10:00", lead_unit=SCIENCE)
    desk.step("sign", by="handler", at="2026-05-06 10:30")
    desk.step("contact", by="handler", at="2026-05-06 16:00", contact_note="已说明申报口径")
    desk.step(
        "need_material", by="handler", at="2026-05-08 17:00", missing_items=["立项决议", "研发费用辅助账"]
    )
    desk.step("supply", by="client", at="2026-05-15 09:00", supplied_files=["示例-6", "示例-7"])
    desk.refused("limit", "need_material", by="handler", at="2026-05-15 10:00", missing_items=["人员名单"])
    desk.step(
        "answer",
        by="handler",
        at="2026-05-22 10:00",
        answer="更正申报已受理",
        basis="财税〔2015〕119号",
        proof=["示例-8"],
    )
    desk.step("approve", by="head", at="2026-05-22 15:00")
    desk.step(
        "satisfied",
        by="caller",
        at="2026-05-25 10:00",
        solved="solved",
        rating="fairly",
        callback_note="更正申报已通过",
    )
    desk.until("2026-06-16 09:00")
    return case


def institution_built(desk: Desk) -> str:
    """(e) One enterprise, one plan: five conditions, on-site verification, look-backs, a relapse."""
    case = desk.open("rd_institution", by="coordinator", at="2024-03-04 09:00", data_year=2023, revenue=62000)
    desk.step("assign_officer", by="coordinator", at="2024-03-05 10:00", unit=SCIENCE, officer=HANDLER)
    desk.step(
        "submit_plan",
        by="handler",
        at="2024-03-25 10:00",
        plan="自建研发中心，一年建成",
        plan_files=["示例-9"],
        ownership="own",
    )
    desk.step("approve_plan", by="approver", at="2024-03-27 10:00", opinion="同意，按月调度")
    _five_items_verified(desk)
    proof = ["示例-12"]
    desk.refused(
        "guard", "claim", by="client", at="2024-04-17 09:50", independence="none", independence_files=proof
    )
    desk.step("claim", by="client", at="2024-04-17 10:00", independence="accounts", independence_files=proof)
    visit: dict[str, Any] = {
        "independence": "accounts",
        "visit_report": "现场逐项核对账册和设备",
        "visit_files": ["示例-13"],
    }
    four = ["site", "facility", "fund", "staff"]
    desk.refused("guard", "pass", by="inspector", at="2024-05-07 09:50", met_items=four, **visit)
    desk.step("pass", by="inspector", at="2024-05-07 10:00", met_items=[*four, "activity"], **visit)
    _looked_back_on(desk)
    return case


def _five_items_verified(desk: Desk) -> None:
    """Of story (e): all five conditions are handed in, one is sent back and handed in again."""
    for minute, (item, fact) in enumerate(ITEMS.items()):
        desk.step(
            "submit",
            by="client",
            lane=item,
            at=f"2024-04-10 10:0{minute}",
            item_fact=fact,
            item_files=["示例-10"],
        )
    for minute, item in enumerate(("site", "facility", "staff", "activity")):
        desk.step("verify", by="coordinator", lane=item, at=f"2024-04-12 09:0{minute}")
    desk.step(
        "send_back", by="coordinator", lane="fund", at="2024-04-12 09:30", item_reason="预算未经股东会批准"
    )
    desk.step(
        "submit",
        by="client",
        lane="fund",
        at="2024-04-15 14:00",
        item_fact="股东会已批准480万元",
        item_files=["示例-11"],
    )
    desk.step("verify", by="coordinator", lane="fund", at="2024-04-16 09:30")


def _looked_back_on(desk: Desk) -> None:
    """Story (e) from the first look-back on: two find it running, the third a relapse, and a new round begins."""
    desk.step("hold", by="coordinator", at="2024-08-14 10:00", look_note="运行正常", look_files=["示例-14"])
    desk.step(
        "hold", by="coordinator", at="2024-11-20 10:00", look_note="新增项目1项", look_files=["示例-15"]
    )
    desk.step(
        "relapse",
        by="coordinator",
        at="2025-05-14 10:00",
        look_note="在研项目均已停止",
        look_files=["示例-16"],
        missing_items=["activity"],
    )
    desk.step("assign_officer", by="coordinator", at="2025-05-15 10:00", unit=SCIENCE, officer=HANDLER)
    desk.step(
        "submit_plan",
        by="handler",
        at="2025-05-28 10:00",
        plan="重启产学研项目",
        plan_files=["示例-17"],
        ownership="joint",
    )
    desk.step("approve_plan", by="approver", at="2025-05-30 10:00", opinion="同意")


STORIES: Mapping[str, Callable[[Desk], str]] = {
    "a": fixed_on_the_spot,
    "b": three_departments,
    "c": two_extensions,
    "d": waiting_for_material,
    "e": institution_built,
}

TITLES: Mapping[str, str] = {
    "a": "当场办结",
    "b": "多部门协同：一家不响应，分管领导批示；回访不满意，重办后办结",
    "c": "延期：到期前申请获批，到期后申请被拒",
    "d": "待企业补正：一次性告知，时钟停走",
    "e": "研发机构组建：一企一策、五有、现场核验、回头看、反弹进入新一轮",
}

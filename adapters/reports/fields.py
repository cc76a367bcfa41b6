"""Which fields of a case a report reads, as data: the first of `names` that has a value is shown, none at all shows nothing.

Workflows are changed without changing reports: a field under another name is one word here. Sources: requirements §4.3.
"""

from __future__ import annotations

from typing import Final, NamedTuple

__all__ = ["CITY_REPORT", "COMMON", "ISSUE", "ORDER", "PLAN", "VISIT_FORM", "VISIT_REPORT", "Wanted"]


class Wanted(NamedTuple):
    key: str
    title: str
    names: tuple[str, ...]


# 工作台账：走访事项
VISIT_FORM: Final = (
    Wanted("way", "走访方式", ("method",)),
    Wanted("visitors", "走访人员（姓名职务）", ("visitors",)),
    Wanted("hosts", "接待人（姓名职务）", ("hosts",)),
    Wanted("changes", "基本情况变化", ("changes",)),
)

# 走访报告各段，按此次序
VISIT_REPORT: Final = (
    Wanted("overview", "企业概况", ("overview",)),
    Wanted("operations", "生产经营与研发情况", ("operations",)),
    Wanted("demands", "存在问题与诉求", ("demands",)),
    Wanted("replies", "现场答复与解决情况", ("replies",)),
    Wanted("coordination", "需协调事项及建议", ("coordination",)),
    Wanted("policy", "共性问题与政策建议", ("policy",)),
    Wanted("next_steps", "下一步计划", ("next_steps",)),
)

# 到市走访不走访某一家企业：概况是全市的
CITY_REPORT: Final = (
    Wanted("overview", "全市企业服务概况", ("overview",)),
    Wanted("operations", "全市企业生产经营与研发情况", ("operations",)),
    *VISIT_REPORT[2:],
)

# 问题限时闭环事项：台账后半部分
ISSUE: Final = (
    Wanted("summary", "反映问题", ("summary",)),
    Wanted("topic", "问题类别", ("topic",)),
    Wanted("advice", "处理意见", ("advice", "solution", "instruction", "answer")),
    Wanted("lead", "主办单位", ("lead_unit",)),
    Wanted("co", "协办单位", ("co_units",)),
    Wanted("progress", "办理进展", ("progress", "contact_note")),
    Wanted("rating", "企业评价", ("rating",)),
    Wanted("callback", "回访情况", ("callback_note",)),
)

# 督办单、催办单：被督办的事项，以及督办事项自己的字段
ORDER: Final = (
    Wanted("matter", "督办事项", ("matter", "summary", "finding")),
    Wanted("unit", "承办单位", ("unit", "lead_unit")),
    Wanted("requirement", "整改要求", ("requirement", "instruction", "decision")),
    Wanted("report", "整改情况", ("report",)),
    Wanted("opinion", "复核意见", ("opinion",)),
)

# 共性问题
COMMON: Final = (
    Wanted("matter", "共性问题", ("matter",)),
    Wanted("unit", "研究单位", ("unit",)),
    Wanted("analysis", "成因分析", ("analysis",)),
    Wanted("measure", "建议类型", ("measure",)),
    Wanted("proposal", "建议", ("proposal",)),
    Wanted("decision", "批示意见", ("decision",)),
    Wanted("reason", "理由", ("reason",)),
    Wanted("outcome", "落实情况", ("outcome",)),
    Wanted("feedback", "反馈", ("feedback",)),
)

# 一企一策方案
PLAN: Final = (
    Wanted("officer", "包保专人", ("officer",)),
    Wanted("unit", "包保单位", ("unit",)),
    Wanted("ownership", "组建方式", ("ownership",)),
    Wanted("situation", "企业现状", ("screening_note", "diagnosis", "situation")),
    Wanted("plan", "方案内容", ("plan",)),
    Wanted("opinion", "审批意见", ("opinion",)),
    Wanted("independence", "与生产系统的关系", ("independence",)),
)

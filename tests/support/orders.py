"""Work orders as a hotline exports them: invented (示例), of any number, the same for the same numbers."""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Any, Final

from tests.support.lists import workbook

__all__ = ["HEADINGS", "big_export"]

HEADINGS: Final = (
    *(
        "工单编号",
        "工单类型",
        "问题分类",
        "标签",
        "标题",
        "主要内容",
        "工单状态",
        "来电人",
        "来电人电话/账号",
    ),
    *(
        "被反映区",
        "来电时间",
        "派单时间",
        "签收时间",
        "答复时间",
        "办结时间",
        "主办单位",
        "回复内容",
        "企业名称",
    ),
    *("是否解决", "是否满意"),
)
_COUNTIES: Final = (
    ("蜀山区", "u-340104-science"),
    ("庐阳区", "u-340103-science"),
    ("包河区", "u-340111-tax"),
)
_SAID: Final = "企业反映研发费用辅助账的归集口径不清，希望安排专人上门讲解，并尽快答复。"


def orders(count: int, *, seed: int = 7) -> Iterator[list[Any]]:
    """Three in four are closed, the others are being handled."""
    rng = random.Random(seed)
    for n in range(1, count + 1):
        county, unit = _COUNTIES[n % len(_COUNTIES)]
        day = f"2026-{1 + n % 10:02}-{1 + n % 27:02}"
        is_closed = n % 4 != 0
        yield [
            *(
                f"示例-{n:06}",
                "咨询",
                "科技政策",
                "研发",
                f"示例：研发费用归集咨询 {n}",
                _SAID * rng.randint(1, 4),
            ),
            *("已办结" if is_closed else "办理中", f"示例来电人{n}", "0551-00000000", county),
            *(f"{day} 09:30", f"{day} 10:10", f"{day} 11:00"),
            *((f"{day} 15:00", f"{day} 16:30") if is_closed else ("", "")),
            *(unit, "已电话讲解，并寄送样表。" if is_closed else "", ""),
            *(("解决", "满意") if is_closed else ("", "")),
        ]


def big_export(count: int) -> bytes:
    return workbook([HEADINGS, *orders(count)])

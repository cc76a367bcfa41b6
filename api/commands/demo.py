"""`bihuan demo`: the main stories in a few seconds, as timelines, then replayed and verified."""

from __future__ import annotations

import typer
from rich.console import Console
from rich.text import Text

from adapters.evidence.replaying import Verified
from api.commands.audit.replaying import show_verified
from api.commands.output import AsJson, answer, console
from api.commands.timeline import show_lines
from api.demo.telling import Told, performance

INTRODUCTION = (
    "五个故事，人员、单位、企业均为虚构（示例）；时间是拨动的，引擎和数据库是真的，办完即删。\n"
    "每行：时刻｜自登记起的工作时间｜谁｜做了什么 → 到哪个环节｜为什么｜哪个时钟。✗ 表示被拒绝，不留记录。"
)


def demo(as_json: AsJson = False) -> None:
    """Tell the main stories on a moved clock, then replay every history and say what was verified."""
    with performance() as play:
        told = []
        if not as_json:
            console().print(INTRODUCTION)
        for story in play.stories():
            told.append(story)
            if not as_json:
                _show(console(), story)
        found = play.verified()
    data = {"stories": [story.as_data() for story in told], "verified": found.as_data()}
    answer(data, as_json, lambda shown: _show_verified(shown, found))
    if not found.is_sound:
        raise typer.Exit(1)


def _show(shown: Console, told: Told) -> None:
    shown.print()
    shown.print(Text(f"({told.letter}) {told.title}", style="bold cyan"))
    for case, lines in told.cases:
        shown.print(f"编号 {case}", style="bold")
        show_lines(shown, lines)


def _show_verified(shown: Console, found: Verified) -> None:
    shown.print()
    shown.print(
        "重放全部记录：核对散列链，并按每条记录自己写明的依据重新裁定，逐字节比对。\n"
        "Every history replayed: each event decided again from its own recorded inputs, byte for byte."
    )
    show_verified(shown, found)

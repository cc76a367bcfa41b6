"""`bihuan audit replay` and `bihuan audit check`: what the stored bytes say, asked of all of them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, time
from functools import partial
from typing import Annotated, Any, Protocol, TypeVar
from zoneinfo import ZoneInfo

import typer
from rich.console import Console

from adapters.bootstrap import Container
from adapters.evidence.lawfulness import Lawful
from adapters.evidence.parallel import PARTS_OF_EACH, cores, spread
from adapters.evidence.replaying import Verified
from adapters.evidence.snapshot import WHOLE, Part, parts
from adapters.evidence.sound import Sound
from adapters.evidence.stored import Wanted
from api.commands.days import day_of
from api.commands.opening import container, read_settings
from api.commands.output import AsJson, answer, working_on
from engine.case import CaseId
from engine.errors import UnknownCase

Processes = Annotated[
    int | None,
    typer.Option("--processes", min=1, max=64, help="How many at once; without it, one for each core."),
]
_CASES_FOR_MORE = 200  # fewer cases are done before another process has begun


def replay(
    numbers: Annotated[list[str] | None, typer.Argument(help="Cases by number.")] = None,
    *,
    all_cases: Annotated[bool, typer.Option("--all", help="Every case in the database.")] = False,
    region: Annotated[str, typer.Option(help="Cases of this region and all under it.")] = "",
    workflow: Annotated[str, typer.Option(help="Cases of this workflow.")] = "",
    since: Annotated[str, typer.Option(help="Cases that changed since this day, 2026-03-01.")] = "",
    processes: Processes = None,
    as_json: AsJson = False,
) -> None:
    """Verify chains and decide every event again, under the rules it was decided by. Exit code 1 if anything differs."""
    is_range = bool(region or workflow or since)
    if sum([all_cases, is_range, bool(numbers)]) != 1:
        raise typer.BadParameter("name cases, or a range (--region, --workflow, --since), or say --all")
    with container() as made:
        found = sum((_case(made, number) for number in numbers or ()), Verified())
        wanted = Wanted(region, workflow, _moment(made, since) if since else None)
        todo = [] if numbers else _parts(made, processes)
    found += _gathered("Replaying", partial(replayed, wanted=wanted), todo, processes, Verified())
    answer(found.as_data(), as_json, lambda console: show_verified(console, found))
    if not found.is_sound:
        raise typer.Exit(1)


def check(
    level: Annotated[
        int,
        typer.Option(min=1, max=4, help="1 bytes and chains, 2 and the tree, 3 and replay, 4 and authority."),
    ] = 2,
    region: Annotated[str, typer.Option(help="Replay and authority for this region and all under it.")] = "",
    since: Annotated[str, typer.Option(help="Replay and authority for cases changed since this day.")] = "",
    processes: Processes = None,
    as_json: AsJson = False,
) -> None:
    """Check the whole database: every column against its bytes, every chain, every case against its last event.

    Levels add up: 2 holds every event against the tree and what was signed, 3 also replays, 4 also asks for authority,
    separation of duties, limits and escalations under the rules and the organisation of the day.
    Exit code 1 if anything is wrong; the first event is named.
    """
    with container() as made:
        wanted = Wanted(region, "", _moment(made, since) if since else None)
        todo = _parts(made, processes)
    found: dict[str, Sound | Verified | Lawful] = {
        "level1": _gathered("Bytes and chains", sound, todo, processes, Sound())
    }
    if level >= ROOTED:
        found["level2"] = _gathered("Tree and signatures", rooted, [WHOLE], 1, Sound())
    if level >= REPLAYED:
        again = partial(replayed, wanted=wanted)
        found["level3"] = _gathered("Replaying", again, todo, processes, Verified())
    if level >= LAWFUL:
        judged = partial(lawful, wanted=wanted)
        found["level4"] = _gathered("Authority and limits", judged, todo, processes, Lawful())
    is_sound = all(each.is_sound for each in found.values())
    data = {"is_sound": is_sound, **{name: each.as_data() for name, each in found.items()}}
    answer(data, as_json, lambda console: _show_checked(console, found))
    if not is_sound:
        raise typer.Exit(1)


ROOTED, REPLAYED, LAWFUL = 2, 3, 4
_TITLES = {"level1": "L1 字节与链", "level2": "L2 树与签名", "level3": "L3 重放", "level4": "L4 职权"}


def _show_checked(console: Console, found: dict[str, Sound | Verified | Lawful]) -> None:
    for name, each in found.items():
        style = "green" if each.is_sound else "red"
        said = "无误" if each.is_sound else f"{each.found} 处有误"
        console.print(f"{_TITLES[name]}：{each.cases} 件，{each.events} 条记录，{said}", style=style)
        named = each.findings if isinstance(each, Lawful) else each.faults
        for one in named:
            console.print(f"  {one}")
        if each.found > len(named):
            console.print(f"  另有 {each.found - len(named)} 处")


def show_verified(console: Console, found: Verified) -> None:
    console.print(found.words(), style="green" if found.is_sound else "red")
    for fault in found.faults:
        console.print(f"  {fault}")
    if found.found > len(found.faults):
        console.print(f"  and {found.found - len(found.faults)} more")


def replayed(made: Container, part: Part, *, wanted: Wanted) -> Verified:
    return made.replays.of(part, wanted)


def replayed_all(made: Container, part: Part) -> Verified:
    return made.replays.of(part)


def lawful(made: Container, part: Part, *, wanted: Wanted) -> Lawful:
    return made.lawfulness.of(part, wanted)


def sound(made: Container, part: Part) -> Sound:
    return made.soundness.of(part)


def rooted(made: Container, part: Part) -> Sound:
    """The tree is one: there are no parts of it."""
    return made.tree_check.of()


def _case(made: Container, number: str) -> Verified:
    found = made.replays.case(CaseId(number))
    if not found.cases:
        raise UnknownCase(f"没有编号为 {number} 的事项", hint="编号有误，请核对")
    return found


def _moment(made: Container, day: str) -> datetime:
    zone = ZoneInfo(made.calendars.current(made.settings.calendar).zone)
    return datetime.combine(day_of(day), time(), zone)


def _parts(made: Container, processes: int | None) -> list[Part]:
    few = len(made.views.case_ids(limit=_CASES_FOR_MORE)) < _CASES_FOR_MORE
    return [Part()] if few else parts(made.database, (processes or cores()) * PARTS_OF_EACH)


class _Sum(Protocol):
    def __add__(self, other: Any) -> Any: ...


_Found = TypeVar("_Found", bound=_Sum)


def _gathered(title: str, work: Any, todo: Sequence[Part], processes: int | None, nothing: _Found) -> _Found:
    """The sum of what `work` finds in each part; no connection of this process is open meanwhile."""
    each = spread(read_settings(), work, todo, processes=processes or cores())
    return sum(working_on(title, each, len(todo)), nothing)

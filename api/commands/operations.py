"""`bihuan status`: whether the promises hold, for the operator."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import asdict
from datetime import timedelta
from typing import Any

import typer
from rich.console import Console

from adapters.bootstrap import Container
from adapters.calendars import load_calendar
from adapters.db.lateness import latenesses
from adapters.db.views import Filter, Owed
from api.commands.opening import container, everything
from api.commands.output import AsJson, answer, columns, row, table
from api.commands.timeline import moment
from engine.canonical import instant, parse_instant

_BANDS = (
    (1, "under 1 s"),
    (10, "1 to 10 s"),
    (60, "10 to 60 s"),
    (600, "1 to 10 min"),
    (3600, "10 to 60 min"),
)
_LAST_BAND = "over 1 h"
_BAND_WORDS = {
    "under 1 s": "1 秒以内",
    "1 to 10 s": "1 至 10 秒",
    "10 to 60 s": "10 至 60 秒",
    "1 to 10 min": "1 至 10 分钟",
    "10 to 60 min": "10 至 60 分钟",
    _LAST_BAND: "1 小时以上",
}
_TASK_WORDS = {"ready": "待办", "leased": "在办", "done": "已办", "dead": "已放弃"}
_KIND_WORDS = {"list": "名单", "slot": "定期事项", "proposal": "共性问题候选"}
_WHY_LATE = "触发迟的，是服务没有运行（停机、停电、示例“工作”期间的夜里）时到期的，恢复后补触发，每个一次；迟了多久写在记录里"
ALIVE = timedelta(minutes=1)  # a sweeper says every few seconds that it is there


def status(as_json: AsJson = False) -> None:
    """What is owed now, and how late clocks have fired. Exit code 1 if something due has not been fired."""
    with container() as made:
        owed = made.views.owed(made.now())
        run = made.nightly.latest()
        data = {
            **_owed_data(owed),
            "lateness": histogram(latenesses(made.database)),
            "replay": run.as_data() if run else None,
            "states": _states(made),
        }
        shown = {**data, **_local(made, owed), "state_titles": _state_titles(made, data["states"])}
    answer(data, as_json, lambda console: _show(console, shown))
    if owed.overdue_timers or owed.tasks["dead"]:
        raise typer.Exit(1)


def histogram(seconds: Iterable[int]) -> dict[str, int]:
    """How many firings were how late, in bands."""
    found = Counter(next((name for most, name in _BANDS if late < most), _LAST_BAND) for late in seconds)
    return {name: found[name] for name in (*(name for _, name in _BANDS), _LAST_BAND)}


def _states(made: Container) -> dict[str, int]:
    if made.views.case_ids(limit=1) == []:
        return {}
    counted = made.views.count_by_state(everything(made), Filter())
    return {f"{workflow}.{state}": number for (workflow, state), number in sorted(counted.items())}


def _state_titles(made: Container, states: dict[str, int]) -> list[tuple[str, str, int]]:
    """In the words of the newest version that has the state."""
    found = []
    for name, number in states.items():
        workflow, _, state = name.partition(".")
        definitions = [program.definition for program in made.definitions.versions(workflow)]
        known = next((d for d in definitions if state in d.states), None)
        words = (known.title.zh, known.states[state].title.zh) if known else (workflow, state)
        found.append((*words, number))
    return found


def _local(made: Container, owed: Owed) -> dict[str, Any]:
    """The moments as they stand elsewhere."""
    calendar = load_calendar(made.settings.calendar)  # for the zone: a new database holds none yet
    sweepers = [
        {**each, "at": moment(parse_instant(each["at"]), calendar)} for each in _owed_data(owed)["sweepers"]
    ]
    oldest = moment(owed.oldest_timer, calendar) if owed.oldest_timer else None
    return {"at": moment(owed.at, calendar), "oldest_timer": oldest, "sweepers": sweepers}


def _owed_data(owed: Owed) -> dict[str, Any]:
    newest_first = sorted(owed.beats.items(), key=lambda beat: beat[1], reverse=True)
    return {
        "at": instant(owed.at),
        "overdue_timers": owed.overdue_timers,
        "oldest_timer": instant(owed.oldest_timer) if owed.oldest_timer else None,
        "open_cases": owed.open_cases,
        "late_cases": owed.late_cases,
        "tasks": dict(owed.tasks),
        "refused": [asdict(each) for each in owed.refused],
        "sweepers": [
            {"worker": worker, "at": instant(at), "alive": owed.at - at < ALIVE}
            for worker, at in newest_first
        ],
    }


def _sweepers_words(sweepers: list[dict[str, Any]]) -> str:
    alive = [f"{sweeper['worker']}（{sweeper['at']}）" for sweeper in sweepers if sweeper["alive"]]
    silent = len(sweepers) - len(alive)
    gone = [f"{silent} 个一分钟以上没有报到"] if silent else []
    return "、".join((*alive, *gone)) or "还没有"


def _replay_words(run: dict[str, Any] | None) -> str:
    if run is None:
        return "none yet; it comes each night after one o’clock"
    when = (
        f"finished at {run['finished_at']}" if run["finished_at"] else f"under way since {run['started_at']}"
    )
    first = f"; the first: {run['faults'][0]}" if run["faults"] else ""
    return f"{run['cases']} cases, {run['events']} events, {run['divergences']} divergences, {when}{first}"


def _show(console: Console, data: dict[str, Any]) -> None:
    overdue = data["overdue_timers"]
    style = "red" if overdue else "green"
    oldest = f"，最早的自 {data['oldest_timer']} 起" if overdue else ""
    console.print(f"{data['at']} 以前到期而没有触发的：{overdue} 个{oldest}", style=style)
    tasks = "，".join(f"{_TASK_WORDS.get(state, state)} {number}" for state, number in data["tasks"].items())
    open_cases = f"{data['open_cases']} 件，其中超期 {data['late_cases']} 件"
    console.print(
        columns(
            [
                ("在办事项", open_cases),
                ("后台任务", tasks),
                ("后台进程", _sweepers_words(data["sweepers"])),
                ("夜间重放", _replay_words(data["replay"])),
            ]
        )
    )
    for each in data["refused"]:
        kind = _KIND_WORDS.get(each["kind"], each["kind"])
        console.print(
            f"{kind}要开的 {each['number']} 件开不成（{each['code']}）：{each['reason']}", style="yellow"
        )
    late = table("触发迟了", "个数")
    for band, number in data["lateness"].items():
        row(late, _BAND_WORDS[band], number)
    console.print(late)
    if data["lateness"][_LAST_BAND]:
        console.print(_WHY_LATE)
    if data["states"]:
        states = table("流程", "环节", "件数")
        for line in data["state_titles"]:
            row(states, *line)
        console.print(states)

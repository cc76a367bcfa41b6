"""A history that people can read: one sentence for each event, beside the hashes that prove it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from adapters.bootstrap import Container
from api.presenting import Presenter, said
from api.schemas import EventView, Named
from engine.canonical import parse_instant
from engine.case import Case
from engine.definition import FieldType
from engine.events import Event, apply, read
from engine.machine import Program

__all__ = ["TITLES", "event_views", "fold_until", "named_files"]

TITLES: Final = {
    "case.opened": "登记",
    "case.imported": "导入",
    "step.taken": "办理",
    "clock.fired": "时钟",
    "lane.added": "增加并行线",
    "lane.withdrawn": "撤回并行线",
    "case.assigned": "指派经办人",
    "case.commented": "留言",
    "extension.asked": "申请延期",
    "extension.answered": "审批延期",
    "case.jumped": "人工改派环节",
    "case.moved": "迁移版本",
    "deadline.revised": "日历变更，重算时限",
    "case.related": "关联事项有变化",
}
NEWS: Final = {"opened": "已由本事项开出", "ended": "已办结", "merged": "已并入本事项"}


def fold_until(history: Iterable[bytes]) -> Case | None:
    """The case after these events; None if there are none."""
    case: Case | None = None
    for data in history:
        case = apply(case, read(data))
    return case


def event_views(
    container: Container,
    presenter: Presenter,
    history: Iterable[bytes],
    *,
    raw: bool,
    secrets: Mapping[str, bytes] | None = None,
) -> Iterator[EventView]:
    """In order; each in the words of the version it was decided under. Without `secrets` personal words stay hidden."""
    case: Case | None = None
    for data in history:
        event, before = read(data), case
        case = apply(before, event)
        program = container.definitions.digest(event.body["def"]["digest"])
        told = _Told(presenter, program, before, case, event, secrets)
        yield _view(told, data.decode() if raw else None)


def named_files(container: Container, history: Iterable[bytes]) -> set[str]:
    """Digests of all evidence that a case names: in the fields of its events, and beside its comments."""
    found: set[str] = set()
    for data in history:
        event = read(data)
        definition = container.definitions.digest(event.body["def"]["digest"]).definition
        asked = event.body["asked"]
        found.update(asked.get("files", ()))
        for name, value in asked.get("data", {}).items():
            spec = definition.fields.get(name)
            if spec and spec.type is FieldType.FILES and isinstance(value, list):
                found.update(value)
    return found


@dataclass(frozen=True, slots=True)
class _Told:
    """One event with the case before and after it, in the words of its own version."""

    presenter: Presenter
    program: Program
    before: Case | None
    after: Case
    event: Event
    secrets: Mapping[str, bytes] | None

    @property
    def body(self) -> Mapping[str, Any]:
        return self.event.body

    @property
    def asked(self) -> Mapping[str, Any]:
        asked: Mapping[str, Any] = self.event.body["asked"]
        return asked

    @property
    def moved(self) -> bool:
        return any(change["op"] == "enter" for change in self.body["changes"])

    @property
    def arrival(self) -> str:
        return f"进入“{self.program.definition.states[self.after.state].title.zh}”"

    def lane(self, key: str) -> str:
        return self.presenter.lane_title(self.program.definition, self.after.lanes[key], key)

    def clock(self, key: str) -> str:
        """Of the case before: the state clock is then still that of the state it left."""
        return self.presenter.clock_title(self.program, self.before or self.after, key)


def _view(told: _Told, raw: str | None) -> EventView:
    event, body, asked, presenter = told.event, told.body, told.asked, told.presenter
    actor, definition = body["actor"], told.program.definition
    role = actor["grant"]["role"] if actor["grant"] else ""
    return EventView(
        seq=event.seq,
        type=event.type,
        title=TITLES.get(event.type, event.type),
        at=event.at,
        occurred_at=parse_instant(body["occurred_at"]),
        actor=_who(presenter, actor),
        on_behalf_of=presenter.person(actor["for"]) if actor["for"] else None,
        role=_role_title(told.program, role),
        sentence=_SENTENCES[event.type](told)
        if event.type in _SENTENCES
        else TITLES.get(event.type, event.type),
        reason=said(asked.get("reason", ""), told.secrets),
        state=Named(id=body["state"], title=definition.states[body["state"]].title.zh),
        data=presenter.values(definition, asked.get("data", {}), None),
        files=list(asked.get("files", ())),
        hash=event.hash,
        prev=event.prev,
        raw=raw,
    )


def _who(presenter: Presenter, actor: Mapping[str, Any]) -> Named:
    if actor["kind"] == "person":
        return presenter.person(actor["id"])
    return Named(id=actor["id"], title={"clock": "时钟", "system": "系统"}.get(actor["kind"], actor["id"]))


def _role_title(program: Program, post: str) -> str:
    roles = program.definition.roles
    return next((spec.title.zh for name, spec in roles.items() if program.post(name) == post), post)


def _opened(told: _Told) -> str:
    return f"登记，{told.arrival}"


def _step(told: _Told) -> str:
    key, step = told.asked["lane"], told.asked["step"]
    case = told.before or told.after
    state = case.lanes[key].state if key else case.state
    chart = told.program.charts[case.lanes[key].type if key else ""]
    where = f"在“{told.lane(key)}”" if key else ""
    words = f"{where}办理“{chart.steps[state][step].spec.title.zh}”"
    return f"{words}，{told.arrival}" if told.moved else words


def _fired(told: _Told) -> str:
    fired = told.body["inputs"]["fired"]
    about = "到期提醒" if fired["rung"].startswith("remind-") else "时限已到"
    words = f"“{told.clock(fired['clock'])}”{about}"
    return f"{words}，自动{told.arrival}" if told.moved else words


def _lane_changed(told: _Told) -> str:
    return f"{TITLES[told.event.type]}“{told.lane(told.asked['lane'])}”"


def _assigned(told: _Told) -> str:
    return f"指派给{told.presenter.person(told.asked['person']).title}"


def _commented(told: _Told) -> str:
    return f"留言：{said(told.asked['text'], told.secrets)}"


def _extension_asked(told: _Told) -> str:
    return f"申请延长“{told.clock(told.asked['clock'])}”的时限"


def _extension_answered(told: _Told) -> str:
    word = "同意" if told.asked["approve"] else "不同意"
    return f"{word}延长“{told.clock(told.asked['clock'])}”的时限"


def _jumped(told: _Told) -> str:
    second = told.presenter.person(told.asked["second"]).title
    return f"人工改派，{told.arrival}；共同负责：{second}"


def _imported(told: _Told) -> str:
    asked = told.asked
    past = "；".join(f"{each['at'][:10]} {each['what']}" for each in asked["past"])
    return f"导入，原编号 {asked['number']}，{told.arrival}" + (f"。此前：{past}" if past else "")


def _moved(told: _Told) -> str:
    return f"迁移到第 {told.asked['version']} 版"


def _related(told: _Told) -> str:
    news = told.asked["news"]
    return f"事项 {told.asked['other']} {NEWS.get(news, news)}"


_SENTENCES: Final[dict[str, Callable[[_Told], str]]] = {
    "case.opened": _opened,
    "case.imported": _imported,
    "step.taken": _step,
    "clock.fired": _fired,
    "lane.added": _lane_changed,
    "lane.withdrawn": _lane_changed,
    "case.assigned": _assigned,
    "case.commented": _commented,
    "extension.asked": _extension_asked,
    "extension.answered": _extension_answered,
    "case.jumped": _jumped,
    "case.moved": _moved,
    "case.related": _related,
}

"""Random histories of any workflow, the same on every machine for the same seed.

`drive` acts through a small protocol (`World`), so that memory, SQLite and PostgreSQL can be driven alike and their events
compared byte by byte; `random_history` is the short way, in memory. The driver acts like an office: people who may act take
open steps with sensible data, clocks ring when their moment comes (or late, after an outage), and now and then somebody
asks for what cannot be. It looks for people and open steps as the API would, by asking the engine's own blockers.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from hashlib import sha256
from pathlib import Path
from random import Random
from typing import Any, Protocol

from adapters.calendars import load_calendar
from adapters.clock import MovedClock
from adapters.memory import MemoryStore
from engine import canonical
from engine.access import Actor, grants_of
from engine.blockers import Place, why_blocked
from engine.calendar import Calendar, Override
from engine.case import Case, CaseId, CommandId, Holder
from engine.commands import (
    AddLane,
    AnswerExtension,
    AskExtension,
    Assign,
    Command,
    Comment,
    Jump,
    MoveVersion,
    Open,
    Recount,
    Relate,
    TakeStep,
    Tick,
    WithdrawLane,
)
from engine.definition import Definition, FieldSpec, FieldType, RoleOf
from engine.directory import Directory, Of, Person, PersonId, Post, Region, RegionId, SubjectId, Unit, UnitId
from engine.draft import Draft, Facts
from engine.errors import BihuanError
from engine.loading import load
from engine.machine import CompiledStep, Program
from engine.numbering import case_number
from engine.runtime import CLOCK, Accepted, Engine, Outcome
from engine.timing import rule_of

ROOT = Path(__file__).parents[2]
SUBJECT = "示例企业一"
REGION, CITY, PROVINCE = RegionId("340302"), RegionId("3403"), RegionId("34")
UNITS = tuple(UnitId(f"u-340302-{name}") for name in ("science", "finance", "tax", "industry"))
SINCE = date(2018, 1, 1)
# A Monday, 09:00 in China; eleven months of official calendar follow.
START = datetime(2026, 1, 5, 1, 0, tzinfo=UTC)
SYSTEM = Actor(id="system", kind="system", channel="system")
# Evidence by its digest, as the service of files names it.
FILES = {
    f"sha256:{sha256(content).hexdigest()}": content
    for content in ("示例材料一".encode(), "示例材料二".encode())
}
RINGS_AT_MOST = 400  # of one advance: a definition that rings more often than that is broken


class World(Protocol):
    """Where a history is made. All of it is told the time; nothing waits."""

    def handle(self, commands: Sequence[Command]) -> Sequence[Outcome]: ...

    def move_to(self, now: datetime) -> None: ...

    def calendar(self, name: str) -> Calendar:
        """The calendar in force now."""

    def change_calendar(self, name: str) -> None:
        """Put the other one of two calendars into force."""


@dataclass
class History:
    """What one drive made: `refused` counts the codes of refusals, `kinds` the types of events."""

    case: Case
    events: list[bytes] = field(default_factory=list)
    refused: Counter[str] = field(default_factory=Counter)
    kinds: Counter[str] = field(default_factory=Counter)


# Programs, people and worlds


@lru_cache(maxsize=16)
def program_of(path: str) -> Program:
    """A workflow of this repository by its path from the root."""
    return Program(load((ROOT / path).read_bytes(), name=path))


@lru_cache(maxsize=16)
def next_version(program: Program) -> Program:
    """The same workflow with the next version number: every case of it can be moved there."""
    version = program.definition.version
    text = re.sub(r"^replaces:\n(?:[ ].*\n)+", "", program.source.data.decode(), flags=re.MULTILINE)
    text = re.sub(
        rf"^version: {version}\b.*$",
        f"version: {version + 1}\nreplaces: {{version: {version}}}",
        text,
        count=1,
        flags=re.MULTILINE,
    )
    return Program(load(text.encode(), name="next.yaml"))


def organisation_for(*definitions: Definition) -> Directory:
    """Two people for every role in the county and in each unit, one in the city and one in the province."""
    regions = (
        Region(PROVINCE, "示例省"),
        Region(CITY, "示例市", PROVINCE),
        Region(REGION, "示例县", CITY),
    )
    units = (*(Unit(u, f"{u}（示例）", REGION) for u in UNITS), Unit(UnitId("u-34"), "示例厅", PROVINCE))
    people: dict[PersonId, Person] = {}
    posts: dict[Post, None] = {}

    def put(person: str, home: UnitId, role: str, **reach: Any) -> None:
        found = PersonId(person)
        people[found] = Person(found, f"示例人员·{person}", home)
        posts[Post(person=found, role=role, since=SINCE, **reach)] = None

    for name, spec in (role for definition in definitions for role in definition.roles.items()):
        role = spec.post or name
        if spec.of is RoleOf.UNIT:
            for unit in UNITS:
                put(f"p-{unit}-{role}-1", unit, role, unit=unit)
                put(f"p-{unit}-{role}-2", unit, role, unit=unit)
        elif spec.of is RoleOf.SUBJECT:
            put("p-client-1", UNITS[0], role, subject=SubjectId(SUBJECT))
        elif spec.of is RoleOf.SYSTEM:
            continue
        else:
            put(f"p-{REGION}-{role}-1", UNITS[0], role, region=REGION)
            put(f"p-{REGION}-{role}-2", UNITS[1], role, region=REGION)
            put(f"p-{CITY}-{role}-1", UNITS[0], role, region=CITY)
            put(f"p-{PROVINCE}-{role}-1", UnitId("u-34"), role, region=PROVINCE)
    return Directory(regions, units, tuple(people.values()), tuple(posts))


@lru_cache(maxsize=4)
def calendars() -> tuple[Calendar, Calendar]:
    """The national calendar, and the same after a notice that moved some days both ways."""
    cn = load_calendar("cn")
    moved = [
        Override(date=day, kind="off" if cn.is_working_day(day) else "work", reason="示例调整")
        for day in (date(2026, month, 7 + month) for month in range(1, 13))
    ]
    return cn, cn.with_overrides(moved, id=cn.id, title=cn.title)


class MemoryWorld:
    """A world in memory for some programs and one organisation."""

    def __init__(
        self,
        programs: Iterable[Program],
        directory: Directory,
        *,
        seed: int = 0,
        both: Sequence[Calendar] = (),
    ) -> None:
        self.programs = tuple(programs)
        self.directory = directory
        self.clock = MovedClock(START)
        self.store = MemoryStore()
        self._calendars = list(both or calendars())
        self.engine = Engine(
            store=self.store,
            definitions=self,
            calendars=_InForce(self._calendars),
            directories=_Always(directory),
            now=self.clock,
            entropy=Random(seed).randbytes,
            log="示例",
            version="0",
        )

    def handle(self, commands: Sequence[Command]) -> Sequence[Outcome]:
        return self.engine.handle(commands)

    def move_to(self, now: datetime) -> None:
        self.clock.move_to(now)

    def calendar(self, name: str) -> Calendar:
        return self._calendars[0]

    def change_calendar(self, name: str) -> None:
        self._calendars.reverse()

    # engine.ports.Definitions

    def current(self, workflow: str, at: datetime) -> Program:
        return next(p for p in self.programs if p.definition.workflow == workflow)

    def version(self, workflow: str, version: int) -> Program:
        return next(p for p in self.programs if p.definition.version == version)

    def digest(self, digest: str) -> Program:
        return next(p for p in self.programs if p.digest == digest)


class _InForce:
    """The first of two calendars is in force; both are known by their digests."""

    def __init__(self, both: list[Calendar]) -> None:
        self._both = both

    def current(self, calendar: str) -> Calendar:
        return self._both[0]

    def digest(self, digest: str) -> Calendar:
        return next(c for c in self._both if c.digest == digest)


@dataclass
class _Always:
    directory: Directory

    def current(self) -> Directory:
        return self.directory


def random_history(program: Program, seed: int, steps: int) -> tuple[History, MemoryWorld]:
    """One case in memory under `program`, which may be moved to the next version of it."""
    directory = organisation_for(program.definition)
    world = MemoryWorld((program, next_version(program)), directory, seed=seed)
    return drive(world, program, directory, seed=seed, steps=steps), world


def drive(
    world: World,
    program: Program,
    directory: Directory,
    *,
    seed: int,
    steps: int,
    later: Program | None = None,
) -> History:
    """Open a case and do `steps` random things with it, or stop a little after its end.

    Numbers and keys of cases come from the seed: within one store every drive needs a seed of its own, whatever the
    workflow. A second case of the same subject is opened beside it, for merging.
    """
    return _Driver(world, program, later or next_version(program), directory, seed).run(steps)


# Forging


def leaves(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The path of everything in a JSON value that is neither an object nor an array."""
    if isinstance(value, dict):
        for key, item in value.items():
            yield from leaves(item, (*path, key))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from leaves(item, (*path, index))
    else:
        yield path


def altered(data: bytes, path: tuple[Any, ...]) -> bytes:
    """The same event with one value changed, in canonical bytes."""
    body = canonical.decode(data)
    here = body
    for step in path[:-1]:
        here = here[step]
    value = here[path[-1]]
    here[path[-1]] = (
        (not value) if isinstance(value, bool) else value + 1 if isinstance(value, int) else f"{value or ''}x"
    )
    return canonical.encode(body)


# The driver


class _Driver:
    def __init__(
        self, world: World, program: Program, later: Program, directory: Directory, seed: int
    ) -> None:
        self.world, self.program, self.directory = world, program, directory
        self.programs = {p.digest: p for p in (program, later)}
        self.later = later
        self.random = Random(f"{program.definition.workflow}/{seed}")
        self.now = START + timedelta(minutes=self.random.randrange(60 * 24 * 200))
        self.case_id = case_number(2026, 2 * seed + 1)
        self.sibling = case_number(2026, 2 * seed + 2)
        self.count = 0
        self.history = History(case=None)  # type: ignore[arg-type]

    def run(self, steps: int) -> History:
        self._move_to(self.now)
        self._open(self.sibling)
        self.history = History(case=self._open(self.case_id))
        self.history.events, self.history.kinds = list(self._opened), Counter({"case.opened": 1})
        for _ in range(steps):
            if self.history.case.ended == "final" and self.random.random() < 0.9:
                continue
            action = self.random.choices(list(_ACTIONS), list(_ACTIONS.values()))[0]
            action(self)
        return self.history

    # Asking

    def _id(self) -> CommandId:
        self.count += 1
        return CommandId(f"{self.case_id}-{self.count}")

    def _send(self, *commands: Command) -> list[Outcome]:
        outcomes = list(self.world.handle(commands))
        for outcome in outcomes:
            if isinstance(outcome, Accepted):
                assert outcome.event is not None
                assert outcome.case is not None
                self.history.events.append(outcome.event.data)
                self.history.kinds[outcome.event.type] += 1
                self.history.case = outcome.case
            else:
                self.history.refused[outcome.error.code] += 1
        return outcomes

    def _move_to(self, now: datetime) -> None:
        self.now = now
        self.world.move_to(now)

    def _facts(self) -> Facts:
        name = self.program.definition.calendar
        return Facts(
            now=self.now, calendar=self.world.calendar(name), directory=self.directory, log="", engine=""
        )

    def _draft(self, actor: Actor) -> Draft:
        probe = Comment(id=CommandId("probe"), case=self.case_id, actor=actor, text="示例")
        return Draft(self.program, self.history.case, probe, self._facts())

    # People

    def _actor(self, person: str) -> Actor:
        posts = self.directory.posts_of(person, on=date(2026, 6, 1))
        return Actor(id=person, grants=grants_of(posts), channel="api")

    def _anybody(self) -> Actor:
        return self._actor(self.random.choice(self.directory.people).id)

    def _somebody(self, roles: Iterable[str], unit: str) -> Actor:
        """One who holds one of the roles for a case here that `unit` holds."""
        names = list(roles)
        if not names:
            return self._anybody()
        name = self.random.choice(names)
        spec, role = self.program.role(name), self.program.post(name)
        on = date(2026, 6, 1)
        if spec.of is RoleOf.SYSTEM:
            return SYSTEM
        if spec.of is RoleOf.SUBJECT:
            people = self.directory.subject_holders(role, subject=SUBJECT, on=on)
        elif spec.of is RoleOf.UNIT:
            people = self.directory.unit_holders(role, unit=unit or UNITS[0], on=on)
        else:
            address = self.program.address(name)
            assert address.of is not Of.UNIT
            people = self.directory.resolve(address, region=REGION, unit=None, on=on).people
        return self._actor(self.random.choice(people)) if people else self._anybody()

    # Data

    def _data(self, needs: Iterable[str], may: Iterable[str]) -> dict[str, Any]:
        wanted = [*needs, *(name for name in may if self.random.random() < 0.4)]
        fields = self.program.definition.fields
        return {name: self._value(name, fields[name]) for name in wanted}

    def _value(self, name: str, spec: FieldSpec) -> Any:
        return _VALUES[spec.type](self, spec)

    def _text(self, spec: FieldSpec) -> str:
        text = self.random.choice(("同意", "已经办妥，请回访（示例）", "情况属实，正在协调解决（示例）"))
        return text.ljust(spec.min or 0, "示")[: spec.max or 4000]

    def _integer(self, spec: FieldSpec) -> int:
        least = spec.min or 0
        return self.random.choice((least, least, self.random.randint(least, spec.max or least + 10)))

    def _some(self, spec: FieldSpec, choices: Sequence[str]) -> list[str]:
        most = min(spec.max or len(choices), len(choices), 3)
        return self.random.sample(list(choices), self.random.randint(min(spec.min or 0, most), most))

    def _day(self, spec: FieldSpec) -> str:
        """A day of the next months; now and then one that does not lie ahead."""
        return (self.now.date() + timedelta(days=self.random.randint(-3, 90))).isoformat()

    # What may happen

    def _open(self, case_id: CaseId) -> Case:
        definition = self.program.definition
        actor = self._somebody(definition.opening.by, "")
        command = Open(
            id=self._id(),
            case=case_id,
            actor=actor,
            workflow=definition.workflow,
            version=definition.version,
            region=REGION,
            subject=SUBJECT,
            data=self._data(definition.opening.needs, definition.opening.may),
        )
        (outcome,) = self.world.handle([command])
        assert isinstance(outcome, Accepted), outcome
        assert outcome.event is not None
        assert outcome.case is not None
        self._opened = [outcome.event.data]
        return outcome.case

    def _lanes(self) -> list[str]:
        return [key for key, lane in sorted(self.history.case.lanes.items()) if not lane.outcome]

    def take_step(self) -> None:
        """An open step, by somebody who may; now and then another one by anybody."""
        lanes = self._lanes()
        lane = self.random.choice(lanes) if lanes and self.random.random() < 0.6 else ""
        place = Place.of(self._draft(SYSTEM), lane)
        steps = list(place.chart.steps[place.state].values())
        self.random.shuffle(steps)
        if self.random.random() < 0.8:  # most walks are long ones
            steps.sort(key=lambda step: self._ends(place, step))
        wild = self.random.random() < 0.1
        for step in steps:
            actor = self._anybody() if wild else self._somebody(step.spec.by, place.unit)
            if wild or not why_blocked(self._draft(actor), place, step, incoming=None):
                self._take(step, lane, actor)
                return

    def _ends(self, place: Place, step: CompiledStep) -> bool:
        return any(place.chart.states[route.to].final for route in step.spec.to)

    def _take(self, step: CompiledStep, lane: str, actor: Actor) -> None:
        data = self._data(step.spec.needs, step.spec.may)
        if data and self.random.random() < 0.05:
            data[self.random.choice(sorted(data))] = self.random.choice([7, "", None, [], "9" * 5000])
        taken = TakeStep(id=self._id(), case=self.case_id, actor=actor, step=step.id, lane=lane, data=data)
        if self.random.random() < 0.2:  # several commands on one case in one group
            note = Comment(id=self._id(), case=self.case_id, actor=actor, text="一并说明（示例）")
            self._send(taken, note)
        else:
            self._send(taken)

    def advance(self) -> None:
        """Time goes on; what falls due rings in order, on time or, after an outage, all at the end."""
        case = self.history.case
        lengths = (timedelta(minutes=7), timedelta(hours=3), timedelta(days=1), timedelta(days=6))
        until = self.now + self.random.choice(lengths)
        if case.wake_at and self.random.random() < 0.6:
            until = max(self.now, case.wake_at + self.random.choice((timedelta(0), timedelta(seconds=1))))
        outage = self.random.random() < 0.25
        for _ in range(RINGS_AT_MOST):
            wake_at = self.history.case.wake_at
            if wake_at is None or wake_at > until:
                break
            self._move_to(until if outage else max(self.now, wake_at))
            self._send(Tick(id=self._id(), case=self.case_id, actor=CLOCK))
        else:
            raise AssertionError(f"rings without end in {self.history.case.state}")
        self._move_to(until)

    def comment(self) -> None:
        text = self.random.choice(("请尽快办理（示例）", "已电话联系（示例）", " "))
        self._send(Comment(id=self._id(), case=self.case_id, actor=self._anybody(), text=text))

    def assign(self) -> None:
        lanes = self._lanes()
        lane = self.random.choice(lanes) if lanes and self.random.random() < 0.5 else ""
        holder = self.history.case.lanes[lane].holder if lane else self.history.case.holder
        if not holder.role:
            return
        actor = self._somebody([holder.role], holder.unit)
        person = self._somebody([holder.role], holder.unit).id
        self._send(Assign(id=self._id(), case=self.case_id, actor=actor, person=person, lane=lane))

    def add_lane(self) -> None:
        group = self._group()
        if group:
            state, keys = group
            parallel = self.program.parallels[state][0]
            actor = self._somebody(self._managers(state), self.history.case.holder.unit)
            assert parallel.lane
            key = self.random.choice(keys)
            self._send(AddLane(id=self._id(), case=self.case_id, actor=actor, lane=key, reason="示例"))

    def withdraw_lane(self) -> None:
        group, lanes = self._group(), self._lanes()
        if group and lanes:
            actor = self._somebody(self._managers(group[0]), self.history.case.holder.unit)
            key = self.random.choice(lanes)
            self._send(WithdrawLane(id=self._id(), case=self.case_id, actor=actor, lane=key, reason="示例"))

    def _group(self) -> tuple[str, list[str]] | None:
        for state, (parallel, scope) in self.program.parallels.items():
            if self.history.case.state in scope:
                if not parallel.each:
                    return state, sorted(parallel.lanes)
                spec = self.program.definition.fields[parallel.each]
                return state, sorted(spec.options) or list(UNITS)
        return None

    def _managers(self, state: str) -> tuple[str, ...]:
        spec = self.program.definition.states[state]
        managed_by = spec.parallel.managed_by if spec.parallel else ()
        return managed_by or ((spec.owner,) if spec.owner else ())

    def ask_extension(self) -> None:
        clock_id, holder = self._clock()
        rule = rule_of(self.program, self.history.case, clock_id) if clock_id else None
        roles = rule.extension.asked_by if rule and rule.extension else ()
        actor = self._somebody(roles, holder.unit)
        amount = self.random.choice(("", "", "1 working day", "2 working hours"))
        ask = AskExtension(
            id=self._id(), case=self.case_id, actor=actor, clock=clock_id, reason="示例理由", amount=amount
        )
        self._send(ask)

    def answer_extension(self) -> None:
        asked = [k for k, c in sorted(self.history.case.clocks.items()) if c.asked]
        if not asked:
            return
        clock_id = self.random.choice(asked)
        rule = rule_of(self.program, self.history.case, clock_id)
        assert rule is not None
        assert rule.extension is not None
        clock = self.history.case.clocks[clock_id]
        roles = (clock.extended and rule.extension.later_approved_by) or rule.extension.approved_by
        actor = self._somebody(roles, self._holder(clock_id).unit)
        approve = self.random.random() < 0.7
        answer = AnswerExtension(
            id=self._id(), case=self.case_id, actor=actor, clock=clock_id, approve=approve
        )
        self._send(answer)

    def _clock(self) -> tuple[str, Holder]:
        running = [k for k, c in sorted(self.history.case.clocks.items()) if c.is_open]
        with_rule = [
            k
            for k in running
            if (rule := rule_of(self.program, self.history.case, k)) is not None and rule.extension
        ]
        chosen = self.random.choice(with_rule or running or [""])
        return chosen, self._holder(chosen) if chosen else Holder()

    def _holder(self, clock_id: str) -> Holder:
        if clock_id.startswith("lane/"):
            return self.history.case.lanes[clock_id.removeprefix("lane/")].holder
        return self.history.case.holder

    def jump(self) -> None:
        administrators = self.program.definition.administrators
        actor = self._somebody(administrators, "")
        states = [s for s, spec in sorted(self.program.definition.states.items()) if not spec.final]
        self._send(
            Jump(
                id=self._id(),
                case=self.case_id,
                actor=actor,
                state=self.random.choice(states),
                reason="示例理由",
                second=self._anybody().id,
            )
        )

    def recount(self) -> None:
        self.world.change_calendar(self.program.definition.calendar)
        self._send(Recount(id=self._id(), case=self.case_id, actor=SYSTEM, reason="日历调整（示例）"))

    def move_version(self) -> None:
        actor = self._somebody(self.program.definition.administrators, "")
        version = self.later.definition.version
        moved = MoveVersion(
            id=self._id(), case=self.case_id, actor=actor, version=version, reason="新版本施行（示例）"
        )
        (outcome,) = self._send(moved)
        if isinstance(outcome, Accepted):
            self.program = self.later

    def relate(self) -> None:
        """News of another case; a merged one brings its clocks along."""
        news = self.random.choice(("opened", "ended", "merged"))
        clocks: Mapping[str, Any] = {}
        if news == "merged":
            begun = self.history.case.opened_at - timedelta(days=self.random.randrange(1, 9))
            due = self.now + timedelta(days=self.random.randrange(-2, 9))
            moments = [m.strftime("%Y-%m-%dT%H:%M:%S.%fZ") for m in (begun, due)]
            clocks = dict.fromkeys(("case", *self.program.definition.clocks), moments)
        other = case_number(2026, 9_000_000 + self.random.randrange(3))
        self._send(
            Relate(
                id=self._id(),
                case=self.case_id,
                actor=SYSTEM,
                other=other,
                relation="related",
                news=news,
                clocks=clocks,
            )
        )

    def nonsense(self) -> None:
        """What must be refused and leave nothing behind."""
        before, actor = self.history.case, self._anybody()
        envelope: dict[str, Any] = {"id": self._id(), "case": self.case_id, "actor": actor}
        commands: list[Command] = [
            TakeStep(**envelope, step="no_such_step"),
            TakeStep(**envelope, step="no_such_step", lane="no-such-lane"),
            TakeStep(**{**envelope, "expected_seq": before.seq + 1}, step="no_such_step"),
            TakeStep(**{**envelope, "case": case_number(2026, 8_000_000)}, step="no_such_step"),
            TakeStep(**envelope, step="no_such_step", data={"x": 0.5}),
            Assign(**envelope, person="p-nobody"),
            Jump(**envelope, state="no_such_state", reason="示例", second="p-nobody"),
            AskExtension(**envelope, clock="no_such_clock", reason="示例"),
            Comment(**envelope, text=""),
            Relate(**envelope, other="1", relation="related", news="opened"),
        ]
        (outcome,) = self._send(self.random.choice(commands))
        assert not isinstance(outcome, Accepted), outcome
        assert isinstance(outcome.error, BihuanError)
        assert self.history.case is before


_VALUES: dict[FieldType, Callable[[_Driver, FieldSpec], Any]] = {
    FieldType.TEXT: _Driver._text,
    FieldType.TEXTS: lambda d, spec: d._some(spec, ["《示例办法》第一条", "《示例办法》第二条"]),
    FieldType.INTEGER: _Driver._integer,
    FieldType.BOOLEAN: lambda d, spec: d.random.random() < 0.5,
    FieldType.DATE: _Driver._day,
    FieldType.CHOICE: lambda d, spec: d.random.choice(list(spec.options)),
    FieldType.CHOICES: lambda d, spec: d._some(spec, list(spec.options)),
    FieldType.UNIT: lambda d, spec: d.random.choice(UNITS),
    FieldType.UNITS: lambda d, spec: d._some(spec, UNITS),
    FieldType.PERSON: lambda d, spec: d.random.choice(d.directory.people).id,
    FieldType.CASE: lambda d, spec: d.sibling,
    FieldType.CASES: lambda d, spec: d._some(spec, [d.sibling]),
    FieldType.FILES: lambda d, spec: list(FILES)[: max(spec.min or 1, 1)],
}

_ACTIONS: dict[Callable[[_Driver], None], int] = {
    _Driver.take_step: 45,
    _Driver.advance: 25,
    _Driver.comment: 3,
    _Driver.assign: 4,
    _Driver.add_lane: 4,
    _Driver.withdraw_lane: 3,
    _Driver.ask_extension: 5,
    _Driver.answer_extension: 6,
    _Driver.jump: 2,
    _Driver.recount: 3,
    _Driver.move_version: 1,
    _Driver.relate: 2,
    _Driver.nonsense: 6,
}

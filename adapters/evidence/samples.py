"""Samples over the log: announced, drawn once an event came that nobody could know, and checked again by anybody.

The rule stands in `engine/audit/sampling.py`. The population is a function of the log's first `size` leaves, so that it is the
same whenever it is asked for again.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Final, Literal

from sqlalchemy import ColumnElement, Connection, and_, func, or_, select

from adapters.db.access import under
from adapters.db.database import Database
from adapters.db.rows import micros
from adapters.db.tables import CASE, EVENT
from adapters.evidence.checkpoints import Checkpoints
from adapters.evidence.integrator import Integrator
from adapters.evidence.journal import Journal
from adapters.evidence.tiles import Tiles
from engine.access import Actor
from engine.audit.journal import JOURNAL, EntryType
from engine.audit.sampling import (
    RULE,
    Member,
    commitment_of,
    drawn,
    in_order,
    population_root,
    seed_of,
)
from engine.canonical import instant, leaf_hash, parse_instant
from engine.case import Case
from engine.directory import covers
from engine.errors import BihuanError
from engine.events import apply, read

__all__ = ["Announced", "Checked", "NoSuchSample", "SampleRefused", "SampleScope", "Samples", "Seed"]

Stratify = Literal["", "workflow", "unit"]
COUNT_MAX: Final = 10_000


class NoSuchSample(BihuanError):
    """Raised when the journal has no announcement under that number."""

    code, kind = "no_such_sample", "missing"


class SampleRefused(BihuanError):
    """Raised when a sample cannot be announced or drawn: no population, no seed yet, or another secret than was committed."""

    code = "sample_refused"


@dataclass(frozen=True, slots=True, kw_only=True)
class SampleScope:
    """Cases of these regions and all under them that were opened from `begin` to before `end`; days as the auditor wrote them."""

    regions: tuple[str, ...]
    since: str
    until: str
    begin: datetime
    end: datetime
    stratify: Stratify = ""

    def overlaps(self, other: SampleScope) -> bool:
        """Whether a case may lie in both."""
        is_near = any(covers(a, b) or covers(b, a) for a in self.regions for b in other.regions)
        return is_near and self.begin < other.end and other.begin < self.end

    def as_data(self) -> dict[str, Any]:
        moments = {"begin": instant(self.begin), "end": instant(self.end)}
        return {**asdict(self), **moments, "regions": list(self.regions)}

    @classmethod
    def from_data(cls, data: Mapping[str, Any]) -> SampleScope:
        moments = {name: parse_instant(data[name]) for name in ("begin", "end")}
        return cls(**{**data, **moments, "regions": tuple(data["regions"])})


@dataclass(frozen=True, slots=True)
class Announced:
    """An announcement with its draw, if it was drawn. `number` is the seq of its entry."""

    number: int
    hash: str
    at: datetime
    actor: str
    scope: SampleScope
    count: int
    size: int
    population: int
    root: str
    commitment: str
    drawn: Mapping[str, Any] | None


@dataclass(frozen=True, slots=True)
class Seed:
    """The seed event, and the size of the smallest signed tree that holds it: it can no longer become another one."""

    case: str
    seq: int
    hash: str
    checkpoint: int


@dataclass(frozen=True, slots=True)
class Checked:
    """One thing that was done again, and whether it came out alike."""

    code: str
    title: str
    is_same: bool
    found: str


class Samples:
    def __init__(
        self,
        database: Database,
        *,
        journal: Journal,
        integrator: Integrator,
        tiles: Tiles,
        checkpoints: Checkpoints,
    ) -> None:
        self._database = database
        self._journal = journal
        self._integrator = integrator
        self._tiles = tiles
        self._checkpoints = checkpoints

    def announce(
        self, scope: SampleScope, count: int, commitment: str, *, actor: Actor, now: datetime
    ) -> Announced:
        """Fix the population and tell the journal; the same commitment again is the same one. Errors: `SampleRefused`."""
        if known := [one for one in self.all() if one.commitment == commitment]:
            return self._same(known[0], scope, count)
        self._integrator.catch_up(now)
        size = self._tiles.size()
        members = self.population(scope, size)
        if not members:
            raise SampleRefused("范围内没有事项，不能抽样", hint="放宽区划或期间")
        data = {
            "commitment": commitment,
            "count": count,
            "population": len(members),
            "root": population_root(members),
            "rule": RULE,
            "scope": scope.as_data(),
            "size": size,
        }
        entry = self._journal.record(EntryType.SAMPLE_ANNOUNCED, data, actor=actor, at=now)
        self._integrator.catch_up(now)
        return self.one(entry.seq)

    def seed(self, announced: Announced) -> Seed:
        """The seed event, once a checkpoint holds it: only then may anybody say the secret. Errors: `SampleRefused`."""
        found = self._seed_event(announced)
        if found is None:
            raise SampleRefused(
                "宣布以后还没有新的记录，不能抽取", hint="等任一事项有了新的记录再抽；此前不要说出暗语"
            )
        case, seq, hash_, index = found
        checkpoint = self._checkpoints.covering(index)
        if not checkpoint:
            raise SampleRefused(
                "种子记录还不在签过的检查点里，不能抽取", hint="十几秒后再看；此前不要说出暗语"
            )
        return Seed(case, seq, hash_, checkpoint)

    def require_seed(self, announced: Announced, seen: str) -> Seed:
        """The seed event, if it is the one that the auditor saw. Errors: `SampleRefused`."""
        seed = self.seed(announced)
        if seed.hash != seen:
            raise SampleRefused("这不是所记录的种子", hint="先查看这次抽样，核对种子记录的散列")
        return seed

    def draw(self, number: int, secret: str, *, seen: str, actor: Actor, now: datetime) -> Announced:
        """Draw by the seed event that was `seen`; whoever asks again gets what was drawn.

        The secret is not looked at before the seed event stands. Errors: `NoSuchSample`, `SampleRefused`.
        """
        announced = self.one(number)
        event = self.require_seed(announced, seen)
        if commitment_of(secret) != announced.commitment:
            raise SampleRefused("暗语与宣布时交的摘要不符", hint="写宣布前想好的那句暗语，一字不差")
        if announced.drawn is not None:
            return announced
        seed = seed_of(announcement=announced.hash, event=event.hash, secret=secret)
        members = self.population(announced.scope, announced.size)
        data = {
            "announced": number,
            "drawn": drawn(seed, members, announced.count),
            "population": announced.population,
            "root": announced.root,
            "scope": announced.scope.as_data(),
            "secret": secret,
            "seed": seed,
            "seed_case": event.case,
            "seed_hash": event.hash,
            "seed_seq": event.seq,
        }
        with self._database.writing() as connection:
            self._journal.lock(connection)  # of two who draw at once, one tells it
            if not self._drawn_in(connection, number):
                self._journal.append(connection, EntryType.SAMPLE_DRAWN, data, actor=actor, at=now)
        return self.one(number)

    def one(self, number: int) -> Announced:
        """Errors: `NoSuchSample`."""
        for announced in self.all():
            if announced.number == number:
                return announced
        raise NoSuchSample(f"没有第 {number} 号抽样", hint="编号是宣布时给出的")

    def all(self) -> list[Announced]:
        """Every announcement, those that were never drawn as well: who announces until they like the result shows."""
        entries = self._journal.entries(EntryType.SAMPLE_ANNOUNCED, EntryType.SAMPLE_DRAWN)
        draws = {e["data"]["announced"]: e["data"] for e in entries if e["type"] == EntryType.SAMPLE_DRAWN}
        announcements = [e for e in entries if e["type"] == EntryType.SAMPLE_ANNOUNCED]
        hashes = self._hashes([e["seq"] for e in announcements])
        return [_announced(e, hashes[e["seq"]], draws.get(e["seq"])) for e in announcements]

    def count(self, scope: SampleScope) -> int:
        """How many cases there are in the scope now."""
        query = select(func.count()).select_from(CASE).where(_in_scope(scope))
        with self._database.reading() as connection:
            return connection.scalar(query) or 0

    def population(self, scope: SampleScope, size: int) -> list[Member]:
        """The cases whose first event is among the first `size` leaves; strata as they stood there."""
        query = (
            select(CASE.c.id, CASE.c.workflow)
            .join(EVENT, and_(EVENT.c.case_id == CASE.c.id, EVENT.c.seq == 1))
            .where(EVENT.c.leaf_index < size, _in_scope(scope))
        )
        with self._database.reading() as connection:
            rows = connection.execute(query).all()
        if scope.stratify == "unit":
            return in_order(Member(row.id, self._unit_at(row.id, size)) for row in rows)
        return in_order(Member(row.id, row.workflow if scope.stratify else "") for row in rows)

    def check(self, number: int) -> list[Checked]:
        """Everything about a sample done again from the log. Errors: `NoSuchSample`."""
        announced = self.one(number)
        members = self.population(announced.scope, announced.size)
        root = population_root(members)
        found = [
            Checked("population", "总体件数", len(members) == announced.population, str(len(members))),
            Checked("root", "总体的根", root == announced.root, root),
        ]
        return [*found, *self._draw_checked(announced, members)] if announced.drawn else found

    def _draw_checked(self, announced: Announced, members: list[Member]) -> Iterator[Checked]:
        told = announced.drawn or {}
        commitment = commitment_of(told["secret"])
        yield Checked("secret", "暗语的摘要", commitment == announced.commitment, commitment)
        case, seq, hash_, _ = self._seed_event(announced) or ("", 0, "", 0)
        is_event = (case, seq, hash_) == (told["seed_case"], told["seed_seq"], told["seed_hash"])
        yield Checked("seed_event", "种子记录", is_event, hash_)
        seed = seed_of(announcement=announced.hash, event=hash_, secret=told["secret"])
        yield Checked("seed", "种子", seed == told["seed"], seed)
        again = drawn(seed, members, announced.count)
        yield Checked("drawn", "抽中的事项", again == told["drawn"], "、".join(again))

    def _seed_event(self, announced: Announced) -> tuple[str, int, str, int] | None:
        """The first leaf after the announcement that was recorded later than it; the hash is that of the stored bytes."""
        own = select(EVENT.c.leaf_index).where(EVENT.c.case_id == JOURNAL, EVENT.c.seq == announced.number)
        query = (
            select(EVENT.c.case_id, EVENT.c.seq, EVENT.c.leaf_index, EVENT.c.data)
            .where(EVENT.c.leaf_index > own.scalar_subquery(), EVENT.c.at > micros(announced.at))
            .order_by(EVENT.c.leaf_index)
            .limit(1)
        )
        with self._database.reading() as connection:
            row = connection.execute(query).first()
        return (row.case_id, row.seq, leaf_hash(row.data), row.leaf_index) if row else None

    def _unit_at(self, case: str, size: int) -> str:
        query = (
            select(EVENT.c.data)
            .where(EVENT.c.case_id == case, EVENT.c.leaf_index < size)
            .order_by(EVENT.c.seq)
        )
        stood: Case | None = None
        with self._database.reading() as connection:
            for data in connection.scalars(query):
                stood = apply(stood, read(data))
        return stood.holder.unit if stood else ""

    def _same(self, announced: Announced, scope: SampleScope, count: int) -> Announced:
        if (announced.scope, announced.count) != (scope, count):
            raise SampleRefused("这个摘要已用于另一次抽样", hint="每次抽样另想一句暗语")
        return announced

    def _drawn_in(self, connection: Connection, number: int) -> bool:
        entries = self._journal.entries_in(connection, EntryType.SAMPLE_DRAWN)
        return any(entry["data"]["announced"] == number for entry in entries)

    def _hashes(self, seqs: list[int]) -> dict[int, str]:
        query = select(EVENT.c.seq, EVENT.c.data).where(EVENT.c.case_id == JOURNAL, EVENT.c.seq.in_(seqs))
        with self._database.reading() as connection:
            return {row.seq: leaf_hash(row.data) for row in connection.execute(query)}


def _in_scope(scope: SampleScope) -> ColumnElement[bool]:
    return and_(
        or_(*(under(CASE.c.region, region) for region in scope.regions)),
        CASE.c.opened_at >= micros(scope.begin),
        CASE.c.opened_at < micros(scope.end),
    )


def _announced(entry: Mapping[str, Any], hash_: str, told: Mapping[str, Any] | None) -> Announced:
    data = entry["data"]
    return Announced(
        number=entry["seq"],
        hash=hash_,
        at=parse_instant(entry["at"]),
        actor=entry["actor"]["id"],
        scope=SampleScope.from_data(data["scope"]),
        count=data["count"],
        size=data["size"],
        population=data["population"],
        root=data["root"],
        commitment=data["commitment"],
        drawn=told,
    )

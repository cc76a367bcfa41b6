"""Reports for a reader: built within their reach, written with their name on every page, and logged.

Every export leaves a row in the table `snapshot`, of kind `export`: who took out what, when, what for, and the digests of the
value and of the file. A score is frozen there too, as kind `score`.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any, Final

from sqlalchemy import insert, select

from adapters.db.database import Database
from adapters.db.programme_tables import SNAPSHOT
from adapters.db.rows import micros
from adapters.evidence.reads import Reads
from adapters.personal import PersonalValues
from adapters.programme.figures import Figures
from adapters.programme.registry import ProgrammeRegistry
from adapters.programme.slots import InForce
from adapters.registry import CalendarRegistry, DefinitionRegistry, DirectoryRegistry
from adapters.reports.assessing import assessor
from adapters.reports.docx import template_of, write_docx
from adapters.reports.figuring import Figuring
from adapters.reports.handling import as_handler
from adapters.reports.kinds import KINDS, Form, ReportKind
from adapters.reports.model import Report, Watermark
from adapters.reports.naming import Names
from adapters.reports.period import Period, UnknownPeriod, parse_period
from adapters.reports.question import Question
from adapters.reports.score import CITY_SCORE, freeze, score_sheet
from adapters.reports.sources import SqlSources
from adapters.reports.wording import moment_words
from adapters.reports.xlsx import write_xlsx
from engine import canonical
from engine.access import Actor, Reach
from engine.case import Case
from engine.directory import covers
from engine.errors import BihuanError

__all__ = [
    "Asked",
    "Exported",
    "NotExportable",
    "OutOfReach",
    "Reports",
    "UnknownReport",
    "UnknownSnapshot",
]

MEDIA_TYPES: Final[Mapping[Form, str]] = {
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
}
REASON_MOST: Final = 200
_TAG: Final = "bihuan/snapshot/v1"
_NO_FILE_NAME: Final = re.compile(r'[\\/:*?"<>|\x00-\x1f]')


class UnknownReport(BihuanError):
    """Raised when there is no report of that kind."""

    code, kind = "unknown_report", "missing"


class OutOfReach(BihuanError):
    """Raised when a report is asked for about a region that does not lie within the reader's reach."""

    code, kind = "report_out_of_reach", "forbidden"


class NotExportable(BihuanError):
    """Raised when an export says no reason, or asks for a form in which the report is not written."""

    code, kind = "not_exportable", "invalid"


class UnknownSnapshot(BihuanError):
    """Raised when no frozen figures of that digest lie within the reader's reach; both look alike on purpose."""

    code, kind = "unknown_snapshot", "missing"


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What a reader asks for; the empty period is the present month (or year), the empty region their own."""

    kind: str
    period: str = ""
    region: str = ""
    case: str = ""
    snapshot: str = ""


@dataclass(frozen=True, slots=True)
class Exported:
    """A file to hand out; `entry` is the digest under which the export was logged."""

    name: str
    media_type: str
    content: bytes
    report: Report
    entry: str


class Reports:
    def __init__(
        self,
        database: Database,
        *,
        definitions: DefinitionRegistry,
        calendars: CalendarRegistry,
        directories: DirectoryRegistry,
        personal: PersonalValues,
        reads: Reads,
        calendar: str,
        templates: Path | None = None,
        programmes: ProgrammeRegistry,
        figures: Figures,
        in_force: Callable[[datetime], InForce | None],
    ) -> None:
        self._database = database
        self._definitions = definitions
        self._calendars = calendars
        self._directories = directories
        self._personal = personal
        self._reads = reads
        self._calendar = calendar
        self._templates = templates
        self._programmes = programmes
        self._figures = figures
        self._in_force = in_force

    def build(self, asked: Asked, *, actor: Actor, reach: Reach, now: datetime) -> Report:
        """The report as a value. Errors: `UnknownReport`, `UnknownPeriod`, `OutOfReach`, and those of the report itself."""
        kind = kind_of(asked.kind)
        if kind.build is None:
            digest = asked.snapshot or self._freeze(kind, asked, actor=actor, reach=reach, now=now)
            return score_sheet(self._frozen(digest, reach), digest)
        return kind.build(self._question(kind, asked, actor=actor, reach=reach, now=now))

    def export(
        self, asked: Asked, *, actor: Actor, reach: Reach, now: datetime, reason: str, form: str = ""
    ) -> Exported:
        """The report as a file, logged. Errors: those of `build`, `NotExportable`, `BadTemplate`."""
        kind = kind_of(asked.kind)
        chosen = _form(kind, form)
        watermark = self._watermark(actor, now, _reason(reason))
        report = self.build(asked, actor=actor, reach=reach, now=now)
        content = self._written(report, watermark, chosen)
        name = f"{_NO_FILE_NAME.sub('', report.title)[:80] or kind.title}.{chosen}"
        entry = self._log(report, actor=actor, now=now, reason=watermark.reason, name=name, content=content)
        self._tell(asked, report, actor=actor, reach=reach, now=now, reason=watermark.reason)
        return Exported(name, MEDIA_TYPES[chosen], content, report, entry)

    def look(self, asked: Asked, *, actor: Actor, reach: Reach, now: datetime, reason: str = "") -> Report:
        """As `build`, for whoever reads the value itself: that they did stands in the journal."""
        report = self.build(asked, actor=actor, reach=reach, now=now)
        self._tell(asked, report, actor=actor, reach=reach, now=now, reason=reason)
        return report

    def _tell(
        self, asked: Asked, report: Report, *, actor: Actor, reach: Reach, now: datetime, reason: str
    ) -> None:
        """A report about a region may show something of every case there; `cases` counts its rows."""
        about: dict[str, Any] = {"regions": [asked.region] if asked.region else list(reach.regions)}
        if asked.case:
            about = {"case": asked.case}
        rows = 1 if asked.case else sum(len(table.rows) for table in report.tables)
        scope = {"report": report.kind, "period": report.period, **about}
        self._reads.told(
            "report", scope, actor=actor, at=now, cases=rows, purpose=reason, digest=report.digest
        )

    # Asking

    def _question(
        self, kind: ReportKind, asked: Asked, *, actor: Actor, reach: Reach, now: datetime
    ) -> Question:
        calendar = self._calendars.current(self._calendar)
        today = calendar.local_date(now)
        region = self._region(asked, reach, is_about_case=kind.about == "case")
        handler = as_handler(actor, self._directories.current(), self._definitions.all(), today)
        sources = SqlSources(
            self._database,
            reach,
            handler,
            region,
            calendar.local_date,
            assessor(self._programmes, calendar.local_date),
        )
        # A letter is about one case; its subject is named by `title`.
        subjects = {} if kind.about == "case" else {s.id: s.title for s in sources.subjects()}
        names = Names(
            directory=self._directories.current(),
            calendar=calendar,
            definition=lambda digest: self._definitions.digest(digest).definition,
            secrets=self._secrets,
            subjects=subjects,
            handled=sources.handled(),
            title=sources.title,
        )
        period = _period(kind, asked.period, today)
        figuring = Figuring(
            self._figures,
            lambda: self._programmes.current(now).programme,
            period,
            region,
            reach,
            now,
            names.depth,
            lambda obligation: self._since(obligation, now),
        )
        return Question(kind.id, kind.title, period, region, now, sources, names, figuring, asked.case)

    def _since(self, obligation: str, now: datetime) -> date | None:
        found = self._in_force(now)
        return found.since.get(obligation) if found else None

    def _region(self, asked: Asked, reach: Reach, *, is_about_case: bool) -> str:
        """The region asked for, else the reader's own. Errors: `OutOfReach`, `UnknownRegion`."""
        own = "、".join(reach.regions)
        if asked.region:
            if not any(covers(region, asked.region) for region in reach.regions):
                hint = f"您的区划：{own}" if own else "只有按区划任职的人可以导出汇总报表"
                raise OutOfReach(f"您的职责范围不包括区划 {asked.region}", hint=hint)
            return self._directories.current().region(asked.region).id
        if len(reach.regions) == 1:
            return reach.regions[0]
        if is_about_case:
            return next(r.id for r in self._directories.current().regions if r.parent is None)
        raise OutOfReach(
            "请写明区划" if own else "您没有按区划的职责，不能导出汇总报表",
            hint=f"您的区划：{own}" if own else "单件事项的走访报告、督办单等可以按事项编号导出",
        )

    def _secrets(self, case: Case) -> Mapping[str, bytes]:
        return self._personal.of(case.id)

    # Frozen figures

    def _freeze(self, kind: ReportKind, asked: Asked, *, actor: Actor, reach: Reach, now: datetime) -> str:
        question = self._question(kind, asked, actor=actor, reach=reach, now=now)
        programme = self._programmes.current(now).programme
        names = [part.indicator for part in programme.indicators[CITY_SCORE].parts]
        table = question.figuring.found(names, level=1)
        frozen = freeze(question, programme, table)
        return self._keep(kind.id, str(frozen["title"]), frozen, actor=actor, now=now)

    def _frozen(self, digest: str, reach: Reach) -> Mapping[str, Any]:
        query = select(SNAPSHOT.c.body).where(SNAPSHOT.c.digest == digest, SNAPSHOT.c.kind == "score")
        with self._database.reading() as connection:
            body = None if "\x00" in digest else connection.scalar(query)
        frozen = canonical.decode(body) if body else None
        if frozen is None or not any(covers(region, frozen["region"]) for region in reach.regions):
            raise UnknownSnapshot(f"没有摘要为 {digest[:64]} 的考核快照", hint="摘要见考核得分表的“说明”")
        found: Mapping[str, Any] = frozen
        return found

    def _keep(self, kind: str, title: str, data: Mapping[str, Any], *, actor: Actor, now: datetime) -> str:
        """Known by its digest from now on; the same bytes are kept once."""
        body = canonical.encode(dict(data))
        digest = canonical.tagged_digest(_TAG, body)
        row = {
            "digest": digest,
            "kind": kind,
            "title": title,
            "at": micros(now),
            "by": actor.id,
            "body": body,
        }
        with self._database.writing() as connection:
            if connection.scalar(select(SNAPSHOT.c.at).where(SNAPSHOT.c.digest == digest)) is None:
                connection.execute(insert(SNAPSHOT).values(**row))
        return digest

    # Handing out

    def _written(self, report: Report, watermark: Watermark, form: Form) -> bytes:
        calendar = self._calendars.current(self._calendar)
        if form == "xlsx":
            return write_xlsx(report, watermark, calendar)
        return write_docx(report, watermark, calendar, template_of(report.kind, self._templates))

    def _watermark(self, actor: Actor, now: datetime, reason: str) -> Watermark:
        directory = self._directories.current()
        person = directory.person(actor.id)
        unit = directory.unit(person.unit) if person and person.unit else None
        who = (
            f"{unit.title} {person.title}"
            if person and unit
            else person.title
            if person
            else _operator(actor)
        )
        return Watermark(who, moment_words(now, self._calendars.current(self._calendar)), reason)

    def _log(
        self, report: Report, *, actor: Actor, now: datetime, reason: str, name: str, content: bytes
    ) -> str:
        data = {
            "report": report.kind,
            "title": report.title,
            "file": name,
            "period": report.period,
            "region": report.region,
            "reason": reason,
            "by": actor.id,
            "stands_in_for": actor.stands_in_for or "",
            "channel": actor.channel,
            "at": canonical.instant(now),
            "value": report.digest,
            "sha256": hashlib.sha256(content).hexdigest(),
            "rows": sum(len(table.rows) for table in report.tables),
        }
        return self._keep("export", report.title, data, actor=actor, now=now)


def kind_of(name: str) -> ReportKind:
    if name not in KINDS:
        raise UnknownReport(f"没有名为“{name[:40]}”的报表", hint=f"现有：{'、'.join(KINDS)}")
    return KINDS[name]


def _period(kind: ReportKind, words: str, today: date) -> Period:
    """What was asked for, or the present one. Errors: `UnknownPeriod`."""
    if kind.about == "today" or (kind.about == "case" and not words):
        return parse_period(today.isoformat())
    period = parse_period(words or (str(today.year) if kind.about == "year" else f"{today:%Y-%m}"))
    if kind.about == "year" and period.words != str(period.year):
        raise UnknownPeriod(f"{kind.title}按年度导出", hint=f"写年度，例如 {period.year}")
    return period


def _form(kind: ReportKind, form: str) -> Form:
    if not form:
        return kind.forms[0]
    found = next((each for each in kind.forms if each == form), None)
    if found is None:
        raise NotExportable(f"{kind.title}没有 {form[:10]} 格式", hint=f"可用：{'、'.join(kind.forms)}")
    return found


def _reason(words: str) -> str:
    """Errors: `NotExportable`."""
    reason = " ".join("".join(c for c in words if c >= " " or c.isspace()).split())
    if len(reason) < 2 or len(reason) > REASON_MOST:
        raise NotExportable(
            "导出须写明事由",
            hint=f"2 至 {REASON_MOST} 个字，例如：3月份工作调度；事由印在每一页上，并留存记录",
        )
    return canonical_text(reason)


def canonical_text(words: str) -> str:
    text: str = canonical.normalise(words)
    return text


def _operator(actor: Actor) -> str:
    """Whoever sits at the machine, by the name under which they logged in; `operator/name` is for the log."""
    name = actor.id.partition("/")[2]
    return f"本机操作员 {name}".rstrip()

"""The certificate as a value and as a page of text."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from engine.calendar import YearStatus
from engine.certificate.bounds import Bound, Bounds
from engine.certificate.lateness import DECIDES
from engine.findings import Finding

_RELIABILITY = {
    YearStatus.OFFICIAL: "",
    YearStatus.PROVISIONAL: "，部分年份的日历是暂定的",
    YearStatus.MISSING: "，部分年份的放假安排尚未公布",
}
_PATH_SHOWN = 12


@dataclass(frozen=True, slots=True)
class Certificate:
    """What was proven of a workflow version, and what is wrong with it. `capped`: not all markings were looked at."""

    workflow: str
    version: int
    title: str
    digest: str
    file: str
    states: int
    steps: int
    lanes: int
    clocks: int
    sound: bool
    markings: int
    capped: bool
    bounds: Bounds
    findings: tuple[Finding, ...]

    @property
    def ok(self) -> bool:
        """A definition with errors is not published; warnings are for its author."""
        return not any(finding.severity == "error" for finding in self.findings)

    def as_data(self) -> dict[str, Any]:
        return {
            "bounds": self.bounds.as_data(),
            "capped": self.capped,
            "clocks": self.clocks,
            "digest": self.digest,
            "file": self.file,
            "findings": [finding.as_data() for finding in self.findings],
            "lanes": self.lanes,
            "markings": self.markings,
            "ok": self.ok,
            "sound": self.sound,
            "states": self.states,
            "steps": self.steps,
            "title": self.title,
            "version": self.version,
            "workflow": self.workflow,
        }


def describe(certificate: Certificate) -> str:
    """For people, in a few lines."""
    return "\n".join(_lines(certificate))


def _lines(c: Certificate) -> Iterator[str]:
    yield f"{c.title}（{c.workflow} 第 {c.version} 版，{c.digest[:12]}）：{'通过' if c.ok else '不通过'}"
    yield f"  环节 {c.states} · 动作 {c.steps} · 并行线 {c.lanes} 种 · 时钟 {c.clocks}"
    looked = f"看过 {c.markings} 种局面" + ("（未看完）" if c.capped else "")
    yield f"  {_soundness(c)}；{looked}"
    yield from _bound("无人办理", "到最终负责人手里或办结，最长", c.bounds.nobody_acts)
    yield from _bound("人人拖到最后一刻", "一轮办结，最长", c.bounds.last_moment)
    for finding in c.findings:
        yield f"  {'✗' if finding.severity == 'error' else '!'} {finding}"
        if finding.example:
            yield f"      例：{' · '.join(finding.example)}"
    if not c.findings:
        yield "  没有发现问题"


def _soundness(c: Certificate) -> str:
    """What is sound may still be refused, for its clocks: then it is not called complete."""
    if not c.sound:
        return "不完备，见下"
    told = "总能办结，办结时不留尾巴，没有办不到的动作"
    return f"完备：{told}" if c.ok else f"有人办理时{told}，但有别的问题，见下"


def _bound(name: str, what: str, bound: Bound) -> Iterator[str]:
    yield f"  {name}：{what if bound.is_known else ''}{bound.words}{_days(bound)}"
    if bound.legs:
        if bound.legs[-1].until == DECIDES:
            yield f"      全程时限用完即报“{bound.legs[-1].title}”，其后如何由其裁决，不再计入"
        shown = [leg.title for leg in bound.legs[:_PATH_SHOWN]]
        more = f" → …（共 {len(bound.legs)} 段）" if len(bound.legs) > _PATH_SHOWN else ""
        yield f"      {' → '.join(shown)}{more}"


def _days(bound: Bound) -> str:
    calendar = bound.calendar
    if calendar is None:
        return ""
    begun = calendar.starts.isoformat()
    return f"；按日历最多 {calendar.days} 天（{begun} 起算{_RELIABILITY[calendar.status]}）"

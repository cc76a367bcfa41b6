"""The certificate of a workflow: proven sound, bounded and answered for, or the counter-example (`bihuan check`).

`certify` is all that others need. A definition that reaches it has been loaded: its names all lead somewhere. The
modules here each look for one kind of fault; `report.py` holds the result.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from engine.calendar import Calendar
from engine.certificate import parallels, structure, timing, usage
from engine.certificate.bounds import Bound, Bounds, CalendarBound, bounds
from engine.certificate.escalation import Leg, Silence, escalates
from engine.certificate.graph import Net
from engine.certificate.lateness import LastMoment
from engine.certificate.report import Certificate, describe
from engine.certificate.soundness import Exploration, Explorer, completing, dead_steps, unfinished
from engine.certificate.trial import Trial
from engine.definition import Definition
from engine.findings import Finding
from engine.loading import Source

__all__ = ["Bound", "Bounds", "CalendarBound", "Certificate", "Leg", "certify", "describe"]

_UNSOUND = frozenset(
    {
        "cannot_end",
        "dead_step",
        "endless_join",
        "lanes_outlive_end",
        "no_end",
        "stuck_when_used_up",
        "unreachable_state",
    }
)


def certify(
    source: Source, *, calendar: Calendar | None = None, today: date, previous: Definition | None = None
) -> Certificate:
    """The certificate of a loaded definition, as of `today`.

    Without a `calendar` the bounds are given in working time only; with the `previous` version, states that are gone
    must have a `move`. Takes about a second for a definition of thirty states.
    """
    net = Net(source, Trial(source.definition))
    found, silence = Explorer(net).explore(), Silence(net)
    findings = _sorted((*_checked(net, found, silence), *usage.moved(net, previous)))
    definition = source.definition
    return Certificate(
        workflow=definition.workflow,
        version=definition.version,
        title=definition.title.zh,
        digest=source.digest,
        file=source.name,
        states=sum(len(states) for _, states in definition.charts()),
        steps=sum(1 for _ in definition.steps()),
        lanes=len(definition.lanes),
        clocks=len(definition.clocks) + (definition.case_due is not None),
        sound=not any(finding.code in _UNSOUND for finding in findings),
        markings=len(found.came),
        capped=found.capped,
        bounds=bounds(silence, LastMoment(net), calendar=calendar, today=today),
        findings=findings,
    )


def _checked(net: Net, found: Exploration, silence: Silence) -> Iterable[Finding]:
    for check in (*structure.ALL, *timing.ALL, *usage.ALL, *parallels.ALL):
        yield from check(net)
    yield from completing(net, found)
    yield from unfinished(net)
    yield from dead_steps(net, found)
    yield from escalates(net, silence)


def _sorted(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Errors first, then by line; each fault once."""
    unique = {(f.code, f.path): f for f in findings}
    return tuple(sorted(unique.values(), key=lambda f: (f.severity != "error", f.line, f.code)))

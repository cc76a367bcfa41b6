"""Samples in words, for the API and the command line alike: announcing, drawing, checking, and who sees which."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict
from typing import Any

from adapters.bootstrap import Container
from adapters.evidence.samples import Announced, NoSuchSample, SampleRefused, SampleScope, Stratify
from api.audit_schemas import CheckedView, SampleList, SampleView
from api.auditing import Scope
from engine.access import Reach
from engine.audit.sampling import RULE
from engine.directory import covers

__all__ = ["RULE_WORDS", "sample_list", "sample_scope", "sample_view", "visible_sample"]

RULE_WORDS = (
    "规则 bihuan/sample/v1：种子＝SHA-256(bihuan/sample/seed/v1 换行 宣布记录的散列 换行 种子记录的散列 换行 暗语)；"
    "第 i 个数取 SHA-256(bihuan/sample/draw/v1 换行 种子 换行 i) 的前16位十六进制；从 m 件中取一件时，"
    "数不小于 2^64−(2^64 mod m) 的弃去，"
    "否则取第（数 mod m）件（从0数起），取出后从余下的接着取。"
)


def sample_scope(scope: Scope, stratify: Stratify) -> SampleScope:
    return SampleScope(
        regions=scope.reach.regions if not scope.region else (scope.region,),
        since=scope.first.isoformat(),
        until=scope.last.isoformat(),
        begin=scope.begin,
        end=scope.end,
        stratify=stratify,
    )


def visible_sample(container: Container, reach: Reach, number: int) -> Announced:
    """Errors: `NoSuchSample`, alike for one that is not there and one of regions out of reach."""
    found = container.samples.one(number)
    if not _is_within(found, reach):
        raise NoSuchSample(f"没有第 {number} 号抽样", hint="编号是宣布时给出的")
    return found


def sample_list(container: Container, reach: Reach) -> SampleList:
    known = container.samples.all()
    seen = [one for one in known if _is_within(one, reach)]
    return SampleList(samples=[_view(one, seen) for one in seen])


def sample_view(
    container: Container, found: Announced, reach: Reach | None = None, *, check: bool = False
) -> SampleView:
    """What lies outside `reach` is counted nowhere; without one, everything is."""
    known = [one for one in container.samples.all() if reach is None or _is_within(one, reach)]
    view = _view(found, known).model_copy(update=_seed(container, found))
    if not check:
        return view
    checks = [CheckedView(**asdict(each)) for each in container.samples.check(found.number)]
    is_sound = all(each.is_same for each in checks)
    return view.model_copy(update={"checks": checks, "is_sound": is_sound})


def _seed(container: Container, found: Announced) -> dict[str, Any]:
    """Nothing as long as no checkpoint holds it. Its case may be one that the reader must not know of: the hash says which."""
    try:
        seed = container.samples.seed(found)
    except SampleRefused:
        return {}
    return {"seed_hash": seed.hash, "checkpoint": seed.checkpoint}


def _is_within(found: Announced, reach: Reach) -> bool:
    return all(any(covers(own, region) for own in reach.regions) for region in found.scope.regions)


def _view(found: Announced, known: Iterable[Announced]) -> SampleView:
    told = found.drawn or {}
    return SampleView(
        number=found.number,
        at=found.at,
        announced_by=found.actor,
        rule=RULE,
        region="、".join(found.scope.regions),
        since=found.scope.since,
        until=found.scope.until,
        stratify=found.scope.stratify,
        count=found.count,
        population=found.population,
        root=found.root,
        size=found.size,
        commitment=found.commitment,
        announcement=found.hash,
        earlier=sum(one.number < found.number and one.scope.overlaps(found.scope) for one in known),
        **{name: told[name] for name in _TOLD if name in told},
    )


_TOLD = ("drawn", "secret", "seed", "seed_hash")

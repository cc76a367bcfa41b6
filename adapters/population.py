"""Invented enterprises for samples and proofs: plainly synthetic (示例), the same for the same seed on every machine.

Sizes, growth and gaps are drawn so that every list of the programme has members and misses some figures. Nothing here is taken
from a real enterprise: the codes are random and carry right check digits only so that imports accept them.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from adapters.organisation.divisions import Division, divisions
from adapters.subjects.codes import ALPHABET, complete
from engine.directory import RegionId, SubjectId
from engine.subjects import TIMELESS, Value

__all__ = ["FIRST_YEAR", "Invented", "figures_of_year", "population"]

FIRST_YEAR: Final = 2021  # the base year of the doubling [S]
_FEN: Final = 100
_MEDIAN_YUAN: Final = 30_000_000
_SPREAD: Final = 1.3  # of the logarithm: a sixth is over 1 亿元, one in seventy over 5 亿元
_SECTORS: Final = (
    "26化学原料",
    "34通用设备",
    "35专用设备",
    "36汽车",
    "38电气机械",
    "39电子设备",
    "65软件",
    "51批发",
)
_FIELDS: Final = ("electronics", "biology", "materials", "energy", "environment", "manufacturing")


@dataclass(frozen=True, slots=True)
class Invented:
    """`figures` by year; the year 0 holds what belongs to no year."""

    id: SubjectId
    title: str
    region: RegionId
    figures: Mapping[int, Mapping[str, Value]]


@dataclass(frozen=True, slots=True)
class _Character:
    """What stays the same about one of them from year to year."""

    rng: random.Random
    founded: date
    start: float
    growth: float
    industrial: bool
    researching: bool
    intensity: float
    talent: float


def population(size: int, *, seed: int, until_year: int) -> Iterator[Invented]:
    """`size` enterprises over all counties and zones, with figures from 2021 to `until_year`."""
    places = [division for division in divisions() if division.kind in ("county", "zone")]
    for n in range(size):
        rng = random.Random(f"{seed}/{n}")
        yield _invented(
            n, rng, places[n % len(places)] if n < len(places) else rng.choice(places), until_year
        )


def _invented(n: int, rng: random.Random, place: Division, until_year: int) -> Invented:
    region = place.region.id
    registered_at = region if region[4:] < "70" else f"{region[:4]}00"
    body = "".join(rng.choice(ALPHABET) for _ in range(8))
    character = _character(rng, until_year)
    first = max(FIRST_YEAR, character.founded.year)
    figures = {year: _figures(character, year) for year in range(first, until_year + 1)}
    return Invented(
        SubjectId(complete(f"91{registered_at}{body}")),
        f"示例企业{n + 1:05d}（{place.region.title}）有限公司",
        region,
        {TIMELESS: _timeless(character, until_year), **figures},
    )


def _character(rng: random.Random, until_year: int) -> _Character:
    founded = date(rng.randint(1998, until_year - 1), rng.randint(1, 12), rng.randint(1, 28))
    return _Character(
        rng=rng,
        founded=founded,
        start=rng.lognormvariate(0, _SPREAD) * _MEDIAN_YUAN,
        growth=rng.gauss(1.08, 0.06),
        industrial=rng.random() < 0.85,
        researching=rng.random() < 0.7,
        intensity=rng.uniform(0.015, 0.12),
        talent=rng.uniform(0.04, 0.4),
    )


def figures_of_year(subject: Invented, year: int, *, seed: int) -> Mapping[str, Value]:
    """The next year of one of them, when it comes in: the last one, grown; one in twelve without research loses or gains it."""
    rng = random.Random(f"{seed}/{subject.id}/{year}")
    last = dict(subject.figures[max(subject.figures)])
    growth = rng.gauss(1.06, 0.15)
    for name in (
        "revenue",
        "total_income",
        "costs",
        "assets",
        "rd_expense",
        "rd_domestic",
        "high_tech_income",
    ):
        if isinstance(last.get(name), int):
            last[name] = max(0, int(int(last[name]) * growth))
    if rng.random() < 0.08:
        last["has_rd_activity"] = not last.get("has_rd_activity", False)
    return {**last, **_scale(last)}


def _figures(character: _Character, year: int) -> dict[str, Value]:
    rng = character.rng
    revenue = _money(character.start * character.growth ** (year - FIRST_YEAR) * rng.uniform(0.9, 1.1))
    staff = max(4, revenue // (80_000_000 + rng.randint(0, 40_000_000)))
    figures: dict[str, Value] = {
        "revenue": revenue,
        "total_income": revenue * 101 // 100,
        "costs": revenue * rng.randint(86, 97) // 100,
        "assets": revenue * rng.randint(50, 150) // 100,
        "net_profit": revenue * rng.randint(-2, 9) // 100,
        "staff": staff,
        "tech_staff": int(staff * character.talent),
        "graduates": int(staff * min(1.0, character.talent * 1.6)),
        "has_violation": rng.random() < 0.01,
        "is_blacklisted": rng.random() < 0.01,
        "makes_banned": False,
        "has_rd_activity": character.researching,
        "has_rd_institution": character.researching and rng.random() < 0.4,
        **_research(character, revenue),
    }
    for name in rng.sample(sorted(figures), 2) if rng.random() < 0.15 else ():
        if name not in ("revenue", "has_rd_activity"):
            del figures[name]  # a figure that nobody sent
    return {**figures, **_scale({**figures, "revenue": revenue}, industrial=character.industrial)}


def _research(character: _Character, revenue: int) -> dict[str, Value]:
    rng = character.rng
    if not character.researching:
        return {"rd_expense": 0, "rd_domestic": 0, "patents_one": 0, "patents_two": rng.randint(0, 1)}
    spent = int(revenue * character.intensity)
    return {
        "rd_expense": spent,
        "rd_domestic": spent * rng.randint(70, 100) // 100,
        "high_tech_income": revenue * rng.randint(40, 95) // 100,
        "patents_one": rng.choice((0, 0, 1, 2, 5)),
        "patents_two": rng.randint(0, 12),
        "technology_deals": _money(rng.choice((0, 0, 0, 500_000, 3_000_000))),
        "has_core_ip": rng.random() < 0.7,
        "in_supported_field": rng.random() < 0.8,
        "innovation_score": rng.randint(450, 920),
    }


def _scale(figures: Mapping[str, Value], *, industrial: bool = True) -> dict[str, Value]:
    """规上: an industrial enterprise with 2000 万元 or more a year (requirements.md §3.2)."""
    revenue = figures.get("revenue", 0)
    return {"above_scale": industrial and int(revenue) >= 20_000_000 * _FEN}


def _timeless(character: _Character, until_year: int) -> dict[str, Value]:
    rng, today = character.rng, date(until_year + 1, 1, 1)
    sector = rng.choice(_SECTORS)
    facts: dict[str, Value] = {
        "status": "active",
        "founded": character.founded.isoformat(),
        "industry_code": sector[:2],
        "industry": sector[2:],
        "technology_field": rng.choice(_FIELDS),
        "is_resident": True,
        "is_listed": rng.random() < 0.02,
        "contact": "示例联系人",
        "phone": "0551-00000000",
    }
    if character.researching and character.intensity > 0.03 and rng.random() < 0.45:
        issued = today - timedelta(days=rng.randint(10, 1090))
        facts |= {"is_high_tech": True, "high_tech_since": issued.isoformat(), "high_tech_number": "GR示例"}
        facts |= _platform(rng, today)
    else:
        facts["is_high_tech"] = False
    if rng.random() < 0.25:
        facts |= {"sme_year": until_year - rng.randint(0, 1), "sme_number": "示例"}
    return facts


def _platform(rng: random.Random, today: date) -> dict[str, Value]:
    if rng.random() < 0.4:
        return {"on_platform": False}
    since = today - timedelta(days=rng.randint(30, 900))
    used = since + timedelta(days=rng.randint(0, (today - since).days))
    return {"on_platform": True, "platform_since": since.isoformat(), "platform_used": used.isoformat()}


def _money(yuan: float) -> int:
    """In fen, rounded to a thousand yuan: nobody reports more."""
    return int(yuan / 1000) * 1000 * _FEN

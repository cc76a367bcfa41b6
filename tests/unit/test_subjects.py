"""Which of several observations counts: by vintage, then by verification, then by entry; and what was known at a moment."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

import pytest

from engine.directory import SubjectId
from engine.subjects import TIMELESS, Observation, Profile, known_facts

ONE = SubjectId("s-1")


def seen(value: int, *, vintage: str = "2026-01-31", day: int = 1, n: int = 1, **more: Any) -> Observation:
    return Observation(
        subject=ONE,
        year=2025,
        facts={"size": value},
        source="示例",
        vintage=date.fromisoformat(vintage),
        entered_by="p-1",
        entered_at=datetime(2026, 2, day, tzinfo=UTC),
        n=n,
        **more,
    )


def size(*observations: Observation, as_of: datetime | None = None) -> Any:
    known = known_facts(observations, as_of=as_of).get(("size", 2025))
    return known.value if known else None


@pytest.mark.parametrize("turned", [False, True])
def test_an_older_import_does_not_replace_a_newer_verified_value_however_late_it_comes(turned: bool) -> None:
    verified = seen(10, vintage="2026-03-01", verified=True, n=1)
    older = seen(20, vintage="2025-12-31", day=9, n=2)
    assert size(*((older, verified) if turned else (verified, older))) == 10


def test_of_the_same_vintage_the_verified_one_counts_and_then_the_later_entry() -> None:
    assert size(seen(1, verified=True), seen(2, day=5, n=2)) == 1
    assert size(seen(1), seen(2, day=5, n=2)) == 2


def test_a_withdrawn_observation_counts_for_the_time_before_it_was_withdrawn() -> None:
    kept = seen(1)
    undone = seen(2, day=3, n=2, withdrawn_at=datetime(2026, 2, 6, tzinfo=UTC))
    assert size(kept, undone) == 1
    assert size(kept, undone, as_of=datetime(2026, 2, 5, tzinfo=UTC)) == 2
    assert size(kept, undone, as_of=datetime(2026, 2, 2, tzinfo=UTC)) == 1
    assert size(kept, undone, as_of=datetime(2026, 1, 1, tzinfo=UTC)) is None


def test_a_fact_of_no_year_answers_for_every_year() -> None:
    founded = Observation(
        subject=ONE,
        year=TIMELESS,
        facts={"founded": "2020-05-01"},
        source="示例",
        vintage=date(2026, 1, 1),
        entered_by="p-1",
        entered_at=datetime(2026, 1, 1, tzinfo=UTC),
    )
    profile = Profile(ONE, "示例", "34", known_facts([founded, seen(7)]))
    assert profile.value("founded", 2025) == "2020-05-01"
    assert (profile.value("size", 2025), profile.value("size", 2024)) == (7, None)
    assert profile.years("size") == [2025]


def test_what_is_known_is_looked_up_as_if_every_fact_were_laid_out_beforehand() -> None:
    """Against the plain way: the lightest first, each value replaced by what weighs more."""
    both = replace(seen(3, day=4, n=3, vintage="2026-02-28"), facts={"size": 3, "part": 1})
    held = [seen(1), seen(2, day=5, n=2), both, replace(seen(9, n=4), year=2024)]
    plain = {(name, o.year): o.facts[name] for o in sorted(held, key=lambda o: o.weight) for name in o.facts}
    known = known_facts(held)
    assert {key: each.value for key, each in known.items()} == plain
    assert (len(known), ("gone", 2025) in known) == (len(plain), False)
    profile = Profile(ONE, "示例", "34", known)
    assert [profile.newest_year(until) for until in (2030, 2024, 2023)] == [2025, 2024, None]
    assert Profile(ONE, "示例", "34", dict(known)).newest_year(2024) == 2024

"""Access as hand-written tables: seven roles, six relations between the grant and the case."""

from datetime import date

import pytest

from engine.access import Actor, Grant, Reach, RoleKind, grants_of, may_act, may_read, reach
from engine.directory import PersonId, Post, RegionId

# The case lies in region 3401 (a middle level), is held by unit u-hold and is about s-own.
RELATIONS: dict[str, str | None] = {
    "same": "3401",
    "parent": "34",
    "child": "340102",
    "sibling": "3402",
    "other": "33",
    "none": None,
}
REGION_ROW = {
    "same": "ok",
    "parent": "ok",
    "child": "other_region",
    "sibling": "other_region",
    "other": "other_region",
    "none": "other_region",
}
# A region grant, however wide, is not the unit's or the subject's own word.
UNIT_ROW = dict.fromkeys(RELATIONS, "other_unit")
SUBJECT_ROW = dict.fromkeys(RELATIONS, "other_subject")
ROLES: dict[str, tuple[RoleKind, dict[str, str]]] = {
    "liaison": ("region", REGION_ROW),
    "leader": ("region", REGION_ROW),
    "caller": ("region", REGION_ROW),
    "administrator": ("region", REGION_ROW),
    "auditor": ("region", REGION_ROW),
    "handler": ("unit", UNIT_ROW),
    "client": ("subject", SUBJECT_ROW),
}
READ_ROW = {"same": True, "parent": True, "child": False, "sibling": False, "other": False, "none": False}
TABLE = [(role, relation) for role in ROLES for relation in RELATIONS]


def actor(*grants: Grant) -> Actor:
    return Actor("p-1", grants=grants)


def verdict(
    who: Actor, role: str, kind: RoleKind, *, unit: str | None = "u-hold", subject: str | None = "s-own"
) -> str:
    refusal = may_act(who, role=role, region="3401", holder_unit=unit, subject=subject, role_kind=kind)
    return refusal.code if refusal else "ok"


@pytest.mark.parametrize(("role", "relation"), TABLE)
def test_who_may_act_by_a_region_grant(role: str, relation: str) -> None:
    kind, expected = ROLES[role]
    assert verdict(actor(Grant(role, region=RELATIONS[relation])), role, kind) == expected[relation]


@pytest.mark.parametrize(("role", "relation"), TABLE)
def test_a_role_never_stands_for_another_role(role: str, relation: str) -> None:
    others = [Grant(other, region=RELATIONS[relation]) for other in ROLES if other != role]
    assert verdict(actor(*others), role, ROLES[role][0]) == "role_missing"


@pytest.mark.parametrize(("role", "relation"), TABLE)
def test_who_may_read_by_a_region_grant(role: str, relation: str) -> None:
    seen = reach(actor(Grant(role, region=RELATIONS[relation])))
    assert may_read(seen, region="3401", units=("u-hold",), subject="s-own") is READ_ROW[relation]


@pytest.mark.parametrize(
    ("grant", "kind", "expected"),
    [
        (Grant("handler", unit="u-hold"), "unit", "ok"),
        (Grant("handler", unit="u-else"), "unit", "other_unit"),
        (Grant("handler", unit="u-hold"), "region", "other_region"),
        (Grant("handler", subject="s-own"), "unit", "other_unit"),
        (Grant("handler", subject="s-own"), "subject", "ok"),
        (Grant("handler", subject="s-else"), "subject", "other_subject"),
        (Grant("handler", unit="s-own"), "subject", "other_subject"),
    ],
)
def test_who_may_act_by_a_unit_or_subject_grant(grant: Grant, kind: RoleKind, expected: str) -> None:
    assert verdict(actor(grant), "handler", kind) == expected


@pytest.mark.parametrize("nothing", [None, ""])
def test_what_is_empty_matches_nothing(nothing: str | None) -> None:
    empty = actor(Grant("handler", region=nothing, unit=nothing, subject=nothing))
    assert verdict(empty, "handler", "region") == "other_region"
    assert verdict(empty, "handler", "unit", unit=nothing) == "other_unit"
    assert verdict(empty, "handler", "subject", subject=nothing) == "other_subject"
    assert reach(empty) == Reach()
    assert not may_read(reach(empty), region="3401", units=("",), subject=nothing)


def test_one_fitting_grant_among_others_is_enough() -> None:
    who = actor(Grant("leader", region="33"), Grant("leader", region="34"), Grant("liaison", region="33"))
    assert verdict(who, "leader", "region") == "ok"
    assert verdict(who, "liaison", "region") == "other_region"


def test_a_refusal_says_in_chinese_why_and_names_the_role() -> None:
    refusal = may_act(
        actor(Grant("leader", region="33")),
        role="leader",
        region="3401",
        holder_unit=None,
        subject=None,
        role_kind="region",
    )
    assert refusal is not None
    assert refusal.as_data() == {
        "code": "other_region",
        "message": "您的职责范围不包括本事项所属区划",
        "params": {"role": "leader"},
    }


def test_reach_is_sorted_and_drops_regions_that_another_covers() -> None:
    who = actor(
        Grant("leader", region="3402"),
        Grant("liaison", region="340102"),
        Grant("caller", region="3401"),
        Grant("liaison", region="3401"),
        Grant("head", unit="u-2"),
        Grant("handler", unit="u-1"),
        Grant("client", subject="s-1"),
    )
    assert reach(who) == Reach(regions=("3401", "3402"), units=("u-1", "u-2"), subjects=("s-1",))


@pytest.mark.parametrize(
    ("seen", "readable"),
    [
        (Reach(units=("u-lead",)), True),
        (Reach(units=("u-co",)), True),
        (Reach(units=("u-else",)), False),
        (Reach(subjects=("s-own",)), True),
        (Reach(subjects=("s-else",)), False),
        (Reach(regions=("3402",), units=("u-else",), subjects=("s-own",)), True),
        (Reach(), False),
    ],
)
def test_units_that_take_part_and_the_subject_may_read(seen: Reach, readable: bool) -> None:
    assert may_read(seen, region="3401", units=("u-lead", "u-co"), subject="s-own") is readable


def test_posts_become_grants_of_the_same_reach() -> None:
    post = Post(person=PersonId("p"), role="leader", region=RegionId("34"), since=date(2026, 1, 1))
    assert grants_of([post]) == (Grant("leader", region="34"),)

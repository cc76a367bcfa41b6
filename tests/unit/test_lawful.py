"""Level 4 finds what bytes, chain and replay cannot: events that are well formed, and unlawful by the organisation of the day.

What is forged here is chained and consistent; the findings that are expected are written down by hand.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any

import pytest

from api.demo.stories import STORIES
from engine import canonical
from engine.audit.lawful import GRACE, Finding, judge
from engine.commands import AnswerExtension, AskExtension, Comment
from engine.directory import Directory
from engine.events import Event
from tests.support.histories import program_of, random_history
from tests.support.story import Office, a_state, a_step, a_workflow
from tests.support.story_office import StoryOffice, calendar, directory
from tests.vectors.freeze import RANDOM
from tests.vectors.tales import TALES

EXTENSION = {"at_most": 1, "by": "2 working days", "asked_by": ["head"], "approved_by": ["clerk"]}


def an_office() -> Office:
    """A case of the clerk, worked on by the head; noting is for once, and ending is not for who noted."""
    steps = {
        "note": a_step(None, may=["note"], at_most=1),
        "end": a_step(by="clerk", not_by=["note"]),
    }
    office = Office(a_workflow({"first": a_state(steps=steps, extension=EXTENSION)}))
    office.open()
    return office


def findings(
    office: Office,
    history: Sequence[bytes] | None = None,
    organisation: Callable[[datetime], Sequence[Directory]] | None = None,
) -> list[Finding]:
    return judge(
        history if history is not None else [event.data for event in office.events],
        program=office.world.digest,
        calendar=office.world.engine.calendars.digest,
        organisation=organisation or (lambda at: [office.directory]),
    )


def told(found: Sequence[Finding]) -> list[tuple[int, str]]:
    return [(each.seq, each.kind) for each in found]


def forged(event: Event, **body: Any) -> bytes:
    return canonical.encode({**event.body, **body})


def without(office: Office, person: str, *, since: date | None = None) -> Directory:
    """The organisation in which this person holds nothing, or nothing before a day."""
    posts = [post for post in office.directory.posts if post.person != person]
    if since:
        posts += [replace(post, since=since) for post in office.directory.posts if post.person == person]
    return Directory(office.directory.regions, office.directory.units, office.directory.people, tuple(posts))


# What really happened is lawful


def test_a_case_that_went_its_way_has_no_finding() -> None:
    office = an_office()
    office.take("note", note="示例")
    office.does(AskExtension, clock="state", reason="示例：材料未齐")
    office.does(AnswerExtension, "clerk", clock="state", approve=True)
    office.wait_until("2026-03-11 10:00")
    office.take("end", by="clerk")

    assert findings(office) == []


def story_histories() -> Iterator[tuple[str, list[bytes], StoryOffice]]:
    for letter, tell in STORIES.items():
        office = StoryOffice()
        tell(office)
        yield from ((f"story {letter} {n}", [e.data for e in h], office) for n, h in office.histories.items())
    for name, (place, tale) in TALES.items():
        office = StoryOffice(**place)
        tale(office)
        yield from ((f"tale {name} {n}", [e.data for e in h], office) for n, h in office.histories.items())


def test_all_frozen_stories_and_tales_are_lawful() -> None:
    count = 0
    for name, history, office in story_histories():
        by_digest = {program.digest: program for program in office.workflows.values()}
        found = judge(
            history,
            program=by_digest.__getitem__,
            calendar=lambda _: calendar(),
            organisation=lambda at: [directory()],
        )
        assert found == [], name
        count += 1
    assert count >= 20


@pytest.mark.parametrize("path", sorted(RANDOM))
def test_random_offices_are_lawful_but_for_definitions_used_before_their_day(path: str) -> None:
    """Their world knows no days of force: it opens cases under versions that are in force from 2026-12-01."""
    for seed in RANDOM[path]:
        history, world = random_history(program_of(path), seed, 60)
        found = judge(
            history.events,
            program=world.digest,
            calendar=world.engine.calendars.digest,
            organisation=lambda at, known=world.directory: [known],  # type: ignore[misc]
        )
        assert [f for f in found if f.kind != "rule"] == []


# Authority


def test_a_post_that_was_not_held_is_no_authority() -> None:
    office = an_office()
    office.take("note")
    head = office.people("head")[0]

    found = findings(office, organisation=lambda at: [without(office, head)])

    assert (2, "authority") in told(found)
    assert f"{head} 当时没有head（340302）的职权" in [f.message for f in found]


def test_a_post_from_the_next_day_on_is_no_authority_today() -> None:
    office = an_office()
    office.take("note")
    tomorrow = without(office, office.people("head")[0], since=date(2026, 3, 3))

    assert (2, "authority") in told(findings(office, organisation=lambda at: [tomorrow]))


def test_what_was_in_force_a_minute_ago_still_counts() -> None:
    """Another process may not have seen the new organisation yet: whoever knows both finds nothing."""
    office = an_office()
    office.take("note")
    gone = without(office, office.people("head")[0])

    assert findings(office, organisation=lambda at: [gone, office.directory]) == []


def test_where_no_organisation_is_known_authority_is_not_judged() -> None:
    office = an_office()
    office.take("note")

    assert findings(office, organisation=lambda at: []) == []


def test_a_wider_region_than_the_post_gives_is_no_authority() -> None:
    office = an_office()
    office.take("note")
    opened, noted = office.events
    actor = noted.body["actor"]
    wider = forged(noted, actor={**actor, "grant": {**actor["grant"], "region": "34"}})

    assert told(findings(office, [opened.data, wider])) == [(2, "authority")]


def test_acting_for_somebody_without_standing_in_is_no_authority() -> None:
    office = an_office()
    office.take("note")
    opened, noted = office.events
    behalf = forged(noted, actor={**noted.body["actor"], "for": office.people("clerk")[0]})

    assert told(findings(office, [opened.data, behalf])) == [(2, "authority")]


def test_a_person_without_a_grant_and_a_system_that_decides_have_no_authority() -> None:
    office = an_office()
    office.does(AskExtension, clock="state", reason="示例")
    opened, asked = office.events
    nobody = forged(asked, actor={**asked.body["actor"], "grant": None})
    system = forged(asked, actor={**asked.body["actor"], "grant": None, "kind": "system", "id": "system"})

    assert told(findings(office, [opened.data, nobody])) == [(2, "authority")]
    assert told(findings(office, [opened.data, system])) == [(2, "authority")]


def test_a_clock_that_a_person_rang_has_no_authority() -> None:
    office = an_office()
    office.wait_until("2026-03-05 18:00")
    opened, rang = office.events
    by_hand = forged(rang, actor=opened.body["actor"])

    assert told(findings(office, [opened.data, by_hand])) == [(2, "authority")]


def test_holders_that_the_organisation_does_not_know_are_found_although_replay_believes_them() -> None:
    office = an_office()
    (opened,) = office.events
    key, found = next(iter(opened.body["inputs"]["addresses"].items()))
    inputs = {**opened.body["inputs"], "addresses": {key: {**found, "people": ["p-invented"]}}}

    assert told(findings(office, [forged(opened, inputs=inputs)])) == [(1, "authority")]


# Separation of duties


def test_who_noted_may_not_end() -> None:
    office = an_office()
    office.take("note")
    office.take("end", by="clerk")
    opened, noted, ended = office.events
    clerk = ended.body["actor"]

    assert told(findings(office, [opened.data, forged(noted, actor=clerk), ended.data])) == [(3, "duties")]


def test_nobody_answers_their_own_extension() -> None:
    office = an_office()
    office.does(AskExtension, clock="state", reason="示例")
    office.does(AnswerExtension, "clerk", clock="state", approve=True)
    opened, asked, answered = office.events
    own = forged(answered, actor=asked.body["actor"])

    assert told(findings(office, [opened.data, asked.data, own])) == [(3, "duties")]


# Limits


def test_a_step_for_once_is_found_when_taken_twice() -> None:
    office = an_office()
    office.take("note")
    opened, noted = office.events
    again = forged(noted, seq=3, prev=noted.hash)

    assert told(findings(office, [opened.data, noted.data, again])) == [(3, "limit")]


def test_a_longer_or_second_extension_than_the_definition_allows_is_found() -> None:
    office = an_office()
    office.does(AskExtension, clock="state", reason="示例")
    office.does(AnswerExtension, "clerk", clock="state", approve=True)
    opened, asked, answered = office.events
    second = forged(asked, seq=4, prev=answered.hash, changes=[])
    change = asked.body["changes"][0]
    longer = {**change["clock"], "asked": {**change["clock"]["asked"], "amount": "3 working days"}}

    assert told(findings(office, [opened.data, asked.data, answered.data, second]))[0] == (4, "limit")
    assert told(findings(office, [opened.data, forged(asked, changes=[{**change, "clock": longer}])])) == [
        (2, "limit")
    ]


def test_a_clock_that_rang_before_its_moment_is_found() -> None:
    """Three working days from Monday 2 March: the end of Thursday 5 March, 17:30 in China."""
    office = an_office()
    office.wait_until("2026-03-05 18:00")
    opened, rang = office.events
    assert rang.body["inputs"]["fired"]["planned"] == "2026-03-05T09:30:00.000000Z"
    early = forged(rang, at="2026-03-05T09:29:59.000000Z")

    assert told(findings(office, [opened.data, early])) == [(2, "limit")]


# Escalations


def test_a_rung_that_nobody_rang_before_work_went_on_is_found_once() -> None:
    office = an_office()
    office.move_to("2026-03-05 18:00")
    office.take("note")
    office.does(Comment, text="示例")

    found = findings(office)

    assert told(found) == [(2, "escalation")]
    assert "定于 2026-03-05T09:30:00.000000Z" in found[0].message


@pytest.mark.parametrize(
    ("late", "expected"), [(GRACE, []), (GRACE + timedelta(seconds=1), [(2, "escalation")])]
)
def test_a_sweep_may_take_a_minute(late: timedelta, expected: list[tuple[int, str]]) -> None:
    office = an_office()
    office.world.move_to(datetime.fromisoformat("2026-03-05T09:30:00+00:00") + late)
    office.take("note")

    assert told(findings(office)) == expected


def test_a_rung_that_rang_twice_is_found() -> None:
    office = an_office()
    office.wait_until("2026-03-05 18:00")
    opened, rang = office.events
    twice = forged(rang, seq=3, prev=rang.hash)

    assert (3, "escalation") in told(findings(office, [opened.data, rang.data, twice]))


def test_an_escalation_to_people_who_did_not_hold_the_role_is_found() -> None:
    office = an_office()
    office.wait_until("2026-03-05 18:00")
    _, rang = office.events
    moved = [without(office, office.people("head")[0])]

    found = findings(office, organisation=lambda at: moved if at >= rang.at else [office.directory])

    assert told(found) == [(2, "escalation")]


# Rules


def test_a_definition_before_its_day_is_found() -> None:
    office = Office(a_workflow({"first": a_state(steps={"end": a_step()})}, effective="2026-03-03"))
    office.open()

    assert told(findings(office)) == [(1, "rule")]


def test_a_definition_that_is_not_on_record_is_found_and_ends_the_judging() -> None:
    office = an_office()
    office.take("note")

    def unknown(digest: str) -> Any:
        raise LookupError(digest)

    found = judge(
        [event.data for event in office.events],
        program=unknown,
        calendar=office.world.engine.calendars.digest,
        organisation=lambda at: [office.directory],
    )

    assert told(found) == [(1, "rule")]

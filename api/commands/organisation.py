"""`bihuan org`: whether every post is filled, the organisation as a file, and the handover of whoever leaves."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path
from typing import Annotated, Any, cast

import orjson
import typer
from rich.console import Console

from adapters.bootstrap import Container
from adapters.organisation.changes import EndPost, GivePost, Operation
from adapters.organisation.vacancies import pairs, participation, seats
from adapters.registry import NoDirectory
from api.commands.days import day_of
from api.commands.opening import container, operator
from api.commands.output import AsJson, answer, row, table
from api.organising import Handover, everything_held, hand_over
from api.standing import today
from engine.canonical import tagged_digest
from engine.directory import Directory, Malformed, PersonId, Post

app = typer.Typer(no_args_is_help=True, help="The organisation: vacancies, a file of your own, handover.")

_KINDS = ("regions", "units", "people", "posts")
_KEY_TAG = "bihuan/handover/v1"


@app.command()
def check(as_json: AsJson = False) -> None:
    """Vacant posts, teams without enough key subjects, who serves in no team. Exit code 1 if a vacancy is red."""
    with container() as made:
        data = _checked(made)
    answer(data, as_json, lambda console: _show_check(console, data))
    if data["red"]:
        raise typer.Exit(1)


@app.command()
def export(file: Annotated[Path, typer.Argument(help="Where to write it.")], as_json: AsJson = False) -> None:
    """Write the organisation to a file, which `import` reads: regions, units, people, posts."""
    with container() as made:
        directory = made.directories.current()
    file.write_bytes(orjson.dumps(directory.as_data(), option=orjson.OPT_INDENT_2))
    data = {"file": str(file), "digest": directory.digest(), **_sizes(directory)}
    answer(data, as_json, lambda console: console.print(f"{file}: {_sizes_words(data)}"))


@app.command("import")
def import_file(
    file: Annotated[Path, typer.Argument(help="An organisation as `export` writes it.")],
    yes: Annotated[
        bool, typer.Option("--yes", help="Adopt it; without it, only say what would change.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Say what a file would change, and which open cases would lose their holder; with --yes, adopt it."""
    new = _read(file)
    with container() as made:
        old = _current(made)
        data = {
            "digest": new.digest(),
            "before": old.digest() if old else "",
            **_sizes(new),
            "changes": {kind: _difference(kind, old, new) for kind in _KINDS},
            "orphaned": _orphaned(made, old, new),
            "adopted": yes,
        }
        if yes:
            _adopt(made, old, new)
    answer(data, as_json, lambda console: _show_import(console, data))


@app.command()
def handover(
    person: Annotated[str, typer.Argument(help="Who leaves.")],
    successor: Annotated[str, typer.Argument(help="Who takes over.")],
    *,
    reason: Annotated[str, typer.Option(help="Why; it stands in the history of every case.")],
    first: Annotated[
        str, typer.Option(help="The successor's first day, as 2026-12-01; today if not said.")
    ] = "",
    role: Annotated[list[str] | None, typer.Option(help="Only this post; may be repeated.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only list posts and cases.")] = False,
    as_json: AsJson = False,
) -> None:
    """Pass on posts and open cases. Exit code 1 if cases remain, which are listed with the reason."""
    with container() as made:
        day = day_of(first) if first else today(made)
        wanted = Handover(
            person=PersonId(person),
            successor=PersonId(successor),
            first=day,
            roles=tuple(role or ()),
            reason=reason,
        )
        data = _planned(made, wanted) if dry_run else _done(made, wanted)
    answer(data, as_json, lambda console: _show_handover(console, data))
    if data["remaining"]:
        raise typer.Exit(1)


# Check


def _checked(made: Container) -> dict[str, Any]:
    directory, day = made.directories.current(), today(made)
    calendar = made.calendars.current(made.settings.calendar)
    lines = [seat for seat in seats(directory, calendar, day) if seat.light != "green"]
    teams = pairs(directory, day, made.subjects.members_by_region("key_subjects"))
    people = participation(directory, day)
    return {
        "on": day.isoformat(),
        "digest": directory.digest(),
        "red": sum(seat.light == "red" for seat in lines),
        "seats": [
            {
                "region": seat.region,
                "title": directory.region(seat.region).title,
                "role": seat.role,
                "primary": seat.primary,
                "deputies": list(seat.deputies),
                "others": list(seat.others),
                "vacant_since": seat.vacant_since.isoformat() if seat.vacant_since else None,
                "light": seat.light,
            }
            for seat in lines
        ],
        "teams": [
            {
                "city": team.city,
                "title": directory.region(team.city).title,
                "units": list(team.units),
                "key_subjects": team.key_subjects,
                "enough": team.has_enough_key_subjects,
            }
            for team in teams
        ],
        "serving": sum(bool(each.cities) for each in people),
        "not_serving": [each.person for each in people if not each.cities],
    }


def _show_check(console: Console, data: dict[str, Any]) -> None:
    console.print(f"{data['on']}: {len(data['seats'])} posts need attention, {data['red']} of them red")
    shown = table("region", "post", "primary", "deputies", "vacant since", "light")
    for seat in data["seats"]:
        deputies = ", ".join(seat["deputies"])
        primary = ", ".join(filter(None, (seat["primary"], *seat["others"]))) or "none"
        row(shown, seat["title"], seat["role"], primary, deputies, seat["vacant_since"] or "", seat["light"])
    if data["seats"]:
        console.print(shown)
    short = [f"{team['title']} {team['key_subjects']}" for team in data["teams"] if not team["enough"]]
    console.print(f"teams: {len(data['teams'])}; fewer than 10 key subjects: {', '.join(short) or 'none'}")
    idle = data["not_serving"]
    console.print(f"serving in a team: {data['serving']}; not: {len(idle)} {', '.join(idle[:10])}")


# Import


def _read(file: Path) -> Directory:
    try:
        data = orjson.loads(file.read_bytes())
    except orjson.JSONDecodeError as error:
        raise Malformed(
            f"不是 JSON：{error}", place=str(file), hint="bihuan org export 写出的格式"
        ) from error
    if not isinstance(data, dict) or set(data) != set(_KINDS):
        raise Malformed(
            f"须有 {'、'.join(_KINDS)} 四部分", place=str(file), hint="bihuan org export 写出的格式"
        )
    directory = Directory.from_data(data)
    if sum(region.parent is None for region in directory.regions) != 1:
        raise Malformed("须恰有一个最上级区划", place="regions", hint="省级区划的 parent 写 null")
    return directory


def _current(made: Container) -> Directory | None:
    try:
        return made.directories.current()
    except NoDirectory:
        return None


def _difference(kind: str, old: Directory | None, new: Directory) -> dict[str, Any]:
    """Rows that come and go; a row that changes does both."""
    rows = [{orjson.dumps(each) for each in d.as_data()[kind]} if d else set() for d in (old, new)]
    added, removed = rows[1] - rows[0], rows[0] - rows[1]
    return {"added": len(added), "removed": len(removed), "examples": _examples(added, removed)}


def _examples(added: Collection[bytes], removed: Collection[bytes]) -> list[str]:
    return [
        *("+ " + each.decode() for each in sorted(added)[:3]),
        *("- " + each.decode() for each in sorted(removed)[:3]),
    ]


def _orphaned(made: Container, old: Directory | None, new: Directory) -> list[dict[str, str]]:
    """Open cases that were given by name to somebody who would be gone."""
    gone = [person.id for person in (old.people if old else ()) if new.person(person.id) is None]
    return [
        {"person": person, "case": case, "lane": lane}
        for person in gone
        for case, lane in everything_held(made, person)
    ]


def _adopt(made: Container, old: Directory | None, new: Directory) -> None:
    if old is None:
        made.directories.adopt(new, made.now())
    elif new.digest() != old.digest():
        with made.database.writing() as connection:
            made.directories.replace(connection, new, made.now(), expected=old.digest())


def _show_import(console: Console, data: dict[str, Any]) -> None:
    console.print(f"{'adopted' if data['adopted'] else 'dry run, nothing adopted'}: {_sizes_words(data)}")
    for kind, change in data["changes"].items():
        console.print(f"{kind}: {change['added']} added, {change['removed']} removed")
        for example in change["examples"]:
            console.print(f"  {example}")
    for each in data["orphaned"]:
        console.print(f"case {each['case']} {each['lane']} is held by {each['person']}, who would be gone")
    if data["orphaned"] and not data["adopted"]:
        console.print("hand them over first: bihuan org handover")


# Handover


def _planned(made: Container, wanted: Handover) -> dict[str, Any]:
    directory = made.directories.current()
    posts = [_passing(directory, each) for each in wanted.operations(directory)]
    cases = [{"case": case, "lane": lane} for case, lane in everything_held(made, wanted.person)]
    return {"dry_run": True, "operations": posts, "cases": cases, "handed": [], "remaining": []}


def _passing(directory: Directory, operation: Operation) -> dict[str, Any]:
    """A post that ends after its last day, or that is given from its first."""
    is_end = isinstance(operation, EndPost)
    post: Any = operation if is_end else cast(GivePost, operation).post
    person = directory.person(post.person)
    return {
        "do": "end_post" if is_end else "give_post",
        "person": post.person,
        "name": person.title if person else "",
        "role": post.role,
        "region": post.region,
        "unit": post.unit,
        "subject": post.subject,
        "place": _place(directory, post),
        "last" if is_end else "since": (post.last if is_end else post.since).isoformat(),
    }


def _place(directory: Directory, post: Post | EndPost) -> str:
    if post.region:
        return directory.region(post.region).title
    unit = directory.unit(post.unit) if post.unit else None
    return unit.title if unit else post.subject or ""


def _done(made: Container, wanted: Handover) -> dict[str, Any]:
    moment = made.now().isoformat()
    key = tagged_digest(_KEY_TAG, f"{wanted.person}/{wanted.successor}/{moment}".encode())
    writer = made.writer()
    try:
        found = hand_over(made, writer.submit, f"cli/{key}", wanted, by=operator().id)
    finally:
        writer.close()
    return {"dry_run": False, **found}


def _show_handover(console: Console, data: dict[str, Any]) -> None:
    if data["dry_run"]:
        _show_plan(console, data)
        return
    console.print(f"{len(data['handed'])} cases handed over, {len(data['remaining'])} remain")
    for each in data["remaining"]:
        console.print(f"  {each['case']} {each['lane']}: {each['detail']}")


def _show_plan(console: Console, data: dict[str, Any]) -> None:
    console.print("试算，未作改动")
    shown = table("动作", "职务", "区划或单位", "人员", "编号", "日期")
    for each in data["operations"]:
        is_end = each["do"] == "end_post"
        day = f"至 {each['last']} 止" if is_end else f"自 {each['since']} 起"
        row(
            shown,
            "卸任" if is_end else "接任",
            each["role"],
            each["place"],
            each["name"],
            each["person"],
            day,
        )
    console.print(shown if data["operations"] else "没有要转交的职务")
    cases = "、".join(f"{each['case']} {each['lane']}".strip() for each in data["cases"])
    console.print(f"在办事项 {len(data['cases'])} 件{'：' if cases else ''}{cases}")


def _sizes(directory: Directory) -> dict[str, int]:
    return {kind: len(getattr(directory, kind)) for kind in _KINDS}


def _sizes_words(data: dict[str, Any]) -> str:
    return ", ".join(f"{data[kind]} {kind}" for kind in _KINDS)

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
from adapters.organisation.roles import role_words
from adapters.organisation.vacancies import pairs, participation, seats
from adapters.organisation.workbook import read_workbook, template, write_workbook
from adapters.registry import NoDirectory
from api.commands.days import day_of
from api.commands.opening import container, operator
from api.commands.output import AsJson, answer, row, table
from api.organising import Handover, everything_held, hand_over
from api.presenting import LIGHT_WORDS
from api.standing import today
from engine.canonical import tagged_digest
from engine.directory import Directory, Malformed, PersonId, Post

app = typer.Typer(no_args_is_help=True, help="The organisation: vacancies, a file of your own, handover.")

_WORDS = {"regions": "区划", "units": "单位", "people": "人员", "posts": "任职"}
_KINDS = tuple(_WORDS)
_KEY_TAG = "bihuan/handover/v1"
_ZIP = b"PK"  # how a workbook begins
_FORMAT = "bihuan org template 机构.xlsx（或 .json）写出样表；格式见 docs/guide/organisation.md"


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
    """Write the organisation to a .xlsx or .json file, which `import` reads: regions, units, people, posts."""
    with container() as made:
        directory = made.directories.current()
    _written(file, directory, as_json)


@app.command("template")
def write_template(
    file: Annotated[Path, typer.Argument(help="Where to write it: .xlsx to fill in, or .json.")],
    as_json: AsJson = False,
) -> None:
    """Write a file to fill in and `import`: all divisions, and an invented office (示例) of each level with every role."""
    _written(file, template(), as_json)


def _written(file: Path, directory: Directory, as_json: bool) -> None:
    is_workbook = file.suffix.lower() == ".xlsx"
    json = orjson.dumps(directory.as_data(), option=orjson.OPT_INDENT_2)
    file.write_bytes(write_workbook(directory) if is_workbook else json)
    data = {"file": str(file), "digest": directory.digest(), **_sizes(directory)}
    answer(data, as_json, lambda console: console.print(f"{file}：{_sizes_words(data)}"))


@app.command("import")
def import_file(
    file: Annotated[Path, typer.Argument(help="An organisation as `export` or `template` writes it.")],
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
    console.print(f"{data['on']}：{len(data['seats'])} 个岗位须处理，其中红灯 {data['red']} 个")
    shown = table("区划", "岗位", "人员", "副职", "空缺自", "灯")
    for seat in data["seats"]:
        deputies = "、".join(seat["deputies"])
        primary = "、".join(filter(None, (seat["primary"], *seat["others"]))) or "无"
        light = LIGHT_WORDS.get(seat["light"], seat["light"])
        row(
            shown,
            seat["title"],
            role_words(seat["role"]),
            primary,
            deputies,
            seat["vacant_since"] or "",
            light,
        )
    if data["seats"]:
        console.print(shown)
    short = [f"{team['title']} {team['key_subjects']}" for team in data["teams"] if not team["enough"]]
    console.print(f"服务团 {len(data['teams'])} 个；重点联系企业不足 10 家的：{'、'.join(short) or '无'}")
    idle = data["not_serving"]
    named = f"：{'、'.join(idle[:10])}{'……' if len(idle) > 10 else ''}" if idle else ""
    console.print(f"参加服务团 {data['serving']} 人；未参加 {len(idle)} 人{named}")


# Import


def _read(file: Path) -> Directory:
    data = file.read_bytes()
    directory = read_workbook(data, file.name) if data.startswith(_ZIP) else _from_json(data, file)
    if sum(region.parent is None for region in directory.regions) != 1:
        raise Malformed(
            "须恰有一个最上级区划", place="regions", hint="最上级区划的上级（parent）留空，写作 null"
        )
    return directory


def _from_json(data: bytes, file: Path) -> Directory:
    try:
        found = orjson.loads(data)
    except orjson.JSONDecodeError as error:
        raise Malformed(f"不是 JSON，也不是 .xlsx：{error}", place=str(file), hint=_FORMAT) from error
    if not isinstance(found, dict) or set(found) != set(_KINDS):
        raise Malformed(f"须有 {'、'.join(_KINDS)} 四部分", place=str(file), hint=_FORMAT)
    return Directory.from_data(found)


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
    console.print(
        f"{'已采用' if data['adopted'] else '试算，未作改动；加 --yes 才生效'}：{_sizes_words(data)}"
    )
    for kind, change in data["changes"].items():
        console.print(f"{_WORDS[kind]}：增 {change['added']} 条，减 {change['removed']} 条")
        for example in change["examples"]:
            console.print(f"  {example}")
    for each in data["orphaned"]:
        where = f"{each['case']} {each['lane']}".strip()
        console.print(f"事项 {where} 由 {each['person']} 经办，此人将不在名录里")
    if data["orphaned"] and not data["adopted"]:
        console.print("请先交接：bihuan org handover")


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
    console.print(f"已转交事项 {len(data['handed'])} 件，未能转交 {len(data['remaining'])} 件")
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
            role_words(each["role"]),
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
    return "，".join(f"{_WORDS[kind]} {data[kind]}" for kind in _KINDS)

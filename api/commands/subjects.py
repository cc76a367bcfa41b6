"""`bihuan subject`: the registry of subjects, as the operator at the machine sees it."""

from __future__ import annotations

from typing import Annotated, Any

import typer
from rich.console import Console

from adapters.bootstrap import Container
from adapters.organisation.places import find_place
from adapters.subjects.codes import read_code
from adapters.subjects.contacts import warning
from adapters.subjects.reading import Dated, Subject, SubjectFilter
from adapters.subjects.writing import NewSubject, UnknownSubject
from api.commands.days import day_of
from api.commands.opening import container, everything
from api.commands.output import AsJson, answer, columns, row, table
from api.standing import today
from api.subject_presenting import masked, value_words
from engine.canonical import instant
from engine.directory import RegionId, SubjectId

app = typer.Typer(no_args_is_help=True, help="Subjects: whom cases are about, and what is known of them.")


@app.command()
def show(
    subject: Annotated[str, typer.Argument(help="The id: 统一社会信用代码.")], as_json: AsJson = False
) -> None:
    """One subject: names, regions, figures with their sources, lists. Personal values are masked."""
    with container() as made:
        found = made.subjects.find(subject, everything(made))
        if found is None:
            raise UnknownSubject(f"没有编号为 {subject} 的服务对象", hint="bihuan subject search 查找")
        data = _data(made, found)
    answer(data, as_json, lambda console: _show(console, data))


@app.command()
def search(
    text: Annotated[str, typer.Argument(help="A part of the code, or of a name past or present.")] = "",
    region: Annotated[str | None, typer.Option(help="This region and all under it.")] = None,
    on_list: Annotated[str | None, typer.Option("--list", help="Only those on this list now.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=1000)] = 50,
    as_json: AsJson = False,
) -> None:
    """Find subjects; says how many there are in all."""
    with container() as made:
        wanted = SubjectFilter(text=text or None, region=region, list=on_list)
        page = made.subjects.search(everything(made), wanted, limit=limit)
        total = made.subjects.count(everything(made), wanted)
    data = {"total": total, "subjects": [_summary(subject) for subject in page.subjects], "next": page.next}
    answer(data, as_json, lambda console: _show_found(console, data))


@app.command()
def add(
    code: Annotated[str, typer.Argument(help="统一社会信用代码.")],
    title: Annotated[str, typer.Argument(help="The full name.")],
    region: Annotated[str, typer.Argument(help="A region id, or its words: 合肥市蜀山区.")],
    *,
    since: Annotated[
        str, typer.Option(help="The first day of name and region, as 2020-03-01; today if not said.")
    ] = "",
    confirm: Annotated[
        bool, typer.Option("--confirm", help="The code was checked although one digit is odd.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Register a subject."""
    reading = read_code(code)
    reading.require(is_confirmed=confirm)
    with container() as made:
        day = day_of(since) if since else today(made)
        directory = made.directories.current()
        known = {each.id for each in directory.regions}
        place = RegionId(region) if region in known else find_place(region, on=day).region
        directory.region(place)
        new = NewSubject(
            id=SubjectId(reading.code), title=title, region=place, since=day, doubt=reading.doubt
        )
        made.subjects.register_many([new], made.now())
    data = {"id": new.id, "title": title, "region": place, "since": day.isoformat(), "doubt": reading.doubt}
    answer(data, as_json, lambda console: console.print(f"subject {new.id} registered in {place}"))


def _data(made: Container, found: Subject) -> dict[str, Any]:
    subjects, specs = made.subjects, made.subjects.specs()
    visits = subjects.contacts(found.id, made.now())
    facts = []
    for (name, year), known in sorted(subjects.facts(found.id).items()):
        spec = specs.get(name)
        hides = bool(spec and spec.personal)
        words = value_words(spec, known.value)
        facts.append(
            {
                "fact": name,
                "title": str(spec.title) if spec else name,
                "year": year,
                "value": masked(str(known.value)) if hides else known.value,
                "words": masked(words) if hides else words,
                "source": known.source,
                "vintage": known.vintage.isoformat(),
                "verified": known.verified,
            }
        )
    return {
        **_summary(found),
        "names": [_dated(each) for each in subjects.names(found.id)],
        "regions": [_dated(each) for each in subjects.regions(found.id)],
        "facts": facts,
        "lists": [
            {
                "list": each.list,
                "since": instant(each.since),
                "until": instant(each.until) if each.until else None,
                "case": each.case,
            }
            for each in subjects.memberships(found.id)
        ],
        "visits": len(visits),
        "warning": warning(len(visits)),
    }


def _summary(subject: Subject) -> dict[str, Any]:
    return {"id": subject.id, "title": subject.title, "region": subject.region, "doubt": subject.doubt}


def _dated(dated: Dated) -> dict[str, Any]:
    until = dated.until.isoformat() if dated.until else None
    return {"value": dated.value, "since": dated.since.isoformat(), "until": until}


def _show(console: Console, data: dict[str, Any]) -> None:
    names = "; ".join(f"{n['value']} ({n['since']} – {n['until'] or ''})" for n in data["names"])
    regions = "; ".join(f"{r['value']} ({r['since']} – {r['until'] or ''})" for r in data["regions"])
    console.print(
        columns(
            [
                ("id", f"{data['id']}{'  ' + data['doubt'] if data['doubt'] else ''}"),
                ("names", names),
                ("regions", regions),
                ("visits in 30 days", f"{data['visits']} {data['warning']}"),
            ]
        )
    )
    shown = table("fact", "year", "value", "source", "as of", "verified")
    for fact in data["facts"]:
        year, verified = fact["year"] or "", "yes" if fact["verified"] else ""
        row(shown, fact["title"], year, fact["words"], fact["source"], fact["vintage"], verified)
    console.print(shown)
    for each in data["lists"]:
        console.print(
            f"list {each['list']}: since {each['since']}{' until ' + each['until'] if each['until'] else ''}"
        )


def _show_found(console: Console, data: dict[str, Any]) -> None:
    shown = table("id", "name", "region", "doubt")
    for subject in data["subjects"]:
        row(shown, subject["id"], subject["title"], subject["region"], subject["doubt"])
    console.print(shown)
    console.print(f"{len(data['subjects'])} of {data['total']}")

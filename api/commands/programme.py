"""`bihuan programme`: publish it, let its lists keep themselves, and see how a subject stands under its rules."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from adapters.programme.lists import Ran
from adapters.subjects.writing import UnknownSubject
from api.commands.opening import container, everything
from api.commands.output import AsJson, answer, row, table
from api.commands.publishing import publish_all
from api.programme_presenting import eligibilities, programme_view, proposals_view, standings
from api.programme_schemas import EligibilityView, StandingView
from engine.directory import SubjectId

app = typer.Typer(no_args_is_help=True, help="The programme: lists, rules, and who meets them.")

_VERDICTS = {"pass": "符合", "fail": "不符合", "unknown": "缺数据"}


@app.command()
def publish(
    file: Annotated[Path, typer.Argument(help="A programme file.", show_default=False)],
    as_json: AsJson = False,
) -> None:
    """Certify a programme over the published workflows and publish it, as `bihuan publish` does. Exit code 1 if it has errors."""
    publish_all([file], as_json)


@app.command()
def show(as_json: AsJson = False) -> None:
    """The programme in force."""
    with container() as made:
        view = programme_view(made.programmes.current(made.now())).model_dump(mode="json")
    answer(view, as_json, lambda console: _show_programme(console, view))


@app.command()
def run(
    all_subjects: Annotated[
        bool, typer.Option("--all", help="Look at every subject, changed or not.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Let the lists keep themselves now: whoever changed is looked at, until nothing is left."""
    with container() as made:
        made.programmes.current(made.now())  # says so where there is none
        if all_subjects:
            made.lists.look_again()
        writer = made.writer()
        try:
            ran = made.lists.run_all(writer.submit)
        finally:
            writer.close()
    answer(_ran_data(ran), as_json, lambda console: _show_ran(console, ran))


@app.command()
def lists(as_json: AsJson = False) -> None:
    """Every list, and how many are on it now."""
    with container() as made:
        found = made.programmes.current(made.now()).programme.lists
        counts = made.memberships.counts(everything(made))
    data = [{"list": n, "title": str(s.title), "members": counts.get(n, 0)} for n, s in found.items()]
    answer({"lists": data}, as_json, lambda console: _show_lists(console, data))


@app.command()
def proposals(as_json: AsJson = False) -> None:
    """What would be proposed now, and why; and what joins a case that is there already. Opens nothing."""
    with container() as made:
        now = made.now()
        programme = made.programmes.current(now).programme
        view = proposals_view(programme, made.proposals.found(now), made.directories.current())
    data = view.model_dump(mode="json")
    answer(data, as_json, lambda console: _show_proposals(console, data))


@app.command()
def eligibility(
    subject: Annotated[str, typer.Argument(help="The id of a subject.")],
    year: Annotated[int | None, typer.Option(help="Of the figures; the newest if not said.")] = None,
    as_json: AsJson = False,
) -> None:
    """How a subject stands under each rule set and list: criterion by criterion, by how much, and what to ask."""
    with container() as made:
        profile = made.profiles.of(SubjectId(subject))
        if profile is None:
            raise UnknownSubject(f"没有编号为 {subject} 的服务对象", hint="核对代码")
        published = made.programmes.current(made.now())
        today = made.calendars.current(made.settings.calendar).local_date(made.now())
        sets, stands = eligibilities(published, profile, today, year), standings(published, profile, today)
    data = {
        "subject": {"id": profile.id, "title": profile.title},
        "rule_sets": [each.model_dump(mode="json") for each in sets],
        "lists": [each.model_dump(mode="json") for each in stands],
    }
    answer(data, as_json, lambda console: _show_eligibility(console, sets, stands))


def _ran_data(ran: Ran) -> dict[str, int]:
    return {
        "subjects": ran.subjects,
        "entered": ran.entered,
        "left": ran.left,
        "commands": ran.steps,
        "refused": ran.refused,
    }


def _show_programme(console: Console, view: dict[str, Any]) -> None:
    console.print(f"{view['title']}（第 {view['version']} 版，{view['effective']} 起施行）")
    shown = table("参数", "名称", "值", "说明")
    for each in view["parameters"]:
        row(shown, each["id"], each["title"], f"{each['value']}{each['unit']}", each["note"])
    console.print(shown)


def _show_ran(console: Console, ran: Ran) -> None:
    console.print(f"看过 {ran.subjects} 个，列入 {ran.entered}，移出 {ran.left}，办理 {ran.steps} 件")
    if ran.refused:
        console.print(f"{ran.refused} 件没有办成，稍后再试；原因见 bihuan status", style="yellow")


def _show_lists(console: Console, data: list[dict[str, Any]]) -> None:
    shown = table("名单", "名称", "现有")
    for each in data:
        row(shown, each["list"], each["title"], each["members"])
    console.print(shown)


def _show_proposals(console: Console, data: dict[str, Any]) -> None:
    if not data["proposals"]:
        console.print("没有可提出的")
        return
    shown = table("提出", "内容", "件数", "区划", "共同的词", "事项", "可并入")
    for each in data["proposals"]:
        regions = "、".join(region["title"] for region in each["regions"])
        terms, cases = "、".join(each["terms"]), "、".join(each["cases"])
        row(
            shown,
            each["proposal"]["title"],
            each["heading"],
            len(each["cases"]),
            regions,
            terms,
            cases,
            each["joins"],
        )
    console.print(shown)


def _show_eligibility(console: Console, sets: list[EligibilityView], stands: list[StandingView]) -> None:
    for found in sets:
        console.print(f"{found.title}（{found.year} 年数据）：{_VERDICTS[found.verdict]}")
        shown = table("条件", "结果", "现值", "差多少", "缺哪些数据")
        for each in found.criteria:
            values = "、".join(measure.value for measure in each.measures)
            lacks = "、".join(measure.lacks for measure in each.measures if measure.lacks)
            asks = "、".join(f"{ask.title}{ask.year or ''}" for ask in each.missing)
            row(shown, each.title, _VERDICTS[each.verdict], values, lacks, asks)
        console.print(shown)
    on = table("名单", "在名单上", "按数据", "年份")
    for stand in stands:
        row(on, stand.title, "是" if stand.on else "", _VERDICTS[stand.verdict], stand.year)
    console.print(on)

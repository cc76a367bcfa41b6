"""`bihuan subject` and `bihuan org`, run as somebody at the machine would."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
import xlsxwriter

from adapters.bootstrap import Container
from adapters.sample import PEOPLE
from api.commands.opening import container
from engine.access import Actor
from engine.case import CaseId, CommandId
from engine.commands import Assign
from engine.directory import PersonId
from engine.runtime import Accepted
from tests.architecture.sources import ROOT
from tests.support.commandline import CommandLine, an_issue, in_folder, with_sample

CODE = "91340100MAR8F86N30"


@pytest.fixture
def bihuan(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> CommandLine:
    return in_folder(tmp_path, monkeypatch, capsys)


@pytest.fixture
def made(bihuan: CommandLine) -> Iterator[Container]:
    with with_sample() as container:
        yield container


def test_a_subject_is_added_found_and_shown(bihuan: CommandLine, made: Container) -> None:
    added = bihuan(
        "subject", "add", CODE, "合肥示例有限公司", "合肥市蜀山区", "--since", "2020-03-01", "--json"
    ).json()
    assert added == {
        "id": CODE, "title": "合肥示例有限公司", "region": "340104", "since": "2020-03-01", "doubt": "",
    }  # fmt: skip
    found = bihuan("subject", "search", "示例", "--json").json()
    assert (found["total"], found["subjects"][0]["id"]) == (1, CODE)
    assert bihuan("subject", "search", "--region", "3402", "--json").json()["total"] == 0
    shown = bihuan("subject", "show", CODE, "--json").json()
    assert shown["names"] == [{"value": "合肥示例有限公司", "since": "2020-03-01", "until": None}]
    assert "合肥示例有限公司" in bihuan("subject", "show", CODE).out
    assert "1 of 1" in bihuan("subject", "search").out


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("add", "91310115MA1H8R7C6D", "示例", "340104"), "bad_code"),
        (("add", "91350211M0000XUF46", "示例", "340104"), "code_to_confirm"),
        (("add", CODE, "示例", "蜀山区"), "ambiguous_place"),
        (("add", CODE, "示例", "合肥市蜀山区", "--since", "昨天"), "bad_day"),
        (("add", CODE, " ", "340104"), "bad_name"),
        (("show", CODE), "unknown_subject"),
    ],
)
def test_what_cannot_be_is_refused_with_a_code_and_a_hint(
    bihuan: CommandLine, made: Container, arguments: tuple[str, ...], code: str
) -> None:
    ran = bihuan("subject", *arguments)
    assert ran.code == 2
    assert f"{code}: " in ran.err
    assert "hint: " in ran.err
    assert bihuan("subject", "search", "--json").json()["total"] == 0


def test_the_check_is_well_for_the_sample_and_tells_what_is_missing(
    bihuan: CommandLine, made: Container
) -> None:
    ran = bihuan("org", "check", "--json")
    assert (ran.code, ran.json()["red"], ran.json()["seats"]) == (0, 0, [])
    assert {team["enough"] for team in ran.json()["teams"]} == {False}
    assert "重点联系企业不足 10 家的" in bihuan("org", "check").out


def test_an_exported_organisation_comes_back_changed_by_a_dry_run_first(
    bihuan: CommandLine, made: Container
) -> None:
    before = bihuan("org", "export", "org.json", "--json").json()
    data = json.loads(Path("org.json").read_text("utf-8"))
    data["posts"] = [p for p in data["posts"] if not (p["role"] == "liaison" and p["region"] == "340104")]
    Path("own.json").write_text(json.dumps(data), "utf-8")

    dry = bihuan("org", "import", "own.json", "--json").json()
    assert (dry["adopted"], dry["changes"]["posts"]["removed"], dry["changes"]["people"]["removed"]) == (
        False,
        1,
        0,
    )
    assert bihuan("org", "check").code == 0
    assert bihuan("org", "import", "own.json", "--yes").code == 0
    assert bihuan("org", "check", "--json").json()["seats"][0]["region"] == "340104"
    assert bihuan("org", "check").code == 1
    assert bihuan("org", "import", "org.json", "--yes", "--json").json()["digest"] == before["digest"]


def test_the_first_launch_gets_its_organisation_from_a_workbook_that_was_filled_in(
    bihuan: CommandLine,
) -> None:
    assert bihuan("db", "upgrade").code == 0
    for command in (("token", "create", "x"), ("org", "check"), ("org", "export", "org.json")):
        ran = bihuan(*command)
        assert (ran.code, ran.err.partition(":")[0]) == (2, "no_directory")
        assert "bihuan org template" in ran.err.partition("serve --sample")[0]
    written = bihuan("org", "template", "机构.xlsx", "--json").json()
    assert bihuan("org", "import", "机构.xlsx", "--yes", "--json").json()["digest"] == written["digest"]
    assert bihuan("token", "create", "p-34-leader-1").code == 0
    assert bihuan("org", "export", "again.xlsx", "--json").json()["digest"] == written["digest"]
    assert bihuan("org", "import", "again.xlsx", "--json").json()["digest"] == written["digest"]


def test_the_example_of_the_guide_is_an_organisation(bihuan: CommandLine) -> None:
    guide = (ROOT / "docs/guide/organisation.md").read_text("utf-8")
    Path("机构.json").write_text(guide.partition("```json\n")[2].partition("```")[0], "utf-8")
    assert bihuan("db", "upgrade").code == 0
    assert bihuan("org", "import", "机构.json", "--yes").code == 0
    with container() as made:
        directory = made.directories.current()
    assert [post.role for post in directory.posts_of("p-34-leader", on=date(2026, 12, 1))] == [
        "administrator",
        "leader",
    ]


def test_a_workbook_names_sheet_and_row_of_what_is_wrong(bihuan: CommandLine, made: Container) -> None:
    with xlsxwriter.Workbook("own.xlsx") as book:
        for title, rows in {
            "区划": [["编号", "名称", "上级编号"], [34, "安徽省"]],
            "单位": [["编号", "名称", "区划编号"], ["u-34", "示例", "34"]],
            "人员": [["编号", "姓名", "单位编号"], ["p-1", "示例", "u-34"], ["p-2", "示例", "u-35"]],
            "任职": [
                ["人员编号", "角色", "区划编号", "单位编号", "服务对象", "起", "止", "代理谁"],
                ["p-1", "leader", 34, "", "", "2026-12-01", "", ""],
            ],
        }.items():
            page = book.add_worksheet(title)
            for line, row in enumerate(rows):
                page.write_row(line, 0, row)
    ran = bihuan("org", "import", "own.xlsx")
    assert ran.code == 2
    assert ran.err.startswith("malformed_directory: 工作表“人员”第 3 行：没有单位 u-35\n")


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("not json", "JSON"),
        ("[]", "四部分"),
        ('{"regions": [], "units": [], "people": [], "posts": []}', "最上级"),
        (
            '{"regions": [{"id": "34", "title": "省"}], "units": [{"id": "u"}], "people": [], "posts": []}',
            "units/0",
        ),
    ],
)
def test_a_file_that_is_no_organisation_is_refused_with_its_place(
    bihuan: CommandLine, made: Container, content: str, said: str
) -> None:
    Path("bad.json").write_text(content, "utf-8")
    ran = bihuan("org", "import", "bad.json", "--yes")
    assert ran.code == 2
    assert said in ran.err
    assert made.directories.current().person("p-340104-liaison-1") is not None


def test_an_import_that_loses_a_holder_says_which_cases_are_orphaned(
    bihuan: CommandLine, made: Container
) -> None:
    case = an_issue(made)
    holder = given(made, case)
    bihuan("org", "export", "org.json")
    data = json.loads(Path("org.json").read_text("utf-8"))
    data["people"] = [person for person in data["people"] if person["id"] != holder]
    data["posts"] = [post for post in data["posts"] if post["person"] != holder]
    Path("own.json").write_text(json.dumps(data), "utf-8")
    assert bihuan("org", "import", "own.json", "--json").json()["orphaned"] == [
        {"person": holder, "case": case, "lane": ""}
    ]


def test_a_handover_at_the_machine_passes_on_posts_and_cases(bihuan: CommandLine, made: Container) -> None:
    case = an_issue(made)
    holder, successor = given(made, case), "p-340104-coordinator-1"
    asked = ("org", "handover", holder, successor, "--reason", "岗位调整（示例）", "--first", "2026-11-23")
    planned = bihuan(*asked, "--dry-run", "--json").json()
    assert [each["case"] for each in planned["cases"]] == [case]
    assert planned["operations"] == [
        {
            "do": "end_post", "person": "p-340104-liaison-1", "name": "示例联络员·合肥市蜀山区", "role": "liaison",
            "region": "340104", "unit": None, "subject": None, "place": "蜀山区", "last": "2026-11-22",
        },
        {
            "do": "give_post", "person": successor, "name": "示例协调处室·合肥市蜀山区", "role": "liaison",
            "region": "340104", "unit": None, "subject": None, "place": "蜀山区", "since": "2026-11-23",
        },
    ]  # fmt: skip
    lines = [" ".join(line.split()) for line in bihuan(*asked, "--dry-run").out.splitlines()]
    assert f"接任 联络员（liaison） 蜀山区 示例协调处室·合肥市蜀山区 {successor} 自 2026-11-23 起" in lines
    assert f"在办事项 1 件：{case}" in lines
    done = bihuan(*asked, "--json")
    assert (done.code, done.json()["handed"]) == (0, [{"case": case, "lane": ""}])
    assert successor in bihuan("case", "show", case, "--json").out
    assert bihuan("org", "handover", "nobody", successor, "--reason", "示例").code == 2


def given(made: Container, case: str) -> PersonId:
    """The liaison of the region, to whom the case is given by name."""
    person = PEOPLE["liaison"]
    actor = Actor("system", kind="system")
    command = Assign(
        id=CommandId(f"give-{case}"), case=CaseId(case), actor=actor, person=person, reason="示例"
    )
    (outcome,) = made.engine.handle([command])
    assert isinstance(outcome, Accepted), outcome
    return person

"""`bihuan check` and `bihuan programme` on the command line."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from adapters.bootstrap import Container
from adapters.subjects.writing import NewSubject
from engine.access import Actor, Grant
from engine.case import CommandId
from engine.commands import Open
from engine.directory import RegionId, SubjectId
from engine.runtime import Accepted
from engine.subjects import Observation
from tests.architecture.sources import ROOT
from tests.support.commandline import MONDAY, CommandLine, in_folder, with_sample
from tests.support.profiles import WAN, shipped_programme
from workflows import programme, shipped

CODE = "91340100MA2DD272X5"
YI = 10_000 * WAN


@pytest.fixture
def bihuan(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> CommandLine:
    return in_folder(tmp_path, monkeypatch, capsys)


def ship(folder: Path) -> Path:
    for name, data in (*shipped(), programme()):
        (folder / name).write_bytes(data)
    return folder / programme()[0]


def test_a_programme_is_checked_over_the_workflows_beside_it(bihuan: CommandLine, tmp_path: Path) -> None:
    file = ship(tmp_path)
    checked = bihuan("check", file, "--json")
    assert (checked.code, checked.json()["ok"]) == (0, True)
    assert checked.json()["files"][0]["certificate"]["counts"]["lists"] == 15

    (tmp_path / "survey.yaml").unlink()
    checked = bihuan("check", file)
    assert checked.code == 1
    assert "unknown_workflow" in checked.out


def test_a_fault_of_a_programme_is_told_as_those_of_workflows(bihuan: CommandLine, tmp_path: Path) -> None:
    file = tmp_path / "p.yaml"
    file.write_bytes(programme()[1].replace(b"staff <= sme_staff_max", b"staf <= sme_staff_max", 1))
    checked = bihuan("check", file, "--json")
    (finding,) = checked.json()["files"][0]["findings"]
    assert (checked.code, finding["code"], "staff" in finding["hint"]) == (1, "expression_unknown_name", True)


def test_a_programme_is_no_workflow_to_draw(bihuan: CommandLine, tmp_path: Path) -> None:
    drawn = bihuan("graph", ship(tmp_path))
    assert (drawn.code, "not_a_workflow" in drawn.err) == (2, True)


def test_lists_keep_themselves_and_eligibility_is_told(bihuan: CommandLine, tmp_path: Path) -> None:
    with with_sample() as made:
        made.programmes.publish(shipped_programme(), MONDAY)
        day = MONDAY.date() - timedelta(days=1)
        new = NewSubject(id=SubjectId(CODE), title="示例企业", region=RegionId("340104"), since=day, doubt="")
        made.subjects.register_many([new], MONDAY)
        said = Observation(
            subject=SubjectId(CODE),
            year=2025,
            facts={"revenue": 6 * YI, "above_scale": True, "has_rd_institution": False},
            source="示例",
            vintage=day,
            entered_by="p-1",
            entered_at=MONDAY,
        )
        made.subjects.observe_many([said], MONDAY)

    assert bihuan("programme", "lists", "--json").json()["lists"][1]["members"] == 0
    ran = bihuan("programme", "run", "--json").json()
    assert (ran["subjects"], ran["entered"], ran["refused"]) == (1, 2, 0)
    members = {
        each["list"]: each["members"] for each in bihuan("programme", "lists", "--json").json()["lists"]
    }
    assert (members["no_institution"], members["service_objects"], members["no_activity"]) == (1, 1, 0)
    assert bihuan("programme", "run", "--all", "--json").json()["entered"] == 0

    told = bihuan("programme", "eligibility", CODE)
    assert told.code == 0
    assert "差 40,000 万元" in told.out
    assert "资产总额2025" in told.out
    assert bihuan("programme", "show", "--json").json()["version"] == 2
    unknown = bihuan("programme", "eligibility", "nobody")
    assert (unknown.code, "unknown_subject" in unknown.err) == (2, True)


def test_a_programme_with_errors_is_not_published(bihuan: CommandLine, tmp_path: Path) -> None:
    with with_sample():
        pass
    wrong = tmp_path / "p.yaml"
    wrong.write_bytes(programme()[1].replace(b"workflow: survey", b"workflow: surveys"))
    refused = bihuan("programme", "publish", wrong, "--json")
    assert (refused.code, refused.json()["published"]) == (1, False)
    published = bihuan("programme", "publish", ship(tmp_path), "--json")
    assert published.json()["published"] is True, published.out


def test_the_first_steps_of_the_guide_work_and_over_the_shipped_programme_its_version_is_refused_with_the_next(
    bihuan: CommandLine, tmp_path: Path
) -> None:
    guide = (ROOT / "docs/guide/programme.md").read_text("utf-8")
    [console] = re.findall(r"^```console\n(.*?programme publish.*?)^```", guide, flags=re.M | re.S)[:1]
    own = re.search(r"^```yaml\n(language: 1\nprogramme: small\n.*?)^```", guide, flags=re.M | re.S)
    assert own
    (tmp_path / "workflows").mkdir()
    ship(tmp_path / "workflows")
    (tmp_path / "workflows/small.yaml").write_text(own[1], "utf-8")
    for line in console.splitlines():
        words = line.removeprefix("$ ").split()
        if words[0] == "bihuan":
            ran = bihuan(*words[1:])
            assert ran.code == 0, ran.err
    assert "2027-01-01 起施行" in ran.out
    assert (
        bihuan("publish", *sorted(Path("workflows").glob("*.yaml"))).code == 0
    )  # its version is the higher one
    (tmp_path / "workflows/small.yaml").write_text(own[1] + "# 改过\n", "utf-8")
    refused = bihuan("programme", "publish", "workflows/small.yaml")
    shipped_version = shipped_programme().programme.version
    assert refused.code == 2
    assert f"把 version 改为 {shipped_version + 1} 再发布" in refused.err


def test_what_would_be_proposed_is_shown_with_its_reasons_and_nothing_is_opened(
    bihuan: CommandLine, tmp_path: Path
) -> None:
    with with_sample(datetime.now(UTC)) as made:  # the command looks by its own clock
        made.programmes.publish(shipped_programme(), made.now())
        cases = [
            issued(made, text, region)
            for text, region in (
                ("中试用地指标不足", "340104"),
                ("园区中试用地指标不足", "340104"),
                ("中试用地指标一直不足", "340102"),
            )
        ]
    (told,) = bihuan("programme", "proposals", "--json").json()["proposals"]
    assert (sorted(told["cases"]), told["joins"], told["terms"]) == (cases, "", ["中试用地指标不足"])
    assert [region["id"] for region in told["regions"]] == ["340102", "340104"]
    shown = bihuan("programme", "proposals")
    assert (shown.code, "用地用能环评" in shown.out) == (0, True)
    assert bihuan("programme", "proposals", "--json").json()["proposals"] == [told]


def issued(made: Container, summary: str, region: str) -> str:
    grants = (Grant("liaison", region=region),)
    command = Open(
        id=CommandId(f"open-{summary}"),
        case=made.numbers.next(made.now()),
        actor=Actor(id=f"p-{region}-liaison-1", grants=grants, channel="test"),
        workflow="issue",
        region=region,
        subject="",
        data={"summary": summary, "source": "visit", "topic": "land"},
    )
    (outcome,) = made.engine.handle([command])
    assert isinstance(outcome, Accepted)
    return str(command.case)

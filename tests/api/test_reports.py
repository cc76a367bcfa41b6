"""Reports over HTTP and from the command line: reach, reason, log, masks, names of files, frozen scores."""

from __future__ import annotations

import hashlib
import io
import subprocess
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import docx
import openpyxl
import pytest
import sqlalchemy

from adapters.bootstrap import build
from adapters.db.programme_tables import MEMBERSHIP, SLOT, SNAPSHOT, SUBJECT
from adapters.db.rows import micros
from adapters.reports.drafting import draft
from adapters.reports.service import Asked
from adapters.settings import Settings
from engine.access import Actor, Reach
from engine.canonical import decode
from engine.programme.loading import load_programme
from tests.support.commandline import CommandLine, an_issue, in_folder, with_sample
from tests.support.office import Office
from workflows import programme

LEADER, CITY, COUNTY, OTHER = "p-34-leader-1", "p-3401-leader-1", "p-340104-liaison-1", "p-340102-liaison-1"
REASON = "3月份工作调度（示例）"
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


@pytest.fixture(scope="module")
def busy(shared_office: Office) -> Office:
    """For tests that only read: see `filled`."""
    return filled(shared_office)


def filled(office: Office) -> Office:
    """An issue in each of two counties, a member and a slot in both, and named subjects."""
    office.open(COUNTY, "340104", data={"summary": "联系人13812345678反映通关缓慢", "source": "visit"})
    office.open(OTHER, "340102", data={"summary": "另一个区的秘密事项", "source": "visit"})
    at = micros(office.container.now())
    with office.container.database.writing() as connection:
        for region in ("340104", "340102"):
            name = {
                "id": f"s-{region}",
                "title": f"示例企业{region}",
                "region": region,
                "doubt": "",
                "dirty": False,
            }
            connection.execute(sqlalchemy.insert(SUBJECT).values(**name, created_at=at, updated_at=at))
            spell = {
                "list": "no_activity",
                "subject": f"s-{region}",
                "n": 1,
                "region": region,
                "since": at,
                "until": None,
            }
            spell |= {
                "how_in": "entered",
                "how_out": "",
                "reason": "",
                "year": 2025,
                "evidence": b"{}",
                "case_id": "",
            }
            connection.execute(sqlalchemy.insert(MEMBERSHIP).values(**spell))
            slot = {"obligation": "key_visit", "target": f"s-{region}", "period": "2026-Q4", "region": region}
            slot |= {"first": "2026-10-01", "last": "2026-12-31", "case_id": "", "opened_at": at}
            connection.execute(sqlalchemy.insert(SLOT).values(**slot))
    return office


def export(office: Office, person: str, kind: str, **asked: Any) -> Any:
    return office.post(person, f"/reports/{kind}", {"reason": REASON, **asked}, key=None)


def texts(content: bytes) -> str:
    """Every text of a workbook."""
    book = openpyxl.load_workbook(io.BytesIO(content))
    return "\n".join(
        str(v) for sheet in book for row in sheet.iter_rows(values_only=True) for v in row if v is not None
    )


def numbers(content: bytes, sheet: int, line: int) -> list[Any]:
    book = openpyxl.load_workbook(io.BytesIO(content))
    return [cell.value for cell in book.worksheets[sheet][line]]


def logged(office: Office, kind: str = "export") -> list[Any]:
    query = sqlalchemy.select(SNAPSHOT).where(SNAPSHOT.c.kind == kind).order_by(SNAPSHOT.c.at)
    with office.container.database.reading() as connection:
        return list(connection.execute(query))


def entries(office: Office) -> set[str]:
    """The digests of all that was logged so far."""
    return {row.digest for row in logged(office)}


def test_the_list_says_which_reports_there_are_and_how_they_are_asked_for(busy: Office) -> None:
    found = {each["id"]: each for each in busy.get(LEADER, "/reports").json()["reports"]}
    assert len(found) == 14
    assert found["bulletin"] == {
        "id": "bulletin", "title": "工作情况通报", "about": "period", "forms": ["docx", "xlsx"],
        "note": "月度通报；明细在工作簿里",
    }  # fmt: skip


def test_a_report_is_a_file_with_its_chinese_name_and_its_digest(busy: Office) -> None:
    answer = export(busy, LEADER, "clearing", period="2026-12")
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == XLSX
    name = answer.headers["content-disposition"].removeprefix("attachment; filename*=UTF-8''")
    assert unquote(name) == "安徽省2026年12月两清零台账.xlsx"
    assert name.isascii()
    assert f"sha256:{answer.headers['x-report-digest']}" in texts(answer.content)


@pytest.mark.parametrize("kind", ["worklog", "bulletin", "clearing", "doubling", "lights", "common_issues"])
def test_every_report_of_a_period_can_be_written_by_every_level(busy: Office, kind: str) -> None:
    for person in (LEADER, CITY, COUNTY):
        assert export(busy, person, kind).status_code == 200


@pytest.mark.parametrize("kind", ["january", "coverage", "gaps"])
def test_every_report_of_a_year_can_be_written(busy: Office, kind: str) -> None:
    assert export(busy, LEADER, kind, period="2026").status_code == 200
    assert export(busy, LEADER, kind, period="2026-03").json()["code"] == "unknown_period"


def test_a_county_sees_its_own_rows_and_no_count_of_another(busy: Office) -> None:
    mine, city, all_ = (export(busy, person, "clearing", period="2026") for person in (COUNTY, CITY, LEADER))
    closing = [numbers(answer.content, 0, 4)[9] for answer in (mine, city, all_)]
    assert closing == [1, 2, 2]
    for kind in ("clearing", "lights", "bulletin"):
        told = texts(export(busy, COUNTY, kind, form="xlsx").content)
        assert [word for word in ("340102", "秘密", "瑶海") if word in told] == []
    assert "340102" not in texts(export(busy, COUNTY, "coverage", period="2026").content)


def test_a_number_in_a_report_is_the_number_of_the_indicator_and_has_its_rows(busy: Office) -> None:
    value = busy.container.reports.build(
        Asked(kind="bulletin", period="2026-12"),
        actor=Actor(id=LEADER),
        reach=Reach(regions=("34",)),
        now=busy.container.now(),
    )
    figures = {figure.key: figure for figure in value.figures}
    told = busy.get(LEADER, "/indicators", period="2026-12").json()["indicators"]
    shared = [each for each in told if f"{each['id']}/34" in figures]
    assert len(shared) > 15
    for each in shared:
        figure = figures[f"{each['id']}/34"]
        assert (each["whole"]["value"] is None) == (figure.value is None)
        assert float(each["whole"]["value"] or 0) == pytest.approx(float(figure.value or 0), abs=1e-6)
        rows = busy.get(LEADER, f"/indicators/{each['id']}/rows", period="2026-12")
        assert rows.status_code == 403 or tuple(rows.json()["rows"]) == figure.rows
    ledger = busy.get(LEADER, "/ledgers/no_activity", period="2026-12").json()
    terms = {term: len(figures[f"no_activity/{term}/34"].rows) for term in ledger["whole"]["counts"]}
    assert terms == ledger["whole"]["counts"]
    assert terms["closing"] == 2


@pytest.mark.parametrize("region", ["34", "3401", "340102", "999999"])
def test_a_region_beyond_the_reach_is_refused_whether_it_exists_or_not(busy: Office, region: str) -> None:
    before = entries(busy)
    answer = export(busy, COUNTY, "clearing", region=region)
    assert (answer.status_code, answer.json()["code"]) == (403, "report_out_of_reach")
    assert "340104" in answer.json()["hint"]
    assert entries(busy) == before


def test_who_has_no_region_cannot_take_out_reports_of_one(busy: Office) -> None:
    for person in ("p-340104-tax-department-1", "p-client-sample-1"):
        assert export(busy, person, "clearing").json()["code"] == "report_out_of_reach"


def test_a_reason_is_required_and_stands_on_every_page_and_in_the_log(busy: Office) -> None:
    before, reason_given = entries(busy), f"{REASON}，二"
    for reason in ("", " ", "x", "长" * 201):
        assert export(busy, LEADER, "clearing", reason=reason).status_code == 422
    assert busy.post(LEADER, "/reports/clearing", {}, key=None).status_code == 422
    assert entries(busy) == before
    answer = export(busy, LEADER, "bulletin", reason=reason_given)
    section = docx.Document(io.BytesIO(answer.content)).sections[0]
    assert section.header.paragraphs[0].text == (
        f"安徽省科技厅（示例） 示例分管领导·安徽省于2026年12月1日09:00导出，事由：{reason_given}"
    )
    (row,) = (row for row in logged(busy) if row.digest not in before)
    told = decode(row.body)
    assert row.digest == answer.headers["x-export-entry"]
    assert (row.by, told["reason"], told["report"], told["region"]) == (
        LEADER,
        reason_given,
        "bulletin",
        "34",
    )
    assert told["sha256"] == hashlib.sha256(answer.content).hexdigest()
    assert told["value"] == answer.headers["x-report-digest"]


def test_a_phone_number_is_masked_unless_the_reader_handles_the_case(office: Office) -> None:
    issue = office.open(COUNTY, data={"summary": "请联系13812345678", "source": "visit"})
    for _ in range(3):  # liaison, liaison above, leader at the top; late there
        office.later(days=7)
    for person, shown in ((COUNTY, "138****5678"), (LEADER, "13812345678")):
        answer = export(office, person, "urge_order", case=issue)
        letter = docx.Document(io.BytesIO(answer.content))
        assert shown in "\n".join(paragraph.text for paragraph in letter.paragraphs)


def test_a_letter_about_a_case_out_of_reach_is_not_found(busy: Office) -> None:
    case = busy.open(OTHER, "340102")
    answer = export(busy, COUNTY, "urge_order", case=case)
    assert (answer.status_code, answer.json()["code"]) == (404, "unknown_case")


@pytest.mark.parametrize(
    ("kind", "asked", "code"),
    [
        ("nonsense", {}, "unknown_report"),
        ("clearing", {"period": "2026-13"}, "unknown_period"),
        ("clearing", {"form": "docx"}, "not_exportable"),
        ("clearing", {"form": "pdf"}, "not_exportable"),
        ("visit_report", {}, "wrong_case_for_report"),
        ("score", {"snapshot": "0" * 64}, "unknown_snapshot"),
        ("score", {"snapshot": "\x00"}, "unknown_snapshot"),
        ("clearing", {"nonsense": 1}, "invalid_request"),
    ],
)
def test_what_cannot_be_written_is_refused_with_a_hint(
    busy: Office, kind: str, asked: dict[str, Any], code: str
) -> None:
    before = entries(busy)
    answer = export(busy, LEADER, kind, **asked)
    assert answer.json()["code"] == code
    assert answer.json()["hint"]
    assert entries(busy) == before


def test_a_score_sheet_is_computed_again_from_its_snapshot_when_the_world_has_changed(office: Office) -> None:
    filled(office)
    first = export(office, LEADER, "score", period="2026-12")
    (frozen,) = logged(office, "score")
    with office.container.database.writing() as connection:
        connection.execute(sqlalchemy.delete(MEMBERSHIP))
    again = export(office, LEADER, "score", snapshot=frozen.digest)
    assert again.content == first.content
    assert again.headers["x-report-digest"] == first.headers["x-report-digest"]
    assert frozen.digest in texts(again.content)
    assert export(office, COUNTY, "score", snapshot=frozen.digest).status_code == 404


def test_the_offices_own_template_is_used_and_a_bad_one_is_refused_by_name(
    office: Office, tmp_path: Path
) -> None:
    folder = tmp_path / "templates"
    folder.mkdir()
    settings = office.container.settings.model_copy(update={"templates": folder})
    own = build(settings, now=office.clock, upgrade=False)
    try:
        office.client.app.state.services = replace(office.client.app.state.services, container=own)  # type: ignore[attr-defined]
        (folder / "bulletin.docx").write_bytes(draft("本单位的格式：{{ title }}"))
        letter = docx.Document(io.BytesIO(export(office, LEADER, "bulletin").content))
        assert letter.paragraphs[0].text.startswith("本单位的格式：安徽省")
        (folder / "bulletin.docx").write_bytes(draft("{{ ''.__class__.__mro__ }}"))
        answer = export(office, LEADER, "bulletin")
        assert (answer.status_code, answer.json()["code"]) == (422, "bad_template")
        assert "bulletin.docx" in answer.json()["detail"]
    finally:
        own.close()


# The command line


@pytest.fixture
def bihuan(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> CommandLine:
    return in_folder(tmp_path, monkeypatch, capsys)


def test_the_operator_writes_a_report_under_their_login_and_computes_a_score_again(
    bihuan: CommandLine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    login = subprocess.run(["id", "-un"], check=True, capture_output=True, text=True).stdout.strip()
    monkeypatch.setenv("USER", "somebody-else")
    with with_sample() as made:
        file, data = programme()
        made.programmes.publish(load_programme(data, name=file), made.now())
        an_issue(made)
        first = bihuan(
            "report", "score", "--period", "2026-11", "--reason", REASON, "-o", "a.xlsx", "--json"
        ).json()
        again = bihuan(
            "report",
            "score",
            "--from-snapshot",
            first["snapshot"],
            "--reason",
            REASON,
            "-o",
            "b.xlsx",
            "--json",
        ).json()
    assert (again["digest"], again["title"]) == (first["digest"], first["title"])
    sheets = [openpyxl.load_workbook(tmp_path / name).worksheets[0] for name in ("a.xlsx", "b.xlsx")]
    rows = [[[cell.value for cell in row] for row in sheet.iter_rows()] for sheet in sheets]
    assert rows[0] == rows[1]
    assert f"本机操作员 {login}于" in sheets[0].oddHeader.left.text


def test_json_is_the_value_of_the_report(bihuan: CommandLine) -> None:
    with with_sample() as made:
        file, data = programme()
        made.programmes.publish(load_programme(data, name=file), made.now())
        case = an_issue(made)
        value = bihuan("report", "bulletin", "--period", "2026-11", "--json").json()
    figures = {figure["key"]: figure for figure in value["figures"]}
    assert figures["issue_opened/34"]["rows"] == [[case, True]]
    assert "登记企业诉求 1 件，" in value["sections"][0]["paragraphs"][0]


def test_a_file_without_a_reason_is_refused_and_not_written(bihuan: CommandLine, tmp_path: Path) -> None:
    with with_sample():
        ran = bihuan("report", "clearing", "-o", "x.xlsx")
    assert (ran.code, (tmp_path / "x.xlsx").exists()) == (2, False)
    assert "not_exportable" in ran.err


def test_settings_name_the_folder_of_templates(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("BIHUAN_TEMPLATES", str(tmp_path))
    assert Settings().templates == tmp_path

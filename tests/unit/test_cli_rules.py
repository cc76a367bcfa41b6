"""The command line where rules change under open cases: publishing, migrating, a new calendar."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from adapters.bootstrap import Container
from adapters.sample import NotASample, load_sample
from api.commands.opening import container
from engine.errors import UnknownWorkflow
from engine.loading import load
from tests.support.commandline import MONDAY, CommandLine, an_issue, in_folder, with_sample

ROOT = Path(__file__).parents[2]
ISSUE = (ROOT / "workflows/issue.yaml").read_text("utf-8")
SECOND = ISSUE.replace("version: 1\n", "version: 2\nreplaces: {version: 1}\n", 1)


@pytest.fixture
def bihuan(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> CommandLine:
    return in_folder(tmp_path, monkeypatch, capsys)


@pytest.fixture
def made(bihuan: CommandLine) -> Iterator[Container]:
    with with_sample() as container:
        yield container


def published(made: Container, text: str) -> None:
    """Past the certificate, as a version that an earlier release accepted."""
    made.definitions.publish(load(text.encode(), name="issue.yaml"), MONDAY)


def notice(folder: Path, **changes: object) -> Path:
    """The notice for 2026 with other days in it."""
    data = json.loads((ROOT / "adapters/calendars/cn-2026.json").read_text("utf-8"))
    file = folder / "cn-2026.json"
    file.write_text(json.dumps({**data, **changes}), encoding="utf-8")
    return file


def with_day_off(folder: Path, day: str) -> Path:
    data = json.loads((ROOT / "adapters/calendars/cn-2026.json").read_text("utf-8"))
    return notice(folder, off={**data["off"], day: "示例停工"})


# Publishing


def test_publish_certifies_and_publishes(bihuan: CommandLine, made: Container) -> None:
    ran = bihuan("publish", ROOT / "tests/workflows/samples/minimal.yaml")
    assert ran.code == 0
    assert "published: inquiry version 1" in ran.out
    made.definitions.refresh()
    assert made.definitions.version("inquiry", 1).definition.title.zh == "咨询答复（示例）"


def test_publish_refuses_a_workflow_whose_certificate_has_errors(
    bihuan: CommandLine, made: Container, tmp_path: Path
) -> None:
    text = (ROOT / "tests/workflows/samples/minimal.yaml").read_text("utf-8")
    file = tmp_path / "endless.yaml"
    file.write_text(text.replace("to: answered", "to: received"), encoding="utf-8")
    ran = bihuan("publish", file, "--json")
    assert ran.code == 1
    assert ran.json()["published"] is False
    [told] = ran.json()["files"]
    assert "cannot_end" in {finding["code"] for finding in told["certificate"]["findings"]}
    made.definitions.refresh()
    assert made.definitions.versions("inquiry") == []


def test_a_published_version_cannot_be_published_with_other_content(
    bihuan: CommandLine, made: Container, tmp_path: Path
) -> None:
    file = tmp_path / "issue.yaml"
    file.write_text(
        (ROOT / "workflows/supervision.yaml").read_text("utf-8") + "# changed\n", encoding="utf-8"
    )
    ran = bihuan("publish", file)
    assert ran.code == 2
    assert ran.err.startswith("version_taken: ")
    assert "把 version 改为 2 再发布" in ran.err


def test_several_files_are_published_in_one_go_with_progress_and_the_programme_last(
    bihuan: CommandLine, tmp_path: Path
) -> None:
    """Named first, the programme would find no workflow to be certified over."""
    assert bihuan("db", "upgrade").code == 0
    files = sorted(
        (ROOT / "workflows").glob("*.yaml"), key=lambda file: (file.name != "programme.yaml", file.name)
    )
    ran = bihuan("publish", *files, "--json")
    assert (ran.code, ran.json()["published"], len(ran.json()["files"])) == (0, True, 24)
    progress = ran.err.splitlines()
    assert (progress[0], progress[-1]) == ("1/24 annual_plan.yaml 已发布", "24/24 programme.yaml 已发布")


def test_no_file_is_published_while_one_of_them_cannot_be_read(
    bihuan: CommandLine, made: Container, tmp_path: Path
) -> None:
    broken = ROOT / "tests/workflows/refusals/unknown_state_to.yaml"
    ran = bihuan("publish", ROOT / "tests/workflows/samples/minimal.yaml", broken)
    assert ran.code == 2
    assert f"{broken}:35: " in ran.err
    made.definitions.refresh()
    assert made.definitions.versions("inquiry") == []


def test_publish_says_from_which_day_and_warns_of_a_version_that_skips_the_one_before_it(
    bihuan: CommandLine, made: Container, tmp_path: Path
) -> None:
    text = (ROOT / "tests/workflows/samples/minimal.yaml").read_text("utf-8")
    dated = {
        1: re.sub(r'effective: "[^"]*"', 'effective: "2090-01-01"', text),
        2: re.sub(r'effective: "[^"]*"', 'effective: "2089-01-01"', text).replace(
            "version: 1\n", "version: 2\n", 1
        ),
    }
    ran = {}
    for version, content in dated.items():
        (tmp_path / "own.yaml").write_text(content, "utf-8")
        ran[version] = bihuan("publish", tmp_path / "own.yaml")
    assert "2090-01-01 起施行，到那天才施行" in ran[1].out
    assert "早于第 1 版（2090-01-01）" in ran[2].out
    made.definitions.refresh()
    with pytest.raises(UnknownWorkflow, match="已发布的自 2089-01-01 起施行"):
        made.definitions.current("inquiry", MONDAY)


# Migrating


def test_a_dry_run_says_of_each_open_case_whether_it_can_move_and_moves_none(
    bihuan: CommandLine, made: Container
) -> None:
    case = an_issue(made)
    published(made, SECOND)
    ran = bihuan("migrate", "issue", "--to", 2, "--dry-run", "--json")
    assert ran.code == 0
    assert ran.json()["moved"] == 0
    assert ran.json()["cases"] == [{"case": case, "state": "accepted", "movable": True, "reasons": []}]


def test_migrate_moves_open_cases_with_the_reason_in_their_history(
    bihuan: CommandLine, made: Container
) -> None:
    case = an_issue(made)
    published(made, SECOND)
    assert bihuan("migrate", "issue", "--to", 2, "--reason", "新办法施行").code == 0
    assert bihuan("case", "show", case, "--json").json()["version"] == 2
    last = bihuan("case", "history", case).out.splitlines()[-1]
    assert "迁移版本" in last
    assert "新办法施行" in last
    assert bihuan("audit", "replay", "--all").code == 0
    assert bihuan("migrate", "issue", "--to", 2, "--dry-run", "--json").json()["cases"] == []


def test_nothing_is_moved_while_one_case_cannot(bihuan: CommandLine, made: Container) -> None:
    case = an_issue(made)
    published(made, re.sub(r"\baccepted\b", "taken_on", SECOND))
    ran = bihuan("migrate", "issue", "--to", 2, "--reason", "新办法施行", "--json")
    assert ran.code == 1
    assert ran.json()["moved"] == 0
    [judged] = ran.json()["cases"]
    assert (judged["case"], [reason["code"] for reason in judged["reasons"]]) == (case, ["no_state"])
    assert bihuan("case", "show", case, "--json").json()["version"] == 1


def test_migrate_wants_a_reason(bihuan: CommandLine, made: Container) -> None:
    ran = bihuan("migrate", "issue", "--to", 1)
    assert ran.code == 2
    assert "--reason" in ran.err


# Calendars


def test_calendar_show_gives_the_days_and_the_document_of_a_year(
    bihuan: CommandLine, made: Container
) -> None:
    shown = bihuan("calendar", "show", 2026, "--json").json()
    assert (shown["status"], shown["working_days"]) == ("official", 248)  # requirements §2.4
    assert {"date": "2026-02-14", "kind": "work", "reason": "春节调休上班"} in shown["days"]
    assert bihuan("calendar", "show", 2040, "--json").json()["status"] == "missing"


def test_a_dry_run_of_a_notice_lists_deadlines_that_would_move_and_changes_nothing(
    bihuan: CommandLine, made: Container, tmp_path: Path
) -> None:
    case = an_issue(made)
    ran = bihuan("calendar", "import", with_day_off(tmp_path, "2026-11-24"), "--dry-run", "--json")
    assert ran.code == 0
    assert ran.json()["adopted"] is False
    moved = {move["clock"]: (move["from"][:10], move["to"][:10]) for move in ran.json()["moved"]}
    assert moved["state"] == ("2026-11-24", "2026-11-25")
    assert bihuan("case", "show", case, "--json").json()["seq"] == 2


def test_an_imported_notice_recounts_open_cases_with_an_event_each(
    bihuan: CommandLine, made: Container, tmp_path: Path
) -> None:
    case = an_issue(made)
    ran = bihuan("calendar", "import", with_day_off(tmp_path, "2026-11-24"), "--json")
    assert ran.code == 0
    assert {"state", "case"} == {move["clock"] for move in ran.json()["moved"]}
    assert "日历变更，重算时限" in bihuan("case", "history", case).out.splitlines()[-1]
    state = next(c for c in bihuan("case", "show", case, "--json").json()["clocks"] if c["id"] == "state")
    assert state["due"] == "2026-11-25 周三 17:30"
    assert bihuan("calendar", "import", with_day_off(tmp_path, "2026-11-24"), "--json").json()["moved"] == []
    assert bihuan("audit", "replay", "--all").code == 0


def test_a_notice_that_contradicts_itself_is_refused_and_nothing_changes(
    bihuan: CommandLine, made: Container, tmp_path: Path
) -> None:
    before = bihuan("calendar", "show", 2026, "--json").json()["digest"]
    ran = bihuan("calendar", "import", notice(tmp_path, calendar="elsewhere"))
    assert ran.code == 2
    assert ran.err.startswith("calendar_data: ")
    assert bihuan("calendar", "show", 2026, "--json").json()["digest"] == before


def test_a_sample_of_another_release_is_left_alone_with_a_word_on_what_to_do(
    bihuan: CommandLine, tmp_path: Path
) -> None:
    """The same version of a shipped workflow with other content: an older database under a newer program."""
    older = tmp_path / "issue.yaml"
    older.write_text(ISSUE.replace("title: 问题摘要", "title: 摘要"), "utf-8")
    assert bihuan("db", "upgrade").code == 0
    assert bihuan("publish", older).code == 0
    with container() as made, pytest.raises(NotASample) as caught:
        load_sample(made.definitions, made.calendars, made.directories, made.now())
    assert "version 加一" in caught.value.hint.partition("BIHUAN_DATABASE_URL")[0]
    assert "BIHUAN_DATABASE_URL" in caught.value.hint
    assert "workflows/issue.yaml" in caught.value.message


def test_a_slip_in_a_shipped_workflow_is_told_with_its_line_and_there_is_no_traceback(
    bihuan: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = ISSUE.replace("to: accepted", "to: acepted", 1)
    line = broken[: broken.index("to: acepted")].count("\n") + 1
    monkeypatch.setattr("adapters.sample.shipped", lambda: [("issue.yaml", broken.encode())])
    ran = bihuan("sample", "--enterprises", 1, "--issues", 0, "--days", 0)
    assert ran.code == 2
    assert "\ndefinition_refused: " in ran.err
    assert f"workflows/issue.yaml:{line}: " in ran.err
    assert "accepted" in ran.err
    assert "hint: " in ran.err


def test_a_programme_of_ones_own_beside_the_shipped_workflows_does_not_disturb_the_sample(
    bihuan: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = [("small.yaml", b"language: 1\nprogramme: small\n"), ("issue.yaml", ISSUE.encode())]
    monkeypatch.setattr("adapters.sample.shipped", lambda: own)
    assert bihuan("db", "upgrade").code == 0
    with container() as made:
        load_sample(made.definitions, made.calendars, made.directories, made.now())
        assert [p.definition.workflow for p in made.definitions.all()] == ["issue"]

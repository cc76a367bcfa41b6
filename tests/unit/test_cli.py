"""The command line: what each command answers, in words and in JSON, and how it refuses."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from adapters.bootstrap import Container
from adapters.clock import system_now
from adapters.programme.refusals import Refusal, settle
from adapters.sample import PEOPLE, REGION
from api.commands.opening import container
from api.commands.operations import histogram
from tests.support.commandline import CommandLine, an_issue, in_folder, with_sample

ROOT = Path(__file__).parents[2]
REFUSED = ROOT / "tests/workflows/refusals/unknown_state_to.yaml"
MINIMAL = ROOT / "tests/workflows/samples/minimal.yaml"

GROUPS = ("audit", "case", "task", "subject", "import", "token", "calendar", "org", "db")
COMMANDS = ("serve", "worker", "demo", "check", "graph", "publish", "migrate", "status", *GROUPS)


@pytest.fixture
def bihuan(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> CommandLine:
    return in_folder(tmp_path, monkeypatch, capsys)


@pytest.fixture
def made(bihuan: CommandLine) -> Iterator[Container]:
    with with_sample() as container:
        yield container


def test_help_names_every_command_with_what_it_is_for(bihuan: CommandLine) -> None:
    ran = bihuan("--help")
    assert ran.code == 0
    assert [name for name in COMMANDS if f" {name} " not in ran.out] == []


@pytest.mark.parametrize("command", [(name,) for name in COMMANDS])
def test_every_command_explains_itself(bihuan: CommandLine, command: tuple[str]) -> None:
    ran = bihuan(*command, "--help")
    assert ran.code == 0
    assert "--json" in ran.out or command[0] in GROUPS


def test_an_unknown_option_is_misuse_and_not_a_traceback(bihuan: CommandLine) -> None:
    ran = bihuan("status", "--nonsense")
    assert ran.code == 2
    assert "--nonsense" in ran.err


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("sqlite:////proc/nowhere/x.db", "/proc/nowhere"),
        ("sqlite:///notes.txt", "notes.txt is not a database"),
        ("postgresql://127.0.0.1:1/x", "Connection refused"),
    ],
)
def test_a_database_that_cannot_be_used_is_named_with_the_reason_and_what_to_do(
    bihuan: CommandLine, monkeypatch: pytest.MonkeyPatch, address: str, said: str
) -> None:
    Path("notes.txt").write_text("no database, but notes")
    monkeypatch.setenv("BIHUAN_DATABASE_URL", address)
    ran = bihuan("db", "upgrade")
    assert ran.code == 2
    assert said in ran.err
    assert "hint: " in ran.err


def test_a_file_that_cannot_be_read_or_written_is_named_and_there_is_no_traceback(
    bihuan: CommandLine, made: Container
) -> None:
    for arguments in (
        ("calendar", "import", "nowhere/cn-2027.json"),
        ("graph", MINIMAL, "-o", "nowhere/picture.svg"),
    ):
        ran = bihuan(*arguments)
        assert ran.code == 2
        assert ran.err.startswith("file_refused: nowhere/")
        assert "hint: check the name and that its folder exists" in ran.err


# check, graph


def test_check_accepts_a_sound_workflow_and_shows_its_certificate(bihuan: CommandLine) -> None:
    ran = bihuan("check", ROOT / "workflows/supervision.yaml")
    assert ran.code == 0
    assert "红牌督办单" in ran.out
    assert "通过" in ran.out


def test_check_names_file_line_and_code_of_a_defect_and_exits_with_one(bihuan: CommandLine) -> None:
    ran = bihuan("check", REFUSED)
    assert ran.code == 1
    assert f"{REFUSED}:35: unknown_state" in ran.out


def test_check_answers_in_json_for_good_and_bad_files_together(bihuan: CommandLine) -> None:
    ran = bihuan("check", MINIMAL, REFUSED, "--json")
    assert ran.code == 1
    data = ran.json()
    assert data["ok"] is False
    assert [file["ok"] for file in data["files"]] == [True, False]
    assert data["files"][0]["certificate"]["workflow"] == "inquiry"
    assert data["files"][1]["findings"][0]["code"] == "unknown_state"


def test_a_file_that_is_not_there_is_refused_with_a_sentence_and_a_hint(bihuan: CommandLine) -> None:
    ran = bihuan("check", "nowhere.yaml")
    assert (ran.code, ran.out) == (2, "")
    assert ran.err == "unreadable_file: nowhere.yaml: No such file or directory\nhint: check the path\n"


def test_graph_draws_mermaid_on_the_terminal_and_svg_into_a_file(bihuan: CommandLine, tmp_path: Path) -> None:
    assert "stateDiagram-v2" in bihuan("graph", MINIMAL).out
    assert bihuan("graph", MINIMAL, "--svg", "-o", tmp_path / "minimal.svg").code == 0
    assert (tmp_path / "minimal.svg").read_text("utf-8").startswith("<svg")


def test_graph_of_a_broken_file_lists_what_is_wrong(bihuan: CommandLine) -> None:
    ran = bihuan("graph", REFUSED)
    assert ran.code == 2
    assert "definition_refused" in ran.err
    assert "unknown_state" in ran.err


# The database


def test_a_command_that_reads_makes_no_database_and_says_what_does(
    bihuan: CommandLine, tmp_path: Path
) -> None:
    ran = bihuan("status")
    assert ran.code == 2
    assert ran.err.startswith("database_not_ready: ")
    assert "bihuan db upgrade" in ran.err
    assert list(tmp_path.iterdir()) == []


def test_db_upgrade_makes_the_database_and_current_confirms_it(bihuan: CommandLine) -> None:
    assert bihuan("db", "current").code == 1
    upgraded = bihuan("db", "upgrade", "--json").json()
    assert upgraded["before"] == ""
    assert upgraded["revision"] == upgraded["head"] != ""
    assert bihuan("db", "current").code == 0


def test_a_wrong_setting_is_refused_by_its_name(bihuan: CommandLine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BIHUAN_DATABASE_URL", "mysql://somewhere")
    ran = bihuan("status")
    assert ran.code == 2
    assert "BIHUAN_DATABASE_URL" in ran.err


# Tokens


def test_a_token_is_shown_once_works_and_can_be_revoked(bihuan: CommandLine, made: Container) -> None:
    made_token = bihuan("token", "create", PEOPLE["liaison"], "--title", "示例", "--json").json()
    known = made.tokens.authenticate(made_token["secret"], system_now())
    assert known is not None
    assert known.person == PEOPLE["liaison"]
    listed = bihuan("token", "list", "--json")
    assert made_token["secret"] not in listed.out
    assert [token["valid"] for token in listed.json()["tokens"]] == [True]
    assert bihuan("token", "revoke", made_token["id"]).code == 0
    assert bihuan("token", "revoke", made_token["id"]).code == 2
    assert [token["valid"] for token in bihuan("token", "list", "--json").json()["tokens"]] == [False]


def test_a_token_for_nobody_is_refused(bihuan: CommandLine, made: Container) -> None:
    ran = bihuan("token", "create", "p-nobody")
    assert ran.code == 2
    assert ran.err.startswith("unknown_person: ")


def test_a_token_can_be_narrowed_to_one_role_that_the_person_has(
    bihuan: CommandLine, made: Container
) -> None:
    bihuan("token", "create", PEOPLE["handler"], "--role", "handler")
    [token] = bihuan("token", "list", "--json").json()["tokens"]
    assert token["narrowed"] == [{"role": "handler", "region": None, "unit": f"u-{REGION}-science"}]
    assert bihuan("token", "create", PEOPLE["handler"], "--role", "leader").code == 2


# Cases


def test_case_show_says_where_it_is_who_has_it_and_how_long_is_left(
    bihuan: CommandLine, made: Container
) -> None:
    case = an_issue(made)
    shown = bihuan("case", "show", case)
    assert shown.code == 0
    assert "已受理" in shown.out
    assert "联络员" in shown.out
    lines = [" ".join(line.split()) for line in shown.out.splitlines()]
    assert "区划 蜀山区（340104）" in lines
    assert any(re.match("已受理 state 1个工作日 2026-11-24 周二 17:30 .* 计时中$", line) for line in lines)
    assert not re.search(r"working day|running|clock|holder", shown.out)
    data = bihuan("case", "show", case, "--json").json()
    assert (data["id"], data["state"], data["seq"]) == (case, "accepted", 2)
    assert {clock["id"] for clock in data["clocks"]} == {"state", "case"}


def test_cases_are_listed_with_the_filters_of_the_api(bihuan: CommandLine, made: Container) -> None:
    first, second = an_issue(made), an_issue(made)
    listed = bihuan("case", "list", "--json").json()
    assert (listed["total"], [each["case"] for each in listed["cases"]]) == (2, [second, first])
    assert {(each["state"], each["region"], each["subject"]) for each in listed["cases"]} == {
        ("accepted", REGION, "sample-1")
    }
    for words, number in (
        (("--workflow", "issue", "--state", "accepted", "--open"), 2),
        (("--region", "3402"), 0),
        (("--region", "34", "--subject", "sample-1"), 2),
        (("--closed",), 0),
        (("--text", first[-4:]), 1),
        (("--unit", f"u-{REGION}-science"), 2),
        (("--ended", "final"), 0),
    ):
        assert bihuan("case", "list", *words, "--json").json()["total"] == number, words
    page = bihuan("case", "list", "--limit", 1, "--json").json()
    following = bihuan("case", "list", "--limit", 1, "--cursor", page["next"], "--json").json()
    assert [page["cases"][0]["case"], following["cases"][0]["case"]] == [second, first]
    shown = bihuan("case", "list").out
    assert "已受理" in shown
    assert "共 2 件，列出 2 件" in shown
    assert bihuan("case", "list", "--ended", "never").code == 2


def test_case_history_tells_each_event_in_one_line(bihuan: CommandLine, made: Container) -> None:
    case = an_issue(made)
    first, second = bihuan("case", "history", case).out.splitlines()
    assert "登记 企业问题限时闭环办理 → 待受理" in first
    assert "受理 → 已受理" in second
    assert "办理类型：一般事项（单一部门）" in second
    assert [e["seq"] for e in bihuan("case", "history", case, "--json").json()["events"]] == [1, 2]


def test_case_explain_counts_the_days_of_a_deadline(bihuan: CommandLine, made: Container) -> None:
    explained = bihuan("case", "explain", an_issue(made), "state")
    assert explained.code == 0
    assert "1个工作日" in explained.out
    assert "2026年11月24日（周二）17:30" in explained.out


def test_a_clock_that_the_case_does_not_have_is_refused_with_those_it_has(
    bihuan: CommandLine, made: Container
) -> None:
    ran = bihuan("case", "explain", an_issue(made), "answer")
    assert ran.code == 2
    assert "state" in ran.err


def test_replay_of_one_case_verifies_chain_fold_and_decisions(bihuan: CommandLine, made: Container) -> None:
    ran = bihuan("audit", "replay", an_issue(made), "--json")
    assert ran.code == 0
    assert ran.json() == {"cases": 1, "chains_intact": 1, "divergences": 0, "events": 2, "faults": []}


def test_replay_of_a_tampered_case_names_it_and_exits_with_one(bihuan: CommandLine, made: Container) -> None:
    case = an_issue(made)
    with made.database.writing() as connection:
        connection.exec_driver_sql("""UPDATE "case" SET body = replace(body, 'accepted', 'received')""")
    ran = bihuan("audit", "replay", "--all")
    assert ran.code == 1
    assert case in ran.out


@pytest.mark.parametrize("seq", [1, 2])
def test_replay_names_the_event_in_which_one_byte_was_changed(
    bihuan: CommandLine, made: Container, seq: int
) -> None:
    """Also the last event, after which none names its hash: the case row does."""
    case, other = an_issue(made), an_issue(made)
    with made.database.writing() as connection:
        connection.exec_driver_sql("DROP TRIGGER event_no_update")
        connection.exec_driver_sql(
            "UPDATE event SET data = CAST(replace(data, 'channel', 'chunnel') AS BLOB) WHERE case_id = ? AND seq = ?",
            (case, seq),
        )
    ran = bihuan("audit", "replay", "--all", "--json")
    assert (ran.code, ran.json()["chains_intact"]) == (1, 1)
    assert any(fault.startswith(f"{case}#2: ") for fault in ran.json()["faults"])
    assert not any(fault.startswith(other) for fault in ran.json()["faults"])


def test_status_tells_of_the_last_nightly_replay(bihuan: CommandLine, made: Container) -> None:
    assert "none yet" in bihuan("status").out
    an_issue(made)
    while made.nightly.run(made.now(), worker="test"):
        pass
    assert "1 cases, 2 events, 0 divergences, finished at 2026-11-23T01:30:00" in bihuan("status").out
    assert bihuan("status", "--json").json()["replay"]["day"] == "2026-11-23"


def test_replay_wants_cases_a_range_or_all_of_them(bihuan: CommandLine, made: Container) -> None:
    assert bihuan("audit", "replay").code == 2
    assert bihuan("audit", "replay", "--all").code == 0
    assert bihuan("audit", "replay", "--all", "--region", REGION).code == 2
    assert bihuan("audit", "replay", "202600000999").err.startswith("unknown_case: ")


@pytest.mark.parametrize(
    ("asked", "cases"),
    [
        (["--region", REGION], 1),
        (["--region", REGION[:4]], 1),
        (["--region", "3499"], 0),
        (["--workflow", "issue"], 1),
        (["--workflow", "visit"], 0),
        (["--since", "2026-11-23"], 1),
        (["--since", "2026-11-24"], 0),
    ],
)
def test_a_range_of_cases_is_replayed(
    bihuan: CommandLine, made: Container, asked: list[str], cases: int
) -> None:
    an_issue(made)
    assert bihuan("audit", "replay", *asked, "--json").json()["cases"] == cases


def test_check_finds_a_sound_database_sound_on_every_level(bihuan: CommandLine, made: Container) -> None:
    an_issue(made)
    ran = bihuan("audit", "check", "--level", "4", "--json")
    found = ran.json()
    assert (ran.code, found["is_sound"]) == (0, True)
    assert found["level2"]["events"] == made.tiles.size()
    assert (found["level1"]["cases"], found["level3"]["cases"], found["level4"]["cases"]) == (2, 1, 1)


def test_check_names_a_case_that_was_deleted_and_one_whose_end_was_cut(
    bihuan: CommandLine, made: Container
) -> None:
    gone, cut = an_issue(made), an_issue(made)
    with made.database.writing() as connection:
        connection.exec_driver_sql("DROP TRIGGER event_no_delete")
        connection.exec_driver_sql('DELETE FROM "case" WHERE id = ?', (gone,))
        connection.exec_driver_sql("DELETE FROM event WHERE case_id = ? AND seq = 2", (cut,))
    ran = bihuan("audit", "check", "--json")
    faults = ran.json()["level1"]["faults"]
    assert ran.code == 1
    assert [(f["case"], f["seq"], f["code"]) for f in faults] == [(gone, 2, "row"), (cut, 1, "cut")]
    assert "L1 字节与链" in bihuan("audit", "check").out


@pytest.mark.parametrize("change", ["region = '340202'", "opened_at = 5", "late = 1", "body = x'7b'"])
def test_a_column_that_lists_are_made_from_is_held_against_the_history(
    bihuan: CommandLine, made: Container, change: str
) -> None:
    case = an_issue(made)
    with made.database.writing() as connection:
        connection.exec_driver_sql(f'UPDATE "case" SET {change} WHERE id = ?', (case,))
    ran = bihuan("audit", "check", "--level", "3", "--json")
    assert ran.code == 1
    assert ran.json()["level3"]["faults"] == [f"{case}: 事项现状与按记录推得的不同 (row)"]


def test_the_rungs_of_a_case_are_told_and_a_missed_one_is_an_alarm(
    bihuan: CommandLine, made: Container
) -> None:
    """The sample's clock stands in November 2026, the command's own runs on: whatever was due since then is due."""
    case = an_issue(made)
    ran = bihuan("audit", "escalations", case, "--json")
    rungs = ran.json()["escalations"]
    assert {rung["status"] for rung in rungs} <= {"planned", "due", "lapsed"}
    assert ran.code == int(any(rung["status"] == "due" for rung in rungs))


def test_a_case_that_does_not_exist_is_unknown(bihuan: CommandLine, made: Container) -> None:
    ran = bihuan("case", "show", "202600000999")
    assert ran.code == 2
    assert ran.err.startswith("unknown_case: ")
    assert "编号有误，请核对" in ran.err


def test_personal_values_of_a_case_are_erased_only_when_confirmed_and_its_history_stays_sound(
    bihuan: CommandLine, made: Container
) -> None:
    case = an_issue(made, contact_phone="055100000000")
    told = bihuan("case", "erase", case, "--json").json()
    assert told == {"case": case, "personal_values": 1, "erased": False}
    assert made.personal.of(case) != {}
    unreasoned = bihuan("case", "erase", case, "--yes")
    assert (unreasoned.code, made.personal.of(case) != {}) == (2, True)
    assert (
        bihuan("case", "erase", case, "--yes", "--reason", "当事人要求").out
        == f"事项 {case}：已永久删除个人信息 1 项\n"
    )
    assert made.personal.of(case) == {}
    assert bihuan("audit", "replay", case).code == 0


# Tasks


def test_a_task_given_up_is_listed_with_its_error_and_run_again_once(
    bihuan: CommandLine, made: Container
) -> None:
    an_issue(made)
    now = made.now()
    (task, *_) = made.tasks.claim_ready("worker", now, timedelta(minutes=1), 1)
    assert bihuan("task", "rerun", task.id).err.startswith("task_not_dead: ")
    made.tasks.give_up(task.id, "worker", "no such address")
    (listed,) = bihuan("task", "list", "--json").json()["tasks"]
    assert (listed["id"], listed["state"], listed["last_error"]) == (task.id, "dead", "no such address")
    assert "no such address" in bihuan("task", "list", "--state", "dead").out
    assert bihuan("task", "rerun", task.id, "--json").json() == {"id": task.id, "state": "ready"}
    assert bihuan("task", "list", "--json").json()["tasks"] == []
    assert task.id in [
        each["id"] for each in bihuan("task", "list", "--state", "ready", "--json").json()["tasks"]
    ]
    assert bihuan("task", "rerun", task.id).code == 2


# Status


def test_status_says_what_is_owed_in_its_first_line(bihuan: CommandLine, made: Container) -> None:
    ran = bihuan("status")
    assert ran.code == 0
    assert re.match(r"\d{4}-\d\d-\d\d 周. \d\d:\d\d 以前到期而没有触发的：0 个\n", ran.out)
    made.tasks.beat("here", system_now())
    made.tasks.beat("gone", system_now() - timedelta(minutes=5))
    sweepers = bihuan("status", "--json").json()["sweepers"]
    assert [(s["worker"], s["alive"]) for s in sweepers] == [("here", True), ("gone", False)]


def test_status_says_what_the_programme_cannot_open_and_why(bihuan: CommandLine, made: Container) -> None:
    refused = [
        Refusal(f"programme/list/no_activity/s{n}/1/open", f"s{n}", "invalid_data", "年份有误")
        for n in range(3)
    ]
    settle(made.database, "list", refused, system_now())
    assert "名单要开的 3 件开不成（invalid_data）：年份有误" in bihuan("status").out
    told = bihuan("status", "--json").json()["refused"]
    assert told == [{"kind": "list", "code": "invalid_data", "reason": "年份有误", "number": 3}]


def test_status_fails_while_something_due_is_unfired(bihuan: CommandLine) -> None:
    with with_sample(datetime(2026, 1, 5, 1, 30, tzinfo=UTC)) as past:  # a Monday; nobody has swept since
        an_issue(past)
    ran = bihuan("status", "--json")
    assert (ran.code, ran.json()["overdue_timers"]) == (1, 1)
    assert ran.json()["oldest_timer"] == "2026-01-06T09:30:00.000000Z"


def test_status_explains_clocks_that_fired_an_hour_late(bihuan: CommandLine) -> None:
    with with_sample(datetime(2026, 1, 5, 1, 30, tzinfo=UTC)) as past:
        an_issue(past)
    with container() as made:
        assert made.engine.sweep()
    told = bihuan("status").out
    assert "1 小时以上" in told
    assert "恢复后补触发" in told


def test_lateness_falls_into_bands() -> None:
    assert histogram([0, 0, 1, 9, 59, 60, 3599, 3600, 90000]) == {
        "under 1 s": 2,
        "1 to 10 s": 2,
        "10 to 60 s": 1,
        "1 to 10 min": 1,
        "10 to 60 min": 1,
        "over 1 h": 2,
    }

"""Every address of the API does what it promises, along the life of a few cases."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy

from adapters.db.rows import micros
from adapters.db.tables import BEAT
from adapters.notices import Notice
from engine import canonical
from engine.access import Actor
from tests.support.office import MORNING, PDF, Office

LIAISON, TAX, FINANCE = "p-340104-liaison-1", "p-340104-tax-department-1", "p-340104-finance-department-1"
HEAD, CALLER, LEADER = "p-340104-tax-head-1", "p-340104-caller-1", "p-340104-leader-1"
CLIENT, ADMIN, UPPER = "p-client-sample-1", "p-34-administrator-1", "p-3401-liaison-1"


def seen(office: Office, person: str, case: str) -> dict:
    answer = office.get(person, f"/cases/{case}")
    assert answer.status_code == 200, answer.text
    return answer.json()


def open_steps(view: dict) -> list[str]:
    return [f"{s['lane']}/{s['step']}" if s["lane"] else s["step"] for s in view["steps"] if s["is_open"]]


def test_an_issue_goes_from_registration_to_closing_through_the_api(office: Office) -> None:
    case = office.dispatched(co_units=("u-340104-finance",))
    office.took(TAX, case, "sign")
    office.took(TAX, case, "contact", contact_note="已电话联系（示例）")
    office.took(FINANCE, case, "sign", lane="u-340104-finance")
    office.took(FINANCE, case, "finish", lane="u-340104-finance", share_opinion="同意（示例）")
    proof = office.upload(TAX)
    office.took(TAX, case, "answer", answer="已协调解决（示例）", basis="办法第三条（示例）", proof=[proof])
    office.took(HEAD, case, "approve")
    office.took(CALLER, case, "satisfied", solved="solved", rating="satisfied", callback_note="满意（示例）")
    view = seen(office, LIAISON, case)
    assert (view["state"]["title"], view["ended"], view["light"]["word"]) == ("办结", "settled", "灰")
    history = office.get(LIAISON, f"/cases/{case}/history").json()["events"]
    assert [event["sentence"] for event in history] == [
        "登记，进入“待受理”",
        "办理“受理”，进入“已受理”",
        "办理“交办”，进入“待签收”",
        "办理“签收”，进入“办理中”",
        "办理“联系企业”",
        "在“协办·合肥市蜀山区财政局（示例）”办理“签收”",
        "在“协办·合肥市蜀山区财政局（示例）”办理“提交协办意见”",
        "办理“答复”，进入“待审核”",
        "办理“审核通过”，进入“待回访”",
        "办理“回访满意，办结”，进入“办结”",
    ]


def test_one_case_shows_where_it_is_who_has_it_its_clocks_and_what_the_caller_may_do(office: Office) -> None:
    case = office.dispatched(co_units=("u-340104-finance",))
    view = seen(office, TAX, case)
    assert (view["state"]["title"], view["holder"]["unit"]["id"]) == ("待签收", "u-340104-tax")
    assert [lane["lane"] for lane in view["lanes"]] == ["u-340104-finance"]
    assert open_steps(view) == ["sign", "hand_back"]
    clock = next(c for c in view["clocks"] if c["id"] == "answer")
    # 10 working days after 1 December 2026, a Tuesday: the 15th at 17:30. No holiday lies between.
    assert clock["due_at"] == "2026-12-15T09:30:00Z"
    assert (clock["light"]["word"], clock["remaining"]["days"], clock["calendar_word"]) == ("绿", 10, "正式")
    blocked = next(s for s in view["steps"] if s["step"] == "withdraw")
    assert [b["code"] for b in blocked["blockers"]] == ["role_missing"]
    needs = next(s for s in view["steps"] if s["step"] == "hand_back")["needs"]
    assert (needs[0]["id"], needs[0]["title"], needs[0]["required"]) == ("return_reason", "退回理由", True)


def test_a_clock_turns_yellow_in_its_last_fifth_and_red_past_its_end(office: Office) -> None:
    case = office.dispatched()
    office.took(TAX, case, "sign")

    def light() -> str:
        clocks = seen(office, LIAISON, case)["clocks"]
        return next(c["light"]["word"] for c in clocks if c["id"] == "answer")

    lights = []
    for day in ("2026-12-11T01:00:00", "2026-12-15T01:00:00", "2026-12-15T09:31:00"):
        office.clock.move_to(datetime.fromisoformat(day + "+00:00"))
        lights.append(light())
    assert lights == ["绿", "黄", "红"]


def test_lanes_are_added_and_withdrawn(office: Office) -> None:
    case = office.dispatched(co_units=("u-340104-finance",))
    added = office.post(
        LIAISON, f"/cases/{case}/lanes", {"lane": "u-340104-labour", "reason": "需要参与（示例）"}
    )
    assert added.status_code == 200, added.text
    gone = office.post(
        LIAISON, f"/cases/{case}/lanes/u-340104-finance/withdraw", {"reason": "不必参与（示例）"}
    )
    assert gone.status_code == 200, gone.text
    lanes = {lane["lane"]: lane["outcome_word"] for lane in seen(office, LIAISON, case)["lanes"]}
    assert lanes == {"u-340104-finance": "已撤回", "u-340104-labour": "办理中"}


def test_comments_and_assignments_are_recorded(office: Office) -> None:
    case = office.dispatched()
    digest = office.upload(LIAISON)
    assert (
        office.post(
            LIAISON, f"/cases/{case}/comments", {"text": "请尽快（示例）", "files": [digest]}
        ).status_code
        == 200
    )
    assigned = office.post(TAX, f"/cases/{case}/assign", {"person": TAX})
    assert assigned.status_code == 200, assigned.text
    view = seen(office, LIAISON, case)
    assert view["holder"]["person"]["id"] == TAX
    comment = office.get(LIAISON, f"/cases/{case}/history").json()["events"][-2]
    assert (comment["sentence"], comment["files"]) == ("留言：请尽快（示例）", [digest])


def test_an_extension_is_asked_for_and_approved_by_somebody_else(office: Office) -> None:
    case = office.dispatched()
    office.took(TAX, case, "sign")
    asked = office.post(
        TAX,
        f"/cases/{case}/extensions",
        {"clock": "answer", "reason": "待检测（示例）", "amount": "5 working days"},
    )
    assert asked.status_code == 200, asked.text
    answered = office.post(UPPER, f"/cases/{case}/extensions/answer", {"clock": "answer", "approve": True})
    assert answered.status_code == 200, answered.text
    clock = next(c for c in seen(office, LIAISON, case)["clocks"] if c["id"] == "answer")
    # 15 working days after 1 December 2026: 22 December at 17:30.
    assert (clock["extended"], clock["due_at"]) == (["5个工作日"], "2026-12-22T09:30:00Z")


def test_a_deadline_explains_itself(office: Office) -> None:
    case = office.dispatched()
    office.took(TAX, case, "sign")
    told = office.get(LIAISON, f"/cases/{case}/explain/answer").json()
    assert told["sentences"] == [
        "自2026年12月1日（周二）09:00起，时限为10个工作日，当日不计入。",
        "2026年12月5日（周六）至2026年12月6日（周日）（周末）不计。",
        "2026年12月12日（周六）至2026年12月13日（周日）（周末）不计。",
        "因此，时限止于2026年12月15日（周二）17:30。",
    ]
    lane_case = office.dispatched(co_units=("u-340104-finance",))
    assert office.get(LIAISON, f"/cases/{lane_case}/explain/lane/u-340104-finance").status_code == 200


def test_history_gives_the_hashed_bytes_and_they_verify(office: Office) -> None:
    case = office.dispatched()
    events = office.get(LIAISON, f"/cases/{case}/history", raw="true").json()["events"]
    raw = [event["raw"].encode() for event in events]
    assert [hashlib.sha256(b"\x00" + data).hexdigest() for data in raw] == [e["hash"] for e in events]
    assert canonical.verify_chain(office.container.settings.log, case, raw) == []


def test_a_case_is_shown_as_it_stood_at_a_moment(office: Office) -> None:
    case = office.open()
    office.later(hours=1)
    office.took(LIAISON, case, "accept", category="general")
    then = office.get(LIAISON, f"/cases/{case}", at="2026-12-01T09:30:00+08:00").json()
    assert (then["state"]["id"], then["seq"], then["steps"]) == ("received", 1, [])
    assert seen(office, LIAISON, case)["state"]["id"] == "accepted"
    early = office.get(LIAISON, f"/cases/{case}", at="2026-11-30T09:30:00+08:00")
    assert (early.status_code, early.json()["code"]) == (400, "malformed_request")


def test_the_inbox_holds_what_waits_for_the_caller_the_earliest_due_first(office: Office) -> None:
    first = office.dispatched()
    office.later(minutes=30)
    urgent = office.open()
    office.took(LIAISON, urgent, "accept", category="urgent")
    office.took(LIAISON, urgent, "dispatch", lead_unit="u-340104-tax")
    inbox = office.get(TAX, "/inbox").json()
    assert [line["case"] for line in inbox["lines"]] == [urgent, first]
    assert (inbox["total"], inbox["lines"][0]["title"]) == (2, "设备进口通关缓慢（示例）")
    page = office.get(TAX, "/inbox", limit=1).json()
    rest = office.get(TAX, "/inbox", limit=1, cursor=page["next"]).json()
    assert [page["lines"][0]["case"], rest["lines"][0]["case"], rest["next"]] == [urgent, first, ""]


def test_an_inbox_line_shows_the_clock_that_is_due_first_whichever_it_is(office: Office) -> None:
    """First contact is due before the answer, and before the state is; once it is made, the answer comes next."""
    case = office.dispatched()
    office.took(TAX, case, "sign")

    def clock() -> tuple[str, str]:
        [line] = office.get(TAX, "/inbox").json()["lines"]
        assert line["due_at"] == seen(office, TAX, case)["due_at"]
        return line["clock"], line["clock_title"]

    assert clock() == ("contact", "首次联系时限")
    office.took(TAX, case, "contact", contact_note="已电话联系（示例）")
    assert clock() == ("answer", "答复时限")


def test_what_escalates_appears_in_the_inbox_of_the_level_above(office: Office) -> None:
    case = office.open()
    assert office.get(UPPER, "/inbox").json()["total"] == 0
    office.later(days=3)
    lines = office.get(UPPER, "/inbox").json()["lines"]
    assert [(line["case"], line["state"]["title"]) for line in lines] == [(case, "上级代为交办")]
    assert office.get(LIAISON, "/inbox").json()["total"] == 0


def test_personal_values_are_shown_to_who_handles_the_case_and_hidden_from_who_only_reads(
    office: Office,
) -> None:
    data = {"summary": "设备进口通关缓慢（示例）", "source": "visit", "contact_phone": "055100000000"}
    case = office.open(data=data)

    def phone(person: str) -> tuple:
        values = {v["field"]: v for v in seen(office, person, case)["data"]}
        return values["contact_phone"]["value"], values["contact_phone"]["personal"]

    assert phone(LIAISON) == ("055100000000", True)
    assert phone("p-340104-supervisor-1") == (None, True)
    history = office.get(LIAISON, f"/cases/{case}/history", raw="true")
    assert "055100000000" not in history.text
    operator = Actor(id="operator", kind="system")
    office.container.personal.erase(case, reason="示例", actor=operator, at=office.clock())
    assert phone(LIAISON) == (None, True)


def test_an_administrator_jumps_a_case_with_a_second_name(office: Office) -> None:
    case = office.dispatched()
    body = {"state": "with_leader", "reason": "误交办（示例）", "second": LEADER}
    etag = office.get(ADMIN, f"/cases/{case}").headers["ETag"]
    answer = office.post(ADMIN, f"/cases/{case}/jump", body, headers={"If-Match": etag})
    assert answer.status_code == 200, answer.text
    assert seen(office, LIAISON, case)["state"]["title"] == "报分管领导"


def test_a_case_is_moved_to_another_version_by_an_administrator(office: Office) -> None:
    case = office.dispatched()
    etag = office.get(ADMIN, f"/cases/{case}").headers["ETag"]
    answer = office.post(
        ADMIN,
        f"/cases/{case}/move-version",
        {"version": 1, "reason": "演练（示例）"},
        headers={"If-Match": etag},
    )
    assert answer.status_code in (200, 409), answer.text


def test_workflows_come_with_versions_certificate_pictures_and_source(shared_office: Office) -> None:
    office = shared_office
    names = [w["workflow"] for w in office.get(LIAISON, "/workflows").json()["workflows"]]
    assert {"issue", "rd_institution"} <= set(names)
    issue = office.get(LIAISON, "/workflows/issue").json()
    assert (issue["title"], issue["versions"][0]["in_force"]) == ("企业问题限时闭环办理", True)
    assert [f["id"] for f in issue["opening"] if f["required"]] == ["summary", "source"]
    base = "/workflows/issue/versions/1"
    assert office.get(LIAISON, f"{base}/certificate").json()["ok"] is True
    assert office.get(LIAISON, f"{base}/diagram.svg").text.startswith("<svg")
    assert "stateDiagram" in office.get(LIAISON, f"{base}/diagram.mmd").text
    assert office.get(LIAISON, f"{base}/source").text.startswith("# yaml-language-server")


def test_lists_filter_and_page_and_counts_agree_with_them(office: Office) -> None:
    cases = [office.open() for _ in range(5)]
    office.took(LIAISON, cases[0], "accept", category="general")
    assert [c["id"] for c in office.get(LIAISON, "/cases", state="accepted").json()["cases"]] == [cases[0]]
    assert office.get(LIAISON, "/cases", text=cases[1]).json()["cases"][0]["id"] == cases[1]
    found, cursor = [], ""
    while True:
        page = office.get(LIAISON, "/cases", limit=2, cursor=cursor).json()
        found += [c["id"] for c in page["cases"]]
        if not (cursor := page["next"]):
            break
    assert sorted(found) == sorted(cases)
    counts = office.get(LIAISON, "/cases/counts").json()
    assert (counts["total"], counts["open"], counts["late"]) == (5, 5, 0)
    assert {(s["state"], s["count"]) for s in counts["states"]} == {("accepted", 1), ("received", 4)}


def test_notices_reach_their_person_and_can_be_marked_as_read(office: Office) -> None:
    case = office.open()
    note = Notice(id="t1/x", person=LIAISON, case=case, kind="arrived", body={"about": "arrived"}, at=MORNING)
    office.container.notices.tell([note])
    [told] = office.get(LIAISON, "/notices", unread="true").json()["notices"]
    assert (told["case"], told["title"]) == (case, "有事项待您办理")
    address = f"/api/v1/notices/{told['id']}/read"
    assert office.client.put(address, headers=office.headers(TAX)).status_code == 404
    assert office.client.put(address, headers=office.headers(LIAISON)).status_code == 204
    assert office.get(LIAISON, "/notices", unread="true").json()["notices"] == []


def test_status_speaks_of_the_whole_system_only_to_who_sees_it_whole(office: Office) -> None:
    office.open()
    mine = office.get(LIAISON, "/status").json()
    assert (mine["open_cases"], mine["system"]) == (1, None)
    assert mine["statement"] == "2026-12-01 09:00:00 以前到期的时钟，未触发的 0 个"
    assert office.get(ADMIN, "/status").json()["system"]["overdue_timers"] == 0


def test_who_am_i_names_the_person_the_unit_and_the_roles_of_today(shared_office: Office) -> None:
    me = shared_office.get(TAX, "/me").json()
    assert (me["unit"]["id"], me["roles"]) == ("u-340104-tax", ["department", "handler"])


@pytest.mark.parametrize(
    ("path", "kind"), [("/", "text/html"), ("/livez", "text/plain"), ("/metrics", "text/plain")]
)
def test_pages_for_those_who_run_it_need_no_token(shared_office: Office, path: str, kind: str) -> None:
    answer = shared_office.client.get(path)
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith(kind)


def test_readiness_says_what_is_wrong(office: Office) -> None:
    answer = office.client.get("/readyz")
    assert (answer.status_code, answer.json()["ready"]) == (503, False)
    failing = {check["name"]: check["detail"] for check in answer.json()["checks"] if not check["ok"]}
    assert list(failing) == ["sweeper"]
    assert "bihuan serve" in failing["sweeper"]


def test_readiness_sees_a_sweeper_that_fell_silent_and_a_calendar_that_ends(office: Office) -> None:
    with office.container.database.writing() as connection:
        connection.execute(sqlalchemy.insert(BEAT).values(worker="w", at=micros(office.clock())))
    assert office.client.get("/readyz").status_code == 200
    office.container.integrator.catch_up(office.clock())
    office.clock.advance(timedelta(seconds=61))
    assert [c["name"] for c in office.client.get("/readyz").json()["checks"] if not c["ok"]] == ["sweeper"]
    office.clock.move_to(datetime(2027, 11, 1, tzinfo=UTC))
    failing = [c["name"] for c in office.client.get("/readyz").json()["checks"] if not c["ok"]]
    assert failing == ["sweeper", "calendar"]


def test_readiness_sees_events_that_stay_outside_the_evidence_log(office: Office) -> None:
    office.container.integrator.catch_up(office.clock())
    office.open()
    office.clock.advance(timedelta(seconds=60))
    assert evidence_check(office)["detail"] == "正常"
    office.clock.advance(timedelta(seconds=1))
    assert "61 秒" in evidence_check(office)["detail"]
    assert evidence_check(office)["ok"], "no node would work better outside the balancer"
    office.container.integrator.catch_up(office.clock())
    assert evidence_check(office)["detail"] == "正常"


def test_readiness_remarks_upon_a_key_that_others_may_read(office: Office) -> None:
    office.container.integrator.catch_up(office.clock())
    office.container.checkpoints.sign(office.clock())
    office.container.settings.key.chmod(0o644)
    assert "0644" in evidence_check(office)["detail"]
    assert evidence_check(office)["ok"]


def evidence_check(office: Office) -> dict[str, Any]:
    checks = office.client.get("/readyz").json()["checks"]
    return next(check for check in checks if check["name"] == "evidence")


def test_readiness_sees_a_key_that_is_not_the_one_of_the_log(office: Office) -> None:
    office.container.integrator.catch_up(office.clock())
    office.container.checkpoints.sign(office.clock())
    office.container.settings.key.unlink()
    (check,) = [c for c in office.client.get("/readyz").json()["checks"] if c["name"] == "evidence"]
    assert check["ok"], "another machine may sign"
    assert "本机不签发检查点" in check["detail"]
    office.clock.advance(timedelta(seconds=61))
    office.open()
    office.container.integrator.catch_up(office.clock())
    assert "没有日志密钥" in failing_checks(office)["evidence"]


def failing_checks(office: Office) -> dict[str, str]:
    checks = office.client.get("/readyz").json()["checks"]
    return {check["name"]: check["detail"] for check in checks if not check["ok"]}


def test_readiness_sees_a_folder_that_cannot_keep_evidence(office: Office) -> None:
    office.container.settings.files.write_text("in the way")
    failing = {c["name"]: c["detail"] for c in office.client.get("/readyz").json()["checks"] if not c["ok"]}
    assert "BIHUAN_FILES" in failing["files"]


def test_the_correlation_id_comes_back_and_a_bad_one_is_replaced(shared_office: Office) -> None:
    client = shared_office.client
    assert client.get("/livez", headers={"X-Request-ID": "abc-1"}).headers["X-Request-ID"] == "abc-1"
    assert client.get("/livez", headers={"X-Request-ID": "a b\tc"}).headers["X-Request-ID"] != "a b\tc"


def test_evidence_is_read_only_through_a_case_that_names_it(office: Office) -> None:
    case, other = office.dispatched(), office.open()
    office.took(TAX, case, "sign")
    proof = office.upload(TAX, name="佐证.pdf")
    office.post(TAX, f"/cases/{case}/comments", {"text": "附件", "files": [proof]})
    got = office.get(LIAISON, f"/cases/{case}/files/{proof}")
    assert (got.content, got.headers["content-type"]) == (PDF, "application/pdf")
    assert got.headers["content-disposition"].startswith("attachment; filename*=UTF-8''%E4%BD%90")
    assert got.headers["x-content-type-options"] == "nosniff"
    assert office.get(LIAISON, f"/cases/{other}/files/{proof}").json()["code"] == "unknown_file"

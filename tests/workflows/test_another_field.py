"""Two workflows of other fields, written in YAML alone: a hospital's complaint desk and an incident process.

They are certified, run through their whole course and through their timeouts, and replayed. Days are counted by hand: March
2026 has no day off but weekends, April has the 6th. A working day is 09:00 to 12:00 and 13:30 to 17:30.
"""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from adapters.calendars import load_calendar
from engine.access import Actor
from engine.certificate import certify
from engine.commands import TakeStep
from engine.errors import BihuanError
from engine.loading import load
from engine.replay import replay
from tests.support.histories import UNITS, random_history
from tests.support.story import CASE, Office, local, program_from

SAMPLES = Path(__file__).parent / "samples"
HOSPITAL, INCIDENT = SAMPLES / "hospital_complaint.yaml", SAMPLES / "incident.yaml"
WARD, OTHER_WARD = UNITS[0], UNITS[1]
MONITOR = Actor(id="programme", kind="system", channel="worker")


def opened(path: Path, **data: object) -> Office:
    """On Monday 2 March 2026 at 10:00, by the subject itself."""
    office = Office(path.read_text("utf-8"))
    office.open("patient" if path == HOSPITAL else "user", **data)
    return office


def codes(office: Office, step: str, by: str, **data: object) -> set[str]:
    with pytest.raises(BihuanError) as refused:
        office.take(step, by, **data)  # type: ignore[arg-type]
    return {blocker.code for blocker in refused.value.blockers}


def replays(office: Office) -> bool:
    events = office.world.store.history(office.case.id)
    return replay(events, office.world.digest, office.world.engine.calendars.digest).divergences == ()


@pytest.mark.parametrize("path", [HOSPITAL, INCIDENT], ids=lambda path: path.stem)
def test_a_workflow_of_another_field_is_certified_without_a_finding(path: Path) -> None:
    certificate = certify(
        load(path.read_bytes(), name=path.name), calendar=load_calendar("cn"), today=date(2026, 11, 23)
    )

    assert certificate.findings == ()
    assert certificate.sound


# A hospital's complaint desk


def examining() -> Office:
    """Dispatched to two wards on 3 March, complex: ten working days to reply, five for the other ward."""
    office = opened(HOSPITAL, matter="术后复查三次改期", phone="13800000000")
    office.move_to("2026-03-03 10:00")
    office.take("dispatch", "desk", kind="treatment", grade="complex", ward_unit=WARD, co_wards=[OTHER_WARD])
    return office


def test_a_complaint_is_examined_by_two_wards_called_back_explained_and_archived() -> None:
    office = examining()
    assert local(office.clock("reply").due_at) == "2026-03-17 17:30"
    office.move_to("2026-03-04 10:00")
    office.take("ask", "ward", missing=["复查预约单"])
    office.move_to("2026-03-06 10:00")
    office.take("supply", "patient", supplied=["示例-1"])
    assert local(office.clock("reply").due_at) == "2026-03-19 17:30"  # two working days stood still

    rang = office.wait_until("2026-03-11 09:00")  # the other ward's five days ended on the 10th
    assert rang[-1] == f"lane/{OTHER_WARD} due"
    assert office.case.lanes[OTHER_WARD].state == "pressed"
    reply = {"reply": "向患者道歉并优先安排", "basis": "门诊排班记录", "proof": ["示例-2"]}
    assert codes(office, "answer", "ward", **reply) == {"guard"}
    office.take("urge", "president", lane=OTHER_WARD, decision="今天报送")
    office.take("finish", "ward", lane=OTHER_WARD, unit=OTHER_WARD, finding="设备停机两次")
    office.take("answer", "ward", **reply)
    assert "separation" in codes(office, "approve", "ward", opinion="同意")
    office.take("approve", "quality", opinion="同意")
    assert office.clock("reply").status == "met"
    office.take("call", "caller", satisfied="disagreed")
    assert office.case.state == "with_president"
    office.take("explain", "president", decision="已尽责", redress="可申请医疗纠纷调解")
    assert office.case.ended == "settled"

    office.wait_until("2026-04-01 17:29")  # fifteen working days after 11 March
    assert office.case.state == "closed"
    office.wait_until("2026-04-01 17:30")

    assert (office.case.state, office.case.ended) == ("archived", "final")
    assert replays(office)


def test_a_complaint_that_nobody_takes_up_lies_with_the_vice_president_who_is_told_every_day() -> None:
    """Due on 3 March; his own three working days end on the 6th, then Monday and Tuesday."""
    office = opened(HOSPITAL, matter="候诊三小时")

    rang = office.wait_until("2026-03-10 18:00")

    assert rang == ["state due", "state due", "state again-1", "state again-2"]
    assert (office.case.state, office.case.holder.role) == ("with_president", "president")
    assert replays(office)


def test_a_complaint_is_settled_at_the_desk_only_if_the_patient_agrees_and_never_one_of_treatment() -> None:
    office = opened(HOSPITAL, matter="收费重复")
    settled = {"kind": "fees", "reply": "核对后已经退费", "agreed": True}

    assert codes(office, "settle", "desk", **{**settled, "agreed": False}) == {"guard"}
    assert codes(office, "settle", "desk", **{**settled, "kind": "treatment"}) == {"guard"}
    office.take("settle", "desk", **settled)

    assert office.case.ended == "settled"


# An incident process


def working() -> Office:
    """Graded as an outage ten minutes after the report."""
    office = opened(INCIDENT, symptom="挂号系统打不开", system="挂号系统")
    office.move_to("2026-03-02 10:10")
    office.take("dispatch", "desk", severity="p1", team=WARD)
    return office


def test_an_outage_is_restored_late_comes_back_is_restored_in_time_and_reviewed() -> None:
    office = working()
    assert (
        local(office.clock("respond").due_at) == "2026-03-02 10:15"
    )  # a quarter of an hour since the report
    assert local(office.clock("restore").due_at) == "2026-03-02 15:40"  # 1:50 before noon and 2:10 after
    office.move_to("2026-03-02 10:14")
    office.take("respond", "engineer", progress="已登录主机")
    assert office.clock("respond").status == "met"
    office.move_to("2026-03-02 10:30")
    office.take("ask", "engineer", question="哪个院区打不开")
    office.move_to("2026-03-02 11:00")
    office.take("explain", "user", explanation="南院区")
    assert local(office.clock("restore").due_at) == "2026-03-02 16:10"  # half an hour stood still

    rang = office.wait_until("2026-03-02 16:30")
    assert rang == ["restore remind-1", "restore due"]  # 48 minutes before, and at the end
    fix = {"cause": "数据库锁等待", "solution": "重启连接池"}
    office.take("restore", "engineer", **fix)
    assert office.clock("restore").status == "late"
    office.move_to("2026-03-03 09:30")
    office.take("not_restored", "user", complaint="南院区仍然打不开")
    assert local(office.clock("restore").due_at) == "2026-03-03 15:00"  # 2:30 before noon and 1:30 after
    office.move_to("2026-03-03 11:00")
    office.take("restore", "engineer", **fix)
    assert office.clock("restore").status == "met"

    office.wait_until("2026-03-05 17:30")  # nobody objects within two working days
    assert office.case.state == "settling"
    assert "guard" in codes(office, "skip", "manager")
    office.move_to("2026-03-06 10:00")
    office.take("review", "manager", lessons="增加连接池监控")
    office.wait_until("2026-03-20 17:30")  # ten working days later

    assert (office.case.state, office.case.ended) == ("archived", "final")
    assert replays(office)


def test_a_report_that_nobody_takes_up_climbs_within_two_working_hours_to_the_director() -> None:
    """10:00, 11:00 to the manager, 12:00 to the director. Ungraded it counts as grade three: an answer is due at 15:30."""
    office = opened(INCIDENT, symptom="打印机不出纸", system="门诊打印")

    rang = office.wait_until("2026-03-02 17:00")

    assert rang == ["state due", "state due", "respond due", "respond late-1"]
    assert (office.case.state, office.case.holder.role) == ("with_director", "director")
    office.take("decide", "director", decision="立即派单", severity="p3", team=WARD)
    assert office.case.state == "working"
    assert replays(office)


def test_the_monitor_opens_an_incident_again_and_no_person_can_speak_for_it() -> None:
    office = opened(INCIDENT, symptom="打印机不出纸", system="门诊打印")
    office.take("dispatch", "desk", severity="p3", team=WARD)
    assert codes(office, "cleared", "engineer", progress="恢复") == {"role_missing"}
    office.take("restore", "engineer", cause="缺纸传感器脏", solution="清洁传感器")
    office.take("confirm", "user")
    office.take("skip", "desk")
    assert office.case.ended == "settled"

    again = {"symptom": "打印机又不出纸"}
    office.send(TakeStep(id=office.key(), case=CASE, actor=MONITOR, step="reopen", data=again))

    assert (office.case.state, office.case.round) == ("reported", 2)
    assert replays(office)


@pytest.mark.parametrize("seed", [1, 2, 3])
@pytest.mark.parametrize("path", [HOSPITAL, INCIDENT], ids=lambda path: path.stem)
def test_random_histories_of_another_field_replay(path: Path, seed: int) -> None:
    history, world = random_history(program_from(path.read_text("utf-8")), seed, 40)

    assert replay(history.events, world.digest, world.engine.calendars.digest).divergences == ()

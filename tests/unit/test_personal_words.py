"""Comments, reasons and personal text fields of steps are kept outside the log where the workflow says so; nowhere else."""

from __future__ import annotations

import pytest

from engine import canonical
from engine.commands import AskExtension, Assign, Command, Comment
from engine.errors import InvalidData
from engine.events import read
from engine.loading import load
from engine.machine import Program
from engine.replay import replay
from engine.runtime import Refused
from tests.support.histories import UNITS, MemoryWorld, organisation_for
from tests.support.stage import Stage, local

FULL, SHARED = "tests/workflows/samples/full.yaml", "tests/workflows/samples/shared.yaml"
WORDS = "患者自述有既往病史（示例）"
DATA = {"grade": "plain", "ward_unit": UNITS[0], "co_units": [UNITS[1]]}


@pytest.fixture
def stage() -> Stage:
    made = Stage(FULL)
    made.opens("desk", "2026-03-02 09:00", matter="示例投诉事项")
    made.does("desk", "accept", "2026-03-02 10:00", **DATA)
    return made


def ward_says(stage: Stage, kind: type[Command], **asked: object) -> bytes:
    command = kind(id=stage.id(), case=stage.case, actor=stage.actor("ward"), **asked)  # type: ignore[arg-type]
    return stage.send(command, "2026-03-03 10:00").data


def kept(stage: Stage) -> dict[str, str]:
    """Commitment to value, as it is kept apart."""
    return {s.commitment: canonical.decode(s.value) for s in stage.world.store.tables["secret"].values()}


@pytest.mark.parametrize(
    ("kind", "asked", "name"),
    [
        (Comment, {"text": WORDS}, "text"),
        (AskExtension, {"clock": "state", "reason": WORDS}, "reason"),
        (Assign, {"person": "p-u-340302-science-ward-1", "reason": WORDS}, "reason"),
    ],
)
def test_what_is_said_beside_the_fields_leaves_only_a_commitment_in_the_log(
    stage: Stage, kind: type[Command], asked: dict[str, object], name: str
) -> None:
    data = ward_says(stage, kind, **asked)
    assert WORDS.encode() not in b"".join(stage.history)
    mark = canonical.decode(data)["asked"][name]["sealed"]
    assert kept(stage)[mark] == WORDS
    world = stage.world
    assert replay(stage.history, world.digest, world.engine.calendars.digest).divergences == ()


def test_a_commitment_is_that_of_its_salt_and_value(stage: Stage) -> None:
    ward_says(stage, Comment, text=WORDS)
    for secret in stage.world.store.tables["secret"].values():
        assert secret.commitment == canonical.commitment(secret.salt, canonical.encode(WORDS))


def test_another_workflow_keeps_such_words_in_the_log_as_before() -> None:
    stage = Stage(SHARED)
    stage.opens("clerk", "2026-03-02 09:00", question="示例事项")
    clerk = stage.actor("clerk")
    event = stage.send(Comment(id=stage.id(), case=stage.case, actor=clerk, text=WORDS), "2026-03-02 10:00")
    assert event.body["asked"]["text"] == WORDS
    assert kept(stage) == {}


@pytest.mark.parametrize("words", ["", "  ", "长" * 4001])
def test_words_that_are_blank_or_too_long_are_refused_as_ever(stage: Stage, words: str) -> None:
    stage.world.move_to(local("2026-03-03 10:00"))
    command = Comment(id=stage.id(), case=stage.case, actor=stage.actor("ward"), text=words)
    (outcome,) = stage.world.handle([command])
    assert isinstance(outcome, Refused)
    assert isinstance(outcome.error, InvalidData)
    assert kept(stage) == {}


def test_a_personal_text_field_serves_as_the_reason_of_a_step() -> None:
    text = program_text(SHARED).replace(
        "answer: {title: 意见, type: text}", "answer: {title: 意见, type: text, personal: true}"
    )
    program = Program(load(text.encode(), name="personal.yaml"))
    world = MemoryWorld((program,), organisation_for(program.definition))
    stage = Stage(SHARED)
    stage.program, stage.world = program, world
    stage.opens("clerk", "2026-03-02 09:00", question="示例事项")
    stage.does("clerk", "share", "2026-03-02 10:00", units=[UNITS[0]])
    event = stage.does("ward", "finish", "2026-03-02 11:00", lane=UNITS[0], answer=WORDS)
    assert WORDS.encode() not in event.data
    assert list(kept(stage).values()) == [WORDS]
    assert replay(stage.history, world.digest, world.engine.calendars.digest).divergences == ()
    assert read(stage.history[-1]).body["state"] == "answered"


def program_text(path: str) -> str:
    return Stage(path).program.source.data.decode()

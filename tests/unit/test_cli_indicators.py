"""`bihuan indicators`, `slots` and `ledger` over the sample."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.programme.loading import load_programme
from tests.support.commandline import CommandLine, in_folder, with_sample
from workflows import programme


@pytest.fixture
def bihuan(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> CommandLine:
    commands = in_folder(tmp_path, monkeypatch, capsys)
    with with_sample() as made:
        name, data = programme()
        made.programmes.publish(load_programme(data, name=name), made.now())
    return commands


def test_indicators_are_shown_for_people_and_as_json(bihuan: CommandLine) -> None:
    shown = bihuan("indicators", "--period", "2026-Q4")
    assert shown.code == 0, shown.err
    assert "安徽省　2026年第4季度" in shown.out
    assert "按时办结率" in shown.out
    assert "未设定目标值" in shown.out
    data = bihuan("indicators", "issue_in_time", "--level", "1", "--json").json()
    assert [each["id"] for each in data["indicators"]] == ["issue_in_time"]
    assert len(data["indicators"][0]["parts"]) == 16


def test_slots_and_ledgers_are_shown(bihuan: CommandLine) -> None:
    slots = bihuan("slots", "--period", "2026-11")
    assert (slots.code, "按期 0，补做 0，未做 0" in slots.out) == (0, True)
    ledger = bihuan("ledger", "no_activity", "--period", "2026")
    assert (ledger.code, "期初" in ledger.out) == (0, True)
    assert bihuan("ledger", "no_activity", "--json").json()["whole"]["counts"]["closing"] == 0


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("indicators", "nothing"), "unknown_indicator"),
        (("ledger", "no_activit"), "unknown_list"),
        (("ledger", "nope"), "unknown_list"),
        (("slots", "nope"), "unknown_obligation"),
        (("slots", "--period", "Q1"), "period_unreadable"),
        (("indicators", "--region", "99"), "region_out_of_reach"),
    ],
)
def test_what_cannot_be_asked_ends_with_a_code(
    bihuan: CommandLine, arguments: tuple[str, ...], code: str
) -> None:
    refused = bihuan(*arguments)
    assert (refused.code, refused.err.startswith(code)) == (2, True)

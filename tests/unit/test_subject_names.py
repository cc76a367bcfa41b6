"""Names of subjects as people write them, and what masking and money look like."""

from __future__ import annotations

import pytest

from adapters.subjects.contacts import warning
from adapters.subjects.names import BadName, checked_name, folded_name
from api.subject_presenting import masked, value_words
from engine.programme.facts import FactSpec


@pytest.mark.parametrize(
    ("written", "same"),
    [
        ("安徽示例（集团）有限公司", "安徽示例(集团)有限责任公司"),
        ("安徽示例集团股份有限公司", "安徽 示例 集团"),
        ("ＡＢＣ示例有限公司", "abc示例"),
        ("示例·科技有限公司", "示例科技公司"),
    ],
)
def test_two_spellings_of_one_name_fold_alike(written: str, same: str) -> None:
    assert folded_name(written) == folded_name(same)


def test_names_that_differ_stay_different_and_none_folds_to_nothing() -> None:
    assert folded_name("合肥示例有限公司") != folded_name("芜湖示例有限公司")
    assert folded_name("有限公司") == "有限公司"
    assert folded_name("（）") == ""


@pytest.mark.parametrize("title", ["", "  ", "甲\x00乙", "字" * 201, "两行\n名称"])
def test_what_is_no_name_is_refused(title: str) -> None:
    with pytest.raises(BadName):
        checked_name(title)


def test_a_name_is_kept_as_written_but_for_the_spaces_around_it() -> None:
    assert checked_name(" 安徽示例（集团）有限公司 ") == "安徽示例（集团）有限公司"


@pytest.mark.parametrize(
    ("fen", "words"),
    [
        (10_000_000_000, "10,000 万元"),
        (123_456_789, "123.456789 万元"),
        (0, "0 万元"),
        (-1_000_000, "-1 万元"),
    ],
)
def test_money_is_told_in_wan_without_loss(fen: int, words: str) -> None:
    assert value_words(FactSpec.model_validate({"title": "收入", "type": "money"}), fen) == words


def test_numbers_and_names_are_masked() -> None:
    assert masked("13800001234") == "138****1234"
    assert masked("0551-62000000 转 8") == "0551-620****0000 转 8"
    assert (masked("张示例"), masked("李"), masked("")) == ("张**", "李", "")


def test_more_than_two_visits_in_thirty_days_are_told() -> None:
    assert warning(2) == ""
    assert "3 次" in warning(3)

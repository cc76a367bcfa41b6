"""Lists as they really come: one file for each kind of dirt (requirements.md §4.1), with the verdicts that it deserves.

The files are made here, each from a few lines, so that a reviewer sees the dirt; the expectations are written by hand. A row is
expected as `verdict code@cell +code@cell`: its verdict, then the reasons, notes with a plus.
"""

from __future__ import annotations

import codecs
import csv
import io
import zipfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Final

import openpyxl
from openpyxl.worksheet.worksheet import Worksheet

from tests.support.lists import saved

A, B, C, D, E = (
    "91340300MAY4CL128W",
    "91340100MABJ1XG60D",
    "91340100MA2DD272X5",
    "91341100MA1TJ3Y70Q",
    "91340100MAR8F86N30",
)
"""Synthetic codes of requirements.md §4.2, all valid."""

HEAD: Final = (
    "统一社会信用代码",
    "企业名称",
    "所在市",
    "县区",
    "2025年营业收入（万元）",
    "2025年研发费用（万元）",
    "2025年职工总数",
)
PLACE: Final = ("合肥市", "蜀山区")


@dataclass(frozen=True, kw_only=True)
class Dirt:
    """`rows`: number of the row in the file to what is expected of it. `refused`: the code with which the file is refused.

    `values`: (code, fact, year) to the value that a good row brings. `before`: a list imported first.
    """

    name: str
    data: bytes
    file: str = "名单.xlsx"
    options: Mapping[str, Any] = field(default_factory=dict)
    rows: Mapping[int, str] = field(default_factory=dict)
    refused: str = ""
    values: Mapping[tuple[str, str, int], Any] = field(default_factory=dict)
    unknown: Sequence[str] = ()
    before: bytes = b""
    before_options: Mapping[str, Any] = field(default_factory=dict)
    titles: Mapping[str, str] = field(default_factory=dict)
    regions: Mapping[str, str] = field(default_factory=dict)


def sheet(*lines: Sequence[Any], then: Callable[[Worksheet], None] = lambda s: None) -> bytes:
    book = openpyxl.Workbook()
    page = book.active
    assert isinstance(page, Worksheet)
    for line in lines:
        page.append(list(line))
    then(page)
    return saved(book)


def listed(
    *lines: Sequence[Any], head: Sequence[Any] = HEAD, then: Callable[[Worksheet], None] = lambda s: None
) -> bytes:
    return sheet(head, *lines, then=then)


def text(*lines: Sequence[Any], separator: str = ",") -> str:
    made = io.StringIO()
    csv.writer(made, delimiter=separator).writerows(lines)
    return made.getvalue()


def row(
    code: Any = A,
    name: Any = "示例甲公司",
    place: Sequence[Any] = PLACE,
    *,
    revenue: Any = 1200,
    spend: Any = 60,
    staff: Any = 30,
) -> list[Any]:
    return [code, name, *place, revenue, spend, staff]


def zipped(**parts: bytes) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as package:
        for name, content in parts.items():
            package.writestr(name.replace("__", "/").replace("_dot_", "."), content)
    return made.getvalue()


def altered(data: bytes, part: str, change: Callable[[bytes], bytes], **more: bytes) -> bytes:
    """A workbook with one part rewritten and others added."""
    made = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            new.writestr(name, change(old.read(name)) if name == part else old.read(name))
        for name, content in more.items():
            new.writestr(name.replace("__", "/").replace("_dot_", "."), content)
    return made.getvalue()


SHEET1: Final = "xl/worksheets/sheet1.xml"


def refusals() -> list[Dirt]:
    """Files that are no lists, each with the code of its refusal."""
    good = listed(row())
    ole = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(504)
    bomb = altered(good, "", lambda b: b, xl__media__image1_dot_png=bytes(310 * 1024 * 1024))
    far = sheet(HEAD, row(), then=lambda s: s.cell(1_000_000, 400, "x"))
    entity = altered(
        good, SHEET1, lambda b: b.replace(b"<worksheet", b'<!DOCTYPE w [<!ENTITY a "aaaa">]><worksheet', 1)
    )
    return [
        Dirt(name="old_xls", data=ole, file="名单.xls", refused="refused_list_file"),
        Dirt(
            name="locked_by_a_password",
            data=ole + "EncryptedPackage".encode("utf-16-le"),
            refused="refused_list_file",
        ),
        Dirt(
            name="macros",
            data=altered(good, "", lambda b: b, xl__vbaProject_dot_bin=b"x"),
            file="名单.xlsm",
            refused="refused_list_file",
        ),
        Dirt(
            name="macros_named_xlsx",
            data=altered(good, "", lambda b: b, xl__vbaProject_dot_bin=b"x"),
            refused="refused_list_file",
        ),
        Dirt(
            name="a_web_page_named_xls",
            data=b"<html><table><tr><td>x</td></tr></table></html>",
            file="名单.xls",
            refused="refused_list_file",
        ),
        Dirt(
            name="a_word_document", data=zipped(word__document_dot_xml=b"<w/>"), refused="refused_list_file"
        ),
        Dirt(name="cut_off_in_the_middle", data=good[: len(good) // 2], refused="broken_list_file"),
        Dirt(
            name="bytes_damaged_inside", data=good[:400] + bytes(60) + good[460:], refused="broken_list_file"
        ),
        Dirt(name="empty_file", data=b"", refused="broken_list_file"),
        Dirt(name="empty_workbook", data=sheet(), refused="broken_list_file"),
        Dirt(name="zip_bomb", data=bomb, refused="list_too_large"),
        Dirt(name="one_cell_in_the_far_corner", data=far, refused="list_too_large"),
        Dirt(name="xml_with_entities", data=entity, refused="refused_list_file"),
        Dirt(name="no_heading", data=sheet(["甲", "乙"], [A, "示例甲公司"]), refused="no_table"),
        Dirt(
            name="text_in_no_known_encoding",
            data=b"\xff\x00\xff\x81,\x00\xff",
            file="名单.csv",
            refused="broken_list_file",
        ),
        Dirt(
            name="unit_of_money_never_said",
            data=listed(row(), head=(*HEAD[:4], "2025年营业收入", *HEAD[5:])),
            refused="columns_unclear",
        ),
        Dirt(
            name="year_never_said",
            data=listed(row(), head=(*HEAD[:4], "营业收入（万元）", *HEAD[5:])),
            refused="columns_unclear",
        ),
        Dirt(
            name="a_heading_that_means_two_things",
            data=listed([*row(), "钢"], head=(*HEAD, "主营")),
            refused="columns_unclear",
        ),
        Dirt(
            name="one_fact_in_two_columns",
            data=listed([*row(), 1300], head=(*HEAD, "2025年主营业务收入(万元)")),
            refused="columns_unclear",
        ),
        Dirt(name="two_sheets_with_lists", data=_two_sheets(), refused="columns_unclear"),
    ]


def _two_sheets() -> bytes:
    book = openpyxl.Workbook()
    for title in ("蜀山", "包河"):
        page = book.create_sheet(title)
        page.append(list(HEAD))
        page.append(row())
    return saved(book)


def layouts() -> list[Dirt]:
    """Where the table is, and what surrounds it."""
    return [
        Dirt(
            name="clean",
            data=listed(row(), row(B, "示例乙公司", ("芜湖市", "湾沚区"))),
            rows={2: "new", 3: "new"},
            values={
                (A, "revenue", 2025): 1_200_000_000,
                (A, "rd_spend", 2025): 60_000_000,
                (A, "staff", 2025): 30,
            },
            regions={A: "340104", B: "340210"},
        ),
        Dirt(
            name="title_reporter_and_unit_lines_above",
            data=sheet(
                ["2026年规上工业企业名单"],
                ["填报单位：示例科技局", "", "", "填报时间：2026年3月5日", "", "单位：万元"],
                [],
                (
                    "统一社会信用代码",
                    "企业名称",
                    "所在市",
                    "县区",
                    "2025年营业收入",
                    "2025年研发费用",
                    "2025年职工总数",
                ),
                row(),
                then=lambda s: s.merge_cells("A1:G1"),
            ),
            rows={5: "new"},
            values={(A, "revenue", 2025): 1_200_000_000},
        ),
        Dirt(
            name="heading_of_two_merged_rows", data=_merged_heading(), rows={4: "new"}, values=_MERGED_VALUES
        ),
        Dirt(
            name="heading_of_two_rows_in_a_text_file",
            data=text(
                [
                    "统一社会信用代码",
                    "企业名称",
                    "所在市",
                    "县区",
                    "营业收入（万元）",
                    "",
                    "研发费用（万元）",
                    "",
                ],
                ["", "", "", "", "2024年", "2025年", "2024年", "2025年"],
                [A, "示例甲公司", *PLACE, "1,000", "1,200", "50", "60"],
            ).encode(),
            file="名单.csv",
            rows={3: "new"},
            values=_MERGED_VALUES,
        ),
        Dirt(
            name="totals_notes_and_blank_rows",
            data=listed(
                row(),
                [],
                row(B, "示例乙公司"),
                ["合计", "", "", "", 2400, 120, 60],
                [],
                ["注：1.数据取自企业年报。"],
                ["填报人：示例", "", "审核人：示例", "", "联系电话：0551-00000000"],
            ),
            rows={2: "new", 4: "new"},
        ),
        Dirt(
            name="subtotals_inside",
            data=listed(row(), ["", "蜀山区小计", "", "", 1200, 60, 30], row(B, "示例乙公司")),
            rows={2: "new", 4: "new"},
        ),
        Dirt(
            name="totals_in_a_text_file",
            data=text(
                HEAD,
                [str(cell) for cell in row()],
                ["", "蜀山区小计", "", "", "1,200.00", "60", "30"],
                [str(cell) for cell in row(B, "示例乙公司")],
                ["合计", "", "", "", "2,400.00", "120", "—"],
            ).encode(),
            file="名单.csv",
            rows={2: "new", 4: "new"},
        ),
        Dirt(name="numbering_below_the_heading", data=listed([1, 2, 3, 4, 5, 6, 7], row()), rows={3: "new"}),
        Dirt(
            name="heading_repeated_on_every_page",
            data=listed(row(), HEAD, row(B, "示例乙公司")),
            rows={2: "new", 4: "new"},
        ),
        Dirt(
            name="hidden_row",
            data=listed(row(), row(B, "示例乙公司"), then=_hide_row(3)),
            rows={2: "new", 3: "new +hidden_row@"},
        ),
        Dirt(
            name="hidden_column",
            data=listed(row(), then=_hide_column("E")),
            rows={2: "new"},
            values={(A, "revenue", 2025): 1_200_000_000},
        ),
        Dirt(name="hidden_sheet_is_not_read", data=_hidden_sheet(), rows={2: "new"}),
        Dirt(
            name="table_that_begins_elsewhere",
            data=sheet([], [], ["", "", *HEAD], ["", "", *row()]),
            rows={4: "new"},
        ),
        Dirt(
            name="unknown_columns_are_listed",
            data=listed([*row(), "x"], head=(*HEAD, "党员人数")),
            rows={2: "new"},
            unknown=["H：党员人数"],
        ),
        Dirt(
            name="headings_with_stars_blanks_and_line_ends",
            data=listed(
                row(),
                head=(
                    "*统一社会 信用代码",
                    "企业\n名称",
                    "1.所在市",
                    "县（市、区）",
                    "2025年\n营业收入(万元)",
                    "2025年 研发费用（万元）：",
                    "２０２５年职工总数",
                ),
            ),
            rows={2: "new"},
            values={(A, "staff", 2025): 30},
        ),
        Dirt(
            name="this_year_and_the_year_before",
            data=listed(
                [A, "示例甲公司", *PLACE, 1000, 1200],
                head=(*HEAD[:4], "上年营业收入（万元）", "本年营业收入（万元）"),
            ),
            options={"year": 2025},
            rows={2: "new"},
            values={(A, "revenue", 2024): 1_000_000_000, (A, "revenue", 2025): 1_200_000_000},
        ),
        Dirt(
            name="unit_and_year_from_the_person",
            data=listed(row(), head=(*HEAD[:4], "营业收入", "研发费用", "职工总数")),
            options={"year": 2025, "unit": "万元"},
            rows={2: "new"},
            values={(A, "revenue", 2025): 1_200_000_000},
        ),
        Dirt(
            name="text_in_gbk",
            data=text(HEAD, row()).encode("gb18030"),
            file="名单.csv",
            rows={2: "new"},
            titles={A: "示例甲公司"},
        ),
        Dirt(
            name="text_in_utf8_with_its_mark",
            data=codecs.BOM_UTF8 + text(HEAD, row()).encode(),
            file="名单.csv",
            rows={2: "new"},
            titles={A: "示例甲公司"},
        ),
        Dirt(
            name="text_between_tabs_in_utf16",
            data=text(HEAD, row(), separator="\t").encode("utf-16"),
            file="名单.txt",
            rows={2: "new"},
        ),
    ]


_MERGED_VALUES: Final = {
    (A, "revenue", 2024): 1_000_000_000,
    (A, "revenue", 2025): 1_200_000_000,
    (A, "rd_spend", 2024): 50_000_000,
    (A, "rd_spend", 2025): 60_000_000,
}


def _merged_heading() -> bytes:
    def merge(page: Worksheet) -> None:
        for area in ("A1:H1", "A2:A3", "B2:B3", "C2:C3", "D2:D3", "E2:F2", "G2:H2"):
            page.merge_cells(area)

    return sheet(
        ["示例市企业情况表（2025年）"],
        ["统一社会信用代码", "企业名称", "所在市", "县区", "营业收入（万元）", "", "研发费用（万元）", ""],
        ["", "", "", "", "2024年", "2025年", "2024年", "2025年"],
        [A, "示例甲公司", *PLACE, 1000, 1200, 50, 60],
        then=merge,
    )


def _hide_row(number: int) -> Callable[[Worksheet], None]:
    def hide(page: Worksheet) -> None:
        page.row_dimensions[number].hidden = True

    return hide


def _hide_column(name: str) -> Callable[[Worksheet], None]:
    def hide(page: Worksheet) -> None:
        page.column_dimensions[name].hidden = True

    return hide


def _hidden_sheet() -> bytes:
    book = openpyxl.Workbook()
    page = book.active
    assert isinstance(page, Worksheet)
    page.append(list(HEAD))
    page.append(row())
    other = book.create_sheet("旧名单")
    other.append(list(HEAD))
    other.append(row(B, "示例乙公司"))
    other.sheet_state = "hidden"
    return saved(book)


def codes() -> list[Dirt]:
    """Codes, names and places."""
    return [
        Dirt(
            name="code_as_a_number", data=listed(row(913401000000000000)), rows={2: "error code_as_number@A2"}
        ),
        Dirt(
            name="code_in_scientific_notation",
            data=text(HEAD, row("9.13401E+17")).encode(),
            file="名单.csv",
            rows={2: "error code_as_number@A2"},
        ),
        Dirt(
            name="codes_full_width_lower_case_quoted_and_spaced",
            data=listed(
                row("９１３４０３００ＭＡＹ４ＣＬ１２８Ｗ"),
                row(B.lower(), "示例乙公司"),
                row("'" + C, "示例丙公司"),
                row(D[:8] + " " + D[8:], "示例丁公司"),
            ),
            rows={2: "new", 3: "new", 4: "new", 5: "new"},
        ),
        Dirt(name="letter_O_for_zero", data=listed(row(B[:-2] + "OD")), rows={2: "error bad_code@A2"}),
        Dirt(
            name="both_check_digits_wrong",
            data=listed(row("91340300MAY4CL137X")),
            rows={2: "error bad_code@A2"},
        ),
        Dirt(
            name="outer_check_digit_wrong_is_to_be_confirmed",
            data=listed(row("91350211M0000XUF46")),
            rows={2: "to_confirm doubtful_code@A2"},
        ),
        Dirt(
            name="outer_check_digit_wrong_and_confirmed_is_a_doubt",
            data=listed(row("91350211M0000XUF46")),
            options={"confirm_codes": True},
            rows={2: "new +doubtful_code@A2"},
        ),
        Dirt(
            name="a_doubtful_code_that_is_registered_was_confirmed_then",
            before=listed(row("91350211M0000XUF46")),
            before_options={"confirm_codes": True},
            data=listed(row("91350211M0000XUF46", staff=31)),
            rows={2: "updated +doubtful_code@A2"},
        ),
        Dirt(name="organisation_code_of_nine", data=listed(row("MAY4CL128")), rows={2: "error bad_code@A2"}),
        Dirt(
            name="no_code_and_no_name",
            data=listed(row(""), row(B, "")),
            rows={2: "error code_missing@A2", 3: "error name_missing@B3"},
        ),
        Dirt(
            name="check_character_zero_is_valid",
            data=listed(row(E)),
            rows={2: "new"},
        ),
        Dirt(
            name="names_of_half_width",
            data=listed(row(A, " 示例甲(合肥) 有限公司 ")),
            rows={2: "new"},
            titles={A: "示例甲（合肥）有限公司"},
        ),
        Dirt(name="same_row_twice", data=listed(row(), row()), rows={2: "new", 3: "unchanged +repeated@A3"}),
        Dirt(
            name="old_and_new_name_of_one_code",
            data=listed(row(A, "示例甲公司"), row(A, "示例甲集团公司")),
            rows={2: "conflict two_names@A2", 3: "conflict two_names@A3"},
        ),
        Dirt(
            name="same_code_in_two_counties",
            data=listed(row(), row(place=("合肥市", "包河区"))),
            rows={2: "conflict two_regions@A2", 3: "conflict two_regions@A3"},
        ),
        Dirt(
            name="same_code_other_figures",
            data=listed(row(), row(revenue=1300)),
            rows={2: "conflict two_figures@A2", 3: "conflict two_figures@A3"},
        ),
        Dirt(
            name="one_name_under_two_codes",
            data=listed(row(), row(B)),
            rows={2: "conflict same_name@B2", 3: "conflict same_name@B3"},
        ),
        Dirt(
            name="old_names_of_counties",
            data=listed(row(place=("芜湖市", "繁昌县")), row(B, "示例乙公司", ("六安市", "寿县"))),
            rows={2: "new +old_place_name@D2", 3: "new +old_place_name@D3"},
            regions={A: "340212", B: "340422"},
        ),
        Dirt(
            name="places_that_are_unclear_or_unknown",
            data=listed(row(place=("", "郊区")), row(B, "示例乙公司", ("合肥市", "不存在县"))),
            rows={2: "error ambiguous_place@D2", 3: "error unknown_place@D3"},
        ),
        Dirt(
            name="a_city_list_whose_county_column_nobody_knows",
            data=listed(row(), head=(*HEAD[:3], "镇街", *HEAD[4:])),
            options={"region": "3401"},
            rows={2: "conflict no_county_column@"},
            unknown=["D：镇街"],
        ),
        Dirt(
            name="a_city_list_without_counties_where_that_was_chosen",
            data=listed(row(), head=(*HEAD[:3], "镇街", *HEAD[4:])),
            options={"region": "3401", "without_county": True},
            rows={2: "new"},
            unknown=["D：镇街"],
            regions={A: "3401"},
        ),
        Dirt(
            name="a_county_list_needs_no_county_column",
            data=listed(row(), head=(*HEAD[:2], "备注一", "备注二", *HEAD[4:])),
            options={"region": "340104"},
            rows={2: "new"},
            unknown=["C：备注一", "D：备注二"],
            regions={A: "340104"},
        ),
        Dirt(
            name="rows_without_a_county_and_one_of_the_city_itself",
            data=listed(
                row(place=("合肥市", "")),
                row(B, "示例乙公司", ("合肥市", "—")),
                row(C, "示例丙公司", ("合肥市", "市本级")),
                row(D, "示例丁公司", ("", "合肥市")),
            ),
            rows={
                2: "error county_missing@D2",
                3: "error county_missing@D3",
                4: "new",
                5: "error county_missing@D5",
            },
            regions={C: "3401"},
        ),
        Dirt(
            name="a_list_of_known_enterprises_needs_no_county",
            before=listed(row()),
            data=listed([A, "示例甲公司", 31], head=(*HEAD[:2], HEAD[6])),
            options={"region": "3401"},
            rows={2: "updated"},
            regions={A: "340104"},
        ),
        Dirt(
            name="zone_in_a_column_of_its_own",
            data=listed([A, "示例甲公司", *PLACE, "合肥高新区"], head=(*HEAD[:4], "开发区")),
            rows={2: "new"},
            regions={A: "340171"},
        ),
        Dirt(
            name="an_older_number_beside_the_code",
            data=listed(["340100000012345", *row()], head=("组织机构代码", *HEAD)),
            rows={2: "new"},
            unknown=["A：组织机构代码"],
        ),
        Dirt(
            name="another_county_than_the_senders",
            data=listed(row(), row(B, "示例乙公司", ("合肥市", "包河区"))),
            options={"scope": ("340104",)},
            rows={2: "new", 3: "error out_of_reach@D3"},
        ),
        Dirt(
            name="list_of_one_county_without_places",
            data=listed(
                [A, "示例甲公司", 1200], head=("统一社会信用代码", "企业名称", "2025年营业收入（万元）")
            ),
            options={"scope": ("340104",)},
            rows={2: "new"},
            regions={A: "340104"},
        ),
    ]


def figures() -> list[Dirt]:
    """Numbers, days, yes and no."""
    days = ("统一社会信用代码", "企业名称", "所在市", "县区", "成立日期")

    def day(code: str, said: Any) -> list[Any]:
        return [code, f"示例{code[-3:]}", *PLACE, said]

    return [
        Dirt(
            name="numbers_as_text",
            data=listed(
                row(revenue="1,200.50", spend=" 60 ", staff="３０人"),
                row(B, "示例乙公司", revenue="1 200", spend="¥60", staff="30.0"),
            ),
            rows={2: "new", 3: "new"},
            values={
                (A, "revenue", 2025): 1_200_500_000,
                (A, "staff", 2025): 30,
                (B, "rd_spend", 2025): 60_000_000,
            },
        ),
        Dirt(
            name="cells_with_their_own_unit",
            data=listed(
                row(revenue="1200万元", spend="0.6千万元"),
                row(B, "示例乙公司", revenue="1.2亿", spend="600万元"),
            ),
            rows={2: "new +own_unit@F2", 3: "new +own_unit@E3"},
            values={
                (A, "revenue", 2025): 1_200_000_000,
                (A, "rd_spend", 2025): 600_000_000,
                (B, "revenue", 2025): 12_000_000_000,
            },
        ),
        Dirt(
            name="commas_that_group_nothing",
            data=listed(row(revenue="12,00")),
            rows={2: "error bad_number@E2"},
        ),
        Dirt(name="words_for_numbers", data=listed(row(revenue="约一千万")), rows={2: "error bad_number@E2"}),
        Dirt(name="people_in_halves", data=listed(row(staff=30.5)), rows={2: "error not_whole@G2"}),
        Dirt(
            name="dashes_and_none",
            data=listed(row(revenue="—", spend="无", staff="/")),
            rows={2: "new +none_as_zero@F2"},
            values={(A, "revenue", 2025): None, (A, "rd_spend", 2025): 0, (A, "staff", 2025): None},
        ),
        Dirt(
            name="floats_that_are_no_whole_fen",
            data=listed(row(revenue=1200.1234567, spend=0.1 + 0.2)),
            rows={2: "new +rounded_to_fen@E2"},
            values={(A, "revenue", 2025): 1_200_123_457, (A, "rd_spend", 2025): 300_000},
        ),
        Dirt(
            name="error_cells",
            data=listed(row(revenue="#DIV/0!"), then=_as_error("E2")),
            rows={2: "error broken_cell@E2"},
        ),
        Dirt(
            name="formulas_never_calculated",
            data=listed(row(revenue="=600*2")),
            rows={2: "error broken_cell@E2"},
        ),
        Dirt(
            name="spend_above_revenue",
            data=listed(row(revenue=1200, spend=600_000)),
            rows={2: "conflict suspect_unit@F2"},
        ),
        Dirt(
            name="spend_above_revenue_but_looked_at",
            data=listed(row(revenue=50, spend=60)),
            options={"trust_figures": True},
            rows={2: "new +suspect_unit@F2"},
        ),
        Dirt(
            name="yuan_in_a_column_of_ten_thousands",
            data=listed(
                [A, "示例甲公司", *PLACE, 1100, 12_000_000],
                head=(*HEAD[:4], "2024年营业收入（万元）", "2025年营业收入（万元）"),
            ),
            rows={2: "conflict suspect_unit@F2"},
        ),
        Dirt(
            name="columns_of_different_units",
            data=listed(
                row(revenue=1.2, spend=600_000),
                head=(*HEAD[:4], "2025年营业收入（亿元）", "2025年研发费用（元）", HEAD[6]),
            ),
            rows={2: "new"},
            values={(A, "revenue", 2025): 12_000_000_000, (A, "rd_spend", 2025): 60_000_000},
        ),
        Dirt(
            name="days_in_every_style",
            data=listed(
                day(A, "2016.5.3"),
                day(B, "2016年5月3日"),
                day(C, datetime(2016, 5, 3)),
                day(D, 42493),
                day(E, "20160503"),
                head=days,
            ),
            rows=dict.fromkeys(range(2, 7), "new"),
            values={(each, "founded", 0): "2016-05-03" for each in (A, B, C, D, E)},
        ),
        Dirt(
            name="months_and_years_alone",
            data=listed(
                day(A, "2016.5"), day(B, "2016年5月"), day(C, 2016), day(D, date(2016, 5, 1)), head=days
            ),
            rows={2: "new +day_assumed@E2", 3: "new +day_assumed@E3", 4: "new +day_assumed@E4", 5: "new"},
            values={
                (A, "founded", 0): "2016-05-01",
                (B, "founded", 0): "2016-05-01",
                (C, "founded", 0): "2016-01-01",
            },
        ),
        Dirt(
            name="october_or_january_and_no_such_day",
            data=listed(day(A, 2016.1), day(B, "2016.10"), day(C, "2016-02-30"), head=days),
            rows={2: "error month_unclear@E2", 3: "new +day_assumed@E3", 4: "error bad_date@E4"},
            values={(B, "founded", 0): "2016-10-01"},
        ),
        Dirt(
            name="ticks_crosses_and_ones",
            data=listed(
                *(
                    [code, f"示例{code[-3:]}", *PLACE, said]
                    for code, said in zip((A, B, C, D, E), ("√", 1, "有", "×", "—"), strict=True)
                ),
                ["91350211M0000XUF46", "示例己公司", *PLACE, "可能"],
                head=("统一社会信用代码", "企业名称", "所在市", "县区", "2025年是否有研发活动"),
            ),
            rows={**dict.fromkeys(range(2, 7), "new"), 7: "error bad_boolean@E7 doubtful_code@A7"},
            values={
                (A, "rd_activity", 2025): True,
                (B, "rd_activity", 2025): True,
                (C, "rd_activity", 2025): True,
                (D, "rd_activity", 2025): False,
                (E, "rd_activity", 2025): None,
            },
        ),
        Dirt(
            name="cells_that_look_like_formulas",
            data=text(
                [*HEAD, "联系人"], [*row(), '=HYPERLINK("http://x")'], [*row(B, "=示例乙公司"), "+1"]
            ).encode(),
            file="名单.csv",
            rows={2: "new", 3: "new"},
        ),
    ]


def _as_error(cell: str) -> Callable[[Worksheet], None]:
    def mark(page: Worksheet) -> None:
        page[cell].data_type = "e"

    return mark


def against_what_is_known() -> list[Dirt]:
    """The same file again, another word on the same year, names and places that moved."""
    old, new = {"vintage": date(2026, 1, 1)}, {"vintage": date(2026, 3, 1)}
    return [
        Dirt(name="the_same_list_again", data=listed(row()), before=listed(row()), rows={2: "unchanged"}),
        Dirt(
            name="a_figure_corrected_later",
            data=listed(row(revenue=1300)),
            options=new,
            before=listed(row()),
            before_options=old,
            rows={2: "updated"},
            values={(A, "revenue", 2025): 1_300_000_000},
        ),
        Dirt(
            name="an_older_list_after_a_newer_one",
            data=listed(row(revenue=1100)),
            options=old,
            before=listed(row()),
            before_options=new,
            rows={2: "conflict newer_known@E2"},
        ),
        Dirt(
            name="a_verified_figure_of_the_same_day",
            data=listed(row(revenue=1100)),
            options=new,
            before=listed(row()),
            before_options={**new, "verified": True},
            rows={2: "conflict newer_known@E2"},
        ),
        Dirt(
            name="a_new_name",
            data=listed(row(A, "示例甲集团公司")),
            options=new,
            before=listed(row()),
            before_options=old,
            rows={2: "updated +renamed@B2"},
            titles={A: "示例甲集团公司"},
        ),
        Dirt(
            name="the_old_name_in_an_old_list",
            data=listed(row(A, "示例旧公司")),
            options=old,
            before=listed(row()),
            before_options=new,
            rows={2: "unchanged +old_name@B2"},
        ),
        Dirt(
            name="registered_in_another_county",
            data=listed(row(place=("合肥市", "包河区"))),
            before=listed(row()),
            rows={2: "conflict other_region@C2"},
        ),
        Dirt(
            name="the_county_of_one_that_had_only_its_city",
            data=listed(row()),
            before=listed(row(place=("合肥市", "市本级"))),
            rows={2: "updated"},
            regions={A: "340104"},
        ),
        Dirt(
            name="a_known_name_under_another_code",
            data=listed(row(B)),
            before=listed(row()),
            rows={2: "conflict same_name_known@B2"},
        ),
        Dirt(
            name="a_unit_that_differs_from_last_years_list",
            data=listed(row(revenue=12_000_000, spend=600_000)),
            before=listed([A, "示例甲公司", *PLACE, 1100], head=(*HEAD[:4], "2024年营业收入（万元）")),
            rows={2: "conflict suspect_unit@E2"},
        ),
    ]


def corpus() -> list[Dirt]:
    return [*refusals(), *layouts(), *codes(), *figures(), *against_what_is_known()]

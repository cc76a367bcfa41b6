"""Make the shipped letter templates from their plain descriptions: `python -m adapters.reports.drafting`.

A description (`templates/*.txt`) says one paragraph a line, its first sign the style. The look is that of GB/T 9704-2012: A4,
margins 37/35/28/26 mm, 方正小标宋简体 二号 for titles, 仿宋_GB2312 三号 for text, lines of 28 points, page numbers outside.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import docx
from docx.document import Document
from docx.enum.section import WD_ORIENT
from docx.enum.style import WD_STYLE_TYPE
from docx.enum.table import WD_TABLE_ALIGNMENT
from docx.enum.text import WD_ALIGN_PARAGRAPH, WD_LINE_SPACING
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from docx.section import Section, _Footer
from docx.shared import Mm, Pt, RGBColor
from docx.table import Table, _Cell

from adapters.reports.docx import SHIPPED, stamped

__all__ = ["draft", "drafts"]

FANGSONG, HEITI, KAITI, SONGTI = "仿宋_GB2312", "黑体", "楷体_GB2312", "宋体"
XIAOBIAOSONG: Final = "方正小标宋简体"
LATIN: Final = "Times New Roman"
ERHAO, SANHAO, SIHAO, XIAOSI, WUHAO = 22, 16, 14, 12, 10.5  # points of the Chinese sizes
LINE: Final = 28
_PROVENANCE: Final = "数据取自 {{ as_of }}，摘要 {{ digest }}"
RED: Final = RGBColor(0xC0, 0, 0)
_TEXT_WIDTH: Final = 156  # mm between the margins
_FORM_LINE: Final = 12  # mm, so that there is room to write by hand
_FEW: Final = 5  # columns in the larger letters
_NARROW: Final = 9


@dataclass(frozen=True, slots=True)
class Style:
    """`indent` in characters of the text."""

    name: str
    font: str = FANGSONG
    size: float = SANHAO
    align: WD_ALIGN_PARAGRAPH = WD_ALIGN_PARAGRAPH.JUSTIFY
    indent: int = 0
    line: float = LINE
    before: float = 0
    after: float = 0
    red: bool = False


LEFT, RIGHT, CENTRE = WD_ALIGN_PARAGRAPH.LEFT, WD_ALIGN_PARAGRAPH.RIGHT, WD_ALIGN_PARAGRAPH.CENTER
BODY: Final = Style("公文正文", indent=2)
CELL: Final = Style("公文表格", size=XIAOSI, align=LEFT, line=18)
CELL_HEAD: Final = Style("公文表头", HEITI, XIAOSI, CENTRE, line=18)
SMALL_CELL: Final = Style("公文小表格", size=WUHAO, align=LEFT, line=15)
SMALL_HEAD: Final = Style("公文小表头", HEITI, WUHAO, CENTRE, line=15)
_SIGNED: Final = "> "
SIGNED: Final = Style("公文署名", align=RIGHT)
STYLES: Final = {
    "# ": Style("公文标题", XIAOBIAOSONG, ERHAO, CENTRE, line=35, before=14, after=20),
    "## ": Style("公文一级标题", HEITI, indent=2),
    "### ": Style("公文二级标题", KAITI, indent=2),
    "- ": Style("公文顶格", align=LEFT),
    _SIGNED: SIGNED,
    "^ ": Style("公文居中", align=CENTRE),
    "! ": Style("公文版头", XIAOBIAOSONG, 30, CENTRE, line=44, before=20, after=16, red=True),
    "~ ": Style("公文说明", size=XIAOSI, align=LEFT, line=18, before=6),
}


def drafts() -> Iterator[tuple[Path, bytes]]:
    """Each template's file and its bytes, from the descriptions."""
    for description in sorted(SHIPPED.glob("*.txt")):
        yield description.with_suffix(".docx"), draft(description.read_text("utf-8"))


def draft(description: str) -> bytes:
    """The bytes of a template."""
    document = docx.Document()
    _page(document.sections[0])
    _furniture(document)
    for style in (BODY, CELL, CELL_HEAD, SMALL_CELL, SMALL_HEAD, *STYLES.values()):
        _add_style(document, style)
    _write(document, [line for line in description.splitlines() if line and not line.startswith("//")])
    properties = document.core_properties
    properties.author, properties.title, properties.comments = "闭环 Bihuan", "", ""
    stream = io.BytesIO()
    document.save(stream)
    return stamped(stream.getvalue())


def _write(document: Document, lines: list[str]) -> None:
    table: list[str] = []
    for line, following in zip(lines, [*lines[1:], ""], strict=True):
        if line.startswith("|"):
            table.append(line)
            continue
        _flush(document, table)
        sign = next((sign for sign in STYLES if line.startswith(sign)), "")
        style = STYLES[sign] if sign else BODY
        is_after_table = _after_table(document)
        paragraph = document.add_paragraph(line.removeprefix(sign), style=style.name)
        if is_after_table and not line.startswith("{%"):
            paragraph.paragraph_format.space_before = Pt(LINE / 2)
        if style.red:
            _line_below(paragraph)
        if style in (
            BODY,
            SIGNED,
        ):  # no signature on a page without text; the small print may go on by itself
            paragraph.paragraph_format.keep_with_next = following.startswith(_SIGNED)
    _flush(document, table)


def _after_table(document: Document) -> bool:
    """Whether a table was the last thing written."""
    before = [each for each in document.element.body if not each.tag.endswith("sectPr")]
    return bool(before) and before[-1].tag.endswith("}tbl")


def _flush(document: Document, lines: list[str]) -> None:
    if lines:
        _add_table(document, lines)
        lines.clear()


# Tables: `| 序号 4 | 事项 20 |` is the header with the widths, `|% for row in tables.x.rows` repeats what follows,
# `|: 督办事项 | {{ … }}` is a line of a form whose first cell is a heading.


def _add_table(document: Document, lines: list[str]) -> None:
    is_form = all(line.startswith("|:") for line in lines)
    rows = [_cells(line) for line in lines]
    width = max(len(row) for row in rows)
    table = document.add_table(0, width, style="Table Grid")
    table.alignment, table.autofit = WD_TABLE_ALIGNMENT.CENTER, False
    shares = [32, 52, 24, 48][:width] if is_form else []
    head, cell_style = (SMALL_HEAD, SMALL_CELL) if width > _FEW else (CELL_HEAD, CELL)
    for number, row in enumerate(rows):
        if lines[number].startswith("|%"):
            _control(table, row[0])
            continue
        if number == 0 and not is_form:
            shares = [int(cell.rsplit(" ", 1)[1]) for cell in row]
            _fill(table, [cell.rsplit(" ", 1)[0] for cell in row], lambda _: head, is_header=True)
        elif is_form:
            _fill(table, row, lambda place: CELL_HEAD if place % 2 == 0 else CELL)
            table.rows[-1].height = Mm(_FORM_LINE)
        else:
            _fill(table, row, lambda _: cell_style)
            _centre_narrow(table, shares)
    _set_widths(table, shares)


def _cells(line: str) -> list[str]:
    if line.startswith("|%"):
        return [line.removeprefix("|%").strip()]
    return [cell.strip() for cell in line.removeprefix("|:").strip("|").split("|")]


def _control(table: Table, words: str) -> None:
    added = table.add_row()  # type: ignore[no-untyped-call]
    added.cells[0].paragraphs[0].add_run(f"{{%tr {words} %}}")


def _fill(table: Table, row: list[str], style_of: Callable[[int], Style], *, is_header: bool = False) -> None:
    added = table.add_row()  # type: ignore[no-untyped-call]
    if is_header:
        repeat = OxmlElement("w:tblHeader")
        repeat.set(qn("w:val"), "true")
        added._tr.get_or_add_trPr().append(repeat)
    cells = list(added.cells)
    if len(row) < len(cells):  # the last cell takes what is left of the line
        cells[len(row) - 1] = cells[len(row) - 1].merge(cells[-1])
    for place, words in enumerate(row):
        paragraph = cells[place].paragraphs[0]
        paragraph.style = style_of(place).name
        paragraph.add_run(words)
        _centre(cells[place])


def _centre_narrow(table: Table, shares: list[int]) -> None:
    """Short values stand in the middle of their column, texts at its beginning."""
    for cell, share in zip(table.rows[-1].cells, shares, strict=True):
        if share <= _NARROW:
            cell.paragraphs[0].alignment = CENTRE


def _centre(cell: _Cell) -> None:
    vertical = OxmlElement("w:vAlign")
    vertical.set(qn("w:val"), "center")
    cell._tc.get_or_add_tcPr().append(vertical)


def _set_widths(table: Table, shares: list[int]) -> None:
    for column, share in zip(table.columns, shares, strict=True):
        column.width = Mm(_TEXT_WIDTH * share / sum(shares))
    for row in table.rows:
        for place, cell in enumerate(row.cells[: len(shares)]):
            if len({id(c._tc) for c in row.cells}) == len(shares):
                cell.width = Mm(_TEXT_WIDTH * shares[place] / sum(shares))


# The page


def _page(section: Section) -> None:
    section.orientation = WD_ORIENT.PORTRAIT
    section.page_width, section.page_height = Mm(210), Mm(297)
    section.top_margin, section.bottom_margin = Mm(37), Mm(35)
    section.left_margin, section.right_margin = Mm(28), Mm(26)
    section.header_distance, section.footer_distance = Mm(15), Mm(25)


def _furniture(document: Document) -> None:
    """Above, the watermark and where the data come from; below, the page number between dashes, on the outer side."""
    section = document.sections[0]
    document.settings.odd_and_even_pages_header_footer = True
    for header in (section.header, section.even_page_header):
        for paragraph, words in (
            (header.paragraphs[0], "{{ watermark }}"),
            (header.add_paragraph(), _PROVENANCE),
        ):
            paragraph.alignment = CENTRE
            run = paragraph.add_run(words)
            _font(run._r.get_or_add_rPr(), SONGTI)
            run.font.size, run.font.color.rgb = Pt(9), RGBColor(0x80, 0x80, 0x80)
    _page_number(section.footer, RIGHT)
    _page_number(section.even_page_footer, LEFT)


def _page_number(footer: _Footer, align: WD_ALIGN_PARAGRAPH) -> None:
    paragraph = footer.paragraphs[0]
    paragraph.alignment = align
    indent = paragraph.paragraph_format
    indent.left_indent = indent.right_indent = Pt(SIHAO)  # one character from the edge
    for words in ("— ", "PAGE", " —"):
        run = paragraph.add_run("" if words == "PAGE" else words)
        _font(run._r.get_or_add_rPr(), SONGTI, SONGTI)
        run.font.size = Pt(SIHAO)
        if words == "PAGE":
            _field(run._r, words)


def _field(run: Any, words: str) -> None:
    for kind in ("begin", "", "end"):
        part = OxmlElement("w:fldChar" if kind else "w:instrText")
        if kind:
            part.set(qn("w:fldCharType"), kind)
        else:
            part.text = words
        run.append(part)


def _line_below(paragraph: Any) -> None:
    borders, bottom = OxmlElement("w:pBdr"), OxmlElement("w:bottom")
    for name, value in (("val", "single"), ("sz", "18"), ("space", "6"), ("color", "C00000")):
        bottom.set(qn(f"w:{name}"), value)
    borders.append(bottom)
    paragraph._p.get_or_add_pPr().append(borders)


def _add_style(document: Document, style: Style) -> None:
    made: Any = document.styles.add_style(style.name, WD_STYLE_TYPE.PARAGRAPH)
    made.base_style = document.styles["Normal"]
    made.quick_style = True
    _font(made.element.get_or_add_rPr(), style.font)
    made.font.size = Pt(style.size)
    if style.red:
        made.font.color.rgb = RED
    layout = made.paragraph_format
    layout.alignment, layout.widow_control = style.align, False
    layout.keep_together = style.size == XIAOSI
    layout.line_spacing_rule, layout.line_spacing = WD_LINE_SPACING.EXACTLY, Pt(style.line)
    layout.space_before, layout.space_after = Pt(style.before), Pt(style.after)
    if style.indent:
        layout.first_line_indent = Pt(style.indent * style.size)


def _font(properties: Any, chinese: str, latin: str = LATIN) -> None:
    fonts = properties.find(qn("w:rFonts"))
    if fonts is None:
        fonts = OxmlElement("w:rFonts")
        properties.insert(0, fonts)
    for name, font in (("ascii", latin), ("hAnsi", latin), ("eastAsia", chinese), ("cs", latin)):
        fonts.set(qn(f"w:{name}"), font)


def main() -> None:
    for path, content in drafts():
        path.write_bytes(content)
        print(path)


if __name__ == "__main__":
    main()

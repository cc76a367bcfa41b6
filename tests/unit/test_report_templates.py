"""Letter templates: the shipped ones are what their descriptions say, an office's own comes first, and none can do harm."""

from __future__ import annotations

import io
from dataclasses import replace
from pathlib import Path

import docx
import pytest
from docx.shared import Mm, Pt

from adapters.reports.docx import BadTemplate, shipped_template, template_of, write_docx
from adapters.reports.drafting import draft, drafts
from adapters.reports.kinds import KINDS
from adapters.reports.model import Cell, Column, Kind, Report, Section, Table
from tests.support.reporting import NOW, WATERMARK
from tests.support.story_office import calendar

REPORT = Report(
    kind="bulletin",
    title="示例通报",
    period="2026-03",
    region="34",
    as_of=NOW,
    fields={"name": "示例企业 <甲> & {{ 7 * 7 }}", "issuer": "示例科技厅"},
    sections=(Section("a", "情况", ("第一段", "第二段")),),
    tables=(
        Table(
            "t",
            "表",
            (Column("n", "序号", Kind.INTEGER), Column("w", "内容")),
            tuple((Cell(n), Cell(f"第{n}行")) for n in range(400)),
        ),
    ),
    conditions=(("期间", "2026年3月"), ("区划", "安徽省")),
)


def filled(description: str, report: Report = REPORT) -> list[str]:
    """The paragraphs of a letter from this description."""
    content = write_docx(report, WATERMARK, calendar(), ("示例.docx", draft(description)))
    return [paragraph.text for paragraph in docx.Document(io.BytesIO(content)).paragraphs]


def test_every_shipped_template_is_what_its_description_says() -> None:
    made = dict(drafts())
    assert {path.stem for path in made} == {kind.id for kind in KINDS.values() if "docx" in kind.forms}
    assert {path.name for path, content in made.items() if path.read_bytes() != content} == set()


def test_a_template_is_laid_out_by_the_standard_for_official_papers() -> None:
    """GB/T 9704-2012: A4, margins 37/35/28/26 mm, 仿宋 三号, lines of 28 points, 小标宋 二号 titles, page numbers outside."""
    document = docx.Document(io.BytesIO(shipped_template("bulletin")))
    page = document.sections[0]
    measured = [
        page.page_width,
        page.page_height,
        page.top_margin,
        page.bottom_margin,
        page.left_margin,
        page.right_margin,
    ]
    assert [round(Mm(1) and length.mm) for length in measured if length] == [210, 297, 37, 35, 28, 26]
    body, title = document.styles["公文正文"], document.styles["公文标题"]
    assert (body.font.size, body.paragraph_format.line_spacing, body.paragraph_format.first_line_indent) == (
        Pt(16), Pt(28), Pt(32),
    )  # fmt: skip
    assert title.font.size == Pt(22)
    fonts = {style.name: style.element.rPr.rFonts.get(_EAST_ASIA) for style in (body, title)}
    assert fonts == {"公文正文": "仿宋_GB2312", "公文标题": "方正小标宋简体"}
    assert document.settings.odd_and_even_pages_header_footer
    assert "PAGE" in page.footer._element.xml
    assert "PAGE" in page.even_page_footer._element.xml


_EAST_ASIA = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}eastAsia"


def test_values_are_text_and_are_filled_in_once() -> None:
    assert filled("{{ fields.name }}") == ["示例企业 <甲> & {{ 7 * 7 }}"]


def test_a_template_repeats_and_chooses() -> None:
    lines = (
        "{%p for section in sections %}",
        "## {{ section.n }}、{{ section.title }}",
        "{%p for p in section.paragraphs %}",
        "{{ p }}",
        "{%p endfor %}",
        "{%p endfor %}",
    )
    assert filled("\n".join(lines)) == ["一、情况", "第一段", "第二段"]
    assert filled("{% if fields.issuer %}有{% else %}无{% endif %}") == ["有"]


def test_the_watermark_stands_on_odd_and_even_pages() -> None:
    content = write_docx(REPORT, WATERMARK, calendar(), ("示例.docx", draft("正文")))
    section = docx.Document(io.BytesIO(content)).sections[0]
    for header in (section.header, section.even_page_header):
        assert header.paragraphs[0].text == WATERMARK.words


def test_the_same_report_gives_the_same_bytes() -> None:
    template = ("示例.docx", draft("{{ title }}"))
    first, second = (write_docx(REPORT, WATERMARK, calendar(), template) for _ in range(2))
    assert first == second


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("{{ nonsense }}", "nonsense"),
        ("{{ fields.telephone }}", "telephone"),
        ("{%p for row in tables.unknown.rows %}\n{{ row.n }}\n{%p endfor %}", "unknown"),
    ],
)
def test_a_name_that_the_report_does_not_hold_is_refused_by_name(text: str, named: str) -> None:
    with pytest.raises(BadTemplate, match=named):
        filled(text)


@pytest.mark.parametrize(
    "attack",
    [
        "{{ ''.__class__.__mro__ }}",
        "{{ title.__class__ }}",
        "{{ title['__class__']['__mro__'] }}",
        "{{ fields.__init__.__globals__ }}",
        "{{ fields['__class__'] }}",
        "{{ ''|attr('__class__') }}",
        "{{ title.format(1) }}",
        "{{ title.upper() }}",
        "{{ fields.items() }}",
        "{{ cycler.__init__.__globals__.os.popen('id').read() }}",
        "{{ lipsum.__globals__ }}",
        "{{ self.__init__ }}",
        "{{ self._TemplateReference__context }}",
        "{{ loop }}",
        "{{ namespace(a=1) }}",
        "{{ range(999999999) }}",
        "{{ 'a' * 999999999 }}",
        "{{ 9 ** 999999999 }}",
        "{{ 'a' ~ 'b' }}",
        "{{ '%999999999d' % 1 }}",
        "{{ title|center(999999999) }}",
        "{{ title|safe }}",
        "{% set x = 1 %}{{ x }}",
        "{% macro m() %}x{% endmacro %}{{ m() }}",
        "{% include '/etc/passwd' %}",
        "{% import 'os' as os %}{{ os }}",
        "{% extends 'x' %}",
        "{% for x in range(9) %}{{ x }}{% endfor %}",
        "{% for x in 'abc' %}{{ x }}{% endfor %}",
        "{% for x in [1, 2] %}{{ x }}{% endfor %}",
        "{% for x in sections recursive %}{{ loop(sections) }}{% endfor %}",
        "{% call title() %}{% endcall %}",
        "{% filter upper %}x{% endfilter %}",
        "{% block b %}x{% endblock %}",
        "{{ fields.name if fields.name else 1/0 }}",
        "{{ title",
        "{% if %}",
    ],
)
def test_a_template_that_tries_more_than_to_show_is_refused(attack: str) -> None:
    with pytest.raises(BadTemplate) as refused:
        filled(attack)
    assert refused.value.message.startswith("模板 示例.docx")
    assert refused.value.hint


NESTED = "".join(f"{{% for r{n} in tables.t.rows %}}" for n in range(3)) + "x" + "{% endfor %}" * 3


def test_loops_within_loops_end_at_a_limit() -> None:
    """400 × 400 × 400 would be 64 million."""
    with pytest.raises(BadTemplate, match="循环超过"):
        filled(NESTED)


def test_the_letters_of_a_text_count_as_a_loop_too() -> None:
    long = replace(REPORT, title="长" * 5000)
    with pytest.raises(BadTemplate, match="循环超过"):
        filled("{% for a in title %}{% for b in title %}{% endfor %}{% endfor %}", long)


def test_a_loop_five_deep_is_refused_before_it_runs() -> None:
    with pytest.raises(BadTemplate, match="至多 4 层"):
        filled("{% for a in sections %}" * 5 + "{% endfor %}" * 5)


def test_an_attack_in_the_header_or_in_the_properties_is_found_as_well() -> None:
    document = docx.Document(io.BytesIO(draft("正文")))
    document.sections[0].header.paragraphs[0].text = "{{ title.__class__ }}"
    with pytest.raises(BadTemplate):
        _filled(document)
    document = docx.Document(io.BytesIO(draft("正文")))
    document.core_properties.subject = "{{ title.__class__ }}"
    with pytest.raises(BadTemplate):
        _filled(document)


def _filled(document: docx.document.Document) -> bytes:
    stream = io.BytesIO()
    document.save(stream)
    return write_docx(REPORT, WATERMARK, calendar(), ("示例.docx", stream.getvalue()))


@pytest.mark.parametrize("content", [b"", b"not a zip", b"PK\x03\x04 broken"])
def test_what_is_no_word_document_is_refused(content: bytes) -> None:
    with pytest.raises(BadTemplate, match="不是 Word 文档"):
        write_docx(REPORT, WATERMARK, calendar(), ("示例.docx", content))


def test_the_offices_own_template_comes_before_the_shipped_one(tmp_path: Path) -> None:
    (tmp_path / "bulletin.docx").write_bytes(draft("本单位格式：{{ title }}"))
    name, content = template_of("bulletin", tmp_path)
    assert "本单位模板" in name
    assert content == draft("本单位格式：{{ title }}")
    assert template_of("january", tmp_path)[1] == shipped_template("january")
    assert template_of("january", None)[1] == shipped_template("january")


def test_a_template_of_more_than_five_megabytes_is_refused(tmp_path: Path) -> None:
    (tmp_path / "bulletin.docx").write_bytes(b"x" * (5 * 1024 * 1024 + 1))
    with pytest.raises(BadTemplate, match="5 MB"):
        template_of("bulletin", tmp_path)

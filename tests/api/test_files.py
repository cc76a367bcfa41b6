"""Evidence: what a file is, is read from its content; what can run is refused; what is kept is whole."""

from __future__ import annotations

import hashlib
import io
import zipfile
from collections.abc import Mapping

import pytest

from adapters.sniffing import UnsupportedFile, sniff
from tests.support.office import API, PDF, Office

LIAISON = "p-340104-liaison-1"
TYPES = b'<?xml version="1.0"?><Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"/>'
MACRO = TYPES.replace(
    b"/>", b'><Default ContentType="application/vnd.ms-word.document.macroEnabled.main+xml"/></Types>'
)


def archive(parts: Mapping[str, bytes]) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as file:
        for name, content in parts.items():
            file.writestr(name, content)
    return made.getvalue()


DOCX = archive({"[Content_Types].xml": TYPES, "word/document.xml": b"<w/>"})
XLSX = archive({"[Content_Types].xml": TYPES, "xl/workbook.xml": b"<x/>"})
OFFICE = "application/vnd.openxmlformats-officedocument."

ALLOWED = [
    (PDF, "示例.pdf", "application/pdf"),
    (b"\x89PNG\r\n\x1a\n" + b"\0" * 20, "a.PNG", "image/png"),
    (b"\xff\xd8\xff\xe0" + b"\0" * 20, "a.jpeg", "image/jpeg"),
    (DOCX, "a.docx", OFFICE + "wordprocessingml.document"),
    (XLSX, "a.xlsx", OFFICE + "spreadsheetml.sheet"),
    ("说明\r\n".encode(), "a.txt", "text/plain"),
    ("说明\r\n".encode("gb18030"), "a.txt", "text/plain"),
    ("说明".encode("utf-16"), "a.txt", "text/plain"),
    ("单位,金额\n示例,1\n".encode("gb18030"), "a.csv", "text/csv"),
    (PDF, "no-extension", "application/pdf"),
]
REFUSED = {
    "empty": (b"", "a.txt"),
    "a program": (b"MZ\x90\x00\x03" + b"\0" * 60, "a.pdf"),
    "an ELF program": (b"\x7fELF\x02\x01\x01\0", "a.txt"),
    "an old Word file": (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 60, "a.doc"),
    "a plain archive": (archive({"a.txt": b"x"}), "a.zip"),
    "an archive named as a document": (archive({"word/document.xml": b"x"}), "a.docx"),
    "a document with a macro part": (
        archive({"[Content_Types].xml": TYPES, "word/document.xml": b"", "word/vbaProject.bin": b"x"}), "a.docx"
    ),
    "a document with a macro type": (archive({"[Content_Types].xml": MACRO, "word/document.xml": b""}), "a.docx"),
    "a document with a macro type in UTF-16": (
        archive({"[Content_Types].xml": MACRO.decode().encode("utf-16"), "word/document.xml": b""}), "a.docx"
    ),
    "a sheet with ActiveX": (
        archive({"[Content_Types].xml": TYPES, "xl/workbook.xml": b"", "xl/activeX/activeX1.bin": b""}), "a.xlsx"
    ),
    "a macro sheet": (
        archive({"[Content_Types].xml": TYPES, "xl/workbook.xml": b"", "xl/macrosheets/sheet1.xml": b""}), "a.xlsx"
    ),
    "a broken archive": (DOCX[:40], "a.docx"),
    "a picture named as a document": (b"\x89PNG\r\n\x1a\n", "a.pdf"),
    "a document named as a program": (PDF, "a.pdf.exe"),
    "an HTML page": (b"<html><script>alert(1)</script>", "a.html"),
    "an SVG picture": (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "a.svg"),
    "text with control characters": (b"a\x00b", "a.txt"),
}  # fmt: skip


@pytest.mark.parametrize(("content", "name", "kind"), ALLOWED)
def test_an_allowed_file_is_known_by_its_content(content: bytes, name: str, kind: str) -> None:
    assert sniff(content, name) == kind


@pytest.mark.parametrize("what", REFUSED)
def test_anything_else_is_refused(what: str) -> None:
    with pytest.raises(UnsupportedFile):
        sniff(*REFUSED[what])


def test_an_archive_that_would_unpack_to_gigabytes_is_refused_without_unpacking() -> None:
    made, zeros = io.BytesIO(), bytes(1024 * 1024)
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as file:
        file.writestr("[Content_Types].xml", TYPES)
        with file.open("word/document.xml", "w") as part:
            for _ in range(401):
                part.write(zeros)
    bomb = made.getvalue()
    assert len(bomb) < 5_000_000
    with pytest.raises(UnsupportedFile, match="解压后过大"):
        sniff(bomb, "a.docx")


def test_an_upload_is_kept_under_its_digest_whole_and_once(office: Office) -> None:
    expected = hashlib.sha256(PDF).hexdigest()
    assert office.upload(LIAISON, PDF, "佐证.pdf") == f"sha256:{expected}"
    assert office.upload(LIAISON, PDF, "another.pdf") == f"sha256:{expected}"
    folder = office.container.settings.files
    assert [p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file()] == [
        f"{expected[:2]}/{expected}"
    ]
    stored = office.container.files.find(f"sha256:{expected}")
    assert stored is not None
    assert (stored.name, stored.size, stored.type) == ("佐证.pdf", len(PDF), "application/pdf")
    assert office.rows("file") == {"file": 1}


@pytest.mark.parametrize("name", ["../../x.pdf", "C:\\temp\\x.pdf", "/etc/x.pdf", "a\r\nSet-Cookie: x.pdf"])
def test_a_path_in_a_name_is_cut_off(office: Office, name: str) -> None:
    stored = office.container.files.find(office.upload(LIAISON, PDF, name))
    assert stored is not None
    assert not set("/\\\r\n") & set(stored.name)
    assert stored.name.endswith("x.pdf")


def test_a_file_too_large_or_of_another_type_is_refused_and_leaves_nothing_behind(office: Office) -> None:
    before = office.rows()

    def upload(content: bytes, name: str) -> tuple[int, str]:
        headers = office.headers(LIAISON)
        answer = office.client.post(f"{API}/files", headers=headers, params={"name": name}, content=content)
        return answer.status_code, answer.json()["code"]

    assert upload(PDF + b"a" * office.container.files.most, "a.pdf") == (413, "file_too_large")
    assert upload(b"MZ\x90\x00", "a.pdf") == (415, "unsupported_file")
    assert office.rows() == before
    assert not office.container.settings.files.exists()


def test_an_upload_without_a_token_or_a_name_is_refused(office: Office) -> None:
    assert office.client.post(f"{API}/files", params={"name": "a.pdf"}, content=PDF).status_code == 401
    assert office.client.post(f"{API}/files", headers=office.headers(LIAISON), content=PDF).status_code == 422

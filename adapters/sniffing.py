"""What a file is, by its bytes: a short list of document types, and nothing that can run.

Office files are opened only as far as their table of contents; nothing is unpacked.
"""

from __future__ import annotations

import io
import re
import zipfile
from typing import Final

from engine.errors import BihuanError

__all__ = ["ALLOWED", "UnsupportedFile", "sniff"]

PDF: Final = "application/pdf"
PNG: Final = "image/png"
JPEG: Final = "image/jpeg"
DOCX: Final = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
XLSX: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
TEXT: Final = "text/plain"
CSV: Final = "text/csv"

ALLOWED: Final[dict[str, tuple[str, ...]]] = {
    PDF: ("pdf",),
    PNG: ("png",),
    JPEG: ("jpg", "jpeg"),
    DOCX: ("docx",),
    XLSX: ("xlsx",),
    TEXT: ("txt",),
    CSV: ("csv",),
}
_LISTED: Final = "、".join(extension for extensions in ALLOWED.values() for extension in extensions)
_MAGIC: Final = ((b"%PDF-", PDF), (b"\x89PNG\r\n\x1a\n", PNG), (b"\xff\xd8\xff", JPEG))
_OFFICE: Final = {"word/document.xml": DOCX, "xl/workbook.xml": XLSX}
_MOST_ENTRIES: Final = 10_000
_MOST_UNPACKED: Final = 400 * 1024 * 1024
_MOST_CONTENT_TYPES: Final = 1024 * 1024
_RUNNING_PARTS: Final = ("vbaproject", "vbadata", "activex", "macrosheet", "oleobject")
_RUNNING_TYPES: Final = (b"macroEnabled", b"vbaProject", b"activeX")
_CONTROLS: Final = re.compile("[\x00-\x08\x0b\x0e-\x1f\x7f-\x9f]")  # all but tab, line and page ends


class UnsupportedFile(BihuanError):
    """Raised when content is not of an allowed type, carries macros, or is named as something else."""

    code, kind = "unsupported_file", "unsupported"


def sniff(content: bytes, name: str) -> str:
    """The media type. Errors: `UnsupportedFile`."""
    kind = _kind(content, name)
    extension = name.rpartition(".")[2].lower() if "." in name else ""
    if extension and extension not in ALLOWED[kind]:
        raise _unsupported(f"文件名的扩展名 .{extension} 与内容（{ALLOWED[kind][0]}）不符")
    return kind


def _kind(content: bytes, name: str) -> str:
    if not content:
        raise _unsupported("文件是空的")
    for magic, kind in _MAGIC:
        if content.startswith(magic):
            return kind
    if content.startswith(b"PK\x03\x04"):
        return _office(content)
    if _is_text(content):
        return CSV if name.lower().endswith(".csv") else TEXT
    raise _unsupported("不收这种文件")


def _office(content: bytes) -> str:
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            return _office_kind(archive)
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError, OSError, ValueError) as error:
        raise _unsupported("压缩结构已损坏或加密") from error


def _office_kind(archive: zipfile.ZipFile) -> str:
    entries = archive.infolist()
    if len(entries) > _MOST_ENTRIES or sum(entry.file_size for entry in entries) > _MOST_UNPACKED:
        raise _unsupported("解压后过大")
    names = {entry.filename for entry in entries}
    kind = next((kind for part, kind in _OFFICE.items() if part in names), None)
    if kind is None or "[Content_Types].xml" not in names:
        raise _unsupported("不收压缩包，只收 docx 和 xlsx")
    with archive.open("[Content_Types].xml") as file:
        types = file.read(_MOST_CONTENT_TYPES).replace(b"\x00", b"")  # UTF-16 reads like ASCII then
    runs = any(part in name.lower() for name in names for part in _RUNNING_PARTS)
    if runs or any(kind in types for kind in _RUNNING_TYPES):
        raise _unsupported("文件带有宏或可执行内容", hint="另存为不带宏的文件后再上传")
    return kind


def _is_text(content: bytes) -> bool:
    """UTF-8, UTF-16 with its mark, or GB 18030 (what a Chinese desktop saves), without control characters."""
    return any(_reads_as(content, encoding) for encoding in _encodings(content))


def _encodings(content: bytes) -> tuple[str, ...]:
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        return ("utf-16",)
    return ("utf-8-sig", "gb18030")


def _reads_as(content: bytes, encoding: str) -> bool:
    try:
        text = content.decode(encoding)
    except UnicodeDecodeError:
        return False
    return not _CONTROLS.search(text)


def _unsupported(message: str, *, hint: str = f"可以上传：{_LISTED}") -> UnsupportedFile:
    return UnsupportedFile(message, hint=hint)

"""Evidence that people upload: a folder of files under the SHA-256 of their content, written once and never changed.

What a file is, is read from its bytes (`adapters/sniffing.py`); its name and its declared type are only checked
against that.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path, PurePosixPath
from typing import Final

from sqlalchemy import select, text

from adapters.db import rows
from adapters.db.database import Database
from adapters.db.tables import FILE
from adapters.sniffing import UnsupportedFile, sniff
from engine.errors import BihuanError

__all__ = ["FileTooLarge", "Files", "StoredFile", "UnknownFile", "UnsupportedFile"]

SCHEME: Final = "sha256:"
MOST_BYTES: Final = 20 * 1024 * 1024
_NAME_MAX: Final = 150
_HEX: Final = frozenset("0123456789abcdef")


class FileTooLarge(BihuanError):
    """Raised when a file is larger than the operator allows."""

    code, kind = "file_too_large", "too_large"


class UnknownFile(BihuanError):
    """Raised when no file of that digest was uploaded."""

    code, kind = "unknown_file", "missing"


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredFile:
    """`digest` is `sha256:<hex>`, `size` in bytes, `type` a media type, `name` the first under which the content came."""

    digest: str
    size: int
    type: str
    name: str
    at: datetime


_ADD: Final = text("""
    INSERT INTO file (digest, size, type, name, at) VALUES (:digest, :size, :type, :name, :at) ON CONFLICT DO NOTHING
""")


class Files:
    """`folder` is made on first use; at most `most` bytes a file."""

    def __init__(self, database: Database, folder: Path, *, most: int = MOST_BYTES) -> None:
        self._database = database
        self._folder = folder
        self.most = most

    def save(self, content: bytes, name: str, now: datetime) -> StoredFile:
        """Keep a file; on return it is durable. The same content again keeps its first name.

        Errors: `FileTooLarge`, `UnsupportedFile`.
        """
        if len(content) > self.most:
            raise too_large(self.most)
        clean = _clean_name(name)
        kind = sniff(content, clean)
        digest = hashlib.sha256(content).hexdigest()
        self._write(digest, content)
        file = StoredFile(digest=SCHEME + digest, size=len(content), type=kind, name=clean, at=now)
        self._remember(file)
        return self.find(file.digest) or file

    def find(self, digest: str) -> StoredFile | None:
        """What is known of `sha256:<hex>`; None for anything that is not an uploaded digest."""
        if not _is_digest(digest):
            return None
        with self._database.reading() as connection:
            row = connection.execute(select(FILE).where(FILE.c.digest == digest)).one_or_none()
        if row is None:
            return None
        return StoredFile(
            digest=row.digest, size=row.size, type=row.type, name=row.name, at=rows.moment(row.at)
        )

    def content(self, digest: str) -> bytes:
        """Errors: `UnknownFile`."""
        if not _is_digest(digest) or not (path := self._path(digest.removeprefix(SCHEME))).is_file():
            raise UnknownFile("没有这份材料", hint="核对摘要")
        return path.read_bytes()

    def _remember(self, file: StoredFile) -> None:
        known = {"digest": file.digest, "size": file.size, "type": file.type, "name": file.name}
        with self._database.writing() as connection:
            connection.execute(_ADD, {**known, "at": rows.micros(file.at)})

    def _path(self, digest: str) -> Path:
        return self._folder / digest[:2] / digest

    def _write(self, digest: str, content: bytes) -> None:
        """Under its final name only when it is whole and on disk, so that a crash leaves no half file."""
        path = self._path(digest)
        if path.exists():
            return
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor, partial = tempfile.mkstemp(dir=path.parent, prefix=".new-")
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            os.replace(partial, path)
        except BaseException:
            Path(partial).unlink(missing_ok=True)
            raise
        _sync_folder(path.parent)


def too_large(most: int) -> FileTooLarge:
    return FileTooLarge(f"文件超过 {most // 1024 // 1024} MB", hint="压缩或拆分后再上传", most=most)


def _is_digest(text: str) -> bool:
    digest = text.removeprefix(SCHEME)
    return text.startswith(SCHEME) and len(digest) == 64 and set(digest) <= _HEX


def _clean_name(name: str) -> str:
    """The last part of a path, without control characters."""
    last = PurePosixPath(name.replace("\\", "/")).name
    clean = "".join(c for c in last if c.isprintable()).strip()
    return clean[-_NAME_MAX:]


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)

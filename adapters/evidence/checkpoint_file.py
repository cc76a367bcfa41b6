"""Checkpoints in an append-only file beside the database: what a restored or replaced database can be held against.

Signed notes, one after another, each followed by an empty line. A note is there once its last line feed is.
"""

from __future__ import annotations

import fcntl
import os
import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import IO, Final

from engine import notes
from engine.notes import Checkpoint, Malformed

__all__ = ["CheckpointFile", "divided"]

NAME: Final = "checkpoints.txt"
_TAIL: Final = 64 * 1024  # more than the longest note
_CONTROL: Final = re.compile(rb"[\x00-\x09\x0b-\x1f]")
_DASH: Final = "— ".encode()


class CheckpointFile:
    """The file in `folder`, which is made on first use."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / NAME

    def last(self) -> tuple[Checkpoint, str] | None:
        """The last whole note. Errors: `engine.notes.Malformed`, `OSError`."""
        try:
            with self.path.open("rb") as file:
                note = _end(file)[1]
        except FileNotFoundError:
            return None
        return (notes.parse_checkpoint(note), note) if note else None

    def all(self) -> list[str]:
        """Every whole note, in the order in which they were written."""
        try:
            return list(divided(self.path.read_bytes()))
        except FileNotFoundError:
            return []

    def append(self, missing: Callable[[Checkpoint | None], Iterable[str]]) -> None:
        """What is missing after the last note, which `missing` is told; on the disk when this returns.

        The file is locked meanwhile: of two processes neither writes what the other wrote, or what comes before it. What a killed
        process left of a note is cut off first. Errors: `engine.notes.Malformed`, `OSError`.
        """
        with self._locked() as file:
            end, last = _end(file)
            new = "".join(f"{note}\n" for note in missing(notes.parse_checkpoint(last) if last else None))
            file.seek(end)
            file.truncate()
            file.write(new.encode())
            file.flush()
            os.fsync(file.fileno())

    def rest(self) -> str:
        """What is wrong after the last whole note; empty if nothing is, or only the beginning of a note, as a kill leaves it."""
        try:
            with self.path.open("rb") as file:
                file.seek(_end(file)[0])
                rest = file.read(_TAIL)
        except FileNotFoundError:
            return ""
        return (
            ""
            if not _CONTROL.search(rest)
            else f"检查点文件 {self.path} 末尾有不是检查点的字节：断电或磁盘损坏，下次签发时截去"
        )

    def set_aside(self, size: int) -> Path:
        """Keep the file under another name: its checkpoints reach beyond a database that was restored."""
        with self._locked():
            for n in count(1):
                aside = self.path.with_name(f"checkpoints-lost-{size}{f'-{n}' if n > 1 else ''}.txt")
                try:
                    os.link(self.path, aside)  # not a rename: what was set aside before must not be lost
                except FileExistsError:
                    continue
                os.unlink(self.path)
                return aside
        raise AssertionError("unreachable")

    @contextmanager
    def _locked(self) -> Iterator[IO[bytes]]:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        while True:
            with os.fdopen(os.open(self.path, os.O_RDWR | os.O_CREAT, 0o644), "r+b") as file:
                fcntl.flock(file, fcntl.LOCK_EX)
                if self._is_still(file):  # it may have been set aside while this waited
                    yield file
                    return

    def _is_still(self, file: IO[bytes]) -> bool:
        try:
            return os.path.samestat(os.fstat(file.fileno()), self.path.stat())
        except FileNotFoundError:
            return False


def divided(data: bytes) -> Iterator[str]:
    """The notes of a file of checkpoints; an unfinished last one is left out. Errors: `Malformed` for what is no text."""
    for note in _divided(data):
        try:
            yield note.decode()
        except UnicodeDecodeError as error:
            raise Malformed("检查点文件损坏", hint="从备份恢复该文件") from error


def _divided(data: bytes) -> Iterator[bytes]:
    lines: list[bytes] = []
    for line in data.splitlines(keepends=True):
        if line == b"\n" and lines and lines[-1].startswith(_DASH):
            yield b"".join(lines)
            lines = []
        else:
            lines.append(line)


def _tail(file: IO[bytes]) -> tuple[int, bytes]:
    """Where the tail begins and what it holds: whole notes from the first on that begins in it."""
    size = file.seek(0, os.SEEK_END)
    start = max(0, size - _TAIL)
    file.seek(start)
    data = file.read()
    if start:  # it may begin in the middle of a note: the empty line after a signature ends one
        at = data.find(b"\n\n", max(0, data.find(b"\n" + _DASH))) + 2
        if at < 2 or data.find(b"\n" + _DASH) < 0:
            raise Malformed("检查点文件的末尾没有检查点：文件损坏", hint="保存该文件，从备份恢复")
        start, data = start + at, data[at:]
    return start, data


def _end(file: IO[bytes]) -> tuple[int, str | None]:
    """How many bytes the whole notes take, and the last of them. Errors: `Malformed`."""
    start, data = _tail(file)
    found = list(divided(data))
    return start + sum(len(note.encode()) + 1 for note in found), found[-1] if found else None

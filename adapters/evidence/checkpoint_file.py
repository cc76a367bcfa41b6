"""Checkpoints in an append-only file beside the database: what a restored or replaced database can be held against.

Signed notes, one after another, each followed by an empty line. A note is there once its last line feed is.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Final

from engine import notes
from engine.notes import Checkpoint, Malformed

__all__ = ["CheckpointFile", "divided"]

NAME: Final = "checkpoints.txt"
_TAIL: Final = 64 * 1024  # more than the longest note
_DASH: Final = "— ".encode()


class CheckpointFile:
    """The file in `folder`, which is made on first use."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / NAME

    def last(self) -> tuple[Checkpoint, str] | None:
        """The last whole note. Errors: `engine.notes.Malformed`, `OSError`."""
        try:
            with self.path.open("rb") as file:
                found = list(divided(_tail(file)[1]))
        except FileNotFoundError:
            return None
        return (notes.parse_checkpoint(found[-1]), found[-1]) if found else None

    def all(self) -> list[str]:
        """Every whole note, in the order in which they were written."""
        try:
            return list(divided(self.path.read_bytes()))
        except FileNotFoundError:
            return []

    def append(self, new: Iterable[str]) -> None:
        """On the disk when this returns. What a killed process left of a note is cut off first. Errors: `OSError`."""
        with self._locked() as file:
            file.seek(_whole(file))
            file.truncate()
            file.write("".join(f"{note}\n" for note in new).encode())
            file.flush()
            os.fsync(file.fileno())

    def set_aside(self, size: int) -> Path:
        """Keep the file under another name: its checkpoints reach beyond a database that was restored."""
        aside = self.path.with_name(f"checkpoints-lost-{size}.txt")
        os.replace(self.path, aside)
        return aside

    @contextmanager
    def _locked(self) -> Iterator[IO[bytes]]:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with os.fdopen(os.open(self.path, os.O_RDWR | os.O_CREAT, 0o644), "r+b") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield file


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
        at = data.index(b"\n\n", data.index(b"\n" + _DASH)) + 2
        start, data = start + at, data[at:]
    return start, data


def _whole(file: IO[bytes]) -> int:
    """How many bytes the whole notes take."""
    start, data = _tail(file)
    return start + sum(len(note) + 1 for note in _divided(data))

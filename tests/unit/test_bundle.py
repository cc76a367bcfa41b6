"""Writing a bundle: the same parts give the same bytes, and histories stream through one at a time."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterable, Iterator
from dataclasses import replace

from adapters.evidence.bundle import Row, members, write
from tests.support.memory_log import MemoryLog, random_log


def written(log: MemoryLog) -> bytes:
    target = io.BytesIO()
    write(target, log.copy().parts())
    return target.getvalue()


def test_the_same_parts_give_the_same_bytes() -> None:
    log = random_log(1)

    assert written(log) == written(log)


def test_a_bundle_is_a_zip_file_that_names_no_moment_and_no_folder_twice() -> None:
    with zipfile.ZipFile(io.BytesIO(written(random_log(2)))) as bundle:
        assert bundle.testzip() is None
        assert {told.date_time for told in bundle.infolist()} == {(1980, 1, 1, 0, 0, 0)}
        assert len(set(bundle.namelist())) == len(bundle.namelist())


def test_no_history_is_read_before_the_one_before_it_is_written() -> None:
    parts = random_log(3).parts()
    read: list[str] = []

    def watched() -> Iterator[tuple[str, Iterable[Row]]]:
        for case, rows in parts.histories:
            read.append(case)
            yield case, rows

    for name, _ in members(replace(parts, histories=watched())):
        if name.startswith(("events/", "columns/")):
            assert name.partition("/")[2] == f"{read[-1]}.jsonl"

"""Targets on both databases: every value that was set stays, also where several are set at once."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

from adapters.db.database import Database
from adapters.programme.targets import Targets

AT = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)


def test_values_that_are_set_at_once_come_one_after_the_other(database: Database) -> None:
    targets, values = Targets(database), range(1, 13)

    def put(value: int) -> None:
        with database.writing() as connection:
            targets.put_in(connection, "sme_number", "34", 2026, value, by="示例", at=AT)

    with ThreadPoolExecutor(6) as pool:
        list(pool.map(put, values))
    found = targets.history("34")
    assert [target.n for target in found] == list(values)
    assert sorted(target.value for target in found) == list(values)

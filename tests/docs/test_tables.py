"""The page of the tables names every table of the programme with its key."""

from __future__ import annotations

import re

from sqlalchemy import Table

from adapters.db import programme_tables
from tests.architecture.sources import ROOT

PAGE = (ROOT / "docs/reference/tables.md").read_text("utf-8")


def test_the_page_names_each_table_of_the_programme_with_its_key() -> None:
    rows = re.findall(r"^\| `(\w+)` \| .* \| ((?:`\w+`(?:, )?)+) \|", PAGE, flags=re.MULTILINE)
    told = {name: re.findall(r"`(\w+)`", key) for name, key in rows}
    programme = [table for table in vars(programme_tables).values() if isinstance(table, Table)]

    assert told == {t.name: [column.name for column in t.primary_key] for t in programme}

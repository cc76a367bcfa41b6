"""The page of the tables names every table of the programme with its key."""

from __future__ import annotations

import re

from adapters.db import tables
from tests.architecture.sources import ROOT

PAGE = (ROOT / "docs/reference/tables.md").read_text("utf-8")
FIRST = "subject"  # the tables of cases and events come before it


def test_the_page_names_each_table_of_the_programme_with_its_key() -> None:
    rows = re.findall(r"^\| `(\w+)` \| .* \| ((?:`\w+`(?:, )?)+) \|", PAGE, flags=re.MULTILINE)
    told = {name: re.findall(r"`(\w+)`", key) for name, key in rows}
    known = list(tables.SUBJECT.metadata.tables.values())
    names = [table.name for table in known]
    programme = known[names.index(FIRST) :]

    assert told == {t.name: [column.name for column in t.primary_key] for t in programme}

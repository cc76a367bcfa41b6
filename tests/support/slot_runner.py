"""`python -m tests.support.slot_runner <database>`: opens slots of two years and says each step. Made to be killed."""

from __future__ import annotations

import sys
from concurrent.futures import Future
from datetime import date

from adapters.db.database import Database
from engine.commands import Command
from engine.runtime import Outcome
from tests.support.duty_office import DutyOffice, duty_office


def main(url: str) -> None:
    with duty_office(Database(url), "2027-12-31 12:00", since=date(2026, 1, 1)) as office:
        while office.slots.run(lambda c: _said(office, c), office.container.now(), 3).opened:
            print("written", flush=True)


def _said(office: DutyOffice, command: Command) -> Future[Outcome]:
    print("asked", flush=True)
    future = office.submit(command)
    print("opened", flush=True)
    return future


if __name__ == "__main__":
    main(sys.argv[1])

"""A process that works on cases and keeps the log beside others, until it is done or killed: `URL FOLDER COUNT`.

Prints `ready`, then the number of every case that it has finished.
"""

from __future__ import annotations

import sys
from pathlib import Path

from adapters.bootstrap import Container, build
from adapters.sample import load_sample
from adapters.settings import Settings
from engine.access import Actor
from tests.support.commandline import an_issue

OPERATOR = Actor(id="operator", kind="system", channel="test")


def office_at(url: str, folder: Path, *, is_new: bool = False) -> Container:
    """A container whose key, checkpoints and files lie in the folder; a new one gets the sample's rules and people."""
    settings = Settings(
        database_url=url, files=folder / "files", log_folder=folder / "log", log_key=folder / "log.pem"
    )
    made = build(settings, upgrade=is_new)
    if is_new:
        load_sample(made.definitions, made.calendars, made.directories, made.now())
    return made


def work(made: Container, count: int) -> None:
    for n in range(count):
        case = an_issue(made)
        made.integrator.run(made.now())
        made.checkpoints.sign(made.now(), force=n % 3 == 0)
        print(case, flush=True)


def main(url: str, folder: str, count: str) -> None:
    made = office_at(url, Path(folder))
    print("ready", flush=True)
    work(made, int(count))
    made.close()


if __name__ == "__main__":
    main(*sys.argv[1:])

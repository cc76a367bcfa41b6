"""A process that lets the lists of a database keep themselves, says when it begins, and may be killed at any moment."""

from __future__ import annotations

import sys

from tests.support.lists_office import lists_office

if __name__ == "__main__":
    with lists_office(sys.argv[1]) as office:
        print("begins", flush=True)
        while office.container.lists.run(office.writer.submit, limit=7).more:
            pass
    print("done", flush=True)

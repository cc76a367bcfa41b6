"""`python -m tests.support.log_runner URL FOLDER START`: cases are written, come into the tree, are signed; a line for each."""

from __future__ import annotations

import sys
from datetime import timedelta
from pathlib import Path

from adapters.db.database import Database
from tests.support.builders import MORNING, moved, noting, opened
from tests.support.evidence import NOW, evidence_over
from tests.support.stores import store_of, write

GROUPS = 60


def main(url: str, folder: str, start: str) -> None:
    database = Database(url)
    store, evidence = store_of(database), evidence_over(database, Path(folder))
    for n in range(GROUPS):
        # A later group has an earlier moment: what is not in the tree is found by that alone.
        new = opened(f"{start}-{n:03}", at=MORNING - timedelta(seconds=n))
        write(store, new)
        write(store, moved(new.case, [noting("一")], [noting("二")]))
        evidence.integrator.run(NOW, limit=2)
        evidence.checkpoints.sign(NOW, force=True)
        print(n, flush=True)
    store.close()
    database.close()


if __name__ == "__main__":
    main(*sys.argv[1:])

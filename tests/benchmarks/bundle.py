"""How long a bundle of a 200-event case takes to verify from cold: `python -m tests.benchmarks.bundle`.

Each run is a process of its own, interpreter and imports included: `python3 -I verify.py` at levels 1 and 2, and
`bihuan audit verify` at all four.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import zipfile
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter

from adapters.bootstrap import Container
from adapters.evidence.exporting import Asked
from api.commands.opening import everything
from engine.access import Actor, grants_of
from engine.case import CaseId, CommandId
from engine.commands import Comment
from tests.benchmarks.load import must
from tests.support.commandline import PEOPLE, an_issue
from tests.support.log_worker import OPERATOR, office_at

EVENTS = 200
TIMES = 5
BIHUAN = "from api.cli import main; main()"


def main() -> int:
    with TemporaryDirectory() as folder:
        here = Path(folder)
        made = office_at(f"sqlite:///{here / 'office.db'}", here, is_new=True)
        bundle = _exported(made, _long_case(made), here / "case.zip")
        made.close()
        with zipfile.ZipFile(bundle) as members:
            members.extractall(here / "bao")
        alone = [sys.executable, "-I", str(here / "bao/verify.py")]
        whole = [sys.executable, "-c", BIHUAN, "audit", "verify", str(bundle)]
        size = f"{EVENTS} events, {bundle.stat().st_size // 1024} KB, load {os.getloadavg()[0]:.1f}"
        print(f"{size}: verify.py {_seconds(alone):.2f} s, bihuan audit verify {_seconds(whole):.2f} s")
    return 0


def _long_case(made: Container) -> CaseId:
    case = an_issue(made)
    posts = made.directories.current().posts_of(PEOPLE["liaison"], on=made.now().date())
    actor = Actor(PEOPLE["liaison"], grants=grants_of(posts), channel="test")
    texts = [f"第 {n} 次联系企业，情况已记录（示例）" for n in range(EVENTS - 2)]
    said = [Comment(id=CommandId(f"c{n}"), case=case, actor=actor, text=t) for n, t in enumerate(texts)]
    for start in range(0, len(said), 50):
        must(made, said[start : start + 50])
    return case


def _exported(made: Container, case: CaseId, path: Path) -> Path:
    with path.open("wb") as target:
        asked = Asked(case=case, purpose="示例核验")
        made.bundles.export(asked, target, actor=OPERATOR, reach=everything(made), now=made.now())
    return path


def _seconds(command: Sequence[str]) -> float:
    """The median of some runs, each of which must find nothing wrong."""
    taken = []
    for _ in range(TIMES):
        begun = perf_counter()
        subprocess.run(command, check=True, capture_output=True)
        taken.append(perf_counter() - begun)
    return statistics.median(taken)


if __name__ == "__main__":
    sys.exit(main())

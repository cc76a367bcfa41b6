"""`python -m tests.benchmarks.bulletin`: a province's bulletin over 20,000 issues as a workbook, and what it takes."""

from __future__ import annotations

import io
import resource
import time
import zipfile
from pathlib import Path
from tempfile import TemporaryDirectory

from adapters.bootstrap import build
from adapters.reports.service import Asked
from adapters.settings import Settings
from engine.access import Actor, Reach
from tests.benchmarks.figures import CASES, NOW, fill


def main() -> None:
    with TemporaryDirectory() as folder:
        container = build(Settings(database_url=f"sqlite:///{Path(folder)}/bulletin.db"), now=lambda: NOW)
        fill(container)
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        began = time.process_time()
        found = container.reports.export(
            Asked(kind="bulletin", period="2026-H1"),
            actor=Actor(id="p-34-leader-1"),
            reach=Reach(regions=("34",)),
            now=NOW,
            reason="measuring",
            form="xlsx",
        )
        took = time.process_time() - began
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        with zipfile.ZipFile(io.BytesIO(found.content)) as parts:
            size = {p.filename: p.file_size for p in parts.infolist() if "worksheets/sheet" in p.filename}
        print(f"bulletin over {CASES} issues: {took:.1f} s of one core, {len(found.content) / 1e6:.1f} MB")
        print(f"memory: {before // 1024} MB before, {peak // 1024} MB at most; sheets {size}")
        container.close()


if __name__ == "__main__":
    main()

"""`make interop`: our files in a stranger's hands. Plays a sample, exports it by the command line, and lets pm4py judge.

pm4py is free software under the AGPL: it runs as a separate process in an environment of its own, and nothing of ours imports it.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

CHECK = Path(__file__).with_name("check.py")
SAMPLE = ("--enterprises", "40", "--issues", "8", "--days", "40")
_WORKFLOW = re.compile(r'key="def:workflow" value="([a-z0-9_]+)"')


def main() -> int:
    parser = argparse.ArgumentParser(prog="make interop", description=__doc__)
    parser.add_argument("python", help="the interpreter of the environment that has pm4py")
    parser.add_argument("--database", help="export this database instead of playing a sample")
    options = parser.parse_args()
    with TemporaryDirectory(prefix="bihuan-interop-") as place:
        folder = Path(place)
        url = options.database or f"sqlite:///{folder / 'sample.db'}"
        if not options.database:
            _bihuan(url, "sample", *SAMPLE)
        _export(url, folder)
        return _checked(options.python, folder)


def _export(url: str, folder: Path) -> None:
    xes, ocel = folder / "log.xes", folder / "log.json"
    files = ("--xes", xes, "--ocel", ocel, "--pnml", "all", folder)
    written = _bihuan(url, "audit", "formats", *files, "--since", "2000-01-01", "--purpose", "make interop")
    log = next(file for file in written["files"] if file["form"] == "xes")
    workflows = sorted(set(_WORKFLOW.findall(xes.read_text(encoding="utf-8"))))
    expected = {"cases": log["cases"], "events": log["events"], "workflows": workflows}
    (folder / "expected.json").write_text(json.dumps(expected), encoding="utf-8")


def _bihuan(url: str, *arguments: object) -> Any:
    command = [sys.executable, "-c", "from api.cli import main; main()", *map(str, arguments), "--json"]
    environment = {**os.environ, "BIHUAN_DATABASE_URL": url}
    ran = subprocess.run(command, env=environment, stdout=subprocess.PIPE, check=True)
    return json.loads(ran.stdout)


def _checked(python: str, folder: Path) -> int:
    """Its greeting and progress bars go to stderr, which is shown only where it broke."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    ran = subprocess.run(
        [python, CHECK, folder], env=environment, stderr=subprocess.PIPE, text=True, check=False
    )
    if ran.returncode not in (0, 1):
        print(ran.stderr[-4000:], file=sys.stderr)
    return ran.returncode


if __name__ == "__main__":
    sys.exit(main())

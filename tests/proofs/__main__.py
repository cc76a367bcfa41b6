"""`make proofs`: the long proofs, printed. `python -m tests.proofs identical|kills|races|tampering|year|all [--quick]`."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Iterator, Sequence

from adapters import logging
from tests.proofs.identical import identical
from tests.proofs.kills import kills
from tests.proofs.ledger import Verdict
from tests.proofs.races import races
from tests.proofs.tampering import tampering
from tests.proofs.year import Size, year

Proof = tuple[str, Callable[[], Verdict]]


def _proofs(quick: bool) -> Iterator[tuple[str, Proof]]:
    cases, count, rounds = (40, 3, 5) if quick else (2000, 20, 100)
    yield "identical", (f"{cases} random cases on SQLite and PostgreSQL", lambda: identical(cases))
    size = Size(200, 400, 60) if quick else Size(5000, 20_000)
    title = f"{size.days} days of {size.enterprises} enterprises and {size.issues} issues a year"
    yield "year", (title, lambda: _year(size))
    mutations, clean = (200, 20) if quick else (10_000, 1_000)
    title = f"{mutations} random mutations of bundles and logs, {clean} untouched logs"
    yield "tampering", (title, lambda: tampering(mutations, clean, logs=mutations // 50))
    for kind in ("sqlite", "postgres"):
        yield "kills", (f"kill -9 x {count} on {kind}", lambda kind=kind: kills(kind, count=count))
        yield (
            "races",
            (f"50 clients, {rounds} rounds on {kind}", lambda kind=kind: races(kind, rounds=rounds)),
        )


def _year(size: Size) -> Verdict:
    """The verdict of a year; where its time went stands on stderr."""
    verdict, spent = year(size, progress=lambda day: print(day, end="\r", file=sys.stderr, flush=True))
    words = ", ".join(f"{part} {seconds:.0f} s" for part, seconds in spent.seconds.items())
    print(words, file=sys.stderr, flush=True)
    return verdict


def main(argv: Sequence[str]) -> int:
    logging.configure(level="error", form="console")
    parser = argparse.ArgumentParser(prog="make proofs", description=__doc__)
    parser.add_argument(
        "which", choices=("identical", "kills", "races", "tampering", "year", "all"), nargs="?", default="all"
    )
    parser.add_argument("--quick", action="store_true", help="small sizes, as in the test suite")
    options = parser.parse_args(argv)
    failed = 0
    for which, (title, proof) in _proofs(options.quick):
        if options.which in (which, "all"):
            verdict = proof()
            failed += bool(verdict.faults)
            print(("HOLDS  " if not verdict.faults else "FAILS  ") + title)
            print("       " + json.dumps(verdict.as_data(), ensure_ascii=False), flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

"""The tamper matrix in numbers: random mutations of random logs, all found, their class right; untouched logs, no alarm.

Every mutation has a seed of its own and so can be had again: `tampered(logs[n % len(logs)], Random(n))`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from random import Random

from adapters.evidence.levels import verify_all
from adapters.evidence.verify import Report
from tests.proofs.ledger import Verdict
from tests.support.memory_log import MemoryLog, random_log
from tests.support.tampering import tampered

Progress = Callable[[], None]

RIGHT: float = 0.99  # of the mutations that are found, the class is right in at least so many


def tampering(mutations: int, clean: int, *, logs: int = 200, progress: Progress = lambda: None) -> Verdict:
    """All levels over random mutations of `logs` random logs, and over `clean` untouched ones."""
    some = [random_log(seed) for seed in range(logs)]
    verdict = mutated(some, range(mutations), progress)
    alarms = untouched(range(clean), progress)
    verdict.counts |= {"clean": clean, "alarms": len(alarms)}
    verdict.faults += alarms
    return verdict


def mutated(logs: Sequence[MemoryLog], seeds: Iterable[int], progress: Progress = lambda: None) -> Verdict:
    """Each seed is one mutation. A fault is one that was not found, or too many with another class."""
    counts, faults, wrong = Counter[str](), list[str](), list[str]()
    for seed in seeds:
        made = tampered(logs[seed % len(logs)], Random(seed))
        report = verify_all(made.members, outside=made.outside)
        counts["mutations"] += 1
        counts[made.kind] += 1
        if report.exit == 0:
            faults.append(f"seed {seed}: {made.how} ({made.kind}) was not found")
        elif first_of(report) != made.kind:
            wrong.append(f"seed {seed}: {made.how} is {made.kind}, named {first_of(report)}")
        progress()
    counts["other_class"] = len(wrong)
    if len(wrong) > (1 - RIGHT) * counts["mutations"]:
        faults += wrong
    return Verdict(dict(counts), faults)


def untouched(seeds: Iterable[int], progress: Progress = lambda: None) -> list[str]:
    """Alarms over logs that nobody touched; every third is watched by a witness."""
    alarms: list[str] = []
    for seed in seeds:
        log = random_log(10_000 + seed, cases=1 + seed % 3, witnessed=seed % 3 == 0)
        report = verify_all(log.bundle(), keys=[key["vkey"] for key in log.keys], outside=[log.notes[0][1]])
        alarms += [f"clean log {seed}: {words}" for words in told(report)]
        progress()
    return alarms


def first_of(report: Report) -> str:
    return report.ranked()[0].kind if report.findings else ""


def told(report: Report) -> list[str]:
    return [*(finding.words() for finding in report.ranked()), *report.undecided]

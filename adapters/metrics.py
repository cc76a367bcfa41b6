"""What Prometheus may ask of a process: counted where it happens, or read from the database when asked.

Figures about what the system owes are never kept here: each scrape counts committed rows (`adapters/db/views.py`).
"""

from __future__ import annotations

from collections import Counter as Counts
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from prometheus_client import CollectorRegistry, Counter, Histogram
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from adapters.db.errors import StoreUnavailable
from adapters.db.views import Owed
from engine.events import Event

__all__ = ["LogFigures", "Metrics", "new_metrics"]

_LATE_SECONDS = (1, 2, 5, 10, 15, 30, 60, 300, 900, 3600, 4 * 3600, 86400, 3 * 86400)
_SWEEP_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)
_GROUP_SIZES = (1, 2, 5, 10, 20, 50, 100)


@dataclass(frozen=True, slots=True)
class LogFigures:
    """Of the evidence log, now: seconds, leaves, seconds; what the nightly replay found, and when it last began (0: never)."""

    merge_delay: float
    tree_size: int
    checkpoint_age: float
    divergences: int
    replayed_at: float


@dataclass(frozen=True, slots=True)
class Metrics:
    """One per process. Safe to share between threads."""

    registry: CollectorRegistry
    steps: Counter
    group_size: Histogram
    lateness: Histogram
    sweep_seconds: Histogram
    sweep_failures: Counter
    tasks: Counter
    hints_dropped: Counter

    def committed(self, events: Sequence[Event]) -> None:
        """A group of commands was committed; these are the events it made."""
        if events:
            self.group_size.observe(len(events))
        for event in events:
            self.steps.labels(code="accepted", type=event.type).inc()

    def refused(self, code: str) -> None:
        """A command was refused; `code` is that of the error."""
        self.steps.labels(code=code, type="").inc()

    def fired(self, events: Iterable[Event]) -> None:
        """One group of the sweep has fired these rungs."""
        for event in events:
            self.lateness.observe(event.body["inputs"]["fired"]["late_seconds"])


def new_metrics(owed: Callable[[], Owed], log: Callable[[], LogFigures] | None = None) -> Metrics:
    """A registry of its own; `owed` and `log` are asked at each scrape."""
    registry = CollectorRegistry()
    registry.register(_Owing(owed))
    if log:
        registry.register(_Logging(log))
    return Metrics(
        registry=registry,
        steps=Counter("bihuan_steps", "Commands answered, by code.", ["code", "type"], registry=registry),
        group_size=_histogram(
            registry, "bihuan_group_size", "Events committed in one transaction.", _GROUP_SIZES
        ),
        lateness=_histogram(
            registry, "bihuan_lateness_seconds", "From the planned moment to the firing.", _LATE_SECONDS
        ),
        sweep_seconds=_histogram(
            registry, "bihuan_sweep_seconds", "One transaction of the sweep.", _SWEEP_SECONDS
        ),
        sweep_failures=Counter("bihuan_sweep_failures", "Passes that failed.", ["part"], registry=registry),
        tasks=Counter("bihuan_tasks", "Tasks tried, by result.", ["kind", "result"], registry=registry),
        hints_dropped=Counter("bihuan_hints_dropped", "Wake-up hints that were not sent.", registry=registry),
    )


def _histogram(registry: CollectorRegistry, name: str, words: str, buckets: Sequence[float]) -> Histogram:
    return Histogram(name, words, registry=registry, buckets=buckets)


class _Owing(Collector):
    """Gauges that are counted in the database at the moment of the scrape; left out while it cannot answer."""

    def __init__(self, owed: Callable[[], Owed]) -> None:
        self._owed = owed

    def collect(self) -> Iterator[GaugeMetricFamily]:
        try:
            owed = self._owed()
        except StoreUnavailable:
            return
        yield _gauge(
            "bihuan_obligations_unfired", "Obligations due before now and not fired.", owed.overdue_timers
        )
        yield _gauge("bihuan_cases_set_aside", "Cases that failed to ring and rest.", owed.set_aside)
        yield _gauge("bihuan_cases_open", "Open cases.", owed.open_cases)
        yield _gauge("bihuan_cases_late", "Open cases with a clock past its limit.", owed.late_cases)
        tasks = GaugeMetricFamily("bihuan_tasks_now", "Tasks not done, by state.", labels=["state"])
        for state, number in owed.tasks.items():
            tasks.add_metric([state], number)
        yield tasks
        refused = GaugeMetricFamily(
            "bihuan_programme_refused",
            "Cases and steps that the programme asks for and that are refused, by code.",
            labels=["kind", "code"],
        )
        for (kind, code), number in _by_code(owed).items():
            refused.add_metric([kind, code], number)
        yield refused

    def describe(self) -> list[GaugeMetricFamily]:
        """Nothing is asked of the database when the registry is built."""
        return []


class _Logging(Collector):
    """How far the evidence log is behind; left out while the database cannot answer."""

    def __init__(self, log: Callable[[], LogFigures]) -> None:
        self._log = log

    def collect(self) -> Iterator[GaugeMetricFamily]:
        try:
            found = self._log()
        except StoreUnavailable:
            return
        yield _gauge(
            "bihuan_merge_delay_seconds",
            "Age of the oldest event that is not in the tree.",
            found.merge_delay,
        )
        yield _gauge("bihuan_tree_size", "Leaves of the tree.", found.tree_size)
        yield _gauge("bihuan_checkpoint_age_seconds", "Since the last checkpoint.", found.checkpoint_age)
        yield _gauge(
            "bihuan_replay_divergences",
            "Faults that the nightly replay found.",
            found.divergences,
        )
        yield _gauge(
            "bihuan_replay_started_timestamp_seconds",
            "When the last nightly replay began.",
            found.replayed_at,
        )

    def describe(self) -> list[GaugeMetricFamily]:
        """Nothing is asked of the database when the registry is built."""
        return []


def _by_code(owed: Owed) -> Counts[tuple[str, str]]:
    found: Counts[tuple[str, str]] = Counts()
    for each in owed.refused:
        found[each.kind, each.code] += each.number
    return found


def _gauge(name: str, words: str, value: float) -> GaugeMetricFamily:
    return GaugeMetricFamily(name, words, value=value)

"""The sweeper: fires what is due and picks up what was left behind, whether or not any hint arrived.

What is due follows from committed rows alone. Any number of sweepers may run in any number of processes: PostgreSQL lets them
skip each other's rows, SQLite lets one in at a time.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from threading import Event as Signal
from threading import Thread

import structlog

from adapters.bootstrap import Container
from adapters.logging import bound
from adapters.metrics import Metrics
from workers.evidence import Evidence
from workers.obligations import Obligations
from workers.tasks import Performer

__all__ = ["Sweeper", "Swept"]

# Cases in one transaction, and the pause after it: a longer transaction, or none, keeps people waiting at SQLite's one lock.
GROUP = 50
_BREATH_SECONDS = 0.01
_REST_SECONDS = 0.02
_SLOW_SECONDS = 1.0  # at the end: what was read is thrown away, and read again tomorrow or by another process
GROUPS_IN_A_PASS = 40
BATCHES_IN_A_PASS = 20
_BEAT_EVERY = timedelta(seconds=5)
_LIST_EVERY = timedelta(seconds=3)
_REFRESH_EVERY = timedelta(seconds=30)

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Swept:
    """What one pass did: rungs fired, tasks claimed, subjects looked at for lists.

    `more` if it stopped at its own limit and not for lack of work.
    """

    fired: int
    performed: int
    more: bool
    listed: int = 0


class Sweeper:
    """`tick` is one pass; `run` repeats it until told to stop."""

    def __init__(self, container: Container, performer: Performer, metrics: Metrics) -> None:
        self._container = container
        self._performer = performer
        self._metrics = metrics
        self._stop = Signal()
        self._beat_at: datetime | None = None
        self._refreshed_at: datetime | None = None
        self._listed_at: datetime | None = None
        self._obligations = Obligations(container.slots, container.proposals, performer.submit)
        self._evidence = Evidence(container, metrics)

    def tick(self) -> Swept:
        """Fire and perform until nothing is due, within the limits of a pass. Errors: `StoreUnavailable`, and any other."""
        self._keep_house()
        fired, more_due = self._fire()
        performed, more_ready = self._perform()
        listed, more_dirty = self._list()
        more_owed = self._open_slots()
        more_leafless = self._integrate()
        self._list_heads()
        more = more_due or more_ready or more_dirty or more_owed or more_leafless
        return Swept(fired, performed, more, listed)

    def run(self, stop: Signal, period: float) -> None:
        """A pass each `period` seconds, at once again while there is more. A pass that fails is logged, never the end."""
        self._stop = stop
        slow = Thread(target=self._run_slow, args=(stop, period), name="sweeper-slow", daemon=True)
        slow.start()
        with bound(worker=self._performer.worker):
            while not stop.is_set():
                self._guarded("house", self._keep_house)
                more = self._guarded("fire", lambda: self._fire()[1])
                more = self._guarded("perform", lambda: self._perform()[1]) or more
                more = self._guarded("lists", self._list_if_time) or more
                more = self._guarded("slots", self._open_slots) or more
                more = self._guarded("evidence", self._integrate) or more
                if not more:
                    stop.wait(period)
        slow.join(_SLOW_SECONDS)

    def _run_slow(self, stop: Signal, period: float) -> None:
        """What may take seconds and can wait: no clock waits for it."""
        with bound(worker=self._performer.worker):
            while not stop.is_set():
                self._guarded("heads", self._list_heads)
                if not self._guarded("replay", self._replay):
                    stop.wait(period)

    def _guarded(self, part: str, work: Callable[[], object]) -> bool:
        try:
            return bool(work())
        except Exception:  # the next pass tries again; the obligation is still in the database
            self._metrics.sweep_failures.labels(part=part).inc()
            log.exception("sweep_failed", part=part)
            return False

    def _fire(self) -> tuple[int, bool]:
        total = 0
        for _ in range(GROUPS_IN_A_PASS):
            with self._metrics.sweep_seconds.time():
                events = self._container.engine.sweep(GROUP)
            self._metrics.fired(events)
            total += len(events)
            if events:
                log.info("clocks_fired", number=len(events))
            if not events or self._stop.wait(_BREATH_SECONDS):
                return total, False
        return total, True

    def _perform(self) -> tuple[int, bool]:
        total = 0
        for _ in range(BATCHES_IN_A_PASS):
            claimed = self._performer.run_ready()
            total += claimed
            if not claimed or self._stop.wait(_BREATH_SECONDS):
                return total, False
        return total, True

    def _list_if_time(self) -> bool:
        """Which cases behind members have ended is asked of all members: a little less often than what is due."""
        now = self._container.now()
        if not _is_time(self._listed_at, now, _LIST_EVERY):
            return False
        more = self._list()[1]
        self._listed_at = None if more else now
        return more

    def _list(self) -> tuple[int, bool]:
        """Let lists keep themselves: one group of what changed, so that clocks and tasks have their turn."""
        ran = self._container.lists.run(self._performer.submit)
        if ran.subjects:
            log.info("lists_kept", subjects=ran.subjects, entered=ran.entered, left=ran.left)
        return ran.subjects, ran.more

    def _open_slots(self) -> bool:
        return self._obligations.tick(self._container.now())

    def _integrate(self) -> bool:
        more = self._evidence.tick(self._container.now())
        if more:
            self._stop.wait(_BREATH_SECONDS)
        return more

    def _list_heads(self) -> None:
        self._evidence.list_heads(self._container.now())

    def _replay(self) -> bool:
        """A slice of the nightly replay, and a pause as long as it takes: it has all night."""
        more = self._container.nightly.run(self._container.now(), worker=self._performer.worker)
        if more:
            self._stop.wait(_REST_SECONDS)
        return more

    def _keep_house(self) -> None:
        now = self._container.now()
        if _is_time(self._beat_at, now, _BEAT_EVERY):
            self._container.tasks.beat(self._performer.worker, now)
            self._container.tasks.bury(now)
            self._beat_at = now
        if _is_time(self._refreshed_at, now, _REFRESH_EVERY):
            self._refresh()
            self._refreshed_at = now

    def _refresh(self) -> None:
        """See what other processes have published since."""
        container = self._container
        container.definitions.refresh()
        container.directories.refresh()
        container.programmes.refresh()
        for calendar in {p.definition.calendar for p in container.definitions.all()}:
            container.calendars.refresh(calendar)


def _is_time(last: datetime | None, now: datetime, every: timedelta) -> bool:
    """Also after the clock stepped back, or the beat would stop for as long as it stepped."""
    return last is None or now < last or now - last >= every

"""The sweeper's part for the evidence log: events into the tree, checkpoints, and once a day the heads manifest.

One group in a pass, so that clocks and tasks have their turn; the manifest takes seconds where there are very many events, and a
thread of its own. Where nothing may be signed, the tree grows all the same.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

import structlog

from adapters.bootstrap import Container
from adapters.evidence.integrator import GROUP
from adapters.metrics import Metrics
from engine.errors import BihuanError

__all__ = ["Evidence"]

# SQLite's one write lock is held for a group: 250 hold it for about as long as a group of clocks does.
SQLITE_GROUP: Final = 250
_SIGN_EVERY: Final = timedelta(seconds=1)
_COMPLAIN_EVERY: Final = timedelta(minutes=1)
_LIST_EVERY: Final = timedelta(minutes=1)

log = structlog.get_logger()


class Evidence:
    """`tick` integrates at most one group; a pass of the sweeper calls it."""

    def __init__(self, container: Container, metrics: Metrics) -> None:
        self._container = container
        self._metrics = metrics
        self._group = SQLITE_GROUP if container.database.is_sqlite else GROUP
        self._signed_at: datetime | None = None
        self._complained_at: datetime | None = None
        self._listed_at: datetime | None = None
        self._is_behind = False

    def tick(self, now: datetime) -> bool:
        """Whether more events wait for the tree. Errors: `StoreUnavailable`, `TreeBroken`, and any other."""
        ran = self._container.integrator.run(now, limit=self._group)
        if ran.leaves:
            log.debug("leaves_added", number=ran.leaves)
        self._is_behind = ran.more
        if _is_time(self._signed_at, now, _SIGN_EVERY):
            self._sign(now)
            self._signed_at = now
        return ran.more

    def list_heads(self, now: datetime) -> None:
        """The manifest of the day, once the tree has caught up. Errors: `StoreUnavailable`."""
        if self._is_behind or not _is_time(self._listed_at, now, _LIST_EVERY):
            return
        self._listed_at = now
        if made := self._container.manifests.record_daily(now):
            log.info("heads_listed", seq=made.seq)

    def _sign(self, now: datetime) -> None:
        try:
            if made := self._container.checkpoints.sign(now):
                log.debug("checkpoint_signed", size=made.size)
        except (BihuanError, OSError) as error:  # readiness says the same until somebody has seen to it
            if _is_time(self._complained_at, now, _COMPLAIN_EVERY):
                self._metrics.sweep_failures.labels(part="checkpoint").inc()
                log.error("checkpoint_not_signed", error=str(error))
                self._complained_at = now


def _is_time(last: datetime | None, now: datetime, every: timedelta) -> bool:
    """Also after the clock stepped back."""
    return last is None or now < last or now - last >= every

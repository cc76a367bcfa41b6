"""The programme's part of a sweep: opens the slots that are due to exist, in small groups, and flags crowded contacts; and,
once a day, what many cases have in common is proposed.

Slots follow from days and lists, not from messages: looking once a minute is soon enough, and at once again while some are left.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

import structlog

from adapters.programme.proposals import Proposals
from adapters.programme.slots import Slots, Submit

__all__ = ["Obligations"]

GROUP: Final = 50
_EVERY: Final = timedelta(minutes=1)

log = structlog.get_logger()


class Obligations:
    """`tick` opens at most one group, or compares a few portions of cases; a pass of the sweeper calls it after the clocks."""

    def __init__(self, slots: Slots, proposals: Proposals, submit: Submit) -> None:
        self._slots = slots
        self._proposals = proposals
        self._submit = submit
        self._looked_at: datetime | None = None
        self._is_proposing = False

    def tick(self, now: datetime) -> bool:
        """Whether more waits to be opened or compared. Errors: `StoreUnavailable`, and any other."""
        if self._is_proposing:
            return self._propose(now)
        last = self._looked_at
        if last is not None and last <= now < last + _EVERY:
            return False
        ran = self._slots.run(self._submit, now, GROUP)
        self._looked_at = None if ran.more else now
        if ran.opened or ran.refused or ran.flagged:
            log.info("slots_opened", opened=ran.opened, refused=ran.refused, flagged=ran.flagged)
        return ran.more or self._propose(now)

    def _propose(self, now: datetime) -> bool:
        self._is_proposing = False  # what fails is tried again after a while
        ran = self._proposals.run(self._submit, now)
        self._is_proposing = ran.more
        if ran.opened:
            log.info("proposals_opened", opened=ran.opened)
        return ran.more

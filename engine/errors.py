"""Errors that a person can act on: each has a stable code, a sentence and, where there is one, a place and a hint.

Leaves to others: which HTTP status a code becomes (`api/errors.py`) and why a single step is blocked (`blockers.py`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar


@dataclass(frozen=True, slots=True)
class Blocker:
    """One reason why something is not available now: `code` is stable, `message` is what an official reads."""

    code: str
    message: str
    params: dict[str, Any] = field(default_factory=dict)

    def as_data(self) -> dict[str, Any]:
        return {"code": self.code, "message": self.message, "params": self.params}


class BihuanError(Exception):
    """Base of every error that is meant for a person; `code` never changes, wording may."""

    code: ClassVar[str] = "error"
    kind: ClassVar[str] = (
        "conflict"  # missing | invalid | forbidden | conflict | stale | reused: see api/errors.py
    )

    def __init__(self, message: str, *, hint: str = "", **params: Any) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.params = params

    @property
    def blockers(self) -> Sequence[Blocker]:
        return ()


class UnknownWorkflow(BihuanError):
    """Raised when no definition of that name and version is published."""

    code, kind = "unknown_workflow", "missing"


class UnknownCase(BihuanError):
    """Raised when the case does not exist or lies outside the caller's reach; the two look alike on purpose."""

    code, kind = "unknown_case", "missing"


class CaseExists(BihuanError):
    """Raised when a case is opened under a number that is taken."""

    code = "case_exists"


class UnknownStep(BihuanError):
    """Raised when the definition has no step of that name anywhere in the chart."""

    code, kind = "unknown_step", "invalid"


class UnknownLane(BihuanError):
    """Raised when the case has no such lane."""

    code, kind = "unknown_lane", "missing"


class UnknownClock(BihuanError):
    """Raised when the case runs no such clock."""

    code, kind = "unknown_clock", "missing"


class InvalidData(BihuanError):
    """Raised when fields are missing, unknown or ill-typed; the blockers name each field."""

    code, kind = "invalid_data", "invalid"

    def __init__(
        self, message: str, *, reasons: Sequence[Blocker] = (), hint: str = "", **params: Any
    ) -> None:
        super().__init__(message, hint=hint, **params)
        self.reasons = tuple(reasons)

    @property
    def blockers(self) -> Sequence[Blocker]:
        return self.reasons


class Blocked(InvalidData):
    """Raised when a step exists but may not be taken now; the blockers say why."""

    code, kind = "blocked", "conflict"


class Forbidden(InvalidData):
    """Raised when the step is open, but not to this actor."""

    code, kind = "forbidden", "forbidden"


class StaleCase(BihuanError):
    """Raised when the caller decided on an older version of the case; reload and decide again."""

    code, kind = "stale_case", "stale"


class KeyReused(BihuanError):
    """Raised when an idempotency key comes back with another request."""

    code, kind = "key_reused", "reused"


class NothingDue(BihuanError):
    """Raised when a timer hint arrives for a case that owes nothing now; harmless, hints may come twice."""

    code = "nothing_due"

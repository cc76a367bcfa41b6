"""What a story needs from whoever runs it: the demo's real engine, or the tests' pure core."""

from __future__ import annotations

from typing import Any, Protocol


class Desk(Protocol):
    """`by` is a role of the workflow (whoever holds it for this case) or a person's id; moments are local, `2026-03-02 09:30`.

    Moments lie in the order of the calls: time passes with everything that the clocks do on the way.
    """

    def open(self, workflow: str, *, by: str, at: str, **data: Any) -> str:
        """Open a case and return its number; it is the one spoken of from now on."""

    def step(self, step: str, *, by: str, at: str = "", lane: str = "", **data: Any) -> None: ...

    def ask_extension(self, clock: str, *, by: str, reason: str, amount: str = "", at: str = "") -> None: ...

    def answer_extension(self, clock: str, *, by: str, approve: bool, at: str = "") -> None: ...

    def refused(self, code: str, step: str, *, by: str, at: str = "", lane: str = "", **data: Any) -> None:
        """Try a step that must be refused with this code."""

    def refused_extension(self, code: str, clock: str, *, by: str, reason: str, at: str = "") -> None: ...

    def until(self, moment: str) -> None:
        """Let time pass."""

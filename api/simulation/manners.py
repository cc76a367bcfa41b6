"""How the invented people behave: who is prompt, late or silent, and which of the open steps they take."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from engine.definition import Definition, Step
from engine.machine import CompiledStep

__all__ = ["ON_THE_DAY", "RARE", "Manners"]

# Places where an agreed day is waited for, and acted on when it has come.
ON_THE_DAY: Final = frozenset({("visit", "notified")})

# Steps away from the main path: one in thirty or so. Names of the shipped workflows; a name that none has does nothing.
RARE: Final = frozenset(
    (
        *("reject", "merge", "withdraw", "hand_back", "remove", "unreachable", "propose_explaining"),
        *("ask_parking", "need_material", "report_leader", "reclassify", "redo", "relapse", "reopen"),
        *("send_back", "fail", "return_plan", "report_stall", "explain", "waive", "decline", "recall"),
        *(
            "appeal",
            "refuse",
            "cancel",
            "put_back",
            "leave",
            "strike",
            "drop",
            "disqualify",
            "skip",
            "hand_on",
        ),
        *(
            "withdraw_consent",
            "ask_recall",
            "part",
            "break_off",
            "object",
            "expose",
            "ask_change",
            "refuse_change",
        ),
        *(
            "deputise",
            "observe",
            "hand_back",
            "return_package",
            "reply_none",
            "propose_removal",
            "revise",
            "resplit",
        ),
        *("again", "press", "report_none", "propose_cancel", "defer", "carry_over", "renew", "note_change"),
    )
)


@dataclass(frozen=True, slots=True)
class Manners:
    """`silent` of a hundred places are never acted on in time, `late` after their limit, the others within it."""

    silent: int = 2
    late: int = 6
    rare: float = 0.03
    stays: float = 0.2
    reopens: float = 0.02
    extends: float = 0.0  # asks for a longer limit before it is dealt with
    likely: Mapping[str, float] = field(
        default_factory=dict
    )  # weights of steps that are not as rare as RARE has them
    helps: float = 0.5  # where the one who holds it can only wait for others
    never: frozenset[tuple[str, str]] = frozenset()
    """Workflows, each with a region, that nobody there ever acts on."""

    def share_of_the_limit(self, rng: random.Random) -> float | None:
        """After which share of its limit a place is acted on; None: nobody ever looks at it."""
        drawn = rng.randrange(100)
        if drawn < self.silent:
            return None
        if drawn < self.silent + self.late:
            return rng.uniform(1.0, 1.6)
        return rng.uniform(0.05, 0.6)

    def choose(
        self, rng: random.Random, definition: Definition, steps: Sequence[CompiledStep]
    ) -> list[CompiledStep]:
        """The steps in the order in which the person tries them."""
        weighted = [
            (rng.random() ** (1 / self._weight(definition, step.id, step.spec)), step) for step in steps
        ]
        return [step for _, step in sorted(weighted, key=lambda pair: pair[0], reverse=True)]

    def _weight(self, definition: Definition, step_id: str, step: Step) -> float:
        if definition.is_everywhere(step_id, step):
            return self.rare / 3
        if step_id in self.likely:
            return self.likely[step_id]
        if step_id in RARE:
            return self.rare
        return self.stays if step.stay else 1.0

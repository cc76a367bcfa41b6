"""What a process that serves asks of Python's own collector of garbage."""

from __future__ import annotations

import gc
from typing import Final

# A group of a hundred steps makes some tens of thousands of objects, and nearly none of them in a cycle: looking for cycles
# after every 700, as Python does by itself, costs a tenth of a step (docs/benchmarks.md).
_NEW_OBJECTS: Final = 50_000


def settle() -> None:
    """To be called once everything is loaded: what is there now stays, and is not looked at again."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(_NEW_OBJECTS, 20, 20)

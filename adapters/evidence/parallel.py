"""Long work over all cases, part by part, in as many processes as there are cores. Each process opens the database itself."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from multiprocessing import get_context
from typing import Final, TypeVar

from adapters.bootstrap import Container, build
from adapters.evidence.snapshot import Part
from adapters.process import settle
from adapters.settings import Settings

__all__ = ["PARTS_OF_EACH", "cores", "spread"]

PARTS_OF_EACH: Final = 16  # parts for each process: so that all end at nearly the same time
_Found = TypeVar("_Found")

_own: list[Container] = []  # of this process, once it has begun


def cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def spread(
    settings: Settings,
    work: Callable[[Container, Part], _Found],
    parts: Sequence[Part],
    *,
    processes: int,
) -> Iterator[_Found]:
    """What `work`, a function of a module, finds in each part, in their order. One process where there is one part."""
    if processes <= 1 or len(parts) <= 1:
        made = build(settings, upgrade=False)
        try:
            yield from (work(made, part) for part in parts)
        finally:
            made.close()
        return
    # A copy of this process begins at once; where there are threads it might inherit a lock that nobody will open.
    context = get_context("fork" if threading.active_count() == 1 else "spawn")
    with ProcessPoolExecutor(processes, context, _begin, (settings,)) as pool:
        yield from pool.map(partial(_in_process, work), parts)


def _begin(settings: Settings) -> None:
    _own.append(build(settings, upgrade=False))
    settle()


def _in_process(work: Callable[[Container, Part], _Found], part: Part) -> _Found:
    return work(_own[0], part)

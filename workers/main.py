"""`bihuan worker`: the queue's workers and a sweeper, without HTTP. Started from the console script, never by dramatiq's own
command line, so that packages in the current folder cannot take the place of ours."""

from __future__ import annotations

import signal
from threading import Event as Signal
from types import FrameType

from adapters import logging
from adapters.bootstrap import build
from adapters.settings import Settings
from workers.embedded import running

__all__ = ["work"]


def work(settings: Settings) -> None:
    """Work until SIGTERM or SIGINT. Must be called in the main thread."""
    logging.configure(level=settings.log_level, form=settings.log_format)
    stop = Signal()

    def ended(_number: int, _frame: FrameType | None) -> None:
        stop.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, ended)
    container = build(settings)
    try:
        with running(container):
            stop.wait()
    finally:
        container.close()

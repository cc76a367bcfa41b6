"""Logs as events: one JSON object per line, or coloured lines for a person at a terminal.

Whoever lets something in binds its ids once, `with bound(case_id=…, correlation_id=…)`; every line inside carries them.
What libraries say through the standard library is passed on, from warnings upwards.
"""

from __future__ import annotations

import logging
import sys
from contextlib import AbstractContextManager
from typing import Any, Final, Literal, TextIO

import orjson
import structlog
from structlog.contextvars import bound_contextvars
from structlog.typing import EventDict, Processor, WrappedLogger

from adapters.clock import system_now
from engine import canonical
from engine.errors import BihuanError

__all__ = ["bound", "configure"]

_OUTAGES: Final = frozenset({"busy", "unavailable"})
_LINES: list[Processor] = [
    structlog.processors.format_exc_info,
    structlog.processors.JSONRenderer(serializer=orjson.dumps, default=str),
]


def configure(
    *, level: str = "info", form: Literal["console", "json"] | None = None, to: TextIO | None = None
) -> None:
    """Once per process, before anything logs. Without a `form`: console on a terminal, JSON anywhere else."""
    stream = to or sys.stderr
    is_pretty = form == "console" if form else stream.isatty()
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            _stamp,
            _without_traceback_of_an_outage,
            *([_pretty(stream)] if is_pretty else _LINES),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=_factory(stream, is_pretty=is_pretty),
        cache_logger_on_first_use=True,
    )
    logging.basicConfig(level=logging.WARNING, handlers=[_PassOn()], force=True)
    # It says every transition at INFO, which doubles what a step costs, even if nobody listens.
    logging.getLogger("transitions").setLevel(logging.WARNING)


def bound(**ids: str) -> AbstractContextManager[Any]:
    """Every line logged inside, in this thread or task, carries these ids: `case_id`, `correlation_id`, …"""
    return bound_contextvars(**ids)


class _PassOn(logging.Handler):
    """Hands records of the standard library to structlog; no standard formatter is involved."""

    def emit(self, record: logging.LogRecord) -> None:
        try:
            line = record.getMessage()
        except (TypeError, ValueError):
            line = str(record.msg)
        structlog.get_logger().log(record.levelno, line, logger=record.name, exc_info=record.exc_info)


def _factory(stream: TextIO, *, is_pretty: bool) -> Any:
    if is_pretty:
        return structlog.WriteLoggerFactory(file=stream)
    return structlog.BytesLoggerFactory(file=stream.buffer)


def _without_traceback_of_an_outage(_logger: WrappedLogger, _method: str, line: EventDict) -> EventDict:
    """A database that is away is said with its reason, every second until it is back: a traceback would bury it."""
    found = line.get("exc_info")
    error = sys.exc_info()[1] if found is True else found[1] if isinstance(found, tuple) else found
    if isinstance(error, BihuanError) and error.kind in _OUTAGES:
        del line["exc_info"]
        line["error"] = f"{error.code}: {error.params.get('reason') or error.message}"
    return line


def _pretty(stream: TextIO) -> Processor:
    """For reading: colours only on a terminal, and tracebacks as Python prints them, which is fast."""
    return structlog.dev.ConsoleRenderer(
        colors=stream.isatty(),
        timestamp_key="at",
        event_key="event",
        exception_formatter=structlog.dev.plain_traceback,
    )


def _stamp(_logger: WrappedLogger, _method: str, line: EventDict) -> EventDict:
    line["at"] = canonical.instant(system_now())
    return line

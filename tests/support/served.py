"""A real `bihuan serve` or `bihuan worker` process on loopback, started, killed and started again by a test."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from tests.support.servers import free_port
from tests.support.waiting import NotYet, wait_until

READY_SECONDS = 30.0


class NotReady(Exception):
    """Raised when the process did not answer in time; the message ends with the tail of its log."""


@dataclass(slots=True)
class Served:
    """One process. `start`, `kill` (-9) and `stop` (gracefully) as often as wanted; the port stays the same."""

    folder: Path
    environment: Mapping[str, str]
    command: tuple[str, ...] = ("serve",)
    port: int = field(default_factory=free_port)
    process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def log(self) -> Path:
        return self.folder / f"{self.command[0]}-{self.port}.log"

    def start(self, *, wait: bool = True) -> None:
        program = Path(sys.executable).with_name("bihuan")
        environment = {**os.environ, **self.environment, "BIHUAN_PORT": str(self.port)}
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [str(program), *self.command], cwd=self.folder, env=environment, stdout=log, stderr=log
            )
        if wait and self.command[0] == "serve":
            self.wait_until_live()

    def wait_until_live(self, seconds: float = READY_SECONDS) -> None:
        with suppress(NotYet):
            wait_until(lambda: self._has_ended() or self._answers(), seconds=seconds)
            if not self._has_ended():
                return
        raise NotReady(f"{self.command} did not answer:\n{self.log.read_text(errors='replace')[-4000:]}")

    def _has_ended(self) -> bool:
        return self.process is None or self.process.poll() is not None

    def _answers(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self.url}/livez", timeout=2):
                return True
        except OSError:
            return False

    def kill(self) -> None:
        self._end(signal.SIGKILL)

    def stop(self) -> None:
        self._end(signal.SIGTERM)

    def _end(self, how: signal.Signals) -> None:
        if self.process and self.process.poll() is None:
            self.process.send_signal(how)
            self.process.wait(timeout=30)


@contextmanager
def served(folder: Path, environment: Mapping[str, str], *command: str) -> Iterator[Served]:
    process = Served(folder, environment, command or ("serve",))
    try:
        process.start()
        yield process
    finally:
        process.kill()

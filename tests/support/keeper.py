"""Keep one server process for `servers.py`: start it on each line of input, end it when the input closes.

A process of its own, so that the server ends even when its owner is killed. Standard library only. It answers
each order with the server's process id once the server says it is ready, or with `failed` once it has ended.

    keeper.py FOLDER STOP_SIGNAL READY_PHRASE USER PROGRAM [ARGUMENT...]     (USER may be empty)
"""

from __future__ import annotations

import shutil
import signal
import subprocess
import sys
from pathlib import Path
from threading import Thread
from typing import IO


class Keeper:
    """Holds at most one server; what the server prints goes to `log` in its folder."""

    def __init__(self, folder: Path, ready: bytes, user: str | None, command: list[str]) -> None:
        self._folder, self._ready, self._user, self._command = folder, ready, user, command
        self._server: subprocess.Popen[bytes] | None = None
        self._pump = Thread()

    def start(self) -> str:
        self.join()
        with (self._folder / "log").open("ab") as log:
            self._server = subprocess.Popen(
                self._command,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                cwd=self._folder,
                user=self._user,
                extra_groups=[] if self._user else None,
            )
            assert self._server.stdout is not None
            for line in self._server.stdout:
                log.write(line)
                if self._ready in line:
                    self._pump = Thread(target=self._copy_to_log, args=[self._server.stdout])
                    self._pump.start()
                    return str(self._server.pid)
        return "failed"

    def join(self) -> None:
        """Wait for the end of the server and of its children, which hold its output open, and its memory."""
        if self._pump.ident is not None:
            self._pump.join()
        if self._server:
            self._server.wait()

    def stop(self, number: signal.Signals) -> None:
        if self._server:
            self._server.send_signal(number)
        self.join()
        shutil.rmtree(self._folder)

    def _copy_to_log(self, output: IO[bytes]) -> None:
        with (self._folder / "log").open("ab", buffering=0) as log:
            for line in output:
                log.write(line)


def main(folder: str, stop: str, ready: str, user: str, *command: str) -> None:
    keeper = Keeper(Path(folder), ready.encode(), user or None, list(command))
    try:
        for _ in sys.stdin:
            print(keeper.start(), flush=True)
    finally:
        keeper.stop(signal.Signals[stop])


if __name__ == "__main__":
    main(*sys.argv[1:])

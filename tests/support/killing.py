"""Kill a process with -9: where it says that it is, or at a random moment that can be had again."""

from __future__ import annotations

import os
import random
import subprocess
import sys
from collections.abc import Iterator, Sequence
from time import monotonic

__all__ = ["SEED_VARIABLE", "STEPWISE", "kill_after", "killed_at", "moments", "seconds_of"]

SEED_VARIABLE = "BIHUAN_TEST_SEED"
STEPWISE = "BIHUAN_TEST_STEPWISE"


def killed_at(stage: str, words: Sequence[str]) -> None:
    """Start `python -m *words` and kill it where it says that it is there, waiting for leave to go on."""
    with _started(words, STEPWISE) as process:
        assert process.stdout is not None
        assert process.stdin is not None
        for line in process.stdout:
            if line.startswith(stage):
                break
            process.stdin.write("\n")
            process.stdin.flush()
        else:
            raise AssertionError(f"it never came to {stage}")
        process.kill()


def seconds_of(words: Sequence[str]) -> float:
    """How long the process takes from its first line to its end."""
    with _started(words) as process:
        assert process.stdout is not None
        process.stdout.readline()
        start = monotonic()
        process.communicate()
        assert process.returncode == 0
        return monotonic() - start


def kill_after(seconds: float, words: Sequence[str]) -> list[str]:
    """What the process said until it was killed, so long after its first line; all of it if it was faster."""
    with _started(words) as process:
        assert process.stdout is not None
        first = process.stdout.readline()
        try:
            process.wait(timeout=seconds)
        except subprocess.TimeoutExpired:
            process.kill()
        return [first.strip(), *process.stdout.read().split("\n")]


def moments(count: int, within: float) -> Iterator[float]:
    """Random lengths up to `within` seconds. The seed is printed; set BIHUAN_TEST_SEED to have the same ones again."""
    seed = int(os.environ.get(SEED_VARIABLE) or random.randrange(10**6))
    print(f"{SEED_VARIABLE}={seed}, kills within {within:.2f} s")
    dice = random.Random(seed)
    return (dice.uniform(0, within) for _ in range(count))


def _started(words: Sequence[str], *settings: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", *words],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, **dict.fromkeys(settings, "yes")},
    )

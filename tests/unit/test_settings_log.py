"""Where the key and the checkpoints of a database lie: never where another database has its own."""

from __future__ import annotations

from pathlib import Path

import pytest

from adapters.settings import Settings


@pytest.fixture(autouse=True)
def _nothing_set(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("BIHUAN_LOG_FOLDER", "BIHUAN_LOG_KEY"):
        monkeypatch.delenv(name)


@pytest.mark.parametrize(
    ("database", "folder", "key"),
    [
        ("sqlite:///var/bihuan.db", "var/log", "var/keys/log.pem"),
        ("sqlite:////srv/x/bihuan.db", "/srv/x/log", "/srv/x/keys/log.pem"),
        ("sqlite:///var/sample.db", "var/sample.db.log/log", "var/sample.db.log/keys/log.pem"),
        ("sqlite:///plain", "plain.log/log", "plain.log/keys/log.pem"),
        ("postgresql://bihuan@host/bihuan", "var/log", "var/keys/log.pem"),
    ],
)
def test_they_lie_beside_the_database(database: str, folder: str, key: str) -> None:
    settings = Settings(database_url=database)
    assert (settings.checkpoints, settings.key) == (Path(folder), Path(key))


def test_what_the_operator_says_holds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BIHUAN_LOG_FOLDER", "/mnt/apart")
    monkeypatch.setenv("BIHUAN_LOG_KEY", "/etc/bihuan/log.pem")
    settings = Settings(database_url="sqlite:///var/sample.db")
    assert (settings.checkpoints, settings.key) == (Path("/mnt/apart"), Path("/etc/bihuan/log.pem"))

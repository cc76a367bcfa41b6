"""The private servers are real ones, durable where they must be, and leave nothing behind."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
import pytest
import redis

from tests.support.servers import Server

START_AND_DIE = """
import os, signal
from tests.support.servers import private_postgres, private_valkey
with private_postgres() as postgres, private_valkey() as valkey:
    print(postgres.url, valkey.url, postgres.folder, valkey.folder, flush=True)
    os.kill(os.getpid(), signal.SIGKILL)
"""


def query(url: str, statement: str) -> str:
    with psycopg.connect(url) as connection:
        row = connection.execute(statement.encode()).fetchone()
    assert row is not None
    return str(row[0])


def test_postgres_answers_with_its_version(postgres_url: str) -> None:
    assert query(postgres_url, "SELECT version()").startswith("PostgreSQL ")


@pytest.mark.parametrize("setting", ["fsync", "synchronous_commit", "full_page_writes"])
def test_postgres_writes_through_to_the_disk(postgres_url: str, setting: str) -> None:
    assert query(postgres_url, f"SHOW {setting}") == "on"


def test_each_test_has_an_empty_database_of_its_own(postgres_url: str, postgres_server_url: str) -> None:
    assert query(postgres_url, "SELECT count(*) FROM pg_stat_user_tables") == "0"
    assert query(postgres_url, "SELECT current_database()") != query(
        postgres_server_url, "SELECT current_database()"
    )


def test_valkey_answers_and_starts_empty(redis_url: str) -> None:
    with redis.Redis.from_url(redis_url) as client:
        assert client.ping()
        assert client.dbsize() == 0


def test_what_postgres_committed_survives_a_kill(own_postgres: Server) -> None:
    with psycopg.connect(own_postgres.url) as connection:
        connection.execute("CREATE TABLE kept (value text)")
        connection.execute("INSERT INTO kept VALUES ('示例')")
    own_postgres.kill()
    own_postgres.restart()
    assert query(own_postgres.url, "SELECT value FROM kept") == "示例"


def test_a_killed_valkey_comes_back_empty(own_valkey: Server) -> None:
    with redis.Redis.from_url(own_valkey.url) as client:
        client.set("hint", "1")
    own_valkey.kill()
    own_valkey.restart()
    with redis.Redis.from_url(own_valkey.url) as client:
        assert client.dbsize() == 0


def test_servers_end_and_leave_no_files_when_their_owner_is_killed(pytestconfig: pytest.Config) -> None:
    owner = subprocess.run(
        [sys.executable, "-c", START_AND_DIE],
        cwd=pytestconfig.rootpath,
        capture_output=True,  # the keepers hold it open, so this returns when the last of them has ended
        text=True,
        check=False,
    )
    assert owner.returncode == -signal.SIGKILL, owner.stderr
    postgres, valkey, *folders = owner.stdout.split()
    assert [accepts_connections(url) for url in (postgres, valkey)] == [False, False]
    assert [Path(folder).exists() for folder in folders] == [False, False]


def accepts_connections(url: str) -> bool:
    address = urlsplit(url)
    with socket.socket() as client:
        return client.connect_ex((address.hostname, address.port)) == 0

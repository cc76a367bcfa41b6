"""What every test may use: real servers, started once per test process and only when a test asks for one."""

from __future__ import annotations

import os
from collections.abc import Iterator

import hypothesis
import pytest
import redis

from tests.support.servers import Server, fresh_database, private_postgres, private_valkey

# Nothing is timed: on a busy machine a slow example is not a failure.
hypothesis.settings.register_profile("bihuan", deadline=None, print_blob=True)
hypothesis.settings.load_profile("bihuan")


@pytest.fixture(autouse=True)
def _own_log(
    monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest
) -> None:
    """Key and checkpoints of a PostgreSQL database lie in the current folder by default: no two tests may share them."""
    folder = (
        tmp_path_factory.getbasetemp() / f"evidence-{abs(hash(request.node.nodeid))}"
    )  # made at first use
    monkeypatch.setenv("BIHUAN_LOG_FOLDER", f"{folder}/log")
    monkeypatch.setenv("BIHUAN_LOG_KEY", f"{folder}/keys/log.pem")


@pytest.fixture(scope="session")
def postgres_server_url() -> Iterator[str]:
    """A PostgreSQL whose role may create databases: BIHUAN_TEST_DATABASE_URL, or a private server."""
    if given := os.environ.get("BIHUAN_TEST_DATABASE_URL"):
        yield given.replace("+psycopg", "", 1)
        return
    with private_postgres() as server:
        yield server.url


@pytest.fixture
def postgres_url(postgres_server_url: str) -> Iterator[str]:
    """The address of an empty database that only this test sees."""
    with fresh_database(postgres_server_url) as url:
        yield url


@pytest.fixture(scope="session")
def redis_server_url(worker_id: str) -> Iterator[str]:
    """A database that only this test process uses: in BIHUAN_TEST_REDIS_URL, or in a private Valkey."""
    if given := os.environ.get("BIHUAN_TEST_REDIS_URL"):
        number = int(worker_id.removeprefix("gw")) if worker_id != "master" else 0
        yield f"{given.rstrip('/').removesuffix('/0')}/{number}"
        return
    with private_valkey() as server:
        yield server.url


@pytest.fixture
def redis_url(redis_server_url: str) -> str:
    """The address of an emptied Redis database."""
    with redis.Redis.from_url(redis_server_url) as client:
        client.flushdb()
    return redis_server_url


@pytest.fixture
def own_postgres() -> Iterator[Server]:
    """A PostgreSQL for this test alone, which it may kill and restart."""
    with private_postgres() as server:
        yield server


@pytest.fixture
def own_valkey() -> Iterator[Server]:
    """A Valkey for this test alone, which it may kill and restart."""
    with private_valkey() as server:
        yield server

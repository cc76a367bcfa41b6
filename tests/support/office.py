"""An application at work for tests: people with tokens, and the paths of a case as one-line calls."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import sqlalchemy
from starlette.testclient import TestClient

from adapters.bootstrap import Container, build
from adapters.clock import MovedClock
from adapters.db.schema import METADATA
from adapters.organisation import sample_directory
from adapters.settings import Settings
from adapters.subjects.writing import NewSubject
from api.app import create_app
from engine.directory import RegionId, SubjectId
from engine.loading import load
from engine.programme.loading import load_programme
from workflows import programme, shipped

API = "/api/v1"
MORNING = datetime(2026, 12, 1, 1, 0, tzinfo=UTC)  # 09:00 in China, a Tuesday
SUBJECT = SubjectId("sample-1")
ISSUE = {"summary": "设备进口通关缓慢（示例）", "source": "visit"}
PDF = b"%PDF-1.7\n" + "示例材料".encode()


@dataclass
class Office:
    container: Container
    client: TestClient
    clock: MovedClock
    _tokens: dict[str, str] = field(default_factory=dict)
    _keys: Iterator[int] = field(default_factory=itertools.count)

    def token(self, person: str) -> str:
        if person not in self._tokens:
            now = self.container.now()
            self._tokens[person] = self.container.tokens.create(person, "示例令牌", now, days=400)[1]
        return self._tokens[person]

    def headers(self, person: str, **more: str) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token(person)}", **more}

    def get(self, person: str, path: str, **query: Any) -> httpx.Response:
        answer: httpx.Response = self.client.get(API + path, headers=self.headers(person), params=query)
        return answer

    def post(
        self,
        person: str,
        path: str,
        body: Any = None,
        *,
        key: str | None = "",
        headers: Mapping[str, str] | None = None,
        content: bytes | None = None,
    ) -> httpx.Response:
        """`key` None sends no Idempotency-Key, "" a new one."""
        sent = {**self.headers(person), **(headers or {})}
        if key is not None:
            sent["Idempotency-Key"] = key or f"k{next(self._keys)}"
        given: dict[str, Any] = {"content": content} if content is not None else {"json": body or {}}
        answer: httpx.Response = self.client.post(API + path, headers=sent, **given)
        return answer

    def open(self, person: str = "p-340104-liaison-1", region: str = "340104", **more: Any) -> str:
        """The number of a new issue."""
        body = {"workflow": "issue", "region": region, "subject": SUBJECT, "data": ISSUE, **more}
        answer = self.post(person, "/cases", body)
        assert answer.status_code == 201, answer.text
        number: str = answer.json()["case"]
        return number

    def step(self, person: str, case: str, step: str, *, lane: str = "", **data: Any) -> httpx.Response:
        path = f"/cases/{case}/lanes/{lane}/steps/{step}" if lane else f"/cases/{case}/steps/{step}"
        return self.post(person, path, {"data": data})

    def took(self, person: str, case: str, step: str, *, lane: str = "", **data: Any) -> dict[str, Any]:
        answer = self.step(person, case, step, lane=lane, **data)
        assert answer.status_code == 200, answer.text
        receipt: dict[str, Any] = answer.json()
        return receipt

    def dispatched(self, region: str = "340104", co_units: tuple[str, ...] = ()) -> str:
        """An issue that lies with the tax office of its region, and with `co_units`."""
        liaison, case = f"p-{region}-liaison-1", self.open(f"p-{region}-liaison-1", region)
        self.took(liaison, case, "accept", category="general")
        self.took(liaison, case, "dispatch", lead_unit=f"u-{region}-tax", co_units=list(co_units))
        return case

    def upload(self, person: str, content: bytes = PDF, name: str = "示例.pdf") -> str:
        answer = self.client.post(
            f"{API}/files", headers=self.headers(person), params={"name": name}, content=content
        )
        assert answer.status_code == 201, answer.text
        digest: str = answer.json()["digest"]
        return digest

    def rows(self, *tables: str) -> dict[str, int]:
        with self.container.database.reading() as connection:
            return {
                name: connection.scalar(
                    sqlalchemy.select(sqlalchemy.func.count()).select_from(METADATA.tables[name])
                )
                or 0
                for name in tables
                or ("event", "case", "task", "receipt", "holding", "involved", "secret", "file")
            }

    def later(self, **length: float) -> None:
        """Move the clock and let what is due ring."""
        self.clock.advance(timedelta(**length))
        while self.container.engine.sweep():
            pass


@contextmanager
def an_office(folder: Path, database_url: str = "") -> Iterator[Office]:
    """Over SQLite in `folder`, or over the database of that address, which must be empty."""
    clock = MovedClock(MORNING)
    folder.mkdir(exist_ok=True)
    settings = Settings(
        database_url=database_url or f"sqlite:///{folder}/bihuan.db",
        files=folder / "files",
        log_folder=folder / "log",
        log_key=folder / "keys/log.pem",
    )
    container = build(settings, now=clock)
    container.directories.adopt(sample_directory([SUBJECT]), MORNING)
    for name, data in shipped():
        container.definitions.publish(load(data, name=name), MORNING)
    file, data = programme()
    container.programmes.publish(load_programme(data, name=file), MORNING)
    walked = NewSubject(id=SUBJECT, title="示例企业", region=RegionId("340104"), since=MORNING.date())
    container.subjects.register_many([walked], MORNING)
    writer = container.writer()
    try:
        with TestClient(create_app(container, writer)) as client:
            yield Office(container, client, clock)
    finally:
        writer.close()
        container.close()

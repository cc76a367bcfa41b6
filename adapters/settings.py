"""What an operator may set, from the environment: `BIHUAN_DATABASE_URL` and so on. Nothing else reads the environment."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

_HOME = Path("var")
_DATABASES = ("sqlite:///", "postgresql://", "postgresql+psycopg://")


class Settings(BaseSettings):
    """A wrong value is refused at the start, by name."""

    model_config = SettingsConfigDict(env_prefix="BIHUAN_", frozen=True, extra="ignore")

    database_url: str = "sqlite:///var/bihuan.db"
    redis_url: str | None = None
    files: Path = Path("var/files")
    templates: Path | None = None
    """A folder with the office's own letter templates, as `bulletin.docx`; what is not there is taken from those that ship."""
    host: str = "127.0.0.1"
    port: Annotated[int, Field(ge=0, le=65535)] = 8000
    log: Annotated[str, Field(min_length=1, pattern=r"^[^\n]+$")] = "bihuan"
    """The name of the evidence log: it stands in every event and must never change for a database."""
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    log_format: Literal["console", "json"] = "console"
    calendar: str = "cn"
    """Whose days say from when a workflow version is in force, and how far ahead holidays are known."""
    writers: Annotated[int, Field(ge=1, le=16)] = 2
    """Groups of commands that commit side by side on PostgreSQL; SQLite has one."""
    worker_threads: Annotated[int, Field(ge=1, le=64)] = 2
    """Threads of each process that perform tasks."""
    sweep_seconds: Annotated[float, Field(gt=0, le=60)] = 1.0
    """How often each process looks for what is due."""
    lease_seconds: Annotated[float, Field(ge=1, le=3600)] = 120
    """How long a task belongs to whoever took it up; after that another process may, for the first is taken for dead."""
    max_file_bytes: Annotated[int, Field(gt=0)] = 20 * 1024 * 1024
    log_folder: Path | None = None
    """Where checkpoints are written down outside the database; `checkpoints` says where that is."""
    log_key: Path | None = None
    """The private key of the evidence log; `key` says where that is. Made at first need, readable by its owner alone."""

    @property
    def checkpoints(self) -> Path:
        """`var/log` beside the database that is there by default."""
        return self.log_folder or self._beside / "log"

    @property
    def key(self) -> Path:
        """`var/keys/log.pem` beside the database that is there by default."""
        return self.log_key or self._beside / "keys/log.pem"

    @property
    def _beside(self) -> Path:
        """Beside an SQLite file, so that two databases never share a key: of `var/sample.db` in `var/sample`."""
        if not self.database_url.startswith("sqlite:///"):
            return _HOME
        file = Path(self.database_url.removeprefix("sqlite:///"))
        return file.parent if file.stem == "bihuan" else file.with_suffix("")

    @field_validator("database_url")
    @classmethod
    def _is_a_database(cls, url: str) -> str:
        if not url.startswith(_DATABASES) or url in _DATABASES or url.startswith("sqlite:///:memory:"):
            raise ValueError("use sqlite:///path/to/file.db or postgresql://user@host/name")
        return url

    @field_validator("redis_url")
    @classmethod
    def _is_redis(cls, url: str | None) -> str | None:
        if url and not url.startswith(("redis://", "rediss://", "unix://")):
            raise ValueError("use redis://host:6379/0")
        return url or None

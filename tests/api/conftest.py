"""A whole application over SQLite, with the sample organisation and the shipped workflows."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from adapters import logging
from tests.support.office import Office, an_office


@pytest.fixture(scope="session", autouse=True)
def _quiet() -> None:
    """One JSON line for each refusal and fault, as a server writes them."""
    logging.configure(level="debug", form="json")


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    with an_office(tmp_path) as made:
        yield made


@pytest.fixture(scope="module")
def shared_office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    """For tests that only read, or that need nothing but their own cases."""
    with an_office(tmp_path_factory.mktemp("office")) as made:
        yield made

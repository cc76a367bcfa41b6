"""The locks install the same programs everywhere: pinned, hashed, complete, and free of any one machine."""

from __future__ import annotations

import re
import tomllib

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.architecture.sources import ROOT

LOCKS = ["requirements.lock", "requirements-dev.lock"]
PIN = re.compile(r"^(?P<name>[a-z0-9-]+)(\[[a-z,-]+\])?==(?P<version>\S+)(?: ;[^\\]+)?(?P<rest>.*)$")


def pins(lock: str) -> dict[str, str]:
    """Name -> version; every line that is no comment must be a pin with at least one hash."""
    text = re.sub(r"\s*#.*", "", (ROOT / lock).read_text("utf-8")).replace("\\\n", " ")
    found = [PIN.match(line) for line in text.splitlines() if line.strip()]
    assert all(pin and "--hash=sha256:" in pin["rest"] for pin in found)
    return {canonicalize_name(pin["name"]): pin["version"] for pin in found if pin}


@pytest.mark.parametrize("lock", LOCKS)
def test_a_lock_names_no_index_and_no_place_on_a_machine(lock: str) -> None:
    text = (ROOT / lock).read_text("utf-8")
    assert re.findall(r"--(?:extra-)?index-url|--find-links|--trusted-host|\w+://|(?<= )/\w+", text) == []


def test_what_runs_in_production_is_what_the_tests_ran() -> None:
    assert pins("requirements.lock").items() <= pins("requirements-dev.lock").items()


@pytest.mark.parametrize(("lock", "extras"), [("requirements.lock", []), ("requirements-dev.lock", ["dev"])])
def test_a_lock_satisfies_the_project(lock: str, extras: list[str]) -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    wanted = project["dependencies"] + [r for e in extras for r in project["optional-dependencies"][e]]
    locked = pins(lock)
    requirements = [Requirement(text) for text in wanted]
    unmet = [r for r in requirements if not r.specifier.contains(locked.get(canonicalize_name(r.name), "0"))]
    assert unmet == []


def test_no_lock_brings_torch() -> None:
    assert "torch" not in pins("requirements-dev.lock")

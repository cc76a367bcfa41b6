"""Boundaries that a reader relies on: who may know the time, who may know a library, who may compose."""

from __future__ import annotations

import ast
import re
import subprocess
import sys

import pytest

from tests.architecture.sources import PACKAGES, ROOT, Source, sources

READS_THE_CLOCK = {
    "datetime.datetime.now",
    "datetime.datetime.utcnow",
    "datetime.datetime.today",
    "datetime.date.today",
}
RULES_OF_THE_SCHEME = {"enterprise", "city", "revenue"}
VALUE_BASES = {
    "Enum",
    "StrEnum",
    "IntEnum",
    "NamedTuple",
    "TypedDict",
    "Protocol",
    "BaseModel",
    "BaseSettings",
    "SQLModel",
}
A_CLOCK = "adapters/clock.py"  # the demo moves its own: a clock is handed to `build`, not chosen by it


def clock_reads(source: Source) -> list[str]:
    uses = source.dotted_names()
    return [
        f"{source.path}:{line} {name}"
        for line, name in uses
        if name in READS_THE_CLOCK or name.startswith("time.")
    ]


def importers(package: str) -> set[str]:
    return {s.path for s in sources() if any(name.split(".")[0] == package for name in s.imported.values())}


def words(text: str) -> set[str]:
    """Words in lower case; `subjectCity_id` has three. `capacity` is one word."""
    parts = re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+", text)
    return {part.lower() for part in parts} | {word.lower() for word in re.findall(r"[A-Za-z]+", text)}


def service_classes(source: Source) -> set[str]:
    """Public classes that hold behaviour: no errors, rows, schemas, enumerations or frozen values."""
    classes = [node for node in source.tree.body if isinstance(node, ast.ClassDef) and node.name[0] != "_"]
    return {node.name for node in classes if not _is_value(node)}


def _is_value(node: ast.ClassDef) -> bool:
    bases = {ast.unparse(base).split(".")[-1].split("[")[0] for base in node.bases}
    is_dataclass = any("dataclass" in ast.unparse(decorator) for decorator in node.decorator_list)
    is_error = any(base.endswith(("Error", "Exception")) for base in bases)
    return is_dataclass or is_error or bool(bases & VALUE_BASES)


def foreign_constructions(source: Source, services: dict[str, str]) -> list[str]:
    """Calls of another package's service class; a folder below adapters/ may compose its own parts."""
    folder = source.path.rpartition("/")[0]
    found = [(line, services[name]) for line, name in source.calls() if name in services]
    return [
        f"{source.path}:{line} {path}"
        for line, path in found
        if path != A_CLOCK and (path.rpartition("/")[0] != folder or folder == "adapters")
    ]


def test_imports_point_one_way() -> None:
    script = "from importlinter.cli import lint_imports_command; lint_imports_command()"
    linted = subprocess.run(
        [sys.executable, "-c", script, "--no-cache"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert linted.returncode == 0, linted.stdout + linted.stderr


def test_only_the_clock_adapter_reads_the_time_or_sleeps() -> None:
    others = [source for source in sources() if source.path != "adapters/clock.py"]
    assert [read for source in others for read in clock_reads(source)] == []


@pytest.mark.parametrize(
    ("package", "owner"), [("transitions", "engine/machine.py"), ("cel_expr_python", "engine/expressions.py")]
)
def test_a_library_that_could_leak_its_habits_has_one_importer(package: str, owner: str) -> None:
    assert importers(package) <= {owner}


def test_only_bootstrap_says_which_class_implements_which_port() -> None:
    adapters = sources("adapters")
    modules = {source: source.path.removesuffix(".py").replace("/", ".") for source in adapters}
    services = {f"{modules[s]}.{name}": s.path for s in adapters for name in service_classes(s)}
    others = [
        source for source in sources("adapters", "api", "workers") if source.path != "adapters/bootstrap.py"
    ]
    assert [call for source in others for call in foreign_constructions(source, services)] == []


def test_the_engine_does_not_know_what_the_scheme_is_about() -> None:
    texts = {
        path: path.read_text("utf-8")
        for path in (ROOT / "engine").rglob("*")
        if path.suffix not in {"", ".pyc"}
    }
    found = {
        path.name: words(text) & RULES_OF_THE_SCHEME | set(re.findall("企业", text))
        for path, text in texts.items()
    }
    assert {name: known for name, known in found.items() if known} == {}


def test_every_package_is_looked_at() -> None:
    assert {source.path.split("/")[0] for source in sources()} == set(PACKAGES)


@pytest.mark.parametrize(
    "code",
    [
        "import datetime\nx = datetime.datetime.now()",
        "from datetime import datetime as dt, UTC\nx = dt.now(UTC)",
        "from datetime import date\nx = date.today",
        "import time as t\nx = t.monotonic()",
        "from time import sleep\nsleep(1)",
    ],
)
def test_a_clock_read_is_noticed_however_it_is_spelled(code: str) -> None:
    assert clock_reads(Source("engine/planted.py", code)) != []


def test_asking_a_clock_object_is_no_clock_read() -> None:
    assert (
        clock_reads(
            Source("engine/planted.py", "from datetime import datetime\ndef f(clock): return clock.now()")
        )
        == []
    )


@pytest.mark.parametrize("text", ["enterprise_id", "CityName", "theCity", "REVENUE", "# a city", "'/city/'"])
def test_a_word_of_the_scheme_is_noticed_inside_an_identifier(text: str) -> None:
    assert words(text) & RULES_OF_THE_SCHEME


def test_a_longer_word_is_not_taken_for_a_word_of_the_scheme() -> None:
    assert words("capacity velocity revenues_") & RULES_OF_THE_SCHEME == set()


def test_composing_outside_bootstrap_is_noticed() -> None:
    services = {"adapters.memory.MemoryStore": "adapters/memory.py"}
    planted = Source("api/planted.py", "from adapters.memory import MemoryStore\nstore = MemoryStore()")
    assert foreign_constructions(planted, services) == ["api/planted.py:2 adapters/memory.py"]


def test_a_time_on_a_list_is_one_class_wherever_it_is_read() -> None:
    named = [
        source.path
        for source in sources()
        for node in ast.walk(source.tree)
        if isinstance(node, ast.ClassDef) and node.name in ("Spell", "Membership")
    ]
    assert named == ["engine/programme/spells.py"]

"""Level 2 over both databases: what level 1 finds sound, because it was changed with all that names it, is not in the tree."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from adapters.bootstrap import Container, build
from adapters.db.database import Database
from adapters.evidence.sound import Sound
from adapters.settings import Settings
from engine import canonical
from tests.benchmarks.log import LOG, fill
from tests.support.evidence import NOW

CASE, OTHER = "209900000001", "209900000002"


@pytest.fixture
def made(database: Database, tmp_path: Path) -> Iterator[Container]:
    """Some full tiles, a manifest told, and all of it signed."""
    url = f"sqlite:///{database.path}" if database.is_sqlite else database.dsn
    settings = Settings(
        database_url=url, files=tmp_path, log=LOG, log_folder=tmp_path / "log", log_key=tmp_path / "log.pem"
    )
    container = build(settings)
    fill(container.database, 700)
    container.integrator.catch_up(NOW)
    container.manifests.record(NOW)
    container.checkpoints.sign(NOW, force=True)
    container.integrator.catch_up(NOW)
    container.checkpoints.sign(NOW, force=True)
    yield container
    container.close()


def tampered(made: Container, *statements: str) -> None:
    """By one who owns the database: the triggers are gone first."""
    with made.database.writing() as connection:
        if made.database.is_sqlite:
            names = "SELECT name FROM sqlite_master WHERE type = 'trigger' AND tbl_name = 'event'"
            for trigger in [row.name for row in connection.exec_driver_sql(names)]:
                connection.exec_driver_sql(f"DROP TRIGGER {trigger}")
        else:
            connection.exec_driver_sql("ALTER TABLE event DISABLE TRIGGER ALL")
        for statement in statements:
            connection.exec_driver_sql(statement)


def history(made: Container, case: str) -> list[dict[str, object]]:
    query = f"SELECT seq, hash, prev, leaf_index, data FROM event WHERE case_id = '{case}' ORDER BY seq"
    with made.database.reading() as connection:
        return [dict(row) for row in connection.exec_driver_sql(query).mappings()]


def named(found: Sound) -> set[tuple[str, int, str]]:
    return {(fault.case, fault.seq, fault.code) for fault in found.faults}


def classes(found: Sound) -> set[str]:
    return {fault.code for fault in found.faults}


def test_a_log_as_it_grew_is_in_its_tree(made: Container) -> None:
    found = made.tree_check.of()

    assert (found.found, found.faults) == (0, ())
    assert found.events == made.tiles.size() > 512
    assert found.cases == len(made.views.case_ids()) + 1  # and the journal


def test_a_case_that_was_deleted_from_every_table_is_missing_in_the_tree(made: Container) -> None:
    gone = [event["leaf_index"] for event in history(made, CASE)]
    tampered(made, f"DELETE FROM event WHERE case_id = '{CASE}'", f"DELETE FROM \"case\" WHERE id = '{CASE}'")
    found = made.tree_check.of()

    assert made.soundness.of().is_sound
    assert {("log", index, "leaf_missing") for index in gone} <= named(found)
    assert classes(found) == {"leaf_missing", "heads"}


def test_a_tail_that_was_cut_with_the_row_fitted_is_missing_in_the_tree(made: Container) -> None:
    *_, before, last = history(made, CASE)
    tampered(
        made,
        f"DELETE FROM event WHERE case_id = '{CASE}' AND seq = {last['seq']}",
        f"UPDATE \"case\" SET seq = {before['seq']}, head = '{before['hash']}' WHERE id = '{CASE}'",
    )
    found = made.tree_check.of()

    assert made.soundness.of().is_sound
    assert ("log", last["leaf_index"], "leaf_missing") in named(found)
    assert classes(found) == {"leaf_missing", "heads"}


def test_the_last_leaf_of_all_is_missed_too(made: Container) -> None:
    size = made.tiles.size()
    tampered(made, f"DELETE FROM event WHERE leaf_index = {size - 1}")

    assert ("log", size - 1, "leaf_missing") in named(made.tree_check.of())
    assert "root" in classes(made.tree_check.of())


def test_a_history_that_was_rewritten_and_hashed_again_with_its_row_has_other_leaves(made: Container) -> None:
    statements, prev = [], ""
    for event in history(made, CASE):
        body = canonical.decode(event["data"])  # type: ignore[arg-type]
        body |= {"command": "forged"} if event["seq"] == 2 else {}
        body |= {"prev": prev} if prev else {}
        data = canonical.encode(body)
        prev_column, prev = body["prev"], canonical.leaf_hash(data)
        blob = f"x'{data.hex()}'" if made.database.is_sqlite else f"'\\x{data.hex()}'"
        statements.append(
            f"UPDATE event SET data = {blob}, hash = '{prev}', prev = '{prev_column}', command = '{body['command']}'"
            f" WHERE case_id = '{CASE}' AND seq = {event['seq']}"
        )
    tampered(made, *statements, f"UPDATE \"case\" SET head = '{prev}' WHERE id = '{CASE}'")
    found = made.tree_check.of()

    assert made.soundness.of().is_sound
    assert {(CASE, seq, "leaf") for seq in range(2, len(statements) + 1)} <= named(found)
    assert (CASE, 1, "leaf") not in named(found)


def test_two_events_that_changed_their_places_in_the_tree_are_named(made: Container) -> None:
    first, second = history(made, CASE)[0], history(made, CASE)[2]
    where = f"WHERE case_id = '{CASE}' AND seq ="
    tampered(
        made,
        f"UPDATE event SET leaf_index = -1 {where} 1",
        f"UPDATE event SET leaf_index = {first['leaf_index']} {where} 3",
        f"UPDATE event SET leaf_index = {second['leaf_index']} {where} 1",
    )
    found = named(made.tree_check.of())

    assert made.soundness.of().is_sound
    assert {(CASE, 1, "leaf"), (CASE, 3, "leaf"), (CASE, 3, "leaf_order")} <= found
    assert {case for case, _, code in found if code.startswith("leaf")} == {CASE}


def test_an_event_that_was_put_beside_the_tree_is_not_in_it(made: Container) -> None:
    tampered(made, f"UPDATE event SET leaf_index = 99999 WHERE case_id = '{CASE}' AND seq = 2")
    found = named(made.tree_check.of())

    assert {(CASE, 2, "leaf_unknown"), (CASE, 3, "leaf_order")} <= found


@pytest.mark.parametrize(("level", "code"), [(0, "leaf"), (1, "tile_root")])
def test_a_byte_of_a_tile_is_missed(made: Container, level: int, code: str) -> None:
    data = bytearray(made.tiles.tile(level, 0))
    data[5] ^= 1
    blob = f"x'{data.hex()}'" if made.database.is_sqlite else f"'\\x{data.hex()}'"
    tampered(made, f"UPDATE tile SET data = {blob} WHERE level = {level} AND n = 0")

    assert {code, "tile_root"} <= classes(made.tree_check.of())


def test_a_tree_that_was_grown_anew_is_not_what_the_file_of_checkpoints_signed(made: Container) -> None:
    """Everything in the database fits: leaves, tiles, no checkpoint. The file beside it remembers."""
    tampered(
        made,
        "DELETE FROM checkpoint",
        "DELETE FROM tile",
        f"DELETE FROM event WHERE case_id = '{CASE}'",
        f"DELETE FROM \"case\" WHERE id = '{CASE}'",
        "UPDATE event SET leaf_index = NULL",
    )
    made.integrator.catch_up(NOW)

    assert "root" in classes(made.tree_check.of())

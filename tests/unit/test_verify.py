"""The verifier's parts, each beside the engine's own or against what somebody might try on it."""

from __future__ import annotations

import ast
import json
import re
import sys
import zipfile
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random

import pytest

from adapters.evidence import verify as verifier
from adapters.evidence.bundle import Index, Row, digests, manifest_of, static_members
from adapters.evidence.bundle import members as members_of
from adapters.evidence.levels import verify_all
from adapters.evidence.verify import Event, Tree, Undecided, canonical, columns, opened, parse_note, verify
from engine import canonical as profile
from engine import notes
from engine.audit.journal import JOURNAL, EntryType
from engine.tree import needed_nodes, node_hash, root_of
from tests.support.memory_log import Levels, MemoryLog, a_key, random_log, row_of

VECTORS = Path(__file__).parents[1] / "vectors"
SOON, LATE = datetime(2026, 3, 1, tzinfo=UTC), datetime(2026, 5, 1, tzinfo=UTC)
HISTORIES = sorted((VECTORS / "histories").glob("*.jsonl"))


def test_it_imports_the_standard_library_only() -> None:
    tree = ast.parse(Path(verifier.__file__).read_text("utf-8"))
    imported = {
        name.split(".")[0]
        for node in ast.walk(tree)
        if isinstance(node, ast.Import | ast.ImportFrom)
        for name in (
            [node.module or ""] if isinstance(node, ast.ImportFrom) else [a.name for a in node.names]
        )
    }
    assert imported <= set(sys.stdlib_module_names)


# The tree


@pytest.mark.parametrize("size", [1, 2, 3, 7, 8, 21, 64, 100])
def test_roots_of_several_sizes_from_a_few_leaves_are_those_of_the_whole_tree(size: int) -> None:
    random = Random(size)
    leaves = [random.randbytes(32) for _ in range(size)]
    for _ in range(20):
        some = sorted(random.sample(range(size), random.randint(0, min(size, 6))))
        sizes = sorted({size, *random.choices(range(1, size + 1), k=2)})
        nodes = {f"{level}:{n}": h.hex() for (level, n), h in Levels(leaves).nodes(some, sizes).items()}

        tree = Tree({i: leaves[i] for i in some}, nodes)

        assert [tree.root(each) for each in sizes] == [root_of(leaves[:each]) for each in sizes]


def test_a_missing_leaf_is_named_by_its_index() -> None:
    leaves = [bytes([n]) * 32 for n in range(4)]
    with pytest.raises(LookupError, match="2"):
        Tree({0: leaves[0], 1: leaves[1], 3: leaves[3]}, {}).root(4)


def test_a_node_given_over_a_leaf_is_not_believed() -> None:
    leaves = [bytes([n]) * 32 for n in range(4)]
    hiding = {"1:0": node_hash(leaves[0], leaves[1]).hex(), "1:1": node_hash(leaves[2], leaves[3]).hex()}

    with pytest.raises(LookupError):
        Tree({0: b"another leaf".ljust(32)}, hiding).root(4)


def test_nodes_that_lie_under_each_other_are_refused() -> None:
    with pytest.raises(ValueError, match="覆盖"):
        Tree({}, {"1:0": "00" * 32, "0:1": "11" * 32})


def test_the_nodes_of_a_bundle_are_those_that_are_needed_and_no_other() -> None:
    members = random_log(1).bundle()
    given = {tuple(map(int, name.split(":"))) for name in json.loads(members["nodes.json"])}
    indices = [
        json.loads(line)["leaf_index"]
        for name in members
        if name.startswith("columns/")
        for line in members[name].splitlines()
    ]
    texts = [members["checkpoint"].decode(), *verifier.notes_in(members["checkpoints.txt"].decode())]
    assert given == needed_nodes(indices, [notes.parse_checkpoint(text).size for text in texts])


# Bytes


@pytest.mark.parametrize("path", HISTORIES, ids=lambda path: path.stem)
def test_events_of_every_release_are_canonical_and_their_columns_those_of_the_writer(path: Path) -> None:
    for data in path.read_bytes().splitlines():
        body = canonical(data)
        assert body == profile.decode(data)
        row = row_of(data)._asdict()
        wanted = {name: row[name] for name in row if name not in ("data", "leaf", "leaf_index")}
        assert columns(Event(data, verifier.leaf_hash(data), body, None), row["case_id"]) == wanted


@pytest.mark.parametrize(
    "data",
    [
        b'{"a":1.0}',
        b'{"a":1e3}',
        b'{"a":NaN}',
        b'{"b":1,"a":2}',
        b'{"a": 1}',
        b'{"a":1,"a":1}',
        b'{"a":"\\u00e9"}',
        b'{"a":"\\ud800"}',
        b'{"a":"\xff"}',
        b"[1]",
        b"",
        b"[" * 100_000,
    ],
)
def test_what_is_not_the_one_spelling_of_an_object_is_no_event(data: bytes) -> None:
    assert canonical(data) is None


def test_text_that_spells_an_escape_is_plain_text() -> None:
    data = profile.encode({"text": "写作 \\u0000 的文字\n\t\x1f\x7f"})
    assert canonical(data) == profile.decode(data)


# Notes


def test_notes_are_read_as_the_log_writes_them() -> None:
    log, witness = a_key(1), a_key(2, "witness.example", notes.COSIGNATURE)
    text = notes.Checkpoint("示例", 7, bytes(range(32))).text
    note = notes.signed(text, log)
    note = notes.cosigned(note, notes.cosignature_line(text, witness, 1_790_000_000))
    keys = [verifier.parse_key(key.vkey) for key in (log, witness)]

    read = parse_note(note, keys)

    assert (read.origin, read.size, read.root) == ("示例", 7, bytes(range(32)))
    assert [verifier.vkey(key) for key in read.signers] == [log.vkey, witness.vkey]
    assert [key.name for key in parse_note(note.replace("\n7\n", "\n8\n"), keys).broken] == [
        log.name,
        witness.name,
    ]


def test_a_witness_cannot_be_had_by_a_signature_of_a_log() -> None:
    key = a_key(3)
    as_witness = a_key(3, key.name, notes.COSIGNATURE)
    note = notes.signed(notes.Checkpoint("示例", 7, bytes(32)).text, key)

    assert parse_note(note, [verifier.parse_key(as_witness.vkey)]).signers == ()


# Keys that were retired


def test_a_key_that_was_rotated_in_order_raises_no_alarm_and_one_that_signs_on_does() -> None:
    log = random_log(6)
    old, new = log.key, a_key(60, log.key.name)
    retired = {"key_id": old.key_id.hex(), "name": old.name, "reason": "示例"}
    log.append(EntryType.KEY_RETIRED, retired, log.now)
    added = {"algorithm": "ed25519", "name": new.name, "use": "log", "vkey": new.vkey}
    log.append(EntryType.KEY_ADDED, added, log.now)
    log.keys.append({"name": new.name, "use": "log", "vkey": new.vkey})
    stale = log.copy()
    log.key = new

    assert verify(log.bundle()).exit == 0
    assert [f.kind for f in verify(stale.bundle()).ranked()] == ["retired_key"]


# What somebody might try on the verifier


def test_a_line_beyond_the_end_of_the_manifest_is_not_believed() -> None:
    members = random_log(7).bundle()
    (manifest,) = json.loads(members["heads.json"])
    case = next(iter(manifest["lines"]))
    manifest["lines"]["999900000019"] = [manifest["cases"] + 1, *manifest["lines"][case][1:]]
    members["heads.json"] = profile.encode([manifest])

    assert "manifest_broken" in [finding.kind for finding in verify(members).findings]


def test_a_bundle_without_the_manifest_of_its_export_is_not_whole() -> None:
    members = random_log(7).bundle() | {"heads.json": b"[]"}

    assert verify(members).exit == 1


def test_a_bundle_of_the_whole_log_that_omits_a_case_is_found_although_a_node_stands_for_its_leaves() -> None:
    log = random_log(3)
    parts = log.parts(sorted(log.ends)[1:])
    index = replace(parts.index, scope={"kind": "whole"})
    log.append(EntryType.CASES_READ, {"what": "bundle", "cases": 1, "digest": index.digest}, log.now)
    log.integrate()
    again = log.resigned(parts, index)

    report = verify(dict(members_of(again)))

    assert [finding.kind for finding in report.ranked()] == ["case_deleted"]


def test_a_manifest_line_of_a_case_that_the_directory_does_not_name_is_a_case_taken_out() -> None:
    log = random_log(3)
    parts = log.parts(sorted(log.ends)[1:])
    seq = parts.manifests[0]["entry"]
    heads = log.heads_at(parts.index.size)
    manifest = manifest_of(heads, sorted(log.ends), entry=seq, size=parts.index.size)

    report = verify(dict(members_of(replace(parts, manifests=[manifest]))))

    assert [finding.kind for finding in report.ranked()] == ["case_deleted"]


@pytest.mark.parametrize("kind", ["rules.published", "key.added", "heads.listed", "log.opened"])
def test_an_entry_of_the_journal_cannot_be_replaced_by_its_hash(kind: str) -> None:
    members = without_entries(random_log(5).bundle(), kind)

    assert {finding.kind for finding in verify(members).ranked()} & {"event_deleted", "tail_cut"}


def test_the_retirement_of_a_key_cannot_be_hidden() -> None:
    log = random_log(6)
    new = a_key(60, log.key.name)
    retired = {"key_id": log.key.key_id.hex(), "name": log.key.name, "reason": "示例"}
    log.append(EntryType.KEY_RETIRED, retired, log.now)
    added = {"algorithm": "ed25519", "name": new.name, "use": "log", "vkey": new.vkey}
    log.append(EntryType.KEY_ADDED, added, log.now)
    log.keys.append({"name": new.name, "use": "log", "vkey": new.vkey})

    report = verify(without_entries(log.bundle([min(log.ends)]), "key.retired"))

    assert report.ranked()[0].kind == "event_deleted"


def without_entries(members: dict[str, bytes], kind: str) -> dict[str, bytes]:
    """Entries of this type taken out, their leaves stood in for by nodes."""
    nodes, kept = json.loads(members["nodes.json"]), []
    lines = [members[f"{folder}/journal.jsonl"].splitlines() for folder in ("events", "columns")]
    for event, row in zip(*lines, strict=True):
        if json.loads(event)["type"] == kind:
            nodes[f"0:{json.loads(row)['leaf_index']}"] = verifier.leaf_hash(event).hex()
        else:
            kept.append((event + b"\n", row + b"\n"))
    events, rows = (b"".join(column) for column in zip(*kept, strict=True))
    return members | {
        "nodes.json": profile.encode(nodes),
        "events/journal.jsonl": events,
        "columns/journal.jsonl": rows,
    }


@pytest.mark.parametrize("earlier", [slice(0), slice(1), slice(1, None)])
def test_an_earlier_note_cannot_be_taken_out(earlier: slice) -> None:
    members = random_log(7).bundle()
    texts = verifier.notes_in(members["checkpoints.txt"].decode())
    members["checkpoints.txt"] = "\n".join(texts[earlier]).encode()

    assert [finding.kind for finding in verify(members).ranked()] == ["member_changed"]


def test_where_no_organisation_of_the_day_is_known_authority_is_not_decided() -> None:
    log = random_log(4)
    log.rows, rows = [], [row for row in log.rows if b'"kind":"organisation"' not in row.data]
    log.tiles.clear()
    log.notes.clear()
    relinked(log, rows)

    report = verify_all(log.bundle())

    assert (report.exit, report.findings) == (2, [])
    assert "没有当时的组织机构" in report.undecided[0]


def relinked(log: MemoryLog, rows: list[Row]) -> None:
    """A log with these rows, as if there had never been others."""
    for row in rows:
        if row.case_id != JOURNAL:
            log.add(row.data)
        elif row.type != "heads.listed":
            body = profile.decode(row.data)
            log.append(EntryType(row.type), body["data"], profile.parse_instant(body["at"]))


# What comes from elsewhere


@pytest.mark.parametrize("text", [b"", b"garbage", b"\xff\xfe", b"\n\n", b"log.example+00000000+AAAA\n"])
def test_a_file_without_a_checkpoint_or_key_that_can_be_read_decides_nothing(
    tmp_path: Path, text: bytes
) -> None:
    bundle, kept = tmp_path / "bundle.zip", tmp_path / "kept.txt"
    zipped(random_log(7).bundle(), bundle)
    kept.write_bytes(text)

    assert verifier.main([str(bundle), "--checkpoint", str(kept)]) == 2
    assert verifier.main([str(bundle), "--keys", str(kept)]) == 2
    assert verifier.main([str(bundle)]) == 0


@pytest.mark.parametrize("change", [("\n", "\r\n"), ("\n", "  \n"), ("", ""), ("end", "")])
def test_a_kept_checkpoint_is_read_whatever_ends_its_lines(tmp_path: Path, change: tuple[str, str]) -> None:
    note = random_log(7).bundle()["checkpoint"].decode()
    text = note.rstrip("\n") if change[0] == "end" else note.replace(*change)
    (tmp_path / "kept.txt").write_bytes(text.encode())

    assert verifier.notes_from([tmp_path / "kept.txt"]) == [note]


def zipped(members: dict[str, bytes], path: Path) -> None:
    with zipfile.ZipFile(path, "w") as bundle:
        for name, data in members.items():
            bundle.writestr(name, data)


def test_rules_that_the_directory_does_not_name_are_looked_at_all_the_same() -> None:
    members = random_log(8).bundle() | {f"definitions/{'0' * 64}.yaml": b"workflow: another"}

    assert [finding.kind for finding in verify(members).ranked()] == ["definition_swapped"]


def test_a_zip_with_two_files_of_one_name_decides_nothing(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "two.zip", "w") as bundle:
        bundle.writestr("bundle.json", b"{}")
        with pytest.warns(UserWarning, match="Duplicate"):
            bundle.writestr("bundle.json", b"{}")

    with pytest.raises(Undecided, match="同名"):
        opened(tmp_path / "two.zip")


def test_a_zip_whose_bytes_are_damaged_decides_nothing(tmp_path: Path) -> None:
    path = tmp_path / "damaged.zip"
    with zipfile.ZipFile(path, "w") as bundle:
        for name, data in random_log(7).bundle().items():
            bundle.writestr(name, data)
    path.write_bytes(path.read_bytes().replace(b'"format"', b'"farmat"', 1))

    report = verify(opened(path))

    assert (report.exit, "读不出" in report.undecided[0]) == (2, True)


def test_a_digest_that_somebody_wrote_into_a_comment_names_no_file() -> None:
    digest = "sha256:" + "0" * 64
    assert verifier.files_of({"asked": {"text": f"见 {digest}", "data": {"note": digest}}}) == set()
    assert verifier.files_of({"asked": {"data": {"mixed": [digest, "word"]}}}) == set()
    assert verifier.files_of({"asked": {"text": "", "files": [digest]}}) == {digest}
    assert verifier.files_of({"asked": {"data": {"attachments": [digest]}}}) == {digest}


@pytest.mark.parametrize("name", ["nodes.json", "keys.json", "heads.json", "evidence.json"])
def test_a_member_has_one_spelling_only(name: str) -> None:
    members = random_log(7).bundle([min(random_log(7).ends)])
    for data in (members[name] + b"\n", members[name].replace(b":", b": ", 1), _shouted(members[name])):
        assert data == members[name] or verify(members | {name: data}).exit == 1


def _shouted(data: bytes) -> bytes:
    """Hexadecimal digits in upper case."""
    return re.sub(rb"[0-9a-f]{64}", lambda found: found[0].upper(), data)


def test_a_row_beside_no_event_is_noticed() -> None:
    members = random_log(7).bundle()
    for name in [name for name in members if name.startswith("columns/")]:
        assert verify(members | {name: members[name] + b'{"seq":99}\n'}).exit == 1
        assert verify(members | {name: members[name] + b"\n"}).exit == 1


DEEP = b"[" * 200_000 + b"]" * 200_000


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("nodes.json", DEEP),
        ("keys.json", DEEP),
        ("evidence.json", DEEP),
        ("checkpoints.txt", b"a" * 1_000_000),
    ],
)
def test_what_would_exhaust_the_verifier_is_no_crash(tmp_path: Path, name: str, data: bytes) -> None:
    zipped(random_log(7).bundle() | {name: data}, tmp_path / "bundle.zip")

    assert verifier.main([str(tmp_path / "bundle.zip")]) in (1, 2)


def test_a_checkpoint_of_a_size_that_no_tree_can_have_is_no_crash() -> None:
    members = random_log(7).bundle()
    origin, _, *rest = members["checkpoint"].decode().split("\n")
    members["checkpoint"] = "\n".join([origin, "9" * 5_000, *rest]).encode()

    assert [finding.kind for finding in verify(members).findings] == ["signature_broken"]


def test_a_zip_that_unpacks_to_much_more_than_it_holds_is_not_read(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "bomb.zip", "w", zipfile.ZIP_DEFLATED) as bundle:
        bundle.writestr("bundle.json", b"{}")
        bundle.writestr("events/journal.jsonl", bytes(100 << 20))

    with pytest.raises(Undecided, match="过大"):
        opened(tmp_path / "bomb.zip")


def test_one_bit_of_a_zip_never_crashes_the_verifier(tmp_path: Path) -> None:
    zipped(random_log(7, cases=1, steps=3).bundle(), tmp_path / "good.zip")
    good, random = (tmp_path / "good.zip").read_bytes(), Random(1)
    for _ in range(40):
        at = random.choice([random.randrange(len(good)), len(good) - random.randrange(1, 1500)])
        (tmp_path / "bad.zip").write_bytes(
            good[:at] + bytes([good[at] ^ 1 << random.randrange(8)]) + good[at + 1 :]
        )

        assert verifier.main([str(tmp_path / "bad.zip")]) in (0, 1, 2)


def test_one_entry_of_a_clock_that_ran_ahead_does_not_make_later_cases_backdated() -> None:
    log = random_log(5)
    log.append(EntryType.LOG_RESTORED, {"from": "示例", "size": 1, "root": ""}, log.now + timedelta(days=60))

    assert verify(log.bundle()).exit == 0
    assert list(verifier.backdated([(0, LATE, "journal", 1), (1, SOON, "202600000015", 1)])) == []
    assert [f.seq for f in verifier.backdated([(0, LATE, "1", 1), (1, SOON, "2", 9)])] == [9]


@pytest.mark.parametrize("more", [b"{}", b"\n", b"{}\n", b'{"a":1}\r\n'])
def test_nothing_that_stands_after_the_last_event_is_left_unread(more: bytes) -> None:
    members = random_log(7).bundle()
    for name in [name for name in members if name.startswith("events/")]:
        report = verify(members | {name: members[name] + more})

        assert (report.exit, report.ranked()[0].case) == (1, name[7:-6])


def test_the_digest_of_the_histories_does_not_depend_on_when_they_were_exported() -> None:
    log = random_log(9)
    first, second = verify(log.bundle()), verify(log.bundle())

    assert first.facts["size"] < second.facts["size"]
    assert first.facts["digest"] == second.facts["digest"]


def test_the_directory_names_every_file_that_never_changes() -> None:
    static = static_members({"definitions/x.yaml": b"x"})
    index = Index(
        log="示例", scope={}, purpose="", made_at="", size=1, cases={}, journal={}, members=digests(static)
    )
    assert sorted(profile.decode(index.data)["members"]) == ["README.txt", "definitions/x.yaml", "verify.py"]

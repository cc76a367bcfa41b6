"""`bihuan audit key|checkpoint|proof|log`: the evidence log, for whoever runs it."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from adapters.bootstrap import Container
from adapters.evidence.keys import TrustedKey, verifier_of
from adapters.evidence.witness import Advance, advance_text
from api.commands.opening import container, operator
from api.commands.output import AsJson, answer, columns, row, table
from engine import notes, tree
from engine.canonical import instant, leaf_hash
from engine.case import CaseId
from engine.errors import BihuanError

key_app = typer.Typer(no_args_is_help=True, help="The keys of the log and of its witnesses (公钥).")
checkpoint_app = typer.Typer(no_args_is_help=True, help="Signed checkpoints of the log (检查点).")
log_app = typer.Typer(no_args_is_help=True, help="The log itself: how it stands, and that it was restored.")


class NothingSigned(BihuanError):
    """Raised when the log has no checkpoint yet."""

    code, kind = "nothing_signed", "missing"


class BadProof(BihuanError):
    """Raised when neither an event is named nor a whole proof to check."""

    code, kind = "bad_proof", "invalid"


# Keys


@key_app.command("list")
def list_keys(as_json: AsJson = False) -> None:
    """Every key that the journal names, retired ones too. Give the vkey of the log to auditors and witnesses on paper."""
    with container() as made:
        keys = [_key(key) for key in made.keys.known()]
    answer({"keys": keys}, as_json, lambda console: _show_keys(console, keys))


@key_app.command()
def rotate(
    reason: Annotated[str, typer.Option(help="Kept in the journal.")],
    as_json: AsJson = False,
) -> None:
    """A new key for the log. What the old one signed stays signed; its file is kept beside the new one."""
    with container() as made:
        key = _key(made.keys.rotate(made.now(), actor=operator(), reason=reason))
    answer(key, as_json, lambda console: console.print(key["vkey"]))


@key_app.command()
def trust(
    vkey: Annotated[str, typer.Argument(help="The public key of a witness, as it prints it.")],
    as_json: AsJson = False,
) -> None:
    """Accept cosignatures of this witness from now on."""
    with container() as made:
        key = _key(made.keys.trust(vkey, made.now(), actor=operator()))
    answer(key, as_json, lambda console: console.print(f"{key['name']} is a witness of this log"))


@key_app.command()
def distrust(
    vkey: Annotated[str, typer.Argument(help="The public key of a witness.")],
    reason: Annotated[str, typer.Option(help="Kept in the journal.")],
    as_json: AsJson = False,
) -> None:
    """Accept nothing more from this witness. What it signed stays."""
    with container() as made:
        made.keys.distrust(vkey, made.now(), actor=operator(), reason=reason)
    answer({"vkey": vkey}, as_json, lambda console: console.print("done"))


# Checkpoints


@checkpoint_app.command()
def show(
    since: Annotated[
        int | None,
        typer.Option(min=0, help="With the proof that the log only grew since it had so many events."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Print the last checkpoint as it is signed. With --since, what a witness reads from a file."""
    with container() as made:
        checkpoint, note = _latest(made)
        text = note
        if since is not None:
            text = advance_text(Advance(since, tuple(made.proofs.consistency(since, checkpoint.size)), note))
    data = {"origin": checkpoint.origin, "root": checkpoint.root.hex(), "size": checkpoint.size, "note": text}
    answer(data, as_json, lambda console: _print(text))


@checkpoint_app.command()
def sign(as_json: AsJson = False) -> None:
    """Bring every event into the tree and sign now, without waiting for the sweeper."""
    with container() as made:
        now = made.now()
        added = made.integrator.catch_up(now)
        made.checkpoints.sign(now, force=True)
        checkpoint, note = _latest(made)
    answer({"added": added, "size": checkpoint.size, "note": note}, as_json, lambda console: _print(note))


@checkpoint_app.command()
def add(
    file: Annotated[
        Path, typer.Argument(help="A checkpoint that a witness has cosigned; - reads from a pipe.")
    ],
    as_json: AsJson = False,
) -> None:
    """Keep what a witness has signed."""
    note = sys.stdin.read() if str(file) == "-" else file.read_text("utf-8")
    with container() as made:
        names = made.checkpoints.add_cosignatures(note)
    answer({"witnesses": names}, as_json, lambda console: console.print(f"cosigned by {', '.join(names)}"))


# Proofs


def proof(
    case: Annotated[str, typer.Argument(help="The number of a case, or journal.")] = "",
    seq: Annotated[int, typer.Argument(min=0, help="Which of its events.")] = 0,
    *,
    verify: Annotated[
        Path | None, typer.Option(help="Check this proof instead; needs --event and --keys, no database.")
    ] = None,
    event: Annotated[Path | None, typer.Option(help="The exact bytes of the event, one line.")] = None,
    keys: Annotated[Path | None, typer.Option(help="Public keys (vkey) that you trust, one a line.")] = None,
    as_json: AsJson = False,
) -> None:
    """Print the proof that an event is in the log (C2SP tlog-proof), or check one. Exit code 1 if it proves nothing."""
    if verify and event and keys and not case:
        _verified(verify, event, keys, as_json)
        return
    if verify or event or keys or not case or not seq:
        raise BadProof("写编号和序号，或 --verify、--event、--keys 三项", hint="bihuan audit proof --help")
    with container() as made:
        index, text = made.proofs.index(CaseId(case), seq), made.proofs.tlog_proof(CaseId(case), seq)
    answer({"case": case, "index": index, "proof": text, "seq": seq}, as_json, lambda console: _print(text))


def _verified(proof: Path, event: Path, keys: Path, as_json: bool) -> None:
    """Errors: `engine.notes.Malformed`, `engine.notes.Unsigned`."""
    found = notes.parse_proof(proof.read_text("utf-8"))
    trusted = [verifier_of(line) for line in keys.read_text("utf-8").split("\n") if line.strip()]
    signed_by = notes.opened(found.note, trusted).signed_by
    checkpoint, data = notes.parse_checkpoint(found.note), event.read_bytes().removesuffix(b"\n")
    leaf = bytes.fromhex(leaf_hash(data))
    is_in = tree.includes(leaf, found.index, checkpoint.size, found.path, checkpoint.root)
    told = {"index": found.index, "is_in": is_in, "origin": checkpoint.origin, "signed_by": list(signed_by)}
    words = f"{'在' if is_in else '不在'}日志 {checkpoint.origin} 的第 {found.index} 片叶（从0数）"
    answer(
        {**told, "size": checkpoint.size},
        as_json,
        lambda console: console.print(f"{words}，检查点 {checkpoint.size}，签名：{'、'.join(signed_by)}"),
    )
    if not is_in:
        raise typer.Exit(1)


# The log


@log_app.command()
def status(as_json: AsJson = False) -> None:
    """How the log stands. Exit code 1 if it is behind, may not be signed, or does not continue what was signed."""
    with container() as made:
        data = _status(made)
    answer(data, as_json, lambda console: _show_status(console, data))
    if data["faults"]:
        raise typer.Exit(1)


@log_app.command()
def restored(
    source: Annotated[
        str, typer.Option("--from", help="Which backup: its day or name; kept in the journal.")
    ],
    as_json: AsJson = False,
) -> None:
    """Say that the database was restored from a backup, so that checkpoints are signed again.

    The file of checkpoints is kept aside. Whoever holds a checkpoint of what was lost will see it, and should be told.
    """
    with container() as made:
        now = made.now()
        made.integrator.catch_up(now)
        entry = made.checkpoints.acknowledge(now, actor=operator(), source=source)
    data = {"restored": entry is not None, "seq": entry.seq if entry else None}
    words = "written into the journal; signing goes on" if entry else "nothing was lost: nothing to say"
    answer(data, as_json, lambda console: console.print(words))


def _latest(made: Container) -> tuple[Any, str]:
    found = made.checkpoints.latest()
    if found is None:
        raise NothingSigned("还没有签发检查点", hint="bihuan audit checkpoint sign")
    return found


def _key(key: TrustedKey) -> dict[str, str]:
    return {"name": key.name, "vkey": key.vkey, "use": key.use, "since": key.since, "retired": key.retired}


def _status(made: Container) -> dict[str, Any]:
    now, latest = made.now(), made.checkpoints.latest()
    delay = made.integrator.delay(now)
    late = [f"{int(delay)} seconds behind: is a worker running?"] if delay > 60 else []
    faults = [*late, *filter(None, (made.keys.fault(), made.checkpoints.fault()))]
    return {
        "at": instant(now),
        "checkpoint": {"size": latest[0].size, "root": latest[0].root.hex()} if latest else None,
        "faults": faults,
        "remarks": [*filter(None, (made.keys.remark(), made.checkpoints.remark()))],
        "log": made.journal.log,
        "merge_delay_seconds": delay,
        "suite": made.journal.suite(),
        "tree_size": made.tiles.size(),
    }


def _show_status(console: Console, data: dict[str, Any]) -> None:
    checkpoint = data["checkpoint"]
    signed = f"{checkpoint['size']} events, root {checkpoint['root']}" if checkpoint else "none yet"
    rows = [
        ("log", data["log"]),
        ("suite", data["suite"]),
        ("tree", f"{data['tree_size']} events, {data['merge_delay_seconds']:.0f} s behind"),
        ("checkpoint", signed),
    ]
    console.print(columns(rows))
    for fault in data["faults"]:
        console.print(fault, style="red")
    for remark in data["remarks"]:
        console.print(remark, style="yellow")


def _show_keys(console: Console, keys: list[dict[str, str]]) -> None:
    shown = table("use", "since", "retired", "vkey")
    for key in keys:
        row(shown, key["use"], key["since"], key["retired"], key["vkey"])
    console.print(shown)


def _print(text: str) -> None:
    """Byte for byte: a signed text must not be wrapped or coloured."""
    sys.stdout.write(text)

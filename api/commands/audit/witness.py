"""`bihuan audit witness`: the next level up, on a machine of its own. It needs no database, only its key and its memory."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from adapters.clock import system_now
from adapters.evidence.witness import (
    Advance,
    Witness,
    fetched,
    parse_advance,
    seen_by,
    send,
    witness_key,
)
from api.commands.output import AsJson, answer, row, table
from engine import notes

app = typer.Typer(
    no_args_is_help=True,
    help="Watch over the log of another office: check that it only grew, and cosign (见证).",
)

KEY, STATE = Path("var/witness/key.pem"), Path("var/witness/state.json")

TheKey = Annotated[Path, typer.Option("--key", help="The witness's private key; made by `witness key`.")]
TheState = Annotated[Path, typer.Option("--state", help="What the witness saw last. Never lose it.")]


@app.command()
def key(
    name: Annotated[
        str, typer.Option(help="Of the witness, as a web address: hefei.example.gov.cn/witness.")
    ] = "",
    file: TheKey = KEY,
    as_json: AsJson = False,
) -> None:
    """Make the witness's key, or show it. The log's operator registers the vkey with `bihuan audit key trust`."""
    vkey = witness_key(file, name).vkey
    answer({"vkey": vkey}, as_json, lambda console: console.print(vkey, soft_wrap=True))


@app.command()
def cosign(
    source: Annotated[
        str,
        typer.Argument(
            help="The address of the log, https://HOST/api/v1/log, or a file of `checkpoint show --since`."
        ),
    ],
    log: Annotated[
        list[str], typer.Option("--log", help="The vkey of the log, known from paper and not from the log.")
    ],
    *,
    out: Annotated[Path | None, typer.Option(help="Write the cosigned checkpoint here.")] = None,
    file: TheKey = KEY,
    state: TheState = STATE,
    as_json: AsJson = False,
) -> None:
    """Check that the log only grew since the last time, remember what it says now, and cosign.

    From an address the cosigned checkpoint goes back to the log; from a file it is printed, or written to --out. Refused, with
    exit code 2, where the log went back, shows two trees or proves nothing: then keep both checkpoints, they are the evidence.
    """
    witness = Witness(witness_key(file), state, log)
    is_address = source.startswith(("http://", "https://"))
    advance = fetched(source.rstrip("/"), witness) if is_address else _from_file(source)
    note = notes.cosigned(advance.note, witness.cosign(advance, system_now()))
    if is_address:
        send(source.rstrip("/"), note)
    if out:
        out.write_text(note, encoding="utf-8")
    found = notes.parse_checkpoint(note)
    data = {"note": note, "old": advance.old, "origin": found.origin, "size": found.size}
    words = f"{found.origin}: {advance.old} to {found.size} events, cosigned"
    answer(data, as_json, lambda console: _say(console, words, note, printed=not (is_address or out)))


@app.command()
def seen(state: TheState = STATE, as_json: AsJson = False) -> None:
    """What the witness saw last of each log."""
    logs = [
        {"origin": origin, "root": each.root.hex(), "size": each.size}
        for origin, each in sorted(seen_by(state).items())
    ]
    answer({"logs": logs}, as_json, lambda console: _show(console, logs))


def _from_file(source: str) -> Advance:
    return parse_advance(sys.stdin.read() if source == "-" else Path(source).read_text("utf-8"))


def _say(console: Console, words: str, note: str, *, printed: bool) -> None:
    if printed:
        sys.stdout.write(note)
    else:
        console.print(words)


def _show(console: Console, logs: list[dict[str, object]]) -> None:
    shown = table("log", "events", "root")
    for each in logs:
        row(shown, each["origin"], each["size"], each["root"])
    console.print(shown)

"""The journal: what happened to the log itself, in the same bytes, the same chain and the same tree as the events of cases.

The journal is the history of the case id `JOURNAL`, which no case can have (case numbers are digits). Its entries are decided by
nobody and replayed by nobody; chain, tree and signatures hold them as they hold any event. An entry:

    {"actor": {"id", "kind"}, "at", "case": "journal", "data": {...}, "log", "prev", "salt", "seq", "type", "v": 1}

`salt` is 16 random bytes in hexadecimal: what an entry says could often be guessed, and its leaf hash must not confirm the guess.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

from engine import canonical
from engine.case import CaseId

__all__ = ["JOURNAL", "Entry", "EntryType", "entry"]

JOURNAL: Final = CaseId("journal")
ENTRY_VERSION: Final = 1


class EntryType(StrEnum):
    """What an entry is about, and what its `data` hold."""

    LOG_OPENED = "log.opened"  # suite: "sha256"; tree: "rfc6962". Always seq 1
    KEY_ADDED = "key.added"  # name, algorithm, vkey, use: "log" | "witness"
    KEY_RETIRED = "key.retired"  # name, key_id, reason
    HEADS_LISTED = (
        "heads.listed"  # day, size, root, cases, events: the manifest of all cases as of tree size `size`
    )
    RULES_PUBLISHED = (
        "rules.published"  # kind: definition|calendar|organisation|programme, digest, id, version, effective
    )
    VALUES_ERASED = "values.erased"  # case, commitments, reason
    CASES_READ = (
        "cases.read"  # what: bundle|personal|sample|format|report, scope, cases (how many), purpose, digest
    )
    SAMPLE_ANNOUNCED = "sample.announced"  # rule, scope, count, size, population, root, commitment
    SAMPLE_DRAWN = "sample.drawn"  # announced, scope, population, root, seed, seed_case, seed_seq, seed_hash, secret, drawn
    REPLAYED = "replayed"  # cases, events, divergences, since
    LOG_RESTORED = "log.restored"  # from: a backup's moment, size, root


@dataclass(frozen=True, slots=True)
class Entry:
    """A sealed entry: `data` are the hashed bytes, `hash` their leaf hash."""

    seq: int
    type: str
    at: datetime
    actor: str
    data: bytes
    hash: str
    prev: str


def entry(
    type: EntryType,
    data: Mapping[str, Any],
    *,
    actor: Mapping[str, str],
    at: datetime,
    log: str,
    seq: int,
    prev: str,
    salt: bytes,
) -> Entry:
    """Seal the entry that follows the one whose hash is `prev`; for seq 1 that is `canonical.genesis(log, JOURNAL)`.

    Errors: `NotCanonical` if `data` have no place in the byte profile.
    """
    body = canonical.cleaned(
        {
            "actor": dict(actor),
            "at": canonical.instant(at),
            "case": JOURNAL,
            "data": dict(data),
            "log": log,
            "prev": prev,
            "salt": salt.hex(),
            "seq": seq,
            "type": str(type),
            "v": ENTRY_VERSION,
        }
    )
    sealed = canonical.encode(body)
    return Entry(seq, str(type), at, actor["id"], sealed, canonical.leaf_hash(sealed), prev)

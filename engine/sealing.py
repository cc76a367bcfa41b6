"""Personal values leave a command before it is decided: the log gets a salted commitment, the value is stored apart.

Erasing the stored value leaves every hash valid (docs/reference/event-bytes.md).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from engine import canonical
from engine.case import CaseId
from engine.commands import Command, Comment, Import, Open, TakeStep
from engine.definition import Definition
from engine.errors import Blocker, InvalidData
from engine.fields import COMMENT_MAX, REASON_MAX, SEALED, TEXT_MAX
from engine.ports import Entropy, Secret

_MOST: Final = {"text": COMMENT_MAX, "reason": REASON_MAX}


def sealed(definition: Definition, command: Command, entropy: Entropy) -> tuple[Command, list[Secret]]:
    """The command with each personal value replaced by `{"sealed": <commitment>}`, and the values to keep apart."""
    if not isinstance(command, Open | Import | TakeStep):
        return _said(definition, command, entropy)
    personal = [n for n in command.data if n in definition.fields and definition.fields[n].personal]
    if not personal:
        return command, []
    secrets = [_field(definition, command, name, entropy) for name in personal]
    marks: Mapping[str, Any] = {s.field: {SEALED: s.commitment} for s in secrets}
    return replace(command, data={**command.data, **marks}), secrets


def _field(definition: Definition, command: Open | Import | TakeStep, name: str, entropy: Entropy) -> Secret:
    value, spec = command.data[name], definition.fields[name]
    if not isinstance(value, str) or not 0 < len(value) <= (spec.max or TEXT_MAX):
        reason = Blocker(
            "bad_field", f"“{spec.title.zh}”应为 1 至 {spec.max or TEXT_MAX} 字", {"field": name}
        )
        raise InvalidData("填写的内容有误", reasons=[reason])
    return _secret(command.case, name, value, entropy)


def _said(definition: Definition, command: Command, entropy: Entropy) -> tuple[Command, list[Secret]]:
    """What a person wrote beside the fields, where the workflow calls that personal. Blank or too long: left to be refused."""
    kind, name = ("comments", "text") if isinstance(command, Comment) else ("reasons", "reason")
    words = getattr(command, name, "")
    is_personal = kind in definition.personal and command.actor.kind == "person"
    if not is_personal or not isinstance(words, str) or not words.strip() or len(words) > _MOST[name]:
        return command, []
    secret = _secret(command.case, name, words, entropy)
    mark: Any = {name: {SEALED: secret.commitment}}
    return replace(command, **mark), [secret]


def _secret(case: CaseId, name: str, value: str, entropy: Entropy) -> Secret:
    salt, data = entropy(canonical.SALT_BYTES), canonical.encode(value)
    return Secret(case, canonical.commitment(salt, data), name, salt, data)

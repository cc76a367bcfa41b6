"""Personal values leave a command before it is decided: the log gets a salted commitment, the value is stored apart.

Erasing the stored value leaves every hash valid (docs/reference/event-bytes.md).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from engine import canonical
from engine.commands import Command, Import, Open, TakeStep
from engine.definition import Definition
from engine.errors import Blocker, InvalidData
from engine.fields import SEALED, TEXT_MAX
from engine.ports import Entropy, Secret


def sealed(definition: Definition, command: Command, entropy: Entropy) -> tuple[Command, list[Secret]]:
    """The command with each personal value replaced by `{"sealed": <commitment>}`, and the values to keep apart."""
    if not isinstance(command, Open | Import | TakeStep):
        return command, []
    personal = [n for n in command.data if n in definition.fields and definition.fields[n].personal]
    if not personal:
        return command, []
    secrets = [_secret(definition, command, name, entropy) for name in personal]
    marks: Mapping[str, Any] = {s.field: {SEALED: s.commitment} for s in secrets}
    return replace(command, data={**command.data, **marks}), secrets


def _secret(definition: Definition, command: Open | Import | TakeStep, name: str, entropy: Entropy) -> Secret:
    value, spec = command.data[name], definition.fields[name]
    if not isinstance(value, str) or not 0 < len(value) <= (spec.max or TEXT_MAX):
        reason = Blocker(
            "bad_field", f"“{spec.title.zh}”应为 1 至 {spec.max or TEXT_MAX} 字", {"field": name}
        )
        raise InvalidData("填写的内容有误", reasons=[reason])
    salt, data = entropy(canonical.SALT_BYTES), canonical.encode(value)
    return Secret(command.case, canonical.commitment(salt, data), name, salt, data)

"""The workflow language as JSON Schema: for editors, and as the list of words that may stand at a place.

Generated from the model in `definition.py`; the committed copy is `workflows/workflow.schema.json`.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any, Final

from engine.definition import Definition
from engine.vocabulary import Vocabulary

__all__ = ["schema", "schema_text", "vocabulary"]

# Where people may write one thing without its list, or a word for a route: `_ladder` and `_routes` of the model.
_ID_TEXT: Final = {"type": "string", "pattern": r"^[a-z][a-z0-9_]{0,47}$"}
_RUNG: Final = {"$ref": "#/$defs/Rung"}
_SHORT_FORMS: Final = (("Step", "to", _ID_TEXT), ("State", "overdue", _RUNG), ("ClockSpec", "overdue", _RUNG))


@lru_cache(maxsize=1)
def vocabulary() -> Vocabulary:
    """What may stand where in a workflow."""
    document = Definition.model_json_schema(by_alias=True)
    for model, name, short in _SHORT_FORMS:
        properties = document["$defs"][model]["properties"]
        properties[name] = _either(short, properties[name])
    return Vocabulary.of(document)


def schema() -> dict[str, Any]:
    """What editors check while people type. Do not change the answer: it is shared."""
    return vocabulary().document


def schema_text() -> str:
    """The committed spelling."""
    return vocabulary().text


def _either(short: dict[str, Any], full: dict[str, Any]) -> dict[str, Any]:
    kept: dict[str, Any] = {key: full[key] for key in ("title", "description", "default") if key in full}
    return {**kept, "anyOf": [short, {key: value for key, value in full.items() if key not in kept}]}

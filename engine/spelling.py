"""The words that a definition is written in: names, titles, limits and addresses, each with the short form that people write.

Leaves what may be said with them to `definition.py`.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints, WithJsonSchema

from engine.directory import Address, parse_address
from engine.durations import Duration, FixedDate, Offset, parse_duration, parse_limit, parse_offset

Id = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,47}$")]
StepRef = Annotated[str, StringConstraints(pattern=r"^([a-z][a-z0-9_]*\.)?[a-z][a-z0-9_]*$")]
Words = Annotated[str, StringConstraints(min_length=1, max_length=400)]
Cel = Annotated[str, StringConstraints(min_length=1, max_length=500)]

LIMIT_WORDS = "3 working days · 3个工作日 · 4 working hours · 2 months · until 31 January · until quarter end"


class Model(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, arbitrary_types_allowed=True)


class Title(Model):
    """What people read: Chinese always, English if wanted."""

    zh: Words
    en: Words | None = None

    def __str__(self) -> str:
        return self.zh


def _title(value: Any) -> Any:
    return {"zh": value} if isinstance(value, str) else value


_TITLE_SCHEMA = {
    "anyOf": [
        {"type": "string", "minLength": 1, "maxLength": 400},
        {
            "type": "object",
            "properties": {"zh": {"type": "string"}, "en": {"type": "string"}},
            "required": ["zh"],
            "additionalProperties": False,
        },
    ]
}
AnyTitle = Annotated[Title, BeforeValidator(_title), WithJsonSchema(_TITLE_SCHEMA)]


class LimitRef(str):
    """`limits.answer`: the length is looked up in the limits table, in the row that the case's data choose."""

    __slots__ = ()

    @property
    def column(self) -> str:
        return self.removeprefix("limits.")


def _limit(value: Any) -> Any:
    if isinstance(value, str):
        return LimitRef(value) if value.startswith("limits.") else parse_limit(value)
    return value


def _duration(value: Any) -> Any:
    return parse_duration(value) if isinstance(value, str) else value


def _offset(value: Any) -> Any:
    return parse_offset(value) if isinstance(value, str) else value


def _address(value: Any) -> Any:
    return parse_address(value) if isinstance(value, str) else value


def _words(examples: str) -> WithJsonSchema:
    return WithJsonSchema({"type": "string", "description": examples})


Limit = Annotated[
    Duration | FixedDate | LimitRef, BeforeValidator(_limit), _words(LIMIT_WORDS + " · limits.<column>")
]
PlainDuration = Annotated[Duration, BeforeValidator(_duration), _words("1 working day · 1个工作日")]
TableLimit = Annotated[Duration | FixedDate, BeforeValidator(_limit), _words(LIMIT_WORDS)]
Remind = Annotated[
    Offset, BeforeValidator(_offset), _words("2 working days before · 提前2个工作日 · 20% before")
]
To = Annotated[
    Address, BeforeValidator(_address), _words("leader · leader of unit · leader above · leader at top")
]


class Due(Model):
    """A limit in full form: `within` a length, or `until` a day that a field names, but no later than `at_most`.

    `from: same moment` counts n days from this moment and not from the next day. `since` counts from the moment at which
    that step was last taken in this round, and from the entry where it was not.
    """

    within: Limit | None = None
    same_moment: Literal["same moment", "next day"] = Field("next day", alias="from")
    since: StepRef | None = None
    until: Id | None = None
    at_most: Limit | None = None

    @property
    def longest(self) -> Limit:
        """The limit, or the most of it where a date says when it ends."""
        limit = self.within or self.at_most
        if limit is None:
            raise ValueError("a due without a limit")  # refused at load
        return limit


def _due(value: Any) -> Any:
    return {"within": value} if isinstance(value, str) else value


AnyDue = Annotated[
    Due,
    BeforeValidator(_due),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "string", "description": LIMIT_WORDS + " · limits.<column>"},
                {
                    "type": "object",
                    "properties": {
                        "within": {"type": "string"},
                        "from": {"enum": ["same moment", "next day"]},
                        "since": {"type": "string", "description": "the step from whose last time it counts"},
                    },
                    "required": ["within"],
                    "additionalProperties": False,
                },
                {
                    "type": "object",
                    "properties": {
                        "until": {"type": "string", "description": "the date field that says when it ends"},
                        "at_most": {"type": "string", "description": LIMIT_WORDS + " · limits.<column>"},
                    },
                    "required": ["until", "at_most"],
                    "additionalProperties": False,
                },
            ]
        }
    ),
]

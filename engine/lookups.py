"""Look a name of a definition up: nothing where it is declared, else the fault with the name that was probably meant."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from itertools import islice

from engine.definition import Definition, FieldType, RoleOf, step_ref
from engine.directory import Address

__all__ = [
    "Fault",
    "Faults",
    "Path",
    "actors",
    "addresses",
    "field_of",
    "known",
    "named_fields",
    "refs",
    "role",
    "roles",
    "step_refs",
]

Path = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Fault:
    code: str
    message: str
    path: Path
    hint: str = ""


Faults = Iterator[Fault]


def nearest(name: str, declared: Iterable[str]) -> str:
    """The declared name that was probably meant, or nothing. Looks at the first 200: likeness is dear."""
    return next(iter(get_close_matches(name, islice(declared, 200), n=1)), "")


def known(kind: str, zh: str, name: str, declared: Collection[str], path: Path) -> Faults:
    if name in declared:
        return
    near = nearest(name, declared)
    listed = "、".join(list(declared)[:12])
    hint = f"是不是 {near}？" if near else f"可用：{listed}" if listed else f"先声明{zh}"
    yield Fault(f"unknown_{kind}", f"没有这个{zh}：{name}", path, hint)


def roles(definition: Definition, names: Iterable[str], path: Path) -> Faults:
    """Declared roles that people fill: a step and the opening alone may also be the system's (`actors`)."""
    for index, name in enumerate(names):
        yield from role(definition, name, (*path, index))


def role(definition: Definition, name: str, path: Path) -> Faults:
    yield from known("role", "角色", name, definition.roles, path)
    if (spec := definition.roles.get(name)) and spec.of is RoleOf.SYSTEM:
        message = f"{name} 是系统，不能负责、接收通知或者审批"
        yield Fault("role_of_system", message, path, "写由人担任的角色")


def actors(definition: Definition, names: Iterable[str], path: Path) -> Faults:
    for index, name in enumerate(names):
        yield from known("role", "角色", name, definition.roles, (*path, index))


def addresses(definition: Definition, these: Iterable[Address], path: Path) -> Faults:
    yield from roles(definition, (address.role for address in these), path)


def named_fields(definition: Definition, names: Iterable[str], path: Path) -> Faults:
    for index, name in enumerate(names):
        yield from known("field", "字段", name, definition.fields, (*path, index))


def field_of(
    definition: Definition, name: str | None, types: Collection[FieldType], path: Path, *, code: str, zh: str
) -> Faults:
    """The field is declared and of one of these types."""
    if name is None:
        return
    yield from known("field", "字段", name, definition.fields, path)
    if (spec := definition.fields.get(name)) and spec.type not in types:
        yield Fault(code, f"{name} 须是{zh}字段，这里声明为 {spec.type}", path)


def step_refs(definition: Definition) -> dict[str, None]:
    """Every `refer` and `share.finish` of the definition, as an ordered set."""
    return dict.fromkeys(step_ref(chart, step) for chart, _, _, step, _ in definition.steps())


def refs(declared: Mapping[str, None], these: Iterable[str], path: Path) -> Faults:
    for index, ref in enumerate(these):
        if ref in declared:
            continue
        if qualified := next((each for each in declared if each.endswith(f".{ref}")), ""):
            hint = f"并行线里的动作写作 {qualified}"
            yield Fault("unknown_step_ref", f"没有这个动作：{ref}", (*path, index), hint)
        else:
            yield from known("step_ref", "动作", ref, declared, (*path, index))

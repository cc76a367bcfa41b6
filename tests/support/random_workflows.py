"""Small random definitions, sound and unsound, as the mapping that their YAML would be: the same for the same seed."""

from __future__ import annotations

import random
from typing import Any

Document = dict[str, Any]


KEYS = ("one", "two")  # of the lanes


def a_definition(seed: int, *, lanes: bool, case_due: bool = False, dated: bool = False) -> Document:
    """Three to five states in a random net of steps and clocks, and an end; with lanes, two of one type in one state.

    `dated`: some limits count since a step, some end on a day that the opening names.
    """
    dice = random.Random(seed)
    names = [f"s{n}" for n in range(dice.randint(3, 5))]
    states = {name: a_state(dice, name, names) for name in names}
    states["over"] = {"title": "终点", "final": True}
    document: Document = {
        "language": 1,
        "workflow": "random",
        "version": 1,
        "effective": "2018-01-01",
        "title": "随机",
        "roles": {"clerk": {"title": "经办"}, "boss": {"title": "领导", "accountable": True}},
        "fields": {
            "keys": {
                "title": "并行",
                "type": "choices",
                "options": {"one": "甲", "two": "乙"},
                "max": 2,
            },
            "day": {"title": "日期", "type": "date"},
        },
        "opening": {"by": ["clerk"], "needs": ["keys"], "may": ["day"]},
        "start": "s0",
        "states": states,
    }
    if case_due:
        boss = next((n for n, s in states.items() if s.get("owner") == "boss"), "over")
        document["case_due"] = {"within": f"{dice.randint(3, 12)} working days", "to": boss}
    if lanes:
        add_lanes(document, dice, names)
    more = random.Random(f"more/{seed}")
    if more.random() < 0.4:
        add_everywhere(document, more, names)
    if dated:
        add_dates(document, more)
    return document


def steps_of(document: Document, state: str) -> Document:
    """The steps of a state of the case, with those that are written for everywhere."""
    spec, everywhere = document["states"][state], document.get("everywhere", {})
    closed = spec.get("final") or state in everywhere.get("except", ())
    return {**spec.get("steps", {}), **({} if closed else everywhere.get("steps", {}))}


def add_everywhere(document: Document, dice: random.Random, names: list[str]) -> None:
    to = dice.choice([*names, "over", "over"])
    step: Document = {"title": "随处", "by": ["clerk"], "to": to}
    if dice.random() < 0.5:
        step["at_most"] = dice.randint(1, 2)
    spared = [name for name in names if name == to or dice.random() < 0.3]
    document["everywhere"] = {"steps": {"all_0": step}, **({"except": spared} if spared else {})}


def add_dates(document: Document, dice: random.Random) -> None:
    steps = [step for state in document["states"] for step in steps_of(document, state)]
    for state in document["states"].values():
        if "due" in state and steps and dice.random() < 0.4:
            state["due"] = {"within": state["due"], "since": dice.choice(steps)}
        elif "due" in state and dice.random() < 0.3:
            state["due"] = {"until": "day", "at_most": state["due"]}


def a_state(dice: random.Random, name: str, names: list[str]) -> Document:
    others = [n for n in (*names, "over") if n != name]
    boss = dice.random() < 0.3
    stays = {"stay": True, "every": "1 working day", "notify": ["boss"]}
    steps = {}
    for n in range(dice.randint(0, 2)):
        step: Document = {"title": f"动作{n}", "by": ["clerk"], "to": dice.choice(others)}
        if dice.random() < 0.5:
            step["at_most"] = dice.randint(1, 2)
            if dice.random() < 0.5:
                step["then"] = dice.choice(others)
        steps[f"{name}_{n}"] = step
    rung: Document = stays if boss and dice.random() < 0.7 else {"to": dice.choice(others)}
    if not rung.get("stay") and dice.random() < 0.15:
        rung = {"notify": ["boss"]}
    if not rung.get("stay") and dice.random() < 0.3:
        rung["after"] = f"{dice.randint(1, 3)} working days"
    return {
        "title": f"环节{name}",
        "owner": "boss" if boss else "clerk",
        "due": f"{dice.randint(1, 5)} working days",
        "overdue": rung,
        "steps": steps,
    }


def add_lanes(document: Document, dice: random.Random, names: list[str]) -> None:
    host = dice.choice(names[1:])
    then = [{"to": dice.choice([n for n in (*names, "over") if n != host])}]
    missed = dice.choice(["done", "missed"])
    inner = {
        "begun": a_state(dice, "begun", ["begun"]),
        "over": {"title": "完成", "final": True, "outcome": "done"},
        "lost": {"title": "落空", "final": True, "outcome": missed},
    }
    inner["begun"]["overdue"] = dice.choice([{"to": "lost"}, {"notify": ["boss"]}])
    inner["begun"]["steps"] = {"give_up": {"title": "放弃", "by": ["clerk"], "to": "lost"}}
    if dice.random() < 0.7:
        inner["begun"]["steps"]["finish"] = {"title": "完成", "by": ["clerk"], "to": "over"}
    document["lanes"] = {"part": {"title": "分工", "start": "begun", "states": inner}}
    document["states"][host]["parallel"] = {
        "lane": "part",
        "each": "keys",
        "done_when": dice.choice(["all", "any", 2]),
        "then": then,
        "lasts": [n for n in names if n != host and dice.random() < 0.3],
    }
    guarded = dice.choice(names)
    for step in document["states"][guarded]["steps"].values():
        if "then" not in step:
            guard = dice.choice(["lanes.open == 0", "lanes.done > 0", "lanes.missed > lanes.done"])
            step["when"] = [{"check": guard, "else": "条件不符"}]

"""A definition's net as PNML (ISO/IEC 15909-2, place/transition net).

The standard has no final marking and no silent transitions; both are written as ProM writes them, which pm4py and others read.
"""

from __future__ import annotations

from collections.abc import Iterator
from xml.sax.saxutils import escape, quoteattr

from engine.audit.net import Net, Place, Transition

__all__ = ["pnml"]

_GRAMMAR = "http://www.pnml.org/version-2009/grammar"


def pnml(net: Net) -> str:
    return "".join(f"{line}\n" for line in _lines(net))


def _lines(net: Net) -> Iterator[str]:
    yield '<?xml version="1.0" encoding="UTF-8"?>'
    yield f'<pnml xmlns="{_GRAMMAR}/pnml">'
    yield f'<net id={quoteattr(net.id)} type="{_GRAMMAR}/ptnet">'
    yield f"<name><text>{escape(net.title)}</text></name>"
    yield '<page id="page">'
    for place in net.places:
        yield _place(place)
    for transition in net.transitions:
        yield _transition(transition)
    yield from _arcs(net)
    yield "</page>"
    yield "<finalmarkings><marking>"
    for place in net.places:
        if place.left:
            yield f"<place idref={quoteattr(place.id)}><text>{place.left}</text></place>"
    yield "</marking></finalmarkings>"
    yield "</net>"
    yield "</pnml>"


def _place(place: Place) -> str:
    marking = f"<initialMarking><text>{place.tokens}</text></initialMarking>" if place.tokens else ""
    return f"<place id={quoteattr(place.id)}><name><text>{escape(place.title)}</text></name>{marking}</place>"


def _transition(transition: Transition) -> str:
    silent = "" if transition.label else '<toolspecific tool="ProM" version="6.4" activity="$invisible$"/>'
    name = escape(transition.label or transition.id)
    return f"<transition id={quoteattr(transition.id)}><name><text>{name}</text></name>{silent}</transition>"


def _arcs(net: Net) -> Iterator[str]:
    number = 0
    for transition in net.transitions:
        pairs = [(source, transition.id) for source in transition.sources]
        pairs += [(transition.id, target) for target in transition.targets]
        for source, target in pairs:
            number += 1
            yield f'<arc id="arc{number}" source={quoteattr(source)} target={quoteattr(target)}/>'

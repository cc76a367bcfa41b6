"""A guide's YAML as a reader would apply it: piece by piece, each at the place that its first line names."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any, NamedTuple

from engine.document import read
from tests.architecture.sources import ROOT

_PIECE = re.compile(
    r"(?:<!-- 应被查出：(?P<fault>\w+) -->\n)?```yaml\n(?:# 位置：(?P<place>\S*)\n)?(?P<text>.*?)```",
    re.DOTALL,
)
_SECTION = re.compile(r"^## ", re.MULTILINE)


class Piece(NamedTuple):
    """`fault` is the code of the mistake that the piece shows, `place` where it belongs; either may be empty."""

    fault: str
    place: str
    data: Any


def sections(guide: str) -> list[list[Piece]]:
    """The pieces of each section that has any, in the order of the page `docs/guide/<guide>.md`."""
    texts = _SECTION.split((ROOT / f"docs/guide/{guide}.md").read_text(encoding="utf-8"))
    return [found for text in texts if (found := list(_pieces(text)))]


def _pieces(text: str) -> Iterator[Piece]:
    for found in _PIECE.finditer(text):
        document = read(found["text"].encode(), name="guide")
        assert document.findings == []
        yield Piece(found["fault"] or "", found["place"] or "", document.data)


def put(whole: dict[str, Any], piece: Piece) -> dict[str, Any]:
    """A copy with the piece's keys set at its place."""
    copy: dict[str, Any] = json.loads(json.dumps(whole))
    here = copy
    for key in filter(None, piece.place.split(".")):
        here = here.setdefault(key, {})
    here.update(piece.data)
    return copy

"""A layered layout for small directed graphs: boxes in rows, every edge with a place for its label, few crossings.

Knows sizes and connections only. After Sugiyama, Tagawa, Toda (1981): break cycles, rank, order each row by the mean of
its neighbours, then move the boxes over and under each other as far as their order allows. The same input always gives
the same picture.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

GAP = 26.0  # between neighbours in a row
ROW_GAP = 26.0
SWEEPS = 14
Point = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Box:
    """Something with a size; `x` and `y` are its centre once it is laid out."""

    id: str
    width: float
    height: float
    x: float = 0.0
    y: float = 0.0


@dataclass(frozen=True, slots=True)
class Line:
    """An edge: through `points` from its source to its target, with the centre of its label."""

    source: str
    to: str
    points: tuple[Point, ...]
    label: Point


@dataclass(frozen=True, slots=True)
class Picture:
    width: float
    height: float
    boxes: Mapping[str, Box]
    lines: tuple[Line, ...]


@dataclass(frozen=True, slots=True)
class Tie:
    """An edge to be laid out, with the size of its label. Both ends are boxes and differ."""

    source: str
    to: str
    width: float
    height: float


def arrange(boxes: Sequence[Box], ties: Sequence[Tie]) -> Picture:
    """The first box is the start: it comes to the top."""
    work = _Work({box.id: box for box in boxes})
    forward = _without_cycles([box.id for box in boxes], ties)
    ranks = _ranked([box.id for box in boxes], forward)
    chains = [
        work.chain(index, tie, ends, ranks)
        for index, (tie, ends) in enumerate(zip(ties, forward, strict=True))
    ]
    for box in boxes:
        work.put(box.id, ranks[box.id])
    work.order()
    work.spread()
    return work.picture(ties, forward, chains)


def _without_cycles(ids: Sequence[str], ties: Sequence[Tie]) -> list[tuple[str, str]]:
    """Each edge as (upper, lower): those that would close a cycle are turned round."""
    ways: dict[str, list[str]] = {name: [] for name in ids}
    for tie in ties:
        ways[tie.source].append(tie.to)
    back: set[tuple[str, str]] = set()
    done: set[str] = set()
    for root in ids:
        open_: list[str] = []
        _visit(root, ways, done, open_, back)
    return [(t.to, t.source) if (t.source, t.to) in back else (t.source, t.to) for t in ties]


def _visit(
    name: str, ways: Mapping[str, list[str]], done: set[str], open_: list[str], back: set[tuple[str, str]]
) -> None:
    if name in done or name in open_:
        return
    open_.append(name)
    for to in ways[name]:
        if to in open_:
            back.add((name, to))
        else:
            _visit(to, ways, done, open_, back)
    open_.pop()
    done.add(name)


def _ranked(ids: Sequence[str], edges: Iterable[tuple[str, str]]) -> dict[str, int]:
    """Rows from the top, by the longest way to each; boxes stand in even rows, labels between them."""
    ranks = dict.fromkeys(ids, 0)
    edges = sorted(set(edges))
    for _ in ids:
        for upper, lower in edges:
            ranks[lower] = max(ranks[lower], ranks[upper] + 2)
    return ranks


@dataclass(slots=True)
class _Work:
    """Rows of boxes and of the points at which edges pass through a row."""

    items: dict[str, Box]
    rows: dict[int, list[str]] = field(default_factory=dict)
    above: dict[str, list[str]] = field(default_factory=dict)
    below: dict[str, list[str]] = field(default_factory=dict)
    xs: dict[str, float] = field(default_factory=dict)

    def put(self, name: str, row: int) -> None:
        self.rows.setdefault(row, []).append(name)

    def chain(self, index: int, tie: Tie, ends: tuple[str, str], ranks: Mapping[str, int]) -> list[str]:
        """Points for the edge in every row that it passes, and a place for its label next to its source."""
        upper, lower = ends
        between = range(ranks[upper] + 1, ranks[lower])
        at = between[0] if tie.source == upper else between[-1]
        names = []
        for row in between:
            name = f"{index}@{row}"
            size = (tie.width, tie.height) if row == at else (6.0, 1.0)
            self.items[name] = Box(name, *size)
            self.put(name, row)
            names.append(name)
        for one, other in pairwise((upper, *names, lower)):
            self.below.setdefault(one, []).append(other)
            self.above.setdefault(other, []).append(one)
        return names

    # Order within the rows

    def order(self) -> None:
        best, fewest = self._copy(), self._crossings()
        for sweep in range(SWEEPS):
            down = sweep % 2 == 0
            for row in sorted(self.rows, reverse=not down):
                self._sort(row, self.above if down else self.below)
            if (crossings := self._crossings()) < fewest:
                best, fewest = self._copy(), crossings
        self.rows = best

    def _copy(self) -> dict[int, list[str]]:
        return {row: list(names) for row, names in self.rows.items()}

    def _sort(self, row: int, neighbours: Mapping[str, list[str]]) -> None:
        place = {name: n for names in self.rows.values() for n, name in enumerate(names)}

        def mean(name: str) -> float:
            near = neighbours.get(name, [])
            return sum(place[n] for n in near) / len(near) if near else place[name]

        self.rows[row].sort(key=mean)

    def _crossings(self) -> int:
        place = {name: n for names in self.rows.values() for n, name in enumerate(names)}
        count = 0
        for row in self.rows:
            lines = [(place[a], place[b]) for a in self.rows[row] for b in self.below.get(a, [])]
            lines.sort()
            count += sum(b > d for n, (a, b) in enumerate(lines) for c, d in lines[n + 1 :] if a != c)
        return count

    # Places within the rows

    def spread(self) -> None:
        for names in self.rows.values():
            self._settle(names, [0.0] * len(names))
        for sweep in range(SWEEPS):
            down = sweep % 2 == 0
            for row in sorted(self.rows, reverse=not down):
                names = self.rows[row]
                self._settle(names, [self._wish(name, self.above if down else self.below) for name in names])
        left = min(self.xs[name] - self.items[name].width / 2 for name in self.xs)
        self.xs = {name: x - left for name, x in self.xs.items()}

    def _wish(self, name: str, neighbours: Mapping[str, list[str]]) -> float:
        near = [self.xs[n] for n in neighbours.get(name, [])]
        return sum(near) / len(near) if near else self.xs[name]

    def _settle(self, names: list[str], wishes: list[float]) -> None:
        """As near to the wishes as the order and the sizes allow (least squares, by pooling neighbours that collide)."""
        offsets = [0.0]
        for one, other in pairwise(names):
            offsets.append(offsets[-1] + (self.items[one].width + self.items[other].width) / 2 + GAP)
        pools: list[tuple[float, int]] = []
        for wish, offset in zip(wishes, offsets, strict=True):
            mean, count = wish - offset, 1
            while pools and pools[-1][0] > mean:
                before, n = pools.pop()
                mean, count = (before * n + mean * count) / (n + count), n + count
            pools.append((mean, count))
        means = [mean for mean, count in pools for _ in range(count)]
        self.xs.update({name: m + o for name, m, o in zip(names, means, offsets, strict=True)})

    # The picture

    def picture(self, ties: Sequence[Tie], ends: list[tuple[str, str]], chains: list[list[str]]) -> Picture:
        ys, height = self._heights()
        names = [name for name in self.items if "@" not in name]
        boxes = {
            n: Box(n, self.items[n].width, self.items[n].height, self.xs[n], ys[self._row(n)]) for n in names
        }
        ports = self._ports(boxes, ends, chains)
        lines = []
        for index, (tie, (upper, _), chain) in enumerate(zip(ties, ends, chains, strict=True)):
            middle = [(self.xs[name], ys[int(name.partition("@")[2])]) for name in chain]
            points = [ports[index][0], *middle, ports[index][1]]
            at = middle[0] if tie.source == upper else middle[-1]
            ordered = points if tie.source == upper else points[::-1]
            lines.append(Line(tie.source, tie.to, tuple(ordered), at))
        width = max(self.xs[name] + self.items[name].width / 2 for name in self.xs)
        return Picture(width, height, boxes, tuple(lines))

    def _row(self, name: str) -> int:
        return next(row for row, names in self.rows.items() if name in names)

    def _heights(self) -> tuple[dict[int, float], float]:
        ys, y = {}, 0.0
        for row in sorted(self.rows):
            tall = max(self.items[name].height for name in self.rows[row])
            ys[row] = y + tall / 2
            y += tall + ROW_GAP
        return ys, y - ROW_GAP

    def _ports(
        self, boxes: Mapping[str, Box], ends: list[tuple[str, str]], chains: list[list[str]]
    ) -> dict[int, tuple[Point, Point]]:
        """Where each edge leaves its upper box and enters its lower one: side by side, in the order of their ways."""
        starts: dict[str, list[tuple[float, int]]] = {}
        stops: dict[str, list[tuple[float, int]]] = {}
        for index, ((upper, lower), chain) in enumerate(zip(ends, chains, strict=True)):
            starts.setdefault(upper, []).append((self.xs[chain[0]], index))
            stops.setdefault(lower, []).append((self.xs[chain[-1]], index))
        first = {i: p for name, near in starts.items() for i, p in _shared(boxes[name], near, 1).items()}
        last = {i: p for name, near in stops.items() for i, p in _shared(boxes[name], near, -1).items()}
        return {index: (first[index], last[index]) for index in first}


def _shared(box: Box, near: list[tuple[float, int]], side: int) -> dict[int, Point]:
    """Points along the lower (1) or upper (-1) side of a box."""
    step = box.width / (len(near) + 1)
    y = box.y + side * box.height / 2
    return {
        index: (box.x - box.width / 2 + step * n, y) for n, (_, index) in enumerate(sorted(near), start=1)
    }

r"""The layers of a network that is given unit by unit, by the roles of its letters.

Which letter is of which layer is told by its role: units that one equation gives are one layer,
what a sum with a weight takes from the step before is the layer itself, what no equation gives
comes from outside, and a weight goes from the same layer to the same layer wherever it stands. What
the roles leave open is the layer that the letter has in the equations.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise, product

from bptt_sym.entries import UNITS
from bptt_sym.spelling.unit_deltas import Delta
from bptt_sym.spelling.unit_pieces import Piece, Sum, pieces_in, sums_in
from bptt_sym.spelling.unit_sets import summand_end

_ROW = re.compile(
    r"\\\\(?:\s*\[[^\[\]]{0,12}\])?|,?\s*\\q?quad(?![A-Za-z])|\\(?:begin|end)\s*\{[a-z]+\*?\}"
)
_DERIVES = re.compile(r"\\partial|\\nabla|\\delta|\\Delta|∂|\\frac\s*\{\s*d")
_EQUALS = re.compile(r"\s*&?\s*=\s*&?")
_BY = re.compile(r"\\partial\s*\{?\s*\Z")
_INPUT = "in "


@dataclass
class Row:
    """One equation: where it stands, its pieces, its sums."""

    start: int
    end: int
    text: str
    pieces: list[Piece]
    sums: list[Sum]
    #: Whether a sum runs over a letter that its left side has too.
    captured: bool = False

    @property
    def left(self) -> Piece | None:
        """What a defining row defines."""
        if not self.pieces or self.pieces[0].kind != "state" or _DERIVES.search(self.text):
            return None
        first = self.pieces[0]
        before = self.text[: first.start].strip().lstrip("&").strip()
        return first if not before and _EQUALS.match(self.text, first.end) else None


@dataclass
class Network:
    """What the equations of a text tell of its layers."""

    #: The letters by which the equations give a name.
    given: dict[str, list[str]] = field(default_factory=dict)
    #: One layer for what one equation speaks of.
    same: dict[str, str] = field(default_factory=dict)
    #: The layers between which a weight goes, in the order of its letters.
    weights: dict[str, list[tuple[str, str]]] = field(default_factory=dict)
    #: The layers that a letter has in the equations.
    usual: dict[str, set[str]] = field(default_factory=dict)
    states: dict[tuple[str, str], str] = field(default_factory=dict)
    biases: dict[tuple[str, str], str] = field(default_factory=dict)
    matrices: dict[tuple[str, str, str], str] = field(default_factory=dict)
    functions: dict[tuple[str, str], str] = field(default_factory=dict)
    delta: Delta | None = None
    #: The name that a name with three letters is the derivative of.
    influences: dict[str, str] = field(default_factory=dict)
    #: What arrives at a unit, by the name of what leaves it.
    arguments: dict[str, str] = field(default_factory=dict)
    seen_states: dict[tuple[str, str], None] = field(default_factory=dict)
    seen_biases: dict[tuple[str, str], None] = field(default_factory=dict)
    seen_functions: dict[tuple[str, str], None] = field(default_factory=dict)
    #: The letter that counts examples.
    example: str = ""
    #: The step before the first one that an equation gives.
    start: str = "0"

    def find(self, node: str) -> str:
        """The layer that ``node`` stands for."""
        while (up := self.same.setdefault(node, node)) != node:
            node = up
        return node

    def join(self, a: str, b: str) -> None:
        self.same[self.find(a)] = self.find(b)

    def kinds(self, p: Piece) -> list[tuple[str, str]]:
        """The layers that a weight may go between; those of any weight for an influence."""
        if p.kind == "weight":
            return self.weights.get(p.base, [])
        return list(dict.fromkeys(k for kinds in self.weights.values() for k in kinds))

    def every_name(self) -> list[str]:
        """The names that carry a unit and a step."""
        return list(dict.fromkeys((*self.given, *(b for b, _ in self.seen_states))))

    def layers_of(self, base: str) -> list[str]:
        """The layers of a name."""
        own = [layer for b, layer in self.seen_states if b == base]
        return list(dict.fromkeys(own))

    def own_names(self) -> dict[str, str]:
        """The text's own names by those that were put in their place."""
        own = {new: base for (base, _), new in self.states.items()}
        own |= {new: base for (base, *_), new in self.matrices.items()}
        return {new: base for new, base in own.items() if new != base}

    def node(self, base: str, unit: str) -> str | None:
        """The layer of a name with a letter, ``None`` if the letter does not tell."""
        units = self.given.get(base)
        if units is None:
            return _INPUT + base
        if len(units) == 1:
            return base
        return f"{base} {unit}" if unit in units else None

    def by_letter(self, unit: str) -> str | None:
        """The layer of a letter that tells layers apart."""
        for base, units in self.given.items():
            if len(units) > 1 and unit in units:
                return self.find(f"{base} {unit}")
        return None


def rows_of(text: str, running: frozenset[str], example: str) -> Iterator[Row]:
    cuts = [0]
    for m in _ROW.finditer(text):
        cuts += [m.start(), m.end()]
    cuts.append(len(text))
    for start, end in zip(cuts[::2], cuts[1::2], strict=True):
        part = text[start:end]
        if part.strip():
            pieces, sums = pieces_in(part, running, example), sums_in(part)
            yield _apart(Row(start, end, part, pieces, sums))


def _apart(row: Row) -> Row:
    """``row`` with a letter of its own for each sum, where a letter stands for several things.

    In ``\\sum_i w_{ki} \\partial y_i/\\partial w_{ij}`` of a left side with an i, the weight by
    which is differentiated keeps that one.
    """
    seen: set[str] = set()
    for k, total in enumerate(row.sums):
        end = summand_end(row.text, total.end)
        free = any(total.unit in p.units for p in row.pieces if p.end <= row.sums[0].start)
        if total.unit in seen or free:
            own = total.unit + "'" * (k + 1)
            row.sums[k] = total._replace(unit=own)
            for at, p in enumerate(row.pieces):
                by = p.kind == "weight" and _BY.search(row.text, max(0, p.start - 24), p.start)
                if total.end <= p.start < end and total.unit in p.units and not (free and by):
                    units = tuple(own if u == total.unit else u for u in p.units)
                    row.pieces[at] = replace(p, units=units)
            row.captured |= free
        seen.add(total.unit)
    return row


def network_of(
    rows: Sequence[Row], example: str, influences: dict[str, str]
) -> Network | None:
    """The network of the defining rows, ``None`` if they make none that recurs."""
    net = Network(example=example, influences=influences)
    defining = [(row, left) for row in rows if (left := row.left) is not None]
    for _, left in defining:
        units = net.given.setdefault(left.base, [])
        if left.units[0] not in units:
            units.append(left.units[0])
    net.start = "1" if any(left.step == "t+1" for _, left in defining) else "0"
    for row, left in defining:
        here = net.node(left.base, left.units[0])
        bound = {s.unit for s in row.sums}
        same = [p for p in row.pieces[1:] if p.kind == "state" and p.units == left.units]
        for p in same if left.units[0] not in bound else ():
            there = net.node(p.base, p.units[0])
            if here is not None and there is not None:
                net.join(there, here)
        kinds = [p.kind for p in row.pieces if p.kind != "function"]
        if kinds == ["state", "state"] and same:
            net.arguments[left.base] = same[0].base
    for row, _ in defining:
        for letters in possible(row, net):
            for p in row.pieces:
                if p.kind == "weight" and all(u in letters for u in p.units):
                    kind = (letters[p.units[0]], letters[p.units[1]])
                    known = net.weights.setdefault(p.base, [])
                    known += [kind] if kind not in known else []
                    for u, own in zip(p.units, kind, strict=True):
                        net.usual.setdefault(u, set()).add(own)
    for row in rows:
        for letters in possible(row, net):
            for p in row.pieces:
                if (layer := letters.get(p.units[0])) is None or p.base == r"\delta":
                    continue
                if p.kind == "state":
                    net.seen_states[p.base, layer] = None
                elif p.kind == "unit":
                    net.seen_biases[p.base, layer] = None
                elif p.kind == "function":
                    net.seen_functions[p.base.rstrip("'"), layer] = None
    recurs = any(a == b for known in net.weights.values() for a, b in known)
    return net if recurs else None


def possible(row: Row, net: Network) -> list[dict[str, str]]:
    """The ways in which the letters of a row may be of layers; none if they contradict."""
    letters: dict[str, str] = {}
    left, bound = row.left, {s.unit for s in row.sums}
    states = [p for p in row.pieces if p.kind == "state" and p.base != r"\delta"]
    for p in row.pieces:
        if len(p.units) == 1 and (layer := net.by_letter(p.units[0])):
            letters[p.units[0]] = layer
    for p in states:
        node = net.node(p.base, p.units[0]) if p.base in net.given else None
        if node is not None and letters.setdefault(p.units[0], net.find(node)) != net.find(node):
            return []
    own = None if left is None else letters.get(left.units[0])
    if own is not None:
        for p in states:
            if p.base in net.given and p.units[0] in bound - set(letters):
                letters[p.units[0]] = own  # from the step before, of the layer itself
    for p in row.pieces:
        if p.kind == "influence" and (of := net.influences.get(p.base)) is not None:
            node = net.node(of, p.units[2])
            if node is not None:
                letters.setdefault(p.units[2], net.find(node))
        elif p.kind == "unit":
            layers = [layer for base, layer in net.seen_biases if base == p.base]
            if len(layers) == 1:
                letters.setdefault(p.units[0], layers[0])
    for p in states:
        if p.base not in net.given:
            letters.setdefault(p.units[0], net.find(_INPUT + p.base))
    wanted = list(dict.fromkeys(u for p in row.pieces for u in p.units if u not in letters))
    while wanted:
        before = len(letters)
        for p in row.pieces:
            if p.kind in ("weight", "influence"):
                kinds = [
                    k for k in net.kinds(p)
                    if all(letters.get(u, a) == a for u, a in zip(p.units[:2], k, strict=True))
                ]  # fmt: skip
                for at, u in enumerate(p.units[:2]):
                    if len({k[at] for k in kinds}) == 1:
                        letters.setdefault(u, kinds[0][at])
            elif p.kind == "kronecker" and len(known := [u for u in p.units if u in letters]) == 1:
                letters |= dict.fromkeys(p.units, letters[known[0]])
        if len(letters) == before:
            break
    wanted = [u for u in wanted if u not in letters]
    if not wanted:
        return [letters]
    ways = [dict(zip(wanted, way, strict=True)) for way in _ways(row, net, letters, wanted)]
    usual = [w for w in ways if all(net.usual.get(u, {a}) == {a} for u, a in w.items())]
    return [letters | way for way in usual or ways]


def _ways(
    row: Row, net: Network, letters: Mapping[str, str], wanted: Sequence[str]
) -> Iterator[tuple[str, ...]]:
    layers = list(dict.fromkeys(a for ks in net.weights.values() for k in ks for a in k))
    if len(wanted) > 2 or not all(_in_a_weight(row, u) for u in wanted):
        return
    for way in product(layers, repeat=len(wanted)):
        told = {**letters, **dict(zip(wanted, way, strict=True))}
        if all(
            (told[p.units[0]], told[p.units[1]]) in net.kinds(p)
            for p in row.pieces if p.kind in ("weight", "influence")
        ):  # fmt: skip
            yield way


def _in_a_weight(row: Row, unit: str) -> bool:
    return any(
        unit in p.units[:2] for p in row.pieces if p.kind in ("weight", "influence")
    )


#: ``= U x^{(t)} + W h^{(t-1)}``, with no letters of units.
_OF_VECTORS = re.compile(
    r"=\s*&?\s*([A-Z])\s*[a-z]\s*(?:\^\s*\{?\s*\(t\)\s*\}?|_\s*(?:\{\s*t\s*\}|t))\s*\+\s*([A-Z])\s*[a-z]\s*"
    r"(?:\^\s*\{?\s*\(t\s*-\s*1\)|_\s*\{\s*t\s*-\s*1\s*\})"
)


def is_needed(net: Network, rows: Sequence[Row], texts: Sequence[str]) -> bool:
    """Whether the text has what a reader of entries does not know, and no equations of vectors."""
    if any({m[1], m[2]} <= set(net.weights) for t in texts for m in _OF_VECTORS.finditer(t)):
        return False
    if any(len(units) > 1 for units in net.given.values()) or "net" in net.given or net.example:
        return True
    if any(len(kinds) > 1 for kinds in net.weights.values()):
        return True
    if any(p.kind == "influence" for row in rows for p in row.pieces):
        return True
    units = {u for row in rows for p in row.pieces for u in p.units}
    return not units <= UNITS or any(r"\in" in t and sums_in(t) for t in texts)


def influences_in(texts: Sequence[str], running: frozenset[str], example: str) -> dict[str, str]:
    """What ``p_{ij}^k(t)`` is said to be the derivative of.

    If it is not said, it is the one name that the text differentiates by a weight.
    """
    said: dict[str, str] = {}
    used: set[str] = set()
    differentiated: set[str] = set()
    for text in texts:
        pieces = pieces_in(text, running, example)
        used |= {p.base for p in pieces if p.kind == "influence"}
        for p, q in pairwise(pieces):
            over = re.fullmatch(r"\s*\}\s*\}?\s*\{\s*\\partial\s*\{?\s*", text[p.end : q.start])
            if p.kind == "state" and q.kind == "weight" and over is not None:
                differentiated.add(p.base)
        kinds = [p.kind for p in pieces]
        if kinds == ["influence", "state", "weight"] and r"\partial" in text:
            said[pieces[0].base] = pieces[1].base
    one = next(iter(differentiated)) if len(differentiated) == 1 else None
    return said | (dict.fromkeys(used - set(said), one) if one is not None else {})



r"""The network that a text defines unit by unit, and the signs of that notation.

See :mod:`bptt_sym.check.layers`. A definition is written down for the whole layer: a sum over the
units of another layer is a product with a matrix, or for a gate, which is one number, with a row.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from bptt_sym.check.answer import Court
from bptt_sym.documents.document import Formula
from bptt_sym.errors import BpttError, InputError
from bptt_sym.read import recurrence_from_latex
from bptt_sym.recurrence import Shape

_GREEK = r"\\(?:iota|phi|varphi|omega)(?![A-Za-z])"
UNIT = rf"(?:{_GREEK}|[a-su-z]'?|\*)"
_STEP = r"\^\s*(?:\{\s*(?P<s>[tT]\s*(?:[-+]\s*1)?)\s*\}|(?P<s1>[tT]))"
#: Not within a word; behind the one letter of a script something new begins.
_APART = r"(?:(?<![A-Za-z\\])|(?<=[\^_][A-Za-z]))"
SUM = (
    rf"(?:\\mathop\s*\{{\s*\\sum\s*\}}|\\sum)\s*(?:\\limits\s*)?_\s*\{{\s*(?P<over>{UNIT})\s*=\s*1\s*\}}"
    r"\s*\^\s*(?:\{\s*[A-Za-z]\s*\}|[A-Za-z])"
)
_WEIGHT = (
    rf"{_APART}w\s*_\s*(?:\{{\s*(?P<from>{UNIT})\s*(?P<to>{UNIT})\s*\}}"
    r"|(?P<from1>[a-z])(?P<to1>[a-z])(?![A-Za-z_^]))"
)
_QUANTITY = (
    rf"(?P<q>{_APART}[abxs]|\\(?:delta|(?:var)?epsilon)(?![A-Za-z]))\s*_\s*"
    rf"(?:\{{\s*(?P<u>{UNIT})\s*\}}|(?P<u1>{_GREEK}|[a-su-z]|\*))\s*(?:{_STEP})?"
)
_LOSS = r"\\partial\s*(?P<loss>\\mathcal\s*(?:\{\s*[A-Z]\s*\}|[A-Z])|\\Gamma|[LEOJ])(?![A-Za-z_^])"
_FUNCTION = (
    rf"{_APART}(?<![_^{{])(?P<f>[fgh]|\\theta(?:\s*_\s*\{{?\s*[a-z]\s*\}}?)?)"
    r"(?P<prime>\s*'|\s*\^\s*\{?\s*\\prime\s*\}?)?"
    r"(?=\s*(?:\\left\s*)?\()"
)
#: ``g(a_c^t)``: a value that has no letter of its own.
_VALUE = (
    rf"{_APART}(?<![_^{{])(?P<v>[gh])\s*\(\s*(?P<vq>[as])\s*_\s*\{{?\s*c\s*\}}?\s*"
    r"\^\s*(?:\{\s*(?P<vs>t\s*(?:[-+]\s*1)?)\s*\}|(?P<vs1>t))\s*\)"
)
PIECE = re.compile("|".join((_VALUE, SUM, _WEIGHT, _QUANTITY, _LOSS, _FUNCTION)))
_LEFT = re.compile(
    rf"\s*(?P<q>[abs])\s*_\s*(?:\{{\s*(?P<u>{UNIT})\s*\}}|(?P<u1>{_GREEK}|[a-su-z]|\*))\s*"
    rf"(?:{_STEP})?\s*&?\s*=\s*&?(?P<right>.+)",
    re.DOTALL,
)
DERIVES = re.compile(r"\\partial|\\delta|\\(?:var)?epsilon|\\approx")
#: ``a^{t}_j``: the step before the unit.
STEP_FIRST = re.compile(
    rf"({_APART}[abxs]|\\(?:delta|(?:var)?epsilon)(?![A-Za-z]))\s*\^\s*(\{{\s*[tT]\s*(?:[-+]\s*1\s*)?\}}|[tT])"
    rf"\s*_\s*(\{{\s*{UNIT}\s*\}}|{_GREEK}|[a-su-z])"
)
#: A recurrence in this notation: what left a unit of the same layer a step before.
RECURS = re.compile(
    rf"w\s*_\s*\{{\s*(?P<u>{UNIT})\s*{UNIT}\s*\}}\s*b\s*_\s*(?:\{{\s*(?P=u)\s*\}}|(?P=u))\s*\^\s*\{{\s*t\s*-\s*1\s*\}}"
)
_NAMES = {r"\iota": "in", r"\phi": "fg", r"\varphi": "fg", r"\omega": "og"}
_FUNCTIONS = {"f": "f", "g": "g", "h": r"\phi", r"\theta": r"\psi"}
#: Where the summand of a sum over everything in the hidden layer ends.
_END = re.compile(r"\\\\|\\end(?![A-Za-z])|\\approx|[+=]|(?<=[)}\]\w])\s*-|$")


@dataclass
class Network:
    """The network of one part of a text."""

    gated: bool
    lines: dict[str, str] = field(default_factory=dict)
    shapes: dict[str, Shape] = field(default_factory=dict)
    court: Court | None = None
    #: The gates by their letters.
    gates: list[str] = field(default_factory=list)

    def layer(self, unit: str) -> str:
        """The layer of a unit, ``in`` and the like for a gate, "" if it is none that is known."""
        unit = unit.rstrip("'")
        if unit == "w" and r"\omega" in self.gates:
            unit = r"\omega"  # for the eye they are one
        if unit in self.gates:
            return _NAMES.get(unit, unit)
        if unit in ("h", "c") or (unit == "e" and self.gated):
            return "c" if self.gated else "h" if unit == "h" else ""
        return unit if unit in ("i", "k") else ""

    def sequence(self, quantity: str, unit: str) -> str:
        layer = self.layer(unit)
        shape: Shape = ("I",)
        if not layer:
            raise InputError(f"no layer has the units {unit}", token=unit)
        if layer == "i":
            if quantity not in "xb":
                raise InputError(f"{quantity} of an input", token=quantity)
            name = "x"
        else:
            name = rf"\mathrm{{{quantity}{layer}}}"
            shape = ("K",) if layer == "k" else ("H",) if layer in ("c", "h") else ()
        self.shapes[name] = shape
        return name

    def value(self, function: str, of: str) -> str:
        """A name for a function of a sequence of the cells."""
        name = rf"\mathrm{{{function}{of}c}}"
        argument = self.sequence(of, "c")
        self.shapes[name] = ("H",)
        self.lines[name] = rf"{name}_{{t}} = {_FUNCTIONS[function]}({argument}_{{t}})"
        return name

    def weight(self, source: str, unit: str, to: str) -> str:
        """The weight from ``source`` (x, b or s) of a unit to another unit."""
        here, there = self.layer(unit), self.layer(to)
        no_source = here in ("", "k", *map(self._name, self.gates))
        if no_source or there in ("", "i"):
            raise InputError(f"no weight goes from {unit} to {to}", token=f"{unit}{to}")
        rows: Shape = ("I",) if here == "i" else ("H",)
        gate = there not in ("c", "h", "k")
        name = rf"\mathrm{{{'w' if gate else 'W'}{source}{there}}}"
        columns: Shape = () if gate else ("K",) if there == "k" else ("H",)
        self.shapes[name] = (*rows, *columns)
        return name

    @staticmethod
    def _name(gate: str) -> str:
        return _NAMES.get(gate, gate)


def unit_of(m: re.Match[str], name: str = "u") -> str:
    return "".join((m.group(name) or m.group(f"{name}1")).split())


def step_of(m: re.Match[str]) -> str:
    """The step of a quantity; one that is left out is t."""
    return "".join((m.group("s") or m.group("s1") or "t").split())


def value_step(m: re.Match[str]) -> str:
    return "".join((m.group("vs") or m.group("vs1")).split())


def defining(formula: Formula) -> list[re.Match[str]]:
    if DERIVES.search(formula.latex):
        return []
    text = re.sub(r"\\(?:tag|label)\s*\{[^{}]*\}", "", formula.latex)
    parts = re.split(r"\\\\|\\(?:begin|end)\s*\{[a-z]+\*?\}", text)
    return [m for part in parts if (m := _LEFT.fullmatch(part.strip().rstrip(".,")))]


def network_of(rows: Sequence[tuple[Formula, re.Match[str]]], gated: bool) -> Network | None:
    """The network that the rows define, ``None`` if they define none of that kind."""
    net = Network(gated)
    found = {(m["q"], u): m for _, m in rows if not (u := unit_of(m)).endswith("'")}
    if gated:
        net.gates = [u for q, u in found if q == "a" and u not in ("h", "c", "k", "j", "i", "*")]
        if ("a", "*") in found:  # one equation for those that have none
            own = {_NAMES.get(u, u) for u in net.gates}
            starred = [g for g in (r"\iota", r"\phi", r"\omega") if _NAMES[g] not in own]
            net.gates += starred
            for q in "ab":
                if (q, "*") in found:
                    found |= {(q, g): found[(q, "*")] for g in starred}
        if ("s", "c") not in found or len(net.gates) < 2:
            return None
    elif ("a", "h") not in found:
        return None
    try:
        for (q, u), m in found.items():
            if u == "*" or not net.layer(u) or (gated and u == "h"):
                continue
            if u == "k":
                continue
            _define(net, q, u, m["right"].replace("*", u) if "*" in m.group() else m["right"])
        hidden = "c" if gated else "h"
        if not {rf"\mathrm{{a{hidden}}}", rf"\mathrm{{b{hidden}}}"} <= set(net.lines):
            return None
        weight, output = net.weight("b", hidden, "k"), net.sequence("a", "k")
        before = net.sequence("b", hidden)
        net.lines[output] = rf"{output}_{{t}} = {weight}^{{\top}} {before}_{{t}}"
        lines = [*net.lines.values(), rf"L = \sum_{{t=1}}^{{T}} \mathrm{{loss}}({output}_{{t}}, 1)"]
        model = recurrence_from_latex(
            lines, name="the network of its units",
            shapes={n: s for n, s in net.shapes.items() if any(n in line for line in lines)},
        )
        net.court = Court.of(model)
    except BpttError:
        return None
    return net


def _define(net: Network, quantity: str, unit: str, right: str) -> None:
    """The line of the model for one quantity of a layer, as vectors."""
    target = net.sequence(quantity, unit)

    def vector(m: re.Match[str]) -> str:
        if m["v"]:
            return rf"{net.value(m['v'], m['vq'])}_{{{value_step(m)}}}"
        if m["q"]:
            return rf"{net.sequence(m['q'], unit_of(m))}_{{{step_of(m)}}}"
        return function_of(m) if m["f"] else m.group()

    text, pos = [], 0
    for total in re.finditer(SUM, right):
        body = summand(right, total.end())
        text.append(PIECE.sub(vector, right[pos : total.start()]))
        text.append(_product(net, total["over"], unit, right[total.end() : body]))
        pos = body
    text.append(PIECE.sub(vector, right[pos:]))
    net.lines[target] = rf"{target}_{{t}} = {''.join(text)}"


def function_of(m: re.Match[str]) -> str:
    name = re.sub(r"\s*_.*", "", m["f"])
    return _FUNCTIONS[name] + ("'" if m["prime"] else "")


def _product(net: Network, over: str, to: str, body: str) -> str:
    """``w_{ij} x_i^t`` summed over i, as a product with a matrix."""
    factors = list(PIECE.finditer(body))
    weights = [m for m in factors if m["from"] or m["from1"]]
    things = [m for m in factors if m["q"]]
    if len(weights) != 1 or len(things) != 1 or len(factors) != 2:
        raise InputError("a sum that is no product of a weight", token=body[:40])
    source, target = unit_of(weights[0], "from"), unit_of(weights[0], "to")
    if source != over or unit_of(things[0]) != over or target.rstrip("'") != to:
        raise InputError("a sum over other units", token=body[:40])
    name = net.weight(things[0]["q"], source, target)
    of = net.sequence(things[0]["q"], source)
    return rf" {name}^{{\top}} {of}_{{{step_of(things[0])}}} "


def summand(text: str, start: int) -> int:
    depth, k = 0, start
    while k < len(text):
        if not depth and k > start and (found := _END.match(text, k)) and text[start:k].strip():
            return found.start()
        depth += (text[k] in "{([") - (text[k] in "})]")
        if depth < 0:
            return k
        k += 1
    return len(text)

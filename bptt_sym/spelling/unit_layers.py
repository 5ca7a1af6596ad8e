r"""Networks that a text gives unit by unit, in whatever letters, as equations of vectors.

.. math::

    net_j(t) = \sum_i x_i(t) v_{ji} + \sum_h y_h(t-1) u_{jh} + \theta_j, \quad
    y_j(t) = f(net_j(t)), \quad y_k(t) = g(net_k(t))

There the letter of a unit says of which layer it is: :math:`y_j` and :math:`y_k` are two vectors.
Which letter is of which layer is told by its role: units that one equation gives are one layer,
what a sum with a weight takes from the step before is the layer itself, what no equation gives
comes from outside, and a weight goes from the same layer to the same layer wherever it stands. Each
layer of a name gets a name of its own, each kind of weight a matrix; definitions are written for
whole vectors, and what is claimed stays about their entries.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from bptt_sym.documents.document import Formula
from bptt_sym.documents.respelling import Edit, edited
from bptt_sym.entries import UNITS
from bptt_sym.spelling.unit_deltas import delta_told, difference_told
from bptt_sym.spelling.unit_pieces import (
    Piece,
    Sum,
    example_letter,
    running_names,
    spelt_nets,
)
from bptt_sym.spelling.unit_roles import (
    Network,
    Row,
    influences_in,
    is_needed,
    network_of,
    possible,
    rows_of,
)
from bptt_sym.spelling.unit_sets import over_one_set

_BETWEEN = re.compile(r"(?:\s|\\cdot(?![A-Za-z])|\\[,;:! ]|\*|\{\}|\\times(?![A-Za-z]))*")
_SQUARE = re.compile(r"\s*(?:(?:\\right\s*)?[)\]]\s*)?\^\s*(?:\{\s*2\s*\}|2)")
_OPEN = re.compile(r"\s*(?:(?:\\left\s*)?[(\[]\s*)?")
#: ``\\sigma(s_n(t-1))`` in a product.
_APPLIED = re.compile(
    r"(?P<f>\\(?:sigma|phi|varphi|psi|theta|tanh)|(?<![A-Za-z\\])[fgh])\s*(?:\\left\s*)?\(\s*\Z"
)
_CLOSED = re.compile(r"\s*(?:\\right\s*)?\)")
_REACH = 24
#: Names for the layers of a name, by what it is: an argument, what leaves a layer, a bias.
_SPARE = {"argument": "azuvrqo", "value": "hsvyopqrm", "bias": "bcrqgu"}
_MATRICES = "WUVABCRQMNGHKPSZ"
_FUNCTIONS = ("f", "g", r"\phi", r"\psi")
_LOSS_GIVEN = re.compile(
    r"\s*((?:\\mathcal\s*\{\s*[A-Z]\s*\}|[CEJL])(?:\s*\(\s*t\s*\))?)\s*&?\s*=(?!=)"
)
#: ``g(net_k) = …`` says what a function is.
_SLOPE_GIVEN = re.compile(r"\s*(?:[a-z]|\\(?:sigma|phi|varphi))'?\s*\([^()]*\)\s*&?\s*=")
#: ``p_{ij}^k(t_0) = 0``
_AT_THE_START = re.compile(
    r"[^=]*\(\s*(?:t\s*_\s*\{?\s*)?0\s*\}?\s*\)\s*&?\s*=\s*&?\s*0\s*[.,;]?\s*"
)
#: Letters of units that are a gate or a step elsewhere.
_OTHERWISE = frozenset("rs")
_MOST = 4
CAPTURED = "the letter that a sum runs over is not the one on the left side"


def with_layers_for_units(
    formulas: Sequence[Formula],
) -> tuple[list[Formula], dict[str, str]]:
    """``formulas`` with such networks in vectors, and the text's names for those that were put."""
    if not any("_" in f.latex and "sum" in f.latex for f in formulas):
        return list(formulas), {}
    spelt = over_one_set([edited(f, spelt_nets(f.latex)) for f in formulas])
    texts = [f.latex for fs in spelt for f in fs]
    running = running_names(texts)
    example = example_letter(texts, running)
    rows = [[list(rows_of(f.latex, running, example)) for f in fs] for fs in spelt]
    every = [r for variants in rows for found in variants for r in found]
    network = network_of(every, example, influences_in(texts, running, example))
    if network is None or not is_needed(network, every, texts):
        return list(formulas), {}
    loss = next((m[1] for t in texts if (m := _LOSS_GIVEN.match(t))), "")
    network.delta = delta_told(texts, running, example) or (
        difference_told(texts, running, example, network.arguments, loss) if loss else None
    )
    _names(network, every, texts)
    out: list[Formula] = []
    for formula, variants, found in zip(formulas, spelt, rows, strict=True):
        told: list[Formula] = []
        for f, r in zip(variants, found, strict=True):
            ways = list(_translated(f, r, network))
            told += ways or [formula]
        out += [formula] if formula in told else told
    return out, network.own_names()


def _names(net: Network, rows: Sequence[Row], texts: Sequence[str]) -> None:
    """Names for the layers of each name, and matrices for the weights."""
    taken = set("tTLEdI").union(*(_other_letters(row) for row in rows))
    taken |= {p.base for row in rows for p in row.pieces}

    def spare(letters: str) -> str | None:
        free = next((x for x in letters if x not in taken), None)
        if free is not None:
            taken.add(free)
        return free

    bold = set(re.findall(r"\\(?:mathbf|boldsymbol|bm)\s*\{\s*([A-Z])\s*\}", " ".join(texts)))
    for base, kinds in net.weights.items():
        for a, b in kinds:
            own = base.upper()
            if len(kinds) == 1 and len(base) == 1 and (
                own == base or own not in taken or own in bold
            ):
                taken.add(own)
                net.matrices[base, a, b] = own
            else:
                net.matrices[base, a, b] = spare(_MATRICES) or ""
    hidden = {a for kinds in net.weights.values() for a, b in kinds if a == b}
    for base in net.every_name():
        layers = net.layers_of(base)
        if not layers:
            continue
        keeps = next((a for a in reversed(layers) if a not in hidden), layers[-1])
        for layer in layers:
            if len(base) == 1 and layer == keeps:
                net.states[base, layer] = base
            else:
                argument = base == "net" or base in net.arguments.values()
                net.states[base, layer] = spare(_SPARE["argument" if argument else "value"]) or ""
    for base, layer in net.seen_biases:
        alone = sum(b == base for b, _ in net.seen_biases) == 1 and len(base) == 1
        net.biases[base, layer] = base if alone else spare(_SPARE["bias"]) or ""
    for name in dict.fromkeys(f for f, _ in net.seen_functions):
        layers = [layer for f, layer in net.seen_functions if f == name]
        for k, layer in enumerate(layers):
            other = next((f for f in _FUNCTIONS if f not in taken | {name}), "")
            net.functions[name, layer] = name if not k else other


def _other_letters(row: Row) -> set[str]:
    """The letters of a row that are in none of its pieces."""
    text, end = "", 0
    spans = [(p.start, p.end) for p in row.pieces] + [(q.start, q.end) for q in row.sums]
    for start, until in sorted(spans):
        text += row.text[end:start] + " "
        end = max(end, until)
    return set(re.findall("[A-Za-z]", re.sub(r"\\[A-Za-z]+", " ", text + row.text[end:])))


def _translated(formula: Formula, rows: Sequence[Row], net: Network) -> Iterator[Formula]:
    """``formula`` about vectors and their entries, once for each way in which its letters may be of
    layers; nothing if it is not known which they are of."""
    if not any(row.pieces for row in rows):
        yield formula
        return
    ways = [possible(row, net) for row in rows]
    # (What is 0 at the start is so whatever it is the derivative by.)
    ways = [
        way[:1] if _AT_THE_START.fullmatch(row.text) else way
        for row, way in zip(rows, ways, strict=True)
    ]
    count = max(map(len, ways))
    if any(len(w) not in (1, count) for w in ways) or count > _MOST:
        return
    for k in range(count):
        edits: list[Edit] = []
        for row, way in zip(rows, ways, strict=True):
            new = _edits(row, way[min(k, len(way) - 1)], net)
            if new is None:
                return
            edits += [(row.start + a, row.start + b, text) for a, b, text in new]
        found = edited(formula, edits)
        if any(row.captured for row in rows):
            found = replace(found, supposes=(*found.supposes, (CAPTURED, "")))
        yield found


def _edits(row: Row, layers: Mapping[str, str], net: Network) -> list[Edit] | None:
    if _SLOPE_GIVEN.match(row.text):
        return []
    whole = row.left is not None or _AT_THE_START.fullmatch(row.text) is not None
    letters = _entry_letters(row)
    told = _Told(row, layers, net, letters, whole=whole)
    edits: list[Edit] = []
    end = -1
    for total in row.sums:
        if total.start < end:
            return None
        if (square := _square(row, total, told)) is not None:
            edits.append(square)
            end = square[1]
        elif whole:
            if (times := _product(row, total, told)) is None:
                return None
            edits.append(times)
            end = times[1]
        elif total.unit == net.example:
            edits.append((total.start, total.end, ""))
        else:
            over = letters.get(total.unit, total.unit)
            edits.append((total.start, total.end, rf"\sum_{{{over}}} "))
    covered = [(a, b) for a, b, _ in edits]
    for p in row.pieces:
        if any(a <= p.start < b for a, b in covered):
            continue
        if (new := told.piece(p)) is None:
            return None
        edits.append((p.start, p.end, new))
    return sorted(edits)


@dataclass(frozen=True)
class _Told:
    """How the pieces of one row are written."""

    row: Row
    layers: Mapping[str, str]
    net: Network
    letters: Mapping[str, str]
    #: Whether the row is about the whole vectors.
    whole: bool

    def state(self, base: str, unit: str, step: str, *, whole: bool) -> str | None:
        layer = self.layers.get(unit)
        name = self.net.states.get((base, layer), "") if layer is not None else ""
        if not name:
            return None
        return f"{name}_{{{step}}}" if whole else f"{name}_{{{step},{self.letters[unit]}}}"

    def matrix(self, p: Piece) -> str:
        a, b = (self.layers.get(u, "") for u in p.units)
        return self.net.matrices.get((p.base, a, b), "")

    def piece(self, p: Piece) -> str | None:
        """``p`` in the letters that are read, ``None`` if its layer is not known."""
        step = p.step or "t"
        if step == "t0":
            step = self.net.start
        match p.kind:
            case "state" if p.base == r"\delta":
                return self._delta(p, step)
            case "state":
                return self.state(p.base, p.units[0], step, whole=self.whole)
            case "unit":
                layer = self.layers.get(p.units[0], "")
                name = self.net.biases.get((p.base, layer), "")
                at = "" if self.whole else f"_{{{self.letters[p.units[0]]}}}"
                return f"{name}{at}" if name else None
            case "weight":
                name = self.matrix(p)
                i, j = (self.letters[u] for u in p.units)
                return f"{name}_{{{i}{j}}}" if name else None
            case "kronecker":
                i, j = (self.letters[u] for u in p.units)
                return rf"\delta_{{{i}{j}}}"
            case "influence":
                return self._influence(p, step)
            case _:
                layer = self.layers.get(p.units[0], "")
                name = self.net.functions.get((p.base.rstrip("'"), layer), "")
                return f"{name}{chr(39) if p.base.endswith(chr(39)) else ''}" if name else None

    def _delta(self, p: Piece, step: str) -> str | None:
        delta = self.net.delta
        if delta is None:
            return None
        by = self.state(delta.by, p.units[0], step, whole=False)
        if by is None:
            return None
        new = rf"\frac{{\partial {delta.loss}}}{{\partial {by}}}"
        return rf"\left(-{new}\right)" if delta.negative else new

    def _influence(self, p: Piece, step: str) -> str | None:
        of = self.net.influences.get(p.base)
        state = None if of is None else self.state(of, p.units[2], step, whole=self.whole)
        a, b = (self.layers.get(u, "") for u in p.units[:2])
        names = [m for (_, c, d), m in self.net.matrices.items() if (c, d) == (a, b)]
        if state is None or len(names) != 1:
            return None
        at = "" if self.whole else "_{" + "".join(self.letters[u] for u in p.units[:2]) + "}"
        return rf"\frac{{\partial {state}}}{{\partial {names[0]}{at}}}"


def _entry_letters(row: Row) -> dict[str, str]:
    """Letters that count entries for those of a row."""
    units = dict.fromkeys(u for p in row.pieces for u in p.units)
    units |= dict.fromkeys(s.unit for s in row.sums)
    used = set(re.findall(r"(?<![A-Za-z\\])[a-z](?![A-Za-z])", row.text))
    free = iter([u for u in "mlqpijk" if u not in units and u not in used])
    # (Alone below a bias, k would be a step.)
    steps = {u for p in row.pieces if p.kind == "unit" for u in p.units if u == "k"}
    return {u: u if u in UNITS - _OTHERWISE - steps else next(free, u) for u in units}


def _square(row: Row, total: Sum, told: _Told) -> Edit | None:
    """``\\sum_k (d_k - y_k)^2`` as the square of a length."""
    opens = _OPEN.match(row.text, total.end)
    if opens is None:
        return None
    inside = [p for p in row.pieces if p.start >= opens.end()]
    last = opens.end()
    new = ""
    for p in inside:
        between = row.text[last : p.start].strip()
        if between not in ("", "-") or p.units != (total.unit,) or p.kind != "state":
            break
        name = told.state(p.base, total.unit, p.step or "t", whole=True)
        if name is None:
            return None
        new += f" {between} {name}"
        last = p.end
        close = _SQUARE.match(row.text, last)
        if close is not None and opens.group().strip().endswith(("(", "[")) is (
            close.group().lstrip()[0] != "^"
        ):
            return total.start, close.end(), rf"\left\| {new} \right\|^2 "
    return None


def _product(row: Row, total: Sum, told: _Told) -> Edit | None:
    """``\\sum_i w_{ji} x_i`` in a definition as the product of a matrix and a vector."""
    inside = [p for p in row.pieces if p.start >= total.end][:2]
    kinds = {p.kind: p for p in inside}
    if set(kinds) != {"weight", "state"} or row.left is None:
        return None
    weight, state = kinds["weight"], kinds["state"]
    gaps = [row.text[total.end : inside[0].start], row.text[inside[0].end : inside[1].start]]
    end = inside[1].end
    applied = ""
    if (opens := _APPLIED.search(row.text[max(total.end, state.start - _REACH) : state.start])):
        closes = _CLOSED.match(row.text, state.end)
        if closes is None:
            return None
        applied = opens["f"]
        first = state is inside[0]
        gaps[not first] = gaps[not first][: -len(opens[0])]
        if first:
            gaps[1] = row.text[closes.end() : inside[1].start]
        end = inside[1].end if first else closes.end()
    if any(_BETWEEN.fullmatch(gap) is None for gap in gaps) or state.units != (total.unit,):
        return None
    target = row.left.units[0]
    name = told.matrix(weight)
    of = told.state(state.base, total.unit, state.step or "t", whole=True)
    if not name or of is None or set(weight.units) != {target, total.unit}:
        return None
    turned = "" if weight.units[0] == target else r"^{\top}"
    of = f"{applied}({of})" if applied else of
    return total.start, end, f"{name}{turned} {of} "

r"""Networks unit by unit, whose layers are told apart by the letters of their units.

.. math::

    a_h^t = \sum_{i=1}^I w_{ih} x_i^t + \sum_{h'=1}^H w_{h'h} b_{h'}^{t-1}, \quad
    b_h^t = \theta(a_h^t), \quad
    \delta_h^t = \theta'(a_h^t) \Big(\sum_{k=1}^K \delta_k^t w_{hk}
    + \sum_{h'=1}^H \delta_{h'}^{t+1} w_{hh'}\Big)

This is the notation of Graves (*Supervised Sequence Labelling with Recurrent Neural Networks*,
2012, sections 3.2 and 4.5): :math:`a` is what arrives at a unit, :math:`b` what leaves it,
:math:`w_{ij}` goes from i to j, and :math:`\iota`, :math:`\phi`, :math:`\omega` are the gates of a
memory block, one number each. The letter of a unit says of which layer it is, so that :math:`a_h`
and :math:`a_k` are two vectors. Formulas are read as ones about entries, under the network that
the text defines.
"""
from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

from bptt_sym.check.answer import internal_error
from bptt_sym.check.judged import Judged, as_entry
from bptt_sym.check.unit_notation import (
    DERIVES,
    PIECE,
    RECURS,
    STEP_FIRST,
    SUM,
    UNIT,
    Network,
    defining,
    function_of,
    network_of,
    step_of,
    summand,
    unit_of,
    value_step,
)
from bptt_sym.decide.identity import holds
from bptt_sym.decide.trials import Drafts
from bptt_sym.decide.verdict import Diagnosis, Verdict
from bptt_sym.definitions.outline import Row, is_relation, outline
from bptt_sym.documents.document import Document, Formula
from bptt_sym.documents.respelling import edited, replaced
from bptt_sym.errors import BpttError, InputError
from bptt_sym.messages import marked
from bptt_sym.notation import D, walk
from bptt_sym.read import read_claim

_BY_A_WEIGHT = re.compile(r"\s*\\[dt]?frac\s*\{\s*\\partial[^=]*\{\s*\\partial\s*w\s*_[^=]*=")
#: Quantities of a row in which a slip is looked for.
MOST_TRIED = 16
_LETTERS = "ijklmpqrs"

ONE_BLOCK = "the hidden layer is one memory block"
LOSSES = "the loss is the sum of the losses of the steps"
BY_INPUT = "{} is the gradient by what arrives at the unit"
#: Under which model a formula was judged.
OWN = "the network of its units"
TO_OUTPUT = "the units are those of the hidden layer and of the output"
FROM_INPUT = "the units are those of the input and of the hidden layer"
FROM_BEFORE = "the units are those of the hidden layer"
BEHIND = marked("it is about what is behind the last step")
NO_LAYER = marked("of which layer it is, or which weight is meant, is not said")
UNSAID = marked("it fails, but what δ and ε stand for the text does not say")


def layered(document: Document) -> dict[tuple[int, ...], list[Judged]]:
    """What is judged in this notation, by the places of the formulas; nothing if the text defines
    no such network."""
    every = (
        replaced(replace(f, origin=f), STEP_FIRST, lambda m: f"{m[1]}_{m[3]}^{m[2]}")
        for f in document.formulas
    )
    formulas = [f for f in every if PIECE.search(f.latex)]
    if not any(RECURS.search(f.latex) for f in formulas):
        return {}
    rows = [(f, m) for f in formulas for m in defining(f)]
    networks = [n for gated in (False, True) if (n := network_of(rows, gated)) is not None]
    return _Reader(networks, rows, formulas).entries() if networks else {}


class _Reader:
    """Judges the formulas of a text under its networks."""

    def __init__(
        self, networks: Sequence[Network], rows: Sequence[tuple[Formula, re.Match[str]]],
        formulas: Sequence[Formula],
    ) -> None:  # fmt: skip
        self.networks = networks
        self.defining = {f.order for f, _ in rows}
        self.formulas = formulas
        every = "\n".join(f.latex for f in formulas)
        self.said = {
            q for q, by in ((r"\delta", "a"), ("c", "b"), ("s", "s"))
            if re.search(_says(q, by), every)
        }  # fmt: skip
        #: Names of gradients that a formula which holds has borne out.
        self.witnessed: set[str] = set()
        self.gated = r"\epsilon" if r"\epsilon" in every else r"\varepsilon"

    def entries(self) -> dict[tuple[int, ...], list[Judged]]:
        out: dict[tuple[int, ...], list[Judged]] = {}
        for formula in self.formulas:
            try:
                found = self._formula(formula)
            except Exception as error:  # one formula must not take the others with it
                found = [as_entry(formula, internal_error(error), None, OWN)]
            if found:
                out[formula.order] = found
        # What bears a name out may stand behind the formula that fails.
        return {order: [self._settled(j) for j in found] for order, found in out.items()}

    def _settled(self, judged: Judged) -> Judged:
        if judged.verdict.verdict != "wrong":
            return judged
        used = set(re.findall(r"\\delta|\\(?:var)?epsilon", judged.latex))
        known = self.said | self.witnessed
        if r"\delta" in used and r"\delta" not in known:
            return replace(judged, verdict=Verdict("undecided", note=UNSAID), part=None)
        return judged

    def _of(self, text: str) -> Network | None:
        units = {unit_of(m) for m in PIECE.finditer(text) if m["q"]}
        marks = units & {"c", "s", r"\iota", r"\phi", r"\varphi", r"\omega"}
        gated = next((n for n in self.networks if n.gated), None)
        if gated is not None and (marks or units & set(gated.gates)):
            return gated
        plain = next((n for n in self.networks if not n.gated), None)
        return plain if plain is not None and units & {"h", "h'"} else None

    def _formula(self, formula: Formula) -> list[Judged]:
        if formula.order in self.defining:
            text = formula.latex
            try:
                rows = outline(formula).rows
            except InputError:
                rows = ()
            note = Verdict("not_a_claim", note=marked("a definition"))
            if not rows or "=" not in text:
                return [as_entry(formula, note, None, "")]
            return [as_entry(formula, note, row, "") for row in rows]
        if not is_relation(formula.latex):
            return []
        if (generic := self._of_any_unit(formula)) is not None:
            return generic
        net = self._of(formula.latex)
        if net is None or not DERIVES.search(formula.latex):
            return []
        try:
            found, by_input = self._translated(formula, net, gates_by_input=False)
            rows = outline(found).rows
        except InputError as error:
            return [as_entry(formula, Verdict("undecided", note=_why(error)), None, "")]
        judged = [self._row(row, found, net, formula, by_input) for row in rows]
        if len(judged) == 1:  # what was written out is shown as it stands
            judged = [replace(judged[0], latex=" ".join(formula.latex.split()))]
        return judged

    def _of_any_unit(self, formula: Formula) -> list[Judged] | None:
        """What is said of units i and j of whatever layer; ``None`` if it is about others."""
        found = [m for m in PIECE.finditer(formula.latex) if m["q"] or m["from"]]
        units = {u for m in found for u in (
            (unit_of(m),) if m["q"] else (unit_of(m, "from"), unit_of(m, "to")))}  # fmt: skip
        if "j" not in units or not units <= {"i", "j", "h", "k"}:
            return None
        weights = {(unit_of(m, "from"), unit_of(m, "to")) for m in found if m["from"]}
        said = re.search(_says(r"\delta", "a"), formula.latex) and not weights
        if said or re.search(r"T\s*\+\s*1", formula.latex):
            note = marked("a name for its right side") if said else BEHIND
            return [as_entry(formula, Verdict("not_a_claim", note=note), None, "")]
        if not (units & {"h", "k"} or _BY_A_WEIGHT.match(formula.latex)):
            return None
        net = self.networks[0]
        hidden = "c" if net.gated else "h"
        for said_of, renamed in (
            (TO_OUTPUT, {"i": hidden, "j": "k"}), (FROM_INPUT, {"j": hidden}),
            (FROM_BEFORE, {"i": f"{hidden}'", "j": hidden, "h": "h'"}),
        ):  # fmt: skip
            edits = [
                (m.start(name), m.end(name), renamed[m[name].strip()])
                for m in PIECE.finditer(formula.latex)
                for name in ("u", "u1", "from", "to", "over")
                if m[name] is not None and m[name].strip() in renamed
            ]  # fmt: skip
            try:
                about = edited(formula, [(a, b, f"{{{u}}}" if len(u) > 1 and formula.latex[a - 1]
                                          in "_^" else u) for a, b, u in sorted(edits)])
                text, _ = self._translated(about, net, gates_by_input=False)
                rows = outline(text).rows
            except InputError:
                continue
            judged = [as_entry(text, self._verdict(r.latex, net), r, OWN) for r in rows]
            if all(j.verdict.is_right for j in judged):
                return [j.under(said_of) for j in judged]
        return [as_entry(formula, Verdict("undecided", note=NO_LAYER), None, OWN)]

    def _row(
        self, row: Row, found: Formula, net: Network, formula: Formula, by_input: bool
    ) -> Judged:
        verdict = self._verdict(row.latex, net)
        if by_input and verdict.verdict != "not_a_claim":
            # ε of a gate: by what leaves it, or by what arrives there.
            try:
                again, _ = self._translated(formula, net, gates_by_input=True)
                rows = outline(again).rows
                index = [r.start for r in outline(found).rows].index(row.start)
                other = self._verdict(rows[index].latex, net)
            except (InputError, ValueError, IndexError):
                other = verdict
            if other.is_right and not verdict.is_right:
                said = BY_INPUT.format("ε of a gate")
                verdict = replace(other, readings=(*other.readings, said))
            elif not verdict.is_right:
                verdict = Verdict("undecided", note=UNSAID)
        if verdict.verdict == "wrong":
            slip = self._slip(formula, found, row, net)
            verdict = replace(verdict, diagnosis=slip, unexplained=None)
        if verdict.is_right:
            self.witnessed |= set(re.findall(r"\\delta|\\(?:var)?epsilon", formula.latex))
        return replace(as_entry(found, verdict, row, OWN), part=None, apart=True)

    def _verdict(self, latex: str, net: Network) -> Verdict:
        assert net.court is not None
        if re.search(r"T\s*\+\s*1", latex):
            return Verdict("not_a_claim", note=BEHIND)
        try:
            claim = read_claim(latex, net.court.model)
            if len(claim.sides) == 2 and claim.sides[0] == claim.sides[1]:
                return Verdict("not_a_claim", note=marked("a name for its right side"))
            verdict = net.court.judge(claim, explain=False)
        except InputError as error:
            return Verdict("undecided", note=_why(error))
        if verdict.is_right:
            says = (LOSSES, ONE_BLOCK) if net.gated else (LOSSES,)
            return replace(
                verdict, verdict="right_under_reading", assumptions=(*verdict.assumptions, *says)
            )
        if verdict.verdict == "wrong" and any(
            isinstance(n, D) and isinstance(n.y, type(n.x)) for s in claim.sides for n in walk(s)
        ):
            # Partial derivatives along a drawn path: which ones are held is not said.
            return Verdict("undecided", note=UNSAID)
        return verdict

    def _slip(
        self, formula: Formula, found: Formula, row: Row, net: Network
    ) -> Diagnosis | None:
        """The one quantity of another step, or of another kind, that the row fails by."""
        assert net.court is not None
        rows = outline(found).rows
        index = next(k for k, r in enumerate(rows) if r.start == row.start)
        start, end = (bisect_left(formula.offsets, found.offsets[k]) for k in row.parts[-1])
        inside = [
            m for m in PIECE.finditer(formula.latex)
            if (m["q"] or m["v"]) and start < m.start() < end
        ]  # fmt: skip
        for m in inside[:MOST_TRIED]:
            for code, message, new in _other(m):
                changed = edited(formula, [(m.start(), m.end(), new)])
                try:
                    again, _ = self._translated(changed, net, gates_by_input=False)
                    claim = read_claim(outline(again).rows[index].latex, net.court.model)
                    trial = Drafts(claim, net.court.model).trial(())
                    mended = holds(net.court.arena, trial).holds is True
                except (BpttError, ArithmeticError, IndexError):
                    continue
                if mended:
                    shown = f"{message} ({new} in place of {m.group().strip()})"
                    text = changed.latex[start : end + len(changed.latex) - len(formula.latex)]
                    return Diagnosis(code, shown, corrected=text.strip())
        return None

    def _translated(
        self, formula: Formula, net: Network, *, gates_by_input: bool
    ) -> tuple[Formula, bool]:
        """``formula`` about entries, and whether an ε of a gate was in it."""
        formula = _over_all(formula, net)
        letters: dict[str, str] = {}
        of_gates = False

        def letter(unit: str) -> str:
            if unit not in letters:
                if len(letters) == len(_LETTERS):
                    raise InputError("too many units", token=unit)
                letters[unit] = _LETTERS[len(letters)]
            return letters[unit]

        def at(quantity: str, unit: str, step: str) -> str:
            name = net.sequence(quantity, unit)
            own = net.shapes[name]
            return rf"{name}_{{{step},{letter(unit)}}}" if own else rf"{name}_{{{step}}}"

        edits = []
        for m in PIECE.finditer(formula.latex):
            if m["v"]:
                name = net.value(m["v"], m["vq"])
                if net.court is not None and name not in net.court.model.shapes:
                    raise InputError(f"no equation has {m.group()}", token=m["v"])
                new = rf"{name}_{{{value_step(m)},{letter('c')}}}"
            elif m["over"]:
                new = rf"\sum_{{{letter(m['over'])}}} "
            elif m["from"] or m["from1"]:
                new = self._weight(m, net, letter)
            elif m["loss"]:
                new = r"\partial L"
            elif m["f"]:
                new = function_of(m)
            else:
                quantity, unit, step = m["q"], unit_of(m), step_of(m)
                if quantity == r"\delta":
                    new = rf"\frac{{\partial L}}{{\partial {at('a', unit, step)}}}"
                elif quantity.endswith("epsilon"):
                    if unit == "s":
                        new = rf"\frac{{\partial L}}{{\partial {at('s', 'c', step)}}}"
                    else:
                        gate = unit in net.gates
                        of_gates |= gate
                        what = "a" if gate and gates_by_input else "b"
                        new = rf"\frac{{\partial L}}{{\partial {at(what, unit, step)}}}"
                else:
                    new = at(quantity, unit, step)
            edits.append((m.start(), m.end(), new))
        return edited(formula, edits), of_gates

    @staticmethod
    def _weight(m: re.Match[str], net: Network, letter: Callable[[str], str]) -> str:
        source, to = unit_of(m, "from"), unit_of(m, "to")
        here, there = net.layer(source), net.layer(to)
        marked_out = source == "c'"
        source = source.rstrip("'") if marked_out else source
        of = "x" if here == "i" else "b"
        if source == "c" and there not in ("c", "k", "") and not marked_out:
            of = "s"  # a peephole
        name = net.weight(of, source, to)
        if there in ("c", "h", "k"):
            return rf"{name}_{{{letter(source)}{letter(to)}}}"
        return rf"{name}_{{{letter(source)}}}"


def _other(m: re.Match[str]) -> Iterator[tuple[str, str, str]]:
    """Quantities that one slip of the pen takes for the one that was meant: code, words, LaTeX."""
    if m["v"]:
        for other in ("t", "t-1", "t+1"):
            if other != value_step(m):
                new = rf"{m['v']}({m['vq']}_c^{{{other}}})"
                yield "BP004", "a time index is off by one", new
        return
    quantity, unit, step = m["q"], unit_of(m), step_of(m)
    for other in ("t", "t-1", "t+1"):
        if other != step:
            yield "BP004", "a time index is off by one", rf"{quantity}_{{{unit}}}^{{{other}}}"
    if quantity.endswith("epsilon") and unit in ("c", "s"):
        new = rf"{quantity}_{{{'s' if unit == 'c' else 'c'}}}^{{{step}}}"
        yield "BP018", "the wrong symbol is used", new
    if quantity in ("a", "b"):
        new = rf"{'b' if quantity == 'a' else 'a'}_{{{unit}}}^{{{step}}}"
        yield "BP018", "the wrong symbol is used", new


def _over_all(formula: Formula, net: Network) -> Formula:
    """Sums over everything that is in the hidden layer, cells and gates, written out."""
    while True:
        text = formula.latex
        total = next((m for m in re.finditer(SUM, text) if m["over"] == "g"), None)
        if total is None or not net.gated:
            return formula
        end = summand(text, total.end())
        body = text[total.end() : end]
        if re.search(r"\\partial", body):
            raise InputError("a sum over cells and gates of derivatives by them", token=r"\sum")
        terms = [_LAYER_SUM + _renamed(body, "c''")]
        terms += [_renamed(body, gate) for gate in net.gates]
        new = "(" + " + ".join(terms) + ") "
        formula = edited(formula, [(total.start(), end, new)])


_LAYER_SUM = r"\sum_{e=1}^{C} "


def _renamed(body: str, unit: str) -> str:
    """``w_{cg} δ_g^{t+1}`` for one unit in the place of g; w goes out from what leaves the cell."""
    def put(m: re.Match[str]) -> str:
        name = "e" if unit == "c''" else unit
        if m["from"] or m["from1"]:
            return rf"w_{{c'{name}}}" if unit_of(m, "to") == "g" else m.group()
        if m["q"] and unit_of(m) == "g":
            return rf"{m['q']}_{{{name}}}^{{{step_of(m)}}}"
        return m.group()

    return PIECE.sub(put, body)


def _says(quantity: str, by: str) -> str:
    left = rf"\\delta\s*_\s*\{{?\s*{UNIT}\s*\}}?" if quantity == r"\delta" else (
        rf"\\(?:var)?epsilon\s*_\s*\{{?\s*{quantity}\s*\}}?"
    )  # fmt: skip
    return (
        rf"{left}\s*\^\s*\{{?\s*t\s*\}}?\s*&?\s*(?:=|\\triangleq|\\equiv|\\doteq)\s*&?\s*\\[dt]?frac\s*\{{\s*\\partial[^{{}}]*"
        rf"(?:\{{[^{{}}]*\}})?\s*\}}\s*\{{\s*\\partial\s*{by}"
    )


def _why(error: InputError) -> str:
    return error.message

r"""Networks of many layers, :math:`a^l = \sigma(W^l a^{l-1} + b^l)`: a recurrence in l.

What a document says of layers is read as a document of its own, in which the layer is the step:
:math:`W^l` has another value at each, the loss is that of the last one, and :math:`\delta^l =
((W^{l+1})^\top \delta^{l+1}) \odot \sigma'(z^l)` is judged as a backward recursion of any
recurrence is. Formulas with a step of time in them are those of networks above each other.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from bptt_sym.check.each_layer import OF_SOME
from bptt_sym.check.judged import Judged
from bptt_sym.check.quantities.stacked import stacked
from bptt_sym.decide.verdict import Verdict
from bptt_sym.documents.document import Document, Formula
from bptt_sym.documents.names import Name, names_in
from bptt_sym.documents.respelling import Edit, edited
from bptt_sym.entries import UNITS

SAID = "the layer counts the steps of the recurrence that the layers are"
LAST = "the loss is one of the last layer"
ERRORS = r"\delta is the gradient by the argument of the activation"
_L = r"(?:l|\\ell)"
_STEP = rf"(?:{_L}(?:\s*[-+]\s*[0-9])?|L(?:\s*-\s*[0-9])?|[0-9])"
_AT = re.compile(
    rf"\s*(?:\\left\s*)?(?P<open>[(\[]|\\langle|<)?\s*(?P<at>{_STEP}|[ikmj](?:\s*-\s*1)?)\s*"
    r"(?:\\right\s*)?(?:[)\]]|\\rangle|>)?\s*,?\s*(?P<turned>T|\\top|\\intercal|)\s*"
)
#: ``\\prod_{k=l+1}^{L}``: k counts layers as well.
_OVER = re.compile(
    rf"(?P<sign>\\(?:sum|prod))\s*(?:\\limits\s*)?_\s*\{{\s*(?P<k>[ikmj])\s*=\s*(?P<low>{_STEP})\s*\}}\s*"
    rf"\^\s*(?:\{{\s*(?P<high>{_STEP})\s*\}}|(?P<high1>[lL](?![A-Za-z])))"
)
#: ``a^{(0)} = x``: what the first layer is given.
_INPUT = re.compile(r"\s*[A-Za-z\\{}]+\^\{\(0\)\}\s*&?\s*=[^=]*$")
_LETTER = re.compile(rf"{_L}(?![A-Za-z])")
_IN_TIME = re.compile(r"(?<![A-Za-z\\])t(?![A-Za-z])|\\tau")
_FUNCTIONS = frozenset(r"f g \sigma \phi \varphi \psi".split())
_COSTS = r"(?:C|J|E|L|\\mathcal\s*\{\s*[CJLE]\s*\}|\\ell)"
#: The letter of a cost that a recurrence has for other things.
_COST = re.compile(r"(?<![A-Za-z\\])C(?![A-Za-z])")
_NABLA = re.compile(r"\\nabla\s*_\s*(?:\{\s*(?P<x>[a-z])\s*\}|(?P<x1>[a-z]))(?=\s*[A-Z\\])")
_SPACE = r"(?:\s|&|\\[,;:! ]|\{\})*"
_EQUALS = rf"{_SPACE}(?:=|\\equiv|:=|\\coloneqq|\\triangleq|\\doteq){_SPACE}"
_UNIT = r"(?:_(?:\{[a-z]\}|[a-z]))?"
#: ``\\delta_j^{(t)} = \\frac{\\partial E}{\\partial z_j^{(t)}}``
_ERROR = re.compile(
    rf"\\delta{_UNIT}\^\{{\(t\)\}}{_EQUALS}\\[dt]?frac\s*\{{\s*\\partial\s*(?P<cost>{_COSTS})\s*\}}\s*"
    rf"\{{\s*\\partial\s*(?P<of>\\?[A-Za-z]+|\\[a-z]+\{{[A-Za-z]\}}){_UNIT}\^\{{\(t\)\}}\s*\}}"
)
_DELTA = re.compile(
    r"\\delta(?P<unit>_(?:\{[a-z]\}|[a-z]))?\^\{\((?P<at>[tT0-9][^(){}]{0,6})\)(?P<turned>\\top)?\}"
)


#: ``h_{t}^{(2)}``
_OF_A_LAYER = re.compile(r"\^\{\([0-9]\)\}")


@dataclass(frozen=True)
class _Layered:
    """The formulas about layers in the notation of steps, and what this supposes."""

    formulas: list[Formula]
    says: tuple[str, ...]
    #: Whether the text says what its errors are.
    settled: bool


def by_layers(
    document: Document,
    formulas: Callable[[], list[Formula]],
    audit: Callable[[Document], list[Judged]],
) -> dict[tuple[int, int, int], Judged]:
    """The entries of the formulas about layers, by cell, line and column.

    ``formulas`` gives those of the document in their usual spelling.
    """
    entries: dict[tuple[int, int, int], Judged] = {}
    for about in (_layered(document, formulas), _stacked(document)):
        if about is not None:
            entries = _judged(about, document, audit) | entries
    return entries


def _stacked(document: Document) -> _Layered | None:
    """What is said of a layer, whichever, of recurrent networks above each other."""
    if not any(_LETTER.search(f.latex) for f in document.formulas):
        return None
    found = stacked(document)
    return None if found is None else _Layered(found[0], (), found[1])


def _judged(
    found: _Layered, document: Document, audit: Callable[[Document], list[Judged]]
) -> dict[tuple[int, int, int], Judged]:
    about = replace(document, formulas=tuple(found.formulas), plain=(), problems=())
    entries = {}
    for entry in audit(about):
        verdict = entry.verdict
        if verdict.verdict == "wrong" and not found.settled:
            continue
        if verdict.verdict == "wrong":
            verdict = _without_the_names(verdict)
        if verdict.is_right:
            readings = tuple(dict.fromkeys((*verdict.readings, *found.says)))
            # (Where the layers are the steps, T is their number.)
            scope = verdict.scope
            scope = scope.replace("every T", "every number of layers") if found.says else scope
            verdict = replace(
                verdict, verdict="right_under_reading", readings=readings, scope=scope
            )
        elif not (verdict.verdict in ("wrong", "not_a_claim") or verdict in OF_SOME):
            # (Without its layers, less is known of what carries them.)
            of_a_layer = not found.says and _OF_A_LAYER.search(entry.latex) is not None
            if verdict.verdict != "undecided" or not of_a_layer:
                continue
        place = entry.place
        of_layers = not found.says
        entry = replace(entry, verdict=verdict, of_layers=of_layers)
        entries[place.cell, place.line, place.column] = entry
    return entries


def _without_the_names(verdict: Verdict) -> Verdict:
    """``verdict`` with its slip told without the names that it is in, which are not the text's."""
    slip = verdict.diagnosis
    if slip is None:
        return verdict
    slip = replace(slip, message=slip.message.partition(" (")[0], corrected="")
    return replace(verdict, diagnosis=slip)


def _layered(document: Document, usual: Callable[[], list[Formula]]) -> _Layered | None:
    if not any(_LETTER.search(f.latex) and "^" in f.latex for f in document.formulas):
        return None
    formulas = usual()
    chosen = [f for f in formulas if _is_about_layers(f)]
    state = next((s for f in chosen if (s := _state(f))), "")
    if not state:
        return None
    names = {n.base for f in chosen for n in names_in(f.latex)}
    capital = "w" in names and "W" not in names
    found = [f for g in chosen if (f := _in_steps(g, capital=capital)) is not None]
    found = [f for f in found if not _INPUT.match(f.latex)]
    texts = [f.latex for f in found]
    if "E" not in names and not any(re.search(rf"{_COST.pattern}\s*(?:\(|=)", t) for t in texts):
        found = [edited(f, [(m.start(), m.end(), "E") for m in _COST.finditer(f.latex)])
                 for f in found]  # fmt: skip
    given = next((m for f in found if (m := _ERROR.search(f.latex))), None)
    cost = given["cost"] if given else _cost([f.latex for f in found])
    says: tuple[str, ...] = (SAID,)
    if given is not None:
        found = [_with_errors(f, cost, given["of"]) for f in found]
    elif any(r"\delta" in t for t in texts) and cost:
        argument = next((a for f in found if (a := _argument(f))), "")
        if argument:
            found = [_with_errors(f, cost, argument) for f in found]
            says = (*says, ERRORS)
    settled = given is not None or not any(r"\delta" in t for t in texts)
    defined = any(re.match(rf"\s*{re.escape(cost)}\s*(?:\(|&?\s*=)", f.latex) for f in found)
    if cost and not defined and found:
        last = found[0]
        text = rf"{cost} = {cost}({state}^{{(T)}})"
        start = last.offsets[0]
        whole = Formula(last.source, text, (start,) * (len(text) + 1), True, section=last.section)
        found = [whole, *found]
        says = (*says, LAST)
    return _Layered(found, says, settled)


def _is_about_layers(formula: Formula) -> bool:
    names = names_in(formula.latex)
    scripts = [s for n in names for s in n.scripts if s.kind in "_^"]
    if any(_IN_TIME.search(s.inside) for s in scripts):
        return False
    return any(_layer(n, frozenset()) is not None for n in names)


def _layer(name: Name, bound: frozenset[str]) -> tuple[str, str, str] | None:
    r"""The layer of ``name``, in its own letters, its unit, and ``\top`` where it is turned.

    ``bound`` are the letters besides l that count layers.
    """
    at, units, turned = "", "", ""
    for script in name.scripts:
        found = _AT.fullmatch(script.inside)
        bare = script.inside.replace(" ", "")
        if found and found["at"][0] in "ikmj" and found["at"][0] not in bound:
            found = None
        if script.kind == "^" and found and (found["open"] or not found["at"].isdigit()):
            if at:
                return None
            at, turned = found["at"], r"\top" if found["turned"] else ""
        elif script.kind == "_" and bare and set(bare.replace(",", "")) <= UNITS and not units:
            units = bare.replace(",", "")
        elif script.kind == "^" and bare in ("T", r"\top") and at and not turned:
            turned = r"\top"
        elif script.kind in "([":
            break
        else:
            return None
    return (at, units, turned) if at else None


def _state(formula: Formula) -> str:
    """The name of what a layer gives, where ``formula`` computes it from the layer before."""
    names = names_in(formula.latex)
    if not names or r"\partial" in formula.latex or r"\delta" in formula.latex:
        return ""
    steps = [(n, (_layer(n, frozenset()) or ("", "", ""))[0].replace(" ", "")) for n in names]
    here = {n.base for n, at in steps if re.fullmatch(_L, at)}
    before = [n.base for n, at in steps if re.fullmatch(rf"{_L}-1", at)]
    outside = [b for b in before if b not in ("W", "w", "b")]
    return outside[0] if here and outside else ""


def _step(at: str) -> str:
    text = re.sub(r"\s", "", at)
    return re.sub(rf"^{_L}", "t", text).replace("L", "T")


def _in_steps(formula: Formula, *, capital: bool) -> Formula | None:
    """``formula`` with steps for its layers; ``None`` if a name has scripts of another kind."""
    edits: list[Edit] = []
    names = names_in(formula.latex)
    bound = frozenset(m["k"] for m in _OVER.finditer(formula.latex))
    layers = {_step(found[0]) for n in names if (found := _layer(n, bound)) is not None}
    ranges = [(m.start(), m.end()) for m in _OVER.finditer(formula.latex)]
    for m in _OVER.finditer(formula.latex):
        low, high = _step(m["low"]), _step(m["high"] or m["high1"])
        new = f"{m['sign']}_{{{m['k']}={low}}}^{{{high}}}"
        edits.append((m.start(), m.end(), new))
    for name in names:
        if any(start <= name.start < end for start, end in ranges):
            continue
        base = "W" if capital and name.base == "w" else name.base
        found = _layer(name, bound)
        counted = [s for s in name.scripts if s.kind in "_^"]
        if found is None:
            if any(_LETTER.search(s.inside) for s in counted):
                return None
            if base != name.base:
                edits.append((name.start, name.end, base))
            continue
        at, units, turned = found
        end = max(s.end for s in counted)
        if base in _FUNCTIONS and not units:
            edits.append((name.start, end, base + " "))
            continue
        below = f"_{{{units}}}" if units else ""
        new = f"{base}{below}^{{({_step(at)})}}"
        edits.append((name.start, end, f"({new})^{{{turned}}}" if turned else new))
    changed = edited(formula, sorted(edits))
    if len(layers) == 1:
        (layer,) = layers
        fixes = [(m.start(), m.end(), rf"\nabla_{{{m['x'] or m['x1']}^{{({layer})}}}} ")
                 for m in _NABLA.finditer(changed.latex)]  # fmt: skip
        changed = edited(changed, fixes) if fixes else changed
    return changed


def _cost(texts: Sequence[str]) -> str:
    """What the derivatives are of."""
    below = r"\{(?:[^{}]|\{[^{}]*\})*\}|[a-z]"
    top = re.compile(
        rf"\\(?:partial|nabla\s*_\s*(?:{below}))\s*(?P<c>{_COSTS})(?![A-Za-z^_])"
    )
    return next((m["c"] for t in texts if (m := top.search(t))), "")


def _argument(formula: Formula) -> str:
    r"""The z of ``a^{(t)} = \\sigma(z^{(t)})``."""
    m = re.search(
        r"=\s*&?\s*(?:\\[a-z]+|[fg])\s*(?:\\left\s*)?\(\s*(?P<z>[A-Za-z]|\\mathbf\{[a-z]\})\^\{\(t\)\}\s*(?:\\right\s*)?\)\s*$",
        formula.latex,
    )  # fmt: skip
    return m["z"] if m else ""


def _with_errors(formula: Formula, cost: str, of: str) -> Formula:
    r"""``formula`` with the derivatives that its \\delta stand for."""
    # A row that goes on with the same left side needs it written out.
    own = [m.span() for m in _ERROR.finditer(formula.latex)
           if not re.search(r"=|\\\\", formula.latex[m.end() :])]  # fmt: skip

    def edits() -> Iterator[Edit]:
        for m in _DELTA.finditer(formula.latex):
            if any(start == m.start() for start, _ in own):
                continue
            new = rf"\frac{{\partial {cost}}}{{\partial {of}{m['unit'] or ''}^{{({m['at']})}}}}"
            yield m.start(), m.end(), f"({new})^{{\\top}}" if m["turned"] else new

    found = list(edits())
    return edited(formula, found) if found else formula



r"""Recurrent networks above each other: :math:`h_t^{(l)} = f(h_{t-1}^{(l)}, h_t^{(l-1)})`.

What is said of a layer l whichever is read as said of one between two others: what the layer below
gives is an input, the layer above is computed from this one by equations like its own, and the loss
depends on this layer through the one above. Each name has another accent in each of the three.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from bptt_sym.documents.document import Formula
from bptt_sym.documents.names import Name, names_in
from bptt_sym.documents.respelling import Edit, edited

SAID = "the layer stands between two others, and the loss is one of the layers above"
_L = r"(?:l|\\ell)"
_LAYER = re.compile(
    rf"\s*(?P<open>[(\[])?\s*{_L}\s*(?P<by>[-+]\s*1)?\s*[)\]]?\s*,?\s*(?P<turned>T|\\top|)\s*"
)
_STEP = re.compile(r"\s*(?:t|T|k|s|\\tau)\s*(?:[-+]\s*[0-9]\s*)?")
_LETTER = re.compile(rf"(?<![A-Za-z\\]){_L}(?![A-Za-z])")
#: By how many layers a name stands above: its accent.
_ACCENTS = {-1: r"\check{%s}", 0: "%s", 1: r"\breve{%s}"}
_EQUALS = r"(?:\s|&)*(?:=|\\equiv|:=|\\triangleq)(?:\s|&)*"
_ERROR = re.compile(
    rf"\\delta_\{{t\}}{_EQUALS}\\[dt]?frac\s*\{{\s*\\partial\s*"
    r"(?P<cost>[LEJ]|\\mathcal\s*\{\s*[LEJ]\s*\})\s*\}\s*"
    r"\{\s*\\partial\s*(?P<of>[A-Za-z])_\{t\}\s*\}"
)
_DELTA = re.compile(
    r"(?P<x>\\delta|\\breve\{\\delta\}|\\check\{\\delta\})_\{(?P<at>[^{}]*)\}(?P<turned>\^\{\\top\})?"
)
_TOP = re.compile(
    r"\\partial\s*(?P<c>[LEJ]|\\mathcal\s*\{\s*[LEJ]\s*\})(?![A-Za-z_^])"
)


def in_own_names(name: str) -> str:
    """What the text calls ``name``: the layer in the place of its accent."""
    for by, accent in _ACCENTS.items():
        head, _, tail = accent.partition("%s")
        inside = name[len(head) :].partition("}")
        if by and name.startswith(head) and inside[1]:
            return f"{inside[0]}^{{(l{by:+d})}}{inside[2] if tail else ''}"
    return name


def stacked(formulas: Sequence[Formula]) -> tuple[list[Formula], bool] | None:
    """The formulas about a layer l that runs in time, each layer in names of its own.

    The second value tells whether the text says what its errors are. ``None`` if no equation gives
    such a layer from the one below and from the step before.
    """
    chosen = [f for f in formulas if _is_about_one(f)]
    given = [f for f in chosen if _gives(f)]
    state = next((s for f in given if (s := _state(f))), "")
    if not state:
        return None
    found = [f for g in chosen if (f := _at(g, 0)) is not None]
    above = [f for g in given if (f := _at(g, 1)) is not None]
    found = sorted([*found, *above], key=lambda f: f.order)
    error = next((m for f in found if (m := _ERROR.search(f.latex))), None)
    cost = error["cost"] if error else next(
        (m["c"] for f in found if (m := _TOP.search(f.latex))), ""
    )  # fmt: skip
    if error is not None:
        found = [_with_errors(f, cost, error["of"]) for f in found]
    if cost:
        first = found[0]
        text = rf"{cost} = \sum_{{t=1}}^T {cost}_t(\breve{{{state}}}_t)"
        start = first.offsets[0]
        places = (start,) * (len(text) + 1)
        found = [Formula(first.source, text, places, True, section=first.section), *found]
    settled = error is not None or not any(r"\delta" in f.latex for f in found)
    return found, settled


def _read(name: Name) -> tuple[int, str, str] | None:
    """By how many layers ``name`` is above l, its step, and ``\\\\top`` where it is turned."""
    by, step, turned, layered = 0, "", "", False
    for script in name.scripts:
        layer = _LAYER.fullmatch(script.inside)
        if script.kind == "^" and layer is not None and not layered:
            layered = True
            by = int(layer["by"].replace(" ", "")) if layer["by"] else 0
            turned = r"\top" if layer["turned"] else turned
        elif script.kind == "_" and _STEP.fullmatch(script.inside) and not step:
            step = script.inside.strip()
        elif script.kind == "^" and script.inside in ("T", r"\top") and layered:
            turned = r"\top"
        elif script.kind in "([":
            break
        else:
            return None
    return (by, step, turned) if layered else None


def _is_about_one(formula: Formula) -> bool:
    names = names_in(formula.latex)
    return any(_read(n) is not None for n in names) and all(
        _read(n) is not None or not any(_LETTER.search(s.inside) for s in n.scripts)
        for n in names
    )


def _gives(formula: Formula) -> bool:
    """Whether ``formula`` computes something of layer l, and differentiates nothing."""
    names = names_in(formula.latex)
    read = _read(names[0]) if names else None
    derives = re.search(r"\\partial|\\nabla|\\delta|∂", formula.latex)
    return read is not None and read[0] == 0 and bool(read[1]) and derives is None


def _state(formula: Formula) -> str:
    """What the layer below gives, in an equation that also has the step before."""
    read = [(n.base, found) for n in names_in(formula.latex) if (found := _read(n)) is not None]
    before = {base for base, (by, step, _) in read if by == 0 and re.fullmatch(r"t\s*-\s*1", step)}
    below = {base for base, (by, step, _) in read if by == -1 and step}
    both = before & below
    return next(iter(both)) if len(both) == 1 else ""


def _at(formula: Formula, up: int) -> Formula | None:
    """``formula`` with its names in the accents of their layers, all ``up`` layers above."""
    edits: list[Edit] = []
    for name in names_in(formula.latex):
        found = _read(name)
        if found is None:
            continue
        by, step, turned = found
        accent = _ACCENTS.get(by + up)
        counted = [s for s in name.scripts if s.kind in "_^"]
        if accent is None or (name.base.startswith("\\") and len(name.base) > 1
                              and "{" in name.base and by + up):  # fmt: skip
            return None
        new = accent % name.base + (f"_{{{step}}}" if step else "")
        new = f"({new})^{{{turned}}}" if turned and not step else new + (
            f"^{{{turned}}}" if turned else ""
        )  # fmt: skip
        edits.append((name.start, max(s.end for s in counted), new))
    return edited(formula, edits)


def _with_errors(formula: Formula, cost: str, of: str) -> Formula:
    """``formula`` with the derivatives that its errors stand for, but where it names them."""
    if _ERROR.fullmatch(formula.latex.strip().rstrip(".,")):
        return formula
    edits: list[Edit] = []
    for m in _DELTA.finditer(formula.latex):
        name = m["x"].replace(r"\delta", of)
        new = rf"\frac{{\partial {cost}}}{{\partial {name}_{{{m['at']}}}}}"
        edits.append((m.start(), m.end(), f"({new})^{{\\top}}" if m["turned"] else new))
    return edited(formula, edits) if edits else formula

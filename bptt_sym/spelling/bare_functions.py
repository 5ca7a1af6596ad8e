r"""A function that is differentiated without what it is of: :math:`\partial\ell/\partial x_t`.

Where every other formula that has :math:`\ell` has it of the same names, as
:math:`J = \sum_t \ell(x_t, u_t) + \phi(x_T)`, those are put in. So they are for a function that is
a part of a step, :math:`h_{t+1} = h_t + f(h_t, x_t; \theta)`, in equations of that step:
:math:`\partial f/\partial h` is by what f is of.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from bptt_sym.documents.document import Formula
from bptt_sym.documents.respelling import replaced

_LETTER = r"(?:\\(?:ell|phi|varphi|Phi|psi|rho)(?![A-Za-z])|(?<![A-Za-z\\])[clqrgV](?![A-Za-z]))"
_OF = r"(?P<of>\([^()=]{1,60}\))"
_APPLIED = re.compile(rf"(?P<f>{_LETTER})\s*{_OF}")
_BARE = re.compile(
    rf"(?P<d>\\[dt]?frac\s*\{{\s*(?:\\partial|d)\s*)(?P<f>{_LETTER})"
    r"(?P<by>\s*\}\s*\{\s*(?:\\partial|d)\s*(?P<x>[A-Za-z])\s*_\s*\{?\s*"
    r"(?P<t>[A-Za-z0-9+\- ]{1,6}?)\s*\}?\s*\})"
)
_NAME = r"(?:\\(?:mathbf|boldsymbol|bm)\s*\{\s*[a-z]\s*\}|(?<![A-Za-z\\])[a-z])"
_PART = r"(?P<f>(?:\\(?:mathbf|boldsymbol)\s*\{\s*)?(?<![A-Za-z])[fgFG]\s*\}?)"
#: ``h_{t+1} = h_t + f(h_t, x_t; \\theta)``: the step, the name and the function.
_STEP = re.compile(
    rf"\s*&?\s*(?P<name>{_NAME})\s*_\s*(?P<at>t(?![A-Za-z])|\{{\s*t\s*(?:\+\s*1\s*)?\}})\s*&?\s*="
    rf"(?P<before>[^=()]*[+-][^=()]*?){_PART}\s*(?:\\left\s*)?"
    r"(?P<of>\([^()=]{1,60}?[,;][^()=]{1,60}\))"
)
_BY = re.compile(
    rf"(?P<d>\\[dt]?frac\s*\{{\s*\\partial\s*){_PART}(?P<by>\s*\}}\s*\{{\s*\\partial\s*)"
    rf"(?P<x>{_NAME}|\\(?:boldsymbol|bm|mathbf)\s*\{{\s*\\theta\s*\}}|\\theta(?![a-z])|[WUw](?![A-Za-z]))"
    r"(?P<step>\s*_\s*(?:t(?![A-Za-z])|\{\s*t\s*(?:[-+]\s*1\s*)?\}))?\s*\}"
)
#: The loss: ``J = …``.
_TOTAL = re.compile(r"\s*(?:\\mathcal\s*\{\s*[A-Z]\s*\}|[A-Z])\s*&?\s*=(?![^=]*\\partial)")


def with_what_functions_are_of(formulas: Sequence[Formula]) -> list[Formula]:
    """``formulas`` with the arguments of such functions, where they are differentiated."""
    formulas = _of_steps(formulas)
    given: dict[str, set[str]] = {}
    for formula in formulas:
        if not _TOTAL.match(formula.latex):
            continue
        for m in _APPLIED.finditer(formula.latex):
            given.setdefault(m["f"], set()).add("".join(m["of"].split()))
    meant = {f: next(iter(of)) for f, of in given.items() if len(of) == 1}
    if not meant:
        return list(formulas)

    def new(m: re.Match[str]) -> str | None:
        of = meant.get(m["f"])
        step = "".join(m["t"].split())
        if of is None or not re.search(rf"{m['x']}_\{{?{re.escape(step)}(?![0-9A-Za-z+-])", of):
            return None
        return f"{m['d']}{m['f']}{of}{m['by']}"

    return [replaced(f, _BARE, new) for f in formulas]


def _of_steps(formulas: Sequence[Formula]) -> list[Formula]:
    """``formulas`` with the arguments of a function that is a part of a step."""
    steps = [m for f in formulas if (m := _STEP.match(f.latex)) is not None]
    if len({(_tight(m["f"]), _tight(m["of"]), _tight(m["at"])) for m in steps}) != 1:
        return list(formulas)
    step = steps[0]
    inside = re.sub(r"\\[,;:! ]|\\right\s*\Z", "", step["of"][1:-1])
    parts = [p.strip() for p in re.split(r"[,;]", inside)]
    elsewhere = re.compile(rf"_\s*\{{?\s*{re.escape(_tight(step['at']))}\s*\}}?")

    def new(m: re.Match[str]) -> str | None:
        if _tight(m["f"]) != _tight(step["f"]):
            return None
        by = [p for p in parts if _tight(p.partition("_")[0]) == _tight(m["x"])]
        if len(by) != 1 or (m["step"] and _tight(by[0]) != _tight(m["x"] + m["step"])):
            return None
        return f"{m['d']}{m['f']}({', '.join(parts)}){m['by']}{by[0]}}}"

    return [
        replaced(f, _BY, new) if elsewhere.search(f.latex.partition("=")[0]) else f
        for f in formulas
    ]


def _tight(text: str) -> str:
    return re.sub(r"[\s{}]", "", text)

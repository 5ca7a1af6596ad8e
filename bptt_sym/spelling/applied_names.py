r"""What a text differentiates by although it has no name: :math:`\partial h_t/\partial\tanh(c_t)`.

An activation of one sequence that stands below a derivative gets a name, and an equation that says
what it is, before the first formula that has it; wherever it is written, the name takes its place.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from bptt_sym.documents.document import PROSE, Formula
from bptt_sym.documents.respelling import replaced

_FUNCTION = (
    r"(?:\\(?:tanh|sigma|phi|varphi)|(?:\\(?:mathrm|text|operatorname)\s*\{\s*)?"
    r"(?<![A-Za-z\\])tanh\s*\}?)"
)
_BASE = r"(?:\\(?:mathbf|boldsymbol|bm)\s*\{\s*[A-Za-z]\s*\}|(?<![A-Za-z\\])[A-Za-z])"
_STEP = r"(?:_\s*(?:\{[^{}]{1,8}\}|[A-Za-z0-9])|\^\s*\{\s*[(<\[][^{}]{1,8}[)>\]]\s*\})"
_NAME = rf"(?P<base>{_BASE})\s*(?P<step>{_STEP})"
#: ``\\tanh(c_t)``, ``\\tanh c_t``; no power before the bracket.
_APPLIED = re.compile(
    rf"(?P<f>{_FUNCTION})\s*(?P<open>(?:\\left\s*)?\(\s*)?{_NAME}(?(open)\s*(?:\\right\s*)?\))"
)
_BELOW = re.compile(
    rf"\}}\s*\{{\s*(?:\\partial|d)\s*(?P<group>[({{]\s*)?(?P<what>{_APPLIED.pattern})"
    r"(?(group)\s*[)}])\s*\}"
)
_GROUPED = re.compile(rf"(?<=\\partial)\s*\(\s*(?P<what>{_APPLIED.pattern})\s*\)(?=\s*\}})")


def with_names_for_applied(formulas: Sequence[Formula]) -> list[Formula]:
    """``formulas`` with a name for each activation that they differentiate by."""
    wanted = {
        _key(m): m for f in formulas if "partial" in f.latex or "frac" in f.latex
        for m in _BELOW.finditer(f.latex)
    }  # fmt: skip
    if not wanted:
        return list(formulas)

    def named(m: re.Match[str]) -> str | None:
        return f"{_named(m)}{m['step']}" if _key(m) in wanted else None

    out: list[Formula] = []
    given: set[tuple[str, str]] = set()
    for formula in formulas:
        for key, m in wanted.items():
            if key not in given and any(_key(n) == key for n in _APPLIED.finditer(formula.latex)):
                given.add(key)
                out.append(_saying(formula, m))
        bare = replaced(formula, _GROUPED, lambda m: f" {m['what']}")
        out.append(replaced(bare, _APPLIED, named))
    return out


def _key(m: re.Match[str]) -> tuple[str, str]:
    function = re.sub(r"\\(?:mathrm|text|operatorname)|[\\{}\s]", "", m["f"])
    return function, "".join(m["base"].split())


def _named(m: re.Match[str]) -> str:
    function, base = _key(m)
    return rf"\mathrm{{{function}{re.sub(r'[^A-Za-z]|math|bold|symbol', '', base)}}}"


def _saying(formula: Formula, m: re.Match[str]) -> Formula:
    """``\\mathrm{tanhc}_t = \\tanh(c_t)``, said where ``formula`` stands."""
    step = "^{(t)}" if m["step"].lstrip().startswith("^") else "_{t}"
    function = "\\" + _key(m)[0]
    text = f"{_named(m)}{step} = {function}({m['base']}{step})"
    return replace(
        formula, latex=text, offsets=[formula.offsets[0]] * (len(text) + 1),
        display=False, environment=PROSE,
    )  # fmt: skip

r"""Gates that are cut out of one argument: ``a_t = W x_t + U h_{t-1} + b``, ``\sigma(a_t[0:H])``.

What a slice holds is told by the gate that it gives; the weights have a part for each of them. One
matrix for all gates may also be named so, ``W_{\text{all}}``, beside the weights of each.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from bptt_sym.documents.document import Formula
from bptt_sym.documents.respelling import replaced

_NAME = (
    r"(?:\\(?:text|mathrm|mathbf|boldsymbol|bm)\s*\{\s*[A-Za-z]{1,8}\s*\}"
    r"|(?<![A-Za-z\\])[A-Za-z])"
)
_STEP = r"\s*_\s*(?:\{\s*t\s*\}|t(?![A-Za-z]))"
_SLICE = r"\s*\[(?P<range>[^\[\]=]*(?::|\{:\})[^\[\]=]*)\]"
#: ``i_t = \\sigma(a_t[0:H])``
_GATE = re.compile(
    rf"(?P<gate>[fiogzrn]|\\(?:tilde|hat)\s*\{{?\s*[cCh]\s*\}}?){_STEP}\s*&?\s*=\s*&?\s*"
    rf"(?:\\[a-z]+|\\(?:text|mathrm|operatorname)\s*\{{[a-z]+\}})\s*(?:\\left\s*)?\(\s*"
    rf"(?P<name>{_NAME}){_STEP}{_SLICE}"
)
_EQUATION = re.compile(
    rf"^\s*(?P<left>(?P<name>{_NAME}){_STEP})\s*&?\s*=(?P<right>[^=]*)$"
)
_ALL = r"\\(?:text|mathrm|textrm)\s*\{\s*(?:all|gates|stack|stacked|full)\s*\}"
_WHOLE = re.compile(
    rf"(?P<open>\\(?:mathbf|boldsymbol|bm)\s*\{{\s*)?(?P<w>[WURVb])(?(open)\s*\}})\s*_\s*\{{\s*{_ALL}\s*\}}"
)
_BOLD = re.compile(
    r"\\(?:mathbf|boldsymbol|bm)\s*\{\s*(?P<w>[WURVb])\s*\}\s*_\s*(?:\{\s*)?[fiogcz]"
)
#: How many gates show that an argument is cut.
ENOUGH = 3


def with_whole_arguments(
    formulas: Sequence[Formula], of_gate: Callable[[str, str], str]
) -> tuple[list[Formula], str]:
    """``formulas`` with the argument of each gate in the place of its slice, and what was cut.

    ``of_gate`` writes the weights of one gate in an expression with those of all.
    """
    gates: dict[str, set[str]] = {}
    for f in formulas:
        for m in _GATE.finditer(f.latex):
            gates.setdefault(_key(m["name"]), set()).add(m["gate"])
    names = {n for n, found in gates.items() if len(found) >= ENOUGH}
    equations = [e for f in formulas if (e := _EQUATION.match(f.latex)) is not None]
    made = {
        _key(e["name"]): e["right"].strip(" .,;\n") for e in equations if _key(e["name"]) in names
    }
    if len(made) != 1:
        return list(formulas), ""
    ((name, right),) = made.items()

    def whole(m: re.Match[str]) -> str | None:
        if _key(m["name"]) != name:
            return None
        letter = re.findall(r"[A-Za-z]", m["gate"])[-1]
        start = m.start("name") - m.start()
        return m.group()[:start] + of_gate(right, letter)

    def left(m: re.Match[str]) -> str | None:
        return m["left"] if _key(m["name"]) == name else None

    return [replaced(replaced(f, _GATE, whole), _EQUATION, left) for f in formulas], right


def with_one_letter(formulas: Sequence[Formula]) -> tuple[list[Formula], frozenset[str], bool]:
    r"""``formulas`` with ``W`` for ``W_{\text{all}}``, its letters, and whether those of the gates
    are in bold type."""
    letters = frozenset(m["w"] for f in formulas for m in _WHOLE.finditer(f.latex))
    if not letters:
        return list(formulas), letters, False
    bold = any(m["w"] in letters for f in formulas for m in _BOLD.finditer(f.latex))
    return [replaced(f, _WHOLE, lambda m: m["w"]) for f in formulas], letters, bold


def in_bold(formulas: Sequence[Formula], letters: frozenset[str]) -> list[Formula]:
    """``formulas`` with the weights of single gates in bold type, as the text has them."""
    single = re.compile(rf"(?<![A-Za-z\\{{])(?P<w>[{''.join(sorted(letters))}])(?=_\{{[a-zC]\}})")
    return [replaced(f, single, lambda m: rf"\mathbf{{{m['w']}}}") for f in formulas]


def _key(name: str) -> str:
    return re.sub(r"[\s{}]", "", name)

r"""Claims about an activation alone: ``\sigma'(x) = \sigma(x)(1 - \sigma(x))``.

They are judged for one number, whatever the document's recurrence is.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace
from functools import lru_cache

from bptt_sym.check.answer import Court
from bptt_sym.decide.verdict import Verdict
from bptt_sym.errors import BpttError
from bptt_sym.notation import Fn, Node, rebuild, walk
from bptt_sym.read import read_claim, recurrence_from_latex
from bptt_sym.recurrence import Recurrence

_FUNCTION = (
    r"(?:\\(?:sigma|tanh)|\\(?:text|mathrm|operatorname)\s*\{\s*(?:tanh|sigmoid)\s*\}|tanh|sigmoid)"
)
_PRIMED = re.compile(
    rf"\s*{_FUNCTION}\s*(?:'|\^\s*\{{?\s*(?:\\prime|')\s*\}}?)\s*(?:\\left)?\s*\(\s*(?P<x>[a-z])\s*(?:\\right)?\s*\)\s*&?\s*="
)
_DIFFERENTIATED = re.compile(
    rf"\s*\\[dt]?frac\s*\{{\s*(?:d|\\partial)\s*(?:{_FUNCTION}\s*(?:\(\s*[a-z]\s*\))?)?\s*\}}\s*"
    rf"\{{\s*(?:d|\\partial)\s*(?P<x>[a-z])\s*\}}\s*(?:{_FUNCTION}\s*\(\s*[a-z]\s*\))?\s*&?\s*="
)


#: ``\\frac{d\\sigma}{dx}``
_OF_NOTHING = re.compile(rf"(frac\s*\{{\s*(?:d|\\partial)\s*{_FUNCTION})(\s*\}})")
_VALUE = re.compile(r"(?<![A-Za-z\\])([a-z])\s*_\s*\{?\s*t\s*\}?")


#: ``\\tanh' \\leq 1``, ``0 < \\sigma'(x) \\leq 1/4``: the size of a slope, wherever it is taken.
_BOUNDED = re.compile(
    r"\s*(?P<low>0\s*(?:<|\\leq?(?![a-z])|≤)\s*)?(?P<bar>\|\s*)?"
    r"(?P<f>\\(?:tanh|sigma)|\\(?:text|mathrm|operatorname)\s*\{\s*(?:tanh|sigmoid)\s*\}|tanh|sigmoid)"
    r"\s*(?:'|\^\s*\{?\s*(?:\\prime|')\s*\}?)\s*(?:\(\s*(?:[a-z]|\\cdot)\s*\)\s*)?(?(bar)\|\s*)"
    r"(?P<op><|\\leq?(?:slant)?(?![a-z])|≤)\s*(?P<most>\d+(?:\.\d+)?(?:\s*/\s*\d+)?|"
    r"\\[dt]?frac\s*\{?\s*\d\s*\}?\s*\{?\s*\d\s*\}?)\s*[.,;]?\s*"
)


def _of_its_size(latex: str) -> Verdict | None:
    """The verdict of a bound on a slope; a strict one that fails at one place accuses nobody."""
    found = _BOUNDED.fullmatch(latex)
    if found is None:
        return None
    function = r"\tanh" if "tanh" in found["f"] else r"\sigma"
    court = _court("x")
    low, least = found["low"] or "", rf"{function}'(x)"
    verdict = court.judge(read_claim(rf"{low}{least} {found['op']} {found['most']}", court.model))
    if verdict.verdict == "wrong":
        soft = court.judge(read_claim(rf"{least} \leq {found['most']}", court.model))
        # (σ is many a text's sign for any activation.)
        if soft.is_right or function == r"\sigma":
            return None
    return verdict


def of_an_activation(latex: str, written: str = "") -> Verdict | None:
    """The verdict of a claim about the derivative of σ or tanh; ``None`` for any other formula.

    ``written`` is the formula as the document has it: there σ is still what it was.

    One value that runs in time, as in ``\\tanh'(z) = 1 - \\tanh^2(z) = 1 - h_t^2``, is taken for
    what the function gives.
    """
    found = _PRIMED.match(latex) or _DIFFERENTIATED.match(latex)
    if found is None:
        return _of_its_size(written)
    x = found.group("x")
    latex = _OF_NOTHING.sub(lambda m: f"{m.group(1)}({x}){m.group(2)}", latex)
    values = sorted({m.group(1) for m in _VALUE.finditer(latex)})
    if len(values) > 1 or values == [x]:
        return None
    try:
        if not values:
            court = _court(x)
            return court.judge(read_claim(latex, court.model))
        function = r"\tanh" if "tanh" in found.group() else r"\sigma"
        court = _court(x, values[0], function)
        verdict = court.judge(read_claim(latex, court.model))
    except BpttError:
        return None
    if not verdict.is_right:
        return None  # the value may be another one's
    said = f"{values[0]}_t is the value of the function at {x}"
    return replace(verdict, verdict="right_under_reading", readings=(*verdict.readings, said))


@lru_cache(maxsize=32)
def _court(x: str, value: str = "", function: str = "") -> Court:
    """A recurrence of numbers with the parameter ``x`` and a value ``function(x)``."""
    state = next(letter for letter in "qpu" if letter not in (x, value))
    lines = [rf"{state}_t = \tanh({x} {state}_{{t-1}}) + \sigma({x})"]
    if value:
        lines.append(rf"{value}_t = {function}({x})")
    return Court.of(recurrence_from_latex(lines, name="an activation", scalar=True))


_SLOPE = re.compile(
    r"(?:\\(?P<f>sigma|tanh|phi|varphi|theta|psi)|(?<![A-Za-z\\])(?P<g>[fg]))\s*"
    r"(?:'|\^\s*\{?\s*(?:\\prime|')\s*\}?)"
)


def sloped(texts: Iterable[str]) -> frozenset[str]:
    r"""The activations of which a text writes the derivative: ``\sigma'(z_t)``."""
    found = [m for text in texts for m in _SLOPE.finditer(text)]
    return frozenset(m.group("g") or "\\" + m.group("f") for m in found)


def without_functions(functions: frozenset[str], rec: Recurrence) -> Recurrence | None:
    """``rec`` with ``functions`` the identity; ``None`` if it has none of them."""
    used = {n.name for e in rec.equations for n in walk(e.rhs) if isinstance(n, Fn)}
    if not functions & used:
        return None

    def change(n: Node) -> Node:
        n = rebuild(n, change)
        return n.arg if isinstance(n, Fn) and n.name in functions and not n.order else n

    return replace(rec, equations=tuple(replace(e, rhs=change(e.rhs)) for e in rec.equations))


_IDENTITY = re.compile(
    r"(?:\\(?P<f>sigma|tanh|phi|varphi)|(?<![A-Za-z\\])(?P<g>[fg]))\s*(?:\\left\s*)?\(\s*(?P<x>[a-z])\s*(?:\\right\s*)?\)"
    r"\s*&?\s*=\s*(?P=x)(?![A-Za-z_^(+-])\s*(?:$|[.,;?&]|\\)"
)


#: σ(x) = x
_SAID = re.compile(r"(?<![\w\\])(?P<f>[fgσφϕ])\s*\(\s*(?P<x>[a-z])\s*\)\s*=\s*(?P=x)(?![\w^(+²-])")


def said_identities(text: str) -> frozenset[str]:
    """The same of words, where a text writes it without delimiters."""
    names = {"σ": "sigma", "φ": r"\phi", "ϕ": r"\phi"}
    return frozenset(names.get(m.group("f"), m.group("f")) for m in _SAID.finditer(text))


def identities(texts: Iterable[str]) -> frozenset[str]:
    r"""The activations of which a text writes ``\sigma(x) = x``."""
    found = set()
    for text in texts:
        for m in _IDENTITY.finditer(text):
            name = m.group("f") or m.group("g")
            found.add({"phi": r"\phi", "varphi": r"\varphi"}.get(name, name))
    return frozenset(found)

r"""Claims about an activation alone: ``\sigma'(x) = \sigma(x)(1 - \sigma(x))``.

They are judged for one number, whatever the document's recurrence is.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace
from fractions import Fraction
from functools import lru_cache

from bptt_sym.check.answer import Court
from bptt_sym.decide.verdict import Counterexample, Verdict
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


_A_NUMBER = (
    r"(?P<most>\d+(?:\.\d+)?(?:\s*/\s*[1-9])?|\\[dt]?frac\s*\{?\s*[1-9]\s*\}?\s*\{?\s*[1-9]\s*\}?)\s*[.,;]?\s*"
)
_BARS = r"(?:\\left\s*)?(?:\\\||\|\s*\||\||\\[lr]?[vV]ert(?![a-z])|‖)\s*"
_DIAG = (
    r"(?:\\(?:operatorname|mathrm|text|textrm)\s*\{\s*diag\s*\}|\\diag(?![a-z])|diag)\s*"
    r"(?:\\left\s*)?\(\s*"
)
#: ``\\tanh' \\leq 1``, ``0 < \\sigma'(x) \\leq 1/4``, ``\\max_z |\\sigma'(z)| = 1/4``: the size of
#: a slope, wherever it is taken; ``\\|\\mathrm{diag}(\\sigma')\\| \\leq 1``, of its entries.
_BOUNDED = re.compile(
    r"\s*(?P<low>0\s*(?:<|\\leq?(?![a-z])|≤)\s*)?"
    r"(?P<all>\\(?:max|sup)(?![a-z])\s*(?:_\s*(?:\{[^{}]{1,12}\}|[a-z])\s*)?(?:\\[,;! ]\s*)?)?"
    rf"(?P<bar>{_BARS})?"
    r"(?P<diag>(?(bar)(?:\\(?:text|mathrm|operatorname)\s*\{\s*diag\s*\}|\\?diag)\s*(?:\\left\s*)?[(\[{]\s*))?"
    r"(?P<f>\\(?:tanh|sigma)|\\(?:text|mathrm|operatorname)\s*\{\s*(?:tanh|sigmoid)\s*\}|tanh|sigmoid)"
    r"\s*(?:'|\^\s*\{?\s*\\prime\s*\}?)\s*(?:\(\s*(?:[a-z]|\\cdot)\s*\)\s*)?"
    r"(?(diag)(?:\\right\s*)?[)\]}]\s*)"
    rf"(?(bar)(?:\\right\s*)?{_BARS}(?P<norm>_\s*\{{?\s*\\(?:infty|max)\s*\}}?\s*)?)"
    rf"&?\s*(?P<op><|\\leq?(?:slant)?(?![a-z])|≤|=)\s*{_A_NUMBER}"
)
#: ``\\|\\mathrm{diag}(f')\\| \\leq \\beta_h``, ``|f'(x)| \\leq \\gamma``: what a letter bounds.
_NAMES_IT = re.compile(
    rf"\s*{_BARS}(?P<diag>{_DIAG})?(?:{_FUNCTION}|\\(?:var)?phi|\\psi|[fg])\s*(?:'|\^\s*\{{?\s*\\prime\s*\}}?)\s*"
    r"(?:\(\s*(?:[a-z]|\\cdot)\s*\)\s*)?(?(diag)(?:\\right\s*)?\)\s*)"
    rf"(?:\\right\s*)?{_BARS}(?:_\s*\{{?\s*(?:2|\\infty)\s*\}}?\s*)?"
    r"&?\s*(?:<|\\leq?(?:slant)?(?![a-z])|≤)\s*\\(?:gamma|beta|kappa|eta|alpha|mu|rho|lambda)(?![A-Za-z])\s*"
    r"(?:_\s*(?:\{[^{}]{1,12}\}|\\[a-z]+|[A-Za-z0-9]))?\s*[.,;]?\s*"
)
_D = r"(?:d|\\partial|\\mathrm\s*\{\s*d\s*\})\s*"
#: ``\\frac{d}{dz} \\tanh(z)`` and ``\\frac{d \\tanh(z)}{dz}``: ``\\tanh'(z)``.
_QUOTIENT = re.compile(
    rf"\\[dt]?frac\s*\{{\s*{_D}(?:(?P<f>\\(?:tanh|sigma))\s*(?:\(\s*[a-z]\s*\)\s*)?)?\}}"
    rf"\s*\{{\s*{_D}(?P<x>[a-z])\s*\}}(?(f)|\s*(?P<g>\\(?:tanh|sigma))\s*\(\s*(?P=x)\s*\))"
)
_LEAST = {r"\tanh": Fraction(1), r"\sigma": Fraction(1, 4)}


def _with_primes(latex: str) -> str:
    return _QUOTIENT.sub(lambda m: f"{m['f'] or m['g']}'({m['x']})", latex)


def bounds_a_slope(latex: str) -> bool:
    """Whether a formula says no more than how steep tanh or σ is."""
    found = _BOUNDED.fullmatch(_with_primes(latex))
    return found is not None and (found["op"] != "=" or bool(found["all"] or found["bar"]))


def names_the_steepest(latex: str) -> bool:
    """Whether a formula says no more than that a letter bounds the slope of an activation."""
    return _NAMES_IT.fullmatch(latex) is not None


def _of_its_size(latex: str) -> Verdict | None:
    """The verdict of a bound on a slope; a strict one that fails at one place accuses nobody."""
    found = _BOUNDED.fullmatch(_with_primes(latex))
    if found is None or not bounds_a_slope(latex):
        return None
    function = r"\tanh" if "tanh" in found["f"] else r"\sigma"
    court = _court("x")
    low, least = found["low"] or "", rf"{function}'(x)"

    def judged(op: str) -> Verdict:
        return court.judge(read_claim(rf"{low}{least} {op} {found['most']}", court.model))

    if found["op"] == "=":
        # (σ is many a text's sign for any activation.)
        value = _value(found["most"])
        if value == _LEAST[function]:
            return replace(judged(r"\leq"), method=_STEEPEST.format(function, value))
        if value in _LEAST.values():
            return None if function == r"\sigma" else judged("=")
        said = _STEEPEST.format(function, _LEAST[function])
        shown = Counterexample(1, {}, {"x": "0"}, str(_LEAST[function]), str(value))
        return Verdict("wrong", method=said, counterexample=shown)
    verdict = judged(found["op"])
    if verdict.verdict == "wrong" and judged(r"\leq").is_right:
        return None
    return verdict


def _value(number: str) -> Fraction:
    """``1/4``, ``0.25`` and ``\\frac14`` as a number."""
    digits = re.findall(r"\d+(?:\.\d+)?", number)
    if number.lstrip().startswith("\\") and len(digits) == 1:
        digits = list(digits[0])
    return Fraction(digits[0]) / Fraction(digits[1] if len(digits) > 1 else 1)


_STEEPEST = "the least upper bound of the slope of {} is {}"


def of_an_activation(latex: str, written: str = "") -> Verdict | None:
    """The verdict of a claim about the derivative of σ or tanh; ``None`` for any other formula.

    ``written`` is the formula as the document has it: there σ is still what it was.

    One value that runs in time, as in ``\\tanh'(z) = 1 - \\tanh^2(z) = 1 - h_t^2``, is taken for
    what the function gives.
    """
    found = _PRIMED.match(latex) or _DIFFERENTIATED.match(latex)
    if found is None or bounds_a_slope(written):
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


#: ``$f$ is the activation, usually tanh``: the letter, and what is said behind it.
_LETTER = re.compile(r"(?<![A-Za-z\\_{^])(?P<f>[fgσφϕ]|\\(?:sigma|phi|varphi|psi))(?![A-Za-z_(^'])")
_CURVED = re.compile(
    r"(?i:tanh|\brelu|sigmoid|hyperbolic|logistic|non-?linear|nicht-?linear|no lineal|non lin[ée]a)"
    r"|не\s?линейн|非线性|非線性|非線形|비선형|לא לינ|غیرخطی"
)
_STRAIGHT = re.compile(
    r"(?<!non)(?<!non-)(?<!no )(?<!nicht)\blinea|identi|恒等|(?<!非)线性", re.IGNORECASE
)
#: "This is a linear model", "we do not apply a non-linear function".
_LINEAR = re.compile(
    r"(?i:\b(?:this|it|(?:the|our|this) (?:model|network|recurrence|rnn|system|unit))\s+"
    r"(?:is|remains)\s+"
    r"(?:then |thus |therefore |now )?(?:a |an |purely |just |simply )*linear\b(?! in\b)"
    r"|\b(?:do|does|did|will) ?n(?:o|['’])t\s+(?:\w+\s+){0,2}?"
    r"(?:an?\s+|any\s+|the\s+)?non-?\s?linear"
    r"|\b(?:without|no|lacks|omit(?:s|ting)?|drop(?:s|ping)?)\s+(?:an?\s+|any\s+|the\s+)?"
    r"(?:non-?\s?linear(?:ity|ities| function| activation)|activation function)\b)"
    r"|没有(?:使用)?(?:非线性|激活函数)|不(?:使用|用|加|考虑)(?:非线性|激活函数)|线性(?:模型|RNN)"
)
#: How far behind a letter its function is named.
_NAMED_WITHIN = 60


def said_linear(text: str) -> bool:
    """Whether words say that the network of the text is linear."""
    return _LINEAR.search(text) is not None


def said_nonlinear(text: str) -> frozenset[str]:
    """The letters of activations of which words say that they are tanh, say, or not linear."""
    names = {"σ": r"\sigma", "φ": r"\phi", "ϕ": r"\phi"}
    found = set()
    for m in _LETTER.finditer(text):
        said = re.split(r"[.。;；\n]", text[m.end() : m.end() + _NAMED_WITHIN])[0]
        if _CURVED.search(said) and not _STRAIGHT.search(said):
            found.add(names.get(m.group("f"), m.group("f")))
    return frozenset(found)


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

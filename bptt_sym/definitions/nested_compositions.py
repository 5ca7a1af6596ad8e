r"""Recurrences written out: :math:`h_t = g(U g(U g(\cdots) + W x_{t-1}) + W x_t)`.

Where what stands around the inner function is what stands around it one level further in, one step
earlier, the inner function is the value of the step before, and the line says what holds at every
step. It is written down softly, with the argument as the underlined name (:math:`\underline{h}_t`)
where the text differentiates by that and gives it no equation.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from bptt_sym.definitions.instances import soft
from bptt_sym.documents.document import Formula

_FONT = r"\\(?:mathbf|boldsymbol|bm|vec)\s*"
_NAME = rf"(?:{_FONT}\{{\s*[a-z]\s*\}}|(?<![A-Za-z\\])[a-z])"
_LEFT = re.compile(rf"\s*&?\s*(?P<name>{_NAME})\s*_\s*\{{?\s*(?P<s>[tlkn])\s*\}}?\s*&?\s*=\s*&?\s*")
_FUNCTION = r"(?:(?<![A-Za-z\\])[fgFG]|\\(?:sigma|phi|varphi|psi|tanh|theta))"
_OPENS = re.compile(rf"(?P<f>{_FUNCTION})\s*(?:\\left\s*)?\(")
_TAIL = re.compile(r"[\s.,;]*")
_SIZES = re.compile(r"\\(?:left|right|[bB]igg?[lr]?)(?![A-Za-z])|\\[,;:! ]|\s")
_UNDERLINED = r"\\underline\s*\{\s*%s\s*\}"
_RIGHT = re.compile(r"\\right\s*\Z")
_MOST = 4000


def folded_compositions(formulas: Sequence[Formula]) -> list[Formula]:
    """The recurrences of such lines, as soft ones where they stand."""
    found: dict[str, list[Formula]] = {}
    for formula in formulas:
        text = formula.latex
        if len(text) > _MOST or text.count("(") < 3:
            continue
        for name, function, argument in _folded(text):
            lines = [f"{name}_{{t}} = {function}({argument})"]
            if under := _under(name, formulas):
                lines = [f"{under}_{{t}} = {argument}", f"{name}_{{t}} = {function}({under}_{{t}})"]
            found.setdefault(name, [soft(formula, line) for line in lines])
    return [line for lines in found.values() for line in lines]


def _folded(text: str) -> Iterator[tuple[str, str, str]]:
    """The name, the function, and its argument with the value of the step before in it."""
    left = _LEFT.match(text)
    outer = _OPENS.match(text, left.end()) if left else None
    if left is None or outer is None:
        return
    whole = _inside(text, outer.end())
    if whole is None or _TAIL.fullmatch(text, outer.end() + len(whole) + 1) is None:
        return
    head, inner, tail = _parts(whole, outer["f"])
    within, _, behind = _parts(inner, outer["f"])
    step = left["s"]
    shifted = _earlier(tail, step)
    if inner and _bare(head) == _bare(within) and _bare(shifted) == _bare(behind):
        before = f"{left['name']}_{{{step}-1}}"
        letter = re.compile(rf"(?<![A-Za-z\\]){step}(?![A-Za-z])")
        argument = letter.sub("t", f"{head} {before} {_RIGHT.sub('', tail)}")
        yield left["name"], outer["f"], argument


def _parts(text: str, function: str) -> tuple[str, str, str]:
    """What stands before the first use of ``function`` in ``text``, in it, and behind it."""
    for m in _OPENS.finditer(text):
        if m["f"] == function and (inside := _inside(text, m.end())) is not None:
            return text[: m.start()], inside, text[m.end() + len(inside) + 1 :]
    return "", "", ""


def _inside(text: str, start: int) -> str | None:
    """What stands in the parentheses that open before ``start``, ``\\right`` with it."""
    depth = 1
    for k in range(start, len(text)):
        depth += (text[k] == "(") - (text[k] == ")")
        if not depth:
            return text[start:k]
    return None


def _earlier(text: str, step: str) -> str:
    """``text`` one step earlier: ``x_{l}`` as ``x_{l-1}``."""
    plain = re.compile(rf"_\s*(?:\{{\s*{step}\s*\}}|{step}(?![A-Za-z]))")
    return plain.sub(lambda m: f"_{{{step}-1}}", text)


def _bare(text: str) -> str:
    return re.sub(r"_\{?([a-z](?:-[0-9])?)\}?", r"_\1", _SIZES.sub("", text))


def _under(name: str, formulas: Sequence[Formula]) -> str:
    """The underlined name, if something is differentiated by it and no line gives it."""
    under = re.compile(_UNDERLINED % re.escape(name))
    by = re.compile(rf"\\partial\s*{_UNDERLINED % re.escape(name)}")
    given = re.compile(rf"(?:^|\\\\|&)\s*{_UNDERLINED % re.escape(name)}\s*_[^=&]{{1,9}}&?\s*=")
    texts = [f.latex for f in formulas if "underline" in f.latex]
    if not any(map(by.search, texts)) or any(map(given.search, texts)):
        return ""
    found = next(m for t in texts if (m := under.search(t)))
    return found.group()

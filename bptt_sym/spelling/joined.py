r"""Words for the joined vector: ``\text{concat}``, ``x_{\text{concat}, t}``, ``concat_t``.

Where an equation says that they are :math:`[h_{t-1}, x_t]`, they get a name that runs in time. A
slice of the gradient by such a vector is that gradient through one of its two parts.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from bptt_sym.documents.document import Formula
from bptt_sym.documents.respelling import edited, replaced

_WORD = r"(?:concat(?:enated)?|combined|cat|joined|stacked|input|con)"
#: No letter before, but the mark of a gradient.
_START = r"(?:(?<![A-Za-z\\{])|(?<=[^A-Za-z\\{]d)|(?<=^d))"
_T = r"(?:\s*_\s*(?:\{\s*t\s*\}|t(?![A-Za-z])))?"
_FONT = r"\\(?:text|mathrm|textrm|mathit|operatorname|mathbf|textbf)"
_NAME = (
    rf"(?:(?:{_FONT}\s*\{{\s*{_WORD}\s*\}}|{_START}{_WORD}(?![A-Za-z(])){_T}|"
    rf"(?:{_START}[xhzvXHZ]|\\mathbf\s*\{{\s*[xhzv]\s*\}})\s*_\s*\{{\s*(?:{_FONT}\s*\{{\s*)?{_WORD}"
    r"(?:\s*\})?\s*(?:,\s*t\s*)?\}(?:\s*\^\s*\{\s*\(?\s*t\s*\)?\s*\})?)"
)
_MENTION = re.compile(
    rf"(?P<mark>(?<![A-Za-z\\{{])d\s*|\\delta\s*|(?<![A-Za-z\\{{])d(?={_FONT}))?(?P<name>{_NAME})"
)
_DEFINES = re.compile(
    rf"{_NAME}\s*&?\s*(?:=|:=|\\equiv|\\triangleq)\s*&?\s*(?:\\left\s*)?"
    r"(?:\[|\(|\\begin\s*\{[bp]matrix\})(?P<parts>[^=]*?h[^=]*?(?:,|;|\\\\)[^=]*?x|"
    r"[^=]*?x[^=]*?(?:,|;|\\\\)[^=]*?h)"
)


#: A name that says what it is, in a text with one such vector.
_SAYS_SO = re.compile(
    rf"(?:{_FONT}\s*\{{\s*(?:concat|combined)\s*\}}|(?<![A-Za-z\\{{])(?:concat|combined)(?![A-Za-z(])){_T}"
)
_STATE = r"(?:\\mathbf\s*\{\s*h\s*\}|h)\s*(?:_|\^)\s*\{[^{}]*t\s*-\s*1[^{}]*\}"
_INPUT = r"(?:\\mathbf\s*\{\s*x\s*\}|x)\s*(?:_|\^)\s*(?:\{[^{}]*t[^{}]*\}|t)"
_BRACKET = re.compile(rf"\[\s*(?:{_STATE}\s*[,;]\s*{_INPUT}|{_INPUT}\s*[,;]\s*{_STATE})\s*\]")


#: ``\\mathbf{x}_t = [h_{t-1}, x_t]``: the joined vector has the letter of the input.
_SAME_LETTER = re.compile(
    r"\\(?:mathbf|boldsymbol|bm)\s*\{\s*(?P<x>[a-z])\s*\}\s*_\s*(?:\{\s*t\s*\}|t)\s*&?\s*(?:=|:=|\\equiv)\s*&?\s*"
    r"(?:\\left\s*)?\[[^=\[\]]*(?<![A-Za-z\\{])(?P=x)\s*_\s*(?:\{\s*t\s*\}|t)(?![A-Za-z])[^=\[\]]*\]"
)


def _in_bold(formulas: Sequence[Formula], loss: str) -> list[Formula]:
    """``formulas`` with a joined vector that is its input in bold under a name of its own."""
    letters = {m["x"] for f in formulas for m in _SAME_LETTER.finditer(f.latex)}
    if len(letters) != 1:
        return list(formulas)
    name = re.compile(
        r"(?P<mark>(?<![A-Za-z\\{])d\s*|\\delta\s*)?\\(?:mathbf|boldsymbol|bm)\s*\{\s*"
        rf"{letters.pop()}\s*\}}\s*_\s*(?:\{{\s*t\s*\}}|t)"
    )

    def new(m: re.Match[str]) -> str:
        found = r"\mathrm{concat}_{t}"
        return rf"\frac{{\partial {loss}}}{{\partial {found}}}" if m["mark"] else found

    return [replaced(f, name, new) for f in formulas]


def with_joined_vectors(formulas: Sequence[Formula], loss: str) -> list[Formula]:
    """``formulas`` with words for the joined vector as one name."""
    formulas = _in_bold(formulas, loss)
    if not any(_DEFINES.search(f.latex) for f in formulas):
        joined = next((m for f in formulas if (m := _BRACKET.search(f.latex))), None)
        if joined is None:
            return list(formulas)
        return [replaced(f, _SAYS_SO, lambda m: joined.group()) for f in formulas]

    def new(m: re.Match[str]) -> str:
        name = r"\mathrm{concat}_{t}"
        return rf"\frac{{\partial {loss}}}{{\partial {name}}}" if m.group("mark") else name

    return [replaced(f, _MENTION, new) for f in formulas]


#: ``\\partial J/\\partial W_f = … z_t^T`` at the end of a formula.
_BY_WEIGHT = re.compile(
    r"\\[dt]?frac\s*\{[^{}]*\}\s*\{\s*\\partial\s*[WUV]\s*_\s*(?:\{\s*(?P<g>[fiogcCzrn])\s*\}|(?P<g1>[fiogcCzrn]))\s*\}"
    r"[^=]*?=.*?(?P<name>\\(?:mathbf|boldsymbol|bm)\s*\{\s*[A-Za-z]\s*\}|(?<![A-Za-z\\])[A-Za-z])\s*"
    r"_\s*(?:\{\s*t\s*\}|t)\s*\^\s*(?:T|\\top|\{\s*(?:T|\\top)\s*\})\s*[.,;]?\s*(?:\\tag\s*\{[^{}]*\}\s*)?$"
)
SAID = "what the gradients by the weights end in, is the vector that they multiply"
_ENVIRONMENT = re.compile(r"\s*\\begin\s*\{[a-z]+\*?\}(?:\s*\{[^{}]*\})?")


def with_nameless_joins(formulas: Sequence[Formula]) -> list[Formula]:
    r"""``formulas`` with a name that nothing gives as that of :math:`[h_{t-1}, x_t]`.

    The weights of at least two gates multiply that vector, and their gradients end in the name.
    """
    joined = [m.group() for f in formulas for m in _BRACKET.finditer(f.latex)]
    ends = [m for f in formulas if (m := _BY_WEIGHT.search(f.latex)) is not None]
    letters = {m["name"].rstrip("} ")[-1] for m in ends}
    if len(joined) < 2 or len({re.sub(r"\s", "", j) for j in joined}) != 1:
        return list(formulas)
    if len({m["g"] or m["g1"] for m in ends}) < 2 or len({c.lower() for c in letters}) != 1:
        return list(formulas)
    cases = "".join(sorted({c for a in letters for c in (a.lower(), a.upper())}))
    bare = rf"(?:\\(?:mathbf|boldsymbol|bm)\s*\{{\s*[{cases}]\s*\}}|(?<![A-Za-z\\])[{cases}])"
    name = re.compile(rf"{bare}\s*_\s*(?:\{{\s*t\s*\}}|t(?![A-Za-z]))")
    given = re.compile(
        rf"(?:^|\\\\|[&,\n]|\\q?quad)\s*{name.pattern}\s*&?\s*(?:=|:=|\\equiv)|"
        rf"{bare}\s*[_^]\s*(?:\{{[^{{}}]*[-+][^{{}}]*\}})"
    )
    if letters & set("hHxXcCsSyY") or any(given.search(f.latex) for f in formulas):
        return list(formulas)
    called = r"\mathrm{concat}_{t}"
    new = f"{called} = {joined[0]}"
    said = (SAID, r"\mathrm{concat}")
    out, defined = [], False
    for formula in formulas:
        found = replaced(formula, name, lambda m: called)
        if found.latex != formula.latex:
            found = replace(found, supposes=(*found.supposes, said))
        if _BRACKET.search(found.latex):
            found = replaced(found, _BRACKET, lambda m: called)
            if not defined:
                at = m.end() if (m := _ENVIRONMENT.match(found.latex)) else 0
                found = edited(found, [(at, at, new + (r" \\ " if at else r", \quad "))])
                defined = True
        out.append(found)
    return out


_PART = (
    r"(?:\\(?:mathbf|boldsymbol)\s*\{\s*[A-Za-z]\s*\}|[A-Za-z])\s*(?:_|\^)\s*"
    r"(?:\{[^{}]*\}|[A-Za-z0-9])"
)
_NAMED = (
    r"(?:\\mathrm\{concat\}|\\mathbf\s*\{\s*[a-z]\s*\}|[A-Za-z])\s*(?:_|\^)\s*(?:\{[^{}]*\}|t)"
)
_JOINS = re.compile(
    rf"(?P<name>{_NAMED})"
    r"\s*&?\s*=\s*&?\s*(?:\\left\s*|\\[bB]igl?\s*)?(?:\[|\(|\\begin\{[bp]matrix\})"
    rf"\s*(?P<first>{_PART})\s*(?:\\[,;:! ]|\s)*(?:,|;|\\\\)(?:\\[,;:! ]|\s)*(?P<second>{_PART})"
    r"\s*(?:\\right\s*|\\[bB]igr?\s*)?(?:\]|\)|\\end)"
)
_BY = r"\\[dt]?frac\s*\{(?:[^{}]|\{[^{}]*\})*\}\s*\{\s*\\partial\s*(?P<by>(?:[^{}]|\{[^{}]*\})+)\}"
_GAP = r"(?:\\[,;:! ]|\s)*"
_SIZE = (
    r"-?(?![0-9]+\s*[A-Za-z])(?:[A-Za-z0-9+\-]|_\s*(?:\{[^{}]*\}|[A-Za-z0-9])|"
    r"\\(?:text|mathrm)\s*\{[^{}]*\}|\s)+"
)
_COLON = r"\s*(?:\{\s*:\s*\}|:)\s*"
#: ``:n``, ``0:n``, ``1:n`` or ``n:``, ``n:n+d``; all of the other side, if there is one.
_RANGE = (
    rf"{_GAP}(?::{_GAP},{_GAP})?(?:(?P<to>[01]?{_COLON}{_SIZE})|(?P<from>{_SIZE}{_COLON}(?:{_SIZE})?))"
    rf"(?:,{_GAP}:)?{_GAP}"
)
_SLICE = rf"(?P<below>_\s*\{{\s*)?(?P<square>\[)?{_RANGE}(?(square)\])(?(below)\s*\}})"
#: ``dz_t``, ``\\delta z_t``: the same by its mark.
_MARK = r"(?:(?<![A-Za-z\\{])d|\\delta\s*)(?=[A-Za-z\\])"
#: A gradient by a joined vector, cut; brackets around it.
_BLOCK = re.compile(
    rf"(?P<around>(?:\\left\s*)?\({_GAP})?(?:(?P<gradient>{_BY})|{_MARK}(?P<marked>{_NAMED}))"
    rf"(?(around){_GAP}(?:\\right\s*)?\)){_GAP}(?=_|\[){_SLICE}"
)
_WHOLE = re.compile(
    rf"(?:\\left\s*)?(?:\[|\\begin\{{[bp]matrix\}})\s*(?P<first>{_PART}){_GAP}(?:,|;|\\\\){_GAP}"
    rf"(?P<second>{_PART})\s*(?:\\right\s*)?(?:\]|\\end\{{[bp]matrix\}})"
)
_ABOVE = re.compile(r"\s*\^")


_BY_FIRST = re.compile(_BY)


def _tight(name: str) -> str:
    return re.sub(r"\s", "", name).replace("_{t}", "_t")


def _under_its_name(
    formulas: Sequence[Formula], name: str, parts: tuple[str, str]
) -> list[Formula]:
    """``formulas`` with the joined vector that they differentiate by under its name.

    It is given before it is used first. Turned it stays a row, where its weights multiply it as
    it is.
    """
    tight = tuple(re.sub(r"\s", "", p) for p in parts)

    def same(m: re.Match[str]) -> bool:
        return tuple(re.sub(r"\s", "", m[k]) for k in ("first", "second")) == tight

    def named(m: re.Match[str]) -> str | None:
        turned = _ABOVE.match(m.string, m.end()) is not None
        return name if same(m) and (plain or not turned) else None

    plain = any(
        same(m) and _ABOVE.match(f.latex, m.end()) is None
        for f in formulas if not _JOINS.search(f.latex) for m in _WHOLE.finditer(f.latex)
    )  # fmt: skip
    given = False
    out = []
    for f in formulas:
        found = f if _JOINS.search(f.latex) else replaced(f, _WHOLE, named)
        given = given or (found is f and any(same(m) for m in _JOINS.finditer(f.latex)))
        if found.latex != f.latex and not given:
            at = m.end() if (m := _ENVIRONMENT.match(found.latex)) else 0
            pair = f"{name} = [{parts[0]}, {parts[1]}]" + (r" \\ " if at else r", \quad ")
            found, given = edited(found, [(at, at, pair)]), True
        out.append(found)
    return out


def with_blocks(formulas: Sequence[Formula], loss: str) -> list[Formula]:
    """``formulas`` with slices of gradients by joined vectors as products of derivatives."""
    joins = {
        _tight(m.group("name")): (m.group("first"), m.group("second"))
        for f in formulas for m in _JOINS.finditer(f.latex)
    }  # fmt: skip

    def new(m: re.Match[str]) -> str | None:
        by = _tight(m["by"] or m["marked"])
        if by not in joins:
            return None
        part = joins[by][0 if m.group("to") else 1]
        gradient = m["gradient"] or rf"\frac{{\partial {loss}}}{{\partial {by}}}"
        return rf"{gradient} \frac{{\partial {by}}}{{\partial {part}}}"

    by = {_tight(m["by"]) for f in formulas for m in _BY_FIRST.finditer(f.latex)}
    for name, parts in joins.items():
        if name in by and sum(p == parts for p in joins.values()) == 1:
            formulas = _under_its_name(formulas, name, parts)
    if joins:
        formulas = [replaced(f, _BLOCK, new) for f in formulas]
    return list(formulas)

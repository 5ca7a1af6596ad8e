r"""One sign for a transpose, one for a norm, one for a sum.

:math:`W'`, :math:`W^{\text{tr}}` and :math:`{}^tW` are :math:`W^\top` where a text has no other
sign for it, and ``||v||`` is ``\|v\|``. A prime is a transpose only if it stands at a letter that
is a matrix elsewhere; at a function it is its slope. The norm of a transpose is that of its matrix.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from bptt_sym.documents.document import Formula
from bptt_sym.documents.names import FONTS, Name, names_in
from bptt_sym.documents.respelling import Edit, edited, replaced
from bptt_sym.messages import marked

#: A sum or a product with its range behind it.
_UNICODE = re.compile(r"(?P<sign>[ΣΠ∑∏])(?=\s*[_^]\s*\{)")
_NAMES = {"Σ": r"\sum", "∑": r"\sum", "Π": r"\prod", "∏": r"\prod"}
#: A product entry by entry, with its range.
_ENTRYWISE = re.compile(r"\\big(?:odot|circ)(?=\s*(?:\\limits\s*)?_\s*\{)")
_WORD = re.compile(
    r"\^\s*(?:\{\s*(?:\\(?:text|textrm|mathrm|mathsf|mathtt|mathbf|rm|sf|bf|operatorname)\s*\{?\s*)?"
    r"(?:[tT]r(?:anspose)?|TR|tp)\s*\}?\s*\}"
    r"|\\(?:text|mathrm|textrm|mathsf)\s*\{\s*(?:[tT]r(?:anspose)?|[tT]|TR)\s*\})"
    r"|\^\s*\{\s*\\(?:text|textrm|mathrm|mathsf|mathtt|mathbf|rm|sf)\s*(?:\{\s*t\s*\}|\s+t)\s*\}"
)
#: ``{}^t W``
_BEFORE = re.compile(
    r"\{\s*\}\s*\^\s*\{?\s*t\s*\}?\s*(?:\\!\s*)*"
    rf"(?P<name>\\(?:{'|'.join(FONTS)})\s*\{{[^{{}}]*\}}|[A-Za-z])(?P<script>\s*_\s*(?:\{{[^{{}}]*\}}|[A-Za-z0-9]))?"
)
_TRANSPOSES = re.compile(r"\^\s*\{?\s*(?:\\(?:top|intercal)(?![A-Za-z])|T\s*\}?(?![A-Za-z]))")
_RANGE = re.compile(r"\\(?:sum|prod)\s*(?:\\limits\s*)?(?:[_^]\s*(?:\{[^{}]*\}|[A-Za-z])\s*){1,2}")
SAME_NORM = marked("a matrix and its transpose have the same norm, as in the Euclidean one")
#: ``\\|W^\\top\\|`` is ``\\|W\\|`` in the Euclidean norm and in that of Frobenius.
_NORM_OF_TRANSPOSE = re.compile(
    r"(?P<open>(?:\\left\s*)?(?:\\\||\\lVert(?![a-z])|\\Vert(?![a-z]))\s*)"
    rf"(?P<w>(?:\\(?:{'|'.join(FONTS)})\s*\{{[^{{}}]*\}}|[A-Z])(?:\s*_\s*(?:\{{[^{{}}]*\}}|[A-Za-z]))?)"
    r"\s*\^\s*\{?\s*(?:\\(?:top|intercal|mathsf\s*\{?\s*T\s*\}?|mathrm\s*\{?\s*T\s*\}?)|T)(?![A-Za-z])\s*\}?\s*"
    r"(?P<close>(?:\\right\s*)?(?:\\\||\\rVert(?![a-z])|\\Vert(?![a-z])))(?!\s*_\s*\{?\s*(?:1|\\infty))"
)
_PRIME = re.compile(r"\s*(?:'(?!')|\^\s*\{\s*(?:\\prime|')\s*\}|\^\s*\\prime(?![A-Za-z]))")
_AFTER_BRACKET = re.compile(
    r"(?P<close>(?:\\right\s*)?[)\]])\s*(?:'(?!')|\^\s*\{?\s*\\prime\s*\}?)"
)
_DEFINES = re.compile(r"(?:\s|&)*=")
#: ``\partial L/\partial W = … x_t'``: what is last in a gradient by a matrix, and primed, is a row.
_OUTER = re.compile(
    r"\\frac\s*\{\s*\\partial[^{}]*\}\s*\{\s*\\partial\s*[A-Z][^=]*=[^=]*"
    r"(?:(?<![A-Za-z\\])[hxs]\s*_\s*(?:[tT0-9]|\{\s*[tT]\s*(?:-\s*1)?\s*\})|(?<=[t}])\s*(?:\\right\s*)?[\])])\s*"
    r"(?:'(?!')|\^\s*\{\s*(?:\\prime|')\s*\})\s*[.,]?\s*$"
)
#: ``-y_t' \\log \\hat{y}_t``: the loss is a product of a row and a column.
_ROW_OF_TARGETS = re.compile(
    r"-\s*(?:\\(?:mathbf|boldsymbol|bm|vec)\s*\{\s*)?[ydp]\s*\}?\s*_\s*(?:\{[^{}]*\}|[a-zT])\s*"
    r"(?:'(?!')|\^\s*\{\s*(?:\\prime|')\s*\}|\^\s*\\prime)\s*\\(?:log|ln)(?![A-Za-z])"
)
_CALLED = re.compile(r"\s*(?:\\left\s*)?\(")
_FUNCTIONS = frozenset("LEJCfgF")


def with_usual_signs(formulas: Sequence[Formula]) -> list[Formula]:
    """``formulas`` with these signs."""
    formulas = [replaced(f, _UNICODE, lambda m: _NAMES[m["sign"]]) for f in formulas]
    formulas = [replaced(f, _ENTRYWISE, lambda m: r"\prod ") for f in formulas]
    out = [replaced(f, _WORD, lambda m: r"^\top ") if "^" in f.latex else f for f in formulas]
    out = [replaced(f, _BEFORE, lambda m: rf"{m['name']}{m['script'] or ''}^\top ") for f in out]
    out = [edited(f, _bars(f.latex)) if "|" in f.latex else f for f in out]
    if any("'" in f.latex or "prime" in f.latex for f in out):
        out = _with_primes(out)
    return [_without_transpose(f) if "^" in f.latex else f for f in out]


def _without_transpose(formula: Formula) -> Formula:
    """``formula`` with the norm of a matrix for that of its transpose."""
    found = replaced(formula, _NORM_OF_TRANSPOSE, lambda m: m["open"] + m["w"] + m["close"])
    if found.latex == formula.latex:
        return formula
    return replace(found, supposes=(*found.supposes, (SAME_NORM, "")))


_STEP = re.compile(r"(?:[a-zT]|\\tau)\s*(?:[-+]\s*[0-9])?")
_ABOVE = re.compile(
    r"\^\s*(?:t(?![A-Za-z])|\{\s*[(<\[]?\s*t\s*(?:[-+]\s*[0-9]\s*)?[)>\]]?\s*\}|\{\s*\\langle)"
)
#: Names of numbers, whose powers may be taken.
_NUMBERS = frozenset(
    "w u v a b c r \\lambda \\gamma \\beta \\alpha \\rho \\sigma \\mu \\eta \\theta".split()
)
_AFTER_GROUP = re.compile(r"(?<=[)\]])\s*\^\s*(?:T(?![A-Za-z])|\{\s*T\s*\})")


#: ``(x^{(t)})^T``
_TURNED_STEP = re.compile(
    r"\(\s*(?:\\[a-zA-Z]+\s*\{\s*[a-zA-Z]\s*\}|[a-zA-Z])\s*\^\s*(?:t|\{\s*\(?\s*t\s*(?:[-+]\s*1\s*)?\)?\s*\})"
    r"\s*\)\s*\^\s*(?:T(?![A-Za-z])|\{\s*T\s*\})"
)


#: A T above brackets, a letter or a label; what is left is a length.
_RAISED = re.compile(
    r"(?:(?<=[)\]A-Za-z])|(?<=_[a-z])|(?<=_\{[a-z]\})|(?<=_\{[a-z][a-z]\}))\s*\^\s*(?:T(?![A-Za-z])|\{\s*T\s*\})"
)
_LENGTH = re.compile(r"(?<![A-Za-z\\])T(?![A-Za-z])")


def with_one_transpose(formulas: Sequence[Formula]) -> list[Formula]:
    r"""``formulas`` with :math:`W^\top` for :math:`W^T`, if a name at a step has the T above it.

    There it is neither a step nor a power. Where steps stand above the names, that is said of
    brackets.
    """
    if any(_ABOVE.search(f.latex) for f in formulas):
        turned = any(_TURNED_STEP.search(f.latex) for f in formulas)
        if not turned and any(_LENGTH.search(_RAISED.sub("", f.latex)) for f in formulas):
            return list(formulas)
        return [replaced(f, _AFTER_GROUP, lambda m: r"^{\top}") for f in formulas]
    found = [[n for n in names_in(f.latex) if n.scripts and n.scripts[-1].kind == "^"
              and n.scripts[-1].inside == "T"] for f in formulas]  # fmt: skip
    scripted = [n for ns in found for n in ns if len(n.scripts) > 1]
    if not any(_STEP.fullmatch(n.scripts[0].inside) for n in scripted):
        return _with_vectors_turned(formulas, found)
    out = []
    for f, ns in zip(formulas, found, strict=True):
        edits = [(n.scripts[-1].start, n.scripts[-1].end, r"^{\top}") for n in ns
                 if len(n.scripts) > 1 or n.base not in _NUMBERS]  # fmt: skip
        edits += [(m.start(), m.end(), r"^{\top}") for m in _AFTER_GROUP.finditer(f.latex)]
        out.append(edited(f, sorted(edits)))
    return out


#: Names that stand without a step where others do so for brevity.
_INPUTS = frozenset("xh")


def _with_vectors_turned(
    formulas: Sequence[Formula], found: Sequence[Sequence[Name]]
) -> list[Formula]:
    r"""``formulas`` with :math:`x^\top` for :math:`x^T`, where x has its steps below or none."""
    alone = {n.base for ns in found for n in ns if len(n.scripts) == 1}
    if not alone:
        return list(formulas)
    runs = {
        n.base for f in formulas for n in names_in(f.latex)
        if n.base in alone and (
            (not n.scripts and n.base in _INPUTS) or (n.scripts and n.scripts[0].kind == "_"
            and re.fullmatch(r"t\s*(?:-\s*1)?", n.scripts[0].inside))
        )
    }  # fmt: skip
    return [
        edited(f, [(n.scripts[0].start, n.scripts[0].end, r"^{\top}") for n in ns
                   if len(n.scripts) == 1 and n.base in runs])
        for f, ns in zip(formulas, found, strict=True)
    ]  # fmt: skip


def _with_primes(formulas: list[Formula]) -> list[Formula]:
    """``formulas`` with the primes of matrices, and then those of vectors, as transposes."""
    if any(_TRANSPOSES.search(_RANGE.sub(" ", f.latex)) for f in formulas):
        return formulas
    bare: set[str] = set()
    primed: set[str] = set()
    before_brackets: set[str] = set()
    for f in formulas:
        for name in names_in(f.latex):
            prime = _prime_at(f.latex, name)
            if prime is None:
                bare.add(name.base)
            elif _DEFINES.match(f.latex, prime[1]):
                return formulas  # a name of its own
            elif _CALLED.match(f.latex, prime[1]):
                before_brackets.add(name.base)
            else:
                primed.add(name.base)
    matrices = {b for b in primed & bare if _is_matrix(b)}
    if not matrices and not any(
        _OUTER.search(_RANGE.sub(" ", f.latex)) or _ROW_OF_TARGETS.search(f.latex)
        for f in formulas
    ):
        return formulas
    matrices |= {b for b in before_brackets & bare if _is_matrix(b)}

    def change(formula: Formula) -> Formula:
        edits: list[Edit] = []
        for name in names_in(formula.latex):
            prime = _prime_at(formula.latex, name)
            stepped = any(s.kind == "_" for s in name.scripts)
            if prime is not None and (name.base in matrices or (stepped and name.base in bare)):
                function = name.base in _FUNCTIONS or name.base.startswith((r"\sigma", r"\phi"))
                if not function:
                    edits.append((*prime, r"^\top "))
        for m in _AFTER_BRACKET.finditer(formula.latex):
            edits.append((m.end("close"), m.end(), r"^\top "))
        return edited(formula, sorted(edits))

    return [change(f) for f in formulas]


def _prime_at(text: str, name: Name) -> tuple[int, int] | None:
    """Where the prime of a name stands: behind it, or as its last script."""
    last = name.scripts[-1] if name.scripts else None
    if last is not None and last.kind == "^" and last.inside.strip() in (r"\prime", "'"):
        return last.start, name.close
    found = _PRIME.match(text, name.close)
    return None if found is None else (name.close, found.end())


def _is_matrix(base: str) -> bool:
    letter = re.sub(r"\\[a-z]+|[{}]", "", base)
    return len(letter) == 1 and letter.isupper() and letter not in _FUNCTIONS


def _bars(text: str) -> list[Edit]:
    """``||`` as the bar of a norm, except between the two of a product of absolute values."""
    edits: list[Edit] = []
    opened = False
    k = 0
    while k < len(text):
        if text[k] == "\\":
            k += 2
        elif text[k] != "|":
            k += 1
        elif text.startswith("||", k) and not opened:
            edits.append((k, k + 2, r"\|"))
            k += 2
        else:
            opened = not opened
            k += 1
    return edits if len(edits) % 2 == 0 else []

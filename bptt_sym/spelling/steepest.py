r"""Slopes without an argument in bounds: ``\|\sigma'\|^{t-k}``, ``\max_z |\phi'(z)|``, ``\|D\|``.

A bound that names no step speaks of the largest slope there is. It gets a letter of its own, as
:math:`\gamma = \sup_z |\phi'(z)|` has one in other texts (:mod:`bptt_sym.definitions.bound_names`).
So does the norm of a name without its step where an equation says that it is a diagonal matrix of
slopes, ``D_j = \mathrm{diag}(\sigma'(z_j))``, and ``\|\mathrm{diag}(\sigma')\|``, whose entries
are slopes.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from bptt_sym.definitions.said_sizes import A_DIAGONAL, STEEPEST_LETTER
from bptt_sym.documents.document import Formula
from bptt_sym.documents.respelling import replaced

_OPEN = r"(?:\\[bB]igg?l?\s*|\\left\s*)?(?:\\\||\|\s*\||\||\\[lr]?[vV]ert(?![a-z])|‖)\s*"
_CLOSE = (
    r"\s*(?:\\[bB]igg?r?\s*|\\right\s*)?(?:\\\||\|\s*\||\||\\[lr]?[vV]ert(?![a-z])|‖)"
    r"(?:\s*_\s*\{?\s*(?:2|\\infty|\\max|\\text\s*\{\s*max\s*\})\s*\}?)?"
)
_SLOPE = r"(?:\\(?:sigma|tanh|phi|varphi|psi)|(?<![A-Za-z\\])[fg])\s*(?:'|\^\s*\{?\s*\\prime\s*\}?)"
_NO_ARGUMENT = r"(?!\s*(?:\\(?:left|[bB]igl?)\s*)?[(\[])\s*(?:\(\s*\\cdot\s*\))?"
_MOST = (
    r"\\(?:max|sup)(?![a-z])\s*"
    r"(?:_\s*(?:\{\s*[a-z]\s*(?:\\in\s*\\mathbb\s*\{?\s*R\s*\}?\s*)?\}|[a-z])\s*)?"
)
_DIAGONAL = (
    r"(?:\\(?:text|mathrm|operatorname|mathop)\s*\{\s*diag\s*\}|\\diag(?![a-z])|(?<![A-Za-z\\])diag)\s*"
    r"(?:\\left\s*|\\[bB]igg?l?\s*)?"
)
_NORM_OF_DIAGONAL = (
    rf"{_OPEN}{_DIAGONAL}[(\[\{{]\s*{_SLOPE}(?:\s*\(\s*\\cdot\s*\))?\s*"
    rf"(?:\\right\s*|\\[bB]igg?r?\s*)?[)\]\}}]{_CLOSE}"
)
_STEEPEST = re.compile(
    rf"(?:{_MOST})?{_OPEN}{_SLOPE}(?:\s*\(\s*\\cdot\s*\)|{_NO_ARGUMENT}){_CLOSE}"
    rf"|{_NORM_OF_DIAGONAL}"
    rf"|{_MOST}{_SLOPE}(?:\s*\(\s*\\cdot\s*\)|{_NO_ARGUMENT})"
    r"|\\(?:max|sup)(?![a-z])\s*_\s*\{?\s*(?P<x>[a-z])\s*(?:\\in\s*\\mathbb\s*\{?\s*R\s*\}?\s*)?\}?\s*"
    rf"(?:{_OPEN}{_SLOPE}\s*\(\s*(?P=x)\s*\){_CLOSE}|{_SLOPE}\s*\(\s*(?P=x)\s*\))"
)
_BOUND = re.compile(r"\\(?:leq?|leqslant|to|rightarrow|longrightarrow)(?![a-z])|<|≤|→")
_FAR = re.compile(r"\\partial|∂|\\prod|\\delta|\\nabla|\\frac\s*\{\s*d")
_NAME = r"(?:\\(?:mathbf|boldsymbol|bm)\s*\{\s*[A-Z]\s*\}|(?<![A-Za-z\\])[A-Z])"
_GIVEN = re.compile(
    rf"(?:^|[,;:&]|\\\\|\\q?quad)\s*(?P<name>{_NAME})\s*(?:_\s*(?:[a-z]|\{{[^{{}}]*\}})|\^\s*\{{[^{{}}]*\}})"
    rf"\s*&?\s*:?=\s*&?\s*{A_DIAGONAL}\s*(?:$|[.,;]|\\)"
)


def with_letters_for_slopes(formulas: Sequence[Formula]) -> list[Formula]:
    """``formulas`` with a letter for the steepest slope where a bound names no step."""
    given = {"".join(m["name"].split()) for f in formulas for m in _GIVEN.finditer(f.latex)}
    names = "|".join(
        re.escape(name).replace(r"\{", r"\s*\{\s*").replace(r"\}", r"\s*\}") for name in given
    )
    pattern = _STEEPEST
    if given:
        pattern = re.compile(rf"{_STEEPEST.pattern}|{_OPEN}(?:{names}){_CLOSE}")

    def change(f: Formula) -> Formula:
        if not (_BOUND.search(f.latex) and _FAR.search(f.latex)):
            return f
        return replaced(f, pattern, lambda m: STEEPEST_LETTER + " ")

    return [change(f) for f in formulas]

r"""``\partial h_t`` that stands in no fraction, as the mark ``dh_t``.

A text that gives rows such as :math:`\partial o_t = \partial h_t \odot \tanh(c_t)` has the sign of
a derivative for what code calls ``do``. Whether that is the gradient of the loss or a differential
is then decided as for ``d``.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from bptt_sym.documents.document import Formula
from bptt_sym.documents.respelling import replaced

_GROUP = r"\{(?:[^{}]|\{(?:[^{}]|\{[^{}]*+\})*+\})*+\}"
_NAME = (
    rf"(?:\\(?:hat|widehat|tilde|widetilde|bar|vec|mathbf|boldsymbol|bm|mathrm|mathcal)\s*(?:{_GROUP}|[A-Za-z])"
    r"|\\(?:Gamma|ell)(?![A-Za-z])|[A-Za-z](?![A-Za-z]))"
)
_SCRIPTS = rf"(?:\s*[_^]\s*(?:{_GROUP}|[A-Za-z0-9]|\\[a-z]+))*+"
_PARTIAL = re.compile(rf"\\partial(?![A-Za-z])\s*(?P<name>{_NAME}{_SCRIPTS})(?!\s*/)")
_BOX = re.compile(r"\\(?:boxed|fbox|underbrace)\s*\{\s*\Z")
_GIVEN = re.compile(
    rf"(?:^|\\\\|&|\n|\\q?quad|,)\s*\\partial(?![A-Za-z])\s*{_NAME}{_SCRIPTS}\s*&?\s*\+?="
)


def with_marks_for_bare_partials(formulas: Sequence[Formula]) -> list[Formula]:
    """``formulas`` with d for the sign of a derivative before a name, where rows give such."""
    if not any(_GIVEN.search(f.latex) for f in formulas):
        return list(formulas)
    return [replaced(f, _PARTIAL, _marked) for f in formulas]


def _marked(m: re.Match[str]) -> str | None:
    """The mark; none for what stands above or below a bar, or behind a slash."""
    before = m.string[max(0, m.start() - 40) : m.start()]
    if before.rstrip().endswith(("{", "/")) and _BOX.search(before) is None:
        return None
    return f"{' ' * before[-1:].isalnum()}d{m['name']}"

r"""Bold type around a whole expression: :math:`\mathbf{Wh+b}` is that of its letters.

A word in bold is one name. What has a sign or a script in it, or a capital beside another letter,
is several; :math:`\mathbf{h^t}` is a bold name with its script.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from bptt_sym.documents.document import Formula
from bptt_sym.documents.names import Name, names_in
from bptt_sym.documents.respelling import Edit, closing, edited

_OPENS = re.compile(r"\\(?P<type>mathbf|boldsymbol|bm|pmb)\s*(?=\{)")
_SEVERAL = re.compile(
    r"[A-Za-z}]\s*[-+=]|[-+=]\s*[A-Za-z\\]|\A\s*[A-Z]\s*[A-Za-z]\s*\Z"
    r"|[_^]\s*(?:\{[^{}]*\}|[A-Za-z])"
)
_TAKES = re.compile(r"[_^]\s*\Z|\\[a-z]*frac\s*(?:\{(?:[^{}]|\{[^{}]*\})*\}\s*)?\Z|\\sqrt\s*\Z")
_COMMAND = re.compile(r"\\(?:text|math|operatorname|begin|hat|tilde|bar)")


def with_bold_letters(formula: Formula) -> Formula:
    """``formula`` with each letter of such an expression in bold by itself."""
    return edited(formula, list(_apart(formula.latex)))


def _apart(text: str) -> Iterator[Edit]:
    for m in _OPENS.finditer(text):
        end = closing(text, m.end())
        if end is None:
            continue
        inside = text[m.end() + 1 : end]
        if _SEVERAL.search(inside) is None or _COMMAND.search(inside) is not None:
            continue
        names = _outside_scripts(inside)
        if not names or any(n.base.isalpha() and len(n.base) > 1 for n in names):
            continue
        for n in reversed(names):
            inside = inside[: n.start] + rf"\{m['type']}{{{n.base}}}" + inside[n.end :]
        taken = _TAKES.search(text, max(0, m.start() - 80), m.start()) is not None
        yield m.start(), end + 1, f"{{{inside}}}" if taken else inside


def _outside_scripts(text: str) -> list[Name]:
    """The names of ``text`` that stand on its line."""
    found: list[Name] = []
    for n in names_in(text):
        if not any(s.start <= n.start < s.end for k in found for s in k.scripts):
            found.append(n)
    return found

r"""Names of two or three letters, as programs give them: ``hh_t = \tanh(x_t W_h + …)``.

A left side of letters without a gap, with a step behind the last of them, is a name where the
letters before the last stand nowhere else as what is multiplied: no equation defines a product.
Marks of gradients (``dh_t``), weights before a state (``Wh_t``) and functions are read elsewhere.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from bptt_sym.documents.document import Formula
from bptt_sym.documents.respelling import replaced

_STEP = r"_\s*(?:t(?![A-Za-z])|\{\s*t\s*\})"
_GIVEN = re.compile(
    r"(?:^|\\\\|\\begin\s*\{[a-z]+\*?\}|\\q?quad(?![A-Za-z])|[,;\n&])\s*"
    rf"(?P<name>[a-z]{{2,3}})(?={_STEP}\s*&?\s*=(?!\s*\\[dt]?frac\s*\{{\s*(?:\\partial|d)))"
)
_ALONE = re.compile(r"(?<![A-Za-z\\{_^])(?P<letter>[a-z])(?![A-Za-z])(?!\s*[_^{]|\s*\}?\s*_)")
#: What is read elsewhere, or is a function.
_OTHER = frozenset("net max min exp log sin cos tan vec ln".split())


def with_names_for_letters(formulas: Sequence[Formula]) -> list[Formula]:
    """``formulas`` with each such name set upright, as one."""
    texts = [f.latex for f in formulas]
    given = {m["name"] for text in texts for m in _GIVEN.finditer(text)}
    given = {n for n in given - _OTHER if n[0] != "d"}
    if not given:
        return list(formulas)
    alone = {m["letter"] for text in texts for m in _ALONE.finditer(text)}
    names = {n for n in given if not alone & set(n[:-1])}
    if not names:
        return list(formulas)
    either = "|".join(sorted(names, key=len, reverse=True))
    name = re.compile(
        rf"(?:(?<![A-Za-z\\])|(?<=(?<![A-Za-z\\])d))(?P<name>{either})(?=\s*_\s*(?:t|\{{))"
    )
    return [replaced(f, name, lambda m: rf"\mathrm{{{m['name']}}}") for f in formulas]

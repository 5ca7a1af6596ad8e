r"""A sign for whatever parameter there is: :math:`\partial E_t/\partial\Box`."""

from __future__ import annotations

import re
from collections.abc import Sequence

from bptt_sym.documents.document import Formula
from bptt_sym.documents.respelling import replaced

_SIGNS = r"\\(?:Box|square|blacksquare|bullet|diamond|Diamond)(?![A-Za-z])"
_BY = re.compile(rf"(?<=\\partial)\s*(?:\{{\s*{_SIGNS}\s*\}}|{_SIGNS})")
_ANY = re.compile(_SIGNS)


def with_a_letter_for_any_parameter(
    formulas: Sequence[Formula],
) -> tuple[list[Formula], dict[str, str]]:
    r"""``formulas`` with θ for such a sign, if it stands below ∂ alone and no θ does anywhere."""
    found = {"".join(m.group().split()).strip("{}") for f in formulas
             for m in _BY.finditer(f.latex)}  # fmt: skip
    every = sum(len(_ANY.findall(f.latex)) for f in formulas)
    below = sum(len(_BY.findall(f.latex)) for f in formulas)
    if len(found) != 1 or every != below or any(r"\theta" in f.latex for f in formulas):
        return list(formulas), {}
    return [replaced(f, _BY, lambda _: r" \theta") for f in formulas], {r"\theta": found.pop()}

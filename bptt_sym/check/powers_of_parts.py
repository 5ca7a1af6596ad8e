r"""Powers of a matrix by its parts: :math:`W^t = (Q \Lambda Q^{-1})^t = Q \Lambda^t Q^{-1}`.

Texts about vanishing gradients give an eigendecomposition of the recurrent weight and raise it to a
power. Its letters stand for what that equation says, also where the network has weights of the same
names. With :math:`Q^\top` in place of the inverse the text must call a matrix orthogonal, or
symmetric. What has that form and is not that power is undecided here.
"""

from __future__ import annotations

import re
from functools import lru_cache

from bptt_sym.decide.verdict import Verdict
from bptt_sym.definitions.outline import Row
from bptt_sym.definitions.powers_of_parts import INVERSE, MATRIX, POWER, compact, raises_parts
from bptt_sym.documents.document import Formula
from bptt_sym.messages import marked

_DIAGONAL = rf"(?:diag\([^()]{{1,60}}\)|{MATRIX})"
_PRODUCT = rf"(?P<q>{MATRIX})(?P<d>{_DIAGONAL})(?P=q)(?P<i>{INVERSE})"
#: ``W = Q \\Lambda Q^{-1}``
_PARTS = re.compile(rf"(?<![A-Za-z0-9}}^_\\])(?P<w>{MATRIX})={_PRODUCT}")
#: ``(Q \\Lambda Q^{-1})^t = Q \\Lambda^t Q^{-1}``, whatever the letters are.
_ALONE = re.compile(rf"\({_PRODUCT}\)\^(?P<n>[a-z])=(?P=q)(?P=d)\^(?P=n)(?P=q)(?P=i)[.,;]?")
_ORTHOGONAL = re.compile(
    r"orthogonal|orthonormal|symmetric|正交|对称|對稱|ортогонал|симметр|orthogonaux|simétric|ortogonal"
)
SAME = "the power of a product of similar matrices"
OTHER = marked("it is not the power of the parts that the text gives")


def of_a_power(row: Row, formula: Formula) -> Verdict | None:
    """The verdict of a row that raises such a product to a power; ``None`` for every other row."""
    if set(row.chain.ops) != {"="} or row.chain.given:
        return None
    text = compact(row.latex)
    right = Verdict("right", scope="every dimension", method=SAME)
    alone = _ALONE.fullmatch(text)
    if alone is not None and "1" in alone["i"]:
        return right
    power = POWER.match(text)
    if power is None or not raises_parts(row.latex):
        return None
    given = {p for p in _given(formula.source.text) if p[0] == power["w"]}
    if len(given) != 1:
        return None
    (parts,) = given
    if "1" not in parts[3] and not _ORTHOGONAL.search(formula.source.text):
        return None
    w, q, d, inverse = map(re.escape, parts)
    up = rf"\^{power['n']}"
    form = re.compile(rf"{w}{up}|\({q}{d}{q}{inverse}\){up}|{q}{d}{up}{q}{inverse}")
    sides = (side.rstrip(".,;") for side in text.split("="))
    return right if all(map(form.fullmatch, sides)) else Verdict("undecided", note=OTHER)


@lru_cache(maxsize=8)
def _given(source: str) -> tuple[tuple[str, str, str, str], ...]:
    """The decompositions that a text gives."""
    return tuple((m["w"], m["q"], m["d"], m["i"]) for m in _PARTS.finditer(compact(source)))

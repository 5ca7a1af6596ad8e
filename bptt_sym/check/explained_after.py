r"""Names that are given anew right after the formula that uses them: "…, where :math:`z_t = …`".

A text may call the argument of its output z first and that of its state later. What stands behind
"where" says what the formula before it means by the name, whatever stood further up.
"""

from __future__ import annotations

import re

from bptt_sym.documents.document import Formula
from bptt_sym.documents.names import names_in

_WHERE = re.compile(
    r"(?<![^\W\d_])(?:where|with|here|in which|wobei|mit|où|avec|ici|"
    r"donde|con|aquí|onde|com|dove|где|здесь)(?![^\W\d_])"
    r"|其中|这里|這裡|여기서|여기에서|ここで|ただし|כאשר|که در آن",
    re.IGNORECASE,
)
#: How far behind the formula it may stand.
_NEAR = 120


def explains_what_is_before(before: Formula, after: Formula) -> bool:
    """Whether ``after`` stands behind "where", right after ``before``, and gives a name of it."""
    if before.source is not after.source or not before.offsets or not after.offsets:
        return False
    gap = before.source.text[before.offsets[-1] + 1 : after.offsets[0]]
    if len(gap) > _NEAR or _WHERE.search(gap) is None:
        return False
    given = next(iter(names_in(after.latex)), None)
    return given is not None and any(n.base == given.base for n in names_in(before.latex))

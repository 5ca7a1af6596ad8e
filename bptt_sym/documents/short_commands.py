r"""Short names for commands, of a preamble that is not at hand: ``\od`` for :math:`\odot`.

Pages that a site generator makes keep their macros in its configuration. What they call a sign by
its first letters is that sign where the text does not say otherwise, and single letters with
scripts, ``\h_t``, are names in bold. Some of these names belong to a package: ``\pd{h}{w}`` is a
derivative, and a lone ``\pd`` the sign of one.
"""

from __future__ import annotations

import re

from bptt_sym.documents.known_macros import Macro
from bptt_sym.documents.macros import START, Macros

_COMMAND = re.compile(r"(?<!\\)(?:\\\\)*\\([A-Za-z]+|[0-9])(?P<next>\s*[{_^]?)")


def _table(rows: str) -> dict[str, str]:
    """From rows of ``name name = body``."""
    pairs = (row.partition(" = ")[::2] for row in rows.strip().splitlines())
    return {name: body.strip() for names, body in pairs for name in names.split()}


#: Signs and letters, which take no argument.
_SIGNS = _table(
    r"""
    pd prt ptl pa = \partial
    nb nab = \nabla
    cd = \cdot
    cds cdts = \cdots
    lds ldts = \ldots
    vds vdts = \vdots
    dds ddts = \ddots
    od odt hada hprod = \odot
    ot otm = \otimes
    opl = \oplus
    tm tms = \times
    lv lnorm = \lVert
    rv rnorm = \rVert
    lag lan = \langle
    rag ran = \rangle
    ra rar = \rightarrow
    Ra = \Rightarrow
    al alp = \alpha
    bt bet = \beta
    ga gam gm = \gamma
    dl dlt = \delta
    ep eps = \epsilon
    vep veps = \varepsilon
    tht = \theta
    kap = \kappa
    ld lam lmd lbd = \lambda
    sg sig sgm = \sigma
    vph vphi = \varphi
    om omg ome = \omega
    Sg Sig Sgm = \Sigma
    Lam Ld = \Lambda
    """
)
#: What stands before its argument.
_AROUND = _table(
    r"""
    wh = \widehat
    wt = \widetilde
    ol = \overline
    tl tld = \tilde
    bsy bld bo = \mathbf
    """
)
_FACED = re.compile(r"(?P<face>c|mc|cal|bb|mbb)(?P<letter>[A-Z])")
_FACES = {"c": "cal", "mc": "cal", "cal": "cal", "bb": "bb", "mbb": "bb"}
#: So many single letters with scripts show that the text has commands for names.
_ENOUGH = 3
#: Single letters that are something else in mathematics.
_OTHER = frozenset("PSRNZQC")


def with_short(text: str, macros: Macros) -> str:
    """``text``; the short names that it uses, and that ``macros`` does not have, are added."""
    if "\\" not in text:
        return text
    uses: dict[str, set[str]] = {}
    for m in _COMMAND.finditer(text):
        uses.setdefault(m.group(1), set()).add(m["next"].strip())
    unknown = {n: behind for n, behind in uses.items() if f"\\{n}" not in macros.versions}
    letters = {
        n for n, behind in unknown.items()
        if len(n) == 1 and n not in _OTHER and "{" not in behind and (n != "d" or behind - {""})
    }  # fmt: skip
    named = sum(n.isalpha() and unknown[n] != {""} for n in letters) >= _ENOUGH
    for name, behind in unknown.items():
        body = _SIGNS.get(name) if "{" not in behind else None
        body = body or (_AROUND.get(name) if "{" in behind else None)
        if named and name in letters:
            body = rf"\mathcal{{{name}}}" if name == "L" else rf"\mathbf{{{name}}}"
        elif faced := _FACED.fullmatch(name):
            body = rf"\math{_FACES[faced['face']]}{{{faced['letter']}}}"
        if body is not None:
            macros.define(f"\\{name}", Macro(body), START)
    return text

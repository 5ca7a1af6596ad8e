r"""Parts of a vector that a word behind brackets tells apart: ``(z_t)_{\text{in}}``.

Where an equation gives such a part, the word is a label of the name: :math:`z_{\text{in},t}`. Of
gradients the word tells a share, which is something else (see ``shares.py``).
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from bptt_sym.documents.document import Formula
from bptt_sym.documents.respelling import replaced

_STEP = r"\(?\s*(?:[tknT]|\\tau)\s*(?:[-+]\s*1)?\s*\)?"
_PART = (
    r"(?:\\(?:left|[bB]igg?l?)\s*)?\(\s*"
    r"(?P<name>\\(?:vec|mathbf|boldsymbol|bm|hat|tilde|mathrm)\s*\{\s*[A-Za-z]\s*\}|[A-Za-z])"
    rf"\s*(?P<sign>[_^])\s*(?:\{{\s*(?P<at>{_STEP})\s*\}}|(?P<bare>[tkT]))"
    r"\s*(?:\\(?:right|[bB]igg?r?)\s*)?\)\s*_\s*"
    r"(?:\{\s*(?:\\(?:text|mathrm|textrm|rm)\s*\{\s*)?(?P<word>[A-Za-z]{2,12})\s*\}?\s*\}"
    r"|\\(?:text|mathrm|textrm)\s*\{\s*(?P<word1>[A-Za-z]{2,12})\s*\})"
)
_ANY = re.compile(_PART)
_GIVEN = re.compile(rf"(?:^|\\\\|\\begin\s*\{{[a-z]+\*?\}}|,|\\q?quad)[\s&]*{_PART}\s*&?\s*=")


def with_labels_for_parts(formulas: Sequence[Formula]) -> list[Formula]:
    """``formulas`` with the words of such parts as labels of their names."""
    given = {(_tight(m), m["word"] or m["word1"])
             for f in formulas for m in _GIVEN.finditer(f.latex)}  # fmt: skip
    if not given:
        return list(formulas)

    def labelled(m: re.Match[str]) -> str | None:
        word = m["word"] or m["word1"]
        if (_tight(m), word) not in given:
            return None
        at = m["at"] or m["bare"]
        if m["sign"] == "_":
            return rf"{m['name']}_{{\text{{{word}}},{at}}}"
        return rf"{m['name']}_{{\text{{{word}}}}}^{{{at}}}"

    return [replaced(f, _ANY, labelled) for f in formulas]


def _tight(m: re.Match[str]) -> str:
    return "".join(m["name"].split())

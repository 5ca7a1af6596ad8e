r"""Parts of a vector that a word behind brackets tells apart: ``(z_t)_{\text{in}}``.

Where an equation gives such a part, the word is a label of the name: :math:`z_{\text{in},t}`. Of
gradients the word tells a share, which is something else (see ``shares.py``).
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from bptt_sym.documents.document import Formula
from bptt_sym.documents.respelling import replaced

_BELOW = r"_\s*(?:\{\s*(?P<below>[^{}]{1,12}?)\s*\}|(?P<b1>[A-Za-z0-9]))\s*"
_ABOVE = r"(?P<above>\^\s*(?:\{[^{}]{1,12}\}|[A-Za-z]))\s*"
_PART = (
    r"(?:\\(?:left|[bB]igg?l?)\s*)?\(\s*"
    r"(?P<name>\\(?:vec|mathbf|boldsymbol|bm|hat|tilde|mathrm)\s*\{\s*[A-Za-z]\s*\}|[A-Za-z])\s*"
    rf"(?:{_BELOW}(?:{_ABOVE})?|{_ABOVE.replace('above', 'a1')})"
    r"(?:\\(?:right|[bB]igg?r?)\s*)?\)\s*_\s*"
    r"(?:\{\s*(?:\\(?:text|mathrm|textrm|rm)\s*\{\s*)?(?P<word>(?![i-n]{2}\s*\})[A-Za-z]{2,12})\s*\}?\s*\}"
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
        below, above = m["below"] or m["b1"] or "", m["above"] or m["a1"] or ""
        # The step stands last, or above: x_{in,t}, x_{1,in}^{(t)}.
        scripts = [below, rf"\text{{{word}}}"] if above else [rf"\text{{{word}}}", below]
        return f"{m['name']}_{{{','.join(filter(None, scripts))}}}{above}"

    return [replaced(f, _ANY, labelled) for f in formulas]


def _tight(m: re.Match[str]) -> str:
    return "".join(m["name"].split())

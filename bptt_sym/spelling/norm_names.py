r"""Names of norms in sentences: the :math:`L_2` of "the :math:`L_2` norm" is no loss of step 2."""

from __future__ import annotations

import re
from collections.abc import Sequence

from bptt_sym.documents.document import Formula

_NAME = re.compile(r"\s*(?:L|\\ell|\\mathcal\s*\{?\s*L\s*\}?|\\mathrm\s*\{\s*L\s*\})\s*[_^]\s*"
                   r"(?:\{\s*)?(?:[012pF]|\\infty)\s*\}?\s*")  # fmt: skip
#: What stands behind such a name, in some languages.
_BEHIND = re.compile(
    r"[\s$`)\\*_-]{0,6}(?:(?:matrix|operator|vector)[\s-]+)?"
    r"(?:norm|[Rr]egulari|penalt|distance|范数|範數|ノルム|노름|正则|нор[мa]|נורמה|نرم)"
)


def without_names_of_norms(formulas: Sequence[Formula]) -> list[Formula]:
    """``formulas`` without those in a sentence that are the name of a norm."""
    return [f for f in formulas if f.display or not _names_a_norm(f)]


def _names_a_norm(formula: Formula) -> bool:
    if _NAME.fullmatch(formula.latex) is None or not formula.offsets:
        return False
    return _BEHIND.match(formula.source.text, formula.offsets[-1]) is not None

r"""Steps in the labels of weights: ``dW_{h_t} = …``, the share of step t in the gradient by W_h.

A weight has no step. Where the text has ``W_h`` as well, the step below its label says of which
step the share of its gradient is.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from bptt_sym.documents.document import Formula
from bptt_sym.documents.respelling import replaced

_WEIGHT = r"\\(?:mathbf|boldsymbol|bm)\s*\{\s*[WUVRb]\s*\}|(?<![A-Za-ce-z\\])[WUVRb](?![A-Za-z])"
_STEPPED = re.compile(
    rf"(?P<weight>{_WEIGHT})\s*_\s*\{{\s*(?P<label>[a-z])\s*_\s*(?:t|\{{\s*t\s*\}})\s*\}}"
)
_PLAIN = re.compile(
    rf"(?P<weight>{_WEIGHT})\s*_\s*(?:\{{\s*(?P<label>[a-z])\s*\}}|(?P<bare>[a-z])(?![A-Za-z]))"
)


def with_weights_without_steps(formulas: Sequence[Formula]) -> list[Formula]:
    """``formulas`` with ``W_h`` for such a ``W_{h_t}``."""
    if not any(_STEPPED.search(f.latex) for f in formulas):
        return list(formulas)
    plain = {
        (_tight(m["weight"]), m["label"] or m["bare"])
        for f in formulas
        for m in _PLAIN.finditer(f.latex)
    }

    def bare(m: re.Match[str]) -> str | None:
        known = (_tight(m["weight"]), m["label"]) in plain
        return rf"{m['weight']}_{{{m['label']}}}" if known else None

    return [replaced(f, _STEPPED, bare) for f in formulas]


def _tight(name: str) -> str:
    return "".join(name.split())

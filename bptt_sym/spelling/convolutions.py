r"""Cells whose products with weights are convolutions: ``i_t = \sigma(W_{xi} * X_t + …)``.

Where the words speak of convolutions, and one sign stands between weights and data while another
one is the product entry by entry, each weight beside the first is a kernel. Of what is done entry
by entry everything holds as if it were a matrix, for a convolution is linear; what has a kernel in
it, or that sign, is left alone: its gradients are correlations, with other sizes.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from bptt_sym.documents.document import Formula
from bptt_sym.messages import marked

_SPOKEN_OF = re.compile(
    r"convol|\bconv(?:lstm|gru|rnn)|卷积|卷積|畳み込み|합성곱|컨볼루션|\bfaltung|св[её]рт|التفاف|كونفول",
    re.IGNORECASE,
)
_SIGN = r"(?:(?<![\^_{])\*(?!\})|\\(?:ast|star|circledast)(?![A-Za-z]))"
_SCRIPT = r"(?:\s*[_^]\s*(?:\{[^{}]{1,24}\}|[A-Za-z0-9]))"
_KERNEL = re.compile(
    r"(?P<name>(?:\\(?:mathbf|boldsymbol|bm|mathrm)\s*\{\s*[WUVRK]\s*\}|(?<![A-Za-z\\])[WUVRK])"
    rf"{_SCRIPT}{{0,2}})\s*{_SIGN}\s*\\?[A-Za-z\[(]"
)
_ENTRYWISE = re.compile(r"\\(?:odot|circ|otimes)(?![A-Za-z])")
_DERIVES = re.compile(
    r"\\partial|∂|\\nabla|\\delta|\\Delta|\\frac\s*\{\s*d|(?<![A-Za-z\\])d[A-Za-z]"
)
_CONVOLVED = marked("its products with weights are convolutions, which are not judged")


def without_convolutions(formulas: Sequence[Formula], words: str) -> list[Formula]:
    """``formulas``, with those about kernels told to be no claims that can be judged."""
    cells = [f.latex for f in formulas if not _DERIVES.search(f.latex)]
    kernels = {"".join(m["name"].split()) for text in cells for m in _KERNEL.finditer(text)}
    if not kernels or not any(map(_ENTRYWISE.search, cells)) or not _SPOKEN_OF.search(words):
        return list(formulas)
    sign = re.compile(_SIGN)

    def about_kernels(text: str) -> bool:
        packed = "".join(text.split())
        return bool(sign.search(text)) or any(kernel in packed for kernel in kernels)

    return [
        replace(f, open=_CONVOLVED) if _DERIVES.search(f.latex) and about_kernels(f.latex) else f
        for f in formulas
    ]

r"""Copies of a parameter: ``\nabla_{W^{(t)}} h^{(t)}`` is the derivative by the W of step t alone.

Goodfellow, Bengio and Courville (Deep Learning, 2016, section 10.2.2) introduce
:math:`W^{(t)}` as a copy of :math:`W` that is used at step :math:`t` only. A derivative by it is
the immediate derivative. A name is such a copy if it carries a step below derivatives only, and
stands bare elsewhere.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from bptt_sym.check.document import Formula
from bptt_sym.check.respelling import replaced

_P = (
    r"(?P<p>\\(?:mathbf|boldsymbol|bm)\s*\{\s*(?:[UVWbw]|\\theta)\s*\}|[UVWbcuvw]|\\theta|"
    r"\\mathbf\s*[UVWbw](?![A-Za-z]))"
)
_STEP = r"\s*(?:\^\s*\{\s*\(\s*[tkij]\s*\)\s*\}|_\s*(?:\{\s*[tkij]\s*\}|[tkij](?![A-Za-z])))"
#: A step in any notation, and the sign of a definition.
_DEFINED = r"\s*[_^]\s*(?:\{[^{}]{1,24}\}|[a-z](?![A-Za-z]))\s*&?\s*="
_FRACTION = re.compile(
    r"\\(?P<f>[dt]?frac)\s*\{\s*\\partial\s*(?P<top>(?:[^{}]|\{(?:[^{}]|\{[^{}]*\})*\})*)\}\s*"
    rf"\{{\s*\\partial\s*{_P}{_STEP}\s*\}}"
)
_NABLA = re.compile(
    rf"\\nabla\s*_\s*\{{\s*{_P}{_STEP}\s*\}}\s*"
    r"(?P<y>\\?[A-Za-z]+\s*(?:[_^]\s*(?:\{[^{}]*\}|[A-Za-z0-9]))*)"
)
_ANYWHERE = re.compile(rf"(?<![A-Za-z\\]){_P}{_STEP}")


def copied(formulas: Sequence[Formula]) -> list[Formula]:
    """The formulas with derivatives by a copy as immediate derivatives by its parameter."""
    every = ";\n".join(f.latex for f in formulas)
    spoken = [f.latex for f in formulas if "=" not in f.latex]
    below = [m.group("p") for m in (*_FRACTION.finditer(every), *_NABLA.finditer(every))]
    names = {
        p for p in (*below, *(m.group("p") for text in spoken for m in _ANYWHERE.finditer(text)))
        if re.search(rf"(?<![A-Za-z\\]){re.escape(p)}{_DEFINED}", every) is None
        and re.search(rf"(?<![A-Za-z\\]){re.escape(p)}(?!\s*[_^A-Za-z])", every)
    }  # fmt: skip
    if not names:
        return list(formulas)

    def fraction(m: re.Match[str]) -> str | None:
        if m.group("p") not in names:
            return None
        return rf"\{m.group('f')}{{\partial^+ {m.group('top')}}}{{\partial {m.group('p')}}}"

    def gradient(m: re.Match[str]) -> str | None:
        if m.group("p") not in names:
            return None
        return rf"\frac{{\partial^+ {m.group('y')}}}{{\partial {m.group('p')}}}"

    def mention(m: re.Match[str]) -> str | None:
        return m.group("p") if m.group("p") in names else None

    out = [replaced(replaced(f, _FRACTION, fraction), _NABLA, gradient) for f in formulas]
    # "the copy $W^{(t)}$ of W" only speaks of it.
    return [f if "=" in f.latex else replaced(f, _ANYWHERE, mention) for f in out]

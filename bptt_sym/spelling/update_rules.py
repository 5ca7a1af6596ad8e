r"""Steps of gradient descent: :math:`\Delta V = -\eta \sum_t (\hat y_t - y_t) h_t^\top`.

What stands behind :math:`-\eta` is the gradient by V. Where only its sign stands there, or another
factor beside the rate, nothing is claimed: it is an update of V. What a gradient with a step adds
to that of the step beside it is a share.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from bptt_sym.documents.document import Formula
from bptt_sym.documents.respelling import replaced

_NAME = (
    r"(?:\\(?:mathbf|boldsymbol|bm)\s*\{\s*(?:[A-Zbwuv]|\\theta)\s*\}|[A-Zbwuv](?![A-Za-z])|\\theta)"
    r"(?:\s*_\s*(?:\{(?:[^{}]|\{[^{}]*\}){1,24}\}|[A-Za-z0-9]))?"
)
_RATE = r"\\(?:eta|alpha|mu|lambda|epsilon|varepsilon|gamma|rho)(?![A-Za-z])"
_UPDATE = re.compile(
    r"(?P<before>^|\\\\|&|\n|\\q?quad|,|\\begin\s*\{[a-z]+\*?\})(?P<space>\s*&?\s*)"
    rf"\\Delta\s*(?P<name>{_NAME})\s*&?\s*=\s*&?\s*(?P<sign>[-+]?)\s*"
    rf"(?:(?P<rate>{_RATE})|\\[dt]?frac\s*\{{\s*{_RATE}\s*\}})"
    r"(?P<times>(?:\s|\\[,;:! ]|\\cdot(?![A-Za-z])|\\times(?![A-Za-z]))*)"
    r"(?P<only>\\[dt]?frac\s*\{\s*\\partial[^{}]{1,16}\}\s*\{\s*\\partial(?:[^{}]|\{[^{}]*\}){1,40}\}"
    r"\s*[.,;]?\s*(?=$|\\\\|\\q?quad|\\end)|\\nabla(?=\s*_?\s*(?:\{(?:[^{}]|\{[^{}]*\})*\}|[A-Za-z])"
    r"\s*\\?[A-Za-z]+\s*(?:$|\\\\|\\q?quad|\\end)))?"
)


#: ``dW^{(t)} = dW^{(t-1)} + …``: a gradient that is added up, step by step.
_AT_A_STEP = r"\s*(?:\^\s*\{\s*\(?\s*t\s*\)?\s*\}|_\s*(?:\{\s*t\s*\}|t(?![A-Za-z])))"
_BESIDE = r"\s*[_^]\s*\{\s*\(?\s*t\s*[-+]\s*1\s*\)?\s*\}"
_ADDED_UP = re.compile(
    rf"(?P<before>^|\\\\|&|\n)(?P<left>\s*d(?P<name>[WUVb]|\\math(?:bf|rm)\s*\{{\s*[WUVb]\s*\}}))"
    rf"{_AT_A_STEP}\s*&?\s*=\s*&?\s*d(?P=name){_BESIDE}\s*\+"
)


def with_gradients_for_updates(formulas: Sequence[Formula], loss: str) -> list[Formula]:
    """``formulas`` with the gradients of such steps, and their other updates as what they are."""

    def new(m: re.Match[str]) -> str:
        start = f"{m['before']}{m['space']}"
        if m["sign"] == "-" and m["rate"] and m["only"] is None:
            return rf"{start}\frac{{\partial {loss}}}{{\partial {m['name']}}} = "
        behind = m.group()[m.end("name") - m.start() :]
        return rf"{start}{m['name']} \leftarrow {m['name']} {behind.lstrip(' =&')}"

    formulas = [replaced(f, _ADDED_UP, lambda m: f"{m['before']}{m['left']} +=") for f in formulas]
    return [replaced(f, _UPDATE, new) if r"\Delta" in f.latex else f for f in formulas]

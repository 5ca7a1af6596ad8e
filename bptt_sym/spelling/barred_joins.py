r"""A bar between the two parts of a joined vector: ``W_f [h_{t-1} | x_t]``, ``(h_{t-1} \| x_t)``.

Between two values of a step, in square brackets, a bar joins; a double one does in round brackets
as well, and a single one where the whole right side is ``X = (x_t | h_{t-1})``. Behind a sign of
probability or expectation it stands before a condition, and is left.
"""

from __future__ import annotations

import re

from bptt_sym.documents.document import Formula
from bptt_sym.documents.respelling import replaced

_DOUBLE = r"\\\||\\[lr]?Vert(?![A-Za-z])|\\parallel(?![A-Za-z])|‖|∥"
_SINGLE = r"(?<!\\)\||\\[lr]?vert(?![A-Za-z])|\\mid(?![A-Za-z])"
_VALUE = (
    r"(?:\\(?:mathbf|boldsymbol|bm|vec|tilde|hat|mathrm)\s*\{(?:[^{}]|\{[^{}]*\}){1,24}\}|[A-Za-z])"
    r"(?:\s*[_^]\s*(?:\{[^{}]{1,16}\}|<[^<>]{1,8}>|[A-Za-z0-9])){1,3}"
)
_GAP = r"\s*(?:\\[,;!: ]\s*)?"
_PART = rf"(?P<p@>{_GAP}{_VALUE}(?:\s*\\(?:odot|circ)\s*{_VALUE})?{_GAP})"
_JOINED = re.compile(
    r"(?P<square>\[)?(?(square)|\()"
    + _PART.replace("@", "1")
    + rf"(?:\\middle\s*)?(?P<bar>{_DOUBLE}|{_SINGLE})"
    + _PART.replace("@", "2")
    + r"(?P<close>(?:\\right\s*)?(?(square)\]|\)))"
)
_CONDITION = re.compile(
    r"(?:\\mathbb\s*\{?\s*[EP]\s*\}?|(?<![A-Za-z])[PEp]|\\Pr|Var|Cov|\\operatorname\s*\{[A-Za-z]+\}|"
    r"\\(?:log|ln|text|mathrm)\s*\{[A-Za-z]+\})\s*(?:_\s*(?:\{[^{}]*\}|[A-Za-z]))?\s*"
    r"(?:\\(?:left|[bB]igg?l?)\s*)?\Z"
)
_REACH = 60
_EQUALS = re.compile(r"=\s*(?:\\left\s*)?\Z")
_ENDS = re.compile(r"\s*(?:[.,;]\s*)?(?:\Z|\\\\|\\end|\\tag|\\q?quad)")


def with_commas_for_bars(formula: Formula) -> Formula:
    """``formula`` with joined vectors in the brackets and with the comma that others have."""

    def joined(m: re.Match[str]) -> str | None:
        if not m["square"] and re.fullmatch(_SINGLE, m["bar"]):
            at = m.start() - _REACH
            if not (_EQUALS.search(m.string, max(0, at), m.start())
                    and _ENDS.match(m.string, m.end())):  # fmt: skip
                return None
        if _CONDITION.search(m.string, max(0, m.start() - _REACH), m.start()):
            return None
        closes = m["close"].replace(")", "]")
        return f"[{m['p1'].strip()}, {m['p2'].strip()}{closes}"

    return replaced(formula, _JOINED, joined)

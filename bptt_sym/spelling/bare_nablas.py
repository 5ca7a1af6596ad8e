r"""∇ with its variable below and nothing behind it: :math:`\nabla_{h_t} \odot o_t`.

Texts that differentiate one loss only leave it out. What stands so, before a sign or at the end, is
the derivative of that loss, or of the one that a line names: :math:`\nabla_{h_t} = \partial E_t/
\partial h_t`. One that an equation gives so is it before an operand too, :math:`\nabla_{a_t}
x_t^\top`. A step above, :math:`\nabla_W^t`, tells the share of that step.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from bptt_sym.documents.document import Formula
from bptt_sym.documents.respelling import replaced
from bptt_sym.spelling.deltas import said_loss

_BODY = r"(?:[^{}]|\{(?:[^{}]|\{[^{}]*+\})*+\})++"
#: A sign, a closing bracket or an end: no operand.
_NO_OPERAND = (
    r"(?=(?:\s|\\[,;:! ])*+(?:$|[=+\-&,.;)\]}*·⊙∘]|\\\\|:=|\\(?:right|odot|circ|cdot|ast|times|"
    r"otimes|q?quad|end|tag|text|mbox|label|equiv|approx|coloneqq|triangleq|doteq|in)(?![A-Za-z])))"
)
_T = r"(?:T|\\top|\\intercal)(?![A-Za-z])"
_TURNED = rf"(?P<turned>\s*\^\s*(?:\{{\s*{_T}\s*\}}|{_T}))"
_SHARE = r"(?P<share>\s*\^\s*(?:\{\s*\(?\s*[tk]\s*\)?\s*\}|[tk](?![A-Za-z])))"
_BARE = re.compile(
    rf"(?:\\nabla(?![A-Za-z])|∇)\s*_\s*\{{(?P<by>{_BODY})\}}"
    rf"(?:{_TURNED}|(?:{_SHARE})?{_NO_OPERAND})"
)
#: ∇ with its variable, whatever follows but a loss.
_ANY = re.compile(
    rf"(?:\\nabla(?![A-Za-z])|∇)\s*_\s*\{{(?P<by>{_BODY})\}}"
    r"(?!\s*(?:\\[,;:! ]\s*)*(?:\\(?:mathcal|mathbf|mathrm|text)\s*\{\s*)?"
    r"(?:[LEJC](?![A-Za-z])|\\ell|\\log|[Ll]oss|\())"
)
#: ``\\nabla_{c_t} \\frac{\\partial c_t}{…}``: the chain rule goes on.
_OF = re.compile(rf"\s*\\[dt]?frac\s*\{{\s*(?:\\partial|∂|d)\s*(?P<of>{_BODY})\}}")
_EQUALS = re.compile(r"\s*&?\s*=")
_NEAR = re.compile(r"(?<=[_^{(,\s])t\s*[-+]\s*1")


def _key(by: str) -> str:
    return re.sub(r"[{}\s]", "", _NEAR.sub("t", by))


def with_losses_for_nablas(formulas: Sequence[Formula], loss: str) -> list[Formula]:
    """``formulas`` with ``loss`` behind each ∇ that has nothing behind it."""
    given = (
        said_loss(f.latex, m.end()) for f in formulas for m in _BARE.finditer(f.latex)
    )
    named = next((found for found in given if found), "")

    def new(m: re.Match[str]) -> str:
        whole = rf"\frac{{\partial {named or loss}}}{{\partial {m['by'].strip()}}}"
        if m["share"] is not None:
            step = re.sub(r"[\s{}()^]", "", m["share"])
            return rf"\left({whole}\right)^{{({step})}}"
        return rf"\left({whole}\right)^{{\top}}" if m["turned"] else whole

    alone = {
        _key(m["by"]) for f in formulas for m in _BARE.finditer(f.latex)
        if not m["turned"] and _EQUALS.match(f.latex, m.end())
    }  # fmt: skip

    def before_operand(m: re.Match[str]) -> str | None:
        chain = _OF.match(m.string, m.end())
        if _key(m["by"]) not in alone and (chain is None or _key(chain["of"]) != _key(m["by"])):
            return None
        return rf"\frac{{\partial {named or loss}}}{{\partial {m['by'].strip()}}} "

    out = [replaced(replaced(f, _BARE, new), _ANY, before_operand) for f in formulas]
    return [
        replace(a, delta=a.delta or (not named and a.latex != b.latex))
        for a, b in zip(out, formulas, strict=True)
    ]

r"""Copies of a parameter: ``\nabla_{W^{(t)}} L`` is the derivative by the W of step t alone.

Goodfellow, Bengio and Courville (Deep Learning, 2016, section 10.2.2) introduce
:math:`W^{(t)}` as a copy of :math:`W` that is used at step :math:`t` only. Others write
:math:`W_t`, or a bar with the step behind the derivative. A name is such a copy if it carries a
step below derivatives only, and stands bare elsewhere. All get one spelling here.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from bptt_sym.documents.document import Formula
from bptt_sym.documents.respelling import replaced

_P = (
    r"(?P<p>\\(?:mathbf|boldsymbol|bm)\s*\{\s*(?:[UVWbw]|\\theta)\s*\}|"
    # (W_h^{(t)} is a copy of W_h, and none of W.)
    r"[A-Zbcuvw](?:\s*_\s*(?:\{\s*[a-z]{1,3}\s*\}|[a-z])(?=\s*\^\s*\{\s*\())?|\\theta|"
    r"\\mathbf\s*[UVWbw](?![A-Za-z]))"
)
_STEP = (
    r"\s*(?:\^\s*\{\s*\(\s*(?P<s>[tkij](?:\s*[-+]\s*[0-9k])?)\s*\)\s*\}|"
    r"_\s*(?:\{\s*(?P<s2>[tks](?:\s*[-+]\s*[0-9k])?)\s*\}|(?P<s3>[tks])(?![A-Za-z])))"
)
#: A sum over a step s: elsewhere the letter below a weight is a label.
_OVER_S = re.compile(r"(?:\\sum|∑)\s*(?:\\limits\s*)?_\s*\{\s*s\s*(?:=|\\[lg]eq?(?![a-z])|[<>≤≥])")
_LEFT_OUT = re.compile(_STEP)
#: A step in any notation, and the sign of a definition.
_DEFINED = r"\s*[_^]\s*(?:\{\s*\(?\s*[a-z0-9](?![A-Za-z])[^{}]{0,12}\}|[a-z](?![A-Za-z]))\s*&?\s*="
#: ``W^t = (\dots)^t``, ``W^t = Q \Lambda^t Q^{-1}``: of a power.
_OF_A_POWER = re.compile(
    r"\s*\^\s*\{?\s*(?P<n>[a-z])\s*\}?\s*&?\s*=[^;=]{0,80}?[)}A-Z]\s*\^\s*\{?\s*(?P=n)(?![A-Za-z(])"
)
_FRACTION = re.compile(
    r"\\(?P<f>[dt]?frac)\s*\{\s*\\partial\s*(?P<top>(?:[^{}]|\{(?:[^{}]|\{[^{}]*\})*\})*)\}\s*"
    rf"\{{\s*\\partial\s*{_P}{_STEP}\s*\}}"
)
_NABLA = re.compile(
    rf"\\nabla\s*_\s*\{{\s*{_P}{_STEP}\s*\}}\s*"
    r"(?P<y>(?:\\(?:mathbf|boldsymbol|bm|hat|mathcal)\s*\{\s*[A-Za-z]\s*\}|\\?[A-Za-z]+)\s*(?:[_^]\s*(?:\{[^{}]*\}|[A-Za-z0-9]))*)"
)
_WEIGHT = r"(?:\\(?:mathbf|boldsymbol|bm|vec)\s*\{\s*[A-Za-z]\s*\}|\\theta|[A-Zbcuvw])"
#: The weight of one layer, ``W_{xh}^{(2)}``, and an entry of it.
_OF_A_LAYER = rf"{_WEIGHT}(?:_\{{[^{{}}]{{1,12}}\}})?\^\{{\([0-9]\)\}}"
_SHARED = (
    rf"(?:\({_OF_A_LAYER}\)_\{{[ijkmnpq]{{1,2}}\}}|{_OF_A_LAYER}|"
    rf"{_WEIGHT}(?:\s*_\s*(?:\{{[^{{}}]*\}}|[A-Za-z0-9]))?)"
)
#: ``\\left.\\frac{\\partial L}{\\partial W}\\right|_t``: the share of step t.
_BRACES = r"\{(?:[^{}]|\{(?:[^{}]|\{[^{}]*\})*\})*\}"
_EVALUATED = re.compile(
    rf"(?:\\left\s*\.\s*)?(?P<top>\\[dt]?frac\s*{_BRACES})\s*\{{\s*(?P<mark>\\partial|d)\s*"
    rf"(?P<p>{_SHARED})\s*\}}\s*"
    r"(?:\\(?:right|[bB]igg?[rm]?|middle)\s*)?(?:\||\\r?vert|\\mid)\s*_\s*"
    r"(?:\{\s*\(?\s*(?P<s>[tkij](?:\s*[-+]\s*[0-9k])?|(?:[tkij]\s*=\s*)?(?P<n>[1-9]|T))\s*\)?\s*\}"
    r"|(?P<s2>[tkij]|(?P<s3>[1-9]))(?![A-Za-z]))"
)
#: ``\\left(\\frac{\\partial L}{\\partial W}\\right)^{(t)}``: the same.
_IN_BRACKETS = re.compile(
    rf"(?:\\left\s*|\\[bB]igg?l?\s*)?[(\[]\s*(?P<top>\\[dt]?frac\s*{_BRACES})\s*"
    r"\{\s*(?P<mark>\\partial|d)\s*"
    rf"(?P<p>{_SHARED})\s*\}}\s*(?:\\right\s*|\\[bB]igg?r?\s*)?[)\]]\s*"
    r"(?:\^\s*\{\s*\(\s*(?P<s>[tkij](?:\s*[-+]\s*[0-9k])?)\s*\)\s*\}"
    r"|_\s*(?:\{\s*\(?\s*(?P<s2>[tk](?:\s*[-+]\s*[0-9k])?|(?:[tk]\s*=\s*)?(?P<n>[1-9]|T))\s*\)?\s*\}"
    r"|(?P<s3>[tk])(?![A-Za-z])))(?!\s*\^)"
)
#: ``dW_t`` in a sum over the steps.
_GLUED = re.compile(rf"(?<![A-Za-z\\])d\s*{_P}{_STEP}")
#: Letters that other things than weights have as well: states, losses, data. They are weights where
#: one stands bare before a name that runs, ``H h_{t-1}``.
_OTHERS = frozenset("CDEFGHIJLNOSTXYZ")
_MULTIPLIES = r"\s*(?:\\(?:mathbf|boldsymbol|bm|vec)\s*\{\s*)?[a-z]\s*\}?\s*[_^]"
_LABELLED = re.compile(r"(?<=[A-Za-z}])\s*_\s*(?:\{\s*s\s*\}|s(?![A-Za-z]))")
_ANYWHERE = re.compile(rf"(?<![A-Za-z\\]){_P}{_STEP}")


def copied(formulas: Sequence[Formula]) -> list[Formula]:
    """The formulas with every copy below a derivative sign as ``W^{(t)}``."""
    for share in (_EVALUATED, _IN_BRACKETS):
        formulas = [replaced(f, share, _behind) for f in formulas]
    names = _names([f.latex for f in formulas])
    if not names:
        return list(formulas)

    def fraction(m: re.Match[str]) -> str | None:
        if m.group("p") not in names:
            return None
        return rf"\{m.group('f')}{{\partial {m.group('top')}}}{{\partial {_at_its_step(m)}}}"

    def gradient(m: re.Match[str]) -> str | None:
        if m.group("p") not in names:
            return None
        return rf"\frac{{\partial {m.group('y')}}}{{\partial {_at_its_step(m)}}}"

    def mention(m: re.Match[str]) -> str | None:
        return m.group("p") if m.group("p") in names else None

    out = [replaced(replaced(f, _FRACTION, fraction), _NABLA, gradient) for f in formulas]
    # "the copy $W^{(t)}$ of W" only speaks of it.
    relates = re.compile(r"=|\\coloneqq")
    return [f if relates.search(f.latex) else replaced(f, _ANYWHERE, mention) for f in out]


def _names(texts: Sequence[str]) -> set[str]:
    """The names of copies."""
    every = ";\n".join(texts)
    if not _OVER_S.search(every):
        texts = [_LABELLED.sub("", text) for text in texts]
        every = ";\n".join(texts)
    spoken = [text for text in texts if "=" not in text]
    below = [m.group("p") for m in (*_FRACTION.finditer(every), *_NABLA.finditer(every))]
    return {
        p for p in (*below, *(m.group("p") for text in spoken for m in _ANYWHERE.finditer(text)))
        if not _is_given(p, every)
        and re.search(rf"(?<![A-Za-z\\]){re.escape(p)}(?!\s*[_^]|[A-Za-z]{{2}})", every)
        and (p not in _OTHERS or re.search(rf"(?<![A-Za-z\\]){p}{_MULTIPLIES}", every))
    }  # fmt: skip


def _is_given(name: str, every: str) -> bool:
    """Whether an equation gives ``name`` at a step, which is no power of it."""
    return any(
        _OF_A_POWER.match(every, m.start() + len(name)) is None
        for m in re.finditer(rf"(?<![A-Za-z\\]){re.escape(name)}{_DEFINED}", every)
    )


def without_steps(texts: Sequence[str]) -> list[str]:
    """``texts`` with the steps of copies left out: a parameter does not run in time by them."""
    names = _names(texts)

    def bare(m: re.Match[str]) -> str:
        found = m.group()
        if m.group("p") not in names:
            return found
        end = m.end("p") - m.start()
        return found[:end] + _LEFT_OUT.sub("", found[end:], count=1)

    if not names:
        return list(texts)
    return [_GLUED.sub(bare, _NABLA.sub(bare, _FRACTION.sub(bare, text))) for text in texts]


def _at_its_step(m: re.Match[str]) -> str:
    step = m.group("s") or m.group("s2") or m.group("s3")
    return f"{m.group('p')}^{{({step})}}"


def _behind(m: re.Match[str]) -> str:
    found = m.groupdict()
    step = found["n"] or found["s"] or found["s2"] or found["s3"]
    weight = m.group("p")
    if weight.startswith("("):
        whole, _, units = weight.rpartition("_")
        weight = f"({whole}^{{({step})}})_{units}"
    else:
        weight = f"({weight})" if weight.endswith(")}") else weight
        weight = f"{weight}^{{({step})}}"
    return rf"{m.group('top')}{{{m.group('mark')} {weight}}}"

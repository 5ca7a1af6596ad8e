r"""Claims about a softmax alone: :math:`\partial p_i/\partial z_j = p_i(\delta_{ij} - p_j)`.

So are gradients of a loss by its argument, :math:`\partial L/\partial e_{ti} = \alpha_{ti}
(\partial L/\partial\alpha_{ti} - \sum_j \alpha_{tj}\, \partial L/\partial\alpha_{tj})`, as
attention has them (Bahdanau, Cho and Bengio 2015, app. A). They are judged for one vector,
whatever the document's recurrence is, with the indices that say whose softmax it is
(``\alpha_{ti}``, a row for each step) left out.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from functools import lru_cache, partial

from bptt_sym.check.answer import Court
from bptt_sym.decide.verdict import Verdict
from bptt_sym.errors import BpttError
from bptt_sym.messages import marked
from bptt_sym.read import read_claim, recurrence_from_latex

_BASE = (
    r"(?:\\(?:hat|tilde|bar|mathbf|boldsymbol)\s*\{\s*[A-Za-z]\s*\}|\\(?:alpha|beta|pi)|[A-Za-z])"
)
_INDICES = r"\s*_\s*(?:\{\s*(?P<%s>[a-z](?:\s*,?\s*[a-z])?)\s*\}|(?P<%s1>[a-z]))"
_LEFT = re.compile(
    rf"\s*\\[dt]?frac\s*\{{\s*\\partial\s*(?P<p>{_BASE}){_INDICES % ('u', 'u')}\s*\}}\s*"
    rf"\{{\s*\\partial\s*(?P<z>{_BASE}){_INDICES % ('v', 'v')}\s*\}}\s*&?\s*="
    r"(?P<right>(?:[^=\[{]|\[[^\]]*\]|\{[^{}]*\})*?)"
    r"(?:$|\\text|\\q?quad|\\\\|\\tag)"
)
_SAME = (
    r"(?:\\delta\s*_\s*\{\s*%(a)s\s*,?\s*%(b)s\s*\}|"
    r"(?:\\(?:mathbb|mathbf|mathds|mathrm)\s*\{\s*[1I]\s*\}|\\(?:mathbb|mathbf|mathds)\s*[1I]|[1I])\s*"
    r"(?:_\s*)?(?:\\?[\[{(])\s*%(a)s\s*=\s*%(b)s\s*(?:\\?[\]})]))"
)


#: ``(j \\neq i)``, ``\\text{if } i = j``: which entries are meant.
_CASE = re.compile(
    r"(?:[\s,，;]|\\[,;:! ]|\\q?quad(?![a-z])|\\text\s*\{[^{}]*\}|\\left)*+\(?\s*(?<![A-Za-z\\_{])"
    r"(?P<a>[a-z])\s*"
    r"(?:(?P<same>=)|\\neq?(?![a-z])|\\not\s*=|≠)\s*(?P<b>[a-z])\s*(?:\\right\s*)?\)?\s*[.,;。，]?\s*$"
)
#: How long one is at the most.
_REACH = 160
#: What the derivative of a softmax is made of.
_OWN = re.compile(
    r"p_\{t,[ij]\}|\\delta_\{ij\}|\\(?:left|right|cdot|times|odot|[bB]igg?[lr]?|[,;:! ])"
)


def of_a_softmax(latex: str, named: bool = False) -> Verdict | None:
    """The verdict of a claim about the entries of a softmax; ``None`` for other formulas.

    One that fails is wrong only if the text names the softmax (``named``) and the claim is made of
    its entries and of :math:`\\delta_{ij}` alone: else another function may be meant.
    """
    case = _CASE.search(latex, max(0, len(latex) - _REACH))
    found = _LEFT.match(latex[: case.start()] if case is not None else latex)
    if found is None or found.group("p") == found.group("z"):
        return None
    u, v = ("".join(re.sub(r"[\s,]", "", found.group(k) or found.group(f"{k}1"))) for k in "uv")
    if len(u) != len(v) or u[:-1] != v[:-1] or u[-1] == v[-1] or "t" in (u[-1], v[-1]):
        return None  # (∂L_t/∂b_y = δ_{y,t} is about a step, and no entry of anything.)
    right = found.group("right")
    for a, b in ((u[-1], v[-1]), (v[-1], u[-1])):
        right = re.sub(_SAME % {"a": a, "b": b}, r"\\delta_{ij}", right)
    name = re.escape(found.group("p"))
    for indices, new in ((u, "i"), (v, "j")):
        every = r"\s*,?\s*".join(indices)
        script = rf"\s*_\s*(?:\{{\s*{every}\s*\}}" + (rf"|{indices})" if len(indices) == 1 else ")")
        right = re.sub(rf"(?<!\\){name}{script}", f"p_{{t,{new}}}", right)
    if case is not None:
        if {case["a"], case["b"]} != {u[-1], v[-1]}:
            return None
        # (Of the other entries nothing is claimed: they are put in as they are.)
        same = case["same"] is not None
        here, other = r"\delta_{ij}", r"(1 - \delta_{ij})"
        rest = other + r" (-p_{t,i} p_{t,j})" if same else here + r" p_{t,i} (1 - p_{t,i})"
        right = f"{here if same else other} ({right.strip().rstrip('.,;。，')}) + {rest}"
    alone = not re.search(r"[A-Za-z]", _OWN.sub("", right)) and r"\delta" in right
    alone = alone and "p_{t," in right
    claim = r"\frac{\partial p_{t,i}}{\partial z_{t,j}} = " + right.strip().rstrip(".,;。，")
    try:
        court = _court()
        verdict = court.judge(read_claim(claim, court.model))
    except BpttError:
        return None
    said = f"{found.group('p')} is the softmax of {found.group('z')}"
    if verdict.verdict == "wrong" and named and alone:
        return replace(verdict, assumptions=(*verdict.assumptions, said))
    if verdict.verdict != "right":
        return None  # another function may be meant, or another case
    return replace(
        verdict, verdict="right_under_reading", assumptions=(*verdict.assumptions, said)
    )


_SIZES = re.compile(
    r"\\displaystyle(?![A-Za-z])|\\(?:left|right|[bB]igg?[lr]?)(?![A-Za-z])|\\[,;:! ]|[\s&]"
)
_EXP = r"(?:e\^\{%s\}|\\?exp[({]%s[)}]|e\^%s)"
#: ``\\mathrm{softmax}(z)_i = \\frac{e^{z_i}}{\\sum_j e^{z_j}}``, blanks left out.
_BY_ENTRIES = re.compile(
    r"(?P<f>\\(?:mathrm|text|operatorname)\{[A-Za-z]+\}|\\[a-z]+|[A-Za-z]+)\("
    r"(?:\\(?:mathbf|vec|boldsymbol|bm)\{)?(?P<z>[a-z])\}?\)_\{?(?P<i>[a-z])\}?="
    r"\\[dt]?frac\{(?P<above>[^=]+?)\}\{\\sum(?:\\limits)?(?:\^(?:\{[^{}]*\}|[A-Za-z0-9]))?"
    r"_\{?(?P<j>[a-z])(?:(?:=|\\in)[^{}]*)?\}?(?:\^(?:\{[^{}]*\}|[A-Za-z0-9]))?(?P<below>[^=]+)\}[.,]?"
)


def by_its_entries(latex: str) -> Verdict | None:
    """The verdict of what a softmax is, entry by entry; ``None`` for other formulas.

    Of a function with another name it says what that is, and claims nothing.
    """
    found = _BY_ENTRIES.fullmatch(_SIZES.sub("", latex))
    if found is None:
        return None
    i, j, z = found["i"], found["j"], found["z"]
    above, below = ((_EXP % ((rf"{z}_\{{?{k}\}}?",) * 3)) for k in (i, j))
    if i == j or not re.fullmatch(above, found["above"]) or not re.fullmatch(below, found["below"]):
        return None
    if "softmax" not in found["f"].lower():
        return Verdict("not_a_claim", note=marked("a definition"))
    return Verdict("right", scope="every n", method="as the softmax is defined")


def of_a_loss(latex: str, named: bool) -> Verdict | None:
    """The verdict of a claim about a loss behind a softmax α of e; ``None`` for other formulas.

    Such are gradients by :math:`e_{ti}` that are made of those by :math:`\\alpha_{tj}`, of α and of
    :math:`\\delta_{ij}`, in a text that names the softmax.
    """
    found = _BY_A_SCORE.match(latex) if named else None
    if found is None:
        return None
    step, unit = list(re.sub(r"[\s,]", "", found.group("of")))
    right = found.group("right").strip().rstrip(".,;。，")
    others = {m.group(2) for m in _ALPHA.finditer(right) if m.group(1) == step} - {unit}
    if len(others) > 1 or any(m.group(1) != step for m in _ALPHA.finditer(right)):
        return None
    other = others.pop() if others else "j"
    letters = {unit: "i", other: "j"}
    for a, b in ((unit, other), (other, unit)):
        right = re.sub(_SAME % {"a": a, "b": b}, r"\\delta_{ij}", right)
    right = re.sub(rf"\\sum(?:\\limits)?\s*_\s*(?:\{{\s*{other}\s*(?:=\s*1\s*)?\}}|{other})"
                   r"(?:\s*\^\s*(?:\{[^{}]*\}|[A-Za-z]))?", r"\\sum_j ", right)  # fmt: skip
    for pattern, name in ((_ALPHA, "p"), (_SCORE, "z")):
        right = pattern.sub(partial(_entry, name, letters), right)
    right = re.sub(rf"(?<=\\partial)\s*{re.escape(found.group('loss'))}(?![A-Za-z])", " L", right)
    if re.search(r"[A-Za-z]", _OF_A_LOSS.sub("", right)):
        return None
    try:
        court = _court()
        verdict = court.judge(
            read_claim(r"\frac{\partial L}{\partial z_{t,i}} = " + right, court.model)
        )
    except BpttError:
        return None
    said = r"\alpha is the softmax of e, and the loss depends on e through it alone"
    if verdict.verdict not in ("right", "right_under_reading", "wrong"):
        return None
    return replace(
        verdict,
        verdict="wrong" if verdict.verdict == "wrong" else "right_under_reading",
        assumptions=(*verdict.assumptions, said),
    )


def _entry(name: str, letters: Mapping[str, str], m: re.Match[str]) -> str:
    return f"{name}_{{t,{letters[m.group(2)]}}}"


_TWO = r"\s*_\s*\{\s*([a-z])\s*,?\s*([a-z])\s*\}"
_ALPHA = re.compile(rf"\\alpha{_TWO}")
_SCORE = re.compile(rf"(?<![A-Za-z\\])e{_TWO}")
_BY_A_SCORE = re.compile(
    r"\s*\\[dt]?frac\s*\{\s*\\partial\s*(?P<loss>[LJE]|\\mathcal\s*\{\s*L\s*\}|\\ell)\s*\}\s*\{\s*\\partial\s*"
    r"e\s*_\s*\{\s*(?P<of>[a-z]\s*,?\s*[a-z])\s*\}\s*\}\s*&?\s*="
    r"(?P<right>(?:[^=]|(?<=[a-z])\s*=\s*1)*\\alpha(?:[^=]|(?<=[a-z])\s*=\s*1)*)$"
)
#: What such a gradient is made of.
_OF_A_LOSS = re.compile(
    r"[pz]_\{t,[ij]\}|\\delta_\{ij\}|\\sum_j|\\partial(?: L)?|\\[dt]?frac|"
    r"\\(?:left|right|cdot|times|odot|[bB]igg?[lr]?|[,;:! ])"
)


@lru_cache(maxsize=1)
def _court() -> Court:
    lines = [r"h_t = \tanh(W h_{t-1} + U x_t)", "z_t = V h_t", r"p_t = \mathrm{softmax}(z_t)",
             r"L = \sum_{t=1}^T \mathrm{loss}(p_t)"]  # fmt: skip
    return Court.of(recurrence_from_latex(lines, name="a softmax"))

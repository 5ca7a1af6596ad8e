r"""The cross-entropy and the squared error of two vectors, in the forms in which they are written.

Each as the products of whole vectors that it is: a pattern, and what stands for a match of it.
"""

from __future__ import annotations

import re

_NAME = (
    r"(?:\\(?:hat|widehat|tilde|bar|vec|mathbf|boldsymbol|mathrm|text)\s*\{[^{}]{1,12}\}|"
    r"\\(?:hat|tilde|bar|vec)\s*[A-Za-z]|[A-Za-z])"
)
_SCRIPT = r"(?:\s*[_^]\s*(?:\{[^{}]{1,20}\}|[A-Za-z0-9]))"
#: ``\sum_k y_{t,k} \log \hat{y}_{t,k}``: a sum over components.
COMPONENTS = re.compile(
    r"\\sum(?:\\limits)?\s*_\s*(?:\{\s*(?P<k>[a-zA-Z]|\\[a-z]+)\s*(?:=\s*[01]\s*|\\in[^{}]*)?\}"
    r"|(?P<k1>[a-zA-Z]))\s*(?:\^\s*(?:\{[^{}]{1,8}\}|\|?[A-Za-z]\|?))?"
    rf"\s*(?P<y>{_NAME}{_SCRIPT}{{1,2}})"
    r"\s*(?:\\[,;:! ]|\\cdot|\\times|\*)?\s*\\(?P<f>log|ln)\s*"
    rf"(?P<open>\\left\s*\(|\(|\\[,! ])?\s*(?P<p>{_NAME}{_SCRIPT}{{1,2}})"
    r"\s*(?P<close>\\right\s*\)|\))?"
)
#: ``\\mathrm{softmax}(o_t)``
_OF_SOFTMAX = (
    r"(?:\\(?:text|mathrm|operatorname)\s*\{\s*[sS]oft[mM]ax\s*\}|\\?[sS]oft[mM]ax)"
    r"\s*(?:\\left\s*)?\([^()]*?(?:\\right\s*)?\)"
)
#: ``L_t = -y_t \\log \\hat{y}_t``, ``E = -\\sum_t y_t \\log \\hat{y}_t``: a loss of two vectors.
CROSS_ENTROPY = re.compile(
    r"(?P<before>=\s*&?\s*-\s*(?:\\sum(?:\\limits)?\s*(?:[_^]\s*(?:\{[^{}]{1,12}\}|[A-Za-z])\s*){0,2})?)"
    r"(?P<round>(?:\\left\s*)?[(\[]\s*)?"
    rf"(?P<y>{_NAME}{_SCRIPT}?)\s*(?:\\[,;:! ]|\\cdot|\\times|\*)?\s*"
    r"(?:\\(?:log|ln)(?![A-Za-z])|\\(?:operatorname|mathrm|text|rm)\s*\{\s*(?:log|ln)\s*\}|(?<![A-Za-z])log(?![A-Za-z]))"
    rf"\s*(?P<open>\\left\s*[(\[]|[(\[]|\\[,! ])?\s*(?P<p>{_NAME}{_SCRIPT}?|{_OF_SOFTMAX})"
    r"\s*(?P<close>\\right\s*[)\]]|[)\]])?(?(round)\s*(?:\\right\s*)?[)\]])"
    r"(?=\s*[.,;&]?\s*(?:$|\\\\|\\end|\\tag|\\q?quad|=|\n))"
)
#: ``L_t = -\\sum y_t \\odot \\log \\hat y_t``, ``L_t = \\frac12 \\sum (y_t - d_t)^2``: a sum over
#: entries, as one of step t is over no steps.
OVER_ENTRIES = re.compile(
    rf"^(?P<left>\s*&?\s*{_NAME}(?:\s*_\s*(?:t|\{{\s*t\s*\}})|\s*\^\s*\{{\s*\(\s*t\s*\)\s*\}})"
    r"\s*&?\s*=[^=]{0,24}?)\\sum(?![A-Za-z])(?!\s*(?:\\(?:no)?limits\s*)?[_^])\s*(?:"
    rf"(?P<y>{_NAME}{_SCRIPT}?)\s*(?:\\[,;:! ]|\\(?:cdot|times|odot|circ)(?![a-z])|\*)?\s*"
    r"(?=\\?(?:log|ln)(?![A-Za-z]))"
    r"|(?:\\left\s*)?\((?P<of>[^()=]{1,60}?)(?:\\right\s*)?\)\s*\^\s*\{?\s*2\s*\}?)"
)
#: ``\\mathrm{CrossEntropy}(y_t, \\hat{y}_t)``, in either order.
NAMED_LOSS = re.compile(
    r"(?:\\(?:text|mathrm|operatorname|mathit)\s*\{\s*)?"
    r"(?:[Cc]ross[-_ ]?[Ee]ntropy(?:[-_ ]?[Ll]oss)?|(?<![A-Za-z\\])(?:CE|XE)(?![A-Za-z]))"
    r"\s*\}?\s*"
    rf"(?:\\left\s*)?\(\s*(?P<a>{_NAME}{_SCRIPT}?)\s*,\s*(?P<b>{_NAME}{_SCRIPT}?)\s*(?:\\right\s*)?\)"
)
_PREDICTED = re.compile(
    r"\\(?:wide)?hat|\\tilde|(?:\\(?:mathbf|boldsymbol|bm)\s*\{\s*)?[po](?![A-Za-z])"
)


def without_the_sum(m: re.Match[str]) -> str:
    """A sum over entries as the product, or the norm, of their vectors."""
    return m["left"] + (f"{m['y']} " if m["y"] else rf"\left\| {m['of']} \right\|^2")


def inner_product(m: re.Match[str]) -> str | None:
    r"""``y^\top \log p`` for the sum over its entries."""
    k = m.group("k") or m.group("k1")
    y, p = (_without(m.group(name), re.escape(k)) for name in ("y", "p"))
    if y is None or p is None or k == "t":
        return None
    return rf"{{{y}}}^\top \log {p}"


def written_out(m: re.Match[str]) -> str | None:
    """The cross-entropy of a label and what predicts it; ``None`` where neither is plain."""
    a, b = m.group("a"), m.group("b")
    predicted = [x for x in (a, b) if _PREDICTED.match(x)]
    if len(predicted) != 1:
        return None
    label = b if predicted[0] == a else a
    return rf"-{{{label}}}^\top \log {predicted[0]} "


def of_two_vectors(m: re.Match[str]) -> str | None:
    r"""``-y^\top \log \hat y``; of two numbers it is the same."""
    opened, closed = (m.group("open") or "").strip("\\,! "), m.group("close")
    if bool(opened) != bool(closed):
        return None
    return rf"{m.group('before')}{{{m.group('y')}}}^\top \log {m.group('p')} "


def _without(name: str, k: str) -> str | None:
    """``y_{t,k}`` without its component; ``None`` if it has none."""
    for pattern, new in (
        (rf"\s*[_^]\s*(?:\{{\s*\(?\s*{k}\s*\)?\s*\}}|{k}(?![A-Za-z]))", ""),
        (rf"([_^]\s*\{{[^{{}}]*?)\s*,\s*{k}\s*\}}", r"\1}"),
        (rf"([_^]\s*\{{)\s*{k}\s*,\s*", r"\1"),
        (rf"([_^]\s*\{{\s*t)\s*{k}\s*\}}", r"\1}"),
    ):
        found, count = re.subn(pattern, new, name, count=1)
        if count:
            return found
    return None

r"""The entry of the true class below a logarithm: ``-\log p_{t,y_t}`` as ``-y_t^\top \log p_t``.

A label that is the subscript of a vector of probabilities picks one of them; its one-hot vector
picks the same. Texts write ``\hat y^{(t)}_{y^{(t)}}``, ``p_t[y_t]``, ``p_t(y_t)``, ``(p_t)_{y_t}``,
``\hat y_t^{(\text{true})}``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from bptt_sym.documents.document import Formula
from bptt_sym.documents.respelling import Edit, edited, replaced

_BOLD = r"\\(?:mathbf|boldsymbol|bm)\s*"
#: The step below or above: ``_t``, ``_{t}``, ``^{(t)}``, ``^{\\langle t\\rangle}``.
_SCRIPT = (
    r"(?:_\s*(?:\{\s*[a-zT]\s*(?:\+\s*1\s*)?\}|[a-zT](?![A-Za-z]))|\^\s*(?:\{\s*(?:\(\s*[a-zT]\s*\)|"
    r"\\langle\s*[a-zT]\s*\\rangle|[a-z])\s*\}|[a-z](?![A-Za-z])))"
)
_VECTOR = (
    r"(?:\\(?:hat|widehat|tilde)\s*(?:\{\s*(?:\\(?:mathbf|boldsymbol|bm)\s*)?\{?\s*[a-z]\s*\}?\s*\}|[a-z])|"
    r"\\(?:mathbf|boldsymbol|bm)\s*(?:\{\s*\\hat\s*\{?\s*[a-z]\s*\}?\s*\}|\{\s*[pq]\s*\}|[pq])|[pq](?![A-Za-z]))"
)
#: ``\\text{target}_t``: a label by a word.
_WORD = r"\\(?:text|mathrm|texttt|mathit|operatorname)\s*\{\s*[a-z]{3,8}\s*\}"
_LABEL = (
    rf"(?:(?P<k@>{_WORD})|(?:(?P<b@>{_BOLD}\{{)\s*|{_BOLD})?(?<![A-Za-z\\])(?P<l@>[a-z])\s*(?(b@)\}}))"
    rf"\s*(?P<at@>{_SCRIPT})"
)
_OPEN = r"(?:\\(?:left|[bB]igg?l?)\s*)?[\[(]\s*"
_CLOSE = r"\s*(?:\\(?:right|[bB]igg?r?)\s*)?[\])]"


def _label(n: int) -> str:
    return _LABEL.replace("@", str(n))


_ENTRY = (
    rf"(?:(?P<p1>{_VECTOR})\s*(?P<s1>{_SCRIPT})\s*{_OPEN}{_label(1)}{_CLOSE}"
    rf"|(?P<p2>{_VECTOR})\s*_\s*\{{\s*(?P<s2>[a-zT])\s*,\s*{_label(2)}\s*\}}"
    rf"|(?P<p3>{_VECTOR})\s*(?P<s3>\^[^_{{}}]{{0,3}}(?:\{{[^{{}}]*\}})?)?\s*_\s*\{{\s*{_label(3)}\s*\}}"
    rf"\s*(?P<s4>\^\s*\{{[^{{}}]*\}})?"
    rf"|{_OPEN}(?P<p5>{_VECTOR})\s*(?P<s5>{_SCRIPT}){_CLOSE}\s*_\s*\{{\s*{_label(5)}\s*\}})"
)
_BELOW = re.compile(
    rf"(?P<log>\\(?:log|ln)(?![A-Za-z])\s*)(?P<open>\\left\s*\(|\()?\s*{_ENTRY}"
    r"(?(open)\s*(?:\\right\s*)?\))(?=\s*(?:$|[.,;&=+\-]|\\\\|\\end|\\q?quad|\\right|\)))"
)
#: ``\\text{onehot}(k_t)``, ``\\mathbb{1}[k_t]``
_ONE_HOT = re.compile(
    r"\\(?:(?:text|mathrm|operatorname)\s*\{\s*one[-_ \\\\]*[hH]ot\s*\}"
    r"|math(?:bb|bf|bbm|ds)\s*\{\s*1\s*\}(?=\s*(?:\\left\s*)?\[))"
    rf"\s*{_OPEN}(?P<k>[a-z]|{_WORD})\s*_\s*(?P<at>[a-zT]|\{{[^{{}}]{{1,6}}\}}){_CLOSE}"
)
#: ``\\\\mathbf{1}_{k_t}``, ``\\\\mathbf{e}_{k_t}``, ``1_{k_t}``: the unit vector of a class.
_UNIT_VECTOR = re.compile(
    r"(?:\\(?:math(?:bb|bf|bbm|ds)|boldsymbol|bm)\s*\{\s*[1e]\s*\}|(?<![\w.\\^}])(?<!_ )1)"
    r"\s*_\s*\{\s*"
    rf"(?P<k>[a-z]|{_WORD})\s*_\s*(?P<at>[a-zT]|\{{[^{{}}]{{1,6}}\}})\s*\}}"
)
#: ``\\log \\hat{y}_t^{(\\text{true})}``: the class by a word for it.
_WORDED = re.compile(
    rf"(?P<log>\\(?:log|ln)(?![A-Za-z])\s*)(?P<p>{_VECTOR})\s*(?P<at>_\s*(?:\{{\s*t\s*\}}|t))\s*\^\s*"
    r"\{\s*\(?\s*\\(?:text|mathrm|textrm)\s*\{\s*(?:true|correct|target|gold|right|label|richtig|wahr|"
    r"correcta|vraie?|верн\w{1,4}|正確答案|正确答案|正確|正确|正解|真实|真實|정답)(?:\s+(?:class|label|word|token))?\s*\}"
    r"\s*\)?\s*\}"
)
_LETTER = re.compile(r"[a-zT]")


def with_one_hot_labels(formula: Formula) -> Formula:
    """``formula`` with the entry of the true class as a product with its one-hot vector."""
    for vector in (_ONE_HOT, _UNIT_VECTOR):
        formula = replaced(formula, vector, lambda m: f"{_true(m['k'])}_{m['at']}")
    if r"\l" not in formula.latex:
        return formula
    formula = replaced(
        formula, _WORDED, lambda m: rf"{{y{m['at']}}}^\top {m['log']} {m['p']}{m['at']}"
    )
    return replaced(formula, _BELOW, _product)


#: ``y_t = W h_t + b``: what is computed is no label.
_COMPUTED = re.compile(
    r"(?:^|\\\\|,|\\q?quad(?![A-Za-z])|\})\s*&?\s*y\s*_\s*(?:t(?![A-Za-z])|\{\s*t\s*\})\s*&?\s*=(?!=)"
    r"[^=\n]{0,40}?(?<![A-Za-z\\{])[A-Z](?![a-z])"
)
_WORDS = re.compile(rf"(?P<word>{_WORD})\s*_\s*\{{?\s*t(?![A-Za-z])")


def with_words_for_classes(formulas: Sequence[Formula]) -> list[Formula]:
    """``formulas`` with a word for the class :math:`y_t` where :math:`y_t` is what is computed.

    Beside :math:`y_t = W h_t + b` the :math:`y_t` of :math:`\\mathbf 1_{y_t}` is the true class.
    """
    if not any(_COMPUTED.search(f.latex) for f in formulas):
        return list(formulas)
    words = {m["word"] for f in formulas for m in _WORDS.finditer(f.latex)}
    word = words.pop() if len(words) == 1 else r"\text{target}"
    return [edited(f, sorted(_of_y(f.latex, word))) for f in formulas]


def _of_y(text: str, word: str) -> Iterator[Edit]:
    for pattern in (_ONE_HOT, _UNIT_VECTOR, _BELOW):
        for m in pattern.finditer(text):
            for group in ("k",) if pattern is not _BELOW else ("l1", "l2", "l3", "l5"):
                if m[group] == "y":
                    yield m.start(group), m.end(group), word


_ONE_NAME = re.compile(r"\\mathrm\{one[a-z]+\}")
_PREDICTED = r"(?:\\hat\s*\{\s*y\s*\}|(?<![A-Za-z\\])[pq])\s*_\s*(?:\{\s*t\s*\}|t)"
_NAMED = r"(?P<y>\\(?:hat|tilde|bar)\s*\{\s*y\s*\}|(?<![A-Za-z\\])[yd])"
_LESS = re.compile(rf"{_PREDICTED}\s*-\s*{_NAMED}\s*_\s*(?:\{{\s*t\s*\}}|t)(?![A-Za-z])")


def with_one_name_for_labels(formulas: Sequence[Formula], words: str) -> list[Formula]:
    """``formulas`` with one name for the vector of a label, where words speak of a one-hot one.

    Beside :math:`-\\log p_t[k_t]` the :math:`y_t` of :math:`p_t - y_t`, which no line gives, is it.
    """
    texts = [f.latex for f in formulas]
    ones = {m.group() for t in texts for m in _ONE_NAME.finditer(t)}
    found = {"".join(m["y"].split()) for t in texts for m in _LESS.finditer(t)}
    if len(ones) != 1 or len(found) != 1 or not re.search(r"one[- ]?hot|独热|獨熱", words, re.I):
        return list(formulas)
    (one,), (name,) = ones, found
    letter = re.escape(name).replace(r"\{", r"\s*\{\s*").replace(r"\}", r"\s*\}")
    this = re.compile(rf"(?<![A-Za-z\\]){letter}(?=\s*_)")
    if any(re.search(rf"(?<![A-Za-z\\]){letter}\s*_\s*\{{?\s*t\s*\}}?\s*&?\s*=", t) for t in texts):
        return list(formulas)
    return [replaced(f, this, lambda m: one) for f in formulas]


def _product(m: re.Match[str]) -> str | None:
    n = next(k for k in "1235" if m[f"p{k}"])
    label, at = m[f"k{n}"] or m[f"l{n}"], m[f"at{n}"]
    if n == "2":
        step = f"_{{{m['s2']}}}"
    elif n == "3":
        if m["s3"] and m["s4"]:
            return None
        step = m["s3"] or m["s4"] or at
    else:
        step = m[f"s{n}"]
    if _letter(step) != _letter(at) or "+" in step:
        return None  # the label of another step
    at = step if "+" in at else at  # what comes next is what step t is to predict
    return rf"{{{_true(label)}{at}}}^\top {m['log']} {m[f'p{n}']}{step}"


def _letter(script: str) -> str:
    return "".join(_LETTER.findall(script.replace(r"\langle", "").replace(r"\rangle", "")))


def _true(k: str) -> str:
    """The name of the vector with a one at the true class."""
    return "y" if k == "y" else rf"\mathrm{{one{re.sub(r'[^a-z]', '', k.partition('{')[2] or k)}}}"

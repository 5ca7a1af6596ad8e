"""What a diagnosis proposes is right in the document, in place of what is wrong, in its names."""

from __future__ import annotations

import re

import pytest

from bptt_sym.documents.names import names_in
from tests.check.audited import verdict_of_last as last

#: What defines the model, and right formulas, in a notation.
NOTATIONS = {
    "subscripts": (
        r"$$h_t = \tanh(w h_{t-1} + u_t)$$",
        r"\frac{\partial h_t}{\partial h_{t-1}} = (1 - h_t^2) w",
        r"\frac{\partial h_T}{\partial w} = (1-h_T^2)\left(h_{T-1}"
        r" + w \frac{\partial h_{T-1}}{\partial w}\right)",
        r"\frac{\partial h_T}{\partial h_0} = \prod_{t=1}^{T} w (1-h_t^2)",
    ),
    "steps above": (
        r"$$s^{(k)} = \tanh(v s^{(k-1)} + x^{(k)})$$",
        r"\frac{\partial s^{(k)}}{\partial s^{(k-1)}} = (1 - (s^{(k)})^2) v",
        r"\frac{\partial s^{(k)}}{\partial v} = (1-(s^{(k)})^2)\left(s^{(k-1)}"
        r" + v \frac{\partial s^{(k-1)}}{\partial v}\right)",
    ),
    "bold": (
        r"$$\mathbf{h}_t = \tanh(\mathbf{W}_{hh}\mathbf{h}_{t-1} + \mathbf{W}_{xh}\mathbf{x}_t)$$",
        r"\frac{\partial \mathbf{h}_t}{\partial \mathbf{h}_{t-1}} = "
        r"\mathrm{diag}(1-\mathbf{h}_t^2)\mathbf{W}_{hh}",
    ),
    "angles": (
        r"A vector: $$a^{\langle t \rangle} = \tanh(W_{aa} a^{\langle t-1 \rangle} + b_a)$$",
        r"\frac{\partial a^{\langle t \rangle}}{\partial a^{\langle t-1 \rangle}} = "
        r"\mathrm{diag}(1-(a^{\langle t \rangle})^2) W_{aa}",
    ),
    "another letter": (
        r"Numbers: $$c_n = \sigma(W c_{n-1} + V x_n)$$",
        r"\frac{\partial c_n}{\partial c_{n-1}} = c_n (1 - c_n) W",
    ),
    "before the activation": (
        r"Scalars: $$a_t = w h_{t-1} + u x_t + b, \quad h_t = \tanh(a_t)$$",
        r"\frac{\partial h_t}{\partial h_{t-1}} = w (1-\tanh^2(a_t))",
        r"\frac{\partial h_t}{\partial a_t} = 1-h_t^2",
    ),
    "leaky": (
        r"Scalars: $$s_t = \alpha s_{t-1} + (1-\alpha)\tanh(v s_{t-1} + x_t)$$",
        r"\frac{\partial s_t}{\partial s_{t-1}} = "
        r"\alpha + (1-\alpha) v (1-\tanh^2(v s_{t-1}+x_t))",
    ),
    "upright": (
        r"Numbers: $$h_t = \tanh(\theta h_{t-1} + x_t)$$",
        r"\frac{dh_t}{d\theta} = (1-h_t^2)\left(h_{t-1} + \theta\frac{dh_{t-1}}{d\theta}\right)",
    ),
    "words below": (
        r"Vectors: $$h_t = \tanh(W_{\text{rec}} h_{t-1} + W_{\text{in}} x_t)$$",
        r"\frac{\partial h_t}{\partial h_{t-1}} = \mathrm{diag}(1-h_t \odot h_t) W_{\text{rec}}",
    ),
}  # fmt: skip
#: Slips: what is written, once behind the equals sign, for what.
SLIPS = (
    (r"1(?=\s*-)", "-1"), (r"(?<=1) -|(?<=1)-", "+"), (r"\^2", ""), (r"= ", "= -"), (r"= ", "= 2 "),
    (r"h_\{t-1\}", "h_t"), (r"h_\{T-1\}", "h_T"), (r"\(k-1\)", "(k)"), (r"(?<=\)) [wvW]$", ""),
    (r"(?<=[=}] )w \(", "("), (r"t=1", "t=2"), (r"\^\{T\}", "^{T-1}"), (r"\\alpha \+ ", ""),
    (r"(?<=\})$", r"^\\top"), (r"\+ (?=[wv\\])", "- "), (r"c_n \(1 - c_n\)", "(1 - c_n^2)"),
    (r"\\tanh\^2\(a_t\)", r"\\tanh(a_t)"), (r"(?<=\+ )[wv] ", ""), (r"(?<=\+ )\\theta", ""),
)  # fmt: skip
#: Slips of which the correction must be known, by what is left of the right formula.
NAMED = (
    r"\prod_{t=1}^{T} (1-h_t^2)",
    r"= (1-\alpha) v (1-\tanh^2(v s_{t-1}+x_t))",
)


def slips(formula: str) -> list[str]:
    start = formula.index("=")
    found = []
    for pattern, new in SLIPS:
        match = re.compile(pattern).search(formula, start)
        if match is not None:
            found.append(formula[: match.start()] + match.expand(new) + formula[match.end() :])
    return [wrong for wrong in found if wrong != formula]


@pytest.mark.parametrize("notation", NOTATIONS)
def test_corrections_are_right_where_they_are_put(notation: str) -> None:
    before, *formulas = NOTATIONS[notation]
    corrected = 0
    for formula in formulas:
        assert last(f"{before}\n\n$${formula}$$").is_right
        for wrong in slips(formula):
            verdict = last(f"{before}\n\n$${wrong}$$")
            assert not verdict.is_right, wrong
            named = any(end in wrong for end in NAMED)
            assert verdict.diagnosis is not None or not named, wrong
            if verdict.diagnosis is None:
                continue
            put = verdict.diagnosis.corrected
            assert last(f"{before}\n\n$${put}$$").is_right, (wrong, put)
            known = {n.base for n in names_in(f"{before} {wrong} {formula}")}
            assert {n.base for n in names_in(put)} <= known | {"j"}, (wrong, put)
            corrected += 1
    assert corrected >= 2

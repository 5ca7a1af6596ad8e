r"""Layers above each other, whichever way their names carry the layer and the step."""

from __future__ import annotations

import re

import pytest

from tests.check.audited import judged, verdicts

#: How a text writes: of layer k, at step s, a state and a weight; and its input.
FORMS = {
    "h_t^l": ("B_{S}^{K}", "B^{K}", "x_t"),
    "h_t^{[l]}": ("B_{S}^{[K]}", "B^{[K]}", "x_t"),
    "h^{(l)}_t": ("B^{(K)}_{S}", "B^{(K)}", "x_t"),
    "h^{[l]<t>}": (r"B^{[K]\langle S \rangle}", "B^{[K]}", r"x^{\langle t\rangle}"),
    "h^{l,t}": ("B^{K,S}", "B^{K}", "x^t"),
    "h_{l,t}": ("B_{K,S}", "B_{K}", "x_t"),
    "h_{t,l}": ("B_{S,K}", "B_{K}", "x_t"),
    "h_l^t": ("B_{K}^{S}", "B_{K}", "x^t"),
    "h_l(t)": ("B_{K}(S)", "B_{K}", "x(t)"),
}
_TIMED = re.compile(r"(?<![A-Za-z\\])([hde])([123l](?:[+-]1)?)@(t(?:[+-]1)?|T)")
_STILL = re.compile(r"(?<![A-Za-z\\])([WUb])([123l](?:[+-]1)?)@")


def written(text: str, form: str) -> str:
    """``h2@t-1`` as the step before of layer 2, ``W2@`` as its weight; d is δ, and e is a."""
    timed, still, x = FORMS[form]
    letters = {"d": r"\delta", "e": "a"}

    def state(m: re.Match[str]) -> str:
        shown = timed.replace("S", m[3]).replace("K", m[2])
        return shown.replace("B", letters.get(m[1], m[1]))

    def weight(m: re.Match[str]) -> str:
        return still.replace("K", m[2]).replace("B", m[1])

    return _STILL.sub(weight, _TIMED.sub(state, text)).replace("X", x)


TWO = r"""
$$h1@t = \tanh(W1@ h1@t-1 + U1@ X + b1@)$$
$$h2@t = \tanh(W2@ h2@t-1 + U2@ h1@t + b2@)$$
$$L = L(h2@T)$$
"""
#: The gradient by the lower layer, and slips in it.
LOWER = (
    r"$$\frac{\partial L}{\partial h1@t} = (U2@)^\top \left(\frac{\partial L}{\partial h2@t} "
    r"\odot (1 - (h2@t)^2)\right) + (W1@)^\top \left(\frac{\partial L}{\partial h1@t+1} "
    r"\odot (1 - (h1@t+1)^2)\right)$$" "\n"
)  # fmt: skip
NAMED = (
    r"$$d1@t = \frac{\partial L}{\partial h1@t} \odot (1 - (h1@t)^2)$$" "\n"
    r"$$\frac{\partial L}{\partial W1@} = \sum_t d1@t (h1@t-1)^\top$$" "\n"
)
SLIPS = (
    LOWER.replace("(U2@)", "(U1@)"),
    LOWER.replace("{h2@t} ", "{h2@t+1} ").replace(r"\partial h2@t} ", r"\partial h2@t+1} "),
    NAMED.replace("h1@t-1", "h1@t").partition("\n")[2],
)


@pytest.mark.parametrize("form", FORMS)
def test_two_layers_with_numbers(form: str) -> None:
    text = written(TWO + LOWER + NAMED + "".join(SLIPS), form)
    found = verdicts(text)
    assert found[3] == "right"
    assert found[5] == "right"
    assert found[6:] == ["wrong"] * len(SLIPS)
    # (Beside the whole sum its first term may be meant as a share.)
    assert verdicts(written(TWO + LOWER.partition(" + ")[0] + "$$\n", form))[-1] == "wrong"


ANY = r"""
$$el@t = Wl@ hl@t-1 + Ul@ hl-1@t + bl@$$
$$hl@t = \tanh(el@t)$$
$$dl@t = \frac{\partial L}{\partial el@t}$$
"""
ERROR = (
    r"$$dl@t = \left((Wl@)^\top dl@t+1 + (Ul+1@)^\top dl+1@t\right) \odot (1 - (hl@t)^2)$$" "\n"
)
WEIGHT = r"$$\frac{\partial L}{\partial Ul@} = \sum_t dl@t (hl-1@t)^\top$$" "\n"
#: Only the first of each pair is right.
OF_ANY = (
    (ERROR, ERROR.replace("Ul+1@", "Ul@")),
    (WEIGHT, WEIGHT.replace("hl-1@t", "hl-1@t-1")),
)


@pytest.mark.parametrize("form", FORMS)
def test_what_is_said_of_any_layer(form: str) -> None:
    text = written(ANY + "".join(a + b for a, b in OF_ANY), form)
    found = judged(text)
    assert len(found) == 3 + 2 * len(OF_ANY)
    told = ["right" if j.verdict.is_right else j.verdict.verdict for j in found[3:]]
    assert told == ["right", "wrong"] * len(OF_ANY)


OUTPUT = r"""
$$h_t^{(l)} = \tanh(W^{(l)} h_{t-1}^{(l)} + U^{(l)} h_t^{(l-1)}), \quad h_t^{(0)} = x_t$$
$$\hat y_t = \mathrm{softmax}(V h_t^{(L)}), \quad E = -\sum_t y_t^\top \log \hat y_t$$
$$\delta_t^{(l)} = \frac{\partial E}{\partial h_t^{(l)}} \odot (1 - (h_t^{(l)})^2)$$
"""


def test_the_top_layer_has_the_output_above_it() -> None:
    top = (
        r"\delta_t^{(l)} = (V^\top (\hat y_t - y_t) + (W^{(l)})^\top \delta_{t+1}^{(l)})"
        r"\odot (1 - (h_t^{(l)})^2)"
    )
    lower = top.replace(r"V^\top (\hat y_t - y_t)", r"(U^{(l+1)})^\top \delta_t^{(l+1)}")
    claims = [
        top.replace("(l)", "(L)"),
        top + r", \quad l = L",
        lower + r", \quad l = 1, \dots, L - 1",
        lower + r" \quad (1 \le l < L)",
        r"\frac{\partial E}{\partial V} = \sum_t (\hat y_t - y_t) (h_t^{(L)})^\top",
        lower.replace("_t^{(l+1)}", "_{t+1}^{(l+1)}") + r", \quad l < L",
        r"\frac{\partial E}{\partial V} = \sum_t (\hat y_t - y_t) (h_t^{(L-1)})^\top",
    ]
    found = judged(OUTPUT + "\n".join(f"$${c}$$" for c in claims))
    told = [j.verdict for j in found if any(s in j.latex for s in ("hat y_t - y_t", "l+1"))]
    assert [v.is_right for v in told] == [True] * 5 + [False] * 2
    assert [v.verdict for v in told[5:]] == ["wrong"] * 2
    # Of the last layer alone, which is not said.
    assert verdicts(f"{OUTPUT}$${top}$$")[-1] == "undecided"


def test_numbers_of_layers_and_a_letter_for_any_of_them() -> None:
    text = TWO + r"""
$$di@t = \frac{\partial L}{\partial hi@t} \odot (1 - (hi@t)^2)$$
$$\frac{\partial L}{\partial Wi@} = \sum_t di@t (hi@t-1)^\top$$
$$\frac{\partial L}{\partial Wi@} = \sum_t di@t (hi@t)^\top$$
""".replace("i@", "l@")
    for form in ("h_t^l", "h^{[l]<t>}", "h_{l,t}"):
        assert verdicts(written(text, form))[-3:] == ["not_a_claim", "right", "wrong"]


@pytest.mark.parametrize(
    "text",
    [
        # Powers, and steps above: no layer is computed from one below.
        r"$$h_t = w h_{t-1} + x_t$$ $$\frac{\partial h_t}{\partial w} = h_{t-1} + w "
        r"\frac{\partial h_{t-1}}{\partial w}$$ $$L = \frac12 \sum_t h_t^2$$ "
        r"$$\frac{\partial L}{\partial h_T} = h_T^1$$",
        r"$$h^{(t)} = \tanh(W^{(1)} h^{(t-1)} + W^{(2)} x^{(t)})$$ $$L = L(h^{(T)})$$ "
        r"$$\frac{\partial h^{(2)}}{\partial h^{(1)}} = \mathrm{diag}(1 - (h^{(2)})^2) W^{(1)}$$",
    ],
)
def test_numbers_that_are_no_layers(text: str) -> None:
    assert verdicts(text)[-1] == "right"


WALK = r"""
$$p1_t = x_t A + q1_{t-1} B1, \quad q1_t = \tanh(p1_t)$$
$$p2_t = q1_t C + q2_{t-1} B2, \quad q2_t = \tanh(p2_t)$$
Only step 3 has an output:
$$z = q2_3 V, \qquad \hat y = \mathrm{softmax}(z), \qquad L = -\sum_k y_k \log \hat y_k$$
$$dz = \frac{\partial L}{\partial z} = \hat y - y$$
$$dp2_3 = \frac{\partial L}{\partial p2_3} = dz V^T \odot (1 - q2_3^2)$$
$$dp1_3 = dp2_3 C^T \odot (1 - q1_3^2)$$
$$dp2_2 = dp2_3 B2^T \odot (1 - q2_2^2)$$
$$dp1_2 = (dp1_3 B1^T + dp2_2 C^T) \odot (1 - q1_2^2)$$
"""


def test_two_layers_step_by_step_from_an_output_without_a_step() -> None:
    total = r"$$\frac{\partial L}{\partial C} = q1_1^T dp2_1 + q1_2^T dp2_2 + q1_3^T dp2_3$$"
    found = verdicts(WALK + total)
    assert found[-6:] == ["right"] * 6
    for slip in (
        WALK.replace("(1 - q2_2^2)", "(1 - q2_3^2)"),
        WALK.replace("dp1_3 B1^T + dp2_2 C^T", "dp1_3 B1^T"),
        WALK.replace("+ dp2_2 C^T", "+ dp2_3 C^T"),
    ):
        assert verdicts(slip).count("wrong") == 1


def test_a_slip_that_does_not_fit_beside_a_slope_told_by_the_output() -> None:
    text = r"""
$$p1_t = x_t A + q1_{t-1} B1, \quad q1_t = \sigma(p1_t) = \tanh(p1_t)$$
$$p2_t = q1_t C + q2_{t-1} B2, \quad q2_t = \sigma(p2_t) = \tanh(p2_t), \quad L = L(q2_T)$$
$$\frac{\partial L}{\partial p1_t} = \left(\frac{\partial L}{\partial p1_{t+1}} B1^T
+ \frac{\partial L}{\partial p2_t} C^T\right) \odot \sigma'(q1_t)$$
"""
    assert verdicts(text)[-1] == "right"
    found = judged(text.replace("C^T", "B2^T"))[-1].verdict
    assert found.diagnosis is not None
    assert found.diagnosis.code == "BP018"


def test_gates_of_layers_have_letters_of_functions_and_accents() -> None:
    text = r"""
$$f_t^l = \sigma(W_f^l h_t^{l-1} + U_f^l h_{t-1}^l), \quad g_t^l = \tanh(W_g^l h_t^{l-1} + U_g^l h_{t-1}^l)$$
$$\tilde h_t^l = f_t^l \odot g_t^l, \quad h_t^l = f_t^l \odot h_{t-1}^l + \tilde h_t^l, \quad L = \sum_t L_t(h_t^2)$$
$$\frac{\partial L}{\partial \tilde h_t^l} = \frac{\partial L}{\partial h_t^l}$$
$$\frac{\partial L}{\partial g_t^l} = \frac{\partial L}{\partial \tilde h_t^l} \odot f_t^l$$
$$\frac{\partial L}{\partial f_t^l} = \frac{\partial L}{\partial h_t^l} \odot (g_t^l + h_{t-1}^l)$$
$$\frac{\partial L}{\partial f_t^l} = \frac{\partial L}{\partial h_t^l} \odot (g_t^l + h_t^{l-1})$$
"""  # noqa: E501
    assert verdicts(text)[-4:] == ["right", "right", "right", "wrong"]


@pytest.mark.parametrize(
    ("layer", "step", "weight", "expected"),
    [("l+1", "t", "U", "wrong"), ("l", "t+1", "W", "undecided")],
)
def test_a_path_is_missing_where_the_layer_above_is_written(
    layer: str, step: str, weight: str, expected: str
) -> None:
    """Without that layer the formula may be about the top one."""
    there = rf"h_{{{step}}}^{{({layer})}}"
    claim = (
        rf"$$\frac{{\partial E}}{{\partial h_t^{{(l)}}}} = ({weight}^{{({layer})}})^\top"
        rf" \left((1 - ({there})^2) \odot \frac{{\partial E}}{{\partial {there}}}\right)$$"
    )
    assert verdicts(OUTPUT + claim)[-1] == expected

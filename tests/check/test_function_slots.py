r"""Abstract steps: derivatives by one argument, at the arguments that stand behind it."""

from __future__ import annotations

import pytest

from tests.check.audited import last, shown, verdicts

NET = {
    "label": "$$h_t = f_\\theta(h_{t-1}, x_t)$$\n",
    "argument": "$$h_t = f(h_{t-1}, x_t, \\theta)$$\n",
}
LOSS = "$$L = \\sum_{t=1}^T l_t(h_t)$$\n$$\\delta_t := \\frac{d L}{d h_t}^\\top$$\n"
F = {"label": (r"f_\theta", ""), "argument": ("f", r", \theta")}
#: The slot of the state, and of the parameter.
WAYS = {
    "fraction": r"\frac{\partial FUN}{\partial SLOT}",
    "partial": r"\partial_{SLOT} FUN",
    "nabla": r"\nabla_{SLOT} FUN",
    "D": "D_{SLOT} FUN",
}


def at(way: str, kind: str, slot: str, arguments: str = "h_{t-1}, x_t") -> str:
    function, more = F[kind]
    return WAYS[way].replace("FUN", function).replace("SLOT", slot) + f"({arguments}{more})"


@pytest.mark.parametrize("kind", NET)
@pytest.mark.parametrize("way", WAYS)
def test_slots_by_letters(way: str, kind: str) -> None:
    by_h, by_p = at(way, kind, "h"), at(way, kind, r"\theta")
    ahead = at(way, kind, "h", "h_t, x_{t+1}")
    rest = r"\frac{\partial l_t}{\partial h_t}^\top"
    claims = {
        rf"\frac{{\partial h_t}}{{\partial h_{{t-1}}}} = {by_h}": "right",
        rf"\frac{{d h_t}}{{d \theta}} = {by_p} + {by_h} \frac{{d h_{{t-1}}}}{{d \theta}}": "right",
        rf"\delta_t = {ahead}^\top \delta_{{t+1}} + {rest}": "right",
        rf"\frac{{d h_t}}{{d \theta}} = {by_h} + {by_p} \frac{{d h_{{t-1}}}}{{d \theta}}": "wrong",
        rf"\delta_t = {by_h}^\top \delta_{{t+1}} + {rest}": "wrong",
        rf"\frac{{\partial h_t}}{{\partial h_{{t-1}}}} = {ahead}": "wrong",
    }
    assert verdicts(NET[kind] + LOSS + shown(*claims))[-len(claims) :] == list(claims.values())


@pytest.mark.parametrize("sign", ["D", r"\partial"])
def test_slots_by_numbers(sign: str) -> None:
    call = r"f(h_{t-1}, x_t, \theta)"
    claims = {
        rf"\frac{{\partial h_t}}{{\partial h_{{t-1}}}} = {sign}_1 {call}": "right",
        rf"\frac{{\partial h_t}}{{\partial x_t}} = {sign}_2 {call}": "right",
        rf"\frac{{d h_t}}{{d \theta}} = {sign}_3 {call} + {sign}_1 {call} "
        r"\frac{d h_{t-1}}{d \theta}": "right",
        rf"\frac{{\partial h_t}}{{\partial h_{{t-1}}}} = {sign}_2 {call}": "wrong",
        rf"\frac{{d h_t}}{{d \theta}} = {sign}_3 {call}": "wrong",
    }
    assert verdicts(NET["argument"] + LOSS + shown(*claims))[-5:] == list(claims.values())


JACOBIAN = r"where $J_t := \partial_hf_\theta(h_t, x_{t+1})$." + "\n\n"
BACK = r"\delta_{t+1} = J_t^{-\top} \left(\delta_t - \frac{\partial l_t}{\partial h_t}^\top\right)"


@pytest.mark.parametrize(
    ("claim", "expected"),
    [
        (BACK, "right"),
        (BACK.replace(r"-\top", "-1"), "undecided"),
        (BACK.replace("J_t", "J_{t+1}"), "wrong"),
        (r"\delta_t = J_t \delta_{t+1} + \frac{\partial l_t}{\partial h_t}^\top", "undecided"),
        (r"\delta_t = J_t^\top \delta_{t+1} + \frac{\partial l_t}{\partial h_t}^\top", "right"),
        (r"\delta_T = \frac{\partial l_T}{\partial h_T}^\top", "right"),
    ],
)
def test_a_recursion_that_is_inverted(claim: str, expected: str) -> None:
    r"""The loss l_t was none of L, and ``-\top`` the power minus T: right formulas were wrong."""
    assert last(NET["label"] + LOSS + JACOBIAN + shown(claim)) == expected


def test_what_holds_of_numbers_alone_is_not_right_of_what_is_transposed() -> None:
    jacobian = JACOBIAN.replace(r"_\theta(h_t, x_{t+1})", r"(h_t, x_{t+1}, \theta)")
    text = NET["argument"] + LOSS + jacobian
    claim = r"\delta_t = J_t \delta_{t+1} + \frac{\partial l_t}{\partial h_t}^\top"
    assert last(text + shown(claim)) != "right"


@pytest.mark.parametrize("letter", ["l", "r", "c"])
def test_whatever_is_added_up_over_the_steps_is_a_loss_of_the_step(letter: str) -> None:
    text = rf"""
$$h_t = \tanh(W h_{{t-1}} + U x_t), \quad L = \sum_{{t=1}}^T {letter}_t(h_t)$$
$$\frac{{\partial L}}{{\partial h_T}} = \frac{{\partial {letter}_T}}{{\partial h_T}}$$
"""
    assert last(text) == "right"


@pytest.mark.parametrize(("loss", "arguments"), [
    ("c_t", "s_t"), ("l_t", "s_t"), (r"\ell_t", "s_t, y_t"), (r"\ell", "s_t, y_t"),
])  # fmt: skip
@pytest.mark.parametrize("way", [*WAYS, "number"])
def test_slots_of_the_loss_of_a_step(way: str, loss: str, arguments: str) -> None:
    """``c_t(s_t)`` behind a sign of a derivative was a product: right formulas were wrong."""
    net = r"$$s_t = F(s_{t-1}, u_t, w), \quad C = \sum_{t=1}^T " + f"{loss}({arguments})$$\n"
    sign = WAYS.get(way, r"\partial_{SLOT} FUN").replace("SLOT", "1" if way == "number" else "s")
    share = f"{sign.replace('FUN', loss)}({arguments})"
    back = r" + \frac{dC}{ds_{t+1}} \partial_s F(s_t, u_{t+1}, w)"
    claim = rf"\frac{{dC}}{{ds_t}} = {share}"
    assert last(net + shown(claim + back)) == "right"
    assert last(net + shown(claim + back, claim)) != "right"

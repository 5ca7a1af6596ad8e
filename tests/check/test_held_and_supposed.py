"""What a derivative holds fixed, and what a text supposes of names that it never defines."""

from __future__ import annotations

from tests.check.audited import judged, shown, verdict_of_last

GATED = shown(
    r"r_t = \sigma(W_r x_t + U_r h_{t-1})", r"z_t = \sigma(W_z x_t + U_z h_{t-1})",
    r"n_t = \tanh(W_n x_t + U_n (r_t \odot h_{t-1}))",
    r"h_t = (1 - z_t) \odot n_t + z_t \odot h_{t-1}", r"L = \sum_{t=1}^T \ell_t(h_t)",
)  # fmt: skip


def through(gate: str) -> str:
    return rf"\frac{{\partial L}}{{\partial {gate}_t}} \frac{{\partial {gate}_t}}{{\partial x_t}}"


def test_beside_a_gradient_a_derivative_is_that_of_its_own_equation() -> None:
    left = r"\frac{\partial L}{\partial x_t} = "
    n, r, z = map(through, "nrz")
    # (n reads r as well: with whole derivatives that way would be counted twice.)
    found = verdict_of_last(GATED + shown(f"{left}{n} + {r} + {z}"))
    assert found.verdict == "right_under_reading"
    assert any("its own equation" in said for said in found.readings)
    assert verdict_of_last(GATED + shown(f"{left}{n} + {z}")).verdict == "right"
    assert verdict_of_last(GATED + shown(f"{left}{n} + {r} - {z}")).verdict == "wrong"


def test_an_argument_that_nothing_defines_may_be_that_of_the_next_step() -> None:
    net = shown(r"h_t = \phi(W h_{t-1} + U x_t)")
    left = r"\frac{\partial h_{t+1}}{\partial h_t} = \mathrm{diag}(\phi'(z_t)) "
    found = verdict_of_last(net + shown(f"{left} W"))
    assert found.verdict == "right_under_reading"
    assert any("of step t+1" in said for said in found.readings)
    assert verdict_of_last(net + shown(rf"{left} W^\top")).verdict == "wrong"


def test_an_output_that_nothing_defines_is_any_function_and_accuses_nobody() -> None:
    net = shown(r"h_t = \tanh(W h_{t-1} + U x_t)", r"L = \sum_t L_t")
    chain = r"\frac{\partial L_T}{\partial y_T} \frac{\partial y_T}{\partial h_T}"
    found = verdict_of_last(net + shown(rf"\frac{{\partial L}}{{\partial h_T}} = {chain}"))
    assert found.verdict == "right"
    same = r"\frac{\partial y_t}{\partial h_t} = \frac{\partial y_{t-1}}{\partial h_{t-1}}"
    found = verdict_of_last(net + shown(same))  # of y_t = V h_t it is right
    assert found.verdict == "undecided" and "linear in the state" in found.note
    slip = rf"\frac{{\partial L}}{{\partial h_t}} = 2 {chain.replace('T', 't')}"
    assert verdict_of_last(net + shown(slip)).verdict == "wrong"


def test_layers_that_have_their_own_z_suppose_no_other() -> None:
    text = shown(
        r"z_l^{(t)} = W^{l-1,l} h_{l-1}^{(t)} + W^{ll} h_l^{(t-1)} + b^{ll}",
        r"h_l^{(t)} = \sigma_l(z_l^{(t)})",
        r"\hat{y}^{(t)} = \sigma_{L+1}(z_{L+1}^{(t)})",
        r"C^{(t)} = C^{(t)}(\hat{y}^{(t)}, y^{(t)})",
        r"z_{L+1}^{(t)} = W^{L,L+1} h_L^{(t)} + b^{L,L+1}",
        r"\frac{\partial C^{(t)}}{\partial z_{L+1}^{(t)}}"
        r" = \frac{\partial C^{(t)}}{\partial \hat{y}^{(t)}} \odot \sigma_{L+1}'(z_{L+1}^{(t)})",
    )  # fmt: skip
    found = judged(text)[-1]
    assert found.verdict.is_right
    assert not any(said.startswith("z_t is") for said in found.verdict.assumptions)

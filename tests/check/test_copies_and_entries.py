r"""Copies of a weight, entries of a vector by a whole weight, derivatives upside down."""

from __future__ import annotations

import pytest

from tests.check.audited import judged, of_claims, shown, verdicts

CELL = (
    "$$a^{(t)} = b + W h^{(t-1)} + U x^{(t)}$$\n\n$$h^{(t)} = \\tanh(a^{(t)})$$\n\n"
    "$$o^{(t)} = c + V h^{(t)}$$\n\nand a loss $L = \\sum_t L^{(t)}$ of the outputs.\n\n"
)


BOLD = (
    r"$$\mathbf{h}^{(t)} = \tanh(\mathbf{W} \mathbf{h}^{(t-1)} + \mathbf{U} \mathbf{x}^{(t)})$$"
    "\n\n" r"$$\mathbf{o}^{(t)} = \mathbf{V} \mathbf{h}^{(t)}$$"
    "\n\nand a loss $L = \\sum_t L^{(t)}$ of the outputs.\n\n"
)


def test_the_entries_of_a_vector_by_a_whole_weight() -> None:
    entry = r"\sum_t \sum_i \frac{\partial L}{\partial o_i^{(t)}}"
    right = (
        rf"\nabla_{{\mathbf{{V}}}} L = {entry} \nabla_{{\mathbf{{V}}}} o_i^{{(t)}}",
        rf"\frac{{\partial L}}{{\partial \mathbf{{V}}}} = {entry} "
        r"\frac{\partial o_i^{(t)}}{\partial \mathbf{V}} = "
        r"\sum_t (\nabla_{\mathbf{o}^{(t)}} L) \mathbf{h}^{(t)\top}",
        r"\nabla_{\mathbf{W}} L = \sum_t \sum_i \frac{\partial L}{\partial h_i^{(t)}} "
        r"\nabla_{\mathbf{W}^{(t)}} h_i^{(t)}",
    )
    assert of_claims(BOLD + shown(*right)) == ["right"] * 3
    slips = (
        rf"\nabla_{{\mathbf{{V}}}} L = -{entry} \nabla_{{\mathbf{{V}}}} o_i^{{(t)}}",
        r"\nabla_{\mathbf{W}} L = \sum_t \sum_i \frac{\partial L}{\partial h_i^{(t)}} "
        r"\nabla_{\mathbf{W}^{(t)}} h_i^{(t-1)}",
        r"\nabla_{\mathbf{V}} L = \sum_i \frac{\partial L}{\partial o_i^{(t)}} "
        r"\nabla_{\mathbf{V}} o_i^{(t)}",
        r"\nabla_{\mathbf{W}} L = \sum_t \sum_i \frac{\partial L}{\partial h_i^{(t)}} "
        r"\nabla_{\mathbf{U}^{(t)}} h_i^{(t)}",
        rf"\nabla_{{\mathbf{{V}}}} L = {entry} \nabla_{{\mathbf{{V}}}} o_j^{{(t)}}",
        rf"\nabla_{{\mathbf{{V}}}} L = {entry} (\nabla_{{\mathbf{{V}}}} o_i^{{(t)}})^\top",
    )
    for slip in slips:
        assert of_claims(BOLD + shown(right[1], right[2], slip))[-1] != "right", slip


def test_a_whole_gradient_in_place_of_that_of_one_entry_is_wrong() -> None:
    good = r"\nabla_c L = \sum_t \nabla_{o^{(t)}} L"
    also = r"\nabla_{h^{(T)}} L = V^T \nabla_{o^{(T)}} L"
    bad = (
        r"\nabla_V L = \sum_t \sum_i {\left(\frac{\partial L}{\partial o_i^{(t)}}\right)}^T "
        r"\nabla_V L"
    )
    assert of_claims(CELL + shown(good, also, bad)) == ["right", "right", "wrong"]


def test_a_copy_of_a_weight_beside_its_power() -> None:
    copy = (
        r"\nabla_W L = \sum_t \sum_i \frac{\partial L}{\partial h_i^{(t)}} "
        r"\nabla_{W^{(t)}} h_i^{(t)}"
    )
    rest = (
        r"\nabla_W L = \sum_t \operatorname{diag}(1 - (h^{(t)})^2) "
        r"(\nabla_{h^{(t)}} L) h^{(t-1)\top}"
    )
    power = "After $t$ steps there is $W^t$:\n\n" + shown(r"W^t = (Q D Q^{-1})^t = Q D^t Q^{-1}")
    assert of_claims(CELL + shown(copy, rest) + power)[:2] == ["right", "right"]
    bad = rest.replace("t-1", "t")
    assert of_claims(CELL + shown(copy, bad) + power)[:2] == ["right", "wrong"]


@pytest.mark.parametrize(
    ("slip", "mended"),
    [
        (
            r"\frac{\partial L}{\partial h^{(t)}} = \frac{\partial L}{\partial h^{(t+1)}} "
            r"\frac{\partial h^{(t)}}{\partial h^{(t+1)}} "
            r"+ \frac{\partial L^{(t)}}{\partial h^{(t)}}",
            r"\frac{\partial L}{\partial h^{(t)}} = \frac{\partial L}{\partial h^{(t+1)}} "
            r"\frac{\partial h^{(t+1)}}{\partial h^{(t)}} "
            r"+ \frac{\partial L^{(t)}}{\partial h^{(t)}}",
        ),
        (
            r"\frac{\partial h^{(T)}}{\partial h^{(k)}} = \prod_{i=k+1}^{T} "
            r"\frac{\partial h^{(i-1)}}{\partial h^{(i)}}",
            r"\frac{\partial h^{(T)}}{\partial h^{(k)}} = \prod_{i=k+1}^{T} "
            r"\frac{\partial h^{(i)}}{\partial h^{(i-1)}}",
        ),
    ],
)
def test_a_derivative_upside_down(slip: str, mended: str) -> None:
    assert of_claims(CELL + shown(mended)) == ["right"]
    (found,) = [j for j in judged(CELL + shown(slip)) if j.verdict.verdict != "not_a_claim"]
    assert found.verdict.verdict == "wrong"
    assert found.verdict.diagnosis is not None
    assert found.verdict.diagnosis.code == "BP003"


def test_what_holds_of_derivatives_by_later_steps_holds_in_vain() -> None:
    claim = (
        r"\frac{\partial h^{(t)}}{\partial h^{(t+2)}} = "
        r"\frac{\partial h^{(t)}}{\partial h^{(t+1)}} \frac{\partial h^{(t+1)}}{\partial h^{(t+2)}}"
    )
    assert of_claims(CELL + shown(claim)) == ["undecided"]


def test_from_the_last_step_down_to_the_first_is_no_case() -> None:
    before = "Then we go back from $t = T - 1$ down to $t = 1$; for each of them\n\n"
    chinese = "然后从$t = T - 1$到$t = 1$反向迭代，\n\n"
    only = "In the case $t = 1$ this is\n\n"
    bad = shown(r"\nabla_{h^{(t)}} L = W^\top \nabla_{a^{(t+1)}} L - V^\top \nabla_{o^{(t)}} L")
    assert of_claims(CELL + before + bad) == ["wrong"]
    assert of_claims(CELL + chinese + bad) == ["wrong"]
    # A case is put in: what fails there by the same slip is wrong all the same.
    assert of_claims(CELL + only + bad) == ["wrong"]


def test_a_label_for_the_argument_that_is_given_without_its_step() -> None:
    text = shown(
        r"a = b + W h^{(t-1)} + U x^{(t)}", r"h^{(t)} = \tanh(a^{(h)})",
        r"\frac{\partial h^{(t)}}{\partial h^{(t-1)}} = \operatorname{diag}(1 - (h^{(t)})^2) W",
        r"\frac{\partial h^{(t)}}{\partial h^{(t-1)}} = \operatorname{diag}(1 - (h^{(t)})^2) U",
    )  # fmt: skip
    assert of_claims(text) == ["right", "wrong"]


def test_a_display_that_goes_on_from_a_definition() -> None:
    text = shown(
        r"h_t = f(W h_{t-1} + U x_t + b)", r"= W h_{t-1} + U x_t + b",
        r"\frac{\partial h_t}{\partial h_{t-1}} = W", r"\frac{\partial h_t}{\partial h_{t-1}} = U",
    )  # fmt: skip
    assert of_claims(text) == ["right", "wrong"]
    loss = shown(r"L = \sum_t L^{(t)}", r"= -\sum_t \log pmodel(y^{(t)} | x^{(1)}, \dots)")
    assert of_claims(CELL + loss) == []
    apart = text.replace("b)$$\n\n$$=", "b)$$\n\nThe sum inside is\n\n$$=")
    assert verdicts(apart)[1] == "undecided"


def test_letters_of_the_books_own_macros() -> None:
    text = (
        r"\begin{align} \Vh^{(t)} &= \tanh(\MW \Vh^{(t-1)} + \MU \Vx^{(t)}) \end{align}"
        r"\begin{align} \frac{\partial \Vh^{(t)}}{\partial \Vh^{(t-1)}} "
        r"&= \text{diag}(1 - (\Vh^{(t)})^2) \MW \end{align}"
        r"\begin{align} \frac{\partial \Vh^{(t)}}{\partial \Vh^{(t-1)}} "
        r"&= \text{diag}(1 - (\Vh^{(t)})^2) \MU \end{align}"
    )
    assert of_claims(text, "n.tex") == ["right", "wrong"]


def test_powers_of_a_matrix_by_its_parts() -> None:
    cell = shown(r"h_t = \tanh(W h_{t-1} + U x_t)", r"o_t = V h_t")
    parts = r"$W = V \operatorname{diag}(\lambda) V^{-1}$"
    right = (
        r"W^t = (V \mathrm{diag}(\lambda) V^{-1})^t = V \mathrm{diag}(\lambda)^t V^{-1}",
        r"W^k = V \mathrm{diag}(\lambda)^k V^{-1}",
        r"(Q \Lambda Q^{-1})^t = Q \Lambda^t Q^{-1}",
    )
    assert of_claims(f"{cell}Let {parts}. Then\n\n{shown(*right)}") == ["right"] * 3
    others = (
        r"W^k = V^{-1} \mathrm{diag}(\lambda)^k V", r"W^k = V \mathrm{diag}(\lambda)^{k-1} V^{-1}",
        r"W^t = V^t \mathrm{diag}(\lambda)^t V^{-1}", r"U^k = V \mathrm{diag}(\lambda)^k V^{-1}",
    )  # fmt: skip
    assert "right" not in of_claims(f"{cell}Let {parts}. Then\n\n{shown(*others)}")


def test_powers_by_an_orthogonal_matrix_are_no_sequence() -> None:
    cell = shown(r"h_t = \tanh(W h_{t-1} + U x_t)")
    power = shown(r"W^k = Q \Lambda^k Q^\top")
    jacobian = shown(
        r"\frac{\partial h_t}{\partial h_{t-1}} = \operatorname{diag}(1 - h_t^2) W",
        r"\frac{\partial h_t}{\partial h_{t-2}} = \operatorname{diag}(1 - h_t^2) W "
        r"\operatorname{diag}(1 - h_{t-1}^2) W",
    )
    symmetric = "With a symmetric $W = Q \\Lambda Q^\\top$ it is\n\n"
    assert of_claims(cell + symmetric + power + jacobian) == ["right"] * 3
    said = "With $W = Q \\Lambda Q^\\top$ it is\n\n"
    assert of_claims(cell + said + power + jacobian)[0] != "right"


def test_a_copy_of_a_labelled_weight_is_none_of_the_weight_without_the_label() -> None:
    cell = r"$$o_t = f(x_t \cdot W + o_{t-1} \cdot W_h), \quad \hat{y} = \sigma(o_T \cdot W_y)$$"
    copies = shown(
        r"\frac{\partial L}{\partial W} = \sum_{t=1}^{T} \frac{\partial L}{\partial W^{(t)}}",
        r"\frac{\partial L}{\partial W_h} = \sum_{t=1}^{T} \frac{\partial L}{\partial W_h^{(t)}}",
    )
    one_path = shown(
        r"\frac{\partial L}{\partial W} = \frac{\partial L}{\partial o_T} \frac{\partial o_T}"
        r"{\partial o_{T-1}} \cdots \frac{\partial o_2}{\partial o_1} "
        r"\frac{\partial o_1}{\partial W}"
    )
    assert verdicts(f"{cell}\n\n{copies}\n\n{one_path}")[-3:] == ["right", "right", "wrong"]


def test_a_value_that_is_0_for_all_steps_but_one_is_no_value_for_every_step() -> None:
    cell = r"$$o_t = \tanh(W x_t + R o_{t-1})$$ with the loss $L = \ell(o_T)$." "\n\n"
    left = r"$$\frac{\partial L}{\partial x_t} = \frac{\partial L}{\partial o_T} "
    first = r"\frac{\partial o_T}{\partial o_1} \frac{\partial o_1}{\partial x_t}$$"
    assert verdicts(cell + left + first.replace("o_1", "o_t"))[-1] == "right"
    assert verdicts(cell + left + first)[-1] == "wrong"
    # Of a later step those up to it are meant.
    state = left.replace("x_t", "o_k").replace("o_T", "o_5")
    assert verdicts(cell + state + r"\frac{\partial o_5}{\partial o_k}$$")[-1] == "right"
    # (Of the first step alone it holds.)
    assert verdicts(cell + left.replace("x_t", "x_1") + first.replace("x_t", "x_1"))[-1] == "right"

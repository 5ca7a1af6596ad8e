r"""Entries of gradients and of labels: ``(\nabla_{o^{(t)}} L)_i``, ``\mathbf 1_{i, y^{(t)}}``."""

from __future__ import annotations

import pytest

from tests.check.audited import verdicts

NETWORK = (
    r"$$h^{(t)} = \tanh(W h^{(t-1)} + U x^{(t)} + b), \quad o^{(t)} = V h^{(t)} + c$$" "\n\n"
    r"$$\hat y^{(t)} = \mathrm{softmax}(o^{(t)})$$" "\n\n"
    r"$$L = \sum_t L^{(t)}, \quad L^{(t)} = -\sum_i y_i^{(t)} \log \hat y_i^{(t)}$$" "\n\n"
)  # fmt: skip
INDICATORS = (
    r"1_{i, y^{(t)}}", r"1_{i=y^{(t)}}", r"\mathbf{1}_{i, y^{(t)}}", r"\mathbf 1_{i = y^{(t)}}",
    r"\mathbb{1}[i = y^{(t)}]", r"\mathbb{1}_{\{i = y^{(t)}\}}", r"\mathbb{1}\{i=y^{(t)}\}",
)  # fmt: skip


@pytest.mark.parametrize("one", INDICATORS)
def test_the_entry_of_a_label_in_that_of_a_gradient(one: str) -> None:
    before = one.replace("(t)", "(t-1)")
    rows = [
        rf"(\nabla_{{o^{{(t)}}}} L)_i = \hat y_i^{{(t)}} - {one}",
        rf"(\nabla_{{o^{{(t)}}}} L)_{{i}} = \frac{{\partial L}}{{\partial L^{{(t)}}}} "
        rf"\frac{{\partial L^{{(t)}}}}{{\partial o_i^{{(t)}}}} = \hat y_i^{{(t)}} - {one}",
        rf"(\nabla_{{o^{{(t)}}}} L)_i = \hat y_i^{{(t)}} + {one}",  # slips: a sign, two steps
        rf"(\nabla_{{o^{{(t)}}}} L)_i = \hat y_i^{{(t-1)}} - {one}",
        rf"(\nabla_{{o^{{(t)}}}} L)_i = \hat y_i^{{(t)}} - {before}",
        rf"(\nabla_{{o^{{(t)}}}} L)_i = \hat y_j^{{(t)}} - {one}",  # a letter of its own
    ]
    found = verdicts(NETWORK + "\n\n".join(f"$${row}$$" for row in rows))[-6:]
    assert found[:2] == ["right"] * 2
    assert "right" not in found[2:]


def test_a_number_with_a_script_is_no_label() -> None:
    rows = [r"$$\frac{\partial h_1}{\partial W} = 11_{i, y_t}$$", r"$$o_{1,i} = h_{1_{i}}$$"]
    assert "right" not in verdicts(NETWORK + "\n\n".join(rows))[-2:]


def test_a_gradient_whose_index_stands_on_one_side_only() -> None:
    row = r"(\nabla_{o^{(t)}} L)_i = \hat y^{(t)} %s y^{(t)}"
    found = verdicts(NETWORK + "\n\n".join(f"$${row % sign}$$" for sign in "-+"))[-2:]
    assert found == ["right", "wrong"]


def test_entries_of_two_letters_are_not_those_of_one() -> None:
    rows = [
        rf"\frac{{\partial L}}{{\partial o_{i}^{{(t)}}}} = \hat y_{j}^{{(t)}} - y_{k}^{{(t)}}"
        for i, j, k in ("iii", "iji", "iij", "jii")
    ]
    found = verdicts(NETWORK + "\n\n".join(f"$${row}$$" for row in rows))[-4:]
    assert found[0] == "right"
    assert "right" not in found[1:]


def test_a_row_that_says_what_a_sign_is() -> None:
    text = (
        r"$$\begin{aligned} \nabla_{h^{(t)}} L &= W^\top ((\nabla_{h^{(t+1)}} L)"
        r" \bullet (1 - (h^{(t+1)})^2)) %s V^\top \nabla_{o^{(t)}} L \\"
        r" &\bullet \text{ stands for the elementwise product} \end{aligned}$$"
    )
    found = [verdicts(NETWORK + text % sign)[-1] for sign in "+-"]
    assert found == ["right", "wrong"]

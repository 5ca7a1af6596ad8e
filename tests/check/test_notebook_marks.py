r"""What notebooks for learners write: sizes of type, marks in braces, two labels for one gate."""

from __future__ import annotations

import pytest

from tests.check.audited import judged, verdicts

ELMAN = r"$s_t = \tanh(A s_{t-1} + B x_t + k)$, $\hat y_t = softmax(C s_t)$." "\n\n"
SLOPE = r"dtanh &= ds_{next} * (1 - \tanh^2(A s_{t-1} + B x_t + k)) \\"


@pytest.mark.parametrize(
    ("step", "expected"), [("t-1", "right"), ("t", "wrong")], ids=["before", "at hand"]
)
@pytest.mark.parametrize("size", ["", r"\displaystyle "])
def test_marks_in_braces_and_the_size_of_type(step: str, expected: str, size: str) -> None:
    last = r"ds_{prev} &= A^T \cdot dtanh"
    rows = rf"{size} {SLOPE} {last} \\ {size} {{dA}} &= dtanh \cdot s_{{{step}}}^T"
    found = verdicts(ELMAN + rf"$$\begin{{align}} {rows} \end{{align}}$$")
    assert found[-1] in ({"right"} if expected == "right" else {"wrong", "undecided"})


CELL = (
    r"$$dc_{prev} = dc_{next} * \Gamma_f^{\langle t \rangle} + \Gamma_o^{\langle t \rangle}"
    r" * (1 - \tanh^2(c_{next})) * \Gamma_f^{\langle t \rangle} * da_{next}$$"
)


def gates(bold: str = "%s") -> str:
    g, a, c = (bold % x for x in (r"\Gamma", "a", r"\tilde{c}"))
    joined = rf"[{a}_{{t-1}}, x_t]"
    lines = (
        *(rf"{g}_{k}^{{\langle t \rangle}} = \sigma(W_{k} {joined} + b_{k})" for k in "fio"),
        rf"{c}^{{\langle t \rangle}} = \tanh(W_c {joined} + b_c)",
        rf"{bold % 'c'}^{{\langle t \rangle}} = {g}_f^{{\langle t \rangle}} * {bold % 'c'}"
        rf"^{{\langle t-1 \rangle}} + {g}_i^{{\langle t \rangle}} * {c}^{{\langle t \rangle}}",
        rf"{a}^{{\langle t \rangle}} = {g}_o^{{\langle t \rangle}}"
        rf" * \tanh({bold % 'c'}^{{\langle t \rangle}})",
    )
    text = "\n\n".join(f"$${x}$$" for x in lines)
    text = text.replace(r"_{t-1}", r"^{\langle t-1 \rangle}")
    return text.replace("x_t", r"x^{\langle t \rangle}") + "\n\n" + CELL


GAMMA = r"\Gamma_u^{\langle t \rangle}"
UPDATE = (
    r"$$d\gamma_u^{\langle t \rangle} = (dc_{next} * \tilde{c}^{\langle t \rangle}"
    r" + \Gamma_o^{\langle t \rangle} * (1 - \tanh^2(c_{next})) * \tilde{c}^{\langle t \rangle}"
    rf" * da_{{next}}) * {GAMMA} * (1 %s {GAMMA})$$"
)


@pytest.mark.parametrize("bold", ["%s", r"\mathbf{%s}"])
def test_a_gate_that_is_called_u_later_on_is_the_gate_i(bold: str) -> None:
    found = judged(gates(bold) + "\n\n" + UPDATE % "-")[-1].verdict
    assert found.is_right
    assert any("the gate u" in s for s in (*found.assumptions, *found.readings))
    assert not judged(gates(bold) + "\n\n" + UPDATE % "+")[-1].verdict.is_right


def test_a_text_with_both_gates_has_both() -> None:
    both = gates() + "\n\n" + rf"$${GAMMA} = 1 - \Gamma_i^{{\langle t \rangle}}$$" + "\n\n"
    assert not judged(both + UPDATE % "-")[-1].verdict.is_right

"""Simple networks in plain text: raised and lowered characters, boxes of steps, mails."""

from __future__ import annotations

from pathlib import Path

import pytest

from bptt_sym.check.audit import audit
from bptt_sym.documents.document import document_from_text, read_document
from bptt_sym.documents.plain_lines import line_formulas
from bptt_sym.spelling.plain_characters import with_commands_for_characters
from tests.check.audited import ACCEPTED, verdicts

RAISED = """Forward:

```
a⁽ᵗ⁾ = Wₓ @ x⁽ᵗ⁾ + Wₕ @ h⁽ᵗ⁻¹⁾ + bₕ   → (H,)
h⁽ᵗ⁾ = tanh(a⁽ᵗ⁾)
y⁽ᵗ⁾ = Wᵧ @ h⁽ᵗ⁾ + bᵧ
L = Σₜ L⁽ᵗ⁾
```

With δ⁽ᵗ⁾ = ∂L/∂a⁽ᵗ⁾ the pass back, of each unit hᵢ⁽ᵗ⁾ too, is

"""
BOXED = """Hello,

the net is

    h[t] = tanh(Wh @ h[t-1] + Wx @ x[t] + b)
    y[t] = Wy @ h[t] + c
    L = sum_t 1/2 ||y[t] - d[t]||^2

and back:

"""


def of_lines(head: str, *lines: str) -> list[str]:
    fence = "```\n" + "\n".join(lines) + "\n```\n"
    return verdicts(head + fence)


def test_raised_and_lowered_characters_are_scripts() -> None:
    right = (
        "∂L/∂Wᵧ = Σₜ ∂L⁽ᵗ⁾/∂y⁽ᵗ⁾ @ h⁽ᵗ⁾ᵀ",
        "∂L/∂h⁽ᵗ⁾ = Wᵧᵀ @ (∂L⁽ᵗ⁾/∂y⁽ᵗ⁾) + Wₕᵀ @ δ⁽ᵗ⁺¹⁾",
        "δ⁽ᵗ⁾ = ∂L/∂h⁽ᵗ⁾ ⊙ (1 - h⁽ᵗ⁾²)",
        "∂h⁽ᵗ⁾/∂h⁽ᵗ⁻¹⁾ = diag(1 - h⁽ᵗ⁾²) · Wₕ",
        "∂h⁽ᵗ⁺ᵏ⁾/∂h⁽ᵗ⁾ = ∏ᵢ₌₁ᵏ [diag(1 - h⁽ᵗ⁺ⁱ⁾²) · Wₕ]",
        "∂L/∂Wₕ = Σₜ δ⁽ᵗ⁾ @ h⁽ᵗ⁻¹⁾ᵀ",
    )
    wrong = (
        "∂L/∂Wₕ = Σₜ δ⁽ᵗ⁾ @ h⁽ᵗ⁾ᵀ",
        "∂h⁽ᵗ⁾/∂h⁽ᵗ⁻¹⁾ = diag(1 - h⁽ᵗ⁾) · Wₕ",
        "δ⁽ᵗ⁾ = ∂L/∂h⁽ᵗ⁾ ⊙ (1 + h⁽ᵗ⁾²)",
        "∂L/∂h⁽ᵗ⁾ = Wᵧᵀ @ (∂L⁽ᵗ⁾/∂y⁽ᵗ⁾) + Wₕᵀ @ δ⁽ᵗ⁻¹⁾",
    )
    assert of_lines(RAISED, *right, *wrong) == ["right"] * len(right) + ["wrong"] * len(wrong)


def test_what_is_said_of_the_rows_of_a_batch_is_not_accused() -> None:
    line = "∂L/∂Wᵧ = Σₜ (∂L⁽ᵗ⁾/∂y⁽ᵗ⁾)ᵀ @ h⁽ᵗ⁾"
    assert of_lines(RAISED, line) == ["wrong"]
    assert of_lines(RAISED + "As matrices, for the whole batch:\n\n", line) == ["undecided"]


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("h⁽ᵗ⁻¹⁾²", "h^{(t-1)2}"), ("x⁽ᵗ⁾ᵀ", r"x^{(t)\top}"), ("Wᵧᵀ", r"W_{y}^{\top}"),
        ("δₜδ", r"\delta_{t}\delta"), ("ŷₜ", r"\hat{y}_{t}"), ("∂L", r"\partial L"),
        ("Σₜ₌₁ᵀ", r"\sum_{t=1}^{T}"), ("h^{(t)}^T", "h^{(t)T}"), ("h^{(t)}^{2}", "h^{(t)2}"),
        # Words that are set as words, and squares that have no step before them.
        (r"\text{für ŷ} é", r"\text{für ŷ} é"), ("w^{2}", "w^{2}"),
    ],
)  # fmt: skip
def test_characters_in_latex(written: str, meant: str) -> None:
    formula = document_from_text(f"$$x = {written}$$", "n.md").formulas[0]
    assert with_commands_for_characters(formula).latex == f"x = {meant}"


def test_steps_in_boxes_and_powers_of_programmers() -> None:
    right = (
        "dL/dy[t] = y[t] - d[t]",
        "dL/dh[t] = Wy.T @ dL/dy[t] + Wh.T @ ((1 - h[t+1]**2) * dL/dh[t+1])",
        "dL/dWh = sum_t ((1 - h[t]**2) * dL/dh[t]) @ h[t-1].T",
        "dh[t]/dh[t-1] = diag(1 - h[t]**2) @ Wh",
    )
    wrong = (
        "dL/dWh = sum_t ((1 - h[t]**2) * dL/dh[t]) @ h[t].T",
        "dL/dh[t] = Wy.T @ dL/dy[t] + Wh @ ((1 - h[t+1]**2) * dL/dh[t+1])",
        "dh[t]/dh[t-1] = diag(1 - h[t-1]**2) @ Wh",
    )
    assert of_lines(BOXED, *right, *wrong) == ["right"] * len(right) + ["wrong"] * len(wrong)


def test_a_mail_has_its_formulas_in_lines(tmp_path: Path) -> None:
    mail = tmp_path / "mail.txt"
    lines = "    dL/dc = sum_t dL/dy[t]\n\nand also\n\n    dL/dy[t] = d[t] - y[t]\n"
    mail.write_text(BOXED + lines)
    found = audit(read_document(mail))
    assert [j.verdict.verdict in ACCEPTED for j in found] == [True, False]
    assert found[1].verdict.verdict == "wrong"


def test_weights_with_their_labels_are_turned_and_differentiated() -> None:
    head = """```
a_t = Wx x_t + Wh h_{t-1} + b
h_t = tanh(a_t)
```

With da_t = ∂L/∂a_t:

"""
    right = (
        "dWx = Σ_t da_t x_t^T",
        "dWh = Σ_t da_t h_{t-1}^T",
        "∂L/∂x_t = Wx^T ∂L/∂a_t",
    )
    wrong = ("dWh = Σ_t da_t h_t^T", "∂L/∂x_t = Wh^T ∂L/∂a_t")
    assert of_lines(head, *right, *wrong) == ["right"] * 3 + ["wrong"] * 2
    # W x^T, of a text that has no weight Wx: one letter beside another.
    alone = "∂L/∂W = Wx^T h_t"
    assert "W_{x}" not in next(line_formulas(alone, 0, len(alone))).run.latex


def test_boxes_of_a_program_are_no_steps() -> None:
    program = "for t in range(T):\n    dWh += da[t] @ h[t-1].T\n    dh[t] = Wy.T @ dy[t]\n"
    assert [line for line in line_formulas(program, 0, len(program)) if line.derives] == []


COPIED = r"""
$$h_t = \sigma({0} h_{{t-1}} + U x_t + b), \quad \hat{{y}}_t = \mathrm{{softmax}}(V h_t + c)$$
$$J_t = -y_t^T \log \hat y_t$$
$$z_t = {0} h_{{t-1}} + U x_t + b$$

$$\left.\frac{{\partial J_t}}{{\partial {0}}}\right|_{{(t)}} = \frac{{\partial J_t}}{{\partial z_t}} h_{{t-1}}^T$$
$$\left.\frac{{\partial J_t}}{{\partial {0}}}\right|_{{(t-1)}}
 = \left(\frac{{\partial J_t}}{{\partial h_{{t-1}}}} \odot h_{{t-1}} \odot (1 - h_{{t-1}})\right) h_{{t-2}}^T$$
$$\frac{{\partial J_t}}{{\partial h_{{t-1}}}} = {0}^T \frac{{\partial J_t}}{{\partial z_t}}$$
$$\frac{{\partial J_t}}{{\partial h_{{t-1}}}} = {0} \frac{{\partial J_t}}{{\partial z_t}}$$
"""  # noqa: E501


@pytest.mark.parametrize("weight", ["W", "H", "Q"])
@pytest.mark.parametrize("raised", [False, True])
def test_a_weight_taken_at_two_steps_is_one_matrix(weight: str, *, raised: bool) -> None:
    text = COPIED.format(weight)
    if raised:
        for at in ("{t-1}", "{t-2}", "t"):
            text = text.replace(f"_{at}", "^{(" + at.strip("{}") + ")}")
    found = [v for v in verdicts(text) if v != "not_a_claim"]
    assert found == ["right", "right", "right", "wrong"]


def test_quotients_of_d_in_code_spans() -> None:
    head = "Let `z_t = W h_{t-1} + U x_t`, `h_t = tanh(z_t)` and `L = sum_t L_t`. We get "
    right = ("dL/dz_t = (1 - h_t^2) ⊙ dL/dh_t", "dL/dW = sum_t dL/dz_t h_{t-1}^T")
    wrong = ("dL/dz_t = (1 + h_t^2) ⊙ dL/dh_t", "dL/dW = sum_t dL/dz_t h_t^T")
    found = verdicts(head + " and ".join(f"`{f}`" for f in (*right, *wrong)))
    assert found == ["right"] * 2 + ["wrong"] * 2
    # What a program may mean, of names without their steps.
    assert "wrong" not in verdicts(head + "`dL/dW = dL/dz * h`, so `dL/dW = 0`.")

r"""``W_hh`` without braces is a label where it can be nothing else."""

from __future__ import annotations

import pytest

from bptt_sym.check.prepared import prepared
from bptt_sym.documents.document import document_from_text
from tests.check.audited import last, verdicts

NET = r"$$h_t = \tanh(W_hh h_{t-1} + W_xh x_t + b_h)$$" + "\n\n"
JACOBIAN = r"$$\frac{\partial h_t}{\partial h_{t-1}} = \mathrm{diag}(1 - h_t^2) W_%s$$" + "\n\n"


def test_a_label_without_braces() -> None:
    weight = r"\frac{\partial L}{\partial W_hh} = \sum_t \frac{\partial L}{\partial h_t} "
    slope = r"\odot (1 - h_t^2) h_{t%s}^T"
    text = NET + JACOBIAN % "hh" + JACOBIAN % "xh"
    text += "".join(f"$${weight}{slope % step}$$\n\n" for step in ("-1", ""))
    assert verdicts(text) == ["not_a_claim", "right", "wrong", "right", "wrong"]


@pytest.mark.parametrize(
    "formula",
    [
        r"h_t = \tanh(W_hh_{t-1} + W_xx_t)",
        r"h' = \tanh(W_hh + W_xx)",
        r"h_t = \tanh(W_h h + W_xx_t)",
        r"h_t = \tanh(W_hh + U_xu_t), \quad h = h_{t-1}",
    ],
)
def test_what_tex_reads_is_meant(formula: str) -> None:
    found, _ = prepared(document_from_text(f"$${formula}$$", "n.md"))
    assert "W_{hh}" not in found[0].latex
    assert "W_{xx}" not in found[0].latex


GLUED = (
    "$$ zf_t = W_f x_t + U_f h_{t-1}, \\quad zi_t = W_i x_t + U_i h_{t-1} $$\n\n"
    "$$ f_t = \\sigma(zf_t), \\quad i_t = \\tanh(zi_t) $$\n\n"
    "$$ c_t = f_t \\odot c_{t-1} + i_t, \\quad h_t = \\tanh(c_t) $$\n\n"
    "$$ L = \\sum_{t=1}^T L_t, \\quad L_t = \\ell(h_t) $$\n\n"
)


@pytest.mark.parametrize(
    ("formula", "expected"),
    [
        (r"\frac{\partial L}{\partial zf_t} = \frac{\partial L}{\partial c_t} \odot c_{t-1}"
         r" \odot f_t \odot (1 - f_t)", "right"),
        (r"dzf_t = dc_t \odot c_{t-1} \odot f_t \odot (1 - f_t)", "right"),
        (r"\frac{\partial L}{\partial zf_t} = \frac{\partial L}{\partial c_t} \odot c_{t-1}",
         "wrong"),
        (r"\frac{\partial L}{\partial W_i} = \sum_{t=1}^T \frac{\partial L}{\partial zi_t}"
         r" x_t^\top", "right"),
        (r"\frac{\partial L}{\partial W_i} = \sum_{t=1}^T \frac{\partial L}{\partial zf_t}"
         r" x_t^\top", "wrong"),
    ],
)  # fmt: skip
def test_gates_glued_to_the_letter_of_what_is_inside(formula: str, expected: str) -> None:
    assert last(f"{GLUED}$${formula}$$") == expected
    # beside a gate z the letter is another one
    beside = GLUED.replace("i_t", "z_t").replace("_i", "_z").replace("zi_", "zz_")
    formula = formula.replace("i_t", "z_t").replace("_i", "_z")
    assert last(f"{beside}$${formula}$$") == expected

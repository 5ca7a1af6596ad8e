r"""``W_hh`` without braces is a label where it can be nothing else."""

from __future__ import annotations

import pytest

from bptt_sym.check.prepared import prepared
from bptt_sym.documents.document import document_from_text
from tests.check.audited import verdicts

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

"""The LSTM of a well-known course, whose forward pass many notes give as a picture only."""

from __future__ import annotations

from bptt_sym.check.audit import audit
from bptt_sym.documents.document import document_from_text

NOW = r"^{\langle t \rangle}"
BACK = (
    rf"d\Gamma_o{NOW} = da_{{next}} * \tanh(c_{{next}}) * \Gamma_o{NOW} * (1 - \Gamma_o{NOW})",
    rf"d\Gamma_f{NOW} = \left(dc_{{next}} * c_{{prev}} + \Gamma_o{NOW} (1 - \tanh(c_{{next}})^2)"
    rf" * c_{{prev}} * da_{{next}}\right) * \Gamma_f{NOW} * (1 - \Gamma_f{NOW})",
    rf"dW_f = d\Gamma_f{NOW} * \begin{{pmatrix}} a_{{prev}} \\ x_t \end{{pmatrix}}^T",
    rf"da_{{prev}} = W_f^T * d\Gamma_f{NOW} + W_u^T * d\Gamma_u{NOW}"
    rf" + W_c^T * d\tilde c{NOW} + W_o^T * d\Gamma_o{NOW}",
    rf"dc_{{prev}} = dc_{{next}} * \Gamma_f{NOW}"
    rf" + \Gamma_o{NOW} * (1 - \tanh(c_{{next}})^2) * \Gamma_f{NOW} * da_{{next}}",
)


def verdicts(*formulas: str, head: str = "# LSTM, backward") -> list[str]:
    text = f"{head}\n\n" + "\n\n".join(f"$${f}$$" for f in formulas)
    return [j.verdict.verdict for j in audit(document_from_text(text, "n.md"))]


def test_the_cell_is_known_by_its_gates() -> None:
    assert set(verdicts(*BACK)) == {"right_under_reading"}
    found = verdicts(*BACK, head="# Backward")
    assert "wrong" not in found  # nobody says which cell it is


def test_slips_beside_it_are_never_right() -> None:
    slips = (
        (0, r"\tanh(c_{next})", "c_{next}"),
        (1, "* c_{prev} + ", r"* \tilde c_{prev} + "),
        (1, rf"(1 - \Gamma_f{NOW})", rf"(1 - \Gamma_o{NOW})"),
        (3, "W_u^T", "W_u"),
        (4, rf"* \Gamma_f{NOW}\n", ""),
        (4, "dc_{next} * ", "dc_{prev} * "),
    )
    for k, old, new in slips:
        lines = list(BACK)
        lines[k] = lines[k].replace(old.replace(r"\n", ""), new, 1)
        assert lines[k] != BACK[k]
        found = verdicts(*lines)
        assert found[k] in ("wrong", "undecided"), (k, old, found)


def test_braces_around_one_summand() -> None:
    cell = (
        r"a_t = g(W a_{t-1} + U x_t)", r"\hat{y}_t = \text{softmax}(V a_t)",
        r"L_t = -\sum_{i}{y_{i}^{<t>} log \hat{y}_{i}^{<t>}}", r"L = \sum_{t=1}^{T}{L_t}",
    )  # fmt: skip
    claim = r"\frac{\partial L}{\partial V} = \sum_{t}{(\hat{y}_t - y_t) a_t^T}"
    found = verdicts(*cell, claim, claim.replace("a_t^T", "x_t^T"), head="An RNN.")
    assert found[:4] == ["not_a_claim"] * 4
    assert found[4:] == ["right_under_reading", "wrong"]
    # They are shown as they are written.
    (shown,) = audit(document_from_text(f"$${cell[3]}$$", "n.md"))
    assert shown.latex == cell[3]

"""Gradients that a text says to be rows."""

from __future__ import annotations

import pytest

from bptt_sym.check.audit import audit
from bptt_sym.documents.document import document_from_text

MODEL = r"""
With $L = \sum_{t=1}^T \ell_t(h_t)$,

$$h_t = \tanh(W h_{t-1} + U x_t + b)$$

"""
BY_W = r"$$\frac{\partial L}{\partial W} = \sum_{t=1}^T %s$$" + "\n\n"
BY_U = r"$$\frac{\partial L}{\partial U} = \sum_{t=1}^T %s$$" + "\n\n"
ROW = r"\frac{\partial L}{\partial h_t}\mathrm{diag}(1-h_t^2)"
SAID = (
    "We write gradients as row vectors.",
    "We use numerator layout throughout.",
    "The gradient of the loss is a row here.",
)
SILENT = (
    "Here is a network.",
    "The gradient with respect to a row of the matrix is short.",
)
COLUMNS = (
    "We do not use numerator layout.",
    "Gradients are columns, not rows.",
    "All derivatives in denominator layout.",
)
NO_COLUMNS = ("We do not use denominator layout.", "Rather than denominator layout: none.")


def verdicts(words: str, *bodies: str) -> list[str]:
    text = words + "\n" + MODEL + "".join(bodies)
    found = audit(document_from_text(text, "notes.md"))
    return [str(j.verdict.verdict) for j in found if "frac" in j.latex]


@pytest.mark.parametrize("words", SAID)
def test_the_gradient_by_a_matrix_may_be_turned(words: str) -> None:
    right = [BY_W % rf"h_{{t-1}} {ROW}", BY_U % rf"x_t {ROW}"]
    assert verdicts(words, *right) == ["right_under_reading"] * 2


def test_slips_stay_wrong_and_silence_accuses_of_no_transpose() -> None:
    slips = [BY_W % rf"h_t {ROW}", BY_W % rf"-h_{{t-1}} {ROW}", BY_U % rf"h_{{t-1}} {ROW}"]
    assert not {v for v in verdicts(SAID[0], *slips) if v.startswith("right")}
    for words in SILENT:
        assert verdicts(words, BY_W % rf"h_t {ROW}") == ["wrong"], words
        assert verdicts(words, BY_W % rf"h_{{t-1}} {ROW}") == ["undecided"], words
    for words in NO_COLUMNS:
        assert verdicts(words, BY_W % rf"h_{{t-1}} {ROW}") == ["undecided"], words
    for words in COLUMNS:
        assert verdicts(words, BY_W % rf"h_{{t-1}} {ROW}") == ["wrong"], words

r"""Steps that are differentiated piece by piece: :math:`f_t = \sigma(s)`, :math:`s = u + v + b`."""

from __future__ import annotations

import pytest

from tests.check.audited import judged, of_claims

CELL = r"""
$$f_t = \sigma(W_f x_t + U_f h_{t-1} + b_f)$$
$$c_t = f_t \odot c_{t-1} + \tanh(W_c x_t + U_c h_{t-1} + b_c)$$
"""
#: The pieces of each equation, and what is right and what is wrong of them.
PIECES = [
    (r"f_t = \sigma(s)", r"\nabla_s f_t = \sigma(s)(1-\sigma(s))", r"\nabla_sf_t = \sigma(s)"),
    (r"s = u + v + b_f", r"\nabla_u s = 1", r"\nabla_u s = 2"),
    (r"u = W_f x_t", r"\nabla_{x_t} u = W_f^T", r"\nabla_{x_t} u = W_f^T f_t"),
    (r"v = U_f h_{t-1}", r"\nabla_{h_{t-1}} v = U_f^T", r"\nabla_{h_{t-1}} v = -U_f^T"),
    (r"m = \tanh(s)", r"\nabla_sm = 1 - m^2", r"\nabla_sm = 1 - m"),
    (r"s = u + v + b_c", r"\nabla_vs = 1", r"\nabla_vs = 0"),
    (r"u = W_c x_t", r"\nabla_{x_t} u = W_c^T", r"\nabla_{x_t} u = W_f^T"),
    (r"v = U_c h_{t-1}", r"\nabla_{h_{t-1}} v = U_c^T", r"\nabla_{h_{t-1}} v = U_c^T f_t"),
    (r"c_t = u + m", r"\nabla_u c_t = 1", r"\nabla_u c_t = f_t"),
    (r"u = f_t \odot c_{t-1}", r"\nabla_{f_t} u = c_{t-1}", r"\nabla_{f_t} u = c_t"),
]


@pytest.mark.parametrize(("which", "verdict"), [(1, "right"), (2, "wrong")])
def test_each_piece_has_the_meaning_of_its_place(which: int, verdict: str) -> None:
    lines = "\n".join(f"- ${given[0]}$, so ${given[which]}$" for given in PIECES)
    assert of_claims(CELL + lines) == [verdict] * len(PIECES)


def test_messages_have_the_letter_of_the_text() -> None:
    lines = "\n".join(f"- ${given}$, so ${slip}$" for given, _, slip in PIECES)
    told = [j.verdict.diagnosis.message for j in judged(CELL + lines) if j.verdict.diagnosis]
    assert any("1 − mₜ²" in message for message in told)
    assert not any(made in message for message in told for made in ("saₜ", "sbₜ", "uaₜ"))


def test_the_gradient_of_a_step_is_that_of_its_pieces() -> None:
    text = r"""
$$h_t = \tanh(W x_t + U h_{t-1} + b)$$

$h_t = \tanh(a)$ with $a = m + n + b$, $m = W x_t$ and $n = U h_{t-1}$.

$$\nabla_U h_t = \nabla_a h_t \nabla_n a \nabla_U n = \nabla_a h_t\, h_{t-1}^T$$
$$\nabla_U h_t = \nabla_a h_t \nabla_n a \nabla_U n = \nabla_a h_t\, x_t^T$$
"""
    right, wrong = of_claims(text)
    assert right == "right" and wrong != "right"

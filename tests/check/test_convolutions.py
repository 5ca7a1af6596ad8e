"""Cells whose weights are kernels: what is done entry by entry is judged, and nothing else is."""

from __future__ import annotations

import pytest

from bptt_sym.check.audit import audit
from bptt_sym.documents.document import document_from_text

CELL = r"""
WORDS
$$i_t = \sigma(W_i * X_t + U_i * H_{t-1})$$
$$g_t = \tanh(W_g * X_t + U_g * H_{t-1})$$
$$H_t = i_t \circ g_t + (1 - i_t) \circ H_{t-1}$$

$$\frac{\partial L}{\partial g_t} = \frac{\partial L}{\partial H_t} \circ i_t$$
$$\frac{\partial L}{\partial g_t} = \frac{\partial L}{\partial H_t} \circ (1 - i_t)$$
$$\delta_{g,t} = \frac{\partial L}{\partial H_t} \circ i_t \circ (1 - g_t^2)$$
$$\frac{\partial L}{\partial W_g} = \sum_t X_t * \delta_{g,t}$$
$$\frac{\partial L}{\partial U_g} = \sum_t \delta_{g,t} H_{t-1}^\top$$
$$\frac{\partial L}{\partial U_g} = \sum_t \delta_{g,t} H_t^\top$$
"""


@pytest.mark.parametrize("words", ["Here `*` is the convolution.", "ConvGRU:", "其中 * 表示卷积。"])
def test_gradients_by_kernels_are_left_alone(words: str) -> None:
    found = audit(document_from_text(CELL.replace("WORDS", words), "t.md"))
    verdicts = [j.verdict for j in found if j.place.line > 6]
    assert [v.is_right for v in verdicts] == [True, False, True, False, False, False]
    assert [v.verdict for v in verdicts[3:]] == ["undecided"] * 3


def test_the_sign_alone_is_no_convolution() -> None:
    found = audit(document_from_text(CELL.replace("WORDS", "A gated cell."), "t.md"))
    verdicts = {j.place.line: j.verdict for j in found}
    assert verdicts[11].is_right and verdicts[12].verdict == "wrong"

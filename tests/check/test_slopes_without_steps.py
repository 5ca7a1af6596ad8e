"""Slopes that name no step, and diagonal matrices of slopes that read a later step."""

import pytest

from bptt_sym.check.audit import audit
from bptt_sym.documents.document import document_from_text
from tests.check.audited import verdict_of_last as last

NETWORK = r"""A recurrent network: $$q_t = W s_{t-1} + U x_t, \qquad s_t = \sigma(q_t)$$
"""
FAR = r"\left\|\frac{\partial s_t}{\partial s_k}\right\|"


@pytest.mark.parametrize(
    ("claim", "verdict"),
    [
        (r"\max \sigma' = 1/4", "right"),
        (r"\max_z \sigma'(z) = \frac14", "right"),
        (r"\|\sigma'\| \le \frac14", "right"),
        (r"\sup_z |\tanh'(z)| = 1", "right"),
        (r"\sup_z |\tanh'(z)| = 1/4", "wrong"),
        (r"\max \sigma' = 1/2", "wrong"),
        (r"\sigma' \le 1/5", "wrong"),
        (r"\|\sigma'\|_\infty \le 1/5", "wrong"),
        # σ is many a text's sign for tanh; one value is none of the largest.
        (r"\max \sigma' = 1", "not_a_claim"),
        (r"\sigma'(z) = 1/4", "not_a_claim"),
        (rf"{FAR} \le \|W\|^{{t-k}} \|\sigma'\|^{{t-k}}", "right_under_reading"),
        (rf"{FAR} \le (\|W\| \cdot \max_z |\sigma'(z)|)^{{t-k}}", "right_under_reading"),
        (rf"{FAR} \le \|W\|^{{t-k}} \|\sigma'\|^{{t-k+1}}", "wrong"),
        (rf"{FAR} \le \|\sigma'\|^{{t-k}}", "wrong"),
    ],
)
def test_slopes_without_an_argument(claim: str, verdict: str) -> None:
    assert last(f"{NETWORK}$${claim}$$").verdict == verdict


AHEAD = NETWORK + r"Let $D_j = \mathrm{diag}(\sigma'(q_{j+1}))$. "


@pytest.mark.parametrize(
    ("claim", "right"),
    [
        (r"\frac{\partial s_{j+1}}{\partial s_j} = D_j W", True),
        (r"\frac{\partial s_j}{\partial s_{j-1}} = D_j W", False),
        (r"\frac{\partial s_T}{\partial s_k} = \prod_{j=T-1}^{k} D_j W", True),
        (r"\frac{\partial s_T}{\partial s_k} = \prod_{j=T}^{k+1} D_j W", False),
        (r"\frac{\partial s_T}{\partial s_k} = D_{T-1} W D_{T-2} W \cdots D_k W", True),
        (rf"{FAR} \le \prod_{{j=k}}^{{t-1}} \|D_j\| \|W\| \le (\|D\| \|W\|)^{{t-k}}", True),
        (rf"{FAR} \le (\|D\| \|W\|)^{{t-k+1}}", False),
        (r"\|D_j\| = \max_i |\sigma'(q_{j+1,i})| \le \frac14", True),
        (r"\|D_j\| = \max_i |\sigma'(q_{j,i})| \le \frac14", False),
    ],
)
def test_diagonals_of_the_step_after(claim: str, right: bool) -> None:
    assert last(f"{AHEAD}$${claim}$$").is_right is right


def test_a_name_behind_what_is_said_with_it() -> None:
    claim = r"\frac{\partial s_{j+1}}{\partial s_j} = D_j W, "
    claim += r"\quad D_j = \mathrm{diag}(\sigma'(q_{j+%d}))"
    for step, verdict in ((1, "right"), (2, "wrong")):
        found = audit(document_from_text(f"{NETWORK}$${claim % step}$$", "n.md"))
        stands = [j.verdict.verdict for j in found if "partial" in j.latex]
        assert stands == [verdict] or (step == 2 and stands == ["undecided"])


def test_a_transpose_stays_where_the_recurrence_is_that_of_the_last_step() -> None:
    text = r"""$$h_1 = \sigma(W h_0 + V x_1)$$
$$h_T = \sigma(W h_{T-1} + V x_T)$$
$$\frac{\partial h_t}{\partial h_k} = \prod_{i=k+1}^{t} W^T \mathrm{diag}(\sigma'(h_i))$$
"""
    assert last(text).verdict == "right_under_reading"
    assert last(text.replace("W^T", "W^T W^T")).verdict != "right_under_reading"

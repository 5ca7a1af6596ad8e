r"""Notes on a recurrence of numbers: plain text with Unicode, marks of its own, a walk before T."""

from __future__ import annotations

from pathlib import Path

import pytest

from bptt_sym.check.audit import audit
from bptt_sym.documents.document import read_document
from tests.check.audited import verdicts

PLAIN = """A scalar network.  Everything is a number.

    a_t = w·h_{t-1} + u·x_t
    h_t = tanh(a_t)
    y_t = v·h_t
    E   = ½ Σ_t (y_t − d_t)²

Let ε_t = ∂E/∂a_t.  Then

    ε_T = (y_T − d_T)·v·(1 − h_T²)
    ε_t = [(y_t − d_t)·v + w·ε_{t+1}]·(1 − h_t²)

and so

    ∂E/∂w = Σ_t ε_t·h_{t-1}
    ∂E/∂w = Σ_t ε_t·h_t
    ∂E/∂v = Σ_t (y_t − d_t)·h_t
    ∂E/∂v = Σ_t (d_t − y_t)·h_t
"""


def test_what_a_gradient_is_at_the_last_step_defines_no_other(tmp_path: Path) -> None:
    (tmp_path / "n.txt").write_text(PLAIN, encoding="utf-8")
    found = [j.verdict.verdict for j in audit(read_document(tmp_path / "n.txt"))]
    assert found == ["right", "wrong", "right", "wrong"]


WALK = r"""Two steps; all are scalars.

$h_1 = \tanh(W_x x_1 + W_h h_0)$

$h_2 = \tanh(W_x x_2 + W_h h_1)$

$\hat{y} = W_y h_2$

$L = \frac{1}{2}(\hat{y} - y)^2$

$\frac{dL}{dW_y} = (\hat{y} - y) h_%s$

$\frac{dL}{dW_x} = (\hat{y} - y) W_y (1 - h_2^2) [x_2 + W_h (1 - h_1^2) x_%s]$

In general, for $T$ steps:

$\frac{dL}{dW_h} = \sum_{t=1}^{T} \frac{dL}{dh_T}
\left( \prod_{i=t+1}^{T} \frac{dh_i}{dh_{i-1}} \right) \frac{\partial h_t}{\partial W_h}$
"""


@pytest.mark.parametrize(
    ("steps", "expected"),
    [(("2", "1"), ["right", "right", "right"]), (("1", "2"), ["wrong", "wrong", "right"])],
)
def test_a_walk_through_two_steps_before_the_general_formula(
    steps: tuple[str, str], expected: list[str]
) -> None:
    assert verdicts(WALK % steps)[4:] == expected


SLIDES = r"""
$$\mathbf{h}_t = \tanh(\mathbf{W} \mathbf{h}_{t-1} + \mathbf{U} \mathbf{x}_t), \quad
\hat{\mathbf{y}}_t = \mathrm{softmax}(\mathbf{V} \mathbf{h}_t)$$
$$\mathcal{L} = -\sum_t \mathbf{y}_t^\top \log \hat{\mathbf{y}}_t, \quad
\mathbf{o}_t = \mathbf{V} \mathbf{h}_t$$
$$\frac{\partial \mathcal{L}}{\partial \mathbf{o}_t}
= \hat{\mathbf{y}}_t - \mathbf{y}_t =: \mathbf{e}_t$$
$$\frac{\partial \mathcal{L}}{\partial \mathbf{V}} = \sum_t \mathbf{e}_t \mathbf{h}_t^\top$$
$$\frac{\partial \mathcal{L}}{\partial \mathbf{V}} = \sum_t \mathbf{e}_t \mathbf{h}_{t-1}^\top$$
"""


def test_a_bold_name_that_is_given_at_the_end() -> None:
    assert [v for v in verdicts(SLIDES) if v != "not_a_claim"] == ["right", "right", "wrong"]


@pytest.mark.parametrize(
    ("formula", "expected"),
    [
        (r"\lim_{k \to \infty} \mathbf{W}^k = 0", "not_a_claim"),
        (r"\|\mathbf{W}\| < 1 \implies \lim_{k \to \infty} \mathbf{W}^k = 0", "right"),
        (r"\|\mathbf{W}\| < 1 \implies \lim_{m \to \infty} \mathbf{W}^k = 0", "unreadable"),
    ],
)
def test_limits_of_powers(formula: str, expected: str) -> None:
    assert verdicts(f"{SLIDES}\n$${formula}$$\n")[-1] == expected


@pytest.mark.parametrize(
    ("sentence", "expected"),
    [
        (r"若 $|w| < 1$，则当 $T - t \to \infty$ 时，$@$。", "right"),
        (r"При $|w| < 1$ имеем $@$.", "right"),
        (r"If $|w| < 1$, then as $T \to \infty$ also $@$.", "right"),
        (r"If $|w| > 1$, then as $T \to \infty$ also $@$.", "undecided"),
        (r"If $|w| < 1$. As $T \to \infty$ also $@$.", "undecided"),
    ],
)
def test_a_condition_and_a_limit_before_a_claim(sentence: str, expected: str) -> None:
    claim = sentence.replace("@", r"\frac{\partial h_T}{\partial h_t} \to 0")
    found = verdicts(r"$$h_t = \tanh(w h_{t-1} + u x_t)$$" + f"\n\n{claim}\n")
    assert found[-1] == expected


LABELS = r"""
$$h_t = \tanh(W h_{t-1} + U x_t), \quad o_t = V h_t, \quad p_t = \mathrm{softmax}(o_t)$$
$$L = -\sum_t \log p_t[y_t]$$

"""


def test_unit_vectors_of_classes() -> None:
    rows = (
        r"\frac{\partial L}{\partial o_t} = p_t - \mathbf{e}_{y_t}",
        r"\frac{\partial L}{\partial V} = \sum_t (p_t - \mathbf{1}_{y_t}) h_t^\top",
        r"\frac{\partial L}{\partial o_t} = \mathbf{1}_{y_t} - p_t",
    )
    found = verdicts(LABELS + "\n\n".join(f"$${r}$$" for r in rows))
    assert [v for v in found if v != "not_a_claim"] == ["right", "right", "wrong"]


def test_the_share_of_the_step_before() -> None:
    net = r"$$h_t = \sigma(z_t), \quad z_t = W_h h_{t-1} + W_e e_t$$ $$J_t = \ell(h_t)$$" + "\n\n"
    share = (
        r"$$\left.\frac{\partial J_t}{\partial W_h}\right|_{(t-1)} = \left(\frac{\partial J_t}"
        r"{\partial h_{t-1}} \odot h_{t-1} \odot (1 - h_{t-1})\right) h_{t-%s}^\top$$" + "\n\n"
    )
    assert verdicts(net + share % "2" + share % "1")[-2:] == ["right", "wrong"]


def test_bounds_beside_another_network_and_by_largest_entries() -> None:
    other = r"$$h_t = \tanh(H h_{t-1} + I e_t)$$" + "\n\n# Problem 3\n\n"
    net = r"$$s_t = \tanh(W s_{t-1} + U x_t)$$" + "\n\n"
    jacobian = r"\Bigl\|\frac{\partial s_T}{\partial s_0}\Bigr\| \le %s\|W\|^{T}"
    largest = r"\|W\| \max_i |1 - s_{j,i}^2| \le %s\|W\|"
    rows = jacobian % "", largest % "", largest % r"\frac12 "
    found = verdicts(other + net + "\n\n".join(f"$${r}$$" for r in rows))
    assert found[-3:] == ["right", "right", "wrong"]
    coupled = r"$$s_t = \tanh(W s_{t-1} + U c_{t-1}), \quad c_t = \tanh(A s_t + B x_t)$$" + "\n\n"
    assert verdicts(f"{coupled}$${rows[0]}$$")[-1] != "right"


def test_marks_before_weights_of_small_letters() -> None:
    net = r"$$h_t = \tanh(w h_{t-1} + u x_t + c), \quad L = \frac12 \sum_t (h_t - y_t)^2$$" + "\n\n"
    rows = r"dw = \sum_t \frac{\partial L}{\partial h_t} (1 - h_t^2) h_{t%s}", (
        r"dc = \sum_t \frac{\partial L}{\partial h_t} (1 - h_t^2)"
    )
    tried = rows[0] % "-1", rows[0] % "", rows[1], rows[0].replace("dw", r"\delta w") % "-1"
    found = verdicts(net + "\n\n".join(f"$${r}$$" for r in tried))
    assert found[-4:] == ["right", "wrong", "right", "right"]
    update = r"dw = -\eta \frac{\partial L}{\partial w}"
    assert verdicts(f"{net}$${update}$$")[-1] not in ("right", "wrong")


def test_a_run_that_begins_with_a_given_state_at_step_one() -> None:
    system = (
        r"$x_{t+1} = A x_t + B u_t$, $y_t = C x_t$, $J = \frac12 \sum_{t=1}^{N} \|y_t - r_t\|^2$, "
        r"$\lambda_t = \frac{\partial J}{\partial x_t}$." + "\n\n"
    )
    gradient = r"$$\frac{\partial J}{\partial B} = \sum_{t=%s}^{N-1} \lambda_{t+1} u_%s^\top$$"
    tried = ("1", "t"), ("0", "t"), ("2", "t"), ("1", "{t+1}")
    found = verdicts(system + "\n\n".join(gradient % t for t in tried))
    assert found[-4:] == ["right", "right", "wrong", "wrong"]


def test_numbered_weights_beside_the_last_step() -> None:
    net = (
        r"All are scalars: $h_t = \phi(w_1 x_t + w_2 h_{t-1})$, $\hat y = w_3 h_T$, "
        r"$\ell = (\hat y - y)^2$." + "\n\n"
    )
    rows = (
        r"\frac{\partial \ell}{\partial w_3} = 2(\hat y - y) h_T",
        r"\frac{\partial \ell}{\partial h_T} = 2(\hat y - y) w_3",
        r"\frac{\partial \ell}{\partial h_T} = 2(\hat y - y) w_2",
    )
    assert verdicts(net + "\n\n".join(f"$${r}$$" for r in rows))[-3:] == ["right", "right", "wrong"]

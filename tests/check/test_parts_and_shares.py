"""Parts of a vector by words, shares of a step in brackets, and classes in plain text."""

from __future__ import annotations

import pytest

from tests.check.audited import of_claims, verdicts

PARTS = r"""$$\left( \vec{a}^{(t)} \right)_\text{below} = P \vec{x}^{(t)} + \vec{b}$$

$$\left( \vec{a}^{(t)} \right)_\text{past} = R \vec{q}^{(t-1)}$$

$$\vec{a}^{(t)} = (\vec{a}^{(t)})_\text{below} + (\vec{a}^{(t)})_\text{past}$$

$$\vec{q}^{(t)} = \tanh\left( \vec{a}^{(t)} \right)$$

With $E = \sum_t E^{(t)}(\vec{q}^{(t)})$ and
$\vec{\delta}^{(t)} = \frac{\partial E}{\partial \vec{a}^{(t)}}$:

"""
SHARES = (
    (r"\left( \frac{\partial E}{\partial R} \right)^{(t)}", "t-1", "right"),
    (r"\left( \frac{\partial E}{\partial R} \right)^{(t)}", "t", "wrong"),
    (r"\Big[\frac{\partial E}{\partial R}\Big]_t", "t-1", "right"),
    (r"\Big[\frac{\partial E}{\partial R}\Big]_t", "t", "wrong"),
)


@pytest.mark.parametrize(("share", "step", "expected"), SHARES)
def test_parts_are_names_and_shares_are_of_their_step(
    share: str, step: str, expected: str
) -> None:
    text = PARTS + (
        rf"$$\frac{{\partial E}}{{\partial R}} = \sum_t {share}$$" "\n\n"
        rf"$${share} = \vec{{\delta}}^{{(t)}} \left( \vec{{q}}^{{({step})}} \right)^T$$"
    )
    assert verdicts(text)[-2:] == ["right", expected]


CODE = r"""
```
a_t = Wxq @ x_t + Wqq @ q_{t-1}
q_t = tanh(a_t)
y_t = Wqy @ q_t
p_t = softmax(y_t)
L = sum_t -log p_t[label_t]

dy_t = p_t - onehot(label_t)
dWqy += dy_t @ q_t.T
da_t = (1 - q_t**2) * (Wqy.T @ dy_t + Wqq.T @ da_{t+1})
```

$$\frac{\partial L}{\partial y_t} = p_t - \mathbf{1}_{y_t}$$
"""


@pytest.mark.parametrize(
    ("text", "slip", "expected"),
    [
        ("", "", ["right", "right", "right", "right"]),
        ("p_t - onehot", "p_t + onehot", ["wrong", "right", "right", "right"]),
        ("dy_t @ q_t.T", "dy_t @ q_{t-1}.T", ["right", "wrong", "right", "right"]),
        (r"p_t - \mathbf{1}_{y_t}", "p_t - y_t", ["right", "right", "right", "wrong"]),
    ],
)
def test_the_class_of_plain_text_is_a_label(
    text: str, slip: str, expected: list[str]
) -> None:
    assert of_claims(CODE.replace(text, slip) if text else CODE) == expected


def test_a_line_that_is_cut_off_defines_nothing() -> None:
    text = CODE.replace("label_t", "label_t, 0")
    assert "wrong" not in of_claims(text)


MEAN = r"""$$a_t = P x_t + R q_{t-1}, \quad q_t = \tanh(a_t), \quad o_t = M q_t$$

$$L = \frac1T \sum_{t=1}^T l(o_t, y_t)$$

"""
BY_R = r"\frac{\partial L}{\partial R} = "


@pytest.mark.parametrize(
    ("formula", "expected"),
    [
        # a loss without its step is the whole one where what comes later is added up
        (BY_R + r"\sum_t \frac{\partial l}{\partial a_t} q_{t-1}^\top", "right"),
        (BY_R + r"\frac1T \sum_t \frac{\partial l}{\partial a_t} q_{t-1}^\top", "right"),
        (BY_R + r"\sum_t \frac{\partial l}{\partial q_t} q_{t-1}^\top", "wrong"),
        (r"\frac{\partial l}{\partial q_t} = M^\top \frac{\partial l}{\partial o_t} + "
         r"R^\top (\frac{\partial l}{\partial q_{t+1}} \odot \tanh'(a_{t+1}))", "right"),
        (r"\frac{\partial l}{\partial q_t} = M^\top \frac{\partial l}{\partial o_t} + "
         r"R^\top (\frac{\partial l}{\partial q_{t+1}} \odot \tanh'(a_{t}))", "wrong"),
        (r"\frac{\partial l}{\partial M} = \frac{\partial l}{\partial o_t} q_t^\top", "right"),
        (r"\frac{\partial l}{\partial M} = \frac{\partial l}{\partial o_t} q_{t-1}^\top", "wrong"),
    ],
)  # fmt: skip
def test_a_loss_without_its_step(formula: str, expected: str) -> None:
    assert verdicts(MEAN + f"$${formula}$$")[-1] == expected


def test_a_small_letter_for_a_matrix_that_has_the_large_one() -> None:
    text = MEAN.replace("R ", "W_{qq} ") + (
        r"$$\frac{\partial L}{\partial q_t} = M^\top \frac{\partial L}{\partial o_t} + "
        r"(w_{qq})^\top ((1 - q_{t+1}^2) \odot \frac{\partial L}{\partial q_{t+1}})$$" "\n\n"
        r"$$\frac{\partial L}{\partial w_{qq}} = \sum_t (1 - q_t^2) \odot "
        r"\frac{\partial L}{\partial q_t} (q_{t-1})^\top$$" "\n\n"
        r"$$\frac{\partial L}{\partial w_{qq}} = \sum_t (1 - q_t^2) \odot "
        r"\frac{\partial L}{\partial q_t} (q_{t})^\top$$"
    )
    assert verdicts(text)[-3:] == ["right", "right", "wrong"]


@pytest.mark.parametrize(("sign", "expected"), [("", "right"), ("-", "wrong")])
def test_a_word_before_an_equation_of_its_own_row(sign: str, expected: str) -> None:
    text = MEAN + (
        r"$$\begin{align} \frac{\partial L}{\partial a_t} &= (1 - q_t^2) \odot "
        r"\frac{\partial L}{\partial q_t} \\ \text{so } \frac{\partial L}{\partial R} &= "
        rf"{sign}\sum_t \frac{{\partial L}}{{\partial a_t}} q_{{t-1}}^\top \end{{align}}$$"
    )
    assert verdicts(text)[-2:] == ["right", expected]

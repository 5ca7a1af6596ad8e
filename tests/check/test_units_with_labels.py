"""Networks unit by unit whose weights have labels, marks by unit, numbered steps, compositions."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.check.audited import judged, last, of_claims

NET = r"""
$$y_i[t] = g(Y_i[t]) \quad\quad i=1,\ldots,n_Y$$
$$Y_i[t] = \sum_{j=1}^{n_X} W^{y,x}_{i,j} x_j[t] + W^y_i$$
$$x_i[t] = f(X_i[t]), \quad X_i[t] = \sum_{j=1}^{n_U} W^{x,u}_{i,j} u_j[t]
+ \sum_{j=1}^{n_X} W^{x,x}_{i,j} x_j[t-1] + W^x_i$$
$$E[t] = \frac{1}{2} \sum_{i=1}^{n_Y} (d_i[t] - y_i[t])^2$$

$$\frac{\partial y_l[t]}{\partial W^{y,x}_{i,j}} = g'(Y_l[t]) \, x_j[t] \delta_{l,i}$$
$$\frac{\partial x_i[t]}{\partial W^{x,x}_{j,k}} = f'(X_i[t]) \left( x_k[t-1] \delta_{i,j}
+ \sum_{m=1}^{n_X} W^{x,x}_{i,m} \frac{\partial x_m[t-1]}{\partial W^{x,x}_{j,k}} \right)$$
$$\frac{\partial x_i[t]}{\partial W^x_j} = f'(X_i[t]) \left( \delta_{i,j}
+ \sum_{m=1}^{n_X} W^{x,x}_{i,m} \frac{\partial x_m[t-1]}{\partial W^x_j} \right)$$
"""
SLIPS = [
    (r"x_k[t-1] \delta_{i,j}", r"x_k[t] \delta_{i,j}"),
    (r"W^{x,x}_{i,m} \frac{\partial x_m[t-1]}{\partial W^x_j}",
     r"W^{x,x}_{m,i} \frac{\partial x_m[t-1]}{\partial W^x_j}"),
    (r"x_j[t] \delta_{l,i}", r"x_i[t] \delta_{l,j}"),
]  # fmt: skip


def _two_letters(text: str) -> str:
    """The same with ``W^{yx}_{ij}``."""
    return text.replace("y,x", "yx").replace("x,u", "xu").replace("x,x", "xx")


@pytest.mark.parametrize("spelt", [str, _two_letters])
def test_weights_of_units_with_labels_above(spelt: Callable[[str], str]) -> None:
    """Nothing defined W, and a size with a label was no end of a range."""
    assert of_claims(spelt(NET)) == ["right"] * 3
    for written, slip in SLIPS:
        found = of_claims(spelt(NET.replace(written, slip)))
        assert found.count("right") == 2, slip


def test_what_is_said_of_them_has_their_names() -> None:
    page = NET.replace(r"x_k[t-1] \delta_{i,j}", r"2 x_k[t-1] \delta_{i,j}")
    (slip,) = (j.verdict.diagnosis for j in judged(page) if j.verdict.verdict == "wrong")
    assert slip is None or "W^{x,x}" in slip.corrected


MARKS = r"""
$$y_i(t) = g(q_i(t)), \quad q_i(t) = \sum_{j} V_{ij} x_j(t)$$
$$x_i(t) = f(p_i(t)), \quad p_i(t) = \sum_{j} U_{ij} u_j(t) + \sum_{j} W_{ij} x_j(t-1)$$
$$E(t) = \frac{1}{2} \sum_{i} (d_i(t) - y_i(t))^2%s$$

$$\delta^q_i(t) = \frac{\partial E(t)}{\partial q_i(t)}$$

"""
BACK = r"$$\delta^p_i(\tau) = f'(p_i(\tau)) \sum_{j} \delta^p_j(\tau+1) W_{ji}$$"
RUN = (
    r"$$\delta^p_i(t) = f'(p_i(t)) \left(\sum_{j} \delta^q_j(t) V_{ji}"
    r" + \sum_{j} \delta^p_j(t+1) W_{ji}\right)$$"
)


def test_marks_by_name_and_unit_are_what_the_text_says() -> None:
    one, run = MARKS % "", MARKS % r", \quad E = \sum_t E(t)"
    assert of_claims(one + BACK) == ["right", "right"]
    assert of_claims(run + RUN) == ["right", "right"]
    for page in (
        one + BACK.replace("W_{ji}", "W_{ij}"),
        one + BACK.replace("+1", "-1"),
        one + BACK.replace(r"f'(p_i(\tau))", ""),
        run + RUN.replace("W_{ji}", "W_{ij}"),
        run + RUN.replace(r" + \sum_{j} \delta^p_j(t+1) W_{ji}", ""),  # (not of E(t) alone)
    ):
        assert last(page) != "right", page
    assert last(one + BACK.replace("W_{ji}", "W_{ij}")) == "wrong"


STEPS = r"""
$$\mathbf{s}_t = g(\mathbf{a}_t), \quad \mathbf{a}_t = A \mathbf{s}_{t-1} + B \mathbf{x}_t$$

$$\frac{\partial \mathbf{s}_{t_1}}{\partial \mathbf{s}_{t_0+1}} = \prod_{r=t_0+2}^{t_1}
\left(\frac{\partial \mathbf{s}_r}{\partial \mathbf{a}_r} A\right)$$
"""


def test_two_steps_with_numbers_below() -> None:
    assert last(STEPS) == "right"
    assert last(STEPS.replace("r=t_0+2", "r=t_0+1")) != "right"
    assert last(STEPS.replace("} A", "} B")) != "right"
    # Where they count the steps they are left alone.
    counted = STEPS.replace(r"\mathbf{s}_t =", r"\mathbf{s}_{t_j} =")
    assert last(counted) == "undecided"


NESTED = r"""
$$\mathbf{s}_l = g\left(A g\left(A g\left(A \left(\cdots\right) + B \phi(x_{l-2})\right)
+ B \phi(x_{%s})\right) + B \phi(x_l)\right).$$

$$\frac{\partial \mathbf{s}_{l_1}}{\partial \mathbf{s}_{l_0+1}} = \prod_{t=l_0+2}^{l_1}
\left(\frac{\partial \mathbf{s}_t}{\partial \underline{\mathbf{s}}_t} A\right)$$
"""


def test_a_recurrence_that_is_written_out() -> None:
    assert last(NESTED % "l-1") == "right"
    assert last((NESTED % "l-1").replace("} A", "} B")) != "right"
    assert last((NESTED % "l-1").replace("l_0+2", "l_0+1")) != "right"
    assert last(NESTED % "l-3") == "undecided"


@pytest.mark.parametrize(
    ("bound", "holds"),
    [
        (r"0 < \tanh'(\mathbf{x}_t) \leq 1", True),
        (r"0 < \sigma'(\mathbf{x}_t)", True),
        (r"\tanh'(\mathbf{x}_t) \leq \frac{1}{2}", False),
        (r"\tanh'(\mathbf{x}_t) < 1", False),
    ],
)
def test_bounds_of_slopes_of_vectors_are_entry_by_entry(bound: str, holds: bool) -> None:
    page = r"$$\mathbf{h}_t = \tanh(\mathbf{W} \mathbf{h}_{t-1} + \mathbf{U} \mathbf{x}_t)$$"
    assert (last(f"{page}\n\n$${bound}$$") == "right") is holds


EULER = r"""
$$h_{t+1} = h_t + f(h_t, x_t; \theta) \Delta t$$
$M_t = \partial h_t / \partial \theta$

$$\frac{\partial h_{t+1}}{\partial h_t} = I + \frac{\partial f}{\partial h} \Delta t$$
$$M_{t+1} = \frac{\partial h_{t+1}}{\partial h_t} M_t
+ \frac{\partial f}{\partial \theta} \Delta t$$
"""


@pytest.mark.parametrize(
    ("written", "slip"),
    [
        ("h} \\Delta t", "h}"),
        (r"I + \frac{\partial f}{\partial h}", r"I - \frac{\partial f}{\partial h}"),
        (r"\partial f}{\partial h}", r"\partial f}{\partial x}"),
        ("M_t\n+ ", "M_t\n- "),
    ],
)
def test_a_function_that_is_a_part_of_a_step(written: str, slip: str) -> None:
    """∂f/∂h of it was "the function f without an argument"."""
    assert of_claims(EULER) == ["right", "right"]
    found = of_claims(EULER.replace(written, slip))
    assert "right" in found and found != ["right", "right"]

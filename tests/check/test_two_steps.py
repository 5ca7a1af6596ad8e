"""Gradients with two steps, and by the entries of a matrix, as books have them."""

from __future__ import annotations

import pytest

from tests.check.audited import judged, last

NET = (
    r"$$v_t = R q_{t-1} + P x_t + b, \quad q_t = f(v_t)$$" "\n\n"
    r"$$E_t = E(y_t, g(q_t)), \quad E = \sum_{t=1}^T E_t$$" "\n\n"
)
RUN = r"\frac{\partial E}{\partial P} = \sum_{t=1}^T \sum_{k=1}^t \delta_{t,k} "
ENTRY = r"\frac{\partial E_t}{\partial r_{ij}} = \sum_{k=1}^t "
PAIR = r"$$\delta_{t,k} = \frac{\partial E_t}{\partial v_k}$$" "\n\n"


@pytest.mark.parametrize(
    ("formula", "expected"),
    [
        (r"\delta_{t,k} = \mathrm{diag}(f'(v_k)) R^\top \delta_{t,k+1}", "right"),
        (r"\delta_{t,k} = \mathrm{diag}(f'(v_{k+1})) R^\top \delta_{t,k+1}", "wrong"),
        (r"\delta_{t,k} = \prod_{j=k}^{t-1} (\mathrm{diag}(f'(v_j)) R^\top) \delta_{t,t}", "right"),
        (r"\delta_{t,k} = \prod_{j=k+1}^{t} (\mathrm{diag}(f'(v_j)) R^\top) \delta_{t,t}", "wrong"),
        (r"\frac{\partial E_t}{\partial R} = \sum_{k=1}^t \delta_{t,k} q_{k-1}^\top", "right"),
        (RUN + r"x_k^\top", "right"),
        (RUN + r"x_t^\top", "wrong"),
        (ENTRY + r"[\delta_{t,k}]_i [q_{k-1}]_j", "right"),
        (ENTRY + r"[\delta_{t,k}]_i [q_{k}]_j", "wrong"),
        # The entry of row j and column i.
        (ENTRY + r"[q_{k-1}]_i [\delta_{t,k}]_j", "undecided"),
    ],
)  # fmt: skip
def test_a_step_of_the_loss_and_one_of_the_state(formula: str, expected: str) -> None:
    assert last(f"{NET}{PAIR}$${formula}$$") == expected


def test_a_report_shows_the_entries() -> None:
    formula = r"\frac{\partial E_t}{\partial r_{ij}} = \sum_{k=1}^t [\delta_{t,k}]_i [q_{k-1}]_j"
    assert judged(f"{NET}{PAIR}$${formula}$$")[-1].latex == formula


def test_a_network_between_two_sections_on_another_is_come_back_from() -> None:
    other = "## Of systems in general\n\n$$s_t = g(s_{t-1}, x_t)$$\n\n## Learning\n\n"
    formula = r"$$\frac{\partial E}{\partial R} = \sum_{t=1}^T \frac{\partial E_t}{\partial R}$$"
    assert last("## The network\n\n" + NET + other + formula) == "right"

"""A slip in one relation of a chain, or in a derivative that is 0 as it is written."""

from __future__ import annotations

import pytest

from tests.check.audited import judged

NET = r"""
$$a_t = R q_{t-1} + P x_t, \quad q_t = \tanh(a_t), \quad o_t = V q_t + c, \quad
p_t = \mathrm{softmax}(o_t)$$

$$L = \sum_{t=1}^T L_t$$

"""
ROWS = r"""
$$a_t = x_t P + q_{t-1} R, \quad q_t = \tanh(a_t), \quad o_t = q_t V, \quad
L_t = \frac12 (o_t - y_t)^\top (o_t - y_t), \quad L = \sum_{t=0}^{T-1} L_t$$

"""
LEFT = r"\frac{\partial L}{\partial q_t} = "
OUT = r"\frac{\partial L}{\partial o_t} \frac{\partial o_t}{\partial q_t} + "
WORKED = r" = V^\top \frac{\partial L}{\partial o_t} + R^\top \frac{\partial L}{\partial a_{t+1}}"


def ahead(below: str) -> str:
    outer = r"\frac{\partial L}{\partial a_{t+1}}"
    return rf"{outer} \frac{{\partial a_{{t+1}}}}{{\partial {below}}}"


@pytest.mark.parametrize(
    ("text", "formula", "expected"),
    [
        (NET, LEFT + OUT + ahead("q_t"), "right"),
        (NET, LEFT + OUT + ahead("q_t") + WORKED, "right"),
        # a_{t+1} does not depend on q_{t+1}, and one step less mends it
        (NET, LEFT + OUT + ahead("q_{t+1}"), "BP004"),
        # … nor on o_t, the shapes of which do not fit
        (NET, LEFT + OUT + ahead("o_t"), "BP003"),
        (NET, LEFT + OUT + ahead("o_t") + WORKED, "BP003"),
        # nothing mends what is wrong twice: another may be meant
        (NET, LEFT + ahead("q_{t+1}") + r"\cdot q_t", "undecided"),
        # the second relation needs one reading more than the first and last side
        (
            ROWS,
            r"\frac{\partial L}{\partial R} = \sum_{t=0}^{T-1} \frac{\partial L}{\partial a_t}"
            r"\frac{\partial a_t}{\partial R} = \sum_{t=0}^{T-1} q_t^\top"
            r"\frac{\partial L}{\partial a_t}",
            "BP004",
        ),
        (
            ROWS,
            r"\frac{\partial L}{\partial R} = \sum_{t=0}^{T-1} \frac{\partial L}{\partial a_t}"
            r"\frac{\partial a_t}{\partial R} = \sum_{t=0}^{T-1} q_{t-1}^\top"
            r"\frac{\partial L}{\partial a_t}",
            "right",
        ),
        # behind the sum over all the steps stands no share of one
        (
            ROWS,
            r"\frac{\partial L}{\partial R} = \sum_{t=0}^{T-1} \frac{\partial L}{\partial a_t}"
            r"\frac{\partial a_t}{\partial R} = q_{t-1}^\top \frac{\partial L}{\partial a_t}",
            "BP014",
        ),
    ],
)
def test_it_is_named(text: str, formula: str, expected: str) -> None:
    found = judged(f"{text}$${formula}$$")[-1].verdict
    slip = found.diagnosis
    told = "right" if found.is_right else slip.code if slip is not None else found.verdict
    assert told == expected


#: The first relation holds of what comes back from the step after.
BACK = (
    NET + r"$$\frac{\partial L}{\partial q_{t-1}} = \frac{\partial L}{\partial q_t} "
    r"\frac{\partial q_t}{\partial q_{t-1}} = \frac{\partial L}{\partial q_t} "
)
STEP = r"\frac{\partial a_t}{\partial q_{t-1}}"
OF_ANY = r"""$$q_t = \tanh(R q_{t-1} + P x_t + b)$$

$$\frac{\partial L}{\partial \theta} = \sum_{t=1}^T \frac{\partial L}{\partial q_t}
\frac{\partial q_t}{\partial \theta_t}"""
SUMMED = (
    r" = \sum_{t=1}^T \left(\frac{\partial L}{\partial q_{t+1}}"
    r"\frac{\partial q_{t+1}}{\partial q_t} + \frac{\partial L_t}{\partial q_t}\right)"
    r"\frac{\partial q_t}{\partial \theta_t}"
)


@pytest.mark.parametrize(
    ("formula", "expected"),
    [
        (BACK + rf"\frac{{\partial q_t}}{{\partial a_t}} {STEP}", "right"),
        (BACK + r"\frac{\partial a_t}{\partial q_{t-1}}", "wrong"),
        (BACK + r"\frac{\partial q_{t-1}}{\partial q_{t-1}}", "wrong"),
        (OF_ANY + SUMMED, "right"),
        (OF_ANY + SUMMED.replace("L}{\\partial q_{t+1}", "L}{\\partial q_t"), "wrong"),
    ],
)
def test_what_fails_is_not_excused_by_what_holds(formula: str, expected: str) -> None:
    found = judged(f"{formula}$$")[-1].verdict
    assert ("right" if found.is_right else found.verdict) == expected


@pytest.mark.parametrize(
    ("behind", "expected"),
    [
        (r"(t = 1, 2, \ldots, T)", "wrong"),
        (r"(\text{needs } q_t;\ 1 \le t \le T)", "wrong"),
        (r"(t = T)", "undecided"),
        (r"(t = 1, \ldots, T - 1)", "undecided"),
    ],
)
def test_every_step_is_no_case(behind: str, expected: str) -> None:
    found = judged(f"{NET}$${STEP} = R + R \\quad {behind}$$")[-1].verdict
    assert found.verdict == expected


ANY = r"""
$$s_t = f(P x_t + R s_{t-1}), \quad y_t = V s_t$$

$$\frac{\partial E_2}{\partial R} = \frac{\partial E_2}{\partial y_2}
\frac{\partial y_2}{\partial s_2} \frac{\partial s_2}{\partial R}
+ \frac{\partial E_2}{\partial y_2} \frac{\partial y_2}{\partial s_2}
\frac{\partial s_2}{\partial s_1} \frac{\partial s_1}{\partial R}$$"""
#: Of vectors it lacks its transposes.
BARE = (
    LEFT + r"V \frac{\partial L}{\partial o_t} + R \frac{\partial L}{\partial a_{t+1}}"
)
TURNED = BARE.replace("V", r"V^\top").replace("R", r"R^\top")


def test_nothing_is_supposed_that_makes_one_of_two_names() -> None:
    assert judged(ANY)[-1].verdict.is_right
    other = ANY.replace(r"\partial y_2}{\partial s_2}", r"\partial y_2}{\partial a_2}", 1)
    assert judged(other)[-1].verdict.verdict == "undecided"


def test_what_are_vectors_in_one_formula_are_no_numbers_in_the_next() -> None:
    net = NET.replace(r"p_t = \mathrm{softmax}(o_t)", "p_t = o_t")
    alone = judged(f"{net}$${BARE}$$")[-1].verdict
    assert alone.is_right
    assert "number" in " ".join(alone.readings)
    assert judged(f"{net}$${BARE}$$\n\n$${TURNED}$$")[-2].verdict.verdict == "undecided"


GATES = r"""
$$f_t = \sigma(W_f [h_{t-1}, x_t] + b_f), \quad g_t = \tanh(W_g [h_{t-1}, x_t] + b_g)$$

$$c_t = f_t \odot c_{t-1} + g_t, \quad h_t = \tanh(c_t)$$

$$\frac{\partial J}{\partial W_f} = \sum_t \left(\frac{\partial J}{\partial f_t}
\odot f_t \odot (1 - f_t)\right) z_t^\top$$"""
HIDDEN = r"""
$$a_t = R h_{t-1} + P x_t, \quad h_t = \tanh(a_t)$$

$$\frac{\partial J}{\partial R} = \sum_t \frac{\partial J}{\partial a_t} v_t^\top$$"""


@pytest.mark.parametrize("text", [GATES, HIDDEN])
def test_shapes_of_what_is_supposed_accuse_nobody(text: str) -> None:
    """What no line gives may be anything of the step: the joined vector, say."""
    assert judged(text)[-1].verdict.verdict == "undecided"
    assert judged(text.replace("z_t", "h_t").replace("v_t", "h_t"))[-1].verdict.verdict == "wrong"


JOINED = r"""
$$g_t = \sigma(W [h_{t-1}; x_t] + b), \quad h_t = g_t \odot \tanh(x_t)$$

"""
BY_W = r"\frac{\partial J}{\partial W} = "
BY_GATE = r"\frac{\partial J}{\partial g_t}"
SLOPE = r"g_t * (1 - g_t)"
ROW = r"\begin{bmatrix} h_{t-1} \\ x_t \end{bmatrix}^T"
DOWN = r"\frac{\partial L}{\partial x_t} = "
BY_STATE = r"\frac{\partial L}{\partial q_t}"


@pytest.mark.parametrize(
    ("text", "formula", "expected"),
    [
        (JOINED, f"{BY_W} {BY_GATE} * {SLOPE} {ROW}", "right"),
        (JOINED, f"{BY_W} {BY_GATE} {ROW} * {SLOPE}", "BP010"),
        (JOINED, f"{BY_W} {BY_GATE} {ROW}", "BP019"),
        (NET, rf"{DOWN} P^\top \left((1 - q_t^2) \odot {BY_STATE}\right)", "right"),
        (NET, rf"{DOWN} (1 - q_t^2) P^\top {BY_STATE}", "BP010"),
        (NET, rf"{DOWN} (1 - q_t^2) \odot P^\top {BY_STATE}", "BP010"),
        (NET, rf"{DOWN} (1 - q_t^2) \odot P^\top {BY_STATE} \odot q_t", "undecided"),
    ],
)
def test_a_factor_on_the_wrong_side_of_a_matrix(text: str, formula: str, expected: str) -> None:
    found = judged(f"{text}$${formula}$$")[-1].verdict
    slip = found.diagnosis
    told = "right" if found.is_right else slip.code if slip is not None else found.verdict
    assert told == expected

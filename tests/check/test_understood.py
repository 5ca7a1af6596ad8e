"""Nothing is called wrong where too much around it was not understood."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bptt_sym.check.judged import Judged
from bptt_sym.check.understood import REACH, where_understood
from bptt_sym.decide.verdict import Diagnosis, Verdict, VerdictName
from bptt_sym.documents.document import Place
from tests.check.audited import judged, verdicts

NET = "$$q_t = \\tanh(R q_{t-1} + P x_t)$$\n\n"
JACOBIAN = r"\frac{\partial q_t}{\partial q_{t-1}} = "
#: Two factors exchanged and one transposed: no slip of the catalogue is as small.
NO_SLIP = f"$${JACOBIAN} R^2 \\mathrm{{diag}}(1 + q_t)$$\n\n"
SLIP = f"$${JACOBIAN} \\mathrm{{diag}}(1 - q_{{t-1}}^2) R$$\n\n"
#: No convention makes it.
ORDER = f"$${JACOBIAN} R \\mathrm{{diag}}(1 - q_t^2)$$\n\n"
RIGHT = f"$${JACOBIAN} \\mathrm{{diag}}(1 - q_t^2) R$$\n\n"
#: It holds, and is about another derivative.
OTHERS = "$$\\frac{\\partial q_t}{\\partial x_t} = \\mathrm{diag}(1 - q_t^2) P$$\n\n"
#: A matter of layout, of which the equation of the state leaves two.
TURNED = f"$${JACOBIAN} \\mathrm{{diag}}(1 - q_t^2) R^\\top$$\n\n"
UNKNOWN = "$$\\frac{\\partial \\zeta}{\\partial \\xi_t} = \\mu_t$$\n\n"


def verdict_of(formula: str, around: str) -> tuple[str, str]:
    text = "".join(formula.split())
    found = [j for j in judged(NET + around + formula + around) if "".join(j.latex.split()) in text]
    return found[0].verdict.verdict, found[0].verdict.note


@pytest.mark.parametrize(
    "formula, around, verdict",
    [
        (NO_SLIP, "", "wrong"),
        (NO_SLIP, RIGHT * 3, "wrong"),
        (NO_SLIP, UNKNOWN, "undecided"),
        (NO_SLIP, UNKNOWN + OTHERS * 3, "undecided"),
        # what it is about stands in a formula that holds
        (NO_SLIP, UNKNOWN + RIGHT, "wrong"),
        (NO_SLIP, UNKNOWN * 4 + RIGHT * 2, "undecided"),
        (NO_SLIP, UNKNOWN + RIGHT * 10, "wrong"),
        (SLIP, UNKNOWN + RIGHT * 4, "wrong"),
        (SLIP, UNKNOWN * 2 + OTHERS * 2, "wrong"),
        (SLIP, UNKNOWN * 4 + OTHERS * 2, "wrong"),
        (SLIP, UNKNOWN * 4 + RIGHT * 2, "wrong"),
        (ORDER, UNKNOWN * 2 + OTHERS * 2, "wrong"),
        (ORDER, UNKNOWN * 4 + OTHERS * 2, "wrong"),
        (TURNED, UNKNOWN * 2 + OTHERS * 2, "wrong"),
        (TURNED, UNKNOWN, "undecided"),
        (ORDER, UNKNOWN, "undecided"),
        (SLIP, UNKNOWN, "undecided"),
        (SLIP, "$$q_t = \\tanh((R q_{t-1})$$\n\n", "undecided"),
        (SLIP, "$$\\left\\|\\frac{\\partial q_t}{\\partial q_0}\\right\\| \\to 0$$\n\n", "wrong"),
    ],
)
def test_what_is_around_tells(formula: str, around: str, verdict: str) -> None:
    assert verdict_of(formula, around)[0] == verdict


def test_what_was_found_is_said_all_the_same() -> None:
    _, note = verdict_of(SLIP, UNKNOWN)
    assert note.startswith("it fails as it was read (BP")
    assert "2 of the 2 claims around it were not understood" in note


def test_an_equation_between_values_may_be_what_defines_one() -> None:
    (entry,) = judged(NET + "$$z_t = V q_t$$\n\n$$R q_{t-1} + z_t = q_t$$\n\n")[2:]
    assert entry.verdict.verdict == "undecided"


BACKWARD = r"""$$a_t = R q_{t-1} + P x_t, \quad q_t = \tanh(a_t), \quad o_t = V q_t$$

$$\delta_t = \frac{\partial L}{\partial a_t}$$

$$\varepsilon_t = \frac{\partial L}{\partial o_t}$$

$$\delta_t = (1 - q_t^2) \odot (V^\top \varepsilon_t + R^\top \delta_{t+1})$$

"""
SLOPES = BACKWARD.partition(r"$$\delta")[0] + "".join(
    rf"$$\frac{{\partial L}}{{\partial q_{k}}} = V^\top \frac{{\partial L}}{{\partial o_{k}}}"
    rf" + R^\top \frac{{\partial L}}{{\partial a_{{{ahead}}}}}$$" "\n\n"
    for k, ahead in (("t", "t+1"), ("k", "k"))
)


@pytest.mark.parametrize(
    ("text", "verdict"),
    [
        (SLOPES, "wrong"),
        # marks may be what is carried from one step to the next
        (
            BACKWARD
            + r"$$\delta_k = (1 - q_k^2) \odot (V^\top \varepsilon_k + R^\top \delta_k)$$" "\n\n",
            "undecided",
        ),
    ],
)
def test_what_is_known_is_known_of_derivatives(text: str, verdict: str) -> None:
    found = [j for j in judged(text + UNKNOWN * 9) if "zeta" not in j.latex]
    assert [j.verdict.is_right for j in found[-2:]] == [True, False]
    assert found[-1].verdict.verdict == verdict


NAMES = st.sampled_from(("right", "wrong", "undecided", "unreadable", "not_a_claim"))


@given(st.lists(st.tuples(NAMES, st.booleans()), max_size=60))
def test_only_accusations_change_and_only_for_what_is_near(
    drawn: list[tuple[VerdictName, bool]],
) -> None:
    slip = Diagnosis("BP004", "a slip", "")
    entries = [
        Judged(Place("f", k + 1, 1), "", Verdict(v, diagnosis=slip if s and v == "wrong" else None))
        for k, (v, s) in enumerate(drawn)
    ]
    after = where_understood(entries, {})
    assert len(after) == len(entries)
    claims = [k for k, e in enumerate(entries) if e.verdict.verdict != "not_a_claim"]
    for k, (before, now) in enumerate(zip(entries, after, strict=True)):
        if before == now:
            continue
        assert (before.verdict.verdict, now.verdict.verdict) == ("wrong", "undecided")
        at = claims.index(k)
        near = [entries[j].verdict.verdict for j in claims[max(0, at - REACH) : at + REACH + 1]]
        assert "undecided" in near or "unreadable" in near


#: Each would be called wrong if what stands before it were taken by its letters alone.
MISLEADING = [
    # a standalone example with the letter of the target
    (
        "$$q_t = \\tanh(R q_{t-1} + P x_t), \\quad g_t = V q_t, \\quad \\hat{y}_t = "
        "\\mathrm{softmax}(g_t)$$\n\n$$L_t = -y_t^\\top \\log \\hat{y}_t$$\n\n$$y = R x$$\n\n",
        r"\frac{\partial L_t}{\partial R} = \frac{\partial L_t}{\partial q_t}"
        r" \frac{\partial q_t}{\partial R}",
        "right",
    ),
    # the bars of numbers, entry by entry
    (NET + "Assume $|q_{t-1}| \\le 1$: ", r"|q_t| \le \frac{1}{2} + \frac{1}{3}", "undecided"),
    (NET, r"|q_t| \le \frac{1}{2} + \frac{1}{3}", "wrong"),
    # weights in small letters
    (
        NET + "Take $q_t = \\tanh(r q_{t-1} + p x_t)$.\n\n",
        r"\frac{\partial q_t}{\partial q_{t-1}} = r (1 - \tanh^2(r q_{t-1} + p x_t))",
        "right",
    ),
    # what a gate depends on is nowhere
    (
        "$$c_t = f_t \\odot c_{t-1} + i_t \\odot g_t$$\n\n",
        r"\frac{\partial L}{\partial c_0} = \frac{\partial L}{\partial c_T} f_T f_{T-1} \cdots f_1",
        "undecided",
    ),
]


@pytest.mark.parametrize(("before", "formula", "verdict"), MISLEADING)
def test_letters_alone_accuse_nobody(before: str, formula: str, verdict: str) -> None:
    found = judged(f"{before}$${formula}$$")[-1].verdict
    assert ("right" if found.is_right else found.verdict) == verdict


CELLS = (
    "$$f_t = \\sigma(A h_{t-1} + B x_t), \\quad g_t = \\tanh(C h_{t-1} + D x_t)$$\n\n"
    "$$c_t = f_t \\odot c_{t-1} + g_t, \\quad h_t = \\tanh(c_t)$$\n\n"
)
BY_CELL = r"\frac{\partial E}{\partial c_k} = \frac{\partial E}{\partial c_T} "
SHARE = r"\frac{\partial E_t}{\partial A} = "


@pytest.mark.parametrize(
    ("formula", "expected"),
    [
        (BY_CELL + r"\prod_{t=k+1}^T f_t", "right"),
        (BY_CELL + r"\prod_{t=k+1}^T \frac{\partial c_t}{\partial c_{t-1}}", "right"),
        (BY_CELL + r"\prod_{t=k}^T f_t", "wrong"),
        (BY_CELL + r"\prod_{t=k+1}^T g_t", "wrong"),
        (SHARE + r"\frac{\partial E_t}{\partial f_t} \frac{\partial f_t}{\partial A}", "right"),
        (SHARE + r"(\frac{\partial E_t}{\partial f_t} \odot f_t \odot (1-f_t)) h_{t-1}^T", "right"),
        (SHARE + r"(\frac{\partial E_t}{\partial f_t} \odot f_t \odot (1-f_t)) h_t^T", "wrong"),
        (SHARE + r"(\frac{\partial E_t}{\partial f_t} \odot f_t) h_{t-1}^T", "wrong"),
    ],
)
def test_the_ways_of_cells_and_the_shares_of_steps(formula: str, expected: str) -> None:
    found = judged(f"{CELLS}$${formula}$$")[-1].verdict
    assert ("right" if found.is_right else found.verdict) == expected


SIGMA = "$$q_t = \\sigma(v_t), \\quad v_t = R q_{t-1} + P x_t$$\n\n"


@pytest.mark.parametrize(
    ("slopes", "expected"),
    [
        # Once it is a slip.
        ((r"\mathrm{diag}(1 - q_t^2) R",), ["wrong"]),
        ((r"\mathrm{diag}(1 - q_t^2) R", r"\mathrm{diag}(1 - q_t \odot q_t) R"), ["right"] * 2),
        ((r"\mathrm{diag}(1 - (q_t)^2) R", r"\mathrm{diag}(1 - q_t^2) R",
          r"\mathrm{diag}(1 - q_{t-1}^2) R"), ["right", "right", "wrong"]),
        ((r"\mathrm{diag}(q_t \odot (1 - q_t)) R",), ["right"]),
        # Both are there: which is meant is not to be guessed.
        ((r"\mathrm{diag}(q_t \odot (1 - q_t)) R", r"\mathrm{diag}(1 - q_t^2) R"),
         ["right", "wrong"]),
    ],
)  # fmt: skip
def test_sigma_is_the_function_whose_slope_is_written(
    slopes: tuple[str, ...], expected: list[str]
) -> None:
    found = judged(SIGMA + "\n\n".join(f"$${JACOBIAN} {slope}$$" for slope in slopes))
    claims = [j.verdict for j in found if j.verdict.verdict != "not_a_claim"]
    assert ["right" if v.is_right else v.verdict for v in claims] == expected
    told = " ".join((*claims[0].readings, *claims[0].assumptions))
    assert ("is tanh" in told) == (expected[0] == "right" and "^2" in slopes[0])


def test_sigma_is_what_the_words_say() -> None:
    slope = f"$${JACOBIAN} \\mathrm{{diag}}(1 - q_t^2) R$$\n\n"
    found = judged(f"With the logistic function $\\sigma$:\n\n{SIGMA}{slope}{slope}")
    assert [j.verdict.verdict for j in found][-2:] == ["wrong", "wrong"]


MIXED = (
    "$$u_t = \\sigma(W_u s_{t-1}), \\quad v_t = \\sigma(W_v s_{t-1})$$\n\n"
    "$$n_t = \\tanh(W (v_t \\odot s_{t-1}) + x_t)$$\n\n"
    "$$s_t = (1 - u_t) \\odot s_{t-1} + u_t \\odot n_t$$\n\n"
)
BY_STATE = r"\frac{\partial s_t}{\partial s_{t-1}} = \mathrm{diag}(1 - u_t) + "
OF_PRODUCT = r"\frac{\partial (u_t \odot n_t)}{\partial s_{t-1}}"
OF_GATE = r" - \mathrm{diag}(s_{t-1}) \frac{\partial u_t}{\partial s_{t-1}}"


@pytest.mark.parametrize(
    "case",
    [
        "- $v_t = 0$: $n_t = \\tanh(W \\mathbf{0} + x_t)$, nothing is kept",
        "Where $v_t \\approx 0$ we have $n_t = \\tanh(W \\mathbf{0} + x_t)$.",
        "若 $v_t \\to 0$，则 $n_t = \\tanh(W \\mathbf{0} + x_t)$。",
        "With \\(u_t = 1\\) the state is new, \\(s_t = n_t\\).",
    ],
)
def test_what_is_said_of_a_gate_at_0_or_1_defines_nothing(case: str) -> None:
    found = judged(f"{MIXED}{case}\n\n$${BY_STATE}{OF_PRODUCT}{OF_GATE}$$")
    assert found[-1].verdict.verdict == "right"
    assert found[-2].verdict.note == "a case, not a definition"


def test_the_derivative_of_a_product_that_vanishes_is_not_meant() -> None:
    given = MIXED.split("\n\n")[-2]
    found = judged(f"{given}\n\n$${BY_STATE}{OF_PRODUCT}$$")
    assert found[-1].verdict.verdict == "undecided"


@pytest.mark.parametrize(
    ("again", "slope", "expected"),
    [
        (r"\tilde{n}_t = \sigma(W_n q_{t-1} + x_t)", r"(1 - \tilde{n}_t^2)", "right"),
        (
            r"f_t = \sigma(z_t), \quad \tilde n_t = \sigma(W_n q_{t-1} + x_t)",
            r"(1 - \tilde{n}_t^2)",
            "right",
        ),
        (r"\tilde{n}_t = \sigma(W_n q_{t-1} + x_t)", r"(1 - \tilde{n}_t^3)", "wrong"),
        # Only σ, and its slope is another's: nothing tells that tanh was meant.
        ("", r"(1 - \tilde{n}_t^2)", "wrong"),
    ],
)
def test_a_candidate_of_tanh_and_of_sigma_has_the_slope_that_is_written(
    again: str, slope: str, expected: str
) -> None:
    function = r"\tanh" if again else r"\sigma"
    given = f"$$\\tilde{{n}}_t = {function}(W_n q_{{t-1}} + x_t)$$\n\n"
    given += f"$$q_t = q_{{t-1}} + \\tilde{{n}}_t$$\n\n$${again}$$\n\n"
    of = r"\frac{\partial \tilde{n}_t}{\partial q_{t-1}} = \mathrm{diag}"
    found = judged(f"{given}$${of}{slope} W_n$$")[-1].verdict
    assert ("right" if found.is_right else found.verdict) == expected
    assert ("is tanh" in " ".join(found.readings)) == (expected == "right")


@pytest.mark.parametrize(
    ("formula", "claims"),
    [
        (r"P x_t \rightarrow (20 \times 10) \times (10 \times 1) = (20 \times 1)", False),
        (r"R q_{t-1} \to (4 × 4)(4 × 1) = (4 × 1)", False),
        (r"R q_{t-1} \longrightarrow (4 \times 4) \cdot (4 \times 1)", False),
        (r"\frac{\partial q_t}{\partial q_{t-1}} \to 0", True),
        (r"\frac{\partial q_t}{\partial q_{t-1}} \to (2 \times 3)", True),
    ],
)
def test_sizes_behind_an_arrow_claim_nothing(formula: str, claims: bool) -> None:
    assert (judged(f"{NET}$${formula}$$")[-1].verdict.verdict != "not_a_claim") == claims


def _cell(gate: str, squash: str) -> str:
    rows = [rf"{g}_t = {gate}(A_{g} x_t + B_{g} h_{{t-1}})" for g in "fio"]
    rows += [rf"g_t = {squash}(A_g x_t + B_g h_{{t-1}})"]
    rows += [r"c_t = f_t \odot c_{t-1} + i_t \odot g_t", rf"h_t = o_t \odot {squash}(c_t)"]
    by = r"\frac{{\partial L}}{{\partial {}_{}}}".format
    slopes = {g: rf"\odot {g}_t \odot (1 - {g}_t)" for g in "fi"}
    slopes |= {"g": r"\odot (1 - g_t^2)", "o": r"\odot (1 - o_t^2)"}
    rows += [
        rf"{by('A', g)} = \sum_t ({by(g, 't')} {slope}) x_t^\top" for g, slope in slopes.items()
    ]
    return "\n\n".join(f"$${row}$$" for row in rows)


@pytest.mark.parametrize(
    ("said", "gate", "squash"),
    [
        (r"$\sigma_g$ is the logistic sigmoid, $\sigma_h$ is tanh.", r"\sigma_g", r"\sigma_{h}"),
        ("", r"\sigma_g", r"\sigma_h"),
        ("", r"\mathrm{sigm}", r"\tanh"),
        ("", r"\operatorname{sig}", r"\tanh"),
    ],
)
def test_functions_with_labels(said: str, gate: str, squash: str) -> None:
    """The words or the slopes say which they are; one slope that contradicts is a slip."""
    assert verdicts(f"{said}\n\n{_cell(gate, squash)}")[-4:] == ["right"] * 3 + ["wrong"]


def test_an_unknown_function_may_be_the_one_whose_slope_is_written() -> None:
    net = "$$s_t = f(A s_{t-1} + B x_t)$$\n\n"
    jacobian = r"$$\frac{\partial s_t}{\partial s_{t-1}} = \mathrm{diag}(%s) A$$"
    slopes = ("1 - s_t^2", r"s_t \odot (1 - s_t)", "1 - s_{t-1}^2", "f'(A s_{t-1} + B x_t)")
    found = [verdicts(net + jacobian % s)[-1] for s in slopes]
    assert found == ["right", "right", "wrong", "right"]

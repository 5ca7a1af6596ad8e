"""Equations unit by unit: definitions as those of vectors, claims about entries."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bptt_sym.check.answer import Court
from bptt_sym.check.audit import audit
from bptt_sym.documents.document import document_from_text
from bptt_sym.entries import with_entries
from bptt_sym.read import read_claim, recurrence_from_latex

ACCEPTED = ("right", "right_under_reading")
MODEL = recurrence_from_latex(
    [
        r"z^{(t)} = W h^{(t-1)} + U x^{(t)} + b",
        r"h^{(t)} = \tanh(z^{(t)})",
        r"o^{(t)} = V h^{(t)} + c",
        r"p^{(t)} = \mathrm{softmax}(o^{(t)})",
        r"L^{(t)} = -{y^{(t)}}^\top \log p^{(t)}",
        r"L = \sum_{t=1}^T L^{(t)}",
    ],
    name="a simple network",
)
COURT = Court.of(MODEL)
UNITS_OF_A_CELL = (
    "$$\\begin{aligned} z_{j}^{(t)} &= \\sum_{i} U_{j i} x_{i}^{(t)} + \\sum_{i} W_{j i} "
    "h_{i}^{(t-1)} + b_{j} \\\\ h_{j}^{(t)} &= \\tanh(z_{j}^{(t)}) \\end{aligned}$$\n\n"
)


def verdict(formula: str) -> str:
    found = COURT.judge(read_claim(formula, MODEL)).verdict
    return "right" if found in ACCEPTED else found


def in_text(text: str) -> list[tuple[str, str]]:
    found = audit(document_from_text(text, "n.md"))
    return [
        ("right" if j.verdict.verdict in ACCEPTED else j.verdict.verdict, j.latex) for j in found
    ]


STEP = r"\frac{\partial h_j^{(t)}}{\partial h_i^{(t-1)}} = "
READOUT = r"\frac{\partial L^{(t)}}{\partial V_{ji}} = "
WEIGHT = r"\frac{\partial L}{\partial W_{ji}} = \sum_{t=1}^T \frac{\partial L}{\partial z_j^{(t)}} "


@pytest.mark.parametrize(
    ("formula", "expected"),
    [
        (STEP + r"(1 - (h_j^{(t)})^2) W_{ji}", "right"),
        (STEP + r"(1 - (h_i^{(t)})^2) W_{ji}", "wrong"),
        (STEP + r"(1 - (h_j^{(t)})^2) W_{ij}", "wrong"),
        (READOUT + r"(p_j^{(t)} - y_j^{(t)}) h_i^{(t)}", "right"),
        (READOUT + r"(y_j^{(t)} - p_j^{(t)}) h_i^{(t)}", "wrong"),
        (WEIGHT + r"h_i^{(t-1)}", "right"),
        (WEIGHT + r"h_i^{(t)}", "wrong"),
        (r"\frac{\partial p_i^{(t)}}{\partial o_j^{(t)}} = "
         r"p_i^{(t)} (\delta_{ij} - p_j^{(t)})", "right"),
        (r"\frac{\partial p_i^{(t)}}{\partial o_j^{(t)}} = "
         r"p_i^{(t)} (\delta_{ij} - p_i^{(t)})", "wrong"),
        (r"p_j^{(t)} = \frac{e^{o_j^{(t)}}}{\sum_k e^{o_k^{(t)}}}", "right"),
        (r"z_j^{(t)} = \sum_i U_{ji} x_i^{(t)} + \sum_{i=1}^{n} W_{ji} h_i^{(t-1)} + b_j", "right"),
        (r"z_j^{(t)} = \sum_i U_{ji} x_i^{(t)} + \sum_i W_{ij} h_i^{(t-1)} + b_j", "wrong"),
        (r"\frac{\partial L}{\partial h_i^{(t)}} = \sum_k (p_k^{(t)} - y_k^{(t)}) V_{ki} + "
         r"\sum_j \frac{\partial L}{\partial z_j^{(t+1)}} W_{ji}", "right"),
        # Summed over what stands twice, as Einstein does; a single letter of its own says nothing.
        (r"\frac{\partial L^{(t)}}{\partial V_{ij}} = \frac{\partial L^{(t)}}{\partial o_k^{(t)}} "
         r"\frac{\partial o_k^{(t)}}{\partial V_{ij}}", "right"),
        (r"\frac{\partial L^{(t)}}{\partial c_j} = p_j^{(t)} - y_j^{(t)} + b_i - b_i", "undecided"),
        # The whole beside its entries.
        (r"\frac{\partial L^{(t)}}{\partial h_i^{(t)}} = "
         r"\sum_k (p_k^{(t)} - y_k^{(t)}) V_{ki} = V^\top (p^{(t)} - y^{(t)})", "right"),
    ],
)  # fmt: skip
def test_claims_about_entries(formula: str, expected: str) -> None:
    assert verdict(formula) == expected


@settings(deadline=None, max_examples=20)
@given(st.permutations("ij"), st.booleans(), st.integers(0, 2**20))
def test_entries_agree_with_numbers(order: list[str], squared: bool, seed: int) -> None:
    """A step's Jacobian in entries, against the outer arithmetic of NumPy."""
    rng = np.random.default_rng(seed)
    weights, h = rng.normal(size=(3, 3)), np.tanh(rng.normal(size=3))
    slope = 1 - h**2 if squared else 1 - h
    truth = np.diag(1 - h**2) @ weights
    written = slope[:, None] * (weights if order == ["j", "i"] else weights.T)
    power = "^2" if squared else ""
    formula = STEP + rf"(1 - (h_j^{{(t)}}){power}) W_{{{''.join(order)}}}"
    assert (verdict(formula) == "right") is bool(np.allclose(written, truth))


def test_claims_without_entries_stay_as_they_are() -> None:
    claim = read_claim(r"\frac{\partial L}{\partial c} = \sum_t (p^{(t)} - y^{(t)})^\top", MODEL)
    assert with_entries(claim) is claim


def test_definitions_unit_by_unit() -> None:
    found = in_text(UNITS_OF_A_CELL + f"$${STEP}(1 - (h_j^{{(t)}})^2) W_{{ji}}$$\n")
    assert [v for v, _ in found] == ["not_a_claim", "not_a_claim", "right"]
    assert r"\sum_" in found[0][1]  # as the text has it
    turned = UNITS_OF_A_CELL.replace("W_{j i}", "W_{i j}")
    found = in_text(turned + f"$${STEP}(1 - (h_j^{{(t)}})^2) W_{{ij}}$$\n")
    assert found[-1][0] == "right"


def test_real_time_recurrent_learning_with_steps_in_parentheses() -> None:
    cell = (
        "$$s_k(t) = \\sum_l w_{kl} y_l(t-1) + \\sum_l u_{kl} x_l(t)$$\n\n$$y_k(t) = f(s_k(t))$$\n\n"
        "$$E(t) = \\frac{1}{2} \\sum_k (d_k(t) - y_k(t))^2$$\n\n"
    )
    rule = (
        "$$\\frac{\\partial y_k(t)}{\\partial w_{ij}} = f'(s_k(t)) \\left[ \\sum_l w_{kl} "
        "\\frac{\\partial y_l(t-1)}{\\partial w_{ij}} + \\delta_{ik} y_j(t-1) \\right]$$\n\n"
    )
    error = (
        "$$\\frac{\\partial E(t)}{\\partial w_{ij}} = -\\sum_k (d_k(t) - y_k(t)) "
        "\\frac{\\partial y_k(t)}{\\partial w_{ij}}$$\n\n"
    )
    assert [v for v, _ in in_text(cell + rule + error)][3:] == ["right", "right"]
    slip = rule.replace("y_j(t-1) \\right", "y_i(t-1) \\right")
    assert in_text(cell + slip)[-1][0] == "wrong"


def test_a_case_that_the_sentence_before_speaks_of() -> None:
    text = UNITS_OF_A_CELL + (
        "$$o^{(t)} = V h^{(t)}$$\n\n$$L^{(t)} = \\frac12 \\| o^{(t)} - y^{(t)} \\|^2$$\n\n"
        "$$\\delta^{(t)}_k = \\frac{\\partial L^{(t)}}{\\partial h^{(k)}}$$\n\n"
    )
    formula = "$$\\delta^{(t)}_{k,i} = \\sum_j (o_j^{(t)} - y_j^{(t)}) V_{ji}$$\n\n"
    assert in_text(text + "If $k = t$, then\n\n" + formula)[-1][0] == "right"
    assert in_text(text + formula)[-1][0] != "right"


NETWORK = (
    "$$h_t = \\tanh(W_{hh} h_{t-1} + W_{xh} x_t + b)$$\n\n$$\\hat y_t = W_{hy} h_t$$\n\n"
    "$$L = \\sum_t L_t, \\quad L_t = \\frac12 \\|\\hat y_t - y_t\\|^2$$\n\n"
)
OF_A_STEP = [
    (r"\frac{\partial h_{t,i}}{\partial h_{t-1,j}}", r"(1 - h_{t,i}^2) %s"),
    (r"\frac{\partial h_{i,t}}{\partial h_{j,t-1}}", r"(1 - h_{i,t}^2) %s"),
    (r"\frac{\partial h_{t_i}}{\partial h_{{t-1}_j}}", r"(1 - h_{t_i}^2) %s"),
    (r"\frac{\partial h_i^t}{\partial h_j^{t-1}}", r"(1 - (h_i^t)^2) %s"),
    (r"\left[\frac{\partial h_t}{\partial h_{t-1}}\right]_{ij}", r"(1 - [h_t]_i^2) %s"),
    (r"\left(\frac{\partial h_t}{\partial h_{t-1}}\right)_{i,j}", r"(1 - (h_t)_i^2) %s"),
    (r"\frac{\partial h_{t,i}}{\partial h_{t-1,j}}", r"[\mathrm{diag}(1 - h_t^2)]_{ii} %s"),
]
WEIGHTS = ["W_{hh,%s}", "W_{hh,%s,%s}", "(W_{hh})_{%s}", "[W_{hh}]_{%s}"]


@pytest.mark.parametrize(("k", "left", "right"), [(k, *pair) for k, pair in enumerate(OF_A_STEP)])
def test_entries_of_what_has_a_label_and_of_groups(k: int, left: str, right: str) -> None:
    weight = WEIGHTS[k % len(WEIGHTS)]
    for at, expected in (("ij", "right"), ("ji", "wrong")):
        entry = weight % (tuple(at) if weight.count("%s") == 2 else at)
        text = f"{NETWORK}$${left} = {right % entry}$$\n"
        assert in_text(text)[-1][0] == expected, text


@pytest.mark.parametrize(
    ("formula", "expected"),
    [
        (r"\frac{\partial L_t}{\partial \hat y_{t_k}} = \hat y_{t_k} - y_{t_k}", "right"),
        (r"\frac{\partial L_t}{\partial \hat y_{t_k}} = y_{t_k} - \hat y_{t_k}", "wrong"),
        # a letter below a step may be a time of its own
        (r"\text{For } t_i < t_j: \quad \frac{\partial h_{t_j}}{\partial h_{t_i}} = 1",
         "undecided"),
        # below brackets it is the step of a share
        (r"\left(\frac{\partial L}{\partial W_{hy}}\right)_t = (\hat y_t - y_t) h_t^\top",
         "right"),
        (r"\left(\frac{\partial L}{\partial W_{hy}}\right)_t = (\hat y_t - y_t) h_{t-1}^\top",
         "wrong"),
    ],
)  # fmt: skip
def test_nested_scripts(formula: str, expected: str) -> None:
    found = in_text(f"{NETWORK}$${formula}$$\n")
    assert found[-1][0] == expected, found


@pytest.mark.parametrize(("weight", "expected"), [("W_{k_a}", "right"), ("W_{k_b}", "wrong")])
def test_labels_with_a_script_of_their_own_are_no_steps(weight: str, expected: str) -> None:
    text = "$$h_t = \\tanh(W_{k_a} h_{t-1} + W_{k_b} x_t)$$\n\n"
    slope = r"\frac{\partial h_t}{\partial h_{t-1}} = \mathrm{diag}(1 - h_t^2) "
    assert in_text(f"{text}$${slope}{weight}$$\n")[-1][0] == expected


def test_superscripts_of_two_names_label_weights() -> None:
    text = (
        "$$s_t = \\tanh(W^{sx} x_t + W^{ss} s_{t-1} + W_0^{ss})$$\n\n$$g_t = W^o s_t + W_0^o$$\n\n"
        "$$L = \\sum_t \\frac12 \\|g_t - y_t\\|^2$$\n\n"
    )
    for formula, expected in [
        (r"\frac{\partial s_t}{\partial s_{t-1}} = \mathrm{diag}(1 - s_t^2) W^{ss}", "right"),
        (r"\frac{\partial s_t}{\partial s_{t-1}} = \mathrm{diag}(1 - s_t^2) W^{sx}", "wrong"),
        (r"\frac{\partial L}{\partial W^o} = \sum_t (g_t - y_t) s_t^\top", "right"),
        (r"\frac{\partial L}{\partial W_0^o} = \sum_t (g_t - y_t)", "right"),
    ]:
        assert in_text(f"{text}$${formula}$$\n")[-1][0] == expected, formula


SIMPLE = (
    "$$s_t = \\tanh(U x_t + W s_{t-1})$$\n\n$$\\hat y_t = \\mathrm{softmax}(V s_t)$$\n\n"
    "Let $q_t = V s_t$ and $x = x(r)$.\n\n$$E_t = -y_{t_i} \\log \\hat y_{t_i}$$\n\n"
)


@pytest.mark.parametrize(
    ("formula", "expected"),
    [
        # letters that stand twice in a product of a sum are summed over
        (r"\frac{\partial E_t}{\partial V_{ij}} = \frac{\partial E_t}{\partial \hat y_{t_k}} "
         r"\frac{\partial \hat y_{t_k}}{\partial q_{t_l}} \frac{\partial q_{t_l}}{\partial V_{ij}}",
         "right"),
        (r"\frac{\partial E_t}{\partial W_{ij}} = (\hat y_{t_l} - y_{t_l}) V_{lm} \sum_{r=0}^t "
         r"\frac{\partial s_{t_m}}{\partial s_{r_n}} \frac{\partial s_{r_n}}{\partial W_{ij}}",
         "right"),
        (r"\frac{\partial E_t}{\partial W_{ij}} = (y_{t_l} - \hat y_{t_l}) V_{lm} \sum_{r=0}^t "
         r"\frac{\partial s_{t_m}}{\partial s_{r_n}} \frac{\partial s_{r_n}}{\partial W_{ij}}",
         "wrong"),
        # the other side tells how many units a Kronecker symbol counts
        (r"\frac{\partial q_{t_l}}{\partial V_{ij}} = \delta_{il} s_{t_j}", "right"),
        (r"\frac{\partial q_{t_l}}{\partial V_{ij}} = \delta_{jl} s_{t_i}", "undecided"),
        (r"\frac{\partial q_{t_l}}{\partial V_{ij}} = -\delta_{il} s_{t_j}", "wrong"),
        (r"\frac{\partial \hat y_{t_k}}{\partial q_{t_l}} = \left\{\begin{array}{lr} "
         r"-\hat y_{t_k} \hat y_{t_l}, & k \neq l \\ \hat y_{t_k}(1 - \hat y_{t_k}), & k = l "
         r"\end{array}\right.", "right"),
        (r"\frac{\partial \hat y_{t_k}}{\partial q_{t_l}} = \left\{\begin{array}{lr} "
         r"-\hat y_{t_k} \hat y_{t_l}, & k > l \\ \hat y_{t_k}(1 - \hat y_{t_k}), & k = l "
         r"\\ 1, & k < l \end{array}\right.", "unreadable"),
    ],
)  # fmt: skip
def test_a_derivation_by_entries(formula: str, expected: str) -> None:
    found = in_text(f"{SIMPLE}$${formula}$$\n")
    assert found[-1][0] == expected, found

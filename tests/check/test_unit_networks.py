"""Networks unit by unit in whatever letters: layers by the roles of the letters."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bptt_sym.check.audit import audit
from bptt_sym.documents.document import document_from_text
from bptt_sym.spelling.unit_layers import with_layers_for_units

ACCEPTED = ("right", "right_under_reading")


SENSITIVITY = (
    r"\frac{\partial y_k(t+1)}{\partial w_{ij}} = f'_k(s_k(t)) \left[ \sum_{l \in U} w_{kl} "
    r"\frac{\partial y_l(t)}{\partial w_{ij}} + \delta_{ik} z_j(t) \right]"
)


def verdicts(definitions: str, *claims: str) -> list[set[str]]:
    """The verdicts of each claim; one that is said of two layers has two."""
    lines = [f"$$ {line} $$" for line in definitions.strip().splitlines()]
    start = len(lines) * 2
    lines += [f"$$ {claim} $$" for claim in claims]
    found = audit(document_from_text("\n\n".join(lines) + "\n", "n.md"))
    out = [set[str]() for _ in claims]
    for entry in found:
        at = (entry.place.line - 1 - start) // 2
        if at >= 0:
            verdict = entry.verdict.verdict
            out[at].add("right" if verdict in ACCEPTED else verdict)
    return out


ELMAN = r"""
u_h(t) = \sum_{i=1}^{N} p_{hi} x_i(t) + \sum_{g=1}^{M} q_{hg} z_g(t-1)
z_h(t) = \tanh(u_h(t))
u_o(t) = \sum_{h=1}^{M} r_{oh} z_h(t)
z_o(t) = \sigma(u_o(t))
E = \frac{1}{2} \sum_{t=1}^{T} \sum_{o} (z_o(t) - y_o(t))^2
\delta_o(t) = \frac{\partial E}{\partial u_o(t)}
"""
BACK = (
    r"\delta_h(t) = (1 - z_h(t)^2) \left( \sum_o r_{oh} \delta_o(t) "
    r"+ \sum_g q_{gh} \delta_g(t+1) \right)"
)


def test_the_letter_of_a_unit_says_of_which_layer_it_is() -> None:
    claims = {
        r"\delta_o(t) = (z_o(t) - y_o(t))\, z_o(t) (1 - z_o(t))": "right",
        BACK: "right",
        r"\frac{\partial E}{\partial r_{oh}} = \sum_{t=1}^T \delta_o(t) z_h(t)": "right",
        r"\frac{\partial E}{\partial q_{hg}} = \sum_{t=1}^T \delta_h(t) z_g(t-1)": "right",
        r"\delta_o(t) = (y_o(t) - z_o(t))\, z_o(t) (1 - z_o(t))": "wrong",
        BACK.replace("q_{gh}", "q_{hg}"): "wrong",
        BACK.replace("(t+1)", "(t-1)"): "wrong",
        BACK.replace("1 - z_h(t)^2", "z_h(t) (1 - z_h(t))"): "wrong",
        r"\frac{\partial E}{\partial q_{hg}} = \sum_{t=1}^T \delta_h(t) z_g(t)": "wrong",
    }
    assert verdicts(ELMAN, *claims) == [{v} for v in claims.values()]


ONE_LETTER = r"""
s_j(t) = \sum_{i} w_{ij} x_i(t) + \sum_{h} w_{hj} y_h(t-1), \qquad y_j(t) = f(s_j(t))
s_k(t) = \sum_j w_{jk} y_j(t), \qquad y_k(t) = g(s_k(t))
E(t) = \frac12 \sum_k (d_k(t) - y_k(t))^2, \quad E = \sum_t E(t)
\delta_k(t) = -\frac{\partial E}{\partial s_k(t)} = (d_k(t) - y_k(t)) g'(s_k(t))
"""


def test_one_letter_for_every_weight_and_the_sign_of_a_chain() -> None:
    back = (
        r"\delta_j(t) = f'(s_j(t)) \Big[ \sum_k w_{jk} \delta_k(t) "
        r"+ \sum_h w_{jh} \delta_h(t+1) \Big]"
    )
    claims = {
        back: "right",
        r"\frac{\partial E}{\partial w_{jk}} = -\sum_t \delta_k(t) y_j(t)": "right",
        r"\frac{\partial E}{\partial w_{hj}} = -\sum_t \delta_j(t) y_h(t-1)": "right",
        r"\frac{\partial E}{\partial w_{ij}} = -\sum_t \delta_j(t) x_i(t)": "right",
        back.replace("w_{jh}", "w_{hj}"): "wrong",
        r"\frac{\partial E}{\partial w_{hj}} = \sum_t \delta_j(t) y_h(t-1)": "wrong",
        r"\frac{\partial E}{\partial w_{hj}} = -\sum_t \delta_j(t) y_h(t)": "wrong",
    }
    assert verdicts(ONE_LETTER, *claims) == [{v} for v in claims.values()]


EXAMPLES = r"""
net_j(t) = \sum_i x_i(t) v_{ji} + \sum_h y_h(t-1) u_{jh} + \theta_j
y_j(t) = f(net_j(t))
y_k(t) = g(net_k(t))
net_k(t) = \sum_j y_j(t) w_{kj} + \theta_k
C = \frac{1}{2} \sum_p \sum_k (d_{pk} - y_{pk})^2
\delta_{pk} = -\frac{\partial C}{\partial y_{pk}} \frac{\partial y_{pk}}{\partial net_{pk}}
"""


def test_a_letter_that_counts_examples_and_slopes_at_the_output_of_a_unit() -> None:
    back = r"\delta_{pj}(t-1) = \sum_h \delta_{ph}(t) u_{hj} f'(y_{pj}(t-1))"
    found = verdicts(
        EXAMPLES, r"\delta_{pj} = \sum_k \delta_{pk} w_{kj} f'(net_{pj})", back,
        back.replace("u_{hj}", "u_{jh}"), back.replace("{ph}(t)", "{ph}(t-1)"),
    )  # fmt: skip
    assert found[:2] == [{"right"}, {"right"}]
    assert not any("right" in v for v in found[2:])


JOINED = r"""
s_k(t) = \sum_{l \in U \cup I} w_{kl} z_l(t)
y_k(t+1) = f_k(s_k(t))
e_k(t) = d_k(t) - y_k(t)
J(t) = \frac{1}{2} \sum_{k \in U} [e_k(t)]^2
"""
INFLUENCE = (
    r"p_{ij}^k(t+1) = f'_k(s_k(t)) \left[ \sum_{l \in U} w_{kl} p_{ij}^l(t) "
    r"+ \delta_{ik} z_j(t) \right]"
)


def test_units_and_inputs_joined_in_one_vector() -> None:
    claims = {
        SENSITIVITY: "right",
        INFLUENCE: "right",
        "p_{ij}^k(t_0) = 0": "right",
        r"\frac{\partial J(t)}{\partial w_{ij}} = -\sum_{k \in U} e_k(t) p_{ij}^k(t)": "right",
        r"\frac{\partial J(t)}{\partial w_{ij}} = \sum_{k \in U} e_k(t) p_{ij}^k(t)": "wrong",
        INFLUENCE.replace("w_{kl}", "w_{lk}"): "wrong",
        INFLUENCE.replace("z_j(t)", "z_j(t+1)"): "wrong",
        INFLUENCE.replace(r"\delta_{ik}", r"\delta_{jk}"): "",
    }
    found = verdicts(JOINED, *claims)
    assert found[:-1] == [{v} for v in claims.values()][:-1]
    assert "right" not in found[-1]


def test_the_letter_of_a_sum_that_the_left_side_has_too() -> None:
    captured = SENSITIVITY.replace(r"\sum_{l \in U} w_{kl}", r"\sum_{i \in U} w_{ki}")
    captured = captured.replace("y_l", "y_i")
    found = verdicts(JOINED, captured, captured.replace("w_{ki}", "w_{ik}"), SENSITIVITY)
    assert found == [{"right"}, {"wrong"}, {"right"}]


@pytest.mark.parametrize(
    "lines",
    [
        # Sets of steps, names without units, gates by their letters.
        [r"h_t = \tanh(W h_{t-1} + U x_t)", r"L = \sum_{t \in \mathcal{T}} L_t"],
        [r"c_t = f_t c_{t-1} + i_t g_t", r"i_t = \sigma(W_{ii} x_t + W_{hi} h_{t-1})"],
        [r"z_r(t) = W_{xr} x(t) + W_{hr} h(t-1)", r"r(t) = \sigma(z_r(t))", r"\sum_t L(t)"],
        [r"a_i = \sum_j w_{ij} h_j", r"\delta_{ij}"],
    ],
)
def test_texts_that_give_no_such_network_stay_as_they_are(lines: list[str]) -> None:
    document = document_from_text("\n\n".join(f"$$ {line} $$" for line in lines), "n.md")
    out, names = with_layers_for_units(document.formulas)
    assert [f.latex for f in out] == [f.latex for f in document.formulas]
    assert names == {}


@settings(max_examples=15, deadline=None)
@given(st.permutations(list("abcghlmnqr")), st.booleans())
def test_letters_are_only_letters(letters: list[str], turned: bool) -> None:
    a, h, b = letters[:3]
    order = f"{b}{a}" if turned else f"{a}{b}"
    other = f"{a}{b}" if turned else f"{b}{a}"
    definitions = rf"""
net_{a}(t) = \sum_{h} v_{{{a}{h}}} x_{h}(t) + \sum_{b} u_{{{a}{b}}} y_{b}(t-1)
y_{a}(t) = \tanh(net_{a}(t))
"""
    left = rf"\frac{{\partial y_{a}(t)}}{{\partial y_{b}(t-1)}} = (1 - y_{a}(t)^2) u_"
    found = verdicts(definitions, left + f"{{{order}}}", left + f"{{{other}}}")
    assert found == ([{"wrong"}, {"right"}] if turned else [{"right"}, {"wrong"}])

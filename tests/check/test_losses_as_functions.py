r"""Losses of a step written as functions, under labels and words, at steps of any letter."""

from __future__ import annotations

import pytest

from bptt_sym.decide.identity import Arena
from bptt_sym.decide.search import Search
from bptt_sym.errors import UnboundName
from bptt_sym.read import read_claim, recurrence_from_latex
from tests.check.audited import judged, of_claims, shown

CELL = shown(r"s_t = \tanh(U x_t + W s_{t-1})", r"g_t = V s_t")


@pytest.mark.parametrize("step", ["t", "u", "k", "i", "j", "s", "l", "m", "q", r"\tau"])
def test_a_sum_over_the_steps_may_have_any_letter(step: str) -> None:
    cell = shown(r"h_t = \tanh(U x_t + W h_{t-1})", r"y_t = V h_t")
    right = (
        rf"\frac{{\partial L}}{{\partial W}} = \sum_{{{step}=1}}^T "
        rf"\frac{{\partial L_{{{step}}}}}{{\partial W}}"
    )
    assert of_claims(cell + shown(right)) == ["right"]
    assert of_claims(cell + shown(right.replace("= \\sum", "= -\\sum"))) != ["right"]


@pytest.mark.parametrize("loss", [
    r"\mathcal{L}_u(g_u, y_u)", r"\mathcal{L}_{elt}(g_u, y_u)", r"\mathcal{L}_\text{elt}(g_u, y_u)",
    r"\mathcal{L}_{\mathrm{step}}\left(g_u, y_u\right)",
])  # fmt: skip
@pytest.mark.parametrize("whole", [r"\mathcal{L}", r"\mathcal{L}(g, y)", r"\mathcal{L}_{seq}(g, y)",
                                   r"\mathcal{L}_\text{seq}"])  # fmt: skip
def test_the_loss_of_a_step_as_a_function(loss: str, whole: str) -> None:
    right = rf"\frac{{d {whole}}}{{d W}} = \sum_{{u=1}}^T \frac{{d {loss}}}{{d W}}"
    wrong = right.replace("g_u", "g_v").replace("y_u", "y_v").replace("L}_u(", "L}_v(")
    assert of_claims(CELL + shown(right)) == ["right"]
    assert of_claims(CELL + shown(wrong)) != ["right"]


def test_the_function_stays_where_the_text_says_what_the_loss_is() -> None:
    text = CELL + shown(r"L = \sum_{t=1}^T \ell(g_t, y_t)")
    text += shown(r"\frac{\partial L}{\partial g_t} = g_t - y_t")
    assert "squared" in "".join(judged(text)[-1].verdict.assumptions)


@pytest.mark.parametrize("last", ["m", "n", "l", "K", "N"])
@pytest.mark.parametrize("weight", ["W", "W_{h}", "W^{hh}", "W^{(hh)}", r"W_{\mathrm{rec}}"])
def test_the_last_step_of_a_loss_may_have_any_letter(last: str, weight: str) -> None:
    text = shown(
        rf"h_t = \tanh(W^{{hx}} x_t + {weight} h_{{t-1}} + b)", rf"L = \sum_{{t=1}}^{last} L_t",
        rf"\frac{{\partial L}}{{\partial {weight}}} = "
        rf"\sum_{{t=1}}^{last} \frac{{\partial L_t}}{{\partial {weight}}}",
    )  # fmt: skip
    assert of_claims(text) == ["right"]


def test_a_search_that_broke_off_breaks_off_again() -> None:
    rec = recurrence_from_latex(["h_t = \\tanh(w h_{t-1} + x_t)", "L = \\sum_{t=1}^m h_t"])
    claim = read_claim(r"\frac{\partial L}{\partial w} = \frac{\partial L}{\partial w}", rec)
    arena = Arena.of(rec)
    for _ in range(2):
        with pytest.raises(UnboundName, match="index m"):
            list(Search.of(claim, arena))


def _carried(delta: str, later: str = "") -> str:
    before = delta.replace("s_t", "s_{t-1}")
    return shown(
        rf"{before} = \frac{{\partial s_t}}{{\partial s_{{t-1}}}}"
        rf"\left[\frac{{\partial L_t}}{{\partial s_t}} + {later}{delta}\right]"
    )


@pytest.mark.parametrize("delta", [r"\delta_{s_t}", r"\delta^{s_t}"])
def test_marks_may_be_gradients_of_later_losses(delta: str) -> None:
    found = judged(CELL + _carried(delta))[-1].verdict
    assert found.is_right and "later steps alone" in " ".join(found.readings)
    assert of_claims(CELL + _carried(delta, "2"))[-1] != "right"
    given = shown(rf"{delta} = \frac{{\partial L}}{{\partial s_t}}", r"L = \sum_t L_t")
    assert of_claims(CELL + given + _carried(delta))[-1] != "right"


@pytest.mark.parametrize("loss", ["Loss", r"\mathrm{Loss}", "loss", "Cost"])
def test_a_word_for_the_loss(loss: str) -> None:
    right = (
        rf"\frac{{\partial {loss}_t}}{{\partial W}} = "
        rf"\frac{{\partial {loss}_t}}{{\partial s_t}} \frac{{\partial s_t}}{{\partial W}}"
    )
    assert of_claims(CELL + shown(right)) == ["right"]
    assert of_claims(CELL + shown(right.replace("_t}{\\partial W", "_{t-1}}{\\partial W"))) != [
        "right"
    ]


def test_the_immediate_derivative_under_a_small_delta() -> None:
    right = (
        r"\frac{\delta L_t}{\delta W} = \sum_{k=1}^t \frac{\delta L_t}{\delta s_t}"
        r"\frac{\delta s_t}{\delta s_k} \frac{\delta^+ s_k}{\delta W}"
    )
    assert of_claims(CELL + shown(right)) == ["right"]
    assert of_claims(CELL + shown(right.replace(r"\sum_{k=1}^t", r"\sum_{k=1}^{t-1}"))) == ["wrong"]


@pytest.mark.parametrize("loss", [r"\ell", r"\mathcal{L}", "E"])
@pytest.mark.parametrize("step", ["t", "u"])
def test_the_function_that_says_what_the_loss_is_is_differentiated(loss: str, step: str) -> None:
    cell = CELL + shown(rf"L = \sum_{{t=1}}^T {loss}(g_t, y_t)")
    right = (
        r"\frac{\partial L}{\partial W} = \sum_{STEP=1}^T "
        r"\frac{\partial LOSS(g_{STEP}, y_{STEP})}{\partial W}"
    ).replace("STEP", step).replace("LOSS", loss)  # fmt: skip
    assert of_claims(cell + shown(right)) == ["right"]
    assert of_claims(cell + shown(right.replace("= \\sum", "= 2 \\sum"))) == ["wrong"]


@pytest.mark.parametrize("word", ["Lastly", "Finally", "At last"])
def test_a_letter_of_units_is_not_that_of_the_last_step(word: str) -> None:
    text = shown(r"s_t = \tanh(U x_t + W s_{t-1})")
    text += "An index that is free: $v_m = A_{mn} u_n$.\n\n"
    text += f"{word}, $q_t=Vs_t$, so $q_{{t_l}}=V_{{l m}}s_{{t_m}}$.\n\n"
    slope = r"\frac{\partial q_{t_l}}{\partial s_{t_m}} = V_{lm}"
    assert of_claims(text + shown(slope))[-1] == "right"
    assert of_claims(text + shown(slope.replace("V_{lm}", "V_{ml}")))[-1] != "right"

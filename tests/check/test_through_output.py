r"""An LSTM whose text carries :math:`\partial E/\partial h_t` back, and no gradient by the cell."""

from __future__ import annotations

import pytest

from tests.check.audited import judged, last, shown, verdicts

CELL = shown(
    r"z_{f,t} = W_f h_{t-1} + U_f x_t + b_f", r"z_{i,t} = W_i h_{t-1} + U_i x_t + b_i",
    r"z_{\bar{c},t} = W_c h_{t-1} + U_c x_t + b_c", r"z_{o,t} = W_o h_{t-1} + U_o x_t + b_o",
    r"f_t = \sigma(z_{f,t})", r"i_t = \sigma(z_{i,t})", r"o_t = \sigma(z_{o,t})",
    r"\bar{c}_t = \tanh(z_{\bar{c},t})", r"c_t = f_t \circ c_{t-1} + i_t \circ \bar{c}_t",
    r"h_t = o_t \circ \tanh(c_t)",
)  # fmt: skip
DELTA = shown(r"\delta_t = \frac{\partial E}{\partial h_t}")
NAMES = shown(
    *(rf"\delta_{{{g},t}} = \frac{{\partial E}}{{\partial z_{{{g},t}}}}" for g in ("f", "i", "o")),
    r"\delta_{\bar{c},t} = \frac{\partial E}{\partial z_{\bar{c},t}}",
)
SLOPE = r"o_t \circ (1 - \tanh(c_t)^2)"
PARTS = {
    "f": rf"{SLOPE} \circ c_{{t-1}} \circ f_t \circ (1 - f_t)",
    "i": rf"{SLOPE} \circ \bar{{c}}_t \circ i_t \circ (1 - i_t)",
    r"\bar{c}": rf"{SLOPE} \circ i_t \circ (1 - \bar{{c}}_t^2)",
    "o": r"\tanh(c_t) \circ o_t \circ (1 - o_t)",
}


@pytest.mark.parametrize(("turned", "first"), [("", True), ("^T", False), (r"^\top", True)])
def test_gradients_inside_the_cell_follow_the_output(turned: str, first: bool) -> None:
    text = (DELTA + CELL if first else CELL + DELTA) + NAMES
    claims = [rf"\delta_{{{g},t}}{turned} = \delta_t{turned} \circ {PARTS[g]}" for g in PARTS]
    for gate, entry in zip(PARTS, judged(text + shown(*claims))[-4:], strict=True):
        assert entry.verdict.is_right
        said = any("through the output" in r for r in entry.verdict.readings)
        assert said == (gate != "o")


@pytest.mark.parametrize(
    ("old", "new"), [("o_t", "i_t"), (r"\tanh(c_t)", r"\tanh(c_{t-1})"), ("1 - ", "1 + ")]
)
def test_another_factor_is_another_gradient(old: str, new: str) -> None:
    claims = [rf"\delta_{{{g},t}} = \delta_t \circ {PARTS[g].replace(old, new, 1)}" for g in PARTS]
    found = verdicts(DELTA + CELL + NAMES + shown(*claims))[-4:]
    assert set(found) <= {"wrong", "undecided"}


def test_the_step_before_from_all_four() -> None:
    terms = [
        rf"\delta_{{{g},t}}^T \frac{{\partial z_{{{g},t}}}}{{\partial h_{{t-1}}}}" for g in PARTS
    ]
    left = r"\delta_t^T \frac{\partial h_t}{\partial h_{t-1}}"
    text = DELTA + CELL + NAMES
    assert last(text + shown(f"{left} = {' + '.join(terms)}")) == "right"
    assert last(text + shown(f"{left} = {' + '.join(terms[1:])}")) != "right"
    short = [rf"\delta_{{{g},t}}^T W_{g[-2:-1] if g[0] == chr(92) else g}" for g in PARTS]
    assert last(text + shown(f"{left} = {' + '.join(short)}")) == "right"


def test_a_text_with_a_gradient_by_the_cell_means_all_of_it() -> None:
    cell = shown(r"\frac{\partial E}{\partial c_{t-1}} = \frac{\partial E}{\partial c_t} \circ f_t")
    claim = shown(rf"\frac{{\partial E}}{{\partial z_{{f,t}}}} = \delta_t \circ {PARTS['f']}")
    assert last(CELL + DELTA + claim) == "right"
    assert last(CELL + DELTA + cell + claim) == "wrong"
    whole = r"\frac{\partial E}{\partial c_t} \circ c_{t-1} \circ f_t \circ (1 - f_t)"
    assert (
        last(CELL + DELTA + shown(rf"\frac{{\partial E}}{{\partial z_{{f,t}}}} = {whole}"))
        == "right"
    )


@pytest.mark.parametrize("accent", [r"\bar{c}", r"\tilde{c}", r"\overline{c}", r"\bar c"])
def test_the_label_of_the_candidate_may_have_an_accent(accent: str) -> None:
    text = CELL.replace(r"\bar{c},t", f"{accent},t") + shown(
        rf"\frac{{\partial z_{{{accent},t}}}}{{\partial h_{{t-1}}}} = W_c",
        rf"\frac{{\partial z_{{{accent},t}}}}{{\partial h_{{t-1}}}} = W_f",
    )
    assert verdicts(text)[-2:] == ["right", "wrong"]


def test_a_label_with_and_one_without_an_accent_stay_two() -> None:
    text = shown(
        r"z_{c,t} = A h_{t-1} + x_t", r"z_{\bar{c},t} = B h_{t-1} + x_t",
        r"h_t = \tanh(z_{c,t}) + \tanh(z_{\bar{c},t})",
        r"\frac{\partial z_{c,t}}{\partial h_{t-1}} = B",
    )  # fmt: skip
    assert last(text) != "right"


def test_a_gradient_named_before_any_equation_keeps_its_name() -> None:
    tail = shown(r"\frac{\partial E}{\partial o_t} = \delta_t \circ \tanh(c_t)")
    assert last(DELTA + CELL + tail) == "right"
    assert last(DELTA + CELL + tail.replace("tanh(c_t)", "tanh(c_{t-1})")) == "wrong"

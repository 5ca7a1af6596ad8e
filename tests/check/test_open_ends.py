r"""Chain rules that end in dots, gates joined behind their equations, fonts over derivatives."""

from __future__ import annotations

from itertools import pairwise

import pytest

from tests.check.audited import judged, verdicts

NET = r"$h_t = \tanh(W h_{t-1} + U x_t)$ and $L = \sum_{t=1}^T L_t(h_t)$." "\n\n"


def d(*parts: str) -> str:
    """A product of derivatives: ``d("h_t", "h_{t-1}", "W")`` is that of h_t by h_{t-1}, by W."""
    return " ".join(rf"\frac{{\partial {a}}}{{\partial {b}}}" for a, b in pairwise(parts))


ONE, TWO, THREE = (
    d(*("h_t", "h_{t-1}", "h_{t-2}")[:n], "W") for n in (1, 2, 3)
)
SKIPPED = d("h_t", "h_{t-1}") + " " + d("h_{t-2}", "W")


@pytest.mark.parametrize(
    ("sum_", "expected"),
    [
        (rf"{ONE} + {TWO} + {THREE} + \dots", "right"),
        (rf"{ONE} + {TWO} + \cdots", "right"),
        # The first term is missing.
        (rf"{TWO} + {THREE} + \dots", "wrong"),
        # No pattern, and a sum that says nothing of its rest.
        (rf"{ONE} + {SKIPPED} + \dots", "not_a_claim"),
        (rf"{TWO} + {ONE} + \dots", "not_a_claim"),
        (rf"{ONE} + \dots", "not_a_claim"),
    ],
)
@pytest.mark.parametrize("before", ["", "L_t"])
def test_a_chain_that_goes_on_ends_at_the_first_step(
    sum_: str, expected: str, before: str
) -> None:
    left = d(before or "h_t", "W")
    terms = sum_.split(" + ")
    right = " + ".join(d("L_t", "h_t") + t if before and "dots" not in t else t for t in terms)
    assert verdicts(NET + f"$${left} = {right}$$")[-1] == expected


def test_it_may_end_with_a_bracket() -> None:
    inner = rf"\left({ONE} + {TWO} + {THREE} + ...\right)".replace("W", "U")
    claim = rf"{d('L', 'U')} = \sum_{{t=1}}^T {d('L_t', 'h_t')} {inner}"
    assert verdicts(NET + f"$${claim}$$")[-1] == "right"
    assert verdicts(NET + f"$${claim.replace('t=1', 't=2')}$$")[-1] == "wrong"


ON = [d("h_{t+1}", "h_t"), d("h_{t+2}", "h_{t+1}")]
LATER = [d(f"L_{{t{k}}}", f"h_{{t{k}}}") for k in ("", "+1", "+2")]
WAYS = [
    LATER[0], f"{LATER[1]} {ON[0]}", f"{LATER[2]} {ON[1]} {ON[0]}",
]  # fmt: skip


@pytest.mark.parametrize(
    ("terms", "expected"),
    [
        ([d(f"L_{{t{k}}}", "h_t") for k in ("", "+1", "+2")], "right"),
        ([d(f"L_{{t{k}}}", "h_t") for k in ("+1", "+2", "+3")], "wrong"),
        (WAYS, "right"),
        (WAYS[:2], "right"),
        # From the state on, transposed, and as Jacobians with the rows and columns exchanged.
        ([LATER[0], f"({ON[0]})^T {LATER[1]}", f"({ON[0]})^T ({ON[1]})^T {LATER[2]}"], "right"),
        ([LATER[0], f"{ON[0]} {LATER[1]}", f"{ON[0]} {ON[1]} {LATER[2]}"], "right"),
        # The loss of the step itself is missing; a step is left out; one stands twice.
        (WAYS[1:], "not_a_claim"),
        ([LATER[0], f"{LATER[1]} {ON[0]}", f"{LATER[2]} {ON[1]}"], "not_a_claim"),
        ([LATER[0], f"{LATER[1]} {ON[0]}", f"{LATER[2]} {ON[0]} {ON[0]}"], "not_a_claim"),
        ([f"2 {LATER[0]}", *WAYS[1:]], "not_a_claim"),
    ],
)
def test_the_losses_of_later_steps_go_on_to_the_last(terms: list[str], expected: str) -> None:
    claim = f"$${d('L', 'h_t')} = {' + '.join(terms)} + \\ldots$$"
    found = verdicts(NET + claim)[-1]
    assert found == expected or (expected == "not_a_claim" and found in ("unreadable", "undecided"))


@pytest.mark.parametrize(
    ("last", "expected"),
    [("L_{t+k}", "right"), ("L_{t+k+1}", "wrong")],
)
def test_a_run_of_steps_may_end_in_the_loss_of_its_last_state(last: str, expected: str) -> None:
    left = r"\frac{\partial}{\partial h_t} L_{t+k}"
    claim = rf"$${left} = {ON[0]} \cdot {ON[1]} \cdots {d(last, 'h_{t+k}')}$$"
    assert verdicts(NET + claim)[-1] == expected
    short = rf"$${left} = {ON[1]} \cdots {d(last, 'h_{t+k}')}$$"
    assert verdicts(NET + short)[-1] != "right"


GATES = (
    r"\begin{aligned} & i_t = \sigma(U_i x_t + W_i h_{t-1})"
    r" \\ & f_t = \sigma(U_f x_t + W_f h_{t-1}) \\ & o_t = \sigma(U_o x_t + W_o h_{t-1})"
    r" \\ & g_t = \tanh(U_g x_t + W_g h_{t-1}) \end{aligned} \quad \Rightarrow \quad"
    r" \begin{pmatrix} i_t \\ f_t \\ o_t \\ g_t \end{pmatrix} ="
    r" \begin{pmatrix} \sigma \\ \sigma \\ \sigma \\ \tanh \end{pmatrix}"
    "\n(U x_t + W h_{t-1})"
)  # fmt: skip
CELL = (
    r"$$c_t = f_t \odot c_{t-1} + i_t \odot g_t$$" "\n\n" r"$$h_t = o_t \odot \tanh(c_t)$$" "\n\n"
)  # fmt: skip


def test_gates_that_are_joined_behind_their_equations_are_not_defined_again() -> None:
    claim = r"$$\frac{\partial g_t}{\partial h_{t-1}} = \mathrm{diag}(1 - g_t^2) W_%s$$"
    found = judged(f"$${GATES}$$\n\n{CELL}" + claim % "g" + "\n\n" + claim % "i")
    told = [j.verdict.verdict.replace("_under_reading", "") for j in found]
    assert told == [*["not_a_claim"] * (len(told) - 2), "right", "wrong"]


@pytest.mark.parametrize(
    ("plain", "written"),
    [
        (r"\partial W", r"\mathcal{\partial W}"),
        (r"\partial h_t", r"\mathcal{\partial h_{t}}"),
        (r"\mathcal{E}(h_t)", r"\mathcal{E(h_t)}"),
    ],
)
def test_a_font_is_over_a_letter(plain: str, written: str) -> None:
    text = (
        r"$$h_t = \tanh(W h_{t-1} + U x_t)$$" "\n\n" r"$$L = \sum_{t=1}^T \mathcal{E}(h_t)$$" "\n\n"
        r"$$\frac{\partial L}{\partial W} = \sum_{t=1}^T \frac{\partial L}{\partial h_t} %s$$"
    )  # fmt: skip
    right = text % r"\frac{\partial^+ h_t}{\partial W}"
    wrong = text % r"\frac{\partial^+ h_{t-1}}{\partial W}"
    for given, expected in ((right, "right"), (wrong, "wrong")):
        respelt = given.replace(plain, written)
        assert respelt != given or "h_{t-1}" in given
        assert verdicts(respelt) == verdicts(given)
        assert verdicts(respelt)[-1] == expected


@pytest.mark.parametrize(
    "words", ["It could be applied in a different way:", "Alternatively,", "Some authors write"]
)
def test_what_others_do_does_not_replace_what_is_displayed(words: str) -> None:
    text = (
        r"$$x_t = W \sigma(x_{t-1}) + U u_t + b$$" "\n\n"
        rf"{words} $x_t = \sigma(W x_{{t-1}} + U u_t)$." "\n\n"
        r"$$\frac{\partial x_t}{\partial x_{t-1}} = W \mathrm{diag}(\sigma'(%s))$$"
    )  # fmt: skip
    assert verdicts(text % "x_{t-1}")[-1] == "right"
    assert verdicts(text % "x_t")[-1] != "right"

r"""The loss of a step for the losses of all, a mark lost above a fraction, and words in bold."""

from __future__ import annotations

from tests.check.audited import judged, of_claims, shown

CELL = (
    "- $\\mathbf{z_t} = \\mathbf{U}\\mathbf{x_t} + \\mathbf{W}\\mathbf{h_{t-1}}$\n"
    "- $\\mathbf{h_t} = \\tanh(\\mathbf{z_t})$\n- $\\mathbf{y_t} = \\mathbf{V}\\mathbf{h_t}$\n"
    "- $\\mathbf{p_t} = \\text{softmax}(\\mathbf{y_t})$\n"
    "- $\\mathbf{J_t} = \\text{crossentropy}(\\mathbf{p_t}, \\mathbf{\\text{labels}})$\n\n"
)


def d(of: str, by: str) -> str:
    return rf"\frac{{\partial \mathbf{{{of}}}}}{{\partial \mathbf{{{by}}}}}"


def test_the_loss_of_a_step_for_that_of_all() -> None:
    whole = rf"{d('J_t', 'W')} = \sum_t {d('J_t', 'W')}"
    all_three = f"{whole} = {d('J_3', 'W')} + {d('J_2', 'W')} + {d('J_1', 'W')}"
    assert of_claims(CELL + shown(whole, all_three)) == ["right", "right"]
    assert of_claims(CELL + shown(all_three.replace("+", "-", 1))) == ["wrong"]
    total = shown(whole.replace("J_t", "J", 1))
    assert [j.verdict.readings for j in judged(CELL + total)][-1] == ()
    for slip in (
        f"{whole} = {d('J_3', 'W')} + {d('J_2', 'W')}",
        f"{whole} = {d('J_4', 'W')} + {d('J_2', 'W')} + {d('J_1', 'W')}",
        rf"{d('J_t', 'W')} = \sum_t {d('J_{t-1}', 'W')}",
        rf"{d('J_t', 'W')} = \sum_t {d('J_t', 'U')}",
        rf"{d('J_t', 'W')} = \sum_k {d('J_t', 'W')}",
    ):
        assert of_claims(CELL + shown(whole, slip))[-1] != "right", slip


def test_targets_that_are_words_in_bold() -> None:
    seen = r"(\mathbf{p_t} - \mathbf{\text{labels}_t})"
    signs = seen.replace(r"\mathbf{p_t} - \mathbf{\text{labels}_t}",
                         r"\text{labels}_t - \mathbf{p_t}")  # fmt: skip
    text = CELL + shown(
        rf"{d('J_t', 'y_t')} = {seen}", rf"{d('J_t', 'V')} = {seen} \mathbf{{h_t}}^T",
        rf"{d('J_t', 'V')} = {signs} \mathbf{{h_t}}^T",
    )  # fmt: skip
    assert of_claims(text) == ["right", "right", "wrong"]


def test_the_upper_mark_of_a_fraction_is_lost() -> None:
    text = CELL + shown(
        r"\frac{\mathbf{z_t}}{\partial \mathbf{h_{t-1}}} = \mathbf{W}",
        r"\frac{\mathbf{z_t}}{\partial \mathbf{h_{t-1}}} = \mathbf{U}",
    )  # fmt: skip
    assert of_claims(text) == ["right", "wrong"]


def test_the_loss_as_a_function_of_what_stands_at_the_last_step() -> None:
    cell = shown(r"h_t = f(U x_t + W h_{t-1})", r"o_t = g(V h_t)")
    loss = r"L(y_\tau, o_\tau)"
    right = (
        rf"\frac{{\partial L}}{{\partial W}} = \frac{{\partial {loss}}}{{\partial W}} = "
        rf"\frac{{\partial {loss}}}{{\partial o_\tau}} \frac{{\partial o_\tau}}{{\partial h_\tau}} "
        r"\frac{\partial h_\tau}{\partial W}"
    )
    wrong = right.replace(r"h_\tau}{\partial W}", r"h_\tau}{\partial U}")
    assert of_claims(cell + shown(right)) == ["right"]
    assert of_claims(cell + shown(right, wrong))[1] != "right"


def test_an_arrow_in_two_characters() -> None:
    cell = shown(r"h_t = \tanh(W h_{t-1} + U x_t)", r"y_t = V h_t")
    assert of_claims(cell + "There are $h_t->h_{t+1}$ and $h_t -> y_t$.") == []
    limit = "If $|w| < 1$, then $\\frac{\\partial h_T}{\\partial h_1} --> 0$ as $T --> \\infty$"
    scalar = shown(r"h_t = \tanh(w h_{t-1} + u x_t)")
    assert of_claims(scalar + limit) == of_claims(scalar + limit.replace("-->", r"\to"))

r"""What a text leaves open is supposed once, and a sentence that goes on with "plus" says more."""

from __future__ import annotations

import pytest

from bptt_sym.check.audit import audit
from bptt_sym.documents.document import document_from_text
from tests.check.audited import of_claims, verdicts

STATE = (
    "Let f be the activation.\n\n$$z_t = W h_{t-1} + U x_t$$\n\n$$h_t = f(z_t)$$\n\n"
    "$$o_t = V h_t$$\n\n"
)
ALL_PATHS = (
    r"\frac{\partial L}{\partial h_t} = V^\top \frac{\partial L_t}{\partial o_t}"
    r" + W^\top (f'(z_{t+1}) \odot \frac{\partial L}{\partial h_{t+1}})"
)
ONE_PATH = (
    r"\frac{\partial L}{\partial h_t} = W^\top"
    r" (f'(z_{t+1}) \odot \frac{\partial L}{\partial h_{t+1}})"
)
ADDED = r"\frac{\partial L}{\partial V} = \sum_{t=1}^T \frac{\partial L_t}{\partial o_t} h_t^\top"


def judged(*claims: str, before: str = STATE) -> list[str]:
    text = before + "\n\n".join(f"$${c}$$" for c in claims)
    return [v for v in verdicts(text) if v != "not_a_claim"]


def test_a_formula_that_needs_another_loss_than_the_others_is_not_right() -> None:
    assert judged(ALL_PATHS, ADDED, ONE_PATH) == [
        "right", "right", "undecided",
    ]  # fmt: skip


def test_neither_of_two_that_exclude_each_other_is_right() -> None:
    assert judged(ALL_PATHS, ONE_PATH) == ["undecided", "undecided"]


def test_alone_it_may_rest_on_what_it_needs() -> None:
    assert judged(ONE_PATH) == ["right"]


def test_the_note_says_what_each_needs() -> None:
    text = STATE + f"$${ALL_PATHS}$$\n\n$${ADDED}$$\n\n$${ONE_PATH}$$"
    (note,) = [j.verdict.note for j in audit(document_from_text(text, "n.md")) if j.verdict.note
               and "other formulas" in j.verdict.note]  # fmt: skip
    assert "L is a loss of the last step" in note
    assert "L is the sum of the losses of the steps" in note


SUMMED = r"\frac{\partial L}{\partial W} = \sum_{t=1}^T \frac{\partial L_t}{\partial W}"


@pytest.mark.parametrize("target", [r"\kappa(t)", r"\kappa_t", "q(t)"])
def test_a_loss_with_an_argument_that_is_not_understood_accuses_nobody(target: str) -> None:
    before = STATE + rf"$$L = \sum_{{t=1}}^T L_t(o_t, {target})$$" + "\n\n"
    assert "wrong" not in judged(SUMMED, ADDED, before=before)


BOXED = (
    "Let f be the activation.\n\n$$z[k] = W h[k-1] + U x[k]$$\n\n$$h[k] = f(z[k])$$\n\n"
    r"$$\hat y[k] = \mathrm{softmax}(V h[k])$$" "\n\n"
    r"$$L = -\sum_{k=1}^K \tau[k]^\top \log \hat y[k]$$" "\n\n"
    r"$$\frac{\partial L}{\partial V} = \sum_{k=1}^K (\hat y[k] - \tau[k]) h[%s]^\top$$"
)  # fmt: skip


@pytest.mark.parametrize(("step", "expected"), [("k", "right"), ("k-1", "wrong")])
def test_what_has_its_step_in_square_brackets_throughout_runs(step: str, expected: str) -> None:
    assert verdicts(BOXED % step)[-1] == expected


NET = r"The network is $h_t = \tanh(W h_{t-1} + U x_t)$, $L = \sum_t \ell(h_t)$." "\n\n"
PART = (
    r"\frac{\partial L}{\partial W} = \frac{\partial \ell_T}{\partial h_T}"
    r" \frac{\partial h_T}{\partial W}"
)


@pytest.mark.parametrize(
    "text",
    [
        f"So ${PART}$ plus what the earlier losses give.",
        f"So ${PART}$ + further terms.",
        f"So ${PART}$, plus terms from the losses before.",
        f"So\n$$\n{PART}\n$$\nplus what the earlier losses give.",
        f"So\n$$\n{PART},\n$$\n\nplus the earlier losses.",
        f"Also ${PART}$ плюс остальное.",
    ],
)
def test_a_sentence_that_goes_on_with_plus_has_said_only_a_part(text: str) -> None:
    assert set(verdicts(NET + text)) == {"not_a_claim"}


@pytest.mark.parametrize(
    "text", [f"So ${PART}$.", f"So ${PART}$ and more.", f"$${PART}$$\n\nMore."]
)
def test_a_sentence_that_ends_has_said_it_all(text: str) -> None:
    assert verdicts(NET + text)[-1] == "wrong"


NUMBERS = r"""$$h_t = \tanh(\Theta h_{t-1} + \Phi x_t)$$

$$\frac{\partial h_t}{\partial \Phi} =
(1-h_t^2)(x_t + \Theta \frac{\partial h_{t-1}}{\partial \Phi})$$

"""
POWERS = r"$$\frac{\partial h_T}{\partial h_k} = \Theta^{T-k} \prod_{i=k+1}^{T} (1-h_i^2)$$"


def test_what_holds_for_numbers_is_not_wrong_where_others_hold_for_numbers_only() -> None:
    assert verdicts(NUMBERS + POWERS)[1:] == ["right", "undecided"]
    assert verdicts(NUMBERS + POWERS.replace("T-k", "T-k-1"))[1:] == ["right", "wrong"]
    vectors = r"$$\frac{\partial h_t}{\partial h_{t-1}} = \mathrm{diag}(1-h_t^2) \Theta$$" + "\n\n"
    assert verdicts(NUMBERS + vectors + POWERS)[-1] == "wrong"


def test_another_recurrence_may_have_another_loss() -> None:
    first = (
        r"$$h_t = \tanh(V h_{t-1} + U x_t)$$" "\n\n"
        r"$$\frac{\partial L}{\partial L_t} = 1$$" "\n\n"
    )
    other = "## Without activations\n\n" r"$$h_t = W h_{t-1}$$" "\n\n"
    last = r"$$\frac{\partial L}{\partial h_0} = (W^\top)^T \frac{\partial L}{\partial h_T}$$"
    assert of_claims(first + other + last) == ["right"] * 2
    same = last.replace(r"(W^\top)^T", r"\frac{\partial h_T}{\partial h_0}")
    assert of_claims(first + same) != ["right"] * 2

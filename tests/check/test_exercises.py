"""What solutions of exercises write: differentials, entries above, signs set as text."""

from __future__ import annotations

from bptt_sym.check.audit import audit
from bptt_sym.documents.document import document_from_text
from bptt_sym.spelling.signs_in_text import with_signs_for_text

ACCEPTED = ("right", "right_under_reading")
NETWORK = (
    r"h_t = \tanh(a_t), \qquad a_t = W h_{t-1} + U x_t + b",
    r"\hat y_t = V h_t, \qquad L = \sum_{t=1}^T \frac12 \|\hat y_t - y_t\|^2",
)


def verdicts(definitions: tuple[str, ...], *claims: str) -> list[list[str]]:
    text = "\n\n".join(f"$$ {f} $$" for f in (*definitions, *claims))
    out: list[list[str]] = [[] for _ in claims]
    for e in audit(document_from_text(text, "n.md")):
        at = (e.place.line - 1) // 2 - len(definitions)
        if at >= 0:
            out[at].append("right" if e.verdict.verdict in ACCEPTED else e.verdict.verdict)
    return out


def test_a_differential_tells_a_gradient() -> None:
    trace = r"dL = \sum_t (\hat y_t - y_t)^\top dV\, h_t = \operatorname{tr}\left( A\, dV \right)"
    inner = (
        r"dL = \left\langle \sum_t \frac{\partial L}{\partial a_t} h_{t-1}^\top, dW \right\rangle"
    )
    both = (
        inner + r" + \left\langle \sum_t \frac{\partial L}{\partial a_t} x_t^\top, dU \right\rangle"
    )
    found = verdicts(
        NETWORK,
        trace.replace("A", r"\sum_t h_t (\hat y_t - y_t)^\top"),
        trace.replace("A", r"\sum_t (\hat y_t - y_t) h_t^\top"),
        trace.replace("A", r"\sum_t h_t (y_t - \hat y_t)^\top"),
        inner, inner.replace("h_{t-1}", "h_t"), both, both.replace("x_t", "x_{t-1}"),
    )  # fmt: skip
    assert found[0] == ["right"]
    assert found[1] == found[2] == ["wrong"]
    assert found[3:6] == [["right"], ["wrong"], ["right", "right"]]
    assert found[6][0] == "right"
    assert found[6][1] != "right"


def test_letters_above_a_derivative_are_entries() -> None:
    claim = r"\frac{\partial h_t^i}{\partial h_{t-1}^j} = \tanh'(a_t^i) W_{ij}"
    assert verdicts(
        NETWORK, claim, claim.replace("a_t^i", "a_t^j"), claim.replace("{ij}", "{ji}")
    ) == [["right"], ["wrong"], ["wrong"]]


def test_a_letter_above_may_be_a_power() -> None:
    claim = r"\frac{\partial s_t}{\partial w} = \sum_{k=1}^t w^{t-k} s_{k-1}"
    assert verdicts((r"s_t = w s_{t-1} + u x_t",), claim) == [["right"]]


def test_signs_set_as_text() -> None:
    state = (r"s_t = w s_{t-1} + u x_t",)
    claim = (
        r"\frac{\partial s_t}{\partial w}"
        r" = w \frac{\partial s_{t-1}}{\partial w} \text{ + } s_{t-1}"
    )
    aside = r"\frac{\partial s_T}{\partial s_k} = w^{T-k} \text{ (for } k \le T)"
    found = verdicts(state, claim, claim.replace("+", "-", 1), aside)
    assert [f[0] for f in found] == ["right", "wrong", "right"]


def test_a_decimal_comma_is_a_point_and_a_label_stays() -> None:
    text = r"$$ a_{\text{1}} = 0{,}5 b + x^{\text{-}} \text{ - 1} $$"
    (formula,) = document_from_text(text, "n.md").formulas
    assert with_signs_for_text(formula).latex.split() == (
        r"a_{\text{1}} = 0.5 b + x^{\text{-}} - 1"
    ).split()


def test_the_length_of_a_step_is_a_number() -> None:
    rate = (
        r"\tau \frac{dh}{dt} = -h + W \tanh(h)",
        r"h_t = h_{t-1} + \frac{\Delta t}{\tau} \left( -h_{t-1} + W \tanh(h_{t-1}) \right)",
        r"E = \sum_t \frac12 \| h_t - y_t \|^2",
    )
    claim = r"\frac{dE}{dW} = \frac{\Delta t}{\tau} \sum_t \frac{dE}{dh_t} \tanh(h_{t-1})^\top"
    found = verdicts(rate, claim, claim.replace(r"\frac{\Delta t}{\tau} \sum", r"\sum"))
    assert found == [["right"], ["wrong"]]

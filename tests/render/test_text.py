"""One line of Unicode, and the parse echo."""

from __future__ import annotations

from fractions import Fraction

import pytest

from bptt_sym.errors import LimitExceeded
from bptt_sym.notation import (
    Abs,
    Add,
    At,
    Block,
    Call,
    Claim,
    Concat,
    D,
    Diag,
    Div,
    Fn,
    Had,
    Idx,
    Matrix,
    Mul,
    Neg,
    Node,
    Norm,
    Outer,
    Pow,
    Prod,
    Sum,
    Sym,
    Transpose,
    index,
    num,
)
from bptt_sym.render import echo, text

T, t = Idx("T"), Idx("t")
w, v, W = Sym("w"), Sym("v"), Sym("W_{hidden}")


def h(*terms: str | int) -> At:
    return At("h", index(*terms))


TEXTS = [
    (D(h("T"), w), "∂h_T/∂w"),
    (D(h("t"), w, "immediate"), "[∂hₜ/∂w]"),
    (D(At("c", t), At("c", index("t", -1)), "direct"), "∂ᵈⁱʳ cₜ/∂cₜ₋₁"),
    (D(D(h("t"), w), w), "∂²hₜ/(∂w²)"),
    (D(Fn("tanh", w), w), "∂/∂w (tanh(w))"),
    (D(Call("f", (h("t"), w)), w, "total"), "df(hₜ, w)/dw"),
    (h("t", -1), "hₜ₋₁"),
    (h("T", -1), "h_{T−1}"),
    (At("U_f", t), "U_{f,t}"),
    (At("h^{(1)}", t), "h⁽¹⁾ₜ"),
    (At(r"\tilde{c}", t), "c̃ₜ"),
    (Add((num(1), Neg(Pow(h("t"), num(2))))), "1 − hₜ²"),
    (Pow(w, T), "w^T"),
    (Pow(w, index("T", "-t")), "w^{T−t}"),
    (Transpose(W), "W_hiddenᵀ"),
    (Pow(Fn("tanh", w), num(2)), "tanh²(w)"),
    (Fn("sigma", w, 1), "σ′(w)"),
    (Sum("t", num(1), T, h("t")), "Σ_{t=1}^{T} hₜ"),
    (Prod("j", index("t", 1), T, h("j"), True), "∏⃖_{j=t+1}^{T} hⱼ"),
    (Mul((D(h("t"), w), w)), "∂hₜ/∂w · w"),
    (Mul((Div(w, v), w)), "(w/v) · w"),
    (Div(Add((w, v)), Mul((w, v))), "(w + v)/(w v)"),
    (Div(w, Div(v, w)), "w/(v/w)"),
    (num(Fraction(-1, 2)), "−1/2"),
    (Pow(num(Fraction(1, 2)), T), "(1/2)^T"),
    (Had((Mul((W, w)), v)), "(W_hidden w) ⊙ v"),
    (Outer(v, h("t")), "v hₜᵀ"),
    (Diag(v), "diag(v)"),
    (Matrix(((w, num(0)), (v, w))), "[w, 0; v, w]"),
    (Concat((h("t", -1), At("x", t))), "[hₜ₋₁, xₜ]"),
    (Block(W, "h"), "W_hidden⁽ʰ⁾"),
    (Norm(W, "2"), "‖W_hidden‖₂"),
    (Norm(W, "F"), "‖W_hidden‖_F"),
    (Abs(w), "|w|"),
]


@pytest.mark.parametrize(("node", "shown"), TEXTS, ids=[s for _, s in TEXTS])
def test_text(node: Node, shown: str) -> None:
    assert text(node) == shown


def test_a_claim() -> None:
    assert text(Claim((Abs(w), num(1)), ("<=",))) == "|w| ≤ 1"


def test_text_is_bounded_and_deep_nesting_prints() -> None:
    node: Node = w
    for _ in range(20_000):
        node = Fn("tanh", Neg(node))
    assert text(node).count("tanh") == 20_000
    with pytest.raises(LimitExceeded):
        text(node, limit=1000)


def test_control_characters_in_a_name_do_not_reach_the_terminal() -> None:
    assert "\x1b" not in text(Sym("\x1b[31mred"))
    assert "\x1b" not in text(At("\x1b]0;title", t))


ECHOES = [
    (Add((w, Neg(Mul((w, v))))), "w − (w · v)"),
    (Add((w, Add((v, w)))), "w + (v + w)"),
    (Mul((w, Mul((v, w)))), "w · (v · w)"),
    (Mul((num(-2), w)), "(−2) · w"),
    (Sum("t", num(1), T, Mul((w, h("t")))), "Σ_{t=1}^{T} (w · hₜ)"),
    (D(h("T"), w), "total [∂h_T/∂w]"),
    (D(h("T"), w, "immediate"), "immediate [∂h_T/∂w]"),
    (D(h("T"), w, "unmarked"), "[∂h_T/∂w]"),
]


@pytest.mark.parametrize(("node", "shown"), ECHOES, ids=[s for _, s in ECHOES])
def test_echo(node: Node, shown: str) -> None:
    assert echo(node) == shown


def test_the_echo_tells_apart_what_text_prints_alike() -> None:
    flat, nested = Mul((w, v, w)), Mul((Mul((w, v)), w))
    assert text(flat) == text(nested)
    assert echo(flat) != echo(nested)
    kinds = {echo(D(h("t"), w, k)) for k in ("total", "immediate", "direct", "unmarked")}
    assert len(kinds) == 4

"""Each formula of the source notes reads to the expression that it means."""

from __future__ import annotations

from fractions import Fraction

import pytest

from bptt_sym.notation import (
    Abs,
    Add,
    At,
    Call,
    Claim,
    Concat,
    D,
    Fn,
    Had,
    Idx,
    Kind,
    Mul,
    Neg,
    Node,
    Norm,
    Pow,
    Prod,
    Sum,
    Sym,
    index,
    num,
)
from bptt_sym.read import read_claims, read_expression, recurrence_from_latex
from bptt_sym.recurrence import Recurrence

T = index("T")


def h(*time: str | int) -> At:
    return At("h", index(*time))


def d(y: Node, x: Node, kind: Kind = "unmarked") -> D:
    return D(y, x, kind)


def minus_square(*time: str | int) -> Node:
    return Add((num(1), Neg(Pow(h(*time), num(2)))))


w = Sym("w")
PRE = r"W_{input}X_t+b_{input}+w h_{t-1}+b_{hidden}"


@pytest.fixture(scope="module")
def elman() -> Recurrence:
    return recurrence_from_latex(
        [r"h_{t+1}=\tanh(W_{input}X_{t+1}+b_{input}+w h_t+b_{hidden})", "C=C(h_T)"]
    )


@pytest.fixture(scope="module")
def sigmoid() -> Recurrence:
    return recurrence_from_latex(
        [
            r"c_t=\sigma(W_{rec}c_{t-1}+W_{in}x_t)",
            r"h_t=g(c_t)",
            r"E_t=E_t(h_t)",
            r"E=\sum_{t=1}^{T}E_t",
        ]
    )


@pytest.fixture(scope="module")
def lstm() -> Recurrence:
    return recurrence_from_latex(
        [
            *(rf"{g}_t=\sigma(W_{g}[h_{{t-1}},x_t])" for g in "fio"),
            r"\tilde c_t=\tanh(W_c[h_{t-1},x_t])",
            r"c_t=c_{t-1}\otimes f_t\oplus\tilde c_t\otimes i_t",
            r"h_t=o_t\otimes\tanh(c_t)",
            r"E_k=E_k(h_k)",
            r"E=\sum_t E_t",
        ]
    )


def only(text: str, rec: Recurrence) -> Claim:
    (claim,) = read_claims(text, rec)
    return claim


def test_a1_the_definition(elman: Recurrence) -> None:
    assert elman.rhs("h") == Fn(
        "tanh",
        Add(
            (
                Mul((Sym("W_{input}"), At("X", index("t")))),
                Sym("b_{input}"),
                Mul((w, h("t", -1))),
                Sym("b_{hidden}"),
            )
        ),
    )
    assert elman.is_scalar
    assert elman.totals == {"C": Call("C", (h("T"),))}
    assert elman.states == ("h",) and elman.inputs == ("X",)


def test_a2_the_cost(elman: Recurrence) -> None:
    claim = only(
        r"\frac{\partial C}{\partial w}"
        r"=\frac{\partial C}{\partial h_T}\frac{\partial h_T}{\partial w}",
        elman,
    )
    assert claim.sides == (d(Sym("C"), w), Mul((d(Sym("C"), h("T")), d(h("T"), w))))
    assert claim.ops == ("=",)


def test_a3_an_operator_on_an_expression(elman: Recurrence) -> None:
    found = read_expression(
        r"\frac{\partial}{\partial w}\tanh(W_{input}X_t+b_{input}+wh_{T-1}+b_{hidden})", elman
    )
    assert isinstance(found, D)
    assert found.x == w and found.kind == "unmarked"
    assert found.y == Fn(
        "tanh",
        Add(
            (
                Mul((Sym("W_{input}"), At("X", index("t")))),
                Sym("b_{input}"),
                Mul((w, h("T", -1))),
                Sym("b_{hidden}"),
            )
        ),
    )


def test_a5_the_bracket_is_the_immediate_derivative(elman: Recurrence) -> None:
    claim = only(
        r"\frac{\partial h_T}{\partial w}=\left[\frac{\partial h_T}{\partial w}\right]"
        r"+\frac{\partial h_T}{\partial h_{T-1}}\frac{\partial h_{T-1}}{\partial w}",
        elman,
    )
    assert claim.sides[1] == Add(
        (
            d(h("T"), w, "immediate"),
            Mul((d(h("T"), h("T", -1)), d(h("T", -1), w))),
        )
    )


def test_a8_the_telescoped_form_with_its_dots(elman: Recurrence) -> None:
    found = read_expression(
        r"\left[\frac{\partial h_T}{\partial w}\right]"
        r"+\frac{\partial h_T}{\partial h_{T-1}}\left[\frac{\partial h_{T-1}}{\partial w}\right]"
        r"+\dots+\frac{\partial h_T}{\partial h_{T-1}}\cdots\frac{\partial h_2}{\partial h_1}"
        r"\frac{\partial h_1}{\partial w}",
        elman,
    )

    def path(lo: Node) -> Node:
        return Prod("j", lo, T, d(h("j"), h("j", -1)), True)

    assert found == Add(
        (
            Sum("k", num(2), T, Mul((path(index("k", 1)), d(h("k"), w, "immediate")))),
            Mul((path(num(2)), d(h(1), w))),
        )
    )


def test_a9_the_chain_with_a_bracketed_operator(elman: Recurrence) -> None:
    claim = only(
        r"\frac{\partial h_t}{\partial h_{t-1}}=(1-h_t^2)\left[\frac{\partial}{\partial w}("
        + PRE
        + r")\right]=(1-h_t^2)w",
        elman,
    )
    assert claim.ops == ("=", "=")
    assert claim.sides[0] == d(h("t"), h("t", -1))
    middle = claim.sides[1]
    assert isinstance(middle, Mul)
    assert middle.args[0] == minus_square("t")
    operator = middle.args[1]
    assert isinstance(operator, D) and operator.kind == "immediate" and operator.x == w
    assert claim.sides[2] == Mul((minus_square("t"), w))


def test_a10_the_series_with_its_dots(elman: Recurrence) -> None:
    found = read_expression(
        r"\left[\frac{\partial h_T}{\partial w}\right]"
        r"+w(1-h_T^2)\left[\frac{\partial h_{T-1}}{\partial w}\right]"
        r"+w^2(1-h_T^2)(1-h_{T-1}^2)\left[\frac{\partial h_{T-2}}{\partial w}\right]+\dots"
        r"+w^{T-1}(1-h_T^2)(1-h_{T-1}^2)\cdots(1-h_2^2)\frac{\partial h_1}{\partial w}",
        elman,
    )

    def path(lo: Node) -> Node:
        return Prod("j", lo, T, minus_square("j"), True)

    general = Mul(
        (Pow(w, index("T", "-k")), path(index("k", 1)), d(h("k"), w, "immediate"))
    )
    last = Mul((Pow(w, index("T", -1)), path(num(2)), d(h(1), w)))
    assert found == Add((Sum("k", num(2), T, general), last))


def test_a11_a_hypothesis_is_not_a_claim(elman: Recurrence) -> None:
    claim = only(r"|w|<1 \implies \frac{\partial h_T}{\partial w}\to 0", elman)
    assert claim.sides == (d(h("T"), w), num(0)) and claim.ops == ("->",)
    assert [(g.sides, g.ops) for g in claim.given] == [((Abs(w), num(1)), ("<",))]


@pytest.mark.parametrize(
    "text",
    [
        r"\left|(1-h_T^2)(1-h_{T-1}^2)\cdots(1-h_t^2)"
        r"\left[\frac{\partial h_{t-1}}{\partial w}\right]\right| \le 1",
        r"|(1-h_T^2)(1-h_{T-1}^2)\cdots(1-h_t^2)[\partial h_{t-1}/\partial w]| \leq 1",
        r"\lvert(1-h_T^2)(1-h_{T-1}^2)\ldots(1-h_t^2)[\partial h_{t-1}/\partial w]\rvert\leqslant1",
    ],
)
def test_exercise_2_in_its_spellings(elman: Recurrence, text: str) -> None:
    claim = only(text, elman)
    product = Prod("j", index("t"), T, minus_square("j"), True)
    assert claim.sides == (Abs(Mul((product, d(h("t", -1), w, "immediate")))), num(1))
    assert claim.ops == ("<=",)


def test_the_series_without_dots_keeps_what_follows_the_product(elman: Recurrence) -> None:
    found = read_expression(
        r"\sum_{t=1}^{T}w^{T-t}\prod_{j=t+1}^{T}(1-h_j^2)\,(1-h_t^2)h_{t-1}", elman
    )
    assert found == Sum(
        "t",
        num(1),
        T,
        Mul(
            (
                Pow(w, index("T", "-t")),
                Prod("j", index("t", 1), T, minus_square("j")),
                minus_square("t"),
                h("t", -1),
            )
        ),
    )


def test_b2_and_its_right_form(sigmoid: Recurrence) -> None:
    c, weight = "c", Sym("W_{rec}")
    claim = only(
        r"\frac{\partial E_k}{\partial W_{rec}}=\frac{\partial E_k}{\partial h_k}"
        r"\frac{\partial h_k}{\partial c_k}"
        r"\left(\prod_{t=2}^{k}\frac{\partial c_t}{\partial c_{t-1}}\right)"
        r"\frac{\partial c_1}{\partial W_{rec}}",
        sigmoid,
    )
    k, t = index("k"), index("t")
    path = Prod("t", num(2), k, d(At(c, t), At(c, index("t", -1))))
    assert claim.sides == (
        d(At("E", k), weight),
        Mul((d(At("E", k), h("k")), d(h("k"), At(c, k)), path, d(At(c, num(1)), weight))),
    )


def test_b4_a_primed_activation(sigmoid: Recurrence) -> None:
    c = At("c", index("t", -1))
    claim = only(
        r"\frac{\partial c_t}{\partial c_{t-1}}=\sigma'(W_{rec}c_{t-1}+W_{in}x_t)\cdot W_{rec}",
        sigmoid,
    )
    arg = Add((Mul((Sym("W_{rec}"), c)), Mul((Sym("W_{in}"), At("x", index("t"))))))
    assert claim.sides[1] == Mul((Fn("sigma", arg, 1), Sym("W_{rec}")))


def test_b7_the_definitions(lstm: Recurrence) -> None:
    joined = Concat((h("t", -1), At("x", index("t"))))
    assert lstm.rhs("f") == Fn("sigma", Mul((Sym("W_f"), joined)))
    assert lstm.rhs(r"\tilde{c}") == Fn("tanh", Mul((Sym("W_c"), joined)))
    t = index("t")
    assert lstm.rhs("c") == Add(
        (
            Had((At("c", index("t", -1)), At("f", t))),
            Had((At(r"\tilde{c}", t), At("i", t))),
        )
    )
    assert lstm.shapes["W_f"] == ("n", "n+m") and lstm.blocks["W_f"] == ("h", "x")
    assert lstm.totals["E"] == Sum("t", num(1), T, At("E", t))
    assert lstm.rhs("E") == Call("E", (h("t"),))


def test_b10_four_terms(lstm: Recurrence) -> None:
    t, before = index("t"), At("c", index("t", -1))
    found = read_expression(
        r"\frac{\partial f_t}{\partial c_{t-1}}c_{t-1}+f_t"
        r"+\frac{\partial i_t}{\partial c_{t-1}}\tilde c_t"
        r"+\frac{\partial\tilde c_t}{\partial c_{t-1}}i_t",
        lstm,
    )
    candidate = At(r"\tilde{c}", t)
    assert found == Add(
        (
            Mul((d(At("f", t), before), before)),
            At("f", t),
            Mul((d(At("i", t), before), candidate)),
            Mul((d(candidate, before), At("i", t))),
        )
    )


def test_b11_juxtaposition_binds_tighter_than_the_circled_product(lstm: Recurrence) -> None:
    before = At("c", index("t", -1))
    found = read_expression(
        r"\sigma'(W_f[h_{t-1},x_t])W_f\,o_{t-1}\otimes\tanh'(c_{t-1})\,c_{t-1}", lstm
    )
    joined = Concat((h("t", -1), At("x", index("t"))))
    left = Mul((Fn("sigma", Mul((Sym("W_f"), joined)), 1), Sym("W_f"), At("o", index("t", -1))))
    assert found == Had((left, Mul((Fn("tanh", before, 1), before))))


def test_b14_decimals_are_exact(lstm: Recurrence) -> None:
    assert read_expression("0.1 + 0.7", lstm) == Add((_tenth(1), _tenth(7)))


def _tenth(n: int) -> Node:
    return num(Fraction(n, 10))


def test_p5_powers_of_a_matrix_and_norms(sigmoid: Recurrence) -> None:
    claim = only(
        r"\left\|\prod_{t\ge j>k}\frac{\partial c_j}{\partial c_{j-1}}\right\|_2"
        r"\le\|W_{rec}\|^{t-k}",
        sigmoid,
    )
    product = Prod(
        "j", index("k", 1), index("t"), d(At("c", index("j")), At("c", index("j", -1))), True
    )
    assert claim.sides == (
        Norm(product, "2"),
        Pow(Norm(Sym("W_{rec}")), index("t", "-k")),
    )


def test_p6_the_temporal_components(sigmoid: Recurrence) -> None:
    found = read_expression(
        r"\sum_{k \le t}\frac{\partial E_t}{\partial h_t}\frac{\partial h_t}{\partial h_k}"
        r"\left[\frac{\partial h_k}{\partial W_{rec}}\right]",
        sigmoid,
    )
    assert found == Sum(
        "k",
        num(1),
        Idx("t"),
        Mul(
            (
                d(At("E", index("t")), h("t")),
                d(h("t"), h("k")),
                d(h("k"), Sym("W_{rec}"), "immediate"),
            )
        ),
    )

r"""The LaTeX of each construct, where brackets stand, and that size and depth are bounded."""

from __future__ import annotations

import time
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
    Num,
    Ones,
    Outer,
    Pow,
    Prod,
    Sum,
    Sym,
    Transpose,
    index,
    num,
)
from bptt_sym.recurrence import Equation, Recurrence
from bptt_sym.render import latex, mathml, text

T, t = Idx("T"), Idx("t")
w, v, W = Sym("w"), Sym("v"), Sym("W_{hidden}")


def h(*terms: str | int) -> At:
    return At("h", index(*terms))


def one_minus_square(*terms: str | int) -> Node:
    return Add((num(1), Neg(Pow(h(*terms), num(2)))))


SCALAR = Recurrence(
    "scalar", (Equation("h", Mul((w, h("t", -1)))),), {"h": (), "w": ()}, latex={"w": r"\omega"}
)

PRINTED = [
    (D(h("T"), w), r"\frac{\partial h_T}{\partial w}"),
    (D(h("T"), w, "unmarked"), r"\frac{\partial h_T}{\partial w}"),
    (D(h("t"), w, "immediate"), r"\left[\frac{\partial h_t}{\partial w}\right]"),
    (D(h("t"), At("x", t), "immediate"), r"\frac{\partial^{+} h_t}{\partial x_t}"),
    (
        D(At("c", t), At("c", index("t", -1)), "direct"),
        r"\frac{\partial^{\mathrm{dir}} c_t}{\partial c_{t-1}}",
    ),
    (
        D(Call("f", (At("x", t), h("t", -1), w)), w, "direct"),
        r"\frac{\partial f\left(x_t, h_{t-1}, w\right)}{\partial w}",
    ),
    (
        D(Call("f", (At("x", t), h("t", -1), w)), w, "total"),
        r"\frac{\mathrm{d} f\left(x_t, h_{t-1}, w\right)}{\mathrm{d} w}",
    ),
    (D(D(h("T"), w), w), r"\frac{\partial^{2} h_T}{\partial w^{2}}"),
    (D(D(h("T"), w), v), r"\frac{\partial^{2} h_T}{\partial v \, \partial w}"),
    (D(Fn("tanh", w), w), r"\frac{\partial}{\partial w} \tanh\left(w\right)"),
    (one_minus_square("t"), r"1 - h_t^{2}"),
    (Pow(Fn("tanh", At(r"\tilde{c}", t)), num(2)), r"\tanh^{2}\left(\tilde{c}_t\right)"),
    (Pow(Fn("tanh", w), num(-1)), r"\left(\tanh\left(w\right)\right)^{-1}"),
    (Pow(Fn("sigma", w), num(2)), r"\left(\sigma\left(w\right)\right)^{2}"),
    (Fn("sigma", w, 1), r"\sigma'\left(w\right)"),
    (Fn("sech", w), r"\operatorname{sech}\left(w\right)"),
    (Fn(r"\varphi", w, 4), r"\varphi^{(4)}\left(w\right)"),
    (Fn("sqrt", w), r"\sqrt{w}"),
    (
        Sum("t", num(1), T, Mul((Pow(w, index("T", "-t")), h("t", -1)))),
        r"\sum_{t=1}^{T} w^{T-t} h_{t-1}",
    ),
    (
        Prod("j", index("t", 1), T, Mul((Diag(one_minus_square("j")), W)), True),
        r"\mathop{\overleftarrow{\prod}}_{j=t+1}^{T} "
        r"{\operatorname{diag}\left(1 - h_j^{2}\right) W_{hidden}}",
    ),
    (Prod("j", num(1), T, h("j"), False), r"\mathop{\overrightarrow{\prod}}_{j=1}^{T} h_j"),
    (Prod("j", num(1), T, h("j")), r"\prod_{j=1}^{T} h_j"),
    (Transpose(W), r"W_{hidden}^{\top}"),
    (Transpose(Mul((W, W))), r"\left(W_{hidden} W_{hidden}\right)^{\top}"),
    (Had((At("f", t), At("c", index("t", -1)))), r"f_t \odot c_{t-1}"),
    (Outer(At(r"\delta", t), h("t", -1)), r"\delta_t h_{t-1}^{\top}"),
    (Concat((h("t", -1), At("x", t))), r"\left[h_{t-1},\, x_t\right]"),
    (Block(Sym("W_f"), "h"), r"W_f^{(h)}"),
    (
        Matrix(((w, num(0)), (Neg(v), w))),
        r"\begin{pmatrix} w & 0 \\ -v & w \end{pmatrix}",
    ),
    (D(h("t"), w, "own"), r"\frac{\partial^{\mathrm{own}} h_t}{\partial w}"),
    (Norm(W), r"\left\|W_{hidden}\right\|"),
    (Norm(W, "inf"), r"\left\|W_{hidden}\right\|_{\infty}"),
    (Abs(w), r"\left|w\right|"),
    (Ones(), "1"),
    (Div(num(1), Add((w, v))), r"\frac{1}{w + v}"),
    (num(Fraction(-3, 7)), r"-\frac{3}{7}"),
]


@pytest.mark.parametrize(("node", "printed"), PRINTED, ids=[p for _, p in PRINTED])
def test_each_construct(node: Node, printed: str) -> None:
    assert latex(node) == printed


BRACKETS = [
    (Mul((Add((w, v)), w)), r"\left(w + v\right) w"),
    (Add((w, Neg(Add((w, v))))), r"w - \left(w + v\right)"),
    (Add((w, Add((v, w)))), "w + v + w"),
    (Neg(Mul((w, v))), "-w v"),
    (Mul((Neg(w), v)), r"\left(-w\right) v"),
    (Neg(Neg(w)), r"-\left(-w\right)"),
    (Add((w, num(-3), Mul((num(-2), v)))), r"w - 3 - 2 v"),
    (Mul((num(-1), w)), "-w"),
    (Mul((w, num(-2))), r"w \left(-2\right)"),
    (Mul((num(2), num(3))), r"2 \cdot 3"),
    (Mul((num(2), num(Fraction(1, 2)))), r"2 \cdot \frac{1}{2}"),
    (Mul((num(2), Pow(num(3), T))), r"2 \cdot 3^{T}"),
    (Pow(Add((w, v)), num(2)), r"\left(w + v\right)^{2}"),
    (Pow(Pow(w, num(2)), num(3)), r"\left(w^{2}\right)^{3}"),
    (Pow(D(h("t"), w), num(2)), r"\left(\frac{\partial h_t}{\partial w}\right)^{2}"),
    (Pow(num(Fraction(1, 2)), T), r"\left(\frac{1}{2}\right)^{T}"),
    (Pow(num(-2), T), r"\left(-2\right)^{T}"),
    (Pow(Sym("h^{(1)}"), num(2)), r"\left(h^{(1)}\right)^{2}"),
    (Had((Mul((W, w)), v)), r"\left(W_{hidden} w\right) \odot v"),
    (Mul((Had((w, v)), w)), r"\left(w \odot v\right) w"),
    (Mul((Sum("t", num(1), T, h("t")), w)), r"\left(\sum_{t=1}^{T} h_t\right) w"),
    (Mul((w, Sum("t", num(1), T, h("t")))), r"w \sum_{t=1}^{T} h_t"),
    (Sum("t", num(1), T, Add((w, h("t")))), r"\sum_{t=1}^{T} \left(w + h_t\right)"),
    (Add((Sum("t", num(1), T, h("t")), w)), r"\sum_{t=1}^{T} h_t + w"),
    (Fn("tanh", Add((w, v))), r"\tanh\left(w + v\right)"),
]


@pytest.mark.parametrize(("node", "printed"), BRACKETS, ids=[p for _, p in BRACKETS])
def test_brackets_stand_where_needed_and_nowhere_else(node: Node, printed: str) -> None:
    assert latex(node) == printed


NAMES = [
    (At("U_f", t), "U_{f,t}"),
    (At("h_{enc}", index("t", -1)), "h_{enc,t-1}"),
    (At("h^{(1)}", t), "h^{(1)}_t"),
    (At("h", num(12)), "h_{12}"),
    (At("h", Mul((num(2), t))), "h_{2 t}"),
    (Sym("loss"), r"\mathrm{loss}"),
    (Sym(r"\tilde{c}"), r"\tilde{c}"),
    (Sym(r"\mathbf{W}_{hh}"), r"\mathbf{W}_{hh}"),
]


@pytest.mark.parametrize(("node", "printed"), NAMES, ids=[p for _, p in NAMES])
def test_names(node: Node, printed: str) -> None:
    assert latex(node) == printed


@pytest.mark.parametrize(
    "name",
    [r"\input{/etc/passwd}", "a$b", "x}{y", r"\def\a{}", "a_b_c", "%", r"\write18{ls}", "中"],
)
def test_a_name_that_is_none_cannot_reach_tex_as_a_command(name: str) -> None:
    printed = latex(Sym(name))
    assert printed.startswith(r"\text{") and printed.endswith("}")
    inside = printed[len(r"\text{") : -1]
    for harmless in (r"$\backslash$", r"$\lbrace$", r"$\rbrace$", r"\string^", r"\_", r"\$", r"\%"):
        inside = inside.replace(harmless, "")
    assert not set(inside) & set("\\${}%&#^~_")


def test_total_derivatives_with_an_upright_d() -> None:
    assert latex(D(h("T"), w), total="d") == r"\frac{\mathrm{d} h_T}{\mathrm{d} w}"
    assert latex(D(h("T"), w, "unmarked"), total="d") == r"\frac{\partial h_T}{\partial w}"
    twice = latex(D(D(h("T"), w), w), total="d")
    assert twice == r"\frac{\mathrm{d}^{2} h_T}{\mathrm{d} w^{2}}"


def test_different_kinds_are_never_merged_into_one_second_derivative() -> None:
    mixed = D(D(h("T"), w, "immediate"), w, "total")
    inner = r"\left[\frac{\partial h_T}{\partial w}\right]"
    assert latex(mixed) == rf"\frac{{\partial}}{{\partial w}} {inner}"


def test_the_recurrence_says_how_names_look_and_whether_factors_commute() -> None:
    product = Prod("j", num(1), T, w, True)
    assert latex(product, SCALAR) == r"\prod_{j=1}^{T} \omega"
    assert latex(product) == r"\mathop{\overleftarrow{\prod}}_{j=1}^{T} w"
    # The Jacobian of a scalar cell's joint state is a matrix all the same.
    joint = Prod("j", num(1), T, Matrix(((w, v), (v, w))), True)
    assert latex(joint, SCALAR).startswith(r"\mathop{\overleftarrow{\prod}}")
    assert text(joint, SCALAR).startswith("∏\u20d6") and "←" in mathml(joint, SCALAR)


@pytest.mark.parametrize(
    ("rel", "sign"),
    [("=", "="), ("<=", r"\le"), ("<", "<"), (">=", r"\ge"), (">", ">"), ("->", r"\to"),
     ("~", r"\approx"), ("!=", r"\ne"), ("prop", r"\propto")],
)  # fmt: skip
def test_claims(rel: str, sign: str) -> None:
    assert latex(Claim((w, v), (rel,))) == f"w {sign} v"  # type: ignore[arg-type]


def test_a_chain_keeps_its_order() -> None:
    assert latex(Claim((w, v, w), ("=", "<"))) == "w = v < w"


def test_a_hundred_thousand_terms() -> None:
    printed = latex(Add(tuple(h("T", -k) for k in range(100_000))))
    assert printed.count(" + ") == 99_999
    assert printed.endswith("h_{T-99999}")


@pytest.mark.parametrize("wrap", [
    lambda n: Fn("tanh", n),
    lambda n: Mul((w, Add((n, v)))),
    lambda n: Pow(n, num(2)),
    lambda n: Add((n, v)),
    lambda n: Mul((n, v)),
    Neg,
    lambda n: D(n, w),
    lambda n: Sum("t", num(1), T, n),
    lambda n: At("h", n),
])  # fmt: skip
def test_deep_nesting_prints(wrap) -> None:  # type: ignore[no-untyped-def]
    node: Node = w
    for _ in range(20_000):
        node = wrap(node)
    printed = latex(node)
    assert printed.count("{") == printed.count("}")
    assert printed.count(r"\left(") == printed.count(r"\right)")


def test_what_is_too_long_is_refused_and_says_the_cap() -> None:
    with pytest.raises(LimitExceeded, match="100 characters"):
        latex(Add((w,) * 100), limit=100)
    assert len(latex(Add((w,) * 26), limit=101)) == 101  # exactly at the cap is printed


def test_the_default_cap_holds_for_shared_subtrees_that_would_unfold() -> None:
    node: Node = w
    for _ in range(200):
        node = Fn("tanh", Mul((node, node)))  # 2^200 leaves
    with pytest.raises(LimitExceeded):
        latex(node)


def test_a_number_too_long_for_python_is_refused_as_such() -> None:
    with pytest.raises(LimitExceeded, match="digits"):
        latex(num(10**5000))


def test_an_unknown_node_is_an_error_not_silence() -> None:
    class Strange(Node):
        pass

    with pytest.raises(TypeError, match="Strange"):
        latex(Strange())


def series(terms: int) -> Add:
    r"""``sum_k w^k prod_{j=T-k+1}^T (1-h_j^2) [dh_{T-k}/dw]``, term by term."""
    return Add(
        tuple(
            Mul(
                (
                    Pow(w, Num(Fraction(k))),
                    Prod("j", index("T", 1 - k), T, one_minus_square("j")),
                    D(h("T", -k), w, "immediate"),
                )
            )
            for k in range(terms)
        )
    )


def test_time_is_linear_in_size() -> None:
    def cost(n: int) -> float:
        node = series(n)
        best = float("inf")
        for _ in range(3):
            start = time.process_time()
            latex(node)
            best = min(best, time.process_time() - start)
        return best

    cost(100)
    # Four times the terms; quadratic would be 16 times the time.
    assert cost(4000) < 9 * cost(1000) + 0.02


@pytest.mark.parametrize(
    "name", [r"\hat{\mathbf{y}}", r"\mathbf{\hat{y}}", r"\tilde{\boldsymbol{h}}"]
)
def test_a_letter_with_a_font_and_an_accent_is_one_letter(name: str) -> None:
    assert latex(At(name, t)) == f"{name}_t"
    assert "\\" not in text(At(name, t)) and "mover" in mathml(At(name, t))


@pytest.mark.parametrize("name", [r"\hat{\hat{y}}", r"\hat{\input{x}}", r"\mathbf{\mathrm{y}}"])
def test_other_commands_in_a_name_are_quoted(name: str) -> None:
    assert latex(At(name, t)).startswith(r"\text{$\backslash$")

"""Recurrences from their equations as people write them."""

from __future__ import annotations

import pytest

from bptt_sym.errors import InputError, ModelError, ReadError, ShapeError
from bptt_sym.notation import (
    Add,
    At,
    Call,
    Concat,
    Div,
    Fn,
    Had,
    Mul,
    Neg,
    Sum,
    Sym,
    Transpose,
    index,
    num,
)
from bptt_sym.read import read_claims, read_equations, recurrence_from_latex

NOW, BEFORE = index("t"), index("t", -1)


@pytest.mark.parametrize(
    "line",
    [
        r"h_t = \tanh(w h_{t-1} + u_t)",
        r"h_{t+1} = \tanh(w h_t + u_{t+1})",
        r"h_{t-1} = \tanh(w h_{t-2} + u_{t-1})",
        r"h_k = \tanh(w h_{k-1} + u_k)",
        r"h_T = \tanh(w h_{T-1} + u_T)",
        r"h^{(t)} = \tanh(w h^{(t-1)} + u^{(t)})",
        r"h^{\langle t \rangle} = \tanh(w h^{\langle t-1 \rangle} + u^{\langle t \rangle})",
        r"h^t = \tanh(w h^{t-1} + u^t)",
        r"h(t) = \tanh(w h(t-1) + u(t))",
        r"{ h }_{ t } = tanh(w { h }_{ t-1 } + { u }_{ t })",
        "hₜ = tanh(w·hₜ₋₁ + uₜ)",
        r"\begin{align} h_t &= \tanh(w h_{t-1} + u_t) \end{align}",
        r"\boxed{h_t = \tanh \left( w h_{t-1} + u_t \right)}.",
    ],
)
def test_every_way_to_write_the_step(line: str) -> None:
    rec = recurrence_from_latex([line])
    assert rec.rhs("h") == Fn("tanh", Add((Mul((Sym("w"), At("h", BEFORE))), At("u", NOW))))
    assert rec.shapes == {"h": (), "u": (), "w": ()}


def test_the_notation_of_the_definitions_is_that_of_the_claims() -> None:
    above = recurrence_from_latex([r"a^t = w x^t + v h^{t-1}", r"h^t = \sigma(a^t)"])
    (claim,) = read_claims(r"\frac{\partial h^t}{\partial a^t} = h^2", above)
    assert claim.sides[1] == At("h", num(2))
    called = recurrence_from_latex([r"s(t) = g(t) i(t) + s(t-1)"])
    (claim,) = read_claims("s(t-1)^2 = s(0)", called)
    assert claim.sides[1] == At("s", num(0))


def test_names_are_bound_by_how_they_stand() -> None:
    # E is a function, a sequence of losses and their sum; T is the last step; f is a gate.
    rec = recurrence_from_latex(
        [r"f_t = \sigma(w f_{t-1} + x_t)", r"E_t = E_t(f_t)", r"E = \sum_t E_t"]
    )
    assert rec.rhs("E") == Call("E", (At("f", NOW),))
    assert rec.totals["E"] == Sum("t", num(1), index("T"), At("E", NOW))
    assert rec.states == ("f",) and rec.inputs == ("x",) and rec.parameters == ("w",)


def test_functions_of_one_and_of_several_arguments() -> None:
    rec = recurrence_from_latex(
        [
            r"h_t = f(x_t, h_{t-1}, w_h)",
            r"o_t = g(h_t)",
            r"L = \frac{1}{T}\sum_{t=1}^T l(y_t, o_t)",
        ]
    )
    assert rec.rhs("h") == Call("f", (At("x", NOW), At("h", BEFORE), Sym("w_h")))
    assert rec.rhs("o") == Fn("g", At("h", NOW))
    assert dict(rec.functions) == {"f": (), "l": ()}
    assert rec.totals["L"] == Mul(
        (
            Div(num(1), index("T")),
            Sum("t", num(1), index("T"), Call("l", (At("y", NOW), At("o", NOW)))),
        )
    )


@pytest.mark.parametrize(
    ("line", "name"),
    [
        (r"\sigma(z) = \frac{1}{1+e^{-z}}", "sigma"),
        (r"\sigma(z) = \frac{1}{1+\exp(-z)}", "sigma"),
        (r"\sigma(z) = \frac{e^z}{1+e^z}", "sigma"),
        (r"\sigma = \tanh", "tanh"),
        (r"\sigma(a) = \tanh(a)", "tanh"),
        (r"\sigma(a) = \frac{e^a-e^{-a}}{e^a+e^{-a}}", "tanh"),
        (r"\sigma(a) = a", "identity"),
    ],
)
def test_a_document_may_define_its_activation(line: str, name: str) -> None:
    rec = recurrence_from_latex([line, r"h_t = \sigma(w h_{t-1} + u_t)"])
    body = rec.rhs("h")
    assert isinstance(body, Fn) and body.name == name


def test_gates_defined_in_one_line() -> None:
    rec = recurrence_from_latex(
        [
            r"f_t, i_t, o_t = \sigma(W_{f,i,o} [h_{t-1}, x_t] + b_{f,i,o})",
            r"h_t = f_t \odot h_{t-1} + i_t \odot o_t",
        ]
    )
    assert rec.defined == ("f", "i", "o", "h")
    joined = Concat((At("h", BEFORE), At("x", NOW)))
    for gate in "fio":
        want = Add((Mul((Sym(f"W_{gate}"), joined)), Sym(f"b_{gate}")))
        assert rec.rhs(gate) == Fn("sigma", want)
    with pytest.raises(ReadError, match="several names"):
        recurrence_from_latex([r"f_t, i_t = \sigma(W h_{t-1})", "h_t = f_t"])


def test_a_parameter_is_not_defined_by_others() -> None:
    with pytest.raises(ReadError, match="without any state"):
        recurrence_from_latex([r"h_t = \tanh(w h_{t-1})", r"v = 2 w"])


def test_an_unknown_activation_stays_opaque() -> None:
    rec = recurrence_from_latex([r"h_t = \phi(w h_{t-1} + u_t)"])
    assert rec.activations == (r"\phi",)
    with pytest.raises(ReadError, match="definition of the function"):
        recurrence_from_latex([r"\phi(z) = z^3 + 1", r"h_t = \phi(w h_{t-1})"])


def test_a_letter_before_a_parenthesis_multiplies_unless_it_is_a_function() -> None:
    rec = recurrence_from_latex([r"h_t = (1-\alpha) h_{t-1} + \alpha(w h_{t-1} + u_t)"])
    assert rec.rhs("h") == Add(
        (
            Mul((Add((num(1), Neg(Sym(r"\alpha")))), At("h", BEFORE))),
            Mul((Sym(r"\alpha"), Add((Mul((Sym("w"), At("h", BEFORE))), At("u", NOW))))),
        )
    )


def test_initial_values_and_the_order_of_computation() -> None:
    rec = recurrence_from_latex(
        [r"h_0 = 0", r"h_t = o_t \tanh(c_t)", r"c_t = f c_{t-1} + o_t", r"o_t = \sigma(v h_{t-1})"]
    )
    assert rec.defined == ("o", "c", "h")
    assert dict(rec.initial) == {"h": num(0)}


# -- shapes


def test_an_upper_case_parameter_that_multiplies_a_state_is_a_matrix() -> None:
    rec = recurrence_from_latex(
        [r"h_t = \tanh(W_{hh} h_{t-1} + W_{xh} x_t + b_h)", r"y_t = W_{hy} h_t + b_y"]
    )
    assert dict(rec.shapes) == {
        "h": ("n",), "x": ("m",), "b_h": ("n",), "W_{hh}": ("n", "n"), "W_{xh}": ("n", "m"),
        "W_{hy}": ("p", "n"), "y": ("p",), "b_y": ("p",),
    }  # fmt: skip


def test_a_lower_case_parameter_is_a_scalar_also_beside_vectors() -> None:
    rec = recurrence_from_latex(
        [r"h_t = (1-\alpha) h_{t-1} + \alpha \tanh(W h_{t-1} + U x_t + b)"]
    )
    assert rec.shapes[r"\alpha"] == () and rec.shapes["h"] == ("n",)
    assert rec.shapes["b"] == ("n",)


def test_bold_letters() -> None:
    rec = recurrence_from_latex(
        [r"\mathbf{h}_t = \mathbf{W}_{hh}\mathbf{h}_{t-1} + \mathbf{W}_{hx}\mathbf{x}_t"]
    )
    assert rec.shapes[r"\mathbf{W}_{hx}"] == ("n", "m")
    (claim,) = read_claims(r"W_{hh} h_1 = \boldsymbol{W}_{hh}\mathbf{h}_1", rec)
    assert claim.sides[0] == claim.sides[1]


def test_a_gru_from_latex_alone() -> None:
    rec = recurrence_from_latex(
        [
            r"z_t = \sigma(W_z x_t + U_z h_{t-1} + b_z)",
            r"r_t = \sigma(W_r x_t + U_r h_{t-1} + b_r)",
            r"\hat{h}_t = \tanh(W_h x_t + U_h (r_t \odot h_{t-1}) + b_h)",
            r"h_t = (1 - z_t) \odot h_{t-1} + z_t \odot \hat h_t",
        ]
    )
    assert all(rec.shapes[g] == ("n",) for g in ("z", "r", r"\hat{h}", "h"))
    assert rec.shapes["U_h"] == ("n", "n") and rec.shapes["W_h"] == ("n", "m")


def test_two_column_vectors_side_by_side_multiply_elementwise() -> None:
    rec = recurrence_from_latex(
        [r"f_t = \sigma(U h_{t-1})", r"c_t = f_t c_{t-1} + f_t * h_{t-1}", r"h_t = \tanh(c_t)"]
    )
    f, c, h = At("f", NOW), At("c", BEFORE), At("h", BEFORE)
    assert rec.rhs("c") == Add((Had((f, c)), Had((f, h))))


def test_row_vectors_become_columns() -> None:
    rec = recurrence_from_latex([r"s_t = \sigma(x_t U + s_{t-1} W + b)"])
    assert rec.rhs("s") == Fn(
        "sigma",
        Add(
            (
                Mul((Transpose(Sym("U")), At("x", NOW))),
                Mul((Transpose(Sym("W")), At("s", BEFORE))),
                Sym("b"),
            )
        ),
    )
    assert rec.shapes["U"] == ("m", "n")


def test_concatenations() -> None:
    for joined in ("[h_{t-1}, x_t]", "[h_{t-1}; x_t]", "(h_{t-1}, x_t)"):
        rec = recurrence_from_latex([rf"h_t = \tanh(W \cdot {joined} + b)"])
        assert rec.shapes["W"] == ("n", "n+m"), joined
        assert rec.blocks == {"W": ("h", "x")}
    scalar = recurrence_from_latex([r"h_t = \tanh(W [h_{t-1}, x_t])"], scalar=True)
    assert scalar.shapes["W"] == (1, 2) and scalar.shapes["h"] == (1,)
    assert isinstance(rec.rhs("h"), Fn) and any(isinstance(n, Concat) for n in _nodes(rec))


def _nodes(rec: object) -> list[object]:
    from bptt_sym.notation import walk
    from bptt_sym.recurrence import Recurrence

    assert isinstance(rec, Recurrence)
    return [n for e in rec.equations for n in walk(e.rhs)]


def test_given_shapes_win() -> None:
    lines = [r"h_t = \tanh(w h_{t-1} + U x_t)"]
    rec = recurrence_from_latex(lines, shapes={"w": ("n", "n"), "h": ("n",), "x": (3,)})
    assert rec.shapes["U"] == ("n", 3)
    assert all(s == () for s in recurrence_from_latex(lines, scalar=True).shapes.values())
    with pytest.raises(ShapeError, match="dimensions 2 and 3"):
        recurrence_from_latex(
            [r"h_t = \tanh(W h_{t-1})"], shapes={"W": (2, 3)},
        )  # fmt: skip
    with pytest.raises(ShapeError, match="do not use"):
        recurrence_from_latex(lines, shapes={"Q": ()})


@pytest.mark.parametrize(
    ("lines", "error", "part"),
    [
        ([r"h_t + 1 = 2"], ReadError, "h_t + 1"),
        ([r"2 = h_t"], ReadError, "2"),
        ([r"h_t = "], ReadError, "="),
        ([r"h_t \le 1"], ReadError, ""),
        ([r"h_{2t} = h_{t}"], ReadError, ""),
        ([r"h_t = h_{t-1}", "h_t = 2"], ReadError, "h_t"),
        ([r"w = 3"], ReadError, ""),
        ([], ReadError, ""),
    ],
)
def test_what_is_no_definition(lines: list[str], error: type[InputError], part: str) -> None:
    with pytest.raises(error) as caught:
        recurrence_from_latex(lines)
    assert caught.value.hint or caught.value.span
    if part and caught.value.span is not None and lines:
        assert part[0] in lines[-1][caught.value.span.start :]


def test_a_circle_within_one_step_is_the_authors_mistake() -> None:
    with pytest.raises(ModelError, match="same step"):
        recurrence_from_latex(["a_t = w b_t", "b_t = w a_t"])


def test_a_later_step_cannot_be_used() -> None:
    with pytest.raises(ModelError, match="later step"):
        recurrence_from_latex(["a_t = w a_{t+1}"])


def test_read_equations_keeps_spans_in_the_line() -> None:
    line = r"h_t = \tanh(w h_{t-1} + u_t)"
    found = read_equations([line])
    ((name, rhs),) = found.equations
    assert name == "h" and rhs.span is not None
    assert line[rhs.span.start : rhs.span.end] == r"\tanh(w h_{t-1} + u_t)"


@pytest.mark.parametrize(
    ("line", "inputs"),
    [
        (r"q_t = \tanh(a_{f}^{(t)} + r q_{t-1})", ("a_f",)),
        (r"q^t = \tanh(a_f^t + r q^{t-1})", ("a_f",)),
        (r"q_t = \tanh(a_f^{2} + r q_{t-1} + x_t)", ("x",)),
        (r"q^{(t)} = \tanh(A_f^{T} x^{(t)} + R q^{(t-1)})", ("x",)),
    ],
)
def test_a_step_above_a_labelled_name_is_no_power(line: str, inputs: tuple[str, ...]) -> None:
    assert recurrence_from_latex([line], name="labelled").inputs == inputs


@pytest.mark.parametrize("name", [r"\mathrm{output}_{0}", r"\mathrm{cell}_2", r"\mathrm{net}"])
def test_a_word_with_a_number_before_two_arguments_is_a_function(name: str) -> None:
    defined = recurrence_from_latex([r"h_t = \tanh(w h_{t-1} + x_t)", rf"y_t = {name}(h_t, 1)"])
    assert isinstance(defined.rhs("y"), Call)

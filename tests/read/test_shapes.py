"""The shape of an expression, and how shapes are written."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bptt_sym.errors import ShapeError
from bptt_sym.notation import Add, At, Idx, Mul, Sym
from bptt_sym.read import Vocabulary, read_expression, recurrence_from_latex
from bptt_sym.shapes import Shape, infer_shapes, read_shape, shape_of, show_shape

REC = recurrence_from_latex(
    [r"h_t = \tanh(W h_{t-1} + U x_t + b)", r"L_t = \ell(h_t)", r"y_t = V h_t"]
)
SHAPES: dict[str, Shape] = {**REC.shapes, "w": (), "L": ()}
VOCABULARY = Vocabulary(
    sequences=frozenset(("h", "x", "L", "y")),
    parameters=frozenset(("W", "U", "V", "b", "w")),
    shapes=SHAPES,
    blocks={"M": ("h", "x")},
)


@pytest.mark.parametrize(
    ("text", "shape"),
    [
        ("W h_t", ("n",)),
        ("U x_t + b", ("n",)),
        ("1 - h_t^2", ("n",)),
        (r"h_t \odot b", ("n",)),
        (r"\mathrm{diag}(h_t) W", ("n", "n")),
        ("h_t^T", (1, "n")),
        ("h_t^T h_t", ()),
        ("h_t x_t^T", ("n", "m")),
        ("h_t^T W", (1, "n")),
        ("V W U", ("p", "m")),
        ("(V W)^T", ("n", "p")),
        ("W^3", ("n", "n")),
        ("w W", ("n", "n")),
        ("[h_t, x_t]", ("n+m",)),
        ("[x_t, h_t]", ("n+m",)),
        (r"\|W\|", ()),
        (r"\frac{\partial h_t}{\partial h_{t-1}}", ("n", "n")),
        (r"\frac{\partial h_t}{\partial x_t}", ("n", "m")),
        (r"\frac{\partial L_t}{\partial h_t}", (1, "n")),
        (r"\frac{\partial L_t}{\partial U}", ("n", "m")),
        (r"\frac{\partial h_t}{\partial U}", ("n", "n", "m")),
        (r"\frac{\partial h_t}{\partial w}", ("n",)),
        (r"\frac{\partial L_t}{\partial h_t}\frac{\partial h_t}{\partial U}", (1, "n", "m")),
        (r"\sum_{t=1}^{T} h_t", ("n",)),
        (r"\prod_{j=2}^{t} \frac{\partial h_j}{\partial h_{j-1}}", ("n", "n")),
    ],
)
def test_shape_of(text: str, shape: Shape) -> None:
    node = read_expression(text, REC, vocabulary=VOCABULARY)
    assert shape_of(node, SHAPES) == shape


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("W x_t", "x_t"),
        ("h_t + x_t", "x_t"),
        (r"h_t \odot x_t", "x_t"),
        ("h_t W", "W"),
        ("h_t h_t", "h_t"),
        (r"\mathrm{diag}(W)", r"\mathrm{diag}(W)"),
        (r"\prod_{j=1}^{t} V", r"\prod_{j=1}^{t} V"),
        ("W + h_t", "h_t"),
        ("q", "q"),
    ],
)
def test_a_misfit_is_pointed_at(text: str, part: str) -> None:
    vocabulary = Vocabulary(
        sequences=VOCABULARY.sequences,
        parameters=VOCABULARY.parameters | {"q"},
        shapes=SHAPES,
    )
    node = read_expression(text, REC, vocabulary=vocabulary)
    with pytest.raises(ShapeError) as caught:
        shape_of(node, SHAPES)
    span = caught.value.span
    assert span is not None and text[span.start : span.end] == part


dims = st.one_of(st.sampled_from("nmpk"), st.integers(1, 64))


@given(st.lists(dims, max_size=2), st.sampled_from(["×", "x", " × ", ",", "*"]))
def test_a_shape_reads_back(parts: list[str | int], sign: str) -> None:
    text = "W_{hh}=" + (sign.join(map(str, parts)) or "scalar")
    # A matrix of one entry is a scalar.
    shape = () if parts == [1, 1] else tuple(parts)
    assert read_shape(text) == ("W_{hh}", shape)
    assert read_shape("W=" + show_shape(tuple(parts))) == ("W", shape)


@pytest.mark.parametrize("text", ["W", "=n", "W=n×m×p", "W=0", "W=-1", "W=n+", "W=n;m", "W=%"])
def test_what_is_no_shape(text: str) -> None:
    with pytest.raises(ShapeError) as caught:
        read_shape(text)
    assert caught.value.hint


def test_dimensions_are_unified_across_the_equations() -> None:
    t = Idx("t")
    found = infer_shapes(
        [
            ("h", Mul((Sym("A"), At("x", t)))),
            ("y", Mul((Sym("B"), At("h", t)))),
            ("z", Mul((Sym("C"), At("y", t)))),
        ],
        given={"z": ("n",), "C": ("n", 5)},
    )
    assert found["B"] == (5, found["h"][0]) and found["A"] == (found["h"][0], found["x"][0])
    assert len({found["h"], found["x"], ("n",), (5,)}) == 4


def test_a_constant_beside_vectors_has_its_matrix() -> None:
    t = Idx("t")

    def shapes(left: str, right: str, state: str = "A") -> dict[str, tuple[str | int, ...]]:
        own = Mul((Sym(state), At("h", t)))
        return infer_shapes([("h", Add((own, Mul((Sym(left), Sym(right))))))])

    for left, right in (("M", "c"), (r"\mathbf{M}", r"\mathbf{c}")):
        found = shapes(left, right)
        assert found[left] == (*found["h"], *found[right])
        assert len(found[right]) == 1
    assert shapes("c", "M")["M"] == (*shapes("c", "M")["c"], "n")
    # Numbers, of a recurrence of numbers or by a letter of another kind.
    assert shapes("M", "c", "a") == {"h": (), "a": (), "M": (), "c": ()}
    assert shapes(r"\alpha", "b")["b"] == ()
    assert shapes("M", r"\mathbf{c}")["M"] == ()

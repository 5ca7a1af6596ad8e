"""Dots are read as the sum or product that gives back every visible term, or not at all."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from math import prod

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bptt_sym.errors import ReadError
from bptt_sym.notation import (
    Add,
    At,
    D,
    Had,
    Idx,
    Mul,
    Neg,
    Node,
    Num,
    Pow,
    Prod,
    Sum,
    Sym,
    index,
    num,
)
from bptt_sym.read import Vocabulary, read_expression, recurrence_from_latex

REC = recurrence_from_latex([r"h_t = \tanh(w h_{t-1} + x_t)", r"C = C(h_T)"])
VOCABULARY = Vocabulary(
    sequences=frozenset(("h", "x", "S", "f")),
    parameters=frozenset(("w", "v")),
    shapes={"h": (), "x": (), "S": (), "f": (), "w": (), "v": ()},
)


def read(text: str) -> Node:
    return read_expression(text, REC, vocabulary=VOCABULARY)


def value(node: Node, env: dict[str, int], leaf: Callable[[Node, int], Fraction]) -> Fraction:
    """The number that ``node`` is: an evaluator of this file alone; ``leaf`` gives At and D."""

    def go(n: Node, e: dict[str, int]) -> Fraction:
        match n:
            case Num(value=v):
                return v
            case Idx(name=name):
                return Fraction(e[name])
            case Sym(name=name):
                return Fraction({"w": 3, "v": 5}[name])
            case At(time=time) | D(y=At(time=time)):
                return leaf(n, int(go(time, e)))
            case Add(args=args):
                return sum((go(a, e) for a in args), Fraction(0))
            case Mul(args=args) | Had(args=args):
                return prod((go(a, e) for a in args), start=Fraction(1))
            case Neg(arg=a):
                return -go(a, e)
            case Pow(base=b, exp=x):
                return go(b, e) ** int(go(x, e))
            case Sum(var=var, lo=lo, hi=hi, body=body):
                steps = range(int(go(lo, e)), int(go(hi, e)) + 1)
                return sum((go(body, {**e, var: k}) for k in steps), Fraction(0))
            case Prod(var=var, lo=lo, hi=hi, body=body):
                steps = range(int(go(lo, e)), int(go(hi, e)) + 1)
                return prod((go(body, {**e, var: k}) for k in steps), start=Fraction(1))
        raise AssertionError(n)

    return go(node, env)


def leaf(node: Node, time: int) -> Fraction:
    """Some number for each element and derivative, different for every step and kind of thing."""
    return Fraction(2 * time + 7 if isinstance(node, At) else 11 * time + 1, 3)


def test_an_ascending_sum() -> None:
    assert read(r"x_1 + x_2 + \dots + x_T") == Sum("j", num(1), index("T"), At("x", Idx("j")))


def test_a_descending_sum_keeps_its_range() -> None:
    assert read(r"x_T + x_{T-1} + \cdots + x_1") == Sum(
        "j", num(1), index("T"), At("x", Idx("j"))
    )


def test_one_visible_term_goes_in_the_direction_of_time() -> None:
    jacobian = D(At("h", index("j")), At("h", index("j", -1)), "unmarked")
    found = read(
        r"\frac{\partial h_T}{\partial h_{T-1}}\cdots\frac{\partial h_2}{\partial h_1}"
    )
    assert found == Prod("j", num(2), index("T"), jacobian, True)


def test_dots_between_dots_of_multiplication() -> None:
    jacobian = D(At("S", index("j")), At("S", index("j", -1)), "unmarked")
    found = read(
        r"\frac{\partial S_k}{\partial S_{k-1}} \cdot \cdots \cdot "
        r"\frac{\partial S_{k-m+1}}{\partial S_{k-m}}"
    )
    assert found == Prod("j", index("k", "-m", 1), index("k"), jacobian, True)


def test_factors_around_the_run_stay_outside() -> None:
    assert read(r"w f_T f_{T-1} \cdots f_2 x_1") == Mul(
        (Sym("w"), Prod("j", num(2), index("T"), At("f", Idx("j")), True), At("x", num(1)))
    )


def test_a_period_of_two_factors() -> None:
    body = Mul((Sym("w"), At("f", Idx("j"))))
    assert read(r"w f_T w f_{T-1} \cdots w f_2") == Prod("j", num(2), index("T"), body, True)


def test_an_elementwise_run() -> None:
    found = read(r"f_1 \odot f_2 \odot \cdots \odot f_t")
    assert found == Prod("j", num(1), index("t"), At("f", Idx("j")), False)


def test_two_ellipses_in_one_sum() -> None:
    found = read(r"x_1 + x_2 + \dots + x_t + f_1 + f_2 + \dots + f_t")
    assert found == Add(
        (
            Sum("j", num(1), index("t"), At("x", Idx("j"))),
            Sum("j", num(1), index("t"), At("f", Idx("j"))),
        )
    )


@pytest.mark.parametrize("last", range(1, 7))
def test_powers_of_the_weight_against_a_loop(last: int) -> None:
    node = read(
        r"x_T + w(1-h_T^2) x_{T-1} + w^2(1-h_T^2)(1-h_{T-1}^2) x_{T-2} + \dots"
        r" + w^{T-1}(1-h_T^2)(1-h_{T-1}^2)\cdots(1-h_2^2) x_1"
    )
    element = At("h", num(0))
    want = sum(
        3**k
        * prod(1 - leaf(element, j) ** 2 for j in range(last - k + 1, last + 1))
        * leaf(element, last - k)
        for k in range(last)
    )
    assert value(node, {"T": last}, leaf) == want


@given(
    stride=st.integers(1, 3),
    start=st.integers(0, 3),
    power=st.integers(-1, 2),
    count=st.integers(3, 6),
    shown=st.integers(2, 3),
    descending=st.booleans(),
)
def test_random_series_against_the_terms_written_out(
    stride: int, start: int, power: int, count: int, shown: int, descending: bool
) -> None:
    """Terms w^{p0 + power*k} x_{start + stride*k}, from numbers only, in both directions."""
    origin = 6

    def term(k: int) -> str:
        p, i = origin + power * k, start + stride * k
        return f"w^{{{p}}} x_{{{i}}}"

    order = list(range(count))
    if descending:
        order.reverse()
    visible = min(shown, count - 1)
    text = " + ".join([term(k) for k in order[:visible]] + [r"\dots", term(order[-1])])
    full = " + ".join(term(k) for k in order)
    assert value(read(text), {}, leaf) == value(read(full), {}, leaf)


@pytest.mark.parametrize(
    "text",
    [
        r"x_1 + x_3 + \dots + x_T",  # T - 1 need not be even
        r"x_1 + h_2 + \dots + x_T",
        r"x_1 + x_2 + x_4 + \dots + x_9",
        r"w x_T + w^3 x_{T-1} + \dots + w^T x_1",
        r"x_1 + \dots + x_1",
        r"x_1 + x_2 + \dots",
        r"\dots + x_T",
        r"f_T w \cdots f_1",
        r"f_T f_{T-2} \cdots f_1",
        r"w \cdots w",
        r"w^2(1-h_T^2)x_{T-1} + w^3(1-h_T^2)(1-h_{T-2}^2)x_{T-2} + \dots"
        r" + w^{T}(1-h_T^2)\cdots(1-h_2^2)x_1",
    ],
)
def test_a_pattern_that_no_formula_gives_is_refused(text: str) -> None:
    with pytest.raises(ReadError) as caught:
        read(text)
    error = caught.value
    assert error.span is not None
    assert "dots" in str(error) or "term" in str(error)


def test_the_error_points_at_the_dots() -> None:
    text = r"x_1 + h_2 + \dots + x_T"
    with pytest.raises(ReadError) as caught:
        read(text)
    span = caught.value.span
    assert span is not None and text[span.start : span.end] == r"\dots"
    assert "two leading terms" in caught.value.hint

"""The table: sharing, names, and the structural check with each of its faults planted."""

from __future__ import annotations

from fractions import Fraction

import pytest

from bptt_sym.errors import LimitExceeded, ModelError
from bptt_sym.graph import Graph, Label
from bptt_sym.graph.domains import Floats
from bptt_sym.graph.operations import (
    ADD,
    CALL,
    DER,
    FN,
    LET,
    MINUS_ONE,
    MUL,
    NEG,
    ONE,
    OP_NAMES,
    ZERO,
)


def example() -> Graph:
    g = Graph()
    w, x = g.sym("w"), g.sym("x")
    h = g.let(Label("h", 1), g.fn("tanh", g.add(g.mul(w, x), g.const(Fraction(1, 3)))))
    g.neg(g.gradient(h, [w])[0])
    g.call("C", [h, w])
    return g


def test_equal_rows_are_one_row() -> None:
    g = Graph()
    a, b = g.sym("a"), g.sym("b")
    assert g.add(a, b) == g.add(b, a)
    assert g.mul(a, g.add(a, b)) == g.mul(g.add(b, a), a)
    assert g.fn("tanh", a) == g.fn("tanh", a)
    assert g.pow(a, 3) == g.pow(a, 3) != g.pow(a, -3)
    assert g.sym("a") == a
    assert g.call("f", [a, b]) == g.call("f", [a, b]) != g.call("f", [b, a])


def test_distinct_rows_stay_distinct() -> None:
    # The key of a row packs its operands; no two contents may collide.
    g = Graph()
    syms = [g.sym(f"s{i}") for i in range(40)]
    rows = [g.add(a, b) for a in syms for b in syms if a <= b]
    rows += [g.mul(a, b) for a in syms for b in syms if a <= b]
    rows += [g.pow(a, n) for a in syms for n in range(-40, 40) if n not in (0, 1)]
    rows += [g.neg(a) for a in syms] + [g.fn(f, a) for f in ("tanh", "exp") for a in syms]
    assert len(set(rows)) == len(rows)
    g.check()


def test_identities_of_zero_and_one() -> None:
    g = Graph()
    a = g.sym("a")
    assert g.add(a, ZERO) == a == g.mul(ONE, a)
    assert g.mul(a, ZERO) == ZERO == g.sub(a, a)
    assert g.mul(MINUS_ONE, a) == g.neg(a)
    assert g.neg(g.neg(a)) == a
    assert g.pow(a, 0) == ONE == g.pow(ZERO, 0)
    assert g.add(g.const(Fraction(1, 2)), g.const(Fraction(1, 3))) == g.const(Fraction(5, 6))
    with pytest.raises(ModelError, match="division by the constant 0"):
        g.div(a, ZERO)


def test_constants_are_folded_only_while_they_are_small() -> None:
    g = Graph()
    x = g.const(2)
    for _ in range(30):
        x = g.mul(x, x)  # 2^(2^30) would not fit in memory
    assert max(c.numerator.bit_length() for c in g.constants) <= 256
    assert len(g) < 60


def test_a_name_is_assigned_once() -> None:
    g = Graph()
    a = g.sym("a")
    h = g.let("h", a)
    assert g.let("h", a) == h
    with pytest.raises(ModelError, match="bound twice"):
        g.let("h", g.neg(a))
    with pytest.raises(ModelError, match="bound twice"):
        g.let("a", h)
    with pytest.raises(ModelError, match="defined, not free"):
        g.sym("h")


def test_names_with_the_same_value_are_different_variables() -> None:
    g = Graph()
    h, c = g.let("h_0", ZERO), g.let("c_0", ZERO)
    y = g.add(g.mul(g.const(3), h), g.mul(g.const(5), c))
    dh, dc = g.gradient(y, [h, c])
    assert g.evaluate([dh, dc], Floats(), {}) == [3.0, 5.0]


def test_a_well_formed_table_passes() -> None:
    example().check()


@pytest.mark.parametrize(
    ("op", "column", "value", "message"),
    [
        (ADD, "a", 10_000, "does not precede"),
        (MUL, "b", 9_999, "does not precede"),
        (NEG, "a", -1, "does not precede"),
        (MUL, "op", 77, "no operation"),
        (FN, "b", 5, "unbound function"),
        (LET, "b", 99, "unbound name"),
        (LET, "b", 0, "bound twice"),
        (CALL, "a", 3, "unbound call"),
        (DER, "b", ONE, "no function"),
    ],
)
def test_a_planted_fault_is_found(op: int, column: str, value: int, message: str) -> None:
    g = example()
    row = g.op.index(op)
    getattr(g, column)[row] = value
    with pytest.raises(ModelError, match=message):
        g.check()


def test_a_repeated_row_and_a_lost_name_are_found() -> None:
    g = example()
    row = g.op.index(MUL)
    g.op.append(MUL)
    g.a.append(g.a[row])
    g.b.append(g.b[row])
    with pytest.raises(ModelError, match="repeats"):
        g.check()
    g = example()
    g.labels.append(Label("ghost"))
    with pytest.raises(ModelError, match="a name has no row"):
        g.check()
    g = example()
    g.b.pop()
    with pytest.raises(ModelError, match="differ in length"):
        g.check()


def test_the_limit_holds() -> None:
    g = Graph(limit=50)
    x = g.sym("x")
    with pytest.raises(LimitExceeded):
        for i in range(100):
            x = g.add(x, g.sym(f"x{i}"))
    assert len(g) == 50


def test_depth_costs_no_stack() -> None:
    g = Graph()
    x = y = g.sym("x")
    for i in range(100_000):
        y = g.add(g.mul(y, x), g.const(i % 7))
    d = g.gradient(y, [x])[0]
    g.check()
    value, slope = g.evaluate([y, d], Floats(), {x: 0.5})
    # Horner's rule, and its derivative by the same rule
    v, s = 0.5, 1.0
    for i in range(100_000):
        v, s = v * 0.5 + i % 7, s * 0.5 + v
    assert value == pytest.approx(v) and slope == pytest.approx(s)


def test_statistics_count_rows_and_bytes() -> None:
    g = example()
    stats = g.statistics()
    assert stats["rows"] == len(g) == sum(stats[name] for name in OP_NAMES)
    assert stats["fn"] == 1 and stats["let"] == 1 and stats["call"] == 1

"""Forward propagation against independent oracles: differences at high precision, and SymPy."""

from __future__ import annotations

import random
from fractions import Fraction

import mpmath
import numpy as np
import pytest
from flint import arb
from hypothesis import given
from hypothesis import strategies as st

from bptt_sym.cells import cell, names
from bptt_sym.decide.domains import N_, P_, Ball, Modular, Real, Undefined, precision
from bptt_sym.decide.exact import Exact, Symbolic
from bptt_sym.decide.identity import concrete_dims
from bptt_sym.decide.interpret import Interpreter
from bptt_sym.decide.tensor import flat
from bptt_sym.decide.world import Absent, World
from bptt_sym.errors import NotSupported
from bptt_sym.notation import At, Concat, D, Fn, Idx, Mul, Sym, add, index, num
from bptt_sym.recurrence import Equation, Recurrence

CELLS = list(names())


class Mp(Real):
    """mpmath at 60 digits: the oracle's arithmetic, sharing no derivative rule with the world."""

    def num(self, value):
        return mpmath.mpf(value.numerator) / value.denominator

    def inverse(self, a):
        return 1 / a

    def exp(self, a):
        return mpmath.exp(a)

    def tanh(self, a):
        return mpmath.tanh(a)

    def special(self, name, order, a):
        return self.opaque(name, (order,), (a,))


def sampler(seed):
    values = {}
    rng = random.Random(seed)

    def value(slot):
        if slot not in values:
            values[slot] = Fraction(rng.randrange(-60, 61), 50)
        return values[slot]

    value.table = values
    return value


def make(name, seed):
    rec = cell(name)
    return rec, concrete_dims(rec, (2, 3, 2)), sampler(seed)


@given(st.sampled_from(CELLS), st.integers(0, 10**6), st.integers(1, 4), st.data())
def test_total_derivative_is_the_limit_of_differences(name, seed, horizon, data):
    rec, dims, values = make(name, seed)
    parameter = data.draw(st.sampled_from(rec.parameters))
    total = data.draw(st.sampled_from(sorted(rec.totals)))
    with mpmath.workdps(60):
        world = World(rec, Mp(values), dims)
        jac = world.derivative((total, None), (parameter, None), "total", horizon)
        entries = flat(jac)
        at = data.draw(st.integers(0, len(entries) - 1))
        slot = (parameter, None, at)
        base = values(slot)
        step = Fraction(1, 10**20)
        ends = []
        for sign in (1, -1):
            values.table[slot] = base + sign * step
            ends.append(World(rec, Mp(values), dims).value(total, None, horizon))
        difference = (ends[0] - ends[1]) / (2 * mpmath.mpf(10) ** -20)
        assert abs(difference - entries[at]) < mpmath.mpf(10) ** -30 * (1 + abs(difference))


@given(st.integers(0, 10**6), st.integers(1, 3), st.integers(1, 3))
def test_a_state_is_cut_loose_from_its_own_definition(seed, start, lag):
    """∂c_t/∂c_s keeps o_s fixed and passes through h_s = o_s tanh c_s."""
    rec, dims, values = make("lstm", seed)
    with mpmath.workdps(60):
        world = World(rec, Mp(values), dims)
        jac = world.derivative(("c", start + lag), ("c", start), "total")
        ends = []
        for sign in (1, -1):
            c = num(0)
            shifted = world.value("c", start) + sign * mpmath.mpf(10) ** -20
            bumped = World(rec, Mp(values), dims, fixed={("c", start): c})
            bumped._values[("c", start, 0)] = shifted
            ends.append(bumped.value("c", start + lag))
        difference = (ends[0] - ends[1]) / (2 * mpmath.mpf(10) ** -20)
        assert abs(difference - jac) < mpmath.mpf(10) ** -30


def test_the_kinds_of_derivative_differ_on_the_lstm():
    rec, dims, values = make("lstm-vector", 3)
    with mpmath.workdps(30):
        world = World(rec, Mp(values), dims)
        total = world.derivative(("c", 2), ("c", 1), "total")
        own = world.derivative(("c", 2), ("c", 1), "own")
        direct = world.derivative(("c", 2), ("c", 1), "direct")
        f = world.value("f", 2)
        assert np.all(own == direct)
        assert [own[i, i] for i in range(2)] == list(f)
        assert own[0, 1] == 0
        assert abs(total[0, 1]) > 1e-6
        immediate = world.derivative(("h", 2), ("U_f", None), "immediate")
        assert immediate.shape == (2, 2, 2)
        whole = world.derivative(("h", 2), ("U_f", None), "total")
        assert max(abs(x) for x in flat(whole - immediate)) > 1e-6


@given(st.integers(0, 10**6))
def test_modular_values_obey_the_laws_of_the_functions(seed):
    m = Modular(seed)
    a, b = m.sample(("a", None, 0)), m.sample(("b", None, 0))
    half = pow(2, -1, N_)
    assert m.is_zero(m.exp(a + b) - m.exp(a) * m.exp(b))
    assert m.is_zero(m.tanh(-a) + m.tanh(a))
    assert m.is_zero(2 * m.sigma(a) - 1 - m.tanh(a * half))
    assert m.is_zero(m.fn("sech", a) ** 2 - m.fn("tanh", a, 1))
    assert not m.is_zero(m.tanh(a) - m.sigma(a))
    assert m.exp(0) % P_ == 1


def test_modular_refuses_to_divide_by_zero():
    with pytest.raises(Undefined):
        Modular(1).inverse(0)


@given(st.sampled_from(["elman", "lstm", "sigmoid-rnn"]), st.integers(0, 10**6))
def test_balls_contain_the_float_computation(name, seed):
    rec, dims, values = make(name, seed)
    state = rec.states[0]
    leaf = (rec.parameters[0], None)
    with precision(100):
        ball = World(rec, Ball(values), dims).derivative((state, 3), leaf, "total")
    with mpmath.workdps(60):
        point = World(rec, Mp(values), dims).derivative((state, 3), leaf, "total")
        exact = arb(mpmath.nstr(point, 50))
    assert ball.overlaps(exact)
    assert ball.rad() < 1e-20


def test_exact_and_symbolic_domains_agree_with_sympy_diff_after_substitution():
    import sympy

    w = Sym("w")
    rec = Recurrence(
        "plain",
        (Equation("h", Fn("tanh", add(Mul((w, At("h", index("t", -1)))), At("x", Idx("t"))))),),
        {"h": (), "w": (), "x": ()},
    )
    world = World(rec, Symbolic())
    value = world.value("h", 2)
    ours = world.derivative(("h", 2), ("w", None), "total")
    symbol = next(s for s in value.free_symbols if s.name == "w")
    # Substituted all the way down, nothing is indexed any more and diff is right.
    at = {s: sympy.Rational(1, 3 + i) for i, s in enumerate(sorted(value.free_symbols, key=str))}
    expected = value.diff(symbol).subs(at)
    assert abs(sympy.N(ours.subs(at) - expected, 30)) < 1e-25
    exact = World(rec, Exact())
    jac = exact.derivative(("h", 2), ("w", None), "total")
    h1, h2, h0 = exact.value("h", 1), exact.value("h", 2), exact.value("h", 0)
    weight = exact.value("w", None)
    one = exact.domain.one
    assert jac == (one - h2 * h2) * (h1 + weight * (one - h1 * h1) * h0)


def test_elements_before_the_first_do_not_exist():
    world = World(cell("elman"), Modular(1))
    assert world.value("h", 0) is not None
    for name, time in (("h", -1), ("x", 0)):
        with pytest.raises(Absent):
            world.value(name, time)


def test_a_planted_wrong_rule_is_seen_by_the_oracle(monkeypatch):
    from bptt_sym.decide import domains

    broken = list(domains._ALGEBRAIC["tanh"])
    broken[1] = lambda y, one: one + y * y
    monkeypatch.setitem(domains._ALGEBRAIC, "tanh", broken)
    with pytest.raises(AssertionError):
        test_exact_and_symbolic_domains_agree_with_sympy_diff_after_substitution()


def test_a_joined_value_among_numbers_keeps_its_own_shape():
    state = Fn("tanh", add(Mul((Sym("W"), At("h", index("t", -1)))), At("x", Idx("t"))))
    joined = Mul((Sym("V"), Concat((At("h", Idx("t")), num(1)))))
    rec = Recurrence(
        "joined", (Equation("h", state), Equation("p", joined)),
        {"h": ("n",), "x": ("n",), "W": ("n", "n"), "V": (), "p": ("n+1",)},
    )  # fmt: skip
    world = World(rec, Modular(1), scalar=True)
    parts = world.interpreter.parts(At("p", Idx("t")), {"t": 2})
    assert parts[("p", 2)].shape == (2, 2)
    for wanted, left_out in (("V", "W"), ("W", "V")):
        vectors = World(rec, Modular(1), {"n": 2, "n+1": 3})
        found = vectors.direct("p" if wanted == "V" else "h", 2, 0, wanted)
        assert (wanted, None) in found and (left_out, None) not in found


def test_far_steps_need_no_deep_recursion():
    world = World(cell("lstm"), Modular(1))
    assert world.derivative(("c", 1500), ("c", 1), "total") is not None


def test_second_derivative_by_a_parameter_is_the_derivative_of_the_first():
    rec, dims, values = make("elman", 5)
    node = D(D(At("h", Idx("T")), Sym("w")), Sym("w"))
    with mpmath.workdps(60):
        second = Interpreter(World(rec, Mp(values), dims)).value(node, {"T": 3})
        slot = ("w", None, 0)
        base = values(slot)
        ends = []
        for sign in (1, -1):
            values.table[slot] = base + sign * Fraction(1, 10**20)
            ends.append(World(rec, Mp(values), dims).derivative(("h", 3), ("w", None), "total"))
        difference = (ends[0] - ends[1]) / (2 * mpmath.mpf(10) ** -20)
        assert abs(second - difference) < mpmath.mpf(10) ** -30


def test_equal_factors_of_two_claims_are_evaluated_once_and_unequal_ones_apart():
    """What a claim has in common with an earlier one is known; a prime or a step makes another."""

    def square(step, order=0):
        return Mul((Fn("tanh", At("h", step), order), Fn("tanh", At("h", step), order)))

    world = World(cell("elman"), Modular(1))
    here = {"t": 3}
    first = world.interpreter.value(square(Idx("t")), here)
    known = sum(map(len, world.memo.values()))
    assert world.interpreter.value(square(Idx("t")), here) == first
    assert sum(map(len, world.memo.values())) == known > 0
    others = [square(Idx("t"), 1), square(index("t", -1)), square(num(2))]
    found = [world.interpreter.value(node, here) for node in others]
    assert found[0] != first != found[1] == found[2]
    assert world.interpreter.value(square(Idx("t")), {"t": 2}) == found[1]


def test_outer_products_do_not_pile_up():
    """Layers whose shapes contradict their equations would fill the memory."""
    rec = cell("elman")
    world = World(rec, Modular(1), {})
    many = np.ones((300, 300), dtype=object)
    with pytest.raises(NotSupported, match="too many entries"):
        world._compose(many, many, ("h", 1))


def test_entries_of_a_diagonal_that_are_small_numbers_are_no_machine_words() -> None:
    import numpy as np

    from bptt_sym.decide.conventions import Conventions
    from bptt_sym.decide.layout import lay_out

    identity = np.array([[1, 0], [0, 1]], dtype=object)
    found = lay_out(identity, (2,), (2,), Conventions(compact=True))
    assert found.dtype == object
    assert list(found * 2**70) == [2**70, 2**70]

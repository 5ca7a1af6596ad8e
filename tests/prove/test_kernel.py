"""The kernel from outside: what cannot be forged, and what its rules refuse."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from semantics import refuted

from bptt_sym.prove import kernel as K
from bptt_sym.prove.kernel import KernelError, Mat, Poly, Thm, term

x, y, w = (term(("v", v)) for v in "xyw")
n = term(("i", "n"))
POLY = st.recursive(
    st.sampled_from([x, y, n, Poly.of(1), Poly.of(Fraction(1, 3)), term(("tanh", x)),
                     term(("fun", "u", "i", n))]),
    lambda inner: st.tuples(inner, inner).map(lambda p: p[0] + p[1])
    | st.tuples(inner, inner).map(lambda p: p[0] * p[1]) | inner.map(lambda p: -p),
    max_leaves=6,
)


def test_a_theorem_cannot_be_constructed() -> None:
    with pytest.raises(KernelError, match=r"^Thm: "):
        Thm(None, hyps=frozenset(), concl=("gt", -x), rule="x", args=())


def test_a_theorem_cannot_be_changed() -> None:
    t = K.assume(("ge", x))
    with pytest.raises(KernelError, match=r"^Thm: immutable"):
        t.hyps = frozenset()  # type: ignore[misc]


def test_a_term_cannot_be_constructed_or_changed() -> None:
    with pytest.raises(KernelError, match=r"^Poly: "):
        Poly(None, {frozenset(): Fraction(1)})
    with pytest.raises(KernelError, match=r"^Poly: immutable"):
        x.terms = {}


def test_a_look_alike_of_a_theorem_is_refused() -> None:
    class Fake:
        hyps: frozenset[object] = frozenset()
        concl = ("gt", K.ZERO)

    with pytest.raises(KernelError, match=r"^absurd: an argument of a foreign type"):
        K.absurd(Fake(), ("gt", -K.ONE))


def test_floats_are_no_numbers() -> None:
    with pytest.raises(KernelError, match=r"^psatz: "):
        K.psatz("ge", Poly.of(1), (), ((1.0, K.ONE, ()),), ())
    with pytest.raises(KernelError, match=r"^term: "):
        Poly.of(0.5)


def test_every_rule_has_its_bar_and_names_itself_when_it_refuses() -> None:
    for name, rule in K.RULES.items():
        assert rule.__doc__ and "|-" in rule.__doc__, name
        with pytest.raises(KernelError, match=f"^{name}: "):
            rule(object())


def test_the_kernel_is_short_enough_to_audit() -> None:
    """Under 500 lines, everything counted."""
    from pathlib import Path

    assert Path(K.__file__).read_text(encoding="utf-8").count("\n") < 500


def test_the_kernel_has_no_assert() -> None:
    from pathlib import Path

    assert K.__file__ is not None
    assert "assert " not in Path(K.__file__).read_text(encoding="utf-8")


@given(POLY, POLY, POLY)
def test_terms_are_a_commutative_ring(p: Poly, q: Poly, r: Poly) -> None:
    assert p * (q + r) == p * q + p * r == (q + r) * p
    assert (p + q) + r == p + (q + r)
    assert p - p == K.ZERO
    assert hash(p * q) == hash(q * p)


def test_matrices_do_not_commute() -> None:
    a, b = term(("mat", "A")), term(("mat", "B"))
    assert a * b != b * a
    assert (a + b) * (a - b) == a * a - a * b + b * a - b * b
    assert x * a == a * x == Mat.of(x) * a


@given(POLY, POLY)
def test_substitution_means_what_it_says(p: Poly, e: Poly) -> None:
    left = K.subst(p * x, {("v", "x"): e})
    assert left == K.subst(p, {("v", "x"): e}) * e


@settings(max_examples=60, deadline=None)
@given(POLY, st.sampled_from(["x", "y"]))
def test_derivatives_agree_with_differences(p: Poly, v: str) -> None:
    assert refuted(K.d_rule(v, p, term(("v", v))), worlds=2) is None


def test_a_binder_protects_its_variable() -> None:
    total = term(("sum", ("i", "k"), Poly.of(1), n, term(("fun", "u", "i", term(("i", "k")))) * w))
    assert K.free(total) == {("i", "n"), ("v", "w")}
    assert K.subst(total, {("i", "k"): Poly.of(7)}) == total
    with pytest.raises(KernelError, match="captured"):
        K.subst(total, {("v", "w"): term(("i", "k"))})


def test_two_definitions_of_one_name_are_two_things() -> None:
    one = K.Def("h", (), "n", (("h", K.ZERO, K.ONE),))
    two = K.Def("h", (), "n", (("h", K.ZERO, K.ZERO),))
    assert one.at(0, 1) != two.at(0, 1)


def test_ball_arithmetic_restores_the_precision() -> None:
    from flint import ctx

    before = ctx.prec
    with pytest.raises(KernelError):
        K.evaluate(term(("tanh", Poly.of(1))) - 1, 200)
    assert ctx.prec == before


@pytest.mark.parametrize("name", sorted(K.FACTS))
def test_a_trusted_fact_is_true_at_sampled_points(name: str) -> None:
    sorts, _, reason = K.FACTS[name]
    assert reason
    supply = {"r": iter([x, y * x + n]), "m": iter([term(("mat", "A")), term(("mat", "B"))]),
              "i": iter(["i"])}
    assert refuted(K.fact(name, *[next(supply[s]) for s in sorts]), worlds=12) is None

"""A user's own inequalities: proved, refuted at a certified point, or left undecided."""

from __future__ import annotations

import random
from fractions import Fraction

import pytest
from semantics import refuted

from bptt_sym import prove
from bptt_sym.prove.descent import descents
from bptt_sym.prove.language import (
    Claim,
    Term,
    absolute,
    exp,
    number,
    reals,
    sequence,
    sigmoid,
    tanh,
)

w, h, u, x, a, b = reals("w h u x a b")


def test_a_true_bound_is_proved() -> None:
    done = prove.decide(absolute((1 - tanh(u + w * h) ** 2) * h) < 1, [absolute(h) < 1])
    assert done.status == "proved"
    assert done.theorem is not None
    assert done.theorem.hyps == {(absolute(h) < 1).formula}


def test_a_false_bound_is_refuted_at_a_certified_point() -> None:
    claim = absolute((1 - tanh(u + w * h) ** 2) * h) <= Fraction(1, 2)
    done = prove.decide(claim, [absolute(h) < 1])
    assert done.status == "refuted"
    assert set(done.counterexample) == {"u", "w", "h"}
    assert abs(done.counterexample["h"]) > Fraction(1, 2)
    assert done.theorem is not None
    assert done.theorem.hyps == frozenset()


def test_a_best_constant_separates_proved_from_refuted() -> None:
    gain = x * (1 - tanh(x) ** 2)
    inside = [x >= 0, x <= 4]
    assert prove.decide(gain < Fraction(4478, 10**4), inside).status == "proved"
    assert prove.decide(gain < Fraction(44, 100), inside).status == "refuted"


def test_a_point_that_several_variables_must_meet_is_found_by_descent() -> None:
    a, b, c = reals("a b c")
    factors = [tanh(x) ** 2 * (1 - tanh(x) ** 2) for x in (a, b, c)]
    claim = absolute(factors[0] * factors[1] * factors[2]) <= Fraction(99, 100) / 64
    assert prove.decide(claim).status == "refuted"


def test_a_descent_yields_points_only_where_the_claim_seems_to_fail() -> None:
    rng = random.Random(1)
    assert list(descents(x * x >= 0, [], rng)) == []
    points = list(descents((x - 7) ** 2 >= 1, [x >= 6], rng))
    assert points and all(abs(p["v", "x"] - 7) < 1 and p["v", "x"] >= 6 for p in points)


def test_contradictory_hypotheses_are_reported() -> None:
    done = prove.decide(x > 1, [x > 2, x < 1])
    assert done.status == "inconsistent"


def test_undecided_says_what_was_tried() -> None:
    done = prove.decide(tanh(x) <= x, [x >= 0])
    assert done.status == "undecided"
    assert done.theorem is None
    assert "ranges of the factors" in done.tried


def test_a_claim_outside_the_language_is_an_error() -> None:
    with pytest.raises(ValueError, match="inequality"):
        prove.decide((x > 0) & (w > 0))


def term_and_bound(rng: random.Random) -> tuple[Term, Term]:
    """A product of factors of the cells' terms, and the least upper bound of its absolute value."""
    size: Term = number(1)
    out: Term | None = None
    for k in range(rng.randint(1, 4)):
        arg = [u + w * h, a, b * x, a - b][k]
        factor, bound = rng.choice([
            (tanh(arg), number(1)), (sigmoid(arg), number(1)), (1 - tanh(arg) ** 2, number(1)),
            (sigmoid(arg) * (1 - sigmoid(arg)), number(Fraction(1, 4))), (w, absolute(w)),
        ])
        out = factor if out is None else out * factor
        size = size * bound
    assert out is not None
    return out, size


def test_no_random_bound_is_decided_wrongly() -> None:
    rng = random.Random(3)
    proved = 0
    for _ in range(12):
        t, size = term_and_bound(rng)
        claim: Claim = absolute(t) <= size
        done = prove.decide(claim)
        assert done.status in ("proved", "undecided")
        proved += done.status == "proved"
        if done.theorem is not None:
            assert done.theorem.concl == claim.formula
            assert refuted(done.theorem) is None
        below = prove.decide(absolute(t) <= Fraction(1, 100) * size - Fraction(1, 1000))
        assert below.status in ("refuted", "undecided")
    assert proved >= 10


@pytest.mark.parametrize(("t", "best"), [
    (sigmoid(x) ** 2 * (1 - sigmoid(x)), Fraction(4, 27)),
    (sigmoid(x) * (1 - sigmoid(x)) ** 2, Fraction(4, 27)),
    (tanh(x) ** 2 * (1 - tanh(x) ** 2), Fraction(1, 4)),
    (1 - 2 * sigmoid(x), Fraction(1)),
])
def test_best_constants_of_polynomials_in_one_function_are_found(t: Term, best: Fraction) -> None:
    assert prove.decide(absolute(t) <= best).status == "proved"
    assert prove.decide(absolute(t * w) <= best * absolute(w)).status == "proved"
    assert prove.decide(absolute(t) <= best * Fraction(19, 20)).status == "refuted"


def test_sequences_and_exponentials_are_in_the_language() -> None:
    assert prove.decide(exp(sequence("u", 0)) > 0).status == "proved"

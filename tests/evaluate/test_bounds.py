"""The running error bound: never too small, and not so large that it hides a mistake."""

from __future__ import annotations

import numpy as np
import pytest

from bptt_sym.evaluate import activations
from bptt_sym.evaluate.bounded import Bound, Bounded
from bptt_sym.evaluate.domains import floats, mpmath_numbers
from bptt_sym.rules import RULES
from bptt_sym.testing.draw import cases
from bptt_sym.testing.models import MODELS, named_model

POINTS = np.array([0.0, 1e-9, 1e-3, 0.3, 1.0, 3.0, 10.0, 19.0, 37.0, 80.0, 300.0])


@pytest.mark.parametrize("name", ["tanh", "sigma"])
@pytest.mark.parametrize("order", [0, 1])
def test_activations_keep_full_relative_precision(name: str, order: int) -> None:
    """tanh' at 19 as 1 - h² has relative error 1; here it has a few units in the last place."""
    a = np.concatenate([POINTS, -POINTS])
    got = activations.value(name, order, a, floats().lib)
    digits = mpmath_numbers(400)
    exact = activations.value(name, order, digits.array(a), digits.lib)
    for x, g, e in zip(a, got, exact, strict=True):
        if float(abs(e)) > 1e-300:
            limit = 8 * (1 + abs(x)) * 2.0**-53 if order else 8 * 2.0**-53
            assert abs(float((digits.array(g)[()] - e) / e)) <= limit, (name, order, x)


@pytest.mark.parametrize("name", sorted(RULES.keys() - {"step", "sign", "relu", "abs", "identity"}))
def test_derivatives_are_those_of_the_rules(name: str) -> None:
    """The table of numerical derivatives and the table of symbolic ones say the same."""
    lib = mpmath_numbers(40).lib
    a = mpmath_numbers(40).array(np.array([0.4, 1.7, 2.9]))

    def apply(f: str, x: object) -> object:
        return activations.value(f, 0, x, lib)

    y = activations.value(name, 0, a, lib)
    from_rule = RULES[name].derivative(a, y, apply)
    own = activations.value(name, 1, a, lib) if name != "exp" else y
    assert max(abs(float(d)) for d in np.atleast_1d(from_rule - own)) < 1e-36


@pytest.mark.parametrize("name", sorted(MODELS))
def test_bound_covers_float64_and_float32(name: str) -> None:
    for p in cases(named_model(name)):
        u = 2.0**-53 if p.dtype == np.float64 else 2.0**-24
        got = p.gradient_in(floats(p.dtype))
        allowed = p.allowed(u)
        for key, exact in p.exact.items():
            off = np.abs(got[key].astype(np.longdouble) - exact)
            assert (off <= allowed[key]).all(), (key, p)
            if p.regime not in ("huge", "long", "saturated") and u < 1e-10:
                # Tight enough for a mistake in the seventh digit.
                scale = float(np.abs(exact).max())
                if scale > 1e-12:
                    assert float(allowed[key].max()) < 1e-7 * scale, (key, p)


def test_bound_follows_cancellation() -> None:
    """1 - h² near saturation: the naive form is charged u, the accurate one relative to itself."""
    a = Bound(np.array([15.0]), np.array([0.0]))
    naive, accurate = Bounded(), Bounded(from_output=False)
    slow = naive._function("tanh", 1, a)
    good = accurate._function("tanh", 1, a)
    assert slow.error[0] > 1e-17 > good.error[0]
    h = np.tanh(15.0)
    truth = float(activations.value("tanh", 1, np.longdouble(15.0), floats(np.longdouble).lib))
    assert abs((1 - h * h) - truth) <= slow.error[0]

"""Lemmas on exp, tanh, the logistic function, |x|, powers and products, from the kernel's facts.

Each is proved once for a variable and instantiated. What a bar of a docstring states is proved, not
trusted: the kernel takes only the definitions of these functions on trust.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from functools import cache

from bptt_sym.prove import kernel as K
from bptt_sym.prove.kernel import ONE, ZERO, Def, Thm, term
from bptt_sym.prove.language import (
    POWER,
    Term,
    TermLike,
    absolute,
    exp,
    kernel,
    product_definition,
    real,
    tanh,
)
from bptt_sym.prove.language import sigmoid as sg
from bptt_sym.prove.tactics import (
    case_split,
    contradiction,
    equal,
    have,
    instantiate,
    known,
    obtain,
    prove,
    settle,
)

X, Y, B = real("x"), real("y"), real("b")


def _fact(name: str, *args: TermLike) -> Thm:
    return K.fact(name, *map(kernel, args))


# ---------------------------------------------------------------- exp
@cache
def exp_0() -> Thm:
    """exp 0 = 1."""
    e = exp(0)
    square, above = _fact("exp_add", 0, 0), _fact("exp_ge", 0)
    below = prove(e <= 1, [square], squares=[e - 1], multipliers=[1])
    return K.antisym(above, below)


@cache
def _exp_pos() -> Thm:
    half = _fact("exp_add", X / 2, X / 2)
    other = _fact("exp_add", -X / 2, -X / 2)
    up = prove(exp(X) >= 0, [half], squares=[exp(X / 2)])
    down = prove(exp(-X) >= 0, [other], squares=[exp(-X / 2)])
    inverse = prove((exp(X) * exp(-X)).eq(1), [_fact("exp_add", X, -X), exp_0()])
    return contradiction(exp(X) > 0, [up, down, inverse])


def exp_pos(x: TermLike) -> Thm:
    """exp x > 0."""
    return instantiate(_exp_pos(), {X: x})


@cache
def _exp_neg() -> Thm:
    return prove((exp(X) * exp(-X)).eq(1), [_fact("exp_add", X, -X), exp_0()])


def exp_neg(x: TermLike) -> Thm:
    """exp x exp(-x) = 1."""
    return instantiate(_exp_neg(), {X: x})


# ---------------------------------------------------------------- tanh
@cache
def _tanh_lt() -> Thm:
    return contradiction(tanh(X) < 1, [_fact("tanh_exp", X), exp_pos(2 * X)])


def tanh_lt(x: TermLike) -> Thm:
    """tanh x < 1."""
    return instantiate(_tanh_lt(), {X: x})


@cache
def _tanh_gt() -> Thm:
    return contradiction(tanh(X) > -1, [_fact("tanh_exp", X), exp_pos(2 * X)])


def tanh_gt(x: TermLike) -> Thm:
    """tanh x > -1."""
    return instantiate(_tanh_gt(), {X: x})


@cache
def _tanh_odd() -> Thm:
    e, t, s = exp(2 * X), tanh(X), tanh(-X)
    # with f = exp(-2x): (t + s)(e + 1) = e - 1 + s + s e = 0, since s (f + 1) = f - 1, e f = 1
    product = prove(
        ((t + s) * (e + 1)).eq(0),
        [_fact("tanh_exp", X), _fact("tanh_exp", -X), exp_neg(2 * X)],
        multipliers=[1, e, s],
    )
    positive = exp_pos(2 * X)
    up = contradiction(t + s >= 0, [product, positive])
    down = contradiction(-t - s >= 0, [product, positive])
    return K.antisym(up, down)


def tanh_odd(x: TermLike) -> Thm:
    """tanh x + tanh(-x) = 0."""
    return instantiate(_tanh_odd(), {X: x})


@cache
def tanh_0() -> Thm:
    """tanh 0 = 0."""
    return prove(tanh(0).eq(0), [tanh_odd(0)])


def tanh_bounds(x: TermLike) -> list[Thm]:
    """tanh x < 1 and tanh x > -1."""
    return [tanh_lt(x), tanh_gt(x)]


def dtanh_pos(x: TermLike) -> Thm:
    """1 - tanh^2 x > 0."""
    return instantiate(_dtanh_pos(), {X: x})


@cache
def _dtanh_pos() -> Thm:
    return prove(1 - tanh(X) ** 2 > 0, tanh_bounds(X))


@cache
def _tanh_mono() -> Thm:
    z = real("z")
    mean = K.mvt("z", tanh(z).kernel, X.kernel, Y.kernel)

    def body(both: Thm) -> Thm:
        value = tanh(Y) - tanh(X) - (1 - tanh(z) ** 2) * (Y - X)
        increase = prove(
            (1 - tanh(z) ** 2) * (Y - X) > 0, [dtanh_pos(z), *known(Y - X > 0)])
        step = K.part(both, 2)
        assert step.concl == ("eq", value.kernel)
        return prove(tanh(Y) > tanh(X), [increase, step])

    return obtain(mean, z, body)


def tanh_mono(x: TermLike, y: TermLike) -> Thm:
    """y - x > 0 |- tanh y > tanh x."""
    return instantiate(_tanh_mono(), {X: x, Y: y})


@cache
def _tanh_mono_le() -> Thm:
    strict = prove(tanh(Y) >= tanh(X), [tanh_mono(X, Y)])
    same = K.antisym(*known(Y - X >= 0, X - Y >= 0))
    z = real("z")
    equal_ = K.cong(same, Y.kernel, X.kernel, tanh(z).kernel, ("v", "z"))
    flat = prove(tanh(Y) >= tanh(X), [equal_])
    return case_split(X - Y, flat, strict)


def tanh_mono_le(x: TermLike, y: TermLike) -> Thm:
    """y - x >= 0 |- tanh y >= tanh x."""
    return instantiate(_tanh_mono_le(), {X: x, Y: y})


# ---------------------------------------------------------------- the logistic function
@cache
def _sg_gt() -> Thm:
    return contradiction(sg(X) > 0, [_fact("sg_exp", X), exp_pos(-X)])


def sg_gt(x: TermLike) -> Thm:
    """sigmoid x > 0."""
    return instantiate(_sg_gt(), {X: x})


@cache
def _sg_lt() -> Thm:
    return contradiction(sg(X) < 1, [_fact("sg_exp", X), exp_pos(-X), sg_gt(X)])


def sg_lt(x: TermLike) -> Thm:
    """sigmoid x < 1."""
    return instantiate(_sg_lt(), {X: x})


def sg_bounds(x: TermLike) -> list[Thm]:
    """sigmoid x > 0 and sigmoid x < 1."""
    return [sg_gt(x), sg_lt(x)]


@cache
def sg_0() -> Thm:
    """sigmoid 0 = 1/2."""
    half = _fact("sg_exp", 0)
    one = exp_0()
    return prove(sg(0).eq(Fraction(1, 2)), [half, one], multipliers=[1, sg(0)])


@cache
def _dsg_le() -> Thm:
    s = sg(X)
    return prove(s * (1 - s) <= Fraction(1, 4), [], squares=[s - Fraction(1, 2)])


def dsg_le(x: TermLike) -> Thm:
    """sigmoid'(x) = s (1 - s) <= 1/4."""
    return instantiate(_dsg_le(), {X: x})


@cache
def _dsg_pos() -> Thm:
    return prove(sg(X) * (1 - sg(X)) > 0, sg_bounds(X))


def dsg_pos(x: TermLike) -> Thm:
    """sigmoid'(x) = s (1 - s) > 0."""
    return instantiate(_dsg_pos(), {X: x})


# ---------------------------------------------------------------- absolute values
def _by_sign(make: object) -> Thm:
    pos, neg = _fact("abs_pos", X), _fact("abs_neg", X)
    up = make([pos, *known(X >= 0)])  # type: ignore[operator]
    down = make([neg, *known(-X > 0)])  # type: ignore[operator]
    return case_split(X, up, have(down, prove(-X >= 0, known(-X > 0))))


@cache
def _abs_ge() -> Thm:
    return _by_sign(lambda using: prove(absolute(X) >= X, using))


@cache
def _abs_ge_neg() -> Thm:
    return _by_sign(lambda using: prove(absolute(X) >= -X, using))


@cache
def _abs_nonneg() -> Thm:
    return _by_sign(lambda using: prove(absolute(X) >= 0, using))


@cache
def _abs_square() -> Thm:
    return _by_sign(lambda using: prove(
        (absolute(X) ** 2).eq(X**2), using[:1], multipliers=[X, absolute(X)]))


@cache
def _abs_le() -> Thm:
    return _by_sign(lambda using: prove(
        absolute(X) <= B, [*using, *known(B - X >= 0, B + X >= 0)]))


@cache
def _abs_lt() -> Thm:
    return _by_sign(lambda using: prove(
        absolute(X) < B, [*using, *known(B - X > 0, B + X > 0)]))


def abs_ge(x: TermLike) -> Thm:
    """|x| >= x."""
    return instantiate(_abs_ge(), {X: x})


def abs_ge_neg(x: TermLike) -> Thm:
    """|x| >= -x."""
    return instantiate(_abs_ge_neg(), {X: x})


def abs_both(x: TermLike) -> list[Thm]:
    """|x| >= x and |x| >= -x."""
    return [abs_ge(x), abs_ge_neg(x)]


def abs_nonneg(x: TermLike) -> Thm:
    """|x| >= 0."""
    return instantiate(_abs_nonneg(), {X: x})


def abs_square(x: TermLike) -> Thm:
    """|x|^2 = x^2."""
    return instantiate(_abs_square(), {X: x})


def abs_le(x: TermLike, bound: TermLike, below: Thm | None = None, above: Thm | None = None) -> Thm:
    """bound - x >= 0, bound + x >= 0 |- |x| <= bound; the premises cut if they are given."""
    thm = instantiate(_abs_le(), {X: x, B: bound})
    return have(thm, *(t for t in (below, above) if t is not None))


def abs_lt(x: TermLike, bound: TermLike, below: Thm | None = None, above: Thm | None = None) -> Thm:
    """bound - x > 0, bound + x > 0 |- |x| < bound; the premises cut if they are given."""
    thm = instantiate(_abs_lt(), {X: x, B: bound})
    return have(thm, *(t for t in (below, above) if t is not None))


@cache
def _abs_mul() -> Thm:
    goal = (absolute(X * Y)).eq(absolute(X) * absolute(Y))
    product = X * Y
    cases = []
    for sx in (1, -1):
        row = []
        for sy in (1, -1):
            left = _fact("abs_pos" if sx > 0 else "abs_neg", X)
            right = _fact("abs_pos" if sy > 0 else "abs_neg", Y)
            whole = _fact("abs_pos" if sx * sy > 0 else "abs_neg", product)
            signs = known(sx * X >= 0, sy * Y >= 0)
            t = equal(goal, whole, left, right)
            t = have(t, prove(sx * sy * product >= 0, signs))
            row.append(t if sy > 0 else have(t, prove(-Y >= 0, known(-Y > 0))))
        t = case_split(Y, *row)
        cases.append(t if sx > 0 else have(t, prove(-X >= 0, known(-X > 0))))
    return case_split(X, *cases)


def abs_mul(x: TermLike, y: TermLike) -> Thm:
    """|x y| = |x| |y|."""
    return instantiate(_abs_mul(), {X: x, Y: y})


def abs_of_nonneg(x: TermLike, positive: Thm | None = None) -> Thm:
    """x >= 0 |- |x| = x."""
    thm = _fact("abs_pos", x)
    return have(thm, positive) if positive is not None else thm


def product_bound(a: TermLike, b: TermLike, first: Thm, second: Thm) -> Thm:
    """A |- |a| <= p,  B |- |b| <= q   ==>   A u B |- |a b| <= p q."""
    p, q = first.concl[1] + absolute(a).kernel, second.concl[1] + absolute(b).kernel
    bound = kernel(p) * kernel(q) - absolute(a).kernel * absolute(b).kernel
    inner = prove(("ge", bound), [first, second, abs_nonneg(a), abs_nonneg(b)])
    return K.psatz("ge", p * q - absolute(kernel(a) * kernel(b)).kernel,
                   (inner, abs_mul(a, b)), ((1, ONE, (0,)),), ((1, -ONE),))


def sum_bound(a: TermLike, b: TermLike, first: Thm, second: Thm) -> Thm:
    """A |- |a| <= p,  B |- |b| <= q   ==>   A u B |- |a + b| <= p + q."""
    x = kernel(a) + kernel(b)
    bound = first.concl[1] + absolute(a).kernel + second.concl[1] + absolute(b).kernel
    using = [first, second, *abs_both(a), *abs_both(b)]
    up = prove(("ge", bound - x), using, degree=1)
    down = prove(("ge", bound + x), using, degree=1)
    return abs_le(x, bound, up, down)


# ---------------------------------------------------------------- recursion, powers, products
def base(d: Def, j: int = 0, values: dict[Term, TermLike] | None = None) -> Thm:
    """Part j at index 0 is its base, at those parameters."""
    return instantiate(K.unfold_base(d, j), values or {})


def step(d: Def, j: int, n: TermLike, values: dict[Term, TermLike] | None = None,
         using: Sequence[Thm] = ()) -> Thm:
    """n >= 0 |- part j at n + 1 is its step at n; the hypothesis is settled if it can be."""
    index = Term("var", ("i", d.index), term(("i", d.index)))
    thm = instantiate(K.unfold_step(d, j), {index: n, **(values or {})})
    return settle(thm, using)


def power_0(x: TermLike) -> Thm:
    """x^0 = 1."""
    return base(POWER, 0, {X: x})


def power_step(x: TermLike, n: TermLike, using: Sequence[Thm] = ()) -> Thm:
    """n >= 0 |- x^(n+1) = x x^n."""
    return step(POWER, 0, n, {X: x}, using)


@cache
def _power_nonneg() -> Thm:
    n = Term("var", ("i", "n"), term(("i", "n")))
    value = X**n
    start = prove(("ge", POWER.at(0, X.kernel, ZERO)), [power_0(X)])
    ih = K.assume(("ge", value.kernel))
    next_ = prove((X ** (n + 1)) >= 0, [ih, *known(X >= 0)], rewrite=[power_step(X, n)])
    return K.induct("n", ZERO, ("ge", value.kernel), start, next_)


def power_nonneg(x: TermLike, n: TermLike, using: Sequence[Thm] = ()) -> Thm:
    """x >= 0, n >= 0 |- x^n >= 0."""
    n_ = Term("var", ("i", "n"), term(("i", "n")))
    return settle(instantiate(_power_nonneg(), {X: x, n_: n}), using)


def product_empty(k: Term, lo: TermLike, body: TermLike) -> Thm:
    """The product over lo <= k <= lo - 1 is 1."""
    d = product_definition(k.args, kernel(body))
    return instantiate(K.unfold_base(d, 0), {("i", "start"): lo})


def product_step(k: Term, lo: TermLike, hi: TermLike, body: TermLike,
                 using: Sequence[Thm] = ()) -> Thm:
    """hi >= lo - 1 |- the product up to hi + 1 is body(hi + 1) times that up to hi."""
    d = product_definition(k.args, kernel(body))
    length = kernel(hi) - kernel(lo) + 1
    thm = instantiate(K.unfold_step(d, 0), {("i", "start"): lo, ("i", "count"): length})
    return settle(thm, using)


# ---------------------------------------------------------------- cancelling, and values near 1
def cancel(product: Thm, factor: TermLike, other: TermLike, positive: Thm) -> Thm:
    """A |- factor other = 0,  B |- factor > 0   ==>   A u B |- other = 0."""
    p = kernel(other)
    up = contradiction(("ge", p), [product, positive])
    return K.antisym(up, contradiction(("ge", -p), [product, positive]))


@cache
def _sg_tanh() -> Thm:
    e = exp(X)
    half = _fact("tanh_exp", X / 2)
    logistic = prove((sg(X) * (e + 1)).eq(e), [_fact("sg_exp", X), exp_neg(X)],
                     multipliers=[e, sg(X)])
    other = 2 * sg(X) - 1 - tanh(X / 2)
    product = prove(((e + 1) * other).eq(0), [half, logistic])
    positive = prove(e + 1 > 0, [exp_pos(X)])
    return cancel(product, e + 1, other, positive)


def sg_tanh(x: TermLike) -> Thm:
    """2 sigmoid x - 1 - tanh(x/2) = 0."""
    return instantiate(_sg_tanh(), {X: x})


@cache
def _near_one() -> tuple[Thm, Thm]:
    e = exp(X)
    grows = _fact("exp_ge", X)
    left = prove((sg(X) * (e + 1)).eq(e), [_fact("sg_exp", X), exp_neg(X)],
                 multipliers=[e, sg(X)])
    gap = [prove(1 - sg(X) >= 0, [sg_lt(X)], degree=1), *known(X >= 0)]
    logistic = prove((1 - sg(X)) * X <= 1, [grows, left, *gap])
    twice = _fact("exp_ge", 2 * X)
    gap = [prove(1 - tanh(X) >= 0, [tanh_lt(X)], degree=1), *known(X >= 0)]
    hyperbolic = prove((1 - tanh(X)) * X <= 1, [twice, _fact("tanh_exp", X), *gap])
    return logistic, hyperbolic


def sg_near_one(x: TermLike) -> Thm:
    """x >= 0 |- (1 - sigmoid x) x <= 1."""
    return instantiate(_near_one()[0], {X: x})


def tanh_near_one(x: TermLike) -> Thm:
    """x >= 0 |- (1 - tanh x) x <= 1."""
    return instantiate(_near_one()[1], {X: x})


def tanh_pos(x: TermLike) -> Thm:
    """x > 0 |- tanh x > 0."""
    return prove(tanh(x) > 0, [tanh_mono(0, x), tanh_0()])


def congruent(equation: Thm, left: TermLike, right: TermLike, value: Term, hole: Term) -> Thm:
    """A |- left = right   ==>   A |- value[hole := left] = value[hole := right]."""
    return K.cong(equation, kernel(left), kernel(right), kernel(value), hole.args)

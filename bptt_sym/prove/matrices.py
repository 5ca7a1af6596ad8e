"""Norm bounds in the abstract normed algebra: products, powers, and chains of Jacobians.

A theorem about matrices here is one about every algebra with a sub-multiplicative norm in which the
norm of a diagonal is the largest entry: square matrices of any dimension with any operator norm
that belongs to a p-norm, the spectral norm among them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from bptt_sym.prove import kernel as K
from bptt_sym.prove.kernel import ZERO, Mat, Thm
from bptt_sym.prove.language import Term, TermLike, kernel, norm, shape
from bptt_sym.prove.lemmas import power_0, power_step
from bptt_sym.prove.tactics import assume, prove


def norm_nonneg(m: TermLike) -> Thm:
    """norm m >= 0."""
    return K.fact("norm_ge", Mat.of(kernel(m)))


def norm_bound_product(a: TermLike, b: TermLike, first: Thm, second: Thm) -> Thm:
    """A |- p - norm a >= 0,  B |- q - norm b >= 0   ==>   A u B |- p q - norm(a b) >= 0."""
    x, y = Mat.of(kernel(a)), Mat.of(kernel(b))
    p = first.concl[1] + norm(x).kernel
    q = second.concl[1] + norm(y).kernel
    return prove(("ge", p * q - norm(x * y).kernel),
                 [first, second, norm_nonneg(x), norm_nonneg(y), K.fact("norm_mul", x, y)])


def own_norm(m: TermLike) -> Thm:
    """norm m - norm m >= 0: the bound of a letter by its own norm."""
    return prove(norm(m) <= norm(m))


def diagonal_bound(i: Term, body: TermLike, bound: TermLike, below: Thm, above: Thm) -> Thm:
    """|entries| <= bound   ==>   norm of the diagonal <= bound."""
    return K.diag_bound(i.args[1], kernel(body), kernel(bound), below, above)


def equal_norms(equation: Thm, left: TermLike, right: TermLike) -> Thm:
    """left = right   ==>   norm left = norm right."""
    return K.norm_eq(equation, Mat.of(kernel(left)), Mat.of(kernel(right)))


def chain_bound(
    n: Term, value: Callable[[TermLike], Term], factor: TermLike, rate: TermLike, start: Thm,
    recurrence: Thm, shrink: Thm, extra: Sequence[Thm] = (),
) -> Thm:
    """value(0) = 1, value(n+1) = factor value(n), norm factor <= rate ==> norm value(n) <= rate^n.

    ``start`` and ``recurrence`` are equations of matrices, ``shrink`` |- rate - norm factor >= 0.
    """
    goal = norm(value(n)) <= shape(rate) ** n
    first = prove(
        K.instance(goal.formula, ("i", n.args[1]), 0),
        [equal_norms(start, value(0), Mat.of(1)), K.fact("norm_one")], rewrite=[power_0(rate)])
    whole = norm_bound_product(factor, value(n), shrink, assume(goal))
    same = equal_norms(recurrence, value(n + 1), Mat.of(kernel(factor)) * value(n).kernel)
    after = prove(K.instance(goal.formula, ("i", n.args[1]), kernel(n + 1)), [whole, same, *extra],
                  rewrite=[power_step(rate, n)], degree=1)
    return K.induct(n.args[1], ZERO, goal.formula, first, after)


"""The every-T bound: a formula that goes wrong late is still caught, whatever its structure."""

from __future__ import annotations

import random
from dataclasses import replace

import flint
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bptt_sym.cells import cell
from bptt_sym.decide import decide
from bptt_sym.decide.automaton import Counter
from bptt_sym.decide.domains import Q_
from bptt_sym.decide.identity import Arena, equal_at, holds, sides_at
from bptt_sym.decide.instances import claim_indices, instances
from bptt_sym.decide.means import cleared, means
from bptt_sym.decide.tensor import Mismatch
from bptt_sym.decide.trials import literal
from bptt_sym.decide.world import Absent
from bptt_sym.distances import highest_first, over_steps
from bptt_sym.notation import (
    Add,
    At,
    Call,
    Claim,
    D,
    Diag,
    Div,
    Fn,
    Idx,
    Mul,
    Neg,
    Node,
    Pow,
    Prod,
    Sum,
    Sym,
    index,
    num,
)
from bptt_sym.read import read_claims
from bptt_sym.read.definitions import recurrence_from_latex

T = Idx("T")
W = Sym("w")
ONE = num(1)


def h(*time: str | int) -> Node:
    return At("h", index(*time))


def slope(*time: str | int) -> Node:
    return Add((ONE, Neg(Pow(h(*time), num(2)))))


def term(var: str = "t") -> Node:
    path = Prod("j", index(var, 1), T, slope("j"))
    return Mul((Pow(W, index("T", "-" + var)), path, slope(var), h(var, -1)))


SERIES = Sum("t", ONE, T, term())
LOSS = Sum("t", ONE, T, At("E", Idx("t")))
LOSS_OF_STEPS = Sum("t", ONE, T, h("t"))
TOTAL = D(h("T"), W)
NESTED = Sum(
    "t",
    ONE,
    T,
    Mul((h("t"), Sum("k", ONE, Idx("t"), Mul((Pow(W, index("t", "-k")), h("k", -1)))))),
)


def verdict(left: Node, right: Node, name: str = "elman") -> str:
    return decide(Claim((left, right), ("=",)), cell(name)).scope


@given(st.integers(2, 6), st.sampled_from(["sum", "product", "power"]))
def test_an_extra_term_that_starts_late_is_found(start, shape):
    late = {
        "sum": Sum("t", num(start), T, term()),
        "product": Sum("t", num(start), T, Mul((h("T"), Prod("j", Idx("t"), T, slope("j"))))),
        "power": Sum("t", num(start), T, Pow(W, index("T", "-t"))),
    }[shape]
    wrong = Claim((TOTAL, Add((SERIES, late))), ("=",))
    result = decide(wrong, cell("elman"))
    assert result.verdict == "wrong"
    assert start <= result.counterexample.T


@pytest.mark.parametrize(
    ("left", "right"),
    [
        (TOTAL, SERIES),
        (TOTAL, Sum("t", ONE, T, Mul((D(h("T"), h("t")), D(h("t"), W, "immediate"))))),
        (SERIES, Add((SERIES, Mul((num(0), h("T")))))),
        (NESTED, NESTED),
        (Sym("L"), Sum("t", ONE, T, At("L", Idx("t")))),
        (
            D(Sym("L"), W),
            Sum("t", ONE, T, Mul((D(Sym("L"), h("t")), D(h("t"), W, "immediate")))),
        ),
    ],
)
def test_true_formulas_hold_for_every_T(left, right):
    assert verdict(left, right).startswith("every T")


def test_two_indices():
    path = Prod("j", index("k", 1), Idx("t"), Mul((slope("j"), W)))
    assert verdict(D(h("t"), h("k")), path).startswith("every k, t")


def test_outside_the_class_only_finitely_many_T_are_claimed():
    # A product of prefix sums grows faster than any weighted automaton.
    body = Sum("k", ONE, Idx("j"), h("k"))
    prefix = Prod("j", ONE, T, body)
    scope = verdict(prefix, prefix)
    assert scope.startswith("T <= ")


def test_dimensions_of_standard_forms():
    counter = Counter(size=1, width=1, lag=1, totals={"L": LOSS})
    assert counter.dimension(h("T"), None, "T") == 1
    assert counter.dimension(SERIES, None, "T") <= 3
    assert counter.dimension(Prod("j", ONE, T, slope("j")), None, "T") <= 2
    two = counter.dimension(Mul((SERIES, SERIES)), None, "T")
    assert two == counter.dimension(SERIES, None, "T") ** 2
    assert counter.dimension(Sym("L"), None, "T") >= 2


def test_the_states_are_enough_for_random_sums_of_geometric_terms():
    """F(T) = sum over i of c_i w_i^T needs as many states as there are different bases."""
    arena = Arena(cell("elman"))
    for bases in range(1, 6):
        left = Add(tuple(Pow(Mul((num(i + 1), W)), T) for i in range(bases)))
        claim = Claim((left, left), ("=",))
        outcome = holds(arena, literal(claim, arena.rec))
        assert outcome.every
        assert outcome.longest >= bases


@pytest.mark.parametrize("total", [False, True])
@pytest.mark.parametrize("n", [1, 2, 3, 4])
def test_the_states_are_enough_for_second_derivatives(n, total):
    """Along a run whose one-step derivatives never change, what a linear recursion needs.

    It is the rank of the Hankel matrix of ``S_t = J S_{t-1} + H[P, P] + K P + d`` with
    ``P_t = J P_{t-1} + b``, or of the sums of these over the steps.
    """
    draw = random.Random(n)
    p = 2**61 - 1
    J = [[draw.randrange(p) for _ in range(n)] for _ in range(n)]
    H = [[draw.randrange(p) for _ in range(n * n)] for _ in range(n)]
    b, d = ([draw.randrange(p) for _ in range(n)] for _ in range(2))

    def times(m, v):
        return [sum(x * y for x, y in zip(row, v, strict=True)) % p for row in m]

    P, S, summed, seen = [0] * n, [0] * n, 0, []
    for _ in range(80):
        squares = [x * y % p for x in P for y in P]
        S = [sum(v) % p for v in zip(times(J, S), times(H, squares), d, strict=True)]
        P = [(x + y) % p for x, y in zip(times(J, P), b, strict=True)]
        summed = (summed + S[0] + P[0] ** 2) % p
        seen.append(summed if total else S[0])
    hankel = [[seen[i + j] for j in range(40)] for i in range(40)]
    needed = flint.nmod_mat(hankel, p).rank()
    assert needed > n * (n + 1) // 2
    counter = Counter(size=n, width=1, lag=1, totals={"L": LOSS})
    y = Sym("L") if total else h("T")
    assert needed <= counter.dimension(D(D(y, W), W), None, "T")


def test_instances_respect_what_the_notation_shows():
    rec = cell("elman")
    sides = (D(h("t"), h("k")), Prod("j", index("k", 1), Idx("t"), W))
    found = list(instances(sides, rec, 4))
    assert all(e["t"] >= e["k"] >= 1 for e in found)
    assert {"t": 4, "k": 1} in found
    assert claim_indices((Sym("L"), h("t")), rec) == ("t", "T")


def test_a_power_of_something_that_changes_with_T_is_outside_the_class():
    counter = Counter(size=1, width=1, lag=1, totals={"L": LOSS})
    for base in (Sym("L"), D(Sym("L"), W), Neg(Mul((num(2), Sym("L"))))):
        assert counter.dimension(Pow(base, T), None, "T") is None
    assert counter.dimension(Pow(W, T), None, "T") == 1


def test_the_direct_derivative_of_a_whole_run_is_not_local():
    counter = Counter(size=1, width=1, lag=1, totals={"L": LOSS})
    assert counter.dimension(D(Sym("L"), W, "direct"), None, "T") > 1


def path(first: int | str, last: int = 0) -> Node:
    return Prod("j", index(first), index("T", last), Mul((W, slope("j"))))


#: What counts up to a fixed step, and goes on behind it.
COUNTED = (
    Mul((D(h(1), W), path(2))),
    Mul((D(h(1), W), W, slope(2), path(3))),
    Mul((h(3), path(2))),
    Mul((h(3), D(h(2), W), path(4))),
    Mul((slope(4), h(3), path(1))),
    Mul((D(h(3), h(1)), path(4), h("T", -1))),
    Mul((path(2), path(3))),
    Mul((path(4), D(h("T"), W), h(1))),
)


@given(st.data())
def test_factors_that_count_together_agree_for_ever_if_they_do_as_far_as_is_counted(
    data: st.DataObject,
) -> None:
    rec = cell("elman")
    left, right = (data.draw(st.sampled_from(COUNTED)) for _ in range(2))
    late = data.draw(st.integers(1, 9))
    extra = Sum("k", num(late), T, data.draw(st.sampled_from((h("k"), slope("k"), path("k")))))
    sides = left, Add((right, extra)) if data.draw(st.booleans()) else right
    counter = Counter(1, 1, 1, {})
    d, e = (counter.dimension(side, None, "T") for side in sides)
    assert d is not None and e is not None
    trial, world = literal(Claim(sides, ("=",)), rec), Arena(rec).world(1, 0)

    def agree(lengths: range) -> bool:
        return all(equal_at(world, trial, {"T": n}) for n in lengths)

    # (Elements of fixed steps exist from step 4 on.)
    if agree(range(4, 4 + d + e)):
        assert agree(range(4, 26)), (left, sides[1])


# ---------------------------------------------------------------------------- distances, and counts

BACK = Sum(
    "k",
    num(0),
    index("T", -1),
    Mul((
        Pow(W, Idx("k")),
        Prod("j", num(0), index("k", -1), slope("T", "-j")),
        slope("T", "-k"),
        h("T", "-k", -1),
    )),
)  # fmt: skip
COUNT = Mul((T, Pow(W, index("T", -1)), h(0)))


def test_series_by_distance_hold_for_every_T():
    assert verdict(TOTAL, BACK).startswith("every T")
    linear = recurrence_from_latex([r"h_t = w h_{t-1} + x_t"])
    for claim in (
        Claim((D(D(h("T"), W), W), D(D(h("T"), W), W)), ("=",)),
        Claim((D(h("T"), W), Add((COUNT, Sum("k", ONE, T, Mul((
            Add((T, Neg(Idx("k")))), Pow(W, index("T", "-k", -1)), At("x", Idx("k"))
        )))))), ("=",)),
    ):  # fmt: skip
        assert decide(claim, linear).scope.startswith("every T")


@pytest.mark.parametrize("zeros", range(1, 6))
def test_a_polynomial_that_vanishes_for_long_is_found(zeros):
    """(T - 1)(T - 2)...(T - n) is no identity, however many T there are at which it is 0."""
    late = Mul((*(Add((T, Neg(num(i)))) for i in range(1, zeros + 1)), W))
    result = decide(Claim((TOTAL, Add((SERIES, late))), ("=",)), cell("elman"))
    assert result.verdict == "wrong"
    assert zeros + 1 == result.counterexample.T


@given(
    st.lists(st.tuples(st.sampled_from("TSs"), st.integers(-1, 1)), min_size=1, max_size=3),
    st.sampled_from([True, False, None]),
    st.sampled_from([True, False, None]),
    st.integers(0, 2),
)
def test_over_steps_is_the_same_value(factors, outer, inner, lag):
    """Random sums and products over distances back and ahead, one in the other, of matrices."""
    U = Sym("W_{hh}")
    times = {"T": ("T", "-k"), "S": ("T", "-k", "-j"), "s": ("k", "-j")}
    body = Mul(tuple(Mul((Diag(At("h", index(*times[a], c))), U)) for a, c in factors))
    product = Prod("j", num(lag), index("k"), body, inner)
    nodes = (
        Prod("k", ONE, index("T", -1), product, outer),
        Sum("k", ONE, index("T", -1), product),
        Prod("k", num(0), index("T", -1), Mul((Diag(At("h", index("T", "-k"))), U)), outer),
    )
    rec = cell("elman-vector")
    world = Arena(rec).world(1, 0)
    for node in nodes:
        moved = over_steps(node)
        trial = literal(Claim((node, moved), ("=",)), rec)
        for n in range(1, 6):
            try:
                assert equal_at(world, trial, {"T": n})
            except (Absent, Mismatch):
                continue  # a step before the start; an empty product, 1, beside matrices
    assert over_steps(nodes[2]) != nodes[2]


def test_the_latest_step_stands_leftmost_unless_it_is_written_otherwise():
    U = Sym("W_{hh}")
    ahead = Prod("j", ONE, T, Mul((Diag(slope("j")), U)))
    back = Prod("j", num(0), index("T", -1), Mul((Diag(slope("T", "-j")), U)))
    assert highest_first(ahead) and not highest_first(back)
    rec = cell("elman-vector")
    jacobian = D(h("T"), h(0))
    assert decide(Claim((jacobian, back), ("=",)), rec).verdict == "right"
    under = decide(Claim((jacobian, ahead), ("=",)), rec)
    assert under.verdict == "right_under_reading"
    assert under.readings == ("the product runs from the latest step (left) to the earliest",)
    turned = decide(Claim((jacobian, replace(back, descending=True)), ("=",)), rec)
    assert turned.verdict == "wrong"


# ---------------------------------------------------------------------------- totals


def test_a_total_has_the_states_of_its_definition():
    def states(total: Node, node: Node) -> int | None:
        return Counter(size=1, width=1, lag=1, totals={"L": total}).dimension(node, None, "T")

    by_w = D(Sym("L"), W)
    assert states(LOSS, by_w) == 3
    assert states(Mul((num(2), LOSS)), by_w) == 3
    assert states(Call("C", (h("T"),)), by_w) == 3
    cube = Pow(LOSS, num(3))
    assert states(cube, Sym("L")) == states(LOSS, Sym("L")) ** 3
    assert states(Prod("t", ONE, T, Sum("k", ONE, Idx("t"), h("k"))), by_w) is None
    assert states(Fn("exp", LOSS), by_w) is None
    assert states(Fn("exp", LOSS), Sym("L")) is None
    # Along a run that never changes, the derivative of (sum of h)^2 is a number times
    # (1 + t)(a + b t + c J^t): five sequences, where a sum of losses would need three.
    needed = _rank([(2 + n) * (3 + 5 * n + 7 * 11**n) for n in range(40)])
    assert 3 < needed <= states(Pow(Sum("t", ONE, T, h("t")), num(2)), by_w)


def _rank(seen: list[int]) -> int:
    p = 2**61 - 1
    half = len(seen) // 2
    return flint.nmod_mat([[seen[i + j] % p for j in range(half)] for i in range(half)], p).rank()


BY_W = r"\frac{\partial L}{\partial w}"
SLOPES = r"\sum_{t=1}^{T} (h_t - y_t) \frac{\partial h_t}{\partial w}"
MEAN = r"L = \frac{1}{T} \sum_{t=1}^{T} (h_t - y_t)^2"


@pytest.mark.parametrize(
    ("claim", "right"),
    [
        (rf"{BY_W} = \frac{{2}}{{T}} {SLOPES}", True),
        (r"\frac{\partial L}{\partial h_T} = \frac{2 (h_T - y_T)}{T}", True),
        (rf"T {BY_W} = 2 {SLOPES}", True),
        (rf"{BY_W} = 2 {SLOPES}", False),
        (rf"{BY_W} = \frac{{2}}{{T}} {SLOPES} + \frac{{(T-1)(T-2)}}{{T^2}} w", False),
    ],
)
def test_means_are_decided_for_every_T(claim: str, right: bool) -> None:
    rec = recurrence_from_latex([r"h_t = \tanh(w h_{t-1} + x_t)", MEAN])
    (read,) = read_claims(claim, rec)
    result = decide(read, rec)
    assert (result.verdict == "right") is right
    assert result.scope.startswith("every T") is right
    assert result.verdict == ("right" if right else "wrong")


@given(st.lists(st.tuples(st.integers(0, 2), st.integers(0, 2)), min_size=1, max_size=4))
def test_what_is_cleared_is_the_same_value_times_a_power_of_T(shape):
    rec = recurrence_from_latex([r"h_t = \tanh(w h_{t-1} + x_t)", MEAN])
    terms = []
    for power, kind in shape:
        body = (Sym("L"), LOSS_OF_STEPS, Mul((W, D(Sym("L"), W))))[kind]
        terms.append(Div(body, Mul((num(3), *[T] * power))) if power else body)
    node = Add((*terms, Pow(Div(W, T), num(2))))
    whole, powers = means(rec)
    assert powers == {"L": 1}
    other = replace(rec, totals=whole)
    cleared_node, m = cleared(node, powers)
    for steps in (1, 2, 5):
        trial = literal(Claim((node, node), ("=",)), rec)
        value = sides_at(Arena(rec).world(1, 0), trial, {"T": steps})[0]
        trial = literal(Claim((cleared_node, cleared_node), ("=",)), other)
        times = sides_at(Arena(other).world(1, 0), trial, {"T": steps})[0]
        assert (value * steps**m - times) % Q_ == 0

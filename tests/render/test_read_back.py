r"""What is printed is read back: random expressions, and every step of derivations.

Two trees are compared after :func:`normal`, which undoes exactly the differences that the printer
documents, and nothing else.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields, replace
from fractions import Fraction
from functools import cache
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bptt_sym import cells
from bptt_sym.decide import decide
from bptt_sym.derive import Derivation
from bptt_sym.errors import NotSupported
from bptt_sym.forms import FORMS, derive
from bptt_sym.notation import (
    ONE,
    Abs,
    Add,
    At,
    Block,
    Call,
    Concat,
    D,
    Diag,
    Div,
    Fn,
    Had,
    Idx,
    Kind,
    Matrix,
    Mul,
    Neg,
    Node,
    Norm,
    Num,
    Ones,
    Outer,
    Pow,
    Prod,
    Sum,
    Sym,
    Transpose,
    affine,
    from_affine,
    index,
    num,
    rebuild,
    walk,
)
from bptt_sym.read import read_claims, read_expression
from bptt_sym.recurrence import Equation, Recurrence
from bptt_sym.render import latex, mathml, text
from bptt_sym.render.latex import TotalStyle
from tests.derive.oracle import scalar_among_vectors
from tests.nightly import examples, some

T, t = Idx("T"), Idx("t")


def small_cell(vector: bool) -> Recurrence:
    r"""A cell with every sort of name: accents, long subscripts, blocks, functions, totals."""
    n, m, scalar = (("n",), ("m",), ()) if vector else ((), (), ())
    previous, inputs = At("h", index("t", -1)), At("x", t)
    both = Concat((previous, inputs)) if vector else Add((previous, inputs))
    joint = Mul((Sym("W_f"), both))
    square = Sym("W_{hidden}")
    return Recurrence(
        "vector" if vector else "scalar",
        (
            Equation("f", Fn("sigma", joint)),
            Equation(r"\tilde{c}", Fn("tanh", Mul((square, previous)))),
            Equation("h", Add((At("f", t), At(r"\tilde{c}", t), Mul((Sym("w"), Sym("b_{in}")))))),
            Equation("E", Call("E", (At("h", t),))),
        ),
        {
            "f": n, r"\tilde{c}": n, "h": n, "x": m, "E": scalar, "b_{in}": n, "w": scalar,
            "W_f": ("n", "n+m") if vector else (), "W_{hidden}": ("n", "n") if vector else (),
        },
        totals={"C": Call("g", (At("h", T), Sym("w")))},
        functions={"E": (), "g": ()},
        blocks={"W_f": ("h", "x")} if vector else {},
    )  # fmt: skip


SCALAR, VECTOR = small_cell(False), small_cell(True)

#: Bounds that no reading takes for a range that runs downward.
RANGES = (
    (num(1), T), (num(2), T), (index("t", 1), T), (t, T), (num(1), t), (num(1), index("t", -1)),
)  # fmt: skip
FUNCTION_NAMES = "tanh sigma exp log sinh cosh sech coth relu softmax".split()
KINDS: tuple[Kind, ...] = ("total", "immediate", "direct")


class Maker:
    """Random expressions over the small cell. One generator is shared, so a seed is an example."""

    def __init__(self, seed: int, vector: bool) -> None:
        self.random = Random(seed)
        self.vector = vector
        self.bound: tuple[str, ...] = ()

    def parameter(self) -> Node:
        return Sym(self.random.choice(("w", "W_f", "W_{hidden}", "b_{in}")))

    def element(self) -> Node:
        return At(self.random.choice(("h", "x", "f", r"\tilde{c}", "E")), self.time())

    def time(self) -> Node:
        r = self.random
        names = ("t", "T", *self.bound)
        match r.randrange(4):
            case 0:
                return num(r.randrange(20))
            case 1:
                return index(r.choice(names), r.randint(-3, 3))
            case 2:
                return index(r.choice(names), f"-{r.choice(names)}")
            case _:
                return Mul((num(r.randint(2, 3)), Idx(r.choice(names))))

    def number(self) -> Node:
        r = self.random
        return num(Fraction(r.randint(-12, 12), r.choice((1, 1, 1, 2, 3, 7))))

    def leaf(self) -> Node:
        make = self.random.choice((self.number, self.parameter, self.element, self.element, Ones))
        return make()

    def derivative(self, depth: int) -> Node:
        r = self.random
        x = r.choice((self.parameter, self.element))()
        kind = r.choice(KINDS)
        match r.randrange(5):
            case 0:
                return D(r.choice((self.element(), Sym("C"))), x, kind)
            case 1:
                return D(Call("g", (self.node(depth), Sym("w"))), x, kind)
            case 2:
                return D(D(self.element(), self.parameter()), self.parameter())
            case 3:
                return D(Fn(r.choice(FUNCTION_NAMES), self.node(depth)), x, kind)
            case _:
                return D(Pow(self.element(), num(2)), x, kind)

    def big(self, depth: int) -> Node:
        r = self.random
        name = r.choice("jks")
        low, high = r.choice(RANGES)
        outer, self.bound = self.bound, (*self.bound, name)
        body = self.node(depth)
        self.bound = outer
        if r.random() < 0.5:
            return Sum(name, low, high, body)
        return Prod(name, low, high, body, r.choice((True, False)) if self.vector else None)

    def node(self, depth: int) -> Node:
        r = self.random
        if depth <= 0:
            return self.leaf()
        d = depth - 1

        def several() -> tuple[Node, ...]:
            return tuple(self.node(d) for _ in range(r.randint(2, 3)))

        makers: list[Callable[[], Node]] = [
            self.leaf,
            lambda: Add(several()),
            lambda: Mul(several()),
            lambda: Mul(several()),
            lambda: Had(several()),
            lambda: Neg(self.node(d)),
            lambda: Div(self.node(d), self.node(d)),
            lambda: Pow(self.node(d), r.choice((num(r.randint(-3, 4)), self.time()))),
            lambda: Fn(r.choice(FUNCTION_NAMES), self.node(d), r.choice((0, 0, 1, 2))),
            lambda: Fn("sqrt", self.node(d)),
            lambda: Call("g", (self.node(d), Sym("w"))),
            lambda: Abs(self.node(d)),
            lambda: Norm(self.node(d), r.choice(("1", "2", "inf", "F", "any"))),
            lambda: self.derivative(d),
            lambda: self.big(d),
            lambda: self.big(d),
        ]
        if self.vector:
            makers += [
                lambda: Diag(self.node(d)),
                lambda: Transpose(self.node(d)),
                lambda: Outer(self.node(d), self.node(d)),
                lambda: Concat(several()),
                lambda: Block(Sym("W_f"), r.choice("hx")),
            ]
        return r.choice(makers)()


SEEDS = st.integers(0, 2**32)
DEPTHS = st.integers(0, 3)


# ---------------------------------------------------------------------------- what may differ


def normal(node: Node, marked: bool, scalar: bool) -> Node:
    """The tree that printing and reading is documented to give.

    ``marked``: total derivatives were printed with an upright d, so their kind survives.
    ``scalar``: the order of products is not shown, factors commute.
    """

    def deep(n: Node) -> Node:
        return normal(n, marked, scalar)

    match node:
        case Ones():
            return ONE
        case Num(value=v) if v < 0:
            return Neg(Num(-v))
        case At(name=name, time=time):
            return At(name, canonical(time))
        case Add(args=args):
            return Add(tuple(y for a in args for y in opened(deep(a), Add)))
        case Outer(left=a, right=b):
            return Mul(tuple(deep(y) for y in factors(node)))
        case Mul(args=args):
            first, rest = args[0], args[1:]
            if isinstance(first, Num) and first.value < 0:
                # -2 a b is minus the product; -1 is the sign alone.
                rest = rest if first.value == -1 else (Num(-first.value), *rest)
                return Neg(deep(Mul(rest) if len(rest) > 1 else rest[0]))
            return Mul(tuple(deep(y) for y in factors(node)))
        case Had(args=args):
            return Had(tuple(y for a in args for y in opened(deep(a), Had)))
        case Neg(arg=a):
            return Neg(deep(a))
        case Div(num=a, den=b):
            a, b = deep(a), deep(b)
            # A minus sign stays in the numerator: only what is printed as numerals is a number.
            if isinstance(a, Num) and isinstance(b, Num) and b.value:
                return Num(a.value / b.value)
            return Div(a, b)
        case Pow(base=Abs(arg=a), exp=Num(value=Fraction(numerator=2, denominator=1))):
            # |v|^2 is the square of v's length, which is that of the absolute value of a number.
            return Pow(Norm(deep(a), "any"), num(2))
        case Pow(base=base, exp=exp):
            return Pow(deep(base), canonical(exp))
        case D(y=y, x=x, kind=kind):
            shown = kind
            if kind == "total" and not marked and not isinstance(y, Call):
                shown = "unmarked"
            return D(deep(y), deep(x), shown)
        case Sum(lo=lo, hi=hi, body=body):
            return replace(node, lo=canonical(lo), hi=canonical(hi), body=deep(body))
        case Prod(lo=lo, hi=hi, body=body, descending=order):
            return replace(
                node,
                lo=canonical(lo),
                hi=canonical(hi),
                body=deep(body),
                descending=None if scalar else order,
            )
        case _:
            return rebuild(node, deep)


def canonical(time: Node) -> Node:
    form = affine(time)
    assert form is not None
    return from_affine(*form)


def opened(node: Node, kind: type[Add] | type[Mul] | type[Had]) -> list[Node]:
    return list(node.args) if isinstance(node, kind) else [node]


def factors(node: Node) -> list[Node]:
    if isinstance(node, Mul):
        return [y for a in node.args for y in factors(a)]
    if isinstance(node, Outer):
        return [*factors(node.left), Transpose(node.right)]
    return [node]


def same(printed: str, node: Node, rec: Recurrence, total: TotalStyle) -> None:
    read = read_expression(printed, rec)
    wanted = normal(node, total == "d", commutes(node, rec))
    assert normal(read, True, commutes(node, rec)) == wanted, printed


def commutes(node: Node, rec: Recurrence) -> bool:
    return rec.is_scalar and not any(isinstance(n, Matrix) for n in walk(node))


# ---------------------------------------------------------------------------- the property


@pytest.mark.parametrize("total", ["notes", "d"])
@pytest.mark.parametrize("rec", [SCALAR, VECTOR], ids=["scalar", "vector"])
@settings(max_examples=examples(100, 3_000))
@given(depth=DEPTHS, seed=SEEDS)
def test_expressions_are_read_back(
    rec: Recurrence, total: TotalStyle, depth: int, seed: int
) -> None:
    node = Maker(seed, not rec.is_scalar).node(depth)
    same(latex(node, rec, total=total), node, rec, total)


@settings(max_examples=100)
@given(seed=SEEDS)
def test_a_part_that_occurs_again_is_printed_as_if_it_did_not(seed: int) -> None:
    """Its text is kept, by its identity: here, beside bracketed and unbracketed places of it, and
    beside nodes that only the printing makes (the -2 of a product leaves and gives its place)."""
    part = Maker(seed, True).node(3)
    minus = [Mul((num(-2 - k), part, Sym(f"w_{k}"))) for k in range(6)]
    node = Add((part, Mul((part, part)), Pow(part, num(2)), Neg(part), *minus, At("h", part)))
    apart = _apart(node)
    for write in (latex, text, mathml):
        assert write(node, VECTOR) == write(apart, VECTOR)


def _apart(node: Node) -> Node:
    """``node``, no part of which is the same object as another."""

    def copied(value: object) -> object:
        if isinstance(value, tuple):
            return tuple(copied(v) for v in value)
        return _apart(value) if isinstance(value, Node) else value

    return type(node)(**{f.name: copied(getattr(node, f.name)) for f in fields(node)})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("a", "b"),
    [
        (Mul((Sum("j", ONE, T, At("h", Idx("j"))), Sym("w"))),
         Sum("j", ONE, T, Mul((At("h", Idx("j")), Sym("w"))))),
        (Prod("j", ONE, T, At("h", Idx("j")), True), Prod("j", ONE, T, At("h", Idx("j")), False)),
        (Pow(Sym("W_f"), T), Transpose(Sym("W_f"))),
        (Mul((Sym("C"), Add((Sym("w"), ONE)))), Call("C", (Add((Sym("w"), ONE)),))),
        (Pow(Neg(Sym("w")), num(2)), Neg(Pow(Sym("w"), num(2)))),
        (Mul((num(2), num(3))), num(23)),
        (D(At("h", t), Sym("w"), "immediate"), D(At("h", t), Sym("w"), "direct")),
    ],
)  # fmt: skip
def test_different_expressions_are_printed_differently(a: Node, b: Node) -> None:
    assert latex(a, VECTOR) != latex(b, VECTOR)


# ---------------------------------------------------------------------------- derivations

TARGETS = {
    "elman": ("dh[T]/dw", "dh[T]/dh[t]", "dh[T]/dh[0]", "dC/dw", "dL/dw", "d2C/dw2"),
    "elman-vector": ("dh[T]/dh[t]", "dh[T]/db_{hh}", "dL/dW_{hh}"),
    "sigmoid-rnn": ("dc[T]/dW_{rec}", "dE/dW_{rec}"),
    "lstm": ("dc[t]/dc[t-1]", "dc[T]/dU_f"),
    "lstm-vector": ("dc[t]/dc[t-1]", "dh[T]/dU_f"),
    "scalar among vectors": ("ds[T]/dW", "dh[T]/ds[t]"),
}
#: A form that a target does not have is refused; of these so many derivations must remain.
AT_LEAST = 60


@cache
def derivations() -> list[Derivation]:
    out = []
    for name, targets in TARGETS.items():
        rec = scalar_among_vectors() if name not in cells.names() else cells.cell(name)
        for target in targets:
            for form in FORMS:
                for horizon in (None, 3):
                    try:
                        out.append(derive(rec, target, horizon, form))
                    except NotSupported:
                        continue
    return out


def test_every_step_of_every_derivation_is_read_back() -> None:
    found = derivations()
    assert len(found) >= AT_LEAST
    seen: set[tuple[str, Node]] = set()
    for d in some(found, 2):
        for side in (s for step in d.steps for s in (step.lhs, step.rhs)):
            if (d.recurrence.name, side) not in seen:
                seen.add((d.recurrence.name, side))
                same(latex(side, d.recurrence), side, d.recurrence, "notes")


def test_a_printed_block_is_read_as_its_steps_and_its_words_as_nothing() -> None:
    for d in some(derivations()[1:], 4):
        claims = read_claims(d.latex(), d.recurrence)
        assert len(claims) == len(d.steps), d.latex()
        for claim, step in zip(claims, d.steps, strict=True):
            assert claim.ops == ("=",)
            for read, side in zip(claim.sides, (step.lhs, step.rhs), strict=True):
                scalar = commutes(side, d.recurrence)
                assert normal(read, True, scalar) == normal(side, False, scalar)


DECIDED = [
    ("elman", "dh[T]/dw", "series"),
    ("elman", "dh[T]/dh[t]", "series"),
    ("elman-vector", "dh[T]/dh[t]", "series"),
    ("lstm", "dc[t]/dc[t-1]", "jacobian"),
]


@pytest.mark.parametrize(("cell", "target", "form"), DECIDED)
def test_every_printed_step_read_back_is_decided_right(cell: str, target: str, form: str) -> None:
    # For every T: what holds for one T only, a formula on its own does not say.
    d = derive(cells.cell(cell), target, None, form)
    claims = read_claims(d.latex(), d.recurrence)
    assert len(claims) == len(d.steps)
    for claim in claims:
        assert decide(claim, d.recurrence).verdict == "right", latex(claim)


def test_a_misprint_would_be_found() -> None:
    d = derive(cells.elman(), "dh[T]/dw", None, "series")
    planted = d.latex().replace("1 - h_j^{2}", "1 + h_j^{2}")
    assert planted != d.latex()
    verdicts = [decide(c, d.recurrence).verdict for c in read_claims(planted, d.recurrence)]
    assert "wrong" in verdicts

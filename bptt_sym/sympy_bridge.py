"""SymPy at the door: declare recurrences in it, hand it any expression, and take expressions back.

SymPy is imported when a function is called, never with the package. Its ``diff`` is not used: it
holds indexed states fixed without saying so. Nothing is parsed or sympified from text.

Scalars become commutative symbols and ``IndexedBase`` elements. Vectors and matrices become
non-commutative ones, so that SymPy keeps the order of every product; what SymPy has no notion of
(``diag``, the elementwise product, the three kinds of derivative) becomes a function head of the
same name.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from fractions import Fraction
from functools import cache
from typing import Any

from bptt_sym.errors import InputError, ModelError
from bptt_sym.notation import (
    FUNCTIONS,
    ONE,
    ZERO,
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
    add,
    affine,
    from_affine,
    index,
    mul,
    substitute_index,
    walk,
)
from bptt_sym.recurrence import SCALAR, STEP, Equation, Recurrence, Shape, lag_of, references

#: Elementwise functions that SymPy has under another or the same name.
_OWN = {"tanh", "exp", "log", "sinh", "cosh", "sech", "coth", "sqrt"}
_HEADS = (
    "Had Diag Transpose Outer Concat Block Norm Identity Zero PathProduct Prime "
    "BlockRow BlockMatrix "
    "TotalDerivative ImmediateDerivative DirectDerivative UnmarkedDerivative Element"
).split()
_KINDS = {
    "total": "TotalDerivative",
    "immediate": "ImmediateDerivative",
    "direct": "DirectDerivative",
    "unmarked": "UnmarkedDerivative",
}


@cache
def _heads() -> dict[str, Any]:
    """The function heads for what SymPy has no notion of, and for the logistic function."""
    import sympy

    names = [*_HEADS, *(n for n in sorted(FUNCTIONS) if n not in _OWN)]
    # A matrix never commutes, whatever its entries are.
    fixed = {"BlockMatrix": {"is_commutative": False}}
    return {n: type(n, (sympy.Function,), dict(fixed.get(n, {}))) for n in names}


def to_sympy(node: Node, rec: Recurrence | None = None) -> Any:
    """The SymPy expression of ``node``.

    Without a recurrence every name is taken for a scalar. Sums and products stay unevaluated;
    SymPy's own normal form applies to everything else (``a + a`` becomes ``2 a``).
    """
    import sympy

    head = _heads()
    shapes: Mapping[str, Shape] = rec.shapes if rec is not None else {}

    def symbol(name: str) -> Any:
        return sympy.Symbol(name, commutative=not shapes.get(name, SCALAR))

    def label(text: str) -> Any:
        return sympy.Symbol(text)

    def integer(name: str) -> Any:
        return sympy.Symbol(name, integer=True)

    def go(n: Node) -> Any:
        match n:
            case Num(value=v):
                return sympy.Rational(v.numerator, v.denominator)
            case Idx(name=i):
                return integer(i)
            case Sym(name=s):
                return symbol(s)
            case At(name=s, time=t):
                if shapes.get(s, SCALAR):
                    return head["Element"](symbol(s), go(t))
                return sympy.Indexed(sympy.IndexedBase(s), go(t))
            case Add(args=args):
                return sympy.Add(*map(go, args))
            case Mul(args=(z, D() as block)) if z == ZERO:
                # SymPy would drop what says how large the zero is.
                return head["Zero"](go(block))
            case Mul(args=args):
                return sympy.Mul(*map(go, args))
            case Neg(arg=a):
                return -go(a)
            case Div(num=a, den=b):
                return go(a) / go(b)
            case Pow(base=b, exp=e):
                return sympy.Pow(go(b), go(e))
            case Fn(name=f, arg=a, order=0):
                if f in _OWN:
                    return getattr(sympy, f)(go(a))
                return head[f](go(a)) if f in head else head["Prime"](label(f), 0, go(a))
            case Fn(name=f, arg=a, order=k):
                return head["Prime"](label(f), k, go(a))
            case Call(name=f, args=args):
                return sympy.Function(f)(*map(go, args))
            case D(y=y, x=x, kind=k):
                return head[_KINDS[k]](go(y), go(x))
            case Sum(var=v, lo=lo, hi=hi, body=b):
                return sympy.Sum(go(b), (integer(v), go(lo), go(hi)))
            case Prod(var=v, lo=lo, hi=hi, body=b, descending=d):
                body = go(b)
                if body.is_commutative:
                    return sympy.Product(body, (integer(v), go(lo), go(hi)))
                order = {True: 1, False: -1, None: 0}[d]
                return head["PathProduct"](body, integer(v), go(lo), go(hi), order)
            case Ones():
                return head["Identity"](label("I"))
            case Block(arg=a, part=p):
                return head["Block"](go(a), label(p))
            case Norm(arg=a, ord=o):
                return head["Norm"](go(a), label(o))
            case Abs(arg=a):
                return sympy.Abs(go(a))
            case Matrix(rows=rows):
                return head["BlockMatrix"](*(head["BlockRow"](*map(go, r)) for r in rows))
            case Had(args=args) | Concat(args=args):
                return head[type(n).__name__](*map(go, args))
            case Diag(arg=a) | Transpose(arg=a):
                return head[type(n).__name__](go(a))
            case Outer(left=a, right=b):
                return head["Outer"](go(a), go(b))
            case _:
                raise TypeError(f"no SymPy form of {type(n).__name__}")

    return go(node)


def from_sympy(expr: Any, sequences: Iterable[str] = ()) -> Node:
    """The expression that a SymPy object stands for.

    An integer symbol is an index, any other a name without time. ``h[t]`` (``Indexed``) is an
    element of a sequence, and so is ``h(t)`` if ``h`` is among ``sequences``.

    Raises
    ------
    InputError
        For what has no exact meaning here: a float, an unknown function class, an assumption-laden
        object such as ``Piecewise``.
    """
    import sympy

    head = _heads()
    known = frozenset(sequences)

    def time(e: Any) -> Node:
        form = affine(go(e))
        if form is None:
            raise InputError(f"{e} is not a time index", token=str(e), hint="write t - 1")
        return from_affine(*form)

    def name(e: Any) -> str:
        return str(e.name)

    def go(e: Any) -> Node:
        if isinstance(e, sympy.Rational):
            return Num(Fraction(int(e.p), int(e.q)))
        if isinstance(e, sympy.Float):
            raise InputError(f"{e} is not exact", token=str(e), hint="write Rational(1, 2)")
        if isinstance(e, sympy.Symbol):
            return Idx(name(e)) if e.is_integer else Sym(name(e))
        if isinstance(e, sympy.Indexed):
            if len(e.indices) != 1:
                raise InputError(f"{e} has more than one index", token=str(e))
            return At(str(e.base.label), time(e.indices[0]))
        if isinstance(e, sympy.Add):
            return add(*map(go, e.args))
        if isinstance(e, sympy.Mul):
            return _product([go(a) for a in e.args])
        if isinstance(e, sympy.Pow):
            base, power = go(e.base), go(e.exp)
            if power == Num(Fraction(-1)):
                return Div(ONE, base)
            if power == Num(Fraction(1, 2)):
                return Fn("sqrt", base)
            return Pow(base, power)
        if isinstance(e, (sympy.Sum, sympy.Product)):
            return _bound(e, go)
        if isinstance(e, sympy.Abs):
            return Abs(go(e.args[0]))
        if isinstance(e, sympy.Function):
            return _function(e, go, time, head, known)
        if e == sympy.E:
            return Fn("exp", ONE)
        raise InputError(f"{type(e).__name__} has no meaning in a recurrence", token=str(e)[:60])

    return go(expr)


def _product(args: list[Node]) -> Node:
    minus = [a for a in args if a == Num(Fraction(-1))]
    rest = mul(*(a for a in args if a != Num(Fraction(-1))))
    return Neg(rest) if len(minus) % 2 else rest


def _bound(e: Any, go: Callable[[Any], Node]) -> Node:
    import sympy

    body = go(e.function)
    for variable, lo, hi in e.limits:
        args = (str(variable.name), go(lo), go(hi), body)
        body = Sum(*args) if isinstance(e, sympy.Sum) else Prod(*args, descending=True)
    return body


def _function(e: Any, go: Any, time: Any, head: dict[str, Any], known: frozenset[str]) -> Node:
    import sympy

    cls, args = type(e), e.args
    f = str(cls.__name__)
    if isinstance(e, sympy.core.function.AppliedUndef):
        if f in known:
            return At(f, time(args[0]))
        return Call(f, tuple(map(go, args)))
    if f in _OWN and len(args) == 1:
        return Fn(f, go(args[0]))
    if head.get(f) is not cls:
        raise InputError(f"the function {f} has no derivative rule", token=str(e)[:60])
    for kind, derivative in _KINDS.items():
        if f == derivative:
            return D(go(args[0]), go(args[1]), kind)  # type: ignore[arg-type]
    match f:
        case "Element":
            return At(str(args[0].name), time(args[1]))
        case "Prime":
            return Fn(str(args[0].name), go(args[2]), int(args[1]))
        case "PathProduct":
            order = {1: True, -1: False, 0: None}[int(args[4])]
            return Prod(str(args[1].name), go(args[2]), go(args[3]), go(args[0]), order)
        case "Zero":
            return Mul((ZERO, go(args[0])))
        case "Identity":
            return Ones()
        case "Block":
            return Block(go(args[0]), str(args[1].name))
        case "Norm":
            return Norm(go(args[0]), str(args[1].name))
        case "BlockMatrix":
            return Matrix(tuple(tuple(map(go, row.args)) for row in args))
        case "Had":
            return Had(tuple(map(go, args)))
        case "Concat":
            return Concat(tuple(map(go, args)))
        case "Diag":
            return Diag(go(args[0]))
        case "Transpose":
            return Transpose(go(args[0]))
        case "Outer":
            return Outer(go(args[0]), go(args[1]))
        case _:
            return Fn(f, go(args[0]))


def recurrence_from_sympy(
    equations: Iterable[Any],
    *,
    name: str = "defined",
    shapes: Mapping[str, Shape] | None = None,
    initial: Mapping[str, Any] | None = None,
    totals: Mapping[str, Any] | None = None,
) -> Recurrence:
    """A recurrence from SymPy equations such as ``Eq(h[t], tanh(w*h[t-1] + x[t]))``.

    Parameters
    ----------
    equations:
        In order of computation: ``Eq`` objects whose left sides are ``h[t]`` or ``h(t)``; ``t`` is
        ``Symbol("t", integer=True)``.
    shapes:
        Shapes of vectors and matrices; every other name is a scalar. Their symbols must not
        commute, or SymPy would reorder the products: ``Symbol("W", commutative=False)``,
        ``Function("h", commutative=False)``.
    initial, totals:
        As in :class:`~bptt_sym.recurrence.Recurrence`, as SymPy expressions.

    Raises
    ------
    InputError
        If an equation cannot be taken over exactly.
    ModelError
        If the equations are no recurrence, or a matrix was declared commutative.
    """
    given = dict(shapes or {})
    pairs = [(_left(e), e.rhs) for e in equations]
    names = {left[0] for left in (p[0] for p in pairs)}
    sequences = names | _sequence_like([rhs for _, rhs in pairs], names)
    for _, rhs in pairs:
        _refuse_commuting(rhs, given)
    made = tuple(
        Equation(target, _canonical(from_sympy(rhs, sequences), back))
        for (target, back), rhs in pairs
    )
    functions: dict[str, Shape] = {}
    full: dict[str, Shape] = {}
    total = {k: from_sympy(v, sequences) for k, v in (totals or {}).items()}
    for e in made:
        full.setdefault(e.target, given.get(e.target, SCALAR))
        for other, _ in references(e.rhs):
            full.setdefault(other, given.get(other, SCALAR))
        for n in walk(e.rhs):
            if isinstance(n, Sym):
                full.setdefault(n.name, given.get(n.name, SCALAR))
            elif isinstance(n, Call):
                whole = n == e.rhs
                functions[n.name] = given.get(n.name, full[e.target] if whole else SCALAR)
    for v in total.values():
        for n in walk(v):
            if isinstance(n, Call):
                functions.setdefault(n.name, given.get(n.name, SCALAR))
    return Recurrence(
        name,
        made,
        full,
        initial={k: from_sympy(v, sequences) for k, v in (initial or {}).items()},
        totals=total,
        functions=functions,
    )


def _left(equation: Any) -> tuple[str, int]:
    """``(name, k)`` of a left side at ``t + k``."""
    import sympy

    if not isinstance(equation, sympy.Eq):
        raise InputError(f"{equation} is not an equation", hint="write Eq(h[t], …)")
    left = equation.lhs
    if isinstance(left, sympy.Indexed) and len(left.indices) == 1:
        name, time = str(left.base.label), left.indices[0]
    elif isinstance(left, sympy.core.function.AppliedUndef) and len(left.args) == 1:
        name, time = str(left.func.__name__), left.args[0]
    else:
        raise InputError(f"{left} is not a sequence at a step", hint="write Eq(h[t], …)")
    lag = lag_of(from_sympy(time))
    if lag is None:
        raise InputError(f"the left side {left} is not at t plus a number")
    return name, -lag


def _canonical(node: Node, ahead: int) -> Node:
    """An equation for ``t + ahead`` as the equation for ``t``."""
    return substitute_index(node, STEP, index(STEP, -ahead)) if ahead else node


def _sequence_like(sides: list[Any], names: set[str]) -> set[str]:
    """Undefined functions of the step alone, ``x(t)``: inputs written as functions."""
    import sympy

    found = set()
    for side in sides:
        for f in side.atoms(sympy.core.function.AppliedUndef):
            if len(f.args) == 1 and {str(s) for s in f.args[0].free_symbols} == {STEP}:
                found.add(str(f.func.__name__))
    return found - names


def _refuse_commuting(side: Any, shapes: Mapping[str, Shape]) -> None:
    import sympy

    for atom in side.atoms(sympy.Symbol, sympy.Indexed, sympy.core.function.AppliedUndef):
        name = str(getattr(atom, "name", "") or getattr(atom, "base", "") or atom.func.__name__)
        if shapes.get(name, SCALAR) and atom.is_commutative:
            raise ModelError(
                f"{name} has the shape {shapes[name]}, but SymPy may reorder it: declare it with "
                "commutative=False"
            )

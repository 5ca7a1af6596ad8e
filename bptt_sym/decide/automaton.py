"""How far in T a formula must be checked so that it holds for every T.

A sum over t of products over j is the value of a weighted automaton that reads the steps from left
to right, ``F(T) = alpha M_1 M_2 ... M_T beta`` with matrices of rational functions in what one
step holds (and its neighbour, when steps share a state). The difference of two such formulas of
dimensions d and e is one of dimension d + e, and it is zero for all T if it is zero for the first
d + e lengths: the spaces spanned by what the automaton can still produce grow strictly until they
stop growing (Schützenberger 1961).

:func:`dimension` bounds d from the shape of a formula. It never underestimates; where a formula is
outside the class it says ``None`` and the verdict can only be "T <= N". With a left index L, the
letters carry a mark at L; a formula in (L, r) needs one more state, "mark not yet seen".
"""

from __future__ import annotations

from collections.abc import Container, Mapping
from math import prod

from bptt_sym.decide.remembered import symbols
from bptt_sym.notation import (
    HORIZON_NAME,
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
    affine,
    children,
    free_indices,
)
from bptt_sym.slices import Slice

Dimension = int | None
#: A formula of more states than this is not worth the steps it would take.
TOO_MANY = 64


class Counter:
    """Counts automaton states for formulas of one model.

    ``size`` is the number of scalars in all states together, ``width`` the largest dimension of
    a state, ``totals`` what is defined over the whole run, with no division by T left in it
    (:func:`bptt_sym.decide.means.cleared`).
    """

    def __init__(self, size: int, width: int, lag: int, totals: Mapping[str, Node]) -> None:
        self.size = size
        self.width = width
        self.lag = max(lag, 1)
        self.totals = totals

    def _indices(self, node: Node) -> frozenset[str]:
        """The steps that a value looks at: what is defined over the run looks at the last one."""
        free = free_indices(node)
        if self.totals and HORIZON_NAME not in free and not symbols(node).isdisjoint(self.totals):
            return free | {HORIZON_NAME}
        return free

    def dimension(self, node: Node, left: str | None, right: str) -> Dimension:
        """States that recognise ``node`` as a function of the steps up to ``right``.

        Indices other than ``left`` and ``right`` must be bound inside ``node``.
        """
        free = self._indices(node)
        if not free <= {left, right}:
            return None
        local = self._local(node, left, right)
        if local is not None:
            return local
        match node:
            case Sym(name=name):
                return self.dimension(self.totals[name], left, right)
            case Idx():
                return 2  # how many steps there are up to a mark: 1, and what has been counted
            case Add(args=args):
                return _sum(self.dimension(a, left, right) for a in args)
            case Mul(args=args) | Had(args=args):
                return self._together(args, left, right)
            case Neg(arg=a) | Diag(arg=a) | Transpose(arg=a) | Block(arg=a) | Slice(arg=a):
                return self.dimension(a, left, right)
            case Outer(left=a, right=b):
                return _product((self.dimension(a, left, right), self.dimension(b, left, right)))
            case Concat(args=args):
                return _product(self.dimension(a, left, right) for a in args)
            case Matrix(rows=rows):
                return _sum(self.dimension(a, left, right) for row in rows for a in row)
            case Div(num=a, den=b):
                below = self.dimension(b, left, right)
                # One state means F is a product of step-wise factors, and so is 1/F.
                return self.dimension(a, left, right) if below == 1 else None
            case Pow(base=base, exp=exp):
                return self._power(base, exp, left, right)
            case D():
                return self._derivative(node, left, right)
            case Prod():
                return self._prod(node, left, right)
            case Sum():
                return self._sum_over(node, node.body, left, right)
            case _:
                return None

    # A local formula looks at a window of steps around an end. A letter holds such a window, so one
    # state is enough; a fixed step needs states that count up to it.
    def _local(self, node: Node, left: str | None, right: str) -> Dimension:
        fixed = 1
        for leaf in _time_nodes(node, self.totals):
            if leaf is None:
                return None
            coeffs, const = leaf
            if not coeffs:
                fixed = max(fixed, 1 + abs(const))
            elif coeffs not in ({right: 1}, {left: 1}):
                return None
        return fixed

    def _together(self, args: tuple[Node, ...], left: str | None, right: str) -> Dimension:
        """States of a product: those of its factors multiply.

        Factors that count up to a fixed step count together: with as many states as the longest
        count, and in each as many as the factors have behind theirs.
        """
        apart = _product(self.dimension(a, left, right) for a in args)
        if apart is None:
            return None
        phases = [self._phases(a, left, right) for a in args]
        counted = max(c for _, c in phases)
        return min(apart, prod(d for d, _ in phases) * (1 + counted))

    def _phases(self, node: Node, left: str | None, right: str) -> tuple[int, int]:
        """The states of ``node`` from some fixed step on, and that step; 0 if there is none."""
        states = self.dimension(node, left, right)
        assert states is not None
        local = self._local(node, left, right)
        if local is not None or (isinstance(node, D) and not self._indices(node)):
            fixed = (affine(n.time) for n in _inside(node) if isinstance(n, At))
            steps = max((abs(f[1]) for f in fixed if f is not None and not f[0]), default=0)
            return max(1, states - steps), steps
        if isinstance(node, Prod):
            lo, hi = affine(node.lo), affine(node.hi)
            if lo is not None and not lo[0] and hi is not None and hi[0] == {right: 1}:
                return states - abs(lo[1] - 1), abs(lo[1] - 1)
        return states, 0

    def _power(self, base: Node, exp: Node, left: str | None, right: str) -> Dimension:
        form = affine(exp)
        if form is None:
            return None
        if not form[0]:
            d = self.dimension(base, left, right)
            return None if d is None or form[1] < 0 else _cap(d ** max(form[1], 1))
        # A base that hides a run, such as a total or its derivative, changes with T.
        constant = None if self._indices(base) else self._local(base, left, right)
        if constant is None:
            return None
        # c^(aT + b) multiplies by the same number, or matrix, at every step.
        return self.width + constant - 1

    def _derivative(self, node: D, left: str | None, right: str) -> Dimension:
        if isinstance(node.y, D):
            return self._second(node.y, node, left, right)
        if isinstance(node.y, Sym) and node.y.name not in self.totals:
            return 1
        extra = 0
        forms = []
        for part in (node.y, node.x):
            if isinstance(part, At):
                form = affine(part.time)
                if form is None:
                    return None
                forms.append(form)
                extra += 0 if form[0] else abs(form[1])
        if node.kind in ("direct", "immediate") and isinstance(node.y, At):
            return 1 + extra
        if isinstance(node.y, At) and not any(coeffs for coeffs, _ in forms):
            # Between fixed steps it is one value, once these have been counted.
            return 1 + max(abs(const) for _, const in forms)
        if len(forms) == 2 and forms[0][0] and forms[0][0] == forms[1][0]:
            # Neighbouring steps: a polynomial in the local Jacobians of one window.
            return 1
        if not isinstance(node.y, (At, Sym)):
            # An expression over a window of steps, of which each symbol may carry a tangent.
            window = self._local(node.y, left, right)
            return None if window is None else self.size * self.lag + window + extra
        carried = self.size * self.lag + (1 if isinstance(node.x, Sym) else 0) + extra
        if isinstance(node.y, Sym):
            return self._of_total(self.totals[node.y.name], carried, left, right)
        return carried

    def _of_total(self, node: Node, carried: int, left: str | None, right: str) -> Dimension:
        """States of the derivative of what is defined over the run, by the rule for products.

        ``carried`` are those of the derivatives of all states by the same variable. Sums of losses
        of single steps, and a loss of the last one, need one more: what has been added up.
        """
        more = self._added(node, left, right)
        if more is not None:
            return _cap(carried + 1 + more)

        def value(a: Node) -> Dimension:
            return self.dimension(a, left, right)

        def slope(a: Node) -> Dimension:
            return self._of_total(a, carried, left, right)

        match node:
            case Add(args=args):
                return _sum(slope(a) for a in args)
            case Neg(arg=a):
                return slope(a)
            case Mul(args=args) | Had(args=args):
                return _sum(
                    _product(slope(b) if i == j else value(b) for j, b in enumerate(args))
                    for i in range(len(args))
                )
            case Pow(base=base, exp=Num(value=k)) if k.denominator == 1 and k > 0:
                return _product((slope(base), *[value(base)] * (min(int(k), TOO_MANY) - 1)))
            case _:
                return None

    def _added(self, node: Node, left: str | None, right: str) -> Dimension:
        """0 for a sum over all steps of what single steps hold, or for what the last one holds;
        how many states more are needed to count up to a fixed step."""
        local = self._local(node, left, right)
        if local is not None:
            return local - 1
        match node:
            case Add(args=args):
                counts = [self._added(a, left, right) for a in args]
                return None if None in counts else max(c for c in counts if c is not None)
            case Mul(args=args) if sum(map(self._runs, args)) == 1:
                # A sum of losses times what is the same at every step.
                (run,) = [a for a in args if self._runs(a)]
                rest = [a for a in args if a is not run]
                return self._added(run, left, right) if not any(map(_at_some_step, rest)) else None
            case Neg(arg=a):
                return self._added(a, left, right)
            case Div(num=a, den=b) if not self._indices(b) and not _at_some_step(b):
                return self._added(a, left, right)
            case Sum(var=var, lo=lo, hi=hi, body=body):
                inside = self._local(body, None, var)
                offset = self._offset(lo, hi, left, right)
                return None if inside is None or offset is None else inside - 1 + offset
            case _:
                return None

    def _runs(self, node: Node) -> bool:
        return any(isinstance(n, (Sum, Prod)) for n in _inside(node))

    def _second(self, inner: D, outer: D, left: str | None, right: str) -> Dimension:
        """A second derivative: both first ones, and the products of their carried parts.

        With one-step Jacobian J, ``S_t = J S_{t-1} + f''(P_{t-1}, Q_{t-1}) + …`` where P and Q are
        the first derivatives of the joint state: what is carried are S, P, Q and P⊗Q.
        """
        if isinstance(inner.y, Sym) and self._added(self.totals[inner.y.name], left, right) is None:
            return None
        firsts = [D(inner.y, d.x, d.kind) for d in (inner, outer)]
        sizes = [self._derivative(d, left, right) for d in firsts]
        if isinstance(inner.y, D) or None in sizes:
            return None
        carried = 0 if all(map(_is_local, firsts)) else (self.size * self.lag) ** 2
        return _cap(sum(n for n in sizes if n is not None) + carried)

    def _prod(self, node: Prod, left: str | None, right: str) -> Dimension:
        body = self._body(node.body, node.var, None, None)
        offset = self._offset(node.lo, node.hi, left, right)
        if body is None or offset is None:
            return None
        return _cap(self.width + body - 1 + offset)

    def _body(self, body: Node, var: str, left: str | None, right: str | None) -> Dimension:
        """A factor must look at a window around its own step only."""
        if isinstance(body, (Mul, Had)):
            parts = [self._body(a, var, left, right) for a in body.args]
            return None if None in parts else max(p for p in parts if p is not None)
        if isinstance(body, (Add, Neg, Diag, Transpose)):
            parts = [self._body(a, var, left, right) for a in children(body)]
            return None if None in parts else max(p for p in parts if p is not None)
        if isinstance(body, D) and isinstance(body.y, At) and isinstance(body.x, At):
            y, x = affine(body.y.time), affine(body.x.time)
            return 1 if y and x and y[0] == {var: 1} == x[0] else None
        if any(isinstance(n, (Sum, Prod, D)) for n in _inside(body)):
            return None
        return self._local(body, None, var)

    def _offset(self, lo: Node, hi: Node, left: str | None, right: str) -> Dimension:
        """Extra states for a range that does not begin and end at the marks."""
        extra = 0
        for bound, start in ((lo, True), (hi, False)):
            form = affine(bound)
            if form is None:
                return None
            coeffs, const = form
            if not coeffs:
                extra += abs(const - 1) if start else abs(const) + 1
            elif coeffs in ({left: 1}, {right: 1}):
                # A bound a few steps from a mark is seen through the window; the far mark costs.
                extra += 0 if coeffs == ({left: 1} if start else {right: 1}) else 1
            else:
                return None
        return extra

    def _sum_over(self, node: Sum, body: Node, left: str | None, right: str) -> Dimension:
        if isinstance(body, Add):
            return _sum(self._sum_over(node, a, left, right) for a in body.args)
        if isinstance(body, Neg):
            return self._sum_over(node, body.arg, left, right)
        if isinstance(body, Div):
            if self._indices(body.den):
                return None
            return self._sum_over(node, body.num, left, right)
        offset = self._offset(node.lo, node.hi, left, right)
        if offset is None:
            return None
        var = node.var
        factors = body.args if isinstance(body, (Mul, Had)) else (body,)
        if isinstance(body, Outer):
            factors = (body.left, body.right)
        before, after, outside = 1, 1, 1
        for f in factors:
            names = self._indices(f)
            if isinstance(f, Transpose):
                f = f.arg
            if isinstance(f, Add) and names > {var}:
                if len(factors) > 1:
                    return self._distribute(node, body, f, left, right)
                return self._sum_over(node, f, left, right)
            if var not in names:
                d = self.dimension(f, left, right)
                if d is None:
                    return None
                outside *= d
            elif names <= {var, left}:
                d = self.dimension(f, left, var)
                if d is None:
                    return None
                before *= d
            elif names <= {var, right}:
                d = self.dimension(f, var, right)
                if d is None:
                    return None
                after *= d
            elif isinstance(f, Pow) and not self._indices(f.base):
                d = self._power(f.base, f.exp, left, right)
                if d is None:
                    return None
                before, after = before * self.width, after * d
            else:
                return None
        return _cap((before + after + offset) * outside)

    def _distribute(self, node: Sum, body: Node, f: Add, left: str | None, right: str) -> Dimension:
        if not isinstance(body, (Mul, Had)):
            return None
        rest = tuple(
            a for a in body.args if a is not f and not (isinstance(a, Transpose) and a.arg is f)
        )
        terms = (self._sum_over(node, Mul((*rest, a)), left, right) for a in f.args)
        return _sum(terms)


def widest_offset(node: Node) -> int:
    """The greatest constant in any time index or bound: how many steps a window must hold."""
    widest = 0
    for n in _inside(node):
        for time in (getattr(n, "time", None), getattr(n, "lo", None), getattr(n, "hi", None)):
            form = affine(time) if isinstance(time, Node) else None
            if form is not None and form[0]:
                widest = max(widest, abs(form[1]))
    return widest


def _at_some_step(node: Node) -> bool:
    """Whether a value depends on a step, or on how many there are."""
    return any(isinstance(n, (At, Idx, Sum, Prod, D)) for n in _inside(node))


def _time_nodes(node: Node, totals: Container[str]) -> list[tuple[dict[str, int], int] | None]:
    """Affine forms of the times in ``node``; ``None`` for anything that is not local."""
    out: list[tuple[dict[str, int], int] | None] = []
    stack = [node]
    while stack:
        n = stack.pop()
        match n:
            case At(time=time):
                out.append(affine(time))
            case Sum() | Prod() | D():
                out.append(None)
            case Pow(base=b, exp=e):
                form = affine(e)
                if form is None or form[0]:
                    out.append(None)
                stack.append(b)
            case Idx():
                out.append(None)
            case Sym(name=name) if name in totals:
                out.append(None)
            case Num() | Sym() | Ones():
                pass
            case Add() | Mul() | Had() | Neg() | Div() | Fn() | Call() | Concat() | Diag():
                stack.extend(children(n))
            case Transpose() | Outer() | Block() | Slice() | Matrix() | Norm() | Abs():
                stack.extend(children(n))
            case _:
                out.append(None)
    return out


def _is_local(node: D) -> bool:
    """Whether a derivative is a function of a window of steps."""
    if not isinstance(node.y, At):
        return False
    if node.kind in ("direct", "immediate"):
        return True
    y, x = affine(node.y.time), affine(node.x.time) if isinstance(node.x, At) else None
    return y is not None and x is not None and bool(y[0]) and y[0] == x[0]


def _inside(node: Node) -> list[Node]:
    out, stack = [], [node]
    while stack:
        n = stack.pop()
        out.append(n)
        stack.extend(children(n))
    return out


def _cap(d: int) -> Dimension:
    return d if d <= TOO_MANY else None


def _sum(parts: object) -> Dimension:
    values = list(parts)  # type: ignore[call-overload]
    return None if None in values else _cap(sum(values))


def _product(parts: object) -> Dimension:
    values = list(parts)  # type: ignore[call-overload]
    return None if None in values else _cap(prod(values))

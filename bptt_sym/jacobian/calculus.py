r"""The differential calculus of one step: derivatives of a recurrence's equations as expressions.

Everything is in numerator layout: the Jacobian of a column vector of n rows by one of m rows is
n × m, the derivative of a scalar by a column vector is a row, and the derivative by a scalar has
the shape of what is differentiated. States stay symbols: the derivative of ``h_t = tanh(a)`` is
written with ``1 - h_t^2`` because the output is known, and never by inlining ``h_t``.

A derivative of a vector by a matrix is a three-way array; it has no matrix notation and is left as
the :class:`~bptt_sym.notation.D` that names it (:class:`NoMatrixForm`).
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property

from bptt_sym import rules
from bptt_sym.errors import NotSupported
from bptt_sym.jacobian.products import (
    NoMatrixForm,
    at_step,
    canonical_times,
    hadamard,
    multiple,
    negate,
    offset,
    product,
    shifted_rows,
)
from bptt_sym.notation import (
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
    Kind,
    Mul,
    Neg,
    Node,
    Num,
    Ones,
    Outer,
    Pow,
    Sum,
    Sym,
    Transpose,
    add,
    affine,
    from_affine,
    num,
    walk,
)
from bptt_sym.recurrence import STEP, Recurrence, Shape

#: The Jacobian of a leaf (an :class:`At` or :class:`Sym`) by the variable; 0 if it does not depend.
Leaf = Callable[[Node], Node]


class Calculus:
    """Derivatives of the equations of one recurrence."""

    def __init__(self, rec: Recurrence) -> None:
        self.rec = rec
        self._memo: dict[tuple[Node, Node, str], Node] = {}

    # ------------------------------------------------------------------ the recurrence

    def rhs(self, atom: At) -> Node:
        """The right-hand side of the equation that defines ``atom``, at its step."""
        return at_step(self.rec.rhs(atom.name), atom.time)

    def is_defined(self, atom: Node) -> bool:
        """Whether an equation computes the atom (initial values are not computed)."""
        return isinstance(atom, At) and atom.name in self.rec.defined and not self.is_initial(atom)

    def is_initial(self, atom: Node) -> bool:
        """Whether the atom is an initial value: a state at a step that is a number below 1."""
        if not isinstance(atom, At) or atom.name not in self.rec.defined:
            return False
        form = affine(atom.time)
        return form is not None and not form[0] and form[1] < 1

    def shape(self, node: Node) -> Shape:
        """The shape of an expression; a row is ``(1, n)``.

        Raises :class:`NoMatrixForm` for what is not a scalar, a vector or a matrix.
        """
        match node:
            case At(name=n) | Sym(name=n):
                return self.rec.shape(n)
            case Num() | Idx() | Ones():
                return ()
            case Neg(arg=a) | Abs(arg=a) | Fn(arg=a):
                return self.shape(a)
            case Pow(base=b):
                return self.shape(b)
            case Add(args=args) | Had(args=args):
                return max((self.shape(a) for a in args), key=len)
            case Div(num=a, den=b):
                return max(self.shape(a), self.shape(b), key=len)
            case Call(name=n):
                return self.rec.functions[n]
            case Mul(args=args):
                return _product_shape([self.shape(a) for a in args])
            case Diag(arg=a):
                s = self.shape(a)
                return (*s, *s)
            case Outer(left=a, right=b):
                return (*self.shape(a), *self.shape(b))
            case Transpose(arg=a):
                s = self.shape(a)
                return () if not s else (1, s[0]) if len(s) == 1 else s[::-1]
            case Concat():
                return ("concat",)
            case Block(arg=a, part=p):
                return (self.shape(a)[0], *self.rec.shape(p))
            case Sum(body=b):
                return self.shape(b)
            case D(y=y, x=x):
                return _jacobian_shape(self.shape(y), self.shape(x))
            case _:
                raise NoMatrixForm(f"no shape rule for {type(node).__name__}")

    @cached_property
    def known_outputs(self) -> dict[Node, str]:
        """Right-hand sides that are one elementwise function, and the sequence that names them."""
        return {
            canonical_times(e.rhs): e.target
            for e in self.rec.equations
            if isinstance(e.rhs, Fn) and e.rhs.order == 0
        }

    def known_output(self, fn: Fn) -> Node | None:
        """The defined element that equals ``fn``, such as ``h_t`` for ``tanh(a_t)``."""
        for rhs, target in self.known_outputs.items():
            for time in self._possible_steps(fn, rhs):
                if at_step(rhs, time) == fn:
                    return At(target, time)
        return None

    def _possible_steps(self, fn: Fn, rhs: Node) -> list[Node]:
        # The step at which `rhs` could equal `fn`: line up the first timed atom of both.
        pair = zip(
            (a for a in walk(rhs) if isinstance(a, At)),
            (a for a in walk(fn) if isinstance(a, At)),
            strict=False,
        )
        for ours, theirs in pair:
            lag = offset(ours.time, Idx(STEP))
            form = affine(theirs.time)
            if lag is None or form is None or ours.name != theirs.name:
                return []
            return [from_affine(form[0], form[1] - lag)]
        return []

    # ------------------------------------------------------------------ differentiation

    def slope(self, fn: Fn) -> Node:
        """The derivative of an elementwise function at its argument, by the rule table."""
        vector = bool(self.shape(fn.arg))
        known = self.known_output(fn) if fn.order == 0 else None
        if known is None or fn.name not in rules.RULES:
            # Nothing names the output: keep the prime, tanh'(c_t).
            return Fn(fn.name, fn.arg, fn.order + 1)
        return rules.as_node(fn.name, fn.arg, known, vector=vector)

    def diff(self, expr: Node, x: Node, leaf: Leaf) -> Node:
        """The derivative of ``expr`` by ``x`` where ``leaf`` gives the derivative of each atom.

        The terms come in the order of the product rule read from left to right.

        Raises
        ------
        NoMatrixForm
            If the result has no matrix notation.
        """
        by_scalar = not self.shape(x)

        def scaled(local: Node, inner: Node) -> Node:
            """Chain rule of an elementwise function: diag(local) · inner."""
            if inner == ZERO or local == ZERO:
                return ZERO
            if not self.shape(local):
                return multiple(local) if isinstance(inner, Ones) else product(local, inner)
            if by_scalar:
                return local if isinstance(inner, Ones) or inner == ONE else hadamard(local, inner)
            return product(Diag(local), inner)

        def go(e: Node) -> Node:
            match e:
                case Num() | Idx() | Ones():
                    return ZERO
                case At() | Sym():
                    return leaf(e)
                case Add(args=args):
                    return add(*(go(a) for a in args))
                case Neg(arg=a):
                    return negate(go(a))
                case Mul(args=args):
                    return of_product(args)
                case Had(args=args):
                    return of_hadamard(args)
                case Div(num=a, den=b):
                    first = scaled(Div(ONE, b), go(a))
                    if (db := go(b)) == ZERO:
                        da = go(a)
                        if da == ZERO:
                            return ZERO
                        return Div(da, b) if by_scalar or not self.shape(b) else first
                    return add(first, negate(scaled(Div(a, Pow(b, num(2))), db)))
                case Pow(base=b, exp=n):
                    if self._depends(n, leaf):
                        raise NotSupported("a derivative by a variable in an exponent")
                    less = affine(n)
                    if less is None:
                        raise NotSupported("a derivative of a power that is not an integer")
                    if len(self.shape(b)) > 1:
                        raise NoMatrixForm("the derivative of a matrix power")
                    lower = from_affine(less[0], less[1] - 1)
                    rest = b if lower == ONE else ONE if lower == ZERO else Pow(b, lower)
                    return scaled(product(n, rest), go(b))
                case Fn(name="softmax", arg=a):
                    y, inner = self.known_output(e) or e, go(a)
                    jacobian = Add((Diag(y), Neg(Outer(y, y))))
                    return ZERO if inner == ZERO else product(jacobian, inner)
                case Fn(arg=a):
                    inner = go(a)
                    return ZERO if inner == ZERO else scaled(self.slope(e), inner)
                case Abs(arg=a):
                    inner = go(a)
                    return ZERO if inner == ZERO else scaled(Fn("abs", a, 1), inner)
                case Call(args=args):
                    return of_call(e, args)
                case Transpose(arg=a) if by_scalar:
                    inner = go(a)
                    return ZERO if inner == ZERO else Transpose(inner)
                case Diag(arg=a) if by_scalar:
                    inner = go(a)
                    return ZERO if inner == ZERO else Diag(inner)
                case Outer(left=a, right=b) if by_scalar:
                    return add(
                        *(
                            Outer(p, q)
                            for p, q in ((go(a), b), (a, go(b)))
                            if p != ZERO and q != ZERO
                        )
                    )
                case D():
                    return leaf(e)
                case Sum(var=v, lo=lo, hi=hi, body=b):
                    inner = go(b)
                    return ZERO if inner == ZERO else Sum(v, lo, hi, inner)
                case _:
                    if not self._depends(e, leaf):
                        return ZERO
                    raise NoMatrixForm(f"no derivative rule for {type(e).__name__}")

        def of_call(e: Node, args: tuple[Node, ...]) -> Node:
            terms: list[Node] = []
            seen: set[Node] = set()
            for arg in args:
                for atom in walk(arg):
                    if isinstance(atom, (At, Sym)) and atom not in seen:
                        seen.add(atom)
                        inner = leaf(atom)
                        if inner != ZERO:
                            terms.append(product(D(e, atom, "direct"), inner))
            return add(*terms)

        def of_hadamard(args: tuple[Node, ...]) -> Node:
            vectors = tuple(a for a in args if self.shape(a))
            scalars = tuple(a for a in args if not self.shape(a))
            if scalars:
                return of_product((*scalars, hadamard(*vectors)) if vectors else scalars)
            terms = []
            for i, a in enumerate(args):
                inner = go(a)
                if inner == ZERO:
                    continue
                if by_scalar:
                    terms.append(hadamard(*args[:i], inner, *args[i + 1 :]))
                else:
                    terms.append(product(Diag(hadamard(*args[:i], *args[i + 1 :])), inner))
            return add(*terms)

        def of_product(args: tuple[Node, ...]) -> Node:
            terms = []
            for i, a in enumerate(args):
                before, after = args[:i], args[i + 1 :]
                if isinstance(a, Concat):
                    if after or not before:
                        raise NoMatrixForm("a concatenation that no matrix multiplies")
                    terms.extend(of_concat(before, a))
                    continue
                if isinstance(a, Transpose) and not by_scalar and len(self.shape(a.arg)) == 1:
                    inner = go(a.arg)
                    if inner != ZERO:
                        # (v^T M u)' = (M u)^T v'
                        terms.append(product(*before, Transpose(product(*after)), inner))
                    continue
                if isinstance(a, Diag) and not by_scalar:
                    inner = go(a.arg)
                    if inner != ZERO:
                        # diag(v) u = diag(u) v
                        terms.append(product(*before, Diag(product(*after)), inner))
                    continue
                if not by_scalar and len(after) == 1 and (rows := shifted_rows(a)):
                    fixed, m, slope, u = rows
                    if not any(self._depends(f, leaf) for f in fixed):
                        # (F(B + m u^T) v)' = diag(m) F'(B + m u^T) diag(v) u'
                        terms.append(product(*before, Diag(m), slope, Diag(after[0]), go(u)))
                        continue
                inner = go(a)
                if inner == ZERO:
                    continue
                if by_scalar:
                    terms.append(product(*before, inner, *after))
                elif not self.shape(a):
                    # a scalar's derivative is a row: it goes to the far right
                    terms.append(product(*before, *after, inner))
                elif all(not self.shape(b) for b in after):
                    scalars = all(not self.shape(b) for b in before)
                    if scalars and isinstance(inner, Ones):
                        terms.append(multiple(*before, *after))
                    else:
                        terms.append(product(*before, *after, inner))
                else:
                    raise NoMatrixForm("the derivative of a matrix inside a product")
            return add(*terms)

        def of_concat(before: tuple[Node, ...], cat: Concat) -> list[Node]:
            *front, matrix = before
            terms = []
            for part in cat.args:
                inner = go(part)
                if inner != ZERO:
                    if not isinstance(part, At):
                        raise NoMatrixForm("a concatenated part that is not a sequence")
                    terms.append(product(*front, Block(matrix, part.name), inner))
            return terms

        shape_x = self.shape(x)
        if len(shape_x) > 1:
            raise NoMatrixForm("a derivative by a matrix")
        return go(expr)

    def _depends(self, node: Node, leaf: Leaf) -> bool:
        return any(isinstance(a, (At, Sym)) and leaf(a) != ZERO for a in walk(node))

    def identity(self, x: Node) -> Node:
        """The derivative of ``x`` by itself."""
        return Ones() if self.shape(x) else ONE

    # ------------------------------------------------------------------ the three derivatives

    def direct(self, y: At, x: Node) -> Node:
        """Every other symbol of ``y``'s equation held fixed."""
        if y == x:
            return self.identity(x)
        if not self.is_defined(y):
            return ZERO
        rhs = self.rhs(y)
        leaf: Leaf = lambda a: self.identity(x) if a == x else ZERO  # noqa: E731
        return self.of_opaque(y, rhs, leaf) if isinstance(rhs, Call) else self.diff(rhs, x, leaf)

    def immediate(self, y: At, x: Node) -> Node:
        """Through the gates of ``y``'s own step; states of earlier steps held fixed."""
        return self._through(y, x, "immediate")

    def one_step(self, y: At, x: At) -> Node:
        """The total derivative, for ``x`` at the same step as ``y`` or the step before."""
        return self._through(y, x, "total")

    def _through(self, y: At, x: Node, kind: Kind) -> Node:
        key = (y, x, kind)
        if key not in self._memo:
            self._memo[key] = self.expand(y, x, lambda u: self._through(u, x, kind), kind)
        return self._memo[key]

    def expand(self, y: At, x: Node, inner: Callable[[At], Node], kind: Kind) -> Node:
        """One application of the chain rule: ``inner`` gives the derivatives of the parts."""
        if y == x:
            return self.identity(x)
        if not self.is_defined(y):
            return ZERO
        rhs = self.rhs(y)

        def leaf(a: Node) -> Node:
            if a == x:
                return self.identity(x)
            if isinstance(a, At) and self.passes(a, y, x, kind):
                return inner(a)
            return ZERO

        if isinstance(rhs, Call):
            return self.of_opaque(y, rhs, leaf)
        return self.diff(rhs, x, leaf)

    def of_opaque(self, y: At | Sym, call: Call, leaf: Leaf) -> Node:
        """``y = f(…)`` differentiated: the partial derivatives of f are those of ``y``."""
        atoms = list(dict.fromkeys(n for n in walk(call) if isinstance(n, (At, Sym))))
        # With one argument nothing else is there to be held fixed: the derivative is the total one.
        kind: Kind = "total" if len(atoms) == 1 else "direct"
        parts = ((a, leaf(a)) for a in atoms)
        return add(*(product(D(y, a, kind), d) for a, d in parts if d != ZERO))

    def passes(self, a: At, y: At, x: Node, kind: Kind) -> bool:
        """Whether a path from ``x`` to ``y`` may go through ``a``."""
        if not self.is_defined(a) or not self.depends_on(a.name, x):
            return False
        if kind == "immediate" or not isinstance(x, At):
            return offset(a.time, y.time) == 0
        ahead = offset(a.time, x.time)
        if ahead is None or ahead < 0:
            return False
        return ahead > 0 or self.depends_within_step(a.name, x.name)

    # ------------------------------------------------------------------ who depends on whom

    def depends_on(self, name: str, x: Node) -> bool:
        """Whether a sequence depends on ``x`` along any path, at any lag."""
        assert isinstance(x, (At, Sym))
        return x.name in self._ancestors(name)

    def needs(self, name: str) -> frozenset[str]:
        """The names that a sequence (or total) is computed from, itself included."""
        return self._ancestors(name) | {name}

    def _ancestors(self, name: str) -> frozenset[str]:
        cached: dict[str, frozenset[str]] = self.__dict__.setdefault("_ancestor_memo", {})
        if name not in cached:
            seen: set[str] = set()
            todo = [name]
            while todo:
                for n in self._parents(todo.pop()):
                    if n not in seen:
                        seen.add(n)
                        todo.append(n)
            cached[name] = frozenset(seen)
        return cached[name]

    def _parents(self, name: str) -> set[str]:
        out: set[str] = set()
        exprs = [e.rhs for e in self.rec.equations if e.target == name]
        if name in self.rec.initial:
            exprs.append(self.rec.initial[name])
        if not exprs and name in self.rec.totals:
            exprs.append(self.rec.totals[name])
        for e in exprs:
            out |= {n.name for n in walk(e) if isinstance(n, (At, Sym))}
        return out

    def depends_within_step(self, name: str, on: str) -> bool:
        """Whether ``name`` is computed from ``on`` of the same step, through gates of that step."""
        todo, seen = [name], set[str]()
        while todo:
            n = todo.pop()
            if n not in self.rec.defined:
                continue
            for a in walk(self.rec.rhs(n)):
                if isinstance(a, At) and a.time == Idx(STEP) and a.name not in seen:
                    if a.name == on:
                        return True
                    seen.add(a.name)
                    todo.append(a.name)
        return False


def _product_shape(shapes: list[Shape]) -> Shape:
    big = [s for s in shapes if s]
    if not big:
        return ()
    left, right = big[0], big[-1]
    if len(left) == 1 and len(big) > 1:
        return (left[0], right[-1])  # column times row
    if len(right) == 1:
        return () if left[0] == 1 and len(big) > 1 else (left[0],)
    return () if (left[0], right[-1]) == (1, 1) else (left[0], right[-1])


def _jacobian_shape(y: Shape, x: Shape) -> Shape:
    if not x:
        return y
    if not y:
        return (1, x[0]) if len(x) == 1 else x
    if len(y) == 1 and len(x) == 1:
        return (y[0], x[0])
    raise NoMatrixForm("a derivative with three or more axes")


__all__ = ["Calculus", "Leaf", "NoMatrixForm"]

r"""Upper bounds of absolute values and operator norms, factor by factor.

The magnitude of an expression is a sum of terms ``c · x_1^{e_1} · x_2^{e_2} …`` with a rational
``c``, sizes ``x`` (:math:`|w|`, :math:`\|W\|`, rational bases) and exponents affine in the time
indices. It is an upper bound for every input and every trajectory, by the rules

* :math:`|ab|\le|a||b|`, :math:`|a+b|\le|a|+|b|`, and the same for operator 2-norms,
* :math:`|\tanh|<1`, :math:`0<\sigma<1`, :math:`0<\tanh'\le1`, :math:`0<\sigma'\le\frac14`,
* :math:`\|\mathrm{diag}(v)\|\le\max_i|v_i|`.

Sizes of one matrix in different norms are different sizes. What is known of the entries of a vector
bounds its largest one, and so the norm of the diagonal matrix of it, but no other norm of the
vector, which grows with the number of entries; the Frobenius norm of a diagonal matrix is one of
these. A transpose has the same norm but for 1 and ∞, which change places.

Each use is noted, so that a verdict can say what it rests on.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from fractions import Fraction

from bptt_sym.check.bounds.squares import root
from bptt_sym.check.bounds.terms import (
    ANY,
    ONE_EXP,
    UNIT,
    Base,
    Exponent,
    Magnitude,
    Term,
    Unbounded,
    exponent,
    geometric,
    over_steps,
    plus,
    scaled,
    times,
)
from bptt_sym.errors import BpttError
from bptt_sym.jacobian import Calculus, offset
from bptt_sym.notation import (
    STEEPEST,
    Abs,
    Add,
    At,
    D,
    Diag,
    Div,
    Fn,
    Had,
    Idx,
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
    free_indices,
    fresh,
    index,
    num,
    substitute_index,
    walk,
)
from bptt_sym.read.vocabulary import CONSTANT
from bptt_sym.recurrence import STEP, Recurrence, references
from bptt_sym.shapes import shape_of

#: Least upper bounds of the derivatives of the activations.
SLOPE = {"tanh": Fraction(1), "sigma": Fraction(1, 4), "relu": Fraction(1)}
#: Least upper bounds of their absolute values; neither is attained.
OUTPUT = {"tanh": Fraction(1), "sigma": Fraction(1)}


@dataclass
class Bounder:
    """Bounds expressions of one model; ``reasons`` collects what was used.

    ``started`` says that initial states lie within the activation's range (|h_0| < 1).
    """

    rec: Recurrence
    started: bool = False
    reasons: dict[str, None] = field(default_factory=dict)
    needed_start: bool = False
    #: The norm by which matrices and vectors are measured.
    kind: str = "2"
    #: Whether vectors are measured by their largest entry, as in a diagonal matrix.
    by_entries: bool = False
    #: The sequences whose sizes the other side has: these stay what they are.
    atoms: frozenset[str] = frozenset()

    def note(self, reason: str) -> None:
        self.reasons.setdefault(reason)

    def bound(self, node: Node) -> Magnitude:
        """An upper bound of ``|node|`` or ``‖node‖``. Raises :class:`Unbounded`."""
        match node:
            case Num(value=v):
                return (Term(abs(v)),) if v else ()
            case Ones():
                return (UNIT,)
            case At(name=name) if self._is_a_named_matrix(name):
                return self.bound(substitute_index(self.rec.rhs(name), STEP, node.time))
            case Sym(name=name) if name.startswith(STEEPEST):
                return (_steepest(name.removeprefix(STEEPEST)),)
            case Idx() | Sym() | At():
                return (self._leaf(node),)
            case Norm(arg=a, ord=kind):
                return self.measured(a, norm_of(kind))
            case Transpose(arg=a) if self._axes(a):
                return self.measured(a, TURNED.get(self.kind, self.kind), self.by_entries)
            case Diag(arg=a) if self.kind == "F" and self._axes(a):
                raise Unbounded("the Frobenius norm of a diagonal matrix grows with its entries")
            case Diag(arg=a):
                return self.measured(a, self.kind, by_entries=True)
            case Neg(arg=a) | Transpose(arg=a) | Abs(arg=a):
                return self.bound(a)
            case Add():
                return self._add(node)
            case Mul(args=args) | Had(args=args):
                return self._mul(args, self._axes(node))
            case Outer(left=a, right=b):
                return self._mul((a, b), 1)
            case Div(num=a, den=Num(value=v)) if v:
                return self._mul((a, Num(1 / v)), self._axes(a))
            case Fn() | Pow() if self._axes(node) == 1 and not self._measurable:
                raise Unbounded("the norm of a vector grows with the number of its entries")
            case Pow(base=b, exp=e):
                return self._pow(b, e)
            case Fn(name=name, order=1) if name in SLOPE:
                self.note(_slope_reason(name))
                return (Term(SLOPE[name]),)
            case Fn(name="step", order=0):
                self.note(_slope_reason("relu"))
                return (Term(SLOPE["relu"]),)
            case Fn(name=name, order=1) if name in self.rec.activations:
                return (_steepest(name),)
            case Fn(name=name, order=0) if name in OUTPUT:
                self.note(_output_reason(name))
                return (Term(OUTPUT[name], strict=True),)
            case Prod():
                return self._prod(node)
            case Sum():
                return self._sum(node)
            case D():
                return self._derivative(node)
        raise Unbounded(f"no rule bounds a {type(node).__name__}")

    def measured(self, node: Node, kind: str, by_entries: bool = False) -> Magnitude:
        """An upper bound of ``node`` in one norm, or of the largest entry of a vector."""
        before = self.kind, self.by_entries
        self.kind, self.by_entries = kind, by_entries
        try:
            return self.bound(node)
        finally:
            self.kind, self.by_entries = before

    @property
    def _measurable(self) -> bool:
        """Whether a vector is measured by its largest entry."""
        return self.by_entries or self.kind == "inf"

    def _axes(self, node: Node) -> int:
        """How many axes ``node`` has: 2 where its shape is not known."""
        if self.rec.is_scalar:
            return 0
        try:
            return len(shape_of(node, self.rec.shapes, self.rec.functions))
        except BpttError:
            return 2

    # ------------------------------------------------------------------------- leaves
    def _leaf(self, node: Node) -> Term:
        if isinstance(node, Idx):
            return Term(Fraction(1), (((("#", exponent(node))), ONE_EXP),))
        if isinstance(node, Sym) and node.name == CONSTANT:
            return Term(Fraction(1), ((ANY, ONE_EXP),))
        if isinstance(node, Sym):
            axes = len(self.rec.shape(node.name))
            kind = "inf" if axes == 1 and self.by_entries else self.kind
            base = ("‖", node.name, kind) if axes else ("|", node.name)
            return Term(Fraction(1), ((base, ONE_EXP),))
        assert isinstance(node, At)
        if node.name in self.atoms:
            kind = "inf" if self.by_entries else self.kind
            return Term(Fraction(1), ((("@", node.name, exponent(node.time), kind), ONE_EXP),))
        of_numbers = self.rec.shape(node.name) == ()
        if node.name in self.rec.defined and (of_numbers or self._measurable):
            rhs = self.rec.rhs(node.name)
            if isinstance(rhs, Fn) and rhs.name in OUTPUT and rhs.order == 0:
                if self._may_be_initial(node):
                    self.needed_start = True
                    if not self.started:
                        raise Unbounded(f"the initial value of {node.name} is not bounded")
                    self.note(f"|{node.name}_0| < 1")
                    return Term(OUTPUT[rhs.name], strict=True)
                self.note(_output_reason(rhs.name))
                return Term(OUTPUT[rhs.name], strict=True)
            if not self._may_be_initial(node):
                found = self.bound(substitute_index(rhs, STEP, node.time))
                if len(found) == 1 and not found[0].powers:
                    return found[0]
        raise Unbounded(f"no rule bounds {node.name}")

    def _is_a_named_matrix(self, name: str) -> bool:
        """Whether an equation of the step says which matrix it is: ``J_t = diag(…) W``."""
        known = name in self.rec.defined and name not in self.rec.states
        return known and len(self.rec.shape(name)) == 2

    def _may_be_initial(self, node: At) -> bool:
        """Whether the element can be of step 0: it is a state seen one step back, or h_0."""
        if node.name not in self.rec.states:
            return False
        form = affine(node.time)
        if form is None:
            return True
        return form[1] < 1 if not form[0] else form[1] < 0

    # --------------------------------------------------------------------- arithmetic
    def _add(self, node: Add) -> Magnitude:
        match node.args:
            case (Ones(), Neg(arg=Diag(arg=inner))):
                return self.bound(Diag(Add((Num(Fraction(1)), Neg(inner)))))
        special = self.complement(node)
        if special is not None:
            if self._axes(node) and not self._measurable:
                raise Unbounded("the norm of a vector grows with the number of its entries")
            return (special,)
        self.note("|a + b| ≤ |a| + |b|")
        out: list[Term] = []
        grows = (self._axes(node) == 1 and not self._measurable) or self.kind == "F"
        if grows and self._axes(node) and any(not self._axes(a) for a in node.args):
            raise Unbounded("the norm of the identity, or of ones, grows with its entries")
        for a in node.args:
            out.extend(self.bound(a))
        return tuple(out)

    def complement(self, node: Add) -> Term | None:
        """``1 - h^2`` and ``1 - f`` for values within the range of their activation."""
        match node.args:
            case (Num(value=v), Neg(arg=square)) if v == 1 and (b := root(square)) is not None:
                name = self._activation(b)
                if name in ("tanh", "sigma"):
                    self.note(_slope_reason("tanh") if name == "tanh" else "0 < 1 - f² < 1")
                    return Term(Fraction(1))
            case (Num(value=v), Neg(arg=b)) if v == 1 and self._activation(b) == "sigma":
                self.note(_output_reason("sigma"))
                return Term(Fraction(1), strict=True)
        return None

    def _activation(self, node: Node) -> str | None:
        """The activation whose value ``node`` is, for components as well as for scalars."""
        if isinstance(node, Fn) and node.order == 0 and node.name in OUTPUT:
            return node.name
        if isinstance(node, At) and node.name in self.rec.defined:
            rhs = self.rec.rhs(node.name)
            if isinstance(rhs, Fn) and rhs.order == 0 and rhs.name in OUTPUT:
                if self._may_be_initial(node):
                    self.needed_start = True
                    if not self.started:
                        return None
                return rhs.name
        return None

    def _mul(self, args: tuple[Node, ...], axes: int) -> Magnitude:
        """A product with so many axes.

        A vector that scales what stands beside it is measured by its largest entry. That is every
        one in a product that is a matrix, but for columns times rows, and all but one in a vector.
        """
        vectors = [k for k, a in enumerate(args) if self._axes(a) == 1]
        if self.by_entries or not vectors:
            return self._factors(args, frozenset())
        whole = frozenset(vectors)
        if axes == 2 and any(self._axes(a) == 2 for a in args):
            return self._factors(args, whole)
        if axes != 1 or len(vectors) == 1:
            if not axes and self.kind != "2" and len(vectors) > 1:
                raise Unbounded("an inner product is measured by two norms")
            return self._factors(args, frozenset())
        for k in reversed(vectors):
            try:
                return self._factors(args, whole - {k})
            except Unbounded as e:
                failure = e
        raise failure

    def _factors(self, args: tuple[Node, ...], by_entries: frozenset[int]) -> Magnitude:
        """The product of the sizes of ``args``; of some vectors that of the largest entry."""
        out: Magnitude = (UNIT,)
        scaling = {id(args[k]) for k in by_entries}
        rest = list(args)
        # f(1 - f) is at most 1/4, less than the product of the two bounds.
        for a in args:
            match a:
                case Add(args=(Num(value=v), Neg(arg=b))) if (
                    v == 1 and b in rest and a in rest and self._activation(b) == "sigma"
                    and (self._measurable or not self._axes(a) or {id(a), id(b)} <= scaling)
                ):
                    rest.remove(a)
                    rest.remove(b)
                    self.note(_slope_reason("sigma"))
                    out = times(out, (Term(SLOPE["sigma"]),))
        if len(args) > 1:
            self.note("‖AB‖ ≤ ‖A‖ ‖B‖" if not self.rec.is_scalar else "|ab| = |a| |b|")
        matrices = [a for a in rest if self._axes(a) == 2 and not _is_diagonal(a)]
        for a in rest:
            if id(a) in scaling:
                size = self.measured(a, self.kind, by_entries=True)
            elif self.kind == "F" and matrices and _is_diagonal(a):
                size = self.measured(a, "2")
            else:
                size = self.bound(a)
            out = times(out, size)
        return out

    def _pow(self, base: Node, exp: Node) -> Magnitude:
        inner = self.bound(base)
        power = exponent(exp)
        if not power[0] and 0 <= power[1] <= 8:
            out: Magnitude = (UNIT,)
            for _ in range(power[1]):
                out = times(out, inner)
            return out
        return (self._raise(inner, power),)

    def _raise(self, inner: Magnitude, power: Exponent) -> Term:
        if len(inner) != 1:
            raise Unbounded("the power of a sum with a time in its exponent")
        (term,) = inner
        powers: list[tuple[Base, Exponent]] = []
        if term.coefficient != 1:
            powers.append((term.coefficient, power))
        for b, e in term.powers:
            if e[0]:
                raise Unbounded("a power of a power")
            powers.append((b, scaled(power, e[1])))
        return UNIT.times(Term(Fraction(1), tuple(powers)))

    # ------------------------------------------------------------------------ binders
    def _prod(self, node: Prod) -> Magnitude:
        inner = self.bound(node.body)
        if any(node.var in dict(e[0]) for t in inner for _, e in t.powers):
            raise Unbounded("a product whose factors' bounds depend on the step")
        count = plus(plus(exponent(node.hi), exponent(node.lo), -1), ((), 1))
        return (self._raise(inner, count),)

    def _sum(self, node: Sum) -> Magnitude:
        if self.atoms & {n.name for n in walk(node.body) if isinstance(n, At)}:
            self.note("|a + b| ≤ |a| + |b|")
            return over_steps(node, self.bound)
        inner = self.bound(node.body)
        if any(dict(e[0]).get(node.var, 0) > 0 for t in inner for _, e in t.powers):
            # 1 + x + … + x^n, counted from its other end
            back = Add((node.lo, node.hi, Neg(Idx(node.var))))
            inner = self.bound(substitute_index(node.body, node.var, back))
        count = plus(plus(exponent(node.hi), exponent(node.lo), -1), ((), 1))
        self.note("|a + b| ≤ |a| + |b|")
        out = []
        for t in inner:
            moving = [(b, e) for b, e in t.powers if node.var in dict(e[0])]
            if moving:
                # A geometric sum: the largest term is bounded under |base| <= 1 by the caller.
                out.append(geometric(t, node.var, moving, count, exponent(node.hi)))
            else:
                out.append(t.times(Term(Fraction(1), ((("#", count), ONE_EXP),))))
        return tuple(out)

    # -------------------------------------------------------------------- derivatives
    def _derivative(self, node: D) -> Magnitude:
        calculus = Calculus(self.rec)
        if not isinstance(node.y, At):
            raise Unbounded("the derivative of something that is not a sequence")
        if isinstance(node.x, At) and node.x.name == node.y.name and node.kind == "total":
            return self._path(node.y, node.x, calculus)
        if node.kind == "own":
            return self._own_path(node, calculus)
        if isinstance(node.x, Sym) and node.kind == "total":
            return self._by_parameter(node.y, node.x, calculus)
        near = isinstance(node.x, At) and offset(node.y.time, node.x.time) in (0, 1)
        if node.kind in ("immediate", "direct") or near:
            local = self._local(node, calculus)
            if any(isinstance(n, D) for n in walk(local)):
                raise Unbounded("the derivative of an unknown function")
            return self.bound(local)
        raise Unbounded("a derivative along several states")

    def _local(self, node: D, calculus: Calculus) -> Node:
        assert isinstance(node.y, At)
        if node.kind == "immediate":
            return calculus.immediate(node.y, node.x)
        if node.kind == "direct" or isinstance(node.x, Sym):
            return calculus.direct(node.y, node.x)
        assert isinstance(node.x, At)
        return calculus.one_step(node.y, node.x)

    def _states_behind(self, name: str) -> set[str]:
        """The states on which a sequence depends; another network of the text has its own."""
        reached = {name}
        waiting = [name]
        while waiting:
            at = waiting.pop()
            rhs = self.rec.rhs(at) if at in self.rec.defined else num(0)
            below = {n for n, _ in references(rhs)}
            waiting += below - reached
            reached |= below
        return reached & set(self.rec.states)

    def _path(self, y: At, x: At, calculus: Calculus) -> Magnitude:
        if self._states_behind(y.name) != {y.name} or self.rec.max_lag != 1:
            raise Unbounded("a path through several states")
        return self._each_step(y, x, calculus.one_step)

    def _own_path(self, node: D, calculus: Calculus) -> Magnitude:
        """The path along one state alone, whose gates do not read it."""
        y, x = node.y, node.x
        if not (isinstance(y, At) and isinstance(x, At) and x.name == y.name):
            raise Unbounded("a derivative along several states")
        gates = {n for n, _ in references(self.rec.rhs(y.name))} & set(self.rec.defined)
        within = {n for g in gates - {y.name} for n, _ in references(self.rec.rhs(g))}
        if y.name in within or within & (set(self.rec.defined) - set(self.rec.states)):
            raise Unbounded("a path through the gates")
        return self._each_step(y, x, calculus.direct)

    def _each_step(self, y: At, x: At, one_step: Callable[[At, At], Node]) -> Magnitude:
        lag = plus(exponent(y.time), exponent(x.time), -1)
        factor = one_step(At(y.name, Idx("t")), At(y.name, index("t", -1)))
        if any(isinstance(n, D) for n in walk(factor)):
            raise Unbounded("the derivative of an unknown function")
        size = self.bound(factor)
        if not lag[0] and lag[1] == 1:
            return self.bound(one_step(y, x))
        self.note("the chain rule: one factor for each step")
        return (self._raise(size, lag),)

    def _by_parameter(self, y: At, x: Sym, calculus: Calculus) -> Magnitude:
        if self._states_behind(y.name) != {y.name} or self.rec.max_lag != 1:
            raise Unbounded("a path through several states")
        var = fresh("t", free_indices(y))
        path = D(y, At(y.name, Idx(var)), "total")
        last = D(At(y.name, Idx(var)), x, "immediate")
        return self._sum(Sum(var, num(1), y.time, Mul((path, last))))


#: The norms of a transpose where they are others.
TURNED = {"1": "inf", "inf": "1"}


def norm_of(kind: str) -> str:
    """The norm that a mark means here: one that is left open is the spectral one."""
    return "2" if kind == "any" else kind


def _steepest(name: str) -> Term:
    """The least upper bound of the slope of an activation of which nothing else is known."""
    return Term(Fraction(1), ((("sup", name), ONE_EXP),))


def _is_diagonal(node: Node) -> bool:
    return isinstance(node, Diag) or (isinstance(node, Transpose) and isinstance(node.arg, Diag))


def _slope_reason(name: str) -> str:
    if name == "relu":
        return "0 ≤ ReLU' ≤ 1"
    return "0 < tanh' = 1 - tanh² ≤ 1" if name == "tanh" else "0 < σ' = σ(1 - σ) ≤ 1/4"


def _output_reason(name: str) -> str:
    return "|tanh| < 1" if name == "tanh" else "0 < σ < 1"


__all__ = ["Bounder", "Magnitude", "Term", "Unbounded"]

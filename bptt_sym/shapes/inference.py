"""The shape of every name, from the equations alone: ranks by a fixpoint, then dimensions."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from itertools import pairwise

from bptt_sym.errors import ShapeError
from bptt_sym.notation import (
    Add,
    At,
    Call,
    Concat,
    Diag,
    Div,
    Fn,
    Had,
    Mul,
    Neg,
    Node,
    Norm,
    Pow,
    Sum,
    Sym,
    Transpose,
    children,
    walk,
)
from bptt_sym.shapes.expression import Dim, Shape, summed
from bptt_sym.shapes.letters import is_bold, is_upper
from bptt_sym.shapes.ranks import Ranks, has_sequence

#: The letters of weights: what carries them and a step is a matrix as well.
_OF_WEIGHTS = re.compile(r"(?:\\(?:mathbf|tilde|hat|bar)\{)*[WUV](?![A-Za-z])")


def infer_shapes(
    equations: Iterable[tuple[str, Node]],
    *,
    given: Mapping[str, Shape] | None = None,
    scalar: bool = False,
    totals: Mapping[str, Node] | None = None,
    functions: Mapping[str, Shape] | None = None,
) -> dict[str, Shape]:
    """The shape of every sequence and parameter by the documented rules.

    Parameters
    ----------
    equations:
        ``(defined sequence, right-hand side at step t)``.
    given:
        Shapes that are known; they win over every rule.
    scalar:
        Everything that is not given is a scalar. Where vectors are concatenated, the
        dimension of each is 1 instead.
    totals:
        Quantities of the whole run; they are scalars, their names get shapes too.
    functions:
        Output shapes of opaque functions.

    Raises
    ------
    ShapeError
        The dimensions that must be equal are given as different.
    """
    return _Inference(list(equations), dict(given or {}), scalar, dict(totals or {}),
                      dict(functions or {})).run()  # fmt: skip


class _Inference:
    """Ranks first, by a fixpoint over the equations; then dimensions, by union-find."""

    def __init__(
        self,
        equations: list[tuple[str, Node]],
        given: dict[str, Shape],
        scalar: bool,
        totals: dict[str, Node],
        functions: dict[str, Shape],
    ) -> None:
        self.equations = equations
        self.given = given
        self.scalar = scalar
        self.totals = totals
        self.functions = functions
        roots = [rhs for _, rhs in equations] + list(totals.values())
        self.sequences: dict[str, None] = dict.fromkeys(t for t, _ in equations)
        self.targets = frozenset(self.sequences)
        self.parameters: dict[str, None] = {}
        self.concatenated = False
        for root in roots:
            for n in walk(root):
                if isinstance(n, At):
                    self.sequences[n.name] = None
                elif isinstance(n, Sym) and n.name not in totals:
                    self.parameters[n.name] = None
                elif isinstance(n, Concat):
                    self.concatenated = True
        self.ranks = Ranks({n: len(s) for n, s in given.items()})
        self.parent: dict[object, object] = {}
        self.value: dict[object, Dim] = {}
        #: What is multiplied to a matrix that runs, and the numbers that scale such a matrix.
        self.columns: set[str] = set()
        self.numbers: set[str] = set()
        self.sums: list[tuple[object, list[object]]] = []

    def run(self) -> dict[str, Shape]:
        names = [*self.sequences, *self.parameters]
        if self.scalar and not self.concatenated:
            return {**{n: self.given.get(n, ()) for n in names}, **self.given}
        for n in names:
            if n not in self.ranks and is_bold(n) and not is_upper(n):
                self.ranks[n] = 1
        for target, rhs in self.equations:
            self.find_outer(target, rhs)
        by_scalars = [(t, rhs) for t, rhs in self.equations if self.recurs_by_scalar(t, rhs)]
        for equation in self.equations:
            if equation not in by_scalars:
                self.find_matrices(equation[1])
        for rhs in self.totals.values():
            self.find_matrices(rhs, of_a_loss=True)
        self.settle_ranks()
        # (What the others make a vector of may get it from a matrix all the same.)
        for target, rhs in by_scalars:
            if self.ranks.get(target):
                self.find_matrices(rhs)
        self.settle_ranks()
        for n in names:
            self.ranks.setdefault(n, 0)
        for n, shape in self.given.items():
            for axis, dim in enumerate(shape):
                self.fix((n, axis), dim)
        for target, rhs in self.equations:
            dims = self.dims(rhs)
            if len(dims) == self.ranks[target]:
                for axis, own in enumerate(dims):
                    self.unify(own, (target, axis), rhs)
        for rhs in self.totals.values():
            self.dims(rhs)
        self.name_dimensions()
        return {
            n: tuple(self.value[self.find((n, axis))] for axis in range(rank))
            for n, rank in self.ranks.items()
        }

    # ranks

    def settle_ranks(self) -> None:
        """Let the equations tell each other their ranks until nothing is new."""
        changed = True
        while changed:
            before = dict(self.ranks)
            for target, rhs in self.equations:
                rank = max(self.rank(rhs), self.ranks.get(target, 0))
                self.raise_to(target, rank)
                self.push(rhs, rank)
            for rhs in self.totals.values():
                self.push(rhs, self.rank(rhs))
            changed = self.ranks != before

    def find_outer(self, target: str, rhs: Node) -> None:
        """``S_t = S_{t-1} + v_t k_t^T``: a column times a row is added to a matrix that runs."""
        terms = rhs.args if isinstance(rhs, Add) else (rhs,)
        recurs = any(isinstance(n, At) and n.name == target for n in walk(rhs))
        if not is_upper(target) or target in self.given or not recurs:
            return
        for term in terms:
            factors = term.args if isinstance(term, Mul) else ()
            for a, b in pairwise(factors):
                row = isinstance(b, Transpose) and isinstance(b.arg, At)
                if row and isinstance(a, At) and not is_upper(a.name) and a.name != target:
                    assert isinstance(b, Transpose) and isinstance(b.arg, At)
                    self.ranks[target] = 2
                    self.columns |= {a.name, b.arg.name}
                    self.numbers |= {
                        f.name for t in terms if isinstance(t, Mul) for f in t.args[:1]
                        if isinstance(f, At) and len(t.args) > 1 and f.name not in self.columns
                        and f.name != target
                    }  # fmt: skip
        for name in self.columns:
            self.raise_to(name, 1)

    def outer(self, args: tuple[Node, ...]) -> tuple[Node, Node] | None:
        """A column times a row, in a product of what such an equation has."""
        for a, b in pairwise(args):
            row = b.arg if isinstance(b, Transpose) else None
            if isinstance(row, At) and isinstance(a, At) and {a.name, row.name} <= self.columns:
                return a, b
        return None

    def find_matrices(self, root: Node, *, of_a_loss: bool = False) -> None:
        for n in walk(root):
            if not isinstance(n, Mul):
                continue
            states = [has_sequence(a) for a in n.args]
            for a in n.args:
                inner = a.arg if isinstance(a, Transpose) else a
                if isinstance(inner, At) and self.is_weight_of_a_step(inner.name):
                    if any(has_sequence(b) for b in n.args if b is not a):
                        self.ranks[inner.name] = 2
                    continue
                if not isinstance(inner, Sym) or inner.name in self.totals:
                    continue
                row = of_a_loss and inner is not a  # of a loss, which is a number: y^T log p
                marked = is_upper(inner.name) or (is_bold(inner.name) and not row)
                if any(states) and marked and inner.name not in self.given:
                    self.ranks[inner.name] = 2

    def is_weight_of_a_step(self, name: str) -> bool:
        """Whether ``name``, in the letter of a matrix of weights, has another one for each step."""
        known = name in self.given or name in self.targets
        return not known and _OF_WEIGHTS.match(name) is not None

    def recurs_by_scalar(self, target: str, rhs: Node) -> bool:
        """Whether a lower-case parameter alone takes the state ``target`` from step to step."""
        defined = {t for t, _ in self.equations}
        by_scalar = False
        for n in walk(rhs):
            if not isinstance(n, Mul):
                continue
            parameters = [a.name for a in n.args if isinstance(a, Sym)]
            states = {m.name for a in n.args for m in walk(a) if isinstance(m, At)} & defined
            if states and any(is_upper(p) or is_bold(p) or self.ranks.get(p) for p in parameters):
                return False
            own = any(isinstance(a, At) and a.name == target for a in n.args)
            by_scalar |= own and bool(parameters)
        return by_scalar and not is_bold(target)

    def raise_to(self, name: str, rank: int) -> None:
        if name in self.numbers:
            return
        if name not in self.given and rank > self.ranks.get(name, 0):
            self.ranks[name] = rank

    def rank(self, node: Node) -> int:
        return self.ranks.of(node, self._rank)

    def _rank(self, node: Node) -> int:
        match node:
            case At(name=n) | Sym(name=n):
                return self.ranks.get(n, 0)
            case Add(args=args) | Had(args=args):
                return max(self.rank(a) for a in args)
            case Mul(args=args):
                ranks = [self.rank(a) for a in args]
                if self.outer(args) is not None:
                    return 2
                if 2 in ranks:
                    rest = any(r == 1 for r in ranks) or any(
                        has_sequence(a) for a, r in zip(args, ranks, strict=True) if r < 2
                    )
                    return 1 if rest else 2
                return 0 if self.inner(args) else max(ranks)
            case Concat():
                return 1
            case Diag(arg=a):
                return 2 if self.rank(a) else 0
            case Fn(name="softmax", arg=At(name=n)) if n not in self.targets:
                return 1  # of something that nothing defines: softmax is about several numbers
            case Neg(arg=a) | Fn(arg=a) | Transpose(arg=a) | Pow(base=a) | Div(num=a):
                return self.rank(a)
            case Call(name=n):
                return len(self.functions.get(n, ()))
            case _:
                return 0

    def inner(self, args: tuple[Node, ...]) -> tuple[Node, Node] | None:
        """A row times a column, ``y^T v``, in a product without a matrix."""
        if any(self.rank(a) == 2 for a in args):
            return None
        for a, b in pairwise(args):
            row = isinstance(a, Transpose) and not isinstance(b, Transpose)
            sequences = has_sequence(a) and has_sequence(b)
            if row and sequences and max(self.rank(a), self.rank(b)) == 1:
                return a, b
            if row and self.rank(a) == self.rank(b) == 1:
                return a, b  # of a weight that is given as a vector
            small = isinstance(a, Transpose) and isinstance(a.arg, Sym) and not is_upper(a.arg.name)
            if row and small and self.rank(b) == 1 and has_sequence(b):
                return a, b  # a constant that is transposed is no number
        return None

    def push(self, node: Node, rank: int) -> None:
        """Tell ``node`` that it has this rank (0 says nothing)."""
        match node:
            case At(name=n) | Sym(name=n):
                if rank == 1:
                    self.raise_to(n, rank)
            case Add(args=args):
                for a in args:
                    self.push(a, rank)
            case Had(args=args):
                for a in args:
                    if not isinstance(a, Add) or has_sequence(a):
                        self.push(a, rank)
            case Mul(args=args) if (pair := self.inner(args)) is not None:
                for a in pair:
                    self.push(a, 1)
            case Mul(args=args) if self.outer(args) is not None:
                pass
            case Mul(args=(Sym(name=a), Sym(name=b))) if rank == 1 and self.is_product(a, b):
                # The context of a decoder, say, has its matrix.
                for name in (a, b):
                    self.raise_to(name, 2 if is_upper(name) else 1)
            case Mul(args=args):
                matrix = any(self.rank(a) == 2 for a in args)
                for a in args:
                    if self.rank(a) == 2:
                        continue
                    if has_sequence(a):
                        self.push(a, 1 if matrix else rank)
                    elif isinstance(a, Sym) and is_bold(a.name):
                        self.push(a, rank)
            case Concat(args=args):
                for a in args:
                    self.push(a, 1)
            case Neg(arg=a) | Fn(arg=a) | Transpose(arg=a) | Pow(base=a) | Div(num=a):
                self.push(a, rank)
            case Diag(arg=a):
                self.push(a, min(rank, 1))
            case Call(args=args):
                for a in args:
                    if not isinstance(a, (At, Sym)):
                        self.push(a, self.rank(a))
            case Sum(body=a) | Norm(arg=a):
                self.push(a, self.rank(a))
            case _:
                pass

    def is_product(self, a: str, b: str) -> bool:
        """Whether two constants, ``M c``, are a matrix and a vector where a vector is wanted."""
        alike = is_bold(a) == is_bold(b) and is_upper(a) != is_upper(b)
        matrix = a if is_upper(a) else b
        return alike and not self.ranks.get(matrix) and not {a, b} & {*self.given, *self.totals}

    # dimensions

    def find(self, key: object) -> object:
        root = key
        while (up := self.parent.get(root, root)) != root:
            root = up
        while key != root:
            up = self.parent.get(key, root)
            self.parent[key] = root
            key = up
        return root

    def fix(self, key: object, dim: Dim) -> None:
        root = self.find(key)
        if isinstance(dim, str) and "+" in dim:
            return  # the sum of a concatenation is found, not given
        # Every occurrence of one symbolic dimension is one class.
        other = self.find(("dim", dim))
        self.value[other] = dim
        self.unify(root, other, None)

    def unify(self, a: object, b: object, node: Node | None) -> None:
        a, b = self.find(a), self.find(b)
        if a == b:
            return
        x, y = self.value.get(a), self.value.get(b)
        if x is not None and y is not None and x != y:
            raise ShapeError(
                f"the dimensions {x} and {y} must be equal", span=node.span if node else None,
                hint="correct the shapes that were given",
            )  # fmt: skip
        self.parent[a] = b
        if y is None and x is not None:
            self.value[b] = x

    def dims(self, node: Node) -> tuple[object, ...]:
        match node:
            case At(name=n) | Sym(name=n):
                return tuple((n, axis) for axis in range(self.ranks.get(n, 0)))
            case Add(args=args) | Had(args=args):
                return self.same(args)
            case Mul(args=(a, b)) if self.inner((a, b)) is not None:
                for x, y in zip(self.dims(a), self.dims(b), strict=False):
                    self.unify(x, y, a)
                return ()
            case Mul(args=args) if (pair := self.outer(args)) is not None:
                return (*self.dims(pair[0]), *self.dims(pair[1]))
            case Mul(args=args):
                acc = self.dims(args[0])
                for a in args[1:]:
                    acc = self.product(acc, self.dims(a), a)
                return acc
            case Div(num=a, den=b):
                return self.same((a, b))
            case Neg(arg=a) | Fn(arg=a) | Pow(base=a) | Sum(body=a):
                return self.dims(a)
            case Norm(arg=a):
                self.dims(a)
                return ()
            case Transpose(arg=a):
                inner = self.dims(a)
                return tuple(reversed(inner)) if len(inner) == 2 else inner
            case Diag(arg=a):
                return self.dims(a) * 2
            case Concat(args=args):
                parts: list[object] = []
                for a in args:
                    inner = self.dims(a)
                    parts.append(inner[0] if inner else ("dim", 1))
                    if not inner:
                        self.value[self.find(("dim", 1))] = 1
                key = ("sum", id(node))
                self.sums.append((key, parts))
                return (key,)
            case Call(args=args):
                for a in args:
                    self.dims(a)
                shape = self.functions.get(node.name, ())
                for axis, d in enumerate(shape):
                    self.fix((("call", node.name), axis), d)
                return tuple((("call", node.name), axis) for axis in range(len(shape)))
            case _:
                for c in children(node):
                    self.dims(c)
                return ()

    def same(self, args: Iterable[Node]) -> tuple[object, ...]:
        found: tuple[object, ...] = ()
        for a in args:
            here = self.dims(a)
            if here and found:
                if len(here) != len(found):
                    raise ShapeError("a vector and a matrix are combined elementwise",
                                     span=a.span)  # fmt: skip
                for x, y in zip(found, here, strict=True):
                    self.unify(x, y, a)
            found = found or here
        return found

    def product(
        self, left: tuple[object, ...], right: tuple[object, ...], node: Node
    ) -> tuple[object, ...]:
        if not left or not right:
            return left or right
        if len(left) == 2:
            self.unify(left[1], right[0], node)
            return (left[0], *right[1:])
        self.unify(left[0], right[0], node)  # vector·vector elementwise, vector·matrix as a row
        return left if len(right) == 1 else (right[1],)

    def name_dimensions(self) -> None:
        """Names for the classes that have none: n, m, then p, q, …."""
        sums = {self.find(key): parts for key, parts in self.sums}
        taken = {str(v) for v in self.value.values()}
        if self.scalar:
            for n, rank in self.ranks.items():
                for axis in range(rank):
                    root = self.find((n, axis))
                    if root not in sums:
                        self.value.setdefault(root, 1)
        fresh = (d for d in _dimension_names() if d not in taken)
        inputs = [n for n in self.sequences if n not in dict(self.equations)]
        defined = [t for t, _ in self.equations]
        preferred = iter(("n", "m"))
        for group in (defined, inputs):
            want = next(preferred)
            for n in group:
                if self.ranks[n] != 1:
                    continue
                root = self.find((n, 0))
                if root in self.value or root in sums:
                    continue
                if want not in taken:
                    self.value[root] = want
                    taken.add(want)
                break
        for n, rank in self.ranks.items():
            for axis in range(rank):
                root = self.find((n, axis))
                if root in self.value or root in sums:
                    continue
                name = next(fresh)
                while name in taken:
                    name = next(fresh)
                self.value[root] = name
                taken.add(name)
        for root, parts in sums.items():
            values = [self.value.get(self.find(p), "?") for p in parts]
            names = [v for v in values if isinstance(v, str)]
            total = summed(names, sum(v for v in values if isinstance(v, int)))
            known = self.value.get(root)
            if known is not None and known != total and isinstance(known, int):
                raise ShapeError(f"the dimensions {known} and {total} must be equal")
            self.value[root] = total


def _dimension_names() -> Iterable[str]:
    yield from ("p", "q", "r", "s", "n", "m")
    k = 1
    while True:
        yield f"n{k}"
        k += 1

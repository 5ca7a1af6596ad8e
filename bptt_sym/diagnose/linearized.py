"""Which edits of a formula can be right, seen through the derivative of the formula by its parts.

With one unit every quantity is a number. Most parts of a right side stand in it linearly: in sums,
products and numerators, and in the bodies of sums over steps. If such a part *p* gets another value
the side changes by :math:`\\sum_k c_k (p'_k - p_k)` with coefficients :math:`c_k` that one sweep
from the top finds for all parts at once (reverse mode, one coefficient for each step of the sums
around it). An edit mends the equation only if this is what the sides differ by; so only the edited
part is evaluated, never the side as a whole.
"""

from __future__ import annotations

from collections.abc import Mapping

from bptt_sym.decide.conventions import Conventions
from bptt_sym.decide.domains import N_, P_
from bptt_sym.decide.identity import Arena
from bptt_sym.decide.interpret import Interpreter
from bptt_sym.decide.tensor import Mismatch, rank
from bptt_sym.decide.trials import Trial
from bptt_sym.decide.world import Absent
from bptt_sym.diagnose.edits import Edit
from bptt_sym.errors import BpttError, UnboundName
from bptt_sym.notation import (
    HORIZON_NAME,
    Add,
    Diag,
    Div,
    Had,
    Mul,
    Neg,
    Node,
    Outer,
    Prod,
    Sum,
    Transpose,
    children,
    walk,
)

Env = Mapping[str, int]
#: Where a node stands: the numbers of the children on the way down to it.
Path = tuple[int, ...]
#: Coefficients of one part, each with the indices at which the part is evaluated.
Weights = list[tuple[int, Env]]
#: Parts times steps that one formula may have.
MAX_WEIGHTS = 20_000
#: Terms of a sum whose own terms are sums or products.
MAX_NESTED = 200


class Unknown(ArithmeticError):
    """One unit says nothing about this formula."""


class Linearized:
    """Both sides of ``trial`` with one unit, and the right side's derivative by its parts.

    Raises
    ------
    Unknown
        A side has no value at the instance looked at, or is no number.
    """

    def __init__(self, trial: Trial, arena: Arena) -> None:
        env = arena.place(trial.claim.sides)
        if env is None:
            raise Unknown
        self.env = env
        horizon = env.get(HORIZON_NAME, 0)
        world = arena.one_unit(trial.hypotheses)
        plain = Conventions(lenient=trial.conventions.lenient)
        self.interp = Interpreter(world, plain, horizon)
        left, self.right = trial.claim.sides
        self.left_value = self._number(left, env)
        self.right_value = self._number(self.right, env)
        self.difference = (self.left_value - self.right_value) % P_
        self._weights: dict[Path, Weights] | None = None
        self._count = 0
        # Values of the parts as they stand, by the part and the indices: both live as long as this.
        self._known: dict[tuple[int, int], int] = {}

    def _number(self, node: Node, env: Env) -> int:
        try:
            value = self.interp.value(node, env)
        except (BpttError, ArithmeticError) as error:
            raise Unknown from error
        if rank(value):
            raise Unknown
        return int(value)

    def refutes(self, edit: Edit) -> bool:
        """Whether the sides differ after ``edit``; ``False`` also if that cannot be seen."""
        try:
            if edit.left is not None:
                value = self.interp.value(edit.left, self.env)
                if rank(value):
                    return False
                # That nothing is 0 explains nothing.
                return self.right_value % P_ == 0 or (value - self.right_value) % P_ != 0
            weights = self.weights().get(edit.path)
            if weights is None:
                value = self.interp.value(edit.node, self.env)
                return not rank(value) and (value - self.left_value) % P_ != 0
            change = 0
            for c, env in weights:
                change += c * (self._changed(edit.new, env) - self._value(edit.old, env))
            return (change - self.difference) % P_ != 0
        except (Absent, UnboundName):
            # What does not exist where the left side does, or has a loose index, is no correction.
            return True
        except (BpttError, ArithmeticError, RecursionError):
            return False

    def weights(self) -> dict[Path, Weights]:
        """The coefficients of every part that stands in the right side linearly, by its place."""
        if self._weights is None:
            self._weights = {}
            self._spread(self.right, [(1, self.env)], ())
        return self._weights

    def _spread(self, node: Node, weights: Weights, path: Path) -> None:
        self._count += len(weights)
        if self._count > MAX_WEIGHTS:
            return
        assert self._weights is not None
        try:
            below = self._below(node, weights)
        except (Absent, Mismatch, BpttError, ArithmeticError):
            below = None
        self._weights[path] = weights
        for i, own in (below or {}).items():
            self._spread(children(node)[i], own, (*path, i))

    def _below(self, node: Node, weights: Weights) -> dict[int, Weights] | None:
        """The coefficients of the children in which ``node`` is linear, by their number."""
        parts = children(node)
        match node:
            case Add():
                return dict.fromkeys(range(len(parts)), weights)
            case Diag() | Transpose():
                return {0: weights}
            case Neg():
                return {0: [(-c, env) for c, env in weights]}
            case Div(den=below):
                return {
                    0: [(c * self.interp.dom.inverse(self._value(below, e)) % P_, e)
                        for c, e in weights]
                }  # fmt: skip
            case Mul() | Had() | Outer():
                out: dict[int, Weights] = {i: [] for i in range(len(parts))}
                for c, env in weights:
                    values = [self._value(p, env) for p in parts]
                    for i in out:
                        rest = c
                        for k, v in enumerate(values):
                            if k != i:
                                rest = rest * v % P_
                        out[i].append((rest, env))
                return out
            case Sum(var=var, lo=lo, hi=hi, body=body):
                ranges = [
                    range(self.interp.index(lo, env), self.interp.index(hi, env) + 1)
                    for _, env in weights
                ]
                terms = sum(map(len, ranges))
                most = MAX_NESTED if any(isinstance(n, (Sum, Prod)) for n in walk(body)) else (
                    MAX_WEIGHTS - self._count
                )  # fmt: skip
                if terms > most:
                    return None
                inner: Weights = [
                    (c, {**env, var: k})
                    for (c, env), steps in zip(weights, ranges, strict=True) for k in steps
                ]  # fmt: skip
                for _, env in inner:
                    self._value(body, env)  # a term that counts as nothing is no part
                return {next(i for i, p in enumerate(parts) if p is body): inner}
        return None

    def _value(self, node: Node, env: Env) -> int:
        """The value of a part of the right side."""
        key = (id(node), id(env))
        known = self._known.get(key)
        if known is None:
            known = self._known[key] = self._plain(node, env)
        return known

    def _changed(self, node: Node, env: Env) -> int:
        """The value of a part after an edit, most of which stands in the right side as well."""
        known = self._known.get((id(node), id(env)))
        if known is not None:
            return known
        match node:
            case Mul(args=args) | Had(args=args):
                total = 1
                for a in args:
                    total = total * self._changed(a, env) % N_
                return total
            case Add(args=args):
                return sum(self._changed(a, env) for a in args) % N_
            case Neg(arg=a):
                return -self._changed(a, env) % N_
            case Diag(arg=a) | Transpose(arg=a):
                return self._changed(a, env)
        return self._plain(node, env)

    def _plain(self, node: Node, env: Env) -> int:
        value = self.interp.value(node, env)
        if rank(value):
            raise Unknown
        return int(value)

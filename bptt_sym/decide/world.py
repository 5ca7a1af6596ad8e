"""A recurrence made concrete: numbers for the dimensions, one sample of a domain for the rest.

:class:`World` computes every value and every derivative by exact forward propagation through the
model. No derivative formula is used beyond the local rules of :mod:`bptt_sym.decide.interpret`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from bptt_sym.decide.domains import Domain
from bptt_sym.decide.interpret import Interpreter, Leaf, Parts
from bptt_sym.decide.remembered import symbols
from bptt_sym.decide.tensor import (
    Mismatch,
    Tensor,
    from_flat,
    identity,
    rank,
    shape,
)
from bptt_sym.errors import LimitExceeded, NotSupported, ShapeError
from bptt_sym.notation import HORIZON_NAME, At, Node, walk
from bptt_sym.recurrence import STEP, Recurrence

#: No claim needs a step as far out as this; a larger index is a mistake or an attack.
MAX_STEP = 4096
#: Terms of all sums and factors of all products in one comparison.
MAX_TERMS = 30_000
#: Entries of the derivative of one value by another that are computed.
MOST_ENTRIES = 50_000


class Absent(ArithmeticError):
    """An element that does not exist, such as a gate of step 0 or the input ``x_0``."""

    def __init__(self, name: str, time: int) -> None:
        super().__init__(f"{name}_{time} does not exist")
        self.name = name
        self.time = time


class World:
    """Values and derivatives of ``rec`` at one sample of ``domain``.

    Parameters
    ----------
    dims:
        A number for every symbolic dimension of ``rec``; ignored with ``scalar=True``, which makes
        every quantity a scalar (the case n = 1).
    fixed:
        Values that override equations and samples, keyed by ``(name, time)``; ``time`` None is a
        parameter and ``"*"`` every step.
    labels:
        Inputs whose entries add to one at every step.
    """

    def __init__(
        self,
        rec: Recurrence,
        domain: Domain,
        dims: Mapping[str, int] | None = None,
        *,
        scalar: bool = False,
        fixed: Mapping[tuple[str, int | str | None], Node] | None = None,
        labels: frozenset[str] = frozenset(),
    ) -> None:
        self.rec = rec
        self.domain = domain
        self.dims = dict(dims or {})
        self.scalar = scalar or rec.is_scalar
        self.fixed = dict(fixed or {})
        self.labels = labels
        # Values of nodes that interpreters of this world remember, by conventions.
        self.memo: dict[Any, dict[Any, Any]] = {}
        #: Terms of sums that the comparison in hand has evaluated.
        self.terms = 0
        self._rhs = {e.target: e.rhs for e in rec.equations}
        self._states = frozenset(rec.states)
        self._first = _first_steps(rec)
        self._values: dict[tuple[str, int | None, int], Tensor] = {}
        self._direct: dict[tuple[str, int | None, int, str], Parts] = {}
        self._derivatives: dict[tuple[Any, ...], Tensor | None] = {}
        self._adjoints: dict[tuple[Leaf, int], Parts] = {}
        #: Whether Jacobians by sequences are being collected, and the parameter by which they are.
        self.collected = True, ""

    def count(self, terms: int) -> None:
        """Take note of ``terms`` more terms of sums. Raises NotSupported beyond MAX_TERMS."""
        self.terms += max(0, terms)
        if self.terms > MAX_TERMS:
            # What is asked again shall not succeed with what is remembered of this.
            for known in self.memo.values():
                known.clear()
            raise NotSupported(f"more than {MAX_TERMS} terms of sums in one value")

    @property
    def interpreter(self) -> Interpreter:
        """What evaluates the equations; it knows its world, which therefore does not keep it."""
        return Interpreter(self)

    # -------------------------------------------------------------------------- shapes
    def shape(self, name: str) -> tuple[int, ...]:
        """The concrete shape of a sequence, parameter or total."""
        if self.scalar:
            # What multiplies a concatenation of scalars is a row of scalars.
            return (1, len(self.rec.blocks[name])) if name in self.rec.blocks else ()
        return tuple(d if isinstance(d, int) else self.dims[d] for d in self.rec.shape(name))

    def function_shape(self, name: str) -> tuple[int, ...]:
        if self.scalar:
            return ()
        return tuple(d if isinstance(d, int) else self.dims[d] for d in self.rec.functions[name])

    # -------------------------------------------------------------------------- values
    def value(self, name: str, time: int | None, horizon: int = 0) -> Tensor:
        """The value of a sequence element, or of a parameter or total with ``time`` None."""
        key = (name, time, horizon if time is None and name in self.rec.totals else 0)
        found = self._values.get(key)
        if found is None:
            found = self._values[key] = self._compute(name, time, horizon)
        return found

    def give(self, name: str, time: int | None, value: Tensor) -> None:
        """Set the value of a free element: an input, an initial value or a parameter."""
        self._values[name, time, 0] = value

    def _compute(self, name: str, time: int | None, horizon: int) -> Tensor:
        override = self._override(name, time)
        if override is not None:
            value = self.interpreter.value(override, {STEP: time or 0})
            if rank(value) == 0 and self.shape(name):
                return from_flat(self.shape(name), [value] * _size(self.shape(name)))
            return value
        if time is None:
            if name in self.rec.totals:
                return self.interpreter.value(self.rec.totals[name], {HORIZON_NAME: horizon})
            return self._sample(name, None)
        if time > MAX_STEP:
            raise LimitExceeded(f"step {time} of {name!r} is beyond the limit of {MAX_STEP}")
        if time < self._first.get(name, 1):
            raise Absent(name, time)
        if name in self._rhs and time >= 1:
            # Step by step, so that a far element does not recurse through all earlier ones.
            known = time - 1
            while known >= 1 and (name, known, 0) not in self._values:
                known -= 1
            for s in range(known + 1, time):
                self.value(name, s)
            return self.interpreter.value(self._rhs[name], {STEP: time})
        return self._sample(name, time)

    def _override(self, name: str, time: int | None) -> Node | None:
        for key in ((name, time), (name, "*")):
            if key in self.fixed and (key[1] != "*" or time is not None):
                return self.fixed[key]
        if time is not None and time < 1:
            return self.rec.initial.get(name) if name in self._rhs else None
        return None

    def _sample(self, name: str, time: int | None) -> Tensor:
        dims = self.shape(name)
        size = _size(dims)
        if name in self.labels:
            values = [self.domain.sample((name, time, i)) for i in range(size - 1)]
            values.append(self.domain.reduce(self.domain.one - sum(values)))
        else:
            values = [self.domain.sample((name, time, i)) for i in range(size)]
        return from_flat(dims, values)

    # --------------------------------------------------------------------- derivatives
    def direct(
        self, name: str, time: int | None, horizon: int = 0, parameter: str = ""
    ) -> Parts:
        """Jacobians of the defining equation by each sequence in it, and by one parameter.

        By all parameters that are no matrices they are there at once.
        """
        if not (parameter and self._is_large(parameter) and self._reads(name, parameter)):
            parameter = ""
        key = (name, time, horizon if time is None else 0, parameter)
        found = self._direct.get(key)
        if found is None:
            known = self.direct(name, time, horizon) if parameter else {}
            # (As in ``collecting``, which takes its time.)
            before, self.collected = self.collected, (not parameter, parameter)
            try:
                found = known | self._linearize(name, time, horizon)
            finally:
                self.collected = before
            self._direct[key] = found
        return found

    @contextmanager
    def collecting(self, sequences: bool, parameter: str) -> Iterator[None]:
        """Jacobians by no matrix but one are wanted: they are large."""
        before, self.collected = self.collected, (sequences, parameter)
        try:
            yield
        finally:
            self.collected = before

    def varies(self, node: Node) -> bool:
        """Whether ``node`` has a Jacobian that is wanted."""
        sequences, parameter = self.collected
        return sequences or parameter in symbols(node)

    def _reads(self, name: str, parameter: str) -> bool:
        """Whether ``parameter`` stands in the definition of ``name``."""
        node = self._rhs.get(name) or self.rec.totals.get(name)
        return node is not None and parameter in symbols(node)

    def _is_large(self, parameter: str) -> bool:
        """Whether Jacobians by ``parameter`` are collected by themselves."""
        return not self.scalar and len(self.rec.shapes.get(parameter, ())) > 1

    def by_itself(self, name: str, time: int | None, value: Tensor) -> Parts:
        """The Jacobian of a symbol by itself, if it is wanted, in the shape of its value."""
        sequences, parameter = self.collected
        if not (name == parameter if time is None and self._is_large(name) else sequences):
            return {}
        return {(name, time): identity(shape(value), self.domain.one, self.domain.zero)}

    def _linearize(self, name: str, time: int | None, horizon: int) -> Parts:
        given = self._override(name, time)
        if given is not None:
            # A start that is a number, or that another one makes.
            tied = (name, time) in self.fixed and any(isinstance(n, At) for n in walk(given))
            return self.interpreter.parts(given, {STEP: time or 0}) if tied else {}
        if time is None:
            node = self.rec.totals.get(name)
            return {} if node is None else self.interpreter.parts(node, {HORIZON_NAME: horizon})
        if name in self._rhs and time >= 1:
            return self.interpreter.parts(self._rhs[name], {STEP: time})
        return {}

    def derivative(self, y: Leaf, x: Leaf, kind: str, horizon: int = 0) -> Tensor | None:
        """``∂y/∂x`` in numerator layout (axes of y, then of x); ``None`` is zero.

        ``kind`` is one of :data:`~bptt_sym.notation.Kind`, marked.
        """
        if kind == "own":
            kind = self.along(x, y)
        if kind.startswith("via:"):
            return self._through(y, x, kind[4:], horizon)
        if kind.startswith("through:"):
            return self._by_way_of((kind[8:], x[1]), y, x, horizon)
        if kind == "total" and y[1] is None and y != x and self.shape(y[0]) == ():
            # Of a whole run's total; forwards, an element goes on from those of the step before.
            return self._swept(y, x, horizon)
        key = (y, x, kind, horizon if y[1] is None else 0)
        if key not in self._derivatives:
            if kind == "total" and y[1] is not None:
                # Fill earlier steps first: the recursion below then never goes deep.
                start = x[1] if x[1] is not None else 0
                for s in range(start, y[1]):
                    for name in self._states:
                        if (name, s) != y:
                            self._propagate((name, s), x, kind, horizon)
            self._propagate(y, x, kind, horizon)
        return self._derivatives[key]

    def along(self, x: Leaf, y: Leaf | None = None) -> str:
        """The kind of a derivative along the one state of its own two sides.

        Raises :class:`~bptt_sym.errors.NotSupported` where neither is a state.
        """
        names = [leaf[0] for leaf in (x, y) if leaf is not None]
        state = next((n for n in names if n in self._states), names[-1] if y is not None else "")
        if not state:
            raise NotSupported("a derivative along one state of what is no state")
        return f"own:{state}"

    def _swept(self, y: Leaf, x: Leaf, horizon: int) -> Tensor | None:
        """The total derivative of a scalar, from the sweep back through the sequences."""
        by_sequences = self._adjoint(y, horizon)
        if x[1] is not None or not self._is_large(x[0]):
            return by_sequences.get(x)
        key = (y, x, "total", horizon)
        if key not in self._derivatives:
            result: Tensor | None = None
            for leaf, outer in by_sequences.items():
                if not self._reads(leaf[0], x[0]):
                    continue
                jac = self.direct(*leaf, horizon, x[0]).get(x)
                if jac is not None:
                    term = self._compose(outer, jac, leaf)
                    result = term if result is None else result + term
            self._derivatives[key] = None if result is None else self.domain.reduce(result)
        return self._derivatives[key]

    def _adjoint(self, y: Leaf, horizon: int) -> Parts:
        """The total derivatives of a scalar by all sequences behind it, in one sweep back.

        They are sums over the same paths as those that :meth:`_propagate` follows for one variable.
        """
        key = (y, horizon)
        found = self._adjoints.get(key)
        if found is None:
            found = {y: self.domain.one}
            for leaf in self._downwards(y, horizon):
                outer = found.get(leaf)
                if outer is None:
                    continue
                found[leaf] = outer = self.domain.reduce(outer)
                for below, jac in self.direct(*leaf, horizon).items():
                    term = self._compose(outer, jac, leaf)
                    found[below] = found[below] + term if below in found else term
            found = {leaf: self.domain.reduce(a) for leaf, a in found.items()}
            self._adjoints[key] = found
        return found

    def _downwards(self, y: Leaf, horizon: int) -> list[Leaf]:
        """What ``y`` is computed from, itself included: each before all that it depends on."""
        order: list[Leaf] = []
        seen = {y}
        stack = [(y, iter(self.direct(*y, horizon)))]
        while stack:
            leaf, below = stack[-1]
            for name, time in below:
                if (name, time) not in seen and (name in self._rhs or name in self.rec.totals):
                    seen.add((name, time))
                    stack.append(((name, time), iter(self.direct(name, time, horizon))))
                    break
            else:
                order.append(leaf)
                stack.pop()
        return order[::-1]

    def _through(self, y: Leaf, x: Leaf, users: str, horizon: int) -> Tensor | None:
        """The part of ``∂y/∂x`` that runs through the named users of ``x``: ``c+1 h+0``."""
        if x[1] is None:
            raise ValueError("a parameter is used at every step")
        result: Tensor | None = None
        for user in users.split():
            name, _, lag = user.rpartition("+")
            leaf = (name, x[1] + int(lag))
            if y[1] is None and leaf[1] > horizon:
                continue
            jac = self.direct(*leaf).get(x)
            outer = self.derivative(y, leaf, "total", horizon) if jac is not None else None
            if outer is None:
                continue
            term = self._compose(outer, jac, leaf)
            result = term if result is None else result + term
        return None if result is None else self.domain.reduce(result)

    def _by_way_of(self, way: Leaf, y: Leaf, x: Leaf, horizon: int) -> Tensor | None:
        """The part of ``∂y/∂x`` that runs through ``way``, an element of the same step."""
        outer = self.derivative(y, way, "total", horizon)
        inner = self.derivative(way, x, "total", horizon)
        if outer is None or inner is None:
            return None
        return self.domain.reduce(self._compose(outer, inner, way))

    def _propagate(self, y: Leaf, x: Leaf, kind: str, horizon: int) -> Tensor | None:
        key = (y, x, kind, horizon if y[1] is None else 0)
        if key in self._derivatives:
            return self._derivatives[key]
        if y == x:
            one, zero = self.domain.one, self.domain.zero
            result = identity(self.shape(y[0]), one, zero)
        elif y[1] is not None and x[1] is not None and y[1] < x[1]:
            result = None
        else:
            parameter = x[0] if x[1] is None else ""
            parts = self.direct(y[0], y[1], horizon, parameter)
            result = self.chain(parts, x, kind, y, horizon)
        self._derivatives[key] = result
        return result

    def chain(
        self, parts: Parts, x: Leaf, kind: str, y: Leaf | None = None, horizon: int = 0
    ) -> Tensor | None:
        """``sum over leaves of parts[leaf] · ∂leaf/∂x``, the leaves taken as ``kind`` says."""
        result: Tensor | None = None
        for leaf, jac in parts.items():
            if leaf == x:
                term: Tensor | None = jac
            elif not self._passes(leaf, x, kind, y):
                continue
            else:
                inner = self._propagate(leaf, x, kind, horizon)
                if inner is None:
                    continue
                term = self._compose(jac, inner, leaf)
            if result is not None and shape(result) != shape(term):
                raise Mismatch("the derivatives along two paths are of different shapes")
            result = term if result is None else result + term
        return None if result is None else self.domain.reduce(result)

    def _passes(self, leaf: Leaf, x: Leaf, kind: str, y: Leaf | None) -> bool:
        """Whether a path may run through ``leaf`` (which is not ``x``)."""
        name, time = leaf
        if name not in self._rhs and name not in self.rec.totals:
            return False
        match kind:
            case "total":
                return True
            case "immediate":
                latest = y[1] if y is not None else None
                return not (name in self._states and (latest is None or time != latest))
            case "direct":
                return False
            case "local":
                return not (
                    name in self._states and time is not None and x[1] is not None and time > x[1]
                )
        if kind.startswith("own:"):
            if name not in self._states or name == kind[4:]:
                return True
            # What a loss reads at its own step is on the way from the state to the loss.
            return y is not None and y[0] in self.rec.readouts and time == (y[1] or time)
        raise ValueError(f"no such kind of derivative: {kind}")

    def _compose(self, jac: Tensor, inner: Tensor, leaf: Leaf) -> Tensor:
        axes = len(self.shape(leaf[0]))
        if axes == 0:
            if rank(jac) and rank(inner):
                import numpy as np

                if jac.size * inner.size > MOST_ENTRIES:
                    raise NotSupported("a derivative has too many entries")
                return np.multiply.outer(jac, inner)
            return jac * inner
        if not rank(jac) or not rank(inner):
            raise ShapeError(f"{leaf[0]} is a vector and its equation gives a number")
        # As np.tensordot(jac, inner, axes), without its overhead: these arrays are small.
        left, right = jac.shape[: jac.ndim - axes], inner.shape[axes:]
        out = jac.reshape(_size(left), -1).dot(inner.reshape(-1, _size(right)))
        return out.reshape(left + right) if left + right else out[0, 0]


def _size(dims: tuple[int, ...]) -> int:
    size = 1
    for d in dims:
        size *= d
    return size


def _first_steps(rec: Recurrence) -> dict[str, int]:
    """The first step at which each sequence exists."""
    from bptt_sym.recurrence import references

    deepest: dict[str, int] = {}
    for e in rec.equations:
        for name, lag in references(e.rhs):
            deepest[name] = max(deepest.get(name, 0), lag)
    return {name: 1 - lag for name, lag in deepest.items()}

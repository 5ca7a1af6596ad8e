"""Recurrences: named sequences and parameters with shapes, and their equations at a generic step.

A :class:`Recurrence` is data. It says, for each step ``t``, how every defined sequence follows from
inputs, parameters and earlier values; :mod:`bptt_sym.graph` unrolls it, ``derive`` differentiates
it and ``decide`` judges formulas about it.

Shapes are tuples of dimensions: ``()`` is a scalar, ``("n",)`` a column vector, ``("n", "m")`` a
matrix of n rows. A dimension is a symbolic name or a positive number.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import pairwise
from types import MappingProxyType

from bptt_sym.errors import LaterStepError, ModelError, ShapeError
from bptt_sym.notation import (
    FUNCTIONS,
    HORIZON_NAME,
    At,
    Call,
    Concat,
    Fn,
    Idx,
    Mul,
    Node,
    Sym,
    affine,
    walk,
)
from bptt_sym.shapes import shape_of, show_shape

Dim = str | int
Shape = tuple[Dim, ...]

SCALAR: Shape = ()
#: The generic step in every equation, and the last step in totals.
STEP = "t"
HORIZON = HORIZON_NAME


@dataclass(frozen=True)
class Equation:
    """``target`` at step ``t`` equals ``rhs``, whose time indices are ``t - lag``."""

    target: str
    rhs: Node


@dataclass(frozen=True)
class Recurrence:
    r"""A recurrence with shapes.

    Parameters
    ----------
    name:
        What the command line calls it.
    equations:
        In the order in which one step is computed.
    shapes:
        The shape of every sequence and parameter.
    initial:
        The value of a state at its initial steps (0, −1, …), by name; a state without an entry has
        a free initial value. Initial values never depend on a parameter unless the value says so.
    totals:
        Quantities defined once for the whole run, such as ``E = sum_t E_t`` or ``C = C(h_T)``;
        the last step is ``Idx("T")``.
    functions:
        Output shapes of the opaque functions (:class:`~bptt_sym.notation.Call`) by name.
        Opaque elementwise activations need no entry.
    latex:
        How a name is printed when it is not printed as it stands.
    blocks:
        For a parameter that multiplies a concatenation, the sequences concatenated, in order;
        found in the equations for parameters that have no entry.

    Raises
    ------
    ModelError
        An equation defined twice, a value used in a step before it is computed, a time index that
        is not ``t - lag``, a name without a shape, or a right side whose parts do not fit or whose
        shape is not that of the left side.
    """

    name: str
    equations: tuple[Equation, ...]
    shapes: Mapping[str, Shape]
    initial: Mapping[str, Node] = field(default_factory=dict)
    totals: Mapping[str, Node] = field(default_factory=dict)
    functions: Mapping[str, Shape] = field(default_factory=dict)
    latex: Mapping[str, str] = field(default_factory=dict)
    blocks: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for name in ("shapes", "initial", "totals", "functions", "latex", "blocks"):
            value = dict(getattr(self, name))
            if name == "blocks":
                value = _concatenated(self.equations) | value
            object.__setattr__(self, name, MappingProxyType(value))
        _check(self)

    # Everything below follows from the fields, and is found when it is first asked for.

    @cached_property
    def defined(self) -> tuple[str, ...]:
        """Sequences with an equation, in order of computation."""
        return tuple(e.target for e in self.equations)

    @cached_property
    def states(self) -> tuple[str, ...]:
        """Defined sequences whose earlier values an equation uses."""
        used = {n for e in self.equations for n, lag in references(e.rhs) if lag > 0}
        return tuple(n for n in self.defined if n in used)

    @cached_property
    def tied(self) -> tuple[str, ...]:
        """States that other states of the same step make, ``h_t = tanh(c_t)``, from any start."""
        states = set(self.states) - set(self.initial)
        made = {e.target: set(references(e.rhs)) for e in self.equations if e.target in states}
        others = {n: {(m, 0) for m in self.states if m != n} for n in made}
        return tuple(n for n, used in made.items() if used and used <= others[n])

    @cached_property
    def gates(self) -> tuple[str, ...]:
        """Defined sequences that are not states (gates, pre-activations, outputs, losses)."""
        states = set(self.states)
        return tuple(n for n in self.defined if n not in states)

    @cached_property
    def readouts(self) -> frozenset[str]:
        """What no state depends on: outputs, losses, totals."""
        uses = {e.target: {n for n, _ in references(e.rhs)} for e in self.equations}
        used = set(self.states)
        todo = list(self.states)
        while todo:
            for n in uses.get(todo.pop(), ()):
                if n not in used:
                    used.add(n)
                    todo.append(n)
        return frozenset({*self.defined, *self.totals} - used)

    @cached_property
    def inputs(self) -> tuple[str, ...]:
        """Sequences that the equations use and do not define."""
        defined = set(self.defined)
        seen = {n: None for e in self.equations for n, _ in references(e.rhs)}
        return tuple(n for n in seen if n not in defined)

    @cached_property
    def parameters(self) -> tuple[str, ...]:
        """Symbols without time that the equations use, in order of appearance."""
        seen: dict[str, None] = {}
        for e in self.equations:
            seen.update({n.name: None for n in walk(e.rhs) if isinstance(n, Sym)})
        return tuple(n for n in seen if n not in self.totals)

    @cached_property
    def learned(self) -> tuple[str, ...]:
        """Symbols that initial values alone use, ``q`` of ``h_0 = q``: parameters as well."""
        found = (x.name for v in self.initial.values() for x in walk(v) if isinstance(x, Sym))
        return tuple(dict.fromkeys(name for name in found if name not in self.parameters))

    @cached_property
    def activations(self) -> tuple[str, ...]:
        """Names of the opaque elementwise functions."""
        seen = {
            n.name: None
            for e in self.equations
            for n in walk(e.rhs)
            if isinstance(n, Fn) and n.name not in FUNCTIONS
        }
        return tuple(seen)

    @cached_property
    def dims(self) -> tuple[str, ...]:
        """The symbolic dimensions, in order of appearance in ``shapes``."""
        return tuple({d: None for s in self.shapes.values() for d in s if isinstance(d, str)})

    @cached_property
    def is_scalar(self) -> bool:
        """Whether every quantity is a scalar."""
        return all(s == SCALAR for s in self.shapes.values())

    @cached_property
    def max_lag(self) -> int:
        """The greatest lag with which an equation looks back."""
        return max((lag for e in self.equations for _, lag in references(e.rhs)), default=0)

    def rhs(self, name: str) -> Node:
        """The right-hand side at step ``t`` of a defined sequence."""
        for e in self.equations:
            if e.target == name:
                return e.rhs
        raise ModelError(f"{self.name}: no equation defines {name!r}")

    def shape(self, name: str) -> Shape:
        """The shape of a sequence, parameter or total (totals are scalars)."""
        if name in self.shapes:
            return self.shapes[name]
        if name in self.totals:
            return SCALAR
        raise ModelError(f"{self.name}: {name!r} has no shape")

    def with_initial_zero(self, *names: str) -> Recurrence:
        """The same recurrence started from 0 (all states if none is named)."""
        from bptt_sym.notation import ZERO

        zeros: dict[str, Node] = dict.fromkeys(names or self.states, ZERO)
        return replace(self, initial={**self.initial, **zeros})


def lag_of(time: Node) -> int | None:
    """``lag`` if ``time`` is ``t - lag``, else ``None``."""
    form = affine(time)
    if form is None or form[0] != {STEP: 1}:
        return None
    return -form[1]


def references(rhs: Node) -> Iterable[tuple[str, int]]:
    """``(name, lag)`` of every sequence element in a right-hand side at step ``t``."""
    for node in walk(rhs):
        if isinstance(node, At):
            lag = lag_of(node.time)
            if lag is None:
                raise ModelError(f"the time of {node.name!r} is not t minus a number")
            yield node.name, lag


def _concatenated(equations: Iterable[Equation]) -> dict[str, tuple[str, ...]]:
    """The sequences of the concatenation that a parameter stands before."""
    found: dict[str, tuple[str, ...]] = {}
    for e in equations:
        for node in walk(e.rhs):
            if not isinstance(node, Mul):
                continue
            for before, after in pairwise(node.args):
                if isinstance(before, Sym) and isinstance(after, Concat):
                    parts = [a.name for a in after.args if isinstance(a, At)]
                    if len(parts) == len(after.args):
                        found.setdefault(before.name, tuple(parts))
    return found


def _check(rec: Recurrence) -> None:
    if not rec.equations:
        raise ModelError(f"{rec.name}: a recurrence needs an equation")
    targets = rec.defined
    if len(set(targets)) != len(targets):
        twice = next(n for n in targets if targets.count(n) > 1)
        raise ModelError(f"{rec.name}: {twice!r} is defined twice")
    ready: set[str] = set()
    for e in rec.equations:
        for name, lag in references(e.rhs):
            if lag < 0:
                raise LaterStepError(f"{rec.name}: {e.target!r} uses {name!r} of a later step")
            if lag == 0 and name in targets and name not in ready:
                raise ModelError(f"{rec.name}: {e.target!r} uses {name!r} before it is computed")
            rec.shape(name)
        for node in walk(e.rhs):
            if isinstance(node, Sym):
                rec.shape(node.name)
            elif isinstance(node, Idx) and node.name != STEP:
                raise ModelError(f"{rec.name}: free index {node.name!r} in {e.target!r}")
            elif isinstance(node, Call) and node.name not in rec.functions:
                raise ModelError(f"{rec.name}: function {node.name!r} has no output shape")
        _check_shape(rec, e)
        ready.add(e.target)


def _check_shape(rec: Recurrence, e: Equation) -> None:
    """The right side has the target's shape; a number fills any."""
    wanted = rec.shape(e.target)
    try:
        found = shape_of(e.rhs, rec.shapes, rec.functions)
    except ShapeError as error:
        raise ModelError(f"{rec.name}: {e.target!r}: {error.message}") from error
    if found and found != wanted:
        raise ModelError(
            f"{rec.name}: {e.target!r} is {show_shape(wanted)}, its right side {show_shape(found)}"
        )

"""What is asked for: one derivative of one recurrence, and the range of every index in it."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import cached_property

from bptt_sym.derive import Derivation, Range, Trail
from bptt_sym.errors import (
    InputError,
    LimitExceeded,
    NotSupported,
    ReadError,
    Span,
    UnboundName,
)
from bptt_sym.jacobian import Calculus, canonical_times, offset
from bptt_sym.notation import (
    At,
    D,
    Idx,
    Node,
    Sym,
    affine,
    free_indices,
    from_affine,
    num,
    substitute_index,
)
from bptt_sym.recurrence import HORIZON, STEP, Recurrence, references

#: Steps beyond which products and nests are written with ∏ and by recursion, not factor by factor.
EXPAND = 8
#: The largest numeric horizon that is written out.
MAX_T = 4096

_TARGET = re.compile(
    r"\s*(?:d|∂|\\partial\s*)(?P<order>(?:\^?\{?2\}?)?)\s*(?P<y>[^\[\]/]+?)\s*(?:\[(?P<yt>[^\]]*)\])?"
    r"\s*/\s*(?:d|∂|\\partial\s*)\s*(?P<x>[^\[\]/]+?)\s*(?:\[(?P<xt>[^\]]*)\])?"
    r"(?P<order2>(?:\^?\{?2\}?)?)\s*"
)
_INDEX = re.compile(r"\s*([+-]?)\s*([A-Za-z]|\d{1,6})\s*")


def parse_target(text: str, rec: Recurrence) -> tuple[At | Sym, At | Sym, int]:
    """``(y, x, order)`` of a target such as ``dh[T]/dw``, ``dc[t]/dc[t-1]`` or ``d2h[T]/dw2``.

    A name may be written with or without the braces of its subscript (``W_hh`` for ``W_{hh}``).

    Raises
    ------
    ReadError
        If the text has not this form.
    UnboundName
        If the recurrence has no such sequence, parameter or total.
    """
    match = _TARGET.fullmatch(text)
    if match is None:
        raise ReadError(
            f"{text!r} is not a derivative",
            span=Span(0, len(text)),
            token=text[:40],
            hint="write dh[T]/dw, dc[t]/dc[t-1], dL/dW or d2h[T]/dw2",
        )
    names = _names(rec)
    second = bool(match["order"])
    x_text = match["x"]
    if second:
        # The exponent of dw2 belongs to d, unless the name itself ends in a figure.
        x_text = match["x"] if match["order2"] else re.sub(r"\^?\{?2\}?$", "", match["x"])
        if x_text == match["x"] and not match["order2"]:
            raise ReadError(f"{text!r}: a second derivative is written d2h[T]/dw2")
    elif match["order2"] and _plain(match["x"]) not in names:
        x_text = match["x"] + match["order2"]
    elif match["order2"]:
        if _plain(x_text + match["order2"]) not in names:
            raise ReadError(f"{text!r}: a second derivative is written d2h[T]/dw2")
        x_text += match["order2"]
    y = _element(match["y"], match["yt"], rec, match.start("y"))
    x = _element(x_text, match["xt"], rec, match.start("x"))
    return y, x, 2 if second else 1


def _plain(name: str) -> str:
    return re.sub(r"[{}\s]", "", name)


def _names(rec: Recurrence) -> dict[str, str]:
    known = {*rec.shapes, *rec.totals}
    return {_plain(n): n for n in sorted(known)}


def _element(name: str, time: str | None, rec: Recurrence, start: int) -> At | Sym:
    names = _names(rec)
    full = names.get(_plain(name))
    if full is None:
        raise UnboundName(
            f"no {name!r} in {rec.name}",
            span=Span(start, start + len(name)),
            token=name,
            hint="there are " + ", ".join(names.values()),
        )
    is_sequence = full in rec.defined or full in rec.inputs
    if time is None:
        if is_sequence and full not in rec.totals:
            raise ReadError(f"{full} is a sequence: say which element, {full}[T]", token=name)
        return Sym(full)
    if not is_sequence:
        raise ReadError(f"{full} has no steps", token=name, hint=f"write {full} without [{time}]")
    return At(full, parse_index(time))


def parse_index(text: str) -> Node:
    """A time index such as ``T``, ``t-1`` or ``3``."""
    coeffs: dict[str, int] = {}
    const, at = 0, 0
    while at < len(text) or not at:
        match = _INDEX.match(text, at)
        if match is None or (at and not match[1]):
            raise ReadError(f"{text!r} is not a time index", token=text, hint="write T, t-1 or 3")
        sign = -1 if match[1] == "-" else 1
        if match[2].isdigit():
            const += sign * int(match[2])
        else:
            coeffs[match[2]] = coeffs.get(match[2], 0) + sign
        at = match.end()
    return from_affine(coeffs, const)


@dataclass
class Problem:
    """A target under work: the model, its calculus, the steps so far, and the ranges of indices."""

    rec: Recurrence
    y: At | Sym
    x: At | Sym
    T: int | None
    form: str = "series"
    #: How many steps before ``y`` the variable has to lie for the form to hold (see Forward).
    gap: int = 0
    #: The first step of the variable, if it is later than its own first step.
    floor: int = 0
    trail: Trail = field(default_factory=Trail)
    #: Derivatives that a recursion written out has found, each nested into one expression.
    nested: dict[Node, Node] = field(default_factory=dict)
    inductions: list[tuple[int, int, int]] = field(default_factory=list)

    def __post_init__(self) -> None:
        if self.T is not None:
            if self.T < 1:
                raise InputError(f"T = {self.T}: there is no step before the first", token="T")
            if self.T > MAX_T:
                raise LimitExceeded(f"T = {self.T} is beyond {MAX_T}: ask for the symbolic T")
            self.y, self.x = self._fixed(self.y), self._fixed(self.x)
        else:
            self.y, self.x = _tidy(self.y), _tidy(self.x)
        for atom in (self.y, self.x):
            if isinstance(atom, At):
                self._check_time(atom)
        if isinstance(self.y, At) and isinstance(self.x, At):
            self._check_order(self.y, self.x)

    def _fixed(self, atom: At | Sym) -> At | Sym:
        assert self.T is not None
        if isinstance(atom, Sym):
            return atom
        time = substitute_index(atom.time, HORIZON, num(self.T))
        return _tidy(At(atom.name, time))

    def _check_time(self, atom: At) -> None:
        form = affine(atom.time)
        if form is None or sum(abs(c) for c in form[0].values()) > 1 or -1 in form[0].values():
            raise InputError(f"the time of {atom.name} is not a number, or one index plus one")
        first = self.first_step(atom.name)
        if not form[0] and form[1] < first:
            raise InputError(
                f"{atom.name}_{form[1]} does not exist", hint=f"{atom.name} starts at step {first}"
            )
        if self.T is not None and not form[0] and form[1] > self.T:
            raise InputError(f"{atom.name}_{form[1]} lies behind the last step, {self.T}")

    def _check_order(self, y: At, x: At) -> None:
        """What is differentiated may not lie before the variable."""
        distance = offset(y.time, x.time)
        if distance is not None and distance < 0:
            raise InputError(
                f"the step of {y.name} lies before that of {x.name}", hint="write dh[T]/dh[s]"
            )
        if HORIZON in free_indices(x.time) and HORIZON not in free_indices(y.time):
            raise InputError(
                f"whether {x.name} lies behind {y.name} depends on {HORIZON}",
                hint="write both steps with one index: dh[t]/dh[t-1]",
            )

    def first_step(self, name: str) -> int:
        """The first step at which a sequence exists: states have initial values."""
        lags = [k for e in self.rec.equations for n, k in references(e.rhs) if n == name]
        return 1 - max(lags, default=0)

    @cached_property
    def calc(self) -> Calculus:
        return Calculus(self.rec)

    @property
    def last(self) -> Node:
        """The last step."""
        return Idx(HORIZON) if self.T is None else num(self.T)

    @cached_property
    def top(self) -> Node:
        """The step of what is differentiated."""
        return self.y.time if isinstance(self.y, At) else self.last

    @property
    def bottom(self) -> Node | None:
        """The step of the variable, None for a parameter."""
        return self.x.time if isinstance(self.x, At) else None

    @cached_property
    def step(self) -> str:
        """The name of the generic step: ``t``, unless the variable's step has that name."""
        taken = free_indices(self.bottom) if self.bottom is not None else frozenset[str]()
        if self.form == "adjoint":
            # Backward from the step of what is differentiated, which stays where it is.
            taken |= free_indices(self.top)
        moving = self.is_related
        return next(n for n in (STEP, "s", "k", "r") if moving or n not in taken)

    @property
    def is_related(self) -> bool:
        """Whether both steps of the target run along, as in ``dc[t]/dc[t-1]``."""
        return (
            self.form in ("immediate", "jacobian")
            and isinstance(self.x, At)
            and isinstance(self.y, At)
            and bool(free_indices(self.y.time))
            and offset(self.y.time, self.x.time) is not None
        )

    @property
    def generic(self) -> Node:
        """The generic step, of which definitions and one-step derivatives speak."""
        return Idx(self.step)

    @cached_property
    def fresh_names_taken(self) -> frozenset[str]:
        """The indices that the target uses."""
        times = [a.time for a in (self.y, self.x) if isinstance(a, At)]
        return frozenset[str]().union(*(free_indices(t) for t in times))

    @cached_property
    def fresh_names(self) -> tuple[str, str]:
        """Names for a summation index and a product index that the target does not use."""
        taken = self.fresh_names_taken
        free = [n for n in ("t", "s", "k", "r") if n not in taken]
        inner = next(n for n in ("j", "i", "l") if n not in taken)
        return free[0], inner

    # ------------------------------------------------------------------ ranges

    def range(self, name: str, lo: int | Node = 1, hi: Node | None = None) -> Range:
        low = num(lo) if isinstance(lo, int) else lo
        if name == HORIZON:
            return Range(name, low, hi)
        return Range(name, low, self.last if hi is None else hi)

    @property
    def horizon(self) -> tuple[Range, ...]:
        return (self.range(HORIZON),) if self.T is None else ()

    def step_range(self, lo: int | Node = 1, hi: Node | None = None) -> tuple[Range, ...]:
        """The range of the generic step ``t``."""
        return (*self.horizon, self.range(self.step, lo, hi))

    @cached_property
    def target_ranges(self) -> tuple[Range, ...]:
        """The ranges of the indices that the target itself has."""
        ranges: list[Range] = []
        top, bottom = affine(self.top), affine(self.bottom) if self.bottom is not None else None
        lowest = self.lowest_bottom
        horizon_from = 1
        for name, _ in (top[0] if top else {}).items():
            assert top is not None
            lo = (self.first_step(self.y.name) if self.is_state(self.y) else 1) - top[1]
            lo = max(lo, 1 - top[1] + (self.gap if bottom is None else 0))
            if bottom is not None and name in bottom[0]:
                lo = max(lo, lowest - bottom[1])
            elif bottom is not None and not bottom[0]:
                lo = max(lo, bottom[1] - top[1] + self.gap)
            if name == HORIZON:
                horizon_from = max(1, lo)
            else:
                ranges.append(self.range(name, max(lo, 1), _minus(self.last, max(top[1], 0))))
                horizon_from = max(1, lo)
        if bottom is not None:
            for name, _ in bottom[0].items():
                if name == HORIZON:
                    if top and HORIZON not in top[0]:
                        horizon_from = max(horizon_from, lowest - bottom[1])
                elif not (top and name in top[0]):
                    hi = from_affine(*top) if top else self.last
                    hi = _minus(hi, bottom[1] + self.gap)
                    ranges.append(self.range(name, lowest - bottom[1], hi))
                    horizon_from = max(horizon_from, lowest + self.gap)
        if self.T is None:
            ranges.insert(0, Range(HORIZON, num(horizon_from), None))
        return tuple(ranges)

    @cached_property
    def lowest_bottom(self) -> int:
        """The first step of ``x`` for which the derivative has one form."""
        if not isinstance(self.x, At):
            return 0
        if not self.is_state(self.x):
            # Every equation that reads the element has to be one of the run's.
            return 1 - min(self.reading_lags, default=0)
        if isinstance(self.y, Sym):
            return 1
        if self.floor:
            return self.floor
        computed_from_x = any(
            self.calc.depends_within_step(s, self.x.name) for s in self.rec.states
        )
        # An initial value is free: what a step computes from the state is not computed at step 0.
        return 1 if computed_from_x else 0

    @cached_property
    def reading_lags(self) -> tuple[int, ...]:
        """How many steps after its own the variable is read; of a number's readings those that
        lie in the run."""
        x = self.x
        assert isinstance(x, At)
        needed = self.calc.needs(self.y.name)
        form = affine(x.time)
        first = 1 - form[1] if form is not None and not form[0] else 0
        lags = {
            k
            for n in self.rec.defined
            if n in needed
            for m, k in references(self.rec.rhs(n))
            if m == x.name
        }
        return tuple(sorted(k for k in lags if k >= first))

    def is_state(self, atom: Node) -> bool:
        return isinstance(atom, At) and atom.name in self.rec.states

    def relevant_states(self, y: str | None = None) -> tuple[str, ...]:
        """The states through which ``x`` can reach ``y``, in order of computation."""
        needed = self.calc.needs(y or self.y.name)
        return tuple(
            s
            for s in self.rec.states
            if s in needed and (self.calc.depends_on(s, self.x) or s == self.x.name)
        )

    # ------------------------------------------------------------------ finishing

    @property
    def target(self) -> D:
        return D(self.y, self.x, "total")

    def at(self, node: Node, time: Node) -> Node:
        """A generic-step expression at ``time``."""
        return self.substituted(node, self.step, time)

    def substituted(self, node: Node, name: str, time: Node) -> Node:
        """``node`` with ``time`` for the index ``name``."""
        return canonical_times(substitute_index(node, name, time))

    def done(self, title: str, form: str) -> Derivation:
        """The derivation that the steps so far make."""
        return Derivation(
            self.rec,
            title,
            tuple(self.trail.steps),
            self.T,
            form,
            layout(self.rec),
            self.target,
            tuple(self.inductions),
        )


def layout(rec: Recurrence) -> str:
    """The layout of every derivative of a recurrence, in words."""
    if rec.is_scalar:
        return "every quantity is a scalar"
    return (
        "numerator layout: the derivative of a column vector y by a column vector x has rows(y) × "
        "rows(x) entries, that of a scalar by a vector is a row, that of a scalar by a matrix W "
        "has W's shape, and [∂h/∂W] of a vector has entries (i, k, l) = ∂h_i/∂W_kl"
    )


class TooNear(NotSupported):
    """The variable lies so near that a form over many steps has nothing to add up."""


class NoCarrier(NotSupported):
    """No state carries the derivative from one step to the next."""


def _tidy(atom: At | Sym) -> At | Sym:
    tidy = canonical_times(atom)
    assert isinstance(tidy, (At, Sym))
    return tidy


def _minus(node: Node, k: int) -> Node:
    form = affine(node)
    assert form is not None
    return from_affine(form[0], form[1] - k)


__all__ = [
    "EXPAND",
    "MAX_T",
    "NoCarrier",
    "Problem",
    "TooNear",
    "layout",
    "offset",
    "parse_index",
    "parse_target",
]

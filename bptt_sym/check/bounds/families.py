"""Families of runs along which a derivative is the same for every T: they refute limits.

At a fixed point of the cell with an exact pre-activation of 0 the activation's value is rational
(tanh 0 = 0, sigma 0 = 1/2), so the derivative along the whole run is a rational number that the
identity engine can confirm for every T.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

from bptt_sym.check.bounds.sizes import Sizes
from bptt_sym.decide.identity import Arena, Fixed, holds
from bptt_sym.decide.trials import Trial, literal
from bptt_sym.decide.verdict import Counterexample, Verdict
from bptt_sym.errors import BpttError
from bptt_sym.notation import Add, At, Claim, D, Div, Fn, Idx, Mul, Neg, Node, Num, Sym, index, num
from bptt_sym.recurrence import STEP, Recurrence

REST = {"tanh": Fraction(0), "sigma": Fraction(1, 2)}
WEIGHTS = tuple(Fraction(n, d) for n, d in ((2, 1), (1, 1), (4, 1), (8, 1), (1, 2), (-2, 1)))


@dataclass(frozen=True)
class Family:
    """Values of every free variable; the run stays at ``rest`` for ever."""

    values: dict[tuple[str, int | str | None], Node]
    shown: dict[str, str]


def written_out(rec: Recurrence, state: str) -> Node:
    """The equation of a state; with ``a_t`` written out where it is ``tanh(a_t)``."""
    rhs = rec.rhs(state)
    if isinstance(rhs, Fn) and isinstance(rhs.arg, At) and rhs.arg.time == Idx(STEP):
        name = rhs.arg.name
        if name in rec.defined and name not in rec.states:
            return replace(rhs, arg=rec.rhs(name))
    return rhs


def scalar_case(rec: Recurrence) -> Recurrence:
    """The recurrence with n = 1: a limit that fails there fails."""
    if rec.is_scalar or rec.blocks:
        return rec
    return replace(
        rec,
        shapes=dict.fromkeys(rec.shapes, ()),
        functions=dict.fromkeys(rec.functions, ()),
    )


def scalar_sizes(sizes: Sizes) -> Sizes:
    """Hypotheses about norms as hypotheses about absolute values."""
    return replace(
        sizes,
        upper={("|", base[1]): limit for base, limit in _by_limit(sizes.upper, strictest_last=-1)},
        lower={("|", base[1]): limit for base, limit in _by_limit(sizes.lower, strictest_last=1)},
    )


def _by_limit(limits: dict[Any, Any], *, strictest_last: int) -> list[tuple[Any, Any]]:
    return sorted(limits.items(), key=lambda item: (strictest_last * item[1][0], item[1][1]))


def lasting_gradient(side: Node, rec: Recurrence, sizes: Sizes) -> Verdict | None:
    """The total derivative of a scalar tanh state by its own weight does not vanish for |w| < 1.

    The published theorem ``refute-b`` is the proof; its certificate is replayed here.
    """
    if not rec.is_scalar or len(rec.states) != 1:
        return None
    (state,) = rec.states
    rhs = written_out(rec, state)
    if not (isinstance(rhs, Fn) and rhs.name == "tanh"):
        return None
    weight = weight_of(rhs.arg, state)
    if weight is None or not allowed(Fraction(1, 2), ("|", weight), sizes):
        return None
    match side:
        case D(y=At(name=name, time=Idx()), x=Sym(name=by), kind="total") if (
            name == state and by == weight
        ):
            pass
        case _:
            return None
    from bptt_sym import prove

    theorem = prove.load("refute-b")
    shown = {weight: "1/2", f"{state}_0": "0", "the rest of the pre-activation": "1 at every step"}
    return Verdict(
        "wrong",
        scope="every T",
        counterexample=Counterexample(
            T=2, indices={}, values=shown, left="at least 1/8 for every T >= 2", right="0"
        ),
        method=f"theorem {theorem.name}: {theorem.title} (its certificate was replayed)",
    )


def fading_derivative(side: Node, rec: Recurrence, sizes: Sizes) -> Verdict | None:
    """The derivative of a scalar tanh state by an earlier one does not explode for w = 2.

    The published theorem ``refute-a`` is the proof, for ``h_0 = 1/2`` and no input; its certificate
    is replayed here. Where the start is given, the first input can make ``h_1`` that.
    """
    if not rec.is_scalar or len(rec.states) != 1 or rec.max_lag != 1:
        return None
    (state,) = rec.states
    rhs = written_out(rec, state)
    if not (isinstance(rhs, Fn) and rhs.name == "tanh" and rhs.order == 0):
        return None
    weight = weight_of(rhs.arg, state)
    if weight is None or not allowed(Fraction(2), ("|", weight), sizes):
        return None
    match side:
        case D(y=At(name=name, time=Idx()), x=At(name=by), kind="total") if name == by == state:
            pass
        case _:
            return None
    given = state in rec.initial
    if given and not rec.inputs:
        return None
    from bptt_sym import prove

    theorem = prove.load("refute-a")
    start = f"{state}_1" if given else f"{state}_0"
    shown = {weight: "2", start: "1/2", "the rest of the pre-activation": "0 from there on"}
    return Verdict(
        "wrong",
        scope="every T",
        counterexample=Counterexample(
            T=2, indices={}, values=shown, left="at most 1.5 · 0.85^(T - 1), which tends to 0",
            right="∞",
        ),
        method=f"theorem {theorem.name}: {theorem.title} (its certificate was replayed)",
    )  # fmt: skip


def families(rec: Recurrence, sizes: Sizes) -> Iterator[Family]:
    """Constant runs of a scalar cell ``h_t = phi(w h_{t-1} + …)`` that obey the hypotheses."""
    if not rec.is_scalar or len(rec.states) != 1 or rec.max_lag != 1:
        return
    (state,) = rec.states
    rhs = written_out(rec, state)
    if not (isinstance(rhs, Fn) and rhs.name in REST and rhs.order == 0):
        return
    weight = weight_of(rhs.arg, state)
    if weight is None:
        return
    rest = REST[rhs.name]
    for w in WEIGHTS:
        if not allowed(w, ("|", weight), sizes):
            continue
        values: dict[tuple[str, int | str | None], Node] = {
            (p, None): num(0) for p in rec.parameters
        }
        shown = dict.fromkeys(rec.parameters, "0")
        values[(weight, None)] = num(w)
        shown[weight] = str(w)
        if w * rest and not _cancel(rhs.arg, weight, -w * rest, values, shown):
            continue
        for name in rec.inputs:
            values.setdefault((name, "*"), num(0))
            shown.setdefault(f"{name}_t", str(_value(values[(name, "*")])))
        values[(state, 0)] = num(rest)
        shown[f"{state}_0"] = str(rest)
        yield Family(values, shown)


def constant_value(claim_side: Node, rec: Recurrence, family: Family) -> Fraction | None:
    """The value that ``claim_side`` has along the family for every T, if that can be confirmed."""
    fixed: Fixed = family.values
    arena = Arena(rec, fixed)
    for value in (Fraction(0), Fraction(1), *_guess(claim_side, rec, family)):
        trial = literal(Claim((claim_side, Num(value)), ("=",)), rec)
        try:
            outcome = holds(arena, trial)
        except BpttError:
            return None
        if outcome.holds and outcome.every:
            return value
    return None


def _guess(side: Node, rec: Recurrence, family: Family) -> Iterator[Fraction]:
    """The exact value at a small instance, by rational arithmetic."""
    from bptt_sym.decide.exact import Exact
    from bptt_sym.decide.instances import instances
    from bptt_sym.decide.interpret import Interpreter
    from bptt_sym.decide.world import Absent, World

    world = World(rec, Exact(), fixed=family.values)
    trial: Trial = literal(Claim((side, num(0)), ("=",)), rec)
    for env in instances(trial.claim.sides, rec, 4):
        try:
            value = Interpreter(world, horizon=env.get("T", 0)).value(trial.claim.sides[0], env)
        except (Absent, BpttError, ArithmeticError):
            continue
        text = str(value.num / value.den) if hasattr(value, "num") else str(value)
        try:
            yield Fraction(text)
        except ValueError:
            return
        return


def weight_of(arg: Node, state: str) -> str | None:
    """The parameter that multiplies the previous state in a sum of products."""
    previous = At(state, index(STEP, -1))
    for term in arg.args if isinstance(arg, Add) else (arg,):
        if isinstance(term, Mul) and len(term.args) == 2 and previous in term.args:
            other = term.args[0] if term.args[1] == previous else term.args[1]
            if isinstance(other, Sym):
                return other.name
    return None


def _cancel(
    arg: Node,
    weight: str,
    wanted: Fraction,
    values: dict[tuple[str, int | str | None], Node],
    shown: dict[str, str],
) -> bool:
    """Give one bias or one input the value that makes the pre-activation 0."""
    for term in arg.args if isinstance(arg, Add) else (arg,):
        match term:
            case Sym(name=n) if n != weight:
                values[(n, None)] = num(wanted)
                shown[n] = str(wanted)
                return True
            case At(name=n, time=Idx(name="t")):
                values[(n, "*")] = num(wanted)
                return True
            case Mul(args=(Sym(name=p), At(name=n, time=time))) if p != weight:
                if time == Idx(STEP) or time == index(STEP, -1):
                    values[(p, None)], values[(n, "*")] = num(1), num(wanted)
                    shown[p] = "1"
                    return True
    return False


def allowed(value: Fraction, base: tuple[str, str], sizes: Sizes) -> bool:
    upper, lower = sizes.upper.get(base), sizes.lower.get(base)
    size = abs(value)
    if not sizes.allows(base[1], value):
        return False
    if upper is not None and (size > upper[0] or (upper[1] and size == upper[0])):
        return False
    return not (lower is not None and (size < lower[0] or (lower[1] and size == lower[0])))


def _value(node: Node) -> Fraction:
    match node:
        case Num(value=v):
            return v
        case Neg(arg=a):
            return -_value(a)
        case Div(num=a, den=b):
            return _value(a) / _value(b)
    raise ValueError("not a number")

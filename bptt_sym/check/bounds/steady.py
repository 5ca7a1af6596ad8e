r"""Runs that stay where they are: their derivatives are powers of one matrix, for every T.

With :math:`h^* = \varphi(W h^* + u)` at every step, which the input u can bring about for any
:math:`h^*` in the range of :math:`\varphi`, the Jacobian at every step is
:math:`J = \mathrm{diag}(\varphi'(a^*)) W`, and :math:`\partial h_T/\partial h_k = J^{T-k}`; in a
linear network that holds of every run. So a large weight need not make a derivative explode, and a
small spectral radius of W need not make it vanish: J has other eigenvalues than W.
"""

from __future__ import annotations

from fractions import Fraction

from bptt_sym.check.bounds.families import (
    allowed,
    scalar_case,
    scalar_sizes,
    weight_of,
    written_out,
)
from bptt_sym.check.bounds.sizes import RADIUS, Sizes
from bptt_sym.decide.verdict import Counterexample, Verdict
from bptt_sym.jacobian import Calculus
from bptt_sym.notation import Add, At, D, Fn, Idx, Mul, Node, Sym, Transpose, index
from bptt_sym.recurrence import Recurrence

_WEIGHTS = tuple(map(Fraction, (8, 4, 2, 16, 32)))
#: A value near the end of the range of tanh and of σ, and the value where each is steepest.
_NEAR_ONE = Fraction(99, 100)
_SLOPE = {"tanh": lambda h: 1 - h * h, "sigma": lambda h: h * (1 - h)}
_STEEPEST_AT = {"tanh": Fraction(0), "sigma": Fraction(1, 2)}


def linear_limit(side: Node, rec: Recurrence, sizes: Sizes, infinite: bool) -> str:
    """The reason why the derivative of a linear state tends to 0, or to ∞; "" if none is known."""
    state = _of_one_state(side, rec)
    if not state:
        return ""
    factor = Calculus(rec).one_step(At(state, Idx("t")), At(state, index("t", -1)))
    factor = factor.arg if isinstance(factor, Transpose) else factor
    if not isinstance(factor, Sym):
        return ""
    bases = [(RADIUS, factor.name)] if rec.shape(factor.name) else [("|", factor.name)]
    for base in bases:
        low, high = sizes.lower.get(base), sizes.upper.get(base)
        if infinite and low is not None and (low[0] > 1 or (low[0] == 1 and low[1])):
            return f"∂{state}[T]/∂{state}[k] is a power of {factor.name}, which grows"
        if not infinite and high is not None and (high[0] < 1 or (high[0] == 1 and high[1])):
            return f"∂{state}[T]/∂{state}[k] is a power of {factor.name}, which tends to 0"
    return ""


def steady_run(side: Node, rec: Recurrence, sizes: Sizes, infinite: bool) -> Verdict | None:
    """A steady run along which the derivative does not explode, or does not vanish."""
    if infinite:
        return _that_fades(side, scalar_case(rec), scalar_sizes(sizes))
    return _that_grows(side, rec, sizes)


def _that_fades(side: Node, rec: Recurrence, sizes: Sizes) -> Verdict | None:
    state = _of_one_state(side, rec)
    found = _activation(rec, state) if state and rec.is_scalar else None
    if found is None or {base[1] for base in sizes.lower} - {found[1]}:
        return None
    name, weight = found
    slope = _SLOPE[name](_NEAR_ONE)
    for w in _WEIGHTS:
        if allowed(w, ("|", weight), sizes) and w * slope < 1:
            start = f"{state}_{int(state in rec.initial)}"
            return _shown({weight: str(w), start: str(_NEAR_ONE)}, str(w * slope), "∞")
    return None


def _that_grows(side: Node, rec: Recurrence, sizes: Sizes) -> Verdict | None:
    state = _of_one_state(side, rec)
    found = _activation(rec, state) if state and not rec.is_scalar else None
    if found is None or rec.blocks or set(sizes.upper) != {(RADIUS, found[1])} or sizes.lower:
        return None
    name, weight = found
    at = _STEEPEST_AT[name]
    c = Fraction(2) if name == "tanh" else Fraction(8)
    # W = c (1 1; -1 -1) has ρ = 0; J has rank 1, so that its powers are those of its trace.
    trace = c * (_SLOPE[name](at) - _SLOPE[name](_NEAR_ONE))
    start = f"{state}_{int(state in rec.initial)}"
    values = {weight: f"({c}, {c}; -{c}, -{c})", start: f"({at}, {_NEAR_ONE})"}
    return _shown(values, str(trace), "0")


def _shown(values: dict[str, str], ratio: str, limit: str) -> Verdict:
    values["the rest of the pre-activation"] = "what keeps the state where it is"
    return Verdict(
        "wrong",
        scope="every T",
        counterexample=Counterexample(
            T=2, indices={}, values=values, right=limit, place="for every T",
            left=f"of the order of ({ratio})^(T - k)",
        ),
        method="along a run that stays at one state the derivative is a power of one Jacobian",
    )  # fmt: skip


def _of_one_state(side: Node, rec: Recurrence) -> str:
    """The only state of a recurrence, if ``side`` differentiates it by itself earlier on."""
    if len(rec.states) != 1 or rec.max_lag != 1:
        return ""
    match side:
        case D(y=At(name=y, time=Idx()), x=At(name=x), kind="total" | "unmarked") if (
            (y, x) == (rec.states[0], rec.states[0])
        ):
            return y
    return ""


def _activation(rec: Recurrence, state: str) -> tuple[str, str] | None:
    """The activation of a state and its weight, if something else can be added as one likes."""
    rhs = written_out(rec, state)
    if not (isinstance(rhs, Fn) and rhs.name in _SLOPE and rhs.order == 0):
        return None
    weight = weight_of(rhs.arg, state)
    if weight is None or not isinstance(rhs.arg, Add):
        return None
    for term in rhs.arg.args:
        match term:
            case At(name=name, time=Idx(name="t")) if name in rec.inputs:
                return rhs.name, weight
            case Sym(name=name) if name != weight and rec.shape(name) == rec.shape(state):
                if state not in rec.initial:
                    return rhs.name, weight
            case Mul(args=(Sym(name=name), At(name=x, time=Idx()))) if (
                name != weight and x in rec.inputs
            ):
                return rhs.name, weight
    return None


__all__ = ["linear_limit", "steady_run"]

"""The forms of a gradient: immediate, jacobian, telescoped, series, horner, adjoint, agree."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from bptt_sym.derive import Derivation
from bptt_sym.errors import InputError, NotSupported
from bptt_sym.forms.adjoint import adjoint
from bptt_sym.forms.agreement import agreement
from bptt_sym.forms.composition import composition, without
from bptt_sym.forms.forward import Forward
from bptt_sym.forms.near import near
from bptt_sym.forms.one_step import immediate_of_target, jacobian_of_target
from bptt_sym.forms.preactivation import with_preactivations
from bptt_sym.forms.problem import NoCarrier, Problem, TooNear, parse_target
from bptt_sym.forms.recursion import horner
from bptt_sym.forms.second import second_derivative
from bptt_sym.notation import At, Node, Sym
from bptt_sym.recurrence import Recurrence

FORMS = (
    "immediate",
    "jacobian",
    "telescoped",
    "series",
    "horner",
    "adjoint",
    "agree",
    "composition",
)

#: The forms that reach their target over the steps in between.
STEPWISE = ("telescoped", "series", "horner", "adjoint")


def derive(
    rec: Recurrence,
    target: str | tuple[Node, Node],
    T: int | None = None,
    form: str = "series",
) -> Derivation:
    """Derive one derivative of a recurrence, every step a claim that can be replayed.

    Parameters
    ----------
    target:
        ``"dh[T]/dw"``, ``"dc[t]/dc[t-1]"``, ``"dL/dW"``, ``"d2h[T]/dw2"``, …, or the pair
        ``(y, x)`` of nodes.
    T:
        The horizon, or None for every ``T``.
    form:
        One of :data:`FORMS`.

    Raises
    ------
    InputError
        If the target cannot be read, names nothing in ``rec``, or asks for a step that does not
        exist.
    NotSupported
        If this form does not exist for the target; the message names one that does.
    """
    if form not in FORMS:
        raise InputError(f"no form {form!r}", token=form, hint="one of " + ", ".join(FORMS))
    if isinstance(target, str):
        y, x, order = parse_target(target, rec)
    else:
        y, x = target  # type: ignore[assignment]
        order = 1
        if not isinstance(y, (At, Sym)) or not isinstance(x, (At, Sym)):
            raise InputError("a target is a pair of sequence elements or names")
    title = f"{target if isinstance(target, str) else 'derivative'} of {rec.name}"
    return _derive(rec, y, x, order, T, form, title)


def _derive(
    rec: Recurrence, y: At | Sym, x: At | Sym, order: int, T: int | None, form: str, title: str
) -> Derivation:
    p = Problem(rec, y, x, T, form)
    if p.x.name not in p.calc.needs(p.y.name):
        raise NotSupported(f"{p.y.name} does not depend on {p.x.name}: the derivative is 0")
    if form in ("adjoint", "agree", "composition") and order == 1 and len(p.calc.shape(x)) > 1:
        rec = with_preactivations(rec, x.name)
        p = Problem(rec, y, x, T, form)
    if order == 2:
        second_derivative(p)
        return p.done(title, form)
    try:
        own = isinstance(y, At) and isinstance(x, Sym) and not p.relevant_states()
        if own and form in STEPWISE:
            raise NoCarrier(f"no state that {p.y.name} is made of depends on {p.x.name}")
        _work_out(p, form, partial(_derive, rec, y, x, 1, T, title=title))
        if form in STEPWISE and (not p.trail.steps or p.trail.steps[-1].lhs != p.target):
            raise TooNear("no step is left")
    except NoCarrier:
        # Every step's own use is all there is: every form is the sum of them.
        if isinstance(y, Sym) and form != "adjoint":
            return _derive(rec, y, x, 1, T, "adjoint", title)
        p = Problem(rec, y, x, T, "jacobian")
        near(p)
    except TooNear:
        # One step, or none: every form is the derivative of the equations in between.
        p = Problem(rec, y, x, T, "jacobian")
        near(p)
    return p.done(title, form)


def _work_out(p: Problem, form: str, again: Callable[..., Derivation]) -> None:
    """The steps of one form; ``again`` derives the same target in another one."""
    match form:
        case "immediate":
            immediate_of_target(p)
        case "jacobian":
            jacobian_of_target(p)
        case "telescoped":
            forward = Forward(p)
            forward.telescoped()
            forward.finish()
        case "series":
            forward = Forward(p)
            forward.series()
            forward.finish()
        case "horner":
            horner(p)
        case "adjoint":
            adjoint(p)
        case "agree":
            three = ("series", "horner", "adjoint")
            agreement(p, {f: partial(again, form=f) for f in three})
        case "composition":
            composition(p)


__all__ = ["FORMS", "derive", "without"]

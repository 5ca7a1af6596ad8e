"""What a gradient uses as the derivative of an activation, measured.

Where T = 1 a bias has one path to the loss, so that its given gradient divided by its exact one is
the derivative that was used divided by the right one, unit by unit. A table of it against the
argument shows a floor, a constant, a shifted argument, whatever no catalogue holds.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np

from bptt_sym.evaluate import activations
from bptt_sym.evaluate.domains import floats
from bptt_sym.testing.compare import FAILURES, call, mismatches
from bptt_sym.testing.derivation_mistakes import Mistake, owner_of
from bptt_sym.testing.draw import Regime, draw
from bptt_sym.testing.models import Model
from bptt_sym.testing.problems import Problem

Array = Any
Gradient = Callable[[Problem], Mapping[str, Array]]
#: The derivative that is used, from the argument and the right derivative.
Rule = Callable[[Array, Array], Array]
_Used = tuple[str, Rule]

#: Problems of one step and one example, small and large arguments.
_REGIMES: tuple[Regime, ...] = ("generic", "large", "saturated", "saturated", "saturated")
#: Two measured numbers are equal within this.
_SAME = 1e-9


def measured_slopes(
    model: Model, gradient: Gradient, dims: Mapping[str, int], names: Sequence[str]
) -> Iterator[Mistake]:
    """What each activation's derivative may be taken to be, where it is not what it should be.

    A measurement where T = 1 says nothing about what is passed on from step to step: each is a way
    to compute a gradient, and has to be tried on other problems.
    """
    found: list[list[tuple[int, _Used]]] = []
    for i, owner, bias, part in _biased(model):
        if bias not in names:
            continue
        table = _table(model, gradient, dims, i, bias, part)
        if table is None:
            continue
        f = model.program.ops[i].attr[0]
        where = f"the derivative of {'σ' if f == 'sigma' else f} in {owner} "
        said = _said(f, *table)
        if not said:
            return
        found.append([(i, (where + words, rule)) for words, rule in said])
    for k in range(max(map(len, found), default=0)):
        chosen = dict(ways[min(k, len(ways) - 1)] for ways in found)
        text = "; ".join(words for words, _ in chosen.values())
        yield Mistake(
            f"slope-measured-{k}-{text}", f"{text} (measured where T = 1)",
            partial(_with_slopes, rules={i: rule for i, (_, rule) in chosen.items()}),
        )  # fmt: skip


def _with_slopes(problem: Problem, rules: Mapping[int, Rule]) -> dict[str, Array]:
    """The gradient with other derivatives of some activations, by their handles."""
    p = problem.model.adjoint.program
    slopes = {
        k: rules[i]
        for i in rules
        for k, op in enumerate(p.ops)
        if op.kind == "fn" and op.args == p.ops[i].args and op.attr == (p.ops[i].attr[0], 1)
    }

    def alter(k: int, v: Array, t: int, env: Any) -> Array:
        return slopes[k](np.asarray(env[p.ops[k].args[0]]), v) if k in slopes else v

    return problem.gradient_in(floats(), problem.plain_run, alter=alter)


def _biased(model: Model) -> list[tuple[int, str, str, int]]:
    """Activations whose argument is a sum with a bias: handle, owner, bias, which block of it."""
    p = model.program
    blocks = {part: (name, k) for name, ps in model.layout.items() for k, part in enumerate(ps)}
    out = []
    for i, op in enumerate(p.ops):
        if op.kind != "fn" or op.attr[1] != 0 or op.attr[0] not in ("tanh", "sigma"):
            continue
        stack, terms = [op.args[0]], []
        while stack:
            a = stack.pop()
            if p.ops[a].kind == "add":
                stack += p.ops[a].args
            else:
                terms.append(p.ops[a])
        biases = [t.attr[0] for t in terms if t.kind == "param" and t.shape == op.shape]
        if len(biases) == 1 and biases[0] in blocks:
            out.append((i, owner_of(model, i), *blocks[biases[0]]))
    return out


def _table(
    model: Model, gradient: Gradient, dims: Mapping[str, int], i: int, bias: str, part: int
) -> tuple[Array, Array, Array, Array] | None:
    """Arguments, right derivatives, those that were used and how exactly these are known.

    ``None`` if nothing is wrong.
    """
    sizes = {d: max(6, 5 + k) for k, d in enumerate(dims)}
    f, argument = model.program.ops[i].attr[0], model.program.ops[i].args[0]
    rows: list[tuple[Array, ...]] = []
    for k, regime in enumerate(_REGIMES):
        p = draw(model, 4242 + k, regime=regime, steps=1, batch=1, dims=sizes)
        try:
            given = call(gradient, p)
        except FAILURES:
            return None
        if any(m.kind in ("missing", "shape") for m in mismatches(p, given)):
            return None
        count = len(model.layout[bias])
        a = np.ravel(np.asarray(p.plain_run.steps[0][argument], float))
        exact = np.split(np.ravel(p.exact[bias]).astype(float), count)[part]
        made = np.split(np.ravel(np.asarray(given[bias], float)), count)[part]
        slope = activations.value(f, 1, a, np)
        # A unit that the loss hardly sees says nothing, nor one whose derivative is rounding.
        room = np.split(np.ravel(p.allowed()[bias]).astype(float), count)[part]
        rough = 10 * room / np.maximum(np.abs(made), np.abs(exact))
        good = (rough < 1e-3) & (slope > 1e-8) & np.isfinite(made)
        used = slope[good] * (made[good] / exact[good])
        rows.append((a[good], slope[good], used, _SAME + rough[good]))
    arguments, right, used, rough = (np.concatenate(c) for c in zip(*rows, strict=True))
    if len(used) < 8 or (np.abs(used - right) <= rough * right).all():
        return None
    return arguments, right, used, rough


def _said(f: str, a: Array, right: Array, used: Array, rough: Array) -> list[_Used]:
    """What the used derivatives may be, in words and as a rule of argument and right derivative."""
    off = np.abs(used - right) > rough * right
    level = float(np.median(used[off]))

    def same(x: Array, y: Any, within: Array = rough) -> bool:
        return bool((np.abs(x - y) <= within * np.maximum(np.abs(x), np.abs(y)) + 1e-300).all())

    if same(used, level):
        text = f"is taken to be {level:.6g} at every argument"
        return [(text, lambda a, s: np.full_like(s, level))]
    added = used - right
    middle = float(np.median(added))
    if abs(middle) > _SAME and (np.abs(added - middle) <= 1e-3 * abs(middle)).all():
        return [(f"has {middle:.3g} added to it", lambda a, s: s + float(f"{middle:.3g}"))]
    if same(used[off], level, rough[off]) and off.sum() > 1:
        if (right[off] < level).all() and (right[~off] >= level * (1 - _SAME)).all():
            return [(f"is never less than {level:.6g}", lambda a, s: np.maximum(s, level))]
        if (right[off] > level).all() and (right[~off] <= level * (1 + _SAME)).all():
            return [(f"is never more than {level:.6g}", lambda a, s: np.minimum(s, level))]
    for shift in (1.0, -1.0, 0.5, -0.5, 2.0, -2.0):
        if same(used, activations.value(f, 1, a + shift, np)):
            rule = partial(_moved, f=f, shift=shift)
            return [(f"is taken at the argument plus {shift:g}", rule)]
    for scale in (2.0, 0.5):
        if same(used, activations.value(f, 1, a * scale, np)):
            words = f"is taken at {scale:g} times the argument"
            return [(words, partial(_moved, f=f, scale=scale))]
    if (factor := float(np.median(used / right))) and same(used, factor * right):
        return [(f"is multiplied by {factor:.6g}", lambda a, s: factor * s)]
    coefficients = _polynomial(activations.value(f, 0, a, np), used)
    if coefficients is not None:
        text = f"is taken to be {_written(coefficients)}, y being the value"
        return [(text, partial(_polynomial_of, f=f, coefficients=coefficients))]
    return list(_piecewise(f, a, right, used, rough))


def _moved(a: Array, s: Array, f: str, shift: float = 0.0, scale: float = 1.0) -> Array:
    return activations.value(f, 1, scale * a + shift, np)


def _polynomial_of(a: Array, s: Array, f: str, coefficients: Array) -> Array:
    y = activations.value(f, 0, a, np)
    return sum(c * y**k for k, c in enumerate(coefficients))


def _piecewise(f: str, a: Array, right: Array, used: Array, rough: Array) -> Iterator[_Used]:
    """0 far from 0 and otherwise a constant or the derivative itself; or by the argument's sign.

    The edge lies between two measured arguments: the roundest numbers are tried, of the argument
    and of the value.
    """

    def same(x: Array, y: Any, within: Array) -> bool:
        return bool((np.abs(x - y) <= within * np.maximum(np.abs(x), np.abs(y)) + 1e-300).all())

    zero = used == 0
    if not zero.any() or zero.all():
        return
    rest = float(np.median(used[~zero]))
    level: float | None = rest if same(used[~zero], rest, rough[~zero]) else None
    if level is None and not same(used[~zero], right[~zero], rough[~zero]):
        return
    kept = "right" if level is None else f"{rest:.6g}"
    if (a[zero] < 0).all() and (a[~zero] > 0).all():
        text = f"is {kept} or 0, as that of a piecewise linear function"
        yield text, partial(_inside, level=level, low=0.0, high=np.inf)
        return
    far, near = float(np.abs(a[zero]).min()), float(np.abs(a[~zero]).max())
    if near >= far:
        return
    for edge in _round_between(near, far):
        text = f"is {kept} or 0, as that of a piecewise linear function"
        if level is None:
            text = f"is 0 where the argument is {edge:.3g} and more away from 0"
        yield text, partial(_inside, level=level, low=-edge, high=edge)
    values = (float(activations.value(f, 0, np.asarray(x), np)) for x in (near, far))
    for value in _round_between(*values):
        text = f"is 0 where the value is {value:.6g} and more, or as far on the other side"
        edge = float(np.arctanh(value) if f == "tanh" else np.log(value / (1 - value)))
        yield text, partial(_inside, level=level, low=-edge, high=edge)


def _inside(a: Array, s: Array, level: float | None, low: float, high: float) -> Array:
    """The derivative itself or ``level`` between two arguments, and 0 elsewhere."""
    return np.where((a > low) & (a < high), s if level is None else level, 0.0)


def _round_between(low: float, high: float) -> list[float]:
    """Numbers between with the fewest digits."""
    for digits in range(9):
        first = np.ceil(low * 10**digits)
        last = np.floor(high * 10**digits)
        if first <= last:
            return [float(k) / 10**digits for k in np.arange(first, min(last, first + 9) + 1)]
    return []


def _polynomial(y: Array, used: Array) -> Array | None:
    """``used`` as a polynomial in ``y`` with plain coefficients, of degree at most 4."""
    powers = np.stack([y**k for k in range(5)], 1)
    coefficients, _, rank, _ = np.linalg.lstsq(powers, used, rcond=1e-12)
    plain = np.round(coefficients * 4) / 4
    if rank < 5 or np.abs(plain).max() > 4 or np.abs(powers @ plain - used).max() > _SAME:
        return None
    return plain


def _written(coefficients: Array) -> str:
    text = ""
    for k, c in enumerate(coefficients):
        if c:
            power = ("", "y", "y²", "y³", "y⁴")[k]
            size = "" if abs(c) == 1 and power else f"{abs(c):g}"
            sign = " − " if c < 0 else " + "
            text += (sign if text else sign.strip(" +")) + size + power
    return text or "0"


__all__ = ["measured_slopes"]

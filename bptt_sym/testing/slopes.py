"""What a gradient uses as the derivative of an activation, measured.

Where T = 1 a bias has one path to the loss, so that its given gradient divided by its exact one is
the derivative that was used divided by the right one, unit by unit. A table of it against the
argument shows a floor, a constant, a shifted argument, whatever no catalogue holds.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from bptt_sym.evaluate import activations
from bptt_sym.testing.compare import call, mismatches
from bptt_sym.testing.derivation_mistakes import owner_of
from bptt_sym.testing.draw import Regime, draw
from bptt_sym.testing.evidence import Diagnosis
from bptt_sym.testing.models import Model
from bptt_sym.testing.problems import Problem

Array = Any
Gradient = Callable[[Problem], Mapping[str, Array]]

#: Problems of one step and one example, small and large arguments.
_REGIMES: tuple[Regime, ...] = ("generic", "large", "saturated", "saturated", "saturated")
#: Two measured numbers are equal within this.
_SAME = 1e-9


def measured_slopes(
    model: Model, gradient: Gradient, dims: Mapping[str, int], names: Sequence[str]
) -> list[Diagnosis]:
    """What each activation's derivative is taken to be, where it is not what it should be."""
    found = []
    for i, owner, bias, part in _biased(model):
        if bias not in names:
            continue
        table = _table(model, gradient, dims, i, bias, part)
        if table is None:
            continue
        arguments, right, used, rough = table
        f = model.program.ops[i].attr[0]
        shown = "σ" if f == "sigma" else f
        said = _said(f, arguments, right, used, rough)
        if said:
            text = f"the derivative of {shown} in {owner} {said} (measured where T = 1)"
            found.append(Diagnosis("slope-measured", text, tuple(names), 0.0, len(_REGIMES)))
    return found


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
        except Exception:
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


def _said(f: str, a: Array, right: Array, used: Array, rough: Array) -> str | None:
    """What the used derivatives are, in words; ``None`` if no simple rule gives them."""
    off = np.abs(used - right) > rough * right
    level = float(np.median(used[off]))

    def same(x: Array, y: Any, within: Array = rough) -> bool:
        return bool((np.abs(x - y) <= within * np.maximum(np.abs(x), np.abs(y)) + 1e-300).all())

    if same(used, level):
        return f"is taken to be {level:.6g} at every argument"
    added = used - right
    middle = float(np.median(added))
    if abs(middle) > _SAME and (np.abs(added - middle) <= 1e-3 * abs(middle)).all():
        return f"has {middle:.3g} added to it"
    if same(used[off], level, rough[off]) and off.sum() > 1:
        if (right[off] < level).all() and (right[~off] >= level * (1 - _SAME)).all():
            return f"is never less than {level:.6g}"
        if (right[off] > level).all() and (right[~off] <= level * (1 + _SAME)).all():
            return f"is never more than {level:.6g}"
    for shift in (1.0, -1.0, 0.5, -0.5, 2.0, -2.0):
        if same(used, activations.value(f, 1, a + shift, np)):
            return f"is taken at the argument plus {shift:g}"
    for scale in (2.0, 0.5):
        if same(used, activations.value(f, 1, a * scale, np)):
            return f"is taken at {scale:g} times the argument"
    if polynomial := _polynomial(activations.value(f, 0, a, np), used):
        return f"is taken to be {polynomial}, y being the value"
    zero = used == 0
    if zero.any() and not zero.all():
        rest = float(np.median(used[~zero]))
        if same(used[~zero], rest, rough[~zero]):
            return f"is {rest:.6g} or 0, as that of a piecewise linear function"
        if same(used[~zero], right[~zero], rough[~zero]):
            edge = float(np.abs(a[zero]).min())
            if (np.abs(a[~zero]) < edge).all():
                return f"is 0 where the argument is {edge:.3g} and more away from 0"
    return None


def _polynomial(y: Array, used: Array) -> str | None:
    """``used`` as a polynomial in ``y`` with plain coefficients, of degree at most 4."""
    powers = np.stack([y**k for k in range(5)], 1)
    coefficients, _, rank, _ = np.linalg.lstsq(powers, used, rcond=1e-12)
    plain = np.round(coefficients * 4) / 4
    if rank < 5 or np.abs(plain).max() > 4 or np.abs(powers @ plain - used).max() > _SAME:
        return None
    text = ""
    for k, c in enumerate(plain):
        if c:
            power = ("", "y", "y²", "y³", "y⁴")[k]
            size = "" if abs(c) == 1 and power else f"{abs(c):g}"
            sign = " − " if c < 0 else " + "
            text += (sign if text else sign.strip(" +")) + size + power
    return text or None


__all__ = ["measured_slopes"]

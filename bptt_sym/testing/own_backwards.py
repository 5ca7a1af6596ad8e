"""What a function with a way back of its own returns wrongly: for which argument, and how.

Each output, times a random cotangent, is a loss; what comes back to the arguments is its gradient.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from bptt_sym.testing.directional import directional, noise, quick

Array = Any
#: What is said of an argument, «», and whether it says what is wrong.
Said = tuple[str, bool]
#: Entries of an argument that are looked at.
_ENTRIES = 200
_ORDINALS = ("first", "second", "third", "fourth", "fifth", "sixth")


def off_by(
    loss: Callable[[dict[str, Array]], Any],
    point: dict[str, Array],
    values: Mapping[str, Array],
    output: Array | None,
) -> Iterator[tuple[str, Said]]:
    """The arguments to which ``values`` are not what should come back, and what is said of it.

    ``output`` is that of the function, if it has one only.
    """
    own, rng = noise(loss, point), np.random.default_rng(41)
    bad = []
    for name, value in values.items():
        v = rng.normal(size=point[name].shape)
        slope = directional(loss, point, {name: v}, own)
        claimed = 0.0 if value is None else float((value * v).sum())
        if abs(claimed - slope.value) > slope.error + 1e-12 * abs(claimed):
            bad.append(name)
    exact = {n: _exact(loss, point, n, own) for n in bad if point[n].size <= _ENTRIES}
    at_hand = {f"`{n}`": v for n, v in point.items()}
    if output is not None:
        at_hand["the output"] = output
    for name in bad:
        yield name, _said(name, values[name], exact, at_hand)


def without_cotangents(
    values: Mapping[str, Array | None], numbers: Sequence[int]
) -> dict[str, dict[int, Said]]:
    """What is said of arguments to which something comes back where every cotangent is 0."""
    text = "what it returns for «» is not 0 where every cotangent is: a part is multiplied by none"
    return {
        name: dict.fromkeys(numbers, (text, True))
        for name, value in values.items() if value is not None and value.any()
    }  # fmt: skip


def _exact(loss: Any, point: dict[str, Array], name: str, own: float) -> Array:
    exact = np.empty(point[name].shape)
    for index in np.ndindex(exact.shape):
        v = np.zeros_like(exact)
        v[index] = 1.0
        exact[index] = quick(loss, point, {name: v}, own)
    return exact


def together(
    kind: str, off: dict[str, dict[int, tuple[str, bool]]], numbers: Sequence[int]
) -> list[tuple[str, bool]]:
    """One line for arguments, and for outputs, of which the same is said."""
    lines: dict[tuple[tuple[int, ...], str, bool], list[str]] = {}
    for name, by in off.items():
        for (words, named) in dict.fromkeys(by.values()):
            of = tuple(k for k, said in by.items() if said == (words, named))
            lines.setdefault((of, words, named), []).append(name)
    out = []
    for (of, words, named), names in lines.items():
        listed = ", ".join(f"`{n}`" for n in names)
        place = ", ".join(_ORDINALS[k] if k < len(_ORDINALS) else str(k + 1) for k in of)
        through = f", through its {place} output" if len(of) < len(numbers) else ""
        out.append((f"{kind}: {words.replace('«»', listed)}{through}", named))
    return out


def _said(
    name: str, given: Array, exact: dict[str, Array], at_hand: dict[str, Array]
) -> tuple[str, bool]:
    """How what is returned for an argument, «», differs from what should be."""
    if given is None:
        return "nothing (None) comes back to «»", True
    if not given.any():
        return "nothing (0) comes back to «»", True
    what = "what it returns for «»"
    if name not in exact:
        return f"{what} is wrong", False
    true = exact[name]
    if given.shape != true.shape:
        return f"{what} has shape {given.shape}, not {true.shape}", True
    for other, value in exact.items():
        if other != name and value.size > 1 and _same(given, value):
            return f"{what} is what belongs to `{other}`", True
    if true.size > 1 and true.any():
        factor = float((given * true).sum() / (true * true).sum())
        if _same(given, factor * true):
            return f"{what} is {factor:.6g} times what it should be", True
        if true.ndim == 2 and _same(given, true.T):
            return f"{what} is transposed", True
        for words, value in at_hand.items():
            for form, factors in (
                (words, value), (f"1 - {words}²", 1 - value**2),
                (f"{words} (1 - {words})", value * (1 - value)),
            ):  # fmt: skip
                try:
                    by = np.broadcast_to(factors, true.shape)
                except ValueError:
                    continue
                if np.ptp(by) and _same(given * by, true):
                    return f"{what} lacks the factor {form}", True
                if np.ptp(by) and _same(given, true * by):
                    return f"{what} has the factor {form} once too often", True
        if len(true) > 1 and _same(given, true[::-1]):
            return f"{what} is in reverse order along its first axis", True
    for axis, count in enumerate(true.shape):
        off = given - true
        if count > 2 and _along(off, np.ones_like(true), axis):
            text = "is off by the same number all along axis"
            return f"{what} {text} {axis}: a sum or mean over it is lost, or one too many", True
        for words, value in at_hand.items():
            if count > 2 and value.shape == true.shape and _along(off, value, axis):
                return f"{what} is off by a multiple of {words} all along axis {axis}", True
    return f"{what} is wrong", False


def _along(off: Array, value: Array, axis: int) -> bool:
    """Whether ``off`` is a multiple of ``value`` along an axis, another one at each other place."""
    with np.errstate(all="ignore"):
        factor = (off * value).sum(axis, keepdims=True) / (value * value).sum(axis, keepdims=True)
    return _same(factor * value, off)


def _same(a: Array, b: Array) -> bool:
    return a.shape == b.shape and np.allclose(a, b, rtol=1e-6, atol=1e-7 * np.abs(b).max())


__all__ = ["off_by", "together", "without_cotangents"]

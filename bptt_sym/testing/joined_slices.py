"""Matrices side by side, cut at the wrong column.

Code that multiplies ``[h, x]`` by one matrix holds its gradient in one array too, and cuts both
into their parts: the columns of the state, of the input, and of the bias if that is one.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from itertools import permutations
from typing import Any, final

import numpy as np

from bptt_sym.evaluate.domains import floats
from bptt_sym.testing.derivation_mistakes import Mistake, owner_of
from bptt_sym.testing.models import Model
from bptt_sym.testing.problems import Problem

Array = Any


def joined_slices(model: Model) -> Iterator[Mistake]:
    """All of them: on the way back first, then where the gradient is cut."""
    yield from _taken_back(model)
    yield from _cut(model)


@final
@dataclass(frozen=True)
class _Slice:
    """As many columns of matrices side by side as the matrix ``wanted`` has, at another place.

    ``start`` is the first of them, counted from where they belong (``from_own``), from the left,
    or from the right.
    """

    order: tuple[str, ...]
    wanted: str
    start: int
    since: str

    def words(self) -> str:
        """Which columns these are."""
        joined = f"[{', '.join(self.order)}]"
        if self.since == "own":
            way = "right" if self.start > 0 else "left"
            return f"the columns of {joined} that lie one to the {way} of {self.wanted}"
        return f"the {'first' if self.since == 'left' else 'last'} columns of {joined}"

    def of(self, values: dict[str, Array]) -> Array:
        """The columns themselves."""
        parts = [v if v.ndim == 2 else v[:, None] for v in (values[k] for k in self.order)]
        widths = [v.shape[1] for v in parts]
        at = self.order.index(self.wanted)
        own, whole = widths[at], sum(widths)
        first = {"own": sum(widths[:at]), "left": 0, "right": whole - own}[self.since] + self.start
        if first < 0 or first + own > whole:
            raise FloatingPointError("no such columns")
        return np.concatenate(parts, 1)[:, first : first + own]


    @property
    def reaches(self) -> str:
        """The parameter at the end, or beside it, that is cut into first."""
        if self.since != "own":
            return self.order[0 if self.since == "left" else -1]
        return self.order[self.order.index(self.wanted) + self.start]


def _slices(names: tuple[str, ...], wanted: str) -> Iterator[_Slice]:
    """Wrong places of the columns of ``wanted``, for each order of the matrices."""
    for order in permutations(names):
        at = order.index(wanted)
        if at:
            yield _Slice(order, wanted, 0, "left")
            yield _Slice(order, wanted, -1, "own")
        if at < len(order) - 1:
            yield _Slice(order, wanted, 0, "right")
            yield _Slice(order, wanted, 1, "own")


@final
@dataclass(frozen=True)
class _Back:
    """A product with a transposed matrix on the way back, and the matrix beside it."""

    place: int
    own: str
    other: str
    owner: str


def _products_back(model: Model, *, inputs: bool = False) -> list[_Back]:
    """Those whose owner multiplies by just two matrices; to a state, or to the ``inputs``."""
    p, ops = model.program, model.adjoint.program.ops
    factors: dict[str, list[str]] = {}
    for i, op in enumerate(p.ops):
        if op.kind == "matvec" and p.ops[op.args[0]].kind == "param":
            factors.setdefault(owner_of(model, i), []).append(p.ops[op.args[0]].attr[0])
    # What is passed back to the inputs alone is no gradient of a parameter.
    inner = {
        p.ops[op.args[0]].attr[0] for op in p.ops
        if op.kind == "matvec" and p.ops[op.args[0]].kind == "param"
        and inputs == (
            p.ops[op.args[1]].kind == "read" and p.ops[op.args[1]].attr[0] not in p.targets
        )
    }  # fmt: skip
    owners = {m: o for o, ms in factors.items() for m in ms if len(set(ms)) == 2 and m in inner}
    out = []
    for i, op in enumerate(ops):
        if i < model.adjoint.forward or op.kind != "matvec" or ops[op.args[0]].kind != "transpose":
            continue
        matrix = ops[ops[op.args[0]].args[0]]
        name = matrix.attr[0] if matrix.kind == "param" else None
        if name in owners:
            (other,) = set(factors[owners[name]]) - {name}
            out.append(_Back(i, str(name), other, owners[name]))
    return out


def _biases(model: Model) -> dict[str, str]:
    """By the quantity whose argument it is added to: a vector of parameters, if there is one."""
    p = model.program
    added = [a for op in p.ops if op.kind == "add" for a in op.args if p.ops[a].kind == "param"]
    return {owner_of(model, a): str(p.ops[a].attr[0]) for a in added if len(p.shape(a)) == 1}


def _taken_back(model: Model) -> Iterator[Mistake]:
    """The transposed matrix of a product is cut out of the joined one."""
    array = {part: name for name, parts in model.layout.items() for part in parts}
    beside: dict[tuple[str, str], list[_Back]] = {}
    for back in _products_back(model):
        beside.setdefault((array[back.own], array[back.other]), []).append(back)
    given = {(b.own, b.other): b for b in _products_back(model, inputs=True)}
    for names, every in beside.items():
        groups = [tuple(every)] if len(every) > 1 else []
        groups += [(b,) for b in every]
        if len(every) > 2:
            groups += [tuple(b for b in every if b is not left) for left in every]
        for group in groups:
            whole = names if len(group) > 1 else (group[0].own, group[0].other)
            said = _slices(whole, whole[0])
            each = [_slices((b.own, b.other), b.own) for b in group]
            for cut, cuts in zip(said, zip(*each, strict=True), strict=True):
                through = ", ".join(b.owner for b in group)
                text = f"{cut.words()} are taken for {whole[0]} on the way back through {through}"
                taken = {b.place: c for b, c in zip(group, cuts, strict=True)}
                yield Mistake(f"sliced-{through}-{cut}", text, partial(_with_slices, cuts=taken))
                # The rest of them is then what the inputs are given.
                rest = {"left": "right", "right": "left"}.get(cut.since)
                others = [given.get((b.other, b.own)) for b in group]
                if rest is None or None in others or len(group) < len(every):
                    continue
                for b, c in zip(others, cuts, strict=True):
                    if b is not None:
                        taken = {**taken, b.place: _Slice(c.order, b.own, 0, rest)}
                yield Mistake(
                    f"sliced-{through}-{cut}-both", f"{text}, the others for {whole[1]}",
                    partial(_with_slices, cuts=taken),
                )  # fmt: skip
        biases = _biases(model)
        if all(b.owner in biases for b in every):
            yield from _beside_a_bias(every, biases, array)


def _beside_a_bias(
    every: list[_Back], biases: dict[str, str], array: dict[str, str]
) -> Iterator[Mistake]:
    """The same of matrices with a bias as a column of its own, where the cut reaches into it."""
    first = every[0]
    whole = (array[first.own], array[first.other], array[biases[first.owner]])
    each = [_slices((b.own, b.other, biases[b.owner]), b.own) for b in every]
    through = ", ".join(b.owner for b in every)
    for cut, cuts in zip(_slices(whole, whole[0]), zip(*each, strict=True), strict=True):
        if cut.reaches != whole[2]:
            continue  # as if the bias were not there
        yield Mistake(
            f"sliced-{through}-{cut}",
            f"{cut.words()} are taken for {whole[0]} on the way back through {through}",
            partial(_with_slices, cuts={b.place: c for b, c in zip(every, cuts, strict=True)}),
        )  # fmt: skip


def _with_slices(problem: Problem, cuts: dict[int, _Slice]) -> dict[str, Array]:
    model = problem.model
    ops = model.adjoint.program.ops
    values = model.unpack(problem.params, problem.dims)

    def alter(i: int, v: Array, t: int, env: Any) -> Array:
        if i not in cuts:
            return v
        return np.asarray(env[ops[i].args[1]]) @ cuts[i].of(values).astype(float)

    return problem.gradient_in(floats(), problem.plain_run, alter=alter)


def _cut(model: Model) -> Iterator[Mistake]:
    """A gradient is cut out of the joined one at the wrong place."""
    shapes = {name: model.rec.shape(parts[0]) for name, parts in model.layout.items()}
    rows = {n: (len(model.layout[n]), shape[0]) for n, shape in shapes.items() if shape}
    for wanted, shape in shapes.items():
        if len(shape) != 2:
            continue
        others = [n for n in rows if n != wanted and rows[n] == rows[wanted]]
        vectors = [n for n in others if len(shapes[n]) == 1]
        for other in (n for n in others if len(shapes[n]) == 2):
            for names in [(wanted, other), *((wanted, other, v) for v in vectors)]:
                for cut in _slices(names, wanted):
                    yield Mistake(
                        f"cut-{wanted}-{cut}",
                        f"{cut.words()} of the joined gradient are given for {wanted}",
                        partial(_given, cut=cut), alone=True,
                    )  # fmt: skip


def _given(problem: Problem, cut: _Slice) -> dict[str, Array]:
    right = {k: np.asarray(v, float) for k, v in problem.exact.items()}
    return {**right, cut.wanted: cut.of(right)}


__all__ = ["joined_slices"]

"""The instances of a claim: the values of its free indices at which it is compared."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import islice, pairwise, product
from typing import Any

from bptt_sym.notation import (
    HORIZON_NAME,
    At,
    Claim,
    D,
    Idx,
    Node,
    Num,
    Prod,
    Sum,
    Sym,
    affine,
    free_indices,
    walk,
)
from bptt_sym.recurrence import Recurrence

Env = dict[str, int]
#: The coefficients of an affine form by name, without those that are 0.
Coefficients = tuple[tuple[str, int], ...]

#: Instances of one claim that are evaluated.
MAX_INSTANCES = 160


@dataclass(frozen=True)
class Scope:
    """The values of the free indices for which an equation is claimed.

    ``horizon`` is the number that ``T`` stands for, or None for every ``T``; ``bounds`` are affine
    forms that are at least 0.
    """

    horizon: int | None = None
    bounds: tuple[tuple[Coefficients, int], ...] = ()
    lowest: int = 1

    @classmethod
    def of(cls, ranges: Iterable[Any], horizon: int | None) -> Scope:
        """From ``name, lo, hi`` ranges, as derivation steps carry them."""
        bounds: list[tuple[Coefficients, int]] = []
        lowest = 1
        for r in ranges:
            for end, sign in ((r.lo, 1), (r.hi, -1)):
                form = affine(end) if end is not None else None
                if form is None:
                    continue
                coeffs = {r.name: sign}
                for n, c in form[0].items():
                    coeffs[n] = coeffs.get(n, 0) - sign * c
                bounds.append((_coefficients(coeffs), -sign * form[1]))
                if sign > 0 and not form[0]:
                    lowest = min(lowest, form[1])
        return cls(horizon, tuple(bounds), lowest)

    def within(self, relations: Iterable[Claim]) -> Scope:
        """The part of it for which ``relations`` between steps hold."""
        bounds = list(self.bounds)
        for r in relations:
            for (a, b), op in zip(pairwise(r.sides), r.ops, strict=True):
                small, great = (affine(s) for s in ((a, b) if op in ("<", "<=", "=") else (b, a)))
                if small is None or great is None:
                    continue
                names = {*small[0], *great[0]}
                coeffs = {n: great[0].get(n, 0) - small[0].get(n, 0) for n in names}
                slack = great[1] - small[1] - (op in ("<", ">"))
                bounds.append((_coefficients(coeffs), slack))
                if op == "=":
                    back = {n: -c for n, c in coeffs.items()}
                    bounds.append((_coefficients(back), -slack))
        return replace(self, bounds=tuple(bounds))

    def values(self, name: str, longest: int) -> range:
        if name == HORIZON_NAME and self.horizon is not None:
            return range(self.horizon, self.horizon + 1)
        return range(self.lowest, longest + 1)

    def allows(self, env: Env) -> bool:
        known = env if self.horizon is None else {**env, HORIZON_NAME: self.horizon}
        return all(
            sum(c * known[n] for n, c in coeffs) + k >= 0
            for coeffs, k in self.bounds
            if all(n in known for n, _ in coeffs)
        )


def _coefficients(form: Mapping[str, int]) -> Coefficients:
    return tuple(sorted((n, c) for n, c in form.items() if c))


def is_about_steps(claim: Claim) -> bool:
    """Whether a claim is a relation between steps: ``1 < t < T``, ``t = T``."""
    if not claim.ops or not set(claim.ops) <= {"=", "<", "<=", ">", ">="}:
        return False
    forms = [affine(s) for s in claim.sides]
    return all(f is not None for f in forms) and any(f is not None and f[0] for f in forms)


def claim_indices(sides: tuple[Node, ...], rec: Recurrence) -> tuple[str, ...]:
    """Free integer variables of a claim; the horizon too if a total is mentioned."""
    free: set[str] = set()
    for s in sides:
        free |= free_indices(s)
    names = {n.name for s in sides for n in walk(s) if isinstance(n, Sym)} if rec.totals else set()
    if names & set(rec.totals):
        free.add(HORIZON_NAME)
    return tuple(sorted(free - {HORIZON_NAME})) + ((HORIZON_NAME,) if HORIZON_NAME in free else ())


def constraints(
    sides: tuple[Node, ...], names: tuple[str, ...]
) -> list[tuple[dict[str, int], int]]:
    """Affine forms that must be ≥ 0 for an instance to mean what the notation shows."""
    out: list[tuple[dict[str, int], int]] = []
    allowed = set(names)

    def need(later: Node, earlier: Node, slack: int) -> None:
        a, b = affine(later), affine(earlier)
        if a is None or b is None or not (set(a[0]) | set(b[0])) <= allowed:
            return
        coeffs = {n: a[0].get(n, 0) - b[0].get(n, 0) for n in {*a[0], *b[0]}}
        coeffs = {n: c for n, c in coeffs.items() if c}
        opposite = ({n: -c for n, c in coeffs.items()}, b[1] - a[1] - slack)
        if coeffs and not slack and opposite in out:
            return  # the order that stands first is meant: both leave one step, which says nothing
        out.append((coeffs, a[1] - b[1] + slack))

    told = {n.y for n in walk(sides[0]) if isinstance(n, D)} if sides else set()
    for side in sides:
        for n in walk(side):
            if isinstance(n, D) and (is_upside_down(n) or _is_of_one_step(n, told, sides[0])):
                continue  # 0 at every step, and at every step after that one
            if isinstance(n, (Sum, Prod)):
                need(n.hi, n.lo, 1)
            elif isinstance(n, D) and isinstance(n.y, Sym) and isinstance(n.x, At):
                need(Idx(HORIZON_NAME), n.x.time, 0)  # the run ends with step T
            elif isinstance(n, D) and isinstance(n.y, At) and isinstance(n.x, At):
                need(n.y.time, n.x.time, 0)
    if HORIZON_NAME in names:
        out.extend(({HORIZON_NAME: 1, n: -1}, 0) for n in names if n != HORIZON_NAME)
    return out


def _is_of_one_step(node: D, told: Collection[Node], left: Node) -> bool:
    r"""Whether it is :math:`\partial h_1/\partial x_t` in a value that is claimed for every t.

    The left side does not differentiate that step, so that t is not bound by it: it would be 1
    alone. (Of :math:`\partial h_5/\partial h_k` the steps k up to 5 are meant.)
    """
    if not (isinstance(node.y, At) and isinstance(node.x, At)) or node.y in told:
        return False
    of, by = affine(node.y.time), affine(node.x.time)
    if of is None or by is None or of[0] or of[1] > 1 or not by[0]:
        return False
    return set(by[0]) <= free_indices(left)


def is_upside_down(node: D) -> bool:
    r"""Whether it is the derivative by a later step, :math:`\partial h_t/\partial h_{t+1}`."""
    if not (isinstance(node.y, At) and isinstance(node.x, At)):
        return False
    of, by = affine(node.y.time), affine(node.x.time)
    if of is None or by is None or of[1] >= by[1]:
        return False
    return all(of[0].get(n, 0) == by[0].get(n, 0) for n in {*of[0], *by[0]})


def instances(
    sides: tuple[Node, ...], rec: Recurrence, longest: int, scope: Scope | None = None
) -> Iterator[Env]:
    """Assignments of the free indices within 1..longest, or ``scope``, shortest runs first."""
    scope = scope or Scope()
    names = claim_indices(sides, rec)
    if not names:
        yield {}
        return
    limits = tuple((tuple(co.items()), k) for co, k in constraints(sides, names))
    if HORIZON_NAME in names and (last := last_named((*rec.totals.values(), *sides))) > 1:
        limits += ((((HORIZON_NAME, 1),), -last),)
    ranges = tuple(scope.values(n, longest) for n in names)
    every = (dict(zip(names, v, strict=True)) for v in _within(names, ranges, limits))
    yield from islice(filter(scope.allows, every), MAX_INSTANCES)


def last_named(nodes: tuple[Node, ...]) -> int:
    """The last step that is named by its number: a run has that many steps at least."""
    found = (n.time for node in nodes for n in walk(node) if isinstance(n, At))
    return max((int(t.value) for t in found if isinstance(t, Num)), default=0)


@lru_cache(maxsize=256)
def _within(
    names: tuple[str, ...],
    ranges: tuple[range, ...],
    limits: tuple[tuple[tuple[tuple[str, int], ...], int], ...],
) -> tuple[tuple[int, ...], ...]:
    """Values of the indices that respect ``limits``, shortest runs first."""
    at = {n: i for i, n in enumerate(names)}
    bounds = [([(at[n], c) for n, c in co], k) for co, k in limits]
    found = [
        values
        for values in product(*ranges)
        if all(sum(c * values[i] for i, c in co) + k >= 0 for co, k in bounds)
    ]
    found.sort(key=lambda values: (max(values), sum(values)))
    return tuple(found)

"""Search for the numbers in a certificate: exact linear programming and adaptive boxes.

Nothing here is trusted: what is found goes through the kernel's ``psatz`` and ``enclose``, which
check it. Arithmetic is exact throughout, so that nothing has to be rounded afterwards.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from itertools import combinations_with_replacement
from typing import Any

from bptt_sym.prove.kernel import ONE, KernelError, Poly, enclose

Term = tuple[Fraction, Poly, tuple[int, ...]]
Equation = tuple[int, Poly]
Row = dict[int, Any]


def certificate(
    rel: str,
    p: Poly,
    premises: Sequence[tuple[str, Poly]],
    degree: int = 2,
    squares: Sequence[Poly] = (),
    multipliers: Sequence[Poly] = (ONE,),
) -> tuple[tuple[Term, ...], tuple[Equation, ...]] | None:
    """Numbers for ``psatz``: p as a combination of products of at most ``degree`` premises.

    Each product may be weighted by the square of 1 or of a polynomial in ``squares``, each equation
    by a combination of ``multipliers``. None if there is no such combination.
    """
    inequalities = [i for i, (r, _) in enumerate(premises) if r in ("ge", "gt")]
    products: list[Term] = []
    columns: list[Poly] = []
    if rel != "eq":
        for k in range(degree + 1):
            for chosen in combinations_with_replacement(inequalities, k):
                product = ONE
                for i in chosen:
                    product = product * premises[i][1]
                for s in (ONE, *squares):
                    products.append((Fraction(1), s, chosen))
                    columns.append(product * s * s)
    equations: list[Equation] = [
        (i, m) for i, (r, _) in enumerate(premises) if r == "eq" for m in multipliers
    ]
    columns += [premises[i][1] * m for i, m in equations]
    strict = [
        j for j, (_, s, chosen) in enumerate(products)
        if s == ONE and all(premises[i][0] == "gt" for i in chosen)
    ] if rel == "gt" else None
    found = _combination(p, columns, len(products), strict)
    if found is None:
        return None
    terms = tuple((found[j], s, c) for j, (_, s, c) in enumerate(products) if found.get(j))
    weights: dict[int, Poly] = {}
    for j, (i, m) in enumerate(equations, start=len(products)):
        if found.get(j):
            weights[i] = weights.get(i, Poly.of(0)) + m * found[j]
    return terms, tuple(weights.items())


def _combination(
    p: Poly, columns: Sequence[Poly], nonnegative: int, strict: list[int] | None
) -> dict[int, Fraction] | None:
    """x with sum x_j columns_j = p and x_j >= 0 for j < nonnegative; some strict x_j > 0."""
    from flint import fmpq

    def exact(q: Fraction) -> Any:
        return fmpq(q.numerator, q.denominator)

    rows: dict[Any, Row] = {}
    for j, c in enumerate(columns):
        for m, q in c.terms.items():
            rows.setdefault(m, {})[j] = exact(q)
    right = -1  # the column of the right-hand side
    for m, q in p.terms.items():
        if m not in rows:
            return None
        rows[m][right] = exact(q)
    system = list(rows.values())
    solved: list[tuple[int, Row]] = []
    for j in range(nonnegative, len(columns)):  # free unknowns leave by elimination
        pivot = next((r for r in system if j in r), None)
        if pivot is None:
            continue
        system.remove(pivot)
        pivot = _scaled(pivot, 1 / pivot[j])
        for r in system:
            if j in r:
                _subtract(r, pivot, r[j])
        solved.append((j, pivot))
    basis = _feasible([r for r in system if r], len(columns))
    if basis is None or (strict is not None and not _lift(basis, strict, fmpq(1))):
        return None
    x = {j: r.get(right, fmpq(0)) for j, r in basis.items()}
    for j, r in reversed(solved):
        x[j] = r.get(right, fmpq(0)) - sum(
            (c * x[k] for k, c in r.items() if k not in (j, right) and k in x), fmpq(0)
        )
    return {j: Fraction(int(v.p), int(v.q)) for j, v in x.items() if v != 0}


def _scaled(row: Row, c: Any) -> Row:
    return {k: v * c for k, v in row.items()}


def _subtract(row: Row, other: Row, c: Any) -> None:
    for k, v in other.items():
        value = row.get(k, 0) - c * v
        if value == 0:
            row.pop(k, None)
        else:
            row[k] = value


def _pivot(basis: dict[int, Row], objective: Row, leaving: int, entering: int) -> None:
    row = basis.pop(leaving)
    row = _scaled(row, 1 / row[entering])
    for r in (*basis.values(), objective):
        if entering in r:
            _subtract(r, row, r[entering])
    basis[entering] = row


def _feasible(rows: list[Row], width: int) -> dict[int, Row] | None:
    """A basic solution of the rows with unknowns >= 0: phase one of the simplex method."""
    basis: dict[int, Row] = {}
    objective: Row = {}
    for i, r in enumerate(rows):
        row = _scaled(r, -1) if r.get(-1, 0) < 0 else dict(r)
        _subtract(objective, row, -1)
        row[width + i] = 1
        basis[width + i] = row
    while objective.get(-1, 0) != 0:
        entering = min((j for j, c in objective.items() if 0 <= j < width and c > 0), default=None)
        if entering is None:
            return None
        leaving = _leaving(basis, entering)
        if leaving is None:
            return None
        _pivot(basis, objective, leaving, entering)
    for j in [j for j in basis if j >= width]:  # artificial unknowns left at zero
        entering = min((k for k, c in basis[j].items() if 0 <= k < width and c != 0), default=None)
        if entering is None:
            del basis[j]
        else:
            _pivot(basis, {}, j, entering)
    return {j: {k: c for k, c in r.items() if k < width} for j, r in basis.items()}


def _leaving(basis: dict[int, Row], entering: int) -> int | None:
    """Bland's rule: the smallest ratio, then the smallest index; so that it ends."""
    ratios = [(r.get(-1, 0) / r[entering], j) for j, r in basis.items() if r.get(entering, 0) > 0]
    return min(ratios)[1] if ratios else None


def _lift(basis: dict[int, Row], strict: list[int], one: Any) -> bool:
    """Move to a solution in which some strict unknown is positive, if there is one."""
    wanted = set(strict)
    while True:
        if any(j in wanted and r.get(-1, 0) > 0 for j, r in basis.items()):
            return True
        objective: Row = dict.fromkeys(wanted, 1)
        for j, r in basis.items():
            if j in wanted:
                _subtract(objective, r, 1)
        entering = min((j for j, c in objective.items() if j >= 0 and c > 0), default=None)
        if entering is None:
            return False
        leaving = _leaving(basis, entering)
        if leaving is None:  # unbounded: take one step along the ray
            for r in basis.values():
                if entering in r:
                    r[-1] = r.get(-1, 0) - r[entering]
                    del r[entering]
            basis[entering] = {entering: one, -1: one}
            return True
        _pivot(basis, {}, leaving, entering)


def boxes(p: Poly, x: str, lo: Fraction, hi: Fraction, prec: int = 64,
          depth: int = 40) -> tuple[Fraction, ...] | None:
    """Cuts of [lo, hi] on which the kernel's enclosure shows p > 0; None below width 2^-depth."""
    cuts, stack = [lo], [(lo, hi, 0)]
    while stack:
        a, b, level = stack.pop()
        try:
            enclose(p, x, (a, b), prec)
            cuts.append(b)
        except KernelError:
            if level >= depth:
                return None
            middle = (a + b) / 2
            stack += [(middle, b, level + 1), (a, middle, level + 1)]
    return tuple(cuts)

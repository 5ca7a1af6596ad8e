"""Certified enclosures of norms of small matrices of Arb balls."""

from __future__ import annotations

from typing import Any

from bptt_sym.errors import NotSupported

#: ``(A^T A)`` is squared this many times: the enclosure is tight to a factor n^(1/2^(k+1)).
SQUARINGS = 14


def ball_norm(ord: str, a: Any) -> Any:
    """``‖a‖`` for an array of balls with one or two axes.

    The spectral norm comes from the trace: for B = A^T A and m = 2^k,
    ``tr(B^m) / n <= λ_max(B)^m <= tr(B^m)``.

    Raises
    ------
    NotSupported
        For a norm that is not one of 1, 2, inf, F.
    """
    from flint import arb

    flat = a.ravel()
    if a.ndim == 1 or 1 in a.shape:
        if ord in ("2", "F"):
            return sum((x * x for x in flat), arb(0)).sqrt()
        if ord in ("1", "inf") and a.ndim == 1:
            return _sum(flat) if ord == "1" else _max(list(map(abs, flat)))
    match ord:
        case "F":
            return sum((x * x for x in flat), arb(0)).sqrt()
        case "1":
            return _max([_sum(a[:, j]) for j in range(a.shape[1])])
        case "inf":
            return _max([_sum(row) for row in a])
        case "2":
            return _spectral(a)
    raise NotSupported(f"the norm {ord}")


def _spectral(a: Any) -> Any:
    from flint import arb

    b = a.T.dot(a)
    n = b.shape[0]
    trace = sum((b[i, i] for i in range(n)), arb(0))
    if not trace > 0:
        return trace.sqrt() if trace == 0 else trace.union(arb(0)).sqrt()
    scale = arb(1)
    # Each B is divided by its trace, so that neither it nor its powers leave the range.
    exponent = 1
    for _ in range(SQUARINGS):
        b = b / trace
        scale = scale * trace ** (arb(1) / exponent)
        b = b.dot(b)
        exponent *= 2
        trace = sum((b[i, i] for i in range(n)), arb(0))
    upper = scale * trace ** (arb(1) / exponent)
    lower = scale * (trace / n) ** (arb(1) / exponent)
    return lower.union(upper).sqrt()


def _sum(values: Any) -> Any:
    from flint import arb

    return sum((abs(x) for x in values), arb(0))


def _max(values: list[Any]) -> Any:
    best = values[0]
    for v in values[1:]:
        best = best.max(v)
    return best

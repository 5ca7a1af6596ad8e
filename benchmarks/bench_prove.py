"""Proofs: the time to find and to replay each theorem, and a random-bounds test set for ``decide``.

The test set has bounds with a known best constant: products and sums of the cells' factors at
independent arguments, so that the least upper bound is the product (sum) of the factors' own. A
bound with a factor of at least 1 before the best constant is true, one with less is false. A false
"theorem" or a true bound "refuted" would be printed as an error.

    python benchmarks/bench_prove.py [NUMBER]      # of true and of false bounds, 200 unless given
"""

from __future__ import annotations

import random
import statistics
import sys
import time
from fractions import Fraction

from bptt_sym import prove
from bptt_sym.prove.language import Term, absolute, number, reals, sigmoid, tanh

ARGUMENTS = reals("a b c d")
WEIGHTS = reals("u v w x")


def factor(rng: random.Random, k: int) -> tuple[Term, Term]:
    """A factor at its own argument, and the least upper bound of its absolute value."""
    a, w = ARGUMENTS[k], WEIGHTS[k]
    return rng.choice([
        (tanh(a), number(1)), (sigmoid(a), number(1)), (1 - tanh(a) ** 2, number(1)),
        (sigmoid(a) * (1 - sigmoid(a)), number(Fraction(1, 4))), (w, absolute(w)),
    ])


def bound(rng: random.Random) -> tuple[Term, Term]:
    """A product of factors, or a sum of two, and its least upper bound in absolute value."""
    count = rng.randint(1, 4)
    split = rng.choice([0, 0, 1]) if count > 1 else 0
    parts = [factor(rng, k) for k in range(count)]
    t, size = parts[0]
    for k, (f, b) in enumerate(parts[1:], 1):
        t, size = (t + f, size + b) if split and k == 1 else (t * f, size * b)
    return t, size


def random_bounds(count: int) -> None:
    rng = random.Random(20)
    for truth in (True, False):
        times, found, wrong = [], {"proved": 0, "refuted": 0, "undecided": 0}, 0
        for _ in range(count):
            t, size = bound(rng)
            scale = rng.choice([1, 1, Fraction(11, 10)] if truth else
                               [Fraction(1, 2), Fraction(4, 5), Fraction(19, 20)])
            start = time.perf_counter()
            done = prove.decide(absolute(t) <= scale * size)
            times.append(time.perf_counter() - start)
            found[done.status] += 1
            wrong += done.status == ("refuted" if truth else "proved")
        shares = ", ".join(f"{k} {v / count:.1%}" for k, v in found.items())
        print(f"{count} {'true' if truth else 'false'} bounds: {shares}; median "
              f"{statistics.median(times) * 1000:.0f} ms, longest {max(times):.1f} s"
              + (f"; ERRORS: {wrong}" if wrong else ""))


def published() -> None:
    print(f"{'theorem':<12}{'find':>8}{'replay':>8}{'bytes':>9}")
    finds, replays = 0.0, 0.0
    for entry in prove.catalogue():
        start = time.perf_counter()
        prove.prove(entry.name)
        found = time.perf_counter() - start
        start = time.perf_counter()
        prove.replay(entry.certificate)
        again = time.perf_counter() - start
        finds, replays = finds + found, replays + again
        print(f"{entry.name:<12}{found:8.2f}{again:8.2f}{entry.certificate.stat().st_size:9d}")
    print(f"{'all':<12}{finds:8.2f}{replays:8.2f}")


if __name__ == "__main__":
    published()
    random_bounds(int(sys.argv[1]) if len(sys.argv) > 1 else 200)

"""What kernel formulas mean, in floating point: an oracle independent of the kernel's rules.

Arbitrary sequences and matrices get pseudo-random values, recursions are run, derivatives are
central differences at 60 digits. ``holds`` is True, False, or None where sampling cannot tell.
"""

from __future__ import annotations

import random
from typing import Any

import mpmath as mp

from bptt_sym.prove.kernel import Mat, Poly, Thm, free

mp.mp.dps = 60
STEP, TOLERANCE = mp.mpf(10) ** -15, mp.mpf(10) ** -18
SIZE = 2  # matrices are SIZE x SIZE; the norm is the largest row sum


class World:
    """Values for the free symbols of a statement."""

    def __init__(self, seed: int) -> None:
        self.seed = seed

    def draw(self, *key: Any) -> mp.mpf:
        r = random.Random(repr((self.seed, key)))
        wide = r.choice([0.3, 1, 3])
        return mp.mpf(r.choice([r.uniform(-wide, wide), r.randint(-2, 2)]))

    def value(self, name: tuple[str, str]) -> mp.mpf:
        if name[0] == "i":
            return mp.mpf(random.Random(repr((self.seed, name))).randint(-1, 4))
        return self.draw(name)


def value(p: Any, env: dict[Any, Any], world: World) -> Any:
    if isinstance(p, Mat):
        out = mp.zeros(SIZE)
        for word, c in p.terms.items():
            product = mp.eye(SIZE)
            for a in word:
                product = product * letter(a, env, world)
            out = out + value(c, env, world) * product
        return out
    total = mp.mpf(0)
    for m, c in p.terms.items():
        product = mp.mpf(c.numerator) / c.denominator
        for a, e in m:
            product *= atom(a, env, world) ** e
        total += product
    return total


def atom(a: Any, env: dict[Any, Any], world: World) -> Any:
    match a:
        case ("v" | "i", _):
            return env[a] if a in env else world.value(a)
        case ("tanh", x):
            return mp.tanh(value(x, env, world))
        case ("sg", x):
            return 1 / (1 + mp.exp(-value(x, env, world)))
        case ("exp", x):
            return mp.exp(value(x, env, world))
        case ("abs", x):
            return abs(value(x, env, world))
        case ("inv", x):
            v = value(x, env, world)
            return 1 / v if v else mp.mpf(0)
        case ("fun", name, _, *args):
            return world.draw(name, *[mp.nstr(value(x, env, world), 20) for x in args])
        case ("sum", k, lo, hi, body):
            first, last = int(value(lo, env, world)), int(value(hi, env, world))
            return mp.fsum(value(body, env | {k: mp.mpf(j)}, world)
                           for j in range(first, last + 1))
        case ("D", x, at, body):
            t = value(at, env, world)
            ahead, behind = (value(body, env | {x: t + h}, world) for h in (STEP, -STEP))
            return (ahead - behind) / (2 * STEP)
        case ("norm", m):
            rows = value(m, env, world)
            return max(mp.fsum(abs(rows[i, j]) for j in range(SIZE)) for i in range(SIZE))
        case ("def", d, j, *args):
            return run(d, args, env, world)[j]
    raise TypeError(a)


def letter(a: Any, env: dict[Any, Any], world: World) -> Any:
    match a:
        case ("mat", *_) if a in env:
            return env[a]
        case ("mat", name, *args):
            key = [name, *[mp.nstr(value(x, env, world), 20) for x in args]]
            return mp.matrix(SIZE, SIZE).apply(lambda _: mp.mpf(0)) + mp.matrix(
                [[world.draw(*key, i, j) for j in range(SIZE)] for i in range(SIZE)])
        case ("diag", i, body):
            entries = [value(body, env | {i: mp.mpf(j)}, world) for j in range(SIZE)]
            return mp.diag(entries)
        case ("def", d, j, *args):
            return run(d, args, env, world)[j]
    raise TypeError(a)


def run(d: Any, args: Any, env: dict[Any, Any], world: World) -> list[Any]:
    params = {p: value(x, env, world) for p, x in zip(d.params, args, strict=False)}
    count = int(value(args[-1], env, world))
    now = [value(base, params, world) for _, base, _ in d.parts]
    for step in range(max(count, 0)):
        inner = params | {("i", d.index): mp.mpf(step)}
        for (label, base, _), v in zip(d.parts, now, strict=True):
            inner[("v" if isinstance(base, Poly) else "mat", label)] = v
        now = [value(after, inner, world) for _, _, after in d.parts]
    return now


def holds(f: Any, env: dict[Any, Any], world: World) -> bool | None:
    match f:
        case ("ge" | "gt" | "eq" as rel, p):
            v = value(p, env, world)
            slack = TOLERANCE * (1 + abs(v))
            if rel == "eq":
                return bool(abs(v) <= mp.mpf(10) ** -12 * (1 + abs(v)))
            if v < -slack:
                return False
            return True if v > slack or (rel == "ge" and v == 0) else None
        case ("meq", m):
            rows = value(m, env, world)
            return all(abs(rows[i, j]) < mp.mpf(10) ** -12
                       for i in range(SIZE) for j in range(SIZE))
        case ("and", *parts):
            seen = [holds(p, env, world) for p in parts]
            return False if False in seen else None if None in seen else True
        case ("imp", g, h):
            if holds(g, env, world) is not True:
                return None
            return holds(h, env, world)
        case ("all", x, g):
            tries = [world.draw(x, k) if x[0] == "v" else mp.mpf(k) for k in (0, 1, 3)]
            if any(holds(g, env | {x: t}, world) is False for t in tries):
                return False
            return None
    return None


def refuted(t: Thm, worlds: int = 4) -> World | None:
    """A world in which the hypotheses hold for certain and the conclusion fails for certain."""
    names = sorted(frozenset().union(*map(free, t.hyps), free(t.concl)))
    for seed in range(worlds):
        world = World(seed)
        env = {x: world.value(x) for x in names}
        try:
            if all(holds(h, env, world) is True for h in t.hyps) and holds(
                    t.concl, env, world) is False:
                return world
        except (OverflowError, ZeroDivisionError):
            continue
    return None

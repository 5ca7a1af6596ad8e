r"""Names for what stands inside an activation: ``h_t = \tanh(W h_{t-1} + U x_t)`` beside
``a_t = W h_{t-1} + U x_t``.

A text writes both and means :math:`h_t = \tanh(a_t)`, so that :math:`\partial L/\partial a_t` is
the derivative by the argument.
"""

from __future__ import annotations

from dataclasses import replace

from bptt_sym.notation import Add, At, Concat, Fn, Had, Idx, Mul, Node, Sym, rebuild, walk
from bptt_sym.recurrence import STEP, Equation, Recurrence


def linked(rec: Recurrence, *, caseless: bool = True) -> Recurrence:
    """``rec`` with the argument or the value of an activation replaced by its name, if it has one,
    and so a product: ``s_t = r_t \\odot h_{t-1}`` beside ``W (r_t \\odot h_{t-1})``, and what
    weights make within one: ``q_t = W h_{t-1} + b`` beside ``r_t \\odot (W h_{t-1} + b)``.

    Where they are ``caseless``, names are compared without regard to case, which is often lost
    between the two lines; the equation within the activation is the one that stays.
    """
    joined = _linked(rec, products=True, caseless=caseless)
    return _linked(joined, products=False, caseless=caseless)


def _linked(rec: Recurrence, *, products: bool, caseless: bool) -> Recurrence:
    ends = _idle(rec, products)
    # A name for the joined vector is that vector, wherever it stands.
    joins = {e.target: e.rhs for e in rec.equations if isinstance(e.rhs, Concat)}

    def spelt(n: Node) -> Node:
        if isinstance(n, At) and n.name in joins and n.time == Idx(STEP):
            return joins[n.name]
        return rebuild(n, spelt)

    def same(n: Node) -> Node:
        return _plain(spelt(n) if joins else n, caseless)

    idle = {
        same(e.rhs): e.target
        for e in rec.equations
        if e.target in ends and not isinstance(e.rhs, (At, Sym))
    }
    if products:
        idle = {n: name for n, name in idle.items() if isinstance(n, Had) or _is_weighted(n)}
    if not idle:
        return rec
    arguments: dict[str, Node] = {}

    def named(n: Node, own: str) -> Node | None:
        name = idle.get(same(n), own)
        if name == own:
            return None
        arguments.setdefault(name, n)
        return At(name, Idx(STEP))

    def change(n: Node, own: str) -> Node:
        if products:
            if not isinstance(n, Had):
                return rebuild(n, lambda c: change(c, own))
            return named(n, own) or Had(tuple(named(a, own) or change(a, own) for a in n.args))
        if isinstance(n, Fn) and n.order == 0:
            if found := idle.get(same(n.arg)):
                arguments.setdefault(found, n.arg)
                return replace(n, arg=At(found, Idx(STEP)))
            found = idle.get(same(n))
            if found and found != own:  # a = \tanh(c) beside h = o \tanh(c)
                arguments.setdefault(found, n)
                return At(found, Idx(STEP))
        return rebuild(n, lambda c: change(c, own))

    equations = [replace(e, rhs=change(e.rhs, e.target)) for e in rec.equations]
    totals = {name: change(rhs, name) for name, rhs in rec.totals.items()}
    if not arguments:
        return rec
    given = {e.target: e for e in equations}
    first = [replace(given[name], rhs=rhs) for name, rhs in arguments.items()]
    # Each is computed just before what first uses it: all that it needs is there by then.
    placed: list[Equation] = []
    waiting = {e.target: e for e in first}
    for e in equations:
        if e.target in arguments:
            continue
        uses = {n.name for n in walk(e.rhs) if isinstance(n, At)}
        placed += [waiting.pop(name) for name in list(waiting) if name in uses]
        placed.append(e)
    shapes = dict(rec.shapes)
    names = {
        n.name for e in (*first, *equations) for n in walk(e.rhs) if isinstance(n, (At, Sym))
    } | {n.name for total in totals.values() for n in walk(total) if isinstance(n, (At, Sym))}
    kept = {*names, *given, *rec.totals}
    return replace(
        rec,
        equations=(*placed, *waiting.values()),
        totals=totals,
        shapes={n: s for n, s in shapes.items() if n in kept},
    )


def _idle(rec: Recurrence, products: bool) -> frozenset[str]:
    """The names that nothing else is computed from; for products, only what is idle itself."""
    idle: set[str] = set()
    while True:
        used = {
            n.name for e in rec.equations if e.target not in idle
            for n in walk(e.rhs) if isinstance(n, At)
        }  # fmt: skip
        used |= {n.name for total in rec.totals.values() for n in walk(total) if isinstance(n, At)}
        found = {e.target for e in rec.equations} - used
        if found == idle or (idle and not products):
            return frozenset(idle)
        idle = found


def _is_weighted(node: Node) -> bool:
    """Whether something multiplies a sequence by a weight: ``1 - z_t`` is only another gate."""
    return any(
        isinstance(n, Mul) and isinstance(n.args[0], Sym) and isinstance(n.args[-1], At)
        for n in walk(node)
    )


def _plain(node: Node, caseless: bool) -> Node:
    """A form that is the same for two spellings of one sum."""
    node = rebuild(node, lambda n: _plain(n, caseless))
    match node:
        case Sym(name=name) | At(name=name) if caseless:
            return replace(node, name=name.lower())
        case Add(args=args):
            return Add(tuple(sorted(args, key=repr)))
    return node

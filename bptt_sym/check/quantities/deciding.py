r"""Deciding a claim about quantities without time.

:math:`d` is the total derivative. :math:`\partial` may hold fixed what else the definition of its
numerator names, :math:`\partial z/\partial x` beside :math:`z = f(x, y)` and :math:`y = g(x)`: a
claim fails only if it does either way. A function that nothing defines may be any.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import replace
from fractions import Fraction

from bptt_sym.check.answer import Court
from bptt_sym.check.quantities.graph import Graph, model_of, with_functions
from bptt_sym.check.quantities.layouts import (
    LABELS,
    Layout,
    as_meant,
    is_loss,
    layouts,
    ones_in,
    with_biases,
    with_sums,
)
from bptt_sym.check.quantities.lines import ENTRIES
from bptt_sym.decide.verdict import Verdict
from bptt_sym.errors import BpttError, NotSupported
from bptt_sym.notation import (
    Add,
    Call,
    Claim,
    D,
    Diag,
    Fn,
    Had,
    Mul,
    Neg,
    Node,
    Norm,
    Outer,
    Sym,
    Transpose,
    num,
    rebuild,
    walk,
)
from bptt_sym.recurrence import Shape

SUMMED = "the loss is the sum over the entries"
ONE_UNIT = "each layer has one unit"
HELD = r"\partial holds fixed what else the definition of its numerator names"
ACTIVATION = "σ is tanh"
LOSS_OF = "{} is a function of {} alone"
CROSS_ENTROPY = "the loss is the cross-entropy of the output"
SQUARED_ERROR = "the loss is half the squared error of the output"
ONE_CLASS = "the entries of a label add to one, as those of a one-hot vector do"
#: What labels are made of.
FREE = r"\dot{{{}}}"
SCOPE = "all values of the quantities"


def verdict_of(claim: Claim, graph: Graph) -> Verdict | None:
    """The verdict of ``claim`` under ``graph``; ``None`` if it cannot be judged so."""
    try:
        claim, graph = with_functions(claim, graph)
        needed = graph.needed(claim)
    except (BpttError, RecursionError):
        return None
    first: Verdict | None = None
    for trial, meant, says in _readings(claim, needed):
        for layout in layouts(meant, trial):
            found = _judged(trial, meant, layout)
            if found is not None and found.is_right:
                loose = layout is not None and layout.loose
                return _under(found, (*says, SUMMED) if loose else says)
            if layout is not None and _squares_a_vector(graph, trial):
                found = _judged(trial, meant, None) if _is_of_numbers(trial) else None
                return _under(found, (ONE_UNIT,)) if found and found.is_right else None
            if found is None or found.verdict == "undecided":
                return found if first is None else None
            first = first or found
    return first


def _squares_a_vector(graph: Graph, claim: Claim) -> bool:
    """Whether a loss is written as a vector, as if there were one unit in each layer."""
    for layout in layouts(graph.quantities, claim):
        if layout is not None:
            with suppress(NotSupported):
                _measure(layout, dict(graph.quantities))
            if layout.loose:
                return True
    return False


def _measure(layout: Layout, definitions: dict[str, Node]) -> None:
    """Take up the sizes that ``definitions`` tell; a loss that is a vector becomes a sum."""
    for name, value in tuple(definitions.items()):
        r, c = layout.measure(value)
        if is_loss(name) and (r, c) != ("1", "1"):
            definitions[name], layout.loose = Fn(ENTRIES, value), True
            continue
        own = layout.of(name)
        layout.unify(own[0], r)
        layout.unify(own[1], c)


def _under(verdict: Verdict, says: tuple[str, ...]) -> Verdict:
    """``verdict``, which is right, under what ``says``."""
    if not says:
        return verdict
    return replace(
        verdict, verdict="right_under_reading", readings=(*verdict.readings, *says)
    )


def _is_of_numbers(claim: Claim) -> bool:
    """Whether nothing in ``claim`` is written that only vectors and matrices have."""
    return not any(
        isinstance(n, (Transpose, Had, Outer, Diag, Norm)) for s in claim.sides for n in walk(s)
    )


def _readings(
    claim: Claim, needed: dict[str, Node]
) -> Iterator[tuple[Claim, dict[str, Node], tuple[str, ...]]]:
    """``claim`` as it stands, and in the other ways in which it may be meant."""
    plain = _with_kinds(claim, needed, held=False)
    yield plain, needed, ()
    held = _with_kinds(claim, needed, held=True)
    if held != plain:
        yield held, needed, (HELD,)
    turned = replace(plain, sides=tuple(map(_with_tanh, plain.sides)))
    values = {name: _with_tanh(value) for name, value in needed.items()}
    if turned != plain or values != needed:
        yield turned, values, (ACTIVATION,)


def _with_tanh(node: Node) -> Node:
    node = rebuild(node, _with_tanh)
    return replace(node, name="tanh") if isinstance(node, Fn) and node.name == "sigma" else node


def _with_kinds(claim: Claim, needed: Mapping[str, Node], *, held: bool) -> Claim:
    def change(node: Node) -> Node:
        node = rebuild(node, change)
        if not isinstance(node, D) or node.kind != "unmarked":
            return node
        own = needed.get(node.y.name) if isinstance(node.y, Sym) else None
        direct = held and own is not None and any(n == node.x for n in walk(own))
        return replace(node, kind="direct" if direct else "total")

    return replace(claim, sides=tuple(map(change, claim.sides)))


def _judged(claim: Claim, needed: Mapping[str, Node], layout: Layout | None) -> Verdict | None:
    shapes: dict[str, Shape] = {}
    definitions = dict(needed)
    assume: list[Claim] = []
    try:
        if layout is not None:
            claim = replace(claim, sides=tuple(as_meant(s, layout) for s in claim.sides))
            definitions = {n: with_biases(v, layout) for n, v in needed.items()}
            _measure(layout, definitions)
            layout.take_up(claim)
            claim = replace(claim, sides=tuple(as_meant(s, layout) for s in claim.sides))
        definitions = {n: with_sums(v, layout) for n, v in definitions.items()}
        if layout is not None:
            whole = (*definitions.values(), *claim.sides)
            names = {n.name for v in whole for n in walk(v) if isinstance(n, Sym)}
            shapes = {n: layout.shape(n) for n in (*names, *definitions)}
            assume += [Claim((Sym(n), num(1)), ("=",)) for n in sorted(ones_in(whole))]
        rec, about = model_of(claim, definitions, shapes)
        court = Court.of(rec, assume)
        found = court.judge(about)
    except (BpttError, ArithmeticError, RecursionError):
        return None
    return _told(found)


def _told(verdict: Verdict) -> Verdict:
    """``verdict`` without what it says of a run."""
    example, slip = verdict.counterexample, verdict.diagnosis
    if example is not None:
        values = {n: v for n, v in example.values.items() if not n.startswith(r"\mathbf{1}")}
        example = replace(example, T=0, indices={}, values=values)
    if slip is not None:
        slip = replace(slip, message=slip.message.partition(" (")[0], corrected="")
    scope = verdict.scope
    if verdict.is_right:
        dims = scope.partition("; ")[2] if ";" in scope else scope if "dimension" in scope else ""
        scope = f"{SCOPE}; {dims}" if dims else SCOPE
    links = tuple(_told(v) for v in verdict.links)
    assumptions = tuple(a for a in verdict.assumptions if a != "an assumption")
    return replace(
        verdict, scope=scope, counterexample=example, diagnosis=slip, links=links,
        assumptions=assumptions,
    )  # fmt: skip


def _names_behind(graph: Graph, name: str) -> set[str]:
    return {n.name for n in graph.behind(Sym(name)) if isinstance(n, Sym)}


def with_a_loss(graph: Graph, claim: Claim) -> list[tuple[Graph, tuple[str, ...]]]:
    """``graph`` with the losses that one that nothing defines may be.

    It is an unknown function of what goes nowhere. Where the claim has a target, which nothing else
    has, it may be the usual loss of it.
    """
    nodes = [n for s in claim.sides for n in walk(s)]
    tops = [n for n in nodes if isinstance(n, D) and isinstance(n.y, Sym) and is_loss(n.y.name)]
    losses = {n.y.name for n in tops if isinstance(n.y, Sym)}
    if len(losses) != 1 or any(n.x in graph.behind(Sym(*losses)) for n in tops):
        return [_with_labels(graph, ())]
    (loss,) = losses
    rest = {n: v for n, v in graph.quantities.items() if not is_loss(n)}
    used = {n.name for v in rest.values() for n in walk(v) if isinstance(n, Sym)}
    beside = {n.name for d in tops for n in walk(d.x) if isinstance(n, Sym)}
    last = [n for n in rest if n not in used and beside & _names_behind(graph, n)]
    if len(last) != 1:
        return [(graph, ())]
    of, value = Sym(last[0]), rest[last[0]]
    mentioned = {n.name for n in nodes if isinstance(n, Sym)}
    target = mentioned - set(rest) - used - {loss}
    behind = of
    if isinstance(value, Fn) and value.name == "softmax" and isinstance(value.arg, Sym):
        behind = value.arg if of.name not in mentioned else of
    unknown = Graph({**rest, loss: Call(r"\mathrm{loss}", (behind,))}, graph.functions)
    found: list[tuple[Graph, tuple[str, ...]]] = [
        (unknown, (LOSS_OF.format(loss, behind.name),))
    ]
    if len(target) == 1:
        for made, said in _usual(of, value, Sym(*target)):
            found.append(_with_labels(Graph({**rest, loss: made}, graph.functions), (said,)))
    return found


def _usual(of: Sym, value: Node, target: Sym) -> Iterator[tuple[Node, str]]:
    """The losses that texts leave unsaid, of an output and its target."""
    one = num(1)
    function = value.name if isinstance(value, Fn) else ""
    if function == "softmax":
        yield Neg(Fn(ENTRIES, Had((target, Fn("log", of))))), CROSS_ENTROPY
    if function == "sigma":
        no = Had((Add((one, Neg(target))), Fn("log", Add((one, Neg(of))))))
        yield Neg(Fn(ENTRIES, Add((Had((target, Fn("log", of))), no)))), CROSS_ENTROPY
    apart = Add((of, Neg(target)))
    yield Mul((num(Fraction(1, 2)), Fn(ENTRIES, Had((apart, apart))))), SQUARED_ERROR


def _with_labels(graph: Graph, says: tuple[str, ...]) -> tuple[Graph, tuple[str, ...]]:
    """``graph`` with labels for what stands beside the logarithm of a softmax."""
    labels = {
        a.name for v in graph.quantities.values() for n in walk(v) if isinstance(n, Had)
        for a, b in (n.args[:2],) if isinstance(a, Sym) and a.name not in graph.quantities
        and isinstance(b, Fn) and b.name == "log" and isinstance(b.arg, Sym)
        and getattr(graph.quantities.get(b.arg.name), "name", "") == "softmax"
    }  # fmt: skip
    if not labels:
        return graph, says
    made: dict[str, Node] = {n: Fn(LABELS, Sym(FREE.format(n))) for n in sorted(labels)}
    return Graph({**graph.quantities, **made}, graph.functions), (*says, ONE_CLASS)

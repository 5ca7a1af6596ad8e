"""Rewriting claims: what a reading takes the same signs to mean.

Each function gives the claim as one reading takes it; nothing here tries or judges anything.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from itertools import pairwise

from bptt_sym.distances import highest_first
from bptt_sym.entries import Entry, without_entries
from bptt_sym.notation import (
    FUNCTIONS,
    Add,
    At,
    Block,
    Claim,
    Concat,
    D,
    Diag,
    Fn,
    Had,
    Kind,
    Mul,
    Node,
    Prod,
    Sum,
    Sym,
    Transpose,
    rebuild,
    substitute_index,
    walk,
)
from bptt_sym.recurrence import STEP, Recurrence, lag_of
from bptt_sym.slices import Slice


def map_sides(claim: Claim, f: Callable[[Node, int], Node]) -> Claim:
    return replace(claim, sides=tuple(f(s, i) for i, s in enumerate(claim.sides)))


def transform(node: Node, f: Callable[[Node], Node]) -> Node:
    return f(rebuild(node, lambda c: transform(c, f)))


def mark(node: Node, kind: Callable[[D], Kind]) -> Node:
    if not any(isinstance(n, D) and n.kind == "unmarked" for n in walk(node)):
        return node

    def change(n: Node) -> Node:
        return replace(n, kind=kind(n)) if isinstance(n, D) and n.kind == "unmarked" else n

    return transform(node, change)


def is_one_of(node: Node, names: set[str]) -> bool:
    return isinstance(node, (At, Sym)) and node.name in names


def is_loss(node: Node, rec: Recurrence) -> bool:
    """Whether ``node`` is a scalar that no state uses: a loss or a total."""
    if isinstance(node, Sym):
        return node.name in rec.totals
    return isinstance(node, At) and node.name in rec.readouts and rec.shape(node.name) == ()


def immediate_right(claim: Claim, rec: Recurrence) -> Claim:
    params = set(rec.parameters)

    def side(node: Node, position: int) -> Node:
        if position == 0 and not isinstance(node, (Mul, Had)):
            return node
        return mark(
            node,
            lambda d: "immediate" if is_one_of(d.x, params) and isinstance(d.y, At) else "unmarked",
        )

    return map_sides(claim, side)


def of_argument(claim: Claim, rec: Recurrence) -> bool:
    """Whether a pre-activation is differentiated by a parameter, and the right side is a value."""
    left = without_entries(claim.sides[0])
    if not (isinstance(left, D) and left.kind == "unmarked" and isinstance(left.y, At)):
        return False
    name = left.y.name
    if name not in rec.gates or is_loss(left.y, rec) or isinstance(rec.rhs(name), Fn):
        return False
    return is_one_of(left.x, set(rec.parameters)) and not any(
        isinstance(n, D) for s in claim.sides[1:] for n in walk(s)
    )


def of_gate(claim: Claim, rec: Recurrence) -> bool:
    """Whether a gate, which multiplies others, is differentiated, and the right side is a value."""
    left = claim.sides[0]
    if not (isinstance(left, D) and left.kind == "unmarked" and isinstance(left.y, At)):
        return False
    name = left.y.name
    factors = {
        a.name
        for e in rec.equations
        for n in walk(e.rhs)
        if isinstance(n, (Had, Mul)) and len([a for a in n.args if not isinstance(a, Sym)]) > 1
        for a in n.args
        if isinstance(a, At)
    }
    if name not in rec.gates or name not in factors or not isinstance(rec.rhs(name), Fn):
        return False
    return is_one_of(left.x, set(rec.parameters)) and not any(
        isinstance(n, D) for s in claim.sides[1:] for n in walk(s)
    )


def gate_left(claim: Claim, rec: Recurrence) -> Claim:
    claim = immediate_left(claim, rec)
    if any(isinstance(n, Transpose) for s in claim.sides[1:] for n in walk(s)):
        return claim
    left = claim.sides[0]
    by = left.x.name if isinstance(left, D) and isinstance(left.x, Sym) else ""
    return row_last(claim, rec) if len(rec.shapes.get(by, ())) == 2 else claim


def of_a_value(claim: Claim, rec: Recurrence) -> bool:
    """Whether what the equation of a step gives is differentiated by a parameter in it."""
    left = without_entries(claim.sides[0])
    if not (isinstance(left, D) and left.kind == "unmarked" and isinstance(left.y, At)):
        return False
    given = left.y.name in rec.defined and not is_loss(left.y, rec)
    return given and is_one_of(left.x, set(rec.parameters))


def own_step(claim: Claim, rec: Recurrence) -> Claim:
    """The claim with all derivatives by a parameter immediate, an outer product on the right.

    (``diag(v) u^T``, which has no shape, is ``v u^T``: each row with its factor.)
    """

    def scaled(n: Node) -> Node:
        if isinstance(n, Mul) and len(n.args) > 1 and isinstance(n.args[-2], Diag):
            last = n.args[-1].arg if isinstance(n.args[-1], Transpose) else n.args[-1]
            if _is_vector(last, rec):
                return replace(n, args=(*n.args[:-2], n.args[-2].arg, n.args[-1]))
        return n

    claim = map_sides(claim, lambda n, i: transform(n, scaled) if i else n)
    return gate_left(immediate_right(claim, rec), rec)


def immediate_left(claim: Claim, rec: Recurrence) -> Claim:
    return map_sides(claim, lambda n, i: mark(n, lambda d: "immediate") if i == 0 else n)


def direct_path(claim: Claim, rec: Recurrence) -> Claim:
    states, params = set(rec.states), set(rec.parameters)

    def kind(d: D) -> Kind:
        if by_memory(d, rec):
            return "own"
        return "own" if is_one_of(d.y, states) and (is_one_of(d.x, states | params)) else "unmarked"

    return map_sides(claim, lambda n, _: mark(n, kind))


def direct_steps(claim: Claim, rec: Recurrence) -> Claim:
    """As :func:`direct_path`, with the derivatives of the loss total."""
    states, params = set(rec.states), set(rec.parameters)

    def kind(d: D) -> Kind:
        return "own" if is_one_of(d.y, states) and is_one_of(d.x, states | params) else "unmarked"

    return map_sides(claim, lambda n, _: mark(n, kind))


def row_last(claim: Claim, rec: Recurrence) -> Claim:
    """The vector written last, beside a gradient by a matrix, as a row."""
    return map_sides(claim, lambda n, i: _with_row_last(n, rec) if i else n)


def _with_row_last(n: Node, rec: Recurrence) -> Node:
    if isinstance(n, Sum):
        return replace(n, body=_with_row_last(n.body, rec))
    if isinstance(n, Add):
        return replace(n, args=tuple(_with_row_last(a, rec) for a in n.args))
    if isinstance(n, Had) and isinstance(last := n.args[-1], Mul):
        rest = last.args[:-1]
        beside = rest[0] if len(rest) == 1 else Mul(rest)
        return _with_row_last(Mul((Had((*n.args[:-1], beside)), last.args[-1])), rec)
    if isinstance(n, (Mul, Had)) and len(n.args) > 1 and _is_vector(n.args[-1], rec):
        first = n.args[:-1]
        column = first[0] if len(first) == 1 else type(n)(first)
        return Mul((column, Transpose(n.args[-1])))
    return n


def by_matrix(node: Node, rec: Recurrence) -> bool:
    """Whether ``node`` is the gradient of a loss by a matrix."""
    return (
        isinstance(node, D)
        and isinstance(node.x, Sym)
        and len(rec.shapes.get(node.x.name, ())) == 2
        and is_loss(node.y, rec)
    )


def _is_vector(node: Node, rec: Recurrence) -> bool:
    if isinstance(node, Concat):
        return True
    if isinstance(node, Had):
        return all(_is_vector(a, rec) for a in node.args)
    return isinstance(node, At) and len(rec.shapes.get(node.name, ())) == 1


def uses_directly(name: str, parameter: str, rec: Recurrence) -> bool:
    """Whether ``name`` at a step depends on ``parameter`` with earlier states held fixed."""
    todo, seen = [name], set[str]()
    while todo:
        current = todo.pop()
        if current in seen or current not in rec.defined:
            continue
        seen.add(current)
        for n in walk(rec.rhs(current)):
            if isinstance(n, Sym) and n.name == parameter:
                return True
            if isinstance(n, At) and (lag_of(n.time) == 0 or n.name not in rec.states):
                todo.append(n.name)
    return False


def labels(rec: Recurrence) -> frozenset[str]:
    """Inputs, or a constant, that multiply the logarithm of a softmax: the labels of a
    cross-entropy."""
    soft = {e.target for e in rec.equations if _is_softmax(e.rhs)}
    for e in rec.equations:  # and the other name of one, above or below it
        soft |= {e.target} if is_one_of(e.rhs, soft) else set()
    found: set[str] = set()
    for root in (*(e.rhs for e in rec.equations), *rec.totals.values()):
        for n in walk(root):
            if not isinstance(n, (Mul, Had)):
                continue
            logs = [m for m in walk(n) if isinstance(m, Fn) and m.name == "log" and m.order == 0]
            if any(_is_softmax(f.arg) or is_one_of(f.arg, soft) for f in logs):
                within = {m for f in logs for m in walk(f)}
                rest = [m for m in walk(n) if m not in within]
                # Labels that only a total reads are no inputs of the cell.
                own = {*rec.defined, *rec.totals}
                found |= {m.name for m in rest if isinstance(m, (At, Sym)) and m.name not in own}
    return frozenset(n for n in found if len(rec.shape(n)) == 1)


def _is_softmax(node: Node) -> bool:
    return isinstance(node, Fn) and node.name == "softmax" and node.order == 0


def ascending(claim: Claim, rec: Recurrence) -> Claim:
    def change(n: Node) -> Node:
        if isinstance(n, Prod) and n.descending is None:
            return replace(n, descending=not highest_first(n))
        return n

    return map_sides(claim, lambda n, _: transform(n, change))


def followed_product(node: Node) -> bool:
    """Whether a product over steps stands before a parameter, which it may reach over or not."""
    return isinstance(node, Mul) and any(
        isinstance(a, Prod) and _is_parameter(b) for a, b in pairwise(node.args)
    )


def closing_parameter(node: Node) -> bool:
    """Whether a product over steps ends with a parameter, which may stand behind it as well."""
    return (
        isinstance(node, Prod) and isinstance(node.body, Mul) and _is_parameter(node.body.args[-1])
    )


def _is_parameter(node: Node) -> bool:
    return isinstance(node.arg if isinstance(node, Transpose) else node, Sym)


def reaching_on(claim: Claim, rec: Recurrence) -> Claim:
    """Every product over steps takes in the parameters that stand behind it."""

    def change(n: Node) -> Node:
        if not followed_product(n):
            return n
        assert isinstance(n, Mul)
        args: list[Node] = []
        for a in n.args:
            before = args[-1] if args else None
            if isinstance(before, Prod) and _is_parameter(a):
                inner = before.body.args if isinstance(before.body, Mul) else (before.body,)
                args[-1] = replace(before, body=Mul((*inner, a)))
            else:
                args.append(a)
        return args[0] if len(args) == 1 else replace(n, args=tuple(args))

    return map_sides(claim, lambda n, _: transform(n, change))


def ending_early(claim: Claim, rec: Recurrence) -> Claim:
    """Every product over steps ends before the parameter that closes it."""

    def change(n: Node) -> Node:
        if not closing_parameter(n):
            return n
        assert isinstance(n, Prod) and isinstance(n.body, Mul)
        *rest, last = n.body.args
        body = rest[0] if len(rest) == 1 else replace(n.body, args=tuple(rest))
        return Mul((replace(n, body=body), last))

    return map_sides(claim, lambda n, _: transform(n, change))


def ends_in_product(node: Had) -> bool:
    return any(isinstance(a, Mul) and len(a.args) > 1 for a in (node.args[0], node.args[-1]))


def hadamard_first(claim: Claim, rec: Recurrence) -> Claim:
    def change(n: Node) -> Node:
        if isinstance(n, Had) and ends_in_product(n):
            first: Node = n.args[0]
            last: Node = n.args[-1]
            middle = n.args[1:-1]
            before: list[Node] = []
            after: list[Node] = []
            if isinstance(first, Mul) and len(first.args) > 1:
                *before, first = first.args
            if isinstance(last, Mul) and len(last.args) > 1:
                last, *after = last.args
            return Mul((*before, Had((first, *middle, last)), *after))
        return n

    return map_sides(claim, lambda n, _: transform(n, change))


def state_block(claim: Claim, rec: Recurrence) -> Claim:
    return _block(claim, rec, set(rec.states))


def input_block(claim: Claim, rec: Recurrence) -> Claim:
    return _block(claim, rec, set(rec.inputs))


def _block(claim: Claim, rec: Recurrence, meant: set[str]) -> Claim:
    """``claim`` with each weight of a concatenation read as its block that multiplies ``meant``."""
    parts = {name: next((b for b in of if b in meant), "") for name, of in rec.blocks.items()}
    return map_sides(claim, lambda n, _: _with_blocks(n, parts))


def _with_blocks(node: Node, parts: Mapping[str, str]) -> Node:
    # Not inside W[h, x], and not as the variable of a derivative: there W is all of W.
    # (What is cut shows by itself which part is meant.)
    if isinstance(node, (D, Slice)):
        return node
    if isinstance(node, Mul):
        args = list(node.args)
        for i, a in enumerate(args):
            behind = args[i + 1] if i + 1 < len(args) else None
            if isinstance(a, Sym) and type(behind).__name__ == "Concat":
                continue
            args[i] = _with_blocks(a, parts)
        return replace(node, args=tuple(args))
    node = rebuild(node, lambda n: _with_blocks(n, parts))
    part = parts.get(node.name) if isinstance(node, Sym) else None
    return Block(node, part) if part else node


def at_output(node: Node, rec: Recurrence) -> bool:
    return output_form(node, rec) is not None


def output_form(node: Node, rec: Recurrence) -> Node | None:
    """``phi'(a_t)`` for ``phi'(s_t)`` where the model has ``s_t = phi(a_t)``, also of an entry."""
    if isinstance(node, Fn) and isinstance(node.arg, Entry):
        whole = output_form(replace(node, arg=node.arg.arg), rec)
        return None if whole is None else replace(node.arg, arg=whole)
    if not (isinstance(node, Fn) and node.order == 1 and isinstance(node.arg, At)):
        return None
    if node.arg.name not in rec.defined:
        return None
    rhs = rec.rhs(node.arg.name)
    if not (isinstance(rhs, Fn) and rhs.order == 0):
        return None
    # Notes that use no logistic function often write sigma for whatever the activation is.
    generic = node.name == "sigma" and not uses(rec, "sigma")
    same = rhs.name == node.name or generic
    if not same and rhs.name in FUNCTIONS:
        return None
    return Fn(rhs.name, substitute_index(rhs.arg, STEP, node.arg.time), 1)


def uses(rec: Recurrence, name: str) -> bool:
    return any(isinstance(n, Fn) and n.name == name for e in rec.equations for n in walk(e.rhs))


def output_derivative(claim: Claim, rec: Recurrence) -> Claim:
    return map_sides(claim, lambda n, _: transform(n, lambda m: output_form(m, rec) or m))


def by_memory(node: Node, rec: Recurrence) -> bool:
    """Whether ``node`` is the derivative of a loss by a cell state."""
    if not (isinstance(node, D) and isinstance(node.x, At) and is_memory(rec, node.x.name)):
        return False
    # A sum: the losses from a step on.
    return is_loss(node.y.body if isinstance(node.y, Sum) else node.y, rec)


def is_memory(rec: Recurrence, name: str) -> bool:
    """Whether the state adds to a gated copy of its own last value, as an LSTM's cell does."""
    if name not in rec.states or len(rec.states) < 2:
        return False
    rhs = rec.rhs(name)
    for term in rhs.args if isinstance(rhs, Add) else ():
        factors = term.args if isinstance(term, (Mul, Had)) else (term,)
        own = any(isinstance(f, At) and f.name == name for f in factors)
        if own and not any(isinstance(n, Sym) for n in walk(term)):
            return True
    return False


def defined_in_rows(rec: Recurrence) -> bool:
    """Whether the definitions multiply rows by matrices (the reader transposed each product)."""
    return any(
        isinstance(n, Mul) and isinstance(n.args[0], Transpose) and isinstance(n.args[0].arg, Sym)
        for e in rec.equations
        for n in walk(e.rhs)
    )


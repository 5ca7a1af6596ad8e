"""Copying the instructions of one step into a table."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager

from bptt_sym.errors import LimitExceeded
from bptt_sym.graph.cell import Instruction
from bptt_sym.graph.graph import Graph
from bptt_sym.graph.operations import ADD, CONST, DER, FN, LET, MUL, NEG, POW, Label


def stamp(source: Graph, code: tuple[Instruction, ...], into: Graph, at: list[int], t: int) -> None:
    """Copy instructions of the cell's table into another: ``at`` maps row to row."""
    if into.unindexed:
        into.catch_up()
    add, mul = into.add, into.mul
    # Most rows are sums and products of rows that are not constants; for those, Table.row is
    # written out here, which halves the time of the whole.
    ops, left, right, row_of = into.op, into.a, into.b, into.row_of
    labels = source.labels
    for op, a, b, i in code:
        if op == MUL or op == ADD:  # noqa: SIM109 (twice as fast as a tuple)
            x, y = at[a], at[b]
            if x > y:
                x, y = y, x
            if ops[x] == CONST:
                at[i] = (mul if op == MUL else add)(x, y)
                continue
            key = (x << 32) + x + y << 4 | op
            row = row_of.get(key)
            if row is None:
                row = row_of[key] = len(ops)
                ops.append(op)
                left.append(x)
                right.append(y)
            at[i] = row
        elif op == LET:
            name, _, component, _ = labels[b]
            at[i] = into.let(Label(name, t, component), at[a])
        elif op == FN:
            name, order = source.functions[b]
            at[i] = into.fn(name, at[a], order)
        elif op == DER:
            at[i] = into.slope(at[b])
        elif op == NEG:
            at[i] = into.neg(at[a])
        elif op == POW:
            at[i] = into.pow(at[a], b)
        else:
            name, orders, args = source.calls[a]
            at[i] = into.call(name, [at[k] for k in args], orders)
    if len(ops) > into.limit:
        raise LimitExceeded(f"the graph has more than {into.limit} rows")


@contextmanager
def uncollected() -> Iterator[None]:
    """No cyclic garbage collection meanwhile: stamping makes no cycles, and each collection would
    walk all names made so far."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()

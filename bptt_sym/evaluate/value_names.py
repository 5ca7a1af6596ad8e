"""What a value of a program is called in source: by what it is, where that can be said."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from bptt_sym.evaluate.adjoint import Adjoint
from bptt_sym.evaluate.names import identifier
from bptt_sym.evaluate.program import Program

_GATES = ("sigma", "inverse_1p")


def wish(
    adj: Adjoint,
    targets: Mapping[str, int],
    i: int,
    placed: Callable[[int], str | None],
) -> str | None:
    """The name that value ``i`` should have, if it is free; ``None`` if nothing tells it.

    ``d_h`` is the cotangent of h, ``d_h_before`` what of it goes to the step before;
    ``slope_gates`` the derivative of the activation whose value is ``gates``; ``tanh_c`` the
    tanh of ``c``. ``placed`` gives the names that other values have already.
    """
    p = adj.program
    op = p.ops[i]
    called = {h: identifier(name) for name, h in targets.items()}

    def name(j: int) -> str | None:
        return called.get(j) or placed(j)

    if i in adj.of:
        source = adj.of[i]
        inner = p.ops[source]
        if inner.kind in ("param", "context"):
            return f"d_{identifier(inner.attr[0])}"
        if inner.kind == "read":
            lag = inner.attr[1]
            behind = "_before" * bool(lag) + (str(lag) if lag > 1 else "")
            return f"d_{identifier(inner.attr[0])}{behind}"
        if name(source):
            return f"d_{name(source)}"
    value = _sloped(p, adj, i)
    if value is not None:
        return f"slope_{name(value)}" if name(value) else "slope"
    if op.kind == "fn" and op.attr[1] == 0:
        if op.attr[0] in _GATES:
            return "gates"
        if op.attr[0] in ("exp_minus", "finite"):
            return "e"
        inner_name = name(op.args[0])
        return f"{op.attr[0]}_{inner_name}" if inner_name else str(op.attr[0])
    if op.kind == "add" and p.constant(op.args[0]) == 1 and p.ops[op.args[1]].kind == "neg":
        rest = name(p.ops[op.args[1]].args[0])
        return f"one_minus_{rest}" if rest else None
    if i < adj.forward:
        for j in range(i + 1, adj.forward):
            if i in p.ops[j].args and p.ops[j].kind == "fn":
                return f"a_{called[j]}" if j in called else "a"
    return None


def _sloped(p: Program, adj: Adjoint, i: int) -> int | None:
    """The value whose derivative by its argument ``i`` is, if it is one."""
    op = p.ops[i]
    if op.kind == "fn" and op.attr[1] == 1:
        same = ("fn", op.args, (op.attr[0], 0))
        here = [j for j, o in enumerate(p.ops[: adj.forward]) if (o.kind, o.args, o.attr) == same]
        return here[0] if here else i
    # (e σ) σ, see the module on the logistic function.
    first = p.ops[op.args[0]] if op.kind == "mul" else op
    logistic = first.kind == "mul" and p.ops[first.args[0]].attr == ("finite", 0)
    return op.args[1] if logistic else None

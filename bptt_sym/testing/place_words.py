"""Operations of a step and of its adjoint in words, as messages name them."""

from __future__ import annotations

from bptt_sym.testing.derivation_mistakes import owner_of
from bptt_sym.testing.models import Model


def shown(model: Model, i: int, depth: int = 3) -> str:
    """An operation of the step or of its adjoint as a formula."""
    adj, p = model.adjoint, model.adjoint.program
    for name, target in p.targets.items():
        if target == i:
            return f"{name}_t"
    if i in adj.of:
        words = _forward_words(model, adj.of[i])
        return f"d{words}" if words.startswith("(") else f"d({words})"
    if i < adj.forward and any(o.kind == "fn" and o.args == (i,) for o in p.ops[: adj.forward]):
        return _forward_words(model, i)
    return formula(model, i, depth)


def _forward_words(model: Model, i: int) -> str:
    p = model.adjoint.program
    for name, target in p.targets.items():
        if target == i:
            return f"{name}_t"
    op = p.ops[i]
    if op.kind not in ("read", "param") and any(
        o.kind == "fn" and o.args == (i,) for o in p.ops[: model.adjoint.forward]
    ):
        return f"the argument of {owner_of(model, i)}"
    return formula(model, i, 2)


def formula(model: Model, i: int, depth: int = 3) -> str:
    """The operation itself, its operands by their names."""
    p = model.adjoint.program
    op = p.ops[i]
    if depth < 0 and op.kind not in ("read", "param", "const", "unit", "transpose"):
        return "…"
    args = [shown(model, a, depth - 1) for a in op.args]
    match op.kind:
        case "read":
            name, lag = op.attr
            return f"{name}_{{t-{lag}}}" if lag else f"{name}_t"
        case "later":
            return f"what later steps pass back to {op.attr[0]}_t"
        case "param":
            return str(op.attr[0])
        case "const" | "unit":
            return str(op.attr[0])
        case "seed":
            return "1"
        case "add":
            # The sign belongs between the two.
            for k, other in ((1, args[0]), (0, args[1])):
                if p.ops[op.args[k]].kind == "neg" and args[k].startswith("−"):
                    return f"({other} {'− ' + args[k][1:]})"
            return f"({args[0]} + {args[1]})"
        case "dot" if args[0] == args[1]:
            return f"‖{args[0].strip('()')}‖²"
        case "mul":
            return f"{args[0]} ⊙ {args[1]}"
        case "neg":
            return f"−{args[0]}"
        case "matvec":
            return f"{args[0]} {args[1]}"
        case "transpose":
            return f"{args[0]}ᵀ"
        case "fn":
            f = "σ" if op.attr[0] == "sigma" else op.attr[0]
            return f"{f}{'′' * op.attr[1]}({args[0]})"
        case "expand":
            return args[0]
        case _:
            return f"{op.kind}({', '.join(args)})"


def words_of(model: Model, i: int) -> tuple[str, str]:
    """The name of a place of the way back, and what belongs there."""
    return shown(model, i), formula(model, i)


__all__ = ["formula", "shown", "words_of"]

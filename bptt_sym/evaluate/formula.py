"""Equations as one line of plain text, for comments in generated source."""

from __future__ import annotations

from bptt_sym import notation as n
from bptt_sym.evaluate.names import identifier
from bptt_sym.recurrence import Equation, lag_of

_SUM, _PRODUCT, _UNARY, _ATOM = 1, 2, 3, 4


def equation_text(equation: Equation) -> str:
    """``h_t = tanh(W x_t + U h_{t-1} + b)``; ASCII only, one line."""
    return f"{identifier(equation.target)}_t = {text(equation.rhs)}"


def text(node: n.Node) -> str:
    """An expression in plain ASCII; names are the identifiers of the generated code."""
    return _write(node)[0]


def _in(node: n.Node, level: int) -> str:
    out, own = _write(node)
    return out if own >= level else f"({out})"


def _write(node: n.Node) -> tuple[str, int]:
    match node:
        case n.Num(value=v):
            return str(v), _ATOM if v >= 0 and v.denominator == 1 else _PRODUCT
        case n.Sym(name=name) | n.Idx(name=name):
            return identifier(name), _ATOM
        case n.At(name=name, time=time):
            lag = lag_of(time)
            index = (
                text(time).replace(" ", "") if lag is None else "t" if not lag else f"{{t-{lag}}}"
            )
            return f"{identifier(name)}_{index}", _ATOM
        case n.Add(args=args):
            out = _in(args[0], _SUM)
            for a in args[1:]:
                negative = isinstance(a, n.Neg)
                inner = a.arg if isinstance(a, n.Neg) else a
                out += f" {'-' if negative else '+'} {_in(inner, _PRODUCT)}"
            return out, _SUM
        case n.Mul(args=args):
            return " ".join(_in(a, _UNARY) for a in args), _PRODUCT
        case n.Had(args=args):
            return " * ".join(_in(a, _UNARY) for a in args), _PRODUCT
        case n.Neg(arg=a):
            return f"-{_in(a, _PRODUCT)}", _UNARY
        case n.Div(num=a, den=b):
            return f"{_in(a, _UNARY)} / {_in(b, _ATOM)}", _PRODUCT
        case n.Pow(base=a, exp=b):
            return f"{_in(a, _ATOM)}^{_in(b, _ATOM)}", _UNARY
        case n.Fn(name=name, arg=a, order=k):
            return f"{identifier(name)}{chr(39) * k}({text(a)})", _ATOM
        case n.Transpose(arg=a):
            return f"{_in(a, _ATOM)}^T", _ATOM
        case n.Diag(arg=a):
            return f"diag({text(a)})", _ATOM
        case n.Outer(left=a, right=b):
            return f"{_in(a, _UNARY)} {_in(b, _ATOM)}^T", _PRODUCT
        case n.Concat(args=args):
            return f"[{', '.join(text(a) for a in args)}]", _ATOM
        case n.Norm(arg=a):
            return f"|{text(a)}|", _ATOM
        case n.Abs(arg=a):
            return f"|{text(a)}|", _ATOM
        case n.Call(name=name, args=args):
            return f"{identifier(name)}({', '.join(text(a) for a in args)})", _ATOM
        case n.Prod(var=var, body=body):
            return f"prod_{identifier(var)} {_in(body, _PRODUCT)}", _PRODUCT
        case n.Sum(var=var, body=body):
            return f"sum_{identifier(var)} {_in(body, _PRODUCT)}", _PRODUCT
        case _:
            return type(node).__name__.lower(), _ATOM

# ruff: noqa: E501 (a case with a line for each construction)
r"""Formulas without a notation of their own, written in one: names, labels, steps, derivatives, slopes."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import cache

from gated_documents import DOCUMENTS

LSTM = {"f": "f", "i": "i", "o": "o", "g": "g", "c": "c", "h": "h", "x": "x", "l": r"\ell"}
GRU = {"z": "z", "r": "r", "n": "n"}
#: The steps as they are written in the texts.
Step = str


def below(name: str, step: Step) -> str:
    """``h_t``, ``\\Gamma_f^{t}`` for a name that has a script already."""
    if "_" in name:
        return f"{name}^{{{step}}}"
    return f"{name}_{step}" if len(step) == 1 else f"{name}_{{{step}}}"


def above(form: str) -> Callable[[str, Step], str]:
    """Steps in a script above: ``h^{(t)}`` for ``({})``."""
    return lambda name, step: f"{name}^{{{form.format(step)}}}"


def behind(form: str) -> Callable[[str, Step], str]:
    """Steps in brackets behind: ``h(t)``."""
    return lambda name, step: name + form.format(step)


def label_below(base: str, gate: str) -> str:
    return f"{base}_{gate}" if len(gate) == 1 else f"{base}_{{{gate}}}"


@dataclass(frozen=True)
class Style:
    """How a text is written."""

    names: Mapping[str, str] = field(default_factory=lambda: LSTM | GRU)
    #: The letters of gates in the scripts of weights, where they are others.
    labels: Mapping[str, str] = field(default_factory=dict)
    bases: Mapping[str, str] = field(
        default_factory=lambda: {"W": "W", "U": "U", "b": "b", "v": "p", "p": "a"}
    )
    vector: str = "{}"
    matrix: str = "{}"
    step: Callable[[str, Step], str] = below
    label: Callable[[str, str], str] = label_below
    #: Labels of recurrent weights, where they differ: W_{hf} beside W_{xf}.
    recurrent: Callable[[str, str], str] | None = None
    inside: Callable[[Style, str, Step], str] | None = None
    letter: str = "t"
    loss: str = "L"
    partial: str = r"\partial "
    fraction: str = r"\frac{{{}}}{{{}}}"
    derivative: Callable[[str, str], str] | None = None
    #: A gradient of the whole loss, by the text of its variable.
    gradient: Callable[[Style, ast.expr], str] | None = None
    times: str = r" \odot "
    diag: Callable[[str], str] = r"\operatorname{{diag}}({})".format
    dot: str = " "
    transposed: str = r"^\top"
    sigma: str = r"\sigma"
    tanh: str = r"\tanh"
    sigmoid_slope: str = "own"
    tanh_slope: str = "own"
    cell_slope: str = r"\left(1 - {tanh}^2({c})\right)"
    joined: str = "[{h}, {x}]"
    joined_transposed: str = ""
    #: Whether the arguments of activations have names where the text needs none.
    named: bool = False
    bracket: tuple[str, str] = ("(", ")")
    sum: str = r"\sum_{{{k}={a}}}^{{{b}}} "
    container: str = "display"
    definitions: str = "display"
    language: str = "en"
    after: Callable[[str], str] = str
    prose: str = ""

    def name(self, role: str) -> str:
        return self.vector.format(self.names[role])


@dataclass(frozen=True)
class Line:
    kind: str
    text: str


@cache
def lines(document: str) -> tuple[Line, ...]:
    found = []
    for line in DOCUMENTS[document].strip().splitlines():
        kind, rest = line[0], line[2:]
        kinds = {";": "prose", "+": "right", "-": "wrong"}
        found.append(Line(kinds[kind], rest) if kind in kinds else Line("definition", line))
    return tuple(found)


# -- expressions ----------------------------------------------------------------------------------

ADD, MUL, ATOM = 0, 1, 2


def equation(text: str, s: Style) -> tuple[str, str]:
    left, right = text.split(" = ", 1)
    return render(ast.parse(left, mode="eval").body, s), render(
        ast.parse(right, mode="eval").body, s
    )


def render(node: ast.expr, s: Style, inside: int = ADD) -> str:
    text, level = _render(node, s)
    return f"{s.bracket[0]}{text}{s.bracket[1]}" if level < inside else text


def _step(node: ast.expr, s: Style) -> str:
    return ast.unparse(node).replace(" ", "").replace("t", s.letter)


def _at(node: ast.Subscript, s: Style) -> str:
    step = _step(node.slice, s)
    of = node.value
    if isinstance(of, ast.Attribute):
        return _inside(s, of.attr, step)
    assert isinstance(of, ast.Name)
    if of.id == "J":
        return _joined(s, step)
    return s.step(s.name(of.id), step)


def _joined(s: Style, step: str) -> str:
    before = "t-1".replace("t", s.letter)
    return s.joined.format(h=s.step(s.name("h"), before), x=s.step(s.name("x"), step))


def _inside(s: Style, gate: str, step: str) -> str:
    if s.inside is not None:
        return s.inside(s, gate, step)
    base, label = s.vector.format(s.bases["p"]), s.labels.get(gate, s.names[gate])
    written = s.step(base, step)
    if written.startswith(base + "_"):
        return f"{base}_{{{label},{step}}}"
    return f"{base}_{label}" + written[len(base) :] if len(label) == 1 else (
        f"{base}_{{{label}}}" + written[len(base) :])  # fmt: skip


def _parameter(s: Style, base: str, gate: str) -> str:
    label = s.labels.get(gate, s.names[gate])
    name = (s.vector if base in "bv" else s.matrix).format(s.bases[base])
    if base == "U" and s.recurrent is not None:
        return s.recurrent(name, label)
    return s.label(name, label)


def _render(node: ast.expr, s: Style) -> tuple[str, int]:
    match node:
        case ast.Name(id="L"):
            return s.loss, ATOM
        case ast.Name(id=name):
            return name, ATOM
        case ast.Constant(value=value):
            return str(value), ATOM
        case ast.Subscript():
            return _at(node, s), ATOM
        case ast.Attribute(value=value, attr="T"):
            of = render(value, s, ATOM)
            if (
                isinstance(value, ast.Subscript)
                and isinstance(value.value, ast.Name)
                and (value.value.id == "J" and s.joined_transposed)
            ):
                return s.joined_transposed.format(of), ATOM
            return _power(of, s.transposed), ATOM
        case ast.Attribute(value=ast.Name(id=base), attr=gate):
            return _parameter(s, base, gate), ATOM
        case ast.BinOp(left=left, op=ast.Add(), right=right):
            return f"{render(left, s)} + {render(right, s)}", ADD
        case ast.BinOp(left=left, op=ast.Sub(), right=right):
            return f"{render(left, s)} - {render(right, s, MUL)}", ADD
        case ast.BinOp(left=left, op=ast.Mult(), right=right):
            a = render(left, s, ATOM if _is_matrix_product(left) else MUL)
            b = render(right, s, ATOM if _is_matrix_product(right) else MUL)
            return s.times.join((a, b)), MUL
        case ast.BinOp(left=left, op=ast.MatMult(), right=right):
            a = render(left, s, ATOM if _is_hadamard(left) else MUL)
            b = render(right, s, ATOM if _is_hadamard(right) else MUL)
            return s.dot.join((a, b)), MUL
        case ast.BinOp(left=left, op=ast.Pow(), right=right):
            return _power(render(left, s, ATOM), f"^{render(right, s)}"), ATOM
        case ast.Call(func=ast.Name(id=function), args=args):
            return _call(function, args, s)
    raise ValueError(ast.dump(node))


def _power(of: str, mark: str) -> str:
    """``of`` with a mark above; in brackets if there stands something already."""
    bare = re.sub(r"\{[^{}]*\}", "", re.sub(r"\{[^{}]*\}", "", of))
    return (
        f"({of})" + mark
        if "^" in bare or (bare[-1:] in ")]" and not bare.startswith(("(", "[")))
        else of + mark
    )


def _is_matrix_product(node: ast.expr) -> bool:
    return isinstance(node, ast.BinOp) and isinstance(node.op, ast.MatMult)


def _is_hadamard(node: ast.expr) -> bool:
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
        return node.func.id == "sl"
    return isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mult)


def _call(function: str, args: list[ast.expr], s: Style) -> tuple[str, int]:
    if function == "D":
        return _derivative(args[0], args[1], s), ATOM
    if function in ("S", "P"):
        k, a, b = (_step(x, s) for x in args[:3])
        sign = s.sum if function == "S" else s.sum.replace("sum", "prod")
        return sign.format(k=k, a=a, b=b) + render(args[3], s, MUL), MUL
    if function in ("sig", "tanh"):
        return (s.sigma if function == "sig" else s.tanh) + f"({render(args[0], s)})", ATOM
    if function == "diag":
        return s.diag(render(args[0], s)), ATOM
    of = args[0]
    x = render(of, s)
    assert isinstance(of, ast.Subscript)
    if function == "cl":
        return s.cell_slope.format(tanh=s.tanh, c=x), ATOM
    assert isinstance(of.value, ast.Name)
    gate = of.value.id
    if function == "sl":
        forms = {
            "own": f"{x}{s.times}(1 - {x})",
            "reversed": f"(1 - {x}){s.times}{x}",
            "square": f"({x} - {_power(x, '^2')})",
            "prime": f"{s.sigma}'({_inside(s, gate, _step(of.slice, s))})",
            "anywhere": f"{s.sigma}'(\\cdot)",
        }
        return forms[s.sigmoid_slope], ATOM if s.sigmoid_slope in (
            "prime",
            "square",
            "anywhere",
        ) else MUL
    forms = {
        "own": f"(1 - {_power(x, '^2')})",
        "braces": f"(1 - ({x})^2)",
        "hadamard": f"(1 - {_power(x, '^{' + chr(92) + 'odot 2}')})",
        "product": f"(1 - {x}{s.times}{x})",
        "prime": f"{s.tanh}'({_inside(s, gate, _step(of.slice, s))})",
        "one": rf"(\mathbf{{1}} - {_power(x, '^2')})",
    }
    return forms[s.tanh_slope], ATOM


def _derivative(of: ast.expr, by: ast.expr, s: Style) -> str:
    if s.gradient is not None and isinstance(of, ast.Name):
        return s.gradient(s, by)
    a, b = render(of, s), render(by, s)
    if s.derivative is not None:
        return s.derivative(a, b)
    return s.fraction.format(s.partial + a, s.partial + b)


# -- gradients of the loss in other ways ----------------------------------------------------------


def marked(form: str) -> Callable[[Style, ast.expr], str]:
    """``dh_t``, ``\\nabla_{h_t} L``, ``\\delta h_t``: the variable in ``form``."""
    return lambda s, by: form.format(render(by, s), L=s.loss)


def barred(s: Style, by: ast.expr) -> str:
    """``\\bar{h}_t``, ``\\bar{W}_f``."""
    text = render(by, s)
    m = re.match(r"(\\[a-z]+\{[^{}]*\}|\\[A-Za-z]+|[A-Za-z])(.*)", text)
    assert m is not None
    return rf"\bar{{{m[1]}}}{m[2]}"


def in_scripts(form: str) -> Callable[[Style, ast.expr], str]:
    """``\\delta^f_t`` for what stands inside f, ``\\delta^c_t``; parameters with ∂."""

    def gradient(s: Style, by: ast.expr) -> str:
        plain = replace(s, gradient=None)
        match by:
            case ast.Subscript(value=ast.Attribute(attr=gate), slice=step):
                return form.format(s.names[gate], _step(step, s))
            case ast.Subscript(value=ast.Name(id="c" | "h" as name), slice=step):
                return form.format(s.names[name], _step(step, s))
        return _derivative(ast.Name(id="L"), by, plain)

    return gradient

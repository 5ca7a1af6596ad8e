# ruff: noqa: E501 (a table with a line for each notation)
r"""Do verdicts depend on the notation? Texts on gated networks in many notations.

    python benchmarks/renotation_gated.py [--only NAME ...] [--documents NAME ...] [--pairs N] [--seed N] [--lost]

``gated_documents.py`` holds texts without a notation, with the verdict of each formula. They are written
in one clean notation, and with each of the renotations below, which mean exactly the same: other
letters, labels, steps, derivatives, products, slopes, fonts, delimiters, languages. Printed are, for each,
how many of the formulas are decided, how many right ones are called right, wrong ones found, right ones
accused, and wrong ones accepted. ``--pairs N`` composes N random pairs; ``--lost`` lists the formulas that are
decided in the clean notation and not in another; ``--print`` the texts themselves.
"""

from __future__ import annotations

import argparse
import ast
import html
import json
import random
import re
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cache

from gated_documents import DOCUMENTS, SENTENCES

from bptt_sym.check.audit import audit
from bptt_sym.documents.document import document_from_text

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


# -- the text -------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Written:
    """A text and, by line, the formula on it that has an expected verdict."""

    text: str
    file: str
    expected: Mapping[int, Line]


@dataclass
class Page:
    out: list[str] = field(default_factory=list)
    expected: dict[int, Line] = field(default_factory=dict)

    def put(self, text: str, line: Line | None = None) -> None:
        self.out += text.split("\n")
        if line is not None and line.kind in ("right", "wrong"):
            self.expected[len(self.out)] = line


def written(document: str, s: Style) -> Written:
    page = Page()
    blocks = list(_blocks(document))
    given = [b for b in blocks if any(x.kind == "definition" for x in b)]
    if s.definitions == "after":
        blocks = [b for b in blocks if b not in given] + given
    if s.definitions == "unwritten":
        blocks = [[x for x in b if x.kind != "definition"] for b in blocks]
    if s.container in ("tex", "macros"):
        page.put("\\documentclass{article}\n\\usepackage{amsmath}")
        if s.container == "macros":
            page.put(MACROS)
        page.put("\\begin{document}")
    if s.container == "html":
        page.put("<!DOCTYPE html>\n<html><head><title>Gates</title></head><body>")
    if s.prose:
        page.put(s.prose + "\n")
    for block in blocks:
        _block(page, block, s)
    if s.container in ("tex", "macros"):
        page.put("\\end{document}")
    if s.container == "html":
        page.put("</body></html>")
    text = "\n".join(page.out) + "\n"
    ends = {"tex": "tex", "macros": "tex", "html": "html", "notebook": "ipynb"}
    if s.container == "notebook":
        cell = {"cell_type": "markdown", "metadata": {}, "source": text.splitlines(keepends=True)}
        text = json.dumps({"cells": [cell], "metadata": {}, "nbformat": 4, "nbformat_minor": 5})
    return Written(text, f"{document}.{ends.get(s.container, 'md')}", page.expected)


def _blocks(document: str) -> Iterator[list[Line]]:
    block: list[Line] = []
    for line in lines(document):
        if line.kind == "prose" and block:
            yield block
            block = []
        block.append(line)
    yield block


def _block(page: Page, block: list[Line], s: Style) -> None:
    formulas = []
    for line in block:
        if line.kind == "prose":
            sentence = SENTENCES[s.language][line.text]
            page.put((f"<p>{sentence}</p>" if s.container == "html" else sentence) + "\n")
        else:
            formulas.append((line, *equation(line.text, s)))
    if not formulas:
        return
    container = s.container
    if formulas[0][0].kind == "definition" and s.definitions in ("list", "table", "prose"):
        container = s.definitions
    CONTAINERS[container](page, [(n, s.after(a), s.after(b)) for n, a, b in formulas])
    page.put("")


Formulas = list[tuple[Line, str, str]]


def _each(form: str) -> Callable[[Page, Formulas], None]:
    def put(page: Page, formulas: Formulas) -> None:
        for line, a, b in formulas:
            page.put(form.format(f"{a} = {b}"), line)

    return put


def _rows(opens: str, row: str, closes: str) -> Callable[[Page, Formulas], None]:
    def put(page: Page, formulas: Formulas) -> None:
        page.put(opens)
        for k, (line, a, b) in enumerate(formulas):
            page.put(row.format(a, b) + (r" \\" if k + 1 < len(formulas) else ""), line)
        page.put(closes)

    return put


def _table(page: Page, formulas: Formulas) -> None:
    page.put("| | equation |\n|---|---|")
    for k, (line, a, b) in enumerate(formulas):
        page.put(f"| ({k + 1}) | ${a} = {b}$ |", line)


def _prose(page: Page, formulas: Formulas) -> None:
    for line, a, b in formulas:
        page.put(f"Here ${a} = {b}$ is computed first.", line)


def _fence(page: Page, formulas: Formulas) -> None:
    for line, a, b in formulas:
        page.put(f"```math\n{a} = {b}", line)
        page.put("```\n")


def _lines(page: Page, formulas: Formulas) -> None:
    page.put("```")
    for line, a, b in formulas:
        page.put(f"{a} = {b}", line)
    page.put("```")


def _html(page: Page, formulas: Formulas) -> None:
    for line, a, b in formulas:
        page.put(f"<p>\\[{html.escape(f'{a} = {b}')}\\]</p>", line)


CONTAINERS: dict[str, Callable[[Page, Formulas], None]] = {
    "display": _each("$$ {} $$\n"[:-1]),
    "brackets": _each(r"\[ {} \]"),
    "bare": _each("[ {} ]"),
    "align": _rows(r"\begin{align}", "{} &= {}", r"\end{align}"),
    "aligned": _rows("$$\n\\begin{aligned}", "{} &= {}", "\\end{aligned}\n$$"),
    "gather": _rows("$$\n\\begin{gather*}", "{} = {}", "\\end{gather*}\n$$"),
    "eqnarray": _rows("\\begin{eqnarray}", "{} &=& {}", "\\end{eqnarray}"),
    "array": _rows("$$\n\\begin{array}{rcl}", "{} & = & {}", "\\end{array}\n$$"),
    "equation": _each("\\begin{{equation}} {} \\tag{{1}} \\end{{equation}}"),
    "boxed": _each(r"$$ \boxed{{ {} }} $$"),
    "fence": _fence,
    "dollars": _each("$`{}`$"),
    "inline": _each("- ${}$"),
    "spaced": _each("* $ {} $"),
    "html": _html,
    "notebook": _each("$$ {} $$"),
    "tex": _rows("\\begin{align*}", "{} &= {}", "\\end{align*}"),
    "macros": _rows("\\begin{align}", "{} &= {}", "\\end{align}"),
    "lines": _lines,
    "list": _each("- ${}$"),
    "table": _table,
    "prose": _prose,
}
MACROS = r"""\newcommand{\pd}[2]{\frac{\partial #1}{\partial #2}}
\newcommand{\had}{\circ}
\newcommand{\tr}{^{\mathsf{T}}}
\DeclareMathOperator{\sigm}{sigm}
\def\v#1{\mathbf{#1}}"""

UNICODE = {
    "\\odot": "⊙", "\\partial ": "∂", "\\sigma": "σ", "\\tanh": "tanh", "\\ell": "ℓ", "\\delta": "δ",
    "\\left": "", "\\right": "", "^\\top": "ᵀ", "^2": "²", "_{t-1}": "ₜ₋₁", "_{t+1}": "ₜ₊₁", "_t": "ₜ",
    "\\operatorname{diag}": "diag",
}  # fmt: skip


def as_unicode(text: str) -> str:
    """A formula as it is typed in plain text."""
    text = re.sub(r"_\{([a-z]),([^{}]*)\}", r"_\1_{\2}", text)
    for a, b in UNICODE.items():
        text = text.replace(a, b)
    return text.replace("{", "").replace("}", "")


# -- renotations ----------------------------------------------------------------------------------

Renotation = Callable[[Style], Style]


def style(**changes: object) -> Renotation:
    return lambda s: replace(s, **changes)  # type: ignore[arg-type]


def names(**changed: str) -> Renotation:
    return lambda s: replace(s, names={**s.names, **changed})


def bases(**changed: str) -> Renotation:
    return lambda s: replace(s, bases={**s.bases, **changed})


def both(*parts: Renotation) -> Renotation:
    def renoted(s: Style) -> Style:
        for part in parts:
            s = part(s)
        return s

    return renoted


def inside_above(base: str) -> Renotation:
    """``a^f_t``."""
    return style(inside=lambda s, gate, step: f"{base}^{s.names[gate]}_{{{step}}}")


def inside_named(form: str) -> Renotation:
    """``\\hat{f}_t``: the gate itself in ``form``."""
    return style(inside=lambda s, gate, step: s.step(form.format(s.names[gate]), step))


def net(s: Style, gate: str, step: str) -> str:
    return rf"\mathrm{{net}}_{{{s.names[gate]},{step}}}"


GAMMA = names(f=r"\Gamma_f", i=r"\Gamma_u", o=r"\Gamma_o", g=r"\tilde{c}", z=r"\Gamma_u",
              r=r"\Gamma_r", n=r"\tilde{h}")  # fmt: skip
GAMMA_LABELS = {"f": "f", "i": "u", "o": "o", "g": "c", "z": "u", "r": "r", "n": "h"}
ANGLES = above(r"\langle {} \rangle")

#: The renotations, by class and name.
RENOTATIONS: dict[str, dict[str, Renotation]] = {
    "letters": {
        "cell C": names(c="C"),
        "cell s": names(c="s"),
        "candidate c tilde": both(names(g=r"\tilde{c}", n=r"\tilde{h}"), style(labels={"g": "c", "n": "h"})),
        "candidate C tilde": both(names(c="C", g=r"\tilde{C}", n=r"\tilde{h}"), style(labels={"g": "C", "n": "h"})),
        "candidate c hat": both(names(g=r"\hat{c}", n=r"\hat{h}"), style(labels={"g": "c", "n": "h"})),
        "candidate c bar": both(names(g=r"\bar{c}", n=r"\bar{h}"), style(labels={"g": "c", "n": "h"})),
        "candidate a": both(names(g="a", n="a"), bases(p="z")),
        "candidate z": both(names(g="z", n="g")),
        "candidate u": names(g="u", n="u", z="z"),
        "output m": names(h="m"),
        "output y": names(h="y"),
        "output s (GRU)": names(h="s"),
        "gates Gamma": both(GAMMA, style(labels=GAMMA_LABELS, step=ANGLES)),
        "gates in words": both(
            names(f=r"\mathrm{forget}", i=r"\mathrm{input}", o=r"\mathrm{output}"),
            style(labels={"f": "f", "i": "i", "o": "o"}),
        ),
        "input u": names(x="u", g="g"),
        "update u": names(z="u"),
        "iota phi omega": names(i=r"\iota", f=r"\phi", o=r"\omega"),
        "loss E": style(loss="E"),
        "loss J": style(loss="J"),
        "loss calligraphic": style(loss=r"\mathcal{L}"),
        "weights R": bases(U="R"),
        "weights V": bases(U="V", v="w"),
        "biases c": lambda s: replace(s, bases={**s.bases, "b": r"\beta"}),
        "peepholes V": bases(v="V"),
    },
    "fonts": {
        "bold vectors": style(vector=r"\mathbf{{{}}}"),
        "bold all": style(vector=r"\mathbf{{{}}}", matrix=r"\mathbf{{{}}}"),
        "boldsymbol": style(vector=r"\boldsymbol{{{}}}", matrix=r"\boldsymbol{{{}}}"),
        "bm": style(vector=r"\bm{{{}}}", matrix=r"\bm{{{}}}"),
        "bold old": style(vector=r"{{\bf {}}}", matrix=r"{{\bf {}}}"),
        "vec": style(vector=r"\vec{{{}}}"),
        "underlined": style(vector=r"\underline{{{}}}"),
        "upright weights": style(matrix=r"\mathrm{{{}}}"),
    },
    "labels": {
        "label above": style(label=lambda w, g: f"{w}^{g}" if len(g) == 1 else f"{w}^{{{g}}}"),
        "label above in brackets": style(label=lambda w, g: f"{w}^{{({g})}}"),
        "labels xf, hf": both(
            bases(U="W"), style(label=lambda w, g: f"{w}_{{x{g}}}" if "b" not in w else f"{w}_{g}",
                                recurrent=lambda w, g: f"{w}_{{h{g}}}"),
        ),
        "labels fx, fh": both(
            bases(U="W"), style(label=lambda w, g: f"{w}_{{{g}x}}" if "b" not in w else f"{w}_{g}",
                                recurrent=lambda w, g: f"{w}_{{{g}h}}"),
        ),
        "labels x above": both(
            bases(U="W"), style(label=lambda w, g: f"{w}_{g}^x" if "b" not in w else f"{w}_{g}",
                                recurrent=lambda w, g: f"{w}_{g}^h"),
        ),
        "labels upright": style(label=lambda w, g: rf"{w}_{{\mathrm{{{g}}}}}"),
        "labels text": style(label=lambda w, g: rf"{w}_{{\text{{{g}}}}}"),
    },
    "steps": {
        "(t)": style(step=above("({})")),
        "t above": style(step=above("{}")),
        "angles": style(step=ANGLES),
        "less and greater": style(step=above("<{}>")),
        "brackets h(t)": style(step=behind("({})")),
        "brackets h[t]": style(step=behind("[{}]")),
        "(t) below": style(step=lambda n, t: f"{n}_{{({t})}}"),
        "[t] above": style(step=above("[{}]")),
        "tau": style(letter=r"\tau "),
        "n": both(style(letter="n"), names(n="g")),
        "k": style(letter="k"),
    },
    "inside": {
        "z_{f,t}": bases(p="z"),
        "z_t^f": both(style(inside=lambda s, g, t: f"z_{{{t}}}^{s.names[g]}")),
        "a^f_t": inside_above("a"),
        "net_{f,t}": style(inside=net),
        "hat f_t": inside_named(r"\hat{{{}}}"),
        "tilde f_t": inside_named(r"\tilde{{{}}}"),
        "bar f_t": inside_named(r"\bar{{{}}}"),
        "f'_t": inside_named("{}'"),
        "zf_t": style(inside=lambda s, g, t: s.step(rf"z{s.names[g]}", t)),
        "(f)": style(inside=lambda s, g, t: f"z_{{{t}}}^{{({s.names[g]})}}"),
        "s_{f_t}": style(inside=lambda s, g, t: f"a_{{{s.names[g]}_{{{t}}}}}"),
    },
    "derivatives": {
        "dfrac": style(fraction=r"\dfrac{{{}}}{{{}}}"),
        "tfrac": style(fraction=r"\tfrac{{{}}}{{{}}}"),
        "slash": style(fraction="{} / {}"),
        "slash in brackets": style(fraction="({} / {})"),
        "over": style(fraction=r"{{{} \over {}}}"),
        "d": style(partial="d"),
        "d spaced": style(partial="d "),
        "d upright": style(partial=r"\mathrm{d}"),
        "delta for partial": style(partial=r"\delta "),
        "partial below": style(derivative=lambda a, b: rf"\partial_{{{b}}} {a}"),
        "nabla": style(gradient=marked(r"\nabla_{{{}}} {L}")),
        "nabla alone": style(gradient=marked(r"\nabla_{{{}}}")),
        "dh_t": style(gradient=marked("d{}")),
        "delta h_t": style(gradient=marked(r"\delta {}")),
        "Delta h_t": style(gradient=marked(r"\Delta {}")),
        "delta_{h_t}": style(gradient=marked(r"\delta_{{{}}}")),
        "bar h_t": style(gradient=barred),
        "delta^f_t": style(gradient=in_scripts(r"\delta^{0}_{{{1}}}")),
        "delta_t^f": style(gradient=in_scripts(r"\delta_{{{1}}}^{0}")),
        "delta_{f,t}": style(gradient=in_scripts(r"\delta_{{{0},{1}}}")),
        "delta_f^{(t)}": style(gradient=in_scripts(r"\delta_{0}^{{({1})}}")),
        "delta_f(t)": style(gradient=in_scripts(r"\delta_{0}({1})")),
        "e^f_t": style(gradient=in_scripts(r"\epsilon_{0}^{{{1}}}")),
    },
    "products": {
        "circ": style(times=r" \circ "),
        "asterisk": style(times=" * "),
        "ast": style(times=r" \ast "),
        "otimes": style(times=r" \otimes "),
        "cdot": style(times=r" \cdot "),
        "times": style(times=r" \times "),
        "bullet": style(times=r" \bullet "),
        "star": style(times=r" \star "),
        "side by side": style(times=r" \, "),
        "odot unicode": style(times=" ⊙ "),
        "matrix cdot": style(dot=r" \cdot "),
        "matrix times": style(dot=r" \times "),
        "diag text": style(diag=r"\text{{diag}}({})".format),
        "diag brackets": style(diag=r"\operatorname{{diag}}\left[{}\right]".format),
        "diag braces": style(diag=r"\mathrm{{diag}}\{{{}\}}".format),
    },
    "slopes": {
        "sigma'": style(sigmoid_slope="prime", tanh_slope="prime", cell_slope="{tanh}'({c})", named=True),
        "sigma'(.)": style(sigmoid_slope="anywhere"),
        "reversed": style(sigmoid_slope="reversed"),
        "f - f^2": style(sigmoid_slope="square"),
        "square of brackets": style(tanh_slope="braces", cell_slope="(1 - ({tanh}({c}))^2)"),
        "square behind": style(cell_slope="(1 - {tanh}({c})^2)"),
        "square without brackets": style(cell_slope="(1 - {tanh}^2 {c})"),
        "hadamard square": style(tanh_slope="hadamard"),
        "product": style(tanh_slope="product"),
        "bold one": style(tanh_slope="one", cell_slope=r"(\mathbf{{1}} - {tanh}^2({c}))"),
        "sech": style(cell_slope=r"\operatorname{{sech}}^2({c})"),
    },
    "functions": {
        "sigmoid": style(sigma=r"\mathrm{sigmoid}"),
        "sigm": style(sigma=r"\operatorname{sigm}"),
        "sigmoid in text": style(sigma=r"\text{sigmoid}"),
        "tanh in text": style(tanh=r"\text{tanh}"),
        "sigma g": style(sigma=r"\sigma_g", prose=r"Here $\sigma_g$ is the logistic sigmoid."),
        "varsigma": style(sigma=r"\varsigma", prose=r"$\varsigma(x) = 1/(1+e^{-x})$ is the sigmoid."),
        "phi": style(tanh=r"\phi", prose=r"Let $\phi = \tanh$."),
        "S": style(sigma="S", prose="$S$ denotes the logistic sigmoid function $S(x) = 1/(1+e^{-x})$."),
    },
    "transposes": {
        "T": style(transposed="^T"),
        "intercal": style(transposed=r"^\intercal"),
        "prime": style(transposed="'"),
        "sans": style(transposed=r"^{\mathsf{T}}"),
        "upright": style(transposed=r"^{\mathrm{T}}"),
        "text": style(transposed=r"^{\text{T}}"),
        "dagger": style(transposed=r"^{\prime}"),
    },
    "joined": {
        "x first": style(joined="[{x}, {h}]"),
        "semicolon": style(joined="[{h}; {x}]"),
        "column": style(joined=r"\begin{{bmatrix}} {h} \\ {x} \end{{bmatrix}}"),
        "round": style(joined="({h}, {x})"),
        "bars": style(joined=r"[{h} \| {x}]"),
        "oplus": style(joined=r"({h} \oplus {x})"),
        "concat": style(joined=r"\text{{concat}}({h}, {x})"),
        "left right": style(joined=r"\left[ {h}, {x} \right]"),
        "dot": style(joined=r"[{h}, {x}]", dot=r" \cdot "),
    },
    "brackets": {
        "left right": style(bracket=(r"\left(", r"\right)")),
        "square": style(bracket=("[", "]")),
        "big": style(bracket=(r"\big(", r"\big)")),
        "braces": style(bracket=(r"\{", r"\}")),
    },
    "sums": {
        "below": style(sum=r"\sum_{k} "),
        "limits": style(sum=r"\sum\limits_{{{k}={a}}}^{{{b}}} "),
        "unbraced": style(sum=r"\sum^{b}_{{{k}={a}}} "),
    },
    "containers": {
        name: style(container=name)
        for name in ("brackets", "bare", "align", "aligned", "gather", "eqnarray", "array", "equation",
                     "boxed", "fence", "dollars", "inline", "spaced", "html", "notebook", "tex")
    } | {
        "macros": style(container="macros", fraction=r"\pd{{{}}}{{{}}}", partial="", times=r" \had ",
                        transposed=r"\tr ", vector=r"\v{{{}}}", sigma=r"\sigm"),
        "plain": style(container="lines", fraction="{}/{}", after=as_unicode, sum="Σ_{k} ",
                       cell_slope="(1 - {tanh}²({c}))"),
    },
    "definitions": {
        name: style(definitions=name) for name in ("list", "table", "prose", "after", "unwritten")
    },
    "languages": {name: style(language=name) for name in ("de", "zh", "he")},
}  # fmt: skip
EVERY = {f"{kind}: {name}": r for kind, found in RENOTATIONS.items() for name, r in found.items()}


# -- counting -------------------------------------------------------------------------------------

Verdicts = dict[str, tuple[str, str]]


def judged(text: Written) -> tuple[dict[int, tuple[str, str]], float]:
    """The verdict and its note, by line."""
    began = time.process_time()
    found: dict[int, tuple[str, str]] = {}
    order = ("wrong", "unreadable", "undecided", "right_under_reading", "right", "not_a_claim")
    for j in audit(document_from_text(text.text, text.file)):
        note = j.fault.message if j.fault else str(j.verdict.note)
        new = (j.verdict.verdict, note)
        old = found.get(j.place.line)
        if old is None or order.index(new[0]) < order.index(old[0]):
            found[j.place.line] = new
    return found, time.process_time() - began


@dataclass
class Count:
    formulas: int = 0
    decided: int = 0
    right: int = 0
    rights: int = 0
    wrong: int = 0
    wrongs: int = 0
    accused: int = 0
    accepted: int = 0
    seconds: float = 0.0
    lost: list[tuple[str, Line, str, str]] = field(default_factory=list)
    bad: list[tuple[str, Line, str]] = field(default_factory=list)

    def add(self, document: str, text: Written) -> None:
        found, seconds = judged(text)
        self.seconds += seconds
        for number, line in text.expected.items():
            verdict, note = found.get(number, ("missing", ""))
            right = verdict.startswith("right")
            self.formulas += 1
            self.decided += right or verdict == "wrong"
            if line.kind == "right":
                self.rights += 1
                self.right += right
                self.accused += verdict == "wrong"
            else:
                self.wrongs += 1
                self.wrong += verdict == "wrong"
                self.accepted += right
            good = right if line.kind == "right" else verdict == "wrong"
            if (right or verdict == "wrong") and not good:
                self.bad.append((document, line, note))
            elif not good:
                self.lost.append((document, line, verdict, note))

    def row(self, name: str) -> str:
        return (
            f"| {name} | {self.formulas} | {self.decided / max(1, self.formulas):.0%} | {self.right}/{self.rights}"
            f" | {self.wrong}/{self.wrongs} | {self.accused} | {self.accepted} | {self.seconds:.0f} |"
        )


HEADER = (
    "| renotation | formulas | decided | right kept | wrong found | accused | accepted | s |\n"
    "|---|--:|--:|--:|--:|--:|--:|--:|"
)


def main() -> int:
    parser = argparse.ArgumentParser(description="verdicts of gated networks in many notations")
    parser.add_argument("--only", nargs="*", default=[], help="parts of names of renotations")
    parser.add_argument("--documents", nargs="*", default=list(DOCUMENTS))
    parser.add_argument("--pairs", type=int, default=0)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--lost", action="store_true")
    parser.add_argument("--print", action="store_true", dest="printed")
    options = parser.parse_args()
    chosen: dict[str, Renotation] = {"clean": both()}
    chosen |= {
        n: r for n, r in EVERY.items() if not options.only or any(o in n for o in options.only)
    }
    if options.pairs:
        rng = random.Random(options.seed)
        chosen = {"clean": both()}
        while len(chosen) <= options.pairs:
            first, second = rng.sample(sorted(RENOTATIONS), 2)
            a, b = (rng.choice(sorted(RENOTATIONS[k])) for k in (first, second))
            chosen[f"{first}: {a} + {second}: {b}"] = both(
                RENOTATIONS[first][a], RENOTATIONS[second][b]
            )
    if options.printed:
        for renotation in chosen.values():
            for document in options.documents:
                print(written(document, renotation(Style())).text)
        return 0
    print(HEADER)
    total = Count()
    clean = {document: written(document, Style()) for document in options.documents}
    for name, renotation in chosen.items():
        count = Count()
        for document in options.documents:
            text = written(document, renotation(Style()))
            if name != "clean" and text.text == clean[document].text:
                continue  # it has nothing to change here
            count.add(document, text)
        print(count.row(name), flush=True)
        for document, line, note in count.bad:
            print(f"    !! {document}: {line.kind} {line.text}: {note[:200]}")
        if options.lost:
            for (document, verdict, note), n in Counter(
                (d, v, w[:160]) for d, _, v, w in count.lost
            ).items():
                print(f"    {n} x {document}: {verdict}: {note}")
        if name != "clean":
            for key in ("formulas", "decided", "right", "rights", "wrong", "wrongs", "accused", "accepted",
                        "seconds"):  # fmt: skip
                setattr(total, key, getattr(total, key) + getattr(count, key))
    print(total.row("all but the first"))
    return 0


if __name__ == "__main__":
    sys.exit(main())

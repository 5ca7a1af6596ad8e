r"""LaTeX, by template, for pdflatex with ``amsmath`` and nothing else.

What is printed is meant to be read back by :mod:`bptt_sym.read`. Notation chosen for that:

* an immediate derivative with respect to a parameter stands in square brackets,
  :math:`\left[\frac{\partial h_t}{\partial w}\right]`, any other carries the plus of ordered
  derivatives, :math:`\frac{\partial^{+} h_t}{\partial x_t}`;
* a direct one is marked, :math:`\frac{\partial^{\mathrm{dir}} c_t}{\partial c_{t-1}}`, unless it is
  one of a function call, where nothing else can be meant:
  :math:`\frac{\partial f\left(x_t, h_{t-1}, w\right)}{\partial w}`;
* a total one is printed :math:`\frac{\partial h_T}{\partial w}`, as notes do, or with
  ``total="d"`` as :math:`\frac{\mathrm{d} h_T}{\mathrm{d} w}`, which no reading can mistake;
* a product whose factors do not commute shows its direction by an arrow over the sign:
  :math:`\overleftarrow{\prod}_{j=t+1}^{T}` has the factor of the highest index leftmost,
  :math:`\overrightarrow{\prod}` the lowest;
* the columns of a matrix that multiply one part of a concatenation carry the part's name,
  :math:`W_f^{(h)}`;
* a power T of what may be a matrix is printed :math:`W^{+T}`, since :math:`W^{T}` is a transpose;
* a range that could be taken for one that runs down is printed with its inequalities,
  :math:`\prod_{t+1 \le j \le 3}`;
* a product of several factors under a product sign is kept together by (invisible) braces.

Read back, these are the same value and not the same tree: a sum in a sum or a product in a product
is printed flat, ``Outer(a, b)`` as :math:`a b^{\top}`, a negative number as a minus sign, a
quotient of numbers as a number, ``Ones`` as 1, and an index in canonical form.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Final, Literal

from bptt_sym.notation import (
    At,
    Call,
    Claim,
    D,
    Div,
    Had,
    Idx,
    Kind,
    Mul,
    Node,
    Num,
    Outer,
    Pow,
    Prod,
    Rel,
    Sum,
    Sym,
    Transpose,
    affine,
)
from bptt_sym.recurrence import HORIZON, SCALAR, STEP, Recurrence, Shape
from bptt_sym.render.layout import (
    ATOM,
    FACTOR,
    LOOSE,
    REACH,
    Form,
    Items,
    Slot,
    Style,
    listed,
    mark_of,
    plain_index,
    runs,
    starts_with_digit,
    whole,
)
from bptt_sym.render.names import latex_name
from bptt_sym.render.writer import MAX_PRINTED, write, write_claim

TotalStyle = Literal["notes", "d"]

#: Functions that LaTeX itself has a command for; the others get ``\operatorname``.
COMMANDS: Final = frozenset("tanh exp log sinh cosh coth".split())
OPERATORS: Final = {"sech": "sech", "relu": "ReLU", "softmax": "softmax", "identity": "id"}

RELATIONS: Final[Mapping[Rel, str]] = {
    "=": " = ",
    "<=": r" \le ",
    "<": " < ",
    ">=": r" \ge ",
    ">": " > ",
    "->": r" \to ",
    "~": r" \approx ",
    "!=": r" \ne ",
    "prop": r" \propto ",
}


def latex(
    node: Node | Claim,
    rec: Recurrence | None = None,
    *,
    total: TotalStyle = "notes",
    limit: int = MAX_PRINTED,
) -> str:
    r"""LaTeX of an expression or a claim, in time linear in its size, whatever its depth.

    Parameters
    ----------
    rec:
        The recurrence that the names belong to: its ``latex`` table says how a name is printed,
        and in an all-scalar one products need no arrow, their factors commute (unless there is a
        matrix among them).
    total:
        ``"notes"`` prints a total derivative with :math:`\partial`, ``"d"`` with an upright d.
        A total derivative of a function call always has the upright d: with :math:`\partial` it
        would be a direct one.
    limit:
        The most characters printed.

    Raises
    ------
    LimitExceeded
        The text would be longer than ``limit``.
    """
    roots = node.sides if isinstance(node, Claim) else (node,)
    style = LatexStyle(rec, total, roots)
    if isinstance(node, Claim):
        return write_claim(node, style, limit)
    return write(node, style, limit)


class LatexStyle(Style):
    """LaTeX for pdflatex with amsmath."""

    def __init__(
        self,
        rec: Recurrence | None = None,
        total: TotalStyle = "notes",
        roots: Sequence[Node] = (),
    ) -> None:
        super().__init__(rec, roots)
        self._own: Mapping[str, str] = rec.latex if rec is not None else {}
        self._shapes: Mapping[str, Shape] = rec.shapes if rec is not None else {}
        self._applied = frozenset((*rec.functions, *rec.totals)) if rec is not None else frozenset()
        self._total = total

    def _name(self, name: str) -> tuple[str, bool]:
        own = self._own.get(name)
        if own is None:
            return latex_name(name)
        # A declared form is the author's LaTeX; whether it has a superscript is read off it.
        return own, "^" not in own and "'" not in own

    def number(self, value: Fraction) -> Form:
        if value.denominator == 1:
            return ATOM, [whole(value.numerator)]
        return FACTOR, [rf"\frac{{{whole(value.numerator)}}}{{{whole(value.denominator)}}}"]

    def idx(self, name: str) -> str:
        return latex_name(name)[0]

    def sym(self, name: str) -> Form:
        text, roomy = self._name(name)
        return ATOM if roomy else FACTOR, [text]

    def at(self, name: str, time: Node) -> Form:
        text, roomy = self._name(name)
        strength = ATOM if roomy else FACTOR
        lowered = "_" in text
        if not lowered and (index := _plain(time)) is not None:
            return strength, [f"{text}_{index}" if len(index) == 1 else f"{text}_{{{index}}}"]
        if lowered:
            # A second subscript joins the first: W_{f} at t is W_{f,t}.
            head, script = split_subscript(text)
            return strength, [head[0], "_{", script, ",", Slot(time, LOOSE, True), "}", head[1]]
        return strength, [text, "_{", Slot(time, LOOSE, True), "}"]

    def ones(self) -> Form:
        return ATOM, ["1"]

    def sign(self, minus: bool, first: bool, compact: bool) -> str:
        if first:
            return "-" if minus else ""
        if compact:
            return "-" if minus else "+"
        return " - " if minus else " + "

    def times(self, left: Node, right: Node, compact: bool) -> str:
        if starts_with_digit(right) or (isinstance(left, Num) and isinstance(right, Div)):
            return r" \cdot "
        if self._applied:
            base = left
            if isinstance(base, Transpose):
                base = base.arg
            elif isinstance(base, Pow):
                base = base.base
            if isinstance(base, (At, Sym)) and base.name in self._applied:
                return r" \cdot "  # C (1 - h) would be the function C of 1 - h
        return " "

    def odot(self) -> str:
        return r" \odot "

    def brackets(self, inside: Items) -> Items:
        return [r"\left(", *inside, r"\right)"]

    def fraction(self, num: Node, den: Node, compact: bool) -> Form:
        return FACTOR, [r"\frac{", Slot(num), "}{", Slot(den), "}"]

    def power(self, base: Slot, exp: Slot) -> Form:
        sign = ""
        if isinstance(exp.node, Idx) and exp.node.name == HORIZON and self._transposes(base.node):
            sign = "+"  # W^{T} would be a transpose
        return FACTOR, [base, "^{" + sign, exp, "}"]

    def _transposes(self, base: Node) -> bool:
        """Whether a superscript T on ``base`` may be read as its transpose."""
        if isinstance(base, At):
            return True
        if self._scalar or not self._shapes or isinstance(base, Num):
            return False
        return not isinstance(base, Sym) or self._shapes.get(base.name, SCALAR) != SCALAR

    def transpose(self, base: Slot) -> Form:
        return FACTOR, [base, r"^{\top}"]

    def fn(self, name: str, order: int, exp: int | None, arg: Node) -> Form:
        head = self._function(name)
        if name == "sqrt" and not order and exp is None:
            return FACTOR, [r"\sqrt{", Slot(arg), "}"]
        script = ""
        if exp is not None:
            script = f"^{{{exp}}}"
        elif 0 < order <= 3:
            script = "'" * order
        elif order > 3:
            script = f"^{{({order})}}"
        return FACTOR, [head, script, r"\left(", Slot(arg), r"\right)"]

    def _function(self, name: str) -> str:
        if name in COMMANDS:
            return "\\" + name
        if name == "sigma":
            return r"\sigma"
        if name in OPERATORS:
            return rf"\operatorname{{{OPERATORS[name]}}}"
        if name == "sqrt":
            return r"\operatorname{sqrt}"
        text, roomy = self._name(name)
        return text if roomy else f"{{{text}}}"

    def call(self, name: str, args: Sequence[Node]) -> Form:
        return FACTOR, [self._name(name)[0], r"\left(", *listed(args, ", "), r"\right)"]

    def derivative(self, kind: Kind, y: Node, xs: Sequence[Node]) -> Form:
        d = r"\partial"
        times = f"^{{{len(xs)}}}" if len(xs) > 1 else ""
        bracketed = False
        if kind == "total" and (self._total == "d" or isinstance(y, Call)):
            d = r"\mathrm{d}"
        elif kind == "immediate":
            bracketed = isinstance(xs[0], Sym) and not isinstance(y, (Sym, D, Call))
            times = "" if bracketed else "^{+}"
        elif mark := mark_of(kind, y, xs):
            times = rf"^{{\mathrm{{{mark}}}}}"
        below: Items = []
        for x, n in runs(xs):
            if below:
                below.append(r" \, ")
            least = ATOM if n > 1 or not isinstance(x, (At, Sym)) else LOOSE
            below += [d, " ", Slot(x, least)]
            if n > 1:
                below.append(f"^{{{n}}}")
        if isinstance(y, (At, Sym, Call)):
            body: Items = [rf"\frac{{{d}{times} ", Slot(y), "}{", *below, "}"]
            strength = FACTOR
        else:
            body = [rf"\frac{{{d}{times}}}{{", *below, "} ", Slot(y, FACTOR)]
            strength = REACH
        if bracketed:
            return ATOM, [r"\left[", *body, r"\right]"]
        return strength, body

    def big(self, op: Sum | Prod, var: str) -> Form:
        sign = r"\sum"
        if isinstance(op, Prod):
            sign = r"\prod"
            if op.descending is not None and not self.factors_commute:
                arrow = "left" if op.descending else "right"
                sign = rf"\mathop{{\over{arrow}arrow{{\prod}}}}"
        low: str | Slot = _plain(op.lo) or Slot(op.lo, LOOSE, True)
        high: str | Slot = _plain(op.hi) or Slot(op.hi, LOOSE, True)
        body = self._body(op)
        if runs_upward(op.lo, op.hi):
            return REACH, [f"{sign}_{{{self.idx(var)}=", low, "}^{", high, "} ", *body]
        middle = rf" \le {self.idx(var)} \le "
        return REACH, [f"{sign}_{{", low, middle, high, "} ", *body]

    def _body(self, op: Sum | Prod) -> Items:
        body = Slot(op.body, REACH)
        inner = op.body
        if isinstance(op, Prod) and (
            isinstance(inner, (Mul, Had, Outer, Sum, Prod))
            or (isinstance(inner, D) and not isinstance(inner.y, (At, Sym, Call)))
        ):
            return ["{", body, "}"]
        return [body]

    def diag(self, arg: Node) -> Form:
        return FACTOR, [r"\operatorname{diag}\left(", Slot(arg), r"\right)"]

    def concat(self, args: Sequence[Node]) -> Form:
        return ATOM, [r"\left[", *listed(args, r",\, "), r"\right]"]

    def block(self, arg: Node, part: str) -> Form:
        return FACTOR, [Slot(arg, ATOM), "^{(", self._name(part)[0], ")}"]

    def matrix(self, rows: Sequence[Sequence[Node]]) -> Form:
        items: Items = [r"\begin{pmatrix} "]
        for i, entries in enumerate(rows):
            if i:
                items.append(r" \\ ")
            items += listed(entries, " & ")
        return ATOM, [*items, r" \end{pmatrix}"]

    def norm(self, arg: Node, order: str) -> Form:
        sub = {"any": "", "inf": r"_{\infty}"}.get(order, f"_{{{order}}}")
        return ATOM if not sub else FACTOR, [r"\left\|", Slot(arg), r"\right\|" + sub]

    def absolute(self, arg: Node) -> Form:
        return ATOM, [r"\left|", Slot(arg), r"\right|"]

    def relation(self, rel: Rel) -> str:
        return RELATIONS[rel]


def _plain(node: Node) -> str | None:
    """An index that is a variable plus a whole number, or a whole number, unless it is huge."""
    simple = plain_index(node)
    if simple is None or simple[1].bit_length() > 64:
        return None
    var, k = simple
    if not var:
        return str(k)
    var = latex_name(var)[0]
    return f"{var}{k:+d}" if k else var


def runs_upward(lo: Node, hi: Node) -> bool:
    r"""Whether no reader takes the range for one that runs down from ``lo`` to ``hi``.

    :math:`\prod_{j=T}^{t+1}` runs down, and so may :math:`\prod_{j=t+1}^{3}`, where only a person
    who knows that T is 3 can tell.
    """
    at, to = plain_index(lo), plain_index(hi)
    if at is not None and to is not None and at[0] == to[0]:
        return True  # nearly every range printed
    low, high = affine(lo), affine(hi)
    if low is None or high is None:
        return True
    if not low[0] and not high[0]:
        return True
    gap = {n: high[0].get(n, 0) - low[0].get(n, 0) for n in (*low[0], *high[0])}
    for name in (HORIZON, STEP):
        if gap.get(name, 0):
            return gap[name] > 0
    return all(c >= 0 for c in gap.values())


def split_subscript(text: str) -> tuple[tuple[str, str], str]:
    """``((before, after), subscript)`` of LaTeX that has a subscript: ``W_{f}^{(1)}``."""
    before, _, rest = text.partition("_")
    if rest.startswith("{") and "}" in rest:
        script, _, after = rest[1:].partition("}")
        if script.count("{") > script.count("}"):
            more, _, after = after.partition("}")
            script += "}" + more
        return (before, after), script
    return (before, rest[1:]), rest[:1]

r"""What is written is read: random expressions, written by a small writer of this file alone.

The writer shares nothing with the package's printer. It chooses between the spellings that people
use (``\left(`` or ``(``, ``h_{t}`` or ``{ h }_{ t }``, ``\frac`` or ``∂h/∂w``), and the tree that
comes back must be the one that was written, whichever was chosen.
"""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bptt_sym.notation import (
    Abs,
    Add,
    At,
    Call,
    Concat,
    D,
    Diag,
    Div,
    Fn,
    Had,
    Idx,
    Mul,
    Neg,
    Node,
    Norm,
    Num,
    Pow,
    Prod,
    Sum,
    Sym,
    Transpose,
    index,
    num,
    walk,
)
from bptt_sym.read import Vocabulary, read_claims, read_expression, recurrence_from_latex
from bptt_sym.recurrence import Recurrence

SEQUENCES = ("h", "c", r"\tilde{c}", "x_{in}")
SCALARS = ("w", r"\alpha", "b_{hidden}")
MATRICES = ("W_{hidden}", "U_f", r"\mathbf{V}")


def recurrence() -> Recurrence:
    return recurrence_from_latex(
        [
            r"\tilde{c}_t = \tanh(W_{hidden} h_{t-1} + U_f x^{(t)})",
            r"c_t = w c_{t-1} + \alpha \tilde{c}_t + \mathbf{V} \tilde{c}_t",
            r"h_t = \phi(c_t) + b_{hidden}",
            r"L_t = \ell(h_t, x_t)",
            r"L = \sum_t L_t",
        ]
    )


VOCABULARY = Vocabulary(
    sequences=frozenset(SEQUENCES),
    parameters=frozenset(SCALARS + MATRICES),
    totals=frozenset({"L"}),
    functions=frozenset({r"\ell", "f"}),
    activations={"tanh": "tanh", r"\sigma": "sigma", r"\phi": r"\phi", "exp": "exp"},
    shapes={
        **dict.fromkeys(SEQUENCES, ("n",)),
        **dict.fromkeys(SCALARS, ()),
        **dict.fromkeys(MATRICES, ("n", "n")),
    },
)
REC = recurrence()

steps = st.sampled_from(
    [index("t"), index("t", -1), index("T"), index("k", 1), index("t", "-k"), num(1), index(12)]
)
elements = st.builds(At, st.sampled_from(SEQUENCES[:3]), steps)
symbols = st.sampled_from([Sym(n) for n in SCALARS + MATRICES])
numbers = st.one_of(
    st.integers(0, 99).map(num),
    st.builds(lambda a, b: num(Fraction(a, b)), st.integers(1, 9), st.integers(2, 9)),
)
derivatives = st.one_of(
    st.builds(D, elements, symbols, st.sampled_from(("immediate", "unmarked", "total"))),
    st.builds(D, elements, elements, st.sampled_from(("immediate", "unmarked", "total"))),
    st.builds(D, st.just(Sym("L")), elements, st.sampled_from(("unmarked", "total"))),
)
atoms = st.one_of(elements, symbols, numbers, derivatives)


def flat(kind: type[Add] | type[Mul] | type[Had], parts: list[Node]) -> Node:
    """The written form never nests a sum in a sum without parentheses; here it never nests."""
    out: list[Node] = []
    for p in parts:
        out.extend(p.args if isinstance(p, kind) else (p,))
    return kind(tuple(out))


KINDS = (
    "Add Mul Had Neg Div Fn Pow Diag Transpose Abs Norm Concat Call Sum Prod".split()
)  # fmt: skip


@st.composite
def expressions(draw: st.DrawFn, depth: int = 3) -> Node:
    """An expression of at most ``depth`` levels; a sign stands only at the start of a sum."""

    def below(signed: bool = False) -> Node:
        node = draw(expressions(depth=depth - 1))
        return node.arg if isinstance(node, Neg) and not signed else node

    def several(signed: bool = False) -> list[Node]:
        return [below(signed) for _ in range(draw(st.integers(2, 3)))]

    if depth == 0 or draw(st.integers(0, 3)) == 0:
        return draw(atoms)
    match draw(st.sampled_from(KINDS)):
        case "Add":
            return flat(Add, several(signed=True))
        case "Mul":
            return flat(Mul, several())
        case "Had":
            return flat(Had, several())
        case "Neg":
            return Neg(below())
        case "Div":
            top, bottom = below(True), below(True)
            # A quotient of two numbers is read as a number.
            return Div(Sym("w") if isinstance(top, Num) else top, bottom)
        case "Fn":
            name = draw(st.sampled_from(("tanh", "sigma", r"\phi")))
            return Fn(name, below(True), draw(st.integers(0, 2)))
        case "Pow":
            exps = [num(2), num(3), index("k"), index("T", "-t")]
            base, exp = below(), draw(st.sampled_from(exps))
            if isinstance(base, Abs) and exp == num(2):
                base = Norm(base.arg, "any")  # |h|^2 of a vector is the square of its length
            return Pow(base, exp)
        case "Diag":
            return Diag(below(True))
        case "Transpose":
            return Transpose(below())
        case "Abs":
            return Abs(below(True))
        case "Norm":
            return Norm(below(True), draw(st.sampled_from(("any", "2", "F", "inf"))))
        case "Concat":
            return Concat((draw(elements), draw(elements)))
        case "Call":
            return Call("f", (below(True), draw(elements), draw(symbols)))
        case "Sum":
            lo = draw(st.sampled_from([num(1), index("k", 1)]))
            return Sum("j", lo, draw(st.sampled_from([index("t"), index("T", -1)])), below())
        case _:
            lo = draw(st.sampled_from([num(2), index("k", 1)]))
            hi = draw(st.sampled_from([index("t"), index("T")]))
            return Prod("j", lo, hi, below(), draw(st.sampled_from([None, True, False])))


class Writer:
    """LaTeX with the spellings that ``draw`` chooses."""

    def __init__(self, draw: st.DataObject) -> None:
        self.draw = draw

    def pick(self, *choices: str) -> str:
        return self.draw.draw(st.sampled_from(choices))

    def paren(self, text: str) -> str:
        pairs = [("(", ")"), (r"\left(", r"\right)"), (r"\bigl( ", r" \bigr)")]
        a, b = self.draw.draw(st.sampled_from(pairs))
        return f"{a}{text}{b}"

    def index(self, node: Node) -> str:
        match node:
            case Num(value=v):
                return str(v)
            case Idx(name=n):
                return n
            case Neg(arg=a):
                return "-" + self.index(a)
            case Add(args=args):
                text = self.index(args[0])
                for a in args[1:]:
                    text += self.pick("", " ") + (
                        self.index(a) if isinstance(a, Neg) else "+" + self.index(a)
                    )
                return text
        raise AssertionError(node)

    def at(self, node: At) -> str:
        name = node.name
        if name == r"\tilde{c}":
            name = self.pick(r"\tilde{c}", r"\tilde c", r"{ \tilde { c } }", r"\widetilde{c}")
        time = self.index(node.time)
        forms = [f"{name}_{{{time}}}", f"{{ {name} }}_{{ {time} }}", f"{name}^{{({time})}}",
                 f"{name}^{{\\langle {time} \\rangle}}"]  # fmt: skip
        if len(time) == 1:
            forms.append(f"{name}_{time} ")
        return self.pick(*forms)

    def sum(self, node: Node) -> str:
        if isinstance(node, Add):
            text = ""
            for k, a in enumerate(node.args):
                if isinstance(a, Neg):
                    text += self.pick("-", " - ", " − ") + self.factor(a.arg, product=True)
                else:
                    text += ("" if not k else self.pick("+", " + ")) + self.product(a)
            return text
        if isinstance(node, Neg):
            return "-" + self.factor(node.arg, product=True)
        return self.product(node)

    def product(self, node: Node) -> str:
        if isinstance(node, Mul):
            out = self.factor(node.args[0])
            for a in node.args[1:]:
                # Two numbers side by side need a sign between them.
                join = self.pick(r" \cdot ", r" \times ") if isinstance(a, Num) else self.pick(
                    " ", r"\,", r" \cdot "
                )  # fmt: skip
                out += join + self.factor(a)
            return out
        if isinstance(node, Had):
            sign = self.pick(r" \odot ", r"\circ ", " ⊙ ", r"\otimes ")
            return sign.join(self.factor(a) for a in node.args)
        if isinstance(node, (Sum, Prod)):
            return self.big(node)
        return self.factor(node)

    def big(self, node: Sum | Prod) -> str:
        lo, hi = self.index(node.lo), self.index(node.hi)
        if isinstance(node, Sum):
            sign = self.pick(r"\sum", r"\sum\limits", "∑")
            return f"{sign}_{{{node.var}={lo}}}^{{{hi}}} {self.factor(node.body)}"
        sign = {
            None: r"\prod",
            True: r"\overleftarrow{\prod}",
            False: r"\mathop{\overrightarrow{\prod}}",
        }[node.descending]
        return f"{sign}_{{{node.var}={lo}}}^{{{hi}}} {{{self.sum(node.body)}}}"

    def factor(self, node: Node, product: bool = False) -> str:
        match node:
            case Num(value=v):
                if v.denominator == 1:
                    return str(v)
                return rf"\frac{{{v.numerator}}}{{{v.denominator}}}"
            case Sym(name=n):
                return {r"\mathbf{V}": r"\boldsymbol{V}"}.get(n, n) + " "
            case At():
                return self.at(node)
            case Div(num=a, den=b):
                return rf"\frac{{{self.sum(a)}}}{{{self.sum(b)}}}"
            case Fn(name=n, arg=a, order=k):
                head = {"tanh": r"\tanh", "sigma": r"\sigma"}.get(n, n)
                return head + "'" * k + self.paren(self.sum(a))
            case Pow(base=Fn(order=0) as f, exp=e) if isinstance(e, Num) and self.pick("", "y"):
                head = {"tanh": r"\tanh", "sigma": r"\sigma"}.get(f.name, f.name)
                return f"{head}^{{{self.index(e)}}}" + self.paren(self.sum(f.arg))
            case Pow(base=b, exp=e):
                return self.base(b) + f"^{{{self.index(e)}}}"
            case Transpose(arg=a):
                return self.base(a) + self.pick(r"^\top", r"^{\top}", r"^{\mathsf T}", "ᵀ")
            case Diag(arg=a):
                sign = self.pick(r"\mathrm{diag}", r"\operatorname{diag}", r"\text{diag}")
                return sign + self.paren(self.sum(a))
            case Abs(arg=a):
                return rf"\left|{self.sum(a)}\right|"
            case Norm(arg=a, ord=o):
                sub = {"any": "", "inf": r"_\infty"}.get(o, f"_{o} ")
                return rf"\left\|{self.sum(a)}\right\|{sub}"
            case Concat(args=(a, b)):
                return f"[{self.sum(a)}{self.pick(', ', '; ')}{self.sum(b)}]"
            case Call(name=n, args=args):
                return f"{n}({self.pick(', ', ',').join(self.sum(a) for a in args)})"
            case D():
                return self.derivative(node)
            case Mul() | Had() | Sum() | Prod() if product and isinstance(node, Mul):
                return self.product(node)
            case Add() | Mul() | Had() | Neg() | Sum() | Prod():
                return self.paren(self.sum(node))
        raise AssertionError(node)

    def base(self, node: Node) -> str:
        """Something that takes a superscript."""
        if isinstance(node, Sym) or (isinstance(node, Num) and node.value.denominator == 1):
            return self.factor(node).strip()
        if isinstance(node, At) and self.pick("", "y"):
            return f"{node.name}_{{{self.index(node.time)}}}"
        return self.paren(self.sum(node))

    def derivative(self, node: D) -> str:
        y, x = self.factor(node.y), self.factor(node.x)
        d = {"total": self.pick("d ", r"\mathrm{d} ")}.get(node.kind, self.pick(r"\partial ", "∂"))
        if node.kind == "immediate":
            if isinstance(node.x, Sym) and self.pick("", "y"):
                return rf"\left[\frac{{{d}{y}}}{{{d}{x}}}\right]"
            return rf"\frac{{\partial^{{+}} {y}}}{{\partial {x}}}"
        if node.kind == "unmarked" and self.pick("", "", "y"):
            return rf"\partial_{{{x}}} {y}"
        if self.pick("", "", "y"):
            return f"{d}{y}/{d}{x}"
        return rf"\frac{{{d}{y}}}{{{d}{x}}}"


@settings(max_examples=60)
@given(node=expressions(), data=st.data())
def test_every_spelling_reads_back(node: Node, data: st.DataObject) -> None:
    text = Writer(data).sum(node)
    assert read_expression(text, REC, vocabulary=VOCABULARY) == node, text


def test_the_braces_behind_a_product_hold_its_body_whatever_sign_it_begins_with() -> None:
    text = r"\prod_{j=2}^{t} {-h_{t} + h_{t}}"
    assert read_expression(text, REC, vocabulary=VOCABULARY) == Prod(
        "j", num(2), index("t"), Add((Neg(At("h", index("t"))), At("h", index("t")))), None
    )


@settings(max_examples=60)
@given(left=expressions(), right=expressions(), data=st.data())
def test_claims_read_back_and_spans_point_at_their_text(
    left: Node, right: Node, data: st.DataObject
) -> None:
    writer = Writer(data)
    a, b = writer.sum(left), writer.sum(right)
    relation, op = data.draw(
        st.sampled_from([(" = ", "="), (r" \le ", "<="), (r" \to ", "->"), ("≥", ">=")])
    )
    text = f"{a}{relation}{b}{data.draw(st.sampled_from(['', '.', ' ,']))}"
    (claim,) = read_claims(text, REC, vocabulary=VOCABULARY)
    assert claim.sides == (left, right) and claim.ops == (op,)
    # The text under a node's span, read alone, is that node (sums stand for themselves).
    for side, low, high in ((claim.sides[0], 0, len(a)), (claim.sides[1], len(a), len(text))):
        for node in walk(side):
            if node.span is None:
                continue
            assert low <= node.span.start < node.span.end <= high
            if isinstance(node, (Fn, Call, Diag, D)):
                piece = text[node.span.start : node.span.end]
                alone = read_expression(piece, REC, vocabulary=VOCABULARY)
                # \tanh^2(x): the function's text holds its power
                powered = isinstance(alone, Pow) and alone.base == node
                assert alone == node or powered, piece


@pytest.mark.parametrize(
    ("text", "same"),
    [
        ("∂hₜ/∂hₜ₋₁", r"\frac{\partial h_t}{\partial h_{t-1}}"),
        ("h_t²", "h_t^2"),
        ("(W_{hidden})ᵀ h_t", r"W_{hidden}^\top h_t"),
        ("∏_{j=2}^{t} c_j", r"\prod_{j=2}^{t} c_j"),
        ("Σ_{j=1}^{T} c_j", r"\sum_{j=1}^{T} c_j"),
        ("σ(c_t) ⊙ h_t", r"\sigma(c_t) \odot h_t"),
        ("α·h_t", r"\alpha h_t"),
        ("c̃_t", r"\tilde c_t"),
        ("½ h_t", r"\frac12 h_t"),
        ("1/2 h_t", r"\frac{1}{2} h_t"),
        ("𝐕 h_t", r"\mathbf{V} h_t"),
        (r"\tanh^2 c_t", r"(\tanh(c_t))^2"),
        (r"h_t \tanh c_t", r"h_t \tanh(c_t)"),
        (r"\prod_{j=t}^{1} c_j", r"\overleftarrow{\prod}_{j=1}^{t} c_j"),
        (r"\prod_{t \ge j > k} c_j", r"\overleftarrow{\prod}_{j=k+1}^{t} c_j"),
        (r"\sum_{k<t} c_k", r"\sum_{k=1}^{t-1} c_k"),
        (r"\sum_{1\le k\le t} c_k", r"\sum_{k=1}^{t} c_k"),
        (r"\sum_t c_t", r"\sum_{t=1}^{T} c_t"),
        (r"\prod_{j=2}^{t} \mathrm{diag}(c_j) U_f", r"\prod_{j=2}^{t} {\mathrm{diag}(c_j) U_f}"),
        (r"\prod_{j=2}^{t} c_j c_1", r"\left(\prod_{j=2}^{t} {c_j}\right) c_1"),
        (r"\prod_{j=2}^{t} c_j \prod_{j=2}^{t} h_j",
         r"\left(\prod_{j=2}^{t} {c_j}\right) \left(\prod_{j=2}^{t} {h_j}\right)"),
        (r"\frac{\partial^2 h_t}{\partial w^2}",
         r"\frac{\partial}{\partial w}\left(\frac{\partial h_t}{\partial w}\right)"),
        (r"\frac{\partial^2 h_t}{\partial w\,\partial \alpha}",
         r"\partial_w (\partial_\alpha h_t)"),
        (r"\nabla_{h_t} L", r"\frac{\partial L}{\partial h_t}"),
        (r"\underbrace{w c_t}_{\text{carry}} + h_t", "w c_t + h_t"),
        (r"\boxed{h_t}", "h_t"),
    ],
)  # fmt: skip
def test_two_spellings_of_one_expression(text: str, same: str) -> None:
    found = read_expression(text, REC, vocabulary=VOCABULARY)
    assert found == read_expression(same, REC, vocabulary=VOCABULARY)

"""Whole derivations in every format; LaTeX that compiles, HTML and MathML that parse."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Iterator
from fractions import Fraction
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree

import pytest

from bptt_sym.cells import elman, elman_vector
from bptt_sym.derive import Derivation, Range, Step
from bptt_sym.errors import NotSupported
from bptt_sym.forms import derive
from bptt_sym.notation import (
    FUNCTIONS,
    Abs,
    Add,
    At,
    Block,
    Call,
    Concat,
    D,
    Diag,
    Div,
    Fn,
    Had,
    Idx,
    Matrix,
    Mul,
    Neg,
    Node,
    Norm,
    Ones,
    Outer,
    Pow,
    Prod,
    Sum,
    Sym,
    Transpose,
    index,
    num,
)
from bptt_sym.recurrence import Equation, Recurrence
from bptt_sym.render import derivation, latex, mathml
from bptt_sym.render.derivation import FORMATS, LINE

T, t, w = Idx("T"), Idx("t"), Sym("w")


def h(*terms: str | int) -> At:
    return At("h", index(*terms))


CELL = Recurrence(
    "cell",
    (Equation("h", Fn("tanh", Add((Mul((w, h("t", -1))), At("u", t))))),),
    {"h": (), "w": (), "u": ()},
)
STEPS = Range("t", num(1), T)
NAMES = ("w", r"\tilde{c}", "W_{hidden}", "h^{(1)}", "loss", "a$b", r"\mathbf{W}_{hh}", "中", "f'")
PARTS = (w, Mul((w, num(2))), Add((w, num(-1))), D(h("t"), w), Sum("t", num(1), T, h("t")))
#: One of each class of node, over operands that bind loosely and tightly.
EVERY: tuple[Node, ...] = (
    *(Sym(name) for name in NAMES),
    *(At(name, index("t", -1)) for name in NAMES),
    *(Pow(Sym(name), num(2)) for name in NAMES),
    *(cls(p) for cls in (Neg, Diag, Transpose, Abs, Norm) for p in PARTS),
    *(cls((p, w, p)) for cls in (Add, Mul, Had, Concat) for p in PARTS),
    *(cls(p, q) for cls in (Div, Pow, Outer) for p in PARTS for q in PARTS),
    *(D(p, w, kind) for kind in ("total", "immediate", "direct") for p in (*PARTS, At("h", T))),
    *(Fn(name, w, order) for name in (*sorted(FUNCTIONS), r"\varphi") for order in range(5)),
    *(Pow(Fn(name, w), num(2)) for name in sorted(FUNCTIONS)),
    *(Prod("j", num(1), T, p, order) for order in (True, False, None) for p in PARTS),
    *(Norm(w, order) for order in ("1", "2", "inf", "F")),
    Call("f", (w, h("t"))),
    D(Call("f", (w, h("t"))), w, "total"),
    D(D(h("t"), w), At("x", t)),
    Block(Sym("W_f"), "h"),
    Matrix(((w, num(0)), (num(1), w))),
    Ones(),
    num(Fraction(-3, 7)),
)


def sample(title: str = "A title", note: str = "", terms: int = 3) -> Derivation:
    immediate = D(h("t"), w, "immediate")
    value = Mul((Add((num(1), Neg(Pow(h("t"), num(2))))), h("t", -1)))
    chain = Add((immediate, Mul((D(h("t"), h("t", -1)), D(h("t", -1), w)))))
    series = Add(
        tuple(
            Neg(Mul((Pow(w, num(k)), D(h("T", -k), w, "immediate"))))
            if k % 2
            else Mul((Pow(w, num(k)), D(h("T", -k), w, "immediate")))
            for k in range(terms)
        )
    )
    return Derivation(
        CELL,
        title,
        (
            Step("definition", (), immediate, value, where=(STEPS,)),
            Step("chain rule", (1,), D(h("t"), w), chain, note, (STEPS,), "A_t"),
            Step("series", (1, 2), D(h("T"), w), series, where=(Range("T", num(terms)),)),
        ),
        form="series",
        layout="numerator layout",
        target=D(h("T"), w),
    )


def test_text() -> None:
    assert derivation(sample(note="a note")) == (
        "A title\n"
        "series, every T, numerator layout\n"
        "\n"
        "(1)  [∂hₜ/∂w] = (1 − hₜ²) hₜ₋₁\n"
        "     definition; 1 ≤ t ≤ T\n"
        "(2)  Aₜ: ∂hₜ/∂w = [∂hₜ/∂w] + ∂hₜ/∂hₜ₋₁ · ∂hₜ₋₁/∂w\n"
        "     chain rule; by (1); 1 ≤ t ≤ T\n"
        "     a note\n"
        "(3)  ∂h_T/∂w = w⁰ [∂h_T/∂w] − w¹ [∂h_{T−1}/∂w] + w² [∂h_{T−2}/∂w]\n"
        "     series; by (1) and (2); T ≥ 3\n"
    )


def test_latex() -> None:
    assert derivation(sample(), "latex") == "\n".join(
        [
            r"\begin{align*}",
            r"\left[\frac{\partial h_t}{\partial w}\right] &= \left(1 - h_t^{2}\right) h_{t-1} "
            r"&& \text{(definition, $1 \le t \le T$)} \tag{1} \\",
            r"\frac{\partial h_t}{\partial w} &= \left[\frac{\partial h_t}{\partial w}\right] "
            r"+ \frac{\partial h_t}{\partial h_{t-1}} \frac{\partial h_{t-1}}{\partial w} "
            r"&& \text{($A_t$: chain rule; by (1), $1 \le t \le T$)} \tag{2} \\",
            r"\frac{\partial h_T}{\partial w} &= w^{0} "
            r"\left[\frac{\partial h_T}{\partial w}\right] "
            r"- w^{1} \left[\frac{\partial h_{T-1}}{\partial w}\right] \\",
            r"&\quad + w^{2} \left[\frac{\partial h_{T-2}}{\partial w}\right] "
            r"&& \text{(series; by (1) and (2), $T \ge 3$)} \tag{3}",
            r"\end{align*}",
        ]
    )


def test_a_long_sum_is_broken_between_terms_and_loses_none() -> None:
    block = derivation(sample(terms=40), "latex")
    rows = block.split(r"\\" + "\n")
    assert len(rows) > 10
    assert all(len(row) < 2 * LINE + 60 for row in rows)
    joined = re.sub(r" \\\\\n&\\quad ", " ", block)
    for k in range(40):
        sign = "-" if k % 2 else "+"
        term = rf"w^{{{k}}} \left["
        assert joined.count(term) == 1
        assert k == 0 or f"{sign} {term}" in joined


def test_markdown_keeps_prose_from_being_markup() -> None:
    shown = derivation(sample("a_b *c* <b>", note="# not a heading\n$x$"), "markdown")
    assert shown.startswith("# a\\_b \\*c\\* \\<b\\>\n")
    assert "\\# not a heading \\$x\\$" in shown
    assert shown.count("$$") == 6
    assert "**(3)** series; by (1) and (2); $T \\ge 3$" in shown


class Balanced(HTMLParser):
    """Collects tags that are opened and not closed."""

    VOID = frozenset(("meta", "!doctype"))

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.wrong: list[str] = []
        self.seen: list[tuple[str, dict[str, str | None]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append((tag, dict(attrs)))
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if not self.open or self.open.pop() != tag:
            self.wrong.append(tag)


def test_html_is_a_balanced_page_that_loads_nothing_and_runs_nothing() -> None:
    page = derivation(sample("<script>alert(1)</script>", note="<img src=x>"), "html")
    parser = Balanced()
    parser.feed(page)
    assert not parser.open and not parser.wrong
    tags = {tag for tag, _ in parser.seen}
    assert "math" in tags and not tags & {"script", "img", "link", "iframe"}
    targets = [a["href"] for tag, a in parser.seen if tag == "a"]
    anchors = {f"#{a['id']}" for _, a in parser.seen if "id" in a}
    assert targets and set(targets) <= anchors
    assert "&lt;script&gt;" in page


def test_an_unknown_format_is_refused_by_name() -> None:
    with pytest.raises(NotSupported, match=r"'pdf'.*text, latex, markdown, html, json"):
        derivation(sample(), "pdf")


def derivations() -> Iterator[Derivation]:
    for cell in (elman(), elman_vector()):
        for form in ("telescoped", "series"):
            for horizon in (None, 3):
                target = "dh[T]/dw" if cell.name == "elman" else "dh[T]/db_{hh}"
                yield derive(cell, target, horizon, form)


def test_every_format_prints_every_derivation() -> None:
    for d in derivations():
        for name in FORMATS:
            shown = derivation(d, name)
            assert shown
            # No step is lost on the way.
            last = f"({len(d.steps)})" if name in ("text", "markdown") else str(len(d.steps))
            assert last in shown


@pytest.mark.skipif(shutil.which("pdflatex") is None, reason="pdflatex is not installed")
def test_the_document_compiles_with_pdflatex_and_amsmath_alone(tmp_path: Path) -> None:
    d = sample("Unicode: h_T, ∂, σ, é, 中 & 100% {braces} \\input", note="$x$ ~ ^ # _", terms=40)
    documents = [derivation(d, "latex", document=True, total="d")]
    documents += [derivation(x, "latex", document=True) for x in derivations()]
    extra = " \\\\\n".join(latex(node) for node in EVERY)
    documents[0] = documents[0].replace(
        r"\end{document}", f"\\begin{{align*}}\n{extra}\n\\end{{align*}}\n\\end{{document}}"
    )
    body = [re.sub(r"(?s).*\\begin\{document\}|\\end\{document\}.*", "", x) for x in documents]
    preamble = documents[0].split(r"\begin{document}")[0]
    assert re.findall(r"\\usepackage(?:\[\w+\])?\{(\w+)\}", preamble) == ["inputenc", "amsmath"]
    source = preamble + r"\begin{document}" + "\n".join(body) + r"\end{document}"
    (tmp_path / "d.tex").write_text(source, encoding="utf-8")
    done = subprocess.run(
        ["pdflatex", "-no-shell-escape", "-interaction=nonstopmode", "-halt-on-error",
         "-draftmode", "d.tex"],
        cwd=tmp_path, capture_output=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout.decode(errors="replace")[-2000:]


def test_mathml_is_well_formed_and_keeps_every_leaf() -> None:
    for node in EVERY:
        root = ElementTree.fromstring(mathml(node))
        assert root.tag.endswith("math")
        for element in root.iter():
            name = element.tag.rpartition("}")[2]
            wanted = {"msup": 2, "msub": 2, "mfrac": 2, "msubsup": 3, "munderover": 3, "mover": 2}
            if name in wanted:
                assert len(element) == wanted[name], ElementTree.tostring(element)


def test_mathml_of_a_small_formula() -> None:
    shown = mathml(Pow(h("t"), num(2)), display=False)
    assert shown == (
        '<math xmlns="http://www.w3.org/1998/Math/MathML"><mrow>'
        "<msup><mrow><msub><mi>h</mi><mrow><mi>t</mi></mrow></msub></mrow>"
        "<mrow><mn>2</mn></mrow></msup></mrow></math>"
    )

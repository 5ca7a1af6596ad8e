"""Documents: which formulas are found, where they stand, and that hostile text ends."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bptt_sym.documents.document import (
    Document,
    document_from_text,
    formula_from_text,
    read_document,
)
from bptt_sym.errors import InputError
from tests.check.audited import judged


def md(text: str) -> Document:
    return document_from_text(text, "a.md")


def tex(text: str) -> Document:
    return document_from_text(text, "a.tex", tex=True)


def latex(document: Document) -> list[str]:
    return [f.latex for f in document.formulas]


def test_every_markdown_delimiter_is_read() -> None:
    document = md(
        "$a=1$ and \\(a=2\\) and \\\\(a=3\\\\) and $`a=4`$\n\n"
        "$$a=5$$\n\\[ a=6 \\]\n\\\\[a=7\\\\]\n\n"
        "```math\na=8\n```\n\\begin{equation}a=9\\end{equation}\n"
    )
    assert latex(document) == [f"a={i}" for i in range(1, 10)]
    assert [f.display for f in document.formulas] == [False] * 4 + [True] * 5
    assert document.problems == ()


@pytest.mark.parametrize(
    ("text", "latex"),
    [
        ("Given $$a_t$, $b_t$, and $c_t$\nas above.\n\n$$h_t = x_t$$",
         ["a_t", "b_t", "c_t", "h_t = x_t"]),
        ("Let the label be\n$$x_t \\in R^d$ and $y_t$, and $z$\n\n$$h_t = x_t$$",
         [r"x_t \in R^d", "y_t", "z", "h_t = x_t"]),
        ("$$h_t = \\text{if $x > 0$ then}\n\\; x_t$$", ["h_t = \\text{if $x > 0$ then}\n\\; x_t"]),
    ],
)  # fmt: skip
def test_two_dollars_that_one_closes_are_a_slip(text: str, latex: list[str]) -> None:
    assert [f.latex for f in document_from_text(text, "n.md").formulas] == latex


@pytest.mark.parametrize(
    "text",
    [
        "```\n$$a=1$$\n```",
        "~~~python\n$a=1$\n~~~",
        "`$a=1$`",
        "`` $a=1$ ` ``",
        "<!-- $a=1$ -->",
        "para\n\n    $a=1$ in indented code\n",
        "---\ntitle: $a=1$\n---\n",
        "costs $5 and $6",
        "from $ 5 to 6 $ and",
        "\\$a=1\\$",
        "```\nunclosed $a=1$",
    ],
)
def test_code_comments_and_money_are_not_formulas(text: str) -> None:
    assert latex(md(text)) == []


def test_a_list_item_is_not_indented_code() -> None:
    assert latex(md("- item\n\n    $$a=1$$\n")) == ["a=1"]


def test_quotation_marks_are_not_part_of_a_formula() -> None:
    (formula,) = md("> > $$\n> > a\n> > = b\n> > $$\n").formulas
    assert formula.latex.split() == ["a", "=", "b"]
    assert (formula.place().line, formula.place().column) == (2, 5)


def test_tex_environments_comments_and_verbatim() -> None:
    document = tex(
        "\\begin{align*} a &= 1 % b = 2\n\\end{align*}\n% $c = 3$\n100\\% of $d=4$\n"
        "\\begin{verbatim}$e=5$\\end{verbatim} \\verb|$f=6$| line\\\\[2pt] "
        "\\begin{alignat}{2} g=7 \\end{alignat}\\end{document} $h=8$"
    )
    assert latex(document) == ["a &= 1", "d=4", "g=7"]
    assert document.formulas[0].environment == "align*"


def test_places_count_lines_and_characters_from_one() -> None:
    document = md("שלום $x=1$\n\n$$\n  y = 2\n$$\n")
    assert [(f.place().line, f.place().column) for f in document.formulas] == [(1, 7), (4, 3)]
    assert str(document.formulas[0].place()) == "a.md:1:7"


def test_sections_count_headings() -> None:
    document = md("$a$\n# One\n$b$\n## Two\n```\n# not a heading\n```\n$c$\n")
    assert [f.section for f in document.formulas] == [0, 1, 2]
    assert [f.section for f in tex("\\section{A} $a$ \\subsection{B} $b$").formulas] == [1, 2]


def test_macros_are_expanded_and_keep_their_places() -> None:
    document = md(
        "\\newcommand{\\pd}[2]{\\frac{\\partial #1}{\\partial #2}}\n\\def\\w#1{w_{#1}}\n"
        "\\newcommand{\\s}[2][h]{#1_{#2}}\\let\\lets\\tanh\\DeclareMathOperator{\\artanh}{artanh}\n"
        "$\\pd{h_t}{\\w{x}} = \\s{t}\\s[c]{t} \\lets \\artanh$"
    )
    (formula,) = document.formulas
    assert formula.latex == (
        r"\frac{\partial h_t}{\partial w_{x}} = h_{t}c_{t} \tanh \operatorname{artanh}"
    )
    # An argument keeps its own place, a body has that of the call.
    assert formula.place(formula.latex.index("h_t")).column == 6
    assert formula.place(formula.latex.index("\\frac")).column == 2
    assert formula.written.startswith(r"\pd{h_t}")


def test_a_macro_that_is_a_command_leaves_its_argument_alone() -> None:
    text = "\\newcommand{\\v}{\\mathbf}\\def\\T{\\top}$\\v{h}_t^\\T \\v x_t^\\T b$"
    assert latex(md(text)) == [r"\mathbf{h}_t^\top \mathbf x_t^\top b"]


def test_a_macro_holds_from_its_definition_on() -> None:
    text = "\\newcommand{\\a}{x}$\\a$ \\renewcommand{\\a}{y}$\\a$"
    assert [f.replace("{}", "") for f in latex(tex(text))] == ["x", "y"]


@pytest.mark.parametrize(
    "written, read",
    [
        (r"\frac{\part y}{\part x} \sdot \infin", r"\frac{\partial y}{\partial x} \cdot \infty"),
        (r"\pdv{h_t}{w}\textcolor{red}{a}_1", r"\frac{\partial h_t}{\partial w}{a}_1"),
        (r"a^{\lt t-1 \gt} + \triangledown_h L", r"a^{< t-1 >} + \nabla_h L"),
        (r"\mW \vh_t + \vb", r"\mathbf{W} \mathbf{h}_t + \mathbf{b}"),
        (r"\vb{h} + \partition", r"\mathbf{h} + \partition"),
        (r"{\partial h_t \over \partial w} = a", r"\frac{\partial h_t }{ \partial w} = a"),
        (r"x_{i} + {a + {b \over c} \over d_{t}}", r"x_{i} + \frac{a + \frac{b }{ c} }{ d_{t}}"),
        (r"a \\overline{b} \over c", r"a \\overline{b} \over c"),
        (r"\norm{W} \le \gamma", r"\left\| W \right\| \le \gamma"),
        (r"{\cal L}\Tau", r"\mathcal{L}\mathrm{T}"),
        (r"\bar{\bf h}_t + {\bf x_{t-1}}", r"\bar{\mathbf{h}}_t + \mathbf{x}_{t-1}"),
        (r"\frac{\bf h}{\bf x} W_{\rm in}", r"\frac{\mathbf{h}}{\mathbf{x}} W_{\mathrm{in}}"),
        (r"{\rm diag}(x) {\bf ab}", r"\mathrm{diag}(x) {\bf ab}"),
    ],
)
def test_commands_of_renderers_and_packages_are_known(written: str, read: str) -> None:
    (formula,) = md(f"${written}$").formulas
    assert formula.latex == read
    assert formula_from_text(written, "claim").latex == read


@pytest.mark.parametrize(
    ("text", "read"),
    [
        (r"see $\[ a_t = b \]$", "a_t = b"),
        (r"$$\( a_t = b \)$$", "a_t = b"),
        (r"$\[ a \] = \[ b \]$", r"\[ a \] = \[ b \]"),
    ],
)
def test_delimiters_within_delimiters(text: str, read: str) -> None:
    (formula,) = md(text).formulas
    assert formula.latex.strip() == read
    assert formula.place(formula.latex.index("a")).column == text.index("a") + 1


def test_a_document_means_its_own_by_a_command_that_a_package_has() -> None:
    text = r"\newcommand{\mW}{U}\newcommand{\norm}[1]{|#1|_F}$\norm{\mW} \vx$"
    assert latex(md(text)) == [r"|U|_F \mathbf{x}"]


def test_an_unclosed_delimiter_is_a_problem_with_its_place() -> None:
    document = md("fine $$a=1$$ then $$ b = 2\n\n# Heading\n\n$$c=3$$\n")
    assert latex(document) == ["a=1", "c=3"]
    (problem,) = document.problems
    assert (problem.place.line, problem.place.column) == (1, 19)
    assert "$$ is not closed" in problem.message


HOSTILE = {
    "dollars": "$$ " * 100_001,
    "brackets": "\\[" * 100_000,
    "environments": "\\begin{equation}" * 20_000,
    "backticks": "".join("`" * n + " " for n in range(1, 400)),
    "comments": "<!--" * 50_000,
    "quotes": "> " * 100_000,
    "spaces": " " * 200_000,
    "macro calls itself": "\\newcommand{\\a}{\\a\\a}$\\a$",
    "macro bomb": "\\newcommand{\\a}[1]{#1#1}$" + "\\a{" * 40 + "x" + "}" * 40 + "$",
    "open definitions": "\\def\\a{" * 20_000,
    "braces": "\\newcommand{\\a}{b}$" + "{" * 100_000 + "$",
    "one long formula": "$$" + "x+" * 100_000 + "$$",
    "verbs": "\\verb|" * 50_000,
}


@pytest.mark.parametrize("name", HOSTILE)
@pytest.mark.parametrize("is_tex", [False, True])
def test_hostile_text_ends(name: str, is_tex: bool) -> None:
    start = time.process_time()
    document_from_text(HOSTILE[name], "a", tex=is_tex)
    assert time.process_time() - start < 5


@given(st.text(st.sampled_from("$`\\[]()>#~ \nab%{}") | st.characters(codec="utf-8")))
def test_any_text_is_read_and_every_formula_has_its_place(text: str) -> None:
    for is_tex in (False, True):
        document = document_from_text(text, "a", tex=is_tex)
        for formula in document.formulas:
            assert len(formula.offsets) == len(formula.latex) + 1
            for i, char in enumerate(formula.latex):
                # Without macros a character is the source's own, or a blank put in its place.
                assert char in (text[formula.offsets[i]], " ")


def test_files_that_are_no_documents(tmp_path: Path) -> None:
    binary, latin, missing = tmp_path / "b.md", tmp_path / "l.md", tmp_path / "m.md"
    binary.write_bytes(b"\x7fELF\0\0")
    latin.write_bytes("a\n\nné".encode("latin-1"))
    for path, words in [
        (binary, "binary"),
        (latin, "byte 0xe9 in line 3"),
        (missing, "no such file"),
        (tmp_path, "folder"),
    ]:
        with pytest.raises(InputError, match=words):
            read_document(path)


def test_line_ends_of_windows(tmp_path: Path) -> None:
    path = tmp_path / "w.md"
    path.write_bytes(b"\xef\xbb\xbf$$\r\na = 1\r\n$$\r\n")
    (formula,) = read_document(path).formulas
    assert (formula.latex, formula.place().line) == ("a = 1", 2)


@pytest.mark.parametrize(
    "row",
    [r"L(t) = - y_t \log z_t", r"\frac{\partial L}{\partial W} = \sum_t \delta a_t h_{t-1}^\top"],
)
def test_a_formula_is_shown_whole_where_its_end_is_respelt(row: str) -> None:
    text = "$$a_t = W h_{t-1}, h_t = \\tanh(a_t)$$\n\n$$z_t = softmax(V h_t)$$\n\n"
    assert judged(f"{text}$${row}$$\n")[-1].latex == row


def test_a_row_that_is_put_together_of_pieces_is_shown_as_it_is_read() -> None:
    gates = "".join(
        rf"$${g}_t = \sigma(W_{g} x_t + U_{g} h_{{t-1}})$$" "\n\n" for g in ("f", "i", "o", "g")
    )
    cell = r"$$c_t = f_t \odot c_{t-1} + i_t \odot g_t, \quad h_t = o_t \odot \tanh(c_t)$$" "\n\n"
    stack = r"$$d_t = [\delta i_t \odot i_t(1-i_t) \mid \delta f_t \odot f_t(1-f_t) \mid "
    stack += r"\delta o_t \odot o_t(1-o_t) \mid \delta g_t \odot (1-g_t^2)]$$" "\n\n"
    claim = r"$$\frac{\partial L}{\partial W} = \sum_t d_t^T x_t$$"
    for entry in judged(gates + cell + stack + claim):
        assert entry.latex.count("{") == entry.latex.count("}")

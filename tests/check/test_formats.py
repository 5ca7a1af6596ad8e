"""Files other than Markdown: every formula keeps its place, and nothing outside is read."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from bptt_sym.check.audit import audit
from bptt_sym.documents.document import read_document
from bptt_sym.documents.formats import notebook
from bptt_sym.errors import InputError

CELL = r"h_t = \tanh(w h_{t-1} + u_t)"
RIGHT = r"\frac{\partial h_t}{\partial h_{t-1}} = (1-h_t^2) w"
WRONG = r"\frac{\partial h_t}{\partial h_{t-1}} = (1+h_t^2) w"


def audited(tmp_path: Path, name: str, text: str) -> list[tuple[str, str]]:
    path = tmp_path / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    found = audit(read_document(path))
    return [(str(j.place).replace(str(tmp_path) + "/", ""), j.verdict.verdict) for j in found]


def test_a_notebook_counts_lines_in_its_cells(tmp_path: Path) -> None:
    cells = [
        {"cell_type": "markdown", "source": ["# Net\n", f"Let ${CELL}$.\n"]},
        {"cell_type": "code", "source": ["a = b = $x$"], "outputs": [
            {"output_type": "display_data", "data": {"text/latex": [f"$$\n{RIGHT}\n$$"]}},
        ]},
        {"cell_type": "markdown", "source": f"so\n\n$${WRONG}$$\n"},
    ]  # fmt: skip
    assert audited(tmp_path, "n.ipynb", json.dumps({"cells": cells, "nbformat": 4})) == [
        ("n.ipynb:cell 1:2:6", "not_a_claim"),
        ("n.ipynb:cell 2:2:1", "right"),
        ("n.ipynb:cell 3:3:3", "wrong"),
    ]


@pytest.mark.parametrize("text", ["{", "[]", '{"cells": 3}', "[" * 100_000, '"x"'])
def test_what_is_no_notebook_says_so(text: str) -> None:
    with pytest.raises(InputError, match="no notebook"):
        notebook(text, "n.ipynb")


def test_cells_of_a_strange_form_are_passed_over() -> None:
    data = {"cells": [3, {"cell_type": "markdown", "source": {"a": 1}}, {"cell_type": "code",
            "outputs": [{"data": {"text/latex": 5}}, 7]}]}  # fmt: skip
    assert notebook(json.dumps(data), "n").formulas == ()


def test_html_has_mathjax_katex_and_pictures(tmp_path: Path) -> None:
    page = (
        f"<html><head><title>a = b</title></head><body><p>Let \\({CELL}\\).</p>\n"
        f'<script type="math/tex; mode=display">{RIGHT}</script>\n'
        f'<span><annotation encoding="application/x-tex">{WRONG}</annotation></span>\n'
        f"<pre>$$ {WRONG} $$</pre><!-- $$ {WRONG} $$ --><script>var a = '$${WRONG}$$'</script>\n"
        r'<img src="https://latex.codecogs.com/svg.latex?\frac{\partial&space;h_t}{\partial&space;w}=h_t&plus;1">'
    )
    assert audited(tmp_path, "p.html", page) == [
        ("p.html:1:55", "not_a_claim"),
        ("p.html:2:39", "right"),
        ("p.html:3:48", "wrong"),
        ("p.html:5:48", "wrong"),
    ]


def test_pictures_in_markdown_are_formulas(tmp_path: Path) -> None:
    encoded = RIGHT.replace("\\", "%5C").replace("{", "%7B").replace(" ", "+")
    text = f"Let ${CELL}$.\n\n![](https://www.zhihu.com/equation?tex={encoded})\n"
    assert audited(tmp_path, "p.md", text)[1] == ("p.md:3:40", "right")


def test_files_put_in_keep_their_place_and_their_macros(tmp_path: Path) -> None:
    (tmp_path / "part").mkdir()
    (tmp_path / "part" / "one.tex").write_text(f"\n$${CELL}$$\n", encoding="utf-8")
    text = (
        "\\newcommand{\\pd}[2]{\\frac{\\partial #1}{\\partial #2}}\n\\input{part/one}\n"
        "$$\\pd{h_t}{h_{t-1}} = (1-h_t^2) w \\label{a} \\tag{3}$$ % $$x=1$$\n"
    )
    assert audited(tmp_path, "main.tex", text) == [
        ("part/one.tex:2:3", "not_a_claim"),
        ("main.tex:3:3", "right"),
    ]


def test_macros_of_files_put_in_hold_from_there_on(tmp_path: Path) -> None:
    (tmp_path / "macros.tex").write_text("% a preamble\n\\newcommand{\\st}{h_t}\n", "utf-8")
    (tmp_path / "mine.sty").write_text("\\newcommand{\\before}{h_{t-1}}\n", encoding="utf-8")
    (tmp_path / "ch").mkdir()
    (tmp_path / "ch" / "b.tex").write_text(
        "$" + CELL.replace("h_{t-1}", r"\before") + "$\n\\newcommand{\\slope}{(1-\\st^2)}", "utf-8"
    )
    text = (
        "\\usepackage{amsmath, mine}\n\\input{macros}\n\\import{ch/}{b}\n"
        "\\includegraphics{a.png} \\[ \\frac{\\partial \\st}{\\partial \\before} = \\slope w \\]\n"
        "\\renewcommand{\\st}{x} \\iffalse \\[ \\st = 1 \\] \\fi\n"
    )
    assert audited(tmp_path, "main.tex", text) == [
        ("ch/b.tex:1:2", "not_a_claim"), ("main.tex:4:28", "right"),
    ]  # fmt: skip


def test_macros_of_a_cell_hold_in_the_next(tmp_path: Path) -> None:
    sources = ["a long text " * 9 + r"$\newcommand{\st}{h_t}$", f"${CELL}$", RIGHT, WRONG]
    sources[2:] = ["$$" + s.replace("h_t^2", r"\st^2") + "$$" for s in sources[2:]]
    cells = [{"cell_type": "markdown", "source": s} for s in sources]
    found = audited(tmp_path, "n.ipynb", json.dumps({"cells": cells, "nbformat": 4}))
    assert [v for _, v in found] == ["not_a_claim", "right", "wrong"]


@pytest.mark.parametrize(("define", "opening", "closing"), [
    (r"\def\be{\begin{equation}}\def\ee{\end{equation}}", r"\be", r"\ee"),
    (r"\newcommand{\beq}{\begin{align}}\newcommand{\eeq}{\end{align}}", r"\beq", r"\eeq"),
    (r"\newenvironment{eqn}{\begin{equation}\small}{\end{equation}}", r"\begin{eqn}", r"\end{eqn}"),
    (r"\newenvironment{two}[1]{#1\begin{align}}{\end{align}}", r"\begin{two}{a}", r"\end{two}"),
    ("", r"\begin{IEEEeqnarray}{rCl}", r"\end{IEEEeqnarray}"),
    ("", r"\begin{empheq}[box=\fbox]{align*}", r"\end{empheq}"),
    ("", r"\begin{xalignat}{2}", r"\end{xalignat}"),
])  # fmt: skip
def test_environments_under_other_names(
    tmp_path: Path, define: str, opening: str, closing: str
) -> None:
    shown = "\n\n".join(f"{opening} {body} {closing}" for body in (CELL, RIGHT, WRONG))
    found = audited(tmp_path, "a.tex", f"{define}\n\\newcommand{{\\bell}}{{x}}\n{shown}\n\\bell\n")
    assert [v for _, v in found] == ["not_a_claim", "right", "wrong"]


@pytest.mark.parametrize(("define", "state"), [
    (r"\NewDocumentCommand{\st}{O{t}}{h_{#1}}", r"\st"),
    (r"\NewDocumentCommand\st{o m}{h_{#2}}", r"\st{t}"),
    (r"\DeclareDocumentCommand{\st}{m m}{#1_{#2}}", r"\st ht"),
    (r"\newcommandx{\st}[1][1=t]{h_{#1}}", r"\st"),
    (r"\newcommand\st[1][t]{h_{#1}}", r"\st"),
])  # fmt: skip
def test_definitions_of_packages(tmp_path: Path, define: str, state: str) -> None:
    shown = "".join(f"\\[ {b.replace('h_t', state)} \\]\n" for b in (CELL, RIGHT, WRONG))
    found = audited(tmp_path, "a.tex", f"{define}\n{shown}")
    assert [v for _, v in found] == ["not_a_claim", "right", "wrong"]


def test_delimiters_in_pairs_have_sizes(tmp_path: Path) -> None:
    bounds = "".join(f"\\[ \\abs{a}{{{RIGHT.split(' = ')[0]}}} \\le \\size{a}{{w}} \\]\n"
                     for a in ("", "*", r"[\big]"))  # fmt: skip
    text = f"\\DeclarePairedDelimiter{{\\size}}{{\\lvert}}{{\\rvert}}\n${CELL}$\n{bounds}"
    assert [v for _, v in audited(tmp_path, "a.tex", text)] == ["not_a_claim", *3 * ["right"]]


PAGE = r"""<html><head><script>
MathJax = {tex: {inlineMath: [['$', '$']], /* ours */ macros: { st: "h_t",
  'pd': ["\\frac{\\partial #1}{\\partial #2}", 2], // a slope
  "\\before": 'h_{t-1}', at: ['h_{#1}', 1, 't'] } } };
</script></head><body>
<p>Let <i>h</i>: $\at = \tanh(w \before + u_t)$; if $0 &lt; |w| &lt; 1$, $\st &lt; 1$.</p>
\[ \pd{\st}{\before} = (1-\st^2) w \]
<math alttext="\pd{\st}{\before} = (1+\st^2) w" display="block"><mi>x</mi></math>
<img alt="$\pd{\st}{\before} = w (1-\st^2)$" src="a.png">
<math alttext="a = b"><annotation encoding="application/x-tex">\pd{\st}{w} = 0</annotation></math>
<img class="mwe-math-fallback-image" alt="\st = \frac12"> <img alt="an \emph{arrow}">
<p>∂h<sub>t</sub>/∂h<sub>t-1</sub> = (1 − h<sub>t</sub><sup>2</sup>)·w</p>
"""


def test_a_page_has_macros_characters_attributes_and_scripts(tmp_path: Path) -> None:
    found = audited(tmp_path, "a.html", PAGE)
    told = [(int(p.split(":")[1]), v) for p, v in found if v != "not_a_claim"]
    assert [v for _, v in told] == ["right", "right", "wrong", "right", "wrong", "right"]
    assert [line for line, _ in told] == [6, 7, 8, 9, 10, 12]


def test_a_condition_of_a_page_is_seen_through_its_characters(tmp_path: Path) -> None:
    page = f"<p>Let ${CELL}$.</p><p>If $|w| &lt; 1$ then $${RIGHT.split(' = ')[0]} &lt; 1$$</p>"
    assert [v for _, v in audited(tmp_path, "a.html", page)][-1] == "right"
    # This one is not put in, but a bound that fails is not called wrong beside it.
    page = f"<p>Let ${CELL}$ &mdash; then $${RIGHT}$$ and if $0 &lt; w &lt; 1$ then \\["
    page += RIGHT.split(" = ")[0] + " &lt; 1 \\]</p>"
    assert [v for _, v in audited(tmp_path, "a.html", page)][-1] != "wrong"


def test_files_outside_the_folder_are_not_read(tmp_path: Path) -> None:
    (tmp_path / "secret.tex").write_text(f"$${CELL}$$", encoding="utf-8")
    found = audited(tmp_path, "docs/main.tex", "\\input{../secret}\n\\input{/etc/passwd}\n")
    assert [v for _, v in found] == ["unreadable", "unreadable"]


def test_files_that_put_each_other_in_end(tmp_path: Path) -> None:
    for a, b in ("xy", "yx"):
        (tmp_path / f"{a}.tex").write_text(f"\\input{{{b}}} ${CELL}$", encoding="utf-8")
    assert len(audited(tmp_path, "main.tex", "\\input{x}")) == 2


def test_plain_text_with_unicode_mathematics(tmp_path: Path) -> None:
    text = (
        "The state is hₜ = tanh(w·hₜ₋₁ + xₜ), a scalar.\n\n    ∂hₜ/∂w = (1−hₜ²)·hₜ₋₁\n\n"
        "is wrong; ∂hₜ/∂w = (1−hₜ²)·(hₜ₋₁ + w·∂hₜ₋₁/∂w) is right.\n"
    )
    assert audited(tmp_path, "n.txt", text) == [("n.txt:3:5", "wrong"), ("n.txt:5:11", "right")]


def test_right_to_left_prose_changes_nothing(tmp_path: Path) -> None:
    text = f"נגדיר \u200f$ {CELL}$\u200f כאשר ${CELL}$ סקלר.\n\nوبالتالي $`{RIGHT}`$.\n"
    verdicts = [v for _, v in audited(tmp_path, "h.md", text)]
    assert verdicts == ["not_a_claim", "not_a_claim", "right"]


def test_a_formula_split_over_spans_is_one(tmp_path: Path) -> None:
    split = "`$ = $`".join(RIGHT.split(" = ")).replace(" w", "`$ * $`w")
    text = f"Let ${CELL}$.\n\n$`{split}`$\n"
    assert [v for _, v in audited(tmp_path, "s.md", text)] == ["not_a_claim", "right"]

"""One file for several questions: notebooks and pages are split by their headings, as texts are."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from bptt_sym.check.exercises import exercise, mark
from bptt_sym.check.grade import Rubric, read_rubric, read_submissions
from bptt_sym.check.grade.grading import graded
from bptt_sym.documents.document import document_from_text

SERIES = r"\sum_{t=1}^T w^{T-t} \prod_{j=t}^T (1-h_j^2) h_{t-1}"
RUBRIC = """
[[question]]
id = "q1"
exercise = "ex3"
[[question]]
id = "q2"
exercise = "series"
[[question]]
id = "q3"
exercise = "mine.toml"
"""
MINE = r"""
[model]
define = ['s_t = a s_{t-1} + \tanh(v s_{t-1})']
[[part]]
id = "Jac"
target = '\frac{\partial s_t}{\partial s_{t-1}}'
[[part]]
id = "x2"
target = '\left|s_t\right|'
relation = "<="
"""


@pytest.fixture
def rubric(tmp_path: Path) -> Rubric:
    (tmp_path / "mine.toml").write_text(MINE)
    (tmp_path / "rubric.toml").write_text(RUBRIC)
    return read_rubric(tmp_path / "rubric.toml")


def cell(source: str | list[str], kind: str = "markdown") -> dict[str, object]:
    return {"cell_type": kind, "metadata": {}, "source": source}


def scores(rubric: Rubric, path: Path) -> dict[str, tuple[float, bool, str]]:
    (submission,) = read_submissions([path], rubric)
    found = graded(rubric.as_json(), submission.as_json())
    return {q["id"]: (q["score"], q["needs_review"], q["feedback"]) for q in found["questions"]}


def test_a_notebook(rubric: Rubric, tmp_path: Path) -> None:
    cells = [
        cell("My homework\n\n## Question 1\n"), cell(["$0$\n", "and ", "more\n", "# q2"]),
        cell("print(1)", "code"), cell(f"second\n\n$${SERIES.replace('T-t', '[')}$$"),
    ]  # fmt: skip
    path = tmp_path / "noa.ipynb"
    path.write_text(json.dumps({"cells": cells, "nbformat": 4, "nbformat_minor": 5}))
    found = scores(rubric, path)
    assert found["q1"] == (2, False, "")
    assert found["q2"][:2] == (0, True)
    # The cell and its line are those of the notebook that was handed in.
    assert found["q2"][2].startswith("Cell 4, line 3, column ")
    assert found["q3"] == (0, False, "No answer was found.")
    for text in ("{", "[]", '{"cells": [{}]}', '{"cells": 3}', "[" * 100_000):
        path.write_text(text)
        assert all(review for _, review, _ in scores(rubric, path).values())


def test_a_page(rubric: Rubric, tmp_path: Path) -> None:
    path = tmp_path / "noa.html"
    path.write_text(
        rf"<html><body><h1>Homework</h1><h2>Question 1</h2><p>\(0\)</p><h2 class='a'>q2</h2>"
        rf"<p>\({SERIES}\)</p></body></html>"
    )
    found = scores(rubric, path)
    assert [found[q] for q in ("q1", "q2")] == [(2, False, ""), (4, False, "")]


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        (r"Jac: $a + v(1-\tanh^2(v s_{t-1}))$", ["right", "missing"]),
        (r"**Jac.** $a + v(1-\tanh^2(v s_{t-1}))$", ["right", "missing"]),
        (r"(x2) $|s_{t-1}| |a| + 1$", ["missing", "right"]),
        (r"x2: $|s_{t-1}| |a| + 1$. Jac: $a + v(1-\tanh^2(v s_{t-1}))$", ["right", "right"]),
        ("x2: |s_{t-1}| |a| + 1\nJac: a + v(1-tanh^2(v s_{t-1}))", ["right", "right"]),
        (r"x2: $a + v(1-\tanh^2(v s_{t-1}))$", ["missing", "wrong"]),
    ],
)
def test_parts_are_labelled_by_their_own_names(
    text: str, wanted: list[str], rubric: Rubric, tmp_path: Path
) -> None:
    found = mark(exercise(tmp_path / "mine.toml"), text)
    assert [p.status for p in found.parts] == wanted


def test_a_dollar_that_nothing_closes_is_told_in_latex() -> None:
    text = "\\section{Q}\nThe answer is $\\frac{\\partial h_1}{\\partial w} = 0\n\nso."
    found = document_from_text(text, "a.tex", tex=True)
    assert [(p.place.line, p.message) for p in found.problems] == [(2, "$ is not closed")]
    found = document_from_text("and $h_t = w", "a.tex", tex=True)
    assert [p.message for p in found.problems] == ["$ is not closed"]
    # Money, and dollars in Markdown, are none.
    for other, tex in ((r"It is $5 and no more.", True), (text, False), (r"a \$ b_t", True)):
        assert not document_from_text(other, "a", tex=tex).problems

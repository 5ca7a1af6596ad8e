
r"""A text of ``gated_documents.py`` as a page: definitions and formulas in their containers."""

from __future__ import annotations

import html
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

from gated_documents import SENTENCES
from gated_notation import Line, Style, equation, lines

MACROS = r"""\newcommand{\pd}[2]{\frac{\partial #1}{\partial #2}}
\newcommand{\had}{\circ}
\newcommand{\tr}{^{\mathsf{T}}}
\DeclareMathOperator{\sigm}{sigm}
\def\v#1{\mathbf{#1}}"""
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

r"""Inputs that mean no good, by kind: what ``hostile.py`` runs.

Each is a command with the files that it needs. A file's content is a function, so that only one of
them is in memory at a time.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

CELL = "$$h_t = \\tanh(w h_{t-1} + u_t)$$\n\n"
CLAIM = "$$\\frac{\\partial h_t}{\\partial h_{t-1}} = w (1 - h_t^2)$$\n\n"
TEX = "\\[h_t = \\tanh(w h_{t-1} + u_t)\\]\n\n"
ANY = (0, 1, 2, 3)

Content = Callable[[], bytes]


@dataclass(frozen=True)
class Input:
    """One command: its arguments, the files beside it, and how it may end."""

    kind: str
    name: str
    argv: tuple[str, ...]
    files: dict[str, Content] = field(default_factory=dict)
    statuses: tuple[int, ...] = ANY
    stdin: Content | None = None
    #: Words of what is printed.
    says: str = ""
    #: Makes what is no plain file.
    made: Callable[[Path], None] | None = None

    @property
    def audits(self) -> bool:
        """Whether the report can be had in every format."""
        return self.argv[0] == "audit"


def document(
    kind: str, name: str, suffix: str, text: str | bytes | Content,
    statuses: Sequence[int] = ANY, says: str = "", **others: str,
) -> Input:  # fmt: skip
    """An audit of one document, with ``others`` beside it (dots in their names written ``__``)."""
    files = {f"d{suffix}": content(text)}
    files |= {k.replace("__", "."): content(v) for k, v in others.items()}
    return Input(kind, name, ("audit", f"d{suffix}"), files, tuple(statuses), says=says)


def content(text: str | bytes | Content) -> Content:
    """A text, or bytes, as the content of a file."""
    if callable(text):
        return text
    data = text.encode("utf-8", "surrogatepass") if isinstance(text, str) else text
    return lambda: data


def inputs() -> Iterator[Input]:
    """All of them."""
    from hostile_files import commands, files

    for made in (markdown, latex, html, other_markup, notebooks, characters):
        yield from made()
    yield from files()
    yield from commands()


# ------------------------------------------------------------------------------ Markdown
def markdown() -> Iterator[Input]:
    n = 20_000
    deep = "2^{" * 200 + "2" + "}" * 200
    texts = {
        "power tower": CELL + f"$$h_t = {deep}$$",
        "exponent": CELL + r"$$h_t = w^{99999999}$$",
        "factorials": CELL + r"$$h_t = t!!!!!! + 1000000000!$$",
        "long sum": CELL + r"$$h_t = \sum_{k=1}^{1000000000} w^k$$",
        "sums of sums": CELL
        + r"$$h_t h_t = \sum_{i=1}^{300}\sum_{j=1}^{300}\sum_{k=1}^{300} w^k h_t$$",
        "sums of sums of states": CELL
        + r"$$h_t = \sum_{i=1}^{t}\sum_{j=1}^{t}\sum_{k=1}^{t}\sum_{l=1}^{t} h_i h_j h_k h_l$$",
        "braces": CELL + "$$" + "{" * 100_000 + "=" + "}" * 100_000 + "$$",
        "braces below the cap": CELL + "$$" + "{" * 9_000 + "=" + "}" * 9_000 + "$$",
        "macro loop": "\\newcommand{\\a}{\\b\\b}\\newcommand{\\b}{\\a\\a}$$\\a=1$$",
        "matrix": CELL + r"$$h_t = \begin{pmatrix}" + "w&" * 500 + r"w\end{pmatrix}$$",
        "blanks": " " * 200_000 + CELL + " " * 200_000,
        "bare equations": "x_t = " * 50_000,
        "long product": "h_t = " + "w*" * 100_000,
        "picture addresses": "https://latex.codecogs.com/svg.latex?" * n,
        "spaced braces": "{ h }_{" * 3_000,
        "tags unclosed": "<img " * 50_000,
        "backquotes": "`" * 200_001,
        "backquotes of all lengths": " ".join("`" * k for k in range(1, 700)),
        "line ends": "\n" * 300_000,
        "fences": "```\n" * 50_000,
        "front matter": "---\n" + "a: &a [*a]\n" * 5_000 + "---\n" + CELL,
        "items": r"\item $h_t$ " * 8_000,
        "dollars": "$" * 100_001,
        "single dollars": "$ " * 60_000,
        "double dollars": "$$ " * 60_000,
        "nested quotation": "> " * 50_000 + CELL,
        "quotation staircase": "\n".join(">" * k + " x" for k in range(1, 1_200)),
        "nested lists": "\n".join("  " * k + "- $h_t$" for k in range(700)),
        "emphasis": "*a **b " * 30_000,
        "links": "[" * 100_000,
        "link pairs": "[a](" * 40_000,
        "brackets": "\\[" * 60_000,
        "round brackets": "\\(" * 60_000,
        "table": "|" + "a|" * 50_000 + "\n|" + "-|" * 50_000 + "\n|" + "$w$|" * 20_000,
        "headings": "# a\n" * 50_000 + CELL,
        "footnotes": "[^1]: [^1]\n" * 20_000,
        "references": "[a]: <b\n" * 20_000,
        "entities": "&lt;" * 60_000,
        "shortcodes": "{{< math >}}" * 20_000,
        "katex tags": "{% katex %}" * 20_000,
        "math tags": "<math>" * 30_000,
        "divs": "::: {.a}\n" * 20_000,
        "myst": "```{math}\n:label: a\n" * 10_000,
        "a line of a megabyte": "a" * 1_000_000,
        "words of a megabyte": "gradient of the loss " * 50_000,
        "underscores": "h_" * 100_000,
        "carets": "h^" * 100_000,
        "equal signs": "=" * 200_000,
        "rows": "$$\\begin{aligned}" + r"h_t &= a \\ " * 1_500 + "\\end{aligned}$$",
        "rows of claims": CELL + "$$\\begin{aligned}"
        + r"\frac{\partial h_t}{\partial w} &= h_{t-1} \\ " * 400 + "\\end{aligned}$$",
        "a chain": CELL + "$$h_t " + "= h_t " * 3_000 + "$$",
        "derivatives": CELL + "$$" + r"\frac{\partial L}{\partial h_t}" * 600 + "$$",
        "nested derivatives": CELL + "$$" + r"\frac{\partial}{\partial w}" * 60 + " h_t = 0$$",
        "nested brackets": CELL + "$$h_t = " + "(" * 3_000 + "a" + ")" * 3_000 + "$$",
        "left": CELL + r"$$\delta_t = " + r"\left(" * 2_000 + "$$",
        "hats": CELL + "$$" + r"\hat" * 5_000 + " h = 1$$",
        "underbraces": CELL + "$$h_t = " + r"\underbrace{" * 1_000 + "w" + "}_{a}" * 1_000 + "$$",
        "texts": CELL + "$$h_t = " + r"\text{and }" * 2_000 + "w$$",
        "products of sums": CELL + r"$$\frac{\partial h_T}{\partial w} = "
        + r"\sum_{t=1}^T \prod_{k=t}^T " * 12 + "h_t$$",
        "many names": CELL + "$$h_t = " + "+".join(f"w_{{a{k}}}" for k in range(1_500)) + "$$",
        "many equations": "".join(
            f"$$a^{{({k})}}_t = \\tanh(w_{{{k}}} a^{{({k})}}_{{t-1}})$$\n\n" for k in range(300)
        ),
        "many definitions": "".join(
            f"$$h_t = \\tanh(w_{{{k}}} h_{{t-1}} + u_t)$$\n\n" for k in range(300)
        ),
        "many wrong claims": CELL + "".join(
            f"$$\\frac{{\\partial h_t}}{{\\partial w}} = {k} h_{{t-1}}$$\n\n" for k in range(2, 202)
        ),
        "many claims about far steps": CELL + "".join(
            f"$$\\frac{{\\partial h_{{{k}}}}}{{\\partial w}} = h_{{{k - 1}}}$$\n\n"
            for k in range(200, 260)
        ),
        "a far step": CELL + r"$$\frac{\partial h_{100000}}{\partial w} = h_{99999}$$",
        "a far lag": CELL + r"$$\frac{\partial h_T}{\partial w} = h_{T-122222}$$",
        "a large matrix": "$$h_t = W h_{t-1}$$\n\n$$W \\in \\mathbb{R}^{100000 \\times 100000}$$"
        "\n\n$$\\frac{\\partial h_t}{\\partial h_{t-1}} = W^T$$",
        "an iterated state": CELL + "$$h_t = " + r"\tanh(w " * 28 + "h_{t-1}" + ")" * 28 + "$$",
        "numbers": CELL + "$$h_t = " + "+".join(str(7**k) for k in range(250)) + "$$",
        "decimal": CELL + "$$h_t = 0." + "3" * 15_000 + " w$$",
        "long layers": "".join(
            f"$$h^{{({k})}}_t = \\tanh(W^{{({k})}} h^{{({k - 1})}}_t + U h^{{({k})}}_{{t-1}})$$\n\n"
            for k in range(1, 40)
        ) + r"$$\frac{\partial h^{(39)}_t}{\partial h^{(1)}_{t}} = 1$$",
        "a hundred thousand formulas": CELL + "$h_t = w$ " * 100_000,
        "ten thousand displays": CELL + "$$h_t = w$$\n\n" * 10_000,
    }  # fmt: skip
    for name, text in texts.items():
        yield document("markdown", name, ".md", text)
    yield document("markdown", "wordy mdx", ".mdx", "<A>{`" * 20_000 + CELL)
    yield document("markdown", "mdx expressions", ".mdx", "{{" * 40_000 + "}}" * 40_000 + CELL)
    yield document("markdown", "mdx imports", ".mdx", "import a from 'b'\n" * 20_000 + CELL)


# --------------------------------------------------------------------------------- LaTeX
def latex() -> Iterator[Input]:
    def doubling(count: int, define: str) -> str:
        names = [chr(97 + k // 26) + chr(97 + k % 26) for k in range(count)]
        lines = [f"{define}\\{b}{{\\{a}\\{a}}}" for a, b in pairwise(names)]
        return "\n".join([f"{define}\\{names[0]}{{w}}", *lines, f"\\[h_t = \\{names[-1]}\\]\n"])

    n = 20_000
    lets = "".join(f"\\let\\a{chr(97 + k)}\\a{chr(98 + k)}" for k in range(24))
    texts = {
        "macro bomb by def": TEX + doubling(40, "\\def"),
        "macro bomb by newcommand": TEX + doubling(40, "\\newcommand"),
        "macro bomb in every formula": TEX + doubling(14, "\\def") + "\\[\\am\\]\n" * 300,
        "recursion": TEX + "\\def\\a{\\a}\\[h_t = \\a\\]",
        "growing recursion": TEX + "\\def\\a{w \\a}\\[h_t = \\a\\]" + "$\\a$ " * 500,
        "recursion with arguments": TEX + "\\def\\a#1{\\a{#1#1}}\\[h_t = \\a{w}\\]",
        "doubled arguments": TEX + "\\newcommand{\\d}[1]{#1#1#1#1#1#1#1#1#1}\\[h_t = "
        + "\\d{" * 12 + "w" + "}" * 12 + "\\]",
        "let chain": TEX + lets + "\\[h_t = \\aa\\]",
        "let loop": TEX + "\\let\\a\\b\\let\\b\\a\\[h_t = \\a\\]",
        "environment loop": TEX + "\\newenvironment{a}{\\begin{a}}{\\end{a}}\\begin{a}w\\end{a}",
        "macros for environments": TEX + "\\def\\be{\\begin{equation}}\\def\\ee{\\be}" + "\\be" * n,
        "environments unclosed": "\\begin{align}" * n,
        "ends alone": "\\end{align}" * n,
        "environments crossed": 5_000
        * "\\begin{align}\\begin{equation}\\end{align}\\end{equation}",
        "environments nested": "\\begin{align}" * 5_000 + "w" + "\\end{align}" * 5_000,
        "verbatim unclosed": "\\begin{verbatim}" * n + TEX,
        "verb": "\\verb|" * n + TEX,
        "comments": "%" * 300_000 + "\n" + TEX,
        "comment lines": "% a\n" * 80_000 + TEX,
        "braces": "{" * 300_000,
        "brace pairs": TEX + "{" * 50_000 + "}" * 50_000,
        "sections": "\\section{$h_t$}\n" * 5_000,
        "definitions unclosed": "\\newcommand{\\a}[1]{" * n,
        "definitions": "".join(f"\\newcommand{{\\m{'abcdefghij'[k % 10]}}}{{w}}" for k in range(n))
        + TEX,
        "newenvironments": "\\newenvironment{a}{\\begin{align}}{\\end{align}}" * 5_000,
        "delimited": "\\def\\a#1.#2{#1}" * 5_000 + TEX,
        "optional arguments": "\\newcommand{\\a}[2][" * n,
        "xparse": "\\NewDocumentCommand{\\a}{" + "m" * n + "}{w}" + TEX,
        "over": TEX + "\\[h_t = " + "{w \\over " * 3_000 + "w" + "}" * 3_000 + "\\]",
        "many over": TEX + "\\[h_t = " + "{w \\over w}" * 1_500 + "\\]",
        "fonts": TEX + "\\[h_t = " + "{\\bf w" * 2_000 + "}" * 2_000 + "\\]",
        "labels": TEX + "\\[h_t = w " + "\\label{a}" * 2_000 + "\\]",
        "catcodes": "\\catcode`\\$=12 \\catcode`\\{=12 " * 5_000 + TEX,
        "write18": TEX + "\\immediate\\write18{touch owned}\\input{|touch owned}",
        "csname": TEX + "\\[h_t = " + "\\csname a" * 2_000 + "\\]",
        "loop": TEX + "\\loop\\iftrue\\repeat " * 5_000,
        "inputs of nothing": "\\input{nothing}\n" * 3_000 + TEX,
        "input outside": "\\input{/etc/passwd}\\input{../../../../etc/passwd}" + TEX,
        "input of a device": "\\input{/dev/zero}\\input{/dev/stdin}" + TEX,
        "backslashes": "\\" * 300_000,
        "double backslashes": TEX + "\\[h_t = " + "\\\\" * 9_000 + "\\]",
        "tables": "\\begin{tabular}{l}" + "a & $w$ \\\\ " * 10_000 + "\\end{tabular}",
        "dollars": "$" * 100_001,
    }  # fmt: skip
    for name, text in texts.items():
        yield document("latex", name, ".tex", text)
    loop = "\\input{b}" + TEX
    yield document("latex", "input loop", ".tex", loop, b__tex="\\input{d}\\input{b}" + TEX)
    bomb = "".join(f"\\input{{b}}\\include{{c{k}}}" for k in range(200))
    yield document("latex", "input bomb", ".tex", bomb + TEX, b__tex=bomb, c0__tex=bomb)
    yield document(
        "latex", "input of a folder", ".tex", "\\input{.}\\input{./}" + TEX, b__tex=TEX
    )
    yield document("latex", "package", ".tex", "\\usepackage{b,b,b}" + TEX,
                   b__sty="\\usepackage{b}" + "\\def\\a{\\a\\a}" * 5_000)  # fmt: skip


# ---------------------------------------------------------------------------------- HTML
def html() -> Iterator[Input]:
    n = 100_000
    body = "<p>\\(h_t = \\tanh(w h_{t-1} + u_t)\\)</p>"
    bomb = "<!DOCTYPE a [<!ENTITY a 'aaaaaaaaaa'>" + "".join(
        f"<!ENTITY {chr(98 + k)} '{f'&{chr(97 + k)};' * 10}'>" for k in range(12)
    )
    texts = {
        "nested tags": "<div>" * n + body + "</div>" * n,
        "tags unclosed": "<a " * n + body,
        "tags without ends": "<p>" * n + body,
        "ends without tags": "</p>" * n + body,
        "angles": "<" * n,
        "closing angles": ">" * n,
        "scripts": "<script>alert(1)</script>" * 20_000 + body,
        "scripts unclosed": "<script " * 30_000 + body,
        "scripts of mathematics": "<script type='math/tex'>h_t = w</script>" * 2_000,
        "scripts of mathematics unclosed": "<script type='math/tex'>" * n,
        "macros in a script": "<script>MathJax = {tex: {macros: {" + "a: '\\\\a\\\\a'," * 20_000
        + "}}}</script><p>\\(h_t = \\a\\)</p>",
        "macros unclosed": "<script>macros: {" + "{" * n + body,
        "styles unclosed": "<style>" * 30_000 + body,
        "comments unclosed": "<!--" * 50_000 + body,
        "comment ends": "-->" * 50_000 + body,
        "data sections": "<![CDATA[" * 50_000 + body,
        "data section": "<![CDATA[" + body + "]]>" * 50_000,
        "declarations": "<!" * n,
        "instructions": "<?" * n + body,
        "entity bomb": bomb + f"]><p>\\(h_t = &{chr(98 + 11)};\\)</p>",
        "entities": "<p>\\(h_t = " + "&lt;" * 4_000 + "w\\)</p>",
        "broken entities": "<p>" + "&#x" * n + body,
        "large entities": "<p>" + "&#99999999999999999999;" * 20_000 + body,
        "null entities": "<p>\\(h_t &#0; = w &#xD800; &#x1b;[31m\\)</p>" + body,
        "attributes": "<p " + "a=b " * n + ">" + body,
        "a long attribute": "<img alt='" + "a" * 1_000_000 + "'>" + body,
        "alternative texts": "<img alt='h_t = w' class='latex'>" * 3_000,
        "quotes": "<p title=\"" * 50_000,
        "quotes of both kinds": "<p a='\"" * 50_000,
        "annotations": "<annotation encoding='application/x-tex'>h_t = w</annotation>" * 2_000,
        "annotations unclosed": "<annotation encoding='application/x-tex'>" * 20_000,
        "math elements": "<math alttext='h_t = w'>" * 20_000,
        "pre": "<pre>" * n + body + "</pre>" * n,
        "scripts below": "<p>h" + "<sub>t" * 20_000 + body,
        "formulas unclosed": "\\(" * 60_000,
        "injection": "<p>\\(h_t = \\text{<script>alert(1)</script>}\\) "
        "\\(w = \\href{javascript:alert(1)}{x}\\) \\(h_t = <img src=x onerror=alert(1)>\\)</p>",
        "nothing": "",
        "no tags": "h_t = w " * 20_000,
    }  # fmt: skip
    for name, text in texts.items():
        yield document("html", name, ".html", text)
    yield document("html", "nested xhtml", ".xhtml", "<?xml version='1.0'?>" + bomb + "]>" + body)


# ------------------------------------------------------------------- reStructuredText etc.
def other_markup() -> Iterator[Input]:
    n = 20_000
    block = ".. math::\n\n   h_t = \\tanh(w h_{t-1} + u_t)\n\n"
    tables = {
        ".rst": {
            "directives": ".. math::\n" * n,
            "nested directives": "".join(
                " " * (3 * k) + ".. note::\n\n" for k in range(500)) + block,
            "roles": ":math:`" * n,
            "role pairs": ":math:`w` " * 5_000,
            "substitutions": ".. |a| replace:: |a| |a|\n" * n + block,
            "includes": ".. include:: d.rst\n" * n + block,
            "raw": ".. raw:: html\n   :file: /etc/passwd\n\n" * 5_000 + block,
            "literal blocks": "::\n\n  x\n\n" * n + block,
            "headings": "a\n=\n" * n + block,
            "tables": "+-" * n + "+\n" + "| $w$ " * n + "|\n",
            "backquotes": "`" * 200_001,
            "targets": ".. _a: a_\n" * n,
            "options": ".. math::\n" + "   :label: a\n" * n + "\n   h_t = w\n",
            "comments": "..\n   a\n" * n + block,
        },
        ".adoc": {
            "blocks": "[stem]\n++++\n" * n,
            "macros": "stem:[" * n,
            "macro pairs": "stem:[w] " * 5_000,
            "delimiters": "----\n" * n + "stem:[h_t = w]",
            "listing fences": "====\n" * n,
            "includes": "include::d.adoc[]\n" * n,
            "attributes": ":a: {a}{a}\n" * n + "{a}",
            "conditionals": "ifdef::a[]\n" * n,
            "passthrough": "+++" * n,
            "tables": "|===\n" * n,
            "comments": "////\n" * (n + 1),
            "headings": "= a\n" * n,
        },
        ".org": {
            "blocks": "#+BEGIN_SRC c\n" * n,
            "block pairs": "#+BEGIN_EXAMPLE\nx\n#+END_EXAMPLE\n" * n + "\\[h_t = w\\]",
            "stars": "*" * 200_000,
            "headings": "* a\n" * n,
            "deep headings": "\n".join("*" * k + " a" for k in range(1, 1_200)),
            "macros": "#+MACRO: a {{{a}}}{{{a}}}\n" * n + "{{{a}}}",
            "includes": "#+INCLUDE: \"d.org\"\n" * n,
            "drawers": ":A:\n" * n,
            "links": "[[" * n,
            "verbatim": "=" * 100_001 + "~" * 100_001,
            "tables": "| $w$ " * n + "|\n",
            "comments": "# a\n" * n + "\\[h_t = w\\]",
        },
        ".wiki": {
            "templates": "{{" * n + "<math>h_t = w</math>",
            "nested templates": "{{a|" * n + "}}" * n,
            "math": "<math>" * n,
            "math pairs": "<math>w</math> " * 3_000,
            "math templates": "{{math|" * n,
            "links": "[[" * n,
            "nowiki": "<nowiki>" * n + "<math>h_t = w</math>",
            "tables": "{|\n" * n,
            "apostrophes": "'" * 200_000,
            "refs": "<ref>" * n,
            "comments": "<!--" * n,
            "headings": "==a==\n" * n,
        },
        ".txt": {
            "lines of formulas": "∂h_t/∂w = h_{t-1}\n" * 2_000,
            "open brackets": "h_t = (" * n,
            "bars": "|" * 100_000,
            "drawn boxes": "+---+\n|   |\n" * n,
            "sums": "Σ(t=1 to T) " * n,
            "operators at both ends": "= h_t +\n" * n,
            "primes": "h'" * n,
            "a table of numbers": ("0.123 " * 20 + "\n") * 5_000,
            "source code": "for t in range(T):\n    h[t] = np.tanh(W @ h[t-1] + b)\n" * 5_000,
            "markdown": CELL * 300,
        },
    }  # fmt: skip
    kinds = {".rst": "rst", ".adoc": "asciidoc", ".org": "org", ".wiki": "wiki", ".txt": "text"}
    for suffix, texts in tables.items():
        for name, text in texts.items():
            yield document(kinds[suffix], name, suffix, text)


# ----------------------------------------------------------------------------- notebooks
def notebooks() -> Iterator[Input]:
    good = {"cell_type": "markdown", "source": [CELL]}

    def of(*cells: object, **others: object) -> str:
        return json.dumps({"cells": [good, *cells], "nbformat": 4, **others})

    def displayed(data: object) -> dict[str, object]:
        return {"cell_type": "code", "source": "", "outputs": [{"data": data}]}

    texts = {
        "nothing": "",
        "no JSON": "{" + "a" * 1_000,
        "cut off": of(good)[:-9],
        "NaN": '{"cells": [NaN, Infinity, {"cell_type": NaN}]}',
        "a number": "1e999999",
        "a large number": "1" * 100_000,
        "an array": "[]",
        "nested arrays": "[" * 100_000 + "]" * 100_000,
        "arrays unclosed": "[" * 1_000_000,
        "nested objects": '{"cells":' * 50_000 + "[]" + "}" * 50_000,
        "nested sources": '{"cells": [{"cell_type": "markdown", "source": '
        + "[" * 900 + "]" * 900 + "}]}",
        "double keys": '{"cells": [], "cells": {}, ' * 1 + '"cells": 1}',
        "no cells": '{"nbformat": 4}',
        "cells a text": '{"cells": "abc"}',
        "cells a table": '{"cells": {"cell_type": "markdown"}}',
        "cells of all types": of(None, 1, 1.5, True, "a", [], {}, [[]], {"cell_type": None}),
        "sources of all types": of(*(
            {"cell_type": "markdown", "source": s} for s in (None, 1, True, {}, [1, None, {}], [[]])
        )),
        "types of all types": of(*({"cell_type": t, "source": "w"} for t in (1, None, [], {}))),
        "outputs of all types": of(*(
            {"cell_type": "code", "source": "", "outputs": o}
            for o in (None, 1, "a", {}, [None], [1], ["a"], [[]], [{"data": 1}], [{"data": None}])
        )),
        "displays of all types": of(*(
            displayed({k: v}) for k in ("text/latex", "text/html", "text/markdown", "latex")
            for v in (None, 1, {}, [], [1], "$w", "<p", ["\\(", 1])
        )),
        "worksheets of all types": '{"worksheets": [1]}',
        "null characters": json.dumps({"cells": [{"cell_type": "markdown", "source": "$h\0_t$"}]}),
        "escapes": json.dumps(
            {"cells": [{"cell_type": "markdown", "source": "$$\x1b[31m h_t = w \x07 \x9b2J$$"}]}),
        "surrogates": '{"cells": [{"cell_type": "markdown", "source": "$$h_t = \\ud800 w$$"}]}',
        "a surrogate in a name": '{"cells": [{"cell_type": "markdown", "source": '
        '"$$h_{\\udfff} = 1$$ and \\ud83d"}]}',
        "a large output": of(displayed({"text/html": "<td>" + "a" * 5_000_000})),
        "many outputs": of({"cell_type": "code", "source": "", "outputs": [
            {"data": {"text/latex": "$h_t = w$"}}] * 3_000}),
        "many cells": of(*[{"cell_type": "markdown", "source": "$h_t = w$"}] * 20_000),
        "many empty cells": of(*[{}] * 300_000),
        "many lines": of({"cell_type": "markdown", "source": ["a\n"] * 500_000}),
        "macros in every cell": of(*(
            {"cell_type": "markdown", "source": f"$\\def\\m{chr(97 + k % 26)}{{w}}$ $h_t = w$"}
            for k in range(1_000)
        )),
        "hostile pages": of(displayed({"text/html": "<script " * 30_000})),
        "a data picture": of(displayed({"image/png": "A" * 3_000_000})),
        "metadata": of(good, metadata={"a": {"b" * 100_000: ["c"] * 100_000}}),
    }  # fmt: skip
    for name, text in texts.items():
        yield document("notebook", name, ".ipynb", text)


# ---------------------------------------------------------------------------- characters
def characters() -> Iterator[Input]:
    escape = "\x1b]0;owned\x07\x1b[2J\x1b[31m\x9b31m\x08\x08"
    odd = "".join(chr(c) for c in (*range(1, 9), *range(14, 32), *range(127, 160)))
    bidi = "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u200e\u200f\u061c"
    wrong = "$$\\frac{\\partial h_t}{\\partial w} = 2 h_{t-1}"
    texts = {
        "escape sequences": CELL + f"$$h_t = {escape} w$$\n\n" + wrong + f"{escape}$$",
        "escapes in words": CELL + f"$$h_t = \\text{{{escape}}}$$ ${escape}",
        "all controls": CELL + f"$$h_t = {odd} w$$\n\n{wrong} {odd}$$",
        "annotation commands": CELL + "$$h_t = a\n::error file=x::owned\n::set-output name=a::b$$"
        "\n\n$$%0A::error::owned$$\n\n$$a$ ::error::owned",
        "line separators": CELL + "$$h_t = a\u2028::error::x\u2029b\x0b\x0c\x85c$$",
        "directions": CELL + f"$$h_t \u202e= \u202d w {bidi}$$\n\n{wrong} {bidi}$$",
        "directions in names": CELL + "$$h_{\u202ea\u202c} = w$$",
        "script": CELL + "$$h_t = \\text{</code><script>alert(1)</script>}$$\n\n"
        + wrong + "\\text{<img src=x onerror=alert(1)>}$$\n\n$$h_t = \\href{javascript:a}{x}$$"
        "\n\n$$\"'><svg/onload=alert(1)>$$",
        "combining": CELL + "$$h" + "\u0301" * 5_000 + "_t = w$$",
        "wide": CELL + "$$h_t = " + "𝒽" * 5_000 + "$$",
        "private": CELL + "$$h_t = \ue000\ufffe\uffff\U0010ffff$$",
        "digits of all scripts": CELL + "$$h_t = ٣ + ३ + ３ + 𝟛 + ² + Ⅷ + ½$$",
        "letters of all scripts": CELL + "$$ש_t = \\tanh(و ش_{t-1} + 中_t)$$",
        "joiners": CELL + "$$h\u200d_t = \u200b\ufeff\u2060w\u00ad$$",
        "tags": CELL + "$$h_t = \U000e0041\U000e0042 w$$",
        "a mark in the middle": "\ufeff" + CELL + "\ufeff$$h_t = w$$\ufeff",
        "carriage returns": CELL.replace("\n", "\r") + wrong + "$$\r$$h_t = w\r::error::x$$",
    }  # fmt: skip
    for name, text in texts.items():
        yield document("characters", name, ".md", text)
    for name, suffix in (("escape sequences", ".tex"), ("all controls", ".html"),
                         ("directions", ".txt"), ("script", ".org")):  # fmt: skip
        yield document("characters", f"{name} {suffix}", suffix, texts[name])
    encodings = {
        "UTF-16 with its mark": ("utf-16", 2, "UTF-16"),
        "UTF-16 without a mark": ("utf-16-le", 2, ""),
        "UTF-16, the other order": ("utf-16-be", 2, ""),
        "UTF-32": ("utf-32", 2, ""),
        "UTF-7": ("utf-7", None, ""),
        "Latin-1": ("latin-1", 2, "UTF-8"),
        "Windows-1255": ("cp1255", 2, "UTF-8"),
    }
    for name, (encoding, status, says) in encodings.items():
        body = CELL + {"latin-1": "é", "cp1255": "ש"}.get(encoding, "w") + " and more\n"
        data = body.encode(encoding)
        for suffix in (".md", ".tex", ".ipynb", ".html"):
            wanted = ANY if status is None else (status,)
            yield document("characters", f"{name} {suffix}", suffix, data, wanted, says)
    broken = {
        "invalid UTF-8": b"\xff\xfe\xfa", "overlong": b"\xc0\xaf", "cut off": b"\xe2\x82",
        "surrogates": b"\xed\xa0\x80", "null": b"\0", "beyond": b"\xf5\x80\x80\x80",
    }  # fmt: skip
    for name, data in broken.items():
        yield document(
            "characters", f"{name} bytes", ".md", CELL.encode() + b"ab\n" + data + b"\n", (2,)
        )

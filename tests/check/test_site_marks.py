"""Marks of formulas beyond dollars: of site generators, MyST, and other markup."""

from __future__ import annotations

from pathlib import Path

import pytest

from bptt_sym.check.audit import audit
from bptt_sym.documents.document import Document, document_from_text, read_document

CELL = r"h_t = \tanh(w h_{t-1} + u_t)"
RIGHT = r"\frac{\partial h_t}{\partial h_{t-1}} = (1-h_t^2) w"
WRONG = r"\frac{\partial h_t}{\partial h_{t-1}} = (1+h_t^2) w"
THREE = ["not_a_claim", "right", "wrong"]

#: How a displayed formula and one in a sentence are marked.
MARKS = {
    "bookdown": ("\\begin{equation}\n%s (\\#eq:a-b)\n\\end{equation}", r"\(%s\)"),
    "jekyll katex": (
        "{%% katex display %%}\n%s\n{%% endkatex %%}",
        "{%% katex %%}%s{%% endkatex %%}",
    ),
    "jekyll math": ("{%% math %%}%s{%% endmath %%}", "{%% imath %%}%s{%% endimath %%}"),
    "hugo": ("{{< katex display >}}\n%s\n{{< /katex >}}", "{{< katex >}}%s{{< /katex >}}"),
    "hugo, dollars": ("{{< math >}}\n$$%s$$\n{{< /math >}}", "{{< math >}}$%s${{< /math >}}"),
    "wordpress": ("$latex %s$", "$latex %s$"),
    "brackets": ("[latex]%s[/latex]", "[tex]%s[/tex]"),
    "gitbook": ("[$$]%s[/$$]", "[$]%s[/$]"),
    "wiki": ('<math display="block">%s</math>', "<math>%s</math>"),
    "scripts": ('<script type="math/tex; mode=display">%s</script>',
                '<script type="math/tex">%s</script>'),
    "fence of katex": ("```katex\n%s\n```", "$%s$"),
    "fence of latex": ("```latex\n%s\n```", "$%s$"),
    "raw latex": ("```{=latex}\n\\begin{equation}\n%s\n\\end{equation}\n```", "$%s$"),
    "myst": ("```{math}\n:label: eq-a\n:nowrap:\n\n%s\n```", "{math}`%s`"),
    "role of sphinx": ("$$%s$$ (eq-a)", ":math:`%s`"),
}  # fmt: skip


def verdicts(document: Document) -> list[str]:
    return [j.verdict.verdict for j in audit(document)]


@pytest.mark.parametrize("name", MARKS)
def test_each_mark_opens_a_formula(name: str) -> None:
    shown, inline = MARKS[name]
    text = f"# Net\n\n{shown % CELL}\n\nThe slope is {inline % RIGHT} here.\n\n{shown % WRONG}\n"
    found = audit(document_from_text(text, "a.md"))
    assert [j.verdict.verdict for j in found] == THREE
    line = text.split("\n")[found[1].place.line - 1]
    assert line[found[1].place.column - 1 :].startswith(RIGHT)


@pytest.mark.parametrize("text", [
    f"```\n{{% katex %}}{WRONG}{{% endkatex %}}\n```",
    f"`[tex]{WRONG}[/tex]`",
    "```latex\n\\documentclass{article}\n$$" + WRONG + "$$\n\\end{document}\n```",
    "```latex\n\\usepackage{amsmath} % a = b\n```",
    "[latex] is a program, and [/math] a folder: a = b",
    "<math><mi>a</mi><mo>=</mo><mi>b</mi></math>",
    "<script>var a = '" + WRONG + "'</script>",
])  # fmt: skip
def test_code_is_no_formula(text: str) -> None:
    assert audit(document_from_text(f"# Net\n\n{text}\n", "a.md")) == []


def written(tmp_path: Path, name: str, text: str) -> Document:
    (tmp_path / name).write_text(text, encoding="utf-8")
    return read_document(tmp_path / name)


def test_restructured_text(tmp_path: Path) -> None:
    text = rf"""
Net
===

.. default-role:: math

.. a comment: :math:`{WRONG}`

.. math:: {CELL}
   :label: cell

It has :math:`{RIGHT}`, and ``:math:`{WRONG}``` is code.

.. code-block:: python

   x = r":math:`{WRONG}`"

As a literal block::

   $${WRONG}$$

.. note::

   .. math::
      :nowrap:

      {WRONG}

      {RIGHT}

Last, `{RIGHT}`.
"""
    document = written(tmp_path, "a.rst", text)
    assert verdicts(document) == [*THREE, "right", "right"]
    places = [(f.place().line, f.place().column, f.display) for f in document.formulas]
    assert places == [(9, 11, True), (12, 15, False), (27, 7, True), (29, 7, True), (31, 8, False)]


def test_formulas_among_the_documentation_of_classes(tmp_path: Path) -> None:
    text = rf""".. autoclass:: nets.Cell
    :show-inheritance:

    .. automethod:: forward

        .. literalinclude:: nets.py
            :pyobject: forward

        .. math:: {CELL}

        .. math:: {WRONG}
"""
    assert verdicts(written(tmp_path, "a.rst", text)) == ["not_a_claim", "wrong"]


def test_asciidoc(tmp_path: Path) -> None:
    text = rf"""= Net
:stem: latexmath

== The cell

[latexmath]
++++
{CELL}
++++

It has stem:[{RIGHT}], and `latexmath:[{WRONG}]` is code.

// latexmath:[{WRONG}]

----
latexmath:[{WRONG}]
----

====
.A title
[stem#id]
++++
{WRONG}
++++
====
"""
    document = written(tmp_path, "a.adoc", text)
    assert verdicts(document) == THREE
    assert [f.display for f in document.formulas] == [True, False, True]


def test_org(tmp_path: Path) -> None:
    text = rf"""* Net
#+begin_src latex
$${WRONG}$$
#+end_src
# $${WRONG}$$
\[ {CELL} \]
It has \( {RIGHT} \).
#+begin_quote
$${WRONG}$$
#+end_quote
"""
    assert verdicts(written(tmp_path, "a.org", text)) == THREE


def test_wiki_text(tmp_path: Path) -> None:
    text = f"""== Net ==
:<math>{CELL}</math>
It has <math display=inline>{RIGHT}</math>; <nowiki><math>{WRONG}</math></nowiki> is none.
<!-- <math>{WRONG}</math> -->
<math display="block">{WRONG}</math>
"""
    assert verdicts(written(tmp_path, "a.wiki", text)) == THREE


@pytest.mark.parametrize(
    ("name", "unit"),
    [
        ("a.md", "{% katex %}"), ("a.md", "<math>"), ("a.md", "$latex "), ("a.md", "[tex]"),
        ("a.md", "{{< katex >}}"), ("a.md", "{math}`"), ("a.md", "```latex\n"),
        ("a.rst", ".. math::\n\n"), ("a.rst", ":math:`"), ("a.rst", ".. note::\n"),
        ("a.rst", "::\n"),
        ("a.adoc", "stem:["), ("a.adoc", "++++\n"), ("a.adoc", "[stem]\n"),
        ("a.org", "#+begin_src\n"), ("a.wiki", "<pre>"), ("a.wiki", "<math>"), ("a.wiki", "<!--"),
    ],
)  # fmt: skip
def test_marks_that_nothing_closes_end(tmp_path: Path, name: str, unit: str) -> None:
    document = written(tmp_path, name, unit * 20_000 + "\n" * 20_000)
    assert len(document.formulas) <= 20_000

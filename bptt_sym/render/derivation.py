r"""Whole derivations: text, LaTeX, Markdown, HTML and JSON.

Every format shows the same: the steps in order, each with its number, what it is by, the numbers of
the steps that it uses, and the range of its indices.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from html import escape
from typing import Final

from bptt_sym.derive import Derivation, Range, Step
from bptt_sym.errors import NotSupported
from bptt_sym.notation import Add, Neg, Node, Num
from bptt_sym.printable import terminal_safe
from bptt_sym.render import json as as_json
from bptt_sym.render.latex import LatexStyle, TotalStyle, latex
from bptt_sym.render.layout import terms
from bptt_sym.render.mathml import mathml_row, mo, named
from bptt_sym.render.names import latex_name, lowered, parts, tex_text
from bptt_sym.render.text import text

FORMATS: Final = ("text", "latex", "markdown", "html", "json")
#: A displayed right-hand side longer than this many characters of LaTeX is broken between terms.
LINE: Final = 140


def derivation(
    d: Derivation,
    format: str = "text",
    *,
    document: bool = False,
    total: TotalStyle = "notes",
) -> str:
    """A derivation in one of :data:`FORMATS`.

    Parameters
    ----------
    format:
        ``latex`` is one ``align*`` block; ``html`` is a page that needs nothing else, its
        mathematics is MathML.
    document:
        For ``latex``: a whole document that pdflatex compiles.
    total:
        How the LaTeX of ``latex`` and ``markdown`` prints total derivatives, see
        :func:`~bptt_sym.render.latex.latex`.

    Raises
    ------
    NotSupported
        An unknown format.
    LimitExceeded
        A formula would be longer than the cap on printed text.
    """
    if format == "latex":
        return latex_document(d, total) if document else align(d, total)
    if format == "markdown":
        return markdown(d, total)
    make = _PRINTERS.get(format)
    if make is None:
        raise NotSupported(f"the format {format!r} is not known; there are {', '.join(FORMATS)}")
    return make(d)


def citations(step: Step) -> str:
    """``by (1) and (3)``, or nothing."""
    marks = [f"({n})" for n in step.cites]
    if not marks:
        return ""
    return "by " + (marks[0] if len(marks) == 1 else ", ".join(marks[:-1]) + " and " + marks[-1])


def reason(step: Step) -> str:
    """The rule, and the steps it is applied to, in words."""
    return "; ".join(part for part in (step.rule, citations(step)) if part)


def heading(d: Derivation) -> str:
    """What the whole derivation is about, in one line of words."""
    horizon = "every T" if d.T is None else f"T = {d.T}"
    return ", ".join(part for part in (d.form, horizon, d.layout) if part)


# ---------------------------------------------------------------------------- text


def plain(d: Derivation) -> str:
    """Unicode text: a line or two for each step."""
    lines = [terminal_safe(d.title), terminal_safe(heading(d)), ""]
    width = len(str(len(d.steps)))
    indent = " " * (width + 4)
    for number, step in enumerate(d.steps, start=1):
        name = f"{_label_text(step.label)}: " if step.label else ""
        lines.append(
            f"({number})".rjust(width + 2)
            + f"  {name}{text(step.lhs, d.recurrence)} = {text(step.rhs, d.recurrence)}"
        )
        where = ", ".join(_range_text(r) for r in step.where)
        about = "; ".join(part for part in (reason(step), where) if part)
        lines.append(f"{indent}{terminal_safe(about)}")
        if step.note:
            lines.append(f"{indent}{terminal_safe(step.note)}")
    return "\n".join(lines) + "\n"


def _range_text(r: Range) -> str:
    low = text(r.lo)
    if r.hi is None:
        return f"{r.name} ≥ {low}"
    return f"{low} ≤ {r.name} ≤ {text(r.hi)}"


def _label_text(label: str) -> str:
    p = parts(label)
    if p is None:
        return terminal_safe(label)
    return p.letter + (lowered(p.sub) if p.sub else "")


# ---------------------------------------------------------------------------- LaTeX


def align(d: Derivation, total: TotalStyle = "notes") -> str:
    """One ``align*`` block: a tagged row for each step, its reason in a column of its own."""
    rows = [row(d, number, total) for number in range(1, len(d.steps) + 1)]
    return "\\begin{align*}\n" + " \\\\\n".join(rows) + "\n\\end{align*}"


def row(d: Derivation, number: int, total: TotalStyle) -> str:
    """The rows of one step: a long sum is broken before its signs."""
    step = d.steps[number - 1]
    lhs = latex(step.lhs, d.recurrence, total=total)
    pieces = broken(step.rhs, d, total)
    about = _reason_latex(step, d)
    lines = [f"{lhs} &= {pieces[0]}", *(rf"&\quad {piece}" for piece in pieces[1:])]
    lines[-1] += f" && {about} \\tag{{{number}}}"
    return " \\\\\n".join(lines)


def broken(rhs: Node, d: Derivation, total: TotalStyle) -> list[str]:
    """``rhs`` in lines of at most about :data:`LINE` characters, broken between its terms."""
    whole_line = latex(rhs, d.recurrence, total=total)
    if len(whole_line) <= LINE or not isinstance(rhs, Add):
        return [whole_line]
    style = LatexStyle(d.recurrence, total)
    lines: list[list[Node]] = [[]]
    room = LINE
    for minus, term in terms(rhs, style):
        size = len(latex(term, d.recurrence, total=total))
        if lines[-1] and size > room:
            lines.append([])
            room = LINE
        lines[-1].append(_signed(minus, term))
        room -= size
    out = [latex(_sum(lines[0]), d.recurrence, total=total)]
    for line in lines[1:]:
        shown = latex(_sum(line), d.recurrence, total=total)
        out.append(shown if shown.startswith("-") else f"+ {shown}")
    return out


def _signed(minus: bool, term: Node) -> Node:
    return Neg(term) if minus else term


def _sum(args: list[Node]) -> Node:
    return args[0] if len(args) == 1 else Add(tuple(args))


def _reason_latex(step: Step, d: Derivation) -> str:
    """The last column of a row: words that no reader takes for mathematics or a hypothesis."""
    words = tex_text(reason(step))
    where = ", ".join(f"${_range_latex(r)}$" for r in step.where if not _trivial(r))
    name = ""
    if step.label:
        label = latex_name(step.label)[0]
        # Readers look for the end of the words, and need not match braces for that.
        name = (tex_text(_label_text(step.label)) if "{" in label else f"${label}$") + ": "
    return rf"\text{{({name}{words}{f', {where}' if where else ''})}}"


def _trivial(r: Range) -> bool:
    """``T >= 1`` goes without saying."""
    return r.hi is None and isinstance(r.lo, Num) and r.lo.value == 1


def _range_latex(r: Range) -> str:
    name = latex_name(r.name)[0]
    if r.hi is None:
        return rf"{name} \ge {latex(r.lo)}"
    return rf"{latex(r.lo)} \le {name} \le {latex(r.hi)}"


def latex_document(d: Derivation, total: TotalStyle = "notes") -> str:
    """A document that pdflatex compiles with amsmath and nothing else."""
    notes = "".join(
        f"\n\\noindent({n})\\quad {tex_text(s.note)}\\par"
        for n, s in enumerate(d.steps, 1)
        if s.note
    )
    return (
        "\\documentclass{article}\n"
        "\\usepackage[utf8]{inputenc}\n"
        "\\usepackage{amsmath}\n"
        "\\allowdisplaybreaks\n"
        # Wide formulas need a wide page, and this needs no package.
        "\\setlength{\\pdfpagewidth}{420mm}\\setlength{\\pdfpageheight}{297mm}\n"
        "\\setlength{\\textwidth}{360mm}\\setlength{\\textheight}{220mm}\n"
        "\\setlength{\\oddsidemargin}{0mm}\\setlength{\\topmargin}{-10mm}\n"
        "\\begin{document}\n"
        f"\\section*{{{tex_text(d.title)}}}\n"
        f"{tex_text(heading(d))}\n"
        f"{align(d, total)}{notes}\n"
        "\\end{document}\n"
    )


# ---------------------------------------------------------------------------- Markdown


_MARKDOWN_SPECIAL: Final = str.maketrans({c: f"\\{c}" for c in "\\`*_{}[]<>#|$~"})


def _markdown_text(words: str) -> str:
    return terminal_safe(" ".join(words.split())).translate(_MARKDOWN_SPECIAL)


def markdown(d: Derivation, total: TotalStyle = "notes") -> str:
    """Markdown with each step's formula as a displayed one between ``$$``."""
    lines = [f"# {_markdown_text(d.title)}", "", _markdown_text(heading(d)) + ".", ""]
    for number, step in enumerate(d.steps, start=1):
        name = f"${latex_name(step.label)[0]}$: " if step.label else ""
        where = ", ".join(f"${_range_latex(r)}$" for r in step.where)
        about = "; ".join(part for part in (_markdown_text(reason(step)), where) if part)
        lhs = latex(step.lhs, d.recurrence, total=total)
        pieces = broken(step.rhs, d, total)
        lines += [f"**({number})** {name}{about}", ""]
        if len(pieces) == 1:
            lines += ["$$", f"{lhs} = {pieces[0]}", "$$", ""]
        else:
            rows = " \\\\\n".join([f"{lhs} &= {pieces[0]}", *(f"&\\quad {p}" for p in pieces[1:])])
            lines += ["$$", f"\\begin{{aligned}}\n{rows}\n\\end{{aligned}}", "$$", ""]
        if step.note:
            lines += [_markdown_text(step.note), ""]
    return "\n".join(lines)


# ---------------------------------------------------------------------------- HTML

_PAGE: Final = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>
body {{ font-family: Georgia, serif; max-width: 70rem; margin: 2rem auto; padding: 0 1rem;
  color: #1a1a1a; background: #fff; }}
ol {{ padding-left: 2.5rem; }}
li {{ margin: 1.2rem 0; }}
li > div {{ overflow-x: auto; }}
math {{ font-size: 1.15rem; }}
p {{ margin: .3rem 0; color: #555; }}
@media (prefers-color-scheme: dark) {{
  body {{ color: #e8e8e8; background: #161616; }}
  p {{ color: #aaa; }}
}}
</style>
</head>
<body>
<h1>{title}</h1>
<p>{heading}.</p>
<ol>
{steps}
</ol>
</body>
</html>
"""


def html(d: Derivation) -> str:
    """A page that needs no script, no font and no network: the mathematics is MathML."""
    items = []
    for number, step in enumerate(d.steps, start=1):
        name = f"<math>{named(step.label)}</math>: " if step.label else ""
        where = ", ".join(f"<math>{_range_mathml(r)}</math>" for r in step.where)
        links = ", ".join(f'<a href="#step-{n}">({n})</a>' for n in step.cites)
        about = escape(step.rule) + (f"; by {links}" if links else "")
        about += f"; {where}" if where else ""
        note = f"\n<p>{escape(step.note)}</p>" if step.note else ""
        lhs, rhs = (mathml_row(side, d.recurrence) for side in (step.lhs, step.rhs))
        items.append(
            f'<li id="step-{number}">\n<div><math xmlns="http://www.w3.org/1998/Math/MathML" '
            f'display="block">{lhs}{mo("=")}{rhs}</math></div>\n<p>{name}{about}</p>{note}\n</li>'
        )
    return _PAGE.format(title=escape(d.title), heading=escape(heading(d)), steps="\n".join(items))


def _range_mathml(r: Range) -> str:
    low = mathml_row(r.lo)
    if r.hi is None:
        return f"{named(r.name)}{mo('≥')}{low}"
    return f"{low}{mo('≤')}{named(r.name)}{mo('≤')}{mathml_row(r.hi)}"


_PRINTERS: Final[Mapping[str, Callable[[Derivation], str]]] = {
    "text": plain,
    "html": html,
    "json": as_json.dumps,
}

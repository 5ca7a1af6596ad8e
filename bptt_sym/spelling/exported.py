r"""What editors, exporters and keyboards make of a formula on its way into a document.

A Markdown formatter takes ``=`` on a line of its own for the underline of a heading and draws it
out, and ``_`` … ``_`` for emphasis, which it writes with stars. Keyboards of East Asia have
operators of full width, and a small circle that serves as a full stop. A long bracket is broken
into two rows. Each is undone by its form alone, before any other rewriting; every character keeps
its offset.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from unicodedata import normalize

from bptt_sym.documents.document import Formula
from bptt_sym.documents.respelling import Edit, closing, edited, replaced

#: Characters of full width, and circles of all sizes, with the plain sign of the same meaning.
#: (Brackets of full width hold remarks as well, and are looked at elsewhere.)
_PLAIN = str.maketrans(
    {
        **{chr(0xFEE0 + ord(c)): c for c in "=+-*/<>^_|"},
        **{
            chr(0xFEE0 + k): chr(k)
            for span in ((48, 58), (65, 91), (97, 123))
            for k in range(*span)
        },
        **dict.fromkeys("⨀○◯⊚⦿", "⊙"),
    }
)
#: A line of equals signs or of hyphens alone.
_UNDERLINE = re.compile(r"^[ \t]*(?:(?P<equals>={2,})|-{3,})[ \t]*$", re.MULTILINE)
#: ``h*{t+1}``: a star directly before a group.
_STARRED = re.compile(
    r"(?:\\(?P<command>[A-Za-z]+)|(?<![A-Za-z\\])[A-Za-z]|[})\]])(?P<star>\*)(?=\{)"
)
_HAS_A_SCRIPT = re.compile(r"_\s*\{[^{}]{1,12}\}\Z")
#: Commands that have a form with a star.
_WITH_STAR = frozenset("operatorname tag hspace vspace begin end newcommand".split())
#: ``f_t。c_{t-1}``: the full stop of Chinese between two factors.
_CIRCLE = re.compile(r"(?<=[A-Za-z0-9})\]])\s*。\s*(?=[A-Za-z0-9\\({\[])")
_HALF = re.compile(r"[½¼]")
#: ``ŷ``, in one character or in two.
_ACCENTED = re.compile(
    r"(?<![^\W\d_])(?:(?P<one>[ŷẑŝĉĝĥȳ])|(?P<letter>[A-Za-z])(?P<mark>[\u0302-\u0305]))(?![^\W\d_])"
)
_ACCENTS = {"\u0302": "hat", "\u0303": "tilde", "\u0304": "bar", "\u0305": "bar"}
#: ``y_{}``: a script with nothing in it.
_EMPTY = re.compile(r"(?<=[A-Za-z0-9})\]])\s*[_^]\s*\{\s*\}")
#: ``\\hat \\boldsymbol y_t``: the font within the accent, without braces.
_ACCENT = re.compile(
    r"(?P<accent>\\(?:(?:wide)?hat|(?:wide)?tilde|bar|overline|vec|dot))\s*"
    r"(?P<font>\\(?:boldsymbol|mathbf|bm|pmb|mathrm|mathcal))\s*"
    r"(?:\{\s*(?P<a>\\?[A-Za-z]+)\s*\}|(?P<b>[A-Za-z](?![A-Za-z])|\\[A-Za-z]+))"
)
#: ``\\mathbf{\\hat{y}}``: the accent within the font.
_IN_FONT = re.compile(
    r"(?P<font>\\(?:boldsymbol|mathbf|bm|pmb))\s*\{\s*"
    r"(?P<accent>\\(?:(?:wide)?hat|(?:wide)?tilde|bar|overline))\s*"
    r"(?:\{\s*(?P<a>\\?[A-Za-z]+)\s*\}|(?P<b>[A-Za-z](?![A-Za-z])))\s*\}"
)
#: ``y_tln\\hat y_t``, ``ln(p)``: the logarithm without its backslash.
_LOGARITHM = re.compile(
    r"(?:(?<![A-Za-z\\])|(?<=_[a-z]))(?:ln|log)"
    r"(?=\s*(?:\\left\s*)?(?:[(\[]|\\(?:(?:wide)?hat|tilde|bar|mathbf|boldsymbol)(?![a-z])))"
)
#: ``= -\\log \\hat y_{x_{t+1}}^{(t)}``, behind the whole: the entry of the true class.
_TRUE_CLASS = re.compile(
    r"(?P<before>=.*)=\s*(?:\\frac\s*\{\s*1\s*\}\s*\{\s*T\s*\}\s*)?"
    r"(?:\\sum\s*(?:[_^]\s*(?:\{[^{}]*\}|[A-Za-z])\s*){0,2})?-\s*\\log\s*\\hat\s*(?:\{\s*y\s*\}|y)\s*_\s*"
    r"(?:\{(?:[^{}]|\{[^{}]*\})*\}|[a-z])\s*\^\s*\{[^{}]*\}\s*$",
    re.DOTALL,
)
#: ``\\text{where } \\cdot \\text{ means …}``
_SIGN_MEANS = re.compile(
    r"(?:,?\s*\\q?quad\s*)?,?\s*\\text\s*\{[^{}]*\}\s*(?:\\(?:cdot|odot|circ|otimes|times|ast)|\*)"
    r"\s*\\text\s*\{[^{}]*\}"
)
#: ``\\hat{y_t}``: the script inside of the accent.
SCRIPT_INSIDE = re.compile(
    r"\\(?P<mark>hat|widehat|tilde|widetilde|bar|overline|vec|over(?:left|right)arrow|"
    r"mathbf|boldsymbol|bm|mathrm|mathit|mathcal|pmb)\s*\{\s*"
    r"(?P<name>[A-Za-z]|\\[A-Za-z]+(?:\s*\{\s*[A-Za-z]\s*\})?)\s*"
    r"(?P<scripts>(?:[_^]\s*(?:\{[^{}]{1,24}\}|[A-Za-z0-9]|\\[a-z]+)\s*){1,2})\}"
)
#: ``\\mathbf{\\text{labels}_t}``: a word is a name of its own, in any face.
_FONT_OF_WORD = re.compile(
    r"\\(?:mathbf|boldsymbol|bm|pmb)\s*\{\s*(?P<word>\\(?:text|mathrm|textrm|operatorname)\s*\{\s*"
    r"[A-Za-z]{3,}\s*\}\s*(?:[_^]\s*(?:\{[^{}]{1,24}\}|[A-Za-z0-9])\s*){0,2})\}"
)
#: ``\\bigg{|}``
_SIZED_BAR = re.compile(r"(?P<size>\\[bB]igg?[lrm]?)\s*\{\s*(?P<bar>\||\\vert|\\\|)\s*\}")
#: ``\\mathbf{x_t)}``: a bracket that slipped into the braces of a font.
_BRACKET_INSIDE = re.compile(
    r"(?P<font>\\(?:mathbf|boldsymbol|bm|mathrm|mathit|vec|hat)\s*\{\s*[A-Za-z]\s*"
    r"[_^]\s*(?:\{[^{}]{1,24}\}|[A-Za-z0-9]))(?P<bracket>\)+)\}"
)
#: ``x_{[t]}``: the step in square brackets below.
_BOXED_STEP = re.compile(r"_\s*\{\s*\[(?P<step>[tkT](?:\s*[-+]\s*1)?)\]\s*\}")
#: ``\\text { net }_t``, ``\\operatorname{net}_t``, ``n e t_t``: as programs that read pages write a
#: name of three letters.
_READ_OFF = re.compile(
    r"\\(?:text|operatorname|mathrm|mathit|textit|textrm)\s*\{\s*(?P<word>net|out|hid|act|inp|err)\s*\}"
    r"(?=\s*[_^])|(?<![A-Za-z\\])(?:\{\s*)?(?P<spaced>n\s+e\s+t)(?:\s*\})?(?=\s*[_^])"
)
#: ``t a n h\\left(c_t\\right)``: the letters of a function apart.
_APART = re.compile(
    r"(?<![A-Za-z\\])(?:t\s+a\s+n\s+h|s\s+i\s+g\s+m\s+o\s+i\s+d|s\s+o\s+f\s+t\s+m\s+a\s+x|"
    r"d\s+i\s+a\s+g)(?![A-Za-z])"
)
#: ``\\operatorname{Wdiag}``
_WITH_ITS_FACTOR = re.compile(r"\\operatorname\s*\{\s*(?P<factor>[A-Z])diag\s*\}")
#: ``\\mathcal{\\partial\\theta}``, ``\\mathcal{L(x_t)}``, ``\\mathcal \\theta``: a font over more
#: than the letter that it is for, or over one that has none; ``\\mathrm{diag(h_t)}`` over what the
#: function is of.
_FONT_OVER = re.compile(
    r"\\math(?:cal|rm|bf|it|sf)\s*(?P<open>\{)\s*(?=(?P<letter>[A-Z])\s*\(|\\partial(?![A-Za-z]))"
    r"|\\(?:math(?:rm|bf|it|sf)|text|operatorname)\s*(?P<around>\{)\s*"
    r"(?=(?:[dD]iag|tanh|[sS]oftmax|[sS]igmoid|exp|log)\s*(?:\\left\s*)?\()"
)
_FONT_OF_NONE = re.compile(r"\\mathcal\s*(?=\\[a-z]+(?![A-Za-z]))")
#: ``J_t := … \\in \\mathbb{R}^{n \\times n}``, ``f_t = … \\in (0, 1)^n``: of what size and where it
#: is, behind what it is.
_OF_SIZE = re.compile(
    r"(?P<equation>=(?:(?!\\\\|\\in(?![A-Za-z])).)*?)\s*\\in\s*"
    r"(?:\\mathbb\s*(?:\{\s*R\s*\}|R)|(?P<between>(?:\\left\s*)?(?:[(\[]|\\\{)[-0-9.,\s]*(?:\\right\s*)?"
    r"(?:[)\]]|\\\})))\s*"
    r"(?:\^\s*(?:\{(?:[^{}]|\{[^{}]*\})*\}|[A-Za-z0-9]))?(?=\s*(?:[.,;]|\\\\|\\q?quad|\\end|$))",
    re.DOTALL,
)
#: How large a formula is set, and ``{dW_{ax}} &=``: braces around all that stands on the left.
_SIZE = re.compile(r"\\(?:display|text|script)style(?![A-Za-z])\s*")
_BRACED_LEFT = re.compile(
    r"(?<![A-Za-z_^}\]])\{\s*(?P<left>d\s*[A-Za-z]+(?:\s*_\s*\{[^{}]*\})?)\s*\}(?=\s*&?\s*=)"
)
_BEGUN = re.compile(r"\\begin\s*\{[a-z]{1,12}\*?\}(?:\{[^{}]{0,12}\})?\Z")
#: Space at the beginning, before a relation or before anything.
_LEADING = re.compile(r"(?:\\[ ,;:!]\s*|\\q?quad(?![A-Za-z])\s*)+")
#: What opens and closes, what breaks a row, and what relates.
_STRUCTURE = re.compile(
    r"(?P<row>\\\\(?:\s*\[[^\[\]{}=+]{0,12}\])?\s*(?:&\s*)*)"
    r"|(?P<open>(?:\\left\s*)?[(\[]|\\left\s*\\\{)|(?P<close>(?:\\right\s*)?[)\]]|\\right\s*\\\})"
    r"|(?P<group>\{|\\begin(?![A-Za-z]))|(?P<end>\}|\\end(?![A-Za-z]))"
    r"|(?P<relation>[=<>≤≥≈]|\\(?:leq?|geq?|approx|propto)(?![A-Za-z]))"
    r"|\\(?:left|right)\s*[.|]|\\.",
    re.DOTALL,
)


#: ``\\mathrm{~s}``: the space that a program reads before a letter.
_SPACE_INSIDE = re.compile(
    r"(?P<font>\\math(?:rm|bf|it|sf|cal)|\\boldsymbol|\\bm)\s*\{(?:\s|~|\\[ ,;:!])*(?:~|\\[ ,;:!])"
    r"(?:\s|~|\\[ ,;:!])*(?=[A-Za-z]{1,20}\s*\})"
)

#: ``\\nabla_{W t-1} E``: the step behind the weight, where it was below it.
_BESIDE_A_WEIGHT = re.compile(
    r"(?P<d>\\nabla\s*_\s*\{\s*)(?P<w>[WUVR])\s+(?P<step>(?:t|k|[0-9])(?:\s*-\s*[0-9])?)\s*\}"
)

#: ``\\exp^{x_i}``
_EXP_ABOVE = re.compile(
    r"\\exp\s*\^\s*(?:\{(?P<braced>(?:[^{}]|\{[^{}]*\})*)\}|(?P<letter>[a-z](?![A-Za-z])))"
)

#: A wide accent is the same accent.
_WIDE = re.compile(r"\\wide(?P<accent>tilde|hat|check|bar)(?![A-Za-z])")

#: ``\\mathbf{-0.05}``: a result that is made to stand out.
_BOLD_NUMBER = re.compile(
    r"\\(?:mathbf|boldsymbol|bm|textbf)\s*\{\s*(?P<number>-?\s*[0-9]+\.[0-9]+)\s*\}"
)
#: ``dz_t @ h_{t-1}.T``: the product of matrices of code, and its transpose.
_AT = re.compile(r"(?<=[A-Za-z0-9)\]}])\s*@\s*(?=[A-Za-z(\[\\{])")
_TURNED = re.compile(r"(?<=[A-Za-z0-9)\]}])\.T(?![A-Za-z])")


#: ``h_t -> o_t``
_ARROW = re.compile(r"(?<![-<])-{1,2}>(?!=)")
#: ``W^Td\\gamma``: T alone stands above.
_GLUED_T = re.compile(r"\^T(?=[A-Za-z])")
#: ``\\end{bmatrix}^t``
_SMALL_T = re.compile(r"(?P<end>\\end\s*\{[bBp]?matrix\})\s*\^\s*(?:t(?![A-Za-z])|\{\s*t\s*\})")


def as_meant(formula: Formula) -> Formula:
    """``formula`` with what was done to it on its way undone."""
    text = formula.latex
    if not text.isascii():
        plain = text.translate(_PLAIN)
        formula = replace(formula, latex=plain) if plain != text else formula
        formula = replaced(formula, _CIRCLE, lambda m: r" \odot ")
        formula = replaced(formula, _HALF, _fraction)
        formula = replaced(formula, _ACCENTED, _with_its_accent)
    if "\\" in text:
        if "style" in text:
            formula = replaced(formula, _SIZE, lambda m: "")
        if r"\wide" in text:
            formula = replaced(formula, _WIDE, lambda m: "\\" + m["accent"])
        formula = replaced(formula, _BOLD_NUMBER, lambda m: m["number"])
        formula = replaced(formula, _BRACED_LEFT, _without_braces)
        formula = edited(formula, _narrowed(formula.latex))
        formula = replaced(formula, _BESIDE_A_WEIGHT, lambda m: f"{m[1]}{m[2]}_{{{m[3]}}}}}")
        formula = replaced(formula, _SPACE_INSIDE, lambda m: m["font"] + "{")
        formula = replaced(formula, _FONT_OF_NONE, lambda m: "")
        formula = replaced(formula, _FONT_OF_WORD, lambda m: m["word"])
        formula = replaced(formula, _GLUED_T, lambda m: "^{T}")
        formula = replaced(formula, _SMALL_T, lambda m: m["end"] + "^T")
        formula = replaced(formula, _ACCENT, _within)
        formula = replaced(formula, _SIZED_BAR, lambda m: m["size"] + m["bar"])
        formula = replaced(formula, _BRACKET_INSIDE, lambda m: m["font"] + "}" + m["bracket"])
        formula = replaced(formula, _READ_OFF, lambda m: r"\mathrm{" + (m["word"] or "net") + "}")
        formula = replaced(formula, _APART, lambda m: "".join(m.group().split()))
        formula = replaced(formula, _WITH_ITS_FACTOR, lambda m: rf"{m[1]}\operatorname{{diag}}")
        formula = replaced(formula, _BOXED_STEP, lambda m: "_{" + m["step"] + "}")
        formula = replaced(formula, SCRIPT_INSIDE, outside)
        formula = replaced(formula, _IN_FONT, _within)
        formula = replaced(formula, _EXP_ABOVE, lambda m: rf"\exp({m['braced'] or m['letter']})")
        formula = replaced(formula, _LOGARITHM, lambda m: r"\log ")
        formula = replaced(formula, _OF_SIZE, _its_equation)
        formula = replaced(formula, _SIGN_MEANS, lambda m: "")
        formula = replaced(formula, _TRUE_CLASS, lambda m: m.group("before"))
        leading = _LEADING.match(formula.latex)
        if leading is not None:
            formula = edited(formula, [(0, leading.end(), "")])
    if "\n" in text and formula.display:
        formula = replaced(formula, _UNDERLINE, lambda m: "=" if m.group("equals") else "-")
    if "@" in text:
        formula = replaced(formula, _AT, lambda m: " ")
    if ".T" in text:
        formula = replaced(formula, _TURNED, lambda m: "^T ")
    if "->" in text:
        formula = replaced(formula, _ARROW, lambda m: r"\to ")
    if "*{" in text:
        formula = edited(formula, list(_emphasised(formula.latex)))
    formula = replaced(formula, _EMPTY, lambda m: "")
    if "\\\\" in formula.latex:
        formula = edited(formula, _broken(formula.latex))
    return formula


def _without_braces(m: re.Match[str]) -> str | None:
    """What is braced, but for what is below the bar of a fraction."""
    before = m.string[max(0, m.start() - 60) : m.start()].rstrip()
    below = before.endswith("}") and not _BEGUN.search(before)
    return None if below else m["left"]


def _its_equation(m: re.Match[str]) -> str | None:
    """What stands before its size; an interval is a condition of a letter behind a comma."""
    equation = m.group("equation")
    other = m.group("between") and re.search(r"(?:,|quad)\s*[^\s()\[\]=]+$", equation)
    return None if other else equation


def _fraction(m: re.Match[str]) -> str:
    return r"\frac{1}{2}" if m.group() == "½" else r"\frac{1}{4}"


def _with_its_accent(m: re.Match[str]) -> str | None:
    letter, mark = m["letter"], m["mark"]
    if letter is None:
        both = normalize("NFD", m["one"])
        letter, mark = both[0], both[1]
    return rf"\{_ACCENTS[mark]}{{{letter}}}"


def outside(m: re.Match[str]) -> str:
    """``\\hat{y}_t`` for ``\\hat{y_t}``."""
    return rf"\{m.group('mark')}{{{m.group('name')}}}{m.group('scripts')}"


def _narrowed(text: str) -> list[Edit]:
    """Fonts that begin before a derivative left out, and those of a function on its letter."""
    edits: list[Edit] = []
    for m in _FONT_OVER.finditer(text):
        end = closing(text, m.start("open" if m["open"] else "around"))
        if end is not None and m["letter"]:
            edits += [(m.end("letter"), m.end("letter"), "}"), (end, end + 1, "")]
        elif end is not None:
            edits += [(m.start(), m.end(), ""), (end, end + 1, "")]
    return sorted(edits)


def _within(m: re.Match[str]) -> str:
    return rf"{m.group('accent')}{{{m.group('font')}{{{m.group('a') or m.group('b')}}}}}"


def _emphasised(text: str) -> Iterator[Edit]:
    """Stars that stood for the bar of a script; behind a script there is none any more."""
    for m in _STARRED.finditer(text):
        at = m.start("star")
        scripted = _HAS_A_SCRIPT.search(text, max(0, at - 20), at) is not None
        if m.group("command") not in _WITH_STAR and not scripted:
            yield m.start("star"), m.end("star"), "_"


def _broken(text: str) -> list[Edit]:
    """The ends of rows within a pair of brackets, if nothing is related there."""
    edits: list[Edit] = []
    #: What is open: whether it is a bracket, the ends of rows in it, whether it may be broken.
    opened: list[tuple[bool, list[Edit]]] = [(False, [])]
    for m in _STRUCTURE.finditer(text):
        kind = m.lastgroup
        bracket, rows = opened[-1]
        if kind == "row" and bracket:
            rows.append((m.start(), m.end(), " "))
        elif kind == "relation" and rows:
            opened[-1] = (False, [])  # an equation of its own: the bracket was forgotten
        elif kind in ("open", "group"):
            opened.append((kind == "open", []))
        elif kind in ("close", "end") and len(opened) > 1:
            if bracket == (kind == "close"):
                edits += rows
                opened.pop()
            elif kind == "end":  # a bracket that was not closed in its group
                while len(opened) > 1 and opened.pop()[0]:
                    pass
    return sorted(edits)

r"""Marks that documents make in ways of their own, before their vocabulary is known.

``net_t`` for a name of three letters, ``···`` for dots, ``\_`` where Markdown asks for it, a remark
in brackets behind an equation, a bold pair of letters for the product of two bold ones. Each is
rewritten by its form alone; every character keeps its offset.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from bptt_sym.definitions.said_sizes import A_SLOPE
from bptt_sym.documents.bare_lines import BRACKETED
from bptt_sym.documents.characters import CHARACTER, character
from bptt_sym.documents.document import Formula
from bptt_sym.documents.respelling import BRACKETS, Edit, closing, edited, replaced

#: ``\_t`` and ``\*``: Markdown's escapes.
_ESCAPED = re.compile(r"(?<!\\)\\([_*])(?=\s*[A-Za-z0-9{(\\])")
#: ``\\left\\{ \\begin{aligned} … \\end{aligned} \\right.``: equations that hold together.
_SYSTEM = re.compile(
    r"^\s*(?:\\(?:left|[bB]igg?l?)\s*)?(?:\\\{|\\lbrace|\.)\s*(?P<body>\\begin\s*\{(?P<env>aligned|alignedat|"
    r"array|gathered|split|matrix)\}.*\\end\s*\{(?P=env)\})\s*(?:\\(?:right|[bB]igg?r?)\s*(?:\.|\\\}|\\rbrace))?"
    r"\s*[.,;]?\s*$",
    re.DOTALL,
)
#: ``\\tanh W \\begin{pmatrix} h \\\\ x \\end{pmatrix}`` at the end of a row.
_OF_JOINED = re.compile(
    r"\\tanh\s*(?P<arg>(?:\\begin\s*\{(?P<env>[pb]matrix)\}(?:(?!\\begin|\\end).)*\\end\s*\{(?P=env)\}|"
    r"[A-Z](?:_\{?[a-z]+\}?)?)\s*\\begin\s*\{(?P<under>[pb]matrix)\}(?:(?!\\begin|\\end).)*"
    r"\\end\s*\{(?P=under)\})(?=\s*(?:\\\\|\\end|$))"
)
#: A left side in a row of its own, and the equation from the next row on.
_GOES_ON = re.compile(
    r"^(?P<left>(?:(?!\\\\|=|<|>|\\approx|\\begin|\\leq?(?![a-z])|\\propto|\\simeq|\\to(?![a-z])).)*)"
    r"\\\\\s*(?=&?\s*=)", re.DOTALL
)
#: ``y_t^{*}``: the star belongs to the name.
_STARRED = re.compile(
    r"(?P<name>(?:\\(?:mathbf|boldsymbol|bm)\s*\{\s*[a-z]\s*\}|(?<![A-Za-z\\{_^])[a-z]))"
    r"(?P<sub>\s*_\s*(?:\{[^{}]{1,8}\}|[A-Za-z0-9]))?\s*\^\s*"
    r"(?:\{\s*(?P<step>\(\s*t\s*(?:[-+]\s*1\s*)?\)\s*,?)?\s*(?:\*|\\ast|\\star)\s*,?\s*"
    r"(?P<step1>\(\s*t\s*(?:[-+]\s*1\s*)?\))?\s*(?P<turned>\\top|\\intercal|T)?\s*\}"
    r"|\*|\\ast(?![a-z])|\\star(?![a-z]))"
)
_WIDE = re.compile(r"（(?P<inside>[^（）\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]*)）")
_COLON_EQUALS = re.compile(r":\s*=(?!\s*[-0-9])")
#: ``h^{(t),T}``, ``a^{\\langle t\\rangle 2}``: a transpose or a square behind the step.
_BEHIND_STEP = re.compile(
    r"(?P<name>\\[a-z]+\s*\{\s*[A-Za-z]\s*\}|\\hat\s*[a-z](?![a-z])|(?<![A-Za-z\\])[A-Za-z])\s*\^\s*\{\s*"
    r"(?P<step>(?:\(|<|\\langle)\s*(?:t|k|T|\\tau)\s*(?:[-+]\s*1\s*)?(?:\)|>|\\rangle))\s*,?\s*"
    r"(?P<what>T|2|\\top|\\intercal|\\mathsf\s*\{?\s*T\s*\}?)\s*\}"
)
#: ``\\frac{e^{z_t}}{\\sum e^{z_t}}``: a softmax.
_SOFTMAX = re.compile(
    r"\\[dt]?frac\s*\{\s*(?:e\s*\^\s*\{(?P<z>(?:[^{}]|\{[^{}]*\})+)\}|\\exp\s*\((?P<w>[^()]+)\))\s*\}\s*"
    r"\{\s*\\sum\s*(?:e\s*\^\s*\{(?P=z)\}|\\exp\s*\((?P=w)\))\s*\}"
)
#: ``\\frac{\\sum_{i=t}^{T} \\partial J_i}{\\partial a_t}``: the sum of the derivatives.
_SUM_OF = re.compile(
    r"\\(?P<frac>[dt]?frac)\s*\{\s*(?P<sum>\\sum\s*_\s*\{[^{}]*\}\s*\^\s*(?:\{[^{}]*(?:\{[^{}]*\})?[^{}]*\}"
    r"|[A-Za-z](?:_[a-z])?))\s*(?P<of>\\partial(?:[^{}+=]|\{[^{}]*\})*)\}"
)
#: ``\\frac{\\partial L}{\\partial W} \\leftarrow \\frac{\\partial L}{\\partial W} + …``
_ADDS = re.compile(
    r"(?P<x>\\[dt]?frac\s*\{(?:[^{}]|\{[^{}]*\})*\}\s*\{(?:[^{}]|\{[^{}]*\})*\})\s*&?\s*"
    r"(?:\\(?:leftarrow|gets)(?![A-Za-z])|←)\s*&?\s*(?P=x)\s*\+"
)
_DOTS = re.compile(r"(?:·\s*){3,}|(?:・\s*){3,}|…{1,2}(?=\S)|(?:\\cdot\s*(?!\\cdots)){3,}")
#: Names of three letters that everybody reads as one word.
_WORD = re.compile(
    r"(?<![A-Za-z\\-])(?<!text\{)(?<!mathrm\{)(?<!operatorname\{)(?<!textrm\{)(?<!textbf\{)(?<!textit\{)(?<!mathit\{)"
    r"(?P<word>net|out|hid|act|inp|err)(?=\s*[_^(]|\s*\\?\}|\s*$)(?!\s*\^\s*\{?\s*-)"
)
#: ``Wdiag[f'(a)]``, ``diag[…]``.
_DIAGONAL = re.compile(
    r"(?<![\\{])(?P<name>(?<![A-Za-z\\])[A-Z])?(?<![a-z\\{])diag\s*(?=[\[(])"
)
_DIAG_OF = re.compile(r"diag\s*\}?\s*(?:\\left\s*)?(?P<open>\[)")
#: ``\boldsymbol{UX_t}``: two bold letters.
_BOLD_PAIR = re.compile(
    r"\\(?P<font>boldsymbol|mathbf|bm|pmb)\s*\{\s*(?P<a>[A-Z])\s*(?P<b>[A-Za-z])\s*"
    r"(?P<script>_\s*(?:\{[^{}]*\}|[A-Za-z0-9]))\s*\}"
)
_SQUARE = re.compile(r"\^\s*\{\s*\\(?:odot|circ)\s*2\s*\}")
_OPERATOR = re.compile(r"\\mathop\s*\{\s*(?P<op>\\(?:sum|prod|max|min))\s*\}(?:\s*\\limits)?")
#: ``\mathrel{:=}``, ``\vcentcolon=``, ``=^{(a)}``, ``=^{def}``: a sign in a wrapping, or with a
#: remark.
_WRAPPED_SIGN = re.compile(
    r"\\math(?:rel|bin|op|ord)\s*\{\s*(?P<sign>:\s*=|=|<|>|\\approx|\\leq?|\\geq?|\\propto|\\to)\s*\}"
    r"(?:\s*\\(?:no)?limits)?(?:\s*[_^]\s*\{(?:[^{}]|\{[^{}]*\})*\})*"
    r"|(?:\\vcentcolon\s*|\\mathrel\s*\{\s*(?:\\mathop\s*)?:\s*\})(?P<colon>=)"
    r"|(?P<plain>=)\s*[_^]\s*\{\s*(?:\(\s*[0-9a-z*]{1,3}\s*\)|(?:\\(?:text|mathrm)\s*\{\s*)?def\s*\}?|"
    r"\\text\s*\{[^{}]*\})\s*\}(?:\s*=)?"
)
#: ``\hspace{2cm} (3.2)``, ``\cdots\cdots (1)``, ``\;\;\; [4]``, ``\;\; (\star)``: the number of the
#: equation, or its sign.
_NUMBER = re.compile(
    r"(?:[(（\[{]|\\\{)?(?:\\(?:text(?:bf|rm|it)?|math(?:rm|bf|tt))\s*\{\s*\(?)?\s*"
    r"(?:(?P<number>(?:[A-Z]\.)?\d{1,4}(?:[.-]\d{1,4}){0,3}\s*[a-z]?)|(?P<letter>[ivxIVX]{1,4}|[A-Za-z])"
    r"|(?P<sign>\*{1,3}|\\(?:star|ast|d?dagger|(?:big)?circ|bullet|diamond|alpha|beta|gamma|delta|epsilon|"
    r"zeta|eta)\s*)|(?P<round>[①-⑳]|\\textcircled\s*\{\s*\d+\s*\}|\\#\d+))"
    r"\s*\)?\}?\s*(?:[)）\]}]|\\\})?\s*(?=$|\\\\|\\end(?![A-Za-z]))"
)
#: What stands before it, read up to it.
_BEFORE_NUMBER = re.compile(
    r"(?:\\[;,:! ]|~|\s|[,;]|\\hspace\*?\s*\{[^{}]*\}|-|[—–]|"
    r"\\(?:hfill|q?quad|[cl]?dots[bc]?|l?eqno|to|(?:long)?rightarrow)(?![A-Za-z]))+$"
)
_WIDE_GAP = re.compile(r"\\(?:hspace|hfill|q?quad|l?eqno)|(?:dots[bc]?\s*.*){2}", re.DOTALL)
_GAP = re.compile(r"dots|(?:(?:\\[;: ]|~)\s*){2}|[,;]\s*(?:\\[;,: ]|~)")
#: Brackets of any kind around it, or none around what is round already.
_BRACKETED = re.compile(r"(?:\\\{|[(（\[])\s*[^()（）]*(?:\\\}|[)）\]])\s*$|\(\s*[^()]*\)\s*\}\s*$")
#: ``\stackrel{\text{def}}{=}``, ``\overset{(1)}{=}``
_MARKED_SIGN = re.compile(
    r"\\(?:stackrel|overset|underset)\s*\{(?:[^{}]|\{[^{}]*\})*\}\s*"
    r"\{\s*(?P<sign>=|<|>|≤|≥|\\approx|\\leq?|\\geq?|\\lt|\\gt|\\propto)\s*\}"
)
_END = re.compile(
    r"(?:\\q?quad|\\hfill|\s)*\\(?:blacksquare|square|Box|qed|qedsymbol)(?![A-Za-z])(?=\s*$)"
)
#: ``{}_S w``: a label before its name.
_BEFORE = re.compile(
    r"\{\s*\}\s*_\s*(?:\{\s*(?P<a>[A-Za-z]{1,8})\s*\}|(?P<b>[A-Za-z]))\s*"
    r"(?P<name>\\[a-z]+\s*\{[A-Za-z]\}|[A-Za-z])"
)
#: ``\frac{∂h}{∂W}\bigg|_{\text{this use}}``: a remark below the bar, with a step or without.
_BAR_REMARK = re.compile(
    r"(?P<bar>(?:\\(?:right|[bB]igg?[rm]?|middle)\s*)?(?:\||\\vert|\\rvert))\s*_\s*"
    r"\{\s*\\text\s*\{[^{}]*\}\s*(?P<step>[a-z])?\s*\}(?P<equals>\s*&?\s*=)?"
)
#: ``… \le (\gamma \sigma)^k, \qquad \gamma = \max_j |…|``: what the letters of a bound stand for.
#: Any other explanation stays, so that nobody supposes that it says this.
_EXPLAINED = re.compile(
    r"(?P<bound>\\leq?(?![a-z])(?:(?!\\\\).)*?),?\s*\\q?quad(?![A-Za-z])\s*"
    r"(?:\\text\s*\{[^{}]*\}\s*)?\\(?:gamma|beta|lambda)(?![A-Za-z])[^=]{0,20}="
    rf"\s*\\(?:max|sup)(?![a-z])\s*(?:_\s*(?:[A-Za-z]|\{{[^{{}}]*\}}))?\s*{A_SLOPE}",
    re.DOTALL,
)
#: ``\xrightarrow{T \to \infty}``, ``\left\( … \right\)``
_LONG_ARROW = re.compile(r"\\xrightarrow\s*(?:\[[^\[\]]*\])?\s*\{[^{}]*\}")
_SIZED = re.compile(r"(\\(?:left|right))\s*\\([()\[\]])")
_D = re.compile(
    r"(?<!_\{)(?<!\^\{)\\(?:mathrm|rm|operatorname|text)\s*(?:\{\s*d\s*\}|d(?![a-z]{2}))"
)
_UNBRACED = re.compile(r"([_^])\s*(\\(?:text|mathrm|textrm|textit|mathit)\s*\{[^{}]*\})")
_SIDESET = re.compile(
    r"\\sideset\s*\{\s*\}\s*\{(?P<scripts>(?:[^{}]|\{[^{}]*\})*)\}\s*(?P<sign>\\(?:sum|prod)(?![A-Za-z]))"
)
#: ``\\ ~~~~ & = …``
_GAP_AT_HEAD = re.compile(r"(?P<row>(?:^|\\\\|\\begin\s*\{[a-z*]+\})\s*)~[~\s]*(?=&?\s*=)")
_SIZED_FRACTION = re.compile(r"\\[dtc]frac(?![A-Za-z])")
#: ``\sum_t -x_t``: the sign goes before the sum.
_NEGATIVE = re.compile(
    r"(?P<sum>\\sum(?:\\limits)?\s*(?:[_^]\s*(?:\{[^{}]{1,12}\}|[A-Za-z0-9])\s*){0,2})-\s*"
    r"(?=(?:[^-+=&]|\{[^{}]*\})*$|(?P<group>(?:\\left\s*)?[(\[]))"
)
#: ``\underbrace{a b}_{\text{words}}``
_REMARK = re.compile(
    r"(?:\\q?quad(?![A-Za-z])|\\[;: ]|~|\s)\s*(?:\\left\s*)?(?P<open>\()(?=[^()]|\()"
)
_RELATED = re.compile(
    r"=|\\(?:because|since)(?![A-Za-z])|^\s*[a-zT0-9]\s*(?:[<>≤≥]|\\[lg]eq?(?![a-z]))[^\\]*$"
)
_WORDS = re.compile(
    r"\\text\s*\{[^{}]*[A-Za-z]{2,}[\s-][^{}]*[A-Za-z]{2,}[^{}]*\}|"
    r"[\u0400-\u04ff\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]"
)
#: ``(Input\\ gate)``: words in the letters of mathematics.
_LETTERS_OF_WORDS = re.compile(
    r"\s*(?=[^()]*[A-Za-z]{4})[A-Za-z/-]++(?:(?:\s|\\ |~)++[A-Za-z/-]++)*+\s*"
)
_IN_SCRIPT = re.compile(r"[_^]\s*\{\s*\\[a-z]+\s*\{[^{}]*\}\s*\}")
#: What may stand before a remark: something whole.
_WHOLE = re.compile(r"(?:[A-Za-z0-9)\]]|(?<!\\prod)\})\s*(?:\\q?quad|\\[,;: ])*$")
#: ``= \dots`` between two steps of a chain.
_STEPS_LEFT_OUT = re.compile(
    r"(?:\\\\)?\s*&?\s*=\s*(?:\.\.\.+|\\[cl]?dots(?![a-z])|\\dotsb?(?![a-z])|…+)\s*"
    r"(?:\\\\\s*(?=&?\s*=)|(?=\\\\|&?\s*=|\\end|[.,;]?\s*$))"
    r"|\\\\(?:[\s&]|\\[;:,! ]|\\q?quad(?![a-z]))*+=?\s*\\vdots(?![a-z])"
    r"(?:[\s&]|\\[;:,! ]|\\q?quad(?![a-z]))*+(?=\\\\\s*&?\s*(?:=|\\leq?(?![a-z])|<|≤))"
)
#: ``x_i[t]``: the step in brackets, as engineers write it.
_IN_BRACKETS = re.compile(
    r"(?P<name>(?:\\[A-Za-z]+\s*\{[^{}]{1,12}\}|\\[A-Za-z]+|(?<![A-Za-z\\])[A-Za-z])"
    r"(?:\s*[_^]\s*(?:\{[^{}]{1,12}\}|[A-Za-z0-9]))*)\s*"
    r"\[\s*(?P<step>(?:t|\\tau|k|n|T)\s*(?:[-+]\s*[0-9]\s*)?|0)\]"
)


#: ``\\`` with one of its strokes, ``;+;`` for ``\\;+\\;``, ``c*t`` for ``c_t``.
_ROW_END = re.compile(r"(?<!\\)\\[ \t]*(?=\n)")
_SPACED = re.compile(r"(?<=[\s\w)}]);[ \t]*(?P<sign>[-+=])[ \t]*;(?=\s)")
_STARS = re.compile(r"(?<=[A-Za-z}])\*(?P<sub>t(?![A-Za-z])|\{[tTk][^{}]{0,6}\})")


def _with_lost_signs(formula: Formula) -> Formula:
    """``formula`` with what it lost together with its delimiters."""
    if formula.environment != BRACKETED:
        return formula
    formula = replaced(formula, _ROW_END, lambda m: r"\\")
    formula = replaced(formula, _SPACED, lambda m: m["sign"])
    return replaced(formula, _STARS, lambda m: f"_{m['sub']}")


def _bare_sign(m: re.Match[str]) -> str:
    return ":=" if m["colon"] else f" {m['sign'] or m['plain']} "


def _numbers(text: str) -> Iterator[Edit]:
    """The numbers of equations, with the gaps before them: ``w\\,(2)`` is a product."""
    for m in _NUMBER.finditer(text):
        first = max(0, m.start() - 80)
        gap = _BEFORE_NUMBER.search(text[first : m.start()])
        if gap is None or not (m["round"] or _BRACKETED.search(m.group())):
            continue
        if _WIDE_GAP.search(gap.group()) or (not m["letter"] and _GAP.search(gap.group())):
            yield first + gap.start(), m.end(), ""


def _of_two_widths(text: str) -> Iterator[Edit]:
    """Brackets of which one half alone has full width: ``g'(z_t）``."""
    if "（" not in text and "）" not in text:
        return
    open_at: list[int] = []
    for at, mark in enumerate(text):
        if mark in "(（":
            open_at.append(at)
        elif mark in ")）" and open_at:
            begin = open_at.pop()
            if text[begin] == "(" and mark == "）":
                yield at, at + 1, ")"
            elif text[begin] == "（" and mark == ")":
                yield begin, begin + 1, "("


def plainly_typeset(formula: Formula) -> Formula:
    r"""``formula`` with ``\dfrac{\mathrm{d} h}{\mathrm{d} w}`` as ``\frac{d h}{d w}``, words in
    scripts in braces, ``L_\text{seq}``, scripts of sums behind these, ``\sideset{}{_k}\sum``,
    and rows that begin with a gap, ``~~~ & = …``."""
    formula = replaced(formula, _D, lambda m: "d")
    formula = replaced(formula, _SIZED_FRACTION, lambda m: r"\frac")
    formula = replaced(formula, _UNBRACED, lambda m: f"{m.group(1)}{{{m.group(2)}}}")
    formula = replaced(formula, _SIDESET, lambda m: m.group("sign") + m.group("scripts"))
    return replaced(formula, _GAP_AT_HEAD, lambda m: m.group("row"))


def as_written(formula: Formula) -> Formula:
    """``formula`` with such marks in the spelling that is read."""
    formula = _with_lost_signs(replaced(formula, CHARACTER, character))
    if (system := _SYSTEM.match(formula.latex)) is not None:
        formula = formula.part(*system.span("body"))
    formula = replaced(formula, _WIDE, lambda m: f"({m.group('inside')})")
    formula = edited(formula, list(_of_two_widths(formula.latex)))
    formula = replaced(formula, _WRAPPED_SIGN, _bare_sign)
    formula = edited(formula, list(_numbers(formula.latex)))
    formula = replaced(formula, _COLON_EQUALS, lambda m: r"\coloneqq ")
    formula = replaced(formula, _ESCAPED, lambda m: m.group(1))
    formula = replaced(formula, _STARRED, _with_a_ring)
    formula = replaced(
        formula, _SUM_OF, lambda m: rf"{m.group('sum')} \{m.group('frac')}{{{m.group('of')}}}"
    )
    formula = replaced(
        formula, _SOFTMAX, lambda m: rf"\mathrm{{softmax}}({m.group('z') or m.group('w')})"
    )
    formula = replaced(formula, _BEHIND_STEP, _parted)
    formula = replaced(formula, _EXPLAINED, lambda m: m.group("bound"))
    formula = replaced(formula, _LONG_ARROW, lambda m: r"\to ")
    formula = replaced(formula, _ADDS, lambda m: f"{m.group('x')} += ")
    formula = replaced(formula, _SIZED, lambda m: m.group(1) + m.group(2))
    formula = replaced(formula, _GOES_ON, lambda m: f"{m.group('left')} ")
    formula = replaced(formula, _OF_JOINED, lambda m: rf"\tanh({m.group('arg')})")
    formula = replaced(formula, _DOTS, lambda m: r"\cdots ")
    formula = replaced(formula, _STEPS_LEFT_OUT, lambda m: " ")
    formula = replaced(formula, _OPERATOR, lambda m: m.group("op"))
    formula = replaced(formula, _MARKED_SIGN, lambda m: m.group("sign"))
    formula = replaced(formula, _END, lambda m: "")
    formula = replaced(formula, _BEFORE, _labelled)
    formula = replaced(formula, _BOLD_PAIR, _bold_product)
    formula = replaced(formula, _BAR_REMARK, _bar)
    formula = replaced(formula, _SQUARE, lambda m: "^2")
    formula = replaced(formula, _NEGATIVE, _with_its_sign)
    formula = edited(formula, list(_diagonals(formula.latex)))
    formula = replaced(formula, _DIAGONAL, _spaced)
    formula = replaced(formula, _WORD, lambda m: rf"\mathrm{{{m.group('word')}}}")
    formula = replaced(formula, _IN_BRACKETS, lambda m: f"{m.group('name')}({m.group('step')})")
    return edited(formula, list(_remarks(formula.latex)))


def _with_its_sign(m: re.Match[str]) -> str | None:
    before = m.string[: m.start()].rstrip()[-1:]
    return None if m.group("group") and before not in ("", *"=&([{") else f"-{m.group('sum')} "


def _with_a_ring(m: re.Match[str]) -> str:
    """A star above as an accent, which is part of the name for every reader."""
    step = (m.group("step") or m.group("step1") or "").rstrip(" ,")
    step = f"^{{{step}}}" if step else ""
    step += r"^{\top}" if m.group("turned") else ""
    return rf"\mathring{{{m.group('name')}}}{m.group('sub') or ''}{step}"


def _parted(m: re.Match[str]) -> str:
    what = "2" if m.group("what") == "2" else r"\top"
    return rf"{{{m.group('name')}^{{{m.group('step')}}}}}^{{{what}}}"


def _labelled(m: re.Match[str]) -> str:
    label = m.group("a") or m.group("b")
    return rf"{m.group('name')}_{{\mathrm{{{label}}}}}"


def _bar(m: re.Match[str]) -> str | None:
    if m.group("step"):
        return f"{m.group('bar')}_{{{m.group('step')}}}{m.group('equals') or ''}"
    return None if m.group("equals") else ""


def _bold_product(m: re.Match[str]) -> str:
    font = m.group("font")
    return rf"\{font}{{{m.group('a')}}} \{font}{{{m.group('b')}}}{m.group('script')}"


def _spaced(m: re.Match[str]) -> str | None:
    name = m.group("name")
    return None if name is None else rf"{name} \operatorname{{diag}}"


def _diagonals(text: str) -> Iterator[Edit]:
    """The square brackets behind ``diag`` as round ones."""
    for m in _DIAG_OF.finditer(text):
        end = closing(text, m.start("open"), *BRACKETS, within=400)
        if end is not None:
            yield m.start("open"), m.end("open"), "("
            yield end, end + 1, ")"


def _remarks(text: str) -> Iterator[Edit]:
    r"""Brackets at the end of a row with an equation or words in them: ``(s' = s - s^2)``."""
    for m in _REMARK.finditer(text):
        end = closing(text, m.start("open"), *BRACKETS, within=400)
        if end is None or not re.match(r"\s*[.,;]?\s*(?:$|\\\\|\\end|\\tag)", text[end + 1 :]):
            continue
        before = text[: m.start()].rstrip()
        if "=" in before and _is_remark(text[m.end("open") : end]) and _WHOLE.search(before):
            yield m.start(), end + 1, " "


def _is_remark(inside: str) -> bool:
    """Whether brackets hold a relation of their own, or words."""
    flat = re.sub(r"\{[^{}]*\}|\([^()]*\)|\[[^][]*\]", "", inside)
    spelt = _LETTERS_OF_WORDS.fullmatch(inside) is not None
    return spelt or bool(_RELATED.search(flat) or _WORDS.search(_IN_SCRIPT.sub("", inside)))

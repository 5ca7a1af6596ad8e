r"""Marks of editors and typesetters that say nothing, and signs that say the same as others.

``\large`` before a formula, ``\mathrel{+}=`` for ``+=``, a bold δ,
``\frac{\delta L}{\delta h}`` for a derivative, a sum over the examples of a batch where the text is
about one: each is brought to one spelling before anything is looked at. Every character keeps its
offset.
"""

from __future__ import annotations

import re
from dataclasses import replace

from bptt_sym.documents.document import Formula
from bptt_sym.documents.respelling import Edit, closing, edited, replaced
from bptt_sym.spelling.true_class import with_one_hot_labels

_SIZE = re.compile(
    r"\\(?:tiny|scriptsize|footnotesize|small|normalsize|large|Large|LARGE|huge|Huge)(?![A-Za-z])\s*"
)
_BOLD = re.compile(r"\\bold(?=\s*\{|\s+[A-Za-z0-9])")
#: ``W \\dot{[h, x]}``: the accent was meant for the sign.
_DOT = re.compile(r"\\dot(?=\s*(?:\{\s*)?\[)")
_BOLD_DELTA = re.compile(
    r"\\(?:boldsymbol|bm|mathbf|pmb|vec|underline|mathrm|mathit)\s*(?:\{\s*\\delta\s*\}|\\delta(?![A-Za-z]))"
)
#: ``… =: J_t``: what stands before it gets a name.
_NAMED_AFTER = re.compile(
    r"(?:\\[,;:! ]\s*)*(?:=\s*(?:\\!\s*)?:|\\eqqcolon(?![A-Za-z]))\s*(?:\\[,;:! ]\s*)*"
    r"(?P<name>(?:\\(?:mathbf|boldsymbol|bm|pmb|vec|bar|tilde|mathrm)\s*\{\s*\\?[A-Za-z]+\s*\}|\\?[A-Za-z]+)"
    r"\s*_\s*(?:[A-Za-z0-9]|\{[^{}]*\}))"
    r"(?=\s*(?:\\[,;:! ]\s*)*(?:[.,;]|\\\\|\\q?quad|\\end|$))"
)
#: Where a row that does not go on from the one before begins, or the next formula in one.
_BEGINS = re.compile(r"(?:^|\\\\|\\q?quad(?![A-Za-z])|\\begin\s*\{[a-z*]+\})(?!\s*&?\s*=)")
_ADDED = re.compile(
    r"(?:\\[,;:! ]\s*)*\\math(?:rel|bin)\s*\{\s*(?:\{\s*)?\+\s*(?:\}\s*)?"
    r"(?:=\s*\}(?:\s*\})?|\}\s*=)(?:\s*\\[,;:! ])*"
)
_TAKEN_OFF = re.compile(r"\\math(?:rel|bin)\s*\{\s*\{?\s*-\s*\}?\s*(?:=\s*\}|\}\s*=)")
_PERCENT = re.compile(r"(?P<n>[0-9]+(?:\.[0-9]+)?)\s*\\%")
_GROUP = r"\{(?:[^{}]|\{(?:[^{}]|\{(?:[^{}]|\{[^{}]*\})*\})*\})*\}"
_FRACTION = re.compile(rf"\\[dt]?frac\s*(?P<up>{_GROUP})\s*(?P<down>{_GROUP})")
#: δ in front of what is differentiated, as ∂ stands there; δ⁺ as well, the immediate one.
_DIFFERENTIAL = re.compile(
    r"\{\s*(?P<d>\\delta)(?:\s*\^\s*(?:\+|\{\s*\+\s*\})|\s*\{\s*\}|\s+|(?=[\\({]))(?![_^\s]*[_^])"
)
#: ``\\delta^{s_t}``: what the gradient is by stands above as well as below.
_ABOVE_DELTA = re.compile(
    r"(?P<delta>\\delta)\s*\^\s*(?P<by>\{\s*(?:\\(?:mathbf|boldsymbol|bm)\s*)?\{?\s*\\?[A-Za-z]+\s*\}?\s*"
    r"(?:_\s*(?:\{[^{}]*\}|[A-Za-z0-9])|\^\s*(?:\{\s*\([^{}]*\)\s*\}|t))\s*\})(?!\s*[_^])"
)
#: ``h_{t2}``: the second step.
_NUMBERED = re.compile(r"_\s*\{\s*t([1-9])\s*\}")
_OF_A_BATCH = re.compile(
    r"\\sum\s*(?:\\limits\s*)?_\s*(?:\{\s*(?:\\(?:text|mathrm|textrm)\s*\{\s*)?"
    r"(?:[Bb]atch(?:\s*\\?_?\s*size)?|samples|examples)\s*(?:\}\s*)?\}|\{\s*B\s*\}|B(?![A-Za-z]))"
    r"(?!\s*\^)(?:\s*\\[,;:! ])*"
    r"|\\(?:mathbf|mathbbm?|boldsymbol|bm)\s*\{?\s*1\s*\}?\s*_\s*(?:\{\s*[NB]\s*\}|[NB](?![A-Za-z]))\s*\^\s*"
    r"(?:\{\s*(?:T|\\top|\\intercal)\s*\}|T(?![A-Za-z])|\\top(?![A-Za-z]))"
)
#: ``\sum_k`` in a gradient by a bias: over the examples, if nothing has the index.
_BY_A_BIAS = re.compile(
    r"\\partial\s*\{?\s*(?:\\(?:mathbf|boldsymbol)\s*\{?\s*)?b(?![a-z]).{0,24}?=\s*"
    r"(?P<sum>\\sum\s*_\s*(?:\{\s*(?P<k>[a-su-z])\s*\}|(?P<k1>[a-su-z])(?![A-Za-z]))\s*)(?!\^)"
    r"(?P<body>[^=]*)"
)


#: ``c_t = c_{t-1} + a_t \longrightarrow c_t = f_t c_{t-1} + a_t``: two equations, then and now.
_BETWEEN_EQUATIONS = re.compile(r"\\(?:long)?rightarrow(?![A-Za-z])|\\to(?![A-Za-z])|[→⟶]")
#: ``w_{h \\to h}``
_IN_A_SCRIPT = re.compile(r"[_^]\s*\{[^{}]*\Z")
_ROW = re.compile(r"\\\\|\\begin(?![A-Za-z])|\\end(?![A-Za-z])")
_EQUATION = re.compile(r"(?:\\q?quad(?![A-Za-z])|\\[,;:! ]|\s|&)*[^=<>]{1,24}?=")
#: ``+ (\text{what is new})``: an operand in words.
_IN_WORDS = re.compile(
    r"(?P<sign>\+\s*)(?P<words>(?P<brace>\\underbrace\s*\{\s*)?(?:(?:\\left\s*)?[(\[]\s*)?"
    r"\\(?:text|mbox|textrm)\s*\{[^{}$]*[^\W\d_]{2}[^{}$]*\}(?:\s*(?:\\right\s*)?[)\]])?"
    r"(?(brace)\s*\}(?:\s*_\s*\{[^{}]*(?:\{[^{}]*\})?[^{}]*\})?))"
    r"(?=\s*(?:$|[.,;]|&|\\(?:\\|q?quad|end|tag)))"
)
_CARRIES_OVER = re.compile(
    r"(?P<name>[A-Za-z])\s*_\s*\{?\s*t\s*\}?\s*&?\s*=(?!.*=)(?!.*\\partial)", re.DOTALL
)
#: ``\\frac{\\partial L}{\\partial c_t} = …`` in one row, which relates nothing else.
_GIVES_A_GRADIENT = re.compile(
    r"(?P<left>\s*(?:\\[dt]?frac\s*\{\s*(?:\\partial|d)(?![a-z])|\\partial(?![a-z])|\\nabla|\\[dD]elta|d[a-zA-Z\\])"
    r"[^=<>&]*?)\s*=(?=[^=<>]*$)"
)
_ON_IN_WORDS = re.compile(
    r"\s{0,2}[$`]{0,2}(?:\\[)\]]|\\end\{[a-z]+\*?\})?,?\s{0,2}(?:(?:plus|加上|плюс|más|mais)(?!\w)|[-+−]\s*(?:the|a|all|other|some|"
    r"further|more|later|earlier|terms?|rest|остальн\w+)(?!\w)|"
    r"(?:up to|と)\s+(?:\w+\s+){0,2}(?:terms?|termes?|términos|termos|项|項|члены))"
)

#: ``a^{<t>}``: the step between signs of order.
_ANGLES = re.compile(r"\^\s*(?:\{\s*<\s*([^<>{}]{1,12}?)\s*>\s*\}|<\s*([^<>{}]{1,12}?)\s*>)")
#: A row that is broken off and begins nothing: ``\\tag{3}\\\\{}``, of which an escape may have
#: taken one sign.
_BROKEN_OFF = re.compile(r"\\\\\s*(?:\{\s*\}\s*)?$|(?<!\\)\\\{\s*\}\s*$")
#: ``W . h``: a full stop between two factors, with space on both sides.
_FULL_STOP = re.compile(
    r"(?<=[A-Za-z0-9})\]]) \. (?=\\?[A-Za-z]+\s*[_^{(]|\{\s*\\?[A-Za-z]+\s*[_^}])(?!\\q?quad)"
)
#: ``\\text{ (chain rule)}`` at the end of a row.
_REASON = re.compile(
    r"(?:\\q?quad\s*|\\[,;:! ]\s*)*\\(?:text|mbox|textrm|textit)\s*"
    r"\{[^{}$=<>]*[^\W\d_]{3}[^{}$=<>]*\}"
    r"(?=\s*\\\\\s*&)"
)
#: ``&& \\text{cell}``: what a row is about, in a column of its own.
_ABOUT = re.compile(
    r"&\s*&?\s*(?:\\q?quad\s*|\\[,;:! ]\s*)*\\(?:text|mbox|textrm|textit|mathrm)\s*"
    r"\{[^{}$=<>]*[^\W\d_]{3}[^{}$=<>]*\}\s*(?=\\\\|\\end|$)"
)
#: ``\\begin{aligned}{2}``: how many columns there are, behind an environment that takes no number.
_COLUMN_COUNT = re.compile(
    r"(?P<begin>\\begin\s*\{(?:align|aligned|gather|gathered|split)\*?\}\s*)\{\s*[1-9]\s*\}"
)
#: ``… (1 - h_t^2))``: one bracket closes what nothing has opened.
_CLOSES = re.compile(r"\)\s*[.,;]?\s*$")
_SPACE = re.compile(r"\\space(?![A-Za-z])")
#: ``= g^{(t)}(x^{(t)}, \\ldots, x^{(1)})`` between a state and ``= f(h^{(t-1)}, x^{(t)})``: that
#: the state depends on all inputs, by a function of its own at each step.
_OF_ALL_INPUTS = re.compile(
    r"=\s*+&?\s*+[a-z]\s*+(?:\^\s*+\{\s*+\(\s*+t\s*+\)\s*+\}|_\s*+(?:\{\s*+t\s*+\}|t))\s*+"
    r"\((?P<of>(?:[^()=]|\([^()=]*+\))*+)\)\s*+(?:\\\\)?\s*+&?\s*+(?==\s*+&?\s*+[a-z]\s*+\()"
)
#: ``= =``: once too often.
_EQUALS_TWICE = re.compile(r"(?<![<>!:=+*/-])=\s*=(?!=)")
_CASES = re.compile(r"\\begin\s*\{(?:[dr]?cases|array)\}")
_LINES = re.compile(r"\\displaylines\s*(?=\{)")

#: ``soft\\max(…)``
_SPLIT = re.compile(r"(?<![A-Za-z\\])soft\s*\\max(?![A-Za-z])")
#: ``\\Pi_{j=k}^t``: a product.
_LETTERS = re.compile(
    r"\\(?P<sign>Pi|Sigma)(?=\s*(?:\\limits\s*)?(?:_\s*\{[^{}=]*=|\^\s*(?:\{[^{}]*\}|[A-Za-z0-9])\s*_\s*\{[^{}=]*=))"
)
#: ``h_t{}`` before an operator.
_NOTHING = re.compile(
    r"(?<=[A-Za-z0-9}])\{\s*\}\s*(?=$|[=+\-,;&.]|\\\\|\\end)"
    r"|(?<=\\sum_)(?P<under>[a-z]|\{[^{}]*\})\{\s*\}"
)
#: ``{{\\partial E}}``: braces within braces are braces.
_TWICE = re.compile(r"\{\s*\{((?:[^{}]|\{(?:[^{}]|\{[^{}]*\})*\})*)\}\s*\}")
#: ``a&+&b``: terms in columns of their own.
_COLUMNS = re.compile(r"&\s*([+-])\s*&")
#: What a sum over the examples supposes of every row.
_OF_ONE = ("the sum over the examples of a batch has one of them", "")

#: ``{\hat c}_r``, ``{\tilde h_f}^{(t)}``: braces around an accented name.
_HELD_TOGETHER = re.compile(
    r"\{\s*(?P<accent>\\(?:hat|tilde|bar|widehat|widetilde|vec))\s*(?:\{\s*(?P<a>[A-Za-z])\s*\}|(?P<b>[A-Za-z]))"
    r"\s*(?P<script>_\s*(?:\{\s*[a-z]{1,7}\s*\}|[a-z]))?\s*\}(?P<more>\s*(?=[_^]))?"
)
#: Where such braces are no argument of a command.
_STANDS_FREE = re.compile(
    r"(?:^|[=&(,+\-/*|]|\\\\|\\(?:delta|Delta|partial|nabla|odot|otimes|circ|cdot|times|quad|left\s*[(\[]|"
    r"begin\s*\{[a-z]*matrix\}))\s*\Z"
)
#: ``\\mathbf{AB}``: two matrices in one font.
_PAIR = re.compile(r"\\(?P<font>mathbf|boldsymbol|bm)\s*\{\s*(?P<a>[A-Z])\s*(?P<b>[A-Z])\s*\}")


def _as_product(m: re.Match[str]) -> str | None:
    """Two letters in one font as a product, if each stands there alone as well."""
    each = [rf"\{m['font']}{{{letter}}}" for letter in (m["a"], m["b"])]
    text = re.sub(r"\s", "", m.string)
    return " ".join(each) if all(one in text for one in each) else None


def _without_braces(m: re.Match[str]) -> str | None:
    if not _STANDS_FREE.search(m.string, max(0, m.start() - 40), m.start()):
        return None
    twice = m["script"] is not None and m["more"] is not None and m.string[m.end()] == "_"
    return None if twice else f"{m['accent']} {m['a'] or m['b']}{m['script'] or ''}"


def plainly_set(formula: Formula) -> Formula:
    """``formula`` without what only concerns how it is set."""
    formula = replaced(formula, _NUMBERED, lambda m: f"_{{{m.group(1)}}}")
    formula = replaced(formula, _ANGLES, lambda m: rf"^{{\langle {m[1] or m[2]}\rangle}}")
    if "dots" in formula.latex:
        formula = replaced(formula, _OF_ALL_INPUTS, lambda m: "" if "dots" in m["of"] else None)
    formula = replaced(formula, _EQUALS_TWICE, lambda m: "=")
    formula = replaced(formula, _FULL_STOP, lambda m: r" \cdot ")
    text = formula.latex
    if text.count(")") == text.count("(") + 1 and (m := _CLOSES.search(text)) and "]" not in text:
        formula = edited(formula, [(m.start(), m.start() + 1, "")])
    if "\\" not in formula.latex:
        return with_one_hot_labels(formula)
    formula = replaced(formula, _BROKEN_OFF, lambda m: "")
    formula = replaced(formula, _COLUMN_COUNT, lambda m: m["begin"])
    formula = replaced(formula, _PAIR, _as_product)
    formula = replaced(formula, _TWICE, lambda m: f"{{{m.group(1)}}}")
    formula = replaced(formula, _COLUMNS, lambda m: f" {m.group(1)} ")
    formula = replaced(formula, _SPLIT, lambda m: r"\mathrm{softmax}")
    formula = replaced(formula, _LETTERS, lambda m: rf"\{'prod' if m['sign'] == 'Pi' else 'sum'}")
    formula = replaced(formula, _NOTHING, lambda m: f"{m['under'] or ''} ")
    formula = with_one_hot_labels(formula)
    formula = replaced(formula, _SPACE, lambda m: r"\ ")
    formula = edited(formula, _lines(formula.latex))
    if not _CASES.search(formula.latex):
        formula = replaced(formula, _REASON, lambda m: "")
        formula = replaced(formula, _ABOUT, _without_its_subject)
    formula = replaced(formula, _SIZE, lambda m: "")
    formula = replaced(formula, _BOLD, lambda m: r"\mathbf")
    formula = replaced(formula, _DOT, lambda m: r"\cdot ")
    formula = replaced(formula, _HELD_TOGETHER, _without_braces)
    formula = replaced(formula, _ADDED, lambda m: " += ")
    formula = replaced(formula, _TAKEN_OFF, lambda m: r" \leftarrow ")
    formula = replaced(formula, _PERCENT, lambda m: rf"\frac{{{m['n']}}}{{100}}")
    formula = replaced(formula, _BOLD_DELTA, lambda m: r"\delta ")
    formula = replaced(formula, _ABOVE_DELTA, lambda m: rf"{m['delta']}_{m['by']}")
    formula = edited(formula, _derivatives(formula.latex))
    formula = edited(formula, _named_after(formula.latex))
    formula = edited(formula, _arrows(formula.latex))
    formula = replaced(formula, _IN_WORDS, _operand)
    one = replaced(formula, _OF_A_BATCH, lambda m: "")
    one = edited(one, _of_examples(one.latex))
    return replace(one, supposes=(_OF_ONE,)) if one.latex != formula.latex else formula


def _named_after(text: str) -> list[Edit]:
    """``A = B =: J_t`` as ``J_t = A = B``."""
    edits: list[Edit] = []
    for m in _NAMED_AFTER.finditer(text):
        ends = (r.end() for r in _BEGINS.finditer(text) if r.end() <= m.start())
        start = max(ends, default=0)
        edits += [(start, start, f"{m.group('name')} = "), (m.start(), m.end(), "")]
    return edits


def _lines(text: str) -> list[Edit]:
    """``\\displaylines{…}`` without the command and its braces."""
    edits: list[Edit] = []
    for m in _LINES.finditer(text):
        end = closing(text, m.end(), "{", "}")
        if end is not None:
            edits += [(m.start(), m.end() + 1, ""), (end, end + 1, "")]
    return edits


def _derivatives(text: str) -> list[Edit]:
    """The δ of ``\\frac{\\delta L}{\\delta h}``, also in a fraction within."""
    edits: list[Edit] = []
    for m in _FRACTION.finditer(text):
        up, down = (_DIFFERENTIAL.match(m.group(k)) for k in ("up", "down"))
        if up is None or down is None:
            continue
        for k, found in (("up", up), ("down", down)):
            edits.append((m.start(k) + found.start("d"), m.start(k) + found.end("d"), r"\partial "))
    return edits


def _of_examples(text: str) -> list[Edit]:
    edits: list[Edit] = []
    for m in _BY_A_BIAS.finditer(text):
        k = m.group("k") or m.group("k1")
        if not re.search(rf"(?<![A-Za-z\\]){k}(?![A-Za-z])", m.group("body")):
            edits.append((m.start("sum"), m.end("sum"), ""))
    return edits


def _arrows(text: str) -> list[Edit]:
    """Arrows that lead from one equation to another."""
    if r"\infty" in text or r"\lim" in text:
        return []
    return [
        (m.start(), m.end(), r"\qquad ")
        for m in _BETWEEN_EQUATIONS.finditer(text)
        if "=" in _ROW.split(text[: m.start()])[-1] and _EQUATION.match(text, m.end())
        and not _IN_A_SCRIPT.search(text, 0, m.start())
    ]  # fmt: skip


def _without_its_subject(m: re.Match[str]) -> str | None:
    row = re.split(r"\\\\|\\begin\s*\{[a-z]+\*?\}", m.string[: m.start()])[-1]
    return "" if "=" in row else None


def _operand(m: re.Match[str]) -> str:
    """An input for words in the equation of a step; dots elsewhere, for nothing can be judged."""
    row = re.split(r"\\\\|\\q?quad(?![A-Za-z])", m.string[: m.start()])[-1]
    carried = _CARRIES_OVER.match(row.lstrip(" &\n"))
    given = carried is not None and r"\iota" not in m.string and r"\prod" not in row
    return m.group("sign") + (r"\iota_{t}" if given else r"\cdots")


def on_in_words(formula: Formula, source: str) -> Formula:
    """``formula`` as what is added, or with dots at its end, if the sentence goes on "plus …"."""
    if not formula.latex or "=" not in formula.latex:
        return formula
    if not _ON_IN_WORDS.match(source, formula.offsets[len(formula.latex) - 1] + 1):
        return formula
    if (given := _GIVES_A_GRADIENT.match(formula.latex)) is not None:
        added = edited(formula, [(given.end("left"), given.end(), " += ")])
        return replace(added, partial=True)
    end = len(formula.latex)
    start = len(formula.latex.rstrip(" \n,"))
    return edited(formula, [(start, end, r" + \cdots")])

r"""Mathematics in plain words: ``h_t = tanh(W_xh x_t + b)`` in a sentence or in a code span.

A run of text counts as a formula if it has an equals sign with a name before it and symbols, not
words, after it. It is rewritten to the LaTeX that the reader knows (``W_xh`` to ``W_{xh}``,
``yhat`` to ``\hat{y}``, ``sum`` to a sum over the steps); every character keeps its offset.

Words state conventions as well: :func:`conventions` finds those that are plain.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from bptt_sym.read.symbols import SUBSCRIPTS, SUPERSCRIPTS

#: Characters of one run; longer ones are no formula in a sentence.
MAX_RUN = 400
#: Places of one text where a formula may begin that are looked at.
MAX_TRIED = 4_000
#: Formulas in the sentences of one text.
MAX_RUNS = 300

#: Characters that are scripts by themselves.
LOWERED = "".join(SUBSCRIPTS)
RAISED = "".join(SUPERSCRIPTS)
_NAME = (
    r"(?:\\(?:tilde|hat|bar|vec|mathbf|mathcal|boldsymbol|overline|widetilde|widehat|text|mathrm)"
    r"\s*(?:\{[^{}\n]{1,12}\}|[A-Za-z])|\\[A-Za-z]+|[A-Za-z]{1,5}[\u0302-\u0305]?[0-9]?|[ŷẑŝĉĝĥȳα-ωΑ-Ω])"
)
_SCRIPT = (
    r"(?:[_^](?:\{(?:[^{}\n]|\\[a-z]+\{[A-Za-z]+\}){0,24}\}|\([^()\n]{1,12}\)|[A-Za-z0-9]{1,8})"
    rf"|[{LOWERED}]+|[{RAISED}]+)"
)
_PART = rf"(?:∂|\\partial\s*)\s*{_NAME}{_SCRIPT}{{0,2}}"
_HEAD = re.compile(
    rf"(?<![A-Za-z\\_^}}/α-ωΔ∂])(?P<left>{_PART}\s*/\s*{_PART}|{_NAME}{_SCRIPT}{{0,2}}(?:\((?:t|k|n)(?:\s*[-+]\s*1)?\))?)"
    r"\s*:?(?P<eq>=)(?!=)\s*"
)
#: The class that is to be predicted, by a word.
_CLASS = r"[a-z]{3,8}_\{?[tT]\}?"
_ONE_HOT = r"(?<![A-Za-z\\_])one_?hot"
_PIECE = re.compile(
    r"(?P<space>[ \t]+)"
    r"|(?P<cmd>\\(?:[A-Za-z]+|[,;:!| ]))"
    rf"|(?P<pick>(?<=[}}\w])\[{_CLASS}\]|{_ONE_HOT}\s*\(\s*{_CLASS}\s*\))"
    r"|(?P<open>[(\[{])|(?P<close>[)\]}])"
    rf"|(?P<script>{_SCRIPT}|(?<=∂)\^(?:\+|\{{\+\}}))"
    r"|(?P<num>[0-9]+(?:\.[0-9]+)?|[½¼])"
    r"|(?P<word>[A-Za-z]+[\u0302-\u0305]?[0-9]?(?![A-Za-z]))"
    r"|(?P<op>[-+*/·⋅×⊙∘⊗⊕−'=≈]|(?<=[\s\w)\]}²])@(?=\s*[\w(\\∂]))"
    r"|(?P<sep>[,;](?=[^,;]))"
    r"|(?P<greek>[ŷẑŝĉĝĥȳα-ωΑ-Ω∂∑∏√])"
    r"|(?P<dots>(?:\.\.\.|…|⋯)(?=\s*[×·*⋅⊙∘⊗+]))"
)
#: Words that are functions or operators in a formula of a sentence.
_FUNCTIONS = frozenset(
    "tanh sigmoid sigma softmax relu ReLU exp log diag sech identity phi".split()
)
_GREEK_WORDS = {
    n: "\\" + n
    for n in (
        "alpha beta gamma delta epsilon zeta eta theta lambda xi sigma tau phi psi omega"
    ).split()
}
_GREEK = "|".join(_GREEK_WORDS)
_FRACTIONS = {"½": r"\frac{1}{2}", "¼": r"\frac{1}{4}"}
_SHORT_WORDS = frozenset(
    "in is on or of as at by an to we it if so and for the with from has all not are but can its "
    "per any one two use via".split()
)
_HAT = re.compile(r"([A-Za-z])_?(hat|tilde|bar)$")


@dataclass(frozen=True)
class Run:
    """A formula of a sentence: its LaTeX, the offset of each character and of the end."""

    latex: str
    offsets: tuple[int, ...]


def runs(text: str, start: int = 0, end: int | None = None) -> Iterator[Run]:
    """The formulas of ``text[start:end]`` that stand there without delimiters."""
    end = len(text) if end is None else end
    pos = start
    tried = found = 0
    while found < MAX_RUNS and (match := _HEAD.search(text, pos, end)) and tried < MAX_TRIED:
        pos = match.end()
        tried += 1
        left = match.group("left")
        if left.lower() in _SHORT_WORDS or (
            len(left) > 2 and left.isalpha() and not _hatted(left) and left not in _GREEK_WORDS
        ):
            continue
        stop = right_end(text, match.end(), end)
        run = text[match.start("left") : stop].rstrip(" \t+-*/=·")
        if stop <= match.end() or run.endswith("=") or len(run) > 2 * MAX_RUN:
            continue
        if _CUT.match(text, stop):
            continue  # an operand in words, or none at all
        latex, offsets = in_latex(run, match.start("left"))
        found += 1
        yield Run(latex, offsets)
        pos = max(pos, match.start("left") + len(run))


#: A formula that goes on with something that is not read: without it, it says something else.
_CUT = re.compile(
    r"[ \t]*[+*·⋅×⊙∘@][ \t]*\S|(?<=[\w}])\[[A-Za-z_]|[ \t]*[-−][ \t]*[A-Za-z_]{2,}[\[(]"
)


def _hatted(word: str) -> bool:
    return _HAT.match(word) is not None


def right_end(text: str, pos: int, end: int, also: str = "") -> int:
    """Where the right side that starts at ``pos`` ends; the signs ``also`` may stand in it."""
    depth: list[str] = []
    last, limit = pos, min(end, pos + MAX_RUN)
    operand = False
    while pos < limit:
        piece = _PIECE.match(text, pos, limit)
        if piece is None:
            if text[pos] not in also:
                break
            pos += 1
            last = last if depth else pos
            continue
        kind, s = piece.lastgroup, piece.group()
        if kind == "word" and not _is_symbol(s, text, piece.end()):
            break
        if kind == "sep" and not depth:
            break
        if kind == "open":
            depth.append(s)
        elif kind == "close":
            if not depth or {"(": ")", "[": "]", "{": "}"}[depth.pop()] != s:
                break
        elif kind == "cmd" and s in (r"\(", r"\)", r"\text", r"\begin"):
            break
        pos = piece.end()
        if kind not in ("space", "op", "open", "sep"):
            operand = True
            if not depth:
                last = pos
    # What ends at a sign that is part of it is not whole.
    return last if operand and text[last : last + 1] not in tuple("^_{([⟨⟦‖∂∇") else -1


_IS_GIVEN = re.compile(r"\s*\+?=(?!=)")


def _is_symbol(word: str, text: str, after: int) -> bool:
    """Whether a run of letters is symbols, not a word of the sentence."""
    if len(word) == 2 and "\u0302" <= word[1] <= "\u0305":
        return True
    if len(word) == 1:
        # "a" and "I" are words unless something mathematical touches them.
        return word not in "aI" or text[after : after + 1] in tuple("_^)]*+-=,;") or True
    if len(word) == 2 and word[0] == "d" and _IS_GIVEN.match(text, after):
        return True  # db = …, the gradient by b
    if word in _FUNCTIONS or _hatted(word) or word in ("sum", "prod") or word in _GREEK_WORDS:
        return True
    scripted = text[after : after + 1] in ("_", "^", "₀", "ₜ")
    if word.lower() in _SHORT_WORDS:
        return False
    if word[0] == "d" and len(word) <= 3 and (scripted or text[after : after + 1] == "/"):
        return True
    return (scripted and len(word) <= 4) or (len(word) == 2 and not word.islower())


#: A word in what picks a class.
_WORD = re.compile(r"one_?hot|(?<![A-Za-z])[a-z]{3,8}(?=_)")


def in_latex(run: str, offset: int = 0) -> tuple[str, tuple[int, ...]]:
    """``run`` in the reader's LaTeX."""
    out: list[tuple[str, int]] = []
    for m in re.finditer(
        rf"(?P<pick>(?<=[}}\w])\[{_CLASS}\]|{_ONE_HOT}\s*\(\s*{_CLASS}\s*\))"
        rf"|(?P<log>(?<![A-Za-z\\])log(?=[\s(]+[a-z_}}{{]{{1,12}}\[{_CLASS}\]))"
        r"|_(?P<sub>[A-Za-z0-9]{2,})|\^(?P<sup>[A-Za-z0-9]{2,})"
        r"|(?P<slope>(?<![A-Za-z\\])d(?P<of>[LEJC](?:_[A-Za-z])?)/d(?P<by>[A-Za-z]{1,3}"
        r"(?:[_^](?:\{[^{}]*\}|[A-Za-z]+))*))"
        r"|(?P<hat>(?:(?<![A-Za-z\\])|(?<=^d)|(?<=[^A-Za-z\\]d))[A-Za-z]_?(?:hat|tilde|bar)(?![A-Za-z]))"
        rf"|(?P<word>(?<![A-Za-z\\])(?:sum|{_GREEK})(?![A-Za-z]))"
        r"|(?P<rel>[<>]=)|(?P<quote>(?:(?<!tanh)(?<![fgσφϕψ])'|[\"`])(?=\s|$))|(?P<one>.)",
        run,
        re.DOTALL,
    ):
        at = offset + m.start()
        kind, s = m.lastgroup, m.group()
        if kind == "pick":
            new = _WORD.sub(lambda m: rf"\text{{{m.group()}}}", s)
        elif kind == "log":
            new = r"\log "
        elif kind in ("sub", "sup"):
            new = _script(s[0], m.group(kind))
        elif kind == "slope":
            new = rf"\frac{{\partial {m.group('of')}}}{{\partial {m.group('by')}}}"
        elif kind == "hat":
            found = _HAT.match(s)
            assert found is not None
            new = rf"\{found.group(2)}{{{found.group(1)}}}"
        elif kind == "word":
            bounded = run[m.end() : m.end() + 1] == "_"
            total = r"\sum " if bounded else r"\sum_{t=1}^{T} "
            new = total if s == "sum" else _GREEK_WORDS[s] + " "
        elif kind == "rel":
            new = r"\ge " if s == ">=" else r"\le "
        elif s in _FRACTIONS:
            new = _FRACTIONS[s]
        elif kind == "quote" or s == "@":
            new = " "  # the product of matrices is written side by side
        else:
            new = s
        if len(new) == len(s):
            out += [(c, at + i) for i, c in enumerate(new)]
        else:
            out += [(c, at) for c in new]
    latex = "".join(c for c, _ in out)
    return latex, (*[o for _, o in out], offset + len(run))


def _script(mark: str, content: str) -> str:
    r"""``_{xh}``; ``s_t`` of a name such as ``x_tU`` is left to the reader."""
    return f"{mark}{{{content}}}"


# ------------------------------------------------------------------ conventions in words
@dataclass(frozen=True)
class Wording:
    """What the words of a document state about its notation."""

    rows: bool = False
    scalar: bool = False
    last_step_loss: bool = False
    lstm: bool = False
    gru: bool = False
    #: Whether an LSTM is said to have one gate for what it forgets and what it takes up.
    coupled: bool = False
    denominator: bool = False
    cross_entropy: bool = False
    squared_error: bool = False
    softmax: bool = False
    #: Whether a gradient is given as a mean over the steps.
    mean: bool = False
    #: Conditions under which something may be left out of an approximation.
    regime: bool = False
    #: The only activation that is named for the network: tanh, sigmoid, linear; "" if none.
    activation: str = ""


_MANY = (
    r"[Mm]atri(?:x|ces|[zc])|[Vv]e[ck]t(?:ors?\b|eur)|[Dd]imension|[Jj]acobi|\bdiag|[Мм]атриц|[Вв]ектор|"
    r"[Ss]ingular value|[Ee]igenv|[Ss]pectral|"
    r"奇异值|奇異值|特征值|特徵值|谱半径|特異値|固有値|고[유윳]값|"
    r"מטריצ|וקטור|ماتریس|بردار|行列|ベクトル|矩阵|矩陣|向量|행렬|벡터"
)
#: A sentence in which it is a loss that is a scalar.
_OF_A_LOSS = r"[^.。\n]*?(?i:\bloss|\bcost|\berror|\bobjective)"
#: The beginning of a clause that speaks of what is at hand, not of another form that comes later.
_HERE = (
    r"(?:\A|[。.\n,，;；:：(（])(?:(?!区别|區別|区分|區分|不同[于於]|[后後]面|以[后後]|下一|"
    r"(?i:\bunlike|\bcontrast|\brather\b|\bopposed|\blater\b|\binstead|\bexcept|\bnot\b))"
    r"[^。.\n,，;；:：(（])*"
)
_PATTERNS: dict[str, str] = {
    "rows": r"\brow[- ](?:vectors?|form|convention)|vectors? (?:is|are) (?:a )?rows?\b|\bROW\b",
    "scalar": r"(?:均为|都是|皆为|全为|全是|都为)(?:标量|純量)|标量(?:版|形式|情形)|"
    rf"(?<![^.。\n])(?!{_OF_A_LOSS})[^.。\n]*?\bscalars?\b(?![- ](?:style|product))"
    r"|one[- ]dimensional|(?:single|with (?:only |just )?one) (?:hidden )?(?:unit|neuron)\b"
    r"|\b(?:[Ee]verything|[Aa]ll(?: \S+){0,4}) (?:is|are) (?:a |just |plain |real )*numbers?\b"
    r"|\b[Ss]kalare?n?\b|\bscalaires?\b|\bescalares?\b|\bscalari\b|скаляр|סקלר|اسکالر|スカラー|스칼라",
    "last_step_loss": r"(?:loss|cost|error)(?: \S+){0,3} (?:at|on|of|from|only)(?: \S+){0,2} "
    r"(?:the )?(?:last|final)\b"
    r"|\b[Oo]nly (?:in |at |on )?the (?:last|final) (?:time )?step"
    r"|(?:只有|仅有?|只在|只需要?|只要|只取|只用)[^。.\n]{0,4}(?:最后|最後)一?[个個]?[^。.\n]{0,8}(?:输出|輸出|损失|損失|监督)"
    rf"|{_HERE}(?:[Mm]any[- ]to[- ]one|单输出|單輸出|다대일|多対一)",
    "lstm": r"\bLSTM\b|[Ll]ong short[- ]term",
    "coupled": r"\b[Cc]oupled[\w\s,-]{0,30}?(?:[Gg]ates?\b|LSTM)|\bCIFG\b|耦合[^。\n]{0,12}[门門]",
    "gru": r"\bGRU\b|[Gg]ated recurrent",
    "denominator": r"denominator[- ]layout",
    "regime": r"\blinear(?:i[sz]|\b)|\bidentity activation|near (?:zero|0|the origin)|"
    r"close to (?:zero|0|one|1)\b|neglect|negligib|ignor(?:e|ing)|saturat|simplif|"
    r"small (?:activation|state|input|weight|value|pre-?activation)|"
    r"(?:assum|suppos)\w+ (?:that )?(?:\S+ ){0,3}(?:activation|derivative|slope|gate)",
    "softmax": r"(?i:softmax)",
    "squared_error": r"(?i:(?:mean[- ]?)?squared?[- ]error|squared? (?:loss|distance))"
    r"|(?i:least squares|\bMSE\b|quadratische\w* Fehler|erreur quadratique)"
    r"|error cuadrático|cuadrado del error|erro(?:re)? quadr[aá]tico|квадратичн\w+ ошибк"
    r"|平方误差|均方误差|平方誤差|均方誤差|二乗誤差|제곱\s*오차|שגיאה ריבועית|خطای مربعی",
    "cross_entropy": r"cross[- ]entropy|softmax loss|negative log[- ]?likelihood|"
    r"交叉熵|对数(?:似然)?损失|"
    r"交差エントロピー|クロスエントロピー|교차\s*엔트로피|[Kk]reuzentropie|entropie croisée|"
    r"entrop[ií]a cruzada|перекр[её]стн\w+ энтропи|אנטרופיה צולבת|آنتروپی متقاطع",
}


_NET = r"(?:\S+ ){0,2}?(?:RNN|network|cell|recurren\w+|unit|activation|model|part|case)"
#: The network that a text is about, by its activation.
_NETWORKS: dict[str, str] = {
    "tanh": rf"\btanh[- ]{_NET}|hyperbolic tangent (?:as|activation)|(?i:activation \S* ?tanh)",
    "sigmoid": rf"\b(?i:sigmoid|logistic)[- ]{_NET}",
    "linear": rf"(?<![Nn]on-)(?<![A-Za-z])[Ll]inear {_NET}|[Ii]dentity activation",
}


def last_step_said(text: str) -> int:
    """Where ``text`` first says that the last step alone has a loss; its end if never."""
    found = re.search(_PATTERNS["last_step_loss"], text)
    return found.start() if found else len(text)


_TO = r"(?:to|bis|à|até|a|до|到|至|\\to|,?\s*+(?:1\s*+,\s*+)?\\l?dots\s*+,?)"
_LAST_ONE = r"(?:t\s*+=\s*+)?T\s*+-\s*+1"
#: ``t = T-1`` down to ``t = 0``, and ``t = 0, \\dots, T-1``.
_FROM_ZERO = re.compile(
    rf"{_LAST_ONE}\s*+(?:\$|\\\))?\s*+(?:down\s+|backwards?\s++)?{_TO}\s*+(?:\$|\\\()?\s*+(?:t\s*+=\s*+)?0(?![.\d])"
    rf"|t\s*+=\s*+0\s*+(?:\$|\\\))?\s*+{_TO}\s*+(?:\$|\\\()?\s*+{_LAST_ONE}"
)


def counts_from_zero(text: str) -> bool:
    """Whether ``text`` says that its steps are 0, …, T - 1."""
    return _FROM_ZERO.search(text) is not None


#: A text that says so may give a gradient by a matrix the shape of the matrix's transpose.
_ROW_GRADIENTS = re.compile(
    r"(?<!not )(?<!than )(?<!use )\bnumerator[- ]layout"
    r"|(?<!not )(?<!than )\buse numerator[- ]layout"
    r"|\b(?:[Gg]radients?|[Dd]erivatives?)(?: \S+){0,4}? (?:is|are|as) "
    r"(?:written |laid out )?(?:as )?(?:a )?rows?\b(?! of)"
)


#: A text that says so has no gradient of a transposed shape.
_COLUMN_GRADIENTS = re.compile(
    r"(?<!not )(?<!than )(?<!use )(?<!the )(?<!unlike )\bdenominator[- ]layout"
    r"|(?<!not )\buse (?:the )?denominator[- ]layout|\bnot (?:use |in |the )*numerator[- ]layout"
    r"|\b(?:[Gg]radients?|[Dd]erivatives?)(?: \S+){0,4}? (?:is|are|as) "
    r"(?:written |laid out )?(?:as )?(?:a )?columns?\b(?! of)"
)


def column_gradients(text: str) -> bool:
    """Whether ``text`` says that gradients are columns, of the shape of their variable."""
    return _COLUMN_GRADIENTS.search(text) is not None


#: ``\\in \\mathbb{R}^{1 \\times d}``
_OF_ONE_ROW = re.compile(
    r"\\in\s*+\\(?:mathbb\s*+\{\s*+R\s*+\}|R(?![A-Za-z]))\s*+\^\s*+\{\s*+1\s*+\\times\s*+[A-Za-z]"
)
_A_GRADIENT = re.compile(r"\\(?:partial|delta|nabla)(?![A-Za-z])")


def row_gradients(text: str, formulas: Iterable[str] = ()) -> frozenset[str]:
    """The reading that goes with gradients that ``text`` says to be rows, or formulas by a size.

    Where the states have such a size as well, all vectors are rows, and matrices as they are.
    """
    said = _ROW_GRADIENTS.search(text) is not None
    sized = (f for f in formulas if _OF_ONE_ROW.search(f) and not f.lstrip().startswith(r"\in"))
    rows = [_A_GRADIENT.search(f) is not None for f in sized]
    said = said or (bool(rows) and all(rows))
    return frozenset(("turned-gradient",)) if said else frozenset()


#: Words about one case beside the whole: "in the scalar case".
_SCALAR_CASE = re.compile(
    r"\b(?:scalar|one[- ]dimensional)[- ](?:case|version|example|setting|form|analog\w*)\b"
    r"|\b(?:for|with) scalars\b|\bskalaren? (?:Fall|Beispiel)|\bcas scalaire|\bcaso escalar(?:e)?"
    r"|скалярн\w+ случа\w*|标量(?:版|形式|情形|情况)|スカラーの場合"
)
#: What only vectors and matrices are written with.
_OF_MATRICES = re.compile(r"\bdiag\b|\\top(?![A-Za-z])|\\mathbb\s*\{R\}\s*\^\s*\{?\s*\\?[A-Za-z]")


def conventions(words: str, formulas: Sequence[str] = ()) -> Wording:
    """The conventions that ``words`` state plainly, in a text with these ``formulas``."""
    found = {k: re.search(p, words) is not None for k, p in _PATTERNS.items()}
    # One sentence about a scalar case says nothing of a text that has matrices as well.
    if found["scalar"] and re.search(_MANY, words):
        found["scalar"] = False
    elif found["scalar"] and any(map(_OF_MATRICES.search, formulas)):
        apart = _SCALAR_CASE.sub(" ", words)
        found["scalar"] = re.search(_PATTERNS["scalar"], apart) is not None
    named = [k for k, p in _NETWORKS.items() if re.search(p, words)]
    return Wording(**found, activation=named[0] if len(named) == 1 else "")

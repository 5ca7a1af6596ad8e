r"""What a formula of a document is, before any model is known: a definition, a claim, or neither.

Only the form decides. A row ``name = …`` may define the name; whether it does, or claims something
of a name that is known already, is for :mod:`bptt_sym.check.models` to say.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from functools import cached_property, lru_cache

from bptt_sym.documents.document import Formula
from bptt_sym.documents.names import stands_in
from bptt_sym.documents.respelling import closing
from bptt_sym.documents.unfinished import leaves_the_rest
from bptt_sym.errors import InputError, LimitExceeded
from bptt_sym.notation import Node, affine
from bptt_sym.read.broken import broken
from bptt_sym.read.chains import Chain, outside, split_claims
from bptt_sym.read.left_sides import left_side
from bptt_sym.read.tokens import SHORT, Token, tokenize

#: Relations that claim nothing of a recurrence: updates, membership, distributions, maps.
_NO_CLAIM = re.compile(
    r"\\(?:leftarrow|longleftarrow|gets|in|notin|subset|subseteq|mapsto|leadsto|colon|sim)"
    r"(?![A-Za-z])|←|∈|∉|⊂|⊆|↦|∼|-=|:\s*\\mathbb"
    # Expectations, probabilities and information.
    r"|\\(?:Pr|mathbb\s*\{?\s*[EP]\s*\}?)(?![A-Za-z])"
    r"|\\(?:mathbf|mathrm|operatorname)\s*\{\s*(?:E|Pr|Var|Cov|Prob)\s*\}\s*(?:\\left\s*)?[\[(|]"
    # Arguments that are not written out.
    r"|^[^=]*=[^=]*\((?:[^()=]|\([^()=]*\))*,\s*(?:\\[cl]?dots|\.\.\.|…)\s*\)\s*$"
    r"|^[^=]*=[^=(]*\([^()=]*\+\s*(?:\\[cl]?dots|\.\.\.|…)\s*\)\s*$"
    # Of what the text goes on to speak: ``\\lambda_1, \\ldots, \\lambda_n < 1``.
    r"|^\s*(?:[^\s,=<>()]{1,16}\s*,\s*)+(?:\\[cl]?dots|\.\.\.|…)\s*,\s*[^\s,=<>()]{1,16}\s*(?:[<>≤≥]|\\[lg]eq?(?![a-z]))"
    # Mutual information, entropies, conditional probabilities.
    r"|(?:(?<![A-Za-z\\])|\\(?:hat|tilde)\s*\{?\s*)(?:I|H|[Pp](?:model|data)?|D_\s*\{?\s*(?:KL|\\(?:mathrm|text)\s*\{\s*KL\s*\})\s*\}?)\s*"
    r"\}?(?:_\s*(?:\{(?:[^{}]|\{[^{}]*\})*\}|\\[a-z]+|[A-Za-z])\s*)?(?:\\!\s*)?(?:\\(?:left|[bB]igg?l?)\s*)?"
    r"\((?:[^()=]|\([^()=]*\))*(?:;|\||\\mid|\\vert)"
    # The probability of several things together.
    r"|(?<![A-Za-z\\])P\s*\((?:[^()=,]|\([^()=]*\))*,(?:[^()=]|\([^()=]*\))*\\[cl]?dots"
    r"|(?<![A-Za-z\\_{^])(?:E\s*\[|P\s*\([^()=]{1,40}[=<>])"
)
_RELATION = re.compile(
    r"[=<>≤≥≈≃→≠∝≡≔⟶≪≫]|\\(?:leq?(?:slant|q)?|geq?(?:slant|q)?|lt|gt|approx|simeq|cong|propto|to|"
    r"(?:long)?rightarrow|neq?|equiv|coloneqq|triangleq|doteq|lesssim|gtrsim)(?![A-Za-z])"
)
#: ``\\\\[1em]``: what stands behind the mark is the space between two rows.
_ROW_SPACE = re.compile(r"\*?\s*\[[^\[\]{}=+]{0,12}\]")


#: ``c_{t-1} \\rightarrow c_t``: an arrow from one name to another, in no limit.
_HANDED_ON = re.compile(
    r"\s*[A-Za-z\\{][^=<>]{0,24}?(?:\\(?:long)?rightarrow|\\to(?![A-Za-z])|→)"
    r"\s*\{?\s*(?!\\infty)(?:[A-Za-z]|\\[a-z]+\s*[{_^])[^=<>]{0,24}"
)


_SPOKEN = (
    r"\\(?:text|mathrm|textbf|textit|textrm|mbox)\s*\{\s*(?:[^{}]*(?:[A-Za-z]{2,}[\s-]+[A-Za-z]{2,}|"
    r"[\u0400-\u04ff\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]{2,})[^{}]*\}|"
    # With a script a word is a name.
    r"(?:[Gg]radients?|[Pp]erplexity|[Vv]ariance|[Mm]agnitude|[Ss]ignal|[Cc]ontribution|[Oo]utput)"
    r"\s*\}(?!\s*\\?[_^]))"
)
_SIGNS = r"=|≈|∝|\\(?:approx|propto|sim|leq?|geq?|to|(?:long)?rightarrow)(?![A-Za-z])"
#: A side, a term or a factor that is described and not written.
_IN_WORDS = re.compile(
    rf"(?:{_SIGNS}|[+*×·]|\\(?:cdot|times|odot)(?![A-Za-z]))\s*&?\s*(?:\\left\s*)?\(?\s*{_SPOKEN}"
    rf"|^\s*(?:\\[,;! ]|\s)*{_SPOKEN}\s*&?\s*(?:{_SIGNS})"
)
#: Words behind a bare name on the left side, or within the term over a brace.
_NAME = (
    r"(?:\\[A-Za-z]+\s*\{\s*\\?[A-Za-z]+\s*\}|[A-Za-z])\s*"
    r"(?:[_^]\s*(?:\{[^{}]{1,12}\}|[A-Za-z0-9])\s*){0,2}"
)
_OF_IT = re.compile(
    rf"^\s*(?!\\[dt]?frac|\\partial){_NAME}(?:\\[,;:! ]|~|\s)*"
    r"\\text\s*\{(?!\s*[(\[])[^{}()]*[^\W\d_]{2}[^{}()]*\}"
    rf"(?:\\[,;:! ]|\s)*&?\s*(?:{_SIGNS})"
    r"|\\underbrace\s*\{(?:[^{}=]|\{(?:[^{}=]|\{[^{}=]*\})*+\}){0,200}?"
    r"\\text\s*\{[^{}=()]*[\u0400-\u04ff\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af][^{}=()]*\}"
)
#: ``x = (x_1, …, x_T)`` says what is written x, ``MSE = …`` what is abbreviated.
_LISTED = re.compile(
    r"^\s*(?:\\[A-Za-z]+\s*\{[^{}=]*\}|\\[A-Za-z]+|[A-Za-z])(?:\s*[_^]\s*(?:\{[^{}]*\}|[A-Za-z0-9]))*\s*"
    r"(?::?=|\\equiv)\s*(?:\\left\s*)?(?:\(|\[|\\\{|\\langle)[^=+]*,\s*(?:\\[a-z]*dots[a-z]?|\.\.\.|…)\s*,[^=+]*$"
    r"|^\s*[A-Z]{3,}\s*="
)
_ARROW = re.compile(r"\\(?:long)?rightarrow(?![A-Za-z])|\\to(?![A-Za-z])|→|⟶")


def in_words(latex: str) -> bool:
    """Whether a formula relates what it only describes, or shows what leads to what."""
    if _IN_WORDS.search(latex) or _OF_IT.search(latex) or _LISTED.search(latex):
        return True
    arrows = len(_ARROW.findall(without_scripts(latex)))
    return arrows > 1 and not re.search(r"=|\\(?:partial|approx|frac|leq?|geq?)|<|>|∂", latex)


class Kind(Enum):
    """What the left side of a row is."""

    SEQUENCE = "a name with a running time: h_t, h_{t+1}"
    INITIAL = "a name with a fixed time: h_0"
    TOTAL = "a name without time, whose right side is about the run: E, C"
    FUNCTION = "a name for an activation: \\phi = \\tanh"
    VALUE = "a name without time, whose right side is not about the run: \\alpha = 0.1"
    CLAIM = "anything else"


@dataclass(frozen=True)
class Row:
    """One chain of a formula. ``text`` is its LaTeX, ``name`` the name on its left side."""

    kind: Kind
    text: str
    chain: Chain
    name: str = ""
    #: Base letters on the right side, to see what a definition needs.
    mentions: frozenset[str] = frozenset()
    differentiates: bool = False

    @property
    def left(self) -> str:
        """The LaTeX of its left side."""
        return _slice(self.text, self.chain, 0)

    @property
    def names_a_derivative(self) -> bool:
        """Whether it is ``a_t = \\frac{\\partial y}{\\partial x}`` and no more."""
        right = [t for t in self.chain.sides[-1] if t.kind != "sep" or t.text not in (",", ".")]
        return (
            self.kind is Kind.SEQUENCE and len(self.chain.sides) == 2
            and bool(right) and right[0].kind == "frac"
            and sum(t.kind == "frac" for t in right) == 1
            and right[-1].kind == "}" and sum(t.kind == "partial" for t in right) == 2
        )  # fmt: skip

    @property
    def has_its_name(self) -> bool:
        """Whether what stands on its left stands on its right as well, at some step."""
        if self.name in self.mentions or not any(mark in self.name for mark in "_^"):
            return self.name in self.mentions
        return stands_in(self.name, self.text[self.chain.sides[1][0].start :])

    @property
    def is_the_first_step(self) -> bool:
        """Whether it says what something is at step 1: ``h_1 = \\tanh(U x_1)``."""
        left = [t.text for t in self.chain.sides[0] if t.kind not in ("{", "}")]
        return left[1:] == ["_", "1"] and not self.differentiates

    @property
    def has_step(self) -> bool:
        """Whether its right side has something of step t."""
        right = self.definition().partition("=")[2]
        return re.search(r"_\s*\{?\s*t(?![A-Za-z])", right) is not None

    @property
    def gives_zero(self) -> bool:
        """Whether all that it says is that one thing is 0."""
        zero = [t.text for t in self.chain.sides[-1]] == ["0"]
        return zero and list(self.chain.ops) == ["="]

    @property
    def is_example(self) -> bool:
        """Whether it only gives approximate numbers: ``A_t \\approx 0.1``."""
        last = self.chain.sides[-1]
        return self.chain.ops[-1] == "~" and all(t.kind in ("num", "op") for t in last)

    @property
    def gives_numbers(self) -> bool:
        """Whether it only gives the entries of a vector or matrix: ``W_i = [[0.4, 0.1]]``."""
        if len(self.chain.sides) > 2 or any(t.kind in ("partial", "frac") for t in self.tokens):
            return False
        last = self.chain.sides[-1]
        kinds = {t.kind for t in last}
        return {"num", "open"} <= kinds <= {"num", "open", "close", "sep", "op"} and all(
            t.text in "[](),;-+" for t in last if t.kind != "num"
        )

    @property
    def tokens(self) -> list[Token]:
        """Everything that belongs to the row, its hypotheses included."""
        parts = [self.chain]
        for part in parts:
            parts += part.given
        return [t for part in parts for t in part.tokens]

    @property
    def continues(self) -> bool:
        """Whether it goes on with the left side of an earlier row."""
        left, right = self.chain.sides[0], self.chain.sides[1]
        return "\\\\" in self.text[left[-1].end : right[0].start]

    @cached_property
    def start(self) -> int:
        """Where it begins; a row that goes on with an earlier left side, at its right side."""
        return self.chain.sides[1][0].start if self.continues else min(t.start for t in self.tokens)

    @cached_property
    def latex(self) -> str:
        """The formula with everything blanked out that is not part of the row: places stay."""
        kept = [" "] * len(self.text)
        parts = self.parts
        for start, end in parts:
            kept[start:end] = self.text[start:end]
        if len(parts) == 2:
            own, last = parts[1]
            kept[own:last] = self.text[own:last].replace("&", " ", 1)
        return "".join(kept)

    @property
    def parts(self) -> list[tuple[int, int]]:
        """Where it stands: in one place, or as the left side of an earlier row and what is its own,
        from its relation on."""
        text, tokens = self.text, self.tokens
        first, last = min(t.start for t in tokens), max(t.end for t in tokens)
        left, right = self.chain.sides[0], self.chain.sides[1]
        gap = text[left[-1].end : right[0].start]
        if "\\\\" not in gap:
            return [(first, last)]
        own = gap.rindex("\\\\") + 2 + left[-1].end
        if not _RELATION.search(text, own, right[0].start):
            return [(first, last)]  # the relation stands at the end of the row before
        skip = _ROW_SPACE.match(text, own)
        return [(left[0].start, left[-1].end), (skip.end() if skip else own, last)]

    @property
    def argument(self) -> tuple[str, str] | None:
        r"""What ``a = \tanh(z) = \tanh(W h + b)``, in either order, says of z: ``(z, W h + b)``."""
        sides = self.chain.sides[1:]
        if len(sides) != 2 or self.chain.ops != ["=", "="]:
            return None
        inner = [_applied(side) for side in sides]
        functions = {side[0].text.lstrip("\\") for side in sides}  # \\sigma and sigmoid are one
        if inner[0] is None or inner[1] is None or len(functions) > 1:
            return None
        short, long = sorted((inner[0], inner[1]), key=len)
        if any(t.kind == "op" for t, free in _free(short) if free) or len(short) == len(long):
            return None
        texts = [self.text[part[0].start : part[-1].end] for part in (short, long)]
        return texts[0], texts[1]

    @property
    def says_what_a_function_is(self) -> bool:
        """``h_t = f(h_{t-1}, x_t) = \\tanh(W h_{t-1} + U x_t)``: what f is, beside what h_t is."""
        sides = self.chain.sides
        if len(sides) != 3 or set(self.chain.ops) != {"="} or self.differentiates:
            return False
        texts = [self.text[s[0].start : s[-1].end] for s in sides[1:]]
        if self.kind is Kind.SEQUENCE and (said := applied(texts[0])) is not None:
            other = applied(texts[1])
            return other[0] != said[0] if other else r"\sigma" not in said[0]
        return _CALL.fullmatch(texts[0]) is not None and _CALL.fullmatch(texts[1]) is None

    def definition(self, side: int = 1) -> str:
        """``name = side`` alone, as LaTeX."""
        if side == 1 and self.says_what_a_function_is:
            side = 2
        return f"{_slice(self.text, self.chain, 0)} = {_slice(self.text, self.chain, side)}"


#: An unknown function of several things.
_CALL = re.compile(
    r"\s*(?:(?!\\(?:tanh|sigma|max))\\(?:[a-z]+|(?:text|mathrm|operatorname)\s*\{[^{}]*\})|[A-Za-z])"
    r"(?:\s*_\s*(?:\{[^{}]*\}|\\?[A-Za-z]+))?\s*(?:\\left\s*)?"
    r"\((?:[^(),;]|\([^()]*\))*+[,;](?:[^()]|\([^()]*\))*+\)\s*"
)


#: ``f_o(h_t)``, ``\\tanh(z_t)``: one function of one thing. Behind a letter it may be a product.
_OF_ONE = re.compile(
    r"\s*(?P<f>(?:\\(?:phi|varphi|psi|sigma|mathrm\s*\{\s*act\s*\})|(?<![A-Za-z\\])[fgFG])"
    r"(?:\s*_\s*(?:\{[^{}]*\}|\\?[A-Za-z]+))?|\\?(?:tanh|relu|ReLU|softmax)|\\(?:text|mathrm|operatorname)"
    r"\s*\{\s*(?:tanh|[sS]igmoid|ReLU|relu|[sS]oftmax)\s*\})\s*(?P<open>(?:\\left\s*)?\()(?P<of>[^,;]*)\)\s*"
)


def applied(text: str) -> tuple[str, str] | None:
    """The function and its argument, if ``text`` is one function of one thing."""
    m = _OF_ONE.fullmatch(text)
    if m is None or closing(text, m.end("open") - 1, "(", ")") != len(text.rstrip()) - 1:
        return None
    return m.group("f").strip(), re.sub(r"\\right\s*$|\s", "", m.group("of"))


def _applied(side: Sequence[Token]) -> Sequence[Token] | None:
    """The argument of a side that is one function of something."""
    if len(side) > 5 and side[1].kind == "{" and side[-1].kind == "}":
        side = [side[0], *side[2:-1]]  # \\tanh{(z)}
    if len(side) < 4 or side[0].kind != "word" or side[1].kind != "open":
        return None
    depth = 0
    for k, t in enumerate(side[1:], 1):
        depth += (t.kind == "open") - (t.kind == "close")
        if not depth:
            return side[2:k] if k == len(side) - 1 else None
    return None


def _free(tokens: Sequence[Token]) -> list[tuple[Token, bool]]:
    return [(t, free) for free, t in outside(tokens)]


def _slice(text: str, chain: Chain, side: int) -> str:
    tokens = chain.sides[side]
    return text[tokens[0].start : tokens[-1].end]


@dataclass(frozen=True)
class Outline:
    """The rows of a formula."""

    formula: Formula
    rows: tuple[Row, ...]


@lru_cache(maxsize=1024)
def is_relation(latex: str) -> bool:
    """Whether the formula relates two things at all, in a way that can be right or wrong.

    One that is broken and shows no relation may have lost it: that is for :func:`outline` to say.
    """
    if leaves_the_rest(latex) or _HANDED_ON.fullmatch(latex) or in_words(latex):
        return False
    outer = without_scripts(latex)
    if not _RELATION.search(outer):
        return broken(latex) is not None
    if (aside := _ASIDE.fullmatch(outer)) is not None and not _RELATION.search(aside.group("name")):
        return False
    return _NO_CLAIM.search(outer) is None


#: ``h_k\\ (k \\leq t)``: a name, and of which steps it is meant.
_ASIDE = re.compile(r"\s*(?P<name>[^()=]{1,40}?)\s*(?:\\[ ,;:!]|\\q?quad|~|\s)+\([^()]*\)\s*")
_BRACED_SCRIPT = re.compile(r"([_^])\s*\{")


def without_scripts(latex: str) -> str:
    r"""``latex`` without what stands in braces below and above: ``_{t=1}`` relates nothing."""
    pieces: list[str] = []
    pos = 0
    while match := _BRACED_SCRIPT.search(latex, pos):
        depth, end = 1, match.end()
        while end < len(latex) and depth:
            depth += (latex[end] == "{") - (latex[end] == "}")
            end += 1
        if depth:
            break
        pieces += [latex[pos : match.start()], match.group(1), "{}"]
        pos = end
    return "".join([*pieces, latex[pos:]])


def outline(formula: Formula) -> Outline:
    """The rows of a formula.

    Raises
    ------
    ReadError, LimitExceeded
        The formula cannot be taken apart.
    """
    text = formula.latex
    # (A document is looked through for definitions before its formulas are judged.)
    return Outline(formula, (_rows_of_short if len(text) <= SHORT else _rows)(text))


def _rows(text: str) -> tuple[Row, ...]:
    chains = split_claims(tokenize(text), text)
    separate = [one for chain in chains for one in (*_stated(text, chain), chain)]
    return tuple(_row(text, chain) for chain in separate)


@lru_cache(maxsize=1024)
def _rows_of_short(text: str) -> tuple[Row, ...]:
    return _rows(text)


_WHERE = frozenset(
    "where with let wobei mit où avec donde con onde dove gdzie где 其中 ここで 여기서".split()
)


def _stated(text: str, chain: Chain) -> list[Chain]:
    r"""The definitions behind ``\text{where}``, taken off the hypotheses of ``chain``."""
    out: list[Chain] = []
    for given in list(chain.given):
        word = given.link.split()[0].lower().strip(",:，：") if given.link else ""
        if word not in _WHERE or set(given.ops) != {"="}:
            continue
        try:
            found = left_side(text, Chain(given.sides[:2], given.ops[:1], given.start))
        except LimitExceeded:
            raise
        except InputError:
            continue
        step = found.time is not None and _timed(found.time) is Kind.SEQUENCE
        if step or found.argument is not None:
            chain.given.remove(given)
            out.append(given)
    return out


def _row(text: str, chain: Chain) -> Row:
    right = [t for side in chain.sides[1:] for t in side]
    mentions = frozenset(t.text for t in right if t.kind == "word")
    differentiates = any(t.kind == "partial" for t in right) or _differentials(right)

    def row(kind: Kind, name: str = "") -> Row:
        return Row(kind, text, chain, name, mentions, differentiates)

    if chain.given or any(op != "=" for op in chain.ops):
        return row(Kind.CLAIM)
    try:
        found = left_side(text, Chain(chain.sides[:2], chain.ops[:1], chain.start))
    except LimitExceeded:
        raise
    except InputError:
        return row(Kind.CLAIM)
    if found.name.endswith((r"^{\top}", r"^\top")):
        return row(Kind.CLAIM)  # what a transpose is follows from what has been transposed
    if found.time is not None:
        return row(_timed(found.time), found.name)
    if any(t.kind == "partial" for t in chain.sides[0]):
        return row(Kind.CLAIM)  # what a function makes of a derivative defines neither
    if found.argument is not None or _names_activation(chain.sides[1]):
        return row(Kind.FUNCTION, found.name)
    about_run = differentiates or _about_the_run(right)
    return row(Kind.TOTAL if about_run else Kind.VALUE, found.name)


def _timed(time: Node) -> Kind:
    form = affine(time)
    if form is None or len(form[0]) > 1:
        return Kind.CLAIM
    if not form[0]:
        # h_0 starts the run; s_3 = … is an instance of the definition of s_t.
        return Kind.INITIAL if form[1] <= 0 else Kind.CLAIM
    # h_T is the last state: its equation is a claim, the definition says h_t.
    return Kind.CLAIM if "T" in form[0] else Kind.SEQUENCE


def _names_activation(right: Sequence[Token]) -> bool:
    from bptt_sym.read.vocabulary import ACTIVATIONS

    words = [t for t in right if t.kind != "sep"]
    return len(words) == 1 and words[0].text in ACTIVATIONS


def _differentials(tokens: Sequence[Token]) -> bool:
    """``\\frac{dh_t}{dw}`` or ``dh_t/dw``: a fraction whose two parts start with d."""
    for k, t in enumerate(tokens):
        if t.kind == "word" and t.text == "d":
            for j in range(k + 2, min(k + 10, len(tokens) - 1)):
                if tokens[j].text == "/" and tokens[j + 1].text == "d":
                    return True
        if t.kind == "frac" and k + 2 < len(tokens):
            return tokens[k + 1].kind == "{" and tokens[k + 2].text == "d"
    return False


def _about_the_run(tokens: Sequence[Token]) -> bool:
    """Whether a sum, or a name with a step as its index, stands here."""
    for k, t in enumerate(tokens):
        if t.kind == "big":
            return True
        if t.kind in ("_", "^") and k + 1 < len(tokens):
            script = [tokens[k + 1]]
            if script[0].kind == "{":
                end = next((j for j in range(k, len(tokens)) if tokens[j].kind == "}"), k + 2)
                script = list(tokens[k + 2 : end])
            if any(s.kind == "word" and s.text in ("t", "T") for s in script):
                return True
    return False


_CROSS_ENTROPY = r"^\top \log"


def further_sides(rows: Outline) -> set[int]:
    """The rows, by identity, that go on with a cross-entropy which is written out before."""
    out: set[int] = set()
    written: set[tuple[Kind, str]] = set()
    for row in rows.rows:
        if row.kind not in (Kind.SEQUENCE, Kind.TOTAL):
            continue
        if row.continues and (row.kind, row.name) in written:
            out.add(id(row))
        elif _CROSS_ENTROPY in row.definition():
            written.add((row.kind, row.name))
    return out

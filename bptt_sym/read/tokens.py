"""The tokenizer of LaTeX mathematics and of Unicode mathematics.

Every character of the text either becomes part of a token, or is layout from the tables of
:mod:`bptt_sym.read.symbols`, or is reported with its place.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from typing import NamedTuple

from bptt_sym.errors import LimitExceeded, ReadError, Span
from bptt_sym.read import limits
from bptt_sym.read import symbols as sy
from bptt_sym.read.indicators import without_indicators


class Token(NamedTuple):
    """``kind`` is what the grammar looks at; ``text`` is canonical; ``start:end`` is its place."""

    kind: str
    text: str
    start: int
    end: int

    @property
    def span(self) -> Span:
        return Span(self.start, self.end)


#: Text between two claims, in any of these words or longer than one word.
_CONNECTIVE_WORDS = frozenset(
    "and or where with if for thus hence so then therefore because since when whereas as let "
    "i.e. e.g. but while assuming given elementwise "
    "et ou avec donc und oder mit wobei con donde com onde dove met veya dan dengan".split()
)
_FONT_ARG = re.compile(r"\s*(?:\{\s*(\\[A-Za-z]+|[A-Za-z]+[0-9]*)\s*\}|(\\[A-Za-z]+|[A-Za-z]))")
_BRACED = re.compile(r"\*?\s*\{([^{}]*)\}")
#: ``\\tag 1``: TeX takes one character.
_ONE_SIGN = re.compile(r"\s*[A-Za-z0-9*]")
#: ``\\kern1em``, ``\\mskip -3mu``
_LENGTH = re.compile(r"\s*[-+]?\s*[0-9]*\.?[0-9]+\s*(?:em|ex|mu|pt|px|cm|mm|in|pc|bp|sp)")
_OPTIONAL = re.compile(r"\*?\s*\[[^\[\]{}=+]{0,12}\]")
_DELIMITER = re.compile(r"\s*(\\[A-Za-z]+|\\[|{}]|.)", re.DOTALL)
_ENDS_LABEL = re.compile(r"\s*\}")
_CLOSES_LABEL = re.compile(r"\s*\)\s*\}")
#: A product sign that shows its direction by an arrow, the way that the printer writes it.
_DIRECTED = re.compile(
    r"\\(?:mathop\s*\{\s*\\)?"
    r"(?:over(?P<over>left|right)arrow\s*|overset\s*\{\s*\\curvearrow(?P<curve>left|right)\s*\}\s*)"
    r"\{\s*\\prod\s*\}\s*(?P<close>\})?(?:\s*\\limits)?"
)


@lru_cache(maxsize=256)
def _scanner(words: frozenset[str]) -> re.Pattern[str]:
    known = sorted(sy.WORDS | words, key=lambda w: (-len(w), w))
    return re.compile(
        r"(?P<space>[ \t\r\n~\xa0\u2000-\u200a\u202f\u3000]+)"
        r"|(?P<cmd>\\(?:[A-Za-z]+|.|\Z))"
        r"|(?P<word>" + "|".join(map(re.escape, known))
        + r"|[A-Za-z][0-9](?![0-9.])|[A-Za-z])"
        r"|(?P<num>[0-9]+(?:\.[0-9]+)?)"
        r"|(?P<dots>\.\.\.?)"
        r"|(?P<rel>[<>+]=)"
        r"|(?P<char>.)",
        re.DOTALL,
    )


def tokenize(text: str, words: frozenset[str] = frozenset()) -> list[Token]:
    r"""The tokens of one formula; layout is left out.

    ``words`` are names of several letters written without ``\mathrm`` (``Loss``, ``h1``); other
    runs of letters are one name each letter, as TeX has it.

    Raises
    ------
    ReadError
        A character or command that is not understood.
    LimitExceeded
        More than :data:`~bptt_sym.read.limits.MAX_CHARS` characters,
        :data:`~bptt_sym.read.limits.MAX_TOKENS` tokens or
        :data:`~bptt_sym.read.limits.MAX_DEPTH` nested brackets.
    """
    # A formula is looked at from many sides before it is judged, and so is a document of them.
    return list((_tokens_of_short if len(text) <= SHORT else _tokens_of_long)(text, words))


#: Characters of a formula that is remembered beside all others of its document.
SHORT = 1000


@lru_cache(maxsize=2048)
def _tokens_of_short(text: str, words: frozenset[str]) -> tuple[Token, ...]:
    return _tokens(text, words)


@lru_cache(maxsize=64)
def _tokens_of_long(text: str, words: frozenset[str]) -> tuple[Token, ...]:
    return _tokens(text, words)


def _tokens(text: str, words: frozenset[str]) -> tuple[Token, ...]:
    if len(text) > limits.MAX_CHARS:
        raise LimitExceeded(
            f"the formula has {len(text)} characters; at most {limits.MAX_CHARS} are read",
            span=Span(limits.MAX_CHARS, len(text)),
        )
    tokens = _Scanner(text, _scanner(words)).run()
    _check_depth(tokens)
    return tuple(without_indicators(tokens))


def _in_script(before: list[Token]) -> bool:
    """Whether what follows is a label below a letter: ``W_{ch}`` is no hyperbolic cosine."""
    last = before[-1:] if before and before[-1].text != "{" else before[-2:-1]
    return bool(last) and last[0].kind in ("_", "^")


class _Scanner:
    def __init__(self, text: str, pattern: re.Pattern[str]) -> None:
        self.text = text
        self.pattern = pattern
        self.out: list[Token] = []
        self.pos = 0

    def run(self) -> list[Token]:
        text, out, match, fixed = self.text, self.out, self.pattern.match, sy.FIXED.get
        size = len(text)
        while self.pos < size:
            m = match(text, self.pos)
            assert m is not None  # the last alternative takes any character
            start, self.pos = m.span()
            kind = m.lastgroup
            if kind == "space":
                continue
            s = m.group()
            if kind == "word":
                if len(s) == 2 and s[1].isdigit() and out and out[-1].kind in ("_", "^"):
                    s, self.pos = s[0], start + 1  # TeX takes one character into a script
                name = s if len(s) == 2 and _in_script(out) else sy.FUNCTION_NAMES.get(s, s)
                out.append(Token("word", name, start, self.pos))
            elif kind == "num":
                if len(s) > limits.MAX_DIGITS:
                    raise LimitExceeded(
                        f"a number of {len(s)} digits; at most {limits.MAX_DIGITS} are read",
                        span=Span(start, self.pos), token=s[:20],
                    )  # fmt: skip
                out.append(Token("num", s, start, self.pos))
            elif (known := fixed(s)) is not None:
                out.append(Token(known[0], known[1], start, self.pos))
            elif kind == "cmd":
                self.command(s, start)
            elif kind == "dots" or kind == "rel":
                out.append(Token(kind, s, start, self.pos))
            else:
                self.character(s, start)
            if len(out) > limits.MAX_TOKENS:
                raise LimitExceeded(
                    f"more than {limits.MAX_TOKENS} tokens", span=Span(start, size), token=s
                )
        return out

    def put(self, kind: str, text: str, start: int) -> None:
        self.out.append(Token(kind, text, start, self.pos))

    def directed_product(self, s: str, start: int) -> None:
        m = _DIRECTED.match(self.text, start)
        if m is None or (m.group("close") is None) != (s != r"\mathop"):
            if s == r"\mathop":
                return  # layout around some other operator
            raise ReadError(f"{s} is read over a product sign only", span=Span(start, self.pos),
                            token=s, hint=r"write \overleftarrow{\prod}")  # fmt: skip
        self.pos = m.end()
        left = "left" in (m.group("over"), m.group("curve"))
        self.put("big", "prod<" if left else "prod>", start)

    def command(self, s: str, start: int) -> None:
        if s in (r"\left", r"\right", r"\middle"):
            self.delimiter(s, start)
        elif s in (r"\overleftarrow", r"\overrightarrow") and not _DIRECTED.match(self.text, start):
            self.put("accent", s, start)  # the states of one direction
        elif s in (r"\mathop", r"\overleftarrow", r"\overrightarrow", r"\overset"):
            self.directed_product(s, start)
        elif s in sy.LAYOUT:
            if s[1:] in ("bigl", "Bigl", "biggl", "Biggl", "bigr", "Bigr", "biggr", "Biggr"):
                self.delimiter(r"\left" if s.endswith("l") else r"\right", start)
        elif s == r"\\" or s in (r"\newline", r"\cr"):
            m = _OPTIONAL.match(self.text, self.pos)
            if m:
                self.pos = m.end()
            self.put("row", r"\\", start)
        elif s in sy.FONTS:
            self.font(s, start)
        elif s in (r"\begin", r"\end"):
            self.environment(s, start)
        elif s in sy.LAYOUT_ARG:
            m = _BRACED.match(self.text, self.pos) or _LENGTH.match(self.text, self.pos)
            m = m or _ONE_SIGN.match(self.text, self.pos)
            if m is None:
                raise ReadError(
                    f"{s} needs a braced argument", span=Span(start, self.pos), token=s,
                    hint=f"write {s}{{…}}",
                )  # fmt: skip
            self.pos = m.end()
        elif s in (r"\max", r"\min", r"\sup", r"\lim", r"\inf"):
            self.put("word", s[1:], start)
        elif s in (r"\substack", r"\mathstrut"):
            pass
        elif s in sy.ARROWS and _in_script(self.out):
            self.put("word", s, start)  # of the states that run this way
        elif s in (r"\lbrace", r"\rbrace"):
            self.put("open", r"\{", start)
        elif s in (r"\_", r"\&", r"\%", r"\#", r"\$"):
            raise ReadError(
                f"{s} is not mathematics", span=Span(start, self.pos), token=s,
                hint="an underscore for a subscript is written without the backslash",
            )  # fmt: skip
        else:
            raise ReadError(
                f"the command {s} is not known", span=Span(start, self.pos), token=s,
                hint="use standard LaTeX, or expand the macro",
            )  # fmt: skip

    def delimiter(self, s: str, start: int) -> None:
        """The delimiter after ``\\left``, ``\\right`` or ``\\middle``."""
        m = _DELIMITER.match(self.text, self.pos)
        if m is None:
            raise ReadError(f"{s} needs a delimiter", span=Span(start, self.pos), token=s)
        mark = m.group(1)
        self.pos = m.end()
        if mark == ".":
            return
        if mark in sy.BARS:
            self.put("lbar" if s == r"\left" else "rbar" if s == r"\right" else "bar",
                     sy.BARS[mark], start)  # fmt: skip
        elif mark in sy.OPEN:
            self.put("open", sy.OPEN[mark], start)
        elif mark in sy.CLOSE:
            self.put("close", sy.CLOSE[mark], start)
        elif mark == "/":
            self.put("op", "/", start)
        else:
            raise ReadError(
                f"{s} is followed by {mark!r}, which is not a delimiter",
                span=Span(start, self.pos), token=mark, hint=r"write \left( … \right)",
            )  # fmt: skip

    def font(self, s: str, start: int) -> None:
        mark = sy.FONTS[s]
        if s in sy.TEXT_FONTS or s == r"\operatorname":
            m = _BRACED.match(self.text, self.pos)
            if m is not None:
                self.pos = m.end()
                self.prose(m.group(1), mark, start)
                return
            if s != r"\operatorname":
                raise ReadError(f"{s} needs words in braces", span=Span(start, self.pos), token=s,
                                hint=f"write {s}{{…}}")  # fmt: skip
        m = _FONT_ARG.match(self.text, self.pos)
        if m is None:
            self.put("font", mark, start)
            return
        inner = m.group(1) or m.group(2)
        if inner.startswith("\\") and inner not in sy.NAMES:
            self.put("font", mark, start)
            return
        self.pos = m.end()
        self.named(inner, mark, start)

    def prose(self, content: str, mark: str, start: int) -> None:
        """``\\text{…}``: a name of one word, or words between two claims."""
        inner = content.strip()
        if not inner:
            return
        # Words of another script (其中, где) are never names here.
        plain = inner.isalnum() and not any(c.isalpha() and not c.isascii() for c in inner)
        if not plain and self.is_label() and (word := "".join(filter(str.isalnum, inner))):
            self.put("word", rf"\mathrm{{{word}}}", start)
            return
        if plain and inner.lower() not in _CONNECTIVE_WORDS:
            self.named(inner, mark, start)
        else:
            self.put("connective", inner, start)

    def is_label(self) -> bool:
        """Whether the words just read are all of a script, of something that is no operator."""
        kinds = [t.kind for t in self.out[-4:]]
        if kinds[-1:] == ["open"]:
            kinds.pop()
            closes = _CLOSES_LABEL.match(self.text, self.pos)
        else:
            closes = _ENDS_LABEL.match(self.text, self.pos)
        if kinds[-1:] != ["{"] or closes is None:
            return False
        return len(kinds) > 2 and kinds[-2] in ("_", "^") and kinds[-3] not in ("big", "}", "op")

    def named(self, inner: str, mark: str, start: int) -> None:
        if inner in sy.FUNCTION_NAMES and not (len(inner) == 2 and _in_script(self.out)):
            self.put("word", sy.FUNCTION_NAMES[inner], start)
        elif inner in sy.WORDS or inner in ("Diag",):
            self.put("word", inner.lower(), start)
        elif not mark:
            if inner == "T":
                self.put("word", r"\top", start)
            elif len(inner) == 1 or inner.startswith("\\"):
                self.put("num" if inner.isdigit() else "word", inner, start)
            else:
                self.put("word", rf"\mathrm{{{inner}}}", start)
        else:
            self.put("word", f"{mark}{{{inner}}}", start)

    def environment(self, s: str, start: int) -> None:
        m = _BRACED.match(self.text, self.pos)
        name = m.group(1).strip().rstrip("*") if m else ""
        if m is not None and name in sy.MATRICES:
            self.pos = m.end()
            self.put("open" if s == r"\begin" else "close", "matrix", start)
            return
        if m is None or name not in sy.ENVIRONMENTS:
            raise ReadError(
                f"the environment {name!r} is not read", span=Span(start, m.end() if m else start),
                token=s + (m.group() if m else ""),
                hint="align, aligned, split, gather, array and cases are",
            )  # fmt: skip
        self.pos = m.end()
        if s == r"\begin":
            for _ in range(2):  # \begin{array}[t]{rcl}
                option = _OPTIONAL.match(self.text, self.pos)
                if option:
                    self.pos = option.end()
            if name in sy.ENVIRONMENT_ARG:
                spec = _BRACED.match(self.text, self.pos)
                if spec:
                    self.pos = spec.end()
        self.put("row", s, start)

    def character(self, s: str, start: int) -> None:
        if s == "″":
            self.put("prime", "'", start)
            self.put("prime", "'", start)
        elif s in sy.SUBSCRIPTS:
            self.raised("_", sy.SUBSCRIPTS, start)
        elif s in sy.SUPERSCRIPTS:
            self.raised("^", sy.SUPERSCRIPTS, start)
        elif s == "½":
            for kind, piece in (("frac", r"\frac"), ("num", "1"), ("num", "2")):
                self.put(kind, piece, start)
        elif s == "%":  # a TeX comment
            end = self.text.find("\n", self.pos)
            self.pos = len(self.text) if end < 0 else end + 1
        elif s in sy.INVISIBLE:
            pass
        elif s in sy.COMBINING or s in sy.DIRECTIONS:
            self.combining(s, start)
        else:
            self.letter(s, start)

    def raised(self, mark: str, table: dict[str, str], start: int) -> None:
        """A run of Unicode sub- or superscript characters, as a braced script."""
        end = start
        while end < len(self.text) and self.text[end] in table:
            end += 1
        plain = "".join(table[c] for c in self.text[start:end])
        self.out.append(Token(mark, mark, start, start))
        self.out.append(Token("{", "{", start, start))
        if plain == "T" and mark == "^":
            self.out.append(Token("word", r"\top", start, end))
        else:
            for t in _Scanner(plain, self.pattern).run():
                self.out.append(Token(t.kind, t.text, start + t.start, start + t.end))
        self.out.append(Token("}", "}", end, end))
        self.pos = end

    def combining(self, s: str, start: int) -> None:
        if self.out and self.out[-1][:2] == ("big", "prod") and s in sy.DIRECTIONS:
            t = self.out[-1]
            self.out[-1] = Token("big", sy.DIRECTIONS[s], t.start, self.pos)
            return
        if not self.out or self.out[-1].kind != "word" or s not in sy.COMBINING:
            raise ReadError("an accent without a letter", span=Span(start, self.pos), token=s)
        t = self.out[-1]
        self.out[-1] = Token("word", f"{sy.COMBINING[s]}{{{t.text}}}", t.start, self.pos)

    def letter(self, s: str, start: int) -> None:
        name = unicodedata.name(s, "")
        plain = unicodedata.normalize("NFKC", s)
        if name.startswith("MATHEMATICAL") and len(plain) == 1:
            plain = sy.UNICODE_NAMES.get(plain, plain)
            if plain.isascii():
                bold, script = "BOLD" in name, "SCRIPT" in name
                mark = r"\mathcal" if script else r"\mathbf" if bold else ""
                if plain.isdigit():
                    self.put("num", plain, start)
                else:
                    self.put("word", f"{mark}{{{plain}}}" if mark else plain, start)
                return
        decomposed = unicodedata.normalize("NFD", s)
        if len(decomposed) == 2 and decomposed[0].isascii() and decomposed[1] in sy.COMBINING:
            self.put("word", f"{sy.COMBINING[decomposed[1]]}{{{decomposed[0]}}}", start)
            return
        if s in sy.OVERRIDES:
            raise ReadError(
                f"a bidirectional override character U+{ord(s):04X}", span=Span(start, self.pos),
                token=s, hint="remove it: with it the formula shows in another order than it has",
            )  # fmt: skip
        what = f"{s!r}" if s.isprintable() else f"U+{ord(s):04X}"
        raise ReadError(
            f"the character {what} is not mathematics that is understood",
            span=Span(start, self.pos), token=s,
            hint=r"words inside a formula belong in \text{…}" if s.isalpha() else "",
        )  # fmt: skip


def _check_depth(tokens: list[Token]) -> None:
    depth = 0
    for t in tokens:
        if t.kind in ("{", "open"):
            depth += 1
            if depth > limits.MAX_DEPTH:
                raise LimitExceeded(
                    f"brackets nested deeper than {limits.MAX_DEPTH}", span=t.span, token=t.text
                )
        elif t.kind in ("}", "close") and depth:
            depth -= 1

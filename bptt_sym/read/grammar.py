"""The grammar: tokens to a surface tree, which knows nothing of any recurrence.

Sums of signed terms, terms of factors with the operator that stands before each, factors with their
sub- and superscripts. Scripts are kept as tokens: whether ``h_{t-1}`` is a time and ``W_{hidden}``
a name, only the binder can know. Recursion is bounded by
:data:`~bptt_sym.read.limits.MAX_DEPTH`.
"""

from __future__ import annotations

from bptt_sym.errors import LimitExceeded, ReadError, Span
from bptt_sym.read import limits
from bptt_sym.read.brackets import axes_of, slice_at
from bptt_sym.read.surface import (
    Big,
    Differential,
    Dots,
    Expr,
    Factor,
    Frac,
    Group,
    MatrixRows,
    Number,
    Root,
    Script,
    Scripted,
    Sliced,
    Term,
    Word,
    one_group,
    single_factor,
)
from bptt_sym.read.tokens import Token

_CLOSING = {"(": ")", "[": "]", "{": "}", r"\{": r"\}", "<": r"\rangle", "|": "|", "‖": r"\|",
            "⌈": r"\rceil", "⌊": r"\rfloor", "matrix": r"\end{pmatrix}"}  # fmt: skip
_STARTS = frozenset("word num open { lbar bar frac sqrt big partial dots accent font brace".split())


def parse(tokens: list[Token], source_end: int) -> Expr:
    """The surface tree of the tokens of one side.

    Raises
    ------
    ReadError
        The tokens are not an expression; the span is that of the first token that does not fit.
    """
    p = Parser(tokens, source_end)
    tree = p.expr()
    if p.tok.kind != "end":
        p.unexpected()
    return tree


class Parser:
    """Recursive descent over a list of tokens."""

    def __init__(self, tokens: list[Token], end: int) -> None:
        self.tokens = list(tokens)  # with a mark at the end, see below
        self.i = 0
        self.depth = 0
        self.bars: list[str] = []
        last = tokens[-1].end if tokens else end
        self.tokens.append(Token("end", "", last, last))

    @property
    def tok(self) -> Token:
        return self.tokens[self.i]

    def unexpected(self, wanted: str = "") -> None:
        t = self.tok
        what = "the formula ends here" if t.kind == "end" else f"{t.text!r} does not fit here"
        raise ReadError(
            what + (f"; {wanted} is wanted" if wanted else ""), span=t.span, token=t.text,
            hint=f"write {wanted}" if wanted else "",
        )  # fmt: skip

    def down(self) -> None:
        self.depth += 1
        if self.depth > limits.MAX_DEPTH:
            raise LimitExceeded(
                f"nested deeper than {limits.MAX_DEPTH}", span=self.tok.span, token=self.tok.text
            )

    # -- sums and products

    def expr(self) -> Expr:
        self.down()
        start = self.tok.start
        terms: list[tuple[bool, Term]] = []
        negative, first = False, True
        while True:
            t = self.tok
            signed = False
            while t.kind == "op" and t.text in ("+", "-", r"\oplus"):
                if not first and signed and t.text == r"\oplus":
                    break
                negative ^= t.text == "-"
                signed = True
                self.i += 1
                t = self.tok
            if not first and not signed:
                break
            if t.kind not in _STARTS:
                self.unexpected("a term")
            terms.append((negative, self.term()))
            if len(terms) > limits.MAX_TERMS:
                raise LimitExceeded(
                    f"a sum of more than {limits.MAX_TERMS} terms", span=t.span, token=t.text
                )
            negative, first = False, False
        self.depth -= 1
        return Expr(terms, Span(start, terms[-1][1].span.end))

    def term(self) -> Term:
        start = self.tok.start
        factors: list[tuple[str, Factor]] = []
        while True:
            if factors and not isinstance(factors[-1][1], Big):
                self.open_signed_group()  # (behind a sum, braces hold what is summed)
            t = self.tok
            op = ""
            if t.kind == "op":
                if t.text in ("+", "-", r"\oplus"):
                    break
                op = t.text
                if not factors:
                    self.unexpected("a factor")
                self.i += 1
                t = self.tok
                if t.kind == "op" and t.text in "+-":
                    raise ReadError(
                        f"{t.text!r} directly after {op!r}", span=t.span, token=t.text,
                        hint="put the signed factor in parentheses",
                    )  # fmt: skip
                if t.kind not in _STARTS:
                    self.unexpected("a factor")
            elif t.kind == "bar" and factors and self.bars:
                break  # a bar after an operand closes the innermost open bar
            elif t.kind not in _STARTS:
                break
            if t.kind == "{" and factors and isinstance(factors[-1][1], Big) and not op:
                factors.append((op, self.body()))
            else:
                factors.append((op, self.scripted()))
            if len(factors) > limits.MAX_TERMS:
                raise LimitExceeded(
                    f"a product of more than {limits.MAX_TERMS} factors", span=t.span, token=t.text
                )
        if not factors:
            self.unexpected("a factor")
        return Term(factors, Span(start, self.tokens[self.i - 1].end))

    def open_signed_group(self) -> None:
        r"""Take the braces off ``{+ b}`` or ``{\cdot b}`` behind a factor, whatever they are for.

        ``a \textcolor{red}{+ b}`` shows a sum, and so does a brace above or below ``+ b``.
        """
        at = self.i + (self.tok.kind == "brace")
        kinds = [t.kind for t in self.tokens[at : at + 3]]
        if kinds[:2] != ["{", "op"]:
            return
        here, self.i = self.i, at
        end = self.matching()
        if at > here and self.tokens[end + 1].kind in ("_", "^"):
            # What stands at the brace says what is above or below it.
            self.i = end + 1
            self.script()
            del self.tokens[end + 1 : self.i]
        self.i = here
        del self.tokens[end], self.tokens[here : at + 1]

    # -- factors

    def scripted(self) -> Factor:
        factor = self.with_scripts(self.atom())
        while isinstance(factor, (Word, Scripted, Group, Frac, Sliced)):
            place = slice_at(self.tokens, self.i, isinstance(factor, Group))
            if place is None:
                break
            axes = axes_of(self.tokens[place[0] : place[1]])
            self.i = place[2]
            span = Span(factor.span.start, self.tokens[self.i - 1].end)
            factor = self.with_scripts(Sliced(factor, axes, span))
        return factor

    def with_scripts(self, base: Factor) -> Factor:
        """``base`` with the scripts and primes that follow it."""
        start = base.span.start
        sub: Script | None = None
        sup: Script | None = None
        primes = 0
        while True:
            t = self.tok
            if t.kind == "_":
                if slice_at(self.tokens, self.i, isinstance(base, Group)) is not None:
                    break  # (…)_{[:n]}: no name, but a part
                if sub is not None:
                    raise ReadError("a second subscript", span=t.span, token="_",
                                    hint="put braces around the first part")  # fmt: skip
                sub = self.script()
            elif t.kind == "^":
                here = self.script()
                if here.tokens and all(x.kind == "prime" for x in here.tokens):
                    primes += len(here.tokens)
                elif sup is not None:
                    raise ReadError("a second superscript", span=here.span, token="^",
                                    hint="put braces around the first part")  # fmt: skip
                else:
                    sup = here
            elif t.kind == "prime":
                primes += 1
                self.i += 1
            else:
                break
        if sub is None and sup is None and not primes:
            return base
        span = Span(start, self.tokens[self.i - 1].end)
        if isinstance(base, (Big, Differential)):
            if primes:
                raise ReadError("a prime on an operator", span=span, token="'")
            base.sub, base.sup, base.span = sub, sup, span
            return base
        if isinstance(base, Scripted) and not (base.sub and sub) and not (base.sup and sup):
            return Scripted(base.base, base.sub or sub, base.sup or sup, base.primes + primes, span)
        return Scripted(base, sub, sup, primes, span)

    def script(self) -> Script:
        mark = self.tok
        self.i += 1
        t = self.tok
        if t.kind == "{":
            end = self.matching()
            inner = self.tokens[self.i + 1 : end]
            self.i = end + 1
            if not inner:
                raise ReadError("an empty script", span=Span(mark.start, self.tokens[end].end),
                                token=mark.text)  # fmt: skip
            while inner[0].kind == "{" and inner[-1].kind == "}" and one_group(inner):
                inner = inner[1:-1]
                if not inner:
                    raise ReadError("an empty script", span=mark.span, token=mark.text)
            return Script(inner, Span(t.start, self.tokens[end].end))
        if t.kind == "num" and len(t.text) > 1:
            raise ReadError(
                f"TeX takes only {t.text[0]!r} of {t.text!r} into the script", span=t.span,
                token=t.text, hint=f"write {mark.text}{{{t.text}}}",
            )  # fmt: skip
        if t.kind in ("word", "num", "prime", "dagger") or (t.kind == "op" and t.text in "+-*"):
            self.i += 1
            return Script([t], t.span)
        if t.kind in ("accent", "font", "frac"):
            begin = self.i
            self.atom()
            return Script(self.tokens[begin : self.i], Span(t.start, self.tokens[self.i - 1].end))
        if t.kind == "open" and t.text == "(":  # h^(t), as plain text writes it
            begin, depth = self.i, 0
            while self.tok.kind != "end":
                kind = self.tok.kind
                depth += (kind == "open") - (kind == "close")
                self.i += 1
                if not depth:
                    break
            return Script(self.tokens[begin : self.i], Span(t.start, self.tokens[self.i - 1].end))
        self.unexpected("a script")
        raise AssertionError

    def matching(self) -> int:
        """The index of the brace that closes the one at the current token."""
        depth = 0
        for j in range(self.i, len(self.tokens) - 1):
            kind = self.tokens[j].kind
            if kind == "{":
                depth += 1
            elif kind == "}":
                depth -= 1
                if not depth:
                    return j
        t = self.tok
        raise ReadError("a brace that is not closed", span=t.span, token="{", hint="write }")

    def atom(self) -> Factor:
        t = self.tok
        kind = t.kind
        if kind == "word":
            self.i += 1
            return Word(t.text, t.span)
        if kind == "num":
            self.i += 1
            return Number(t.text, t.span)
        if kind == "{":
            return self.braces()
        if kind == "open":
            return self.matrix() if t.text == "matrix" else self.group()
        if kind == "frac":
            self.i += 1
            num, den = self.argument(), self.argument()
            return Frac(num, den, Span(t.start, self.tokens[self.i - 1].end))
        if kind == "partial":
            self.i += 1
            return Differential("∂" if t.text == r"\partial" else "∇", None, None, t.span)
        if kind == "big":
            self.i += 1
            direction = {"prod<": True, "prod>": False}.get(t.text)
            return Big(t.text[:4] if t.text != "sum" else "sum", None, None, t.span, direction)
        if kind == "dots":
            self.i += 1
            return Dots(t.span)
        if kind in ("bar", "lbar"):
            return self.bar_group()
        if kind in ("accent", "font"):
            return self.accented()
        if kind == "sqrt":
            self.i += 1
            degree: Expr | None = None
            if self.tok.kind == "open" and self.tok.text == "[":
                group = self.group()
                degree = group.items[0]
            arg = self.argument()
            return Root(arg, degree, Span(t.start, self.tokens[self.i - 1].end))
        if kind == "brace":
            return self.underbrace()
        self.unexpected("a name, a number or a bracket")
        raise AssertionError

    def body(self) -> Factor:
        """Braces directly after a big operator: they show how far its body reaches."""
        t = self.tok
        inner = self.scripted()
        if isinstance(inner, Group) and inner.bracket == "{":
            return inner
        return Group("{", [Expr([(False, Term([("", inner)], inner.span))], inner.span)], [],
                     Span(t.start, self.tokens[self.i - 1].end))  # fmt: skip

    def matrix(self) -> MatrixRows:
        """The rows of a matrix environment, entry by entry."""
        t = self.tok
        self.i += 1
        self.down()
        bars, self.bars = self.bars, []
        rows: list[list[Expr]] = [[]]
        while True:
            rows[-1].append(self.expr())
            kind = self.tok.kind
            if kind == "&":
                self.i += 1
            elif kind == "row" and self.tok.text == "\\\\":
                self.i += 1
                if self.tok.kind == "close":
                    break
                rows.append([])
            else:
                break
        self.bars = bars
        if self.tok.kind != "close" or self.tok.text != "matrix":
            self.unexpected(r"\end{pmatrix}")
        end = self.tok.end
        self.i += 1
        self.depth -= 1
        if len({len(r) for r in rows}) != 1:
            raise ReadError("rows of different lengths", span=Span(t.start, end), token="matrix")
        return MatrixRows(rows, Span(t.start, end))

    def braces(self) -> Factor:
        """``{…}``: what is inside if that is one factor, a group otherwise."""
        t = self.tok
        self.i += 1
        if self.tok.kind == "}":
            raise ReadError("empty braces", span=Span(t.start, self.tok.end), token="{}",
                            hint="remove them")  # fmt: skip
        bars, self.bars = self.bars, []
        inner = self.expr()
        self.bars = bars
        if self.tok.kind != "}":
            self.unexpected("}")
        end = self.tok.end
        self.i += 1
        single = single_factor(inner)
        if single is not None and not isinstance(single, (Big, Differential, Dots)):
            return single
        return Group("{", [inner], [], Span(t.start, end))

    def argument(self) -> Expr:
        """One argument of a command: braces, or a single token."""
        t = self.tok
        self.down()
        if t.kind == "{":
            self.i += 1
            bars, self.bars = self.bars, []
            inner = self.expr()
            self.bars = bars
            if self.tok.kind != "}":
                self.unexpected("}")
            self.i += 1
        elif t.kind == "num" and len(t.text) > 1 and "." not in t.text:
            # \frac12: TeX takes one digit at a time.
            self.tokens[self.i : self.i + 1] = [
                Token("num", d, t.start + k, t.start + k + 1) for k, d in enumerate(t.text)
            ]
            inner = self.argument()
        else:
            if t.kind not in ("word", "num", "accent", "font", "frac", "partial", "open", "sqrt"):
                self.unexpected("an argument")
            atom = self.atom()
            inner = Expr([(False, Term([("", atom)], atom.span))], atom.span)
        self.depth -= 1
        return inner

    def group(self) -> Group:
        t = self.tok
        self.i += 1
        bars, self.bars = self.bars, []
        items: list[Expr] = []
        seps: list[str] = []
        while True:
            items.append(self.expr())
            s = self.tok
            if s.kind == "sep" and s.text in ",;":
                seps.append(s.text)
                self.i += 1
            elif s.kind == "bar" and s.text == "|" and t.text in "([":
                seps.append("|")  # (x_t | h_{t-1})
                self.i += 1
            else:
                break
        self.bars = bars
        if self.tok.kind != "close" or self.tok.text != t.text:
            self.unexpected(_CLOSING[t.text])
        end = self.tok.end
        self.i += 1
        return Group(t.text, items, seps, Span(t.start, end))

    def bar_group(self) -> Group:
        t = self.tok
        self.i += 1
        self.bars.append(t.text)
        inner = self.expr()
        self.bars.pop()
        if self.tok.kind not in ("bar", "rbar") or self.tok.text != t.text:
            self.unexpected(_CLOSING[t.text])
        end = self.tok.end
        self.i += 1
        return Group(t.text, [inner], [], Span(t.start, end))

    def accented(self) -> Factor:
        """An accent or font command with its argument; scripts inside move outside."""
        t = self.tok
        self.i += 1
        factor = single_factor(self.argument())
        inner = factor
        if isinstance(inner, Scripted):
            inner = inner.base
        if not isinstance(inner, (Word, Number)):
            raise ReadError(f"{t.text or 'a font'} over something that is no name", span=t.span,
                            token=t.text)  # fmt: skip
        text = inner.name if isinstance(inner, Word) else inner.text
        span = Span(t.start, self.tokens[self.i - 1].end)
        name = Word(f"{t.text}{{{text}}}" if t.text else text, span)
        if isinstance(factor, Scripted):
            return Scripted(name, factor.sub, factor.sup, factor.primes, span)
        return name

    def underbrace(self) -> Factor:
        """``\\underbrace{X}_{words}``: X; the annotation says nothing about its value."""
        self.i += 1
        inner = self.argument()
        if self.tok.kind in ("_", "^"):
            self.script()
        return Group("{", [inner], [], inner.span)

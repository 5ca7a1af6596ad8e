"""The surface tree: what the grammar makes of tokens, before any name has a meaning."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from bptt_sym.errors import LimitExceeded, Span
from bptt_sym.read import limits
from bptt_sym.read.tokens import Token


@dataclass(slots=True)
class Word:
    """A name as it stands, accents and fonts included: ``h``, ``\\tilde{c}``, ``tanh``."""

    name: str
    span: Span


@dataclass(slots=True)
class Number:
    text: str
    span: Span


@dataclass(slots=True)
class Script:
    """The tokens of one sub- or superscript (braces taken off)."""

    tokens: list[Token]
    span: Span

    @property
    def text(self) -> str:
        """The canonical text, as it stands in a name."""
        return script_text(self.tokens)


@dataclass(slots=True)
class Scripted:
    base: Factor
    sub: Script | None
    sup: Script | None
    primes: int
    span: Span


@dataclass(slots=True)
class Group:
    """``(…)``, ``[…]``, ``{…}``, ``|…|``, ``‖…‖``: items between separators."""

    bracket: str
    items: list[Expr]
    seps: list[str]
    span: Span


@dataclass(slots=True)
class Frac:
    num: Expr
    den: Expr
    span: Span


@dataclass(slots=True)
class Root:
    arg: Expr
    degree: Expr | None
    span: Span


@dataclass(slots=True)
class Big:
    """``\\sum`` or ``\\prod`` with its bounds as tokens; an arrow gives the direction."""

    kind: str
    sub: Script | None
    sup: Script | None
    span: Span
    descending: bool | None = None


@dataclass(slots=True)
class Differential:
    """``\\partial``, ``\\nabla`` or a differential ``d``, with its scripts."""

    mark: str
    sub: Script | None
    sup: Script | None
    span: Span


@dataclass(slots=True)
class Dots:
    span: Span


@dataclass(slots=True)
class MatrixRows:
    rows: list[list[Expr]]
    span: Span


@dataclass(frozen=True, slots=True)
class Axis:
    """The tokens of one place between the brackets: ``lo:hi``, or an index without a colon."""

    lo: tuple[Token, ...]
    hi: tuple[Token, ...] | None


@dataclass(slots=True)
class Sliced:
    """``base[…]``: ranges of its axes; the bounds stay tokens, whose meaning the binder knows."""

    base: Factor
    axes: list[Axis]
    span: Span


@dataclass(slots=True)
class Term:
    """Factors with the operator before each; "" is juxtaposition."""

    factors: list[tuple[str, Factor]]
    span: Span


@dataclass(slots=True)
class Expr:
    """Signed terms: ``(negative, term)``."""

    terms: list[tuple[bool, Term]]
    span: Span


Factor: TypeAlias = (
    Word | Number | Scripted | Sliced | Group | Frac | Root | Big | Differential | Dots
    | MatrixRows | Expr
)


#: A closing token carries the text of what it closes.
_CLOSERS = {"(": ")", "[": "]", "<": ">"}


def script_text(tokens: list[Token]) -> str:
    """Tokens as the text of a name: ``hidden``, ``hh``, ``\\tilde{y}``."""
    if len(tokens) == 1:
        return plain(tokens[0].text)
    out: list[str] = []
    accented = False
    for t in tokens:
        if accented and t.kind == "word":
            out.append(f"{{{plain(t.text)}}}")
        elif t.kind == "close":
            out.append(_CLOSERS.get(t.text, t.text))
        else:
            out.append(plain(t.text))
        accented = t.kind == "accent"
        if len(out) > limits.MAX_NAME:
            raise LimitExceeded(
                f"a script of more than {limits.MAX_NAME} characters",
                span=Span(tokens[0].start, tokens[-1].end), token=t.text,
            )  # fmt: skip
    text = ""
    for piece in out:
        # A command name needs a space before a letter that follows it.
        if text and piece[:1].isalpha() and _ends_in_command(text):
            text += " "
        text += piece
    return text


def plain(text: str) -> str:
    """Roman text inside a script is its letters."""
    return text[8:-1] if text.startswith(r"\mathrm{") else text


def _ends_in_command(text: str) -> bool:
    tail = text.rsplit("\\", 1)
    return len(tail) == 2 and tail[1].isalpha()


def single_factor(expr: Expr) -> Factor | None:
    """The factor of an expression that is one positive factor, else ``None``."""
    if len(expr.terms) == 1 and not expr.terms[0][0] and len(expr.terms[0][1].factors) == 1:
        return expr.terms[0][1].factors[0][1]
    return None


def one_group(tokens: list[Token]) -> bool:
    """Whether the first brace is closed by the last token."""
    depth = 0
    for j, t in enumerate(tokens):
        depth += (t.kind == "{") - (t.kind == "}")
        if not depth:
            return j == len(tokens) - 1
    return False

r"""Formulas in plain text, a line each: what stands in fences and code spans of no language.

.. code-block:: text

    ∂L/∂W_hh = Σ(t=1 to T) δ_t · h_{t-1}^T      # summed over the steps
             = Σ_t δ_t h_{t-1}ᵀ

A line is taken whole or not at all: before the formula stand a number, a label and a colon, or
nothing; behind it what is plainly a remark. A line that begins or ends with an operator goes on
with its neighbour. What is left over may be code, and is left to those who look for definitions.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TypeAlias

from bptt_sym.documents.prose import LOWERED, MAX_RUN, RAISED, Run, in_latex, right_end
from bptt_sym.entries import UNITS

#: Lines of one stretch that are looked at.
MAX_LINES = 2_000
#: Characters of one line, and of lines that go on from one another.
MAX_LINE = 1_000

_NAME = (
    r"(?:\\(?:tilde|hat|bar|vec|mathbf|mathcal|boldsymbol)\s*(?:\{[^{}\n]{1,12}\}|[A-Za-z])"
    r"|\\[A-Za-z]+|[A-Za-zŷẑŝĉĝĥȳ][\u0302-\u0305]?|[α-ωΑ-Ω])"
)
_SCRIPT = (
    r"(?:[_^](?:\{(?:[^{}\n]|\\[a-z]+\{[A-Za-z]+\}){0,24}\}|\([^()\n]{1,12}\)|[A-Za-z0-9*]{1,8})"
    r"|\[[ijklmpq](?:\s*,\s*[ijklmpq])?\]|\((?:[tknTKN]|[0-9]{1,2})(?:\s*[-+]\s*1)?\)"
    rf"|[{LOWERED}]+|[{RAISED}]+)"
)
_PART = rf"(?:∂|\\partial\s*)(?:\^?\+\s*)?\s*{_NAME}{_SCRIPT}{{0,3}}"
#: ``dh_t/dh_{t-1}``
_QUOTIENT = rf"d(?P<of>{_NAME}{_SCRIPT}{{1,3}})\s*/\s*d(?P<by>{_NAME}{_SCRIPT}{{0,3}})"
#: ``dW = Σ_t dz_t h_{t-1}^T``: what it is says that it is none of code.
_OF_A_WEIGHT = (
    r"d(?:[A-Za-z](?:_\{?[a-z]{1,3}\}?)?|[WUVRb][a-z]{1,2})(?=\s*\+?=[^=\n]{0,120}?(?:[Σ∑]|_\{?[tkT](?![A-Za-z])|[a-z]ᵀ|⊙))"
)
_DERIVATIVE = (
    rf"(?:\|\|?|‖|\|)?\(?\s*(?:{_PART}\s*/\s*{_PART}|(?:[δΔ]|\\delta\s*|d(?=[A-Za-z]_)){_NAME}{_SCRIPT}{{0,3}}"
    rf"|{_OF_A_WEIGHT}|d\s*[LEJ]{_SCRIPT}{{0,1}}\s*/\s*d\s*{_NAME}{_SCRIPT}{{0,3}}|{_QUOTIENT}|[δ]{_SCRIPT}{{0,3}})"
)
#: The left side of a formula about derivatives.
_ABOUT = re.compile(rf"{_DERIVATIVE}")
#: ``h_t``, ``c_t[i]``: the left side of a definition.
_DEFINED = re.compile(rf"{_NAME}{_SCRIPT}{{0,3}}(?=\s*:?=(?!=))")
#: What may stand before the formula of a line.
_LABEL = re.compile(
    r"\s*(?:(?:\(\d{1,2}\)|\d{1,2}[.)]|[-*•→▸])\s+)?"
    r"(?:[^\s=<>≤≥≈{}^_/\\∂δ·][^=<>≤≥≈{}^_/\\∂δ·]{0,60}?(?:[:：]|(?<![A-Za-z])(?:where|so|thus|hence|then|therefore|with|and)"
    r"(?![A-Za-z]))\s*)?",
    re.IGNORECASE,
)
_WORDS = r"[^()\[\]]*(?:\([^()]*\)[^()\[\]]*)*"
#: What stands behind a formula and is no part of it.
_REMARK = re.compile(
    rf"\s*[.,;，。；]?\s*(?:$|#|//|--|—|–|←|<-|⟵|✓|✔|✅|❌|⚠|✗|\s(?:[\(（]{_WORDS}[\)）]|\[{_WORDS}\])"
    r"\s*[.,;]?(?:$|\s+[^\s=<>≤≥≈])|\s{2,}[^\s=<>≤≥≈+\-·*/⊙×]|\s[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af])"
)
#: ``∂L/∂c_t (from h_t) = …``: one part of it.
_PART_OF = re.compile(
    r"\s*[(（](?:[^()（）=]*[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]"
    r"|\s*(?:via|through|from|by way of|due to)\s)[^()（）=]*[)）]"
    r"\s*(?=\+?=)"
)
#: Signs that a formula may have besides those of one in a sentence.
_SIGNS = "≤≥<>|‖"
_RELATION = re.compile(r"=(?!=)|[≈≤≥<>]")
_GOES_ON = re.compile(r"\s*(?:[=≈≤≥]|[+·×⊙∘*@−-]\s)")
_OPEN_END = re.compile(r"(?:[=≈≤≥]|\s[+·×⊙∘*@−-]|\\cdot|\\odot)\s*$")
_CODE = re.compile(
    r";\s*$|::|==|->|\b(?:def|return|import|for .* in|while|print|float|int|const|self|np|torch)\b"
    r"|[A-Za-z]\.(?!T(?![A-Za-z]))[A-Za-z]|[A-Za-z]\(\s*\)|\*\*(?!\s*[2kt](?!\w))|^\s*@|@[A-Za-z]+\s*\(|@=|\{\s*$"
)
#: Lines that only a program has.
_PROGRAM = re.compile(
    r"^[ \t>]*+(?:(?:for|while|if|elif|else|def|class|with|function)\b[^\n]*[:{]|return\b[^\n]*"
    r"|(?:import|from)\s+\w+(?:\s+import\b[^\n]*)?|[^\n]*(?:;|\b(?:np|torch|jnp)\.[^\n]*))[ \t]*+$",
    re.MULTILINE,
)
#: ``h[t-1]``, ``h[0]``
_BOXED = re.compile(
    r"(?<=[A-Za-zα-ω])\[\s*(?P<at>(?:[tTn](?:\s*[-+]\s*[0-9k])?|[0-9]{1,2}))\s*\]"
)
#: Frames drawn around a text.
_FRAME = re.compile(r"[\u2500-\u257f]")
#: ``Σ(t=1 to T)``, ``∏[j=k+1..t]``, ``sum_{t=1}^T`` without its backslash.
_BIG = re.compile(
    r"(?P<sign>[Σ∑Π∏]|(?<![A-Za-z\\])(?:sum|prod)(?![A-Za-z]))\s*_?\s*[(\[{]\s*(?P<var>[A-Za-z])\s*=\s*"
    r"(?P<low>[^()\[\]{}=]{1,12}?)\s*(?:to|\.\.\.?|…|→|~|through|-(?=>)>)\s*(?P<high>[^()\[\]{}=]{1,12}?)\s*[)\]}]"
)
_UNBOUNDED = re.compile(rf"[Σ∑Π∏](?!\s*(?:[_\[]|_?[({{]|[{LOWERED}]))|[Σ∑Π∏]\s{{2,}}")
_UNITS = re.compile(
    rf"(?P<name>{_NAME})(?P<sub>_(?:\{{[^{{}}]*\}}|[A-Za-z0-9]+)|[₀-₉ₜ₊₋]+)?\[(?P<at>[ijklmpq](?:\s*,\s*[ijklmpq])?)\]"
)
#: ``Whh``, ``bf``: a weight with its label beside it.
_GLUED = re.compile(
    r"(?<![A-Za-z\\_^{])(?P<letter>[WUVR](?=[a-z]{1,2}(?![A-Za-z_^(]))|b(?=[fiogcrzhxyq](?![A-Za-z_^(])))"
    r"(?P<label>[a-z]{1,2})"
)


#: ``Whh^T``, of a weight that stands elsewhere in the text without its transpose.
_GLUED_TURNED = re.compile(
    r"(?<![A-Za-z\\_^{])(?P<letter>[WUVR])(?P<label>[a-z]{1,2})(?=\^\{?\s*(?:T(?![A-Za-z])|\\top))"
)
#: ``dL/dWhh``, ``dWhh``
_BY_GLUED = re.compile(
    r"(?:(?<=/d)|(?<=^d)|(?<=[\s(+*=-]d))(?:(?P<letter>[WUVR])(?P<label>[a-z]{1,2})|(?P<bias>b)(?P<of>[a-z]))(?![A-Za-z_^(])"
)


#: What takes the place of a match: a template, or a function of the match.
_Put: TypeAlias = str | Callable[[re.Match[str]], str]


@dataclass(frozen=True)
class Line:
    """A formula of a line: what of the text it takes, and whether it is about derivatives."""

    run: Run
    start: int
    end: int
    derives: bool


def line_formulas(text: str, start: int, end: int) -> Iterator[Line]:
    """The lines of ``text[start:end]`` that are formulas, in the reader's LaTeX."""
    # What runs through a program is no sequence: one name has a value after the other.
    boxes = _BOXED.search(text, start, end) and not _PROGRAM.search(text, start, end)
    weights = _glued_weights(text)

    def turned(m: re.Match[str]) -> str:
        return f"{m['letter']}_{{{m['label']}}}" if m.group() in weights else m.group()

    for piece in _joined(text, start, end):
        if boxes:
            piece.replaced(_BOXED, r"_{\g<at>}")
        if weights:
            piece.replaced(_GLUED_TURNED, turned)
        found = _of_line(piece)
        if found is not None:
            yield found


@lru_cache(maxsize=4)
def _glued_weights(text: str) -> frozenset[str]:
    """The weights with their labels beside them that stand in a text as they are: ``Whh``."""
    return frozenset(m.group() for m in _GLUED.finditer(text))


@dataclass
class _Piece:
    """Characters with their places in the text."""

    chars: str
    places: list[int]

    def replaced(self, pattern: re.Pattern[str], new: _Put) -> None:
        """Each match as ``new`` has it."""
        out: list[str] = []
        places: list[int] = []
        last = 0
        for m in pattern.finditer(self.chars):
            put = m.expand(new) if isinstance(new, str) else new(m)
            out += [self.chars[last : m.start()], put]
            # (Where a formula ends with it, it ends where the match does.)
            ends = [self.places[m.end() - 1]] if len(put) > 1 else []
            inside = [self.places[m.start()]] * (len(put) - len(ends))
            places += [*self.places[last : m.start()], *inside, *ends]
            last = m.end()
        self.chars = "".join([*out, self.chars[last:]])
        self.places = places + self.places[last:]


def _joined(text: str, start: int, end: int) -> Iterator[_Piece]:
    """The lines, those that go on from one another joined."""
    current: _Piece | None = None
    pos = start
    for _ in range(MAX_LINES):
        if pos >= end:
            break
        stop = text.find("\n", pos, end)
        stop = end if stop < 0 else stop
        if stop - pos > MAX_LINE or (current is not None and len(current.chars) > MAX_LINE):
            if current is not None:
                yield current
            current = None
            if stop - pos > MAX_LINE:
                pos = stop + 1
                continue
        line = _FRAME.sub(" ", text[pos:stop]).rstrip()
        piece = _Piece(line, list(range(pos, pos + len(line))))
        goes_on = current is not None and bool(line.strip()) and (
            _GOES_ON.match(line) is not None or _OPEN_END.search(_bare(current.chars)) is not None
        )
        if current is not None and goes_on:
            # A remark on the line before is between the two: it is taken off.
            kept = len(_bare(current.chars))
            at = current.places[kept - 1] + 1 if kept else pos
            current.chars = current.chars[:kept] + " " + line
            current.places = [*current.places[:kept], at, *piece.places]
        else:
            if current is not None:
                yield current
            current = piece if line.strip() else None
        pos = stop + 1
    if current is not None:
        yield current


_TAIL = re.compile(
    rf"(?<=\S)\s+(?:#|//|←).*$|(?<=\S)\s{{2,}}[(（]{_WORDS}[)）]\s*$"
    r"|(?<=\S)\s+[(（][^()（）]*[A-Za-z]{3,} [^()（）]*[)）]\s*$"
)


def _bare(line: str) -> str:
    """A line without the remark behind it."""
    found = _TAIL.search(line)
    if found is not None and _RELATION.search(line[: found.start()]):
        line = line[: found.start()]
    return line.rstrip()


def _of_line(piece: _Piece) -> Line | None:
    if len(piece.chars) > MAX_RUN or _CODE.search(piece.chars) or not _RELATION.search(piece.chars):
        return None
    piece.replaced(_BIG, r"\g<sign>_{\g<var>=\g<low>}^{\g<high>}")
    piece.replaced(_BY_GLUED, lambda m: f"{m['letter'] or m['bias']}_{{{m['label'] or m['of']}}}")
    label = _LABEL.match(piece.chars)
    at = label.end() if label else 0
    about = _ABOUT.match(piece.chars, at)
    head = about or _DEFINED.match(piece.chars, at)
    if head is None:
        return None
    begin = head.start()
    shares = _PART_OF.match(piece.chars, head.end())
    if shares is not None:
        mark = "" if piece.chars.startswith("+", shares.end()) else "+"
        place = piece.places[shares.start()]
        piece.chars = piece.chars[: shares.start()] + " " + mark + piece.chars[shares.end() :]
        piece.places = [
            *piece.places[: shares.start()], *([place] * (1 + len(mark))),
            *piece.places[shares.end() :],
        ]  # fmt: skip
    _without_units(piece)
    for pattern, new in _SPELT:
        piece.replaced(pattern, new)
    stop = right_end(piece.chars, begin, len(piece.chars), _SIGNS)
    run = piece.chars[begin:stop].rstrip()
    if stop <= begin or not _RELATION.search(run) or _RELATION.search(run[-1:]):
        return None
    if _UNBOUNDED.search(run) or (about is None and head.group() in "tkjnT"):
        return None  # the bounds of a sum stand in the lines above and below
    if not _REMARK.match(piece.chars, stop):
        return None
    latex, offsets = in_latex(run, 0)
    last = piece.places[stop - 1] + 1
    places = [*piece.places[begin:stop], last]
    spelt = Run(latex, tuple(places[min(o, len(places) - 1)] for o in offsets))
    return Line(spelt, spelt.offsets[0], last, about is not None)


def spelt_out(line: str, offset: int) -> Run:
    """A line that is a formula in plain text, or in that of a programmer, in LaTeX."""
    piece = _Piece(line[:MAX_LINE], list(range(offset, offset + len(line[:MAX_LINE]))))
    for pattern, new in (*_OF_PROGRAMMERS, *_SPELT):
        piece.replaced(pattern, new)
    latex, offsets = in_latex(piece.chars, 0)
    places = [*piece.places, offset + len(line)]
    return Run(latex, tuple(places[min(o, len(places) - 1)] for o in offsets))


def _without_units(piece: _Piece) -> None:
    """``a = b ⊙ c`` for ``a[i] = b[i] · c[i]``, where everything carries the one unit."""
    letters = {m.group("at") for m in _UNITS.finditer(piece.chars)}
    if len(letters) != 1 or not letters <= UNITS or _MORE.search(piece.chars):
        return
    bare = _UNITS.sub("", _OF_ALL.sub("", piece.chars))
    if re.search(r"[A-Za-zα-ω]", _FUNCTION.sub("", bare)):
        return
    piece.replaced(_UNITS, r"\g<name>\g<sub>")
    piece.replaced(_DOT, "⊙")


#: What has no units: the loss that is differentiated, a remark behind the formula.
_OF_ALL = re.compile(r"∂\s*[LEJℒ](?:_[tT])?(?=\s*/)|[∂δΔ]|\s(?:#|//).*$|\s{2,}\S.*$")
_FUNCTION = re.compile(r"(?:tanh|sigmoid|relu|ReLU|exp|log|σ|φ|[fgφ])(?=['′]?(?:\^?[²2])?\s*\()")
_MORE = re.compile(r"[Σ∑Π∏]|[A-Z]\[[a-z]\s*,")
_DOT = re.compile(r"[·*⋅×]")


def _entry(m: re.Match[str]) -> str:
    """``y_{t,i}`` for ``y_t[i]``."""
    sub = (m.group("sub") or "").strip("_{}")
    at = "".join(m.group("at").replace(",", " ").split())
    return f"{m.group('name')}_{{{sub}{',' if sub else ''}{at}}}"


#: ``h[t-1]**2``, ``abs(x)``, ``2*w``, ``dh1/dw``.
_OF_PROGRAMMERS: Sequence[tuple[re.Pattern[str], _Put]] = (
    (re.compile(r"\*\*"), "^"),
    (
        re.compile(r"(?<=[A-Za-z0-9_)])\[(?P<at>[A-Za-z0-9]{1,3}(?:\s*[-+]\s*[A-Za-z0-9]{1,3})?)\]"),
        r"_{\g<at>}",
    ),
    (re.compile(r"(?<![A-Za-z\\])abs\s*\((?P<of>(?:[^()]|\([^()]*\))*)\)"), r"|\g<of>|"),
    (re.compile(r"(?<![A-Za-z\\])prod(?=\s*[_(\[{])"), "∏"),
    (re.compile(r"(?<![A-Za-z\\_^{/])d(?P<of>[a-z])(?P<n>[0-9])(?=\s*/\s*d[A-Za-z])"),
     r"d\g<of>_\g<n>"),
    (re.compile(r"\^\s*\((?P<of>[^()]*)\)"), r"^{\g<of>}"),
    (_BIG, r"\g<sign>_{\g<var>=\g<low>}^{\g<high>}"),
)  # fmt: skip
#: How plain text is spelt, as the reader has it.
_SPELT: Sequence[tuple[re.Pattern[str], _Put]] = (
    (_UNITS, _entry),
    (_GLUED, r"\g<letter>_{\g<label>}"),
    (re.compile(rf"(?<![A-Za-z\\_^{{]){_QUOTIENT}"), r"∂\g<of>/∂\g<by>"),
    (re.compile(r"(?<![A-Za-z\\])prod(?=_)"), "∏"),
    (re.compile(r"(?<=['′])\(\s*(?:\.\.\.|…|·|⋅)\s*\)"), ""),
    (re.compile(r"δ"), r"\\delta "),
    (re.compile(r"(?<=[A-Za-z0-9)}])\.T(?![A-Za-z])"), "^T"),
    (re.compile(r"\*\*\s*"), "^"),
)

"""Where the formulas of a text stand: delimiters, environments, and what was marked already."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Sequence
from typing import NamedTuple

from bptt_sym.documents.bare_lines import bare_regions
from bptt_sym.documents.macros import NO_ENVIRONMENTS, Environments
from bptt_sym.documents.masking import Masked

#: Environments that are displayed mathematics by themselves.
ENVIRONMENTS = frozenset(
    name + star
    for name in (
        "equation align gather multline flalign eqnarray displaymath math alignat dmath "
        "IEEEeqnarray xalignat xxalignat"
    ).split()
    for star in ("", "*")
)

_OPENING = re.compile(
    r"\\\\[\[(]|\\[\[(]|\\begin\s*\{([A-Za-z]+\*?)\}|\$\$|\$|\\[A-Za-z]+|\\.", re.DOTALL
)
_CLOSING = re.compile(r"\\end\s*\{[A-Za-z]+\*?\}|\\{1,2}[\])]|\$\$?|\\[A-Za-z]+")
#: What an environment may have between its name and its formula.
_COLUMNS = {
    "IEEEeqnarray": re.compile(r"\s*(?:\[[^\[\]]{0,80}\])?\s*\{[^{}]{0,80}\}"),
    "alignat": re.compile(r"\s*(?:\{\d+\})?"),
}
#: ``\\begin{empheq}[box=\\fbox]{align}``.
_EMPHEQ = re.compile(r"\s*(?:\[[^\[\]]{0,200}\])?\s*\{([A-Za-z]+\*?)(?:=\d)?\}")


class Found(NamedTuple):
    """A formula between its delimiters, in offsets of the text."""

    start: int
    end: int
    environment: str
    display: bool
    #: Whether the text is percent-encoded, as in the address of a picture.
    encoded: bool = False


class Unclosed(NamedTuple):
    """A delimiter without its partner."""

    start: int
    sign: str


class _Closers:
    """Finds the sign that closes a region; looks at each stretch of text once for each sign."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.next: dict[str, int] = {}

    def find(self, sign: str, start: int) -> int:
        """The offset of the first unescaped ``sign`` from ``start`` on, -1 if there is none."""
        known = self.next.get(sign)
        if known is not None and (known == -1 or known >= start):
            return known
        pos = start
        while True:
            pos = self.text.find(sign, pos)
            if pos == -1 or not (_escaped(self.text, pos) or self._goes_on(sign, pos)):
                break
            pos += 1
        self.next[sign] = pos
        return pos

    def _goes_on(self, sign: str, pos: int) -> bool:
        """Whether the command ``sign`` is only the beginning of a longer one."""
        after = self.text[pos + len(sign) : pos + len(sign) + 1]
        return sign[-1].isalpha() and after.isascii() and after.isalpha()


def _escaped(text: str, pos: int) -> bool:
    """Whether an odd number of backslashes stands before ``pos``."""
    start = pos
    while start and text[start - 1] == "\\":
        start -= 1
    return (pos - start) % 2 == 1


def regions(
    text: str, masked: Masked, own: Environments = NO_ENVIRONMENTS, *, tex: bool
) -> tuple[list[Found], list[Unclosed]]:
    """Every formula in the order of the text, and the delimiters that nothing closes.

    ``own`` are the names that the document gives to environments.
    """
    found = [Found(r.start, r.end, "", r.display, r.encoded) for r in masked.math]
    unclosed: list[Unclosed] = []
    # What stands in a fence is no delimiter.
    pieces: list[str] = []
    last = 0
    for region in sorted(masked.math, key=lambda r: r.start):
        if region.start >= last:
            pieces += [text[last : region.start], blanked(text[region.start : region.end])]
            last = region.end
    text = "".join([*pieces, text[last:]])
    closers = _Closers(text)
    pos = 0
    while match := _OPENING.search(text, pos):
        pos = match.end()
        region_found = _close(text, match, closers, masked, own, tex=tex)
        if region_found is None:
            continue
        if region_found.end < 0:
            unclosed.append(Unclosed(match.start(), match.group()))
            continue
        found.append(region_found)
        pos = _after(text, region_found.end)
    if not tex:
        rest = _without(text, sorted(found))
        found += [Found(start, end, name, True) for start, end, name in bare_regions(rest)]
    return sorted(found), unclosed


def _without(text: str, found: Sequence[Found]) -> str:
    """``text`` with the formulas in it blanked out, from delimiter to delimiter."""
    pieces: list[str] = []
    last = 0
    for region in found:
        start = text.rfind("\\", last, region.start) if region.environment else region.start - 2
        start, end = max(start, last), _after(text, region.end)
        pieces += [text[last:start], blanked(text[start:end])]
        last = max(last, end)
    return "".join([*pieces, text[last:]])


def blanked(text: str) -> str:
    """Spaces in place of everything but line ends."""
    return re.sub(r"[^\n]", " ", text)


def _after(text: str, end: int) -> int:
    """The offset after the closing sign at ``end``."""
    match = _CLOSING.match(text, end)
    return match.end() if match else end + 1


def _close(
    text: str,
    match: re.Match[str],
    closers: _Closers,
    masked: Masked,
    own: Environments,
    *,
    tex: bool,
) -> Found | None:
    """The region that ``match`` opens.

    ``None`` if it opens none, ``end = -1`` if it is not closed.
    """
    sign, start = match.group(), match.end()
    if sign == "$":
        end = _inline_end(text, start, closers, tex=tex)
        if end is None and tex and _SIGNS.search(text, start, start + 12):
            end = -1  # in LaTeX this is no money
        return None if end is None else Found(start, end, "", False)
    if match.group(1) or sign in own.opens:
        name = match.group(1) or ""
        environment, arity = own.named.get(name, (name, 0)) if name else (own.opens[sign], 0)
        if arity:
            start = re.compile(rf"(?:\s*\{{[^{{}}]*\}}){{0,{arity}}}").match(text, start).end()  # type: ignore[union-attr]
        if environment == "empheq" and (kind := _EMPHEQ.match(text, start)):
            environment, start = kind.group(1), kind.end()
        if environment not in ENVIRONMENTS:
            return None
        end = closers.find(f"\\end{{{name or environment}}}", start)
        if not name:
            ends = [closers.find(c, start) for c in own.closing(environment)]
            end = min((e for e in (end, *ends) if e >= 0), default=-1)
        columns = _COLUMNS.get(environment.rstrip("*").removeprefix("x").removeprefix("x"))
        if columns is not None and (found := columns.match(text, start)) is not None:
            start = found.end()
    elif sign == "$$":
        if not tex and (one := _closed_by_one(text, start)) is not None:
            return Found(start, one, "", False)
        environment, closing = "", "$$"
        end = closers.find(closing, start)
        if end >= 0 and _crosses_heading(start, end, masked):
            end = -1
        begins = not text[text.rfind("\n", 0, start) + 1 : start - 2].strip(" \t>*-0123456789.")
        if not tex and not begins and re.search(r"\n[ \t]*\n", text[start : max(end, start)]):
            return None  # two dollars that a sentence speaks of
    elif sign in ("\\[", "\\(") or (sign in ("\\\\[", "\\\\(") and not tex):
        environment, closing = "", sign[:-1] + {"[": "]", "(": ")"}[sign[-1]]
        end = closers.find(closing, start)
    else:
        return None
    return Found(start, end, environment, not sign.endswith("("))


def _closed_by_one(text: str, start: int) -> int | None:
    """The offset of the one dollar that closes a formula which two opened by a slip.

    The rest of the line has an odd number of single ones then: what stands between two pairs has
    them in twos, as in ``\\text{if $x > 0$}``.
    """
    ones: list[int] = []
    for m in _DOLLARS.finditer(text, start):
        if m.group() != "$":
            if m.group() in ("$$", "\n"):
                break
            continue
        ones.append(m.start())
    else:
        return None
    if m.group() != "\n" or len(ones) % 2 == 0 or not (inside := text[start : ones[0]]).strip():
        return None
    return ones[0] if inside == inside.strip() else None


#: An escaped one is passed over with its backslash.
_DOLLARS = re.compile(r"\\.|\$+|\n")


def _crosses_heading(start: int, end: int, masked: Masked) -> bool:
    return bisect_right(masked.headings, start) != bisect_right(masked.headings, end)


def _inline_end(text: str, start: int, closers: _Closers, *, tex: bool) -> int | None:
    """The offset of the ``$`` that closes an inline formula, ``None`` if this ``$`` is money.

    Pandoc's rule: the opening sign has no space after it, the closing one no space before it and no
    digit after it, and a formula does not run over an empty line. Others allow spaces: they are
    where what stands between is plainly mathematics.
    """
    if start >= len(text):
        return None
    end = closers.find("$", start)
    if end < 0 or end == start or _EMPTY.search(text, start, end):
        return None
    if not tex:
        spaced = text[start].isspace() or text[end - 1].isspace()
        if text[end + 1 : end + 2].isdigit() or (
            spaced and not (end - start < MAX_SPACED and _is_mathematical(text[start:end]))
        ):
            return None
    return end


#: A longer formula between dollars has no space beside them.
MAX_SPACED = 400
_EMPTY = re.compile(r"\n[ \t]*\n")
_SIGNS = re.compile(r"\\[A-Za-z]+|(?<=[A-Za-z}])[_^]|[A-Za-z]\s*=")
_SENTENCE = re.compile(
    r"(?<![A-Za-z\\{])[a-z]{3,}\s+[a-z]{2,}(?![A-Za-z(])|[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af。，、]"
    # A line may end within a formula, where a command goes on.
    r"|</?[a-z]+|\n(?!.*\\[A-Za-z])|\|"
)
_TEXT = re.compile(r"\\(?:text|mathrm|textrm|mbox|operatorname)\s*\{[^{}]*\}")


def _is_mathematical(inside: str) -> bool:
    """Whether a stretch between two dollars with space beside them is a formula."""
    plain = _TEXT.sub(r"\\text{}", inside)
    return _SIGNS.search(plain) is not None and _SENTENCE.search(plain) is None

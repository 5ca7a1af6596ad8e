r"""Equations about what runs from the last step to the first, with their steps counted from there.

.. math::

    \overleftarrow h_{t+1} \mapsto \overleftarrow h_{t-1}, \quad
    \overleftarrow h_1 \mapsto \overleftarrow h_T, \quad
    \prod_{j=t}^{k-1} a_j \mapsto \prod_{j=t+1}^{k} a_j

Step s becomes T + 1 - s, which has the letter of s again. An equation about this direction alone
has every step counted so, those of its inputs too. In one about both directions only what runs
backwards has, and what belongs to neither stands at the one step that all of them share: there,
what comes before and after a step in one direction says nothing of the other.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator

from bptt_sym.documents.names import Name, Script, names_in
from bptt_sym.documents.respelling import Edit

#: The steps that are understood: a letter, a number, the last one, and so many beside them.
_STEP = re.compile(r"(?P<of>[a-su-z]|t|T)\s*(?:(?P<sign>[-+])\s*(?P<by>[0-9]))?|(?P<number>[0-9])")
_PART = re.compile(r"[^,\s](?:[^,]*[^,\s])?")
#: A sum or product and its bounds.
_BIG = re.compile(
    r"\\(?:sum|prod)(?![A-Za-z])\s*(?:\\(?:no)?limits)?\s*(?:_\s*(?:\{(?P<below>[^{}]*)\}|(?P<alone>[a-z])))?"
    r"\s*(?:\^\s*(?:\{(?P<above>[^{}]*)\}|(?P<end>[A-Za-z0-9])))?"
)
_FROM = re.compile(r"\s*(?P<over>[a-z])\s*=\s*(?P<first>[^=]+?)\s*")
_POWER = re.compile(
    r"\^\s*\{\s*(?P<a>[a-zT])\s*-\s*(?P<b>[a-zT]|[0-9])\s*\}"
    r"|\^\s*(?:(?P<one>[a-z])(?![A-Za-z])|\{\s*(?P<more>[a-z])\s*(?:[-+][^{}]*)?\})"
)
_DOTS = re.compile(r"\\[lcd]?dots(?![A-Za-z])|\\[dv]dots|\.\.\.")
#: Which step is before which: from the other end it is the other one.
_ORDER = re.compile(r"[<>≤≥]|\\(?:[lg]eq?|[lg]t|ll|gg)(?![A-Za-z])")
#: A letter of a weight, in whatever font: what stands below it is a label.
_WEIGHT = re.compile(r"(?:\A|\{|arrow|vec)[A-Z]\}*\Z")
#: (A name without braces, ``\\vec h``, has no blank left in it.)
_LEFT = re.compile(r"\\overleftarrow")
_RIGHT = re.compile(r"\\(?:overrightarrow|vec)")
#: What comes from outside at each step, and what is lost there.
INPUTS = frozenset("xue")
_LOSSES = frozenset(r"L J E C \ell \mathcal{L} \mathcal{J} \mathcal{E} \mathcal{C}".split())


def mirrored(
    row: str, forwards: Collection[str], pointwise: Collection[str] = ()
) -> list[Edit] | None:
    """The edits that count the steps of ``row`` from the last one, ``None`` if it cannot be.

    ``forwards`` are the names without an arrow that are computed from the step before, and
    ``pointwise`` those computed from what is of their own step.
    """
    if _DOTS.search(row) or _ORDER.search(row):
        return None
    names = [n for n in names_in(row) if n.scripts or _LEFT.search(n.base)]
    both = any(_RIGHT.search(n.base) or n.base in forwards for n in names)
    steps = [(n, s, m) for n in names for s, m in _steps(n)]
    letters = {m["of"] for _, _, m in steps if m["of"]} - {"T"}
    edits: list[Edit] = []
    for name, script, m in steps:
        if _LEFT.search(name.base):
            edits += _edit(script, m)
        elif both:
            own = _RIGHT.search(name.base) or name.base in forwards
            if not own and (m["sign"] or m["number"] or m["of"] == "T"):
                return None
        elif m["sign"] or m["number"] or m["of"] == "T":
            if name.base not in INPUTS | _LOSSES | set(pointwise):
                return None
            edits += _edit(script, m)
    ranges = list(_ranges(row, letters, both=both))
    powers = list(_powers(row, letters, both=both))
    if None in ranges or None in powers:
        return None
    return sorted([*edits, *filter(None, ranges), *filter(None, powers)])


def _steps(name: Name) -> Iterator[tuple[Script, re.Match[str]]]:
    """The scripts of ``name`` that are a step, and of a list the part that is one.

    In :math:`h_{1,t}` that is not the number.
    """
    if _WEIGHT.search(name.base) and name.base not in _LOSSES:
        return
    for s in name.scripts:
        if s.kind != "_":
            continue
        parts = [m for part in _PART.finditer(s.inside)
                 if (m := _STEP.fullmatch(s.inside, *part.span())) is not None]  # fmt: skip
        if len(parts) > 1:
            parts = [m for m in parts if m["of"] in ("t", "T")] or parts
        if parts and not (parts[0]["number"] and "," in s.inside):
            yield s, parts[0]


def _edit(script: Script, m: re.Match[str]) -> list[Edit]:
    new = _from_the_end(m)
    inside = f"{script.inside[: m.start()]}{new}{script.inside[m.end() :]}"
    return [] if new == m.group() else [(script.start, script.end, f"_{{{inside}}}")]


def _from_the_end(m: re.Match[str]) -> str:
    """The step T + 1 - s for s, in the letters of s."""
    if m["number"]:
        return _beside("T", 1 - int(m["number"]))
    by = int(f"{m['sign']}{m['by']}") if m["sign"] else 0
    return str(1 - by) if m["of"] == "T" and by <= 1 else _beside(m["of"], -by)


def _beside(letter: str, by: int) -> str:
    return letter if not by else f"{letter}{by:+d}"


def _ranges(row: str, letters: Collection[str], *, both: bool) -> Iterator[Edit | None]:
    """The ranges of sums and products from the other end; ``None`` for one that is not known."""
    for m in _BIG.finditer(row):
        below, above = m["below"], m["above"] or m["end"]
        over = (below or m["alone"] or "").strip()
        if above is None:
            yield None if len(over) > 1 else (m.start(), m.start(), "")
            continue
        given = _FROM.fullmatch(below or "")
        first = _STEP.fullmatch(given["first"]) if given is not None else None
        last = _STEP.fullmatch(above.strip())
        if given is None or first is None or last is None:
            yield None
        elif (given["first"], above.strip()) == ("1", "T"):
            continue
        elif both or given["over"] not in letters or "\\prod" not in m.group():
            yield None
        else:
            yield (m.start(), m.end(),
                   rf"\prod_{{{given['over']}={_from_the_end(last)}}}^{{{_from_the_end(first)}}}")


def _powers(row: str, letters: Collection[str], *, both: bool) -> Iterator[Edit | None]:
    """Powers by a distance of steps, which is counted the other way round."""
    big = [m.span() for m in _BIG.finditer(row)]
    for m in _POWER.finditer(row):
        if any(a <= m.start() < b for a, b in big):
            continue
        if m["a"] is None:
            if (m["one"] or m["more"]) in letters:
                yield None
        elif both:
            yield None
        elif m["a"] in letters and m["b"] in letters:
            yield m.start(), m.end(), f"^{{{m['b']}-{m['a']}}}"
        elif m["a"] == "T" and m["b"] in letters:
            yield m.start(), m.end(), f"^{{{m['b']}-1}}"
        else:
            yield None

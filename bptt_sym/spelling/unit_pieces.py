r"""What a formula about single units is made of: :math:`net_j(t)`, :math:`w_{ij}`, :math:`f'_k(`.

One scanner for every place that a text has for a unit and for its step: ``y_k(t)``, ``y_k^{(t)}``,
``y_{k,t}``, ``y^k(t)``, ``y_{pk}(t)`` with a letter p that counts the examples.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from bptt_sym.documents.names import Name, Script, names_in
from bptt_sym.read.symbols import WORDS

_STEP = r"(?:t\s*_\s*\{?\s*0\s*\}?|(?:t|T|\\tau)\s*(?:[-+]\s*[0-9]\s*)?|[0-9])"
_IS_STEP = re.compile(_STEP)
_CALL = re.compile(rf"\s*(?:\\left\s*)?\(\s*(?P<step>{_STEP})\s*(?:\\right\s*)?\)")
_IN_CALL = re.compile(r"\(\s*(.*?)\s*\)", re.DOTALL)
#: Letters of units; t is a step.
_UNITS = re.compile(r"[a-su-z](?:\s*,?\s*[a-su-z]){0,2}")
_NET = re.compile(r"(?<![A-Za-z\\{])net(?![A-Za-z])")
_WORD = re.compile(r"\\(?:mathrm|text|mathit|operatorname|textit|rm)\s*\{\s*([a-z]{1,6})\s*\}")
_LABEL = re.compile(r"[a-z]{2,6}|\\(?:mathrm|text|mathit|rm)\s*\{\s*[a-z]{1,6}\s*\}")
_PRIME = r"(?:\s*'|\s*\^\s*\{?\s*(?:\\prime|')\s*\}?)"
_FUNCTIONS = r"(?:(?<![A-Za-z\\])[fgh]|\\(?:phi|varphi|sigma|psi|theta)(?![A-Za-z]))"
#: ``f_k(``, ``f'_k(``, ``f_k'(``.
FUNCTION = re.compile(
    rf"(?P<f>{_FUNCTIONS})(?:(?P<p>{_PRIME})?\s*_\s*\{{?\s*(?P<u>[a-su-z])\s*\}}?(?P<p1>{_PRIME})?)"
    r"(?=\s*(?:\\left\s*|\\[bB]igg?l?\s*)?\()"
)
_SUM = re.compile(
    r"\\sum(?:\s*\\limits)?\s*_\s*(?:\{\s*(?P<v>[a-su-z])\s*(?:=\s*[01]\s*|\\in\s*(?P<set>[^{}]{1,24}|\\mathcal\s*\{[A-Z]\}))?\}"
    r"|(?P<v1>[a-su-z])(?![A-Za-z]))\s*(?:\^\s*(?:\{[^{}]{1,16}\}|[A-Za-z]))?\s*"
)


class Sum(NamedTuple):
    """A sum over units: its letter, the set that is said of it ("" if none), and its sign."""

    unit: str
    over: str
    start: int
    end: int


@dataclass(frozen=True)
class Piece:
    """A quantity of one unit, a weight between two, or a function of one.

    ``kind`` is "state" (of a unit at a step), "weight", "unit" (without a step), "kronecker",
    "influence" (of a weight on a unit) or "function".
    """

    kind: str
    base: str
    units: tuple[str, ...]
    step: str
    start: int
    end: int


def spelt_nets(text: str) -> list[tuple[int, int, str]]:
    """The edits that make one name of ``net``."""
    return [(m.start(), m.end(), r"\mathrm{net}") for m in _NET.finditer(text)]


def base_of(name: Name) -> str:
    """A name without the font of a word."""
    word = _WORD.fullmatch(name.base)
    return word[1] if word else name.base


def sums_in(text: str) -> list[Sum]:
    """The sums over units."""
    return [
        Sum(m["v"] or m["v1"], "".join((m["set"] or "").split()), m.start(), m.end())
        for m in _SUM.finditer(text)
    ]


def pieces_in(text: str, running: Collection[str], example: str) -> list[Piece]:
    """The pieces of ``text``.

    ``running`` has the names that carry a step somewhere, ``example`` is the letter that counts
    examples, "" if there is none.
    """
    found: list[Piece] = []
    functions = {m.start("f"): m for m in FUNCTION.finditer(text)}
    end = 0
    for n in names_in(text):
        if n.start < end:
            continue
        piece = None
        if (m := functions.get(n.start)) is not None:
            prime = "'" if m["p"] or m["p1"] else ""
            piece = Piece("function", m["f"] + prime, (m["u"],), "", m.start(), m.end())
        elif n.base not in WORDS and n.scripts:
            piece = _piece(n, text, running, example)
        if piece is not None:
            found.append(piece)
            end = piece.end
        else:
            end = max(end, n.close if n.scripts else n.end)
    return found


def _piece(n: Name, text: str, running: Collection[str], example: str) -> Piece | None:
    base, end, step = base_of(n), n.close, ""
    scripts = [s for s in n.scripts if s.kind in "_^"]
    if len(scripts) != len(n.scripts) or len(scripts) > 2:
        return None
    if (call := _CALL.match(text, end)) is not None:
        step, end = _plain(call["step"]), call.end()
    units: dict[str, tuple[str, ...]] = {}
    labels = [s for s in scripts if s.kind == "^" and _LABEL.fullmatch(s.inside)]
    if len(labels) == 1:  # x^{net}, x^{\mathrm{in}}
        base = f"{base} {re.sub(r'[^a-z]', '', labels[0].inside.rpartition('{')[2])}"
        scripts = [s for s in scripts if s not in labels]
    for script in scripts:
        letters, at = _read(script)
        if at:
            if step:
                return None
            step = at
        if letters:
            if script.kind in units:
                return None
            units[script.kind] = letters
        elif not at:
            return None
    below, above = units.get("_", ()), units.get("^", ())
    if len(below) == 2 and len(above) == 1 and step:
        return Piece("influence", base, (*below, *above), step, n.start, end)
    if len(below) > 2 or len(above) > 1 or (below and above):
        return None
    own = below or above
    if example and len(own) == 2 and own[0] == example:
        own = own[1:]
        return Piece("state", base, own, step, n.start, end)
    if len(own) == 2:
        kind = "" if step or above else "kronecker" if base == r"\delta" else "weight"
        return Piece(kind, base, own, "", n.start, end) if kind else None
    if len(own) != 1 or (above and not step):
        return None
    if step or base in running:
        return Piece("state", base, own, step, n.start, end)
    return Piece("unit", base, own, "", n.start, end)


def _read(script: Script) -> tuple[tuple[str, ...], str]:
    """The letters of the units in a script, and its step."""
    inside = script.inside
    if (called := _IN_CALL.fullmatch(inside)) is not None:
        inside = called[1]
        return ((), _plain(inside)) if _IS_STEP.fullmatch(inside) else ((), "")
    if "," in inside:
        parts = [p.strip() for p in inside.split(",")]
        steps = [p for p in parts if _IS_STEP.fullmatch(p)]
        rest = [p for p in parts if not _IS_STEP.fullmatch(p)]
        if len(steps) == 1 and all(re.fullmatch(r"[a-su-z]", p) for p in rest):
            return tuple(rest), _plain(steps[0])
    if _IS_STEP.fullmatch(inside):
        return (), _plain(inside)
    if _UNITS.fullmatch(inside):
        return tuple(re.findall("[a-z]", inside)), ""
    return (), ""


def _plain(step: str) -> str:
    """A step without blanks; that of the start is t0."""
    return "t0" if "_" in step else "".join(step.split())


def running_names(texts: Sequence[str]) -> frozenset[str]:
    """The names that carry a unit and a step somewhere."""
    return frozenset(
        p.base for text in texts for p in pieces_in(text, (), "") if p.kind == "state"
    )


def example_letter(texts: Sequence[str], running: Collection[str]) -> str:
    """The letter that counts the examples, as p in ``y_{pk}``: first below names that run, never
    alone below one."""
    first: Counter[str] = Counter()
    alone = set[str]()
    for p in _every(texts):
        if p.kind == "weight" and p.base in running:
            first[p.units[0]] += 1
        elif p.kind == "state":
            alone.add(p.units[0])
    return next((u for u, k in first.most_common() if k > 1 and u not in alone), "")


def _every(texts: Sequence[str]) -> Iterator[Piece]:
    for text in texts:
        yield from pieces_in(text, (), "")

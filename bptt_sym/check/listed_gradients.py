r"""Gradients by their entries: :math:`\partial y/\partial w = [\partial y/\partial w_0, \ldots]`.

That the gradient of one quantity by a vector has the derivatives by its entries for entries says
what a gradient is, whatever the quantity; so does :math:`(\partial g/\partial V)_{ij} = \partial g/
\partial V_{ij}`. The entries are those of one vector, each once, and the quantity is the same.
"""

from __future__ import annotations

import re

from bptt_sym.decide.verdict import Verdict
from bptt_sym.documents.names import names_in
from bptt_sym.read.vocabulary import plain_name

_GROUP = r"\{((?:[^{}]|\{(?:[^{}]|\{[^{}]*\})*\})*)\}"
_D = re.compile(
    r"\s*(?:\\partial(?![A-Za-z])|\\mathrm\s*\{\s*d\s*\}|d(?![a-z]))\s*(?P<x>.+?)\s*", re.DOTALL
)
_FRACTION = re.compile(rf"\s*\\[dt]?frac\s*{_GROUP}\s*{_GROUP}\s*")
_LIST = re.compile(
    r"\s*(?:\\left\s*)?(?:\[|\(|\\begin\s*\{[bp]matrix\})(?P<inside>.*?)"
    r"(?:\\right\s*)?(?:\]|\)|\\end\s*\{[bp]matrix\})\s*"
    r"(?:\^\s*(?:T|\\top|\\intercal|\{\s*(?:T|\\top|\\intercal|\\mathsf\s*\{T\})\s*\}))?\s*[.,;]?\s*",
    re.DOTALL,
)
_BETWEEN = re.compile(r",|;|&|\\\\")
_DOTS = re.compile(r"[\s{}]*(?:\\[cvl]?dots[cb]?|\.\.\.|…)[\s{}]*")
_ENTRY = re.compile(
    r"\s*(?:\\left\s*)?\(\s*(?P<whole>\\[dt]?frac.*?)\s*(?:\\right\s*)?\)\s*_\s*"
    r"(?:\{(?P<at>[^{}]+)\}|(?P<one>[a-z]))\s*",
    re.DOTALL,
)
_METHOD = "these are the entries of a gradient, by what a gradient is"


def of_listed_entries(latex: str) -> Verdict | None:
    """The verdict of a gradient by its entries, ``None`` for everything else."""
    left, equals, right = latex.replace("&=", "=").strip().rstrip(".,;").partition("=")
    if not equals or "=" in right:
        return None
    whole = _quotient(left)
    if whole is None:
        return _of_one_entry(left, right)
    listed = _LIST.fullmatch(right)
    if listed is None:
        return None
    parts = [p for p in _BETWEEN.split(_guarded(listed["inside"])) if not _DOTS.fullmatch(p)]
    entries = [_quotient(p.replace("\0", ",")) for p in parts]
    if len(entries) < 2 or None in entries:
        return None
    found = [_index(whole, e) for e in entries if e is not None]
    return _right() if all(found) and len(set(found)) == len(found) else None


def _of_one_entry(left: str, right: str) -> Verdict | None:
    entry = _ENTRY.fullmatch(left)
    whole = _quotient(entry["whole"]) if entry is not None else None
    part = _quotient(right)
    if entry is None or whole is None or part is None:
        return None
    at = _tight(entry["at"] or entry["one"])
    return _right() if _index(whole, part) == at else None


def _right() -> Verdict:
    return Verdict("right", scope="any quantity", method=_METHOD)


def _guarded(inside: str) -> str:
    """``inside`` with the commas within braces kept from parting it."""
    depth, out = 0, []
    for c in inside:
        depth += (c == "{") - (c == "}")
        out.append("\0" if c == "," and depth else c)
    return "".join(out)


def _quotient(text: str) -> tuple[str, str] | None:
    """What is differentiated, and by what, if ``text`` is one derivative."""
    found = _FRACTION.fullmatch(text)
    if found is None:
        return None
    above, below = (_D.fullmatch(g) for g in found.groups())
    return (above["x"], below["x"]) if above and below else None


def _index(whole: tuple[str, str], entry: tuple[str, str]) -> str:
    """The index of the entry that is differentiated by, "" if it is none of that variable."""
    if _tight(whole[0]) != _tight(entry[0]):
        return ""
    variable, part = (next(iter(names_in(x)), None) for x in (whole[1], entry[1]))
    if variable is None or part is None or variable.start or part.start:
        return ""
    same = plain_name(variable.base) == plain_name(part.base)
    alone = variable.close == len(whole[1]) and part.close == len(entry[1])
    before = [_tight(s.inside) for s in variable.scripts]
    own = [_tight(s.inside) for s in part.scripts]
    if not (same and alone):
        return ""
    for k, inside in enumerate(own):
        rest = own[:k] + own[k + 1 :]
        if rest == before and re.fullmatch(r"[0-9a-zA-Z,+-]+", inside):
            return inside
        if before[k : k + 1] and inside.startswith(before[k] + ",") and rest == (
            before[:k] + before[k + 1 :]
        ):
            return inside[len(before[k]) + 1 :]
    return ""


def _tight(text: str) -> str:
    return re.sub(r"[\s{}]|\\[,;:! ]", "", text)

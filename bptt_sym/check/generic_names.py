"""Names that nothing defines, and that can only stand for parameters of the recurrence."""

from __future__ import annotations

import re
from collections.abc import Collection

from bptt_sym.definitions.completion import mentioned
from bptt_sym.definitions.outline import Row
from bptt_sym.notation import At, Call, Concat, Mul, Sym, walk
from bptt_sym.read.vocabulary import plain_name, subscripted
from bptt_sym.recurrence import Recurrence, lag_of

#: Letters that stand for the parameters, whichever they are.
GENERIC = frozenset(
    ("W", "w", "U", "b", r"\theta", r"\Theta", r"\psi", r"\phi", r"\omega", r"\mathbf{W}")
)


def recurrent_first(rec: Recurrence) -> list[str]:
    """The parameters, those that multiply an earlier state first, without those of a supposed
    output, which the text does not have."""
    recurrent: list[str] = []
    for e in rec.equations:
        for n in walk(e.rhs):
            if isinstance(n, Mul):
                lagged = any(
                    isinstance(m, At) and (lag_of(m.time) or 0) > 0 for a in n.args for m in walk(a)
                )
                recurrent += [a.name for a in n.args if isinstance(a, Sym) and lagged]
    every = dict.fromkeys((*recurrent, *rec.parameters))
    return [p for p in every if not p.startswith(r"\mathrm{output")]


def generic_meanings(
    row: Row, rec: Recurrence, elsewhere: Collection[str] = ()
) -> list[dict[str, str]]:
    """Meanings of names that nothing defines but that can only stand for parameters.

    ``elsewhere`` are the names of another recurrence of the text: one with a script is that one.

    A bare letter such as ``W`` or ``θ`` stands for one of them; a name in the place where a
    function of the model takes a parameter stands for that one.
    """
    found = mentioned(row.latex)
    # (T above W says that it is transposed.)
    bare = [m for m in found if not m.argument and (not m.step or (m.raised and m.step == "T"))]
    names = {plain_name(m.name) for m in bare}
    # θ_t is the copy of θ that step t uses.
    names |= {m.name for m in found if m.name in (r"\theta", r"\Theta")}
    known = {plain_name(n) for n in (*rec.shapes, *rec.totals)}
    placed = in_place(row.latex, rec)
    if placed:
        return [placed]
    unknown = sorted(n for n in names & GENERIC if n not in known)
    if not unknown:
        found_so = _by_its_script(row.latex, known, rec)
        return [m for m in found_so if not m.keys() & elsewhere]
    if len(unknown) != 1:
        return []
    # A small letter stands for a number, or for a weight that is written small as well.
    small = unknown[0] if unknown[0] in ("w", "b") else ""
    every = recurrent_first(rec)
    if unknown[0] in elsewhere and unknown[0].isupper() and every and not rec.shape(every[0]):
        return []  # the matrix of another network stands for no number of this one
    # Beside matrices alone it is a number in one of them, of which the chain rule holds as well.
    meant = [p for p in every if not small or plain_name(p)[:1] == small]
    meant = meant or (every if small != "b" else [])
    return [{unknown[0]: p} for p in meant[:4]]


#: Scripts that everybody reads as the same weight.
_SAME = (frozenset(("h", "hh", "rec", "r")), frozenset(("x", "xh", "hx", "ih", "in", "i")),
         frozenset(("y", "hy", "yh", "ho", "oh", "out", "o")))  # fmt: skip
_WEIGHT = re.compile(
    r"(?:\\(?:mathbf|boldsymbol|bm)\s*\{\s*W\s*\}|(?<![A-Za-z\\])W)\s*_\s*"
    r"(?:\{\s*(?P<a>[a-z]{1,3})\s*\}|(?P<b>[a-z]))"
)


def _by_its_script(text: str, known: set[str], rec: Recurrence) -> list[dict[str, str]]:
    """``W_h`` for ``W_{hh}``, ``W_{hx}`` for ``W_{xh}``, where only one of them is defined.

    Beside ``W_f`` or ``W_z``, ``W_i``, ``W_o`` and ``W_r`` are those of gates.
    """
    found: dict[str, str] = {}
    plain = {plain_name(p) for p in rec.shapes}
    gated = bool(plain & {subscripted("W", k) for k in "fz"})
    gates = {subscripted("W", k) for k in "ior"} if gated else set()
    joined = _of_joined_vectors(rec)
    for m in _WEIGHT.finditer(text):
        script = m["a"] or m["b"]
        name = subscripted("W", script)
        group = next((s for s in _SAME if script in s), frozenset())
        of_group = [
            p for p in rec.shapes
            if p not in rec.totals and plain_name(p) in {subscripted("W", s) for s in group} - gates
            and p not in joined  # (of W_h [h, x] it is a part)
        ]  # fmt: skip
        if plain_name(name) not in known and len(of_group) == 1:
            found[plain_name(name)] = of_group[0]
    return [found] if found else []


def _of_joined_vectors(rec: Recurrence) -> set[str]:
    """The weights that multiply a vector joined of others."""
    products = (n.args for e in rec.equations for n in walk(e.rhs) if isinstance(n, Mul))
    return {
        f.name for args in products for f in args
        if isinstance(f, Sym) and any(isinstance(a, Concat) for a in args)
    }  # fmt: skip


_NAME = re.compile(r"(\\?[A-Za-z]+)(?:_\{?([A-Za-z0-9]+)\}?)?$")


def in_place(text: str, rec: Recurrence) -> dict[str, str]:
    """``w_h`` for ``w`` where the text has ``f(x_t, h_{t-1}, w_h)`` and the model ``f(…, w)``."""
    known = {plain_name(n) for n in (*rec.shapes, *rec.totals)}
    calls = {n.name: n for e in rec.equations for n in walk(e.rhs) if isinstance(n, Call)}
    meant: dict[str, str] = {}
    for m in mentioned(text):
        call = calls.get(m.name)
        parts = "".join(m.argument[1:-1].split()).split(",")
        if call is None or len(parts) != len(call.args):
            continue
        for part, arg in zip(parts, call.args, strict=True):
            match = _NAME.match(part)
            if match is None or not isinstance(arg, Sym):
                continue
            base, sub = match.groups()
            name = subscripted(base, sub) if sub else base
            if plain_name(name) not in known:
                meant[name] = arg.name
    return meant

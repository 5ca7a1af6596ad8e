"""What each name of a text stands for, taken from a recurrence and never from the letter alone."""

from __future__ import annotations

import re
import weakref
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache
from itertools import repeat

from bptt_sym.notation import INFINITY, At, Call, Concat, Fn, Idx, Node, Sym, walk
from bptt_sym.recurrence import HORIZON, STEP, Recurrence, Shape

#: The constant of an order of growth, O(…); no text has this name.
CONSTANT = r"\mathcal{K}"
_FONT = re.compile(
    r"\\(?:mathbf|boldsymbol|bm|pmb|mathcal|mathrm|mathbb|mathfrak)\{((?:\\[A-Za-z]+(?:\{[A-Za-z]\})?|[A-Za-z0-9']+))\}"
)
_WORD = re.compile(r"(?<![\\A-Za-z])(?:[A-Za-z]{2,}[0-9]*|[A-Za-z][0-9]+)")

#: Letters that books use for a step or a lag. One of them, if nothing defines it, is an index in
#: the place of a time and in an exponent; elsewhere it must occur in such a place as well.
INDEX_LETTERS = frozenset(
    r"i j k l m n p q r s t u v T N K M \tau \ell \kappa \nu \mu".split()
)

#: Spellings of the functions with a known meaning.
ACTIVATIONS: Mapping[str, str] = {
    **{n: n for n in "tanh exp log sinh cosh sech coth relu softmax sqrt identity".split()},
    "sigma": "sigma",
    r"\sigma": "sigma",
}


@lru_cache(maxsize=4096)
def plain_name(name: str) -> str:
    r"""``name`` without font marks: ``\mathbf{W}_{hh}`` is ``W_{hh}``."""
    return _FONT.sub(r"\1", name)


def subscripted(base: str, sub: str) -> str:
    """The canonical name of ``base`` with the subscript text ``sub``."""
    return f"{base}_{sub}" if len(sub) == 1 else f"{base}_{{{sub}}}"


def superscripted(base: str, sup: str) -> str:
    """The canonical name of ``base`` with the superscript text ``sup``."""
    return f"{base}^{sup}" if len(sup) == 1 else f"{base}^{{{sup}}}"


@dataclass(frozen=True)
class Vocabulary:
    r"""The names of a document.

    Parameters
    ----------
    sequences, parameters, totals, functions:
        Canonical names: with a time index; without; of the whole run; of opaque functions
        (:class:`~bptt_sym.notation.Call`).
    activations:
        Spelling to the name of the elementwise function.
    indices:
        Integer variables besides ``t``, ``T`` and those that sums bind.
    aliases:
        Another spelling of a known name.
    shapes:
        Shapes of sequences and parameters, to tell a transpose from a power.
    blocks:
        For a parameter that multiplies a concatenation, its parts: ``W_f^{(h)}`` is a block.
    joins:
        The sequences whose sizes are those of the parts of each joined vector, in order.
    inputs:
        The sequences that no equation gives.
    superscript_time:
        Whether ``h^t`` and ``h^{t-1}`` are steps (``h^{(t)}`` always is).
    call_time:
        Whether ``x(t)`` of an unknown name is an element, in definitions.
    elementwise:
        The operators that are the Hadamard product.
    outer:
        The operators that are the outer product.
    unit_identity:
        Whether an undefined I is 1 where everything is a number.
    open:
        Whether an unknown name is bound by how it stands (in definitions) or is an error.
    """

    sequences: frozenset[str] = frozenset()
    parameters: frozenset[str] = frozenset()
    totals: frozenset[str] = frozenset()
    functions: frozenset[str] = frozenset()
    activations: Mapping[str, str] = field(default_factory=lambda: dict(ACTIVATIONS))
    indices: frozenset[str] = frozenset()
    aliases: Mapping[str, str] = field(default_factory=dict)
    shapes: Mapping[str, Shape] = field(default_factory=dict)
    blocks: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    joins: frozenset[tuple[str, ...]] = frozenset()
    inputs: frozenset[str] = frozenset()
    superscript_time: bool = False
    call_time: bool = False
    elementwise: frozenset[str] = frozenset((r"\odot", r"\circ", r"\otimes"))
    outer: frozenset[str] = frozenset()
    unit_identity: bool = False
    open: bool = False
    words: frozenset[str] = field(init=False)
    _plain: Mapping[str, str] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        names = self.sequences | self.parameters | self.totals | self.functions
        words = {w for n in names | set(self.aliases) for w in _WORD.findall(plain_name(n))}
        object.__setattr__(self, "words", frozenset(words))
        plain: dict[str, str] = {}
        for n in sorted(names):
            p = plain_name(n)
            # Two names that differ by font alone have no common plain spelling.
            plain[p] = n if p not in plain or p == n else plain[p] if plain[p] == p else ""
        object.__setattr__(self, "_plain", plain)

    @classmethod
    def of(
        cls,
        rec: Recurrence,
        *,
        indices: Iterable[str] = (),
        aliases: Mapping[str, str] | None = None,
        extra: Iterable[Node] = (),
    ) -> Vocabulary:
        """The vocabulary of ``rec``.

        ``extra`` are further nodes (assumptions) whose names are known too.
        """
        if not indices and not aliases and not extra:
            return _cached(rec)
        base = _cached(rec)
        sequences, parameters = set(base.sequences), set(base.parameters)
        for root in extra:
            for n in walk(root):
                if isinstance(n, At):
                    sequences.add(n.name)
                elif isinstance(n, Sym) and n.name not in base.totals:
                    parameters.add(n.name)
        return replace(
            base,
            sequences=frozenset(sequences),
            parameters=frozenset(parameters),
            indices=base.indices | frozenset(indices),
            aliases={**base.aliases, **(aliases or {})},
        )

    def canonical(self, name: str, among: frozenset[str]) -> str | None:
        """The canonical form of ``name`` if it is ``among`` the known ones."""
        if name in among:
            return name
        other = self.aliases.get(name)
        if other is None:
            other = self._plain.get(plain_name(name))
        return other if other and other in among else None

    def is_index(self, name: str) -> bool:
        """Whether ``name`` is an integer variable wherever it stands."""
        return name in (STEP, HORIZON) or name in self.indices

    def known(self) -> list[str]:
        """Every name that a text gives, for messages."""
        given = self.sequences | self.parameters | self.totals | self.functions
        return sorted(given - {INFINITY, CONSTANT})


def remember(
    rec: Recurrence, *, superscript_time: bool = False, activations: Mapping[str, str] | None = None
) -> None:
    """Keep conventions of the text that ``rec`` was read from, which its equations do not show.

    ``activations`` are names that the text gives to known functions: ``\\sigma = \\tanh``.
    """
    base = _cached(rec)
    taken = base.sequences | base.parameters | base.totals
    named = {f: meaning for f, meaning in (activations or {}).items() if f not in taken}
    vocabulary = replace(
        base, superscript_time=superscript_time, activations={**base.activations, **named}
    )
    _CACHE[id(rec)] = (_CACHE[id(rec)][0], vocabulary)


def pass_on(old: Recurrence, new: Recurrence) -> Recurrence:
    """``new``, made of ``old``, with what is kept of the text of ``old``."""
    if new is not old:
        base = _cached(old)
        own = {f: g for f, g in base.activations.items() if ACTIVATIONS.get(f, f) != g}
        remember(new, superscript_time=base.superscript_time, activations=own)
    return new


_CACHE: dict[int, tuple[weakref.ref[Recurrence], Vocabulary]] = {}


def _cached(rec: Recurrence) -> Vocabulary:
    entry = _CACHE.get(id(rec))
    if entry is not None and entry[0]() is rec:
        return entry[1]
    vocabulary = _of(rec)
    key = id(rec)
    _CACHE[key] = (weakref.ref(rec, lambda _: _CACHE.pop(key, None)), vocabulary)
    return vocabulary


def _of(rec: Recurrence) -> Vocabulary:
    functions = set(rec.functions)
    activations = dict(ACTIVATIONS)
    indices: set[str] = set()
    roots = [e.rhs for e in rec.equations] + list(rec.totals.values()) + list(rec.initial.values())
    sequences = set(rec.defined) | set(rec.inputs)
    parameters = set(rec.parameters)
    for root in roots:
        for n in walk(root):
            if isinstance(n, Call):
                functions.add(n.name)
            elif isinstance(n, Fn):
                activations.setdefault(n.name, n.name)
            elif isinstance(n, At):
                sequences.add(n.name)
            elif isinstance(n, Sym) and n.name not in rec.totals:
                parameters.add(n.name)
            elif isinstance(n, Idx):
                indices.add(n.name)
    parameters |= {n for n in rec.shapes if n not in sequences and n not in rec.totals}
    for name in sequences | parameters | set(rec.totals):
        activations.pop(name, None)  # a document may use σ for a parameter
    aliases = {shown: name for name, shown in rec.latex.items() if shown != name}
    return Vocabulary(
        sequences=frozenset(sequences),
        parameters=frozenset(parameters),
        totals=frozenset(rec.totals),
        functions=frozenset(functions),
        activations=activations,
        indices=frozenset(indices & {STEP, HORIZON}),
        aliases=aliases,
        shapes=dict(rec.shapes),
        blocks=dict(rec.blocks),
        joins=frozenset(filter(None, map(_parts, _joined(rec), repeat(rec)))),
        inputs=frozenset(rec.inputs),
    )


def _joined(rec: Recurrence) -> list[Concat]:
    return [n for e in rec.equations for n in walk(e.rhs) if isinstance(n, Concat)]


def _parts(joined: Concat, rec: Recurrence) -> tuple[str, ...]:
    """A sequence of the size of each part, () if one of them has none."""
    parts = []
    for arg in joined.args:
        names = [n.name for n in walk(arg) if isinstance(n, At) and len(rec.shape(n.name)) == 1]
        if not names or len({rec.shape(n) for n in names}) > 1:
            return ()
        parts.append(min(names, key=lambda n: (n not in rec.states, n)) if len(names) > 1
                     else names[0])  # fmt: skip
    return tuple(parts)

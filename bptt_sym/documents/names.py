r"""The names of a formula and what they carry: :math:`\hat{\mathbf{y}}^{(t)}`, ``h[t-1]``.

One scanner for every spelling of a name and of its scripts, so that what asks for the step of a
name need not know how a text writes it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from bptt_sym.read.symbols import WORDS
from bptt_sym.read.tokens import SHORT

#: Fonts and accents, whose argument is the name.
FONTS = (
    "mathbf boldsymbol bm mathrm mathit mathsf mathcal mathscr mathfrak mathbb vec hat widehat "
    "tilde widetilde bar overline dot ddot breve check acute grave mathring text textbf textit "
    "overleftarrow overrightarrow"
).split()
_GREEK = (
    "alpha beta gamma delta epsilon varepsilon zeta eta theta vartheta iota kappa lambda mu nu xi "
    "rho sigma tau upsilon phi varphi chi psi omega ell Gamma Delta Theta Lambda Xi Pi Sigma Phi "
    "Psi Omega"
).split()
_GROUP = r"\{(?:[^{}]|\{(?:[^{}]|\{[^{}]*\})*\})*\}"
#: Functions that a text may write without a sign: the letters of ``softmax`` are no names.
_WORDS = "|".join(
    sorted(
        WORDS - frozenset("loss Loss cost Cost".split())
        | frozenset("softplus argmax argmin sign concat Diag".split())
    )
)
_BASE = re.compile(
    rf"(?P<base>(?<![A-Za-z\\])(?:{_WORDS})(?![A-Za-z])|\\(?:{'|'.join(FONTS)})\s*(?:{_GROUP}|[A-Za-z](?![A-Za-z])|\\[A-Za-z]+)"
    rf"|\\(?:{'|'.join(_GREEK)})(?![A-Za-z])|[A-Za-z])"
    r"|\\(?:begin|end|tag|label|ref|eqref|operatorname)\s*\*?\s*\{[^{}]*\}|\\[A-Za-z]+|\\."
)
#: The bar may be escaped for Markdown.
_SCRIPT = re.compile(
    rf"\s*(?:\\(?=_))?(?P<kind>[_^])\s*(?P<script>{_GROUP}|\\[A-Za-z]+|[A-Za-z0-9*])"
)
_BELOW = re.compile(r"[_^]\s*\Z")
#: What stands directly behind a name in brackets that no bracket is in.
_ARGUMENT = re.compile(r"(?P<open>[(\[])(?P<inside>[^()\[\]{}]{1,16})[)\]]")


@dataclass(frozen=True)
class Script:
    """One script of a name: its sign (``_``, ``^``, ``(`` or ``[``), what is in it, and where."""

    kind: str
    inside: str
    start: int
    end: int


@dataclass(frozen=True)
class Name:
    """A name, fonts and accents with it, where it stands, and its scripts in their order."""

    base: str
    start: int
    end: int
    scripts: tuple[Script, ...]

    @property
    def close(self) -> int:
        """Where its last script ends."""
        return self.scripts[-1].end if self.scripts else self.end


def names_in(text: str) -> tuple[Name, ...]:
    """The names of ``text``; those in scripts have an entry of their own."""
    # (A formula is asked from several sides while it is brought to the spelling that is read.)
    return _names_of_short(text) if len(text) <= SHORT else tuple(names_from(text, 0))


@lru_cache(maxsize=2048)
def _names_of_short(text: str) -> tuple[Name, ...]:
    return tuple(names_from(text, 0))


def names_from(text: str, start: int) -> Iterator[Name]:
    """The names of ``text`` from ``start`` on, each as it is asked for."""
    for m in _BASE.finditer(text, start):
        if m["base"] is None:
            continue
        found: list[Script] = []
        end = m.end()
        # Behind ``_n`` in ``s_n^\\top`` stands a script of s.
        inner = _BELOW.search(text, max(0, m.start() - 4), m.start()) is not None
        while not inner:
            script = _SCRIPT.match(text, end)
            if script is not None:
                inside = script["script"]
                inside = inside[1:-1] if inside.startswith("{") else inside
                found.append(Script(script["kind"], inside.strip(), script.start(), script.end()))
                end = script.end()
                continue
            argument = _ARGUMENT.match(text, end) if not found else None
            if argument is not None:
                found.append(
                    Script(argument["open"], argument["inside"].strip(), end, argument.end())
                )
            break
        yield Name("".join(m["base"].split()), m.start(), m.end(), tuple(found))


def stands_in(labelled: str, text: str) -> bool:
    r"""Whether the name ``labelled``, such as :math:`\delta^{(1)}`, stands in ``text``.

    Its labels may stand there beside any step, or in another order.
    """
    own = next(iter(names_in(labelled)), None)
    if own is None:
        return False
    labels = {_tight(s.inside) for s in own.scripts}
    return any(n.base == own.base and labels <= _pieces(n) for n in names_in(text))


def _pieces(name: Name) -> set[str]:
    inside = [_tight(s.inside) for s in name.scripts]
    return {*inside, *(part for script in inside for part in script.split(","))}


def _tight(inside: str) -> str:
    return re.sub(r"[\s{}]", "", inside)

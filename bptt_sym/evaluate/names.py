r"""Identifiers for generated source: ``\tilde{c}`` becomes ``c_tilde``.

Only letters, digits and underscores ever reach generated source; whatever else a name contains is
dropped, so that no text of a formula can become code.
"""

from __future__ import annotations

import keyword
import re

_C_WORDS = frozenset(
    "auto break case char const continue default do double else enum extern float for goto if "
    "inline int long register restrict return short signed sizeof static struct switch typedef "
    "union unsigned void volatile while main exp tanh sinh cosh log sqrt fabs j0 j1 jn y0 y1 yn "
    "gamma index".split()
)
_ACCENTS = ("tilde", "hat", "bar", "mathbf", "vec", "dot")
_RESERVED = frozenset(
    "np torch jnp jax T B t forward backward saved loss math lax float "
    "finite softmax logsoftmax "
    "empty product stacked turned straight logistic tangent dots total another common".split()
)


def identifier(name: str) -> str:
    """A name as a Python and C identifier; not necessarily unique."""
    text = re.sub(r"\\(" + "|".join(_ACCENTS) + r")\s*\{?([A-Za-z]+)\}?", r"\2_\1", name)
    text = re.sub(r"[^A-Za-z0-9_]+", " ", text.replace("'", "_prime")).strip()
    text = re.sub(r"_+", "_", text.replace(" ", "_"))
    text = re.sub(r"_$", "", text)
    if not text or not text[0].isalpha():
        text = f"v{text}"
    return text


class Names:
    """Hands out identifiers, each once."""

    def __init__(self, taken: frozenset[str] = frozenset()) -> None:
        self.used = set(_RESERVED | _C_WORDS | taken)

    def fresh(self, wish: str) -> str:
        """``wish`` if it is free, else ``wish_2``, ``wish_3``, …"""
        base = identifier(wish)
        if keyword.iskeyword(base):
            base += "_"
        name, k = base, 1
        while name in self.used or keyword.iskeyword(name):
            k += 1
            name = f"{base}_{k}"
        self.used.add(name)
        return name

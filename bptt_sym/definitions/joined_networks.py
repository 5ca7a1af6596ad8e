r"""Networks that a text tells by its weights alone, which bear the names of what they join.

.. math::

    \frac{\partial x_i[t]}{\partial W^{x,x}_{j,k}} = g_X'(X_i[t]) \Big( x_k[t-1] \delta_{ij}
    + \sum_m W^{x,x}_{i,m} \frac{\partial x_m[t-1]}{\partial W^{x,x}_{j,k}} \Big)

There :math:`W^{x,u}` takes u to x. What arrives at x is named where the slope of its activation is
taken, and the network is :math:`X[t] = W^{x,x} x[t-1] + W^{x,u} u[t] + W^x`, :math:`x[t] =
g_X(X[t])`. This is a supposition: formulas may be right under it, and none is wrong.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

from bptt_sym.definitions.supposed import Evidence, Supposition
from bptt_sym.documents.names import names_in

SAID = (
    "the network is the one whose weights bear the names of what they join, "
    "which the text does not write down"
)
_OWN = re.compile(r"[^^]+\^\{(?P<labels>[A-Za-z](?:,?[A-Za-z])?)\}")
_LETTER = r"(?:\\(?:mathbf|boldsymbol|bm|vec)\s*\{\s*[A-Za-z]\s*\}|[A-Za-z])"
_ROW = re.compile(r"\\\\|\\q?quad(?![A-Za-z])")
#: ``\\frac{\\partial x_i``: what is computed.
_COMPUTED = re.compile(rf"\\[dt]?frac\s*\{{\s*\\partial\s*\{{?\s*(?P<of>{_LETTER})\s*[_^]")
#: ``g_X'(X_i``: the activation, and what arrives there.
_SLOPE = re.compile(
    r"(?P<f>(?<![A-Za-z\\])[fgh](?:\s*_\s*(?:[A-Za-z]|\{\s*[A-Za-z]+\s*\}))?|\\(?:sigma|phi|varphi|psi|tanh))"
    rf"\s*(?:'|\^\s*\{{?\s*\\prime\s*\}}?)\s*(?:\\left\s*)?\(\s*(?P<z>{_LETTER})\s*[_^]"
)


def joined_network(letters: Mapping[str, str], texts: Sequence[str]) -> Supposition | None:
    """The network that the weights in ``letters`` (new: the text's own) tell; ``None`` if none."""
    weights = dict(_labelled(letters))
    pairs = {(k[0], k[1]): w for k, w in weights.items() if len(k) == 2}
    targets = list(dict.fromkeys(a for a, _ in pairs))
    if not any(a == b for a, b in pairs):
        return None
    rows = [row for text in texts for row in _ROW.split(text)]
    computed = {"".join(m["of"].split()) for row in rows for m in _COMPUTED.finditer(row)}
    inputs = {b for _, b in pairs} - set(targets)
    running = {n.base for text in texts for n in names_in(text) if n.scripts}
    if not set(targets) <= computed or inputs & computed or not inputs <= running:
        return None
    ordered = _in_order(targets, pairs)
    if ordered is None:
        return None
    lines: list[str] = []
    for a in ordered:
        activated = _activated(a, rows)
        if activated is None:
            return None
        function, argument = activated
        terms = [f"{w} {b}_{{{'t-1' if a == b else 't'}}}" for (to, b), w in pairs.items()
                 if to == a]  # fmt: skip
        terms += [weights[a,]] if (a,) in weights else []
        lines += [f"{argument}_{{t}} = {' + '.join(terms)}",
                  f"{a}_{{t}} = {function}({argument}_{{t}})"]  # fmt: skip
    return Supposition(tuple(lines), (SAID,), evidence=Evidence.GUESSED)


def _labelled(letters: Mapping[str, str]) -> Iterator[tuple[tuple[str, ...], str]]:
    """What the weights join, or a bias is added to, with the letters that were put for them."""
    for new, own in letters.items():
        m = _OWN.fullmatch(own)
        if m is not None:
            yield tuple(m["labels"].replace(",", "")), new


def _in_order(targets: Sequence[str], pairs: Mapping[tuple[str, str], str]) -> list[str] | None:
    """``targets``, each behind what it is computed from; ``None`` if they go in a circle."""
    rest, done = list(targets), list[str]()
    while rest:
        ready = [a for a in rest if not any(
            to == a and b != a and b in rest for to, b in pairs
        )]  # fmt: skip
        if not ready:
            return None
        done += ready
        rest = [a for a in rest if a not in ready]
    return done


def _activated(name: str, rows: Sequence[str]) -> tuple[str, str] | None:
    """The activation of ``name`` and what it is of, where its slope is taken."""
    found = set()
    for row in rows:
        left, _, right = row.partition("=")
        of = _COMPUTED.search(left)
        if of is not None and "".join(of["of"].split()) == name:
            m = _SLOPE.search(right)
            if m is not None:
                found.add(("".join(m["f"].split()), "".join(m["z"].split())))
    return found.pop() if len(found) == 1 else None

r"""Names of gradients that only their recursions tell: by a state, or by what it is of.

.. math:: \delta^h_t = (V^\top \delta^y_t + W^\top \delta^h_{t+1}) \odot (1 - h_t^2)

is no gradient by :math:`h_t`: everything in it, that of the loss of the step as well, is multiplied
by the slope of the activation, so that it is by the argument.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from bptt_sym.read.vocabulary import plain_name

_SIZES = re.compile(r"\\(?:left|right|[bB]igg?[lr]?)(?![A-Za-z])|\\[,;:!]|[\s{}]")
_TIMES = r"(?:\\odot|\\circ|\\ast|\*)"
_INSIDE = r"(?:[^()]|\((?:[^()]|\([^()]*\))*\))"
_FUNCTION = rf"(?:\\[A-Za-z]+|[a-z])(?:'|\^\\prime)\({_INSIDE}+\)"
_NEXT = re.compile(r"t\+1")


def is_by_the_argument(right: str, state: str) -> bool:
    """Whether ``right`` is a bracket with a gradient of the next step, times a slope of ``state``.

    ``state`` is the state at step t; both as they are written.
    """
    bare = _SIZES.sub("", right).rstrip(".,;").replace("[", "(").replace("]", ")")
    name = re.escape(_SIZES.sub("", state).replace("[", "(").replace("]", ")"))
    own = rf"(?:{name}|\({name}\))"
    slope = rf"(?:\(1-{own}(?:\^2|{_TIMES}{own})\)|{own}{_TIMES}?\(1-{own}\)|{_FUNCTION})"
    added = rf"\((?P<sum>{_INSIDE}+)\)"
    for shape in (rf"{added}{_TIMES}{slope}", rf"{slope}{_TIMES}{added}"):
        whole = re.fullmatch(shape, bare)
        if whole is not None and r"\delta" in whole["sum"] and _NEXT.search(whole["sum"]):
            return True
    return False


#: Of formulas with a name of a gradient by a state that may be that by its argument.
SLOPED = "the gradient by a state is worked out with the slope of its activation"
_BY_A_STATE = re.compile(
    r"\\frac\{\\partial [^{}]{1,24}\}\{\\partial \{\{(?P<by>[^{}]+(?:\{[^{}]*\})?)\}\}\}"
)


def by_its_argument(text: str, slopes: Mapping[str, str]) -> str:
    r"""``text`` with the gradients by states that are in doubt as those by their arguments.

    ``slopes`` are those of the activations by the letters of the states, of :math:`\cdot`.
    """

    def new(m: re.Match[str]) -> str:
        base = re.split(r"[_^]", m["by"])[0].strip()
        slope = slopes.get(plain_name(base), "").replace(r"\cdot", m["by"])
        return rf"\left({m.group()} \odot {slope}\right)" if slope else m.group()

    return _BY_A_STATE.sub(new, text)

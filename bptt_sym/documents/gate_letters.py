r"""Letters that count units elsewhere, and here are labels of gates: the i of ``W_i``.

In :math:`a_{i,t} = W_i x_t + b_i` the letter i may say that the equation is one of each unit.
Where the same letters carry f or o in its place, it is the input gate; so is r, beside z, the
reset gate.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

_FONT = r"\\(?:mathbf|boldsymbol|bm|mathrm|text|mathsf|mathit|vec|underline|bar|tilde|hat)\s*"
_BASE = (
    rf"(?:{_FONT}\{{\s*(?P<inside>\\?[A-Za-z]+)\s*\}}|(?P<greek>\\(?:Gamma|delta|beta|epsilon|varepsilon))(?![a-z])"
    r"|(?P<letter>(?<![A-Za-z\\{])[A-Za-z]|(?<=\\partial )[A-Za-z]|(?<=\\delta )[A-Za-z]))"
)
_BODY = rf"\{{(?:[^{{}}]|\{{[^{{}}]*\}})*\}}|{_FONT}\{{[^{{}}]*\}}|[a-z](?![A-Za-z])"
_SCRIPTED = re.compile(rf"{_BASE}(?P<scripts>(?:\s*[_^]\s*(?:{_BODY})){{1,2}})")
_SCRIPT = re.compile(rf"[_^]\s*(?P<body>{_BODY})")
_COMMANDS = re.compile(r"\\[A-Za-z]+|[{}()\s]")
#: What must stand in the place of the letter elsewhere.
_BESIDE: Mapping[str, frozenset[str]] = {
    "i": frozenset("f"),
    "r": frozenset("zu"),
    "n": frozenset("zr"),
}
#: Where weights come from: W_{xi}, W_{ih}.
_SOURCES = frozenset("xhcy")


@dataclass(frozen=True)
class GateLetters:
    """By letter, the names that carry it as the label of a gate."""

    names: Mapping[str, frozenset[str]] = field(default_factory=dict)

    @classmethod
    def of(cls, texts: Iterable[str]) -> GateLetters:
        labels: dict[str, set[str]] = {}
        for text in texts:
            for name, label in _labels(text):
                labels.setdefault(name, set()).add(label)
        return cls({
            letter: frozenset(
                n for n, found in labels.items() if letter in found and found & beside
            )
            for letter, beside in _BESIDE.items()
        })  # fmt: skip

    def stand_in(self, text: str, letter: str) -> bool:
        """Whether ``letter`` is the label of a gate somewhere in ``text``.

        (``net`` is what a gate is the activation of, as the spelling writes it.)
        """
        names = self.names.get(letter)
        return bool(names) and any(
            label == letter and name in {"net", *(names or ())} for name, label in _labels(text)
        )


NO_GATES = GateLetters()


def _labels(text: str) -> Iterator[tuple[str, str]]:
    """Each name of the text with the letters that stand in its scripts by themselves."""
    for m in _SCRIPTED.finditer(text):
        name = m["inside"] or m["greek"] or m["letter"]
        for script in _SCRIPT.finditer(m["scripts"]):
            for part in _COMMANDS.sub("", script["body"]).split(","):
                if len(part) == 1 and part != "t":
                    yield name, part
                elif len(part) == 2 and set(part) & _SOURCES:
                    yield name, part[1] if part[0] in _SOURCES else part[0]

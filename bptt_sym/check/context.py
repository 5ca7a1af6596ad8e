"""What a whole document tells of its names, for the models that its formulas are judged under."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from bptt_sym.check.accumulated import added_up
from bptt_sym.check.example_values import GivenValue
from bptt_sym.check.gate_slopes import carried_by_gates
from bptt_sym.check.later_losses import marks_given
from bptt_sym.check.slopes import identities
from bptt_sym.definitions.completion import arguments, sequences, step_defined_by
from bptt_sym.definitions.defining import Definition
from bptt_sym.definitions.said_sizes import SaidSizes
from bptt_sym.definitions.supposed import Supposition
from bptt_sym.definitions.usage import Usage, fragments
from bptt_sym.documents.prose import Wording, conventions
from bptt_sym.read.vocabulary import plain_name

_DERIVES = re.compile(r"\\partial|∂|\\nabla|\\frac\s*\{\s*d")


_BIAS = re.compile(
    r"(?<![A-Za-z\\])(?P<name>[bc])(?:\s*\})?\s*[_^]\s*\{?\s*\(?\s*(?:t|T|\\tau)(?![A-Za-z])"
)


def first_steps(formulas: Iterable[tuple[str, int]]) -> dict[str, int]:
    """For ``b`` and ``c`` the first section of those formulas in which they carry a step."""
    found: dict[str, int] = {}
    for latex, section in formulas:
        for m in _BIAS.finditer(latex):
            found[m.group("name")] = min(found.get(m.group("name"), section), section)
    return found


_LENGTH = re.compile(r"(?<![A-Za-z_^{\\])T\s*=\s*([2-9])(?![0-9.,]\d|\d|\s*[-+])")

#: "three time steps", "a sequence of length 3".
_IN_WORDS = re.compile(
    r"\b(?:(?P<n>[2-9]|two|three|four|five)[\s-]+time[\s-]*steps?\b"
    r"|sequences?\s+of\s+length\s+\$?(?P<m>[2-9]|two|three|four|five)\b)"
    r"|(?P<c>[2-9二两兩三四五])\s*[个個]?(?:时间步|時間步|时刻|時刻)",
    re.IGNORECASE,
)
_NUMBERS = {"two": 2, "three": 3, "four": 4, "five": 5, "二": 2, "两": 2, "兩": 2, "三": 3,
            "四": 4, "五": 5}  # fmt: skip


def said_lengths(text: str) -> frozenset[int]:
    """How many steps a run has where ``text`` says so in numbers."""
    said = [(m["n"] or m["m"] or m["c"]).lower() for m in _IN_WORDS.finditer(text)]
    found = frozenset(int(m.group(1)) for m in _LENGTH.finditer(text))
    return found | {_NUMBERS.get(n) or int(n) for n in said}


@dataclass
class Context:
    """What the whole document tells about names: which run in time, how functions are applied."""

    timed: frozenset[str] = frozenset()
    applied: Mapping[str, str] = field(default_factory=dict)
    usage: Usage = field(default_factory=Usage)
    wording: Wording = field(default_factory=Wording)
    #: Whether every derivative of the document is written with d.
    only_d: bool = False
    #: Sequences whose gradient is added up with ``+=`` somewhere.
    accumulated: frozenset[str] = frozenset()
    #: Names with a definition that could not be taken up: nothing may be supposed of them.
    refused: set[str] = field(default_factory=set)
    #: The equations of such sequences, those of sentences among them.
    untaken: dict[str, Definition] = field(default_factory=dict)
    #: Activations that the text takes to be the identity somewhere: ``\\sigma(x) = x``.
    identities: frozenset[str] = frozenset()
    #: Codes of readings that the text shows it needs.
    stated: frozenset[str] = frozenset()
    #: The numbers of steps of which the text says that a run has them: ``T = 4``.
    lengths: frozenset[int] = frozenset()
    #: Whether all gradients are written for rows.
    in_rows: bool = False
    #: Whether the text says that gradients are columns.
    in_columns: bool = False
    #: Whether ``dz_t`` is a mark for a gradient.
    marks: bool = False
    #: Whether the text counts its steps from 0 to T - 1.
    from_zero: bool = False
    #: Where in the source the text begins to speak of a run with a loss of the last step alone.
    last_step_said: int = 0
    #: Names without a step that stand for a matrix, not for a loss.
    matrices: set[str] = field(default_factory=set)
    #: Names of sums of what is still to come.
    ahead: set[str] = field(default_factory=set)
    #: Names that stand with their step alone on the left of an equation with derivatives: the
    #: document says what they are, and nothing may be supposed of them either.
    explained: frozenset[str] = frozenset()
    #: Activations whose derivative stands somewhere: nobody takes them to be the identity.
    sloped: frozenset[str] = frozenset()
    #: Activations that words call tanh, say, or not linear: a state's is not the identity then.
    curved: frozenset[str] = frozenset()
    #: Whether words say that the network is linear: the function that a letter leaves open is none.
    straight: bool = False
    #: The section in which a letter for biases carries a step for the first time, if one does.
    first: Mapping[str, int] = field(default_factory=dict)
    #: What the text calls the steps that are t and T here, where it has other letters.
    letters: Mapping[str, str] = field(default_factory=dict)
    #: The network that its weights tell by their names, if they do.
    joined: Supposition | None = None
    #: Which sizes the words tell.
    sizes: SaidSizes = field(default_factory=SaidSizes)
    #: What the text compares with one number in both directions, as two cases.
    both_ways: frozenset[str] = frozenset()
    #: The weights to which an example gives a value that drops out.
    given: Sequence[GivenValue] = ()

    #: Whether the gradients by gates carry their slopes: they are by the pre-activations.
    carried: bool = False
    #: Whether a line says which gradient a mark is: both its sides are one derivative now.
    marks_given: bool = False

    def running(self, section: int) -> frozenset[str]:
        """The names that run in time for the lines of a section: ``+ c`` stands before ``c_t``."""
        return self.timed - {name for name, since in self.first.items() if since > section}

    @classmethod
    def of(cls, texts: Sequence[str], words: str) -> Context:
        usage = Usage.of([*texts, *fragments(words)])
        rows = (row.replace("&", " ") for text in texts for row in text.split("\\\\")
                if _DERIVES.search(row))  # fmt: skip
        explained = frozenset(plain_name(name) for row in rows if (name := step_defined_by(row)))
        return cls(
            sequences(texts), arguments(texts), usage, conventions(words, texts),
            explained=explained, identities=identities(texts),
            accumulated=added_up(texts), carried=carried_by_gates(texts),
            marks_given=marks_given(texts),
        )  # fmt: skip

r"""What the scripts of one name say: its layer, its step, an entry, a label.

:math:`h_{l,i}^{(t)}`, :math:`W^{l-1,l}_{ij}`, :math:`W_{x,l}` and :math:`\sigma_l'` carry a layer,
each beside something else. A weight may name two layers, :math:`W^{l-1,l}` and :math:`W^{ll}`: it
is one of the layer that it leads to, from the layer below or from its own past.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from bptt_sym.documents.names import Name, Script
from bptt_sym.documents.respelling import Edit

_LAYER = r"(?:\\ell|[a-su-z]|[A-SU-Z]|[0-9])(?:\s*[-+]\s*[12])?"
_TIME = r"(?:t|T|\\tau|[a-z]|[0-9]{1,3})(?:\s*[-+]\s*(?:[0-9]|[a-z](?![a-z])|\\tau))?"
_TURNED = r"(?:\s*(?:,|\\[,;!])?\s*(?P<turned>T|\\top|\\intercal|\\mathsf\s*\{\s*T\s*\}|2)\s*)?"
_MARK = (
    rf"\s*(?:(?P<open>[(\[<]|\\langle)\s*(?:(?:l|\\ell)\s*=\s*)?)?(?P<layer>{_LAYER})"
    r"\s*(?(open)(?:[)\]>]|\\rangle))"
)
_AT = rf"\s*(?:(?P<around>[(\[<]|\\langle)\s*)?(?P<step>{_TIME})\s*(?(around)(?:[)\]>]|\\rangle))"
_ABOVE = re.compile(rf"{_MARK}{_TURNED}\s*")
_STEP = re.compile(rf"{_AT}\s*")
_BETWEEN = r"\s*(?:[,;]|(?=\\langle|<|\(|\[))"
_BOTH = {
    "lt": re.compile(rf"(?P<all>\()?{_MARK}{_BETWEEN}{_AT}\s*(?(all)\)){_TURNED}"),
    "tl": re.compile(rf"(?P<all>\()?{_AT}{_BETWEEN}{_MARK}\s*(?(all)\)){_TURNED}"),
}
_TURNS = re.compile(r"\s*(?:T|\\top|\\intercal)\s*")
_POWER = re.compile(r"\s*2\s*")
_WORD = r"(?:[A-Za-z]{1,3}|\\(?:text|mathrm)\s*\{\s*[A-Za-z]+\s*\})"
_LABEL = re.compile(rf"\s*{_WORD}\s*")
_PRIME = re.compile(r"\s*(?:'|\\prime)\s*")
_ENDS_PRIMED = re.compile(r"(?:'|\\prime(?![A-Za-z]))\s*$")
_OFFSET = re.compile(r"(?P<letter>\\?[A-Za-z]+|[0-9]+)(?:(?P<by>[-+][0-9]+))?")
_UNIT = r"[ijkmnpq](?:_(?:\{[0-9]\}|[0-9]))?"
_UNITS = re.compile(rf"\s*\[?\s*({_UNIT})\s*,?\s*({_UNIT})?\s*\]?\s*")
#: ``\\sum_j``, ``\\sum_{k_1=1}^m``
SUMMED = re.compile(
    rf"\\sum\s*(?:\\limits\s*)?_\s*(?:\{{\s*)?(?P<k>{_UNIT})(?![A-Za-z])"
)
#: ``L+1, i``: the entry behind what else stands there.
_BEHIND = re.compile(rf"(?P<rest>.*\S)\s*,\s*(?P<units>{_UNIT}(?:\s*,?\s*{_UNIT})?)\s*", re.DOTALL)
#: ``l-1,l``, ``ll``, ``l-1 \\to l``
_TWO = re.compile(
    rf"\s*[(\[]?\s*(?P<a>{_LAYER})\s*(?:(?P<between>,|;|\\(?:to|rightarrow|leftarrow)(?![A-Za-z])"
    rf"|(?=[(\[]))\s*|\s*)[(\[]?\s*(?P<b>{_LAYER})\s*[)\]]?\s*[)\]]?\s*{_TURNED}"
)
#: ``x,l`` and ``l,x``
_LABELLED = re.compile(
    rf"\s*[(\[]?\s*(?:(?P<first>{_WORD})\s*,\s*(?P<layer1>{_LAYER})|(?P<layer2>{_LAYER})\s*,\s*"
    rf"(?P<last>{_WORD}))\s*[)\]]?\s*{_TURNED}"
)
FUNCTIONS = frozenset(r"f g \sigma \phi \varphi \psi".split())
#: From where a weight comes that names two layers.
BELOW, PAST = "xh", "hh"
#: How a name may carry both: the step below and the layer above, both above, both below, …
KINDS = ("_^", "^lt", "^tl", "_lt", "_tl", "^_")
#: Those in which the layer of a weight stands below it, if nothing tells otherwise.
STAND_BELOW = frozenset(("_lt", "_tl", "^_"))


@dataclass(frozen=True)
class Marks:
    """What a name carries: its layer, its step or "", a label or "", a ``\\top`` or a power."""

    layer: str
    step: str
    label: str
    turned: str
    end: int
    #: Of which entry it is, "" where it is of all.
    units: str = ""


@dataclass(frozen=True)
class Form:
    """The place of the marks in one text, the letter of its layers, and its states."""

    kind: str
    #: The letter that stands for any layer, "" where all of them have numbers.
    letter: str = ""
    states: frozenset[str] = frozenset()
    #: Names without a step that carry the number of the layer that they are used in.
    weights: frozenset[str] = frozenset()
    #: The highest number of a layer that an equation gives.
    most: int = 0
    #: Names whose letters beside the layer tell entries.
    units: frozenset[str] = frozenset()
    #: Where a name without a step has the letter of its layer.
    places: Mapping[str, str] = field(default_factory=dict)
    #: What the output, as one layer more, has: names and their labels.
    above: frozenset[tuple[str, str]] = frozenset()

    def has_entries(self, name: Name) -> bool:
        """Whether letters beside the layer of ``name`` tell its entries."""
        return bare(name.base) in self.units

    def of(self, name: Name) -> Marks | None:
        """The marks of ``name``, if it has any."""
        return timed(name, self) or still(name, self)


_IN_A_FONT = re.compile(r"\\(?:vec|mathbf|boldsymbol|bm|mathrm)\s*\{?\s*(\\?[A-Za-z]+)\s*\}?")


def bare(base: str) -> str:
    """The letter of a name without its font: :math:`\\vec b_l` and :math:`b_{l,i}` are one."""
    m = _IN_A_FONT.fullmatch(base)
    return m[1] if m is not None else base


def shifted(text: str) -> tuple[str, int]:
    """``l-1`` as the letter and what is added to it; a number has no letter."""
    m = _OFFSET.fullmatch("".join(text.split()))
    if m is None:
        return text, 0
    by = int(m["by"] or 0)
    return ("", int(m["letter"]) + by) if m["letter"].isdigit() else (m["letter"], by)


def units_in(inside: str) -> str:
    """The entries that a script tells and nothing else, ``ij`` or ``k_1 k_2``; else ""."""
    m = _UNITS.fullmatch(inside)
    return "".join(filter(None, m.groups())) if m is not None else ""


def step_in(inside: str) -> str:
    """The step that a script tells and nothing else, ``t-1`` of ``(t-1)``; else ""."""
    m = _STEP.fullmatch(inside)
    return m["step"] if m is not None else ""


def timed(name: Name, form: Form) -> Marks | None:
    """The marks of a name that carries a layer and a step."""
    if (name.base in FUNCTIONS and name.base.startswith("\\")) or not name.scripts:
        return None
    for scripts, units in _readings(name, form):
        found = _with_a_step(scripts, form.kind)
        if found is None or (form.letter and shifted(found.step)[0] == form.letter):
            continue
        turned = found.step == "T" and bare(name.base).isupper() and _is_bare_top(scripts)
        if not (turned and bare(name.base) in form.places):  # W_{l+1}^T
            return replace(found, units=units, end=_end(name.scripts))
    return None


def _is_bare_top(scripts: Sequence[Script]) -> bool:
    return any(s.kind == "^" and s.inside.strip() == "T" for s in scripts)


def _readings(name: Name, form: Form) -> Iterator[tuple[list[Script], str]]:
    """The scripts of ``name`` without what tells an entry, and what does."""
    apart = [(_apart(s, form, whole=form.has_entries(name))) for s in name.scripts]
    units = "".join(u for _, u in apart)
    told = [s for s, _ in apart if s is not None], units
    if form.has_entries(name):
        yield told
        return
    yield list(name.scripts), ""
    if units:
        yield told


def _apart(script: Script, form: Form, *, whole: bool) -> tuple[Script | None, str]:
    if script.kind not in "_^":
        return script, ""
    units = units_in(script.inside) if whole else ""
    if units and form.letter not in units:
        return None, units
    m = _BEHIND.fullmatch(script.inside)
    units = units_in(m["units"]) if m is not None else ""
    if m is None or not units or (form.letter and form.letter in units):
        return script, ""
    return replace(script, inside=m["rest"]), units


def _with_a_step(scripts: Sequence[Script], kind: str) -> Marks | None:
    if kind in ("_^", "^_"):
        return _in_two(scripts, kind)
    sign, order = kind[0], kind[1:]
    own = next((s for s in scripts if s.kind == sign and _BOTH[order].fullmatch(s.inside)), None)
    m = _BOTH[order].fullmatch(own.inside) if own is not None else None
    if own is None or m is None:
        return None
    beside = _beside(scripts, own, m["turned"] or "")
    if beside is None:
        return None
    label, turned = beside
    return Marks(_bare(m["layer"]), m["step"], label, turned, 0)


def _beside(
    scripts: Sequence[Script], own: Script, turned: str, *, powers: bool = True
) -> tuple[str, str] | None:
    """The label, and the transpose or power, in the scripts beside the one with the marks."""
    label = ""
    for other in scripts:
        if other is own:
            continue
        if other.kind == "^" and _TURNS.fullmatch(other.inside):
            turned = r"\top"
        elif powers and other.kind == "^" == _other(own) and _POWER.fullmatch(other.inside):
            turned = "2"
        elif (other.kind == "_" or not powers) and other.kind == _other(own) and (
            _LABEL.fullmatch(other.inside)
        ):  # fmt: skip
            label = other.inside.strip()
        elif other.kind in "([":
            break
        else:
            return None
    return label, turned


def _other(script: Script) -> str:
    """The place that ``script`` leaves to others."""
    return "^" if script.kind == "_" else "_"


def _in_two(scripts: Sequence[Script], kind: str) -> Marks | None:
    """One script is the step, the other the layer: which is which tells ``kind``."""
    below = [s for s in scripts if s.kind == "_"]
    above = [s for s in scripts if s.kind == "^"]
    if len(below) != 1 or not above or len(above) > 2 or len(scripts) > 3:
        return None
    turned = ""
    if len(above) == 2:
        if not _TURNS.fullmatch(above[1].inside):
            return None
        turned = r"\top"
    at = _STEP.fullmatch((below if kind == "_^" else above)[0].inside)
    mark = _ABOVE.fullmatch((above if kind == "_^" else below)[0].inside)
    if at is None or mark is None or (kind == "_^" and at["around"]):
        return None
    return Marks(_bare(mark["layer"]), at["step"], "", turned or mark["turned"] or "", 0)


def still(name: Name, form: Form) -> Marks | None:
    """The marks of a name without a step: of a weight, or of a function."""
    if name.base in FUNCTIONS:
        return _of_function(name, form)
    sign = form.places.get(bare(name.base), "") if form.letter else _usual_place(form)
    for scripts, units in _readings(name, form):
        own = next((s for s in scripts if s.kind == sign), None)
        found = _without_a_step(own, form) if own is not None else None
        if own is None or found is None:
            continue
        beside = _beside(scripts, own, found.turned, powers=False)
        if beside is None or (beside[0] and found.label):
            continue
        label, turned = beside
        return replace(
            found, label=found.label or label, turned=turned, end=_end(name.scripts), units=units
        )
    return None


def _usual_place(form: Form) -> str:
    return "_" if form.kind in STAND_BELOW else "^"


def _without_a_step(own: Script, form: Form) -> Marks | None:
    mark = _ABOVE.fullmatch(own.inside)
    if mark is not None:
        if mark["turned"] and not (mark["open"] or own.kind == "^"):
            return None
        return Marks(_bare(mark["layer"]), "", "", mark["turned"] or "", 0)
    return _of_two(own.inside, form.letter) or _labelled(own.inside, form.letter)


def _of_two(inside: str, letter: str) -> Marks | None:
    """The marks of a weight that leads from one layer to another, or to the same."""
    m = _TWO.fullmatch(inside)
    if m is None or not letter:
        return None
    a, b = shifted(m["a"]), shifted(m["b"])
    if a[0] != b[0] or abs(a[1] - b[1]) > 1 or not (m["between"] or a == b):
        return None
    if m["between"] is None and (not a[0] or a[0] not in (letter, "L")):
        return None  # (W^{11} may be an entry)
    layer = _bare(m["a"] if a[1] > b[1] else m["b"])
    return Marks(layer, "", PAST if a == b else BELOW, m["turned"] or "", 0)


def _labelled(inside: str, letter: str) -> Marks | None:
    m = _LABELLED.fullmatch(inside)
    if m is None or not letter:
        return None
    layer = _bare(m["layer1"] or m["layer2"])
    label = m["first"] or m["last"]
    if shifted(layer)[0] not in (letter, "", "L") or label == letter:
        if shifted(label)[0] != letter or shifted(layer)[1]:
            return None
        layer, label = label, layer  # (x may stand for a layer, too)
    return Marks(layer, "", label, m["turned"] or "", 0)


def _of_function(name: Name, form: Form) -> Marks | None:
    """A function with a layer, its primes kept as what it is turned by."""
    primes, scripts = "", []
    for script in name.scripts:
        inside, own = script.inside, ""
        while (m := _ENDS_PRIMED.search(inside)) is not None:
            inside, own = inside[: m.start()], own + "'"
        primes += own
        if script.kind in "_^" and inside.strip():
            scripts.append(replace(script, inside=inside))
    if len(scripts) != 1:
        return None
    mark = _ABOVE.fullmatch(scripts[0].inside)
    if mark is None or mark["turned"]:
        return None
    layer = _bare(mark["layer"])
    if layer.isdigit() and not form.letter and scripts[0].kind == "^" and not mark["open"]:
        return None  # a power
    return Marks(layer, "", "", primes, _end(name.scripts))


def _end(scripts: Sequence[Script]) -> int:
    return max((s.end for s in scripts if s.kind in "_^"), default=scripts[-1].end)


def _bare(layer: str) -> str:
    return "".join(layer.split())


def in_one_form(name: Name, marks: Marks, layer: str, form: Form) -> list[Edit]:
    """What makes ``name`` of ``layer`` what is read: the step below, the layer in brackets above,
    and the entry behind both.

    Where all layers have numbers, a weight whose layer stands below it keeps it there.
    """
    if not (form.letter or marks.step or marks.units) and form.kind in STAND_BELOW:
        turned = r"^{\top}" if marks.turned else ""
        return [(name.end, marks.end, f"_{{{layer}}}{turned}")]
    below = marks.step or marks.label
    if marks.step and marks.label:
        # (Both stand below; which is the step, its letter tells.)
        below = f"{marks.label},{marks.step}"
    scripts = (f"_{{{below}}}" if below else "") + f"^{{({layer})}}"
    sign = {"": "", "2": "2"}.get(marks.turned, r"\top")
    if marks.units:
        power = f"^{{{sign}}}" if sign else ""
        whole = f"{scripts})_{{{marks.units}}}{power}"
        return [(name.start, name.start, "("), (name.end, marks.end, whole)]
    if not sign:
        return [(name.end, marks.end, scripts)]
    whole = f"{scripts}}}^{{{sign}}}"
    return [(name.start, name.start, "{"), (name.end, marks.end, whole)]

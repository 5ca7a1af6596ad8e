r"""One place for steps: below the name.

:math:`h^{(t)}`, :math:`h^{\langle t\rangle}`, :math:`h^{[t]}`, :math:`h[t]`, :math:`h(t)`,
:math:`h_{(t)}` and :math:`h^t` are :math:`h_t`, brought to one spelling before anything is looked
at, so that nothing behind this has to know the others. A name that carries something else besides
(a unit, a layer, the label of a gate) keeps its scripts.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from operator import attrgetter

from bptt_sym.definitions.powers_of_parts import raises_parts
from bptt_sym.documents.document import Formula
from bptt_sym.documents.names import Name, Script, names_in
from bptt_sym.documents.respelling import Edit, edited

#: ``t``, ``t-1``, ``\\tau+1``, ``3``.
_AT = r"(?:[A-Za-z]|\\(?:tau|ell|kappa|nu|mu))(?:\s*[-+]\s*(?:[0-9]|[a-z]))?|[0-9]+"
_STEP = re.compile(rf"\s*(?:{_AT})\s*")
_BRACKETED = re.compile(
    rf"\s*(?:\\left\s*)?(?:\(|\[|<|\\langle(?![a-z]))\s*(?P<at>{_AT})\s*"
    r"(?:\\right\s*)?(?:\)|\]|>|\\rangle(?![a-z]))\s*(?:,|\\[,;:!])?\s*"
    r"(?P<more>T|\\top|\\intercal|\\mathrm\s*\{\s*T\s*\}|\\prime|2|)\s*"
)
#: ``\\delta_f(t)``: the step of a name with a label, behind it.
_BEHIND_A_LABEL = re.compile(
    r"\s*(?:(?P<round>\()|\[)\s*(?P<at>(?:[tT]|\\tau)(?:\s*[-+]\s*(?:[0-9]|[a-z]))?|[0-9])\s*(?(round)\)|\])"
)
_LABEL = r"[a-zA-Z]{1,7}|\\(?:text|mathrm|rm)\s*\{\s*[a-zA-Z]+\s*\}"
_PLACES = frozenset("ijklmn")
#: A transpose that is no T.
_OTHER_TRANSPOSE = re.compile(
    r"\^\s*\{?\s*\\(?:top|intercal|mathsf|mathrm)(?![a-z])|\^\s*\{?\s*⊤|ᵀ"
)
_FUNCTIONS = frozenset(r"f \sigma \phi \varphi \psi".split())
#: ``\\delta_2^{(t)}``
_ABOVE_A_LABEL = re.compile(
    r"_\s*(?:\{[^{}]*\}|[A-Za-z0-9])\s*\}?\s*\^\s*\{\s*(?:\(|\[|<|\\langle(?![a-z]))\s*[tTkn\\]"
)
#: Names that run wherever they carry a step in brackets; others must have an equation.
_RUNS = frozenset(
    "h s x y o p q z a r g l d e m n L E J C "
    "\\ell \\delta \\mathcal{L} \\mathcal{E} \\mathcal{J}".split()
)
_LOSSES = frozenset("L E J C \\ell \\mathcal{L} \\mathcal{E} \\mathcal{J}".split())
_FONT = re.compile(r"\\(?:mathbf|boldsymbol|bm|vec|mathit|mathrm|mathsf|hat|widehat|tilde|bar)\{?")
_WEIGHT = re.compile(r"(?:\\(?:mathbf|boldsymbol|bm)\{)?[WUVb]\}?")
#: Names that stand for numbers whose powers are taken.
_POWERS = frozenset(
    "w u v \\lambda \\gamma \\beta \\alpha \\rho \\sigma \\mu \\eta \\theta".split()
)
_SPACE = r"(?:\s|&|\\[,;:! ]|\\q?quad(?![A-Za-z]))*"
_EQUALS = re.compile(rf"{_SPACE}(?:=|\\coloneqq(?![A-Za-z])|:=|\\equiv(?![A-Za-z]))")
#: Where a row or an equation of its own begins.
_BEGINS = re.compile(
    r"(?:^|\\\\|\\begin\s*\{[a-z]+\*?\}|\\q?quad(?![A-Za-z])|,|;)(?:\s|&|\\[,;:! ])*\Z"
)
#: What stands before a name where an equation begins is no longer than this.
_LOOK_BACK = 80
_ENDS = re.compile(r"\\\\|\\q?quad(?![A-Za-z])|\\end(?![A-Za-z])")
_START = attrgetter("start")
_DERIVES = re.compile(r"\\partial|\\nabla|∂|\\frac\s*\{\s*d|\\delta")


def _bare(names: Sequence[Name]) -> Iterator[Name]:
    """The names without scripts, but for the letters of labels: ``W_{hy}``."""
    end = 0
    for name in names:
        if name.scripts:
            end = max(end, name.scripts[-1].end)
        elif name.start >= end:
            yield name


def with_steps_below(formulas: Sequence[Formula]) -> list[Formula]:
    """``formulas`` with the steps of their names below these."""
    found = [names_in(f.latex) for f in formulas]
    every = [name for names in found for name in names]
    below = {n.base for n in every for s in n.scripts if s.kind == "_" and _is_step_letter(s)}
    given = {
        n.base for f, names in zip(formulas, found, strict=True) for n in given_in(f.latex, names)
    }
    given |= _weights_of_steps(formulas, found)
    # A text whose labelled names have their steps above has them there throughout.
    above = any(_ABOVE_A_LABEL.search(f.latex) for f in formulas)
    related = [n for f, names in zip(formulas, found, strict=True) if "=" in f.latex for n in names]
    round_ = frozenset(recurrences(formulas, found, "("))
    boxed = _boxed(every, "[", frozenset(recurrences(formulas, found, "[")))
    boxed |= _boxed(related, "(", round_)
    called = bool(round_)
    raised = _recurs(formulas, found, "^") and not any(
        len(n.scripts) == 2 and any(s.kind == "^" and _STEP.fullmatch(s.inside) for s in n.scripts)
        for n in every
    )

    # A number is a step above a name that has one everywhere. Of losses there is a total as well.
    runs_above = {n.base for n in every if n.scripts and _is_step_letter(n.scripts[0])}
    runs_above -= {n.base for names in found for n in _bare(names) if n.base not in _LOSSES}
    turned = any(_OTHER_TRANSPOSE.search(f.latex) for f in formulas)

    def new(name: Name, text: str) -> tuple[int, str] | None:
        """Where the scripts of ``name`` end that become one step, and that."""
        runs = name.base in given or name.base in boxed or _runs(name.base)
        if not runs or not name.scripts:
            return None
        script = name.scripts[0]
        # (A text may put its steps elsewhere in another section: h_t here, h(t) there.)
        if not (script.kind == "(" and (_offset(script.inside) or ("", 0))[0] in round_):
            if name.base in below:
                return None
            if below and name.base in _LOSSES:
                return None  # J^{(i)}(\theta), beside states with their steps below
        if len(name.scripts) > 1 and name.scripts[1].kind == script.kind:
            return None
        bracketed = _BRACKETED.fullmatch(script.inside)
        if script.kind in "_^" and bracketed is not None:
            if above and script.kind == "^":
                return None
            if len(name.scripts) > 1 and (script.kind == "^" or bracketed["more"]):
                return None
            more = {"": "", "2": "^2", r"\prime": "'"}.get(bracketed["more"], r"^{\top}")
            return script.end, f"_{{{bracketed['at']}}}{more}"
        if not _STEP.fullmatch(script.inside) or len(name.scripts) > 1:
            return None
        if script.kind == "[" or (script.kind == "(" and called):
            return script.end, f"_{{{script.inside}}}"
        numbered = script.inside.isdigit()
        if numbered and name.base not in runs_above:
            return None
        if script.kind == "^" and raised:
            powers = name.base in _POWERS and name.base not in given
            # A T there may say that it is transposed, but where another sign says so.
            last = script.inside == "T" and name.base in runs_above and turned
            if not powers and (script.inside != "T" or last):
                return script.end, f"_{{{script.inside}}}"
        return None

    labels = {
        (name.base, name.scripts[0].inside)
        for formula, names in zip(formulas, found, strict=True)
        for name in names if _with_label_and_step(name, formula.latex) is not None
    }  # fmt: skip
    named = {base for base, label in labels if label not in _PLACES}
    out = []
    for formula, names in zip(formulas, found, strict=True):
        edits: list[Edit] = []
        for name in names:
            made = new(name, formula.latex)
            # The i of h_i(t) is a unit, unless f and o stand there as well.
            if name.scripts and (name.base in named or name.scripts[0].inside not in _PLACES):
                made = made or _with_label_and_step(name, formula.latex)
            if made is None and above and (apart := _with_more_apart(name)) is not None:
                edits.append((name.start, name.start, "{"))
                made = apart
            if made is not None:
                edits.append((name.end, made[0], made[1]))
        out.append(edited(formula, edits))
    return out


def _with_more_apart(name: Name) -> tuple[int, str] | None:
    r"""Where the one script of a name ends, and ``^{(t)}}^2`` for it: ``{h^{(t)}}^2``."""
    if len(name.scripts) != 1 or name.scripts[0].kind != "^":
        return None
    found = _BRACKETED.fullmatch(name.scripts[0].inside)
    if found is None or found["more"] in ("", r"\prime"):
        return None
    more = "2" if found["more"] == "2" else r"\top"
    return name.scripts[0].end, f"^{{({found['at']})}}}}^{{{more}}}"


def _boxed(every: Sequence[Name], kind: str, letters: frozenset[str]) -> frozenset[str]:
    r"""The names that carry a step in such brackets wherever they stand, as ``\tau[k]``.

    ``letters`` are those of the recurrences that are written so: beside ``h[k]``, :math:`\tau[k]`
    is no product.
    """
    if not letters:
        return frozenset()
    steps: dict[str, set[str]] = {}
    for name in every:
        inside = name.scripts[0].inside if name.scripts and name.scripts[0].kind == kind else ""
        letter = "".join(inside.split())
        at = letter if letter.isdigit() else (_offset(letter) or ("", 0))[0]
        steps.setdefault(name.base, set()).add(at)
    indices = {s.inside.split("+")[0].split("-")[0].strip() for n in every for s in n.scripts}
    ran = {
        b for b, at in steps.items()
        if "" not in at and any(s in letters or s.isdigit() for s in at)
    }  # fmt: skip
    return frozenset(ran - indices - _FUNCTIONS)


#: Labels of what is a cell together.
_CELLS = tuple(
    frozenset(labels.split()) for labels in ("f o", "z r", "u r", "r n", "z n", "in out", "f out")
)


#: Of the steps of a text whose steps stand above, so many may stand below: slips.
_SLIPS = 0.05


def with_brackets_above(formulas: Sequence[Formula]) -> list[Formula]:
    r"""``formulas`` with brackets around steps that stand above beside the labels of gates.

    :math:`a_f^t` is :math:`a_f^{(t)}` and then :math:`h^t` is :math:`h^{(t)}`, where the
    steps of the text stand above.
    """
    found = [names_in(f.latex) for f in formulas]
    every = [name for names in found for name in names]
    steps = [s.kind for n in every for s in n.scripts if re.match(r"t(?![A-Za-z])", s.inside)]
    if steps.count("_") > _SLIPS * steps.count("^"):
        return list(formulas)
    beside = ((n.base, at[0]) for n in every if (at := _beside_a_label(n)) is not None)
    if not _of_gates(beside) or not _recurs(formulas, found, "^"):
        return list(formulas)
    given = {
        n.base for f, names in zip(formulas, found, strict=True) for n in given_in(f.latex, names)
    }
    out = []
    for formula, names in zip(formulas, found, strict=True):
        edits: list[Edit] = []
        for name in names:
            at = _beside_a_label(name)
            alone = len(name.scripts) == 1 and name.scripts[0].kind == "^"
            script = at[1] if at is not None else name.scripts[0] if alone else None
            runs = name.base in given or _runs(name.base)
            if script is not None and (runs or at) and _ABOVE.fullmatch(script.inside):
                edits.append((script.start, script.end, f"^{{({script.inside})}}"))
        out.append(edited(formula, edits))
    return out


#: A step above that is no transpose.
_ABOVE = re.compile(r"(?:t|\\tau)\s*(?:[-+]\s*[0-9])?|0")


def _beside_a_label(name: Name) -> tuple[str, Script] | None:
    """The label below a name and the script above it, if both are there."""
    kinds = {s.kind: s for s in name.scripts}
    if len(name.scripts) != 2 or set(kinds) != set("_^"):
        return None
    label = re.fullmatch(_LABEL, kinds["_"].inside)
    return (kinds["_"].inside, kinds["^"]) if label and _ABOVE.match(kinds["^"].inside) else None


def _with_label_and_step(name: Name, text: str) -> tuple[int, str] | None:
    r"""Where the step behind a labelled name ends, and both as one script: ``\delta_{f,t}``."""
    if len(name.scripts) != 1 or name.scripts[0].kind != "_" or name.base in _FUNCTIONS:
        return None
    label = name.scripts[0]
    behind = _BEHIND_A_LABEL.match(text, label.end)
    if behind is None or label.inside in "tT" or not re.fullmatch(_LABEL, label.inside):
        return None
    return behind.end(), f"_{{{label.inside},{behind['at']}}}"


def _of_gates(labels: Iterable[tuple[str, str]]) -> frozenset[str]:
    """The names that carry the labels of a cell."""
    found: dict[str, set[str]] = {}
    for base, label in labels:
        found.setdefault(base, set()).add(label)
    return frozenset(b for b, of in found.items() if any(cell <= of for cell in _CELLS))


def _runs(base: str) -> bool:
    return base in _RUNS or _FONT.sub("", base).rstrip("}") in _RUNS


def _is_step_letter(script: Script) -> bool:
    return re.fullmatch(r"(?:[tTkn]|\\tau)\s*(?:[-+]\s*[0-9])?", script.inside) is not None


def given_in(text: str, names: Sequence[Name]) -> Iterator[Name]:
    """The names that stand alone on the left of an equation without derivatives."""
    for name in names:
        if not name.scripts or not _EQUALS.match(text, name.close):
            continue
        if _BEGINS.search(text, max(0, name.start - _LOOK_BACK), name.start):
            end = _ENDS.search(text, name.close)
            right = text[name.close : end.start() if end else len(text)]
            power = raises_parts(text[name.start : name.close] + right)
            if not power and not _DERIVES.search(right):
                yield name


def _weights_of_steps(
    formulas: Sequence[Formula], found: Sequence[Sequence[Name]]
) -> set[str]:
    """The weights with another value at each step: ``W^l`` where ``z^l`` is given by it."""
    weights: set[str] = set()
    for formula, names in zip(formulas, found, strict=True):
        for left in given_in(formula.latex, names):
            step = left.scripts[0]
            if step.kind != "^" or not re.fullmatch(r"[a-z]", step.inside):
                continue
            end = _ENDS.search(formula.latex, left.close)
            stop = end.start() if end else len(formula.latex)
            weights |= {
                n.base for n in names
                if left.close <= n.start < stop and _WEIGHT.fullmatch(n.base)
                and n.scripts and (n.scripts[0].kind, n.scripts[0].inside) == ("^", step.inside)
            }  # fmt: skip
    return weights


def _offset(inside: str) -> tuple[str, int] | None:
    m = re.fullmatch(r"([A-Za-z]|\\tau)\s*(?:([-+])\s*1)?", inside)
    return (m[1], {"-": -1, "+": 1}.get(m[2], 0)) if m else None


def recurrences(
    formulas: Sequence[Formula], found: Sequence[Sequence[Name]], kind: str
) -> Iterator[str]:
    """The letters of the steps of equations that give a name from one of the step before."""
    for formula, names in zip(formulas, found, strict=True):
        text = formula.latex
        for left in given_in(text, names):
            at = _offset(left.scripts[0].inside) if left.scripts[0].kind == kind else None
            if at is None:
                continue
            end = _ENDS.search(text, left.close)
            stop = end.start() if end else len(text)
            before = (at[0], at[1] - 1)
            first, last = (bisect_left(names, x, key=_START) for x in (left.close, stop))
            scripts = (s for n in names[first:last] for s in n.scripts[:1])
            if any(s.kind == kind and _offset(s.inside) == before for s in scripts):
                yield at[0]


def _recurs(formulas: Sequence[Formula], found: Sequence[Sequence[Name]], kind: str) -> bool:
    """Whether the text has a recurrence whose steps are written so."""
    return next(recurrences(formulas, found, kind), None) is not None

r"""One letter for the step at hand, t, and one for the last step, T.

A text whose recurrence gives :math:`h_n` from :math:`h_{n-1}` has n for what others call t; one
whose sums run from 1 to N, or from 0 to T-1 and nowhere to T, has that for what others call T.
Both are brought to one spelling before anything is looked at; what is said of a text has its own
letters.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

from bptt_sym.documents.document import Formula
from bptt_sym.documents.names import Name, names_in
from bptt_sym.documents.respelling import Edit, edited
from bptt_sym.spelling.gates_called_by_steps import with_letters_for_gates
from bptt_sym.spelling.steps import recurrences

#: What a letter of a step may not be besides: a size.
_SIZES = re.compile(r"\\mathbb\s*\{?\s*[RNZ]\s*\}?\s*\^\s*(?:\{[^{}]*\}|[A-Za-z])")
_CAPITAL = r"\{?\s*(?P<top%s>[A-Z])\s*(?P<less%s>-\s*1\s*)?(?:\}|(?![A-Za-z_^]))"
_FROM = r"\{\s*t\s*=\s*[01]\s*\}"
_RANGE = (
    r"\\(?:sum|prod)\s*(?:\\limits\s*)?"
    rf"(?:_\s*%s\s*\^\s*{_CAPITAL % (1, 1)}|\^\s*{_CAPITAL % (2, 2)}\s*_\s*%s)"
)
_TO = re.compile(_RANGE % (_FROM, _FROM))
_ANY_RANGE = re.compile(_RANGE % ((r"\{\s*[a-z]\s*=\s*[a-z0-9](?:\s*\+\s*1)?\s*\}",) * 2))
#: T for the last step, and not for the number of the steps.
_IS_A_STEP = re.compile(
    r"_\s*(?:T(?![A-Za-z])|\{\s*T\s*\})|\^\s*\{\s*[(<]\s*T\s*[)>]|[a-z]\(\s*T\s*\)"
    r"|\\(?:sum|prod)\s*(?:\\limits\s*)?(?:_\s*\{[^{}]*\}\s*\^\s*(?:T|\{\s*T\s*\})"
    r"|\^\s*(?:T|\{\s*T\s*\})\s*_)"
)
_BEFORE = re.compile(
    r"(?<![A-Za-z\\])T\s*-\s*(?P<n>[0-9]|[a-z](?:\s*-\s*1)?|1\s*-\s*[a-z])(?![A-Za-z0-9])"
)
_NUMBER = re.compile(r"\{\s*(?P<a>T)\s*\}|/\s*(?P<b>T)(?![A-Za-z])")
#: t runs through all steps.
_ADDED_UP = re.compile(
    r"\\sum\s*(?:\\limits\s*)?_\s*(?:t(?![A-Za-z])|\{\s*(?:[01]\s*\\leq?\s*)?t(?![A-Za-z])[^{}]*\})"
)
#: What a target is called that its text calls t.
_FOR_TARGETS = ("y", r"\tau", "g", "r", "q")
_LAYERS = ("l", r"\ell")
_LAST_LAYER = re.compile(r"\s*L\s*(?:-\s*[0-9]\s*)?")
_TO_THE_LAST = re.compile(
    r"\\(?:sum|prod)\s*(?:\\limits\s*)?_\s*\{[^{}]*\}\s*\^\s*(?P<end>\{\s*L\s*(?:-\s*[0-9]\s*)?\}|L(?![A-Za-z]))"
)
_IS_AN_END = re.compile(
    r"\\(?:sum|prod)\s*+(?:\\limits\s*+)?(?:_\s*+(?:\{[^{}]*\}|[A-Za-z])\s*+)?\^\s*+\{?\s*\Z"
)
_HAS_STEP = re.compile(r"(?<![A-Za-z])t(?![A-Za-z])")
_IS_LABEL = re.compile(r"[A-Za-z]{2,4}")
_IS_RAISED = re.compile(r"\^\s*\{?\s*\Z")


def with_the_usual_letters(formulas: Sequence[Formula]) -> tuple[list[Formula], dict[str, str]]:
    """``formulas`` with t and T for the steps, and what the text calls these."""
    names: dict[str, str] = {}
    formulas = with_letters_for_gates(formulas, names)
    found = _with_t(_with_targets_apart(formulas, names), names)
    if names.get("t") in _LAYERS and (last := _with_the_last_layer(found)) is not None:
        names["T"] = "L"
        return last, names
    found = _with_T(found, names)
    return _to_the_last(found, names), names


def _with_targets_apart(formulas: Sequence[Formula], names: dict[str, str]) -> Sequence[Formula]:
    r"""With another letter for the target ``t_t``: t is the step, and what has steps is none."""
    found = [names_in(f.latex) for f in formulas]
    targets = [
        [n for n in ns if n.base == "t" and _below(n) and not f.latex[: n.start][-1:].isalpha()]
        for f, ns in zip(formulas, found, strict=True)
    ]
    if not any("t" in _below(n) for ns in targets for n in ns):
        return formulas
    taken = {n.base for ns in found for n in ns}
    bare = {re.sub(r"\\\w+|\W", "", base) for base in taken} | taken
    letter = next((x for x in _FOR_TARGETS if x not in bare), None)
    if letter is None:
        return formulas
    names[letter] = "t"
    return [
        edited(f, [(n.start, n.start + 1, letter) for n in ns])
        for f, ns in zip(formulas, targets, strict=True)
    ]


def _below(name: Name) -> str:
    """What stands below a name that has one script alone."""
    scripts = name.scripts
    return scripts[0].inside if len(scripts) == 1 and scripts[0].kind == "_" else ""


def _with_the_last_layer(formulas: Sequence[Formula]) -> list[Formula] | None:
    """T for the L that stands where a layer does: below a name, and at the end of a range.

    Elsewhere L is the loss. ``None`` if no name has it below.
    """
    below = [
        [s for n in names_in(f.latex) for s in n.scripts
         if s.kind == "_" and _LAST_LAYER.fullmatch(s.inside)]
        for f in formulas
    ]  # fmt: skip
    if not any(below):
        return None
    out = []
    for f, scripts in zip(formulas, below, strict=True):
        edits = [(s.start, s.end, f"_{{{s.inside.replace('L', 'T')}}}") for s in scripts]
        for m in _TO_THE_LAST.finditer(f.latex):
            edits.append((m.start("end"), m.end("end"), m["end"].replace("L", "T")))
        out.append(edited(f, sorted(edits)))
    return out


def _with_t(formulas: Sequence[Formula], names: dict[str, str]) -> list[Formula]:
    found = [names_in(f.latex) for f in formulas]
    letters = Counter(recurrences(formulas, found, "_"))
    if len(letters) != 1 or "t" in letters:
        return list(formulas)
    (letter,) = letters
    taken = {n.base for ns in found for n in ns if n.scripts}
    if {"t", letter} & taken or letter in _in_sizes(formulas):
        return list(formulas)
    names["t"] = letter
    out = []
    for f, ns in zip(formulas, found, strict=True):
        if all(n.base != letter for n in ns) and _ADDED_UP.search(f.latex):
            out.append(f)  # L = \sum_t L_t beside h_k
            continue
        edits = [
            (n.start, n.end, "t" if n.base == letter else letter)
            for n in ns
            if n.base in ("t", letter) and not _turns_what_is_before(f.latex, n.start, n.base)
        ]  # fmt: skip
        out.append(edited(f, edits))
    return out


def _with_T(formulas: list[Formula], names: dict[str, str]) -> list[Formula]:
    """With T for the capital up to which the sums over the steps run."""
    tops = {m["top1"] or m["top2"] for f in formulas for m in _TO.finditer(f.latex)}
    tops |= _tops_that_are_steps(formulas)
    if len(tops) != 1 or "T" in tops or any(_IS_A_STEP.search(f.latex) for f in formulas):
        return formulas
    (top,) = tops
    found = [names_in(f.latex) for f in formulas]
    taken = {n.base for ns in found for n in ns if n.scripts}
    if top in taken or top in _in_sizes(formulas):
        return formulas
    names["T"] = top
    labels = _labelled(found, top)
    return [
        edited(
            f,
            [(n.start, n.end, "T") for n in ns
             if n.base == top and not any(a <= n.start < b for a, b in spans)],
        )
        for f, ns, spans in zip(formulas, found, labels, strict=True)
    ]  # fmt: skip


def _labelled(found: Sequence[Sequence[Name]], top: str) -> list[list[tuple[int, int]]]:
    """Where ``top`` is a label: ``W^{(S)}`` beside ``W^{hh}``, where no W has a running step."""
    scripts = {
        (n.base, s.kind, s.inside.strip("() ")) for ns in found for n in ns for s in n.scripts
    }
    runs = {(base, kind) for base, kind, inside in scripts if _HAS_STEP.search(inside)}
    others = {(base, kind) for base, kind, inside in scripts if _IS_LABEL.fullmatch(inside)} - runs
    return [
        [(s.start, s.end) for n in ns for s in n.scripts
         if s.inside.strip("() ") == top and (n.base, s.kind) in others]
        for ns in found
    ]  # fmt: skip


def _tops_that_are_steps(formulas: Sequence[Formula]) -> set[str]:
    """The capitals up to which any sum or product runs, if a sequence has one below it as well."""
    found = [n for f in formulas for n in names_in(f.latex)]
    below = [(n.base, s.inside) for n in found for s in n.scripts[:1] if s.kind == "_"]
    running = {base for base, inside in below if inside == "t-1"}
    steps = {inside for base, inside in below if base in running}
    return steps & {m["top1"] or m["top2"] for f in formulas for m in _ANY_RANGE.finditer(f.latex)}


def _to_the_last(formulas: list[Formula], names: dict[str, str]) -> list[Formula]:
    """With T for the step T-1, where the steps are numbered from 0 and T is their number."""
    before = [m for f in formulas for m in _TO.finditer(f.latex)]
    if not before or not all(m["less1"] or m["less2"] for m in before):
        return formulas
    edits: list[list[Edit]] = []
    for f in formulas:
        if _IS_A_STEP.search(f.latex):
            return formulas
        made: dict[int, Edit] = {}
        for m in _BEFORE.finditer(f.latex):
            new = "T" + _one_more("".join(m["n"].split()))
            made[m.start()] = (m.start(), m.end(), new)
        for m in _NUMBER.finditer(f.latex):
            at = m.start("a") if m["a"] else m.start("b")
            if m["b"] or not _IS_RAISED.search(f.latex, 0, m.start()):
                made[at] = (at, at + 1, "T+1" if m["a"] else "(T+1)")
        for n in names_in(f.latex):
            if n.base == "T" and n.start not in made and not is_transpose(f.latex, n.start, "T"):
                return formulas
        edits.append([made[k] for k in sorted(made)])
    names["T"] = f"{names.get('T', 'T')}-1"
    return [edited(f, made) for f, made in zip(formulas, edits, strict=True)]


def _one_more(less: str) -> str:
    """What is taken from T if that is one more: ``1`` is nothing, ``k-1`` is ``-k``."""
    if less.isdigit():
        return "" if less == "1" else f"-{int(less) - 1}" if less != "0" else "+1"
    if len(less) > 1:
        return f"-{less.replace('-', '').replace('1', '')}"
    return f"+1-{less}"


def is_transpose(text: str, start: int, base: str) -> bool:
    """Whether the ``base`` at ``start`` is a T above something, and no step."""
    return base == "T" and _IS_RAISED.search(text, max(0, start - 6), start) is not None


def _turns_what_is_before(text: str, start: int, base: str) -> bool:
    r"""Whether a T is a transpose: above something that is no sum, ``W^T`` and not ``\sum^T``."""
    return is_transpose(text, start, base) and not _IS_AN_END.search(text, 0, start)


def _in_sizes(formulas: Sequence[Formula]) -> set[str]:
    sizes = " ".join(m[0] for f in formulas for m in _SIZES.finditer(f.latex))
    return {n.base for n in names_in(sizes)}

"""One text supposes one thing: formulas that hold under suppositions that exclude each other.

What a text leaves undefined is supposed for each formula by itself, in the ways that are usual: L
is the sum of the losses of the steps, or a loss of the last step. A formula that holds only under
one of them, in a text another formula of which holds only under the other, is not shown to be
right: the fewer of them are undecided, and both where neither are fewer.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from bptt_sym.check.judged import Judged
from bptt_sym.check.model import Model
from bptt_sym.check.own_row import ONE_UNIT
from bptt_sym.check.provenance import Basis
from bptt_sym.decide.readings import DENOMINATOR
from bptt_sym.decide.rewriting import is_loss
from bptt_sym.decide.verdict import Verdict
from bptt_sym.errors import BpttError
from bptt_sym.messages import marked
from bptt_sym.notation import Add, Claim, D, Node, Sum

#: What is supposed of a loss, in the words of :mod:`bptt_sym.definitions.supposed`.
LAST_STEP = "a loss of the last step"
#: "L is the sum of the losses": what is supposed, and of what.
_OF = re.compile(r"(?P<subject>.+?) is (?P<said>.+)")

Judge = Callable[[Claim, Model], Verdict]


def with_one_supposition(
    entries: Sequence[Judged], judge: Judge, last_step: bool
) -> list[Judged]:
    """``entries``, those undecided that hold under what most of the others exclude.

    ``last_step`` tells that the words of the text speak of a loss of the last step alone, too.
    """
    found = list(entries)
    # (What a recurrence leaves undefined that stands in the place of another is its own.)
    groups: dict[tuple[str, int], dict[str, dict[int, Basis]]] = {}
    for k, entry in enumerate(entries):
        if entry.verdict.is_right and entry.basis is not None:
            run = entry.basis.own.anew
            for subject, said in _supposed(entry.basis.model).items():
                groups.setdefault((subject, run), {}).setdefault(said, {})[k] = entry.basis
    for (subject, _), ways in groups.items():
        if len(ways) < 2 or (last_step and LAST_STEP in ways):
            continue
        only = {said: _only(subject, said, ways, judge) for said in ways}
        only = {said: those for said, those in only.items() if those}
        if len(only) < 2:
            continue
        most = max(len(those) for those in only.values())
        kept = [said for said, those in only.items() if len(those) == most]
        for said, those in only.items():
            if len(kept) == 1 and said == kept[0]:
                continue
            other = next(s for s in (*kept, *only) if s != said)
            note = (
                f"it holds only if {subject} is {said}, and other formulas of the text hold only "
                f"if {subject} is {other}"
            )
            for k in those:
                found[k] = replace(found[k], verdict=Verdict("undecided", note=note), part=None)
    return found


def _supposed(model: Model) -> dict[str, str]:
    """What ``model`` supposes of what."""
    said = (_OF.fullmatch(s) for s in model.supposed)
    return {m["subject"]: m["said"] for m in said if m is not None}


def _only(
    subject: str, said: str, ways: Mapping[str, Mapping[int, Basis]], judge: Judge
) -> list[int]:
    """The formulas that hold if ``subject`` is ``said`` and fail if it is otherwise."""
    return [
        k for k, basis in ways[said].items()
        if any(
            _fails(basis, others, subject, judge) for way, others in ways.items() if way != said
        )
    ]  # fmt: skip


def _fails(basis: Basis, others: Mapping[int, Basis], subject: str, judge: Judge) -> bool:
    """Whether the formula fails under a model of ``others`` that differs in ``subject`` alone."""
    mine = _supposed(basis.model)
    # (Of a function that one of them leaves open nothing may be said, and of another's all.)
    for other in {id(b.model): b for b in others.values()}.values():
        theirs = _supposed(other.model)
        if any(theirs.get(s, said) != said for s, said in mine.items() if s != subject):
            continue
        try:
            if judge(basis.claim, other.model).verdict == "wrong":
                return True
        except BpttError:
            continue
    return False


#: What tells vectors from numbers.
_OF_VECTORS = re.compile(
    r"\\top|\\intercal|\^\s*(?:T(?![A-Za-z])|\{\s*(?:\\math\w+\s*\{\s*)?T\s*\})|diag|\\odot|\\circ|\\otimes|"
    r"\\mathbf|\\boldsymbol|\\bm(?![a-z])|\\vec|\\\||\\[lr]?Vert|\\mathbb\s*\{?\s*R\s*\}?\s*\^"
)
#: A sum or product with its ends: that above it is no transpose.
_ENDS = re.compile(
    r"\\(?:sum|prod)(?:\s*\\limits)?\s*(?:[_^]\s*(?:\{[^{}]*\}|[A-Za-z0-9])\s*){1,2}"
)
IN_NUMBERS = (
    "it fails for vectors and holds if every quantity is a number, as other formulas of the text do"
)
OF_VECTORS = marked("it holds for numbers only, and what it is about are vectors elsewhere")


def in_numbers(entries: Sequence[Judged], holds: Callable[[Claim, Model], bool]) -> list[Judged]:
    """``entries``, those undecided that fail for vectors only, in a text that is about numbers.

    It seems so where some formula holds for numbers only, and nothing in any tells vectors from
    them. ``holds`` tells whether a claim holds where every quantity is a number.
    """
    if not any(ONE_UNIT in e.verdict.readings for e in entries):
        return list(entries)
    of_vectors = [e for e in entries if _OF_VECTORS.search(_ENDS.sub("", e.latex))]
    if of_vectors:
        return _without_numbers(entries, of_vectors)
    found = list(entries)
    for k, e in enumerate(found):
        if e.verdict.verdict == "wrong" and e.basis is not None:
            basis = e.basis
            if holds(basis.claim, basis.model):
                found[k] = replace(e, verdict=Verdict("undecided", note=IN_NUMBERS), part=None)
    return found


def _without_numbers(entries: Sequence[Judged], others: Sequence[Judged]) -> list[Judged]:
    """``entries``, those undecided that hold for numbers only, about a sequence of which ``others``
    hold for vectors."""
    held = [e.basis for e in others if e.basis is not None and e.verdict.is_right]

    def checked(entry: Judged) -> Judged:
        if ONE_UNIT not in entry.verdict.readings or (basis := entry.basis) is None:
            return entry
        runs = basis.names & set(basis.model.court.model.defined)
        if not any(runs & other.names for other in held if other.own is basis.own):
            return entry
        return replace(entry, verdict=Verdict("undecided", note=OF_VECTORS), part=None)

    return [checked(e) for e in entries]


TWO_LAYOUTS = marked(
    "it holds in denominator layout only, and another formula of the text gives the same "
    "derivative in numerator layout"
)


def in_one_layout(entries: Sequence[Judged]) -> list[Judged]:
    """``entries``, those undecided that transpose a derivative which another one does not.

    Of a loss, nothing tells the layout of a gradient that is a sum of others.
    """
    plain = [
        e.basis.claim.sides[0] for e in entries
        if e.basis is not None and e.verdict.is_right and set(e.basis.claim.ops) == {"="}
        and DENOMINATOR.message not in e.verdict.readings
    ]  # fmt: skip
    note = Verdict("undecided", note=TWO_LAYOUTS)
    return [
        replace(e, verdict=note, part=None)
        if DENOMINATOR.message in e.verdict.readings
        and e.basis is not None and _is_a_jacobian(e.basis) and e.basis.claim.sides[0] in plain
        else e
        for e in entries
    ]  # fmt: skip


def _is_a_jacobian(basis: Basis) -> bool:
    """Whether the left side differentiates something other than a loss."""
    left = basis.claim.sides[0]
    rec = basis.model.court.model

    def of_losses(node: Node) -> bool:
        match node:
            case Sum(body=body):
                return of_losses(body)
            case Add(args=args):
                return all(of_losses(a) for a in args)
        return is_loss(node, rec)

    return not (isinstance(left, D) and of_losses(left.y))

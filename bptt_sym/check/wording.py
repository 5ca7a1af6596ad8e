"""How formulas are worded: what a row or a claim says by its form, before or after it is judged."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import replace

from bptt_sym.check.arithmetic import is_arithmetic
from bptt_sym.check.judged import Judged
from bptt_sym.check.model import Model
from bptt_sym.decide.instances import is_upside_down
from bptt_sym.decide.rewriting import is_loss
from bptt_sym.decide.verdict import Verdict
from bptt_sym.definitions.completion import at_this_step
from bptt_sym.definitions.defining import base_letter
from bptt_sym.definitions.outline import Kind, Row
from bptt_sym.documents.document import Formula
from bptt_sym.errors import InputError, UnboundName
from bptt_sym.messages import marked
from bptt_sym.notation import (
    Add,
    At,
    Claim,
    Concat,
    D,
    Fn,
    Had,
    Idx,
    Matrix,
    Neg,
    Node,
    Num,
    Sym,
    Transpose,
    affine,
    num,
    rebuild,
    substitute_index,
    walk,
)
from bptt_sym.read.chains import outside
from bptt_sym.read.vocabulary import plain_name
from bptt_sym.recurrence import STEP, Recurrence, lag_of

#: ``\\tau \\frac{dh}{dt} = …``: a time constant, and a derivative by time itself.
_IN_CONTINUOUS_TIME = re.compile(
    r"\\tau(?![A-Za-z])(?:\s*_\s*[A-Za-z])?\s*"
    r"\\[dt]?frac\s*\{\s*(?:\\mathrm\s*\{\s*d\s*\}|\\partial|d)[^{}=]{1,24}(?:\{[^{}]{1,12}\}[^{}]{0,12})?\}\s*"
    r"\{\s*(?:\\mathrm\s*\{\s*d\s*\}|\\partial|d)\s*t\s*\}"
)


_COPY = r"\\Delta\s*[A-Za-z](?:\s*[_^]\s*(?:\{[^{}]*\}|[A-Za-z0-9])){0,2}\s*&?\s*"
#: ``\\Delta w^{t_1} = \\Delta w^{t_2} = -\\eta (…)``: what copies of a weight are changed by.
_SHARED_UPDATES = re.compile(
    rf"(?:[^=]*=[^=]*\\(?:Rightarrow|implies)\s*)?{_COPY}(?:=\s*&?\s*{_COPY})+"
    r"(?:=\s*&?\s*[-+]?\s*\\(?:eta|alpha|mu|epsilon)(?![A-Za-z])[^=]*)?"
)


def says_nothing(row: Row, formula: Formula) -> str:
    """Why a row claims nothing of a recurrence, by its form; "" if it may."""
    if row.kind in (Kind.VALUE, Kind.INITIAL) and not row.differentiates:
        return marked("it says nothing about a recurrence")
    if _IN_CONTINUOUS_TIME.search(row.latex):
        return marked("it says nothing about a recurrence")
    if _SHARED_UPDATES.fullmatch(row.latex):
        return marked("it says nothing about a recurrence")
    sized = _gives_a_size(row) or is_arithmetic(row.latex, formula.source.text)
    if sized or names_its_argument(row):
        return marked("it says nothing about a recurrence")
    if formula.delta and row.gives_zero:
        return marked("where a gradient begins before anything is added to it")
    if (not formula.display and row.is_example) or row.gives_numbers:
        return marked("values of an example")
    return ""


def _gives_a_size(row: Row) -> bool:
    """Whether a row says of one quantity without a step what number it is: ``|V| = 10000``."""
    left, right = row.chain.sides[0], row.chain.sides[-1]
    if list(row.chain.ops) != ["="] or row.differentiates or [t.kind for t in right] != ["num"]:
        return False
    return not any(t.text in ("_", "^") or t.kind in ("partial", "frac") for t in left)


def is_judged(found: Judged) -> bool:
    return found.verdict.verdict not in ("unreadable", "not_a_claim")


#: What ``… = 1`` behind a chain says.
A_NUMBER = "its last side is a number, which the others have only for some values"


def fixes_a_number(claim: Claim, verdict: Verdict) -> bool:
    """``\\prod f_t = 1`` at the end of a chain speaks of a case (every gate open), not of all."""
    if len(claim.sides) < 3 or not _nonzero_number(claim.sides[-1]):
        return False
    return all(v.verdict != "wrong" for v in verdict.links[:-1])


def _nonzero_number(side: Node) -> bool:
    if isinstance(side, (Matrix, Concat, Transpose)):
        return not any(isinstance(n, (At, Sym, D, Fn)) for n in walk(side))
    return isinstance(side, Num) and side.value != 0


def in_a_case(claim: Claim, verdict: Verdict) -> Verdict:
    """The verdict of a chain whose last side says for which case it speaks."""
    before = verdict.links[:-1]
    if not all(v.is_right for v in before):
        return replace(verdict, verdict="undecided", note=A_NUMBER, diagnosis=None)
    last = claim.sides[-1]
    value = str(last.value) if isinstance(last, Num) else "that vector"
    said = f"the last side says for which case: where the side before it is {value}"
    readings = dict.fromkeys(r for v in before for r in v.readings)
    assumed = dict.fromkeys(a for v in before for a in v.assumptions)
    return replace(
        before[0], verdict="right_under_reading", readings=(*readings, said),
        assumptions=tuple(assumed), links=before,
    )  # fmt: skip


def by_preactivation(
    claim: Claim, rec: Recurrence, but: Collection[str] = frozenset()
) -> Claim:  # fmt: skip
    """``claim`` with each loss differentiated by the argument of what it is differentiated by,
    ``but`` for these."""

    def change(n: Node) -> Node:
        if isinstance(n, D) and isinstance(n.x, At) and n.x.name in {*rec.gates} - {*but}:
            rhs = rec.rhs(n.x.name)
            if isinstance(rhs, Fn) and rhs.order == 0 and is_loss(n.y, rec):
                return Had((n, _slope(rhs, n.x)))
        return rebuild(n, change)

    return replace(claim, sides=tuple(change(s) for s in claim.sides))


def _slope(rhs: Fn, output: At) -> Node:
    """The derivative of an activation, by its output where that is all it takes."""
    if rhs.name == "sigma":
        return Had((output, Add((num(1), Neg(output)))))
    if rhs.name == "tanh":
        return Add((num(1), Neg(Had((output, output)))))
    return Fn(rhs.name, substitute_index(rhs.arg, STEP, output.time), 1)


def by_a_gate(claim: Claim, rec: Recurrence) -> bool:
    """Whether the left side is the gradient by an activation and the right side is worked out."""
    left = claim.sides[0]
    if not (isinstance(left, D) and isinstance(left.x, At) and left.x.name in rec.gates):
        return False
    rhs = rec.rhs(left.x.name)
    others = [n for s in claim.sides[1:] for n in walk(s) if isinstance(n, D)]
    own = any(n.x == left.x for n in others)
    return isinstance(rhs, Fn) and rhs.order == 0 and bool(others) and not own


def names_by_a_gate(claim: Claim, rec: Recurrence) -> str:
    r"""The gate by which a mark is the gradient, as ``\delta_t = \partial L/\partial y_t`` says."""
    left, right = claim.sides[0], claim.sides[-1]
    if len(claim.sides) != 2 or not (isinstance(left, D) and isinstance(right, D)):
        return ""
    told = isinstance(left.x, At) and left.x == right.x and is_loss(right.y, rec)
    return left.x.name if told and isinstance(left.x, At) and left.x.name in rec.gates else ""


def undefined_in(node: Node, rec: Recurrence) -> str:
    """What is differentiated and has no definition: it is no input, its equation is missing."""
    if not isinstance(node, D):
        return ""
    if isinstance(node.y, At) and node.y.name not in rec.defined:
        return node.y.name
    if isinstance(node.y, Sym) and node.y.name in rec.parameters and node.y != node.x:
        return node.y.name
    if isinstance(node.y, Sym) and node.y.name in rec.totals:
        names = {n.name for n in walk(rec.totals[node.y.name]) if isinstance(n, At)}
        if names and not names & set(rec.defined):
            return min(names)
    return ""


def _renames(name: str, rec: Recurrence) -> bool:
    """Whether ``name`` is what another sequence is at its step, and only the next step reads it."""
    rhs = rec.rhs(name) if name in rec.defined else None
    if not isinstance(rhs, At) or rhs.time != Idx(STEP):
        return False
    readers = [e.rhs for e in rec.equations] + list(rec.totals.values())
    return not any(
        isinstance(n, At) and n.name == name and n.time == Idx(STEP)
        for r in readers for n in walk(r)
    )  # fmt: skip


def vacuous_in(claim: Claim, rec: Recurrence) -> str:
    """What the left side differentiates by in vain, so that both sides are 0; "" if it does not.

    An equation that says 0 says so. One that does not was meant of another model.
    """
    left, *rest = claim.sides
    if not (isinstance(left, D) and isinstance(left.x, (At, Sym))):
        return ""
    if not isinstance(left.y, (At, Sym)):
        return ""
    if left.x.name == left.y.name or any(isinstance(side, Num) for side in rest):
        return ""
    known = left.x.name in rec.parameters or left.x.name in rec.defined
    return left.x.name if known and left.x.name not in _reached(left.y, rec) else ""


def idle_in(claim: Claim, rec: Recurrence) -> str:
    """A sequence by which a claim differentiates, and which no other equation uses; "" if none.

    Its definition came beside the equations (:math:`a_t` for the argument of an activation, say),
    so that every derivative by it would be 0: that was not meant. Neither is it where the name is
    one more of another sequence, which the others go on using: ``c_t = c_t^{(i)}`` at the end.
    """
    used = {n.name for e in rec.equations for n in walk(e.rhs) if isinstance(n, At)}
    used |= {n.name for total in rec.totals.values() for n in walk(total) if isinstance(n, At)}
    left = claim.sides[0]
    if isinstance(left, D) and isinstance(left.x, (At, Sym)):
        known = left.x.name in rec.parameters or left.x.name in rec.defined
        if known and left.x.name not in _reached(left.y, rec):
            return left.x.name
    for side in claim.sides:
        for n in walk(side):
            match n:
                case D(y=At(name=of), x=At(name=by)) if of == by:
                    continue
                case D(x=At(name=by)) if by not in used and by not in rec.parameters:
                    return by
                case D(x=At(name=by)) if _renames(by, rec):
                    return by
    return ""


#: The slips that explain why something is differentiated in vain. (That it goes by another name
#: would be no slip.)
OF_A_STEP = frozenset(("BP004", "BP005"))


def apart_in(claim: Claim, rec: Recurrence) -> tuple[str, str] | None:
    r"""Two sequences of which a right side differentiates one by the other in vain.

    :math:`\partial o_t/\partial h_t` is 0 where :math:`o_t` is a gate that :math:`h_{t-1}` opens:
    an output has its name, most likely.
    """
    for side in claim.sides[1:]:
        for n in walk(side):
            match n:
                case D(y=At(name=of, time=a), x=At(name=by, time=b)) if of != by and a == b:
                    known = of in rec.defined and by in rec.defined
                    if known and by not in _reached(rec.rhs(of), rec, within_step=True):
                        return of, by
    return None


def in_vain(claim: Claim, rec: Recurrence) -> str:
    """What a claim differentiates by what it does not depend on, in words; "" if nothing."""
    if idle := idle_in(claim, rec):
        return f"no definition uses {idle}: what depends on it?"
    if apart := apart_in(claim, rec):
        of, by = apart
        return f"{of} does not depend on {by} of its step: which {of}?"
    return ""


def upside_down_in(claim: Claim) -> tuple[str, str] | None:
    """What a right side differentiates by something of a later step."""
    for side in claim.sides[1:]:
        for n in walk(side):
            match n:
                case D(y=At(name=of), x=At(name=by)) if is_upside_down(n):
                    return of, by
    return None


def vanishing_in(claim: Claim, rec: Recurrence) -> tuple[str, str] | None:
    """Of what a right side takes a derivative by what it never reads: another, or itself before."""
    for side in claim.sides[1:]:
        for n in walk(side):
            match n:
                case D(y=At(name=of, time=a), x=At(name=by, time=b)) if of == by and a != b:
                    if of in rec.defined and by not in _reached(rec.rhs(of), rec):
                        return of, by
                case D(y=of, x=At(name=by)) if not isinstance(of, (At, Sym)):
                    runs = [m.name for m in walk(of) if isinstance(m, At)]
                    if runs and by in rec.defined and by not in _reached(of, rec):
                        return runs[0], by
                case D(y=Sym(name=of), x=At(name=by)) if of in rec.totals and by in rec.defined:
                    if by not in _reached(rec.totals[of], rec):
                        return of, by
                case D(y=Sym(name=of), x=Sym(name=by)) if {of, by} <= rec.totals.keys():
                    if of != by and by not in _reached(rec.totals[of], rec):
                        return of, by
    return apart_in(claim, rec)


def _reached(node: Node, rec: Recurrence, *, within_step: bool = False) -> set[str]:
    """The names that the value of ``node`` depends on, through values of step t alone or of any."""
    seen: set[str] = set()
    todo = [node]
    while todo:
        for n in walk(todo.pop()):
            if within_step and isinstance(n, At) and lag_of(n.time) != 0:
                continue
            if isinstance(n, (At, Sym)) and n.name not in seen:
                seen.add(n.name)
                if n.name in rec.defined:
                    todo.append(rec.rhs(n.name))
                elif n.name in rec.totals:
                    todo.append(rec.totals[n.name])
    return seen


_ACCENTED = re.compile(r"\\([a-z]+)\{([A-Za-z])\}")


def made_of_gradients(row: Row, model: Model | None) -> bool:
    """Whether the right side differentiates, or is made of names of derivatives."""
    if row.differentiates or model is None or row.kind is Kind.FUNCTION:
        return row.differentiates
    if base_letter(row.name) == r"\delta" and row.name not in model.court.model.shapes:
        return True
    right = row.latex[row.chain.sides[1][0].start :]
    # What stands for a derivative of a loss has its name only where that loss is supposed.
    family = (model, *(model.completions or ()))
    named_so = [n for m in family for n in m.aliases]
    for name in dict.fromkeys(named_so):
        accented = _ACCENTED.fullmatch(name)
        if accented is not None and re.search(
            rf"\\{accented.group(1)}\s*(?:\{{\s*)?{re.escape(accented.group(2))}(?![A-Za-z])", right
        ):
            return True  # \\bar h_t names a gradient, h_t a state
    named = {base_letter(n) for n in (*named_so, *(n for m in family for n in m.totals))}
    named -= {base_letter(n) for n in model.court.model.shapes}
    return not named.isdisjoint(map(base_letter, row.mentions))


def one_step_off(time: Node) -> tuple[str, int] | None:
    """``(t, -1)`` for the step t - 1; ``None`` for what is no step of one running index."""
    form = affine(time)
    if form is None or len(form[0]) != 1 or abs(form[1]) > 1:
        return None
    ((name, factor),) = form[0].items()
    return (name, int(form[1])) if factor == 1 and name != "T" else None


def names_its_argument(row: Row) -> bool:
    """``x = x(r)``: it says what it depends on, not how; ``C = C(h_T, y)`` is a loss of the run."""
    if len(row.chain.sides) != 2 or row.chain.ops != ["="]:
        return False
    left, right = ([t.text for t in side] for side in row.chain.sides)
    n = len(left)
    kinds = [t.kind for t in row.chain.sides[1]]
    called = kinds[n : n + 1] == ["open"] and kinds[-1] == "close" and kinds.count("open") == 1
    return called and right[:n] == left and not {"_", "^"} & set(right[n:])


def only_copies(row: Row) -> bool:
    """``c_{t+1} = c_t``: what is handed on to the next step, which defines no step."""
    if names_its_argument(row):
        return True
    if len(row.chain.sides) != 2 or row.kind is not Kind.SEQUENCE:
        return False
    left, right = ([t.text for t in side if t.kind == "word"] for side in row.chain.sides)
    return set(left) == set(right) and not any(
        t.kind in ("op", "open") and free for free, t in outside(row.chain.sides[1])
    )


def states_values(claim: Claim) -> bool:
    """Whether it equates values without any weight: ``h_t = h_{t-1}`` where a gate is shut."""
    if any(op != "=" for op in claim.ops):
        return False
    nodes = [n for side in claim.sides for n in walk(side)]
    return not any(isinstance(n, (D, Fn, Sym)) for n in nodes)


def bounds_what_is_given(claim: Claim, rec: Recurrence) -> str:
    """A sequence that a bound is about and that no equation gives; "" if it is about more."""
    nodes = [n for side in claim.sides for n in walk(side)]
    if "=" in claim.ops or any(isinstance(n, (D, Sym)) for n in nodes):
        return ""
    names = {n.name for n in nodes if isinstance(n, At)}
    return min(names) if names and not names & set(rec.defined) else ""


_AHEAD = re.compile(
    r"\\sum\s*_\s*\{\s*[a-z]\s*(?:=\s*t\b[^}]*\}\s*\^\s*\{?\s*(?:[a-z]\s*=\s*)?T"
    r"|(?:\\geq?(?:slant)?|≥|>=)\s*t\s*\})"
)


def looks_ahead(row: Row) -> bool:
    """``L_t = \\sum_{s=t}^T …``: what is still to come, which names a sum and defines no step."""
    right = row.latex[row.chain.sides[1][0].start :] if len(row.chain.sides) == 2 else ""
    return _AHEAD.search(right) is not None


def without_marks(claim: Claim) -> Claim:
    """In a text that writes every derivative with d, d says no more than ∂ does elsewhere."""

    def change(n: Node) -> Node:
        n = rebuild(n, change)
        return replace(n, kind="unmarked") if isinstance(n, D) and n.kind == "total" else n

    return replace(claim, sides=tuple(change(s) for s in claim.sides))


def lacks_a_step(error: InputError) -> bool:
    return isinstance(error, UnboundName) and error.message.endswith("without a time")


def with_its_step(row: Row, model: Model) -> str | None:
    """The row with the step t where it leaves steps out; ``None`` if it leaves none out."""
    sequences = model.vocabulary.sequences
    text = at_this_step(row.latex, frozenset((*sequences, *map(plain_name, sequences))))
    return text if text != row.latex else None


#: What the note of an accusation of shapes alone begins with.
MISFITS = marked("as it stands its shapes do not fit")

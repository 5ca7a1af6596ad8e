"""What failing under a model amounts to, by what the model rests on."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import lru_cache

from bptt_sym.check.answer import Court
from bptt_sym.check.judged import Judged, wrong_part
from bptt_sym.check.model import Model
from bptt_sym.decide.rewriting import is_loss
from bptt_sym.decide.verdict import MISFIT, Otherwise, Verdict, VerdictName
from bptt_sym.definitions.gates import free_gates
from bptt_sym.definitions.standard import ANY_NETWORK, SIMPLE
from bptt_sym.definitions.supposed import Evidence
from bptt_sym.documents.document import Formula
from bptt_sym.errors import BesideError, BpttError, InputError, LaterStepError
from bptt_sym.messages import marked
from bptt_sym.notation import (
    HORIZON_NAME,
    ONE,
    At,
    Call,
    Claim,
    D,
    Fn,
    Idx,
    Mul,
    Neg,
    Node,
    Prod,
    Sum,
    Sym,
    children,
    walk,
)
from bptt_sym.read.definitions import recurrence_from_latex
from bptt_sym.read.vocabulary import plain_name
from bptt_sym.recurrence import STEP, Recurrence

_NO_SHAPE = "has no shape"
ONE_CLASS = marked("it fails for one number, of which every softmax is 1")
TURNED = marked("its loss is defined as minus the sum of the losses: which sign is meant?")
_OUTPUT = "_t is computed from"
#: ``\\hat{y}_t is computed from O_t``
_COMPUTED = re.compile(r"(\\hat\{[a-z]\})_t is computed from (.+)_t$")


#: Of definitions that have no meaning as those of a run.
NO_RECURRENCE = "these definitions make no recurrence"


def with_suppositions(
    verdict: Verdict, claim: Claim, model: Model, generic: Mapping[str, str]
) -> Verdict:
    """The verdict of ``claim`` with what had to be supposed to read it at all."""
    says = model.supposed
    names = {plain_name(n.name) for s in claim.sides for n in walk(s) if isinstance(n, (At, Sym))}
    evidence = Evidence.GUESSED if names & model.guessed else model.evidence
    if not any(isinstance(n, D) for s in claim.sides for n in walk(s)):
        # An equation about a quantity of which nothing is known tells what it is.
        computed = {plain_name(s.split("_t is computed from")[0]) for s in says if _OUTPUT in s}
        evidence = Evidence.GUESSED if names & computed else evidence
    if _is_of_any_network(claim, model):
        evidence = Evidence.NAMED  # whatever the network is, it fails
    shapeless = verdict.verdict == "undecided" and _NO_SHAPE in verdict.note
    if (verdict.verdict == "wrong" or shapeless) and (endless := names & _endless(model)):
        return failing((*says, *(f"{n} at the end stands nowhere" for n in sorted(endless))))
    if verdict.verdict == "wrong" and _of_one_class(model.court.model):
        return Verdict("undecided", note=ONE_CLASS)
    if verdict.verdict == "wrong" and _of_a_turned_total(claim, model.court):
        return Verdict("undecided", note=TURNED)
    said = tuple(f"{name} stands for {p}" for name, p in generic.items())
    if verdict.verdict == "right" and not says and (held := _held(claim, model)):
        return replace(verdict, verdict="right_under_reading", readings=(held, *said))
    if verdict.is_right and (says or said):
        written = evidence is Evidence.WRITTEN and not said
        written = written and not model.mends and not model.special
        supposed: VerdictName = "right" if written else "right_under_reading"
        if verdict.verdict == "right_under_reading":
            supposed = "right_under_reading"
        return replace(
            verdict, verdict=supposed, readings=(*verdict.readings, *said),
            assumptions=(*verdict.assumptions, *says),
        )  # fmt: skip
    if verdict.verdict == "wrong" and (evidence is Evidence.GUESSED or _small(generic)):
        return failing((*says, *said))
    if verdict.verdict == "wrong" and _is_the_output(claim, model):
        return failing((*says, *said))
    if verdict.verdict == "wrong" and (unknown := _unknown_functions(claim, model.court.model)):
        return failing((*says, *said, f"{', '.join(unknown)} is a function that nothing defines"))
    if verdict.verdict == "wrong" and _tells_the_loss(claim, verdict, model):
        note = "".join(f"{s}; " for s in says) + "which function the loss is stands nowhere"
        return Verdict("undecided", note=note)
    if verdict.verdict == "wrong":
        return replace(verdict, assumptions=(*verdict.assumptions, *says, *said))
    return verdict


def of_any_shape(verdict: Verdict, claim: Claim, says: Sequence[str]) -> bool:
    """Whether shapes do not fit where a value is of what was supposed to be computed."""
    computed = {plain_name(s.split(_OUTPUT)[0]) for s in says if _OUTPUT in s}

    def names(node: Node) -> Iterator[str]:
        if isinstance(node, At):
            yield plain_name(node.name)
        elif not isinstance(node, D):
            for child in children(node):
                yield from names(child)

    used = (name for side in claim.sides for name in names(side))
    return verdict.verdict == "wrong" and MISFIT in verdict.note and not computed.isdisjoint(used)


_DOTS = "the pattern of the dots was not recognised"
#: ``\\rightarrow \\partial L/\\partial h_1``: what comes next.
_LEADS_ON = re.compile(r"\s*(?:\\(?:long)?rightarrow(?![A-Za-z])|\\to(?![A-Za-z])|→)[^=<>≤≥≈]*$")
_DERIVES = re.compile(r"\\partial|∂|\\nabla|\\delta(?![A-Za-z])|frac\s*\{\s*d|\\leq?(?![a-z])|<")


def of_outline(error: InputError, formula: Formula) -> Verdict | None:
    """The verdict of a formula without rows that can be told apart, if it claims nothing."""
    half = "its left side" in error.message or "its right side" in error.message
    lone = half and "its right side" in error.message
    lone = lone or (half and _LEADS_ON.match(formula.latex) is not None)
    if lone or (half and not formula.display):  # "where $< 1$", "$a =$" before a picture
        return Verdict("not_a_claim", note=marked("half a relation"))
    if error.message == _DOTS and not _DERIVES.search(formula.latex):
        return Verdict("not_a_claim", note=marked("it leaves the rest open"))
    if error.message.startswith("no relation") and not formula.display:
        return Verdict("not_a_claim", note=marked("it relates nothing"))  # k (1 \\le k \\le t)
    return None


def of_definitions(error: BpttError, claims: bool) -> Verdict:
    """The verdict of definitions that could not be taken up.

    Without a derivative among them (``claims``) they define something all the same, a quantity
    or a function beside the recurrence perhaps, and claim nothing.
    """
    if isinstance(error, LaterStepError):
        return Verdict("not_a_claim", note=marked("it runs from the last step back"))
    if isinstance(error, InputError) and error.message == _DOTS and not claims:
        return Verdict("not_a_claim", note=marked("it leaves the rest open"))
    if isinstance(error, InputError) and (claims or not isinstance(error, BesideError)):
        return Verdict("unreadable", note=error.message)
    return Verdict(
        "undecided" if claims else "not_a_claim",
        note=f"{NO_RECURRENCE}: {error}",
    )


def _held(claim: Claim, model: Model) -> str:
    """What is said of gates without an equation where a claim differentiates a state."""
    rec = model.court.model
    gates = free_gates(rec)
    runs = any(
        isinstance(n, D) and isinstance(n.y, At) and n.y.name in rec.states
        for side in claim.sides for n in walk(side)
    )  # fmt: skip
    if len(gates) < 2 or not runs:
        return ""  # one factor may be an input
    return f"{', '.join(gates)} are given values: they do not depend on the state"


def _is_the_output(claim: Claim, model: Model) -> bool:
    r"""Whether :math:`\hat y_t`, which nothing defines, may be the output ``o_t`` that is defined.

    Only a claim that differentiates it, or by it, and has the output itself or its weight, is
    about the difference.
    """
    rec = model.court.model
    found = (_COMPUTED.match(s) for s in model.supposed)
    unknown = {m[1]: m[2] for m in found if m is not None and m[2] in rec.gates}
    nodes = [n for side in claim.sides for n in walk(side)]
    told = {x.name for n in nodes if isinstance(n, D) for x in (n.y, n.x) if isinstance(x, At)}
    names = {n.name for n in nodes if isinstance(n, (At, Sym))}
    return any(
        names & {output, *(n.name for n in walk(rec.rhs(output)) if isinstance(n, Sym))}
        for computed, output in unknown.items() if computed in told
    )  # fmt: skip


def _of_one_class(rec: Recurrence) -> bool:
    """Whether a softmax of the recurrence has one number only, which is 1 whatever it is of."""
    rights = [*(e.rhs for e in rec.equations), *rec.totals.values()]
    softmax = any(isinstance(n, Fn) and n.name == "softmax" for rhs in rights for n in walk(rhs))
    return softmax and rec.is_scalar


def _of_a_turned_total(claim: Claim, court: Court) -> bool:
    """Whether a total in the claim is minus the sum of the losses of its own letter, E of the E_t.

    (The sign was put in twice: the losses have it already.)
    """
    rec = court.model
    for name in {n.name for side in claim.sides for n in walk(side) if isinstance(n, Sym)}:
        if name in rec.totals and name in rec.gates:
            of_steps = Sum(STEP, ONE, Idx(HORIZON_NAME), At(name, Idx(STEP)))
            if court.holds(Claim((Sym(name), Neg(of_steps)), ("=",))) is not None:
                return True
    return False


def _endless(model: Model) -> set[str]:
    """Names of gradients that are given by a recursion, with no value at its end."""
    return {
        plain_name(name) for name, (_, body) in model.aliases.items()
        if any(isinstance(n, At) and n.name == name for n in walk(body))
    }  # fmt: skip


def _unknown_functions(claim: Claim, rec: Recurrence) -> list[str]:
    """Functions in a claim that no equation of the recurrence has."""
    known = {n.name for e in rec.equations for n in walk(e.rhs) if isinstance(n, Call)}
    known |= {n.name for rhs in rec.totals.values() for n in walk(rhs) if isinstance(n, Call)}
    used = {n.name for side in claim.sides for n in walk(side) if isinstance(n, Call)}
    return sorted(used - known)


def _small(generic: Mapping[str, str]) -> bool:
    """Whether a small letter is taken for a matrix that it may be an entry of."""
    return any(plain_name(n)[:1].islower() and p[:1].isupper() for n, p in generic.items())


def _is_unknown(rec: Recurrence) -> bool:
    """Whether the loss is an unknown function, or one of an output that is one."""
    losses = [e.rhs for e in rec.equations if is_loss(At(e.target, Idx(STEP)), rec)]
    outputs = {
        n.name for rhs in (*rec.totals.values(), *losses) for n in walk(rhs) if isinstance(n, At)
    }
    ways = [*rec.totals.values(), *losses]
    ways += [rec.rhs(n) for n in outputs if n in rec.gates and n not in rec.states]
    return any(isinstance(n, Call) for rhs in ways for n in walk(rhs))


def _tells_the_loss(claim: Claim, verdict: Verdict, model: Model) -> bool:
    """Whether the side that fails gives a value to the derivative of a loss that is unknown.

    ``\\partial L/\\partial b = \\sum_t (\\hat y_t - y_t)`` fails for most losses and holds for one.
    """
    rec = model.court.model
    if not _is_unknown(rec):
        return False

    def by_loss(side: Node) -> bool:
        return any(
            isinstance(n, D) and (isinstance(n.y, Call) or is_loss(n.y, rec)) for n in walk(side)
        )

    links = verdict.links or (verdict,)
    at = next((i for i, v in enumerate(links) if v.verdict == "wrong"), 0)
    if claim.ops[min(at, len(claim.ops) - 1)] != "=":
        return False
    if verdict.note and MISFIT in verdict.note and _is_product(claim.sides[-1], rec):
        return False  # no loss has a matrix for its gradient by a vector
    if _only_jacobians(claim.sides[min(at + 1, len(claim.sides) - 1)], rec):
        return False
    return by_loss(claim.sides[0]) and not by_loss(claim.sides[min(at + 1, len(claim.sides) - 1)])


def _is_product(side: Node, rec: Recurrence) -> bool:
    """Whether a side is a product of weights and slopes of the states, with no target in it."""
    names = {n.name for n in walk(side) if isinstance(n, At)}
    return isinstance(side, (Mul, Prod)) and bool(names) and names <= set(rec.defined)


def _only_jacobians(side: Node, rec: Recurrence) -> bool:
    """Whether a side is made of derivatives of states alone: no loss has it for a slope.

    (The state of one unit may be the loss itself.)
    """
    if isinstance(side, (Sum, Prod)):
        return _only_jacobians(side.body, rec)
    if isinstance(side, Mul):
        return all(_only_jacobians(f, rec) for f in side.args)
    if not isinstance(side, D) or not isinstance(side.y, At) or is_loss(side.y, rec):
        return False
    if isinstance(side.x, Sym):
        return not rec.is_scalar and side.y.name in rec.states
    return isinstance(side.x, At) and side.x.name in rec.defined


def _is_of_any_network(claim: Claim, model: Model) -> bool:
    """Whether an equation of derivatives of a state by itself fails in every simple network."""
    network = any(said == ANY_NETWORK or said.startswith(SIMPLE) for said in model.supposed)
    if not network or set(claim.ops) != {"="}:
        return False
    nodes = [n for side in claim.sides for n in walk(side)]
    derivatives = [n for n in nodes if isinstance(n, D)]
    if not all(_only_jacobians(side, model.court.model) for side in claim.sides):
        return False
    states = {n.name for n in nodes if isinstance(n, At)}
    if not all(isinstance(n.x, At) for n in derivatives) or len(states) != 1:
        return False
    # Of a linear network every Jacobian is the same, so that more may hold.
    return _linear(states.pop()).judge(claim, explain=False).verdict == "wrong"


@lru_cache(maxsize=16)
def _linear(state: str) -> Court:
    """The linear network with this state and nothing else."""
    step = rf"{state}_{{t}} = \mathrm{{A}} {state}_{{t-1}} + x_{{t}}"
    return Court.of(recurrence_from_latex([step]))


def failing(says: Sequence[str]) -> Verdict:
    """The verdict of what fails under suppositions that nobody can be held to."""
    return Verdict("undecided", note="; ".join(says) + ": under it the formula fails")


def explained(judged: Judged, model: Model, formula: Formula) -> Judged:
    """``judged``, wrong under ``model``, with the slip that was made in it, if it is found.

    What it may mean otherwise has failed as well: the slip may have been made in that.
    """
    claim, other = judged.verdict.unexplained, judged.verdict.otherwise
    if judged.verdict.verdict != "wrong" or claim is None:
        return judged
    first = model.court.explained(judged.verdict, claim)
    if other is not None and (other.likelier or first.diagnosis is None):
        first = _slip_otherwise(judged.verdict, other, model) or first
    return replace(judged, verdict=first, part=wrong_part(formula, first))


def _slip_otherwise(verdict: Verdict, other: Otherwise, model: Model) -> Verdict | None:
    """``verdict`` of what a claim may mean as well, if that is refuted and a slip explains it."""
    if len(other.claim.sides) != 2:
        return None
    refuted = model.court.judge(other.claim, explain=False)
    if refuted.verdict != "wrong":
        return None
    found = model.court.explained(refuted, other.claim)
    if found.diagnosis is None:
        return None
    return replace(
        verdict, diagnosis=found.diagnosis, counterexample=found.counterexample,
        method=found.method, readings=(*verdict.readings, other.said), unexplained=None,
    )  # fmt: skip


def of_failures(failed: Sequence[tuple[Judged, Model]], formula: Formula) -> Judged:
    """What a row that holds under no model of a family amounts to.

    It is wrong only if it fails under every one of them; under a cell that is only named, only if
    a mistake can be named as well.
    """
    for judged, _ in failed:
        if judged.verdict.verdict != "wrong":
            return judged
    for judged, model in failed:
        told = explained(judged, model, formula)
        if told.verdict.diagnosis is not None:
            return told
    judged, model = failed[0]
    if model.evidence is not Evidence.WRITTEN:
        return replace(judged, verdict=failing(model.supposed), part=None)
    return judged

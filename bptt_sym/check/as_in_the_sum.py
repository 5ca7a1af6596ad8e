r"""Factors of a sum over the steps: :math:`\partial h_k/\partial W = \sigma'(z_k) h_{k-1}`.

In :math:`\partial L_t/\partial W = \sum_k \partial L_t/\partial h_t \cdot \partial h_t/\partial h_k
\cdot \partial h_k/\partial W` the last factor must be the immediate derivative, or the sum is not
the gradient. A text in which such a sum holds so means no other by the same sign where it says what
the factor is. Where it needs the total derivative under that sign elsewhere, the step that is
written must tell the two apart, or it is not known which one is meant.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

from bptt_sym.check.answer import Court
from bptt_sym.check.judged import Judged
from bptt_sym.decide.readings import IMMEDIATE, OWN_STEP
from bptt_sym.decide.verdict import Verdict
from bptt_sym.errors import BpttError
from bptt_sym.messages import marked
from bptt_sym.notation import At, Claim, D, Idx, Mul, Node, Sum, Sym, walk

#: How many formulas of a text are looked at once more.
MOST = 40
BOTH = marked(
    "it holds of the immediate derivative, earlier states held fixed; the text has that and the "
    "total one under the same sign"
)
MAY_BE = marked(
    "the immediate derivative may be meant, earlier states held fixed, as in the sum over the steps"
    " that the text gives"
)


@dataclass
class _Uses:
    """With which steps a state is differentiated by a parameter, immediately and in total."""

    immediate: set[str] = field(default_factory=set)
    total: set[str] = field(default_factory=set)


def as_in_the_sum(entries: Sequence[Judged]) -> list[Judged]:
    """``entries``, those right that say what such a factor is."""
    uses = _uses(entries)
    if not any(found.immediate for found in uses.values()):
        return list(entries)
    out, looked = list(entries), 0
    for k, entry in enumerate(entries):
        basis = entry.basis
        if basis is None or entry.verdict.verdict not in ("wrong", "undecided") or looked == MOST:
            continue
        left = basis.claim.sides[0]
        if not _is_by_a_parameter(left) or any(op != "=" for op in basis.claim.ops):
            continue
        ((key, step),) = _keys([left])
        # What is so of one parameter is so of the others.
        immediate = frozenset().union(*(u.immediate for (s, _), u in uses.items() if s == key[0]))
        total = uses[key].total if key in uses else set()
        if not immediate:
            continue
        looked += 1
        verdict = of_its_own_step(basis.claim, basis.model.court)
        if verdict is None:
            slip = entry.verdict.diagnosis
            if slip is None or slip.code != "BP001":
                continue
            verdict = Verdict("undecided", note=MAY_BE)
        elif total and (step in total or step not in immediate):
            verdict = Verdict("undecided", note=BOTH)
        out[k] = replace(entry, verdict=verdict, part=None)
    return out


def _uses(entries: Sequence[Judged]) -> dict[tuple[str, str], _Uses]:
    """What the formulas that hold need the derivatives of states by parameters to be."""
    uses: dict[tuple[str, str], _Uses] = {}
    for entry in entries:
        if entry.basis is None:
            continue
        left, *rest = entry.basis.claim.sides
        for side in rest:
            for key, step in _behind_jacobians(side):
                uses.setdefault(key, _Uses()).immediate.add(step)
        if not entry.verdict.is_right:
            continue
        readings = entry.verdict.readings
        if IMMEDIATE.message in readings:
            for side in rest:
                summed = (n for x in walk(side) if isinstance(x, Sum) for n in walk(x))
                for key, step in _keys(summed):
                    uses.setdefault(key, _Uses()).immediate.add(step)
        elif not any("immediate" in r or "held fixed" in r for r in readings):
            for key, step in _keys(n for side in (left, *rest) for n in walk(side)):
                uses.setdefault(key, _Uses()).total.add(step)
    return uses


def _behind_jacobians(side: Node) -> Iterator[tuple[tuple[str, str], str]]:
    """The last factors of sums over their step, behind derivatives of states by states.

    The total derivative there would count every path several times, whether the sum holds or not.
    """
    for n in walk(side):
        if isinstance(n, Sum) and isinstance(n.body, Mul):
            *before, end = n.body.args
            jacobians = any(
                isinstance(m, D) and isinstance(m.y, At) and isinstance(m.x, At)
                and m.y.name == m.x.name
                for b in before for m in walk(b)
            )  # fmt: skip
            if jacobians:
                yield from ((key, step) for key, step in _keys([end]) if step == n.var)


def _keys(nodes: Iterator[Node] | Sequence[Node]) -> Iterator[tuple[tuple[str, str], str]]:
    """The state and the parameter of such derivatives, with the letter of the step."""
    for n in nodes:
        if _is_by_a_parameter(n):
            assert isinstance(n, D) and isinstance(n.y, At) and isinstance(n.x, Sym)
            step = n.y.time.name if isinstance(n.y.time, Idx) else ""
            yield (n.y.name, n.x.name), step


def _is_by_a_parameter(node: Node) -> bool:
    return isinstance(node, D) and isinstance(node.y, At) and isinstance(node.x, Sym)


def of_its_own_step(claim: Claim, heard: Court) -> Verdict | None:
    """The verdict if ``claim`` holds of the immediate derivative."""
    court = Court.of(heard.model)
    court.arena.stated = heard.arena.stated | {OWN_STEP.code}
    try:
        found = court.holds(claim)
    except BpttError:
        return None
    return found if found is not None and OWN_STEP.message in found.readings else None

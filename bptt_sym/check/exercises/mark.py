"""Marking an answer or a solution: each part's answer, its form, its steps, and the points."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import partial
from typing import Final

from bptt_sym.check.answer import Court
from bptt_sym.check.exercises.between import between
from bptt_sym.check.exercises.compared import (
    compatible,
    fits,
    kinds,
    other_way,
    restates,
    without_d,
)
from bptt_sym.check.exercises.exercise import Exercise, Part
from bptt_sym.check.exercises.labels import by_label
from bptt_sym.check.exercises.letters import in_other_letters
from bptt_sym.check.exercises.points import ARGUED, OTHER_DERIVATIVE, Mark, PartMark, PartStatus
from bptt_sym.check.exercises.reading import read
from bptt_sym.check.solution.absolute import Signs, fingerprint, spread
from bptt_sym.check.solution.judge import Step, conclusion, only_supposed, relate, settled
from bptt_sym.check.solution.lines import Chain, Solution, Written
from bptt_sym.decide.verdict import Verdict
from bptt_sym.errors import LimitExceeded
from bptt_sym.messages import marked
from bptt_sym.notation import INFINITY, Abs, Node, Rel, Sym, walk

#: Characters of one submission.
MAX_TEXT: Final = 400_000
#: Chains that are compared with a part whose target none of them has for its left side.
MAX_COMPARED: Final = 6
STRICT_ASKED: Final = marked("A strict inequality is asked for.")
TOO_WEAK: Final = marked("The bound is true, but weaker than what is asked for.")
BEYOND_BEST: Final = marked("No bound better than the best one can be true.")
NO_BOUND: Final = marked("Infinity is no bound.")
OTHER_WAY: Final = marked("This bounds it from the other side than what is asked for.")
NO_CONCLUSION: Final = marked(
    "The inequalities point in different directions, so nothing follows from them."
)


def mark(exercise: Exercise, text: str, name: str = "answer", *, tex: bool = False) -> Mark:
    """The mark of ``text``: one expression, an equation, or a solution in Markdown or LaTeX.

    A ``name`` that ends in ``.ipynb``, ``.html``, ``.rst``, … says that the text is such a
    document. Files that a LaTeX text puts in are not read. Nothing is raised for what the text
    says.

    Raises
    ------
    InputError
        The text is longer than :data:`MAX_TEXT`, or a notebook that is no JSON.
    """
    if len(text) > MAX_TEXT:
        raise LimitExceeded(f"an answer of more than {MAX_TEXT} characters")
    found = _Marker(exercise, read(exercise, text, name, tex=tex)).mark()
    words = bool(text.strip()) and all(p.status == "missing" for p in found.parts)
    return replace(found, beside=words or bool(found.lemmas))


class _Marker:
    def __init__(self, exercise: Exercise, solution: Solution) -> None:
        self.exercise = exercise
        self.court: Court = solution.court
        self.solution = solution
        self.steps: list[list[Step]] = []
        chains = solution.chains
        solution.chains = []
        for chain in chains:
            steps = settled(chain, self.court)
            if not only_supposed(chain, steps, self.court):
                solution.chains.append(chain)
                self.steps.append(steps)
        #: Left sides as they were written, before they are taken for what is asked.
        self.written = [chain.left for chain in solution.chains]

    def mark(self) -> Mark:
        owners = self._owners()
        parts: list[PartMark] = []
        pending: list[Step] = []
        claimed: dict[str, list[Step]] = {part.id: [] for part in self.exercise.parts}
        for k, steps in enumerate(self.steps):
            owner = owners.get(k)
            if owner is None:
                pending += steps
                continue
            # What leads up to a chain is part of its argument.
            claimed[owner.id] += [*pending, *steps]
            pending = []
        if owners and pending:
            # "… because each factor is at most 1": the reason behind the last line.
            claimed[owners[max(owners)].id] += pending
            pending = []
        bare = self._bare(owners)
        parts_of = {part.id: k for k, part in owners.items()}
        for part in self.exercise.parts:
            chains = [self.solution.chains[k] for k, p in owners.items() if p is part]
            # Beside a bound from the side that is asked for, one from the other is a remark.
            chains = [c for c in chains if not other_way(part, c)] or chains
            argued = tuple(claimed[part.id])
            if chains:
                parts.append(self._last(part, chains, argued))
                if self._starts_elsewhere(part, parts_of[part.id]):
                    parts[-1] = self._not_in_form(parts[-1], OTHER_DERIVATIVE)
            elif part.id in bare:
                parts.append(self._stated(part, bare[part.id], argued))
            else:
                status: PartStatus = "unreadable" if self.solution.faults else "missing"
                parts.append(PartMark(part, status, 0.0, steps=argued))
        lemmas = pending
        for i, found in enumerate(parts):
            carried = self._carried(found, parts) if found.status == "missing" else None
            if carried is not None:
                parts[i] = carried
                lemmas = [step for step in lemmas if step not in carried.steps]
        return Mark(self.exercise, tuple(parts), tuple(self.solution.faults), tuple(lemmas))

    # ------------------------------------------------------------------ who answers what
    def _owners(self) -> dict[int, Part]:
        """The part that each chain answers, by its left side; others have none."""
        owners: dict[int, Part] = {}
        for k, chain in enumerate(self.solution.chains):
            for part in self.exercise.parts:
                if self._about(part, chain):
                    owners[k] = part
                    self._judge_again(part, k)
                    break
        for part in self.exercise.parts:
            if part in owners.values():
                continue
            free = [k for k in range(len(self.solution.chains)) if k not in owners]
            for k in free[-MAX_COMPARED:]:
                chain = self.solution.chains[k]
                if self._equals_target(part, chain) or self._between(part, chain):
                    owners[k] = part
                    break
        return dict(sorted(owners.items()))

    def _about(self, part: Part, chain: Chain) -> bool:
        """Whether the chain starts at the part's target (or, turned round, ends there)."""
        if not compatible(part.target, chain.left, self.court):
            in_other_letters(part.target, chain, partial(compatible, court=self.court))
        if compatible(part.target, without_d(chain.left), self.court):
            if fits(part, chain):
                chain.sides[0] = replace(chain.sides[0], node=part.target)
                return True
            return False
        if len(chain.sides) == 2 and compatible(part.target, chain.last.node, self.court):
            turned: dict[Rel | str, Rel] = {
                "=": "=", "<=": ">=", "<": ">", ">=": "<=", ">": "<",
            }  # fmt: skip
            left, right = chain.sides
            op = turned.get(right.op)
            if op is not None:
                chain.sides = [replace(right, op="", node=part.target), replace(left, op=op)]
                return fits(part, chain)
        return False

    def _judge_again(self, part: Part, k: int) -> None:
        """The steps of a bound whose derivatives are not marked, from what is asked for."""
        if not part.is_bound or kinds(self.written[k]) == kinds(part.target):
            return
        steps = settled(self.solution.chains[k], self.court)
        if sum(s.is_right for s in steps) > sum(s.is_right for s in self.steps[k]):
            self.steps[k] = steps

    def _equals_target(self, part: Part, chain: Chain) -> bool:
        if isinstance(part.target, Abs) != isinstance(chain.left, Abs) or not fits(part, chain):
            return False
        return relate(part.target, "=", chain.left, self.court).is_right

    def _between(self, part: Part, chain: Chain) -> bool:
        """Whether the chain says between what the target, or what it is the size of, lies.

        ``-1 ≤ x ≤ 1`` is then a bound of ``|x|``.
        """
        found = between(part, chain, self._is)
        if found is not None:
            chain.sides = found
        return found is not None

    def _is(self, target: Node, node: Node) -> bool:
        return (
            compatible(target, node, self.court)
            or relate(target, "=", node, self.court).is_right
        )

    def _bare(self, owners: dict[int, Part]) -> dict[str, list[Written]]:
        """Expressions without a left side, for the parts that no chain answers.

        What has a label goes to the part of that label; the others to the parts that are left, in
        order. All of them are for the only part that is open.
        """
        parts = self.exercise.parts
        open_parts = [p for p in parts if p not in owners.values()]
        labelled = by_label(self.solution.expressions, [p.id for p in parts])
        found: dict[str, list[Written]] = {}
        for written, id in labelled:
            if id and any(p.id == id for p in open_parts):
                found.setdefault(id, []).append(written)
        rest = [written for written, id in labelled if not id]
        left = [p for p in open_parts if p.id not in found]
        if len(left) == 1 and rest:
            found[left[0].id] = rest
        else:
            found |= {p.id: [w] for p, w in zip(left, rest, strict=False)}
        return found

    def _starts_elsewhere(self, part: Part, k: int) -> bool:
        """Whether the bracketed derivative is asked for, and chain ``k`` starts from the total."""
        chain, steps = self.solution.chains[k], self.steps[k]
        if kinds(part.target) != {"immediate"}:
            return False
        if kinds(self.written[k]) == {"total"}:
            return True
        if part.is_bound or all(s.is_right for s in steps) or not steps[0].is_right:
            return False
        if kinds(self.written[k]) != {"unmarked"}:
            return False
        return not relate(part.target, "=", chain.sides[1].node, self.court).is_right

    def _not_in_form(self, found: PartMark, why: str) -> PartMark:
        """``found``, if its answer is right, with what its argument has besides."""
        if found.status not in ("right", "form"):
            return found
        missing = (*found.missing, (why, ""))
        return self._scored(
            found.part, "form", found.answer, found.verdict, found.steps, missing
        )

    def _carried(self, found: PartMark, others: Sequence[PartMark]) -> PartMark | None:
        """The bound of an expression that was the learner's wrong answer to another part."""
        part = found.part
        if not part.is_bound or not isinstance(part.target, Abs):
            return None
        wrong = [
            o.answer.node for o in others
            if o.status == "wrong" and o.answer is not None and o.part.target == part.target.arg
        ]  # fmt: skip
        signs = Signs(self.court.model, True)
        own = {fingerprint(spread(Abs(node), signs)) for node in wrong}
        for chain, steps in zip(self.solution.chains, self.steps, strict=True):
            if len(chain.sides) > 1 and fingerprint(spread(chain.left, signs)) in own:
                return self._scored(part, "carried", chain.last, None, steps)
        return None

    # ---------------------------------------------------------------------- one part
    def _stated(
        self, part: Part, found: Sequence[Written], steps: tuple[Step, ...]
    ) -> PartMark:
        """The mark for the last expression, or for one before it that has what the last lacks.

        "The answer is 0, because :math:`h_0` is a constant."
        """
        last = self._answer(part, part.relation, found[-1], steps)
        if last.status == "form":
            for written in reversed(found[-MAX_COMPARED:-1]):
                other = self._answer(part, part.relation, written, steps)
                if other.status == "right":
                    return other
        return last

    def _last(self, part: Part, chains: list[Chain], steps: tuple[Step, ...]) -> PartMark:
        """The mark for the last chain; for an earlier one if that has what the last one lacks."""
        last = self._chain(part, chains[-1], steps)
        if last.status == "form":
            for chain in reversed(chains[-MAX_COMPARED:-1]):
                found = self._chain(part, chain, steps)
                if found.status == "right":
                    return found
            if part.is_bound:
                for chain in reversed(chains[-MAX_COMPARED:]):
                    found = self._chain(part, self._carried_on(chain), steps)
                    if found.status == "right":
                        return found
        return last

    def _carried_on(self, chain: Chain) -> Chain:
        """The chain with those that start where it ends: "a ≤ b. Moreover b ≤ c."."""
        signs = Signs(self.court.model, True)
        sides = list(chain.sides)
        left = {fingerprint(spread(c.left, signs)): c for c in self.solution.chains}
        for _ in range(MAX_COMPARED):
            end = fingerprint(spread(sides[-1].node, signs))
            further = left.pop(end, None)
            if further is None:
                break
            sides += further.sides[1:]
        return replace(chain, sides=sides)

    def _chain(self, part: Part, chain: Chain, steps: tuple[Step, ...]) -> PartMark:
        if not part.is_bound:
            sides = _leading(chain)
            if not sides:
                return PartMark(part, "missing", 0.0, steps=steps)
            return self._best([(side, "=") for side in sides], part, chain, steps)
        # Where the chain goes on to a limit, what stands before it is the bound.
        limit = next((k for k, side in enumerate(chain.sides) if side.op == "->"), None)
        sides = chain.sides[1:limit]
        found = [(side, conclusion(chain, k)) for k, side in enumerate(sides, 1)]
        op = found[-1][1] if found else None
        if op is None:
            return self._scored(part, "wrong", chain.last, None, steps, note=NO_CONCLUSION)
        if op != "=" and op[0] != part.relation[0]:
            return self._scored(part, "wrong", sides[-1], None, steps, note=OTHER_WAY)
        # Said to be equal to the bound: then it is at most that as well.
        ways = [(side, part.relation if op == "=" else op) for side, op in found if op]
        return self._best(ways, part, chain, steps)

    def _best(
        self,
        sides: Sequence[tuple[Written, Rel]],
        part: Part,
        chain: Chain,
        steps: tuple[Step, ...],
    ) -> PartMark:
        """The mark for the last side, or for one before it that is the answer already.

        What is asked for may have been made weaker, or less explicit, or special, after that.
        """
        last = self._answer(part, sides[-1][1], sides[-1][0], steps)
        special = last.status == "wrong" and (chain.given or chain.hypotheses)
        if last.status != "form" and not special:
            return last
        for side, op in reversed(sides[-MAX_COMPARED:-1]):
            found = self._answer(part, op, side, steps)
            if found.status == "right":
                return found
        return last

    def _answer(
        self, part: Part, op: Rel, answer: Written, steps: tuple[Step, ...]
    ) -> PartMark:
        if restates(part, answer.node):
            return self._scored(part, "restated", answer, None, steps)
        if part.is_bound and any(n == Sym(INFINITY) for n in walk(answer.node)):
            return self._scored(part, "wrong", answer, None, steps, note=NO_BOUND)
        verdict = self._verdict(part, op, answer.node)
        if verdict.verdict == "unreadable":
            return self._scored(part, "unreadable", answer, verdict, steps)
        if verdict.verdict == "undecided":
            return self._scored(part, "undecided", answer, verdict, steps)
        if not verdict.is_right or (part.strict and verdict.readings):
            return self._scored(part, "wrong", answer, verdict, steps)
        missing = list(self._missing(part, op, answer.node))
        status: PartStatus = "form" if missing else "right"
        return self._scored(part, status, answer, verdict, steps, tuple(missing))

    def _verdict(self, part: Part, op: Rel, node: Node) -> Verdict:
        verdict = relate(part.target, op, node, self.court)
        if verdict.is_right:
            return verdict
        for other in part.accept:
            accepted = relate(other, op, node, self.court)
            if accepted.is_right:
                return accepted
            if verdict.verdict == "undecided" and accepted.verdict == "wrong":
                verdict = accepted
        if verdict.verdict == "undecided" and part.best is not None:
            beyond: Rel = "<" if part.relation in ("<=", "<") else ">"
            if relate(node, beyond, part.best, self.court).is_right:
                return Verdict("wrong", note=BEYOND_BEST)
        return verdict

    def _missing(self, part: Part, op: Rel, node: Node) -> Iterator[tuple[str, str]]:
        for form in part.form:
            if not form.holds(node):
                yield form.message, form.names
        if part.relation in ("<", ">") and op in ("<=", ">="):
            yield STRICT_ASKED, ""
        if part.within is not None:
            down = part.relation in (">=", ">")
            if not relate(node, ">=" if down else "<=", part.within, self.court).is_right:
                yield TOO_WEAK, ""

    def _scored(
        self,
        part: Part,
        status: PartStatus,
        answer: Written | None,
        verdict: Verdict | None,
        steps: Sequence[Step],
        missing: tuple[tuple[str, str], ...] = (),
        note: str = "",
    ) -> PartMark:
        earned = {"right": 1.0, "form": part.form_credit}.get(status, 0.0)
        if status == "wrong" and verdict is not None and verdict.diagnosis is not None:
            earned = part.credit.get(verdict.diagnosis.code, 0.0)
        share = earned * (1 - part.steps)
        if part.steps and status != "carried":
            share += part.steps * _argued(steps)
        score = round(part.points * share, 6)
        return PartMark(part, status, score, answer, verdict, tuple(steps), missing, note)


def _argued(steps: Sequence[Step]) -> float:
    """The share of the steps that are right; 0 where there is no argument, only an answer."""
    judged = [s for s in steps if s.status != "undecided"]
    if len(steps) < ARGUED or not judged:
        return 0.0
    return sum(s.is_right for s in judged) / len(judged)


def _leading(chain: Chain) -> list[Written]:
    """The sides that are said to equal the left one."""
    out = []
    for side in chain.sides[1:]:
        if side.op != "=":
            break
        out.append(side)
    return out


__all__ = ["Mark", "PartMark", "PartStatus", "mark"]
